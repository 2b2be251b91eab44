# client.tcl: psql and mariadb, kept running: most calls of a test are one statement, and starting a process for it
# would take most of the time.
#
#   client_run SERVER DATABASE SQL   what the client prints; an error with what it says of one
#   client_close ?SERVER?            ends the clients of one server, or all: before the server stops
#
#   session_open SERVER              a client of its own, for a second session with its transaction: a handle
#   session HANDLE SQL               what it prints
#   session_send HANDLE SQL, session_answer HANDLE   the same in two steps, for what waits
#   session_close HANDLE
#
# A client ends at its first error, as it does when it is run for one text; the next call starts another. A text
# that would leave something in the session (a setting, a transaction) has a process of its own.

set clients {} ;# {server database} -> channel
set client_limit 60 ;# seconds for one answer
set client_end "\x02the end\x02"

# Words after which a session is not what it was; \ and DELIMITER are for the client itself.
set client_lasting {(?i)\m(BEGIN|START|SAVEPOINT|PREPARE|EXECUTE|LOCK|TEMP|TEMPORARY|SET_CONFIG|DISCARD|COPY|USE|DELIMITER)\M|(^|;)\s*SET\M|(^|\n)\s*\\}

proc psql_program {} {
  lindex [lsort -dictionary [concat [auto_execok psql] \
    [glob -nocomplain /usr/lib/postgresql/*/bin/psql]]] end
}

proc client_command {place database} {
  dict with place {}
  if {$backend eq "postgresql"} {
    return [list [psql_program] -X -q -A -t -F \x1f -R \x1e -P null=NULL -v ON_ERROR_STOP=1 -h $socket -p $port \
      -U postgres -d $database]
  }
  return [list mariadb --no-defaults -S $socket -u $admin -N -B -n --default-character-set=utf8mb4 $database]
}

proc client_run {server_name database sql} {
  set name [list $server_name $database]
  if {[regexp $::client_lasting $sql]} { return [client_once $server_name $database $sql] }
  if {[string match "*DROP DATABASE*" $sql]} { client_close $server_name } ;# one of ours may be in it
  if {![dict exists $::clients $name]} { dict set ::clients $name [client_open $server_name $database] }
  set channel [dict get $::clients $name]
  set before [file size $::client_errors($channel)]
  if {![catch {client_ask $channel $sql} answer]} { return $answer }
  dict unset ::clients $name
  error "$server_name: [client_end $channel $answer $before]"
}

proc client_once {server_name database sql} {
  set result [child [client_command [server $server_name] $database] input $sql limit $::client_limit]
  if {[dict get $result status] != 0} { error "$server_name: [dict get $result err]" }
  return [dict get $result out]
}

proc client_open {server_name database} {
  set errors [scratch .client[incr ::client_number]]
  set channel [open |[concat [client_command [server $server_name] $database] [list 2>$errors]] r+]
  fconfigure $channel -encoding utf-8 -translation lf -buffering full -blocking 0
  set ::client_errors($channel) $errors
  return $channel
}

# All that it prints for the text, without the line that is printed behind it.
proc client_ask {channel sql} {
  session_send $channel $sql
  session_answer $channel
}

proc session_send {channel sql} {
  puts $channel "$sql\n;\nSELECT '$::client_end';"
  flush $channel
}

proc session_answer {channel} {
  set end [expr {[clock milliseconds] + $::client_limit * 1000 * [patience]}]
  set answer ""
  while {[set line [client_line $channel $end]] ne $::client_end} { append answer $line \n }
  return $answer
}

proc session_open {server_name} { client_open $server_name [server_database $server_name] }
proc session {channel sql} { client_ask $channel $sql }
proc session_close {channel} { client_end $channel }

proc client_line {channel end} {
  while {[gets $channel line] < 0} {
    if {[eof $channel]} { error "" }
    set left [expr {$end - [clock milliseconds]}]
    if {$left <= 0} { error "no answer" }
    set timer [after $left {set ::client_ready 0}]
    fileevent $channel readable {set ::client_ready 1}
    vwait ::client_ready
    fileevent $channel readable {}
    after cancel $timer
  }
  return $line
}

# Ends a client that is of no use any more; gives what it said from a byte on, or else why it is so.
proc client_end {channel {why ""} {from 0}} {
  if {$why ne ""} { catch {exec kill {*}[pid $channel]} } ;# it does not listen
  fconfigure $channel -blocking 1
  catch {close $channel}
  set errors [open $::client_errors($channel)]
  fconfigure $errors -encoding utf-8
  seek $errors $from
  set said [read $errors]
  close $errors
  file delete $::client_errors($channel)
  unset ::client_errors($channel)
  return [expr {$said eq "" ? $why : $said}]
}

proc client_close {{server_name ""}} {
  dict for {name channel} $::clients {
    if {$server_name ni [list "" [lindex $name 0]]} continue
    dict unset ::clients $name
    client_end $channel
  }
}
