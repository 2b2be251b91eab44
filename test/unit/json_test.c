/*
** json_test.c: reading JSON, writing values, the canonical form.
**
** sources: src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_buffer.c src/driver_reals.c src/driver_text.c src/driver_values.c
*/
#include "json.h"
#include "unit.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static Error error;

static JsonItems *parse_sized(const char *text, size_t size) {
  JsonItems *items = NULL;
  error_clear(&error);
  int code = json_parse(&unit_connector, text, size, &items, &error);
  CHECK((code == SQLITE_OK) == (items != NULL));
  CHECK(code == error.code);
  return items;
}

static JsonItems *parse(const char *text) {
  return parse_sized(text, strlen(text));
}

static bool text_is(const Value *value, const char *text) {
  size_t size = strlen(text);
  return value->type == VALUE_TEXT && value->bytes.size == size &&
         memcmp(value->bytes.data, text, size) == 0;
}

static void test_object(void) {
  JsonItems *items =
      parse(" { \"n\":null, \"t\" : true,\"f\":false,\"i\":-12,\"r\":1.0,\"s\":\"a\\n"
            "\\u00e9\\ud83d\\ude00\\/\",\"a\":[1, {\"x\":2}],\"o\":{ \"y\" : [] },"
            "\"\":\"\",\"n\":2}\n");
  if (!CHECK(items && items->is_object && items->count == 10)) return;
  const JsonItem *item = items->items;
  CHECK(item[0].kind == JSON_NULL && item[0].value.type == VALUE_NULL);
  CHECK_TEXT(item[0].key, "n");
  CHECK(item[1].kind == JSON_TRUE && item[1].value.type == VALUE_INTEGER);
  CHECK(item[1].value.integer == 1);
  CHECK(item[2].kind == JSON_FALSE && item[2].value.integer == 0);
  CHECK(item[3].kind == JSON_INTEGER && item[3].value.integer == -12);
  CHECK(item[4].kind == JSON_REAL && item[4].value.type == VALUE_REAL && item[4].value.real == 1.0);
  CHECK(item[5].kind == JSON_TEXT && text_is(&item[5].value, "a\né😀/") && !item[5].value.json);
  CHECK(item[6].kind == JSON_ARRAY && text_is(&item[6].value, "[1, {\"x\":2}]"));
  CHECK(item[6].value.json);
  CHECK(item[7].kind == JSON_OBJECT && text_is(&item[7].value, "{ \"y\" : [] }"));
  CHECK(item[7].value.json);
  CHECK_TEXT(item[8].key, "");
  CHECK(text_is(&item[8].value, ""));
  CHECK_TEXT(item[9].key, "n");
  CHECK(item[9].value.integer == 2);
  json_free(items);
}

static void test_array(void) {
  JsonItems *items = parse("[]");
  CHECK(items && !items->is_object && items->count == 0);
  json_free(items);
  items =
      parse("[9223372036854775807,-9223372036854775808,9223372036854775808,"
            "-9223372036854775809,1e400,-1e400,1e-400,-0,0.1,1E2,123456789012345678901234567890]");
  if (!CHECK(items && items->count == 11)) return;
  const JsonItem *item = items->items;
  CHECK(item[0].value.integer == INT64_MAX && item[0].kind == JSON_INTEGER);
  CHECK(item[1].value.integer == INT64_MIN && item[1].kind == JSON_INTEGER);
  CHECK(text_is(&item[2].value, "9223372036854775808") && item[2].kind == JSON_TEXT);
  CHECK(text_is(&item[3].value, "-9223372036854775809") && !item[3].value.json);
  CHECK(isinf(item[4].value.real) && item[4].value.real > 0 && item[4].kind == JSON_REAL);
  CHECK(isinf(item[5].value.real) && item[5].value.real < 0);
  CHECK(item[6].value.type == VALUE_REAL && item[6].value.real == 0);
  CHECK(item[7].kind == JSON_INTEGER && item[7].value.integer == 0);
  CHECK(item[8].value.real == 0.1);
  CHECK(item[9].kind == JSON_REAL && item[9].value.real == 100);
  CHECK(text_is(&item[10].value, "123456789012345678901234567890"));
  CHECK(item[0].key == NULL);
  json_free(items);
}

/* A decimal comma of the host's locale must not reach numbers. */
static void test_locale(void) {
  const char *names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!setlocale(LC_ALL, names[i])) continue;
    JsonItems *items = parse("[1.5]");
    CHECK(items && items->items[0].value.real == 1.5);
    json_free(items);
  }
  setlocale(LC_ALL, "C");
}

static void test_nul_in_text(void) {
  JsonItems *items = parse("[\"x\\u0000y\"]");
  if (!CHECK(items && items->count == 1)) return;
  CHECK(items->items[0].value.bytes.size == 3);
  CHECK(memcmp(items->items[0].value.bytes.data, "x\0y", 3) == 0);
  json_free(items);
}

static void test_base64(void) {
  static const struct {
    const char *text;
    const char *bytes;
    size_t size;
  } good[] = {
      {"{\"$base64\":\"\"}", "", 0},
      {"{\"$base64\":\"AA==\"}", "\0", 1},
      {"{ \"$base64\" : \"AP8=\" }", "\0\xff", 2},
      {"{\"$base64\":\"Zm9v\"}", "foo", 3},
      {"{\"$base64\":\"\\/\\/\\u002f\\/\"}", "\xff\xff\xff", 3}, /* '/' may come as an escape */
      {"{\"$base64\":\"+/+/+/8=\"}", "\xfb\xff\xbf\xfb\xff", 5},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    char text[80];
    snprintf(text, sizeof text, "[%s]", good[i].text);
    JsonItems *items = parse(text);
    if (!CHECK(items && items->count == 1)) continue;
    const Value *value = &items->items[0].value;
    CHECK(items->items[0].kind == JSON_TEXT && value->type == VALUE_BLOB);
    CHECK(value->bytes.size == good[i].size);
    CHECK(memcmp(value->bytes.data, good[i].bytes, good[i].size) == 0);
    json_free(items);
  }
  static const char *const bad[] = {"A",
                                    "AA",
                                    "AAA",
                                    "AA=A",
                                    "A===",
                                    "====",
                                    "AB==",
                                    "AAB=",
                                    "AA==AA==",
                                    "A A=",
                                    "AAA-",
                                    "AAA\\n",
                                    "AAA=\\u0000\\u0000",
                                    "AA\\u0000="};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[80];
    snprintf(text, sizeof text, "[{\"$base64\":\"%s\"}]", bad[i]);
    CHECK(parse(text) == NULL);
    CHECK(error.message && strstr(error.message, "base64"));
  }
  /* not the form: an ordinary object */
  static const char *const other[] = {"[{\"$base64\":1}]", "[{\"$base64\":\"AA==\",\"x\":1}]",
                                      "[{\"\\u0024base64\":\"AA==\"}]",
                                      "[{\"$base64x\":\"AA==\"}]"};
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    JsonItems *items = parse(other[i]);
    CHECK(items && items->items[0].kind == JSON_OBJECT && items->items[0].value.json);
    json_free(items);
  }
}

static void test_invalid(void) {
  static const struct {
    const char *text;
    const char *message;
  } cases[] = {
      {"", "byte 1: an object {…} or an array […] is expected"},
      {"  ", "byte 3: an object"},
      {"1", "byte 1: an object"},
      {"\"a\"", "byte 1: an object"},
      {"null", "byte 1: an object"},
      {"{", "byte 2: a string in double quotes"},
      {"[", "byte 2: a value is expected"},
      {"[1", "byte 3: ',' or ']' is expected"},
      {"[1,", "byte 4: a value is expected"},
      {"[1,]", "byte 4: a value is expected"},
      {"[,1]", "byte 2: a value is expected"},
      {"[1 2]", "byte 4: ',' or ']'"},
      {"[1}", "byte 3: ',' or ']'"},
      {"{\"a\"}", "byte 5: ':' is expected"},
      {"{\"a\":1]", "byte 7: ',' or '}'"},
      {"{\"a\":1,}", "byte 8: a string in double quotes"},
      {"{a:1}", "byte 2: a string in double quotes"},
      {"{[\"a\"]:1}", "byte 2: a string in double quotes"},
      {"{'a':1}", "byte 2: a string in double quotes"},
      {"[01]", "must not start with 0"},
      {"[-]", "a digit is expected"},
      {"[1.]", "a digit is expected"},
      {"[.5]", "a value is expected"},
      {"[+1]", "a value is expected"},
      {"[1e]", "a digit is expected"},
      {"[1e+]", "a digit is expected"},
      {"[NaN]", "a value is expected"},
      {"[Infinity]", "a value is expected"},
      {"[tru]", "a value is expected"},
      {"[truex]", "',' or ']'"},
      {"[\"a]", "a string has no end"},
      {"[\"a\\", "unknown escape"},
      {"[\"\\x\"]", "unknown escape"},
      {"[\"\\u12g4\"]", "four hexadecimal"},
      {"[\"\\u12", "four hexadecimal"},
      {"[\"\\ud800\"]", "surrogate"},
      {"[\"\\ud800\\u0041\"]", "surrogate"},
      {"[\"\\ud800\\", "surrogate"},
      {"[\"\\udc00\"]", "surrogate"},
      {"[\"a\nb\"]", "control character"},
      {"[1] x", "byte 5: nothing more"},
      {"[1]]", "byte 4: nothing more"},
      {"{\"a\\u0000b\":1}", "name must not contain"},
      {"[\"\xff\"]", "UTF-8"},
      {"[\"\xed\xa0\x80\"]", "UTF-8"},
      {"[1] // x", "nothing more"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    JsonItems *items = parse(cases[i].text);
    CHECK(items == NULL && error.code == SQLITE_ERROR);
    if (!CHECK(error.message && strstr(error.message, cases[i].message))) {
      printf("  %s -> %s\n", cases[i].text, error.message ? error.message : "(none)");
    }
    json_free(items);
  }
  CHECK(parse_sized("[1]\0[2]", 7) == NULL);
  CHECK(strstr(error.message, "byte 4: a NUL byte") != NULL);
  CHECK(parse_sized(NULL, 0) == NULL);
  CHECK(parse_sized("[1,2]", 4) == NULL); /* the size counts, not the NUL */
}

static void test_errors_show_no_text(void) {
  static const char *const texts[] = {"{\"password\":\"hunter2\" x}", "{\"password\":hunter2}",
                                      "{\"password\":\"hunter2", "[{\"$base64\":\"hunter2\"}]"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    CHECK(parse(texts[i]) == NULL);
    CHECK(error.message && !strstr(error.message, "hunter"));
  }
}

static void test_depth(void) {
  char *text = malloc(4100);
  for (int depth = 999; depth <= 1001; depth++) {
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    JsonItems *items = parse_sized(text, (size_t)depth * 2);
    CHECK((items != NULL) == (depth <= 1000));
    json_free(items);
    char *canonical = NULL;
    error_clear(&error);
    int code = json_canonical(&unit_connector, text, (size_t)depth * 2, &canonical, &error);
    CHECK((code == SQLITE_OK) == (depth <= 1000));
    sqlite3_free(canonical);
  }
  free(text);
}

static void check_value_text(Value value, const char *wanted) {
  DriverBuffer buffer;
  buffer_init(&buffer, &unit_connector.host);
  json_value(&buffer, &value);
  CHECK_TEXT(buffer.data, wanted);
  buffer_clear(&buffer);
}

static Value bytes(ValueType type, const char *data, size_t size) {
  Value value = {.type = type};
  value.bytes.data = data;
  value.bytes.size = size;
  return value;
}

static void test_write(void) {
  check_value_text((Value){.type = VALUE_NULL}, "null");
  check_value_text((Value){.type = VALUE_INTEGER, .integer = INT64_MIN}, "-9223372036854775808");
  check_value_text((Value){.type = VALUE_INTEGER, .integer = 1}, "1");
  check_value_text((Value){.type = VALUE_REAL, .real = 1}, "1.0");
  check_value_text((Value){.type = VALUE_REAL, .real = 0.1}, "0.1");
  check_value_text((Value){.type = VALUE_REAL, .real = NAN}, "\"NaN\"");
  check_value_text((Value){.type = VALUE_REAL, .real = INFINITY}, "\"Infinity\"");
  check_value_text((Value){.type = VALUE_REAL, .real = -INFINITY}, "\"-Infinity\"");
  check_value_text(bytes(VALUE_TEXT, NULL, 0), "\"\"");
  check_value_text(bytes(VALUE_TEXT, "a\"\\\n\x01", 5), "\"a\\\"\\\\\\n\\u0001\"");
  check_value_text(bytes(VALUE_TEXT, "x\0y", 3), "\"x\\u0000y\"");
  check_value_text(bytes(VALUE_BLOB, NULL, 0), "{\"$base64\":\"\"}");
  check_value_text(bytes(VALUE_BLOB, "\0\xff", 2), "{\"$base64\":\"AP8=\"}");
  check_value_text(bytes(VALUE_BLOB, "f", 1), "{\"$base64\":\"Zg==\"}");
  check_value_text(bytes(VALUE_BLOB, "foo", 3), "{\"$base64\":\"Zm9v\"}");
  Value document = bytes(VALUE_TEXT, "{\"a\": [1]}", 10);
  document.json = true;
  check_value_text(document, "{\"a\": [1]}");
}

/* Every size around the pieces in which base64 is written comes back as it was. */
static void test_blob_round_trip(void) {
  static char data[9000];
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (char)(i * 7 + i / 256);
  static const size_t sizes[] = {0, 1, 2, 3, 4, 3070, 3071, 3072, 3073, 3074, 6144, 8999, 9000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    DriverBuffer buffer;
    buffer_init(&buffer, &unit_connector.host);
    Value value = bytes(VALUE_BLOB, data, sizes[i]);
    buffer_text(&buffer, "[");
    json_value(&buffer, &value);
    buffer_text(&buffer, "]");
    JsonItems *items = parse_sized(buffer.data, buffer.size);
    CHECK(items && items->items[0].value.type == VALUE_BLOB);
    CHECK(items && items->items[0].value.bytes.size == sizes[i]);
    CHECK(items && memcmp(items->items[0].value.bytes.data, data, sizes[i]) == 0);
    json_free(items);
    buffer_clear(&buffer);
  }
}

static void test_canonical(void) {
  static const struct {
    const char *text, *canonical;
  } cases[] = {
      {"", "{}"},
      {"  \n", "{}"},
      {"null", "{}"},
      {" { } ", "{}"},
      {"[]", "[]"},
      {"{\"b\":1.50,\"a\":\"\\u0041\"}", "{\"a\":\"A\",\"b\":1.5}"},
      {"{\"a\":1}", "{\"a\":1}"},
      {"{\"a\":1.0}", "{\"a\":1.0}"},
      {"{\"a\":1.00e0}", "{\"a\":1.0}"},
      {"{\"a\":-0}", "{\"a\":0}"},
      {"{\"a\":18446744073709551615}", "{\"a\":18446744073709551615}"},
      {"{\"a\":\"18446744073709551615\"}", "{\"a\":\"18446744073709551615\"}"},
      {"{\"a\":1e999,\"b\":-1e999}", "{\"a\":9e999,\"b\":-9e999}"},
      {"{\"z\":{\"y\":[ {\"d\":1,\"c\":2} , true,false,null],\"x\":{}},\"\":0}",
       "{\"\":0,\"z\":{\"x\":{},\"y\":[{\"c\":2,\"d\":1},true,false,null]}}"},
      {"{\"a\":1,\"B\":2,\"aa\":3,\"é\":4,\"A\":5}", "{\"A\":5,\"B\":2,\"a\":1,\"aa\":3,\"é\":4}"},
      {"{\"k\":2,\"a\":0,\"\\u006b\":1}", "{\"a\":0,\"k\":2,\"k\":1}"},
      {"{\"a\\u0000b\":1,\"a\":2}", "{\"a\":2,\"a\\u0000b\":1}"},
      {"[1, \"a\" ,[ ]]", "[1,\"a\",[]]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *canonical = NULL;
    error_clear(&error);
    CHECK(json_canonical(&unit_connector, cases[i].text, strlen(cases[i].text), &canonical,
                         &error) == SQLITE_OK);
    CHECK_TEXT(canonical, cases[i].canonical);
    sqlite3_free(canonical);
  }
  static const char *const bad[] = {"1", "nul", "null 1", "{\"a\":}", "{} {}", "[1,", "{\"a\":[}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char *canonical = (char *)"";
    error_clear(&error);
    CHECK(json_canonical(&unit_connector, bad[i], strlen(bad[i]), &canonical, &error) ==
          SQLITE_ERROR);
    CHECK(canonical == NULL && error.message);
  }
}

/* Every allocation fails once: an error or the right answer, and nothing is left. */
static void test_memory(void) {
  static const char text[] = "{\"a\":1,\"b\":[1,2],\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
                             "\"i\":{\"k\":1,\"j\":2}}";
  bool done = false;
  for (int i = 1; !done; i++) {
    error_clear(&error);
    JsonItems *items = NULL;
    unit_fail_at = i;
    int code = json_parse(&unit_connector, text, sizeof text - 1, &items, &error);
    char *canonical = NULL;
    if (!code) code = json_canonical(&unit_connector, text, sizeof text - 1, &canonical, &error);
    done = unit_fail_at > 0;
    unit_fail_at = 0;
    CHECK(done ? code == SQLITE_OK : code == SQLITE_NOMEM);
    json_free(items);
    sqlite3_free(canonical);
  }
}

int main(void) {
  unit_start();
  test_object();
  test_array();
  test_locale();
  test_nul_in_text();
  test_base64();
  test_invalid();
  test_errors_show_no_text();
  test_depth();
  test_write();
  test_blob_round_trip();
  test_canonical();
  test_memory();
  json_free(NULL);
  error_clear(&error);
  return unit_report();
}
