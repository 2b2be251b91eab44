/*
** lookup_fail_test.c: an interrupt, a full or failing disk, an unfriendly host and each failed allocation are
** errors, never an early end of data, and leave a look-up store that can be used.
** sources: src/lookup*.c src/error.c src/log_mask.c src/driver_*.c
*/
#include "lookups.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---------------------------------------------------------------- stopping */

/* 1,000,000 rows in little memory; then every kind of work ends soon after the user says so. */
static void test_interrupt(void) {
  Lookup *store = store_new(4, 1000000);
  LookupPlan *plans[3] = {NULL};
  const LookupTerm terms[3] = {{3, LOOKUP_NOT_NULL, 0, true}, /* a scan that finds nothing */
                               {2, LOOKUP_EQ, 0, true},       /* an index is made */
                               {0, LOOKUP_EQ, 0, true}};
  Value argument = integer(-1);
  for (int i = 0; i < 3; i++) {
    char name[2] = {(char)('a' + i), 0};
    CHECK(lookup_plan(store, name, &terms[i], 1, &plans[i], &error) == SQLITE_OK);
  }
  for (int i = 0; i < 3; i++) {
    many_fill(store, 1000000);
    CHECK(sqlite3_memory_used() < 12000000);
    int code = SQLITE_OK;
    stop = i != 2;
    double start = cpu_seconds();
    while (code == SQLITE_OK || code == SQLITE_DONE) {
      code = lookup_search(store, plans[i], &argument, 1, &error);
      if (code == SQLITE_OK) code = lookup_next(store, &error);
      if (i == 2 && !stop) { /* while many short look-ups are made */
        stop = true;
        start = cpu_seconds();
      }
      if (cpu_seconds() - start > 20) break;
    }
    CHECK(code == SQLITE_INTERRUPT && error.code == SQLITE_INTERRUPT);
    CHECK_TEXT(error.message, "interrupted");
    CHECK(cpu_seconds() - start < 0.25);
    CHECK(!lookup_is_whole(store) && store->db == NULL);
    CHECK(lookup_next(store, &error) == SQLITE_DONE);
    stop = false;
  }
  CHECK(record(store, plans[2], integer(1), 1, 5) == SQLITE_OK);
  CHECK(remembered(store, plans[2], integer(1), 1) == 4);
  stop = true; /* while an answer is recorded, whatever becomes of it */
  int code = SQLITE_OK;
  for (int64_t i = 0; i < 10000000 && code == SQLITE_OK; i++)
    code = record(store, plans[2], integer(i), 1, i % 50);
  CHECK(code == SQLITE_INTERRUPT);
  stop = false;
  CHECK(record(store, plans[2], integer(1), 1, 5) == SQLITE_OK);
  lookup_free(store);
}

/* ---------------------------------------------------------------- a disk that fails */

static sqlite3_vfs *real_vfs;
static sqlite3_vfs small_vfs;
static sqlite3_io_methods small_methods, real_methods;
static int64_t disk_size;
static int open_error, read_error, files_open;

static int small_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
  if (offset + size > disk_size) return SQLITE_FULL;
  return real_methods.xWrite(file, data, size, offset);
}

static int small_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset) {
  if (read_error != 0) return read_error;
  return real_methods.xRead(file, data, size, offset);
}

static int small_close(sqlite3_file *file) {
  files_open--;
  return real_methods.xClose(file);
}

static int small_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  (void)vfs;
  if (open_error != 0) {
    file->pMethods = NULL;
    return open_error;
  }
  int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
  if (code != SQLITE_OK) return code;
  files_open++;
  real_methods = small_methods = *file->pMethods;
  small_methods.xWrite = small_write;
  small_methods.xRead = small_read;
  small_methods.xClose = small_close;
  file->pMethods = &small_methods;
  return SQLITE_OK;
}

/* Fills until an error comes. */
static int fill_all(Lookup *store) {
  int code = lookup_fill(store, &error);
  for (int64_t i = 0; i < 300000 && code == SQLITE_OK; i++) {
    Value row[] = {integer(i), text("some more text in every row"), real((double)i / 3), null()};
    code = lookup_add(store, row, &error);
  }
  return code == SQLITE_OK ? lookup_end(store, &error) : code;
}

static void test_disk(void) {
  real_vfs = sqlite3_vfs_find(NULL);
  small_vfs = *real_vfs;
  small_vfs.zName = "small";
  small_vfs.xOpen = small_open;
  sqlite3_vfs_register(&small_vfs, 1);
  Lookup *store = store_new(4, 1000000);
  LookupPlan *plan = plan_of(store, "p");
  Value argument = integer(290000);
  disk_size = 3000000;
  CHECK(fill_all(store) == SQLITE_FULL);
  CHECK(error.message != NULL && strstr(error.message, "SQLITE_TMPDIR") != NULL);
  CHECK(!lookup_is_whole(store) && !lookup_wants_rows(store) && files_open == 0);
  CHECK(record(store, plan, integer(1), 1, 5) == SQLITE_OK);
  CHECK(remembered(store, plan, integer(1), 1) == 4);
  /* room for the rows, none for an index */
  disk_size = INT64_MAX;
  CHECK(fill_all(store) == SQLITE_OK && files_open == 1);
  disk_size = 1000;
  CHECK(lookup_search(store, plan, &argument, 1, &error) == SQLITE_FULL);
  CHECK(!lookup_is_whole(store) && files_open == 0);
  disk_size = INT64_MAX;
  /* no file can be made */
  open_error = SQLITE_CANTOPEN;
  CHECK((fill_all(store) & 0xff) == SQLITE_CANTOPEN);
  CHECK(strstr(error.message, "temporary database") != NULL);
  open_error = 0;
  /* it cannot be read: never an early end of data */
  CHECK(fill_all(store) == SQLITE_OK);
  CHECK(lookup_search(store, plan, &argument, 1, &error) == SQLITE_OK);
  read_error = SQLITE_IOERR_READ;
  argument = integer(7);
  int code = lookup_search(store, plan, &argument, 1, &error);
  if (code == SQLITE_OK) code = lookup_next(store, &error);
  CHECK(code == SQLITE_IOERR_READ);
  CHECK(!lookup_is_whole(store));
  read_error = 0;
  CHECK(fill_all(store) == SQLITE_OK);
  CHECK(lookup_search(store, plan, &argument, 1, &error) == SQLITE_OK);
  CHECK(rows_read(store, 7) == 1);
  lookup_free(store);
  CHECK(files_open == 0);
  sqlite3_vfs_unregister(&small_vfs);
  sqlite3_vfs_register(real_vfs, 1);
}

/* The file has no name and is gone at once. */
static void test_nameless(void) {
  char directory[] = "/tmp/lookup_test_XXXXXX";
  CHECK(mkdtemp(directory) != NULL);
  setenv("SQLITE_TMPDIR", directory, 1);
  Lookup *store = store_new(4, 1000000);
  CHECK(fill_all(store) == SQLITE_OK);
  CHECK(rmdir(directory) == 0); /* it is empty */
  unsetenv("SQLITE_TMPDIR");
  lookup_free(store);
}

/* ---------------------------------------------------------------- the host's ways */

static bool refuse;

static int no_progress(void *context) {
  (void)context;
  return 1;
}

/* What a host may have every connection load. */
static int hostile(sqlite3 *db, const char **message, const sqlite3_api_routines *api) {
  (void)message, (void)api;
  if (refuse) return SQLITE_ERROR;
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 100);
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 50);
  sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 2);
  sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 10);
  sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 1);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
  sqlite3_progress_handler(db, 1, no_progress, NULL);
  return SQLITE_OK;
}

static void test_hosts(void) {
  sqlite3_auto_extension((void (*)(void))hostile);
  for (int i = 0; i < 2; i++) {
    refuse = i == 1;
    Lookup *store = store_new(4, 10000000);
    LookupPlan *plan = plan_of(store, "p");
    char data[1000] = "";
    Value row[] = {integer(1), bytes(VALUE_TEXT, data, sizeof(data)), real(1), null()}, value;
    int code = lookup_fill(store, &error);
    CHECK(code == (refuse ? SQLITE_ERROR : SQLITE_OK));
    if (code == SQLITE_OK) {
      CHECK(lookup_add(store, row, &error) == SQLITE_OK && lookup_end(store, &error) == SQLITE_OK);
      CHECK(lookup_search(store, plan, row, 1, &error) == SQLITE_OK);
      CHECK(lookup_next(store, &error) == SQLITE_ROW);
      CHECK(lookup_value(store, 1, &value, &error) == SQLITE_OK && value_same(&value, &row[1]));
    } else {
      CHECK(strstr(error.message, "temporary database") != NULL);
    }
    lookup_free(store);
  }
  sqlite3_reset_auto_extension();
}

/* ---------------------------------------------------------------- memory */

/* All a store can do; the answer is right or an error. */
static int all_uses(void) {
  static const LookupColumn columns[] = {
      {"INTEGER", NULL, false}, {"TEXT", "NOCASE", false}, {"", NULL, true}};
  static const LookupTerm terms[] = {{0, LOOKUP_EQ, 0, true}, {1, LOOKUP_EQ, 1, true}};
  Lookup *store = NULL;
  LookupPlan *plan = NULL, *range = NULL;
  bool found = false;
  char long_text[3000];
  memset(long_text, 'x', sizeof(long_text));
  Value arguments[] = {integer(3), bytes(VALUE_TEXT, long_text, sizeof(long_text))};
  int code = lookup_new(&host, columns, 3, 1000000, &store, &error);
  if (code != SQLITE_OK) return code;
  code = lookup_plan(store, "p", terms, 2, &plan, &error);
  if (code == SQLITE_OK)
    code = lookup_plan(store, "r", &(LookupTerm){1, LOOKUP_GE, 0, true}, 1, &range, &error);
  for (int whole = 0; whole < 2 && code == SQLITE_OK; whole++) {
    code = whole ? lookup_fill(store, &error) : lookup_begin(store, plan, arguments, 2, &error);
    for (int64_t i = 0; i < 20 && code == SQLITE_OK; i++) {
      Value row[] = {integer(i), bytes(VALUE_TEXT, long_text, sizeof(long_text)), text("{}")};
      code = lookup_add(store, row, &error);
    }
    if (code == SQLITE_OK) code = lookup_end(store, &error);
    if (code == SQLITE_OK && !whole) code = lookup_find(store, plan, arguments, 2, &found, &error);
    if (code == SQLITE_OK && whole) code = lookup_search(store, plan, arguments, 2, &error);
    if (code != SQLITE_OK) break;
    CHECK(whole || found);
    int rows = 0;
    while ((code = lookup_next(store, &error)) == SQLITE_ROW) {
      Value value;
      code = lookup_value(store, 1, &value, &error);
      if (code != SQLITE_OK) break;
      CHECK(value_same(&value, &arguments[1]));
      rows++;
    }
    if (code != SQLITE_DONE) break;
    CHECK(rows == (whole ? 1 : 20));
    code = SQLITE_OK;
    if (!whole) {
      code = lookup_begin(store, plan, arguments, 1, &error);
      if (code == SQLITE_OK) code = lookup_add(store, (Value[]){null(), null(), null()}, &error);
      lookup_abandon(store);
    }
  }
  if (code == SQLITE_OK) {
    Value argument = text("w");
    int rows = 0;
    code = lookup_search(store, range, &argument, 1, &error);
    if (code == SQLITE_OK) {
      while ((code = lookup_next(store, &error)) == SQLITE_ROW)
        rows++;
      if (code == SQLITE_DONE) CHECK(rows == 20);
      if (code == SQLITE_DONE) code = SQLITE_OK;
    }
  }
  lookup_free(store);
  return code;
}

static bool use_checked(int64_t before) {
  int code = all_uses();
  CHECK(code == SQLITE_OK || code == SQLITE_NOMEM);
  if (code != SQLITE_OK) CHECK(error.code == SQLITE_NOMEM);
  error_clear(&error);
  CHECK(sqlite3_memory_used() == before);
  return code == SQLITE_OK;
}

/* Each allocation fails once; then there is only so much memory. */
static void test_memory(void) {
  int failures = 0, n = 1;
  error_clear(&error);
  int64_t before = sqlite3_memory_used();
  for (bool met = true; met; n++) {
    unit_fail_at = n;
    failures += !use_checked(before);
    met = unit_fail_at == 0;
    unit_fail_at = 0;
  }
  CHECK(failures > 100 && n > failures);
  failures = 0;
  for (n = 1; n < 600; n++) {
    sqlite3_hard_heap_limit64(before + n * 1000);
    failures += !use_checked(before);
  }
  sqlite3_hard_heap_limit64(0);
  CHECK(failures > 100 && failures < 599);
}

int main(void) {
  unit_start();
  test_interrupt();
  test_disk();
  test_nameless();
  test_hosts();
  test_memory();
  error_clear(&error);
  return unit_report();
}
