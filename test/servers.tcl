# servers.tcl: private PostgreSQL and MariaDB servers for one run of the tests.
#
#   servers::open                 makes the run's temporary directory and its reaper
#   servers::start NAME           starts a server, or finds it running; gives its coordinates
#   servers::stop NAME ?SIGNAL?   ends it at once, its data stays (SIGNAL: KILL or TERM)
#   servers::restart NAME         starts it again on the same data, port and socket
#   servers::watch PID            a process group to be killed when the run ends; unwatch PID
#   servers::close                ends everything, removes the directory
#
# NAME is postgresql, mysql, postgresql_tls or mysql_tls; NAME:label is one more of that kind, for a
# test that stops or restarts it. Coordinates are a dictionary: backend, tls, host, port, socket (the
# file of MariaDB, the directory of PostgreSQL), user, password, admin, directory, log, pid.
#
# Every server listens on 127.0.0.1 at a free port and on a unix socket in the run's directory.
# Administrators come in by the socket as the user who runs the tests, without a password; nobody
# else can. The plain servers let `app` in without a password (it may do little beyond its own
# databases); the TLS ones have the accounts of tls_accounts below.
#
# Nothing is forced to disk, but what was committed survives a killed server.
#
# However the run ends, nothing stays: the reaper is a small shell in a session of its own that reads
# a pipe from us. It kills what was registered when the pipe closes, and removes the directory.

namespace eval servers {
  variable directory "" ;# of this run
  variable reaper ""    ;# channel to the reaper
  variable running {}   ;# name -> coordinates
  variable broken {}    ;# name -> why it did not start; it is not tried again

  # Accounts of the TLS servers, all with the password `secret-of-<name>`.
  variable tls_accounts {app md5user clearuser ssluser certuser}

  variable reaper_script {
    trap '' INT TERM HUP
    servers= groups=
    while read -r what pid; do
      case $what in
        server) servers="$servers $pid" ;;
        group) groups="$groups $pid" ;;
        ended) groups=$(for p in $groups; do [ "$p" = "$pid" ] || echo "$p"; done) ;;
        stopped) servers=$(for p in $servers; do [ "$p" = "$pid" ] || echo "$p"; done) ;;
      esac
    done
    for p in $groups; do kill -KILL -- "-$p" 2>/dev/null; done
    for p in $servers; do kill -QUIT "$p" 2>/dev/null; done
    tries=100
    while [ $tries -gt 0 ]; do
      alive=
      for p in $servers; do
        case $(cat "/proc/$p/stat" 2>/dev/null) in '' | *') Z '*) ;; *) alive=1 ;; esac
      done
      [ -n "$alive" ] || break
      tries=$((tries - 1))
      if [ $tries -eq 0 ]; then for p in $servers; do kill -KILL "$p" 2>/dev/null; done; fi
      sleep 0.05
    done
    rm -rf "$1"
  }
}

# ---------------------------------------------------------------- the run

proc servers::open {} {
  variable directory
  variable reaper
  variable reaper_script
  remove_stale
  # Short, as the path of a unix socket may have 107 bytes; random, as /tmp is everybody's.
  set directory [exec mktemp -d /tmp/sqlite-connector-XXXXXXXX]
  file attributes $directory -permissions 0711
  write_file $directory/owner [pid]
  set reaper [::open |[list setsid sh -c $reaper_script reaper $directory] w]
  fconfigure $reaper -buffering line
  return $directory
}

proc servers::close {} {
  variable reaper
  variable running {}
  if {$reaper ne ""} { ::close $reaper } ;# waits for the reaper to end
  set reaper ""
}

proc servers::watch {pid} { puts $servers::reaper "group $pid" }
proc servers::unwatch {pid} { puts $servers::reaper "ended $pid" }

# A run whose reaper was killed too has left its servers: they are known by their directory, whose
# owner is gone. A process is killed only if it still names that directory.
proc servers::remove_stale {} {
  foreach old [glob -nocomplain /tmp/sqlite-connector-????????] {
    if {![file owned $old] || [catch {read_file $old/owner} owner]} continue
    if {[file isdirectory /proc/$owner]} continue
    foreach file [glob -nocomplain $old/*/pid] {
      set pid [lindex [read_file $file] 0]
      if {[string is integer -strict $pid] && ![catch {read_file /proc/$pid/cmdline} line]
          && [string first $old $line] >= 0} {
        catch {signal QUIT $pid}
      }
    }
    catch {file delete -force $old}
  }
}

# ---------------------------------------------------------------- one server

proc servers::start {name} {
  variable running
  variable broken
  if {[dict exists $running $name]} { return [dict get $running $name] }
  if {[dict exists $broken $name]} { error [dict get $broken $name] }
  if {[catch {create $name} result]} {
    dict set broken $name $result
    error $result
  }
  dict set running $name $result
  return $result
}

proc servers::create {name} {
  variable directory
  lassign [split $name :] kind label
  if {![regexp {^(postgresql|mysql)(_tls)?$} $kind all backend tls]} { error "no server '$kind'" }
  set home $directory/$kind[expr {$label eq "" ? "" : "-$label"}]
  file mkdir $home
  file attributes $home -permissions 0711
  set tls [expr {$tls ne ""}]
  if {$tls} { certificates; install_certificate $backend $home good }
  if {$tls} { set password secret-of-app } else { set password "" }
  set server [dict create name $name backend $backend tls $tls host 127.0.0.1 port 0 \
    socket [expr {$backend eq "mysql" ? "$home/s.sock" : $home}] user app \
    password $password admin [expr {$backend eq "mysql" ? [exec id -un] : "postgres"}] \
    directory $home data $home/data log $home/log certificates $directory/certificates pid 0]
  ${backend}_create $server
  # Somebody may take the free port before the server does: try again with another.
  for {set try 1} {1} {incr try} {
    dict set server port [free_port]
    if {![catch {launch $server} result]} { return $result }
    if {$try == 3} { error "$name does not start: $result\n[tail [dict get $server log]]" }
  }
}

proc servers::launch {server} {
  variable reaper
  set pid [[dict get $server backend]_launch $server]
  puts $reaper "server $pid"
  write_file [dict get $server directory]/pid $pid
  dict set server pid $pid
  return $server
}

proc servers::stop {name {signal_name KILL}} {
  variable running
  variable reaper
  set server [dict get $running $name]
  set pid [dict get $server pid]
  # A postmaster that is killed hard leaves its children; QUIT ends them without a checkpoint.
  if {$signal_name eq "KILL" && [dict get $server backend] eq "postgresql"} { set signal_name QUIT }
  signal $signal_name $pid
  await 10000 {![file isdirectory /proc/$pid] || [is_zombie $pid]} "end of $name" [list pid $pid]
  puts $reaper "stopped $pid"
  return $server
}

proc servers::restart {name} {
  variable running
  set server [launch [dict get $running $name]]
  dict set running $name $server
  return $server
}

# ---------------------------------------------------------------- PostgreSQL

proc servers::postgresql_program {name} {
  set found [lsort -dictionary [glob -nocomplain /usr/lib/postgresql/*/bin/$name /usr/pgsql-*/bin/$name]]
  if {$found ne ""} { return [lindex $found end] }
  if {[auto_execok $name] ne ""} { return [lindex [auto_execok $name] 0] }
  error "PostgreSQL's program $name is not installed (make deps-test)"
}

# initdb refuses to run as root; so does mariadbd without being told a user.
proc servers::as_user {names} {
  if {[exec id -u] != 0} { return {} }
  foreach user $names {
    if {![catch {exec id -u $user}]} {
      return [list setpriv --reuid=$user --regid=[exec id -g $user] --clear-groups]
    }
  }
}

proc servers::give {user_prefix path} {
  if {$user_prefix eq ""} return
  regexp {reuid=(\S+)} $user_prefix all user
  exec chown -R $user $path
}

proc servers::postgresql_create {server} {
  dict with server {}
  set prefix [as_user {postgres nobody}]
  give $prefix $directory
  exec {*}$prefix [postgresql_program initdb] -D $data -U postgres -A reject --no-sync \
    --locale=C.UTF-8 -E UTF8 >$directory/initdb.log 2>@1
  set settings "
    listen_addresses = '127.0.0.1'
    unix_socket_directories = '$directory'
    max_connections = 100
    max_prepared_transactions = 20
    shared_buffers = 32MB
    fsync = off
    full_page_writes = off
    log_connections = on
    log_line_prefix = '%m %p %a '
    logging_collector = off
    timezone = 'Europe/Paris'
  "
  # Paris: a time zone other than UTC shows where one was forgotten.
  set rules "local all postgres peer map=admin\n"
  if {$tls} {
    append settings "
      ssl = on
      ssl_ca_file = '$certificates/ca.crt'
      ssl_cert_file = '$directory/server.crt'
      ssl_key_file = '$directory/server.key'
    "
    append rules "hostssl all certuser 127.0.0.1/32 cert
      hostssl all ssluser 127.0.0.1/32 scram-sha-256
      host all md5user 127.0.0.1/32 md5
      host all clearuser 127.0.0.1/32 password
      hostssl all once_only 127.0.0.1/32 scram-sha-256
      host all app 127.0.0.1/32 scram-sha-256
      local all app scram-sha-256\n"
  } else {
    append rules "local all app trust\nhost all app 127.0.0.1/32 trust\n"
  }
  # Not into postgresql.auto.conf: ALTER SYSTEM RESET takes its settings away.
  write_file $data/postgresql.conf [read_file $data/postgresql.conf]$settings
  write_file $data/pg_hba.conf $rules
  write_file $data/pg_ident.conf "admin [exec id -un] postgres\n"
  give $prefix $data
}

proc servers::postgresql_launch {server} {
  dict with server {}
  set prefix [as_user {postgres nobody}]
  set first [expr {![file exists $log]}]
  exec {*}$prefix [postgresql_program pg_ctl] -D $data -l $log -w -t 30 -s -o "-p $port" start \
    </dev/null >$directory/pg_ctl.log 2>@1
  set pid [lindex [read_file $data/postmaster.pid] 0]
  if {$first} {
    set sql "CREATE ROLE app LOGIN CREATEDB [expr {$tls ? "PASSWORD 'secret-of-app'" : ""}];"
    if {$tls} {
      append sql "CREATE ROLE ssluser LOGIN PASSWORD 'secret-of-ssluser';
        CREATE ROLE clearuser LOGIN PASSWORD 'secret-of-clearuser'; CREATE ROLE certuser LOGIN;
        SET password_encryption = 'md5'; CREATE ROLE md5user LOGIN PASSWORD 'secret-of-md5user';"
    }
    exec [postgresql_program psql] -X -q -h $directory -p $port -U postgres -v ON_ERROR_STOP=1 \
      -d postgres << $sql
  }
  return $pid
}

# ---------------------------------------------------------------- MariaDB

proc servers::mysql_program {} {
  foreach name {mariadbd mysqld} {
    foreach folder [list {*}[split $::env(PATH) :] /usr/sbin /usr/libexec /usr/local/sbin] {
      if {[file executable $folder/$name]} { return $folder/$name }
    }
  }
  error "MariaDB's server program is not installed (make deps-test)"
}

proc servers::mysql_create {server} {
  dict with server {}
  set prefix [as_user {mysql nobody}]
  give $prefix $directory
  set user [exec {*}$prefix id -un]
  exec {*}$prefix mariadb-install-db --no-defaults --datadir=$data --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user=[exec id -un] \
    --innodb-log-file-size=8M >$directory/install.log 2>@1
  # The databases of the tests are named t_…; `app` may make more of those.
  set sql "CREATE OR REPLACE USER app@'%' [expr {$tls ? "IDENTIFIED BY 'secret-of-app'" : ""}];
    GRANT ALL ON `t\\_%`.* TO app@'%'; GRANT BINLOG MONITOR ON *.* TO app@'%';"
  if {$tls} {
    append sql "
      CREATE OR REPLACE USER ssluser@'%' IDENTIFIED BY 'secret-of-ssluser' REQUIRE SSL;
      CREATE OR REPLACE USER certuser@'%' IDENTIFIED BY 'secret-of-certuser' REQUIRE X509;
      GRANT ALL ON `t\\_%`.* TO ssluser@'%'; GRANT ALL ON `t\\_%`.* TO certuser@'%';"
  }
  # One statement on a line: that is how the server reads an init file.
  write_file $directory/init.sql [string map [list "\n" " " ";" ";\n"] $sql]
}

proc servers::mysql_launch {server} {
  dict with server {}
  set prefix [as_user {mysql nobody}]
  # performance_schema, small: the only place that shows a client's program_name.
  # tmpdir: a server that starts removes the temporary files of all others that share it.
  set options [list --no-defaults --datadir=$data --socket=$socket --port=$port \
    --bind-address=127.0.0.1 --pid-file=$directory/mariadbd.pid --init-file=$directory/init.sql \
    --skip-name-resolve --max-connections=100 --skip-log-bin --tmpdir=$directory --skip-symbolic-links \
    --innodb-buffer-pool-size=32M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=2 \
    --innodb-fast-shutdown=2 --max-allowed-packet=256M --default-time-zone=+05:30 \
    --performance-schema=ON --performance-schema-max-table-instances=200 \
    --performance-schema-events-statements-history-long-size=10 --secure-file-priv=$directory]
  if {$tls} {
    lappend options --ssl-ca=$certificates/ca.crt --ssl-cert=$directory/server.crt \
      --ssl-key=$directory/server.key
  }
  set pid [exec {*}$prefix setsid [mysql_program] {*}$options </dev/null >>$log 2>@1 &]
  set ask [list mariadb --no-defaults -S $socket -u $admin -N -B -e {SELECT 1}]
  await 10000 {![file isdirectory /proc/$pid] || [is_zombie $pid] || ![catch {exec {*}$ask}]} \
    "MariaDB's start" [list pid $pid ask $ask]
  if {![file isdirectory /proc/$pid] || [is_zombie $pid]} { error "mariadbd ended" }
  return $pid
}

# ---------------------------------------------------------------- certificates

# ca; good (localhost and 127.0.0.1); expired; wrong (another name); stranger (good, but signed by
# itself); client (for certuser). Made once in a run, in <run>/certificates.
proc servers::certificates {} {
  variable directory
  set folder $directory/certificates
  if {[file exists $folder/done]} { return $folder }
  file mkdir $folder
  set names subjectAltName=DNS:localhost,IP:127.0.0.1
  openssl req -x509 -days 30 -subj /CN=connector-test-ca -keyout $folder/ca.key -out $folder/ca.crt
  openssl req -x509 -days 30 -subj /CN=localhost -addext $names -keyout $folder/stranger.key \
    -out $folder/stranger.crt
  foreach {name subject extension days} [list \
      good localhost $names 30  expired localhost $names -1 \
      wrong elsewhere.example.com subjectAltName=DNS:elsewhere.example.com 30 \
      client certuser subjectAltName=DNS:certuser 30] {
    write_file $folder/$name.ext $extension
    openssl req -subj /CN=$subject -keyout $folder/$name.key -out $folder/$name.csr
    openssl x509 -req -days $days -in $folder/$name.csr -CA $folder/ca.crt -CAkey $folder/ca.key \
      -CAcreateserial -extfile $folder/$name.ext -out $folder/$name.crt
  }
  file attributes $folder/client.key -permissions 0600
  write_file $folder/done ""
  return $folder
}

proc servers::openssl {command args} {
  if {$command eq "req"} { lappend args -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes }
  exec -ignorestderr openssl $command {*}$args 2>/dev/null
}

# Puts one of the certificates in place; a running server takes it up with use_certificate.
proc servers::install_certificate {backend home which} {
  variable directory
  set user [as_user [expr {$backend eq "mysql" ? "mysql nobody" : "postgres nobody"}]]
  foreach part {key crt} {
    file copy -force $directory/certificates/$which.$part $home/server.$part.new
    file attributes $home/server.$part.new -permissions 0600
    give $user $home/server.$part.new
    file rename -force $home/server.$part.new $home/server.$part
  }
}

proc servers::use_certificate {name which} {
  variable running
  set server [dict get $running $name]
  dict with server {}
  install_certificate $backend $directory $which
  if {$backend eq "mysql"} {
    exec mariadb --no-defaults -S $socket -u $admin -e {FLUSH SSL}
  } else {
    set lines [llength [split [read_file $log] \n]]
    signal HUP $pid
    # A session that starts after the postmaster wrote this line uses the new certificate.
    await 5000 {[string first "reloading configuration" \
      [join [lrange [split [read_file $log] \n] $lines-1 end]]] >= 0} "reload" \
      [list log $log lines $lines]
  }
}

# ---------------------------------------------------------------- helpers

proc servers::free_port {} {
  set channel [socket -server {} -myaddr 127.0.0.1 0]
  set port [lindex [fconfigure $channel -sockname] 2]
  ::close $channel
  return $port
}

# Waits until the expression is true, over the variables given; an error after the limit.
proc servers::await {limit expression what variables} {
  dict with variables {}
  set end [expr {[clock milliseconds] + $limit}]
  while {![expr $expression]} {
    if {[clock milliseconds] > $end} { error "waited $limit ms in vain for the $what" }
    after 20
  }
}

# By the shell's own kill: a bare machine has no program of that name. PID -N is a process group.
proc servers::signal {name pid} { exec sh -c "kill -s $name -- $pid" 2>/dev/null }

proc servers::is_zombie {pid} {
  expr {[catch {read_file /proc/$pid/stat} stat] || [regexp {\) Z } $stat]}
}

proc servers::read_file {path} {
  set channel [::open $path]
  try { return [string trimright [read $channel] \n] } finally { ::close $channel }
}

proc servers::write_file {path text} {
  set channel [::open $path w]
  try { puts $channel $text } finally { ::close $channel }
}

proc servers::tail {path} {
  if {[catch {read_file $path} text]} { return "" }
  return [join [lrange [split $text \n] end-10 end] \n]
}
