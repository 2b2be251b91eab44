# rogue.tcl: what the rogue servers (rogue_pg.tcl, rogue_my.tcl) share: options, the trace of events,
# commands, and reading a connection in a coroutine.
#
# A rogue prints its port, then reads commands on standard input and answers each with one line:
#   trace        the list of events since the last zero, over all connections
#   zero         forgets them
# It ends when its standard input is closed. Options are KEY=VALUE arguments, checked against the
# table `options` of the server, whose first value is the default.

set events {}

proc event {args} { lappend ::events [join $args " "] }

proc rogue_options {table} {
  foreach {key values} $table { set ::option($key) [lindex $values 0] }
  foreach argument $::argv {
    lassign [split $argument =] key value
    if {![dict exists $table $key]} { puts stderr "no option '$key'"; exit 2 }
    set allowed [dict get $table $key]
    if {$value ni $allowed && "*" ni $allowed} { puts stderr "$key is one of: $allowed"; exit 2 }
    set ::option($key) $value
  }
}

proc rogue_listen {} {
  set listener [socket -server rogue_accept -myaddr 127.0.0.1 0]
  fconfigure stdin -buffering line
  fileevent stdin readable rogue_command
  puts [lindex [fconfigure $listener -sockname] 2]
  flush stdout
  vwait forever
}

proc rogue_command {} {
  if {[gets stdin line] < 0} { exit }
  switch $line {
    trace { puts [string map {\n " "} $::events] }
    zero { set ::events {}; puts ok }
    default { puts [list error "unknown command: $line"] }
  }
  flush stdout
}

proc rogue_accept {channel address port} {
  event accept
  fconfigure $channel -translation binary -blocking 0 -buffering none
  set name session$channel
  set ::input($channel) ""
  coroutine $name rogue_session $channel
  if {[info commands $name] ne ""} { fileevent $channel readable [list rogue_read $channel $name] }
}

# `serve` of the server talks to one client; it returns, or the connection ends, when it is over.
proc rogue_session {channel} {
  if {[catch {serve $channel} message options]} {
    if {$message ne "hung up"} { event error $message }
  }
  event closed
  catch {close $channel}
  unset -nocomplain ::input($channel)
}

proc rogue_read {channel name} {
  if {[catch {read $channel} data]} { set data "" }
  append ::input($channel) $data
  if {$data eq "" && ([catch {eof $channel} end] || $end)} {
    fileevent $channel readable {}
    $name hangup
    return
  }
  if {[info commands $name] ne ""} { $name data }
}

# Exactly so many bytes from the client.
proc need {channel count} {
  while {[string length $::input($channel)] < $count} {
    if {[yield] eq "hangup"} { error "hung up" }
  }
  set data [string range $::input($channel) 0 $count-1]
  set ::input($channel) [string range $::input($channel) $count end]
  return $data
}

# Waits for the client to go away; answers nothing.
proc silence {channel} {
  while {[yield] ne "hangup"} {}
  error "hung up"
}

proc send {channel data} {
  if {[catch {puts -nonewline $channel $data}]} { error "hung up" }
}

# Sends the same again and again until the client has had enough, at the client's speed.
proc send_for_ever {channel data} {
  while {1} {
    send $channel $data
    while {[chan pending output $channel] > 1000000} {
      after 5 [list catch [list [info coroutine] data]]
      if {[yield] eq "hangup"} { error "hung up" }
    }
    if {[eof $channel]} { error "hung up" }
    after 0 [list catch [list [info coroutine] data]]
    if {[yield] eq "hangup"} { error "hung up" }
  }
}

# An error text as no honest server sends it: escape sequences, invalid UTF-8, 16 MB.
proc garbage {} {
  return "rogue \x1b\[31mred\x1b\]0;title\x07 \x9b2J \xff\xfe\xc3 [string repeat {garbage } 2000000]"
}

proc shown {text} { string range [string map {\n " " \0 ""} $text] 0 59 }
