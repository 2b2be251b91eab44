/*
** remote_key.c: the bytes that tell rows apart (the hidden column _key): each value of the key with its
** type, and texts and blobs with their length, one after the other.
*/
#include "remote_table.h"
#include <string.h>

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
