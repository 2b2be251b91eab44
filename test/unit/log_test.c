/*
** log_test.c: the ring of statements, and what its texts hide.
** sources: src/log.c src/log_mask.c src/error.c src/driver_*.c
*/
#include "log.h"
#include "driver_support.h"
#include "unit.h"

#include <stdlib.h>
#include <time.h>

/* ---------------------------------------------------------------- masking */

static void check_mask(const char *sql, const char *wanted) {
  char *masked = log_mask(sql);
  CHECK_TEXT(masked, wanted);
  sqlite3_free(masked);
}

static void check_message(const char *text, const char *wanted) {
  char *masked = log_mask_message(text, NULL);
  CHECK_TEXT(masked, wanted);
  sqlite3_free(masked);
}

/* A message about a statement hides what it repeats of that statement's secrets, in whole or in part. */
static void check_answer(const char *text, const char *sql, const char *wanted) {
  char *masked = log_mask_message(text, sql);
  CHECK_TEXT(masked, wanted);
  sqlite3_free(masked);
}

static void test_answer(void) {
  const char *sql = "ALTER ROLE ann PASSWORD 'Quetzal77 VALID";
  check_answer("unterminated quoted string at or near \"'Quetzal77 VALID\"", sql,
               "unterminated quoted string at or near \"'********\"");
  check_answer("syntax error near 'zal77 VA' at line 1", sql,
               "syntax error near '********' at line 1");
  check_answer("role \"ann\" does not exist", sql, "role \"ann\" does not exist");
  check_answer("near \"SELEC\"", "SELEC 'Quetzal77'", "near \"SELEC\"");
}

static void test_kept(void) {
  static const char *const texts[] = {
      "",
      "SELECT * FROM orders WHERE city = 'Paris' AND note = 'it''s'",
      "SELECT password FROM users WHERE id = $1",
      "UPDATE users SET password = $1 WHERE id = $2",
      "UPDATE users SET password = ? WHERE id = ?",
      "UPDATE users SET password = :password",
      "SELECT \"password\", \"name\" FROM \"public\".\"users\" WHERE \"id\" = $1",
      "SELECT 1 -- the password",
      "SELECT 'http://host:8080/path'",
      "INSERT INTO t VALUES ('x', $1::text)",
      "PRAGMA key_count",
      "PRAGMA foreign_keys = 'on'",
      "SELECT a::int, b[1:2] FROM t",
  };
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    check_mask(texts[i], texts[i]);
}

static void test_mask(void) {
  check_mask("ALTER ROLE ann PASSWORD 'x'", "ALTER ROLE ann PASSWORD '********'");
  check_mask("alter role ann encrypted password 'x' valid until '2030-01-01'",
             "alter role ann encrypted password '********'");
  check_mask("CREATE USER ann IDENTIFIED BY 'a''b'", "CREATE USER ann IDENTIFIED BY '********'");
  check_mask("CREATE USER ann IDENTIFIED BY 'a\\'b'", "CREATE USER ann IDENTIFIED BY '********'");
  check_mask("CREATE USER ann IDENTIFIED BY \"x\"", "CREATE USER ann IDENTIFIED BY \"********\"");
  check_mask("CREATE USER ann IDENTIFIED WITH sha256 BY 'x'",
             "CREATE USER ann IDENTIFIED WITH sha256 BY '********'");
  check_mask("CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD('x')",
             "CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD('********')");
  check_mask("SET PASSWORD FOR 'bob'@'%' = PASSWORD('x')", "SET PASSWORD FOR '********')");
  check_mask("ALTER ROLE a PASSWORD $$x$$", "ALTER ROLE a PASSWORD $$********$$");
  check_mask("ALTER ROLE a PASSWORD $tag$x$y$tag$", "ALTER ROLE a PASSWORD $tag$********$tag$");
  check_mask("SELECT dblink('host=h password=xyz user=u', 'SELECT 1')",
             "SELECT dblink('host=h password=******** user=u'********')");
  check_mask("SELECT dblink('host=h password=xyz')", "SELECT dblink('host=h password=********')");
  check_mask("CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', password 'x')",
             "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', password '********')");
  check_mask("SELECT 'postgresql://ann:x@host/db?a=b'",
             "SELECT 'postgresql://ann:********@host/db?a=b'");
  check_mask("SELECT 'mysql://ann:p@ss:w/d@host/db'", "SELECT 'mysql://ann:********@host/db'");
  check_mask("INSERT INTO t VALUES ('{\"password\": \"x\"}')",
             "INSERT INTO t VALUES ('{\"password\": \"********\"}')");
  check_mask("PRAGMA key = 'x'", "PRAGMA key = '********'");
  check_mask("PRAGMA main.rekey='x'", "PRAGMA main.rekey='********'");
  check_mask("CHANGE MASTER TO MASTER_PASSWORD='x'", "CHANGE MASTER TO MASTER_PASSWORD='********'");
  check_mask("ALTER ROLE a PASSWORD 'cut off", "ALTER ROLE a PASSWORD '********");
  check_mask("SET PASSWORD = 'x'", "SET PASSWORD = '********'");
  check_mask("UPDATE u SET passwd='x', pwd='y'", "UPDATE u SET passwd='********'");
  check_mask("UPDATE u SET password = crypt('x', gen_salt('bf'))",
             "UPDATE u SET password = crypt('********'))");
}

static void test_message(void) {
  check_message("password authentication failed for user \"bob\"",
                "password authentication failed for user \"bob\"");
  check_message("Access denied for user 'bob'@'localhost' (using password: YES)",
                "Access denied for user 'bob'@'localhost' (using password: YES)");
  check_message("fe_sendauth: no password supplied", "fe_sendauth: no password supplied");
  check_message("You have an error near 'IDENTIFIED BY 'x'' at line 1",
                "You have an error near 'IDENTIFIED BY '********");
  check_message("near 'PASSWORD \"x\"", "near 'PASSWORD \"********\"");
  check_message("cannot reach postgresql://u:x@h:1/d",
                "cannot reach postgresql://u:********@h:1/d");
  check_message("bad option in \"host=h password=xyz port=1\"",
                "bad option in \"host=h password=******** port=1\"");
}

/* Whatever stands around it, the secret never comes out. */
static void test_canary(void) {
  static const char *const before[] = {
      "ALTER ROLE a PASSWORD '",
      "ALTER ROLE a PASSWORD E'",
      "IDENTIFIED BY '",
      "-- don't\nPASSWORD '",
      "SELECT 'C:\\', x; SET PASSWORD = '",
      "/* ' */ IDENTIFIED BY '",
      "SELECT \"it's\"; SET PASSWORD '",
      "password   =\n\t'",
      "PASSWORD\n--c\n'",
      "x://u:",
      "SELECT 'x://:",
      "dblink('password=",
      "IDENTIFIED BY PASSWORD '",
      "OPTIONS (passphrase '",
      "pragma hexkey = '",
  };
  static const char *const after[] = {"'",    "' x", "' || 'y'", "\\' z'",
                                      "''q'", "",    "@h/d",     "@h/d'"};
  int leaks = 0, runs = 0;
  for (size_t b = 0; b < sizeof(before) / sizeof(before[0]); b++) {
    for (size_t a = 0; a < sizeof(after) / sizeof(after[0]); a++) {
      char sql[200];
      bool url = strstr(before[b], "://") != NULL;
      if (url != (after[a][0] == '@')) continue;
      sprintf(sql, "%sS3cret%s", before[b], after[a]);
      /* a quote that a comment separates from its word, and no other quote: to no dialect a
      ** secret */
      if (strstr(before[b], "--c") != NULL && after[a][0] == 0) continue;
      char *masked = log_mask(sql);
      runs++;
      if (masked == NULL || strstr(masked, "S3cret") != NULL) {
        leaks++;
        printf("  %s\n", masked);
      }
      sqlite3_free(masked);
    }
  }
  CHECK(leaks == 0 && runs > 70);
}

/* ---------------------------------------------------------------- the ring */

static void test_ring(void) {
  Log *log = log_new();
  DriverError error;
  driver_error_set(&error, FAILURE_REMOTE, "42601", "bad PASSWORD 'x'");
  strcpy(error.hint, "try again");
  CHECK(log_next(log, 0) == NULL);
  double now = (double)time(NULL);
  int64_t first = log_begin(log, "shop", 3, "SELECT 1");
  log_rows(log, first, 2, 16);
  log_rows(log, first, 1, 8);
  log_end(log, first, NULL);
  const LogEntry *entry = log_next(log, 0);
  CHECK(first == 1 && entry->number == 1 && entry->connection == 3);
  CHECK(entry->rows == 3 && entry->bytes == 24 && entry->error == NULL && entry->sqlstate[0] == 0);
  CHECK(entry->at >= now - 1 && entry->at <= now + 2);
  CHECK(entry->milliseconds >= 0 && entry->milliseconds < 1000);
  CHECK_TEXT(entry->block, "shop");
  CHECK_TEXT(entry->operation, "SELECT 1");
  CHECK(log_next(log, 1) == NULL);
  /* the same text again and again, with and without a secret */
  Log *again = log_new();
  for (int i = 0; i < 6; i++) {
    log_begin(again, "shop", 1, i % 2 ? "SELECT 1" : "ALTER USER u PASSWORD 'x'");
    CHECK_TEXT(log_next(again, i)->operation,
               i % 2 ? "SELECT 1" : "ALTER USER u PASSWORD '********'");
  }
  log_begin(again, "shop", 1, "ALTER USER u PASSWORD '********'"); /* nothing but looks */
  log_begin(again, "shop", 1, "ALTER USER u PASSWORD '********'");
  CHECK_TEXT(log_next(again, 7)->operation, "ALTER USER u PASSWORD '********'");
  log_free(again);
  int64_t second = log_begin(log, NULL, 1, "SELEC 1");
  log_end(log, second, &error);
  entry = log_next(log, 1);
  CHECK_TEXT(entry->error, "bad PASSWORD '********'");
  CHECK_TEXT(entry->sqlstate, "42601");
  CHECK_TEXT(entry->hint, "try again");
  CHECK(entry->detail == NULL);
  for (int i = 0; i < LOG_ENTRIES; i++) {
    char sql[40];
    sprintf(sql, "SELECT %d", i);
    log_end(log, log_begin(log, "shop", 1, sql), NULL);
  }
  /* the first two are overwritten: telling of them does nothing */
  log_rows(log, first, 1000, 1000);
  log_end(log, second, &error);
  int count = 0;
  int64_t at = 0, last = 0;
  while ((entry = log_next(log, at)) != NULL) {
    CHECK(entry->number > at && entry->error == NULL && entry->rows == 0);
    at = last = entry->number;
    count++;
  }
  CHECK(count == LOG_ENTRIES && last == LOG_ENTRIES + 2);
  log_free(log);
  log_free(NULL);
  CHECK(log_begin(NULL, "b", 1, "x") == 0 && log_next(NULL, 0) == NULL);
}

static void test_long(void) {
  Log *log = log_new();
  char *sql = malloc(20001);
  for (int i = 0; i < 20000; i += 2)
    memcpy(sql + i, "\xc3\xa9", 3);
  log_begin(log, "b", 1, sql);
  const LogEntry *entry = log_next(log, 0);
  CHECK(strlen(entry->operation) == 4000 && utf8_valid(entry->operation, 4000));
  sql[3998] = 'x'; /* 4000 is now inside a character */
  log_begin(log, "b", 1, sql);
  entry = log_next(log, 1);
  CHECK(strlen(entry->operation) <= 4000);
  memset(sql, ' ', 20000);
  memcpy(sql, "ALTER ROLE a PASSWORD 'first', '", 32);
  memset(sql + 3900, 'S', 200); /* the literal does not end before the cut */
  log_begin(log, "b", 1, sql);
  entry = log_next(log, 2);
  CHECK(strstr(entry->operation, "SSS") == NULL && strstr(entry->operation, "first") == NULL);
  free(sql);
  log_free(log);
}

static void test_memory(void) {
  for (int n = 1; n < 12; n++) {
    unit_fail_at = n;
    Log *log = log_new();
    DriverError error;
    driver_error_set(&error, FAILURE_REMOTE, "42601", "bad");
    int64_t number = log_begin(log, "shop", 1, "SELECT 'x' AS password");
    log_rows(log, number, 1, 1);
    log_end(log, number, &error);
    unit_fail_at = 0;
    CHECK(number == 0 || number == 1);
    log_free(log);
  }
}

int main(void) {
  unit_start();
  test_answer();
  test_kept();
  test_mask();
  test_message();
  test_canary();
  test_ring();
  test_long();
  test_memory();
  return unit_report();
}
