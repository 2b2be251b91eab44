/* embed.c: a program that embeds SQLite and loads the extension: embed <connector.so> <url>. */
#include <sqlite3.h>
#include <stdio.h>

static int show(void *unused, int count, char **values, char **names) {
  (void)unused, (void)names;
  for (int i = 0; i < count; i++)
    printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  puts("");
  return 0;
}

static int run(sqlite3 *db, const char *sql) {
  char *message = NULL;
  int code = sqlite3_exec(db, sql, show, NULL, &message);
  if (code != SQLITE_OK) printf("error %d: %s\n", code, message ? message : "");
  sqlite3_free(message);
  return code;
}

int main(int argc, char **argv) {
  sqlite3 *db;
  char *message = NULL;
  if (argc != 3 || sqlite3_open(":memory:", &db) != SQLITE_OK) return 2;
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  if (sqlite3_load_extension(db, argv[1], NULL, &message) != SQLITE_OK) {
    printf("cannot load: %s\n", message);
    return 1;
  }
  char *open = sqlite3_mprintf("SELECT connector_open('shop', %Q)", argv[2]);
  run(db, open);
  sqlite3_free(open);
  run(db, "SELECT connector_execute('shop', 'INSERT INTO t VALUES (7, ''seven'')')");
  run(db, "SELECT c1, c2, row FROM connector_query('shop', 'SELECT id, v FROM t ORDER BY id')");
  run(db, "SELECT connector_value('shop', 'SELECT nosuch FROM t')");
  run(db, "SELECT connector_fetch_one('shop', 'SELECT id FROM t ORDER BY id')");
  return sqlite3_close(db) == SQLITE_OK ? 0 : 3; /* an open cursor must not hinder it */
}
