# write_differential_run.tcl: the second half of write_differential.tcl: runs a round on both sides, compares,
# and reduces the statements of a round in which something differs.

# ---------------------------------------------------------------- what is there

# Each value as {type text}: texts and blobs in hex, so that nothing of a client's notation matters.
proc writes::local_rows_of {db place table} {
  set cells [lmap column [dict get $table columns] {
    set name [dict get $column name]
    string cat "typeof($name), CASE WHEN typeof($name) IN ('text', 'blob') THEN hex($name) ELSE $name END"
  }]
  set width [llength $cells]
  set rows {}
  set row {}
  foreach {type value} [$db eval "SELECT [join $cells {, }] FROM $place"] {
    lappend row [list $type [expr {$type eq "real" ? double($value) : $type eq "null" ? "" : $value}]]
    if {[llength $row] == $width} {
      lappend rows $row
      set row {}
    }
  }
  return [lsort $rows]
}

# The same for two tables of this connection, in less time.
proc writes::row_texts {place table} {
  set cells [lmap column [dict get $table columns] {string cat "quote([dict get $column name])"}]
  return [lsort [db eval "SELECT [join $cells { || ',' || }] FROM $place"]]
}

# How the server's client shall write a column, and the type of what it writes.
proc writes::client_cell {driver column} {
  set name [dict get $column name]
  set is_pg [expr {$driver eq "postgresql"}]
  switch [dict get $column kind] {
    int - bigint { return [list integer [expr {$is_pg ? "${name}::text" : "CAST($name AS CHAR)"}]] }
    boolean { return [list integer [expr {$is_pg ? "${name}::int::text" : "CAST($name AS CHAR)"}]] }
    double - numeric { return [list real [expr {$is_pg ? "${name}::text" : "CAST($name AS CHAR)"}]] }
    blob { return [list blob [expr {$is_pg ? "upper(encode($name, 'hex'))" : "HEX($name)"}]] }
    default {
      return [list text [expr {$is_pg ? "upper(encode(convert_to(${name}::text, 'UTF8'), 'hex'))"
        : "HEX(CONVERT(CAST($name AS CHAR) USING utf8mb4))"}]]
    }
  }
}

# Rows of all tables of a round by the server's own client: a list for each table.
proc writes::client_rows {driver tables} {
  if {$driver eq "sqlite"} {
    sqlite3 plain [database sqlite] -readonly 1
    try {
      return [lmap table $tables {local_rows_of plain [dict get $table name] $table}]
    } finally { plain close }
  }
  set most [tcl::mathfunc::max {*}[lmap table $tables {llength [dict get $table columns]}]]
  set selects {}
  foreach table $tables {
    set cells [lmap column [dict get $table columns] {string cat "coalesce([lindex [client_cell $driver $column] 1], '-')"}]
    while {[llength $cells] < $most} { lappend cells '' }
    lappend selects "SELECT [llength $selects], [join $cells {, }] FROM [dict get $table name]"
  }
  set found [lmap table $tables {list}]
  foreach row [remote $driver [join $selects "\nUNION ALL "]] {
    set number [lindex $row 0]
    set cells {}
    foreach column [dict get [lindex $tables $number] columns] text [lrange $row 1 [llength [dict get [lindex $tables $number] columns]]] {
      set type [lindex [client_cell $driver $column] 0]
      lappend cells [expr {$text eq "-" ? "null {}" : [list $type [expr {$type eq "real" ? double($text) : $text}]]}]
    }
    lset found $number [linsert [lindex $found $number] end $cells]
  }
  return [lmap rows $found {lsort $rows}]
}

# The first rows that only one of the two has.
proc writes::unlike {table there twin} {
  set shown {}
  foreach {name some others} [list there $there $twin twin $twin $there] {
    set only [lmap row $some {if {$row in $others} continue; set row}]
    lappend shown "$name only: [join [lrange $only 0 2] { | }] ([llength $some] rows)"
  }
  return "$table: [join $shown {; }]"
}

proc writes::compare {round by_client only} {
  set tables [dict get $round tables]
  set driver [dict get $round driver]
  if {$by_client} {
    foreach table $tables there [client_rows $driver $tables] {
      set name [dict get $table name]
      set twin [local_rows_of db main.$name $table]
      if {$there ne $twin} { return "the server's client sees other rows: [unlike $name $there $twin]" }
    }
  }
  foreach table $tables {
    set name [dict get $table name]
    if {$only ni [list "" $name]} continue
    if {[row_texts far.$name $table] eq [row_texts main.$name $table]} continue
    set there [local_rows_of db far.$name $table]
    set twin [local_rows_of db main.$name $table]
    return "the remote table shows other rows: [unlike $name $there $twin]"
  }
  return ""
}

# ---------------------------------------------------------------- both sides

proc writes::prepare {round} {
  variable kinds
  set driver [dict get $round driver]
  set tables [dict get $round tables]
  set drops [lmap name {t1 t2 t3} {string cat "DROP TABLE IF EXISTS $name"}]
  remote $driver "[join [concat $drops [lmap table $tables {table_text $driver $table 0}]] ";\n"]"
  set file :memory:
  if {[dict get $round file]} {
    set file [scratch twins.db]
    foreach end {"" -journal -wal -shm} { file delete $file$end }
  }
  db_open db $file
  set url $writes::url
  set options [dict get $round options]
  db eval {PRAGMA synchronous = OFF; SELECT connector_open('far', $url, $options); SELECT connector_attach('far')}
  foreach table $tables {
    db eval [table_text $driver $table 1]
    if {[dict get $table key] eq "made"} { db eval "CREATE INDEX tag_[dict get $table name] ON [dict get $table name] (tag)" } ;# for adopt
  }
  db eval "CREATE TABLE loc (k INTEGER PRIMARY KEY, [join [lmap kind [dict keys $kinds] {string cat c_$kind}] {, }]);
    INSERT INTO loc VALUES [join [dict get $round local] {, }];
    CREATE TABLE many (k INTEGER PRIMARY KEY);
    WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 1300) INSERT INTO many SELECT k FROM n"
}

proc writes::bind {binds} {
  variable P
  unset -nocomplain P
  foreach {name value} $binds {
    lassign $value type content
    switch $type {
      i { set P($name) [expr {wide($content)}] }
      r { set P($name) [expr {double($content)}] }
      t { set P($name) [string range x$content 1 end] }
      x { set P($name) [binary decode hex $content] }
    }
  }
}

# {failed message code changes rowid}
proc writes::run_on {schema statement} {
  bind [dict get $statement binds]
  set sql [string map [list \x01 $schema.] [dict get $statement sql]]
  if {[dict exists $statement inner]} {
    set inner [string map [list \x01 $schema.] [dict get $statement inner]]
    set failed [catch {db eval $sql writes::K {db eval $inner}} message]
  } else {
    set failed [catch {db eval $sql} message]
  }
  variable tally
  incr tally([expr {$failed ? "failed" : [db changes] ? "changed" : "nothing"}])
  return [list $failed $message [db errorcode] [db changes] [db last_insert_rowid]]
}

# SQLite makes other keys than the server: the twin takes over the server's.
proc writes::adopt {table tags} {
  set list [join $tags ,]
  set there [db eval "SELECT tag, id FROM far.$table WHERE tag IN ($list) ORDER BY tag"]
  foreach {tag id} $there { db eval "UPDATE main.$table SET id = -4000000000 - $tag WHERE tag = $tag" }
  foreach {tag id} $there { db eval "UPDATE main.$table SET id = $id WHERE tag = $tag" }
  return $there
}

# SQLite has no call for it here: is a transaction open?
proc writes::is_inside {} {
  if {[catch {db eval BEGIN}]} { return 1 }
  db eval ROLLBACK
  return 0
}

# The transaction's statement, unless it has no sense where it stands now.
proc writes::run_control {statement} {
  variable stack
  set word [dict get $statement control]
  set name [expr {[dict exists $statement name] ? [dict get $statement name] : ""}]
  set at [lindex [lsearch -all -exact $stack $name] end]
  switch $word {
    begin { if {$stack ne ""} { return skipped } }
    commit - rollback { if {$stack eq ""} { return skipped } }
    release - back { if {$at eq ""} { return skipped } }
  }
  if {[catch {db eval [dict get $statement sql]} message]} { return $message }
  switch $word {
    begin { set stack BEGIN }
    commit - rollback { set stack {} }
    savepoint { lappend stack $name }
    release { set stack [lrange $stack 0 $at-1] }
    back { set stack [lrange $stack 0 $at] }
  }
  return ""
}

proc writes::run_write {round statement} {
  variable stack
  set table [dict get $statement table]
  set far [run_on far $statement]
  if {[dict get $round options] eq "batch=on" && $stack ne "" && ![lindex $far 0]} {
    # rows may wait until the block is read
    if {[catch {db eval "SELECT 1 FROM far.$table LIMIT 1"} message]} { set far [lreplace $far 0 2 1 $message [db errorcode]] }
  }
  lassign $far failed message code
  # a batch that fails inside BEGIN takes the transaction with it, and so does OR ROLLBACK
  if {$failed && $stack ne "" && ![is_inside]} {
    set stack {}
    if {[string match "*OR ROLLBACK*" [dict get $statement sql]] || [dict get $round options] eq "batch=on" ||
      [dict exists $statement large]} { return "" }
    return "the transaction is gone after: $message"
  }
  set twin [run_on main $statement]
  set inside [expr {$stack ne ""}]
  if {[lindex $twin 0] && $inside && ![is_inside]} { set stack {} }
  if {$failed != [lindex $twin 0]} { return "remote: [lindex {done failed} $failed] $message; twin: [lindex {done failed} [lindex $twin 0]] [lindex $twin 1]" }
  if {$failed} {
    if {![dict exists $statement unfit] && [lindex $twin 2] == 19 && $code ni {19 20}} {
      return "the error has the code $code: $message; twin: [lindex $twin 1]"
    }
    # OR FAIL keeps the rows before the wrong one
    if {[dict exists $statement made] && [dict get $round driver] ne "sqlite"} { adopt $table [dict get $statement made] }
    return ""
  }
  if {![dict exists $statement uncounted] && [lindex $far 3] != [lindex $twin 3]} { return "changes() is [lindex $far 3]; twin: [lindex $twin 3]" }
  set rowid [lindex $twin 4]
  if {[dict exists $statement made] && [dict get $round driver] ne "sqlite"} {
    set rowid [lindex [adopt $table [dict get $statement made]] end]
  }
  if {[string match "INSERT*" [dict get $statement sql]] && ![dict exists $statement uncounted] && ![dict exists $statement large] &&
      [has_rowid $round $table] && $rowid ne "" && [lindex $far 4] != $rowid} {
    return "last_insert_rowid() is [lindex $far 4], and not $rowid"
  }
  return ""
}

proc writes::has_rowid {round name} {
  foreach table [dict get $round tables] {
    if {[dict get $table name] eq $name} { return [expr {[dict get $table key] in {integer made}}] }
  }
}

# As it can be typed into the shell.
proc writes::shown {statement} {
  set map [list \x01 far.]
  foreach {name value} [dict get $statement binds] {
    lappend map \$writes::P($name) "/*bound*/ [quoted_value $value]" @writes::P($name) "/*bound*/ [quoted_value $value]"
  }
  set inner [expr {[dict exists $statement inner] ? ";\n  for each row: [dict get $statement inner]" : ""}]
  return [string map $map "[dict get $statement sql]$inner"]
}

proc writes::run {round {statements ""}} {
  variable stack {}
  if {$statements eq ""} { set statements [dict get $round statements] }
  set difference ""
  set ran {}
  set number 0
  prepare $round
  try {
    lappend statements {sql COMMIT control commit binds {} table {}}
    foreach statement $statements {
      incr number
      if {[dict exists $statement control]} {
        set difference [run_control $statement]
        if {$difference eq "skipped"} {
          set difference ""
          continue
        }
      } else {
        set difference [run_write $round $statement]
      }
      lappend ran [shown $statement]
      if {$difference eq ""} { set difference [compare $round [expr {$stack eq ""}] [dict get $statement table]] }
      if {$difference ne ""} break
    }
  } finally {
    catch {db eval ROLLBACK}
    db_close db
  }
  return [expr {$difference eq "" ? "" : [dict create what $difference ran $ran number $number]}]
}

# ---------------------------------------------------------------- reducing

# Takes away ever smaller parts of the list as long as something differs. A difference may turn into another.
proc writes::reduce {round difference} {
  set statements [lrange [dict get $round statements] 0 [dict get $difference number]-1]
  set tries 0
  for {set size [expr {([llength $statements] + 1) / 2}]} {$size >= 1} {set size [expr {$size / 2}]} {
    for {set at [expr {[llength $statements] - 1 - $size}]} {$at > -$size && $tries < 150} {incr at -$size} {
      set fewer [lreplace $statements [expr {max($at, 0)}] [expr {$at + $size - 1}]]
      if {$fewer eq "" || [llength $fewer] == [llength $statements]} continue
      incr tries
      if {[catch {run $round $fewer} found] || $found eq ""} continue
      set statements $fewer
      set difference $found
    }
  }
  return $difference
}
