/*
** write_print.c: see write.h.
*/
#include "write.h"
#include "push.h"
#include <string.h>

typedef struct Writer {
  const WriteText *text;
  PushPrinter printer; /* counts the placeholders */
} Writer;

static void put(Writer *writer, const char *words) {
  buffer_text(writer->printer.sql, words);
}

static void place(Writer *writer) {
  writer->printer.parameters++;
  if (writer->text->dialect->placeholder == PLACEHOLDER_DOLLAR)
    buffer_format(writer->printer.sql, "$%zu", writer->printer.parameters);
  else
    put(writer, "?");
}

static void names(Writer *writer, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i) put(writer, ", ");
    push_name(&writer->printer, list[i]);
  }
}

static bool is_key(const WriteText *text, const char *column) {
  for (size_t i = 0; i < text->key_count; i++)
    if (!strcmp(text->keys[i], column)) return true;
  return false;
}

/* Is the column set in a row that is there already? MySQL's upsert goes by every unique index, so that the
** row that it finds can have another key. */
static bool is_set_anew(const WriteText *text, const char *column) {
  return text->dialect->upsert == UPSERT_ON_DUPLICATE_KEY || !is_key(text, column);
}

static void print_new_value(Writer *writer, const char *column) {
  bool excluded = writer->text->dialect->upsert == UPSERT_ON_CONFLICT;
  push_name(&writer->printer, column);
  put(writer, excluded ? " = EXCLUDED." : " = VALUES(");
  push_name(&writer->printer, column);
  if (!excluded) put(writer, ")");
}

/* name = EXCLUDED.name of all columns but the key, name = DEFAULT of those that were left out */
static void print_new_values(Writer *writer) {
  const WriteText *text = writer->text;
  size_t count = 0;
  for (size_t i = 0; i < text->column_count; i++) {
    if (!is_set_anew(text, text->columns[i])) continue;
    if (count++) put(writer, ", ");
    print_new_value(writer, text->columns[i]);
  }
  for (size_t i = 0; i < text->default_count; i++) {
    if (is_key(text, text->defaults[i])) continue;
    if (count++) put(writer, ", ");
    push_name(&writer->printer, text->defaults[i]);
    put(writer, " = DEFAULT");
  }
}

static bool has_new_values(const WriteText *text) {
  for (size_t i = 0; i < text->column_count; i++)
    if (is_set_anew(text, text->columns[i])) return true;
  for (size_t i = 0; i < text->default_count; i++)
    if (!is_key(text, text->defaults[i])) return true;
  return false;
}

/* MySQL's IGNORE would make other errors warnings, and store what fits: so nothing is set anew there. */
static void print_conflict(Writer *writer) {
  const WriteText *text = writer->text;
  bool replace = text->kind == WRITE_INSERT_OR_REPLACE && has_new_values(text);
  if (text->kind == WRITE_INSERT || text->dialect->upsert == UPSERT_OR) return;
  if (text->dialect->upsert == UPSERT_ON_CONFLICT) {
    put(writer, " ON CONFLICT ");
    if (replace) {
      put(writer, "(");
      names(writer, text->keys, text->key_count);
      put(writer, ") DO UPDATE SET ");
      print_new_values(writer);
    } else {
      put(writer, "DO NOTHING");
    }
    return;
  }
  put(writer, " ON DUPLICATE KEY UPDATE ");
  if (replace) {
    print_new_values(writer);
  } else {
    const char *same = text->column_count ? text->columns[0] : text->keys[0];
    push_name(&writer->printer, same);
    put(writer, " = ");
    push_name(&writer->printer, same);
  }
}

static void print_insert(Writer *writer) {
  const WriteText *text = writer->text;
  bool is_or = text->dialect->upsert == UPSERT_OR;
  put(writer, "INSERT ");
  if (is_or && text->kind == WRITE_INSERT_OR_IGNORE) put(writer, "OR IGNORE ");
  if (is_or && text->kind == WRITE_INSERT_OR_REPLACE) put(writer, "OR REPLACE ");
  put(writer, "INTO ");
  put(writer, text->target);
  if (text->column_count == 0) {
    put(writer,
        text->dialect->upsert == UPSERT_ON_DUPLICATE_KEY ? " () VALUES ()" : " DEFAULT VALUES");
  } else {
    put(writer, " (");
    names(writer, text->columns, text->column_count);
    put(writer, ") VALUES (");
    for (size_t i = 0; i < text->column_count; i++) {
      if (i) put(writer, ", ");
      place(writer);
    }
    put(writer, ")");
  }
  print_conflict(writer);
  if (text->returning) {
    put(writer, " RETURNING ");
    push_name(&writer->printer, text->returning);
  }
}

static void print_where(Writer *writer) {
  const WriteText *text = writer->text;
  for (size_t i = 0; i < text->key_count; i++) {
    put(writer, i ? " AND " : " WHERE ");
    if (text->key_plain && text->key_plain[i])
      put(writer, text->keys[i]);
    else
      push_name(&writer->printer, text->keys[i]);
    if (text->key_nulls[i]) {
      put(writer, " IS NULL");
    } else {
      put(writer, " = ");
      place(writer);
    }
  }
}

void write_print(const WriteText *text, DriverBuffer *sql) {
  Writer writer = {.text = text, .printer = {.dialect = text->dialect, .sql = sql}};
  switch (text->kind) {
  case WRITE_UPDATE:
    put(&writer, "UPDATE ");
    put(&writer, text->target);
    put(&writer, " SET ");
    for (size_t i = 0; i < text->column_count; i++) {
      if (i) put(&writer, ", ");
      push_name(&writer.printer, text->columns[i]);
      put(&writer, " = ");
      place(&writer);
    }
    print_where(&writer);
    return;
  case WRITE_DELETE:
    put(&writer, "DELETE FROM ");
    put(&writer, text->target);
    print_where(&writer);
    return;
  case WRITE_COPY:
    put(&writer, "COPY ");
    put(&writer, text->target);
    put(&writer, " (");
    names(&writer, text->columns, text->column_count);
    put(&writer, ") FROM STDIN");
    return;
  default: print_insert(&writer); return;
  }
}
