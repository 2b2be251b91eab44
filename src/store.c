/*
** store.c: blocks in the store's file, one row each.
**
** A row holds the block's masked JSON in the clear (`document`: what connector_load shows) and its
** password sealed (`secret`, sealed.c). So listing and loading need no key and no libsodium, and the one
** part that is a secret is never written in any other form: draft.c moves every password into that part
** and options.c lets no other secret into a document.
**
** A Block that is read carries the sealed form; it is opened when a connection is made.
*/
#include "store.h"
#include "text.h"
#include "block_set.h"
#include "draft.h"
#include "secret.h"

#include <string.h>

/* ---------------------------------------------------------------- reading */

#define COLUMNS "name, id, document, key_id, secret, created_at, updated_at"

static int get_salt(sqlite3 *db, const char *path, unsigned char salt[CIPHER_SALT_BYTES],
                    Error *error) {
  sqlite3_stmt *statement = NULL;
  bool found = false;
  int code =
      sqlite3_prepare_v2(db, "SELECT value FROM setting WHERE key = 'salt'", -1, &statement, NULL);
  if (code == SQLITE_OK) {
    const void *value =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_blob(statement, 0) : NULL;
    found = value && sqlite3_column_bytes(statement, 0) == CIPHER_SALT_BYTES;
    if (found) memcpy(salt, value, CIPHER_SALT_BYTES);
    code = sqlite3_finalize(statement);
  }
  if (code) return store_file_error(db, path, "read", error);
  if (found) return SQLITE_OK;
  return error_set(error, SQLITE_CORRUPT, "the store %s has no salt: it is damaged", path);
}

static const char *column(sqlite3_stmt *row, int index) {
  const char *text = (const char *)sqlite3_column_text(row, index);
  return text ? text : "";
}

static int read_sealed(sqlite3 *db, const char *path, sqlite3_stmt *row, Sealed **sealed,
                       Error *error) {
  unsigned char salt[CIPHER_SALT_BYTES];
  const unsigned char *key_id = sqlite3_column_blob(row, 3), *bytes = sqlite3_column_blob(row, 4);
  size_t size = (size_t)sqlite3_column_bytes(row, 4);
  if (key_id == NULL || sqlite3_column_bytes(row, 3) != CIPHER_KEY_ID_BYTES || bytes == NULL) {
    return error_set(error, SQLITE_CORRUPT, "the stored password is damaged");
  }
  int code = get_salt(db, path, salt, error);
  if (code) return code;
  *sealed = sealed_new(path, column(row, 0), column(row, 2), salt, key_id, bytes, size);
  return *sealed ? SQLITE_OK : error_memory(error);
}

static int replace(char **place, const char *text, Error *error) {
  char *copy = sqlite3_mprintf("%s", text);
  if (copy == NULL) return error_memory(error);
  sqlite3_free(*place);
  *place = copy;
  return SQLITE_OK;
}

/* Makes a Block of the current row. */
static int read_row(Connector *connector, sqlite3 *db, const char *path, BlockSource source,
                    sqlite3_stmt *row, Block **block, Error *error) {
  const char *document = column(row, 2);
  Sealed *sealed = NULL;
  int code = SQLITE_OK;
  if (sqlite3_column_type(row, 4) != SQLITE_NULL) {
    if (source == BLOCK_SYSTEM) {
      return error_set(error, SQLITE_AUTH,
                       "block '%s' in " STORE_SYSTEM " has a stored password; that store may only "
                       "hold references (password_from)",
                       column(row, 0));
    }
    code = read_sealed(db, path, row, &sealed, error);
  }
  if (code == SQLITE_OK) {
    code = block_parse_stored(connector, column(row, 0), document, sealed, block, error);
  }
  sealed_release(sealed);
  if (code) return code;
  (*block)->source = source;
  code = replace(&(*block)->id, column(row, 1), error);
  if (code == SQLITE_OK) code = replace(&(*block)->created_at, column(row, 5), error);
  if (code == SQLITE_OK) code = replace(&(*block)->updated_at, column(row, 6), error);
  if (code) {
    block_release(*block);
    *block = NULL;
  }
  return code;
}

int store_read(Connector *connector, const char *path, BlockSource source, const char *name,
               Block **block, Error *error) {
  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;
  *block = NULL;
  int code = store_file_open(connector, path, STORE_READ, &db, error);
  if (code || db == NULL) return code;
  code = sqlite3_prepare_v2(db, "SELECT " COLUMNS " FROM block WHERE name = ?", -1, &row, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_step(row);
  if (code == SQLITE_ROW) {
    code = read_row(connector, db, path, source, row, block, error);
    if (code && error->code != SQLITE_NOMEM) error_wrap(error, "block '%s' in %s", name, path);
  } else if (code == SQLITE_DONE) {
    code = SQLITE_OK;
  } else {
    code = store_file_error(db, path, "read", error);
  }
  sqlite3_finalize(row);
  store_file_close(db);
  return code;
}

/* A block that is listed although it cannot be used. */
static Block *broken_block(const char *name, BlockSource source, const char *why) {
  Block *block = sqlite3_malloc64(sizeof *block);
  if (block == NULL) return NULL;
  memset(block, 0, sizeof *block);
  block->references = 1;
  block->source = source;
  block->name = sqlite3_mprintf("%s", name);
  block->broken = sqlite3_mprintf("%s", why ? why : "");
  if (block->name && block->broken) return block;
  block_release(block);
  return NULL;
}

int block_list_add(Block ***blocks, size_t *count, Block *block) {
  Block **grown = sqlite3_realloc64(*blocks, (*count + 1) * sizeof *grown);
  if (grown == NULL || block == NULL) {
    if (grown) *blocks = grown;
    block_release(block);
    return SQLITE_NOMEM;
  }
  *blocks = grown;
  grown[(*count)++] = block;
  return SQLITE_OK;
}

int block_list_add_broken(Block ***blocks, size_t *count, const char *name, BlockSource source,
                          const Error *why) {
  return block_list_add(blocks, count, broken_block(name, source, why->message));
}

int store_list(Connector *connector, const char *path, BlockSource source, Block ***blocks,
               size_t *count, Error *error) {
  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;
  *blocks = NULL;
  *count = 0;
  int code = store_file_open(connector, path, STORE_READ, &db, error);
  if (code || db == NULL) return code;
  code = sqlite3_prepare_v2(db, "SELECT " COLUMNS " FROM block ORDER BY name", -1, &row, NULL);
  while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
    Block *block = NULL;
    Error why = {0};
    code = read_row(connector, db, path, source, row, &block, &why);
    if (code == SQLITE_OK) {
      code = block_list_add(blocks, count, block);
    } else if (code != SQLITE_NOMEM) {
      code = block_list_add_broken(blocks, count, column(row, 0), source, &why);
    }
    error_clear(&why);
  }
  if (code == SQLITE_NOMEM)
    error_memory(error);
  else if (code != SQLITE_DONE)
    code = store_file_error(db, path, "read", error);
  else
    code = SQLITE_OK;
  sqlite3_finalize(row);
  store_file_close(db);
  if (code) {
    block_list_free(*blocks, *count);
    *blocks = NULL;
    *count = 0;
  }
  return code;
}

/* ---------------------------------------------------------------- writing */

/* Binds key_id and secret, when the block has a password. */
static int bind_secret(sqlite3 *db, const char *path, const Block *block, const char *document,
                       sqlite3_stmt *statement, Error *error) {
  unsigned char salt[CIPHER_SALT_BYTES], key_id[CIPHER_KEY_ID_BYTES], *bytes = NULL;
  size_t size = 0;
  char *opened = NULL;
  int code = SQLITE_OK;
  if (!block_has_password(block)) return SQLITE_OK;
  if (block->password == NULL) code = sealed_open(block->sealed, &opened, error);
  if (code == SQLITE_OK) code = get_salt(db, path, salt, error);
  if (code == SQLITE_OK) {
    code = sealed_make(path, block->name, document, salt, opened ? opened : block->password, key_id,
                       &bytes, &size, error);
  }
  if (code == SQLITE_OK &&
      (sqlite3_bind_blob(statement, 4, key_id, CIPHER_KEY_ID_BYTES, SQLITE_TRANSIENT) ||
       sqlite3_bind_blob(statement, 5, bytes, (int)size, SQLITE_TRANSIENT))) {
    code = error_memory(error);
  }
  text_free(opened);
  sqlite3_free(bytes);
  return code;
}

static int insert(sqlite3 *db, const char *path, const Block *block, bool overwrite,
                  const char *document, Error *error) {
  static const char plain[] = "INSERT INTO block(" COLUMNS ") VALUES(?,?,?,?,?,?,?)";
  /* overwriting keeps id and created_at */
  static const char over[] = "INSERT INTO block(" COLUMNS ") VALUES(?,?,?,?,?,?,?) "
                             "ON CONFLICT(name) DO UPDATE SET document = excluded.document, "
                             "key_id = excluded.key_id, secret = excluded.secret, "
                             "updated_at = excluded.updated_at";
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(db, overwrite ? over : plain, -1, &statement, NULL);
  if (code) return store_file_error(db, path, "write", error);
  const char *texts[] = {block->name, block->id,         document,         NULL,
                         NULL,        block->created_at, block->updated_at};
  for (int i = 0; i < 7 && code == SQLITE_OK; i++) {
    if (texts[i]) code = sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
  }
  if (code)
    code = error_memory(error);
  else
    code = bind_secret(db, path, block, document, statement, error);
  if (code == SQLITE_OK && sqlite3_step(statement) != SQLITE_DONE) {
    if (sqlite3_errcode(db) == SQLITE_CONSTRAINT) {
      code =
          error_set(error, SQLITE_ERROR,
                    "a block '%s' is already in %s; to replace it: SELECT connector_save('%q', …, "
                    "'overwrite')",
                    block->name, path, block->name);
    } else {
      code = store_file_error(db, path, "write", error);
    }
  }
  sqlite3_finalize(statement);
  return code;
}

int store_write(Connector *connector, const char *path, const Block *block, bool overwrite,
                Error *error) {
  if (store_is_system(path) && block_has_password(block)) {
    return error_set(error, SQLITE_AUTH,
                     "%s may only hold references: use password_from instead of a password", path);
  }
  sqlite3 *db = NULL;
  char *document = block_json(block, true);
  int code =
      document ? store_file_open(connector, path, STORE_WRITE, &db, error) : error_memory(error);
  if (code == SQLITE_OK) code = insert(db, path, block, overwrite, document, error);
  store_file_close(db);
  sqlite3_free(document);
  return code;
}

int store_remove(Connector *connector, const char *path, const char *name, bool *removed,
                 Error *error) {
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  StoreStamp stamp;
  *removed = false;
  store_stamp(path, &stamp);
  if (!stamp.exists) return SQLITE_OK;
  int code = store_file_open(connector, path, STORE_WRITE, &db, error);
  if (code || db == NULL) return code;
  /* first: a block that stays although its grants are gone does no harm */
  code = store_grants_forget(db, path, name, error);
  if (code) {
    store_file_close(db);
    return code;
  }
  code = sqlite3_prepare_v2(db, "DELETE FROM block WHERE name = ?", -1, &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_DONE) {
    code = SQLITE_OK;
    *removed = sqlite3_changes(db) > 0;
  } else {
    code = store_file_error(db, path, "write", error);
  }
  sqlite3_finalize(statement);
  store_file_close(db);
  return code;
}
