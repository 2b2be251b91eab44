# rogue_pg.tcl: a PostgreSQL server that misbehaves, for the tests of what a client must refuse.
#
#   tclsh rogue_pg.tcl ?tls=…? ?auth=…? ?answer=…?     (rogue.tcl tells the rest)
#
# tls      N       refuses TLS, as a man in the middle would       E      answers with an error text
#          S_text  agrees, and goes on in plain text in the same packet
#          silent  accepts the connection and says nothing         close  hangs up
# auth     ok      lets everybody in      clear   asks for the password in clear
#          md5     asks for its MD5       unknown a method that does not exist
#          huge    a message of 2 GB      silent  says nothing
# answer   what a statement with the word `rogue` in it gets; all others are answered honestly:
#          row           one row, one column `a`, text `x`
#          extra_field   a row of two values where one column was announced
#          huge_field    a value of 2,147,483,647 bytes, of which one comes
#          huge_message  a row message of that length
#          negative      a value of length -5
#          truncated     half a row, then the connection ends
#          cut_rows      three whole rows, then the connection ends
#          many_columns  65,535 columns announced
#          endless       rows for ever
#          garbage_error an error with escape sequences, invalid UTF-8, 16 MB
#          silent        nothing
#          unknown_type  a message of a type that does not exist
#          bad_int       a column announced as int8 whose value is the text `x` (one byte)
#
# Events of the trace: accept · ssl_request · gss_request · startup USER DATABASE · password TEXT ·
# cancel · query SQL · parse SQL · bind · execute · terminate · closed.

source [file dirname [info script]]/rogue.tcl
rogue_options {
  tls {N E S_text silent close}
  auth {ok clear md5 unknown huge silent}
  answer {row extra_field huge_field huge_message negative truncated cut_rows many_columns endless
    garbage_error silent unknown_type bad_int}
}

proc message {type body} { return $type[binary format I [expr {[string length $body] + 4}]]$body }
proc ready {} { message Z I }
proc text0 {text} { return $text\0 }
proc value {data} { return [binary format I [string length $data]]$data }
proc row {args} { message D [binary format S [llength $args]][join [lmap v $args {value $v}] ""] }

proc description {} {
  set type [expr {$::option(answer) eq "bad_int" ? 20 : 25}]
  set count [expr {$::option(answer) eq "many_columns" ? 65535 : 1}]
  set column [text0 a][binary format ISISIS 0 0 $type [expr {$type == 20 ? 8 : -1}] -1 1]
  return [message T [binary format S $count][string repeat $column $count]]
}

proc failure {text} { message E "SERROR\0VERROR\0C42000\0M$text\0\0" }

proc serve {channel} {
  global option
  if {$option(tls) eq "silent"} { silence $channel }
  if {$option(tls) eq "close"} return
  while {1} {
    binary scan [need $channel 4] I size
    set body [need $channel [expr {$size - 4}]]
    binary scan $body I code
    switch $code {
      80877103 {
        event ssl_request
        switch $option(tls) {
          N { send $channel N }
          E { send $channel E[text0 "FATAL: text of a man in the middle"]; return }
          S_text { send $channel S[message R [binary format I 0]][ready] }
        }
      }
      80877104 { event gss_request; send $channel N }
      80877102 { event cancel; return }
      default { break }
    }
  }
  set fields [split [string range $body 4 end-2] \0]
  event startup [dict_get $fields user] [dict_get $fields database]
  if {![authenticate $channel]} return
  foreach {name text} {server_version 15.99 server_encoding UTF8 client_encoding UTF8
      standard_conforming_strings on integer_datetimes on DateStyle {ISO, MDY} TimeZone UTC
      IntervalStyle postgres is_superuser off session_authorization app in_hot_standby off
      default_transaction_read_only off} {
    send $channel [message S [text0 $name][text0 $text]]
  }
  send $channel [message K [binary format II 4711 815]][ready]
  statements $channel
}

# dict get with "" for a missing key (8.6 has no getdef).
proc dict_get {dictionary key} {
  expr {[dict exists $dictionary $key] ? [dict get $dictionary $key] : ""}
}

proc authenticate {channel} {
  set request [dict get {ok {} clear 3 md5 5 unknown 99 huge {} silent {}} $::option(auth)]
  switch $::option(auth) {
    huge { send $channel R[binary format I 0x7ffffff0]xxxx; silence $channel }
    silent { silence $channel }
    unknown { send $channel [message R [binary format I 99]]; silence $channel }
    clear - md5 {
      send $channel [message R [binary format I $request][expr {$request == 5 ? "salt" : ""}]]
      need $channel 1
      binary scan [need $channel 4] I size
      event password [string trimright [need $channel [expr {$size - 4}]] \0]
    }
  }
  send $channel [message R [binary format I 0]]
  return 1
}

proc statements {channel} {
  set sql ""
  while {1} {
    set type [need $channel 1]
    binary scan [need $channel 4] I size
    set body [need $channel [expr {$size - 4}]]
    switch $type {
      Q {
        set sql [string trimright $body \0]
        event query [shown $sql]
        if {[is_rogue $sql]} { send $channel [description] }
        answer $channel $sql
        send $channel [ready]
      }
      P {
        set sql [lindex [split $body \0] 1]
        event parse [shown $sql]
        send $channel [message 1 ""]
      }
      B { event bind; send $channel [message 2 ""] }
      D {
        if {[string index $body 0] eq "S"} { send $channel [message t [binary format S 0]] }
        send $channel [expr {[has_rows $sql] ? [description] : [message n ""]}]
      }
      E { event execute; answer $channel $sql }
      C { send $channel [message 3 ""] }
      S { send $channel [ready] }
      X { event terminate; return }
    }
  }
}

proc is_rogue {sql} { string match -nocase *rogue* $sql }
proc has_rows {sql} { regexp -nocase {^\s*(select|show|table|values|with)} $sql }

# What Execute (or a simple query, after its description) gives.
proc answer {channel sql} {
  set tag "SELECT 1"
  if {![is_rogue $sql]} {
    if {[has_rows $sql]} { send $channel [row x][message C [text0 $tag]] } else {
      send $channel [message C [text0 [string toupper [lindex [split [string trim $sql]] 0]]]]
    }
    return
  }
  set one [binary format S 1]
  switch $::option(answer) {
    row { send $channel [row x] }
    bad_int { send $channel [row x] }
    extra_field { send $channel [row x y] }
    huge_field { send $channel [message D $one[binary format I 0x7fffffff]x] }
    huge_message { send $channel D[binary format I 0x7fffffff]${one}xxxx; silence $channel }
    negative { send $channel [message D $one[binary format I -5]x] }
    many_columns { send $channel [row x] }
    truncated { send $channel [string range [row abcdefgh] 0 8]; error "hung up" }
    cut_rows { send $channel [row x][row y][row z]; error "hung up" }
    endless { send_for_ever $channel [string repeat [row [string repeat x 1000]] 100] }
    garbage_error { send $channel [failure [garbage]]; return }
    silent { silence $channel }
    unknown_type { send $channel [message ~ abc] }
  }
  send $channel [message C [text0 $tag]]
}

rogue_listen
