/*
** schema_rows.c: the rows of a catalog statement become a Schema (schema.h describes both). Which
** index is the key is decided here, once for all backends, and so (driver_class.c) is the type in
** SQLite; a backend only says the class of each type in its SQL.
**
** Relies on the order of the rows: a table comes before its columns, these before the members of
** its indexes, and an index's members stand together in their order.
*/
#include "schema_rows.h"
#include "driver_support.h"
#include <string.h>

enum {
  ROW_PART,
  ROW_TABLE,
  ROW_NUMBER,
  ROW_INDEX,
  ROW_NAME,
  ROW_KIND,
  ROW_TYPE,
  ROW_ROWS,
  ROW_BYTES,
  ROW_NOT_NULL,
  ROW_DEFAULT,
  ROW_GENERATED,
  ROW_COMPARE,
  ROW_COMMENT,
  ROW_SIZE
};

enum { PART_SCHEMA, PART_TABLE, PART_COLUMN, PART_INDEX };

/* ---------------------------------------------------------------- texts */

struct SchemaMemory {
  struct SchemaMemory *next;
  size_t used, size;
  char bytes[];
};

enum { MEMORY_STEP = 65000 };

void schema_memory_free(struct SchemaMemory *memory) {
  while (memory) {
    struct SchemaMemory *next = memory->next;
    sqlite3_free(memory);
    memory = next;
  }
}

/* NULL: out of memory. */
static char *memory_copy(struct SchemaMemory **memory, const char *text, size_t size) {
  struct SchemaMemory *first = *memory;
  if (!first || first->size - first->used <= size) {
    size_t room = size < MEMORY_STEP ? MEMORY_STEP : size + 1;
    first = sqlite3_malloc64(sizeof *first + room);
    if (!first) return NULL;
    *first = (struct SchemaMemory){.next = *memory, .size = room};
    *memory = first;
  }
  char *copy = first->bytes + first->used;
  if (size) memcpy(copy, text, size);
  copy[size] = 0;
  first->used += size + 1;
  return copy;
}

/* ---------------------------------------------------------------- the reader */

/* Places of columns in their table; -1 = none (an expression, or a column that may not be read). */
typedef struct Members {
  int *columns;
  int count, room;
  bool primary, unique;
} Members;

struct SchemaReader {
  Schema *schema;
  const char *numeric; /* the block's options */
  bool unix_time;
  bool any;    /* a row was there */
  bool failed; /* out of memory */
  bool open;   /* the last table's rows are being read */
  size_t table_room, column_room;
  Value row[ROW_SIZE]; /* borrowed from the stream */
  /* of the table that is being read */
  char *index;     /* name of the index that is being read, NULL = none */
  Members members; /* of that index */
  Members key;     /* of the best index so far; count 0 = none */
};

SchemaReader *schema_reader_new(const Block *block) {
  const char *time = block_option(block, "timestamp"), *numeric = block_option(block, "numeric");
  SchemaReader *reader = sqlite3_malloc64(sizeof *reader);
  Schema *schema = sqlite3_malloc64(sizeof *schema);
  if (!reader || !schema) {
    sqlite3_free(reader);
    sqlite3_free(schema);
    return NULL;
  }
  *schema = (Schema){.references = 1};
  *reader = (SchemaReader){.schema = schema,
                           .numeric = numeric ? numeric : "auto",
                           .unix_time = time && !strcmp(time, "unix")};
  return reader;
}

void schema_reader_free(SchemaReader *reader) {
  if (!reader) return;
  schema_release(reader->schema);
  sqlite3_free(reader->index);
  sqlite3_free(reader->members.columns);
  sqlite3_free(reader->key.columns);
  sqlite3_free(reader);
}

static bool value_is_text(const Value *value) {
  return value->type == VALUE_TEXT || value->type == VALUE_BLOB;
}

static bool value_is(const Value *value, const char *text) {
  return value_is_text(value) && value->bytes.size == strlen(text) &&
         (value->bytes.size == 0 || !memcmp(value->bytes.data, text, value->bytes.size));
}

static int64_t value_number(const Value *value, int64_t missing) {
  if (value->type == VALUE_INTEGER) return value->integer;
  if (value->type == VALUE_REAL && value->real >= 0 && value->real < 9e18)
    return (int64_t)value->real;
  return missing;
}

/* A text of the row, kept with the Schema; NULL for SQL NULL. */
static const char *keep(SchemaReader *reader, int index) {
  const Value *value = &reader->row[index];
  if (!value_is_text(value)) return NULL;
  const char *copy = memory_copy(&reader->schema->memory, value->bytes.data, value->bytes.size);
  if (!copy) reader->failed = true;
  return copy;
}

static const char *keep_or_empty(SchemaReader *reader, int index) {
  const char *text = keep(reader, index);
  return text ? text : "";
}

/* `array` has room for one more element; NULL and `failed` when out of memory. */
static void *grow(SchemaReader *reader, void *array, size_t count, size_t *room, size_t size) {
  if (array && count < *room) return array;
  size_t wanted = count < 8 ? 8 : count * 2;
  void *larger = sqlite3_realloc64(array, wanted * size);
  if (larger)
    *room = wanted;
  else
    reader->failed = true;
  return larger;
}

/* The table whose rows are being read, or NULL. */
static SchemaTable *table_now(const SchemaReader *reader) {
  return reader->open ? &reader->schema->tables[reader->schema->table_count - 1] : NULL;
}

/* ---------------------------------------------------------------- indexes and the key */

static void member_add(SchemaReader *reader, int column) {
  Members *members = &reader->members;
  size_t room = (size_t)members->room;
  int *columns =
      grow(reader, members->columns, (size_t)members->count, &room, sizeof *members->columns);
  if (!columns) return;
  members->columns = columns;
  members->room = (int)room;
  members->columns[members->count++] = column;
}

/* Does it tell rows apart? */
static bool members_are_key(const SchemaTable *table, const Members *members) {
  if (!members->primary && !members->unique) return false;
  for (int i = 0; i < members->count; i++) {
    int column = members->columns[i];
    if (column < 0 || (!members->primary && !table->columns[column].not_null)) return false;
  }
  return members->count > 0;
}

static void index_end(SchemaReader *reader) {
  SchemaTable *table = table_now(reader);
  Members *members = &reader->members, *key = &reader->key;
  if (reader->index && members->count && members->columns[0] >= 0) {
    SchemaColumn *first = &table->columns[members->columns[0]];
    first->indexed = true;
    first->unique |= members->count == 1 && (members->primary || members->unique);
  }
  bool better = key->count == 0 || (!key->primary && members->primary) ||
                (key->primary == members->primary && members->count < key->count);
  if (reader->index && better && members_are_key(table, members)) {
    Members swap = *key;
    *key = *members;
    *members = swap;
  }
  sqlite3_free(reader->index);
  reader->index = NULL;
  members->count = 0;
}

/* The table has come to its end: it gets its key, or goes when nothing of it may be read. */
static void table_end(SchemaReader *reader) {
  SchemaTable *table = table_now(reader);
  if (!table) return;
  index_end(reader);
  for (int i = 0; i < reader->key.count; i++)
    table->columns[reader->key.columns[i]].key = i + 1;
  table->key_count = reader->key.count;
  reader->key.count = 0;
  if (table->column_count == 0) reader->schema->table_count--;
  reader->open = false;
}

static void read_index(SchemaReader *reader) {
  SchemaTable *table = table_now(reader);
  const Value *name = &reader->row[ROW_INDEX];
  if (!value_is_text(name)) return;
  if (!reader->index || !value_is(name, reader->index)) {
    index_end(reader);
    reader->index = sqlite3_mprintf("%.*s", (int)name->bytes.size, name->bytes.data);
    if (!reader->index) {
      reader->failed = true;
      return;
    }
    /* nobody sees to it that a key of a foreign table, or of tables merged, is one */
    bool kept = strcmp(table->kind, "foreign table") != 0;
    reader->members.primary = kept && value_is(&reader->row[ROW_KIND], "primary");
    reader->members.unique = kept && value_is(&reader->row[ROW_KIND], "unique");
  }
  int column = (int)table->column_count - 1;
  while (column >= 0 && !value_is(&reader->row[ROW_NAME], table->columns[column].name))
    column--;
  member_add(reader, column);
}

/* ---------------------------------------------------------------- tables and columns */

static void read_table(SchemaReader *reader) {
  table_end(reader);
  Schema *schema = reader->schema;
  SchemaTable *tables = grow(reader, schema->tables, schema->table_count, &reader->table_room,
                             sizeof *schema->tables);
  if (!tables) return;
  schema->tables = tables;
  tables[schema->table_count++] = (SchemaTable){.name = keep_or_empty(reader, ROW_TABLE),
                                                .kind = keep_or_empty(reader, ROW_KIND),
                                                .comment = keep(reader, ROW_COMMENT),
                                                .identity = keep(reader, ROW_TYPE),
                                                .rows = value_number(&reader->row[ROW_ROWS], -1),
                                                .bytes = value_number(&reader->row[ROW_BYTES], -1)};
  reader->column_room = 0;
  reader->open = true;
}

static void column_class(const SchemaReader *reader, SchemaColumn *column) {
  const Value *value = &reader->row[ROW_KIND];
  char name[16] = "";
  if (value_is_text(value) && value->bytes.size < sizeof name)
    memcpy(name, value->bytes.data, value->bytes.size);
  const DriverClass *class = driver_class(name);
  column->class_name = class->name;
  column->sqlite_type = driver_class_type(class, reader->numeric, reader->unix_time);
  column->json = class->json;
  column->lossy = class->lossy;
  if (!strcmp(class->name, "numeric") && !strcmp(reader->numeric, "real")) {
    column->lossy = "digits after the 15th (the block's option numeric is real)";
  } else if (!strncmp(class->name, "timestamp", 9) && reader->unix_time) {
    column->compare = COMPARE_NONE;
    column->lossy =
        "microseconds before 1685 and after 2255 (the block's option timestamp is unix)";
  }
}

static bool starts(const Value *value, const char *text) {
  size_t size = strlen(text);
  return value_is_text(value) && value->bytes.size >= size &&
         !memcmp(value->bytes.data, text, size);
}

static bool ends(const Value *value, const char *text) {
  size_t size = strlen(text);
  return value_is_text(value) && value->bytes.size >= size &&
         !memcmp((const char *)value->bytes.data + value->bytes.size - size, text, size);
}

static void read_column(SchemaReader *reader) {
  SchemaTable *table = table_now(reader);
  SchemaColumn *columns = grow(reader, table->columns, table->column_count, &reader->column_room,
                               sizeof *table->columns);
  if (!columns) return;
  const Value *row = reader->row;
  SchemaColumn column = {.name = keep_or_empty(reader, ROW_NAME),
                         .position = value_number(&row[ROW_NUMBER], 0),
                         .remote_type = keep_or_empty(reader, ROW_TYPE),
                         .fallback = keep(reader, ROW_DEFAULT),
                         .generated = keep(reader, ROW_GENERATED),
                         .comment = keep(reader, ROW_COMMENT),
                         .not_null = value_number(&row[ROW_NOT_NULL], 0) != 0};
  column.compare = starts(&row[ROW_COMPARE], "bytes")      ? COMPARE_BYTES
                   : starts(&row[ROW_COMPARE], "equality") ? COMPARE_EQUALITY
                   : starts(&row[ROW_COMPARE], "inexact")  ? COMPARE_INEXACT
                                                           : COMPARE_NONE;
  column.short_text = ends(&row[ROW_COMPARE], " short");
  column_class(reader, &column);
  table->columns = columns;
  columns[table->column_count++] = column;
}

static void read_row(SchemaReader *reader) {
  int64_t part = value_number(&reader->row[ROW_PART], -1);
  reader->any = true;
  if (part == PART_SCHEMA && !reader->schema->name)
    reader->schema->name = keep_or_empty(reader, ROW_NAME);
  if (part == PART_TABLE) read_table(reader);
  const SchemaTable *table = table_now(reader);
  if (!table || !value_is(&reader->row[ROW_TABLE], table->name)) return;
  if (part == PART_COLUMN) read_column(reader);
  if (part == PART_INDEX) read_index(reader);
}

int schema_reader_read(SchemaReader *reader, Stream *stream, Error *error) {
  int rc = SQLITE_ROW;
  if (stream_column_count(stream) != ROW_SIZE)
    return error_set(error, SQLITE_INTERNAL, "the catalog has %d columns, not %d",
                     (int)stream_column_count(stream), (int)ROW_SIZE);
  while (rc == SQLITE_ROW && (rc = stream_next(stream, error)) == SQLITE_ROW) {
    for (int i = 0; i < ROW_SIZE && rc == SQLITE_ROW; i++) {
      int got = stream_value(stream, (size_t)i, &reader->row[i], error);
      if (got) rc = got;
    }
    if (rc == SQLITE_ROW) read_row(reader);
    if (reader->failed) rc = error_memory(error);
  }
  table_end(reader);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int schema_reader_finish(SchemaReader *reader, Schema **schema, Error *error) {
  *schema = NULL;
  if (reader->failed) {
    schema_reader_free(reader);
    return error_memory(error);
  }
  if (reader->any && reader->schema->name) {
    *schema = reader->schema;
    reader->schema = NULL;
  }
  schema_reader_free(reader);
  return SQLITE_OK;
}
