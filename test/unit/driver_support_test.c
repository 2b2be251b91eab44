/*
** driver_support_test.c: what all drivers share: texts, numbers, dates, buffers, waiting, the
** cache.
** sources: src/driver_*.c
*/
#include "driver_support.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST (&unit_connector.host)

/* ---------------------------------------------------------------- UTF-8 and what is shown */

static void test_utf8(void) {
  static const struct {
    const char *text;
    size_t size;
    bool valid;
  } cases[] = {
      {"", 0, true},
      {"plain ascii, longer than eight bytes", 36, true},
      {"a\0b", 3, true},
      {"\x7f", 1, true},
      {"\xc2\x80", 2, true},         /* U+0080 */
      {"\xdf\xbf", 2, true},         /* U+07FF */
      {"\xe0\xa0\x80", 3, true},     /* U+0800 */
      {"\xed\x9f\xbf", 3, true},     /* U+D7FF */
      {"\xee\x80\x80", 3, true},     /* U+E000 */
      {"\xef\xbf\xbf", 3, true},     /* U+FFFF */
      {"\xf0\x90\x80\x80", 4, true}, /* U+10000 */
      {"\xf4\x8f\xbf\xbf", 4, true}, /* U+10FFFF */
      {"\xf0\x9f\x98\x80", 4, true}, /* emoji */
      {"12345678\xf0\x9f\x98\x80", 12, true},
      {"\x80", 1, false},             /* a continuation alone */
      {"\xc0\x80", 2, false},         /* overlong NUL */
      {"\xc1\xbf", 2, false},         /* overlong */
      {"\xe0\x9f\xbf", 3, false},     /* overlong */
      {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
      {"\xed\xa0\x80", 3, false},     /* surrogate */
      {"\xed\xbf\xbf", 3, false},     /* surrogate */
      {"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
      {"\xf5\x80\x80\x80", 4, false},
      {"\xff", 1, false},
      {"\xfe\xff", 2, false},
      {"\xc3", 1, false}, /* cut */
      {"\xe2\x82", 2, false},
      {"\xf0\x9f\x98", 3, false},
      {"\xc3(", 2, false},
      {"12345678\xff", 9, false},
      {"1234567\xff"
       "12345678",
       16, false},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    if (!CHECK(utf8_valid(cases[i].text, cases[i].size) == cases[i].valid)) printf("  %zu\n", i);
  }
  CHECK(utf8_valid(NULL, 0));
}

static void check_shown(const char *text, size_t size, size_t field_size, const char *wanted) {
  char field[200];
  memset(field, 'x', sizeof(field));
  driver_text(field, field_size, text, size);
  CHECK_TEXT(field, wanted);
  CHECK(utf8_valid(field, strlen(field)));
}

static void test_text(void) {
  check_shown("plain", 5, 100, "plain");
  check_shown(NULL, 7, 100, "");
  check_shown("", 0, 1, "");
  check_shown("line one\r\nline two\n", 19, 100, "line one line two");
  check_shown("\ttab", 4, 100, " tab");
  check_shown("a\x1b[31mred\x07\x7f", 12, 100, "a[31mred");
  check_shown("a\0b", 3, 100, "ab");
  check_shown("c1 \xc2\x9b"
              "31m",
              8, 100, "c1 31m");
  check_shown("bad\xff\xfe!", 6, 100, "bad\xef\xbf\xbd\xef\xbf\xbd!");
  check_shown("cut \xf0\x9f\x98", 7, 100, "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  check_shown("12345678", 8, 5, "1234");
  check_shown("abc\xc3\xa9", 5, 5, "abc");
  check_shown("abc\xc3\xa9", 5, 6, "abc\xc3\xa9");
  check_shown("ab\xf0\x9f\x98\x80", 6, 6, "ab");
}

static void test_error(void) {
  DriverError error;
  memset(&error, 0x55, sizeof(error));
  CHECK(driver_error_set(&error, FAILURE_REMOTE, "23505", "no %s\n", "way") == DRIVER_FAILED);
  CHECK(error.failure == FAILURE_REMOTE);
  CHECK_TEXT(error.sqlstate, "23505");
  CHECK_TEXT(error.message, "no way");
  CHECK(error.native == 0 && error.row == 0 && error.detail[0] == 0 && error.column[0] == 0);
  driver_error_set(&error, FAILURE_CONNECT, NULL, "x");
  CHECK_TEXT(error.sqlstate, "");
  driver_error_set(&error, FAILURE_CONNECT, "123", "x");
  CHECK_TEXT(error.sqlstate, "");
  driver_error_set(&error, FAILURE_CONNECT,
                   "12\x1b"
                   "34",
                   "x");
  CHECK_TEXT(error.sqlstate, "1234");
  /* the old text may be part of the new one */
  driver_error_set(&error, FAILURE_REMOTE, "42601", "inner");
  driver_error_set(&error, FAILURE_REMOTE, error.sqlstate, "outer: %s", error.message);
  CHECK_TEXT(error.message, "outer: inner");
  CHECK_TEXT(error.sqlstate, "42601");
  char *large = malloc(20001);
  for (int i = 0; i < 20000; i += 2)
    memcpy(large + i, "\xc3\xa9", 3);
  driver_error_set(&error, FAILURE_REMOTE, NULL, "%s", large);
  CHECK(strlen(error.message) == 998 && utf8_valid(error.message, 998));
  memset(large, 0x1b, 1999);
  driver_error_set(&error, FAILURE_REMOTE, NULL, "%s", large);
  CHECK_TEXT(error.message, "");
  free(large);
  CHECK(driver_error_memory(&error) == DRIVER_FAILED && error.failure == FAILURE_MEMORY);
}

/* ---------------------------------------------------------------- numbers */

static void check_real(double real, const char *wanted) {
  char text[32];
  memset(text, 'x', sizeof(text));
  int size = real_print(real, text);
  CHECK_TEXT(text, wanted);
  CHECK(size == (int)strlen(text));
}

static void test_real(void) {
  check_real(0.0, "0.0");
  check_real(-0.0, "-0.0");
  check_real(1, "1.0");
  check_real(-17, "-17.0");
  check_real(0.1, "0.1");
  check_real(0.1 + 0.2, "0.30000000000000004");
  check_real(1.0 / 3, "0.3333333333333333");
  check_real(100000, "100000.0");
  check_real(999999999999999.0, "999999999999999.0");
  check_real(1e15, "1e+15");
  check_real(123456789012345680.0, "1.2345678901234568e+17");
  check_real(9007199254740993.0, "9007199254740992.0");
  check_real(1e300, "1e+300");
  check_real(-1e-300, "-1e-300");
  check_real(1.7976931348623157e308, "1.7976931348623157e+308");
  check_real(2.2250738585072014e-308, "2.2250738585072014e-308");
  check_real(5e-324, "4.94065645841247e-324");
  check_real(INFINITY, "inf");
  check_real(-INFINITY, "-inf");
  check_real(NAN, "nan");
  check_real(-NAN, "nan");
  char text[32];
  srand(7);
  int wrong = 0;
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
    double real;
    memcpy(&real, &bits, 8);
    if (isnan(real) || isinf(real)) continue;
    real_print(real, text);
    double back = strtod(text, NULL);
    wrong += memcmp(&back, &real, 8) != 0 || strpbrk(text, ".e") == NULL;
    real_print_fast(real, text);
    back = strtod(text, NULL);
    wrong += memcmp(&back, &real, 8) != 0;
  }
  CHECK(wrong == 0);
}

/* 17 digits without printf are those of printf. */
static void test_exact_real(void) {
  char text[32], wanted[40];
  int wrong = 0, other = 0;
  static const double edges[] = {0.0001, 0.001, 0.01, 0.1, 1, 10, 1e14, 1e15};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    double real = edges[i];
    for (int k = 0; k < 200; k++)
      real = nextafter(real, 0);
    for (int k = 0; k < 400; k++, real = nextafter(real, INFINITY)) {
      real_print_fast(-real, text);
      wrong += strtod(text, NULL) != -real;
    }
  }
  srand(9);
  for (int i = 0; i < 200000; i++) {
    double real = ldexp((double)((int64_t)rand() << 31 ^ rand()) / 0x1p62, rand() % 66 - 14);
    real_print_fast(real, text);
    snprintf(wanted, sizeof wanted, "%.17g", real);
    wrong += strtod(text, NULL) != real;
    other += strlen(text) >= 17 && real != floor(real) && strcmp(text, wanted) != 0;
  }
  CHECK(wrong == 0);
  CHECK(other == 0);
}

/* Numbers with few digits behind the point are printed without printf, and as printf would. */
static void test_short_real(void) {
  char text[32], wanted[40];
  int wrong = 0;
  check_real(0.0001, "0.0001");
  check_real(0.00015, "0.00015");
  check_real(0.00005, "5e-05");
  check_real(-12.5, "-12.5");
  check_real(99999999999.9999, "99999999999.9999");
  check_real(999999999999.9999, "999999999999.9999");
  srand(8);
  for (int i = 0; i < 20000; i++) {
    static const double scales[] = {10, 100, 1000, 10000, 100000};
    int64_t number = ((int64_t)rand() << 20 ^ rand()) >> rand() % 50;
    double real = (double)(i % 2 ? number : -number) / scales[i % 5];
    real_print(real, text);
    snprintf(wanted, sizeof wanted, "%.15g", real);
    if (strtod(wanted, NULL) != real) continue;
    if (strpbrk(wanted, ".e") == NULL) strcat(wanted, ".0");
    wrong += strcmp(text, wanted) != 0;
  }
  CHECK(wrong == 0);
}

static void test_integer(void) {
  static const int64_t numbers[] = {0, 7, -7, 10, 1234567890123, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    char text[24], wanted[24];
    int size = snprintf(wanted, sizeof wanted, "%lld", (long long)numbers[i]);
    CHECK(integer_print(numbers[i], text) == size);
    CHECK_TEXT(text, wanted);
  }
}

static void check_decimal(const char *text, int precision, const char *mode, ValueType type,
                          double number) {
  Value value;
  memset(&value, 0x55, sizeof(value));
  decimal_value(text, strlen(text), precision, mode, &value);
  bool good = value.type == type && !value.json;
  if (type == VALUE_INTEGER) good = good && value.integer == (int64_t)number;
  if (type == VALUE_REAL) good = good && value.real == number;
  if (type == VALUE_TEXT) {
    good = good && value.bytes.data == text && value.bytes.size == strlen(text);
  }
  if (!CHECK(good)) printf("  %s precision %d mode %s\n", text, precision, mode ? mode : "(none)");
}

static void test_decimal(void) {
  Value value;
  check_decimal("0", 0, NULL, VALUE_INTEGER, 0);
  check_decimal("-0", 0, NULL, VALUE_INTEGER, 0);
  check_decimal("00000000000000000000000", 0, NULL, VALUE_INTEGER, 0);
  check_decimal("42", 0, "auto", VALUE_INTEGER, 42);
  check_decimal("+42", 0, "auto", VALUE_INTEGER, 42);
  check_decimal("-1200", 10, "auto", VALUE_INTEGER, -1200);
  check_decimal("0012", 0, NULL, VALUE_INTEGER, 12);
  check_decimal("9223372036854775808", 0, NULL, VALUE_TEXT, 0);
  check_decimal("-9223372036854775809", 0, NULL, VALUE_TEXT, 0);
  check_decimal("18446744073709551615", 0, NULL, VALUE_TEXT, 0);
  check_decimal("99999999999999999999999999999999999999", 38, NULL, VALUE_TEXT, 0);
  check_decimal("100000000000000000000", 0, NULL, VALUE_REAL, 1e20);
  decimal_value("9223372036854775807", 19, 0, NULL, &value);
  CHECK(value.type == VALUE_INTEGER && value.integer == INT64_MAX);
  decimal_value("-9223372036854775808", 20, 0, NULL, &value);
  CHECK(value.type == VALUE_INTEGER && value.integer == INT64_MIN);
  decimal_value("9007199254740993", 16, 0, NULL, &value);
  CHECK(value.type == VALUE_INTEGER && value.integer == 9007199254740993);
  /* a point makes it a REAL, so that 10.00 / 4 is not an integer division */
  check_decimal("1.00", 10, NULL, VALUE_REAL, 1);
  check_decimal("10.50", 0, NULL, VALUE_REAL, 10.5);
  check_decimal("-0.05", 0, NULL, VALUE_REAL, -0.05);
  check_decimal(".5", 0, NULL, VALUE_REAL, 0.5);
  check_decimal("0.00", 0, NULL, VALUE_REAL, 0);
  check_decimal("2.5000000000000000000", 0, NULL, VALUE_REAL, 2.5);
  check_decimal("123456789012.345", 0, NULL, VALUE_REAL, 123456789012.345);
  check_decimal("1234567890123.456", 0, NULL, VALUE_TEXT, 0);
  check_decimal("0.1234567890123456", 0, NULL, VALUE_TEXT, 0);
  check_decimal("0.000000000000000000000000000001", 0, NULL, VALUE_REAL, 1e-30);
  check_decimal("1e5", 0, NULL, VALUE_REAL, 1e5);
  check_decimal("1.5E-3", 0, NULL, VALUE_REAL, 1.5e-3);
  check_decimal("1e-400", 0, NULL, VALUE_TEXT, 0);
  check_decimal("1e400", 0, NULL, VALUE_TEXT, 0);
  check_decimal("5e-324", 0, NULL, VALUE_TEXT, 0);
  check_decimal("NaN", 0, NULL, VALUE_TEXT, 0);
  check_decimal("NaN", 5, "real", VALUE_TEXT, 0);
  check_decimal("Infinity", 0, NULL, VALUE_REAL, INFINITY);
  check_decimal("-Infinity", 0, NULL, VALUE_REAL, -INFINITY);
  check_decimal("", 0, NULL, VALUE_TEXT, 0);
  check_decimal("-", 0, NULL, VALUE_TEXT, 0);
  check_decimal(".", 0, NULL, VALUE_TEXT, 0);
  check_decimal("1.2.3", 0, NULL, VALUE_TEXT, 0);
  check_decimal("12a", 0, NULL, VALUE_TEXT, 0);
  check_decimal("1e", 0, NULL, VALUE_TEXT, 0);
  check_decimal("1e99999999999999999999", 0, NULL, VALUE_TEXT, 0);
  /* the option */
  check_decimal("12.5", 0, "text", VALUE_TEXT, 0);
  check_decimal("12", 20, "text", VALUE_TEXT, 0);
  check_decimal("12.5", 15, "text", VALUE_REAL, 12.5);
  check_decimal("12", 5, "text", VALUE_INTEGER, 12);
  check_decimal("12", 0, "real", VALUE_REAL, 12);
  check_decimal("12", 15, "real", VALUE_INTEGER, 12);
  check_decimal("9007199254740993", 0, "real", VALUE_REAL, 9007199254740992.0);
  check_decimal("0.12345678901234567890123", 0, "real", VALUE_REAL, 0.12345678901234567890123);
  check_decimal("1e400", 0, "real", VALUE_REAL, INFINITY);
}

/* Zeros in front make a text too long for the short way: both ways give the same. */
static void test_two_ways(void) {
  uint64_t seed = 1;
  for (int i = 0; i < 20000; i++) {
    char text[64], longer[64];
    seed = seed * UINT64_C(6364136223846793005) + 1;
    int digits = (int)(seed >> 40) % 15 + 1, scale = (int)(seed >> 20 & 0xffff) % (digits + 1);
    unsigned long long number = (seed >> 8) % 999999999999999;
    for (int k = digits; k < 15; k++)
      number /= 10;
    char all[32];
    snprintf(all, sizeof(all), "%0*llu", digits, number);
    snprintf(text, sizeof(text), "%.*s%s%s", digits - scale, all, seed & 512 ? "." : "",
             all + digits - scale);
    snprintf(longer, sizeof(longer), "%s00000000000000000%s", seed & 1024 ? "-" : "", text);
    memmove(text + (seed & 1024 ? 1 : 0), text, strlen(text) + 1);
    if (seed & 1024) text[0] = '-';
    Value one, other;
    decimal_value(text, strlen(text), 0, NULL, &one);
    decimal_value(longer, strlen(longer), 0, NULL, &other);
    if (one.type != other.type || memcmp(&one.integer, &other.integer, 8) != 0) {
      CHECK_TEXT(text, "");
    }
  }
}

/* Digits beyond all limits, and rounding that hangs on the very last of them. */
static void test_long_decimal(void) {
  char *text = malloc(140000);
  Value value;
  memset(text, '9', 131072);
  text[131072] = 0;
  decimal_value(text, 131072, 0, NULL, &value);
  CHECK(value.type == VALUE_TEXT && value.bytes.size == 131072);
  decimal_value(text, 131072, 0, "real", &value);
  CHECK(value.type == VALUE_REAL && isinf(value.real));
  /* 1 + 2^-53 lies half way; one more digit far behind decides */
  strcpy(text, "1.00000000000000011102230246251565404236316680908203125");
  decimal_value(text, strlen(text), 0, "real", &value);
  CHECK(value.type == VALUE_REAL && value.real == 1.0);
  size_t size = strlen(text);
  memset(text + size, '0', 5000);
  text[size + 5000] = '1';
  decimal_value(text, size + 5001, 0, "real", &value);
  CHECK(value.type == VALUE_REAL && value.real == nextafter(1.0, 2.0));
  free(text);
}

/* An application may have set a locale with a decimal comma. */
static void test_locale(void) {
  if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL &&
      setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL) {
    printf("no locale with a decimal comma is installed: that part is left out\n");
    return;
  }
  check_real(0.5, "0.5");
  check_real(1.5e300, "1.5e+300");
  check_decimal("0.25", 0, NULL, VALUE_REAL, 0.25);
  setlocale(LC_NUMERIC, "C");
}

/* ---------------------------------------------------------------- dates */

static void check_date(int64_t days, const char *wanted) {
  char text[48];
  int size = iso_date(days, text);
  CHECK_TEXT(text, wanted);
  CHECK(size == (int)strlen(text));
}

static void check_time(int64_t microseconds, const char *wanted) {
  char text[48];
  int size = iso_time(microseconds, text);
  CHECK_TEXT(text, wanted);
  CHECK(size == (int)strlen(text));
}

static void test_dates(void) {
  check_date(0, "2000-01-01");
  check_date(-1, "1999-12-31");
  check_date(59, "2000-02-29");
  check_date(60, "2000-03-01");
  check_date(8796, "2024-01-31");
  check_date(-10957, "1970-01-01");
  check_date(-36524, "1900-01-01");
  check_date(-36466, "1900-02-28");
  check_date(-36465, "1900-03-01"); /* 1900 has no 29 February */
  check_date(2921939, "9999-12-31");
  check_date(2921940, "10000-01-01");
  check_date(106751982, "294276-12-31"); /* the last day of PostgreSQL's timestamps */
  check_date(-730119, "0001-01-01");
  check_date(-730120, "0001-12-31 BC");
  check_date(-730485, "0001-01-01 BC");
  check_date(-746117, "0044-03-15 BC");
  check_date(-2451545, "4714-11-24 BC");   /* the first day that PostgreSQL knows */
  check_date(2145031948, "5874897-12-31"); /* and the last */
  char text[48];
  CHECK(iso_date(INT64_MAX, text) < 48);
  CHECK(iso_date(INT64_MIN, text) < 48);
  check_time(0, "00:00:00");
  check_time(INT64_C(45000500000), "12:30:00.5");
  check_time(1, "00:00:00.000001");
  check_time(INT64_C(86399999999), "23:59:59.999999");
  check_time(INT64_C(86400000000), "24:00:00");
  check_time(-INT64_C(3020399000000), "-838:59:59");
  CHECK(iso_time(INT64_MIN, text) < 48);
  CHECK(iso_time(INT64_MAX, text) < 48);
}

/* ---------------------------------------------------------------- buffers */

static void test_buffer(void) {
  DriverBuffer buffer;
  buffer_init(&buffer, HOST);
  buffer_append(&buffer, NULL, 0);
  CHECK_TEXT(buffer.data, "");
  buffer_text(&buffer, "abc");
  buffer_format(&buffer, "-%d-%s", 42, "x");
  buffer_append(&buffer, "\0y", 2);
  CHECK(buffer.size == 10 && memcmp(buffer.data, "abc-42-x\0y", 10) == 0);
  buffer_reset(&buffer);
  CHECK(buffer.size == 0 && buffer.data[0] == 0);
  buffer_json_string(&buffer, "a\"b\\c\n\r\t\b\f\x01\0/\xc3\xa9", 15);
  CHECK_TEXT(buffer.data, "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u0000/\xc3\xa9\"");
  buffer_reset(&buffer);
  buffer_json_string(&buffer, NULL, 0);
  CHECK_TEXT(buffer.data, "\"\"");
  buffer_clear(&buffer);
  CHECK(buffer.data == NULL && buffer.size == 0);
  for (int i = 0; i < 100000; i++)
    buffer_format(&buffer, "%d,", i % 10);
  CHECK(buffer.size == 200000 && !buffer.failed && strlen(buffer.data) == 200000);
  buffer_append(&buffer, "x", SIZE_MAX / 2);
  CHECK(buffer.failed && buffer.size == 200000);
  buffer_text(&buffer, "more");
  CHECK(buffer.size == 200000);
  buffer_clear(&buffer);
  unit_fail_at = 1;
  buffer_text(&buffer, "abc");
  CHECK(buffer.failed && buffer.data == NULL);
  unit_fail_at = 0;
  buffer_text(&buffer, "abc");
  CHECK(buffer.failed && buffer.data == NULL);
  buffer_clear(&buffer);
  CHECK(!buffer.failed);
}

/* ---------------------------------------------------------------- waiting */

static bool stop;
static int looks;

static bool interrupted(void *context) {
  (void)context;
  looks++;
  return stop;
}

static void on_alarm(int number) {
  (void)number;
}

static void test_wait(void) {
  int ends[2];
  short ready = 7;
  CHECK(pipe(ends) == 0);
  int64_t start = driver_clock();
  CHECK(driver_wait(HOST, ends[0], POLLIN, start + 120000, &ready) == WAIT_TIMEOUT);
  int64_t took = driver_clock() - start;
  CHECK(took >= 120000 && took < 400000 && ready == 0 && looks >= 2);
  CHECK(driver_wait(HOST, ends[1], POLLOUT, 0, &ready) == WAIT_READY && ready == POLLOUT);
  CHECK(write(ends[1], "x", 1) == 1);
  looks = 0;
  stop = true; /* what is there already is taken */
  CHECK(driver_wait(HOST, ends[0], POLLIN, start - 1, NULL) == WAIT_READY && looks <= 1);
  start = driver_clock();
  CHECK(driver_wait(HOST, -1, 0, 0, NULL) == WAIT_INTERRUPTED && driver_clock() - start < 50000);
  stop = false;
  CHECK(driver_wait(HOST, -1, 0, driver_clock() - 1, NULL) == WAIT_TIMEOUT);
  /* a storm of signals neither ends the wait nor makes it look all the time */
  struct sigaction action = {.sa_handler = on_alarm};
  struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &every, NULL);
  looks = 0;
  start = driver_clock();
  CHECK(driver_wait(HOST, -1, 0, start + 200000, NULL) == WAIT_TIMEOUT);
  CHECK(driver_clock() - start >= 200000 && looks <= 6);
  setitimer(ITIMER_REAL, &never, NULL);
  close(ends[1]);
  CHECK(read(ends[0], &ready, 1) == 1);
  CHECK(driver_wait(HOST, ends[0], POLLIN, 0, &ready) == WAIT_READY && (ready & POLLHUP));
  close(ends[0]);
  CHECK(driver_wait(HOST, ends[0], POLLIN, 0, &ready) == WAIT_ERROR);
}

/* ---------------------------------------------------------------- the process */

static void check_child(long child) {
  int status = -1;
  if (child == 0) _exit(driver_process() == getpid() ? 0 : 1);
  CHECK(child > 0 && waitpid((pid_t)child, &status, 0) == child && status == 0);
}

static void test_process(void) {
  CHECK(driver_process() == getpid() && driver_process() == getpid());
  check_child(fork());
#ifdef SYS_clone /* no handler of pthread_atfork is run */
  check_child(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
#endif
  CHECK(driver_process() == getpid());
}

/* ---------------------------------------------------------------- the statement cache */

static int destroyed;

static void destroy(DriverStatement *statement) {
  (void)statement;
  destroyed++;
}

static void test_cache(void) {
  DriverStatement statements[5];
  StatementCache *cache = statement_cache_new(HOST, 3, destroy);
  CHECK(statement_cache_take(cache, "a", 1) == NULL);
  statement_cache_put(cache, "a", 1, &statements[0]);
  statement_cache_put(cache, "b", 1, &statements[1]);
  statement_cache_put(cache, "b\0c", 3, &statements[2]);
  CHECK(destroyed == 0);
  CHECK(statement_cache_take(cache, "a", 1) == &statements[0]);
  CHECK(statement_cache_take(cache, "a", 1) == NULL); /* it is in use */
  statement_cache_put(cache, "a", 1, &statements[0]);
  statement_cache_put(cache, "d", 1, &statements[3]); /* "b" is the oldest */
  CHECK(destroyed == 1 && statement_cache_take(cache, "b", 1) == NULL);
  CHECK(statement_cache_take(cache, "b\0c", 3) == &statements[2]);
  CHECK(statement_cache_take(cache, "d", 1) == &statements[3]);
  statement_cache_put(cache, "a", 1, &statements[4]); /* a second one with the same text */
  CHECK(destroyed == 2 && statement_cache_take(cache, "a", 1) == &statements[4]);
  statement_cache_put(cache, "a", 1, &statements[4]);
  statement_cache_free(cache);
  CHECK(destroyed == 3);
  statement_cache_free(NULL);
  cache = statement_cache_new(HOST, 0, destroy);
  statement_cache_put(cache, "a", 1, &statements[0]);
  CHECK(destroyed == 4 && statement_cache_take(cache, "a", 1) == NULL);
  statement_cache_free(cache);
  unit_fail_at = 1;
  CHECK(statement_cache_new(HOST, 3, destroy) == NULL);
  unit_fail_at = 0;
}

int main(void) {
  unit_start();
  unit_connector.host.interrupted = interrupted;
  test_utf8();
  test_text();
  test_error();
  test_real();
  test_exact_real();
  test_short_real();
  test_integer();
  test_decimal();
  test_two_ways();
  test_long_decimal();
  test_locale();
  test_dates();
  test_buffer();
  test_wait();
  test_process();
  test_cache();
  return unit_report();
}
