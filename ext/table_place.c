/*
** table_place.c: see table_place.h.
*/
#include "table_place.h"
#include "../src/block_set.h"
#include "row_identity.h"
#include <string.h>

/* An image loaded by sqlite3_deserialize has no file, but its content came from somewhere. */
static bool is_image(sqlite3 *db, const char *schema) {
  char *vfs = NULL;
  sqlite3_file_control(db, schema, SQLITE_FCNTL_VFSNAME, &vfs);
  bool image = vfs && sqlite3_strnicmp(vfs, "memdb", 5) == 0;
  sqlite3_free(vfs);
  return image;
}

/* A schema without a file that was made in this process. */
static bool is_own_schema(sqlite3 *db, const char *schema) {
  if (sqlite3_stricmp(schema, "temp") == 0) return true;
  const char *file = sqlite3_db_filename(db, schema);
  return !(file && *file) && !is_image(db, schema);
}

static char *refusal_text(sqlite3 *db, const char *schema, const char *table,
                          const ModuleArguments *arguments) {
  const char *file =
      is_image(db, schema) ? "a loaded database image" : sqlite3_db_filename(db, schema);
  return sqlite3_mprintf("table %s.%s of %s asks for %s'%s': tables in a database file are not "
                         "allowed to; create it as temp.%s",
                         schema, table, file ? file : "a file",
                         arguments->is_url ? "the URL " : "connector ",
                         arguments->is_url ? "…" : arguments->block, table);
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

int table_place(sqlite3 *db, const char *schema, const char *table,
                const ModuleArguments *arguments, char **refusal, Error *error) {
  *refusal = NULL;
  if (is_own_schema(db, schema)) return SQLITE_OK;
  *refusal = refusal_text(db, schema, table, arguments);
  return *refusal ? SQLITE_OK : error_memory(error);
}

int table_place_remote(Connector *connector, const ModuleArguments *arguments, const char *refusal,
                       Remote **remote, Error *error) {
  char *name = NULL;
  int code = SQLITE_OK;
  if (refusal) return error_set(error, SQLITE_AUTH, "%s", refusal);
  if (arguments->is_url) code = inline_block(connector, arguments->block, &name, error);
  if (code == SQLITE_OK)
    code = remote_get(connector, name ? name : arguments->block, remote, error);
  if (code == SQLITE_OK) remote_retain(*remote);
  sqlite3_free(name);
  return code;
}
