/*
** lexer_test.c: tokens, statement classes and the splitting of scripts, in every dialect.
**
** sources: src/lexer.c src/statement_class.c src/script.c
*/
#include "lexer.h"
#include "unit.h"
#include "dialects.h"

#include <stdlib.h>

/* One letter for each token: W word, N name, S string, # number, ? question, D dollar, C colon,
** ; semicolon, . other, B broken. Space is left out. */
static void tokens_of(const DriverDialect *dialect, const char *sql, char letters[64]) {
  static const char names[] = "E_WNS#?DC;.B";
  Lexer lexer;
  const char *at = sql;
  size_t count = 0;
  lexer_init(&lexer, dialect, sql, strlen(sql));
  for (;;) {
    Token token = lexer_next(&lexer);
    CHECK(token.text == at); /* nothing is left out */
    at += token.size;
    if (token.kind == TOKEN_END) break;
    CHECK(token.size > 0);
    if (token.kind != TOKEN_SPACE && count < 63) letters[count++] = names[token.kind];
  }
  CHECK(*at == 0 && lexer_next(&lexer).kind == TOKEN_END);
  letters[count] = 0;
}

typedef struct TokenCase {
  const DriverDialect *dialect; /* NULL = all */
  const char *sql, *letters;
} TokenCase;

static const TokenCase token_cases[] = {
    {NULL, "", ""},
    {NULL, " \t\n\r\f\v", ""},
    {NULL, "SELECT a, b FROM t;", "WW.WWW;"},
    {NULL, "SELECT :a+:b_2", "WC.C"},
    {NULL, "größe = :größe", "W.C"},
    {NULL, "\xEF\xBB\xBFSELECT", "W"},
    {NULL, "a$1", "W"},
    {NULL, "'it''s :a ? $1'", "S"},
    {NULL, "'open :a", "B"},
    {NULL, "\"open", "B"},
    {NULL, "x'00FF' N'a' B'01'", "SSS"},
    {NULL, "/* :a ? */ -- :b ?\n :c", "C"},
    {NULL, "/* open :a", "B"},
    {NULL, "/*/ :a */ :b", "C"},
    {NULL, "-- :a", ""},
    {NULL, "1 1.5 .5 1e5 1.5E-3 0x1F 1_000", "#######"},
    {NULL, "1e+:a", "#.C"},
    {NULL, "$1+$23", "D.D"},
    {NULL, ": a", ".W"},
    {NULL, "LIMIT:n", "WC"},
    {NULL, "json_object('a':b, 1:d)", "W.S.W.#.W."},
    {NULL, "(1):a", ".#..W"},
    {NULL, ":a:b", "C.W"},
    {NULL, "lbl:BEGIN lbl:loop x=:begin", "W.WW.WW.C"},
    {NULL, "? ?", "??"},

    {&postgresql, "x::text, y::int", "W.W.W.W"},
    {&postgresql, ":a::text", "C.W"},
    {&postgresql, "x := :a", "W.C"},
    {&postgresql, "a[1:2]", "W.#.#."},
    {&postgresql, "a[1:n]", "W.#.W."},
    {&postgresql, "a[lo:hi]", "W.W.W."},
    {&postgresql, "a[:n]", "W.C."},
    {&postgresql, "a[ : n]", "W..W."},
    {&postgresql, "a[lo : :n]", "W.W.C."},
    {&postgresql, "a[:lo : :hi]", "W.C.C."},
    {&postgresql, "a[f(:x)]", "W.W.C.."},
    {&postgresql, "a[f(y):z]", "W.W.W..W."},
    {&postgresql, "a[1+:x]", "W.#.C."},
    {&postgresql, "a[b[1]:n]", "W.W.#..W."},
    {&postgresql, "ARRAY[:a, :b]", "W.C.C."},
    {&postgresql, "ARRAY[x, (SELECT y :c)]", "W.W..WWC.."},
    {&postgresql, "x[CASE WHEN a THEN :p ELSE :q END]", "W.WWWWCWCW."},
    {&postgresql, "a[@x:3]", "W.N.#."},
    {&postgresql, "E'\\' :a', :b", "S.C"},
    {&postgresql, "e'a'\n  'b\\' :a', :b", "S.C"},
    {&postgresql, "e'a' -- it's\n 'b\\' :a', :b", "S.C"},
    {&postgresql, "e'a' 'b\\', :a", "SS.C"},
    {&postgresql, "'a\\', :b", "S.C"},
    {&postgresql, "xe'a'", "WS"},
    {&postgresql, "U&'a\\' u&\"b\" u & 'c'", "SNW.S"},
    {&postgresql, "$$ :a ' $1 $$, :b", "S.C"},
    {&postgresql, "$tag$ :a $$ $ta$ $tag$:b", "S.W"},
    {&postgresql, "$tag$ :a", "B"},
    {&postgresql, "$größe$ ' $größe$, :b", "S.C"},
    {&postgresql, "$1$$x", "DB"},
    {&postgresql, "a$b$ :c $b$", "WCB"},
    {&postgresql, "/* a /* :b */ :c */ :d", "C"},
    {&postgresql, "-- :a\r:b", "C"},
    {&postgresql, "--:a", ""},
    {&postgresql, "\"a\"\":b\"", "N"},
    {&postgresql, "`:a`", ".C."},
    {&postgresql, "j ? 'k'", "W?S"},
    {&postgresql, "j ?| k", "W.W"},
    {&postgresql, "j ?& k", "W.W"},
    {&postgresql, "? || k", "?..W"},
    {&postgresql, "?|| k", "?..W"},
    {&postgresql, "?&& k", "?..W"},
    {&postgresql, "j @? k", "W.W"},
    {&postgresql, "j @> :k", "W..C"},
    {&postgresql, "j @@ :k", "W..C"},
    {&postgresql, "@-5 @$1 @:a", "..#.D.C"},
    {&postgresql, "# :a", ".C"},
    {&postgresql, "?1", "?#"},
    {&postgresql, "$a", ".W"},

    {&mysql, "'it\\'s :a', :b", "S.C"},
    {&mysql, "'a\\\\', :b", "S.C"},
    {&mysql, "\"it\\\"s\" :b", "S.W"},
    {&mysql, "x = \"a\"\"b\"", "W.S"},
    {&mysql, "`a``:b`", "N"},
    {&mysql, "`a\\` :b", "N.W"},
    {&mysql, "# :a\n:b", "C"},
    {&mysql, "--:a", "..C"},
    {&mysql, "-- :a", ""},
    {&mysql, "--\t:a\n:b", "C"},
    {&mysql, "5--1", "#..#"},
    {&mysql, "--", ""},
    {&mysql, "@a:=1, @b := :c", "N.#.N.C"},
    {&mysql, "@@global.x @`q` @'s'", ".N.W.N.S"},
    {&mysql, "u@'%'", "W.S"},
    {&mysql, "/*!50001 SELECT :a */ :b", ".WC..W"},
    {&mysql, "/*!50001 '*/' */", ".S."},
    {&mysql, "/*M!100100 x */", ".W."},
    {&mysql, "/*!1 x */", ".#W."},
    {&mysql, "/*! a /* :b */ c */ *", ".WW.."},
    {&mysql, "*/", ".."},
    {&mysql, "/* a /* :b */ :c", "C"},
    {&mysql, "$1", "D"},
    {&mysql, "$1a $a 1$1", "WW#"},
    {&mysql, "?1", "?#"},
    {&mysql, "?|1 ?&1", "?.#?.#"},
    {&mysql, "1abc", "#"},
    {&mysql, "-- :a\r:b\n:c", "C"},

    {&sqlite, "[a:b ?] [x", "NB"},
    {&sqlite, "`a`", "N"},
    {&sqlite, "?1 ?12 ?", "DD?"},
    {&sqlite, "@a, $a, :a, :1, $1, $1a", "C.C.C.C.D.C"},
    {&sqlite, "@ $ #", "..."},
    {&sqlite, "a->>'$.x'", "W...S"},
    {&sqlite, "/* a /* b */ :c", "C"},
    {&sqlite, "'a\\' :b", "S.W"},
    {&sqlite, "?||?", "?..?"},
};

static void test_tokens(void) {
  const DriverDialect *all[] = {&postgresql, &mysql, &sqlite};
  for (size_t i = 0; i < sizeof token_cases / sizeof *token_cases; i++) {
    const TokenCase *test = &token_cases[i];
    for (size_t j = 0; j < 3; j++) {
      if (test->dialect && test->dialect != all[j]) continue;
      char letters[64];
      tokens_of(all[j], test->sql, letters);
      if (!CHECK_TEXT(letters, test->letters)) printf("  %s: %s\n", all[j]->name, test->sql);
    }
  }
}

/* The size counts, not a NUL behind it; nothing is read behind the end. */
static void test_ends(void) {
  static const char *const texts[] = {
      "'a'", "E'a'\n'b'", "$a$b$a$", "/*a*/",        "--a",          "1e+5",
      "::",  ":=",        ":a",      "?|",           "@?",           "$1",
      "[a]", "`a`",       "\"a\"",   "U&'a'",        "/*!50001 a*/", "/*M!50001 a*/",
      "0x",  ".5",        "@a",      "\xEF\xBB\xBF",
  };
  const DriverDialect *all[] = {&postgresql, &mysql, &sqlite};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    for (size_t size = 0; size <= strlen(texts[i]); size++) {
      char *exact = malloc(size + 1); /* for the address sanitizer: no byte behind */
      char *copy = exact + 1;
      memcpy(copy, texts[i], size);
      for (size_t j = 0; j < 3; j++) {
        Lexer lexer;
        size_t sum = 0;
        lexer_init(&lexer, all[j], copy, size);
        for (Token token = lexer_next(&lexer); token.kind != TOKEN_END;
             token = lexer_next(&lexer)) {
          sum += token.size;
        }
        CHECK(sum == size);
      }
      free(exact);
    }
  }
}

/* ---------------------------------------------------------------- classes */

typedef struct ClassCase {
  const DriverDialect *dialect; /* NULL = all */
  StatementClass class;
  const char *sql;
} ClassCase;

static const ClassCase class_cases[] = {
    {NULL, STATEMENT_EMPTY, ""},
    {NULL, STATEMENT_EMPTY, " -- x\n /* y */ ;; "},
    {NULL, STATEMENT_EMPTY, "/* open"},
    {NULL, STATEMENT_READ, "SELECT 1"},
    {NULL, STATEMENT_READ, "-- x\n/* y */ select 1 ; -- end"},
    {NULL, STATEMENT_READ, "((SELECT 1) UNION (SELECT 2))"},
    {NULL, STATEMENT_READ, "VALUES (1)"},
    {NULL, STATEMENT_READ, "TABLE t"},
    {NULL, STATEMENT_READ, "SHOW TABLES"},
    {NULL, STATEMENT_READ, "WITH RECURSIVE x(n) AS MATERIALIZED (SELECT 1) SELECT * FROM x"},
    {NULL, STATEMENT_READ, "SELECT 'into', \"into\", t.into, 'for update' FROM t"},
    {NULL, STATEMENT_READ, "SELECT replace(a, 'x', 'y'), x.delete FROM t"},
    {NULL, STATEMENT_READ, "SELECT nextval FROM t"},
    {NULL, STATEMENT_WRITE, "SELECT 1; DELETE FROM t"},
    {NULL, STATEMENT_WRITE, "SHOW TABLES; DROP TABLE t"},
    {NULL, STATEMENT_WRITE, "SELECT * INTO x FROM t"},
    {NULL, STATEMENT_WRITE, "SELECT * FROM t FOR UPDATE"},
    {NULL, STATEMENT_WRITE, "SELECT * FROM t FOR NO KEY UPDATE"},
    {NULL, STATEMENT_WRITE, "SELECT * FROM t FOR KEY SHARE"},
    {NULL, STATEMENT_WRITE, "(SELECT * FROM t for /* x */ share)"},
    {NULL, STATEMENT_WRITE, "SELECT * FROM t LOCK IN SHARE MODE"},
    {NULL, STATEMENT_WRITE, "SELECT nextval('s')"},
    {NULL, STATEMENT_WRITE, "SELECT pg_catalog.setval ('s', 1)"},
    {NULL, STATEMENT_WRITE, "SELECT NEXT VALUE FOR s"},
    {NULL, STATEMENT_WRITE, "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d"},
    {NULL, STATEMENT_WRITE, "WITH d AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM d"},
    {NULL, STATEMENT_WRITE, "WITH d AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM d"},
    {NULL, STATEMENT_WRITE, "WITH d AS NOT MATERIALIZED (SELECT 1) DELETE FROM t"},
    {NULL, STATEMENT_WRITE, "WITH d AS (SELECT 1) UPDATE t SET a = 1"},
    {NULL, STATEMENT_WRITE, "WITH d AS (SELECT 1) INSERT INTO t SELECT * FROM d"},
    {NULL, STATEMENT_WRITE,
     "WITH d AS (SELECT 1) MERGE INTO t USING d ON true WHEN MATCHED THEN DELETE"},
    {NULL, STATEMENT_READ, "WITH d AS (SELECT 1) SELECT delete(h, 'k'), t.update FROM d"},
    {NULL, STATEMENT_WRITE, "INSERT INTO t VALUES (1)"},
    {NULL, STATEMENT_WRITE, "update t set a = 1"},
    {NULL, STATEMENT_WRITE, "DELETE FROM t"},
    {NULL, STATEMENT_WRITE, "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE"},
    {NULL, STATEMENT_WRITE, "REPLACE INTO t VALUES (1)"},
    {NULL, STATEMENT_WRITE, "CALL p()"},
    {NULL, STATEMENT_WRITE, "DO $$ BEGIN END $$"},
    {NULL, STATEMENT_WRITE, "COPY t TO STDOUT"},
    {NULL, STATEMENT_WRITE, "EXECUTE x"},
    {NULL, STATEMENT_WRITE, "ANALYZE"},
    {NULL, STATEMENT_WRITE, "LISTEN x"},
    {NULL, STATEMENT_WRITE, "FETCH 1 FROM c"},
    {NULL, STATEMENT_WRITE, "frobnicate"},
    {NULL, STATEMENT_WRITE, "'abc"},
    {NULL, STATEMENT_WRITE, "USE x"},
    {NULL, STATEMENT_READ, "EXPLAIN SELECT 1"},
    {&sqlite, STATEMENT_READ, "EXPLAIN DELETE FROM t"},
    {&mysql, STATEMENT_WRITE, "EXPLAIN DELETE FROM t"},
    {&mysql, STATEMENT_WRITE, "EXPLAIN FORMAT=JSON UPDATE t SET a = 1"},
    {&mysql, STATEMENT_READ, "EXPLAIN EXTENDED SELECT 1"},
    {&postgresql, STATEMENT_READ, "EXPLAIN (VERBOSE, FORMAT JSON) DELETE FROM t"},
    {NULL, STATEMENT_READ, "EXPLAIN ANALYZE SELECT 1"},
    {NULL, STATEMENT_READ, "EXPLAIN (ANALYZE) (SELECT 1)"},
    {&sqlite, STATEMENT_READ, "EXPLAIN QUERY PLAN DELETE FROM t"},
    {NULL, STATEMENT_READ, "DESCRIBE t"},
    {NULL, STATEMENT_READ, "DESC t"},
    {NULL, STATEMENT_WRITE, "EXPLAIN ANALYZE DELETE FROM t"},
    {NULL, STATEMENT_WRITE, "EXPLAIN (BUFFERS, ANALYZE) UPDATE t SET a = 1"},
    {NULL, STATEMENT_WRITE, "EXPLAIN ANALYZE WITH d AS (DELETE FROM t RETURNING 1) SELECT 1"},
    {NULL, STATEMENT_WRITE, "EXPLAIN ANALYZE SELECT 1 INTO t"},
    {NULL, STATEMENT_WRITE, "EXPLAIN SELECT 1; DROP TABLE t"},
    {NULL, STATEMENT_DDL, "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1"},
    {NULL, STATEMENT_DDL, "CREATE TABLE t(a)"},
    {NULL, STATEMENT_DDL, "create temp table t as select 1"},
    {NULL, STATEMENT_DDL, "ALTER TABLE t ADD COLUMN b"},
    {NULL, STATEMENT_DDL, "ALTER TYPE e ADD VALUE 'x'"},
    {NULL, STATEMENT_DDL, "DROP TABLE t"},
    {NULL, STATEMENT_DDL, "TRUNCATE t"},
    {NULL, STATEMENT_DDL, "GRANT SELECT ON t TO u"},
    {NULL, STATEMENT_DDL, "CREATE INDEX i ON t(a)"},
    {NULL, STATEMENT_DDL, "CREATE UNIQUE INDEX i ON t(concurrently)"},
    {NULL, STATEMENT_DDL, "REINDEX TABLE t"},
    {NULL, STATEMENT_TRANSACTION, "BEGIN"},
    {NULL, STATEMENT_TRANSACTION, "BEGIN IMMEDIATE"},
    {NULL, STATEMENT_TRANSACTION, "START TRANSACTION READ ONLY"},
    {NULL, STATEMENT_TRANSACTION, "COMMIT PREPARED 'x'"},
    {NULL, STATEMENT_TRANSACTION, "END"},
    {NULL, STATEMENT_TRANSACTION, "ROLLBACK TO SAVEPOINT a"},
    {NULL, STATEMENT_TRANSACTION, "ABORT"},
    {NULL, STATEMENT_TRANSACTION, "SAVEPOINT a"},
    {NULL, STATEMENT_TRANSACTION, "RELEASE a"},
    {NULL, STATEMENT_TRANSACTION, "PREPARE TRANSACTION 'x'"},
    {NULL, STATEMENT_TRANSACTION, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
    {NULL, STATEMENT_TRANSACTION, "SET SESSION TRANSACTION READ ONLY"},
    {NULL, STATEMENT_TRANSACTION, "SET autocommit = 0"},
    {NULL, STATEMENT_WRITE, "PREPARE x AS SELECT 1"},
    {NULL, STATEMENT_WRITE, "START REPLICA"},
    {NULL, STATEMENT_WRITE, "SET search_path TO x"},
    {NULL, STATEMENT_WRITE, "RESET ALL"},
    {NULL, STATEMENT_ALONE, "VACUUM"},
    {NULL, STATEMENT_ALONE, "ATTACH 'x' AS y"},
    {NULL, STATEMENT_ALONE, "DETACH y"},

    {&postgresql, STATEMENT_ALONE, "CREATE DATABASE d"},
    {&postgresql, STATEMENT_ALONE, "DROP DATABASE d"},
    {&postgresql, STATEMENT_ALONE, "CREATE TABLESPACE s LOCATION '/x'"},
    {&postgresql, STATEMENT_ALONE, "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p"},
    {&postgresql, STATEMENT_ALONE, "CREATE INDEX CONCURRENTLY i ON t(a)"},
    {&postgresql, STATEMENT_ALONE, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t(a)"},
    {&postgresql, STATEMENT_ALONE, "DROP INDEX CONCURRENTLY i"},
    {&postgresql, STATEMENT_ALONE, "REINDEX INDEX CONCURRENTLY i"},
    {&postgresql, STATEMENT_ALONE, "REINDEX (VERBOSE, CONCURRENTLY) TABLE t"},
    {&postgresql, STATEMENT_ALONE, "REINDEX DATABASE d"},
    {&postgresql, STATEMENT_ALONE, "ALTER SYSTEM SET x = 1"},
    {&postgresql, STATEMENT_ALONE, "ALTER DATABASE d SET TABLESPACE s"},
    {&postgresql, STATEMENT_ALONE, "ALTER TABLE t DETACH PARTITION p CONCURRENTLY"},
    {&postgresql, STATEMENT_ALONE, "DISCARD ALL"},
    {&postgresql, STATEMENT_ALONE, "CLUSTER"},
    {&postgresql, STATEMENT_ALONE, "CLUSTER (VERBOSE)"},
    {&postgresql, STATEMENT_WRITE, "CLUSTER VERBOSE t"},
    {&postgresql, STATEMENT_WRITE, "DISCARD TEMP"},
    {&postgresql, STATEMENT_WRITE, "REFRESH MATERIALIZED VIEW CONCURRENTLY v"},
    {&postgresql, STATEMENT_WRITE, "LOCK TABLE t"},
    {&postgresql, STATEMENT_DDL, "ALTER DATABASE d SET work_mem = '1MB'"},
    {&postgresql, STATEMENT_READ, "SELECT $$ INTO $$, E'\\' FOR UPDATE'"},
    {&postgresql, STATEMENT_READ, "SELECT 1 /* /* */ INTO */"},

    {&mysql, STATEMENT_DDL, "CREATE DATABASE d"},
    {&mysql, STATEMENT_DDL, "RENAME TABLE a TO b"},
    {&mysql, STATEMENT_TRANSACTION, "LOCK TABLES t READ"},
    {&mysql, STATEMENT_TRANSACTION, "UNLOCK TABLES"},
    {&mysql, STATEMENT_TRANSACTION, "SET @@autocommit = 0"},
    {&mysql, STATEMENT_TRANSACTION, "SET @@session.autocommit = 0"},
    {&mysql, STATEMENT_TRANSACTION, "SET SESSION `autocommit` = 0"},
    {&mysql, STATEMENT_TRANSACTION, "SET @x = 1, AUTOCOMMIT = 0"},
    {&mysql, STATEMENT_TRANSACTION, "XA START 'x'"},
    {&mysql, STATEMENT_READ, "XA RECOVER"},
    {&mysql, STATEMENT_WRITE, "SET @autocommit = 0"},
    {&mysql, STATEMENT_WRITE, "BEGIN NOT ATOMIC DELETE FROM t; END"},
    {&mysql, STATEMENT_WRITE, "SELECT 1 INTO @x"},
    {&mysql, STATEMENT_WRITE, "WITH d AS (SELECT 1) DELETE t FROM t JOIN d"},
    {&mysql, STATEMENT_READ, "SELECT /*! STRAIGHT_JOIN */ 1"},
    {&mysql, STATEMENT_READ, "SELECT @into, @delete"},
    {&mysql, STATEMENT_WRITE, "/*!99999 SELECT */ DELETE FROM t"},
    {&mysql, STATEMENT_WRITE, "/*!40101 SET NAMES utf8 */"},
    {&mysql, STATEMENT_DDL, "/*!99999 DROP TABLE t */ SELECT 1"},
    {&mysql, STATEMENT_DDL, "/*!40000 ALTER TABLE t DISABLE KEYS */"},
    {&mysql, STATEMENT_WRITE, "SELECT 1 /*! INTO @x */"},
    {&mysql, STATEMENT_READ, "# DELETE\nSELECT 1"},

    {&sqlite, STATEMENT_READ, "PRAGMA user_version"},
    {&sqlite, STATEMENT_READ, "PRAGMA main.table_info(x)"},
    {&sqlite, STATEMENT_READ, "PRAGMA quick_check(1)"},
    {&sqlite, STATEMENT_READ, "PRAGMA journal_mode"},
    {&sqlite, STATEMENT_WRITE, "PRAGMA table_info(x); DROP TABLE t"},
    {&sqlite, STATEMENT_WRITE, "PRAGMA user_version = 3"},
    {&sqlite, STATEMENT_WRITE, "PRAGMA cache_size(3)"},
    {&sqlite, STATEMENT_WRITE, "PRAGMA optimize"},
    {&sqlite, STATEMENT_WRITE, "PRAGMA"},
    {&sqlite, STATEMENT_ALONE, "PRAGMA main.journal_mode=WAL"},
    {&sqlite, STATEMENT_ALONE, "PRAGMA journal_mode(WAL)"},
    {&sqlite, STATEMENT_ALONE, "PRAGMA foreign_keys=on"},
    {&sqlite, STATEMENT_ALONE, "PRAGMA wal_checkpoint(TRUNCATE)"},
    {&sqlite, STATEMENT_WRITE, "REPLACE INTO t VALUES (1)"},
    {&sqlite, STATEMENT_DDL, "CREATE INDEX concurrently ON t(a)"},
    {&sqlite, STATEMENT_DDL, "REINDEX"},
};

static void test_classes(void) {
  const DriverDialect *all[] = {&postgresql, &mysql, &sqlite};
  for (size_t i = 0; i < sizeof class_cases / sizeof *class_cases; i++) {
    const ClassCase *test = &class_cases[i];
    for (size_t j = 0; j < 3; j++) {
      if (test->dialect && test->dialect != all[j]) continue;
      StatementClass class = statement_class(all[j], test->sql, strlen(test->sql));
      if (!CHECK(class == test->class)) {
        printf("  %s: %s: got %d, wanted %d\n", all[j]->name, test->sql, class, test->class);
      }
    }
  }
}

/* ---------------------------------------------------------------- scripts */

typedef struct ScriptCase {
  const DriverDialect *dialect;    /* NULL = all */
  const char *script, *statements; /* joined by '|' */
} ScriptCase;

static const ScriptCase script_cases[] = {
    {NULL, "", ""},
    {NULL, " ; ; -- x\n ;", ""},
    {NULL, "a;b", "a|b"},
    {NULL, " a ; /* x; */ b -- y;\n ; ", "a|b"},
    {NULL, "a ';' b; \"x;y\"", "a ';' b|\"x;y\""},
    {NULL, "BEGIN; a; END; b", "BEGIN|a|END|b"},
    {NULL, "SELECT CASE a WHEN 1 THEN 2 END; b", "SELECT CASE a WHEN 1 THEN 2 END|b"},
    {NULL, "CREATE TABLE event(begin, end); b", "CREATE TABLE event(begin, end)|b"},
    {NULL, "CREATE VIEW v AS SELECT trigger, begin FROM t; b",
     "CREATE VIEW v AS SELECT trigger, begin FROM t|b"},
    {NULL, "a 'open; b", "a 'open; b"},
    {NULL, "\xEF\xBB\xBF a; b", "a|b"},
    {NULL, "CREATE TRIGGER g AFTER INSERT ON t BEGIN a; SELECT CASE WHEN b THEN c END; d; END; e",
     "CREATE TRIGGER g AFTER INSERT ON t BEGIN a; SELECT CASE WHEN b THEN c END; d; END|e"},
    {&sqlite,
     "create temp trigger if not exists g update of begin, end on event when new.begin > 1 "
     "begin update t set end = 1; insert into t(begin) select 1; end; e",
     "create temp trigger if not exists g update of begin, end on event when new.begin > 1 "
     "begin update t set end = 1; insert into t(begin) select 1; end|e"},
    {&postgresql,
     "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END; "
     "SELECT 2; END; e",
     "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END; "
     "SELECT 2; END|e"},
    {&postgresql, "CREATE FUNCTION f() LANGUAGE sql BEGIN ATOMIC END; e",
     "CREATE FUNCTION f() LANGUAGE sql BEGIN ATOMIC END|e"},
    {&postgresql, "CREATE FUNCTION f() AS $$ BEGIN a; END $$; e",
     "CREATE FUNCTION f() AS $$ BEGIN a; END $$|e"},
    {&postgresql, "CREATE RULE r AS ON INSERT TO t DO (a; b); e",
     "CREATE RULE r AS ON INSERT TO t DO (a; b)|e"},
    {&postgresql, "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f(); e",
     "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()|e"},
    {&mysql,
     "CREATE DEFINER=`u`@`h` PROCEDURE p() lbl:BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN "
     "ROLLBACK; END; IF a THEN BEGIN b; END; END IF; w: WHILE c DO d; END WHILE w; CASE x WHEN 1 "
     "THEN y; END CASE; LOOP z; END LOOP; REPEAT q; UNTIL r END REPEAT; SET s = IF(a, b, c); END "
     "lbl; e",
     "CREATE DEFINER=`u`@`h` PROCEDURE p() lbl:BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN "
     "ROLLBACK; END; IF a THEN BEGIN b; END; END IF; w: WHILE c DO d; END WHILE w; CASE x WHEN 1 "
     "THEN y; END CASE; LOOP z; END LOOP; REPEAT q; UNTIL r END REPEAT; SET s = IF(a, b, c); END "
     "lbl|e"},
    {&mysql, "CREATE PROCEDURE p() BEGIN SELECT begin, end FROM t WHERE end = 1; END; e",
     "CREATE PROCEDURE p() BEGIN SELECT begin, end FROM t WHERE end = 1; END|e"},
    {&mysql,
     "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END; a; END; e",
     "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END; a; END|e"},
    {&mysql, "CREATE EVENT v ON SCHEDULE EVERY 1 DAY DO BEGIN a; b; END; e",
     "CREATE EVENT v ON SCHEDULE EVERY 1 DAY DO BEGIN a; b; END|e"},
    {&mysql, "BEGIN NOT ATOMIC a; b; END; e", "BEGIN NOT ATOMIC a; b; END|e"},
    {&mysql,
     "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER g BEFORE INSERT ON t "
     "FOR EACH ROW BEGIN a; b; END */; e",
     "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER g BEFORE INSERT ON t "
     "FOR EACH ROW BEGIN a; b; END */|e"},
    {&mysql, "/*!40101 SET a = 1 */; # x;\nb", "/*!40101 SET a = 1 */|b"},
    {&mysql, "/*! a; b */; c", "/*! a; b */|c"},
};

static void test_scripts(void) {
  const DriverDialect *all[] = {&postgresql, &mysql, &sqlite};
  for (size_t i = 0; i < sizeof script_cases / sizeof *script_cases; i++) {
    const ScriptCase *test = &script_cases[i];
    for (size_t j = 0; j < 3; j++) {
      if (test->dialect && test->dialect != all[j]) continue;
      char joined[1000] = "";
      const char *at = test->script, *end = at + strlen(at), *statement;
      size_t size;
      while (script_next(all[j], &at, end, &statement, &size)) {
        CHECK(size > 0);
        if (*joined) strcat(joined, "|");
        strncat(joined, statement, size);
      }
      CHECK(at == end);
      if (!CHECK_TEXT(joined, test->statements)) printf("  %s\n", all[j]->name);
    }
  }
}

static void test_token_is(void) {
  Token token = {TOKEN_WORD, "SeLect", 6};
  CHECK(token_is(&token, "select") && token_is(&token, "SELECT"));
  CHECK(!token_is(&token, "selec") && !token_is(&token, "selects"));
  token.kind = TOKEN_NAME;
  CHECK(!token_is(&token, "select"));
}

int main(void) {
  test_tokens();
  test_ends();
  test_classes();
  test_scripts();
  test_token_is();
  return unit_report();
}
