# rogue_my.tcl: a MySQL server that misbehaves, for the tests of what a client must refuse.
#
#   tclsh rogue_my.tcl ?tls=…? ?auth=…? ?answer=…? ?file=PATH?     (rogue.tcl tells the rest)
#
# tls      off     does not offer TLS                 text   offers it, then answers in plain text
#          silent  accepts and says nothing           close  hangs up
#          garbage greets with an error packet of garbage
# auth     ok      lets everybody in                  clear  switches to mysql_clear_password
#          dialog  switches to the dialog plugin      unknown  to a plugin that does not exist
#          error   refuses the login with an error text of garbage
# answer   what a statement with the word `rogue` in it gets; all others are answered honestly:
#          row           one row, one column `a`, text `x`
#          infile        asks for the client's file PATH
#          extra_field   a row that is longer than its columns
#          huge_field    a value said to have 2,147,483,647 bytes, of which one comes
#          huge_packet   a packet of 16 MB announced, of which four bytes come
#          truncated     half a row, then the connection ends
#          cut_rows      three whole rows, then the connection ends
#          many_columns  65,535 columns announced, the connection ends
#          endless       rows for ever
#          garbage_error an error with escape sequences and invalid UTF-8, of 16 MB or what fits
#          silent        nothing
#          sequence      a packet with a wrong sequence number
#
# Events of the trace: accept · login USER DATABASE · tls_request · caps local_files=B ·
# password TEXT · query SQL · prepare SQL · execute · file BYTES · file_refused · ping · quit · closed.

source [file dirname [info script]]/rogue.tcl
rogue_options {
  tls {off text silent close garbage}
  auth {ok clear dialog unknown error}
  answer {row infile extra_field huge_field huge_packet truncated cut_rows many_columns endless
    garbage_error silent sequence}
  file {/etc/hostname *}
}

# The packets of one session count up from the number of the client's last one.
proc packet {number body} {
  set data ""
  while {1} {
    set part [string range $body 0 0xfffffe]
    set body [string range $body 0xffffff end]
    append data [string range [binary format i [string length $part]] 0 2] \
      [binary format c $number] $part
    incr number
    if {[string length $part] < 0xffffff} { return $data }
  }
}
proc lenenc {text} {
  set size [string length $text]
  if {$size < 251} { return [binary format c $size]$text }
  return \xfc[binary format s $size]$text
}
proc okay {} { return \0\0\0[binary format ss 2 0] }
proc eof_packet {} { return \xfe[binary format ss 0 2] }
proc failure {text} { return \xff[binary format s 1064]#42000$text }

proc column {name} {
  # catalog, schema, table, table, name, name; charset 45, length, VAR_STRING
  return [lenenc def][lenenc t][lenenc t][lenenc t][lenenc $name][lenenc $name]\x0c[binary format \
    sicscs 45 400 253 0 0 0]
}

# Several packets as one piece, counted from 1.
proc packets {channel bodies} {
  set number 1
  set data ""
  foreach body $bodies {
    append data [packet $number $body]
    set number [expr {($number + 1) & 255}]
  }
  send $channel $data
}

proc receive {channel} {
  binary scan [need $channel 4] cu4 head
  lassign $head a b c number
  set ::sequence($channel) $number
  return [need $channel [expr {$a | $b << 8 | $c << 16}]]
}

proc reply {channel body} { send $channel [packet [expr {($::sequence($channel) + 1) & 255}] $body] }

proc serve {channel} {
  global option
  switch $option(tls) {
    silent { silence $channel }
    close return
    garbage { send $channel [packet 0 [failure [string range [garbage] 0 60000]]]; return }
  }
  set caps [expr {0xffffffff & ~0x20 & ~($option(tls) eq "text" ? 0 : 0x800)}]
  send $channel [packet 0 "\x0a5.5.5-10.11.99-MariaDB-rogue\0[binary format i 1]abcdefgh\0[binary \
    format scss [expr {$caps & 0xffff}] 45 2 [expr {$caps >> 16}]]\x15[string repeat \0 \
    10]ijklmnopqrst\0mysql_native_password\0"]
  set login [receive $channel]
  binary scan $login iu flags
  event caps local_files=[expr {($flags >> 7) & 1}]
  if {$flags & 0x800} {
    event tls_request
    # What is sent now in plain text must not be believed.
    reply $channel [failure "text of a man in the middle"]
    silence $channel
  }
  set parts [split [string range $login 32 end] \0]
  event login [lindex $parts 0]
  if {![authenticate $channel]} return
  reply $channel [okay]
  statements $channel
}

proc authenticate {channel} {
  set plugin [dict get {ok "" clear mysql_clear_password dialog dialog unknown no_such_plugin
    error ""} $::option(auth)]
  if {$::option(auth) eq "error"} {
    reply $channel [failure [string range [garbage] 0 60000]]
    return 0
  }
  if {$plugin ne ""} {
    reply $channel "\xfe$plugin\0[expr {$plugin eq "dialog" ? "\x04Password: " : "\0"}]"
    event password [string trimright [receive $channel] \0]
  }
  return 1
}

proc statements {channel} {
  set prepared ""
  while {1} {
    set body [receive $channel]
    if {$body eq ""} return
    binary scan $body cu command
    set rest [string range $body 1 end]
    switch $command {
      1 { event quit; return }
      3 {
        event query [shown $rest]
        answer $channel $rest 0
      }
      14 { event ping; reply $channel [okay] }
      22 {
        event prepare [shown $rest]
        set prepared $rest
        set count [expr {[has_rows $rest] ? 1 : 0}]
        if {$count && [is_rogue $rest] && $::option(answer) eq "many_columns"} { set count 65535 }
        set list [list \0[binary format issc 1 $count 0 0]\0\0]
        if {$count} { lappend list [column a] [eof_packet] }
        packets $channel $list
      }
      23 { event execute; answer $channel $prepared 1 }
      24 - 25 {}
      default { reply $channel [okay] }
    }
  }
}

proc is_rogue {sql} { string match -nocase *rogue* $sql }
proc has_rows {sql} { regexp -nocase {^\s*(select|show|with)} $sql }

# A row in the text protocol, or in the binary one (a header, the map of NULLs, the values).
proc row {binary args} {
  return [expr {$binary ? "\0\0" : ""}][join [lmap v $args {lenenc $v}] ""]
}

proc answer {channel sql binary} {
  if {![is_rogue $sql]} {
    if {![has_rows $sql]} { reply $channel [okay]; return }
    packets $channel [list \x01 [column a] [eof_packet] [row $binary x] [eof_packet]]
    return
  }
  set head [list \x01 [column a] [eof_packet]]
  switch $::option(answer) {
    row { packets $channel [concat $head [list [row $binary x] [eof_packet]]] }
    infile {
      reply $channel \xfb$::option(file)
      set data [receive $channel]
      if {$data eq ""} { event file_refused } else { event file [shown $data]; receive $channel }
      reply $channel [okay]
    }
    extra_field { packets $channel [concat $head [list [row $binary x yyyy] [eof_packet]]] }
    huge_field {
      set value [expr {$binary ? "\0\0" : ""}]\xfe[binary format w 0x7fffffff]x
      packets $channel [concat $head [list $value [eof_packet]]]
    }
    huge_packet {
      packets $channel $head
      send $channel \xfe\xff\xff\x04xxxx
      silence $channel
    }
    truncated {
      packets $channel $head
      send $channel [string range [packet 4 [row $binary abcdefgh]] 0 7]
      error "hung up"
    }
    cut_rows {
      packets $channel [concat $head [list [row $binary x] [row $binary y] [row $binary z]]]
      error "hung up"
    }
    many_columns {
      packets $channel [list \xfc\xff\xff [column a] [column a]]
      error "hung up"
    }
    endless {
      packets $channel $head
      # The sequence number must go on, modulo 256.
      set rows ""
      for {set i 0} {$i < 256} {incr i} {
        append rows [packet [expr {(4 + $i) & 255}] [row $binary [string repeat x 1000]]]
      }
      send_for_ever $channel $rows
    }
    garbage_error { reply $channel [failure [garbage]] }
    silent { silence $channel }
    sequence {
      send $channel [packet 77 \x01]
      silence $channel
    }
  }
}

rogue_listen
