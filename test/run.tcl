# run.tcl: runs the tests.
#
#   tclsh test/run.tcl ?name …?     (make test T="name …")
#
# Each test/NAME.test runs in a process of its own (tester.tcl NAME.test), so that a crash is one
# failure that names the file. Several files run at the same time; those with the line `# alone`
# among their first six, and those that change a server's certificate, run after the others, one by
# one. Servers are started when the first test asks for them, and live to the end of the run
# (servers.tcl). The last line is `N passed, N failed, N skipped`; the exit status is 1 when something
# failed.
#
# Environment: BUILD (folder of connector.so), SANITIZE (how it was built: the test processes get
# the run-time libraries of gcc), CI (a missing server or driver is a failure, not a skip),
# JOBS (files at the same time), LIMIT (seconds for one file).
#
# A test process talks to us on its standard output by lines that start with \x01, each a list:
#   at NAME              the test that begins now
#   done P F S           the counts, as the last thing
#   call COMMAND ARG …   is answered on its standard input: base64 of {ok RESULT} or {error TEXT}
# All other output belongs to the report.

set here [file dirname [file normalize [info script]]]
source $here/servers.tcl
encoding system utf-8

proc setting {name fallback} {
  expr {[info exists ::env($name)] && $::env($name) ne "" ? $::env($name) : $fallback}
}

set build [file normalize [setting BUILD build]]
set sanitize [setting SANITIZE ""]
set ci [setting CI ""]
set jobs [setting JOBS [expr {min(4, [exec getconf _NPROCESSORS_ONLN])}]]
set limit [setting LIMIT [expr {$sanitize eq "" ? 900 : 1800}]]
set total {passed 0 failed 0 skipped 0}
set repeated {} ;# files that were run a second time

# ---------------------------------------------------------------- which files

proc find_tests {names} {
  global here
  if {$names eq ""} { return [lsort [glob -nocomplain -directory $here *.test]] }
  set files {}
  foreach name $names {
    set file $here/[file rootname [file tail $name]].test
    if {![file exists $file]} {
      set all [lmap f [lsort [glob -directory $here *.test]] {file rootname [file tail $f]}]
      puts "no test '$name'; there are: $all"
      exit 1
    }
    lappend files $file
  }
  return $files
}

proc is_alone {file} {
  set channel [open $file]
  set text [read $channel]
  close $channel
  set head [lmap line [lrange [split $text \n] 0 5] {string trim $line}]
  # A changed certificate concerns all who use that server.
  expr {"# alone" in $head || [regexp -line {^[^#]*\muse_certificate\M} $text]}
}

# ---------------------------------------------------------------- the test processes

# The environment of a test: none of the user's settings for databases, a home of its own.
proc environment {folder} {
  global env build sanitize ci
  set unset {}
  foreach name [array names env] {
    if {[regexp {^(PG|MYSQL|MARIADB|CONNECTOR_|LD_PRELOAD|SQLITE|XDG_|MAKE|MFLAGS)} $name]} {
      lappend unset -u $name
    }
  }
  set settings [list HOME=$folder/home XDG_CONFIG_HOME=$folder/home/.config TMPDIR=$folder \
    LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=America/New_York BUILD=$build SANITIZE=$sanitize CI=$ci]
  if {$sanitize ne ""} {
    # A leak or an error ends the process with its own exit status.
    lappend settings LD_PRELOAD=[sanitizer_libraries] \
      ASAN_OPTIONS=detect_leaks=1:exitcode=99:allocator_may_return_null=1 \
      LSAN_OPTIONS=exitcode=98:print_suppressions=0 \
      UBSAN_OPTIONS=halt_on_error=1:exitcode=97:print_stacktrace=1
  }
  return [concat $unset $settings]
}

proc sanitizer_libraries {} {
  return [lmap name {libasan.so libubsan.so} {exec gcc -print-file-name=$name}]
}

proc start_test {file} {
  global here state directory
  set name [file rootname [file tail $file]]
  set folder $directory/$name
  file mkdir $folder/home/.config
  file attributes $folder -permissions 0755
  set channel [open |[list setsid env {*}[environment $folder] [info nameofexecutable] \
    $here/tester.tcl $file $folder 2>@1] r+]
  fconfigure $channel -blocking 0 -buffering line -encoding utf-8 -translation lf
  servers::watch [pid $channel]
  set state($channel) [dict create name $name text "" at "" done "" start [clock milliseconds] \
    timer [after [expr {$::limit * 1000}] [list too_long $channel]] late 0]
  fileevent $channel readable [list hear $channel]
}

proc too_long {channel} {
  dict set ::state($channel) late 1
  catch {servers::signal KILL -[pid $channel]}
}

proc hear {channel} {
  global state
  while {[gets $channel line] >= 0} {
    set mark [string first \x01 $line]
    if {$mark < 0} {
      dict append state($channel) text $line \n
      continue
    }
    if {$mark > 0} { dict append state($channel) text [string range $line 0 $mark-1] \n }
    set message [string range $line $mark+1 end]
    switch [lindex $message 0] {
      at { dict set state($channel) at [lindex $message 1] }
      done { dict set state($channel) done [lrange $message 1 end] }
      call { answer $channel [lrange $message 1 end] }
    }
  }
  if {[eof $channel]} { end_test $channel }
}

# What a test may ask of the servers.
proc answer {channel command} {
  if {[lindex $command 0] in {start stop restart use_certificate}} {
    set failed [catch {servers::[lindex $command 0] {*}[lrange $command 1 end]} result]
  } else {
    set failed 1
    set result "no such call: $command"
  }
  set reply [list [expr {$failed ? "error" : "ok"}] $result]
  catch {puts $channel [binary encode base64 [encoding convertto utf-8 $reply]]}
}

proc end_test {channel} {
  global state finished total
  set test $state($channel)
  unset state($channel)
  dict with test {}
  after cancel $timer
  # What the test left running in its process group ends with it.
  set group [pid $channel]
  catch {servers::signal KILL -$group}
  fconfigure $channel -blocking 1
  set status ""
  if {[catch {close $channel} message options]} {
    set code [dict get $options -errorcode]
    switch [lindex $code 0] {
      CHILDSTATUS { set status "exit status [lindex $code 2]" }
      CHILDKILLED { set status "signal [lindex $code 2]" }
      default { set status $message }
    }
  }
  servers::unwatch $group
  # LeakSanitizer's own tracer crashes now and then (a fault of its thread scan, gcc 12); nothing has been
  # checked then, so the file is run once more.
  if {[string match "*LeakSanitizer has encountered a fatal error*" $text] && $name ni $::repeated} {
    lappend ::repeated $name
    puts "$name: the leak checker itself broke down, the file is run again"
    file delete -force $::directory/$name
    start_test $::here/$name.test
    return
  }
  if {$late} { set status "no end after $::limit s" }
  lassign $done passed failed skipped
  if {$done eq ""} { lassign {0 0 0} passed failed skipped }
  # A test process with failures exits with 1 and has counted them itself.
  if {$done eq "" || ($status ne "" && !($status eq "exit status 1" && $failed > 0))} {
    incr failed
    if {$status eq ""} { set status "it ended early" }
    append text "FAIL $name.test: $status; the last test begun was: $at\n"
  }
  puts -nonewline $text
  puts [format "%-20s %4d passed %3d failed %3d skipped %6.1f s" $name $passed $failed $skipped \
    [expr {([clock milliseconds] - $start) / 1000.0}]]
  flush stdout
  dict incr total passed $passed
  dict incr total failed $failed
  dict incr total skipped $skipped
  incr finished
}

# Runs the files, at most `count` at the same time.
proc run_files {files count} {
  global state finished
  set finished 0
  set started 0
  while {$finished < [llength $files]} {
    while {$started < [llength $files] && $started - $finished < $count} {
      start_test [lindex $files $started]
      incr started
    }
    vwait finished
  }
}

# ---------------------------------------------------------------- after the last test

# No session of ours may be left on any server that ran.
proc check_sessions {} {
  global total
  dict for {name server} $servers::running {
    if {[catch {left_sessions $server} left]} continue ;# a test has stopped this one
    if {$left eq ""} continue
    puts "FAIL $name: sessions of ours are left: $left"
    dict incr total failed
  }
}

proc left_sessions {server} {
  dict with server {}
  if {$backend eq "postgresql"} {
    return [exec [servers::postgresql_program psql] -X -A -t -h $socket -p $port -U $admin -c \
      "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'sqlite-connector/%'" \
      -d postgres]
  }
  return [exec mariadb --no-defaults -S $socket -u $admin -N -B -e \
    {SELECT user, db, command FROM information_schema.processlist WHERE user NOT IN
      (substring_index(current_user(), '@', 1), 'system user', 'event_scheduler')}]
}

# An error in an event (the reader of our output is gone, say) ends the run; the reaper cleans up.
interp bgerror {} die
proc die {message options} {
  catch {puts stderr [dict get $options -errorinfo]}
  exit 1
}

set files [find_tests $argv]
if {![file exists $build/connector.so]} {
  puts "no $build/connector.so: run make first, or set BUILD"
  exit 1
}
set directory [servers::open]
# Many tests write `.load LIBRARY` for the sqlite3 shell, which takes a word.
if {[string match "* *" $build]} {
  file link -symbolic $directory/build $build
  set build $directory/build
}
set together {}
set alone {}
foreach file $files { if {[is_alone $file]} { lappend alone $file } else { lappend together $file } }
run_files $together $jobs
run_files $alone 1
check_sessions
servers::close
dict with total {}
puts "$passed passed, $failed failed, $skipped skipped"
exit [expr {$failed > 0}]
