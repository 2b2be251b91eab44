/*
** sqlite_driver_test.c: the sqlite driver by its own functions: opening, values, what a failure
** says, stopping, locks, batches, transactions, a forked child.
** sources: src/sqlite/[a-z]*.c src/driver_*.c
*/
#include "driver_support.h"
#include "unit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const Driver *connector_driver_sqlite(int abi);

static const Driver *driver;
static DriverError error;
static char directory[] = "/tmp/sqlite_driver_XXXXXX";
static volatile bool stop;
static char own_file[200];

static bool interrupted(void *context) {
  (void)context;
  return stop;
}

static bool is_own_file(void *context, const char *path) {
  (void)context;
  return own_file[0] != 0 && strcmp(path, own_file) == 0;
}

static const char *path_of(const char *name) {
  static char path[300];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  return path;
}

/* ---------------------------------------------------------------- short forms */

static DriverConnection *open_with(const char *path, const char *key, const char *value,
                                   bool readonly) {
  DriverSetting setting = {key, value};
  DriverAddress address = {NULL, 0};
  DriverTarget target = {.block = "shop",
                         .addresses = &address,
                         .address_count = 1,
                         .database = path,
                         .readonly = readonly,
                         .settings = &setting,
                         .setting_count = key != NULL};
  DriverConnection *connection = NULL;
  driver->connect(&target, &unit_connector.host, 0, &connection, &error);
  return connection;
}

static DriverConnection *open_file(const char *name) {
  return open_with(path_of(name), NULL, NULL, false);
}

static DriverConnection *open_memory(void) {
  return open_with(":memory:", NULL, NULL, false);
}

static int64_t run(DriverConnection *connection, const char *sql) {
  int64_t affected = -1;
  if (driver->run(connection, sql, &affected, &error) != DRIVER_OK) return -1;
  return affected;
}

static Value text(const char *data) {
  return (Value){.type = VALUE_TEXT, .bytes = {data, strlen(data)}};
}

static Value integer(int64_t number) {
  return (Value){.type = VALUE_INTEGER, .integer = number};
}

/* Executes to the end; the affected rows, or -1 with `error`. */
static int64_t execute(DriverConnection *connection, const char *sql, const Value *values,
                       size_t count, const DriverEnvelope *envelope) {
  DriverStatement *statement;
  if (driver->prepare(connection, sql, strlen(sql), &statement, &error) != DRIVER_OK) return -1;
  DriverStatus status = driver->execute(statement, values, count, envelope, &error);
  while (status == DRIVER_OK || status == DRIVER_ROW)
    status = driver->next(statement, &error);
  int64_t affected = status == DRIVER_DONE ? driver->affected(statement) : -1;
  driver->finish(statement);
  return affected;
}

/* First column of the first row as text, in a static buffer. */
static const char *one(DriverConnection *connection, const char *sql) {
  static char result[100];
  DriverStatement *statement;
  Value value;
  strcpy(result, "(none)");
  if (driver->prepare(connection, sql, strlen(sql), &statement, &error) != DRIVER_OK)
    return "(error)";
  if (driver->execute(statement, NULL, 0, NULL, &error) == DRIVER_OK &&
      driver->next(statement, &error) == DRIVER_ROW &&
      driver->value(statement, 0, &value, &error) == DRIVER_OK) {
    switch (value.type) {
    case VALUE_NULL: strcpy(result, "NULL"); break;
    case VALUE_INTEGER: snprintf(result, 100, "%lld", (long long)value.integer); break;
    case VALUE_REAL: real_print(value.real, result); break;
    default: snprintf(result, 100, "%.*s", (int)value.bytes.size, value.bytes.data);
    }
  }
  driver->finish(statement);
  return result;
}

static void check_failure(DriverConnection *connection, const char *sql, const char *sqlstate,
                          const char *part) {
  CHECK(execute(connection, sql, NULL, 0, NULL) == -1);
  CHECK_TEXT(error.sqlstate, sqlstate);
  if (!CHECK(strstr(error.message, part) != NULL)) printf("  %s\n", error.message);
}

/* ---------------------------------------------------------------- opening */

static void check_refused(const char *path, const char *key, const char *value, const char *part) {
  DriverConnection *connection = open_with(path, key, value, false);
  CHECK(connection == NULL);
  if (!CHECK(strstr(error.message, part) != NULL)) printf("  %s\n", error.message);
  if (connection != NULL) driver->close(connection);
}

static void test_open(void) {
  static const char *const names[] = {"plain.db",   "what?.db",    "hash#.db",    "100%41.db",
                                      "a b&c=d.db", "quote'\".db", "\xc3\xa9.db", "file:x.db"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    DriverConnection *connection = open_file(names[i]);
    CHECK(connection != NULL && !connection->single);
    CHECK(run(connection, "CREATE TABLE t(a)") == 0);
    CHECK(access(path_of(names[i]), F_OK) == 0);
    driver->close(connection);
  }
  char twice[400];
  snprintf(twice, sizeof(twice), "/%s", path_of("plain.db"));
  DriverConnection *connection = open_with(twice, NULL, NULL, false);
  CHECK(connection != NULL);
  CHECK_TEXT(one(connection, "SELECT count(*) FROM sqlite_master"), "1");
  driver->close(connection);
  check_refused(directory, NULL, NULL, "it is a directory");
  check_refused(path_of("no/such.db"), NULL, NULL, "its directory does not exist");
  CHECK_TEXT(error.sqlstate, "08001");
  CHECK(error.failure == FAILURE_CONNECT);
  check_refused(path_of("absent.db"), "mode", "ro", "mode=rwc creates it");
  check_refused(path_of("absent.db"), "mode", "rw", "does not exist");
  CHECK(open_with(path_of("absent.db"), NULL, NULL, true) == NULL);
  CHECK(access(path_of("absent.db"), F_OK) != 0);
  FILE *file = fopen(path_of("garbage.db"), "w");
  for (int i = 0; i < 500; i++)
    fputs("this is no database ", file);
  fclose(file);
  check_refused(path_of("garbage.db"), NULL, NULL, "is not a SQLite database");
  CHECK_TEXT(error.sqlstate, "XX001");
  snprintf(own_file, sizeof(own_file), "%s", path_of("plain.db"));
  check_refused(path_of("plain.db"), NULL, NULL, "this very SQLite connection");
  CHECK(error.failure == FAILURE_REFUSED);
  own_file[0] = 0;
  DriverTarget target = {.database = ":memory:", .password = "S3cret"};
  CHECK(driver->connect(&target, &unit_connector.host, 0, &connection, &error) == DRIVER_FAILED);
  CHECK(strstr(error.message, "SQLCipher") != NULL && strstr(error.message, "S3cret") == NULL);
}

static void test_modes(void) {
  DriverConnection *memory = open_memory();
  CHECK(memory->single);
  CHECK(run(memory, "CREATE TABLE t(a)") == 0);
  driver->read_only(memory, true);
  CHECK(run(memory, "INSERT INTO t VALUES (1)") == -1);
  check_failure(memory, "INSERT INTO t VALUES (1)", "25006", "reading");
  CHECK_TEXT(one(memory, "SELECT count(*) FROM t"), "0");
  driver->read_only(memory, false);
  CHECK(run(memory, "INSERT INTO t VALUES (1)") == 1);
  driver->close(memory);
  memory = open_with("x", "mode", "memory", false);
  CHECK(memory->single && access("x", F_OK) != 0);
  driver->close(memory);
  DriverConnection *reader = open_with(path_of("plain.db"), NULL, NULL, true);
  check_failure(reader, "INSERT INTO t VALUES (1)", "25006", "readonly");
  CHECK(run(reader, "CREATE TEMP TABLE x(a)") == -1);
  driver->read_only(reader, false); /* changes nothing */
  check_failure(reader, "DELETE FROM t", "25006", "readonly");
  driver->close(reader);
  DriverConnection *frozen = open_with(path_of("plain.db"), "immutable", "true", true);
  CHECK_TEXT(one(frozen, "SELECT count(*) FROM t"), "0");
  driver->close(frozen);
}

/* ---------------------------------------------------------------- values */

static void test_values(void) {
  static char large[1 << 20];
  memset(large, 'x', sizeof(large));
  DriverConnection *connection = open_memory();
  Value in[] = {integer(INT64_MIN),
                integer(INT64_MAX),
                {.type = VALUE_REAL, .real = -0.5},
                {.type = VALUE_REAL, .real = INFINITY},
                {.type = VALUE_NULL},
                {.type = VALUE_TEXT, .bytes = {"a\0b", 3}},
                {.type = VALUE_TEXT, .bytes = {NULL, 0}},
                {.type = VALUE_TEXT, .bytes = {"\xff\xfe", 2}},
                {.type = VALUE_BLOB, .bytes = {"\0\1", 2}},
                {.type = VALUE_BLOB, .bytes = {NULL, 0}},
                {.type = VALUE_TEXT, .bytes = {large, sizeof(large)}},
                text("\xf0\x9f\x98\x80")};
  enum { COUNT = sizeof(in) / sizeof(in[0]) };
  const char *sql = "SELECT ?,?,?,?,?,?,?,?,?,?,?,?";
  DriverStatement *statement;
  CHECK(driver->prepare(connection, sql, strlen(sql), &statement, &error) == DRIVER_OK);
  CHECK(driver->parameter_count(statement) == COUNT && driver->column_count(statement) == COUNT);
  CHECK(driver->execute(statement, in, COUNT, NULL, &error) == DRIVER_OK);
  CHECK(driver->next(statement, &error) == DRIVER_ROW);
  for (size_t i = 0; i < COUNT; i++) {
    Value out;
    CHECK(driver->value(statement, i, &out, &error) == DRIVER_OK && out.type == in[i].type);
    if (out.type == VALUE_INTEGER) CHECK(out.integer == in[i].integer);
    if (out.type == VALUE_REAL) CHECK(out.real == in[i].real);
    if (out.type >= VALUE_TEXT) {
      CHECK(out.bytes.size == in[i].bytes.size);
      CHECK(out.bytes.size == 0 || memcmp(out.bytes.data, in[i].bytes.data, out.bytes.size) == 0);
    }
  }
  CHECK(driver->next(statement, &error) == DRIVER_DONE);
  CHECK(driver->next(statement, &error) == DRIVER_DONE);
  CHECK(driver->affected(statement) == 0);
  driver->finish(statement);
  Value nan = {.type = VALUE_REAL, .real = NAN};
  CHECK(execute(connection, "SELECT ?", &nan, 1, NULL) == -1 && error.failure == FAILURE_UNFIT);
  CHECK(execute(connection, "SELECT ?, ?", &nan, 1, NULL) == -1 &&
        strstr(error.message, "2 parameters and 1 values") != NULL);
  driver->close(connection);
}

static void test_columns(void) {
  static const struct {
    const char *declared, *sqlite_type, *class_name;
  } cases[] = {{"INT", "INTEGER", "integer"},
               {"bigint", "INTEGER", "integer"},
               {"VARCHAR(20)", "TEXT", "text"},
               {"CLOB", "TEXT", "text"},
               {"BLOB", "BLOB", "blob"},
               {"DOUBLE", "REAL", "real"},
               {"FLOAT", "REAL", "real"},
               {"DECIMAL(10,2)", "NUMERIC", "number"},
               {"JSON", "NUMERIC", "number"},
               {"POINT", "INTEGER", "integer"},
               {"", "", "any"}};
  DriverConnection *connection = open_memory();
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char sql[100];
    DriverStatement *statement;
    DriverColumn column;
    snprintf(sql, sizeof(sql), "CREATE TABLE t%zu(\"a b\" %s)", i, cases[i].declared);
    CHECK(run(connection, sql) == 0);
    snprintf(sql, sizeof(sql), "SELECT * FROM t%zu", i);
    CHECK(driver->prepare(connection, sql, strlen(sql), &statement, &error) == DRIVER_OK);
    driver->column(statement, 0, &column);
    CHECK_TEXT(column.name, "a b");
    CHECK_TEXT(column.remote_type, cases[i].declared);
    CHECK_TEXT(column.sqlite_type, cases[i].sqlite_type);
    CHECK_TEXT(column.class_name, cases[i].class_name);
    driver->finish(statement);
  }
  run(connection, "CREATE TABLE j(a JSON)");
  run(connection, "INSERT INTO j VALUES ('{\"a\":1}'), ('no json'), ('[1,'), ('[]')");
  DriverStatement *statement;
  Value value;
  char found[5] = "";
  driver->prepare(connection, "SELECT a FROM j", 15, &statement, &error);
  driver->execute(statement, NULL, 0, NULL, &error);
  while (driver->next(statement, &error) == DRIVER_ROW) {
    driver->value(statement, 0, &value, &error);
    strcat(found, value.json ? "y" : "n");
  }
  CHECK_TEXT(found, "ynny");
  driver->finish(statement);
  /* a kept statement is told anew after the schema changed */
  CHECK_TEXT(one(connection, "SELECT * FROM t0"), "(none)");
  run(connection, "ALTER TABLE t0 ADD COLUMN more DEFAULT 7");
  run(connection, "INSERT INTO t0(\"a b\") VALUES (1)");
  driver->prepare(connection, "SELECT * FROM t0", 16, &statement, &error);
  CHECK(driver->execute(statement, NULL, 0, NULL, &error) == DRIVER_OK);
  CHECK(driver->column_count(statement) == 2);
  driver->finish(statement);
  driver->close(connection);
}

/* ---------------------------------------------------------------- counting, batches */

static void test_affected(void) {
  DriverConnection *connection = open_memory();
  CHECK(run(connection, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)") == 0);
  CHECK(run(connection, "INSERT INTO t VALUES (1,1),(2,1),(3,1)") == 3);
  CHECK(execute(connection, "UPDATE t SET a = a", NULL, 0, NULL) == 3);
  CHECK(execute(connection, "CREATE TABLE u(a)", NULL, 0, NULL) == 0); /* not the 3 of before */
  CHECK(run(connection, "CREATE TABLE v AS SELECT * FROM t") == 0);
  CHECK(execute(connection, "SELECT * FROM t", NULL, 0, NULL) == 0);
  CHECK(execute(connection, "/* c */ -- x\n DELETE FROM t WHERE id = 9", NULL, 0, NULL) == 0);
  CHECK(execute(connection, "WITH x AS (SELECT 3) DELETE FROM t WHERE id IN x", NULL, 0, NULL) ==
        1);
  CHECK(execute(connection, "REPLACE INTO t VALUES (1, 5)", NULL, 0, NULL) == 1);
  CHECK(execute(connection, "INSERT INTO t(a) VALUES (1),(2) RETURNING id", NULL, 0, NULL) == 2);
  CHECK(execute(connection, "PRAGMA foreign_keys=1", NULL, 0, NULL) == 0);
  run(connection, "CREATE TABLE p(id PRIMARY KEY)");
  run(connection, "CREATE TABLE c(id REFERENCES p)");
  run(connection, "INSERT INTO p VALUES (1)");
  CHECK(run(connection, "DROP TABLE p") == 0); /* it deletes the rows first */
  driver->close(connection);
}

typedef struct Rows {
  DriverRowSource base;
  int64_t next, end, wrong, fail;
  Value values[2];
} Rows;

static DriverStatus rows_take(DriverRowSource *source, const Value **values, size_t *count,
                              DriverError *failure) {
  Rows *rows = (Rows *)source;
  if (rows->next == rows->end) return DRIVER_DONE;
  if (++rows->next == rows->fail) return driver_error_set(failure, FAILURE_REFUSED, NULL, "source");
  rows->values[0] = integer(rows->next == rows->wrong ? 1 : rows->next);
  rows->values[1] = text("some text");
  *values = rows->values;
  *count = 2;
  return DRIVER_ROW;
}

static int64_t batch(DriverConnection *connection, Rows rows) {
  const char *sql = "INSERT INTO t VALUES (?,?)";
  DriverStatement *statement;
  int64_t affected = -1;
  rows.base.take = rows_take;
  error.row = 0;
  CHECK(driver->prepare(connection, sql, strlen(sql), &statement, &error) == DRIVER_OK);
  if (driver->execute_batch(statement, &rows.base, &affected, &error) != DRIVER_OK) affected = -1;
  driver->finish(statement);
  return affected;
}

static void test_batch(void) {
  DriverConnection *connection = open_memory();
  run(connection, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL)");
  CHECK(run(connection, "BEGIN IMMEDIATE") == 0);
  CHECK(batch(connection, (Rows){.end = 0}) == 0);
  CHECK(batch(connection, (Rows){.end = 1000}) == 1000);
  run(connection, "COMMIT");
  run(connection, "BEGIN");
  CHECK(batch(connection, (Rows){.next = 1000, .end = 2000, .wrong = 1234}) == -1);
  CHECK(error.row == 234 && strcmp(error.sqlstate, "23505") == 0);
  CHECK_TEXT(error.table, "t");
  CHECK_TEXT(error.column, "id");
  run(connection, "ROLLBACK");
  run(connection, "BEGIN");
  CHECK(batch(connection, (Rows){.next = 1000, .end = 2000, .fail = 1500}) == -1);
  CHECK_TEXT(error.message, "source");
  run(connection, "ROLLBACK");
  CHECK_TEXT(one(connection, "SELECT count(*) FROM t"), "1000");
  stop = true;
  CHECK(batch(connection, (Rows){.next = 1000, .end = 1000000}) == -1);
  CHECK(error.failure == FAILURE_INTERRUPTED && error.row > 0);
  stop = false;
  driver->close(connection);
}

/* ---------------------------------------------------------------- failures */

static void test_failures(void) {
  DriverConnection *connection = open_memory();
  run(connection, "PRAGMA foreign_keys=1");
  run(connection, "CREATE TABLE p(id INTEGER PRIMARY KEY, u UNIQUE, n NOT NULL, "
                  "c CONSTRAINT positive CHECK(c > 0), r REFERENCES p(id))");
  run(connection, "INSERT INTO p VALUES (1, 'a', 1, 1, NULL)");
  check_failure(connection, "INSERT INTO p VALUES (1,2,1,1,NULL)", "23505", "UNIQUE");
  CHECK(error.native == SQLITE_CONSTRAINT_PRIMARYKEY);
  check_failure(connection, "INSERT INTO p VALUES (2,'a',1,1,NULL)", "23505", "UNIQUE");
  CHECK(error.native == SQLITE_CONSTRAINT_UNIQUE);
  CHECK_TEXT(error.column, "u");
  run(connection, "CREATE UNIQUE INDEX lowered ON p(lower(u))");
  check_failure(connection, "INSERT INTO p VALUES (2,'A',1,1,NULL)", "23505", "UNIQUE");
  CHECK_TEXT(error.constraint, "lowered");
  check_failure(connection, "INSERT INTO p VALUES (2,2,NULL,1,NULL)", "23502", "NOT NULL");
  CHECK_TEXT(error.column, "n");
  check_failure(connection, "INSERT INTO p VALUES (2,2,1,-1,NULL)", "23514", "CHECK");
  CHECK_TEXT(error.constraint, "positive");
  check_failure(connection, "INSERT INTO p VALUES (2,2,1,1,77)", "23503", "FOREIGN KEY");
  check_failure(connection, "INSERT INTO p VALUES ('x',2,1,1,NULL)", "42804", "mismatch");
  check_failure(connection, "SELEC 1", "42601", "syntax error");
  CHECK_TEXT(error.detail, "at byte 1 of the statement");
  check_failure(connection, "SELECT * FROM absent", "42P01", "absent");
  check_failure(connection, "SELECT absent FROM p", "42703", "absent");
  check_failure(connection, "SELECT absent()", "42883", "absent");
  check_failure(connection, "CREATE TABLE p(a)", "42P07", "already exists");
  check_failure(connection, "", "42601", "no statement");
  check_failure(connection, " -- only a comment", "42601", "no statement");
  check_failure(connection, "SELECT 1; SELECT 2", "42601", "byte 11");
  check_failure(connection, "COMMIT", "25P01", "no transaction");
  check_failure(connection, "SELECT load_extension('x')", "42501", "not authorized");
  CHECK(execute(connection, "SELECT 1; -- the end\n /* x */ ; ", NULL, 0, NULL) == 0);
  DriverStatement *statement;
  CHECK(driver->prepare(connection, "SELECT 1\0DROP", 13, &statement, &error) == DRIVER_FAILED);
  CHECK_TEXT(error.sqlstate, "22021");
  CHECK(run(connection, "SELECT 1; DROP TABLE p") == -1);
  CHECK_TEXT(one(connection, "SELECT count(*) FROM p"), "1");
  driver->close(connection);
}

static void test_transactions(void) {
  DriverConnection *connection = open_memory();
  run(connection, "CREATE TABLE t(a PRIMARY KEY)");
  CHECK(driver->transaction(connection) == TRANSACTION_NONE);
  const char *before[] = {"BEGIN IMMEDIATE", "SAVEPOINT s"};
  DriverEnvelope envelope = {before, 2, "RELEASE s"};
  CHECK(execute(connection, "INSERT INTO t VALUES (1)", NULL, 0, &envelope) == 1);
  CHECK(driver->transaction(connection) == TRANSACTION_OPEN);
  before[0] = "SAVEPOINT s";
  envelope.before_count = 1;
  CHECK(execute(connection, "INSERT INTO t VALUES (1)", NULL, 0, &envelope) == -1);
  CHECK(driver->transaction(connection) == TRANSACTION_OPEN);
  CHECK(run(connection, "ROLLBACK TO s") == 0);
  envelope.after = "no such text";
  CHECK(execute(connection, "INSERT INTO t VALUES (2)", NULL, 0, &envelope) == -1);
  CHECK(strcmp(error.sqlstate, "42601") == 0);
  before[0] = "no such text either";
  CHECK(execute(connection, "INSERT INTO t VALUES (3)", NULL, 0, &envelope) == -1);
  CHECK_TEXT(one(connection, "SELECT count(*) FROM t WHERE a = 3"), "0");
  check_failure(connection, "INSERT OR ROLLBACK INTO t VALUES (1)", "23505", "UNIQUE");
  CHECK(driver->transaction(connection) == TRANSACTION_NONE); /* and so it was */
  CHECK_TEXT(one(connection, "SELECT count(*) FROM t"), "0");
  driver->close(connection);
}

/* ---------------------------------------------------------------- stopping and waiting */

static const char endless[] =
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c";

static void *stop_soon(void *context) {
  (void)context;
  usleep(100000);
  stop = true;
  return NULL;
}

static int64_t milliseconds_since(int64_t start) {
  return (driver_clock() - start) / 1000;
}

static void test_stopping(void) {
  DriverConnection *connection = open_memory();
  int64_t start = driver_clock();
  connection->deadline = start + 150000;
  CHECK(execute(connection, endless, NULL, 0, NULL) == -1);
  CHECK(error.failure == FAILURE_TIMEOUT && strcmp(error.sqlstate, "57014") == 0);
  CHECK(milliseconds_since(start) >= 150 && milliseconds_since(start) < 400);
  connection->deadline = 0;
  CHECK_TEXT(one(connection, "SELECT 5"), "5"); /* the session goes on */
  pthread_t thread;
  pthread_create(&thread, NULL, stop_soon, NULL);
  start = driver_clock();
  CHECK(execute(connection, endless, NULL, 0, NULL) == -1);
  CHECK(error.failure == FAILURE_INTERRUPTED && milliseconds_since(start) < 350);
  pthread_join(thread, NULL);
  stop = false;
  CHECK(!connection->broken);
  CHECK_TEXT(one(connection, "SELECT 6"), "6");
  driver->close(connection);
}

static void test_locks(void) {
  DriverConnection *writer = open_file("lock.db");
  run(writer, "CREATE TABLE t(a)");
  DriverConnection *other = open_with(path_of("lock.db"), "timeout", "1", false);
  CHECK(run(writer, "BEGIN IMMEDIATE") == 0);
  int64_t start = driver_clock();
  CHECK(run(other, "INSERT INTO t VALUES (1)") == -1);
  CHECK(strcmp(error.sqlstate, "55P03") == 0 && error.failure == FAILURE_REMOTE);
  CHECK(strstr(error.hint, "timeout") != NULL);
  CHECK(milliseconds_since(start) >= 950 && milliseconds_since(start) < 1400);
  other->deadline = driver_clock() + 200000;
  start = driver_clock();
  CHECK(run(other, "INSERT INTO t VALUES (1)") == -1 && error.failure == FAILURE_TIMEOUT);
  CHECK(strstr(error.message, "lock") != NULL && milliseconds_since(start) < 450);
  other->deadline = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, stop_soon, NULL);
  start = driver_clock();
  CHECK(run(other, "INSERT INTO t VALUES (1)") == -1 && error.failure == FAILURE_INTERRUPTED);
  CHECK(milliseconds_since(start) < 350);
  pthread_join(thread, NULL);
  stop = false;
  CHECK(run(writer, "COMMIT") == 0);
  CHECK(run(other, "INSERT INTO t VALUES (1)") == 1);
  /* a writer that read what is old by now must begin again */
  CHECK_TEXT(one(writer, "PRAGMA journal_mode=wal"), "wal");
  run(writer, "BEGIN");
  CHECK_TEXT(one(writer, "SELECT count(*) FROM t"), "1");
  CHECK(run(other, "INSERT INTO t VALUES (2)") == 1);
  CHECK(run(writer, "INSERT INTO t VALUES (3)") == -1 && strcmp(error.sqlstate, "40001") == 0);
  driver->close(writer);
  driver->close(other);
}

static void test_alive(void) {
  DriverConnection *connection = open_file("gone.db");
  run(connection, "CREATE TABLE t(a)");
  CHECK(driver->is_alive(connection));
  CHECK(driver->ping(connection, &error) == DRIVER_OK);
  CHECK(unlink(path_of("gone.db")) == 0);
  CHECK(!driver->is_alive(connection)); /* what it would write now is lost */
  driver->close(connection);
  connection = open_memory();
  CHECK(driver->is_alive(connection));
  DriverServer server;
  driver->server(connection, &server);
  CHECK_TEXT(server.product, "SQLite");
  CHECK_TEXT(server.version, sqlite3_libversion());
  CHECK_TEXT(server.tls, "");
  driver->close(connection);
}

static void test_fork(void) {
  DriverConnection *connection = open_file("fork.db");
  run(connection, "CREATE TABLE t(a)");
  run(connection, "BEGIN");
  run(connection, "INSERT INTO t VALUES (1)");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    bool refused = run(connection, "COMMIT") == -1 && error.failure == FAILURE_REFUSED;
    driver->close(connection);
    _exit(refused ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(run(connection, "COMMIT") == 0);
  CHECK_TEXT(one(connection, "SELECT count(*) FROM t"), "1");
  driver->close(connection);
}

/* ---------------------------------------------------------------- the statement cache, memory */

static void test_cache(void) {
  DriverConnection *connection = open_memory();
  DriverStatement *first, *second, *third;
  driver->prepare(connection, "SELECT ?", 8, &first, &error);
  driver->prepare(connection, "SELECT ?", 8, &second, &error);
  CHECK(first != second); /* the first is in use */
  driver->finish(first);
  driver->prepare(connection, "SELECT ?", 8, &third, &error);
  CHECK(third == first);
  /* bindings of the use before are gone */
  CHECK(driver->execute(third, NULL, 0, NULL, &error) == DRIVER_FAILED);
  driver->finish(third);
  driver->finish(second);
  driver->close(connection);
}

static void test_memory(void) {
  int done = 0;
  for (int n = 1; n < 3000 && done < 3; n++) {
    unit_fail_at = n;
    DriverConnection *connection = open_memory();
    bool good = connection != NULL;
    if (good) {
      Value values[] = {integer(1), text("abc")};
      const char *before[] = {"BEGIN"};
      DriverEnvelope envelope = {before, 1, "COMMIT"};
      good = run(connection, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)") == 0 &&
             execute(connection, "INSERT INTO t VALUES (?,?)", values, 2, &envelope) == 1 &&
             strcmp(one(connection, "SELECT a FROM t"), "abc") == 0;
    }
    bool failed = unit_fail_at == 0;
    unit_fail_at = 0;
    if (!good && !(failed && (error.failure == FAILURE_MEMORY || error.failure == FAILURE_REMOTE ||
                              error.failure == FAILURE_CONNECT))) {
      CHECK(false);
    }
    if (connection != NULL) driver->close(connection);
    done += !failed;
  }
  CHECK(done == 3);
}

int main(void) {
  unit_start();
  unit_connector.host.interrupted = interrupted;
  unit_connector.host.is_own_file = is_own_file;
  driver = connector_driver_sqlite(DRIVER_ABI);
  CHECK(driver->size == sizeof(Driver) && driver->abi == DRIVER_ABI);
  if (mkdtemp(directory) == NULL) return 1;
  test_open();
  test_modes();
  test_values();
  test_columns();
  test_affected();
  test_batch();
  test_failures();
  test_transactions();
  test_stopping();
  test_locks();
  test_alive();
  test_fork();
  test_cache();
  test_memory();
  char command[100];
  snprintf(command, sizeof(command), "rm -r %s", directory);
  CHECK(system(command) == 0);
  return unit_report();
}
