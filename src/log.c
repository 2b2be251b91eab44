/*
** log.c: the last statements that were sent, in a ring. An entry is filled in three steps (begin,
** rows, end) because a streamed result ends long after it began; by then its place in the ring may
** belong to a newer one, which its number tells.
*/
#include "log.h"
#include "driver_support.h"
#include <string.h>
#include <time.h>

#define OPERATION_SIZE 4000 /* bytes of a statement that are kept */

typedef struct Slot {
  LogEntry entry;
  int64_t started; /* driver_clock() */
  char *sql;       /* until log_end, when it holds a secret: its answer may repeat it */
  bool plain;      /* the operation is the statement: whole, with nothing masked */
} Slot;

struct Log {
  int64_t last; /* number of the newest entry */
  Slot *slots;  /* LOG_ENTRIES, made at the first statement */
};

Log *log_new(void) {
  Log *log = sqlite3_malloc64(sizeof(Log));
  if (log != NULL) memset(log, 0, sizeof(*log));
  return log;
}

static void entry_clear(LogEntry *entry) {
  sqlite3_free(entry->block);
  sqlite3_free(entry->operation);
  sqlite3_free(entry->error);
  sqlite3_free(entry->detail);
  sqlite3_free(entry->hint);
  memset(entry, 0, sizeof(*entry));
}

static void slot_forget(Slot *slot) {
  if (slot->sql != NULL) explicit_bzero(slot->sql, strlen(slot->sql));
  sqlite3_free(slot->sql);
  slot->sql = NULL;
}

static void slot_clear(Slot *slot) {
  slot_forget(slot);
  entry_clear(&slot->entry);
}

void log_free(Log *log) {
  if (log == NULL) return;
  for (int i = 0; log->slots != NULL && i < LOG_ENTRIES; i++)
    slot_clear(&log->slots[i]);
  sqlite3_free(log->slots);
  sqlite3_free(log);
}

static Slot *slot_find(const Log *log, int64_t number) {
  if (log == NULL || number <= 0 || number > log->last) return NULL;
  Slot *slot = &log->slots[(number - 1) % LOG_ENTRIES];
  return slot->entry.number == number ? slot : NULL;
}

static double time_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *text_copy(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = sqlite3_malloc64(size);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* Was the same text among the last ones, and nothing in it masked? Looking for secrets takes longer. */
static bool is_known_plain(const Log *log, const char *sql) {
  for (int64_t number = log->last; number > 0 && number > log->last - 4; number--) {
    const Slot *slot = &log->slots[(number - 1) % LOG_ENTRIES];
    if (slot->plain && strcmp(slot->entry.operation, sql) == 0) return true;
  }
  return false;
}

/* The masked statement, cut between two characters. */
static char *operation_copy(const Log *log, const char *sql) {
  if (is_known_plain(log, sql)) return text_copy(sql);
  size_t size = strnlen(sql, OPERATION_SIZE + 1);
  char *text = size > OPERATION_SIZE ? log_mask_part(sql, OPERATION_SIZE) : log_mask(sql);
  if (text == NULL) return NULL;
  size = strlen(text);
  if (size > OPERATION_SIZE) { /* a mask can be longer than what it hides */
    size = OPERATION_SIZE;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
      size--;
    text[size] = 0;
  }
  return text;
}

int64_t log_begin(Log *log, const char *block, int64_t connection, const char *sql) {
  if (log == NULL) return 0;
  if (log->slots == NULL) {
    log->slots = sqlite3_malloc64(LOG_ENTRIES * sizeof(Slot));
    if (log->slots == NULL) return 0;
    memset(log->slots, 0, LOG_ENTRIES * sizeof(Slot));
  }
  char *name = text_copy(block != NULL ? block : "");
  char *operation = operation_copy(log, sql);
  if (name == NULL || operation == NULL) {
    sqlite3_free(name);
    sqlite3_free(operation);
    return 0;
  }
  Slot *slot = &log->slots[log->last % LOG_ENTRIES];
  slot_clear(slot);
  slot->started = driver_clock();
  slot->plain = strcmp(sql, operation) == 0;
  if (!slot->plain && strncmp(sql, operation, OPERATION_SIZE) != 0) {
    slot->sql = sqlite3_mprintf("%s", sql);
  }
  slot->entry = (LogEntry){.number = ++log->last,
                           .at = time_now(),
                           .block = name,
                           .connection = connection,
                           .operation = operation};
  return log->last;
}

void log_rows(Log *log, int64_t number, int64_t rows, int64_t bytes) {
  Slot *slot = slot_find(log, number);
  if (slot == NULL) return;
  slot->entry.rows += rows;
  slot->entry.bytes += bytes;
}

void log_end(Log *log, int64_t number, const DriverError *error) {
  Slot *slot = slot_find(log, number);
  if (slot == NULL) return;
  LogEntry *entry = &slot->entry;
  entry->milliseconds = (double)(driver_clock() - slot->started) / 1000;
  if (error == NULL) {
    slot_forget(slot);
    return;
  }
  sqlite3_free(entry->error);
  sqlite3_free(entry->detail);
  sqlite3_free(entry->hint);
  memcpy(entry->sqlstate, error->sqlstate, sizeof(entry->sqlstate));
  entry->error = log_mask_message(error->message, slot->sql);
  entry->detail = error->detail[0] != 0 ? log_mask_message(error->detail, slot->sql) : NULL;
  entry->hint = error->hint[0] != 0 ? log_mask_message(error->hint, slot->sql) : NULL;
  slot_forget(slot);
}

const LogEntry *log_next(const Log *log, int64_t after) {
  if (log == NULL || after >= log->last) return NULL;
  int64_t oldest = log->last > LOG_ENTRIES ? log->last - LOG_ENTRIES + 1 : 1;
  int64_t number = after < oldest ? oldest : after + 1;
  Slot *slot = slot_find(log, number);
  return slot != NULL ? &slot->entry : NULL;
}
