/*
** remote_key.c: the bytes that tell rows apart (the hidden column _key): each value of the key with its
** type, and texts and blobs with their length, one after the other. The values are those of
**
**   the key         where the table has one: the values that are shown, or the server's texts (remote_key_text.c)
**   the identity    else what the server has (DriverIdentity): place and transaction, rowid
**   all columns     else, as one number; rows can be told apart, and not be found again
*/
#include "remote_table.h"
#include <string.h>

const DriverIdentity *remote_identity(const RemoteTable *table, const DriverDialect *dialect) {
  const char *name = table->arguments.identity;
  if (table->key_text_dialect) return table->key_text_dialect == dialect ? &table->key_text : NULL;
  const DriverIdentity *each = name ? dialect->identities : NULL;
  while (each && each->name && strcmp(each->name, name))
    each++;
  return each && each->name ? each : NULL;
}

size_t remote_identity_parts(const DriverIdentity *identity) {
  size_t count = 0;
  while (identity && identity->parts[count])
    count++;
  return count;
}

int remote_identity_check(const RemoteTable *table, const DriverDialect *dialect, Error *error) {
  const char *names[8];
  size_t count = 0;
  if (!table->arguments.identity || remote_identity(table, dialect)) return SQLITE_OK;
  const DriverIdentity *each = dialect->identities;
  for (; each && each->name && count < sizeof names / sizeof *names; each++)
    names[count++] = each->name;
  error_set(error, SQLITE_ERROR, "identity=%s is nothing that a server of connector '%s' has",
            table->arguments.identity, table->arguments.block);
  error_suggest(error, table->arguments.identity, names, count);
  return error->code;
}

static void add_number(DriverBuffer *key, uint64_t number) {
  char bytes[8];
  for (int i = 0; i < 8; i++)
    bytes[i] = (char)(number >> (8 * (7 - i)));
  buffer_append(key, bytes, sizeof bytes);
}

void remote_key_add(DriverBuffer *key, const Value *value) {
  static const char marks[] = {[VALUE_NULL] = 'n',
                               [VALUE_INTEGER] = 'i',
                               [VALUE_REAL] = 'r',
                               [VALUE_TEXT] = 't',
                               [VALUE_BLOB] = 'b'};
  uint64_t bits;
  buffer_append(key, &marks[value->type], 1);
  switch (value->type) {
  case VALUE_INTEGER: add_number(key, (uint64_t)value->integer); break;
  case VALUE_REAL:
    memcpy(&bits, &value->real, sizeof bits);
    add_number(key, bits);
    break;
  case VALUE_TEXT:
  case VALUE_BLOB:
    add_number(key, value->bytes.size);
    buffer_append(key, value->bytes.data, value->bytes.size);
    break;
  case VALUE_NULL: break;
  }
}

static bool take_number(const char **at, const char *end, uint64_t *number) {
  if (end - *at < 8) return false;
  *number = 0;
  for (int i = 0; i < 8; i++)
    *number = *number << 8 | (unsigned char)*(*at)++;
  return true;
}

bool remote_key_take(const char **at, const char *end, Value *value) {
  uint64_t number;
  if (*at == end) return false;
  char mark = *(*at)++;
  *value = (Value){.type = VALUE_NULL};
  if (mark == 'n') return true;
  if (!take_number(at, end, &number)) return false;
  switch (mark) {
  case 'i': *value = (Value){.type = VALUE_INTEGER, .integer = (int64_t)number}; return true;
  case 'r':
    value->type = VALUE_REAL;
    memcpy(&value->real, &number, sizeof number);
    return true;
  case 't':
  case 'b':
    if (number > (uint64_t)(end - *at)) return false;
    value->type = mark == 't' ? VALUE_TEXT : VALUE_BLOB;
    value->bytes.data = *at;
    value->bytes.size = (size_t)number;
    *at += number;
    return true;
  default: return false;
  }
}
