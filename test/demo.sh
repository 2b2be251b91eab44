#!/bin/sh
# demo.sh: runs demo.sql, the quick start, in the sqlite3 shell on a database file in a temporary
# folder, with the store of blocks there too. Called by `make demo`; BUILD is the folder of
# connector.so, SQLITE3 another shell.
set -eu

demo=$(cd "$(dirname "$0")" && pwd)/demo.sql
build=$(cd "${BUILD:-build}" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

case $build in *' '*) load=".load \"$build/connector\"" ;; *) load=".load $build/connector" ;; esac
printf '$ sqlite3\n%s\n' "$load"
HOME=$folder XDG_CONFIG_HOME=$folder/.config \
  "${SQLITE3:-sqlite3}" -batch -bail -cmd "$load" -cmd '.echo on' :memory: <"$demo"
