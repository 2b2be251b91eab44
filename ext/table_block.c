/*
** table_block.c: see table_block.h.
*/
#include "table_block.h"
#include "../src/block_set.h"
#include "row_identity.h"
#include <string.h>

static TableAsk ask_of(const ModuleArguments *arguments) {
  if (arguments->is_url) return ASK_URL;
  return arguments->query || arguments->table ? ASK_BLOCK : ASK_OPERATION;
}

/* An inline URL is a block of this connection with a name made from its text. */
static int inline_block(Connector *connector, const char *url, char **name, Error *error) {
  uint64_t hash = row_hash(ROW_HASH_START, url, strlen(url));
  Block *block;
  Error unknown = {0};
  *name = sqlite3_mprintf("inline-%016llx", (unsigned long long)hash);
  if (!*name) return error_memory(error);
  int code = block_find(connector, *name, &block, &unknown);
  error_clear(&unknown);
  if (code != SQLITE_OK) {
    code = block_parse(connector, *name, url, strlen(url), NULL, 0, false, NULL, &block, error);
    if (code != SQLITE_OK) return code;
    code = block_open(connector, block, error);
  }
  block_release(block);
  return code;
}

int table_block_remote(TablePlace *place, Connector *connector, const ModuleArguments *arguments,
                       Remote **remote, Error *error) {
  char *name = NULL;
  int code = table_place_check(place, connector, ask_of(arguments), arguments->block, error);
  if (code == SQLITE_OK && arguments->is_url)
    code = inline_block(connector, arguments->block, &name, error);
  if (code == SQLITE_OK)
    code = remote_get(connector, name ? name : arguments->block, remote, error);
  if (code == SQLITE_OK) remote_retain(*remote);
  sqlite3_free(name);
  return code;
}

int table_block_create(TablePlace *place, Connector *connector, const ModuleArguments *arguments,
                       Error *error) {
  TableAsk ask = ask_of(arguments);
  char *name = NULL;
  Block *found = NULL;
  int code = SQLITE_OK;
  if (ask != ASK_URL) code = block_find(connector, arguments->block, &found, error);
  if (code == SQLITE_OK) code = table_place_create(place, connector, ask, arguments->block, error);
  if (code == SQLITE_OK && ask == ASK_URL)
    code = inline_block(connector, arguments->block, &name, error);
  block_release(found);
  sqlite3_free(name);
  return code;
}
