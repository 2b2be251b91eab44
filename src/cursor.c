/*
** cursor.c: see cursor.h. A list is enough: each open cursor holds a connection, so there are few.
**
** Relies on stream.c: a stream gives its connection back by itself at its last row, and a failing one
** keeps none.
*/
#include "cursor.h"
#include <string.h>
#include <time.h>

struct CursorSet {
  FetchCursor *first; /* newest first */
};

CursorSet *cursor_set_new(void) {
  CursorSet *cursors = sqlite3_malloc64(sizeof *cursors);
  if (cursors) *cursors = (CursorSet){0};
  return cursors;
}

static void cursor_free(FetchCursor *cursor) {
  stream_close(cursor->stream);
  sqlite3_free(cursor->names);
  sqlite3_free(cursor->block);
  sqlite3_free(cursor->operation);
  sqlite3_free(cursor->parameters);
  sqlite3_free(cursor);
}

void cursor_set_free(CursorSet *cursors) {
  if (!cursors) return;
  while (cursors->first) {
    FetchCursor *cursor = cursors->first;
    cursors->first = cursor->next;
    cursor_free(cursor);
  }
  sqlite3_free(cursors);
}

const FetchCursor *cursor_first(const Connector *connector) {
  return connector->cursors->first;
}

char **column_names_copy(const Stream *stream) {
  size_t count = stream_column_count(stream), texts = 0;
  for (size_t i = 0; i < count; i++)
    texts += strlen(stream_column(stream, i)->name) + 1;
  char **names = sqlite3_malloc64((count + 1) * sizeof *names + texts);
  if (!names) return NULL;
  char *text = (char *)(names + count + 1);
  for (size_t i = 0; i < count; i++) {
    size_t size = strlen(stream_column(stream, i)->name) + 1;
    names[i] = memcpy(text, stream_column(stream, i)->name, size);
    text += size;
  }
  names[count] = NULL;
  return names;
}

static double unix_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool matches(const FetchCursor *cursor, const char *block, const char *operation,
                    size_t size, const char *canonical) {
  return cursor->operation_size == size && memcmp(cursor->operation, operation, size) == 0 &&
         strcmp(cursor->block, block) == 0 && strcmp(cursor->parameters, canonical) == 0;
}

static char *copy(const char *text, size_t size) {
  char *result = sqlite3_malloc64(size + 1);
  if (!result) return NULL;
  memcpy(result, text, size);
  result[size] = 0;
  return result;
}

static int cursor_open(Connector *connector, FetchCursor *cursor, const Arguments *arguments,
                       Error *error) {
  Remote *remote;
  int depth;
  int code = remote_get(connector, cursor->block, &remote, error);
  if (code != SQLITE_OK) return code;
  code = stream_open(remote, cursor->operation, cursor->operation_size, arguments, STREAM_FETCH,
                     &cursor->stream, error);
  if (code != SQLITE_OK) return code;
  cursor->names = column_names_copy(cursor->stream);
  if (!cursor->names) return error_memory(error);
  cursor->column_count = stream_column_count(cursor->stream);
  if (stream_joined(cursor->stream, &depth)) cursor->undone_by = depth;
  return SQLITE_OK;
}

int cursor_get(Connector *connector, const char *block, const char *operation, size_t size,
               const Arguments *arguments, const char *canonical, FetchCursor **result,
               Error *error) {
  CursorSet *cursors = connector->cursors;
  for (FetchCursor *cursor = cursors->first; cursor; cursor = cursor->next) {
    if (matches(cursor, block, operation, size, canonical)) {
      *result = cursor;
      return SQLITE_OK;
    }
  }
  FetchCursor *cursor = sqlite3_malloc64(sizeof *cursor);
  if (!cursor) return error_memory(error);
  *cursor = (FetchCursor){.block = copy(block, strlen(block)),
                          .operation = copy(operation, size),
                          .parameters = copy(canonical, strlen(canonical)),
                          .operation_size = size,
                          .since = unix_time(),
                          .undone_by = -1};
  int code = cursor->block && cursor->operation && cursor->parameters
                 ? cursor_open(connector, cursor, arguments, error)
                 : error_memory(error);
  if (code != SQLITE_OK) {
    cursor_free(cursor);
    return code;
  }
  cursor->next = cursors->first;
  cursors->first = cursor;
  *result = cursor;
  return SQLITE_OK;
}

void cursor_drop(Connector *connector, FetchCursor *cursor) {
  FetchCursor **link = &connector->cursors->first;
  while (*link != cursor)
    link = &(*link)->next;
  *link = cursor->next;
  cursor_free(cursor);
}

static void cursor_done(FetchCursor *cursor) {
  stream_close(cursor->stream);
  cursor->stream = NULL;
}

int cursor_next(Connector *connector, FetchCursor *cursor, Error *error) {
  if (!cursor->stream) return SQLITE_DONE;
  int code = cursor->ahead ? SQLITE_ROW : stream_next(cursor->stream, error);
  cursor->ahead = false;
  if (code == SQLITE_ROW) {
    cursor->rows++;
  } else if (code == SQLITE_DONE) {
    cursor_done(cursor);
  } else {
    cursor_drop(connector, cursor);
  }
  return code;
}

void cursor_settle(FetchCursor *cursor) {
  Error later = {0}; /* a failed stream gives its error again */
  if (!cursor->stream || cursor->ahead) return;
  int code = stream_next(cursor->stream, &later);
  cursor->ahead = code == SQLITE_ROW;
  if (code == SQLITE_DONE) cursor_done(cursor);
  error_clear(&later);
}

/* Drops those of the block (NULL = all) for which undone_by is more than `level`; returns how many. */
static int drop_above(Connector *connector, const char *block, int level) {
  int dropped = 0;
  FetchCursor **link = &connector->cursors->first;
  while (*link) {
    FetchCursor *cursor = *link;
    if (cursor->undone_by <= level || (block && strcmp(cursor->block, block) != 0)) {
      link = &cursor->next;
      continue;
    }
    *link = cursor->next;
    cursor_free(cursor);
    dropped++;
  }
  return dropped;
}

int cursor_reset(Connector *connector, const char *block) {
  return drop_above(connector, block, -2);
}

void cursor_undone(Connector *connector, const char *block, int level) {
  if (connector->cursors) drop_above(connector, block, level);
}

void cursor_released(Connector *connector, int level) {
  FetchCursor *cursor = connector->cursors ? connector->cursors->first : NULL;
  for (; cursor; cursor = cursor->next)
    if (cursor->undone_by > level) cursor->undone_by = level;
}

void cursor_committed(Connector *connector, const char *block) {
  FetchCursor *cursor = connector->cursors ? connector->cursors->first : NULL;
  for (; cursor; cursor = cursor->next)
    if (!block || strcmp(cursor->block, block) == 0) cursor->undone_by = -1;
}
