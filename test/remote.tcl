# remote.tcl: what remote tables send, from a test: source -encoding utf-8 [file join $here remote.tcl]
#
#   statements SCRIPT     what the script sent: {text rows text rows …}, the text in neutral words
#   raw_statements SCRIPT the same, the text as it was sent
#   neutral TEXT          names without quotes and schema, ? for every value, no casts and
#                         collations: what is the same for all drivers
#   shown SQL             remote SQL in EXPLAIN QUERY PLAN, in neutral words, one for each table
#   per KEY TEXT …        the text for $driver; * is for all others
#   push NAME SQL SENT ?NOTE?   SQL over remote tables (written @t) gives what it gives over local ones; it
#                         sent {text rows …}; and EXPLAIN QUERY PLAN shows that text. NOTE hidden: the plan
#                         shows something else. Rows count in any order unless there is ORDER BY.
#
#   insert_rows remote|local TABLE ROWS     rows are lists of SQL literals; %00ff% is a blob
#   local_copy TABLE ROWS                   main.TABLE, declared like far.TABLE
#
# `@t` is far.t for the remote table and main.t for the local copy.

proc range {first last} {
  set list {}
  for {set i $first} {$i <= $last} {incr i} { lappend list $i }
  return $list
}

proc last_number {} { db onecolumn {SELECT coalesce(max(number), 0) FROM connector_log} }

proc raw_statements {script} {
  set before [last_number]
  uplevel 1 $script
  # a snapshot that several tables share is begun and ended around the statements
  db eval {SELECT operation, rows FROM connector_log WHERE number > $before AND NOT (operation LIKE 'BEGIN ISOLATION%'
    OR operation LIKE 'SET TRANSACTION SNAPSHOT%' OR operation = 'ROLLBACK') ORDER BY number}
}
proc statements {script} {
  set result {}
  foreach {text rows} [uplevel 1 [list raw_statements $script]] { lappend result [neutral $text] $rows }
  return $result
}

proc neutral {text} {
  set text [string map {` \" pg_catalog. ""} $text]
  regsub -all {\$[0-9]+} $text ? text
  regsub -all {"([^"]*)"} $text {\1} text
  regsub -all {(FROM|JOIN|INTO|UPDATE|COPY) \w+\.} $text {\1 } text
  regsub -all {OPERATOR\(([^)]*)\)} $text {\1} text
  regsub -all {timezone\('UTC', (CAST\([^)]*\))\)} $text {\1} text
  regsub -all {CONVERT\((\w+) USING utf8mb4\)} $text {\1} text
  regsub -all {CAST\((\?|\w+) AS [^)]*\)} $text {\1} text
  regsub -all { COLLATE (C|BINARY|utf8mb4_general_ci)\M} $text "" text
  regsub -all {lower\((\w+)\) ~~} $text {\1 LIKE} text
  regsub -all { ESCAPE '\|'} $text "" text
  # MariaDB: LIKE of SQLite reads a text to its first NUL
  regsub -all {\((\S+ LIKE \?) OR LOCATE\(CHAR\(0\), \S+\) > 0\)} $text {\1} text
  regsub -all {= ANY \(\?\)|IN \(\?[?, ]*(\)|\.\.\.|…)?} $text "IN ()" text
  regsub -all { NULLS (FIRST|LAST)} $text "" text
  regsub -all {\((\w+ [<>]?=? \?) OR [^)]*'0001-[^)]*\)} $text {\1} text
  return $text
}

proc shown {sql} {
  lmap {id parent unused detail} [db eval "EXPLAIN QUERY PLAN $sql"] {
    if {![regexp {VIRTUAL TABLE INDEX 0:(.*) /\*u[^*]*\*/$} $detail -> text]} continue
    neutral $text
  }
}

proc per {args} {
  if {[dict exists $args $::driver]} { return [dict get $args $::driver] }
  return [dict get $args *]
}

# An answer that may come in any order.
proc sorted {sql rows} {
  expr {[string match "*ORDER BY*" $sql] ? $rows : [lsort $rows]}
}
proc rows_of {sql} {
  set rows {}
  db eval $sql row { lappend rows [lmap name $row(*) {set row($name)}] }
  return $rows
}

proc push {name sql sent {note ""}} {
  set far [string map {@ far.} $sql]
  set ::sent_now ""
  check "$name: the answer" {
    set ::sent_now [statements {set answer [rows_of $far]}]
    sorted $sql $answer
  } [sorted $sql [rows_of [string map {@ main.} $sql]]]
  check "$name: what is sent" {set ::sent_now} [list {*}$sent]
  if {$note eq "hidden" || [llength $sent] != 2} return
  check "$name: is shown" {shown $far} [list [regsub -all {LIMIT [0-9]+} [lindex $sent 0] "LIMIT ?"]]
}

# Rows as SQL: each is a list of literals, in which %HEX% is a blob.
proc insert_rows {where table rows} {
  set form [quirk [expr {$where eq "local" ? "sqlite" : $::driver}] blob_literal <hex>]
  set form [string map {<hex> \\1} [string map {\\ \\\\ & \\&} $form]]
  for {set i 0} {$i < [llength $rows]} {incr i 5000} {
    set lines [lmap row [lrange $rows $i $i+4999] {string cat ( [join $row ,] )}]
    regsub -all {%([0-9a-f]*)%} [join $lines ,] $form text
    if {$where eq "local"} {
      db eval "INSERT INTO main.$table VALUES $text"
    } else {
      remote $::driver "INSERT INTO $table VALUES $text"
    }
  }
}

# A local table of the same name and declaration as far.NAME.
proc local_copy {table rows} {
  set columns {}
  db eval {SELECT name, type, "notnull", pk FROM pragma_table_info($table, 'far')} {
    lappend columns "\"$name\" $type[expr {$notnull ? " NOT NULL" : ""}][expr {$pk ? " PRIMARY KEY" : ""}]"
  }
  db eval "DROP TABLE IF EXISTS main.$table; CREATE TABLE main.${table}([join $columns ,])"
  insert_rows local $table $rows
}
