/*
** blocks.h: what the tests of blocks share: making one of a definition.
*/
#ifndef CONNECTOR_UNIT_BLOCKS_H
#define CONNECTOR_UNIT_BLOCKS_H

#include "block.h"
#include "unit.h"

static Error error;
static bool interrupt_now;

static inline bool interrupted(void *context) {
  (void)context;
  return interrupt_now;
}

static inline Block *make_with(const char *definition, const char *options, const Block *old) {
  Block *block = NULL;
  error_clear(&error);
  int code = block_parse(&unit_connector, "shop", definition, strlen(definition), options,
                         options ? strlen(options) : 0, false, old, &block, &error);
  CHECK((code == SQLITE_OK) == (block != NULL));
  CHECK(code == error.code);
  return block;
}

static inline Block *make(const char *definition) {
  return make_with(definition, NULL, NULL);
}

#endif
