/*
** driver.h: the whole contract between the connector and one database backend.
**
** A driver is a `const Driver` that one shared object exports (connector_driver_<backend>), or that
** is linked in (src/sqlite). It includes this header and its client library, nothing else of ours
** but driver_support.h, which is compiled into each driver. It does not link libsqlite3.
**
** Rules that hold for every call
**  - One thread at a time per connection; different connections may be used by different threads.
**  - No call waits without a limit: the driver stops waiting when DriverConnection.deadline has
**    passed or host->interrupted() answers true, asks the server to stop, and fails with
**    FAILURE_TIMEOUT or FAILURE_INTERRUPTED, within 250 ms. If the session could not be brought
**    back to a known state in that time, it sets DriverConnection.broken.
**  - A call that fails fills *error (never NULL) and returns DRIVER_FAILED; one that succeeds
**    leaves *error alone.
**  - Text is UTF-8 with a length; nothing is cut at a NUL byte.
**  - In a forked child (DriverConnection.owner is not getpid()) nothing is ever sent: calls fail
**    with FAILURE_REFUSED and close() only frees memory and descriptors.
**  - Memory comes from the host's allocator, except inside the client library.
*/
#ifndef CONNECTOR_DRIVER_H
#define CONNECTOR_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DRIVER_ABI 6

/* ---------------------------------------------------------------- values */

typedef enum ValueType { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_BLOB } ValueType;

/* A tagged, borrowed value. `json` marks a TEXT that is a JSON document. A NULL `bytes.data` with
** size 0 is an empty string or blob, not SQL NULL. */
typedef struct Value {
  ValueType type;
  bool json;
  union {
    int64_t integer;
    double real;
    struct {
      const char *data;
      size_t size; /* bytes, no terminator counted or promised */
    } bytes;
  };
} Value;

/* ---------------------------------------------------------------- errors */

/* In the words of every message about it. */
#define DRIVER_NOT_UNDONE                                                                          \
  "what was written to tables without transactions (such as MyISAM) stays on the server"

typedef enum DriverFailure {
  FAILURE_NONE,
  FAILURE_REMOTE,      /* the server answered with an error: see sqlstate */
  FAILURE_CONNECT,     /* no session could be made: host, port, TLS, login … */
  FAILURE_LOST,        /* the session ended; what had been sent may or may not have been done */
  FAILURE_INTERRUPTED, /* host->interrupted() said so; the server was told to stop */
  FAILURE_TIMEOUT,     /* the deadline passed; the server was told to stop */
  FAILURE_UNFIT,       /* a value cannot cross exactly (NUL byte, invalid UTF-8, out of range) */
  FAILURE_REFUSED,     /* refused on this side, nothing was sent */
  FAILURE_MEMORY
} DriverFailure;

/* What is known of a failure. Every text is valid UTF-8 without control characters, NUL-terminated
** and cut to its field (driver_error_set sees to it). None ever contains a password. */
typedef struct DriverError {
  DriverFailure failure;
  char sqlstate[6]; /* five characters or "" */
  int native;       /* the backend's own number, 0 when there is none */
  int64_t row;      /* execute_batch: 1-based number of the row that failed, else 0 */
  bool
      not_undone; /* some of what was written stays, as with DriverConnection.not_undone; `hint` says it */
  bool
      stale; /* it was prepared earlier, for types that may have changed: prepared anew it may succeed */
  char message[1000];
  char detail[1000];
  char hint[1000];
  char constraint[256];
  char table[256];
  char column[256];
} DriverError;

typedef enum DriverStatus {
  DRIVER_OK,
  DRIVER_ROW,
  DRIVER_DONE,
  DRIVER_FAILED,
  DRIVER_PAUSE /* of a DriverRowSource: there are more rows, but not now; and so of load() */
} DriverStatus;

/* ---------------------------------------------------------------- what the host lends */

/* One per SQLite connection; outlives every DriverConnection made with it. */
typedef struct DriverHost {
  size_t size; /* sizeof(DriverHost) of the extension */
  int abi;     /* DRIVER_ABI of the extension */
  void *context;
  void *(*allocate)(size_t size);                 /* NULL when out of memory */
  void *(*reallocate)(void *memory, size_t size); /* as realloc */
  void (*release)(void *memory);                  /* NULL is allowed */
  /* A line for sqlite3_log; never a secret. */
  void (*log)(void *context, const char *message);
  /* True when the user asked to stop. Cheap enough for every 50 ms, not for every row. */
  bool (*interrupted)(void *context);
  /* SQLite driver only: true when this path is a database file the host connection has open. */
  bool (*is_own_file)(void *context, const char *path);
} DriverHost;

/* ---------------------------------------------------------------- where to connect */

/* Ordered: a stronger mode has a larger number. TLS_OFF never starts TLS; there is no "prefer". */
typedef enum TlsMode { TLS_OFF, TLS_REQUIRE, TLS_VERIFY_CA, TLS_VERIFY_FULL } TlsMode;

typedef struct DriverAddress {
  const char *host; /* name, address, or absolute path of a unix socket (or its directory); NULL =
                       the backend's usual unix socket */
  int port;         /* 0 = the backend's default */
} DriverAddress;

typedef struct DriverSetting {
  const char *key, *value; /* from the allow-list of src/options.c, already checked */
} DriverSetting;

/* All texts are borrowed for the time of connect() only. NULL = not given. */
typedef struct DriverTarget {
  const char *block;              /* name of the block, for messages */
  const char *application_name;   /* "sqlite-connector/<version> <block>" */
  const DriverAddress *addresses; /* tried in order; one deadline for all */
  size_t address_count;           /* at least 1 (a SQLite target has 1, unused) */
  const char *database;
  const char *username;
  const char *password; /* the only copy the driver may use; wiped by the caller afterwards */
  TlsMode tls;          /* final: the caller has applied the defaults */
  const char *tls_ca, *tls_cert, *tls_key; /* file paths; tls_ca NULL = the system's bundle */
  bool readonly;                           /* the session must refuse to write, on the server */
  int statement_timeout;   /* ms, 0 = none; a server-side limit beside the caller's deadline */
  int transaction_timeout; /* ms idle in transaction, 0 = none */
  const char *numeric;     /* "auto" | "text" | "real" (DESIGN section 6); NULL = auto */
  const char *timestamp;   /* "iso" | "unix"; NULL = iso */
  const DriverSetting *settings;
  size_t setting_count;
} DriverTarget;

/* ---------------------------------------------------------------- dialect: data, not code */

typedef enum PlaceholderForm {
  PLACEHOLDER_QUESTION, /* ? */
  PLACEHOLDER_DOLLAR    /* $1 */
} PlaceholderForm;

/* How the values of one class are compared on the server so that the result is SQLite's: printf
** formats with a %s for the quoted column or the placeholder. Without a line for its class nothing is
** sent about a column. */
typedef struct DriverCompare {
  const char *class_name;
  const char *column, *parameter; /* for = and <>; COMPARE_BYTES texts for everything */
  const char *ordered,
      *ordered_parameter; /* for < > BETWEEN, in SQLite's order; NULL = cannot be */
  const char *array;      /* `column = any of` one array parameter, two %s; NULL: IN (…, …) */
  bool sorts;             /* ORDER BY in that form, too, is SQLite's */
  bool orders_inexact;    /* the ordered form is right whatever the collation (COMPARE_INEXACT) */
  bool ascii;             /* only texts of ASCII characters may be sent */
  bool beyond;            /* dates outside the years 1 to 9999 exist */
  bool sorts_short;       /* `sorts` for texts of at most 255 characters */
  const char
      *sorted_text;     /* ORDER BY this is SQLite's; ORDER BY the column is so, too, when no row is
                              `unsorted` */
  const char *unsorted; /* %s, the column: its place in ORDER BY is not that of its value here */
} DriverCompare;

/* How an INSERT tells what becomes of a row that is there already. */
typedef enum DriverUpsert {
  UPSERT_ON_CONFLICT,      /* … ON CONFLICT (key) DO UPDATE SET c = EXCLUDED.c */
  UPSERT_ON_DUPLICATE_KEY, /* … ON DUPLICATE KEY UPDATE c = VALUES(c) */
  UPSERT_OR                /* INSERT OR REPLACE … */
} DriverUpsert;

/* Two-phase commit as texts. `%s` is the transaction's name (gid): at most 64 of [0-9A-Za-z:]. */
typedef struct DriverTwoPhase {
  const char
      *ready; /* SELECT of one value: NULL = the server can prepare, else why not and what to do;
                        NULL pointer = it always can */
  const char *
      settled; /* SELECT of one value: NULL = `list` tells all there is; else why it may not (a replica);
                          NULL pointer = it always does */
  const char
      *wrote; /* SELECT of one value: NULL = the transaction has changed nothing yet; for functions
                        that write, called in a SELECT. NULL pointer = cannot be told */
  const char
      *begin; /* begins a transaction that can be prepared; NULL = dialect begin will do, and so do
                        its commit and rollback */
  const char *end; /* before `prepare`, and before it is ended unprepared; NULL = nothing */
  const char *prepare;
  const char *commit_unprepared, *rollback_unprepared; /* of what `begin` began; NULL = dialect */
  const char *commit, *rollback;                       /* of a prepared one, from any session */
  const char *list; /* SELECT of the names of the prepared ones that can be ended from here */
  size_t list_column;
  const char
      *absent;      /* SQLSTATE of commit and rollback: not there, or not to be had at the moment */
  const char *held; /* SQLSTATE: there, and another session is at it; NULL = the same as absent */
} DriverTwoPhase;

#define DRIVER_IDENTITY_PARTS 32 /* the columns of a key; PostgreSQL has up to so many */

/* What the server has to tell the rows of a table apart that has no key. */
typedef struct DriverIdentity {
  const char *name; /* as the catalog and USING connector(…, identity=NAME) have it */
  /* SQL expressions over the table's row, NULL behind the last one: together no two rows have the same, and a row
  ** keeps them for as long as nobody changes it. They are read with a row, and asked for by = when it is written,
  ** which must not read the whole table. */
  const char *parts[DRIVER_IDENTITY_PARTS + 1];
  bool changes; /* a row that was changed has another one */
} DriverIdentity;

/* Values of a class that may come as less than they are: with the options numeric=real and timestamp=unix, as JSON.
** A row whose key has one is told by the server's own text of it, which compares with the column by =. */
typedef struct DriverKeyText {
  const char *class_name;
  const char *text; /* %s, the column */
  bool both; /* that = may find more rows, and is for the index: the texts are compared as well */
} DriverKeyText;

typedef struct DriverDialect {
  const char *name;      /* "postgresql", "mysql", "sqlite" */
  char identifier_quote; /* '"' or '`'; doubled inside */
  PlaceholderForm placeholder;
  int max_parameters; /* of one statement */
  /* lexical rules, for src/lexer.c */
  bool backslash_escapes;    /* in '…' (MySQL) */
  bool escape_strings;       /* E'…' with backslashes (PostgreSQL) */
  bool dollar_quotes;        /* $tag$ … $tag$ */
  bool double_quote_strings; /* "…" is a string, not an identifier (MySQL) */
  bool backtick_names;       /* `…` */
  bool bracket_names;        /* […] (SQLite); without it [ ] are array subscripts and slices */
  bool hash_comments;        /* # to the end of line */
  bool dash_needs_space;     /* -- is a comment only before white space or a control character */
  bool nested_comments;      /* slash-star comments nest */
  bool executable_comments;  /* slash-star ! … is code (MySQL) */
  bool cast_colons;          /* :: is a cast, := an assignment; neither starts a parameter */
  bool arrays;               /* an SQL array parameter exists (JSON arrays may be sent as such) */
  bool sigil_parameters;     /* ?1, @name and $name are parameters as well (SQLite) */
  /* transactions as text; NULL = not to be had */
  const char *begin;           /* read-write transaction, server's default isolation */
  const char *begin_snapshot;  /* the same, all reads see one snapshot */
  const char *begin_read_only; /* one READ ONLY transaction */
  const char *
      export_snapshot; /* in a begin_snapshot transaction: SELECT that names its snapshot for others;
                                  NULL = cannot be shared */
  const char
      *import_snapshot; /* printf format with %q: the first statement of another's transaction */
  const char *
      lock_rows; /* ends a SELECT of one table whose rows nobody else may change until the transaction
                                 ends; NULL = not to be had, or `begin` alone sees to it */
  bool
      snapshot_guards_rows; /* in a begin_snapshot transaction a row that somebody else has changed since is an
                                 error when it is written: lock_rows is not needed there */
  const char *commit;
  const char *rollback;
  const char *savepoint;           /* printf format with one %s: a plain identifier */
  const char *rollback_to;         /* the same */
  const char *release;             /* the same */
  const DriverTwoPhase *two_phase; /* NULL = cannot */
  bool error_ends_transaction;     /* a failed statement spoils the transaction until ROLLBACK TO */
  bool ddl_commits;                /* DDL ends the transaction by itself (MySQL) */
  bool write_waits_for_read;       /* an unfinished read blocks a COMMIT elsewhere (SQLite files) */
  bool
      batch_pauses; /* execute_batch may wait for its next row: no statement is unfinished there meanwhile */
  bool
      waits_for_server; /* a batch is mostly waiting for another process: its calls (execute_batch, load,
                            execute_together) are made on a thread of their own, while nobody else uses
                            the connection, so that the caller can collect the next rows */
  DriverUpsert upsert;
  bool row_arrays; /* rows can be joined with arrays: UNNEST in the form of write_together.c */
  /* The catalog as SELECT statements whose columns and rows schema.h describes; they name every object
  ** of the server in full. NULL = not to be had. */
  const char *catalog_columns; /* tables, columns, indexes of schema :schema (NULL = the default
                                        one) */
  const char
      *catalog_table_columns; /* the same of its table :table, and of those that differ from it
                                        only in case where the server can tell */
  /* What may be left to the server (src/push.h). */
  const DriverCompare *compare; /* ends with a line without class_name; NULL = nothing */
  const char *operator_form;    /* "OPERATOR(pg_catalog.%s)"; NULL = as it is */
  const char *
      like; /* %s for column, pattern and perhaps the column again; unless dynamic_types the pattern is in lower case,
                       with like_escape before what is to be taken as it is. NULL = LIKE is not sent */
  char like_escape;
  const char *count;   /* "count(*)" */
  const char *numbers; /* %s, the column: a text that looks like a number to SQLite, or nearly */
  const char *beyond;  /* two %s, the column: it lies outside the years 1 to 9999 (or near) */
  const char
      *query_text;    /* class of a query's text columns; NULL = text. A result does not tell the
                             character set that its column is compared in */
  bool nulls_last;    /* NULL sorts as the largest value unless the text says otherwise */
  bool dynamic_types; /* a column may hold values of every type, and SQLite's rules hold there */
  const char *catalog_names;        /* only the names of its tables; for a server where one damaged
                                        table makes catalog_columns fail, else NULL */
  const DriverIdentity *identities; /* ends with a line without name; NULL = none */
  const DriverKeyText *key_texts;   /* ends with a line without class_name; NULL = none */
} DriverDialect;

/* ---------------------------------------------------------------- connections and statements */

typedef struct Driver Driver;
typedef struct DriverBuffer DriverBuffer; /* driver_support.h */

typedef struct DriverConnection {
  const Driver *driver;
  const DriverHost *host;
  int64_t deadline; /* microseconds of driver_clock(); 0 = none. Set by the caller before calls */
  bool broken;      /* must not be used again, only closed */
  bool
      not_undone; /* set by the driver: the server has done a ROLLBACK or ROLLBACK TO, but what was written to
                       tables without transactions stays. Taken back by the caller who has told it */
  bool single;      /* there can be only this one session (a SQLite memory database) */
  pid_t owner;      /* process that connected */
} DriverConnection; /* first member of each driver's own connection */

typedef struct DriverStatement {
  DriverConnection *connection;
} DriverStatement; /* first member of each driver's own statement */

typedef enum TransactionState {
  TRANSACTION_NONE,
  TRANSACTION_OPEN,
  TRANSACTION_FAILED, /* only ROLLBACK or ROLLBACK TO are possible */
  TRANSACTION_UNKNOWN /* the session is broken */
} TransactionState;

/* What a column's values are: the class of its type. The same words stand in each backend's catalog
** (schema.h, part 2). A class decides the declared type, and what of the values the server compares
** as SQLite does. A domain has the class of its base type.
**
**   class        declared  values
**   integer      INTEGER   whole numbers of at most 64 bits with sign
**   boolean      INTEGER   0 and 1; a type of its own there, which does not compare with numbers
**   oid          INTEGER   numbers whose type has an arithmetic of its own: oid, xid, year, bit(n)
**   whole        INTEGER   exact decimal without fraction that fits into 64 bits, at most 15 digits
**   decimal      REAL      exact decimal with a fraction, at most 15 digits: each is one double
**   number       NUMERIC   SQLite only: NUMERIC affinity
**   numeric      ""        exact decimal, any number of digits (the option `numeric` decides)
**   any          ""        INTEGER or, above 2^63-1, TEXT; what has no type
**   real         REAL      8 byte float
**   single       REAL      4 byte float, widened: the server compares it with a double in this form
**                          too, and not as the shortest decimal that it prints
**   text         TEXT      characters, compared by the column's collation
**   latin1       TEXT      the same (MySQL) with the collation latin1_swedish_ci or latin1_bin
**   foreign      TEXT      the same (MySQL) in a character set that is not Unicode, or may not be
**   char         TEXT      padded with spaces, which count here and not there
**   enum         TEXT      labels; the server's order is that of their declaration
**   uuid         TEXT      lower case with hyphens
**   date         TEXT      2024-01-31
**   timestamp    TEXT      2024-01-31 12:00:00[.5], no zone or (MySQL) in UTC
**   timestamptz  TEXT      the same with +00:00 (both: NUMERIC with the option timestamp=unix)
**   other        TEXT      everything else, as the server prints it: time, interval, inet, set …
**   blob         BLOB      bytes, compared as such
**   opaque       BLOB      the binary form of a type that is more than its bytes (PostGIS)
**   json         TEXT      a JSON document
**   array        TEXT      an SQL array, as JSON
**   geometry     BLOB      WKB without its SRID (MySQL)
**
** A column of a SQLite block has the class of its affinity (integer, real, number, text, blob, any),
** and values of any type. NaN, and infinite dates, are TEXT in every class. */
typedef struct DriverColumn {
  const char *name;        /* as the server names it; borrowed until finish() */
  const char *remote_type; /* "numeric(12,2)", "varchar(20)" …; "" when unknown */
  const char *sqlite_type; /* declared type for SQLite: INTEGER, REAL, TEXT, BLOB, NUMERIC or ""
                              (no affinity), by its class and the target's options */
  const char *class_name;  /* of the table above; static, never NULL */
} DriverColumn;

/* Texts are borrowed until the connection is closed; "" when unknown. */
typedef struct DriverServer {
  const char *product; /* "PostgreSQL", "MariaDB", "MySQL", "SQLite" */
  const char *version; /* "15.7" */
  int64_t process;     /* server's process or thread id, 0 when there is none */
  const char *tls;     /* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" = plain */
  const char *tls_subject, *tls_issuer, *tls_expiry, *tls_fingerprint;
} DriverServer;

/* Texts to send before and after a statement, in the same round trip where the protocol allows it.
** If one of `before` fails the statement is not run. `after` is run only if it succeeded. */
typedef struct DriverEnvelope {
  const char *const *before;
  size_t before_count;
  const char *after; /* NULL = nothing */
} DriverEnvelope;

/* Rows for execute_batch. take() answers DRIVER_ROW and points *values at `count` borrowed values
** that stay valid until the next take(); DRIVER_DONE at the end; DRIVER_FAILED with *error set; for load()
** alone also DRIVER_PAUSE. */
typedef struct DriverRowSource {
  DriverStatus (*take)(struct DriverRowSource *source, const Value **values, size_t *count,
                       DriverError *error);
  int64_t
      each; /* rows that every run must change, or it is an error (driver_missed); 0 = any number */
} DriverRowSource;

/* What is asked of can_load(). */
typedef struct DriverLoad {
  const char *target; /* the table, as in the INSERT */
  bool
      all_columns; /* the INSERT names no columns: it must have a value for each that the table has */
  bool each; /* with the outcome of an INSERT for each row, where a trigger or a check can see the
                         rows before it; else with that of one INSERT for all rows */
} DriverLoad;

typedef enum DriverLoads {
  LOADS_NOT,     /* or with another outcome */
  LOADS_AT_ONCE, /* its rows must not pause: the server ends statements that last */
  LOADS_PAUSING
} DriverLoads;

struct Driver {
  size_t size;                          /* sizeof(Driver) of the driver's own build */
  int abi;                              /* DRIVER_ABI of the driver's own build */
  const char *backend;                  /* "postgresql" */
  const char *library_name;             /* "libpq" */
  const char *(*library_version)(void); /* "15.7"; never NULL */
  const DriverDialect *dialect;

  /* Opens a session: strict, UTF-8, and with a pinned, known state. *connection is the caller's, to
  ** be given to close(). `deadline` as in DriverConnection. Refuses what it cannot verify (TLS,
  ** authentication method) before a credential is sent. One login attempt per address. */
  DriverStatus (*connect)(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                          DriverConnection **connection, DriverError *error);
  /* Ends the session and frees it; statements were finished before. Never fails, never waits. */
  void (*close)(DriverConnection *connection);
  /* False when the session is known to have ended (a look at the socket, no round trip). */
  bool (*is_alive)(DriverConnection *connection);
  /* One round trip. */
  DriverStatus (*ping)(DriverConnection *connection, DriverError *error);
  void (*server)(DriverConnection *connection, DriverServer *server);
  /* From what the server said last; no round trip. */
  TransactionState (*transaction)(DriverConnection *connection);
  /* Lets only reading statements through from the next statement on, or all again. May be sent
  ** together with that statement. Not called inside a transaction. On a session that was connected
  ** readonly, `false` changes nothing. */
  void (*read_only)(DriverConnection *connection, bool on);

  /* Runs one statement without parameters and throws its rows away. *affected (may be NULL) gets
  ** the rows changed. For transaction control and for statements that cannot be prepared. */
  DriverStatus (*run)(DriverConnection *connection, const char *sql, int64_t *affected,
                      DriverError *error);

  /* Makes a statement of one SQL text with this dialect's placeholders. The driver keeps prepared
  ** statements per connection and gives the same one again for the same text, unless it is in use.
  ** After it, parameter_count, column_count and column answer. *statement is the caller's until
  ** finish(). `sql` is copied. */
  DriverStatus (*prepare)(DriverConnection *connection, const char *sql, size_t size,
                          DriverStatement **statement, DriverError *error);
  size_t (*parameter_count)(DriverStatement *statement);
  /* 0 = the statement gives no rows. May change at execute() for a statement that could not be
  ** described before (CALL). */
  size_t (*column_count)(DriverStatement *statement);
  void (*column)(DriverStatement *statement, size_t index, DriverColumn *column);

  /* Binds `count` values (= parameter_count) and starts the statement. Rows then come one by one
  ** from next() as they arrive; a connection runs one statement at a time. `envelope` may be NULL;
  ** with `after`, rows are few and may be kept in memory. */
  DriverStatus (*execute)(DriverStatement *statement, const Value *values, size_t count,
                          const DriverEnvelope *envelope, DriverError *error);
  /* DRIVER_ROW: value() gives its columns. DRIVER_DONE only when the server said that the result is
  ** complete and `before`/`after` went well; anything else is DRIVER_FAILED. After DONE or FAILED
  ** the connection is free for the next statement. */
  DriverStatus (*next)(DriverStatement *statement, DriverError *error);
  /* Column of the current row, decoded now; borrowed until the next next() or finish(). */
  DriverStatus (*value)(DriverStatement *statement, size_t index, Value *value, DriverError *error);
  /* Rows changed (matched, for UPDATE), valid after DRIVER_DONE; 0 for DDL and for reads. */
  int64_t (*affected)(DriverStatement *statement);
  /* The key that the server made for the row of an INSERT, valid after DRIVER_DONE; 0 = none. NULL: by
  ** INSERT … RETURNING. */
  int64_t (*made_key)(DriverStatement *statement);
  /* Where the server does not tell of which type a parameter is, so that the driver cannot see to it: makes of a value
  ** what the server takes for a column of this class. `unix_time`: a number is seconds since 1970. New bytes stand
  ** in `room`. Returns NULL, or what is wrong with the value. NULL pointer: values go as they are. */
  const char *(*column_value)(const char *class_name, bool unix_time, Value *value,
                              DriverBuffer *room);
  /* Runs the statement once for each row of the source, pipelined as the protocol allows, and
  ** throws rows away. *affected is the sum. The caller has opened a transaction and rolls it back
  ** when this fails; error->row then tells the row where the server or driver can. */
  DriverStatus (*execute_batch)(DriverStatement *statement, DriverRowSource *source,
                                int64_t *affected, DriverError *error);
  /* The faster way for many rows, COPY; both NULL = there is none. `statement` is the INSERT of the same rows, which
  ** knows the types of its parameters. May be sent to the server; the caller has opened a transaction. */
  DriverStatus (*can_load)(DriverStatement *statement, const DriverLoad *load, DriverLoads *loads,
                           DriverError *error);
  /* `copy`: "COPY table (columns) FROM STDIN". Else as execute_batch. DRIVER_PAUSE from the source comes back as
  ** such: the same call again goes on; meanwhile the connection is good for nothing else but finish(). */
  DriverStatus (*load)(DriverStatement *statement, const char *copy, DriverRowSource *source,
                       int64_t *affected, DriverError *error);
  /* Many rows of an UPDATE or DELETE by one statement; both NULL = there is none. `statement` is that of one row,
  ** which knows the types of its parameters; `sql` takes an array for each (write_together.c), and gives two
  ** numbers, of which both must be the number of rows. When it is not known which row is at fault, error->row
  ** is 0. *can as in can_load. */
  DriverStatus (*can_together)(DriverStatement *statement, bool *can, DriverError *error);
  DriverStatus (*execute_together)(DriverStatement *statement, const char *sql,
                                   DriverRowSource *source, int64_t *affected, DriverError *error);
  /* Gives the statement back. A result that is not at its end is stopped: read to the end when
  ** short, else cancelled on the server. Never fails; sets `broken` when the session was lost. */
  void (*finish)(DriverStatement *statement);
  /* A statement of the user (SET, CALL …) may change settings of the session that the driver pins. They are
  ** set back before the next call sends something, but from script(true) to script(false) only the character
  ** set is: there the statements of one script follow each other. NULL: no such settings. */
  void (*script)(DriverConnection *connection, bool on);
};

/* The one symbol of a driver's shared object: connector_driver_<backend>. `abi` and the size in
** *host are the extension's; the driver answers its own in the returned struct. Static lifetime. */
typedef const Driver *(*DriverEntry)(int abi);

#endif
