/*
** spill_test.c: rows come back as they went in, from memory and from the file, also while more
** come; a full or failing disk is an error and never a short result.
** sources: src/spill.c src/error.c src/log_mask.c src/driver_*.c
*/
#include "spill.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static Error error;

static Value integer(int64_t number) {
  return (Value){.type = VALUE_INTEGER, .integer = number};
}

static Value bytes(ValueType type, const char *data, size_t size) {
  return (Value){.type = type, .bytes = {data, size}};
}

static bool value_same(const Value *a, const Value *b) {
  if (a->type != b->type || a->json != b->json) return false;
  if (a->type == VALUE_NULL) return true;
  if (a->type == VALUE_INTEGER) return a->integer == b->integer;
  if (a->type == VALUE_REAL) return memcmp(&a->real, &b->real, 8) == 0;
  return a->bytes.size == b->bytes.size &&
         (a->bytes.size == 0 || memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0);
}

/* Row number i of the long tests: its width and its texts differ from row to row. */
static size_t row_make(int64_t i, Value *values, char *text) {
  size_t count = (size_t)(i % 5), size = (size_t)(i * 7 % 300);
  memset(text, 'a' + (int)(i % 26), size);
  for (size_t k = 0; k < count; k++) {
    values[k] = k == 0   ? integer(i)
                : k == 1 ? bytes(VALUE_TEXT, text, size)
                : k == 2 ? (Value){.type = VALUE_NULL}
                         : (Value){.type = VALUE_REAL, .real = (double)i / 3};
  }
  return count;
}

static bool row_check(int64_t i, const Value *values, size_t count) {
  Value wanted[5];
  char text[300];
  if (count != row_make(i, wanted, text)) return false;
  for (size_t k = 0; k < count; k++) {
    if (!value_same(&values[k], &wanted[k])) return false;
  }
  return true;
}

static int rows_append(Spill *spill, int64_t from, int64_t to) {
  Value values[5];
  char text[300];
  for (int64_t i = from; i < to; i++) {
    int code = spill_append(spill, values, row_make(i, values, text), &error);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

/* Reads to the end; the number of rows that were right, -1 for a wrong one. */
static int64_t rows_read(SpillReader *reader, int64_t from) {
  const Value *values;
  size_t count;
  int code;
  int64_t i = from;
  while ((code = spill_reader_next(reader, &values, &count, &error)) == SQLITE_ROW) {
    if (!row_check(i++, values, count)) return -1;
  }
  return code == SQLITE_DONE ? i - from : -1;
}

static void test_kinds(void) {
  Spill *spill = spill_new();
  Value row[] = {integer(INT64_MIN),
                 integer(INT64_MAX),
                 {.type = VALUE_REAL, .real = -0.0},
                 {.type = VALUE_NULL},
                 bytes(VALUE_TEXT, "a\0b\xff", 4),
                 bytes(VALUE_TEXT, NULL, 0),
                 bytes(VALUE_BLOB, "\0\1\2", 3),
                 bytes(VALUE_BLOB, "", 0),
                 {.type = VALUE_TEXT, .json = true, .bytes = {"{}", 2}}};
  const Value *values;
  size_t count;
  CHECK(spill_append(spill, row, 9, &error) == SQLITE_OK);
  CHECK(spill_append(spill, NULL, 0, &error) == SQLITE_OK);
  CHECK(spill_append(spill, row, 1, &error) == SQLITE_OK);
  CHECK(spill_rows(spill) == 3);
  SpillReader *reader = spill_reader_new(spill);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 9);
  for (int i = 0; i < 9; i++)
    CHECK(value_same(&values[i], &row[i]));
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 0);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 1);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_DONE);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_DONE);
  /* more may come after the end was seen */
  CHECK(spill_append(spill, row + 1, 2, &error) == SQLITE_OK);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 2);
  spill_reader_rewind(reader);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 9);
  spill_free(spill); /* the reader still holds it */
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 0);
  spill_reader_free(reader);
  spill_reader_free(NULL);
  spill_free(NULL);
}

/* Two readers at different places while the rows pass from memory into the file. */
static void test_growing(void) {
  Spill *spill = spill_new();
  SpillReader *slow = spill_reader_new(spill), *fast = spill_reader_new(spill);
  const Value *values;
  size_t count;
  int64_t slow_at = 0, fast_at = 0;
  int wrong = 0;
  for (int64_t i = 0; i < 60000; i += 100) {
    wrong += rows_append(spill, i, i + 100) != SQLITE_OK;
    int64_t got = rows_read(fast, fast_at);
    fast_at += got;
    wrong += got != 100;
    for (int k = 0; k < 37; k++) {
      wrong += spill_reader_next(slow, &values, &count, &error) != SQLITE_ROW;
      wrong += !row_check(slow_at++, values, count);
    }
  }
  CHECK(wrong == 0 && spill_rows(spill) == 60000);
  CHECK(sqlite3_memory_used() < 3 * SPILL_MEMORY);
  CHECK(rows_read(slow, slow_at) == 60000 - slow_at);
  spill_reader_rewind(fast);
  CHECK(rows_read(fast, 0) == 60000);
  spill_reader_free(slow);
  spill_reader_free(fast);
  spill_free(spill);
}

static void test_large(void) {
  enum { LARGE = 20 * 1024 * 1024 };
  char *blob = malloc(LARGE);
  Spill *spill = spill_new();
  const Value *values;
  size_t count;
  for (int i = 0; i < LARGE; i++)
    blob[i] = (char)(i * 31 + i / 4096);
  Value row[] = {integer(1), bytes(VALUE_BLOB, blob, LARGE)}, small = integer(7);
  CHECK(spill_append(spill, &small, 1, &error) == SQLITE_OK);
  CHECK(spill_append(spill, row, 2, &error) == SQLITE_OK);
  CHECK(sqlite3_memory_used() < 3 * SPILL_MEMORY); /* the room of the large row is given back */
  CHECK(spill_append(spill, &small, 1, &error) == SQLITE_OK);
  SpillReader *reader = spill_reader_new(spill);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 1);
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 2);
  CHECK(value_same(&values[1], &row[1]));
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_ROW && count == 1);
  CHECK(value_same(&values[0], &small));
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_DONE);
  spill_reader_free(reader);
  spill_free(spill);
  free(blob);
}

/* ---------------------------------------------------------------- a disk that fails */

/* The default VFS with a limit on what its files may hold; open files are counted. */
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
  if (open_error != 0) return open_error;
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

static void test_disk(void) {
  real_vfs = sqlite3_vfs_find(NULL);
  small_vfs = *real_vfs;
  small_vfs.zName = "small";
  small_vfs.xOpen = small_open;
  sqlite3_vfs_register(&small_vfs, 1);
  /* full */
  disk_size = 3000000;
  Spill *spill = spill_new();
  SpillReader *reader = spill_reader_new(spill);
  CHECK(rows_append(spill, 0, 100000) == SQLITE_FULL);
  CHECK(error.code == SQLITE_FULL && strstr(error.message, "SQLITE_TMPDIR") != NULL);
  CHECK(rows_append(spill, 0, 1) == SQLITE_FULL); /* it stays failed */
  const Value *values;
  size_t count;
  int code;
  do
    code = spill_reader_next(reader, &values, &count, &error);
  while (code == SQLITE_ROW);
  CHECK(code == SQLITE_FULL); /* never an early end of data */
  spill_reader_free(reader);
  spill_free(spill);
  /* a row that is larger than the disk */
  disk_size = 0;
  char *blob = calloc(1, 2 * SPILL_MEMORY);
  Value row = bytes(VALUE_BLOB, blob, 2 * SPILL_MEMORY);
  spill = spill_new();
  CHECK(spill_append(spill, &row, 1, &error) == SQLITE_FULL);
  spill_free(spill);
  free(blob);
  /* no file can be made */
  open_error = SQLITE_CANTOPEN;
  spill = spill_new();
  CHECK(rows_append(spill, 0, 100000) == SQLITE_CANTOPEN);
  CHECK(strstr(error.message, "temporary file") != NULL);
  spill_free(spill);
  open_error = 0;
  /* it cannot be read; then it can again */
  disk_size = INT64_MAX;
  spill = spill_new();
  reader = spill_reader_new(spill);
  CHECK(rows_append(spill, 0, 30000) == SQLITE_OK);
  read_error = SQLITE_IOERR_READ;
  CHECK(spill_reader_next(reader, &values, &count, &error) == SQLITE_IOERR_READ);
  read_error = 0;
  CHECK(rows_read(reader, 0) == 30000);
  spill_free(spill);
  CHECK(files_open == 1);
  spill_reader_free(reader);
  CHECK(files_open == 0);
  sqlite3_vfs_unregister(&small_vfs);
}

/* The file has no name and is gone at once. */
static void test_nameless(void) {
  char directory[] = "/tmp/spill_test_XXXXXX";
  CHECK(mkdtemp(directory) != NULL);
  setenv("SQLITE_TMPDIR", directory, 1);
  Spill *spill = spill_new();
  CHECK(rows_append(spill, 0, 30000) == SQLITE_OK);
  CHECK(rmdir(directory) == 0); /* it is empty */
  spill_free(spill);
}

/* Each allocation fails once. */
static void test_memory(void) {
  for (int n = 1; n < 40; n++) {
    unit_fail_at = n;
    Spill *spill = spill_new();
    SpillReader *reader = spill != NULL ? spill_reader_new(spill) : NULL;
    int code = spill != NULL ? rows_append(spill, 0, 20000) : SQLITE_NOMEM;
    int64_t got = reader != NULL && code == SQLITE_OK ? rows_read(reader, 0) : -1;
    bool failed = unit_fail_at == 0;
    unit_fail_at = 0;
    CHECK(failed || got == 20000);
    CHECK(code == SQLITE_OK || (code & 0xff) == SQLITE_NOMEM);
    spill_reader_free(reader);
    spill_free(spill);
  }
}

int main(void) {
  unit_start();
  test_kinds();
  test_growing();
  test_large();
  test_disk();
  test_nameless();
  test_memory();
  error_clear(&error);
  return unit_report();
}
