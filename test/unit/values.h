/*
** values.h: Values made and compared, for tests of what keeps rows.
*/
#ifndef CONNECTOR_UNIT_VALUES_H
#define CONNECTOR_UNIT_VALUES_H

#include "driver.h"
#include <string.h>

static inline Value null(void) {
  return (Value){.type = VALUE_NULL};
}

static inline Value integer(int64_t number) {
  return (Value){.type = VALUE_INTEGER, .integer = number};
}

static inline Value real(double number) {
  return (Value){.type = VALUE_REAL, .real = number};
}

static inline Value bytes(ValueType type, const char *data, size_t size) {
  return (Value){.type = type, .bytes = {data, size}};
}

static inline Value text(const char *data) {
  return bytes(VALUE_TEXT, data, strlen(data));
}

static inline bool value_same(const Value *a, const Value *b) {
  if (a->type != b->type) return false;
  if (a->type == VALUE_NULL) return true;
  if (a->type == VALUE_INTEGER) return a->integer == b->integer;
  if (a->type == VALUE_REAL) return memcmp(&a->real, &b->real, sizeof(double)) == 0;
  return a->json == b->json && a->bytes.size == b->bytes.size &&
         (a->bytes.size == 0 || memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0);
}

/* A sequence that is the same in each run. */
static inline uint64_t random_next(void) {
  static uint64_t state = UINT64_C(88172645463325252);
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static inline size_t random_below(size_t limit) {
  return (size_t)(random_next() >> 11) % limit;
}

#endif
