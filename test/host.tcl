# host.tcl: the program of host.c from a test: source [file join $here host.tcl]
#
#   host_start ?FILE? ?NAME=VALUE …?   compiles it when needed, starts it, gives a handle
#   host HANDLE COMMAND ?ARG …?        one command of host.c; gives what follows `rows`, or is an
#                                      error with the message
#   host_timed HANDLE COMMAND ?ARG …?  for time, interrupt, hammer: {milliseconds ok|error code text}
#   host_stop HANDLE                   closes its input, waits for its end; gives "" or how it ended

proc host_program {} {
  set program [scratch host]
  if {![file exists $program]} {
    set flags {}
    if {$::env(SANITIZE) ne ""} { lappend flags -fsanitize=$::env(SANITIZE) -fno-omit-frame-pointer }
    exec cc -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra {*}$flags -rdynamic -o $program \
      $::here/host.c $::here/host_points.c -lsqlite3 -pthread 2>@1
  }
  return $program
}

proc host_start {{file :memory:} args} {
  set channel [open |[list env {*}$args [host_program] [library] $file 2>@stderr] r+]
  fconfigure $channel -buffering line -encoding utf-8 -translation lf
  return $channel
}

proc host_ask {handle words} {
  puts $handle [string map {\n " "} [join $words]]
  if {[gets $handle answer] < 0} { error "the program ended: [host_stop $handle]" }
  return $answer
}

proc host {handle args} {
  set answer [host_ask $handle $args]
  if {[string match "error *" $answer]} { error [string range $answer 6 end] }
  return [string range $answer 5 end]
}

proc host_timed {handle args} {
  set answer [host_ask $handle $args]
  if {![regexp {^(-?\d+) (rows|error (\d+)) ?(.*)$} $answer all took kind code text]} {
    error "not understood: $answer"
  }
  if {$kind eq "rows"} { return [list $took ok 0 $text] }
  return [list $took error $code $text]
}

proc host_stop {handle} {
  fconfigure $handle -blocking 1
  if {[catch {close $handle} message options]} { return [dict get $options -errorcode] }
  return ""
}
