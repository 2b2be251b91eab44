# tap.tcl: a TCP listener that forwards to a server (or to nobody) and remembers what went through, for
# tests of what crosses a wire: no password, no plain session, or nothing at all.
#
#   tclsh tap.tcl ?HOST PORT?      without HOST and PORT it accepts and says nothing
#
# Prints its own port, then reads commands on standard input, one a line, and answers each with one
# line. It ends when its standard input is closed. From a test:
#   set port [fault_start [list [info nameofexecutable] $here/tap.tcl 127.0.0.1 $real_port]]
#   fault_ask $port count
#
#   count          connections accepted since zero
#   open           connections open now
#   first N        the first N bytes that each client sent, in hex
#   holds TEXT     1 when TEXT (the rest of the line) went through in either direction, on any one
#                  connection, as it is or in UTF-16 or base64; else 0
#   zero           forgets it all

proc zero {} {
  array unset ::heard
  set ::accepted {}
}

proc accept {client address port} {
  lappend ::accepted $client.[incr ::number]
  set ::name($client) $client.$::number
  fconfigure $client -translation binary -blocking 0 -buffering none
  set ::peer($client) ""
  if {$::server_host ne ""} {
    if {[catch {socket $::server_host $::server_port} server]} {
      finish $client
      return
    }
    fconfigure $server -translation binary -blocking 0 -buffering none
    set ::name($server) $::name($client)
    set ::peer($client) $server
    set ::peer($server) $client
    fileevent $server readable [list pump $server down]
  }
  fileevent $client readable [list pump $client up]
}

proc finish {channel} {
  if {![info exists ::peer($channel)]} return
  foreach end [list $::peer($channel) $channel] {
    if {$end eq ""} continue
    catch {close $end}
    unset -nocomplain ::peer($end) ::name($end)
  }
}

proc pump {channel direction} {
  if {[catch {read $channel 65536} data] || ($data eq "" && [eof $channel])} {
    finish $channel
    return
  }
  append ::heard($::name($channel),$direction) $data
  if {$::peer($channel) ne "" && [catch {puts -nonewline $::peer($channel) $data}]} {
    finish $channel
  }
}

proc first {count} {
  lmap name $::accepted {
    set data [expr {[info exists ::heard($name,up)] ? $::heard($name,up) : ""}]
    binary encode hex [string range $data 0 $count-1]
  }
}

# Base64 of the text at each of the three places it can have in the coded stream, without the ends.
proc forms {text} {
  set bytes [encoding convertto utf-8 $text]
  set forms [list $bytes [encoding convertto unicode $text]]
  foreach before {"" x xx} {
    lappend forms [string range [binary encode base64 $before$bytes] 4 end-4]
  }
  return $forms
}

proc holds {text} {
  foreach {key data} [array get ::heard] {
    foreach form [forms $text] {
      if {[string first $form $data] >= 0} { return 1 }
    }
  }
  return 0
}

proc command {} {
  if {[gets stdin line] < 0} { exit }
  set rest [string range $line [string length [lindex [split $line] 0]]+1 end]
  switch [lindex [split $line] 0] {
    count { puts [llength $::accepted] }
    open { puts [llength [lsort -unique [lmap {channel name} [array get ::name] {set name}]]] }
    first { puts [first $rest] }
    holds { puts [holds $rest] }
    zero { zero; puts ok }
    default { puts [list error "unknown command: $line"] }
  }
  flush stdout
}

lassign $argv server_host server_port
set number 0
set accepted {}
set listener [socket -server accept -myaddr 127.0.0.1 0]
puts [lindex [fconfigure $listener -sockname] 2]
flush stdout
fconfigure stdin -buffering line -encoding utf-8
fileevent stdin readable command
vwait forever
