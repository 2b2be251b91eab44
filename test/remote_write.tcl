# remote_write.tcl: tables and words of the tests of remote writes: source -encoding utf-8 [file join $here remote_write.tcl]
#
#   each_driver_with_tables SCRIPT   each_driver, with the tables below on the server, the block shop and its schema far
#   writes SCRIPT    what was sent to change rows: {text rows text rows …}
#   fails SQL        {} when it goes well, else SQLite's code and message
#   held SQL         what the server has, by its own client, its rows joined by |
#   fresh            two rows in t, no transaction
#   changed, made, inside   changes(), last_insert_rowid(), whether a transaction is open

source -encoding utf-8 [file join $here remote.tcl]

# What was sent to change rows, in neutral words: {text rows text rows …}.
proc writes {script} {
  set result {}
  foreach {text rows} [uplevel 1 [list statements $script]] {
    if {[regexp {^(INSERT|COPY|UPDATE|DELETE)} $text]} { lappend result $text $rows }
  }
  return $result
}
# {} when it goes well, else SQLite's code and message.
proc fails {sql} {
  if {![catch {uplevel 1 [list db eval $sql]} message]} { return {} }
  list [db errorcode] $message
}
proc changed {} { db onecolumn {SELECT changes()} }
proc made {} { db onecolumn {SELECT last_insert_rowid()} }
proc held {sql} { join [remote $::driver $sql] | }
proc inside {} {
  if {[catch {db eval BEGIN}]} { return 1 }
  db eval ROLLBACK
  return 0
}
# attaches the block again: what was learned is what the server has now
proc far {args} {
  db eval {SELECT connector_refresh('shop'), connector_attach('shop', 'as=far')}
}
proc upsert {keys news} {
  per sqlite "" postgresql " ON CONFLICT ($keys) DO UPDATE SET [join [lmap n $news {string cat $n " = EXCLUDED." $n}] {, }]" \
    mysql " ON DUPLICATE KEY UPDATE [join [lmap n [concat $keys $news] {string cat $n " = VALUES(" $n ")"}] {, }]"
}
proc ignored {first} {
  per sqlite "" postgresql " ON CONFLICT DO NOTHING" mysql " ON DUPLICATE KEY UPDATE $first = $first"
}
proc either {word} { expr {$::driver eq "sqlite" ? "INSERT OR $word" : "INSERT"} }
set series {WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %)}
proc many {n sql} { string cat [string map [list % $n] $::series] " " $sql }
set all "SELECT id, a, n, u FROM t ORDER BY id"
proc fresh {} {
  catch {db eval ROLLBACK}
  remote $::driver "DELETE FROM t; INSERT INTO t(id, a, n, u) VALUES (1, 'one', 'n1', 10), (2, 'two', 'n2', 20)"
}

proc tables_make {} {
  global driver int text key
  db_open db [scratch $driver.db]
  db eval {DROP TABLE IF EXISTS local; CREATE TABLE local(a, b)}
  set int [quirk $driver integer]
  set text [quirk $driver text]
  set key [per sqlite {INTEGER PRIMARY KEY} * "$int NOT NULL PRIMARY KEY"]
  remote $driver "CREATE TABLE t(id $key, a $text DEFAULT 'none' NOT NULL, n $text DEFAULT 'maybe', u $int UNIQUE, c $int CHECK (c > 0))"
  remote $driver "CREATE TABLE auto([quirk $driver autokey], a $text)"
  remote $driver "CREATE TABLE kt(code [per mysql {varchar(40) COLLATE utf8mb4_bin} * $text] NOT NULL PRIMARY KEY, v $int)"
  remote $driver "CREATE TABLE kc(a $int NOT NULL, b $text NOT NULL, v $int, w $int, PRIMARY KEY (b, a))"
  remote $driver "CREATE TABLE kn(a $int, b $text)"
  remote $driver "CREATE VIEW vw AS SELECT a, b, count(*) AS n FROM kn GROUP BY a, b"
  remote $driver "CREATE TABLE g(id $key, a $int, twice $int GENERATED ALWAYS AS (a * 2) STORED, b $text)"
  remote $driver "CREATE TABLE def([quirk $driver autokey], a $int DEFAULT 7 NOT NULL, b $text DEFAULT 'x' NOT NULL)"
  remote $driver "CREATE TABLE parent(id $key)"
  remote $driver "INSERT INTO parent VALUES (1)"
  remote $driver "CREATE TABLE child(id $key, p $int, short [per postgresql varchar(5) mysql varchar(5) * {TEXT CHECK (length(short) <= 5)}],
    number $int NOT NULL, CONSTRAINT small CHECK (number < 1000000), FOREIGN KEY (p) REFERENCES parent(id))"
}
proc tables_drop {} {
  global driver
  db_close db
  foreach table {t auto kt kc} { remote $driver "DROP TABLE $table" }
  remote $driver "DROP VIEW vw"
  foreach table {kn g def child parent} { remote $driver "DROP TABLE $table" }
}
proc each_driver_with_tables {script} {
  uplevel 1 [list each_driver "tables_make\nwith_block shop \[url \$driver\] {\nfar\n$script\n}\ntables_drop"]
}
