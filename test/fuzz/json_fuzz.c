/*
** json_fuzz.c: any bytes as JSON. What we accept, SQLite accepts, and reads the same; what SQLite
** accepts we accept, but for the exceptions that src/json_reader.c names; what we write comes back.
**
** sources: src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_buffer.c src/driver_reals.c src/driver_text.c src/driver_values.c
*/
#include "json.h"
#include "fuzz.h"

#include <math.h>

static sqlite3 *db;

static sqlite3_stmt *prepare(const char *sql, const char *text, size_t size) {
  sqlite3_stmt *statement = NULL;
  if (!db) sqlite3_open(":memory:", &db);
  REQUIRE(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
  sqlite3_bind_text(statement, 1, text, (int)size, SQLITE_STATIC);
  return statement;
}

static bool sqlite_accepts(const char *text, size_t size) {
  sqlite3_stmt *statement = prepare("SELECT json_valid(?1)", text, size);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  bool valid = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return valid;
}

/* Refused by us for a reason of our own; or by mistake not by SQLite 3.40: {["a"]:1}. */
static bool is_exception(const char *message) {
  static const char *const words[] = {
      "surrogate", "UTF-8",   "NUL byte",      "nested",
      "base64",    "\\u0000", "an object {…}", "a string in double quotes"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strstr(message, words[i])) return true;
  }
  return false;
}

static bool same_number(double a, double b) {
  if (isinf(a) || isinf(b)) return a == b || fabs(a) > 1e308 || fabs(b) > 1e308;
  return fabs(a - b) <= 1e-9 * fabs(a) || fabs(a - b) < 1e-300;
}

static void compare_item(const JsonItem *item, sqlite3_stmt *row) {
  const Value *value = &item->value;
  if (item->key) REQUIRE(strcmp(item->key, (const char *)sqlite3_column_text(row, 0)) == 0);
  const char *type = (const char *)sqlite3_column_text(row, 1);
  switch (item->kind) {
  case JSON_NULL: REQUIRE(!strcmp(type, "null") && value->type == VALUE_NULL); break;
  case JSON_TRUE: REQUIRE(!strcmp(type, "true") && value->integer == 1); break;
  case JSON_FALSE: REQUIRE(!strcmp(type, "false") && value->integer == 0); break;
  case JSON_INTEGER:
    REQUIRE(!strcmp(type, "integer") && value->integer == sqlite3_column_int64(row, 2));
    break;
  case JSON_REAL:
    REQUIRE(!strcmp(type, "real") && same_number(value->real, sqlite3_column_double(row, 2)));
    break;
  case JSON_ARRAY: REQUIRE(!strcmp(type, "array") && value->json); break;
  case JSON_OBJECT: REQUIRE(!strcmp(type, "object") && value->json); break;
  case JSON_TEXT:
    if (!strcmp(type, "text")) {
      const char *text = (const char *)sqlite3_column_text(row, 2);
      size_t size = strlen(value->bytes.data); /* SQLite stops at NUL; one ends our copy */
      REQUIRE(strlen(text) == size && !memcmp(text, value->bytes.data, size));
    } else {
      REQUIRE(!strcmp(type, value->type == VALUE_BLOB ? "object" : "integer"));
    }
    break;
  }
}

static void compare_items(const JsonItems *items, const char *text, size_t size) {
  sqlite3_stmt *row = prepare("SELECT key, type, value FROM json_each(?1)", text, size);
  for (size_t i = 0; i < items->count; i++) {
    REQUIRE(sqlite3_step(row) == SQLITE_ROW);
    compare_item(&items->items[i], row);
  }
  REQUIRE(sqlite3_step(row) == SQLITE_DONE);
  sqlite3_finalize(row);
}

/* Written and read again, every value is the same. */
static void round_trip(const JsonItems *items) {
  DriverBuffer buffer;
  JsonItems *again;
  Error error = {0};
  buffer_init(&buffer, &fuzz_connector.host);
  buffer_text(&buffer, "[");
  for (size_t i = 0; i < items->count; i++) {
    if (i) buffer_text(&buffer, ",");
    json_value(&buffer, &items->items[i].value);
  }
  buffer_text(&buffer, "]");
  REQUIRE(json_parse(&fuzz_connector, buffer.data, buffer.size, &again, &error) == SQLITE_OK);
  REQUIRE(again->count == items->count);
  for (size_t i = 0; i < items->count; i++) {
    const Value *a = &items->items[i].value, *b = &again->items[i].value;
    if (a->type == VALUE_REAL && isinf(a->real)) continue; /* becomes the text "Infinity" */
    REQUIRE(a->type == b->type && a->json == b->json);
    if (a->type == VALUE_INTEGER) REQUIRE(a->integer == b->integer);
    if (a->type == VALUE_REAL) REQUIRE(a->real == b->real);
    if (a->type >= VALUE_TEXT) {
      REQUIRE(a->bytes.size == b->bytes.size);
      REQUIRE(!a->bytes.size || !memcmp(a->bytes.data, b->bytes.data, a->bytes.size));
    }
  }
  json_free(again);
  buffer_clear(&buffer);
}

static void canonical_twice(const char *text, size_t size, bool parsed) {
  Error error = {0};
  char *once = NULL, *twice = NULL;
  int code = json_canonical(&fuzz_connector, text, size, &once, &error);
  REQUIRE(code == SQLITE_OK || !parsed);
  if (code == SQLITE_OK) {
    REQUIRE(sqlite_accepts(once, strlen(once)));
    REQUIRE(json_canonical(&fuzz_connector, once, strlen(once), &twice, &error) == SQLITE_OK);
    REQUIRE(strcmp(once, twice) == 0);
  }
  sqlite3_free(once);
  sqlite3_free(twice);
  error_clear(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  Error error = {0};
  JsonItems *items;
  int code = json_parse(&fuzz_connector, text, size, &items, &error);
  if (code == SQLITE_OK) {
    REQUIRE(sqlite_accepts(text, size));
    compare_items(items, text, size);
    round_trip(items);
  } else {
    REQUIRE(items == NULL && error.message);
    REQUIRE(is_exception(error.message) || !sqlite_accepts(text, size));
  }
  canonical_twice(text, size, code == SQLITE_OK);
  json_free(items);
  error_clear(&error);
  return 0;
}
