/*
** column.c: what a result's columns are called and declared, and their values.
*/
#include "lite.h"
#include <string.h>

size_t lite_column_count(DriverStatement *base) {
  return (size_t)sqlite3_column_count(((LiteStatement *)base)->statement);
}

static bool contains(const char *text, const char *part) {
  size_t size = strlen(part);
  for (; *text != 0; text++) {
    if (sqlite3_strnicmp(text, part, (int)size) == 0) return true;
  }
  return false;
}

/* The class of an affinity, by SQLite's own rules (datatype3.html, 3.1), in their order. */
static const char *class_of(const char *declared) {
  /* ANY of a STRICT table has no affinity, and is not to be told from another */
  if (declared[0] == 0 || sqlite3_stricmp(declared, "any") == 0) return "any";
  if (contains(declared, "int")) return "integer";
  if (contains(declared, "char") || contains(declared, "clob") || contains(declared, "text")) {
    return "text";
  }
  if (contains(declared, "blob")) return "blob";
  if (contains(declared, "real") || contains(declared, "floa") || contains(declared, "doub")) {
    return "real";
  }
  return "number";
}

static const char *declared_type(const LiteStatement *statement, size_t index) {
  const char *declared = sqlite3_column_decltype(statement->statement, (int)index);
  return declared != NULL ? declared : "";
}

void lite_column(DriverStatement *base, size_t index, DriverColumn *column) {
  LiteStatement *statement = (LiteStatement *)base;
  const char *name = sqlite3_column_name(statement->statement, (int)index);
  column->name = name != NULL ? name : "";
  column->remote_type = declared_type(statement, index);
  const DriverClass *class = driver_class(class_of(column->remote_type));
  column->class_name = class->name;
  column->sqlite_type = class->sqlite_type;
}

/* A column that is declared JSON may still hold any text. */
static bool json_valid(LiteConnection *connection, const Value *value) {
  if (connection->json_missing) return false;
  if (connection->json_check == NULL &&
      sqlite3_prepare_v2(connection->db, "SELECT json_valid(?1)", -1, &connection->json_check,
                         NULL) != SQLITE_OK) {
    connection->json_missing = true;
    return false;
  }
  sqlite3_stmt *check = connection->json_check;
  sqlite3_bind_text64(check, 1, value->bytes.data, value->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
  bool valid = sqlite3_step(check) == SQLITE_ROW && sqlite3_column_int(check, 0) != 0;
  sqlite3_reset(check);
  sqlite3_clear_bindings(check);
  return valid;
}

DriverStatus lite_value(DriverStatement *base, size_t index, Value *value, DriverError *error) {
  LiteStatement *statement = (LiteStatement *)base;
  sqlite3_stmt *row = statement->statement;
  int column = (int)index;
  int type = sqlite3_column_type(row, column);
  *value = (Value){.type = VALUE_NULL};
  switch (type) {
  case SQLITE_INTEGER:
    value->type = VALUE_INTEGER;
    value->integer = sqlite3_column_int64(row, column);
    break;
  case SQLITE_FLOAT:
    value->type = VALUE_REAL;
    value->real = sqlite3_column_double(row, column);
    break;
  case SQLITE_TEXT:
    value->type = VALUE_TEXT;
    value->bytes.data = (const char *)sqlite3_column_text(row, column);
    value->bytes.size = (size_t)sqlite3_column_bytes(row, column);
    if (value->bytes.data == NULL) return driver_error_memory(error);
    value->json = sqlite3_stricmp(declared_type(statement, index), "json") == 0 &&
                  json_valid((LiteConnection *)base->connection, value);
    break;
  case SQLITE_BLOB:
    value->type = VALUE_BLOB;
    value->bytes.data = sqlite3_column_blob(row, column);
    value->bytes.size = (size_t)sqlite3_column_bytes(row, column);
    if (value->bytes.data == NULL && value->bytes.size > 0) return driver_error_memory(error);
    break;
  default: break;
  }
  return DRIVER_OK;
}
