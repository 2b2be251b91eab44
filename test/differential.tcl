# differential.tcl: random queries whose answers must be the same over remote tables with push-down,
# over remote tables without it, and over local copies of the same rows. differential.test is its user;
# the values, tables and queries are made in differential_data, _schema and _query.tcl.
#
#   differential::round DRIVER SEED COUNT STANDIN   tables of that seed, and COUNT queries on them; gives
#                             a dictionary: queries, tables, rows, failures (a list of reports)
#   differential::check_query QUERY   one query in all forms: nothing, or a report {title text …}
#                             (differential_reduce.tcl)
#
# STANDIN: remote = the tables of the connector; view = connector_view over them, table = other local
# tables (both for testing the generator itself; a script in `plant` may spoil the latter).
#
# A query is a dictionary: tree, and maybe before, after (lists of trees: statements around it) and
# runs (how often the same prepared statement runs, each time with other bound values). A tree is a
# list, the first element of which says what it is:
#
#   t TEXT                    SQL
#   s TREE …                  one after the other
#   o PREFIX SEPARATOR LEAST TREE …   a list; the reducer may take away all but LEAST; nothing if empty
#   x {TREE …} TREE           the reducer may put one of the first instead of the last
#   v BOUND TYPE VALUE {PAIR …}  a value, as a literal or bound; the pairs are for runs 2, 3 …
#   T NAME                    a table: remote or its copy
#   c {ID …} {MARK …} TREE    output columns; a mark says how they compare: exact, {tie COLLATION} (which of
#                             several equal values comes is not defined: 1 and 1.0, or a and A under NOCASE),
#                             or bag (the order of a group_concat)
#   * {ALIAS {ID …} …}        all columns of the tables in FROM
#   a ALIAS {ID …}            the name of a table in FROM, and columns that it has beside its own
#   k ID COLLATION TREE       a key of ORDER BY that is the output column ID
#   g TREE                    a key of GROUP BY
#   l TREE                    LIMIT, OFFSET
#   b TREE                    a branch of a compound; only the first one's columns count
#
# How results compare: an error is equal to any error. Without LIMIT the rows are the same as multisets; with
# it there are as many, all of which the copy gives without it. Keys of ORDER BY come in the same order.

set differential_here [file dirname [file normalize [info script]]]
foreach part {data schema query more reduce} { source -encoding utf-8 $differential_here/differential_$part.tcl }

namespace eval differential {
  variable P            ;# bound values
  variable place        ;# form,table -> its name in that form
  variable forms {pushed plain copy}
  variable pushdown on
  variable standin remote
  variable tables {}    ;# of the round: as learn_table gives them
  variable literal_only 0
  variable plus 0       ;# keys of ORDER BY and GROUP BY are printed as +key
  # Differences that are known and not yet settled: words for what the generator shall keep from (grep avoid).
  variable avoid {}
}

# ---------------------------------------------------------------- printing

# Gives sql; sets outs ({id mark} of each output column), keys ({id collation}), limited, bound values P.
proc differential::print_tree {tree form run with_limit} {
  variable P
  variable outs {}
  variable keys {}
  variable limited 0
  variable branches 0
  variable number 0
  variable sql ""
  variable print_form $form
  variable print_run $run
  variable print_limit $with_limit
  variable star {}
  variable aliases {}
  unset -nocomplain P
  print $tree
  foreach item $aliases {
    lassign $item alias more
    if {[dict exists $star $alias]} {
      foreach id [concat [dict get $star $alias] $more] { lappend outs [list $id exact] }
    }
  }
  return $sql
}

proc differential::print {tree} {
  variable sql
  switch [lindex $tree 0] {
    t { append sql [lindex $tree 1] }
    s { foreach child [lrange $tree 1 end] { print $child } }
    x { print [lindex $tree 2] }
    o {
      lassign $tree kind prefix separator
      set between $prefix
      foreach child [lrange $tree 4 end] {
        append sql $between
        print $child
        set between $separator
      }
    }
    v { print_value {*}[lrange $tree 1 end] }
    T { append sql $differential::place($differential::print_form,[lindex $tree 1]) }
    c {
      lassign $tree kind ids marks child
      if {$differential::branches <= 1} {
        foreach id $ids mark $marks { lappend differential::outs [list $id $mark] }
      }
      print $child
    }
    * {
      set differential::star [lindex $tree 1]
      append sql *
    }
    a {
      lappend differential::aliases [lrange $tree 1 2]
      append sql [lindex $tree 1]
    }
    k {
      lappend differential::keys [lrange $tree 1 2]
      if {$differential::plus} { append sql + }
      print [lindex $tree 3]
    }
    g {
      if {$differential::plus} { append sql + }
      print [lindex $tree 1]
    }
    l {
      set differential::limited 1
      if {$differential::print_limit} { print [lindex $tree 1] }
    }
    b {
      incr differential::branches
      print [lindex $tree 1]
    }
    default { error "no such tree: [string range $tree 0 200]" }
  }
}

proc differential::print_value {bound type value {others {}}} {
  variable sql
  variable P
  variable number
  if {!$bound} {
    append sql [sqlite_literal [list $type $value]]
    return
  }
  incr number
  if {$differential::print_run > 0} { lassign [lindex $others $differential::print_run-1] type value }
  append sql [expr {$type eq "b" ? "@" : "\$"}]differential::P($number)
  switch $type {
    i { set P($number) [expr {wide($value)}] }
    r { set P($number) [expr {double($value)}] }
    t { if {[is_wide $value]} { set P($number) $value } else { set P($number) [string range x$value 1 end] } }
    b { set P($number) [binary format a* $value] }
    hex { set P($number) [db onecolumn "SELECT CAST(x'$value' AS TEXT)"] }
  }
}

# ---------------------------------------------------------------- running

proc differential::typed {value} {
  switch -glob [tcl::unsupported::representation $value] {
    "value is a pure string*" - "value is a string*" {
      if {$value eq "\x02NULL\x02"} { return {n {}} }
      return [list t $value]
    }
    "value is a int *" - "value is a wideInt*" - "value is a bignum*" { return [list i $value] }
    "value is a double*" { return [list r $value] }
    "value is a bytearray*" { return [list b $value] }
  }
  error "no type: [tcl::unsupported::representation $value]"
}

proc differential::set_pushdown {form} {
  variable pushdown
  variable standin
  set wanted [expr {$form eq "plain" ? "off" : "on"}]
  if {$wanted eq $pushdown || $standin ne "remote"} return
  db onecolumn {SELECT connector_config('pushdown', $wanted)}
  set pushdown $wanted
}

# The statement's text differs by form, so that each has a prepared statement of its own.
proc differential::run_sql {form sql width} {
  set cells [lmap value [db eval "/*$form*/ $sql"] {typed $value}]
  if {$width <= 1} { return [lmap cell $cells {list $cell}] }
  set rows {}
  for {set i 0} {$i < [llength $cells]} {incr i $width} {
    lappend rows [lrange $cells $i [expr {$i + $width - 1}]]
  }
  return $rows
}

# One result for each run: {rows LIST} or {error MESSAGE}.
proc differential::run_form {query form {with_limit 1}} {
  variable outs
  if {$form ne "copy"} { set_pushdown $form }
  set runs [expr {[dict exists $query runs] ? [dict get $query runs] : 1}]
  set results {}
  try {
    foreach statement [optional $query before] { db eval [print_tree $statement $form 0 1] }
    for {set run 0} {$run < $runs} {incr run} {
      set sql [print_tree [dict get $query tree] $form $run $with_limit]
      if {[catch {run_sql $form $sql [llength $outs]} result]} {
        lappend results [list error $result]
      } else {
        lappend results [list rows $result]
      }
    }
  } on error message {
    lappend results [list error $message]
  } finally {
    foreach statement [optional $query after] { catch {db eval [print_tree $statement $form 0 1]} }
  }
  return $results
}

proc differential::optional {query key} {
  if {[dict exists $query $key]} { return [dict get $query $key] }
}

# ---------------------------------------------------------------- comparing

proc differential::canonical {mark cell} {
  lassign $cell type value
  switch [lindex $mark 0] {
    exact { return $type:$value }
    bag { return $type:[lsort [split $value \x1f]] }
  }
  switch $type {
    r {
      if {$value == floor($value) && abs($value) < 1e19} { return i:[expr {entier($value)}] }
    }
    t {
      switch [lindex $mark 1] {
        NOCASE { return t:[lower $value] }
        RTRIM { return t:[string trimright $value " "] }
        ANY { return t:[lower [string trimright $value " "]] }
      }
    }
  }
  return $type:$value
}

proc differential::canonical_rows {rows marks} {
  if {[lsearch -not -exact $marks exact] < 0} {
    return [lmap row $rows {lmap cell $row {string cat [lindex $cell 0] : [lindex $cell 1]}}]
  }
  return [lmap row $rows {lmap cell $row mark $marks {canonical $mark $cell}}]
}

# Does a run give more than nothing, or one row of one number?
proc differential::finds {results} {
  foreach result $results {
    if {[lindex $result 0] eq "rows" && [lindex $result 1] ni {{} {{{i 0}}} {{{n {}}}}}} { return 1 }
  }
  return 0
}

# How a result differs from the copy's: nothing, or one of the words error, rows, order. `all` is a
# script that gives the copy's result without LIMIT. Uses what the last print_tree has left.
proc differential::difference {got wanted all} {
  variable outs
  variable keys
  variable limited
  set whole {}
  if {$limited && $all ne ""} { set whole [uplevel 1 $all] }
  foreach g $got w $wanted a $whole {
    if {[lindex $g 0] ne [lindex $w 0]} { return error }
    if {[lindex $g 0] eq "error"} continue
    set marks [lmap out $outs {lindex $out 1}]
    if {$marks eq ""} { set marks exact }
    set g [lindex $g 1]
    set w [lindex $w 1]
    if {[llength $g] != [llength $w]} { return rows }
    set g_rows [canonical_rows $g $marks]
    set w_rows [canonical_rows $w $marks]
    if {$g_rows eq $w_rows} continue
    if {!$limited} {
      if {[lsort $g_rows] ne [lsort $w_rows]} { return rows }
    } elseif {[lindex $a 0] eq "rows"} {
      unset -nocomplain there
      foreach row [canonical_rows [lindex $a 1] $marks] { incr there($row) }
      foreach row $g_rows { if {![info exists there($row)] || [incr there($row) -1] < 0} { return rows } }
    }
    # ORDER BY: the keys that are still among the columns, up to the first that is not
    set places {}
    set key_marks {}
    foreach key $keys {
      set at [lsearch -exact -index 0 $outs [lindex $key 0]]
      if {$at < 0} break
      lappend places $at
      lappend key_marks [list tie [lindex $key 1]]
    }
    if {$places eq ""} continue
    foreach row $g other $w {
      foreach at $places mark $key_marks {
        if {[canonical $mark [lindex $row $at]] eq [canonical $mark [lindex $other $at]]} continue
        return order
      }
    }
  }
}

# {pushed WORD plain WORD}, each word as above.
proc differential::differences {query} {
  variable forms
  variable last_results
  set wanted [run_form $query copy]
  set last_results [list copy $wanted]
  set result {}
  foreach form {pushed plain} {
    if {$form eq "plain" && $differential::standin ne "remote"} continue
    set got [run_form $query $form]
    lappend last_results $form $got
    # the printer's notes are the same for each form
    set word [difference $got $wanted [list differential::run_form $query copy 0]]
    if {$word in {order rows} && [is_open $query $wanted]} { set word "" }
    lappend result $form $word
  }
  return $result
}

# Does the copy itself not sort or group by the keys? SQLite leaves out ORDER BY a and GROUP BY a where it takes a
# for the same in all rows, as in a = 5.0 for the texts '05' and '5 '. It does not see through +a.
proc differential::is_open {query wanted} {
  variable plus 1
  try { set sorted [run_form $query copy] } finally { set plus 0 }
  return [expr {[difference $sorted $wanted {}] in {order rows}}]
}

proc differential::differs {query} {
  set result [differences $query]
  return [expr {[join [dict values $result] {}] eq "" ? "" : $result}]
}

# ---------------------------------------------------------------- a round

proc differential::round {driver seed count {standin_kind remote} {plant {}}} {
  variable tables {}
  variable place
  variable standin $standin_kind
  unset -nocomplain place
  db nullvalue \x02NULL\x02
  variable avoid
  variable negative_zero [expr {$standin_kind ne "view" && "negative_zero" ni $avoid}]
  seed_random $seed
  set made [make_remote $driver]
  db eval {ATTACH ':memory:' AS near}
  set failures {}
  try {
    set options [choose {80 {} 5 numeric=text 5 numeric=real 5 timestamp=unix 5 fetch_size=7}]
    if {"unix_time" in $avoid} { set options [string map {timestamp=unix {}} $options] }
    db eval {SELECT connector_open('far', $::differential_url, $options)}
    bring $driver $made $plant
    # settings of the connection under which a promise is a promise too
    set strict [chance 10]
    if {$strict} { db eval {PRAGMA case_sensitive_like = ON} }
    if {[chance 25]} { db eval BEGIN }
    # 3.40 finds too little by such an index: WHERE a COLLATE RTRIM = 'x ' as the inner side of a join
    db eval {PRAGMA automatic_index = OFF}
    if {$standin ne "table"} {
      foreach found [check_copies $driver $tables db] {
        dict with found {
          lappend failures [list title "the copy differs from the server" column "$column $type" server $server copy $copy shape copy$type \
            remote [join [lmap ddl [dict get $table ddl] {string range $ddl 0 300}] ";\n"]]
        }
      }
    }
    for {set i 0} {$i < $count} {incr i} {
      seed_random [expr {$seed * 100003 + $i}]
      # most queries that find nothing give way to another
      for {set try 0} {$try < 4} {incr try} {
        set query [random_query]
        if {[chance 20] || [finds [run_form $query copy]]} break
      }
      set report [check_query $query]
      if {$report ne ""} { lappend failures [list number $i {*}$report] }
    }
  } finally {
    catch {db eval COMMIT}
    db eval {PRAGMA case_sensitive_like = OFF}
    set_pushdown copy
    clear_round
  }
  return [dict create queries $count tables [llength $tables] failures $failures]
}

# Makes the virtual tables and the copies of them, fills place and tables.
proc differential::bring {driver made plant} {
  variable tables
  variable place
  variable standin
  set attach [expr {$standin eq "remote" && [chance 50] && [db onecolumn {SELECT count(*) FROM pragma_function_list WHERE name = 'connector_attach'}]}]
  if {$attach} {
    set options [expr {$driver eq "postgresql" ? "schema=s" : ""}]
    db eval {SELECT connector_attach('far', $options)}
  }
  foreach table $made {
    set name [dict get $table name]
    set remote [remote_place $driver $name]
    set place(copy,$name) near.$name
    switch $standin {
      remote {
        if {$attach} {
          set at far.$name
        } else {
          set at temp.$name
          if {[chance 12]} {
            dict set table key ""
            db onecolumn "SELECT connector_view('far', 'SELECT * FROM $remote', '$name')"
          } else {
            db eval "CREATE VIRTUAL TABLE $at USING connector(far, [quote $remote])"
          }
        }
      }
      view - table {
        set at temp.$name
        if {$standin eq "view"} { dict set table key "" }
        db onecolumn "SELECT connector_view('far', 'SELECT * FROM $remote', '$name')"
      }
    }
    set_pushdown plain
    lappend tables [learn_table db $table $at near.$name]
    set_pushdown pushed
    if {$standin eq "table"} {
      # other plans and another order of rows than the copy has
      db eval [string map [list "CREATE TABLE $name" "CREATE TABLE main.r_$name"] [dict get [lindex $tables end] declared]]
      db eval "INSERT INTO main.r_$name SELECT * FROM near.$name ORDER BY rowid DESC"
      foreach column [some [dict get [lindex $tables end] seen] 0] {
        db eval "CREATE INDEX main.r_i[incr indexes] ON r_$name ([dict get $column quoted] [pick {ASC DESC}])"
      }
      set at main.r_$name
    }
    set place(pushed,$name) $at
    set place(plain,$name) $at
  }
  if {$plant ne ""} { uplevel #0 $plant }
  make_local
  make_other
}

# A local table, the same one for each form, with values of the other tables: for joins.
proc differential::make_local {} {
  variable tables
  variable place
  db eval {CREATE TABLE near.loc (k, n INTEGER, s TEXT, r REAL, x TEXT COLLATE NOCASE, id INTEGER PRIMARY KEY)}
  set values {}
  foreach table $tables {
    foreach column [dict get $table seen] { lappend values {*}[dict get $column values] }
  }
  if {$values eq ""} { set values {{i 1}} }
  for {set i 0} {$i < 12} {incr i} {
    set cells {}
    for {set j 0} {$j < 5} {incr j} { lappend cells [list v 1 {*}[pick $values]] [t ,] }
    db eval [print_tree [s [t "INSERT INTO near.loc VALUES ("] {*}$cells [t "NULL)"]] copy 0 1]
  }
  lappend tables [learn_local near loc]
  foreach form {pushed plain copy} { set place($form,loc) near.loc }
}

# What learn_table gives, for a table that is here.
proc differential::learn_local {schema name} {
  set columns {}
  foreach {column type} [db eval {SELECT name, type FROM pragma_table_info($name, $schema)}] {
    set quoted [identifier sqlite $column]
    lappend columns [dict create name $column quoted $quoted type $type affinity [affinity $type] \
      collation [expr {$column eq "x" ? "NOCASE" : "BINARY"}] \
      values [lmap value [db eval "SELECT DISTINCT $quoted FROM $schema.$name ORDER BY typeof($quoted), $quoted COLLATE BINARY"] {typed $value}]]
  }
  return [dict create name $name columns {} key [expr {$name eq "loc" ? "id" : ""}] view 0 ddl {} seen $columns declared "local table" \
    count [db onecolumn "SELECT count(*) FROM $schema.$name"]]
}

# A table of another driver's block, made once (differential_other_url); it joins the round's.
proc differential::make_other {} {
  variable tables
  variable place
  variable standin
  if {$standin ne "remote" || ![info exists ::differential_other]} return
  lassign $::differential_other url remote
  db eval {SELECT connector_open('other', $url)}
  db eval "CREATE VIRTUAL TABLE temp.other USING connector(other, [quote $remote])"
  set_pushdown plain
  lappend tables [learn_table db [dict create name other columns {} key id view 0 ddl {}] temp.other near.other]
  set_pushdown pushed
  set place(copy,other) near.other
  set place(pushed,other) temp.other
  set place(plain,other) temp.other
}

proc differential::clear_round {} {
  db cache flush
  foreach name [db eval {SELECT name FROM temp.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'connector_%' AND name NOT LIKE 'sqlite_%'}] {
    set type [db onecolumn {SELECT type FROM temp.sqlite_schema WHERE name = $name}]
    if {$type ne ""} { catch {db eval "DROP $type temp.\"$name\""} }
  }
  foreach name [db eval {SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name LIKE 'r\_%' ESCAPE '\'}] { db eval "DROP TABLE main.$name" }
  foreach schema [db eval {SELECT name FROM pragma_database_list WHERE name IN ('near', 'far')}] { db eval "DETACH $schema" }
  foreach block {far other} { db onecolumn {SELECT connector_delete($block)} }
}
