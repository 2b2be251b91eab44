# write_differential.tcl: random writes that must leave the same rows in remote tables as in local twins of them.
# write_differential.test is its user. Random numbers come from differential_data.tcl.
#
#   writes::make DRIVER SEED COUNT   tables and COUNT statements of that seed: {driver seed options tables statements}
#   writes::run ROUND ?STATEMENTS?   makes the tables, runs the statements on both sides; nothing, or the first
#                                    difference {what TEXT ran {SQL …}}
#   writes::reduce ROUND             the statements without which the difference would go
#
# Statements are made without a look at the rows, from small pools of values, so that keys meet and WHERE
# finds rows, and any part of the list can be run: that is how a list is reduced. A statement is a dictionary:
# sql (a remote name is written with \x01 in front: far. or main.), binds ({name {type value} …}), table, and
#
#   control   word of a transaction's statement: begin, commit, rollback, savepoint, release, back
#   uncounted changes() says something else on the two sides
#   unfit     a value is in it that the column does not take: any error will do
#   large     more rows than are sent one by one: a failure inside BEGIN may undo the transaction
#   inner     a statement for each row of the SELECT in sql, which gives it the key: $writes::K(name)
#   made      {tag …}: rows whose key the server makes, told by their tag
#
# What is not made, since SQLite and the servers differ by design:
#   - NULL given for a column that is NOT NULL with a default, or left out where it is nullable with one: SQLite
#     does not tell a virtual table which columns were named
#   - no integer key, unless the server makes it: only SQLite makes every one
#   - OR IGNORE with an unfit value: what the server refuses for another reason is an error
#   - OR FAIL and OR ROLLBACK with an unfit value: to the server that is no constraint, and the statement is undone
#   - OR ROLLBACK with the option batch=on: the failure comes after the statement
#   - rows changed while they are read, with the option batch=on: they go together, and fail together
#   - OR REPLACE where another column is UNIQUE: the server's upsert goes by the key
#   - UPDATE OR REPLACE: a conflict is an error there
#   - a UNIQUE column changed in several rows but to one value, or with OR IGNORE: the order of the rows decides
#   - values in another notation than the server's (a time without its six digits, a text for a blob, a number
#     for a date, 't' for a boolean): they are read as another value
#   - x IN (SELECT a FROM the table itself) without a + at a: 3.40 looks rows up in it that it has just deleted
#   - -0.0, NaN and infinities: not every server has them
#   - a value for a generated column: it is skipped there, an error here
#   - exact numbers that are no multiple of 0.25: sums of others are rounded there

source -encoding utf-8 [file join [file dirname [file normalize [info script]]] differential_data.tcl]

namespace eval differential { namespace export random pick chance choose shuffled some }
namespace eval writes {
  namespace import ::differential::random ::differential::pick ::differential::chance ::differential::choose \
    ::differential::shuffled ::differential::some
  variable first_made 1500000000 ;# keys that a server makes begin here
}

# ---------------------------------------------------------------- kinds of columns

namespace eval writes {
  # type by driver; the type of the twin of a server's table, and what it must check as the server does
  variable kinds {
    int     {sqlite int postgresql integer mysql int twin INTEGER
             check {typeof(%) = 'integer' AND % BETWEEN -2147483648 AND 2147483647}}
    bigint  {sqlite bigint postgresql bigint mysql bigint twin INTEGER check {typeof(%) = 'integer'}}
    text    {sqlite text postgresql text mysql varchar(100) twin TEXT check {typeof(%) = 'text'}}
    varchar {sqlite varchar(20) postgresql varchar(20) mysql varchar(20) twin TEXT check {length(%) <= 20}}
    double  {sqlite double postgresql {double precision} mysql double twin REAL check {typeof(%) = 'real'}}
    numeric {sqlite numeric(12,2) postgresql numeric(12,2) mysql numeric(12,2) twin REAL
             check {typeof(%) = 'real' AND abs(%) < 1e10}}
    date    {sqlite date postgresql date mysql date twin TEXT check {date(%, '+0 days') IS %}}
    time    {sqlite timestamp postgresql timestamp mysql datetime(6) twin TEXT check {julianday(%) IS NOT NULL}}
    blob    {sqlite blob postgresql bytea mysql blob twin BLOB check {typeof(%) = 'blob'}}
    boolean {sqlite boolean postgresql boolean mysql boolean twin INTEGER check {% IN (0, 1)}}
  }
  variable pools [dict create \
    int {{i 0} {i 1} {i 2} {i 3} {i 4} {i 5} {i 6} {i -5} {i 100} {i 2147483647} {i -2147483648} {r 3.0} {t 7}} \
    bigint {{i 0} {i 1} {i 2} {i 3} {i 4} {i -7} {i 9007199254740993} {i 9223372036854775807} {i -9223372036854775808} {t 12}} \
    text [list {t {}} {t a} {t A} {t b} {t "a "} {t 5} {t 05} {t it's} {i 5} [list t \u00e9] [list t "\u65e5\u672c \u00df"] \
      [list t "two\nlines\t\\"] [list t [string repeat x 30]] {t NULL}] \
    varchar [list {t {}} {t a} {t A} {t b} {t B} {t c} {t 1e3} {i 12} [list t \u00c9] [list t [string repeat y 20]] {t a'b\"c}] \
    double {{r 0.0} {r 1.0} {r -1.5} {r 0.1} {r 1e100} {r 1e-7} {r 123456789.123} {i 2} {t 2.5} {r 0.30000000000000004}} \
    numeric {{r 0.0} {r 1.25} {r -1.5} {i 3} {r 1000000.75} {t 2.5} {r 99999.0}} \
    date {{t 2024-01-31} {t 2024-02-29} {t 1999-12-31} {t 2024-03-01} {t 0999-01-01}} \
    time {{t {2024-01-31 12:34:56.000001}} {t {1999-12-31 23:59:59.999999}} {t {2024-02-29 00:00:00.123456}}} \
    blob [list {x {}} {x 00} {x 00ff} {x 41} {x 27} [list x [string repeat 0d0a5c 9]]] \
    boolean {{i 0} {i 1}}]
  variable unfit [dict create \
    int {{t abc} {r 2.5} {i 3000000000} {x 41}} bigint {{t abc} {r 2.5} {r 1e19}} text {} \
    varchar [list [list t [string repeat z 21]]] double {{t abc}} numeric {{t abc} {r 1e10}} date {{t abc} {t 2024-02-30}} \
    time {{t abc}} blob {} boolean {{t abc} {i 5000} {r 0.5}}]
}

proc writes::quoted_value {value} {
  lassign $value type content
  switch $type {
    n { return NULL }
    t { return [quote $content] }
    x { return x'$content' }
  }
  return $content
}

# A value for the statement that is being made: a literal, or bound.
proc writes::put {value} {
  variable binds
  if {[lindex $value 0] eq "n" || [chance 50]} { return [quoted_value $value] }
  set name p[expr {[llength $binds] / 2}]
  lappend binds $name $value
  return [expr {[lindex $value 0] eq "x" ? "@" : "\$"}]writes::P($name)
}

proc writes::fit_value {column} {
  variable pools
  set kind [dict get $column kind]
  if {[dict get $column key] && $kind in {int bigint}} { return [list i [expr {1 + [random 30]}]] }
  return [pick [dict get $pools $kind]]
}

# What a column may be given, now and then what it must refuse. CAREFUL: nothing that fails but for a UNIQUE.
proc writes::any_value {column careful} {
  variable unfit
  variable is_unfit
  variable only_fit
  variable null_too
  variable driver
  set refused [dict get $unfit [dict get $column kind]]
  if {!$careful && !$only_fit && $refused ne "" && $driver ne "sqlite" && [chance 2]} {
    set is_unfit 1
    return [pick $refused]
  }
  if {[dict get $column made] || [dict get $column default] ne ""} { return [fit_value $column] }
  if {[dict get $column not_null]} {
    if {($careful && !$null_too) || ![chance [expr {$null_too ? 6 : 2}]]} { return [fit_value $column] }
    return [expr {[dict get $column key] && [dict get $column integer_key] ? [fit_value $column] : "n {}"}]
  }
  return [expr {[chance 20] ? "n {}" : [fit_value $column]}]
}

# ---------------------------------------------------------------- tables

proc writes::new_column {name kind args} {
  return [dict merge [dict create name $name kind $kind not_null 0 key 0 integer_key 0 made 0 unique 0 default "" \
    generated "" tag 0] $args]
}

proc writes::random_table {name} {
  variable kinds
  variable pools
  set key [choose {35 integer 20 composite 15 text 30 made}]
  set columns {}
  switch $key {
    integer { lappend columns [new_column id [pick {int bigint}] key 1 not_null 1 integer_key 1] }
    made {
      lappend columns [new_column id bigint key 1 not_null 1 integer_key 1 made 1] [new_column tag bigint not_null 1 tag 1]
    }
    text { lappend columns [new_column k [pick {text varchar}] key 1 not_null 1] }
    composite {
      foreach kind [lrange [shuffled {int varchar bigint date boolean blob time double numeric}] 0 1] at {a b} {
        # MariaDB has no key over a blob without a length
        lappend columns [new_column k$at [string map {blob varchar} $kind] key 1 not_null 1]
      }
    }
  }
  foreach kind [some [shuffled [dict keys $kinds]] 3] {
    set column [new_column c_$kind $kind]
    if {[chance 25]} {
      dict set column not_null 1
      if {[chance 60]} { dict set column default [quoted_value [pick [dict get $pools $kind]]] }
    }
    # a default of MariaDB's blob is an expression; a text there is taken as it is
    if {$kind in {int bigint text varchar date} && [dict get $column default] eq "" && [chance 15]} { dict set column unique 1 }
    lappend columns $column
  }
  set from [lsearch -inline -exact [lmap column $columns {dict get $column name}] c_int]
  if {$from ne "" && [chance 60]} { lappend columns [new_column g bigint generated "c_int % 7"] }
  if {[chance 40]} { set columns [shuffled $columns] }
  return [dict create name $name key $key columns $columns]
}

proc writes::column_text {driver column is_twin} {
  variable kinds
  dict with column {}
  set type [dict get $kinds $kind [expr {$is_twin && $driver ne "sqlite" ? "twin" : $driver}]]
  if {$driver eq "mysql" && !$is_twin && $kind in {text varchar} && ($unique || $key)} {
    append type " COLLATE utf8mb4_nopad_bin" ;# the same texts are the same there
  }
  if {$integer_key && $driver eq "sqlite"} { return "$name INTEGER PRIMARY KEY" }
  set text "$name $type"
  if {$generated ne ""} { return "$text GENERATED ALWAYS AS ($generated) STORED" }
  if {$not_null} { append text " NOT NULL" }
  if {$default ne ""} {
    if {$driver eq "postgresql" && !$is_twin} {
      if {$kind eq "blob"} { set default [string map {x' '\\x} $default] }
      if {$kind eq "boolean"} { set default [expr {$default eq "1"}]::boolean }
    }
    if {$driver eq "mysql" && !$is_twin} { set default [string map {\\ \\\\} $default] }
    append text " DEFAULT [expr {[string match *' $default] ? $default : "($default)"}]"
  }
  if {$unique} { append text " UNIQUE" }
  if {$is_twin} {
    if {$integer_key} { append text " PRIMARY KEY" }
    if {$driver ne "sqlite"} { append text " CHECK ($name IS NULL OR [string map [list % $name] [dict get $kinds $kind check]])" }
  } elseif {$made} {
    append text [dict get [dict create mysql " AUTO_INCREMENT" \
      postgresql " GENERATED BY DEFAULT AS IDENTITY (START WITH $writes::first_made)"] $driver]
  }
  return $text
}

proc writes::table_text {driver table is_twin} {
  set lines [lmap column [dict get $table columns] {column_text $driver $column $is_twin}]
  set keys [lmap column [dict get $table columns] {if {![dict get $column key]} continue; dict get $column name}]
  if {!(($is_twin || $driver eq "sqlite") && [dict get $table key] in {integer made})} { lappend lines "PRIMARY KEY ([join $keys {, }])" }
  set rest [expr {$driver eq "mysql" && !$is_twin && [dict get $table key] eq "made" ? " AUTO_INCREMENT = $writes::first_made" : ""}]
  return "CREATE TABLE [dict get $table name] ([join $lines ",\n  "])$rest"
}

# ---------------------------------------------------------------- statements

proc writes::columns_of {table script} {
  lmap column [dict get $table columns] {
    if {![expr $script]} continue
    set column
  }
}

# The columns that an INSERT names: those without which it cannot go, and some others.
proc writes::named_columns {table keyless} {
  return [lmap column [dict get $table columns] {
    if {[dict get $column generated] ne "" || ($keyless && [dict get $column key])} continue
    if {![dict get $column key] && ![dict get $column tag] && [chance 25] &&
        (![dict get $column not_null] || [dict get $column default] ne "")} continue
    set column
  }]
}

proc writes::next_tag {} { return [incr writes::tag] }

# The key of a row that the server shall make: left out, or NULL.
proc writes::insert {table} {
  variable options
  set or [choose {70 {} 12 "OR IGNORE" 12 "OR REPLACE" 3 "OR FAIL" 3 "OR ROLLBACK"}]
  set any_unique [lsearch -exact [lmap column [dict get $table columns] {dict get $column unique}] 1]
  if {$or eq "OR REPLACE" && $any_unique >= 0} { set or "" }
  set makes [expr {[dict get $table key] eq "made" && [chance 60]}]
  set columns [named_columns $table [expr {$makes && [chance 70]}]]
  if {$or eq "OR ROLLBACK" && $options eq "batch=on"} { set or "" }
  set careful [expr {$or in {"OR IGNORE" "OR REPLACE"}}]
  set ::writes::null_too [expr {$or eq "OR IGNORE"}]
  set ::writes::only_fit [expr {$or in {"OR FAIL" "OR ROLLBACK"}}]
  set text "INSERT $or INTO \x01[dict get $table name] ([join [lmap column $columns {dict get $column name}] {, }])"
  set tags {}
  set chosen [choose {68 values 24 local 8 remote}]
  if {$chosen eq "remote"} {
    append text " " [insert_remote $columns $careful $makes tags]
  } elseif {$chosen eq "local"} {
    append text " " [insert_select $columns $careful $makes tags]
  } else {
    set rows {}
    for {set i [choose {50 1 20 2 20 4 10 9}]} {$i > 0} {incr i -1} {
      set cells [lmap column $columns {
        if {[dict get $column tag]} {
          lappend tags [next_tag]
          put [list i $writes::tag]
        } elseif {$makes && [dict get $column key]} {
          set cell NULL
        } else {
          put [any_value $column $careful]
        }
      }]
      lappend rows ([join $cells ", "])
    }
    append text " VALUES [join $rows {, }]"
  }
  set statement [dict create sql $text]
  if {$makes} { dict set statement made $tags }
  if {$or eq "OR IGNORE"} { dict set statement uncounted 1 }
  return $statement
}

# Values of the local table, with a constant here and there.
proc writes::insert_select {columns careful makes tags_name} {
  upvar 1 $tags_name tags
  set first [expr {1 + [random 10]}]
  set last [expr {$first + [random 6]}]
  set base [expr {$writes::tag + 1}]
  set cells [lmap column $columns {
    if {[dict get $column tag]} {
      for {set k $first} {$k <= $last} {incr k} { lappend tags [expr {$base + $k}] }
      set writes::tag [expr {$base + $last}]
      string cat "$base + l.k"
    } elseif {$makes && [dict get $column key]} {
      string cat NULL
    } elseif {[dict get $column integer_key]} {
      string cat "l.k + [random 25]"
    } elseif {[chance 70] && !([dict get $column not_null] && ($careful || [dict get $column default] ne ""))} {
      string cat l.c_[dict get $column kind]
    } else {
      put [any_value $column $careful]
    }
  }]
  return "SELECT [join $cells {, }] FROM main.loc AS l WHERE l.k BETWEEN $first AND $last ORDER BY l.k"
}

# One row of a remote table, or of the table itself.
proc writes::insert_remote {columns careful makes tags_name} {
  upvar 1 $tags_name tags
  set other [pick $::writes::tables]
  set cells [lmap column $columns {
    set theirs [expr {$careful ? "" : [shared_column $other [dict get $column kind]]}]
    if {[dict get $column tag]} {
      lappend tags [next_tag]
      string cat $writes::tag
    } elseif {$makes && [dict get $column key]} {
      string cat NULL
    } elseif {[dict get $column key] || $theirs eq "" || [dict get $column not_null] || [chance 20]} {
      put [any_value $column $careful]
    } else {
      # of another kind of integer: it may be too much
      set ::writes::is_unfit 1
      string cat x.$theirs
    }
  }]
  set keys [lmap column [dict get $other columns] {if {![dict get $column key]} continue; string cat x.[dict get $column name]}]
  return "SELECT [join $cells {, }] FROM \x01[dict get $other name] AS x ORDER BY [join $keys {, }] LIMIT 1"
}

# More rows than are sent one by one inside BEGIN, sometimes with a key that is there already near the end.
proc writes::insert_many {table} {
  if {[dict get $table key] ni {integer made}} { return [insert $table] }
  set makes [expr {[dict get $table key] eq "made" && [chance 50]}]
  set last [expr {1001 + [random 300]}]
  set twice [expr {[chance 35] ? $last - [random 150] : 0}]
  set tags {}
  set columns [named_columns $table $makes]
  set base [expr {$writes::tag + 1}]
  set cells [lmap column $columns {
    if {[dict get $column tag]} {
      for {set k 1} {$k <= $last} {incr k} { lappend tags [expr {$base + $k}] }
      set writes::tag [expr {$base + $last}]
      string cat "$base + m.k"
    } elseif {[dict get $column key]} {
      string cat "CASE m.k WHEN $twice THEN 5001 ELSE m.k + 5000 END"
    } elseif {[dict get $column unique] && [dict get $column kind] in {int bigint}} {
      string cat "m.k + 5000"
    } elseif {[dict get $column unique] && [dict get $column kind] ne "date"} {
      string cat "'u' || m.k"
    } elseif {[dict get $column unique]} {
      string cat "date('2001-01-01', m.k || ' days')"
    } else {
      put [any_value $column 1]
    }
  }]
  set statement [dict create large 1 sql "INSERT INTO \x01[dict get $table name] ([join [lmap column $columns {dict get $column name}] {, }]) \
    SELECT [join $cells {, }] FROM main.many AS m WHERE m.k <= $last ORDER BY m.k"]
  if {$makes} { dict set statement made $tags }
  return $statement
}

proc writes::delete_many {table} {
  set key [pick [lmap column [dict get $table columns] {if {![dict get $column key]} continue; set column}]]
  set where [expr {[dict get $key integer_key] ? " WHERE [dict get $key name] > 4000" : ""}]
  return [dict create large 1 sql "DELETE FROM \x01[dict get $table name]$where"]
}

proc writes::term {column} {
  set name [dict get $column name]
  set kind [dict get $column kind]
  if {[chance 12]} { return "$name IS [pick {{} {NOT }}]NULL" }
  switch [choose {50 equal 20 range 10 in 10 between 10 like}] {
    equal { return "$name = [put [fit_value $column]]" }
    range { return "$name [pick {< > <= >= <>}] [put [fit_value $column]]" }
    in { return "$name IN ([put [fit_value $column]], [put [fit_value $column]], [put [fit_value $column]])" }
    between { return "$name BETWEEN [put [fit_value $column]] AND [put [fit_value $column]]" }
    like { return [expr {$kind in {text varchar} ? "$name LIKE [quote [pick {a% %b% 5 _}]]" : "$name IS [put [fit_value $column]]"}] }
  }
}

# The name of a column of that kind, or nothing.
proc writes::shared_column {table kind} {
  foreach column [shuffled [dict get $table columns]] {
    if {[dict get $column kind] eq $kind && [dict get $column generated] eq "" && ![dict get $column tag]} { return [dict get $column name] }
  }
}

proc writes::by_key {table} {
  set terms [lmap column [dict get $table columns] {
    if {![dict get $column key]} continue
    string cat "[dict get $column name] = [put [fit_value $column]]"
  }]
  return [join $terms " AND "]
}

proc writes::where {table} {
  set columns [dict get $table columns]
  switch [choose {35 key 35 one 12 and 8 or 5 in 5 in_remote}] {
    key { return " WHERE [by_key $table]" }
    one { return " WHERE [term [pick $columns]]" }
    and { return " WHERE [term [pick $columns]] AND [term [pick $columns]]" }
    or { return " WHERE [term [pick $columns]] OR [term [pick $columns]]" }
    in_remote {
      set column [pick $columns]
      set other [pick $::writes::tables]
      set name [shared_column $other [dict get $column kind]]
      if {$name eq ""} { return " WHERE [by_key $table]" }
      return " WHERE [dict get $column name] IN (SELECT [expr {$other eq $table ? "+" : ""}]x.$name FROM \x01[dict get $other name] AS x)"
    }
    in {
      set column [pick $columns]
      set kind [dict get $column kind]
      return " WHERE [dict get $column name] IN (SELECT l.c_$kind FROM main.loc AS l WHERE l.k > [random 12])"
    }
  }
}

# An expression of the column's old value. NULLs stay NULL.
proc writes::expression {column} {
  set name [dict get $column name]
  if {[chance 8]} {
    set other [pick $::writes::tables]
    set theirs [shared_column $other [dict get $column kind]]
    if {$theirs ne ""} { return "(SELECT [pick {min max}](x.$theirs) FROM \x01[dict get $other name] AS x)" }
  }
  switch [dict get $column kind] {
    int - bigint { return [pick [list "$name + 1" "-$name" "$name * 2" "abs($name % 7)" "coalesce($name, 0) + 3"]] }
    text - varchar { return [pick [list "$name || 'x'" "upper($name)" "substr($name, 2)" "replace($name, 'a', 'bb')" "coalesce($name, '') || '-'"]] }
    double { return [pick [list "$name * 2" "$name + 0.1" "abs($name)" "coalesce($name, 1) / 4"]] }
    numeric { return [pick [list "$name + 0.25" "$name * 2" "coalesce($name, 0) + 10"]] }
    date { return [pick [list "date($name, '+1 day')" "coalesce($name, '2020-02-02')"]] }
    boolean { return "1 - $name" }
    default { return "coalesce($name, [put [fit_value $column]])" }
  }
}

proc writes::update {table} {
  set free [lmap column [dict get $table columns] {
    if {[dict get $column generated] ne "" || [dict get $column key] || [dict get $column tag]} continue
    set column
  }]
  set or [expr {[chance 8] ? "OR IGNORE " : ""}]
  set careful [expr {$or ne ""}]
  set columns [lrange [shuffled $free] 0 [choose {60 0 30 1 10 4}]]
  set sets [lmap column $columns {
    set name [dict get $column name]
    if {!$careful && ![dict get $column unique] && [chance 45]} {
      # a sum may be too much for the column
      set ::writes::is_unfit 1
      string cat "$name = [expression $column]"
    } else {
      string cat "$name = [put [expr {!$careful && [dict get $column not_null] && [chance 3] ? "n {}" : [any_value $column $careful]}]]"
    }
  }]
  set where [expr {$or ne "" ? " WHERE [by_key $table]" : [chance 8] ? "" : [where $table]}]
  set statement [dict create sql "UPDATE $or\x01[dict get $table name] SET [join $sets {, }]$where"]
  if {$careful} { dict set statement uncounted 1 }
  return $statement
}

# Of one row to any key, or of several so far away that no two can meet on the way.
proc writes::update_key {table} {
  variable far_away
  set keys [lmap column [dict get $table columns] {if {![dict get $column key]} continue; set column}]
  set column [pick $keys]
  set name [dict get $column name]
  if {[dict get $column integer_key] && [chance 40] && $far_away < 500000000} {
    set far_away [expr {$far_away * 2}]
    return [dict create sql "UPDATE \x01[dict get $table name] SET $name = $name + $far_away[where $table]"]
  }
  set to [expr {[dict get $column integer_key] && [chance 20] ? "-$name" : [put [any_value $column 0]]}]
  set called [expr {[dict get $column integer_key] && [chance 20] ? "rowid" : $name}]
  if {$called eq "rowid"} { set to [put [fit_value $column]] }
  set others [lmap item [dict get $table columns] {
    if {[dict get $item key] || [dict get $item tag] || [dict get $item generated] ne "" || ![chance 20]} continue
    string cat ", [dict get $item name] = [put [any_value $item 0]]"
  }]
  return [dict create sql "UPDATE \x01[dict get $table name] SET $called = $to[join $others {}] WHERE [by_key $table]"]
}

proc writes::update_from {table} {
  set name [dict get $table name]
  set keys [lmap column [dict get $table columns] {if {![dict get $column key]} continue; dict get $column name}]
  set free [lmap column [dict get $table columns] {
    if {[dict get $column generated] ne "" || [dict get $column key] || [dict get $column tag] || [dict get $column unique] ||
      [dict get $column not_null]} continue
    set column
  }]
  if {$free eq ""} { return [update $table] }
  set sets [lmap column [lrange [shuffled $free] 0 [random 3]] {
    string cat "[dict get $column name] = l.c_[dict get $column kind]"
  }]
  if {[dict get $table key] in {integer made}} {
    set on "l.k = $name.id"
  } else {
    # one row of the local table, so that none is changed twice
    set on "l.k = [expr {1 + [random 15]}] AND [term [pick [dict get $table columns]]]"
  }
  return [dict create sql "UPDATE \x01$name SET [join $sets {, }] FROM main.loc AS l WHERE $on"]
}

proc writes::delete_rows {table} {
  return [dict create sql "DELETE FROM \x01[dict get $table name][expr {[chance 4] ? "" : [where $table]}]"]
}

# Rows changed or deleted one by one while they are read.
proc writes::loop {table} {
  if {$::writes::options eq "batch=on"} { return [update $table] }
  set names [lmap column [dict get $table columns] {if {![dict get $column key]} continue; dict get $column name}]
  set terms [lmap name $names {string cat "$name = \$writes::K($name)"}]
  if {[chance 25]} {
    set inner "DELETE FROM \x01[dict get $table name] WHERE [join $terms { AND }]"
  } else {
    set sets [lmap column [dict get $table columns] {
      if {[dict get $column generated] ne "" || [dict get $column key] || [dict get $column tag] || ![chance 40]} continue
      # a sum may be too much for the column
      set ::writes::is_unfit 1
      string cat "[dict get $column name] = [expr {[chance 60] ? [expression $column] : [put [any_value $column 0]]}]"
    }]
    if {$sets eq ""} { return [update $table] }
    set inner "UPDATE \x01[dict get $table name] SET [join $sets {, }] WHERE [join $terms { AND }]"
  }
  return [dict create sql "SELECT [join $names {, }] FROM \x01[dict get $table name][where $table] ORDER BY [join $names {, }]" \
    inner $inner uncounted 1]
}

proc writes::control {} {
  variable level
  set name s[random 3]
  if {$level == 0} {
    set level 1
    return [choose [list 70 {sql BEGIN control begin} 10 {sql "BEGIN IMMEDIATE" control begin} 20 [list sql "SAVEPOINT $name" control savepoint name $name]]]
  }
  set chosen [choose [list 35 {sql COMMIT control commit} 12 {sql ROLLBACK control rollback} \
    25 [list sql "SAVEPOINT $name" control savepoint name $name] 14 [list sql "RELEASE $name" control release name $name] \
    14 [list sql "ROLLBACK TO $name" control back name $name]]]
  if {[dict get $chosen control] in {commit rollback}} { set level 0 }
  return $chosen
}

proc writes::random_statement {tables} {
  variable binds {}
  variable is_unfit 0
  variable only_fit 0
  variable null_too 0
  variable level
  if {[chance [expr {$level ? 22 : 18}]]} { return [dict merge {binds {} table {}} [control]] }
  variable many
  variable last_write
  set table [pick $tables]
  if {[chance 7] && $last_write ne ""} { return $last_write }
  set kind [choose {420 insert 240 update 70 update_key 90 update_from 130 delete_rows 30 loop 10 insert_many}]
  # a table does not stay that large for long
  if {$many ne "" && [chance 40]} {
    set kind delete_many
    set table $many
    set many ""
  }
  if {$kind eq "insert_many"} { set many $table }
  set statement [$kind $table]
  if {$is_unfit} { dict set statement unfit 1 }
  set statement [dict merge $statement [dict create binds $binds table [dict get $table name]]]
  # the same once more, by the same prepared statement
  set last_write [expr {[string match "*tag*" [dict get $statement sql]] ? "" : $statement}]
  return $statement
}

proc writes::make {driver_name seed count} {
  variable tag 0
  variable far_away 1000
  variable level 0
  variable driver $driver_name
  ::differential::seed_random $seed
  variable options [choose {70 {} 15 batch=off 15 batch=on}]
  variable many ""
  variable last_write ""
  variable tables {}
  for {set i [expr {1 + [random 3]}]} {$i > 0} {incr i -1} { lappend tables [random_table t$i] }
  set file [choose {50 0 50 1}]
  set statements {}
  for {set i 0} {$i < $count} {incr i} { lappend statements [random_statement $tables] }
  return [dict create driver $driver seed $seed options $options file $file tables $tables local [local_rows] statements $statements]
}

# Rows of the local table, which are values for INSERT … SELECT and UPDATE … FROM.
proc writes::local_rows {} {
  variable kinds
  variable pools
  set rows {}
  for {set k 1} {$k <= 15} {incr k} {
    set cells [lmap kind [dict keys $kinds] {expr {[chance 12] ? "NULL" : [quoted_value [pick [dict get $pools $kind]]]}}]
    lappend rows "($k, [join $cells {, }])"
  }
  return $rows
}
