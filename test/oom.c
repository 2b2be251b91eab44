/*
** oom.c: fails the N-th allocation of SQLite and of the extension, N = 1, 2, 3 … until a run meets none, once
** and for all that follow. After each run: the answer is right or an error was given, what the database file of
** the block holds fits to what was said, closing works, and no memory is left.
**
**     oom LIBRARY FILE SCENARIO
**
** A scenario is a list of SQL texts; each says how many rows table t may have after it was run well.
*/
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3_mem_methods real;
static long calls, fail_at, point;
static int persistent, met;

static int fails(void) {
  calls++;
  if (fail_at <= 0 || !(calls == fail_at || (persistent && calls > fail_at))) return 0;
  met = 1;
  return 1;
}

static void *failing_malloc(int size) {
  return fails() ? NULL : real.xMalloc(size);
}

static void *failing_realloc(void *memory, int size) {
  return fails() ? NULL : real.xRealloc(memory, size);
}

/* Nothing here is to outlive the machine: SQLite's calls come here instead of to libc. */
int fsync(int descriptor) {
  return descriptor < 0;
}

int fdatasync(int descriptor) {
  return descriptor < 0;
}

/* ---------------------------------------------------------------- scenarios */

enum { ANSWER = 400 };

typedef struct Step {
  const char *sql;
  const char *answer; /* all values of all rows, with a comma behind each; NULL = of no interest */
  int rows; /* of t, when all up to here went well; -1 = as before, -2 = three more, call by call */
  int ends; /* KEPT: cannot be undone from here on, UNDONE: it is not there any more */
} Step;

enum { NOTHING, KEPT, UNDONE, BEFORE_ROWS /* kept, before its rows are given */ };

typedef struct Scenario {
  const char *name;
  Step steps[12];
} Scenario;

#define MANY "connector_execute_many('shop', 'INSERT INTO t VALUES (:a, :b)', "
static const Scenario scenarios[] = {
    {"open", {{"SELECT connector_fetch_one('shop', 'SELECT 1 AS a')", "{\"a\":1},", -1, NOTHING}}},
    {"execute",
     {{"SELECT connector_execute('shop', 'INSERT INTO t VALUES (?, ?)', 1, 'one')", "1,", 1, KEPT},
      {"SELECT connector_execute('shop', 'UPDATE t SET b = :b', '{\"b\":\"two\"}')", "1,", 1,
       KEPT}}},
    {"script",
     {{"SELECT connector_execute('shop', 'INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, "
       "2)')",
       "2,", 2, KEPT}}},
    {"many",
     {{"SELECT " MANY "'[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":null},{\"a\":3,\"b\":1.5}]')", "3,",
       3, KEPT},
      {"SELECT connector_execute_many('shop', 'INSERT INTO t VALUES (?, ?)', connector_rows(value, "
       "'y')) "
       "FROM json_each('[4,5,6]')",
       "3,", 6, KEPT}}},
    {"fetch",
     {{"SELECT " MANY "'[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"y\"},{\"a\":3,\"b\":\"z\"}]')",
       "3,", 3, KEPT},
      {"SELECT connector_fetch_one('shop', 'SELECT * FROM t ORDER BY a')", "{\"a\":1,\"b\":\"x\"},",
       3, NOTHING},
      {"SELECT row FROM connector_fetch_many('shop', 'SELECT * FROM t ORDER BY a', NULL, 1)",
       "{\"a\":2,\"b\":\"y\"},", 3, NOTHING},
      {"SELECT row FROM connector_fetch_all('shop', 'SELECT * FROM t ORDER BY a')",
       "{\"a\":3,\"b\":\"z\"},", 3, NOTHING},
      {"SELECT c1, c2 FROM connector_query('shop', 'SELECT * FROM t WHERE a > ? ORDER BY a', 1)",
       "2,y,3,z,", 3, NOTHING},
      {"SELECT connector_value('shop', 'SELECT b FROM t WHERE a = :a', '{\"a\":2}')", "y,", 3,
       NOTHING}}},
    {"returning",
     {{"SELECT row FROM connector_fetch_all('shop', 'INSERT INTO t VALUES (1, 1), (2, 2) RETURNING "
       "a')",
       "{\"a\":1},{\"a\":2},", 2, BEFORE_ROWS}}},
    {"transaction",
     {{"BEGIN", "", -1, NOTHING},
      {"INSERT INTO local VALUES (1)", "", -1, NOTHING},
      {"SELECT connector_execute('shop', 'INSERT INTO t VALUES (1, 1)')", "1,", 1, NOTHING},
      {"SAVEPOINT s", "", -1, NOTHING},
      {"SELECT connector_execute('shop', 'INSERT INTO t VALUES (2, 2)')", "1,", 2, NOTHING},
      {"SELECT connector_value('shop', 'SELECT count(*) FROM t')", "2,", 2, NOTHING},
      {"ROLLBACK TO s", "", 1, NOTHING},
      {"SELECT connector_execute('shop', 'INSERT INTO t VALUES (3, 3)')", "1,", 2, NOTHING},
      {"RELEASE s", "", 2, NOTHING},
      {"COMMIT", "", 2, KEPT}}},
    {"rollback",
     {{"BEGIN", "", -1, NOTHING},
      {"SELECT connector_execute('shop', 'INSERT INTO t VALUES (1, 1)')", "1,", 1, NOTHING},
      {"SELECT connector_fetch_one('shop', 'SELECT a FROM t')", "{\"a\":1},", 1, NOTHING},
      {"ROLLBACK", "", 0, UNDONE}}},
    {"table",
     {{"CREATE VIRTUAL TABLE temp.shop USING connector(shop)", "", -1, NOTHING},
      {"INSERT INTO shop(operation, p1, p2) SELECT 'INSERT INTO t VALUES (?, ?)', value, 'x' FROM "
       "json_each('[1,2,3]')",
       "", 3, KEPT},
      {"BEGIN", "", -1, NOTHING},
      {"INSERT INTO shop(operation, p1, p2) SELECT 'INSERT INTO t VALUES (?, ?)', value, 'y' FROM "
       "json_each('[4,5]')",
       "", 5, NOTHING},
      {"SELECT row FROM shop('SELECT max(a) AS m FROM t')", "{\"m\":5},", 5, NOTHING},
      {"COMMIT", "", 5, KEPT}}},
    {"displaced",
     {{"SELECT connector_execute('shop', 'INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)')", "3,", 3,
       KEPT},
      {"SELECT connector_execute('shop', 'INSERT INTO t VALUES (?, ?)', c1 + 10, 1) "
       "FROM connector_query('shop', 'SELECT a FROM t WHERE a < 10 ORDER BY a')",
       NULL, -2, KEPT}}},
    {"failing",
     {{"SELECT connector_execute('shop', 'INSERT INTO t VALUES (1, 1)')", "1,", 1, KEPT},
      {"SELECT coalesce(connector_error('message'), 'none')", "none,", 1, NOTHING},
      {"SELECT connector_execute('shop', 'INSERT INTO nowhere VALUES (1)')", "!", 1, NOTHING},
      {"SELECT connector_execute('shop', 'INSERT INTO t VALUES (1, 1)')", "!", 1, NOTHING},
      {"SELECT count(*) > 0 FROM connector_log", "1,", 1, NOTHING}}},
};

/* ---------------------------------------------------------------- running */

/* *given: the first row came, so that the calls in it were done, whatever becomes of its values. */
static int run(sqlite3 *db, const char *sql, char *answer, int *given) {
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  answer[0] = 0;
  *given = 0;
  while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
    *given = 1;
    rc = SQLITE_OK;
    for (int i = 0; i < sqlite3_column_count(statement) && !rc; i++) {
      int type = sqlite3_column_type(statement, i);
      const char *text = (const char *)sqlite3_column_text(statement, i);
      if (!text && type != SQLITE_NULL) rc = SQLITE_NOMEM;
      snprintf(answer + strlen(answer), ANSWER - strlen(answer), "%s,", text ? text : "NULL");
    }
  }
  sqlite3_finalize(statement);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static long wrong, points;

static void complain(const Scenario *scenario, const char *what, const Step *step, int rc,
                     const char *saw) {
  if (++wrong <= 20)
    printf("WRONG %s %s %ld: %s: %s: rc %d, saw '%s'\n", scenario->name, persistent ? "from" : "at",
           point, what, step ? step->sql : "", rc, saw);
}

/* Runs the steps until one fails. *least and *most: rows that t may have afterwards. */
static void steps_run(sqlite3 *db, const Scenario *scenario, int *least, int *most) {
  char answer[ANSWER];
  int kept = 0, given; /* rows that nothing can undo any more */
  *least = *most = 0;
  for (const Step *step = scenario->steps; step->sql; step++) {
    int rc = run(db, step->sql, answer, &given);
    int wanted = step->answer && step->answer[0] == '!';
    if (wanted && rc == SQLITE_OK) complain(scenario, "it should fail", step, rc, answer);
    if (rc == SQLITE_OK && step->answer && !wanted && strcmp(step->answer, answer))
      complain(scenario, "a wrong answer", step, rc, answer);
    if (rc != SQLITE_OK && !met && !wanted)
      complain(scenario, "failed without a reason", step, rc, sqlite3_errmsg(db));
    if (rc != SQLITE_OK &&
        !wanted) { /* of the statement that failed nothing stays, but of single calls */
      int done = given || step->ends == BEFORE_ROWS;
      *least = kept;
      *most = step->rows == -2 ? kept + 3 : done && step->ends ? step->rows : kept;
      return;
    }
    if (step->rows == -2)
      kept += 3;
    else if (step->ends == KEPT || step->ends == BEFORE_ROWS)
      kept = step->rows;
    *least = *most = kept;
  }
}

static int rows_of(const char *file, const char *sql) {
  sqlite3 *db;
  sqlite3_stmt *statement = NULL;
  int rows = -1;
  sqlite3_open(file, &db);
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    rows = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return rows;
}

static sqlite3 *open_all(const char *library, const char *file, const char *local) {
  sqlite3 *db, *plain;
  char *message = NULL, *sql;
  remove(file);
  sqlite3_open(file, &plain);
  sqlite3_exec(plain, "PRAGMA synchronous=OFF; CREATE TABLE t(a UNIQUE, b)", NULL, NULL, NULL);
  sqlite3_close(plain);
  remove(local);
  sqlite3_open(local, &db);
  sqlite3_enable_load_extension(db, 1);
  sql = sqlite3_mprintf("PRAGMA synchronous=OFF; CREATE TABLE local(a);"
                        "SELECT connector_open('shop', 'sqlite:///' || %Q)",
                        file);
  if (sqlite3_load_extension(db, library, NULL, &message) ||
      sqlite3_exec(db, sql, NULL, NULL, &message)) {
    printf("cannot begin: %s\n", message);
    exit(2);
  }
  sqlite3_free(sql);
  return db;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  char local[1000];
  snprintf(local, sizeof local, "%s-local", argv[2]);
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  sqlite3_mem_methods failing = real;
  failing.xMalloc = failing_malloc;
  failing.xRealloc = failing_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  const Scenario *scenario = NULL;
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
    if (!strcmp(scenarios[i].name, argv[3])) scenario = &scenarios[i];
  if (!scenario) return 2;
  for (persistent = 0; persistent < 2; persistent++) {
    for (long at = 1;; at++) {
      int least, most;
      fail_at = 0;
      met = 0;
      sqlite3 *db = open_all(argv[1], argv[2], local);
      calls = 0;
      fail_at = point = at;
      steps_run(db, scenario, &least, &most);
      fail_at = 0;
      points++;
      int local_rows = 0;
      int done = sqlite3_get_autocommit(db);
      if (!done) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
      if (sqlite3_close(db) != SQLITE_OK) complain(scenario, "close", NULL, 0, "");
      int rows = rows_of(argv[2], "SELECT count(*) FROM t");
      if (rows < least || rows > most) {
        char saw[80];
        snprintf(saw, sizeof saw, "%d rows, %d to %d are right", rows, least, most);
        complain(scenario, "the block's file", NULL, 0, saw);
      }
      local_rows = rows_of(local, "SELECT count(*) FROM local");
      if (!strcmp(scenario->name, "transaction") && local_rows != (rows > 0)) {
        char saw[80];
        snprintf(saw, sizeof saw, "%d local, %d in the block", local_rows, rows);
        complain(scenario, "both sides", NULL, 0, saw);
      }
      if (sqlite3_memory_used() != 0) {
        char saw[80];
        snprintf(saw, sizeof saw, "%lld bytes", (long long)sqlite3_memory_used());
        complain(scenario, "left in memory", NULL, 0, saw);
        return 1; /* all that follow would be wrong as well */
      }
      if (!met) break;
    }
  }
  printf("%s: %ld points, %ld wrong\n", scenario->name, points, wrong);
  return wrong != 0;
}
