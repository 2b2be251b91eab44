# differential_schema.tcl: random tables, on the remote side and their copies here (differential.tcl).
#
#   make_remote DRIVER        tables and views of a round, with rows, by psql, mariadb or plain SQLite;
#                             a list of tables: dictionaries of name, columns (a list), key (the single
#                             integer key's name or nothing), view, ddl
#   learn_table DB TABLE PLACE COPY   makes the local copy of the remote table PLACE as the table COPY,
#                             by what PRAGMA table_xinfo shows; adds to the table the columns as SQLite
#                             sees them: name, quoted, affinity, collation, values
#   check_copies DRIVER TABLES DB   a list of differences between the copies and what the server's own
#                             client says of the same rows
#
# A type is: WEIGHT {DDL} {KIND of differential_data.tcl} ROLE. Roles: i an integer that may be a key or
# an operand; t a text that may be a key; s anything else that a plain index takes; - no index.

namespace eval differential {
  variable types
  set types(postgresql) {
    6 {smallint {int 16} i}  8 {integer {int 32} i}  10 {bigint {int 64} i}  3 {boolean bool s}
    3 {real {real 32} s}  7 {{double precision} {real 64} s}  4 {numeric(12,2) {decimal 12 2} s}
    3 {numeric(9,0) {decimal 9 0} s}  2 {numeric(15,5) {decimal 15 5} s}  2 {numeric(20,3) {decimal 20 3} s}  5 {numeric numeric s}
    12 {text text t}  4 {varchar(20) {text 20} t}  4 {char(5) {text 5} s}  2 {name name s}  4 {mood mood s}
    3 {uuid uuid t}  5 {date date s}  3 {time time s}  2 {timetz timetz s}  5 {timestamp timestamp s}
    5 {timestamptz timestamptz s}  2 {timestamp(0) timestamp s}  3 {interval interval s}  3 {inet inet s}  4 {bytea blob s}  2 {json json -}
    3 {jsonb json s}  2 {int[] intarray s}  2 {text[] textarray s}  2 {int4range intrange s}  1 {numrange numrange s}  1 {daterange daterange s}
    3 {whole {int 32} i}  3 {words {text 50} t}  6 {{text COLLATE "C"} text t}  5 {{text COLLATE nocase_icu} text t}
    3 {{text COLLATE "und-x-icu"} text t}  4 {citext text t}  1 {bit(3) bit3 s}  1 {varbit varbit s}  1 {money money s}  1 {oid oid s}  1 {macaddr macaddr s}
    1 {xid8 oid -}  2 {pair pair s}  1 {{"char"} byte s}  1 {cidr cidr s}  1 {point point -}  1 {int4multirange multirange s}  1 {tsvector tsvector s}
    1 {xml xml -}  1 {mood[] moodarray s}  2 {{varchar(20) COLLATE nocase_icu} {text 20} t}  2 {{text COLLATE noaccent_icu} text t}
    1 {{text COLLATE phonebook_icu} text t}  1 {{text COLLATE "POSIX"} text t}  2 {labels {text 50} t}  1 {moments timestamptz s}
    1 {timestamptz(3) timestamptz s}  1 {numeric(5,-2) {decimal 5 0} s}  1 {numeric(38,10) {decimal 12 2} s}  2 {cents {decimal 10 2} s}
  }
  set types(mysql) {
    3 {tinyint {int 8} i}  2 {smallint {int 16} i}  2 {mediumint {int 24} i}  8 {int {int 32} i}  9 {bigint {int 64} i}
    2 {{tinyint unsigned} {int 8 unsigned} i}  3 {{int unsigned} {int 32 unsigned} i}  5 {{bigint unsigned} {int 64 unsigned} i}
    2 {boolean bool s}  4 {decimal(12,2) {decimal 12 2} s}  3 {decimal(9,0) {decimal 9 0} s}  3 {decimal(20,3) {decimal 20 3} s}
    3 {float {real 32} s}  7 {double {real 64} s}
    6 {{varchar(100) COLLATE utf8mb4_general_ci} {text 100} t}  5 {{varchar(60) COLLATE utf8mb4_unicode_ci} {text 60} t}
    5 {{varchar(100) COLLATE utf8mb4_bin} {text 100} t}  5 {{varchar(100) COLLATE utf8mb4_nopad_bin} {text 100} t}
    3 {{text COLLATE utf8mb4_bin} text s}  3 {{text COLLATE utf8mb4_general_ci} text s}  4 {{varchar(50) CHARACTER SET latin1} {latin1 50} t}
    3 {{char(5) COLLATE utf8mb4_bin} {text 5} s}  2 {{char(5) COLLATE utf8mb4_general_ci} {text 5} s}
    4 {{enum('small','large','Medium','5')} enum s}  2 {{set('a','b','c')} set s}
    5 {date date s}  5 {datetime(6) timestamp s}  2 {datetime timestamp s}  3 {{timestamp NULL} mytimestamp s}  3 {time(6) time s}  2 {year year s}
    3 {binary(3) {blob 3} s}  4 {varbinary(20) {blob 20} s}  3 {blob blob s}  3 {json myjson s}  2 {bit(8) {bits 8} s}  1 {bit(1) {bits 1} s}
    1 {uuid uuid s}  1 {inet6 mysql_inet6 s}  1 {{int(5) zerofill} {int 32 unsigned} i}  1 {decimal(38,10) {decimal 12 2} s}  1 {bit(64) {bits 8} s}
    1 {datetime(3) timestamp s}  1 {time(3) time s}  1 {{double unsigned} {decimal 5 2} s}  1 {point point -}
    2 {{varchar(60) COLLATE utf8mb4_uca1400_ai_ci} {text 60} t}  1 {{varchar(60) COLLATE utf8mb4_swedish_ci} {text 60} t}
    2 {{varchar(30) CHARACTER SET utf16} {text 30} t}  1 {{varchar(30) CHARACTER SET ascii} {latin1 30} t}  1 {{varchar(30) CHARACTER SET gbk} {latin1 30} t}
    1 {{varchar(30) CHARACTER SET latin1 COLLATE latin1_bin} {latin1 30} t}
  }
  set types(sqlite) {
    8 {INTEGER any i}  4 {INT {int 64} i}  3 {BIGINT any i}  9 {TEXT any t}  4 {TEXT text t}  3 {VARCHAR(10) any t}  5 {BLOB any s}  6 {{} any s}
    6 {REAL any s}  4 {DOUBLE {real 64} s}  5 {NUMERIC any s}  3 {DECIMAL(10,2) any s}  2 {BOOLEAN any s}  3 {DATE date s}  2 {DATETIME any s}
    5 {{TEXT COLLATE NOCASE} any t}  4 {{TEXT COLLATE RTRIM} any t}  2 {{COLLATE NOCASE} any s}  2 {{INTEGER COLLATE NOCASE} any i}  1 {ANY any s}
    1 {{FLOATING POINT} any s}
  }
  set types(strict) {3 {INTEGER {int 64} i} 3 {INT {int 64} i} 4 {TEXT text t} 3 {REAL {real 64} s} 3 {BLOB blob s} 5 {ANY any s} 2 {{TEXT COLLATE NOCASE} text t}}
  variable names [list a b c d e f g h {Mixed Case} order select {with"quote} {it's} \u00fcber {a.b} Value x1 {$1} group _key oid rowid]
}

proc differential::identifier {driver name} {
  if {$driver eq "mysql"} { return `[string map {` ``} $name]` }
  return \"[string map {\" \"\"} $name]\"
}

# Once for the whole file.
proc differential::prepare_server {driver} {
  if {$driver ne "postgresql"} return
  psql "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'Happy');
    CREATE DOMAIN whole AS int CHECK (value > -100000000000);
    CREATE DOMAIN words AS text;
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN moments AS timestamptz;
    CREATE DOMAIN cents AS numeric(10,2);
    CREATE COLLATION phonebook_icu (provider = icu, locale = 'de-u-co-phonebk');
    CREATE COLLATION noaccent_icu (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
    CREATE COLLATION nocase_icu (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE DOMAIN labels AS text COLLATE nocase_icu;"
  if {[catch {psql "CREATE EXTENSION citext"}]} {
    variable types
    set types(postgresql) [string map {citext text} $types(postgresql)]
  }
}

# ---------------------------------------------------------------- one table

# The columns: dictionaries of name, ddl, kind, role, null.
proc differential::random_columns {driver count} {
  variable types
  variable names
  set columns {}
  set free [expr {[chance 75] ? [lrange $names 0 7] : [shuffled $names]}]
  for {set i 0} {$i < $count} {incr i} {
    lassign [choose $types($driver)] ddl kind role
    if {"strict_any" in $differential::avoid && $driver eq "strict" && $ddl eq "ANY"} { set ddl TEXT; set kind text }
    if {"mysql_bit" in $differential::avoid && $ddl eq "bit(64)"} { set ddl bit(8) }
    if {"charset" in $differential::avoid && [regexp {CHARACTER SET} $ddl]} { set ddl varchar(50) }
    lappend columns [dict create name [lindex $free $i] ddl $ddl kind $kind role $role null [chance 75]]
  }
  return $columns
}

# The first column with one of the roles, or nothing.
proc differential::with_role {columns roles} {
  foreach column $columns {
    if {[dict get $column role] in $roles} { return [dict get $column name] }
  }
}

proc differential::random_table {driver name rows} {
  set key [choose {40 integer 13 text 14 composite 20 none 13 unique}]
  set strict [expr {$driver eq "sqlite" && [chance 8]}]
  set columns [random_columns [expr {$strict ? "strict" : $driver}] [expr {2 + [random 5]}]]
  if {$key in {integer composite}} {
    set type [dict get {postgresql {integer {int 32}} mysql {bigint {int 64}} sqlite {INTEGER {int 64}}} $driver]
    if {[chance 30]} { set type [dict get {postgresql {bigint {int 64}} mysql {int {int 32}} sqlite {INTEGER {int 64}}} $driver] }
    set columns [linsert $columns 0 [dict create name id ddl [lindex $type 0] kind [lindex $type 1] role i null 0]]
  }
  if {$key eq "text"} {
    set type [dict get {postgresql {text varchar(30) uuid {text COLLATE "C"}} sqlite {TEXT {TEXT COLLATE NOCASE} TEXT}
      mysql {{varchar(50) COLLATE utf8mb4_bin} {varchar(50) COLLATE utf8mb4_general_ci} varchar(50)}} $driver]
    set type [pick $type]
    set columns [linsert $columns 0 [dict create name code ddl $type \
      kind [expr {$type eq "uuid" ? "uuid" : "text 30"}] role t null 0]]
  }
  set constraints {}
  set single ""
  switch $key {
    integer { lappend constraints "PRIMARY KEY (id)"; set single id }
    text { lappend constraints "PRIMARY KEY (code)" }
    composite {
      set second [dict get [lindex $columns 1] name]
      if {[with_role [lrange $columns 1 1] {i t}] eq ""} { set second "" }
      if {$second eq ""} {
        lappend constraints "PRIMARY KEY (id)"
        set single id
      } else {
        set columns [lreplace $columns 1 1 [dict replace [lindex $columns 1] null 0]]
        lappend constraints "PRIMARY KEY (id, [identifier $driver $second])"
      }
    }
  }
  set generated ""
  if {[chance 20]} {
    set integer [with_role $columns i]
    if {$integer ne "" && $driver ne "sqlite"} {
      set generated "made [expr {$driver eq "mysql" ? "bigint" : "integer"}] GENERATED ALWAYS AS ([identifier $driver $integer] % 7) STORED"
    } elseif {$driver eq "sqlite" && !$strict} {
      set from [identifier $driver [dict get [lindex $columns 0] name]]
      set generated "made [pick {TEXT INTEGER {}}] AS ([pick [list "$from || 'x'" "length($from)" "coalesce($from, 5)"]]) [pick {STORED VIRTUAL}]"
    }
  }
  set lines [lmap column $columns {
    set not [expr {[dict get $column null] ? "" : "NOT NULL"}]
    if {[dict get $column kind] eq "mytimestamp"} { set not NULL }
    string trim "[identifier $driver [dict get $column name]] [dict get $column ddl] $not"
  }]
  if {$generated ne ""} { lappend lines $generated }
  set after ""
  if {$strict} { set after " STRICT" }
  if {$driver eq "sqlite" && !$strict && $key in {text composite} && $single eq "" && [chance 50]} { set after " WITHOUT ROWID" }
  if {$driver eq "mysql"} { set after " DEFAULT CHARACTER SET utf8mb4" }
  set place [remote_place $driver $name]
  set parts {}
  if {$driver eq "postgresql" && $key in {integer none} && [chance 25]} {
    set by [expr {$key eq "integer" ? "id" : [with_role $columns {i t}]}]
    if {$by ne ""} {
      set after " PARTITION BY HASH ([identifier $driver $by])"
      foreach i {0 1 2} {
        lappend parts "CREATE TABLE ${place}_p$i PARTITION OF $place FOR VALUES WITH (MODULUS 3, REMAINDER $i)"
      }
    }
  }
  set ddl [list "CREATE TABLE $place ([join [concat_list $lines $constraints] {, }])$after"]
  lappend ddl {*}$parts
  # an index on half of the tables' columns
  set indexes 0
  foreach column $columns {
    if {[dict get $column role] in {i t s} && [chance 30] && $indexes < 3} {
      if {$driver eq "mysql" && [regexp {^(text|blob|json)} [dict get $column ddl]]} continue
      if {[regexp {^(varbit|macaddr|xid)} [dict get $column ddl]]} continue
      incr indexes
      lappend ddl "CREATE INDEX ${name}_i$indexes ON $place ([identifier $driver [dict get $column name]])"
    }
  }
  if {$key eq "unique" && $parts eq ""} {
    foreach column $columns {
      if {[dict get $column role] in {i t} && !($driver eq "mysql" && [regexp {^(text|blob)} [dict get $column ddl]])} {
        lappend ddl "CREATE UNIQUE INDEX ${name}_u ON $place ([identifier $driver [dict get $column name]])"
        break
      }
    }
  }
  lappend ddl {*}[random_rows $driver $name $columns $rows]
  return [dict create name $name columns $columns key $single view 0 ddl $ddl]
}

proc differential::concat_list {a b} { return [list {*}$a {*}$b] }

proc differential::remote_place {driver name} { return [expr {$driver eq "postgresql" ? "s.$name" : $name}] }

proc differential::random_rows {driver name columns count} {
  set names [join [lmap column $columns {identifier $driver [dict get $column name]}] {, }]
  set tuples {}
  set last ""
  set number 0
  while {$number < $count} {
    incr number
    # fully equal rows where nothing forbids them
    if {$last ne "" && [chance 10]} { lappend tuples $last; continue }
    set values [lmap column $columns {
      if {[dict get $column null] && [chance 15]} {
        string cat NULL
      } elseif {[dict get $column name] in {id} && [chance 70]} {
        string cat $number
      } else {
        # the least key is not found by a search for the real number that it equals (differential_data.tcl)
        string map {-9223372036854775808 -9223372036854775807} [remote_literal $driver [dict get $column kind]]
      }
    }]
    set last "([join $values {, }])"
    lappend tuples $last
  }
  if {$tuples eq ""} { return {} }
  set verb [dict get {postgresql {INSERT INTO} mysql {INSERT IGNORE INTO} sqlite {INSERT OR IGNORE INTO}} $driver]
  set end [expr {$driver eq "postgresql" ? " ON CONFLICT DO NOTHING" : ""}]
  # short statements, so that a server that refuses one value loses one row only
  return [list "$verb [remote_place $driver $name] ($names) VALUES\n [join $tuples ",\n "]$end"]
}

proc differential::random_view {driver name tables} {
  set a [pick $tables]
  set b [pick $tables]
  set columns {}
  set number 0
  foreach {alias table} [list a $a b $b] {
    foreach column [lrange [dict get $table columns] 0 2] {
      lappend columns "$alias.[identifier $driver [dict get $column name]] AS v[incr number]"
    }
  }
  set place [remote_place $driver $name]
  set first [remote_place $driver [dict get $a name]]
  set second [remote_place $driver [dict get $b name]]
  set ka [with_role [dict get $a columns] i]
  set kb [with_role [dict get $b columns] i]
  if {$ka eq "" || $kb eq "" || [chance 30]} {
    set select "SELECT [join [lrange $columns 0 [llength [lrange [dict get $a columns] 0 2]]-1] {, }] FROM $first a"
  } else {
    set select "SELECT [join $columns {, }] FROM $first a [pick {JOIN {LEFT JOIN}}] $second b
      ON a.[identifier $driver $ka] = b.[identifier $driver $kb]"
  }
  set kind VIEW
  if {$driver eq "postgresql" && [chance 25]} { set kind {MATERIALIZED VIEW} }
  return [dict create name $name columns {} key "" view 1 ddl [list "CREATE $kind $place AS $select"]]
}

# ---------------------------------------------------------------- a round's tables

proc differential::make_remote {driver} {
  set tables {}
  foreach name {t0 t1 t2 t3} {
    lappend tables [random_table $driver $name [choose {4 0 4 1 30 8 40 25 12 60}]]
  }
  if {[chance 40]} { lappend tables [random_table $driver big [pick {300 500 900}]] }
  lappend tables [random_view $driver v0 $tables]
  run_remote $driver [concat {*}[lmap table $tables {dict get $table ddl}]]
  return $tables
}

proc differential::run_remote {driver statements} {
  switch $driver {
    postgresql {
      # settings of the role that must not reach us
      set settings [choose {70 {} 30 set}]
      set alter "ALTER ROLE app IN DATABASE [server_database postgresql]"
      set changes [lmap setting [some {"DateStyle = 'German, DMY'" "IntervalStyle = 'iso_8601'" "bytea_output = 'escape'" "extra_float_digits = -5"
        "standard_conforming_strings = off" "TimeZone = 'America/St_Johns'" "lc_monetary = 'C'" "transform_null_equals = on" "array_nulls = on"
        "search_path = 'nowhere'" "enable_indexscan = off" "default_transaction_isolation = 'serializable'" "cursor_tuple_fraction = 1"} 3] {
        string cat "$alter SET $setting; "
      }]
      psql "$alter RESET ALL; [expr {$settings eq "set" ? [join $changes] : {}}]
        SET client_min_messages = error; DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO app;
        SET search_path = s, public; SET extra_float_digits = 1;\n[join $statements ";\n"];\nANALYZE;"
    }
    mysql {
      set old [column [mariadb "SHOW FULL TABLES"]]
      set views [column [mariadb "SHOW FULL TABLES WHERE Table_type = 'VIEW'"]]
      set drop [lmap table $old {string cat "DROP [expr {$table in $views ? {VIEW} : {TABLE}}] $table;\n"}]
      mariadb "SET sql_mode = '';\n[join $drop {}][join $statements ";\n"];"
    }
    sqlite {
      foreach end {{} -wal -shm -journal} { file delete [database sqlite]$end }
      remote sqlite "PRAGMA encoding = '[expr {"utf16" in $differential::avoid ? "UTF-8" : [choose {80 UTF-8 10 UTF-16le 10 UTF-16be}]}]'; [join $statements ";\n"];"
    }
  }
}

# ---------------------------------------------------------------- the copy

# The rules of https://sqlite.org/datatype3.html
proc differential::affinity {type} {
  foreach {pattern affinity} {*INT* INTEGER *CHAR* TEXT *CLOB* TEXT *TEXT* TEXT *BLOB* BLOB *REAL* REAL *FLOA* REAL *DOUB* REAL} {
    if {[string match -nocase $pattern $type]} { return $affinity }
  }
  return [expr {$type eq "" ? "BLOB" : "NUMERIC"}]
}

# PRAGMA table_xinfo does not show collations; the sorter of an ORDER BY does.
proc differential::collation {db place quoted} {
  foreach {address opcode p1 p2 p3 p4 p5 comment} [$db eval "EXPLAIN SELECT 1 FROM $place ORDER BY +$quoted, +$quoted || ''"] {
    if {$opcode eq "SorterOpen" && [regexp {^k\(\d+,-?([^,)]+)} $p4 all name]} {
      return [expr {$name eq "B" ? "BINARY" : $name}]
    }
  }
  return BINARY
}

proc differential::learn_table {db table place copy} {
  set columns {}
  set lines {}
  lassign [split $place .] schema name
  $db eval {SELECT name, type, "notnull" AS not_null FROM pragma_table_xinfo($name, $schema) WHERE hidden <> 1} row {
    set quoted [identifier sqlite $row(name)]
    set collation [collation $db $place $quoted]
    lappend columns [dict create name $row(name) quoted $quoted type $row(type) affinity [affinity $row(type)] collation $collation]
    set line "$quoted $row(type) COLLATE $collation"
    if {$row(not_null)} { append line " NOT NULL" }
    if {$row(name) eq [dict get $table key]} { set line "$quoted INTEGER PRIMARY KEY" }
    lappend lines $line
  }
  if {$columns eq ""} { error "no columns of $place are known" }
  $db eval "CREATE TABLE $copy ([join $lines {, }])"
  $db eval "INSERT INTO $copy SELECT * FROM $place"
  set columns [lmap column $columns {
    set quoted [dict get $column quoted]
    dict set column values [lmap value [$db eval "SELECT DISTINCT $quoted FROM $copy ORDER BY typeof($quoted), $quoted COLLATE BINARY LIMIT 60"] {typed $value}]
  }]
  dict set table seen $columns
  dict set table declared "CREATE TABLE $name ([join $lines {, }])"
  dict set table count [$db onecolumn "SELECT count(*) FROM $copy"]
  return $table
}

# ---------------------------------------------------------------- the copy against the server's client

# Kinds whose text the server's client gives in a form that is easily told from the value.
proc differential::client_expression {driver column} {
  set quoted [identifier $driver [dict get $column name]]
  lassign [dict get $column kind] what
  # the cast to text loses the padding, or adds it
  if {[regexp {^char\(5\)$|zerofill} [dict get $column ddl]]} return
  switch $driver {
    postgresql {
      switch $what {
        int - text - uuid - mood { return "upper(encode(convert_to(${quoted}::text, 'UTF8'), 'hex'))" }
        bool { return "upper(encode(convert_to(${quoted}::int::text, 'UTF8'), 'hex'))" }
        blob { return "upper(encode($quoted, 'hex'))" }
        real { return "${quoted}::float8::text" }
        decimal { return "${quoted}::text" }
      }
    }
    mysql {
      switch $what {
        int - text - latin1 - enum - set { return "hex(CONVERT(CAST($quoted AS CHAR) USING utf8mb4))" }
        blob { return "hex($quoted)" }
      }
    }
    sqlite { return "CASE WHEN $quoted IS NULL THEN '(null)' ELSE typeof($quoted) || quote($quoted) END" }
  }
}

# For all tables of a round, by one call of the client.
proc differential::check_copies {driver tables db} {
  set selects {}
  set asked {}
  foreach table $tables {
    if {[dict get $table view] || [dict get $table columns] eq ""} continue
    foreach column [dict get $table columns] seen [lrange [dict get $table seen] 0 [llength [dict get $table columns]]-1] {
      set told [client_expression $driver $column]
      if {$told eq ""} continue
      lappend selects "SELECT [llength $asked], coalesce($told, '(null)') FROM [remote_place $driver [dict get $table name]]"
      lappend asked [list $table $column $seen $told]
    }
  }
  if {$selects eq ""} { return {} }
  foreach row [remote $driver [join $selects "\nUNION ALL "]] { lappend theirs([lindex $row 0]) [lindex $row 1] }
  set differences {}
  set number -1
  foreach item $asked {
    lassign $item table column seen told
    incr number
    if {![info exists theirs($number)]} { set theirs($number) {} }
    set quoted [dict get $seen quoted]
    set name [dict get $table name]
    set is_number [expr {$driver eq "postgresql" && [lindex [dict get $column kind] 0] in {real decimal}}]
    set ours [expr {$is_number ? $quoted : $driver eq "sqlite" ? $told : "hex($quoted)"}]
    set ours [$db eval "SELECT CASE WHEN $quoted IS NULL THEN '(null)' ELSE $ours END FROM near.$name"]
    if {$is_number} {
      set theirs($number) [lmap value $theirs($number) {plain_number $value}]
      set ours [lmap value $ours {plain_number $value}]
    }
    set ours [lsort $ours]
    set told [lsort $theirs($number)]
    if {$told eq $ours} continue
    foreach a $told b $ours { if {$a ne $b} break }
    lappend differences [dict create column $name.[dict get $column name] type [dict get $column ddl] server $a copy $b table $table]
  }
  return $differences
}

proc differential::plain_number {text} {
  if {![string is double -strict $text] || [string match -nocase *n* $text]} { return [string range [string tolower $text] 0 2] }
  return [expr {double($text)}]
}
