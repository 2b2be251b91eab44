/* static.c: a program with the extension and its drivers linked in: static <url>. */
#include "sqlite_connector.h"
#include <stdio.h>

int main(int argc, char **argv) {
  sqlite3 *db;
  sqlite3_stmt *statement;
  if (argc != 2) return 2;
  printf("%d %d\n", connector_register_postgresql(), connector_register_mysql());
  sqlite3_auto_extension((void (*)(void))sqlite3_connector_init);
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) return 3;
  const char *sql =
      "SELECT connector_open('shop', ?1), connector_value('shop', 'SELECT count(*) FROM t')";
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) return 4;
  sqlite3_bind_text(statement, 1, argv[1], -1, SQLITE_STATIC);
  if (sqlite3_step(statement) == SQLITE_ROW)
    printf("%s %s\n", sqlite3_column_text(statement, 0), sqlite3_column_text(statement, 1));
  else
    printf("error: %s\n", sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  return sqlite3_close(db) == SQLITE_OK ? 0 : 5;
}
