# tester.tcl: what a test is written with. `tclsh tester.tcl FILE FOLDER` runs one file; run.tcl does
# that (make test T=name).
#
# Index of commands
#
#   Checks           check NAME SCRIPT EXPECTED       result of the script, as a text
#                    check_match NAME SCRIPT PATTERN  the same, by glob pattern
#                    check_error NAME SCRIPT PATTERN  the script fails with such a message
#                    check_true NAME EXPRESSION       an expr
#                    check_within NAME MS SCRIPT      the script ends in that time (more under asan)
#                    skip NAME REASON
#   Our side         db_open ?DB? ?FILE?              a connection with connector.so loaded, NULL
#                                                     prints as NULL; closed by db_close ?DB?, or at
#                                                     the end of the file
#                    with_db DB SCRIPT                for the time of the script
#                    with_block NAME DEFINITION ?OPTIONS? SCRIPT   connector_open … connector_delete
#                                                     on the connection db
#                    quote TEXT                       as an SQL string literal
#                    library                          path of connector.so, for .load
#   Remote side      psql SQL ?SERVER? ?DATABASE?     list of rows, each a list; NULL prints as NULL
#                    mariadb SQL ?SERVER? ?DATABASE?  (the test's own database unless given)
#                    session_open, session …          a second session with a transaction (client.tcl)
#                    remote DRIVER SQL                by the driver's own client; never our code
#                    server NAME                      coordinates of a server (servers.tcl), started
#                                                     when it does not run yet
#                    server_stop NAME ?SIGNAL?, server_restart NAME   only for NAME:label servers
#                    use_certificate NAME WHICH       good, expired, wrong, stranger (alone files)
#                    database DRIVER                  name of the test's database, made on first use;
#                                                     for sqlite the file
#                    sessions DRIVER                  number of our sessions in that database
#   Each driver      each_driver SCRIPT               runs it for sqlite, postgresql and mysql, $driver
#                                                     is set; the names of checks get it in front
#                    drivers                          those that are built
#                    url DRIVER ?QUERY?               URL of the test's database
#                    quirk DRIVER KEY ?ARG …?         what differs between them (quirks.tcl)
#   Children         child ARGV ?OPTION VALUE …?      runs a program to its end; a dictionary of out,
#                                                     err, status. Options: input, env (K V …),
#                                                     host 1 (it loads the extension), limit (s)
#                    shell SCRIPT ?OPTION VALUE …?    the sqlite3 shell: file, and those of child
#                    python SCRIPT ?OPTION VALUE …?
#                    scratch NAME                     a path in the test's own temporary folder
#   Time             elapsed SCRIPT                   milliseconds
#                    wait_until MS EXPRESSION         an event awaited; false when it did not come
#                    patience                         factor on time limits (1; more under asan)
#   Faults           proxy_start HOST PORT            a fault proxy (proxy.tcl); gives its port
#                    proxy PORT COMMAND …             mode, stats, drop …; see proxy.tcl
#                    rogue_start KIND ?OPTION=VALUE …?   a rogue server: pg or my; gives its port
#                    rogue_trace PORT                 list of what it saw so far
#                    fault_stop PORT                  ends a proxy or rogue (all end with the file)
#   Lists            column ROWS ?INDEX?              one column of a list of rows
#
# At the end of each file the harness closes what is open and asserts that no session of ours remains
# in the test's databases. A file may not write outside its folder; HOME and XDG_CONFIG_HOME are in it.

package require Tcl 8.6
package require sqlite3
encoding system utf-8
fconfigure stdout -encoding utf-8 -buffering line
fconfigure stdin -encoding utf-8

lassign $argv test_file test_folder
set here [file dirname [file normalize [info script]]]
set test_name [file rootname [file tail $test_file]]

# The sanitizers' libraries are for this process and for programs that load the extension; psql and
# the like do without.
set preload [expr {[info exists env(LD_PRELOAD)] ? $env(LD_PRELOAD) : ""}]
unset -nocomplain env(LD_PRELOAD)

array set count {passed 0 failed 0 skipped 0}
set prefix ""  ;# in front of the names of checks
set databases {} ;# driver -> database of this file
set connections {}
set faults {}  ;# port -> channel of the proxy or rogue

source $here/quirks.tcl
source -encoding utf-8 $here/client.tcl

# ---------------------------------------------------------------- run.tcl

proc tell {args} { puts \x01$args }

proc call {args} {
  tell call {*}$args
  lassign [encoding convertfrom utf-8 [binary decode base64 [gets stdin]]] verdict result
  if {$verdict ne "ok"} { error $result }
  return $result
}

# ---------------------------------------------------------------- checks

proc begin {name} {
  set full $::prefix$name
  tell at $full
  return $full
}

proc passed {} { incr ::count(passed) }

proc failed {name args} {
  incr ::count(failed)
  puts "FAIL $::test_name.test: $name"
  foreach {label text} $args {
    if {[string length $text] > 4000} { set text "[string range $text 0 4000] …" }
    puts "  [format %-8s $label] [string map [list \n "\n           "] $text]"
  }
}

# Evaluates in the caller's caller; gives {0 result} or {1 message}.
proc outcome {script} {
  set code [catch {uplevel 2 $script} result options]
  if {$code == 1} {
    # The innermost lines of the trace; the message is shown by itself.
    set trace [string range [dict get $options -errorinfo] [string length $result]+1 end]
    set ::last_trace [join [lrange [split $trace \n] 0 4] \n]
  }
  return [list [expr {$code == 1}] $result]
}

proc check {name script expected} {
  set name [begin $name]
  lassign [outcome $script] bad result
  if {$bad} {
    failed $name expected $expected error $result at $::last_trace
  } elseif {$result ne $expected} {
    failed $name expected $expected got $result
  } else passed
}

proc check_match {name script pattern} {
  set name [begin $name]
  lassign [outcome $script] bad result
  if {$bad} {
    failed $name "to match" $pattern error $result at $::last_trace
  } elseif {![string match $pattern $result]} {
    failed $name "to match" $pattern got $result
  } else passed
}

proc check_error {name script pattern} {
  set name [begin $name]
  lassign [outcome $script] bad result
  if {!$bad} {
    failed $name error $pattern "got none" $result
  } elseif {![string match $pattern $result]} {
    failed $name error $pattern got $result
  } else passed
}

proc check_true {name expression} {
  set name [begin $name]
  lassign [outcome [list expr $expression]] bad result
  if {$bad} {
    failed $name true $expression error $result at $::last_trace
  } elseif {!$result} {
    failed $name true $expression with [uplevel 1 [list subst $expression]]
  } else passed
}

proc check_within {name limit script} {
  set name [begin $name]
  set start [clock microseconds]
  lassign [outcome $script] bad result
  set took [expr {([clock microseconds] - $start) / 1000.0}]
  if {$bad} {
    failed $name error $result at $::last_trace
  } elseif {$took > $limit * [patience]} {
    failed $name "at most" "$limit ms" took "$took ms"
  } else passed
}

proc skip {name reason} {
  incr ::count(skipped)
  puts "SKIP $::test_name.test: $::prefix$name: $reason"
}

# ---------------------------------------------------------------- our side

proc library {} { return $::env(BUILD)/connector }

proc db_open {{name db} {file :memory:}} {
  sqlite3 ::$name $file
  lappend ::connections $name
  ::$name nullvalue NULL
  ::$name enable_load_extension 1
  set path [library]
  ::$name eval {SELECT load_extension($path)}
  ::$name enable_load_extension 0
  return $name
}

proc db_close {{name db}} {
  set ::connections [lsearch -all -inline -not -exact $::connections $name]
  ::$name close
}

proc with_db {name script} {
  db_open $name
  try { uplevel 1 $script } finally { db_close $name }
}

proc with_block {name definition args} {
  set script [lindex $args end]
  if {[llength $args] == 2} {
    set options [lindex $args 0]
    db eval {SELECT connector_open($name, $definition, $options)}
  } else {
    db eval {SELECT connector_open($name, $definition)}
  }
  try { uplevel 1 $script } finally { catch {db eval {SELECT connector_delete($name)}} }
}

proc quote {text} { return '[string map {' ''} $text]' }

proc column {rows {index 0}} { lmap row $rows {lindex $row $index} }

# ---------------------------------------------------------------- remote side

proc server {name} { call start $name }
proc server_stop {name {signal KILL}} {
  client_close $name
  call stop $name $signal
}
proc server_restart {name} { call restart $name }
proc use_certificate {name which} {
  set ::certificates_changed($name) 1
  call use_certificate $name $which
}

proc psql {sql {server_name postgresql} {database_name ""}} {
  if {$database_name eq ""} { set database_name [server_database $server_name] }
  set out [string trimright [client_run $server_name $database_name $sql] \n]
  if {$out eq ""} { return {} }
  return [lmap row [split $out \x1e] {split $row \x1f}]
}

proc mariadb {sql {server_name mysql} {database_name ""}} {
  if {$database_name eq ""} { set database_name [server_database $server_name] }
  set out [client_run $server_name $database_name $sql]
  if {$out eq ""} { return {} }
  # mariadb -B writes \n, \t, \0 and \\ for those characters in a value.
  return [lmap row [split [string trimright $out \n] \n] {
    lmap field [split $row \t] {string map {\\n \n \\t \t \\0 \0 \\\\ \\} $field}
  }]
}

proc remote {driver sql} {
  if {$driver eq "postgresql"} { return [psql $sql] }
  if {$driver eq "mysql"} { return [mariadb $sql] }
  set file [database sqlite]
  sqlite3 plain $file
  try {
    plain nullvalue NULL
    plain timeout 5000
    set rows {}
    plain eval $sql row { lappend rows [lmap name $row(*) {set row($name)}] }
    return $rows
  } finally { plain close }
}

# Each test file has a database of its own on each server that it uses.
proc server_database {server_name} {
  set name t_[string map {- _} $::test_name]
  if {[dict exists $::databases $server_name]} { return $name }
  set place [server $server_name]
  dict set ::databases $server_name $place
  if {[dict get $place backend] eq "postgresql"} {
    psql "DROP DATABASE IF EXISTS $name; CREATE DATABASE $name OWNER app" $server_name postgres
    psql "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT ALL ON SCHEMA public TO app;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app" $server_name $name
  } else {
    mariadb "DROP DATABASE IF EXISTS $name; CREATE DATABASE $name CHARACTER SET utf8mb4" $server_name mysql
  }
  return $name
}

proc database {driver} {
  if {$driver eq "sqlite"} { return [scratch remote.db] }
  return [server_database $driver]
}

# Our sessions in the test's database, on a driver's plain server or another one named.
proc sessions {server_name} {
  set name [server_database $server_name]
  if {[dict get $::databases $server_name backend] eq "postgresql"} {
    return [lindex [psql "SELECT count(*) FROM pg_stat_activity WHERE datname = '$name'
      AND application_name LIKE 'sqlite-connector/%'" $server_name postgres] 0 0]
  }
  return [lindex [mariadb "SELECT count(*) FROM information_schema.processlist
    WHERE db = '$name' AND user <> substring_index(current_user(), '@', 1)" $server_name mysql] 0 0]
}

# ---------------------------------------------------------------- each driver

proc drivers {} {
  lmap driver {sqlite postgresql mysql} {
    if {$driver ne "sqlite" && ![file exists $::env(BUILD)/connector_$driver.so]} continue
    set driver
  }
}

proc each_driver {script} {
  foreach driver {sqlite postgresql mysql} {
    set ::prefix "$driver: "
    if {$driver ni [drivers]} {
      if {$::env(CI) ne ""} {
        failed "$driver: the driver is built" file "connector_$driver.so is not there"
      } else {
        skip "all" "connector_$driver.so is not built"
      }
      continue
    }
    uplevel 1 [list set driver $driver]
    set code [catch {uplevel 1 $script} result options]
    # A break-down in one driver must not hide the others.
    if {$code == 1} { failed "$driver: the script ran" error [dict get $options -errorinfo] }
  }
  set ::prefix ""
}

# ---------------------------------------------------------------- children

proc scratch {name} { return $::test_folder/$name }

proc child {command args} {
  set options [dict merge {input "" env {} host 0 limit 60} $args]
  dict with options {}
  set settings {}
  dict for {name value} $env { lappend settings $name=$value }
  if {$host && $::preload ne ""} { lappend settings LD_PRELOAD=$::preload }
  set out [scratch .out]
  set err [scratch .err]
  set code [catch {exec timeout -k 2 [expr {$limit * [patience]}] env {*}$settings {*}$command \
    << $input >$out 2>$err} message details]
  set status 0
  if {$code} {
    set errorcode [dict get $details -errorcode]
    set status [expr {[lindex $errorcode 0] in {CHILDSTATUS CHILDKILLED}
      ? [lindex $errorcode 2] : $message}]
  }
  return [dict create out [contents $out] err [contents $err] status $status]
}

proc contents {path} {
  set channel [open $path]
  fconfigure $channel -encoding utf-8 -translation lf
  try { return [read $channel] } finally { close $channel }
}

proc shell {script args} {
  set options [dict merge {file :memory: host 1} $args]
  set file [dict get $options file]
  dict unset options file
  return [child [list sqlite3 -batch $file] input $script {*}$options]
}

# Python keeps memory at its end on purpose: no leak check there.
proc python {script args} {
  set options [dict merge {env {} host 1} $args]
  dict set options env ASAN_OPTIONS detect_leaks=0
  return [child [list [python_program] -] input $script {*}$options]
}

# A python whose sqlite3 module can load extensions.
proc python_program {} {
  foreach program {/usr/bin/python3 python3 python3.12 python3.11} {
    if {![catch {exec $program -c {import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)}}]} {
      return $program
    }
  }
  error "no python3 here has sqlite3 with enable_load_extension"
}

# ---------------------------------------------------------------- time

proc patience {} { expr {$::env(SANITIZE) eq "" ? 1 : 5} }

proc elapsed {script} {
  set start [clock microseconds]
  uplevel 1 $script
  return [expr {([clock microseconds] - $start) / 1000.0}]
}

proc wait_until {limit expression} {
  set end [expr {[clock milliseconds] + $limit * [patience]}]
  while {![uplevel 1 [list expr $expression]]} {
    if {[clock milliseconds] > $end} { return 0 }
    set ::wait_tick 0
    after 10 {set ::wait_tick 1}
    vwait ::wait_tick
  }
  return 1
}

# ---------------------------------------------------------------- faults

# A proxy or a rogue says its port on its first line, reads commands on its standard input, and ends
# when that is closed.
proc fault_start {command} {
  set channel [open |$command r+]
  fconfigure $channel -buffering line -encoding utf-8 -translation lf
  if {[gets $channel port] < 0} { close $channel }
  dict set ::faults $port $channel
  return $port
}

proc fault_ask {port command} {
  set channel [dict get $::faults $port]
  puts $channel $command
  gets $channel answer
  if {[lindex $answer 0] eq "error"} { error [lindex $answer 1] }
  return $answer
}

proc fault_stop {port} {
  catch {close [dict get $::faults $port]}
  dict unset ::faults $port
}

proc proxy_start {host port} {
  fault_start [list [info nameofexecutable] $::here/proxy.tcl $host $port]
}
proc proxy {port args} { fault_ask $port $args }
proc rogue_start {kind args} {
  fault_start [list [info nameofexecutable] $::here/rogue_$kind.tcl {*}$args]
}
proc rogue_trace {port} { fault_ask $port trace }

# ---------------------------------------------------------------- the file

proc finish {} {
  set ::prefix ""
  foreach name $::connections { catch {db_close $name} }
  foreach port [dict keys $::faults] { fault_stop $port }
  foreach name [array names ::certificates_changed] { catch {use_certificate $name good} }
  dict for {server_name place} $::databases {
    # The server notices the end of a session a moment after we closed it.
    if {[catch {wait_until 2000 {[sessions $server_name] == 0}} gone]} {
      puts "(cannot count the sessions on $server_name: $gone)"
    } elseif {!$gone} {
      failed "no session of ours is left" server $server_name left [sessions $server_name]
    }
  }
  client_close
}

proc main {} {
  if {$::test_folder eq ""} {
    puts "run tests with: make test T=name"
    exit 2
  }
  tell at "(before the first)"
  if {[catch {uplevel #0 [list source -encoding utf-8 $::test_file]} message options]} {
    failed "the file ran to its end" error [dict get $options -errorinfo]
  }
  tell at "(closing)"
  finish
  tell done $::count(passed) $::count(failed) $::count(skipped)
  exit [expr {$::count(failed) > 0}]
}

main
