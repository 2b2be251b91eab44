/*
** driver_support.h: what every driver needs and none should write again. Compiled into each driver's
** shared object (and into connector.so for the sqlite driver); uses libc and DriverHost only.
*/
#ifndef CONNECTOR_DRIVER_SUPPORT_H
#define CONNECTOR_DRIVER_SUPPORT_H

#include "driver.h"
#include <stdarg.h>
#include <string.h>

/* Microseconds on CLOCK_MONOTONIC: the clock of every deadline. */
int64_t driver_clock(void);
/* The same clock, at most DRIVER_CLOCK_COARSE behind, for what is asked once per row. */
int64_t driver_clock_coarse(void);
#define DRIVER_CLOCK_COARSE 10000
/* getpid(), at no cost: for DriverConnection.owner. */
pid_t driver_process(void);

/* ---- errors ---- */

/* Fills *error from scratch and returns DRIVER_FAILED. sqlstate may be NULL. The text is printf-made,
** then sanitised as driver_text does. */
DriverStatus driver_error_set(DriverError *error, DriverFailure failure, const char *sqlstate,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Copies a text from a server into a field: valid UTF-8 (bad bytes become U+FFFD), no C0/C1/DEL
** (line ends become spaces), cut at a character boundary to fit. text may be NULL. */
void driver_text(char *field, size_t field_size, const char *text, size_t text_size);
/* FAILURE_MEMORY with its text. */
DriverStatus driver_error_memory(DriverError *error);
/* A statement that was to change one row has changed `rows`. */
DriverStatus driver_missed(DriverError *error, int64_t rows);

/* ---- waiting ---- */

typedef enum DriverWait { WAIT_READY, WAIT_INTERRUPTED, WAIT_TIMEOUT, WAIT_ERROR } DriverWait;

/* Waits for poll() `events` on fd until ready, the deadline (0 = none) or an interrupt, which is looked
** at first and every 50 ms; what is ready then is ready all the same. EINTR is not an end.
** *ready (may be NULL) gets revents. fd -1 just sleeps in the same manner. */
DriverWait driver_wait(const DriverHost *host, int fd, short events, int64_t deadline,
                       short *ready);

/* ---- text that grows ---- */

/* After the first failed allocation every call does nothing and `failed` stays true, so that it is
** checked once at the end. Zero-initialise with buffer_init; data is NUL-terminated. */
typedef struct DriverBuffer {
  const DriverHost *host;
  char *data;
  size_t size, capacity;
  bool failed;
} DriverBuffer;

void buffer_init(DriverBuffer *buffer, const DriverHost *host);
/* Room for `more` bytes and a NUL; false = failed. */
bool buffer_grow(DriverBuffer *buffer, size_t more);
static inline void buffer_append(DriverBuffer *buffer, const char *data, size_t size) {
  bool fits = size < buffer->capacity - buffer->size && !buffer->failed;
  if (!fits && !buffer_grow(buffer, size)) return;
  if (size > 0) memcpy(buffer->data + buffer->size, data, size);
  buffer->size += size;
  buffer->data[buffer->size] = 0;
}
void buffer_text(DriverBuffer *buffer, const char *text);
void buffer_format(DriverBuffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string literal with its quotes. */
void buffer_json_string(DriverBuffer *buffer, const char *text, size_t size);
void buffer_reset(DriverBuffer *buffer); /* empty, memory kept */
void buffer_clear(DriverBuffer *buffer); /* memory freed */

/* ---- values ---- */

bool utf8_valid(const char *text, size_t size);
/* Shortest decimal text that reads back as the same double; always has a '.', 'e', "inf" or "nan"
** mark so that it is not taken for an integer: 1.0, 1e+300, inf, -inf, nan. Returns its length. */
int real_print(double real, char text[32]);
/* Not the shortest: whatever reads back as the same double, or is nan, inf or -inf. */
int real_print_fast(double real, char text[32]);
int integer_print(int64_t number, char text[24]);
/* The rule of DESIGN section 6 for an exact decimal text: INTEGER when it is one and fits, REAL when
** at most 15 significant digits make that exact, else the TEXT itself. mode: "auto" (or NULL),
** "text", "real"; precision is the declared one (0 = unlimited); ≤ 15 always gives a number.
** *value borrows text. */
void decimal_value(const char *text, size_t size, int precision, const char *mode, Value *value);
/* One class of driver.h. All texts are static. */
typedef struct DriverClass {
  const char *name, *sqlite_type;
  bool json;         /* texts are JSON documents */
  const char *lossy; /* what may be lost on the way here, NULL = nothing */
} DriverClass;
/* Never NULL: a name that is not in the table is "other". */
const DriverClass *driver_class(const char *name);
/* The declared type, by the target's options `numeric` (never NULL) and timestamp=unix. */
const char *driver_class_type(const DriverClass *class, const char *numeric, bool unix_time);
/* A number as `width` decimal digits with leading zeros, no NUL behind them; returns their end. */
char *digits_print(char *at, unsigned number, int width);
/* ISO dates: '2024-01-31', '0044-03-15 BC'; time of day in microseconds: '12:30:00.5';
** Both return the length written; text holds at least 48 bytes. */
int iso_date(int64_t days_since_2000_01_01, char *text);
int iso_time(int64_t microseconds, char *text);
/* Microseconds since 2000-01-01 00:00:00: '2024-01-31 12:00:00', with `zone` '…+00:00'; ' BC' goes to the end. Returns
** the length written; no NUL behind it. */
enum { ISO_TIMESTAMP_SIZE = 120 };
int iso_timestamp(int64_t microseconds, bool zone, char text[ISO_TIMESTAMP_SIZE]);

/* ---- statements kept per connection ---- */

/* A small map from SQL text to a driver's statement, oldest unused thrown out. */
typedef struct StatementCache StatementCache;
StatementCache *statement_cache_new(const DriverHost *host, size_t capacity,
                                    void (*destroy)(DriverStatement *statement));
/* Takes a kept statement out of the cache (yours now), or NULL. */
DriverStatement *statement_cache_take(StatementCache *cache, const char *sql, size_t size);
/* Puts one in; the cache owns it. `sql` is the statement's own text: it stays until the statement is
** destroyed. One with the same text that is there already is destroyed. */
void statement_cache_put(StatementCache *cache, const char *sql, size_t size,
                         DriverStatement *statement);
void statement_cache_free(StatementCache *cache); /* destroys all that is in it; NULL is allowed */

#endif
