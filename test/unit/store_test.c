/*
** store_test.c: the set of blocks and the store when memory ends at any point: the old block stays
** readable, nothing leaks, and an unchanged document is the same Block.
** sources: src/block.c src/block_json.c src/block_target.c src/block_change.c src/draft.c
** sources: src/draft_check.c src/definition.c src/url.c src/address.c src/option_specs.c
** sources: src/text.c src/options.c src/option_list.c src/option_file.c src/secret.c src/secret_files.c
** sources: src/secret_command.c src/secret_ask.c src/sealed.c src/store_key.c src/cipher.c
** sources: src/store.c src/store_file.c src/store_grant.c src/block_set.c
** sources: src/registry.c src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_*.c src/sqlite/[a-z]*.c
*/
#include "block_set.h"
#include "blocks.h"
#include "store.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[40];
static char store[200];

static const char definition[] = "postgresql://ann:first@db/x?sslmode=require";

static int save(const char *text, bool overwrite) {
  Block *block = NULL;
  error_clear(&error);
  int code = block_parse(&unit_connector, "shop", text, strlen(text), NULL, 0, false, NULL, &block,
                         &error);
  if (code == SQLITE_OK) code = block_save(&unit_connector, block, overwrite, &error);
  block_release(block);
  return code;
}

/* The stored password, in `password`. */
static int find(char password[50], Block **kept) {
  Block *block = NULL;
  BlockTarget target = {0};
  error_clear(&error);
  int code = block_find(&unit_connector, "shop", &block, &error);
  if (code == SQLITE_OK) code = block_target(&unit_connector, block, &target, &error);
  if (code == SQLITE_OK) {
    sqlite3_snprintf(50, password, "%s",
                     target.target.password ? target.target.password : "(none)");
  }
  block_target_clear(&target);
  if (kept) {
    *kept = block; /* without its reference: only to compare */
  }
  block_release(block);
  return code;
}

static int list(size_t *count) {
  Block **blocks = NULL;
  error_clear(&error);
  int code = block_list(&unit_connector, &blocks, count, &error);
  block_list_free(blocks, *count);
  return code;
}

static int change(const char *key, const char *value) {
  Block *old = NULL, *changed = NULL;
  error_clear(&error);
  int code = block_find(&unit_connector, "shop", &old, &error);
  if (code == SQLITE_OK) {
    code = block_change(&unit_connector, old, key, value, &changed, &error);
  }
  if (code == SQLITE_OK) code = block_replace(&unit_connector, changed, &error);
  block_release(changed);
  block_release(old);
  return code;
}

static void renew(void) {
  block_set_free(unit_connector.blocks);
  unit_connector.blocks = block_set_new(&unit_connector);
}

static void test_life(void) {
  char password[50];
  size_t count = 0;
  Block *one = NULL, *two = NULL;
  CHECK(save(definition, false) == SQLITE_OK);
  CHECK(save(definition, false) == SQLITE_ERROR);
  CHECK(error.message && strstr(error.message, "already") != NULL);
  CHECK(find(password, &one) == SQLITE_OK);
  CHECK_TEXT(password, "first");
  CHECK(list(&count) == SQLITE_OK && count == 1);
  CHECK(find(password, &two) == SQLITE_OK && one == two);
  CHECK(change("fetch_size", "3") == SQLITE_OK);
  CHECK(find(password, &two) == SQLITE_OK);
  CHECK_TEXT(password, "first");
  CHECK(save("postgresql://ann:second@db/x", true) == SQLITE_OK);
  CHECK(find(password, NULL) == SQLITE_OK);
  CHECK_TEXT(password, "second");
}

/* One step with the n-th allocation failing, for every n; before and after it the store has a block
** with one of two passwords. */
static void sweep(const char *what, int (*step)(void), const char *before, const char *after) {
  int points = 0;
  for (int n = 1; n < 5000; n++, points++) {
    char password[50] = "";
    CHECK(save(definition, true) == SQLITE_OK);
    CHECK(find(password, NULL) == SQLITE_OK);
    if (n % 2) renew(); /* with and without what was read before */
    unit_fail_at = n;
    error_clear(&error);
    int code = step();
    bool done = unit_fail_at > 0;
    unit_fail_at = 0;
    if (!CHECK(done ? code == SQLITE_OK : code == SQLITE_OK || error.message != NULL)) {
      printf("  %s at %d: code %d %s\n", what, n, code, error.message ? error.message : "");
    }
    if (!CHECK(code == SQLITE_OK || code == SQLITE_NOMEM)) {
      printf("  %s at %d: code %d %s\n", what, n, code, error.message ? error.message : "");
    }
    renew();
    CHECK(find(password, NULL) == SQLITE_OK);
    const char *wanted = code == SQLITE_OK ? after : before;
    /* the error of a step whose change was already made */
    if (strcmp(password, wanted) != 0 && strcmp(password, after) != 0) CHECK_TEXT(password, wanted);
    if (done) break;
  }
  CHECK(points > 50 && points < 4999);
}

static int step_save(void) {
  return save("postgresql://ann:second@db/x?application_name=other", true);
}
static int step_change(void) {
  return change("password", "second");
}
static int step_find(void) {
  char password[50];
  return find(password, NULL);
}
static int step_list(void) {
  size_t count = 0;
  return list(&count);
}
static int step_delete_other(void) {
  bool deleted;
  return block_delete(&unit_connector, "nosuch", &deleted, &error);
}

static void test_delete(void) {
  bool deleted = false;
  CHECK(block_delete(&unit_connector, "shop", &deleted, &error) == SQLITE_OK && deleted);
  CHECK(block_delete(&unit_connector, "shop", &deleted, &error) == SQLITE_OK && !deleted);
}

int main(void) {
  unit_start();
  unit_connector.host.interrupted = interrupted;
  /* each save waits for the disk: in memory it does not, where there is such a place */
  strcpy(folder,
         access("/dev/shm", W_OK) == 0 ? "/dev/shm/store_test.XXXXXX" : "/tmp/store_test.XXXXXX");
  if (mkdtemp(folder) == NULL) return 1;
  sqlite3_snprintf(sizeof store, store, "%s/blocks.db", folder);
  unsetenv("HOME");
  unsetenv("XDG_CONFIG_HOME");
  setenv("CONNECTOR_STORE", store, 1);
  setenv("CONNECTOR_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  unit_connector.blocks = block_set_new(&unit_connector);
  test_life();
  sweep("save", step_save, "first", "second");
  sweep("change", step_change, "first", "second");
  sweep("find", step_find, "first", "first");
  sweep("list", step_list, "first", "first");
  sweep("delete", step_delete_other, "first", "first");
  test_delete();
  block_set_free(unit_connector.blocks);
  error_clear(&error);
  unlink(store);
  rmdir(folder);
  sqlite3_shutdown();
  return unit_report();
}
