/*
** my.h: what the files of the MySQL/MariaDB driver share. Internal to src/mysql.
**
** One session is a MyConnection: the client library's MYSQL handle, the target it was made with
** (kept for the second connection that stops a statement), and the wait that every call of the
** library goes through (my_call). One SQL text is a MyStatement: a prepared statement of the binary
** protocol, or a text for what the server cannot prepare.
**
** Which file answers what:
**   driver.c        the table of functions, the dialect, the small calls
**   target.c        the private copy of a DriverTarget
**   tls.c           what the library is told about TLS, so that it cannot fail open
**   login.c         one login attempt
**   connect.c       logging in on a thread, with a deadline
**   session.c       the settings that every session gets
**   wait_hook.c     waiting, with libmariadb's wait hook
**   wait_thread.c   waiting, with any client library: calls run on a worker thread
**   stop.c          stopping a running statement: KILL QUERY from a second connection
**   statement.c     prepare and execute
**   rows.c          next and finish
**   ahead.c         fetching one row, or some ahead
**   text.c          statements that cannot be prepared
**   columns.c       what the columns of a result are, and the buffers they are fetched into
**   decode.c        from a fetched column to a Value
**   encode.c        from Values to bound parameters
**   column_value.c  what the server takes for a column; wkb.c: geometries
**   batch.c         one statement for many rows
**   undo.c          what a ROLLBACK has not undone
**   error.c         from an error number of the library to a DriverError
*/
#ifndef CONNECTOR_MY_H
#define CONNECTOR_MY_H

#include "driver_support.h"
#include <mysql.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* libmariadb says so in its version header; Oracle's library does not know these names. */
#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
#define MY_LIBMARIADB 1
typedef my_bool MyBool;
#else
#define MY_LIBMARIADB 0
#if LIBMYSQL_VERSION_ID >= 80000
typedef bool MyBool; /* MySQL 8 has dropped my_bool */
#else
typedef my_bool MyBool;
#endif
#endif

/* Only for a handle that no thread is using. */
static inline int my_socket_of(MYSQL *mysql) {
#if MY_LIBMARIADB
  return (int)mysql_get_socket(mysql);
#else
  return (int)mysql->net.fd;
#endif
}

/* MARIADB_OPT_IO_WAIT came with Connector/C 3.1. -DMY_WAIT_THREAD tests the other way with it. */
#if MY_LIBMARIADB && !defined(MY_WAIT_THREAD) && MARIADB_PACKAGE_VERSION_ID >= 30100
#define MY_WAIT_HOOK 1
#else
#define MY_WAIT_HOOK 0
#endif

/* ---------------------------------------------------------------- target.c */

typedef struct MyAddress {
  const char *host;        /* NULL = socket */
  const char *socket_path; /* NULL = TCP */
  int port;
} MyAddress;

/* A copy of what connect() was given. Shared by the connection and the threads that log in for it;
** the last one to let go wipes it. It comes from malloc, not from the host: a thread that waits for
** a name server may outlive the host. */
typedef struct MyTarget {
  atomic_int references;
  char *storage; /* all texts */
  size_t storage_size;
  const char *block, *application_name, *database, *username, *password;
  const char *tls_ca, *tls_cert, *tls_key, *tls_ca_path, *tls_cipher;
  MyAddress *addresses;
  size_t address_count;
  TlsMode tls;
  bool readonly, compress;
  int statement_timeout, transaction_timeout; /* ms */
  int read_timeout, write_timeout;            /* s, 0 = none */
} MyTarget;

MyTarget *my_target_new(const DriverTarget *target, DriverError *error);
MyTarget *my_target_retain(MyTarget *target);
void my_target_release(MyTarget *target); /* NULL is allowed */

/* ---------------------------------------------------------------- login.c */

/* What a thread that logs in and the one that waits for it share. */
typedef struct MyLogin {
  MyTarget *target;
  int64_t deadline;       /* 0 = none */
  atomic_bool *abandoned; /* nobody waits any more: give up soon */
  atomic_int *descriptor; /* gets the socket once there is one, -1 before */
} MyLogin;

/* One attempt at one address, or NULL with *error. Blocks; runs on a thread of its own. */
MYSQL *my_login(const MyLogin *login, const MyAddress *address, DriverError *error);
/* Must be called before anything else of the client library, on any thread. */
bool my_library_init(void);

/* ---------------------------------------------------------------- tls.c */

DriverStatus my_tls_options(MYSQL *mysql, const MyTarget *target, DriverError *error);
/* After login: false when the session is not what was asked for. */
DriverStatus my_tls_check(MYSQL *mysql, const MyTarget *target, DriverError *error);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" for a plain session. */
void my_tls_describe(MYSQL *mysql, char *text, size_t size);
/* A server whose identity was proved may be given a password as it is. */
static inline bool my_tls_verified(const MyTarget *target) {
  return target->tls >= TLS_VERIFY_CA;
}

/* ---------------------------------------------------------------- session.c */

DriverStatus my_session_settings(MYSQL *mysql, const MyTarget *target, DriverError *error);
/* Before a statement is sent: sets back what one of the user may have changed. */
bool my_is_mariadb(MYSQL *mysql);

/* ---------------------------------------------------------------- connections */

typedef struct MyStatement MyStatement;
typedef struct MyStop MyStop;
typedef struct MyWorker MyWorker;

typedef struct MyConnection {
  DriverConnection base; /* must be first */
  MYSQL *mysql;
  MyTarget *target;
  size_t address;        /* the one of target->addresses that answered */
  unsigned long session; /* its number on the server */
  StatementCache *cache;
  const char *numeric; /* "auto", "text", "real" */
  bool unix_time;
  bool bulk; /* the server knows array binding */
  bool tls;
  uint64_t packet_limit; /* the server's max_allowed_packet, 0 = not asked yet */

  /* while a call of the library runs */
  DriverFailure stopping; /* why the statement is being stopped; FAILURE_NONE = it is not */
  int64_t stop_until;     /* then: when to cut the connection */
  MyStop *stop;           /* the second connection's work, or NULL */
  int64_t soft_limit;     /* drain only: when to begin stopping, 0 = not at all */
  MyWorker *worker;       /* wait_thread.c */

  /* between statements */
  MyStatement *running;   /* its rows are still on the wire */
  MyStatement *leftovers; /* closed while another was running: told to the server after that */
  bool read_only, read_only_sent;
  bool read_only_unknown;          /* the user may have changed it */
  bool unsettled, names_unsettled; /* so may be: the settings, the character set */
  bool script;                     /* between statements of one script */
  int forks;                       /* value of the process's fork counter when connected */

  char version[64], product[16], cipher[128];
  char subject[256], issuer[256], expiry[64], fingerprint[128];
} MyConnection;

/* connect.c */
DriverStatus my_connect(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                        DriverConnection **connection, DriverError *error);
void my_close(DriverConnection *connection);

/* session.c. Before a statement is sent: sets back what one of the user may have changed. Costs a round
** trip, and only then. */
DriverStatus my_session_keep(MyConnection *connection, DriverError *error);
void my_session_script(DriverConnection *connection, bool on);

/* True when this process may use the session; else *error says why not. Every call that
** sends asks. */
bool my_usable(MyConnection *connection, DriverError *error);
bool my_is_ours(const MyConnection *connection); /* not inherited by fork(); needs no system call */
/* For the threads of connect.c and stop.c: all signals blocked. */
bool my_thread_start(void *(*work)(void *), void *argument, pthread_t *thread); /* NULL: detached */

/* ---------------------------------------------------------------- wait_*.c */

/* Runs one piece of work with the client library under the connection's deadline and interrupt.
** When these come, the statement is stopped on the server (stop.c) and the library call usually
** ends with the server's own error; when it does not end in time, the connection is cut. */
typedef void (*MyBody)(void *argument);
void my_call(MyConnection *connection, MyBody body, void *argument);
/* Once per process, before the first login. */
bool my_wait_init(void);
/* Before mysql_real_connect: how waits inside it end. */
void my_wait_options(MYSQL *mysql);
/* Lets a thread that logs in wait by its own rules; NULL ends it. */
void my_wait_login(const MyLogin *login);
/* After login: how the socket must be for the waits to work. */
void my_wait_socket(int descriptor);
/* Closes the handle, with a goodbye that waits for nothing, and ends what waited for it. */
void my_wait_close(MyConnection *connection);
/* The socket, to look at or to shut down; also right while a call of the library runs. */
int my_wait_descriptor(MyConnection *connection);

/* ---------------------------------------------------------------- stop.c */

#define MY_STOP_TIME 180000 /* microseconds from the interrupt to cutting the connection */

/* Begins to stop the running statement, for `reason`. Does not wait. */
void my_stop_begin(MyConnection *connection, DriverFailure reason);
/* Waits until the KILL was answered, at most to `until`; false when it was not. */
bool my_stop_sent(MyConnection *connection, int64_t until);
/* After the call: takes away what the stop left behind, so that a KILL that came late hits nothing
** else. Marks the connection broken when that cannot be known. */
void my_stop_end(MyConnection *connection);
void my_cut(MyConnection *connection); /* shuts the socket down; the connection is broken */
/* A call that takes only a moment, without an eye to the interrupt: the connection is cut when the
** server does not answer within `limit` microseconds. */
void my_call_quick(MyConnection *connection, int64_t limit, MyBody body, void *argument);
/* After a server error inside a transaction: asks what is left of it, as the error does not say. */
void my_status_refresh(MyConnection *connection);

/* ---------------------------------------------------------------- error.c */

/* Fills *error from what the library says about the handle, and notes what it means for the
** session. `statement` may be NULL. */
DriverStatus my_error(MyConnection *connection, MYSQL_STMT *statement, DriverError *error);
/* The same for numbers and texts, also while connecting. */
DriverStatus my_error_fill(DriverError *error, bool connecting, int number, const char *sqlstate,
                           const char *message);
bool my_error_is_loss(int number);
void my_hint(DriverError *error, const char *text);

/* ---------------------------------------------------------------- columns.c */

typedef enum MyKind {
  KIND_NULL,
  KIND_TINY,
  KIND_SHORT,
  KIND_LONG,
  KIND_LONGLONG, /* fixed size integers */
  KIND_FLOAT,
  KIND_DOUBLE,
  KIND_DECIMAL,
  KIND_DATE,
  KIND_DATETIME,
  KIND_TIME,
  KIND_BIT,
  KIND_TEXT,
  KIND_JSON,
  KIND_BLOB,
  KIND_GEOMETRY
} MyKind;

typedef struct MyColumn {
  char *name; /* own copy */
  char remote_type[64];
  const DriverClass *class;
  const char *sqlite_type;
  MyKind kind;
  bool is_unsigned;
  int precision; /* of a decimal; bits of a BIT */
  int decimals;  /* digits of a second's fraction; 31 and more = as needed */
  /* what the description was made from, to notice a change */
  enum enum_field_types type;
  unsigned int flags, charset, field_decimals;
  unsigned long length;
  /* the current row */
  union {
    int8_t tiny;
    int16_t small;
    int32_t middle;
    int64_t big;
    float single;
    double real;
    MYSQL_TIME time;
  } fixed;
  char *bytes;            /* where bytes are fetched to */
  unsigned long capacity; /* of `bytes` */
  unsigned long got;      /* real length in this row */
  unsigned long enlarge;  /* capacity wanted from the next row on, 0 = as it is */
  MyBool is_null, cut;
  char text[48]; /* a date or time as text */
  char *whole;   /* a value longer than `capacity`, fetched when asked for */
  unsigned long whole_size;
  int64_t whole_row; /* the row it is of, 0 = none */
} MyColumn;

typedef struct MyColumns {
  MyColumn *list;
  size_t count;
  MYSQL_BIND *binds; /* NULL for text results */
} MyColumns;

/* Describes `count` fields. For the binary protocol buffers and binds are made as well. */
DriverStatus my_columns_make(MyConnection *connection, const MYSQL_FIELD *fields, size_t count,
                             bool binary, MyColumns *columns, DriverError *error);
/* True when the fields are still what `columns` was made from. */
bool my_columns_fit(const MyColumns *columns, const MYSQL_FIELD *fields, size_t count);
void my_columns_clear(const DriverHost *host, MyColumns *columns);
/* Before the next row: enlarges the buffers that asked for it. True when the binds have changed. */
bool my_columns_grow(const DriverHost *host, MyColumns *columns);
void my_columns_shrink(const DriverHost *host, MyColumns *columns);
bool my_columns_twin(const DriverHost *host, const MyColumns *columns, MyColumns *twin);
/* The capacity to have for values of this length; 0 = fetch them when asked for. */
unsigned long my_column_room(unsigned long wanted);

/* ---------------------------------------------------------------- statements */

typedef enum MyState {
  STATE_IDLE, /* prepared, nothing on the wire */
  STATE_ROWS, /* rows are coming */
  STATE_DONE, /* the result was complete */
  STATE_FAILED
} MyState;

struct MyStatement {
  DriverStatement base; /* must be first */
  char *sql;
  size_t size;
  MYSQL_STMT *handle; /* NULL: text protocol */
  size_t parameter_count;
  MyColumns columns;
  MyColumn *current;     /* the columns of the row that next() gave */
  struct MyAhead *ahead; /* ahead.c; NULL where rows are not fetched ahead */
  bool is_ddl;           /* affected is 0 whatever the server says */
  bool sets;             /* may change settings of the session */
  bool is_change;        /* INSERT … RETURNING and its like: rows given are rows changed */
  bool is_query;         /* SELECT and its like: may be run again after a change of its tables */
  bool grow;             /* a column wants a larger buffer */
  bool stored;           /* rows are kept by the library, the wire is free */
  MyState state;
  int64_t affected, rows;
  /* parameters */
  MYSQL_BIND *binds;
  struct MyParameter *parameters;
  /* text protocol */
  MYSQL_RES *result;
  MYSQL_ROW row;
  unsigned long *lengths;
  MyStatement *next_leftover;
};

static inline MyConnection *my_of(MyStatement *statement) {
  return (MyConnection *)statement->base.connection;
}

DriverStatus my_run(DriverConnection *connection, const char *sql, int64_t *affected,
                    DriverError *error);
/* my_run without the checks and the lazy settings before it. */
DriverStatus my_run_text(MyConnection *connection, const char *sql, size_t size, int64_t *affected,
                         DriverError *error);
/* What must be sent before the next statement: closed statements, READ ONLY. */
DriverStatus my_before_statement(MyConnection *connection, DriverError *error);

DriverStatus my_prepare(DriverConnection *connection, const char *sql, size_t size,
                        DriverStatement **statement, DriverError *error);
size_t my_parameter_count(DriverStatement *statement);
size_t my_column_count(DriverStatement *statement);
void my_column(DriverStatement *statement, size_t index, DriverColumn *column);
DriverStatus my_execute(DriverStatement *statement, const Value *values, size_t count,
                        const DriverEnvelope *envelope, DriverError *error);
DriverStatus my_next(DriverStatement *statement, DriverError *error);
int64_t my_affected(DriverStatement *statement);
int64_t my_made_key(DriverStatement *statement);
void my_finish(DriverStatement *statement);
void my_statement_destroy(DriverStatement *statement);
bool my_is_ddl(const char *sql);
/* May it change settings of the session? */
bool my_sets(const char *sql);
/* Does it end a transaction or savepoint? Then nothing has to be set back before it. */
bool my_is_end(const char *sql);
void my_note_settings(MyConnection *connection, bool sets);
/* Runs the bound statement and reads the first result's header. */
DriverStatus my_statement_start(MyStatement *statement, DriverError *error);
/* What every path does after a call of the library has failed: error, stop, transaction state. */
DriverStatus my_statement_fail(MyStatement *statement, DriverError *error);
/* Reads the results after the first one (of a procedure) and throws them away. False on failure. */
bool my_skip_results(MyStatement *statement);
/* Reads and throws away what is left of the result, bounded; the wire is free afterwards or the
** connection is broken. */
void my_statement_drain(MyStatement *statement);

/* ahead.c: one row into statement->current; the library's return code. */
#define MY_FETCH_MEMORY (-2)
int my_fetch(MyStatement *statement);
void my_ahead_reset(MyStatement *statement); /* a result begins */
void my_ahead_clear(MyStatement *statement);

/* decode.c */
DriverStatus my_value(DriverStatement *statement, size_t index, Value *value, DriverError *error);

/* text.c */
DriverStatus my_text_start(MyStatement *statement, DriverError *error);
DriverStatus my_text_next(MyStatement *statement, DriverError *error);
void my_text_end(MyStatement *statement); /* frees the result */

/* encode.c */
typedef struct MyParameter {
  int64_t integer;
  double real;
  unsigned long size;
} MyParameter;
DriverStatus my_bind(MyStatement *statement, const Value *values, DriverError *error);
/* Refuses what MySQL cannot hold; `number` is 1-based. */
DriverStatus my_value_check(const Value *value, size_t number, DriverError *error);
DriverStatus my_binds_make(MyStatement *statement, DriverError *error);
/* Refuses a statement longer than the server takes, which would only end the session. */
DriverStatus my_packet_check(MyConnection *connection, uint64_t bytes, DriverError *error);

/* batch.c */
DriverStatus my_execute_batch(DriverStatement *statement, DriverRowSource *source,
                              int64_t *affected, DriverError *error);

/* undo.c */

/* After a ROLLBACK of any kind that went well: false when rows of tables without transactions stay. */
bool my_rolled_back(MyConnection *connection);
/* Notes it in the error of what was to be undone. */
void my_not_undone(DriverError *error);
/* After a statement that failed: if the transaction has written to such tables, notes it. */
void my_undo_look(MyConnection *connection, DriverError *error);
/* Right after an INSERT of many rows failed: the number of the row at fault; 0 = the server does not tell. */
int64_t my_row_told(MyConnection *connection);

/* schema_sql.c: the catalog, for the dialect */
extern const char my_catalog_columns[], my_catalog_table_columns[];
extern const DriverCompare my_compare[]; /* push.c */

/* column_value.c */
const char *my_column_value(const char *class_name, bool unix_time, Value *value,
                            DriverBuffer *room);
/* wkb.c: a whole geometry in the form that MySQL stores, without its SRID. */
bool my_is_wkb(const char *data, size_t size);

#endif
