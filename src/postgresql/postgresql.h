/*
** postgresql.h: what the files of the PostgreSQL driver share.
**
**   driver.c      the table of the driver; the small calls
**   connect.c     address by address to a session (resolve.c, guard.c, environment.c, session.c,
** tls.c)   wait.c        every wait on a session: flush, take a result, drain, stop
**   cancel.c      tells the server to stop (task.c: work that must not block us)
**   statement.c   prepare, describe, keep; infer.c: the types of parameters
**   execute.c     start, rows, end (send.c: what goes out in one round trip)
**   batch.c copy.c together.c   many rows (the latter two: values as texts)
**   types.c       types that every server has; catalog.c: the ones of this server
**   decode*.c numeric.c json_out.c   what the server sent → Value
**   encode.c literal.c               Value → what the server takes
**   error.c       PGresult or PGconn → DriverError
**
** Everything is asynchronous: libpq is in non-blocking mode and the only function that waits is
** driver_wait. Nothing here is global but constant tables.
*/
#ifndef CONNECTOR_POSTGRESQL_H
#define CONNECTOR_POSTGRESQL_H

#include "../driver_support.h"
#include <libpq-fe.h>

/* ---------------------------------------------------------------- types */

/* How the values of a type are decoded and encoded. */
typedef enum PgKind {
  KIND_OTHER, /* as the server prints it; there is no binary decoding */
  KIND_TEXT,  /* binary form = the characters */
  KIND_BOOL,
  KIND_CHAR, /* "char", one byte */
  KIND_INT2,
  KIND_INT4,
  KIND_INT8,
  KIND_OID, /* 32 bits unsigned */
  KIND_UINT8,
  KIND_FLOAT4,
  KIND_FLOAT8,
  KIND_NUMERIC,
  KIND_BYTEA,
  KIND_WKB, /* geometry: binary form is a blob, text form its hex digits */
  KIND_JSON,
  KIND_JSONB,
  KIND_UUID,
  KIND_DATE,
  KIND_TIME,
  KIND_TIMETZ,
  KIND_TIMESTAMP,
  KIND_TIMESTAMPTZ,
  KIND_INTERVAL,
  KIND_INET,
  KIND_CIDR,
  KIND_MACADDR,
  KIND_BIT,
  KIND_LSN,
  KIND_TID,
  KIND_VOID,
  KIND_ARRAY,
  KIND_COMPOSITE,
  KIND_RECORD /* a composite whose fields are told by each value */
} PgKind;

typedef struct PgField {
  char *name;
  Oid type;
} PgField;

typedef struct PgType {
  Oid oid;
  PgKind kind;
  const char *name;
  bool binary; /* can be decoded from the binary form, with all that it is made of */
  bool fresh;  /* in the look-up that is going on */
  bool is_enum;
  Oid element;    /* of an array */
  char delimiter; /* between elements of an array of it, in text */
  size_t field_count;
  PgField *fields;
} PgType;

enum {
  OID_BOOL = 16,
  OID_BYTEA = 17,
  OID_NAME = 19,
  OID_INT8 = 20,
  OID_INT2 = 21,
  OID_INT4 = 23,
  OID_TEXT = 25,
  OID_FLOAT8 = 701,
  OID_UNKNOWN = 705,
  OID_BPCHAR = 1042,
  OID_VARCHAR = 1043,
  OID_NUMERIC = 1700,
  OID_FIRST_OWN = 16384 /* from here on: types of users and extensions */
};

/* ---------------------------------------------------------------- memory of one row */

/* Blocks that stay where they are until the next row. */
typedef struct PgArenaBlock PgArenaBlock;
typedef struct PgArena {
  const DriverHost *host;
  PgArenaBlock *block;
} PgArena;

void *pg_arena_take(PgArena *arena, size_t size); /* NULL when out of memory */
void pg_arena_reset(PgArena *arena);
void pg_arena_rest(PgArena *arena); /* keeps a small block for the next run */
void pg_arena_clear(PgArena *arena);

/* ---------------------------------------------------------------- a session */

typedef struct PgStatement PgStatement;
typedef struct PgLoad PgLoad;

/* The settings that the driver relies on (session.c), and what is known of them. */
typedef struct PgSettings {
  DriverBuffer text;    /* sets them; empty for a server that takes them one by one only */
  bool unsettled;       /* a statement of the user may have changed one */
  bool settled_inside;  /* set back inside the transaction: its ROLLBACK undoes that */
  bool mode_unknown;    /* whether the session is READ ONLY */
  bool script;          /* between statements of one script */
  char reported[4][40]; /* by the server when they were set */
} PgSettings;

typedef struct PgConnection {
  DriverConnection base; /* must be first */
  PGconn *link;
  DriverHost quiet; /* the host without its interrupt, for cleaning up after one */
  char block[128];  /* for log lines */
  char application[128];
  int encoding;        /* libpq's number of UTF8 */
  bool utf8_server;    /* the database's encoding is UTF-8 */
  bool ascii_server;   /* an SQL_ASCII database hands bytes through unchecked */
  bool unix_time;      /* timestamp=unix */
  char numeric[8];     /* "auto", "text", "real" */
  bool pooled;         /* behind a pooler: session state may not be there for the next statement */
  bool readonly;       /* the target's own wish: never switched off */
  bool read_only;      /* what read_only() asked for last */
  bool read_only_told; /* what the session was told last */
  bool ended;          /* the server said goodbye (FATAL) */
  PgSettings settings;
  bool refused;               /* an error was among the results since the call began */
  struct DriverTarget *spare; /* for a cancel over a second TLS session, or NULL */
  char started[40];           /* when the server process started, with `spare` */

  PgType **types; /* of this server, sorted by oid */
  size_t type_count;

  StatementCache *cache;
  uint64_t serial;            /* of statement names */
  const PgStatement *unnamed; /* the statement that the server's unnamed one is, or NULL */
  DriverBuffer forgotten;     /* "c1\0c7\0": names to deallocate when there is time */

  PgStatement *running;
  bool in_transaction; /* when what is running was sent, or it opened one */
  int syncs;           /* Sync messages sent and not yet answered (pipeline mode) */
  bool sync_owed;      /* messages were sent in pipeline mode with no Sync after them yet */
  int64_t looked;      /* last look at clock and interrupt */
  bool flowing;        /* a row came last, so more may be there already */
  bool heard;          /* something came since this was cleared */

  /* texts for server() */
  char version[32], tls[96], tls_subject[256], tls_issuer[256], tls_expiry[40],
      tls_fingerprint[100];
} PgConnection;

typedef struct PgColumn {
  const char *name;        /* in the description */
  const char *remote_type; /* in the statement's type_names */
  const char *sqlite_type;
  const DriverClass *class;
  const PgType *type; /* never NULL */
  int modifier;
  int precision; /* of a numeric, 0 = unlimited */
} PgColumn;

typedef struct PgParameter {
  Oid inferred;          /* by the server, when nothing was declared but what `forced` says */
  Oid forced;            /* declared because the server could not infer one, 0 = free */
  Oid declared;          /* what the statement was parsed with last, 0 = left to the server */
  Oid refused;           /* a natural type that the server did not take here */
  Oid actual;            /* what it is now */
  const PgType *builtin; /* that type, when every server has it and it was asked for */
} PgParameter;

struct PgStatement {
  DriverStatement base; /* must be first */
  PgConnection *connection;
  char *sql;
  size_t sql_size;

  char name[24]; /* "" = the unnamed one */
  bool parsed;   /* the server has it under this name */
  bool seen;     /* asked for before: worth a name */
  bool stale;    /* must be parsed again before it runs */
  bool reused;   /* what is known of its types is of an earlier time */
  bool copy;     /* begins with COPY: never in pipeline mode */
  bool sets;     /* may change settings of the session */

  PgParameter *parameters;
  size_t parameter_count;
  PGresult *description;
  PgColumn *columns;
  size_t column_count;
  DriverBuffer type_names;
  bool binary; /* all columns can come in binary */
  bool plain;  /* and texts are known to be UTF-8 */

  /* the run */
  PGresult *result; /* holds the current row, or the first result before next() */
  int row, rows;
  bool active;  /* results are still to come */
  bool first;   /* `result` was fetched by execute() and not yet given out */
  bool wrapped; /* in a READ ONLY transaction of the driver's own (behind a pooler) */
  bool alone;   /* the session was in no transaction before: it may be cancelled */
  char *after;  /* COPY: to be run by itself at the end; own copy */
  int64_t affected;
  PgArena arena;
  PgLoad *load; /* a load() that pauses, or NULL */
};

/* ---------------------------------------------------------------- connect */

/* As Driver.connect; `spare` = keep what a cancel over TLS needs. */
DriverStatus pg_open(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                     bool spare, PgConnection **connection, DriverError *error);
DriverStatus pg_connect(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                        DriverConnection **connection, DriverError *error);
void pg_close(DriverConnection *connection);

/* session.c: the state that every session is brought into, in one round trip. */
DriverStatus pg_session_set_up(PgConnection *connection, const DriverTarget *target,
                               DriverError *error);
/* Before something is sent: sets back what a statement of the user may have changed, where that is possible
** now. Costs a round trip, and only then. */
DriverStatus pg_session_keep(PgConnection *connection, DriverError *error);
/* Does the text begin like one that may change settings: SET, RESET, CALL …? */
bool pg_session_sets(const char *sql);
/* The text ends a transaction or savepoint: nothing has to be set back before it. */
bool pg_session_ends(const char *sql);
void pg_session_script(DriverConnection *connection, bool on);
/* tls.c: fills the tls texts. */
void pg_tls_describe(PgConnection *connection);

/* target.c: a copy of a target that outlives connect(); its secrets are wiped when it is freed. */
DriverTarget *pg_target_copy(const DriverTarget *target, const DriverHost *host);
void pg_target_free(DriverTarget *target, const DriverHost *host);
void pg_wipe(void *memory, size_t size);

/* resolve.c: addresses of a host as numbers, separated by NUL, in *addresses (host's memory). The
** wait is bounded even where the system's resolver hangs. */
DriverStatus pg_resolve(const DriverHost *host, const char *name, int64_t deadline,
                        char **addresses, DriverError *error);

/* environment.c: hides every PG… variable of the process from libpq between the two calls. */
typedef struct PgEnvironment PgEnvironment;
void pg_environment_hide(void);
void pg_environment_show(void);

/* guard.c: stands between a plain socket and libpq while it logs in, and refuses a server that asks
** for the password in clear text (or for the operating system's own credentials). */
typedef struct PgGuard {
  int server; /* the real socket, -1 = not guarding */
  int ours;   /* our end of the pair whose other end libpq has */
  int link;   /* libpq's descriptor */
  bool logged_in;
  int refused; /* the authentication request that was refused, 0 = none */
} PgGuard;
void pg_guard_init(PgGuard *guard);
bool pg_guard_begin(PgGuard *guard, int link);
DriverWait pg_guard_wait(PgGuard *guard, const DriverHost *host, int64_t deadline);
bool pg_guard_end(PgGuard *guard); /* gives libpq its socket back when the login is over */
void pg_guard_close(PgGuard *guard);

/* ---------------------------------------------------------------- task.c */

/* Work in a thread of its own that we wait for only so long. It is freed by whoever lets go last;
** its memory is malloc'ed, as it may outlive the host. */
typedef struct PgTask {
  void (*run)(struct PgTask *task);
  void (*destroy)(struct PgTask *task);
  int done[2]; /* a pipe: readable when run() has ended */
  int references;
} PgTask;
bool pg_task_start(PgTask *task); /* takes over nothing when it fails */
DriverWait pg_task_wait(PgTask *task, const DriverHost *host, int64_t deadline);
void pg_task_release(PgTask *task);

/* ---------------------------------------------------------------- waiting */

/* Calls refuse here: broken, forked, busy with another statement. */
DriverStatus pg_free(PgConnection *connection, DriverError *error);
/* The same, and the settings of the session are as they should be. */
DriverStatus pg_usable(PgConnection *connection, DriverError *error);
/* Sends what is waiting to be sent and reads what has come; waits for either. */
DriverStatus pg_pump(PgConnection *connection, DriverError *error);
/* The next result as PQgetResult gives it (NULL: end of one statement). */
DriverStatus pg_take(PgConnection *connection, PGresult **result, DriverError *error);
/* In pipeline mode: everything up to the last Sync; in plain mode: up to NULL. Reports the first
** error in it (error may be NULL), else gives the last result that is one (last may be NULL). */
DriverStatus pg_settle(PgConnection *connection, PGresult **last, DriverError *error);
/* Cancels on the server and brings the session back to idle, or sets `broken`. Within 250 ms. */
void pg_stop(PgConnection *connection);
/* The same right after an answer of the server, with more patience: a busy machine is no lost session. */
void pg_stop_answered(PgConnection *connection);
/* Throws results away until idle or until `until`; no interrupt, no cancel. */
bool pg_drain(PgConnection *connection, int64_t until);
/* In pipeline mode: one command's first result (kept may be NULL) up to its end. */
DriverStatus pg_take_command(PgConnection *connection, PGresult **kept, DriverError *error);
/* A `BEGIN` of a read-only session behind a pooler must say so itself; other texts as they are. */
const char *pg_begin_text(const PgConnection *connection, const char *text);
/* Queues a text without parameters in pipeline mode. */
bool pg_queue_text(PgConnection *connection, const char *text);
/* Sync at the end of what was sent in pipeline mode. */
DriverStatus pg_sync(PgConnection *connection, DriverError *error);
/* True when the server has been told (it may still be working). */
bool pg_cancel(PgConnection *connection, int64_t until);
/* For a session that is used no more and may have a statement running: cancels in the background. */
void pg_cancel_abandoned(PgConnection *connection);
/* Nothing can be said to this server any more. */
void pg_break(PgConnection *connection);

/* ---------------------------------------------------------------- errors */

/* The one function: from a result, or (result NULL) from the connection. Sets `broken`. */
DriverStatus pg_error(PgConnection *connection, const PGresult *result, DriverError *error);

/* ---------------------------------------------------------------- statements */

DriverStatus pg_prepare(DriverConnection *connection, const char *sql, size_t size,
                        DriverStatement **statement, DriverError *error);
size_t pg_parameter_count(DriverStatement *statement);
size_t pg_column_count(DriverStatement *statement);
void pg_column(DriverStatement *statement, size_t index, DriverColumn *column);
void pg_statement_destroy(DriverStatement *statement);
StatementCache *pg_cache_new(const DriverHost *host);
/* Where the text begins behind space and comments. */
const char *pg_first_word(const char *sql);
/* A statement that is not yet known to the server. */
PgStatement *pg_statement_new(PgConnection *connection, const char *sql, size_t size);
/* Parse and Describe with the declared types, in one round trip. A refusal leaves a transaction as
** it was: inside one, a savepoint goes with it. */
DriverStatus pg_statement_parse(PgStatement *statement, DriverError *error);
/* Takes columns from a description or a first result (its ownership too). */
DriverStatus pg_statement_describe(PgStatement *statement, PGresult *description,
                                   DriverError *error);

/* infer.c: makes the parameters' types fit these values; may parse again. */
DriverStatus pg_infer(PgStatement *statement, const Value *values, size_t count,
                      DriverError *error);
/* Back to what the server inferred by itself. */
DriverStatus pg_infer_plain(PgStatement *statement, DriverError *error);
/* First Parse of a text; declares `text` where the server cannot infer a type. */
DriverStatus pg_infer_parse(PgStatement *statement, DriverError *error);

/* encode.c: one set of parameters as libpq wants it. */
enum { PG_FEW = 8 };
typedef struct PgEncoded {
  DriverBuffer text; /* everything that had to be written out */
  const char **values;
  int *sizes, *formats;
  size_t *offsets; /* into text + 1, 0 = values[] points elsewhere */
  size_t capacity;
  bool as_text; /* all in text form: for COPY and for the elements of arrays */
  void *block;  /* the four arrays when they are more than these; so it must not be moved */
  const char *few_values[PG_FEW];
  size_t few_offsets[PG_FEW];
  int few_sizes[PG_FEW], few_formats[PG_FEW];
} PgEncoded;
void pg_encoded_init(PgEncoded *encoded, const DriverHost *host);
void pg_encoded_clear(PgEncoded *encoded);
/* Has every value of this kind a text form? */
bool pg_has_text_form(PgKind kind);
DriverStatus pg_encode(PgStatement *statement, const Value *values, size_t count,
                       PgEncoded *encoded, DriverError *error);
/* literal.c: a JSON array or object as the text of an SQL array or composite. false + error. */
DriverStatus pg_literal(PgConnection *connection, const PgType *type, const char *json, size_t size,
                        size_t parameter, DriverBuffer *text, DriverError *error);

/* send.c: sends a statement and all that goes with it; what comes before its own results has been
** taken and was well. */
DriverStatus pg_send(PgStatement *statement, const PgEncoded *encoded,
                     const DriverEnvelope *envelope, DriverError *error);
/* The types that the values were encoded for: they go with a text that is parsed again. */
bool pg_statement_types(PgStatement *statement, Oid **types);
/* Gives a prepared name back, to be deallocated when there is time. */
void pg_forget(PgConnection *connection, PgStatement *statement);
DriverStatus pg_execute(DriverStatement *statement, const Value *values, size_t count,
                        const DriverEnvelope *envelope, DriverError *error);
DriverStatus pg_next(DriverStatement *statement, DriverError *error);
int64_t pg_affected(DriverStatement *statement);
void pg_finish(DriverStatement *statement);
DriverStatus pg_run(DriverConnection *connection, const char *sql, int64_t *affected,
                    DriverError *error);
/* copy.c: as Driver.can_load and Driver.load. */
DriverStatus pg_can_load(DriverStatement *statement, const DriverLoad *load, DriverLoads *loads,
                         DriverError *error);
void pg_load_stop(PgStatement *statement); /* what pauses is given up */
DriverStatus pg_load(DriverStatement *statement, const char *copy, DriverRowSource *source,
                     int64_t *affected, DriverError *error);
/* together.c: as Driver.can_together and Driver.execute_together. */
DriverStatus pg_can_together(DriverStatement *statement, bool *can, DriverError *error);
DriverStatus pg_execute_together(DriverStatement *statement, const char *sql,
                                 DriverRowSource *source, int64_t *affected, DriverError *error);
/* After a value that did not fit: the column's type may have changed since the types of the parameters were
** inferred, so they are asked for again the next time; the error says when that is worth a try. */
void pg_doubt_types(PgStatement *statement, DriverError *error);
DriverStatus pg_execute_batch(DriverStatement *statement, DriverRowSource *source,
                              int64_t *affected, DriverError *error);
int64_t pg_count(PGresult *result); /* rows changed, by the command tag */

/* A text without parameters on an idle session: its one result (*result may be NULL = thrown away).
 */
DriverStatus pg_query(PgConnection *connection, const char *sql, int count,
                      const char *const *values, PGresult **result, DriverError *error);

/* ---------------------------------------------------------------- types and values */

const PgType *pg_type_builtin(Oid oid);
Oid pg_type_builtin_array(Oid element);                        /* 0 = it is not among them */
const PgType *pg_type_find(PgConnection *connection, Oid oid); /* NULL = not known yet */
/* The type of a parameter, as pg_type_find gives it. */
const PgType *pg_parameter_type(PgStatement *statement, size_t index);
/* Makes all of these types known, and what they are made of; asks the server when it must. */
DriverStatus pg_types_learn(PgConnection *connection, const Oid *oids, size_t count,
                            DriverError *error);
void pg_types_clear(PgConnection *connection);
const PgType *pg_type_other(void); /* for what cannot be known */
/* "numeric(12,2)" */
void pg_type_name(PgConnection *connection, const PgType *type, int modifier, DriverBuffer *name);
const char *pg_type_class(const PgConnection *connection, const PgType *type, int modifier);
/* 0 = none, or so far from the point that few digits do not make it an exact 64-bit number or double */
int pg_numeric_precision(int modifier);

typedef struct PgDecoder {
  PgConnection *connection;
  PgArena *arena;
  int precision;     /* of a top-level numeric */
  const char *fault; /* why it could not be decoded; NULL = malformed or out of memory */
} PgDecoder;

DriverStatus pg_value(DriverStatement *statement, size_t index, Value *value, DriverError *error);
/* One value that is not NULL. False: `fault` says why. */
bool pg_decode_binary(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                      Value *value);
bool pg_decode_text(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                    Value *value);
/* json_out.c: arrays and composites as JSON. */
bool pg_json_binary(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                    DriverBuffer *json, int depth);
bool pg_json_text(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                  DriverBuffer *json, int depth);
/* numeric.c: exact decimal text of the binary form; false when malformed. */
bool pg_numeric_text(const char *data, size_t size, DriverBuffer *text);
/* Puts a text into the row's memory. */
bool pg_decode_keep(PgDecoder *decoder, const char *text, size_t size, Value *value);
/* Seconds since 1970 of a timestamp, when the target wants that: INTEGER, or REAL with a fraction
 *as
 ** long as a double tells microseconds apart (1684 to 2255). False: the text is to be used. */
bool pg_unix_time(const PgDecoder *decoder, int64_t microseconds_since_2000, Value *value);

static inline uint16_t pg_get16(const char *data) {
  const unsigned char *b = (const unsigned char *)data;
  return (uint16_t)(b[0] << 8 | b[1]);
}
static inline uint32_t pg_get32(const char *data) {
  const unsigned char *b = (const unsigned char *)data;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}
static inline uint64_t pg_get64(const char *data) {
  return (uint64_t)pg_get32(data) << 32 | pg_get32(data + 4);
}

/* schema_sql.c: the catalog, for the dialect */
extern const char pg_catalog_columns[], pg_catalog_table_columns[];
extern const DriverCompare pg_compare[]; /* push.c */

#endif
