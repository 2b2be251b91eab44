/*
** error_test.c: SQLSTATE to SQLite code, messages with their context, suggestions.
** sources: src/error.c src/log_mask.c src/driver_*.c
*/
#include "error.h"
#include "driver_support.h"
#include "unit.h"

static Error error;

/* ---------------------------------------------------------------- codes */

static void check_code(DriverFailure failure, const char *sqlstate, int native, int wanted) {
  DriverError remote;
  driver_error_set(&remote, failure, sqlstate, "some message");
  remote.native = native;
  if (!CHECK(error_code(&remote) == wanted)) {
    printf("  %d %s %d: %d, wanted %d\n", failure, sqlstate, native, error_code(&remote), wanted);
  }
}

static void test_codes(void) {
  check_code(FAILURE_NONE, "", 0, SQLITE_OK);
  check_code(FAILURE_REMOTE, "42601", 0, SQLITE_ERROR);
  check_code(FAILURE_REMOTE, "42501", 0, SQLITE_ERROR);
  check_code(FAILURE_REMOTE, NULL, 0, SQLITE_ERROR);
  check_code(FAILURE_REMOTE, "23505", 0, SQLITE_CONSTRAINT_UNIQUE);
  check_code(FAILURE_REMOTE, "23502", 0, SQLITE_CONSTRAINT_NOTNULL);
  check_code(FAILURE_REMOTE, "23503", 0, SQLITE_CONSTRAINT_FOREIGNKEY);
  check_code(FAILURE_REMOTE, "23001", 0, SQLITE_CONSTRAINT_FOREIGNKEY);
  check_code(FAILURE_REMOTE, "23514", 0, SQLITE_CONSTRAINT_CHECK);
  check_code(FAILURE_REMOTE, "23P01", 0, SQLITE_CONSTRAINT);
  check_code(FAILURE_REMOTE, "23505", SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_PRIMARYKEY);
  check_code(FAILURE_REMOTE, "23505", SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_PRIMARYKEY);
  /* MySQL */
  check_code(FAILURE_REMOTE, "23000", 1062, SQLITE_CONSTRAINT_UNIQUE);
  check_code(FAILURE_REMOTE, "23000", 1048, SQLITE_CONSTRAINT_NOTNULL);
  check_code(FAILURE_REMOTE, "23000", 1451, SQLITE_CONSTRAINT_FOREIGNKEY);
  check_code(FAILURE_REMOTE, "23000", 1452, SQLITE_CONSTRAINT_FOREIGNKEY);
  check_code(FAILURE_REMOTE, "23000", 4025, SQLITE_CONSTRAINT_CHECK);
  check_code(FAILURE_REMOTE, "HY000", 3819, SQLITE_CONSTRAINT_CHECK);
  check_code(FAILURE_REMOTE, "HY000", 1364, SQLITE_CONSTRAINT_NOTNULL);
  check_code(FAILURE_REMOTE, "23000", 9999, SQLITE_CONSTRAINT);
  check_code(FAILURE_REMOTE, "HY000", 1205, SQLITE_BUSY);
  check_code(FAILURE_REMOTE, "40001", 1213, SQLITE_BUSY);
  check_code(FAILURE_REMOTE, "70100", 1317, SQLITE_INTERRUPT);
  check_code(FAILURE_REMOTE, "70100", 1969, SQLITE_INTERRUPT);
  check_code(FAILURE_REMOTE, "HY000", 1114, SQLITE_FULL);
  check_code(FAILURE_REMOTE, "HY000", 1290, SQLITE_ERROR); /* its text must say read-only */
  check_code(FAILURE_REMOTE, "25006", 1792, SQLITE_READONLY);
  check_code(FAILURE_REMOTE, "42000", 1205, SQLITE_ERROR); /* another backend's number */
  /* the rest */
  check_code(FAILURE_REMOTE, "40001", 0, SQLITE_BUSY);
  check_code(FAILURE_REMOTE, "40P01", 0, SQLITE_BUSY);
  check_code(FAILURE_REMOTE, "55P03", 0, SQLITE_BUSY);
  check_code(FAILURE_REMOTE, "57014", 0, SQLITE_INTERRUPT);
  check_code(FAILURE_REMOTE, "57P01", 0, SQLITE_IOERR);
  check_code(FAILURE_REMOTE, "28P01", 0, SQLITE_AUTH);
  check_code(FAILURE_REMOTE, "53100", 0, SQLITE_FULL);
  check_code(FAILURE_REMOTE, "53200", 0, SQLITE_NOMEM);
  check_code(FAILURE_REMOTE, "25006", 0, SQLITE_READONLY);
  check_code(FAILURE_CONNECT, "08001", 0, SQLITE_CANTOPEN);
  check_code(FAILURE_CONNECT, "3D000", 0, SQLITE_CANTOPEN);
  check_code(FAILURE_CONNECT, NULL, 0, SQLITE_CANTOPEN);
  check_code(FAILURE_CONNECT, "28P01", 0, SQLITE_AUTH);
  check_code(FAILURE_CONNECT, "55P03", 0, SQLITE_BUSY);
  check_code(FAILURE_LOST, "08006", 0, SQLITE_IOERR);
  check_code(FAILURE_LOST, NULL, 0, SQLITE_IOERR);
  check_code(FAILURE_INTERRUPTED, NULL, 0, SQLITE_INTERRUPT);
  check_code(FAILURE_TIMEOUT, "57014", 0, SQLITE_INTERRUPT);
  check_code(FAILURE_TIMEOUT, "08001", 0, SQLITE_CANTOPEN);
  check_code(FAILURE_UNFIT, "22021", 0, SQLITE_MISMATCH);
  check_code(FAILURE_UNFIT, "54000", 0, SQLITE_TOOBIG);
  check_code(FAILURE_REFUSED, NULL, 0, SQLITE_ERROR);
  check_code(FAILURE_REFUSED, "25006", 0, SQLITE_READONLY);
  check_code(FAILURE_MEMORY, NULL, 0, SQLITE_NOMEM);
}

static void check_primary(const char *table, const char *constraint, int wanted) {
  DriverError remote;
  driver_error_set(&remote, FAILURE_REMOTE, "23505", "duplicate");
  strcpy(remote.table, table);
  strcpy(remote.constraint, constraint);
  if (!CHECK(error_code(&remote) == wanted)) printf("  %s %s\n", table, constraint);
}

static void test_primary(void) {
  check_primary("orders", "orders_pkey", SQLITE_CONSTRAINT_PRIMARYKEY);
  check_primary("orders", "orders_name_key", SQLITE_CONSTRAINT_UNIQUE);
  check_primary("orders", "other_pkey", SQLITE_CONSTRAINT_UNIQUE);
  check_primary("", "_pkey", SQLITE_CONSTRAINT_UNIQUE);
  check_primary("", "PRIMARY", SQLITE_CONSTRAINT_PRIMARYKEY);
  check_primary("", "orders.PRIMARY", SQLITE_CONSTRAINT_PRIMARYKEY);
}

static void test_retryable(void) {
  static const struct {
    DriverFailure failure;
    const char *sqlstate;
    bool unknown, retryable;
  } cases[] = {
      {FAILURE_REMOTE, "40001", false, true},       {FAILURE_REMOTE, "40P01", false, true},
      {FAILURE_REMOTE, "55P03", false, true},       {FAILURE_REMOTE, "23505", false, false},
      {FAILURE_REMOTE, "40001", true, false},       {FAILURE_CONNECT, "08001", false, true},
      {FAILURE_CONNECT, "53300", false, true},      {FAILURE_CONNECT, "28P01", false, false},
      {FAILURE_LOST, "08006", false, true},         {FAILURE_LOST, "08006", true, false},
      {FAILURE_INTERRUPTED, "57014", false, false}, {FAILURE_MEMORY, NULL, false, false},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    DriverError remote;
    driver_error_set(&remote, cases[i].failure, cases[i].sqlstate, "x");
    error_remote(&error, &remote, "shop", NULL, NULL);
    error.outcome_unknown = cases[i].unknown;
    if (!CHECK(error_retryable(&error) == cases[i].retryable)) printf("  case %zu\n", i);
  }
  /* in xSync a busy remote becomes this code */
  error.outcome_unknown = false;
  error_set(&error, SQLITE_BUSY_SNAPSHOT, "x");
  CHECK(error_retryable(&error));
}

/* ---------------------------------------------------------------- messages */

static void test_remote(void) {
  DriverError remote;
  driver_error_set(&remote, FAILURE_REMOTE, "23505",
                   "duplicate key value violates unique constraint \"orders_pkey\"");
  strcpy(remote.detail, "Key (id)=(1) already exists.");
  CHECK(error_remote(&error, &remote, "shop", "INSERT INTO \"orders\"", "INSERT INTO \"orders\"") ==
        SQLITE_CONSTRAINT_UNIQUE);
  CHECK_TEXT(error.message, "connector 'shop': INSERT INTO \"orders\": 23505 duplicate key value "
                            "violates unique constraint \"orders_pkey\" (Key (id)=(1) already "
                            "exists.)");
  CHECK_TEXT(error.block, "shop");
  CHECK_TEXT(error.sql, "INSERT INTO \"orders\"");
  CHECK_TEXT(error.remote.sqlstate, "23505");
  strcpy(remote.hint, "Take another.");
  /* the error's own fields may be given again */
  error_remote(&error, &remote, error.block, "x", error.sql);
  CHECK_TEXT(error.block, "shop");
  CHECK_TEXT(error.sql, "INSERT INTO \"orders\"");
  CHECK(strstr(error.message, "already exists.) Take another.") != NULL);
  error_remote(&error, &error.remote, NULL, NULL, NULL);
  CHECK(strncmp(error.message, "connector: 23505 dup", 20) == 0);
  CHECK(error.block == NULL && error.sql == NULL);
  driver_error_set(&remote, FAILURE_CONNECT, NULL, "refused");
  CHECK(error_remote(&error, &remote, "shop", "could not connect", NULL) == SQLITE_CANTOPEN);
  CHECK_TEXT(error.message, "connector 'shop': could not connect: refused");
}

static void test_what(void) {
  DriverError remote;
  char sql[400];
  driver_error_set(&remote, FAILURE_REMOTE, "42601", "bad");
  memset(sql, 'x', sizeof(sql));
  memcpy(sql, "SELECT\n\t", 8);
  for (int i = 8; i < 398; i += 2)
    memcpy(sql + i, "\xc3\xa9", 2);
  sql[398] = 0;
  error_remote(&error, &remote, "b", sql, sql);
  const char *end = strstr(error.message, "\xe2\x80\xa6: 42601 bad");
  CHECK(end != NULL && end - error.message < 110 &&
        utf8_valid(error.message, strlen(error.message)));
  CHECK(strncmp(error.message, "connector 'b': SELECT  \xc3\xa9", 25) == 0);
  CHECK_TEXT(error.sql, sql);
  /* one that just fits is not shortened */
  memset(sql, 'y', 83);
  sql[83] = 0;
  error_remote(&error, &remote, "b", sql, NULL);
  CHECK(strstr(error.message, "\xe2\x80\xa6") == NULL && strstr(error.message, sql) != NULL);
  error_remote(&error, &remote, "b", "ALTER USER u PASSWORD 'S3cret' VALID UNTIL 'x'",
               "ALTER USER u PASSWORD 'S3cret'");
  CHECK(strstr(error.message, "S3cret") == NULL && strstr(error.sql, "S3cret") == NULL);
  CHECK(strstr(error.message, "ALTER USER u PASSWORD '********'") != NULL);
  driver_error_set(&remote, FAILURE_REMOTE, "42000", "near 'IDENTIFIED BY 'S3cret'' at line 1");
  strcpy(remote.detail, "postgresql://u:S3cret@h/d");
  error_remote(&error, &remote, "b", NULL, NULL);
  CHECK(strstr(error.message, "S3cret") == NULL && strstr(error.message, "@h/d") != NULL);
}

static void test_set(void) {
  Error other = {0};
  CHECK(error_set(&error, SQLITE_ERROR, "a %s %lld", "b", (sqlite3_int64)5) == SQLITE_ERROR);
  CHECK_TEXT(error.message, "a b 5");
  CHECK(error.remote.failure == FAILURE_NONE && error.block == NULL && !error.outcome_unknown);
  error_set(&error, SQLITE_ERROR, "again: %s", error.message);
  CHECK_TEXT(error.message, "again: a b 5");
  error_wrap(&error, "block '%q'", "it's");
  CHECK_TEXT(error.message, "block 'it''s': again: a b 5");
  error.block = sqlite3_mprintf("shop");
  error.outcome_unknown = true;
  error.remote.failure = FAILURE_LOST;
  error_copy(&other, &error);
  CHECK_TEXT(other.message, error.message);
  CHECK_TEXT(other.block, "shop");
  CHECK(other.outcome_unknown && other.remote.failure == FAILURE_LOST && other.sql == NULL);
  error_clear(&error);
  error_move(&error, &other);
  CHECK(error.message != NULL && other.message == NULL && other.code == 0 && other.block == NULL);
  error_move(&error, &error);
  CHECK(error.message != NULL);
  CHECK(error_memory(&error) == SQLITE_NOMEM);
  CHECK_TEXT(error.message, "out of memory");
}

/* ---------------------------------------------------------------- suggestions */

static const char *const names[] = {"fetch_size", "connect_timeout", "tls", "tls_ca", "readonly"};

static void check_suggestion(const char *given, const char *near) {
  char wanted[200] = "unknown option";
  error_set(&error, SQLITE_ERROR, "unknown option");
  error_suggest(&error, given, names, 5);
  if (near != NULL) sprintf(wanted + strlen(wanted), "; did you mean '%s'?", near);
  strcat(wanted, "; valid: fetch_size, connect_timeout, tls, tls_ca, readonly");
  CHECK_TEXT(error.message, wanted);
}

static void test_suggest(void) {
  check_suggestion("fetchsize", "fetch_size");
  check_suggestion("fetch-size", "fetch_size");
  check_suggestion("fecth_size", "fetch_size");
  check_suggestion("TLS_CA", "tls_ca");
  check_suggestion("tsl", "tls");
  check_suggestion("connect", "connect_timeout");
  check_suggestion("", NULL);
  check_suggestion("zzzzzzz", NULL);
  check_suggestion(NULL, NULL);
  char long_name[300];
  memset(long_name, 'a', 299);
  long_name[299] = 0;
  check_suggestion(long_name, NULL);
  error_set(&error, SQLITE_ERROR, "x");
  error_suggest(&error, "y", names, 0);
  CHECK_TEXT(error.message, "x");
  const char *many[100];
  for (int i = 0; i < 100; i++)
    many[i] = "name";
  error_suggest(&error, "y", many, 100);
  CHECK(strstr(error.message, ", name and 40 more") != NULL);
}

/* Each allocation fails once; what is left is an error, never a crash or a leak. */
static void test_memory(void) {
  DriverError remote;
  driver_error_set(&remote, FAILURE_REMOTE, "23505", "dup");
  for (int n = 1; n < 40; n++) {
    unit_fail_at = n;
    error_remote(&error, &remote, "shop", "INSERT", "INSERT");
    error_wrap(&error, "a");
    error_suggest(&error, "y", names, 5);
    Error copy = {0};
    error_copy(&copy, &error);
    unit_fail_at = 0;
    CHECK(error.code == SQLITE_CONSTRAINT_UNIQUE || error.code == SQLITE_NOMEM);
    CHECK(error.message != NULL || error.code == SQLITE_NOMEM);
    error_clear(&copy);
  }
}

int main(void) {
  unit_start();
  test_codes();
  test_primary();
  test_retryable();
  test_remote();
  test_what();
  test_set();
  test_suggest();
  test_memory();
  error_clear(&error);
  return unit_report();
}
