# proxy.tcl: a TCP proxy on 127.0.0.1 that makes faults.
#
#   tclsh proxy.tcl HOST PORT      forwards to HOST:PORT
#
# Prints its own port, then reads commands on standard input, one a line, and answers each with one
# line. It ends when its standard input is closed. From a test: proxy_start, proxy (tester.tcl).
#
#   mode pass                 forward
#   next KIND …               the mode of the next connection alone
#   mode cut DIRECTION N      after N bytes in that direction close both sides
#   mode reset DIRECTION N    the same with a TCP reset where it can be had: what the client has sent
#                             and we have not read makes the kernel answer RST; else it is a close
#   mode stall DIRECTION N    after N bytes forward nothing more in that direction, close nothing
#   mode flip DIRECTION N ?MASK?   byte N (from 0) is xor-ed with MASK (1)
#   mode dribble              one byte at a time, in both directions
#   mode delay MS             each piece is held back for so long
#   stats                     accepted A up B down B fired F open O   (bytes forwarded, of all
#                             connections since zero; fired: connections whose fault has come)
#   zero                      sets the counters to 0
#   drop                      closes all connections
#
# DIRECTION is up (client to server) or down. A mode holds for connections accepted from then on; N
# counts the bytes of one connection.

proc report_and_listen {} {
  set listener [socket -server accept -myaddr 127.0.0.1 0]
  puts [lindex [fconfigure $listener -sockname] 2]
  flush stdout
}

proc zero {} {
  array set ::total {accepted 0 up 0 down 0 fired 0}
}

# ---------------------------------------------------------------- commands

proc command {} {
  if {[gets stdin line] < 0} { exit }
  switch [lindex $line 0] {
    mode { set ::mode [lrange $line 1 end]; set ::next ""; puts ok }
    next { set ::next [lrange $line 1 end]; puts ok }
    stats { puts "[array get ::total] open [expr {[array size ::peer] / 2}]" }
    zero { zero; puts ok }
    drop { foreach channel [array names ::peer] { finish $channel }; puts ok }
    default { puts [list error "unknown command: $line"] }
  }
  flush stdout
}

# ---------------------------------------------------------------- connections

# For each channel: peer(ch) the other side, way(ch) up or down (of what is read from it), seen(ch) the
# bytes read from it, fault(ch) the mode of its connection.

proc accept {client address port} {
  global server_host server_port peer way seen fault
  incr ::total(accepted)
  set mode [expr {$::next eq "" ? $::mode : $::next}]
  set ::next ""
  if {[catch {socket $server_host $server_port} server]} {
    close $client
    return
  }
  foreach {channel other direction} [list $client $server up $server $client down] {
    fconfigure $channel -translation binary -blocking 0 -buffering none
    set peer($channel) $other
    set way($channel) $direction
    set seen($channel) 0
    set fault($channel) $mode
  }
  foreach channel [list $client $server] { fileevent $channel readable [list pump $channel] }
  # A fault at byte 0 is there before anything is sent.
  lassign $mode kind direction limit
  # Tcl reads ahead into its buffer, and a reset needs bytes that are unread in the kernel.
  if {$kind eq "reset"} { fconfigure $client -buffersize 1 }
  if {$kind in {cut stall reset} && $limit == 0} {
    set channel [expr {$direction eq "up" ? $client : $server}]
    if {$kind eq "cut"} { fire $channel cut } elseif {$kind eq "stall"} { fire $channel stall }
  }
}

proc finish {channel} {
  global peer way seen fault
  if {![info exists peer($channel)]} return
  foreach end [list $peer($channel) $channel] {
    catch {close $end}
    unset -nocomplain peer($end) way($end) seen($end) fault($end)
  }
}

# The fault comes now, on the channel that is read.
proc fire {channel kind} {
  incr ::total(fired)
  switch $kind {
    cut { finish $channel }
    stall { fileevent $channel readable [list swallow $channel] }
    reset {
      # Stop reading both; close when the client has sent something that we leave unread.
      set client [expr {$::way($channel) eq "up" ? $channel : $::peer($channel)}]
      fileevent $::peer($channel) readable {}
      fileevent $channel readable {}
      fileevent $client readable [list finish $client]
      after 100 [list finish $client]
    }
  }
}

# What comes after a stall is lost; only the end of the connection is passed on.
proc swallow {channel} {
  if {[catch {read $channel 65536}] || [eof $channel]} { finish $channel }
}

proc pump {channel} {
  global peer way seen fault
  lassign $fault($channel) kind direction limit mask
  set concerned [expr {$direction eq $way($channel)}]
  set stops [expr {$concerned && $kind in {cut reset stall}}]
  # Never read beyond the fault: a reset needs the rest to be unread.
  set most [expr {$stops ? min(65536, $limit - $seen($channel)) : 65536}]
  if {$stops && $most <= 0} {
    fire $channel $kind
    return
  }
  if {[catch {read $channel $most} data] || ($data eq "" && [eof $channel])} {
    finish $channel
    return
  }
  if {$data eq ""} return
  set start $seen($channel)
  incr seen($channel) [string length $data]
  if {$concerned && $kind eq "flip" && $limit >= $start && $limit < $seen($channel)} {
    set at [expr {$limit - $start}]
    binary scan [string index $data $at] cu byte
    set data [string replace $data $at $at \
      [binary format c [expr {$byte ^ ($mask eq "" ? 1 : $mask)}]]]
    incr ::total(fired)
  }
  switch $kind {
    delay { after $direction [list forward $channel $peer($channel) $way($channel) $data] }
    dribble {
      set to $peer($channel)
      foreach byte [split $data ""] { forward $channel $to $way($channel) $byte }
    }
    default { forward $channel $peer($channel) $way($channel) $data }
  }
  if {$stops && $kind ne "reset" && [info exists seen($channel)] && $seen($channel) >= $limit} {
    fire $channel $kind
  }
}

proc forward {from to direction data} {
  if {[catch {puts -nonewline $to $data}]} {
    finish $from
    return
  }
  incr ::total($direction) [string length $data]
  # A slow reader must slow down the writer, else endless rows fill our memory.
  if {[chan pending output $to] > 1000000} {
    fileevent $from readable {}
    fileevent $to writable [list resume $from $to]
  }
}

proc resume {from to} {
  fileevent $to writable {}
  if {[info exists ::peer($from)]} { fileevent $from readable [list pump $from] }
}

lassign $argv server_host server_port
set mode pass
set next ""
zero
fconfigure stdin -blocking 1 -buffering line
fileevent stdin readable command
report_and_listen
vwait forever
