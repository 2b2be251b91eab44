#!/bin/sh
# install.sh build|test …: installs what is missing to build or to test. Called by `make demo` and
# `make test`; does nothing when all is there. On Debian and its relatives it uses apt-get, as root or
# by sudo, says what it installs and asks nothing; elsewhere it prints what to install, and stops.
#
# The machine is left as it was but for the packages: no database server of the distribution is
# started, no PostgreSQL cluster is made (both would be Debian's default), and of MariaDB only the
# programs are taken, without the service.
set -eu

# ---------------------------------------------------------------- what is needed

# One line for each need: group | test that it is there | package on apt | dnf | apk | pacman | brew
needs() {
  cat <<'END'
build|program cc|gcc libc6-dev|gcc|gcc musl-dev|gcc|-
build|header sqlite3ext.h|libsqlite3-dev|sqlite-devel|sqlite-dev|sqlite|sqlite
build|program sqlite3|sqlite3|sqlite|sqlite|sqlite|sqlite
build|client libpq pg_config|libpq-dev|libpq-devel|libpq-dev|postgresql-libs|libpq
build|client libmariadb mariadb_config mysqlclient mysql_config|default-libmysqlclient-dev|mariadb-connector-c-devel|mariadb-connector-c-dev|mariadb-libs|mariadb-connector-c
build|library libsodium|libsodium23|libsodium|libsodium|libsodium|libsodium
test|postgres|postgresql|postgresql-server|postgresql|postgresql|postgresql
test|program mariadbd|mariadb-server-core|mariadb-server|mariadb|mariadb|mariadb
test|program mariadb|mariadb-client-core|mariadb|mariadb-client|mariadb-clients|mariadb
test|program tclsh|tcl|tcl|tcl|tcl|tcl-tk
test|tclsqlite|libsqlite3-tcl|sqlite-tcl|sqlite-tcl|sqlite-tcl|tcl-tk
test|program python3|python3|python3|python3|python|python
test|program openssl|openssl|openssl|openssl|openssl|openssl
test|trust|ca-certificates|ca-certificates|ca-certificates|ca-certificates|ca-certificates
END
}

PATH=$PATH:/usr/sbin:/sbin

here() { # here <kind> <name> …: is this need met?
  kind=$1
  shift
  case $kind in
    program) command -v "$1" >/dev/null 2>&1 ;;
    header) echo "#include <$1>" | cc -E - >/dev/null 2>&1 ;;
    client) # pairs: pkg-config module, config program
      while [ $# -gt 0 ]; do
        pkg-config --exists "$1" 2>/dev/null || command -v "$2" >/dev/null 2>&1 && return 0
        shift 2
      done
      return 1 ;;
    library)
      ldconfig -p 2>/dev/null | grep -q "$1\.so" ||
        ls /usr/lib/"$1".so* /usr/local/lib/"$1".* /opt/homebrew/lib/"$1".* >/dev/null 2>&1 ;;
    trust) # the system's bundle of trusted certificates
      ls /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem 2>/dev/null |
        grep -q . ;;
    postgres)
      command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
    tclsqlite) [ -n "$(echo 'puts [package require sqlite3]' | tclsh 2>/dev/null)" ] ;;
  esac
}

missing() { # missing <column>: the packages of that column whose need is not met
  needs | while IFS='|' read -r group test apt dnf apk pacman brew; do
    case " $groups " in *" $group "*) ;; *) continue ;; esac
    # shellcheck disable=SC2086
    here $test || eval "echo \$$1"
  done | grep -vx -e - | tr '\n' ' '
}

groups="$*"
[ -n "$(missing apt)" ] || exit 0

# ---------------------------------------------------------------- other platforms: say it, stop

other() {
  echo "These packages are missing; install them, then run make again:" >&2
  echo "  $1 $(missing "$2")" >&2
  exit 1
}

if ! command -v apt-get >/dev/null 2>&1; then
  if command -v dnf >/dev/null 2>&1; then other "dnf install" dnf; fi
  if command -v apk >/dev/null 2>&1; then other "apk add" apk; fi
  if command -v pacman >/dev/null 2>&1; then other "pacman -S" pacman; fi
  if command -v brew >/dev/null 2>&1; then other "brew install" brew; fi
  other "(Debian's names)" apt
fi

# ---------------------------------------------------------------- Debian, Ubuntu

packages=$(missing apt)
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "These packages are missing, and there is no sudo to install them with. As root:" >&2
    echo "  apt-get install --no-install-recommends $packages" >&2
    exit 1
  fi
  echo "Installing by sudo: $packages"
  exec sudo -- "$0" "$@"
fi
echo "Installing: $packages"

policy=/usr/sbin/policy-rc.d                      # asked by Debian before a service is started
cluster=/etc/postgresql-common/createcluster.conf # asked before the "main" cluster is made
mark='# while test/install.sh runs'

restore() {
  if [ -e "$policy.connector" ]; then mv -f "$policy.connector" "$policy"; else rm -f "$policy"; fi
  if [ -e "$cluster" ]; then sed -i "/$(echo "$mark" | sed 's,/,\\/,g')/d" "$cluster"; fi
}
trap restore EXIT
trap 'exit 1' HUP INT TERM

# Services stay down only while this very process lives, should it be killed before restore().
if [ -e "$policy" ]; then mv "$policy" "$policy.connector"; fi
printf '#!/bin/sh\nkill -0 %s 2>/dev/null && exit 101\nexit 0\n' $$ >"$policy"
chmod 755 "$policy"

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
}
log=$(mktemp)
trap 'restore; rm -f "$log"' EXIT

# A bare image has no package lists, an old one has stale ones.
first=${packages%% *}
apt-cache show "$first" >/dev/null 2>&1 || apt update
case " $packages " in
  *" postgresql "*)
    apt install postgresql-common || { apt update && apt install postgresql-common; }
    echo "create_main_cluster = false $mark" >>"$cluster" ;;
esac
# shellcheck disable=SC2086
apt install $packages || { apt update && apt install $packages; }
