/*
** connector_test.c: a Connector's life, the interrupt probe, and what of the host is lent to drivers.
** sources: src/[a-z]*.c src/sqlite/[a-z]*.c
*/
#include "connector.h"
#include "driver_support.h"
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

static Error error;
static char directory[] = "/tmp/connector_test_XXXXXX";

static const char *path_of(const char *name) {
  static char path[300];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  return path;
}

static void sql(sqlite3 *db, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  CHECK(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
  sqlite3_free(text);
}

static void test_life(sqlite3 *db) {
  Connector *connector = NULL;
  sqlite3 *scratch = NULL, *again = NULL;
  int code = SQLITE_NOMEM, failures = 0;
  for (int n = 1; code != SQLITE_OK && n < 200; n++) {
    unit_fail_at = n;
    code = connector_new(db, "/some/where", &connector, &error);
    unit_fail_at = 0;
    CHECK(code == SQLITE_OK || code == SQLITE_NOMEM);
    failures += code != SQLITE_OK;
  }
  CHECK(code == SQLITE_OK && failures >= 5);
  CHECK_TEXT(connector->library_path, "/some/where");
  CHECK(connector->scratch == NULL); /* nothing is opened before it is needed */
  CHECK(connector_retain(connector) == connector);
  connector_release(connector);
  for (code = SQLITE_NOMEM; code != SQLITE_OK && failures < 400; failures++) {
    unit_fail_at = failures % 100 + 1;
    code = connector_scratch(connector, &scratch, &error);
    unit_fail_at = 0;
  }
  CHECK(code == SQLITE_OK && connector_scratch(connector, &again, &error) == SQLITE_OK);
  CHECK(scratch == again && scratch != NULL);
  sql(scratch, "CREATE TABLE t(a)");
  CHECK_TEXT(sqlite3_db_filename(scratch, "main"), "");
  /* 0 bytes are not out of memory */
  void *memory = connector->host.allocate(0);
  CHECK(memory != NULL);
  connector->host.release(connector->host.reallocate(memory, 100));
  connector->host.release(NULL);
  connector_release(connector);
  CHECK(connector_new(db, NULL, &connector, &error) == SQLITE_OK &&
        connector->library_path == NULL);
  connector_release(connector);
}

static void test_own_file(sqlite3 *db) {
  Connector *connector = NULL;
  char target[300];
  CHECK(connector_new(db, NULL, &connector, &error) == SQLITE_OK);
  DriverHost *host = &connector->host;
  sql(db, "ATTACH %Q AS other", path_of("other.db"));
  sql(db, "CREATE TABLE other.t(a); ATTACH ':memory:' AS empty");
  CHECK(host->is_own_file(host->context, path_of("main.db")));
  CHECK(host->is_own_file(host->context, path_of("other.db")));
  CHECK(!host->is_own_file(host->context, path_of("absent.db")));
  snprintf(target, sizeof(target), "%s", path_of("other.db"));
  CHECK(symlink(target, path_of("soft")) == 0 && host->is_own_file(host->context, path_of("soft")));
  CHECK(link(target, path_of("hard")) == 0 && host->is_own_file(host->context, path_of("hard")));
  sql(db, "DETACH other; DETACH empty");
  CHECK(!host->is_own_file(host->context, path_of("other.db")));
  connector_release(connector);
}

/* ---------------------------------------------------------------- interrupt */

static Connector *probed;
static int seen, quiet;

/* Asks before and after sqlite3_interrupt, inside a running statement as drivers do. */
static void ask(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  (void)values;
  seen = connector_interrupted(probed);
  sqlite3_interrupt(sqlite3_context_db_handle(context));
  probed->uninterruptible++;
  quiet = connector_interrupted(probed);
  probed->uninterruptible--;
  usleep(60000); /* the probe is not made more often than every 50 ms */
  seen = seen * 100 + connector_interrupted(probed) * 10 + connector_interrupted(probed);
  sqlite3_result_int(context, 1);
}

static void test_interrupt(sqlite3 *db) {
  CHECK(connector_new(db, NULL, &probed, &error) == SQLITE_OK);
  CHECK(!connector_interrupted(probed));
  sqlite3_create_function(db, "ask", 0, SQLITE_UTF8, NULL, ask, NULL, NULL);
  CHECK(sqlite3_exec(db, "SELECT ask() UNION ALL SELECT ask()", NULL, NULL, NULL) ==
        SQLITE_INTERRUPT);
  CHECK(seen == 11 && quiet == 0);
  usleep(60000);
  CHECK(!connector_interrupted(probed)); /* that statement is over */
  sql(db, "SELECT 1");
  connector_release(probed);
}

int main(void) {
  sqlite3 *db = NULL;
  unit_start();
  if (mkdtemp(directory) == NULL) return 1;
  sqlite3_open(path_of("main.db"), &db);
  sql(db, "CREATE TABLE t(a)");
  test_life(db);
  test_own_file(db);
  test_interrupt(db);
  CHECK(sqlite3_close(db) == SQLITE_OK);
  char command[100];
  snprintf(command, sizeof(command), "rm -r %s", directory);
  CHECK(system(command) == 0);
  error_clear(&error);
  return unit_report();
}
