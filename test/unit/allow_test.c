/*
** allow_test.c: grants when memory ends at any point: the answer is right or an error, never a yes that was not
** given; a grant is there whole or not at all, and what is asked writes nothing.
** sources: src/allow.c src/file_id.c src/store_grant.c src/spill.c
** sources: src/block.c src/block_json.c src/block_target.c src/block_change.c src/draft.c
** sources: src/draft_check.c src/definition.c src/url.c src/address.c src/option_specs.c
** sources: src/text.c src/options.c src/option_list.c src/option_file.c src/secret.c src/secret_files.c
** sources: src/secret_command.c src/secret_ask.c src/sealed.c src/store_key.c src/cipher.c
** sources: src/store.c src/store_file.c src/block_set.c
** sources: src/registry.c src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_*.c src/sqlite/[a-z]*.c
*/
#include "allow.h"
#include "file_id.h"
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

static Error error;
static char folder[40], store[200], file[200], copy[200];

static bool never(void *context) {
  (void)context;
  return false;
}

static void open_file(const char *path) {
  sqlite3_close(unit_connector.db);
  CHECK(sqlite3_open(path, &unit_connector.db) == SQLITE_OK);
}

/* -1 = an error. */
static int check(const char *block) {
  bool allowed = true;
  error_clear(&error);
  int code = allow_check(&unit_connector, "main", block, &allowed, &error);
  if (code) CHECK(!allowed && code == error.code && error.message);
  return code ? -1 : allowed;
}

static int grant(void) {
  error_clear(&error);
  return allow_grant(&unit_connector, "main", "shop", &error);
}

static bool revoked;
static int take_back(void) {
  error_clear(&error);
  return allow_revoke(&unit_connector, "main", "shop", &revoked, &error);
}

static int list(void) {
  Spill *rows = spill_new();
  error_clear(&error);
  int code = rows ? allow_list(&unit_connector, rows, &error) : error_memory(&error);
  if (code == SQLITE_OK) CHECK(spill_rows(rows) == 1);
  spill_free(rows);
  return code;
}

static int ask(void) {
  int answer = check("shop");
  CHECK(answer != 0);
  return answer < 0 ? error.code : SQLITE_OK;
}

/* A fresh file without an id, at the same path. */
static void renew_file(void) {
  sqlite3_close(unit_connector.db);
  unit_connector.db = NULL;
  unlink(file);
  open_file(file);
  CHECK(sqlite3_exec(unit_connector.db, "CREATE TABLE t(a)", NULL, NULL, NULL) == SQLITE_OK);
}

static void forget(void) {
  allow_free(unit_connector.allowed);
  unit_connector.allowed = allow_new();
}

static void test_life(void) {
  CHECK(check("shop") == 0);
  CHECK(access(store, F_OK) != 0); /* asking makes nothing */
  CHECK(take_back() == SQLITE_OK && !revoked && access(store, F_OK) != 0);
  unsigned before = allow_generation(&unit_connector);
  CHECK(grant() == SQLITE_OK);
  CHECK(allow_generation(&unit_connector) != before);
  CHECK(check("shop") == 1 && check("shop2") == 0 && check("") == 0);
  CHECK(grant() == SQLITE_OK && list() == SQLITE_OK);
  open_file(file);
  forget();
  CHECK(check("shop") == 1);
  char sql[300];
  sqlite3_snprintf(sizeof sql, sql, "VACUUM INTO '%q'", copy);
  CHECK(sqlite3_exec(unit_connector.db, sql, NULL, NULL, NULL) == SQLITE_OK);
  open_file(copy);
  CHECK(check("shop") == 0);
  open_file(file);
  CHECK(take_back() == SQLITE_OK && revoked && check("shop") == 0);
  CHECK(take_back() == SQLITE_OK && !revoked);
  bool found = false;
  unsigned char id[FILE_ID_BYTES];
  CHECK(file_id_read(unit_connector.db, "main", id, &found, &error) == SQLITE_OK && found);
}

static void test_places(void) {
  sqlite3 *db;
  CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
  CHECK(allow_place(db, "main") == PLACE_MEMORY);
  CHECK(allow_place(db, "temp") == PLACE_TEMP && allow_place(db, "TEMP") == PLACE_TEMP);
  CHECK(allow_place(db, "nosuch") == PLACE_UNKNOWN);
  CHECK(sqlite3_exec(db, "ATTACH '' AS a; ATTACH 'file:x?mode=memory&cache=shared' AS b", NULL,
                     NULL, NULL) == SQLITE_OK);
  CHECK(allow_place(db, "a") == PLACE_MEMORY);
  CHECK(sqlite3_exec(db, "ATTACH 'file:/y?vfs=memdb' AS c", NULL, NULL, NULL) != SQLITE_OK ||
        allow_place(db, "c") == PLACE_IMAGE);
  sqlite3_close(db);
  CHECK(allow_place(unit_connector.db, "main") == PLACE_FILE);
}

static void test_memory(void) {
  sqlite3 *before = unit_connector.db;
  unit_connector.db = NULL;
  open_file(":memory:");
  CHECK(check("shop") == 0);
  CHECK(grant() == SQLITE_OK && check("shop") == 1 && check("sho") == 0 && check("shop2") == 0);
  CHECK(allow_memory_grant(&unit_connector, "main", "shop:x", &error) == SQLITE_OK);
  CHECK(allow_memory_grant(&unit_connector, "main", "shop2", &error) == SQLITE_OK);
  CHECK(allow_memory_check(&unit_connector, "MAIN", "shop:x"));
  CHECK(!allow_memory_check(&unit_connector, "other", "shop:x"));
  CHECK(take_back() == SQLITE_OK && revoked);
  CHECK(check("shop") == 0 && check("shop2") == 1);
  CHECK(!allow_memory_check(&unit_connector, "main", "shop:x"));
  CHECK(take_back() == SQLITE_OK && !revoked);
  for (int n = 1; n < 20; n++) {
    unit_fail_at = n;
    int code = grant();
    bool done = unit_fail_at > 0;
    unit_fail_at = 0;
    CHECK(code == SQLITE_OK || code == SQLITE_NOMEM);
    CHECK(check("shop") == (code == SQLITE_OK));
    if (done) break;
    take_back();
  }
  sqlite3_close(unit_connector.db);
  unit_connector.db = before;
}

/* One step with the n-th allocation failing, for every n; `granted`: what holds before it. */
static void sweep(const char *what, int (*step)(void), bool granted, bool after) {
  int points = 0;
  for (int n = 1; n < 5000; n++, points++) {
    renew_file();
    if (granted) CHECK(grant() == SQLITE_OK);
    if (n % 2) forget(); /* with and without what was read before */
    check("shop");
    unit_fail_at = n;
    int code = step();
    bool done = unit_fail_at > 0;
    unit_fail_at = 0;
    if (!CHECK(code == SQLITE_OK || code == SQLITE_NOMEM)) {
      printf("  %s at %d: code %d %s\n", what, n, code, error.message ? error.message : "");
    }
    forget();
    int holds = check("shop");
    if (!CHECK(holds == after || (code != SQLITE_OK && holds == granted))) {
      printf("  %s at %d: code %d, then %d\n", what, n, code, holds);
    }
    if (done) {
      CHECK(code == SQLITE_OK);
      break;
    }
  }
  CHECK(points > 20 && points < 4999);
}

int main(void) {
  sqlite3_config(SQLITE_CONFIG_URI, 1);
  unit_start();
  unit_connector.host.interrupted = never;
  strcpy(folder,
         access("/dev/shm", W_OK) == 0 ? "/dev/shm/allow_test.XXXXXX" : "/tmp/allow_test.XXXXXX");
  if (mkdtemp(folder) == NULL) return 1;
  sqlite3_snprintf(sizeof store, store, "%s/blocks.db", folder);
  sqlite3_snprintf(sizeof file, file, "%s/file.db", folder);
  sqlite3_snprintf(sizeof copy, copy, "%s/copy.db", folder);
  unsetenv("HOME");
  unsetenv("XDG_CONFIG_HOME");
  setenv("CONNECTOR_STORE", store, 1);
  forget();
  renew_file();
  test_life();
  test_places();
  test_memory();
  sweep("grant", grant, false, true);
  sweep("grant again", grant, true, true);
  sweep("check", ask, true, true);
  sweep("revoke", take_back, true, false);
  sweep("list", list, true, true);
  sqlite3_close(unit_connector.db);
  allow_free(unit_connector.allowed);
  error_clear(&error);
  unlink(file);
  unlink(copy);
  unlink(store);
  rmdir(folder);
  sqlite3_shutdown();
  return unit_report();
}
