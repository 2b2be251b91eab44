/*
** spill.c: rows kept aside, in the order they came.
**
** Rows are one growing run of bytes. Its head may lie in a temporary file, its tail is in memory;
** the tail goes to the file each time it passes SPILL_MEMORY. A reader has a position in the run,
** so it works the same before, while and after that happens. The file is made by SQLite's own VFS:
** it has no name, lies where SQLite's temporary files lie, and is gone when it is closed or the
** process dies.
**
**   row    := size (8 bytes: all that follows) count (4) value…
**   value  := tag (1: type, or'ed with TAG_JSON) then nothing (NULL), 8 bytes (INTEGER, REAL), or
**             size (8) and bytes (TEXT, BLOB)
*/
#include "spill.h"
#include "sqlite_api.h"
#include <string.h>

#define TAG_JSON 0x10
#define ROW_HEADER 12
#define READ_AHEAD (64 * 1024)
#define FILE_PART (64 * 1024) /* SQLite's VFS takes no more than 128 kB - 1 at once */

struct Spill {
  int references; /* the owner and each reader */
  int64_t rows;
  char *tail; /* bytes from file_size on */
  size_t tail_size, tail_capacity;
  sqlite3_file *file; /* NULL until it is needed */
  int64_t file_size;
  int64_t last_at; /* where its last row begins; -1 = not known */
  int failed;      /* a write failed: the run is not whole, nothing may be read past it */
};

struct SpillReader {
  Spill *spill;
  int64_t position;
  int64_t row; /* rows given */
  char *ahead; /* what was read of the file, READ_AHEAD bytes of room */
  int64_t ahead_at;
  size_t ahead_size;
  char *bytes; /* the current row */
  size_t bytes_capacity;
  Value *values;
  size_t values_capacity;
};

Spill *spill_new(void) {
  Spill *spill = sqlite3_malloc64(sizeof(Spill));
  if (spill == NULL) return NULL;
  memset(spill, 0, sizeof(*spill));
  spill->references = 1;
  return spill;
}

static void file_close(Spill *spill) {
  if (spill->file == NULL) return;
  if (spill->file->pMethods != NULL) spill->file->pMethods->xClose(spill->file);
  sqlite3_free(spill->file);
  spill->file = NULL;
  spill->file_size = 0;
}

void spill_free(Spill *spill) {
  if (spill == NULL || --spill->references > 0) return;
  file_close(spill);
  sqlite3_free(spill->tail);
  sqlite3_free(spill);
}

int64_t spill_rows(const Spill *spill) {
  return spill->rows;
}

int64_t spill_bytes(const Spill *spill) {
  return spill->file_size + (int64_t)spill->tail_size;
}

/* ---------------------------------------------------------------- writing */

static int file_failed(Error *error, int code, const char *what) {
  int primary = code & 0xff;
  if (primary == SQLITE_NOMEM) return error_memory(error);
  if (primary == SQLITE_FULL) {
    return error_set(
        error, SQLITE_FULL,
        "no room for kept rows in the directory of temporary files: free space there, or "
        "set SQLITE_TMPDIR to a larger one");
  }
  return error_set(error, code, "cannot %s the temporary file for kept rows: %s", what,
                   sqlite3_errstr(code));
}

static int file_open(Spill *spill, Error *error) {
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  if (vfs == NULL) return error_set(error, SQLITE_ERROR, "no SQLite VFS for temporary files");
  sqlite3_file *file = sqlite3_malloc64((sqlite3_uint64)vfs->szOsFile);
  if (file == NULL) return error_memory(error);
  memset(file, 0, (size_t)vfs->szOsFile);
  int flags = SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
              SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE;
  int code = vfs->xOpen(vfs, NULL, file, flags, &flags);
  if (code != SQLITE_OK) {
    if (file->pMethods != NULL) file->pMethods->xClose(file);
    sqlite3_free(file);
    return file_failed(error, code, "make");
  }
  spill->file = file;
  return SQLITE_OK;
}

static int file_append(Spill *spill, const char *data, size_t size, Error *error) {
  if (spill->file == NULL) {
    int code = file_open(spill, error);
    if (code != SQLITE_OK) return code;
  }
  for (size_t done = 0; done < size;) {
    size_t part = size - done;
    if (part > FILE_PART) part = FILE_PART;
    int code = spill->file->pMethods->xWrite(spill->file, data + done, (int)part,
                                             spill->file_size + (int64_t)done);
    if (code != SQLITE_OK) return file_failed(error, code, "write");
    done += part;
  }
  spill->file_size += (int64_t)size;
  return SQLITE_OK;
}

/* Moves the tail into the file. */
static int spill_flush(Spill *spill, Error *error) {
  int code = file_append(spill, spill->tail, spill->tail_size, error);
  if (code != SQLITE_OK) return code;
  spill->tail_size = 0;
  if (spill->tail_capacity > 2 * SPILL_MEMORY) { /* one huge row must not keep its room */
    sqlite3_free(spill->tail);
    spill->tail = NULL;
    spill->tail_capacity = 0;
  }
  return SQLITE_OK;
}

static bool tail_reserve(Spill *spill, size_t more) {
  if (more <= spill->tail_capacity - spill->tail_size) return true;
  size_t capacity = spill->tail_capacity * 2;
  if (capacity < spill->tail_size + more) capacity = spill->tail_size + more;
  if (capacity < 1024) capacity = 1024;
  char *tail = sqlite3_realloc64(spill->tail, capacity);
  if (tail == NULL) return false;
  spill->tail = tail;
  spill->tail_capacity = capacity;
  return true;
}

static size_t value_size(const Value *value) {
  switch (value->type) {
  case VALUE_NULL: return 1;
  case VALUE_INTEGER:
  case VALUE_REAL: return 9;
  case VALUE_TEXT:
  case VALUE_BLOB: return 9 + value->bytes.size;
  }
  return 1;
}

static char *value_write(char *at, const Value *value) {
  *at++ = (char)(value->type | (value->json ? TAG_JSON : 0));
  switch (value->type) {
  case VALUE_NULL: break;
  case VALUE_INTEGER: memcpy(at, &value->integer, 8); return at + 8;
  case VALUE_REAL: memcpy(at, &value->real, 8); return at + 8;
  case VALUE_TEXT:
  case VALUE_BLOB: {
    uint64_t size = value->bytes.size;
    memcpy(at, &size, 8);
    if (size > 0) memcpy(at + 8, value->bytes.data, (size_t)size);
    return at + 8 + size;
  }
  }
  return at;
}

int spill_append(Spill *spill, const Value *values, size_t count, Error *error) {
  if (spill->failed != 0) return error_set(error, spill->failed, "rows could not be kept");
  uint64_t size = ROW_HEADER - 8;
  uint32_t short_count = (uint32_t)count;
  for (size_t i = 0; i < count; i++)
    size += value_size(&values[i]);
  if (spill->tail_size > 0 && spill->tail_size + size > SPILL_MEMORY) {
    int code = spill_flush(spill, error);
    if (code != SQLITE_OK) return spill->failed = code;
  }
  if (!tail_reserve(spill, (size_t)size + 8)) return error_memory(error);
  spill->last_at = spill_bytes(spill);
  char *at = spill->tail + spill->tail_size;
  memcpy(at, &size, 8);
  memcpy(at + 8, &short_count, 4);
  at += ROW_HEADER;
  for (size_t i = 0; i < count; i++)
    at = value_write(at, &values[i]);
  spill->tail_size = (size_t)(at - spill->tail);
  spill->rows++;
  if (spill->tail_size > SPILL_MEMORY) {
    int code = spill_flush(spill, error);
    if (code != SQLITE_OK) return spill->failed = code;
  }
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- reading */

SpillReader *spill_reader_new(Spill *spill) {
  SpillReader *reader = sqlite3_malloc64(sizeof(SpillReader));
  if (reader == NULL) return NULL;
  memset(reader, 0, sizeof(*reader));
  reader->spill = spill;
  spill->references++;
  return reader;
}

void spill_reader_rewind(SpillReader *reader) {
  reader->position = 0;
  reader->row = 0;
}

void spill_reader_free(SpillReader *reader) {
  if (reader == NULL) return;
  spill_free(reader->spill);
  sqlite3_free(reader->ahead);
  sqlite3_free(reader->bytes);
  sqlite3_free(reader->values);
  sqlite3_free(reader);
}

static int file_read(Spill *spill, char *data, size_t size, int64_t offset, Error *error) {
  while (size > 0) {
    size_t part = size > FILE_PART ? FILE_PART : size;
    int code = spill->file->pMethods->xRead(spill->file, data, (int)part, offset);
    if (code != SQLITE_OK) return file_failed(error, code, "read");
    data += part;
    offset += (int64_t)part;
    size -= part;
  }
  return SQLITE_OK;
}

/* Copies bytes of the run from the reader's position on. */
static int reader_copy(SpillReader *reader, char *data, size_t size, Error *error) {
  Spill *spill = reader->spill;
  while (size > 0) {
    size_t part = size;
    int64_t left = spill->file_size - reader->position; /* in the file */
    if (left <= 0) {
      memcpy(data, spill->tail - left, part);
    } else if (reader->position >= reader->ahead_at &&
               reader->position < reader->ahead_at + (int64_t)reader->ahead_size) {
      size_t start = (size_t)(reader->position - reader->ahead_at);
      if (part > reader->ahead_size - start) part = reader->ahead_size - start;
      memcpy(data, reader->ahead + start, part);
    } else if (part >= READ_AHEAD) {
      if ((int64_t)part > left) part = (size_t)left;
      int code = file_read(spill, data, part, reader->position, error);
      if (code != SQLITE_OK) return code;
    } else {
      if (reader->ahead == NULL) reader->ahead = sqlite3_malloc64(READ_AHEAD);
      if (reader->ahead == NULL) return error_memory(error);
      reader->ahead_size = 0; /* stays so when the read fails */
      size_t chunk = left < READ_AHEAD ? (size_t)left : READ_AHEAD;
      int code = file_read(spill, reader->ahead, chunk, reader->position, error);
      if (code != SQLITE_OK) return code;
      reader->ahead_at = reader->position;
      reader->ahead_size = chunk;
      continue;
    }
    reader->position += (int64_t)part;
    data += part;
    size -= part;
  }
  return SQLITE_OK;
}

int spill_move(Spill *to, Spill *from, Error *error) {
  char piece[FILE_PART / 8];
  if (to->failed || from->failed) return error_set(error, SQLITE_IOERR, "rows could not be kept");
  int code = spill_flush(to, error);
  for (int64_t at = 0; code == SQLITE_OK && at < from->file_size;) {
    size_t part = from->file_size - at < (int64_t)sizeof piece ? (size_t)(from->file_size - at)
                                                               : sizeof piece;
    code = file_read(from, piece, part, at, error);
    if (code == SQLITE_OK) code = file_append(to, piece, part, error);
    at += (int64_t)part;
  }
  if (code == SQLITE_OK) code = file_append(to, from->tail, from->tail_size, error);
  if (code != SQLITE_OK) return to->failed = code;
  to->rows += from->rows;
  to->last_at = from->last_at = -1;
  file_close(from);
  from->rows = 0;
  from->tail_size = 0;
  return SQLITE_OK;
}

bool spill_take_last(Spill *to, Spill *from) {
  if (from->rows == 0 || from->last_at < from->file_size) return false;
  size_t size = (size_t)(spill_bytes(from) - from->last_at);
  if (!tail_reserve(to, size)) return false;
  to->last_at = spill_bytes(to);
  memcpy(to->tail + to->tail_size, from->tail + (from->tail_size - size), size);
  to->tail_size += size;
  to->rows++;
  from->tail_size -= size;
  from->rows--;
  from->last_at = -1;
  return true;
}

static const char *value_read(const char *at, Value *value) {
  unsigned char tag = (unsigned char)*at++;
  uint64_t size;
  value->type = (ValueType)(tag & ~TAG_JSON);
  value->json = (tag & TAG_JSON) != 0;
  switch (value->type) {
  case VALUE_NULL: break;
  case VALUE_INTEGER: memcpy(&value->integer, at, 8); return at + 8;
  case VALUE_REAL: memcpy(&value->real, at, 8); return at + 8;
  case VALUE_TEXT:
  case VALUE_BLOB:
    memcpy(&size, at, 8);
    value->bytes.data = at + 8;
    value->bytes.size = (size_t)size;
    return at + 8 + size;
  }
  return at;
}

static bool reader_reserve(SpillReader *reader, size_t size, size_t count) {
  if (size > reader->bytes_capacity) {
    char *bytes = sqlite3_realloc64(reader->bytes, size + size / 4);
    if (bytes == NULL) return false;
    reader->bytes = bytes;
    reader->bytes_capacity = size + size / 4;
  }
  if (count > reader->values_capacity) {
    Value *values = sqlite3_realloc64(reader->values, count * sizeof(Value));
    if (values == NULL) return false;
    reader->values = values;
    reader->values_capacity = count;
  }
  return true;
}

int spill_reader_next(SpillReader *reader, const Value **values, size_t *count, Error *error) {
  char header[ROW_HEADER];
  uint64_t size;
  uint32_t value_count;
  if (reader->row >= reader->spill->rows) {
    if (reader->spill->failed != 0) { /* never an early end of data */
      return error_set(error, reader->spill->failed, "rows could not be kept");
    }
    return SQLITE_DONE;
  }
  int64_t start = reader->position;
  int code = reader_copy(reader, header, sizeof(header), error);
  if (code == SQLITE_OK) {
    memcpy(&size, header, 8);
    memcpy(&value_count, header + 8, 4);
    size -= ROW_HEADER - 8;
    code = reader_reserve(reader, (size_t)size, value_count)
               ? reader_copy(reader, reader->bytes, (size_t)size, error)
               : error_memory(error);
  }
  if (code != SQLITE_OK) {
    reader->position = start;
    return code;
  }
  const char *at = reader->bytes;
  for (uint32_t i = 0; i < value_count; i++)
    at = value_read(at, &reader->values[i]);
  reader->row++;
  *values = reader->values;
  *count = value_count;
  return SQLITE_ROW;
}
