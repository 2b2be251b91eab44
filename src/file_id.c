/*
** file_id.c: the random id of a database file: 16 bytes, as a BLOB in row 1 of its table
** connector_file.
**
** Why a table of that schema: it is part of the file, goes with VACUUM, backup and copies (allow.c looks
** at the path as well), is rolled back with the transaction that made it, can be seen and dropped by
** everybody, and says by its name whose it is. PRAGMA application_id has 32 bits and belongs to the
** application; attributes of the file system do not survive half of the tools.
**
** The file may be somebody's trap. sqlite3_blob_open goes by what SQLite has made of the schema, not by
** what sqlite_schema says of itself, and refuses views, virtual tables and tables without rowid. It
** reads the bytes of one stored value: no expression, trigger, collation or module of the file takes
** part. Bytes and not text, as a text would be UTF-16 in some files.
*/
#include "file_id.h"
#include "cipher.h"

#define TABLE "connector_file"

int file_id_read(sqlite3 *db, const char *schema, unsigned char id[FILE_ID_BYTES], bool *found,
                 Error *error) {
  sqlite3_blob *blob = NULL;
  *found = false;
  int code = sqlite3_blob_open(db, schema, TABLE, "id", 1, 0, &blob);
  if (code == SQLITE_ERROR) { /* no such table, column or row; a view; a number … */
    sqlite3_blob_close(blob);
    return SQLITE_OK;
  }
  bool right = code == SQLITE_OK && sqlite3_blob_bytes(blob) == FILE_ID_BYTES;
  if (right) code = sqlite3_blob_read(blob, id, FILE_ID_BYTES, 0);
  if (code != SQLITE_OK) {
    error_set(error, code, "cannot read %s.%s: %s", schema, TABLE, sqlite3_errmsg(db));
  } else {
    *found = right;
  }
  sqlite3_blob_close(blob);
  return code == SQLITE_OK ? SQLITE_OK : error->code;
}

/* One statement, so that the table is there with its row or not at all, and no trigger can be on it. What
** the file has by this name already is never written to. */
static int make_table(sqlite3 *db, const char *schema, Error *error) {
  unsigned char id[FILE_ID_BYTES];
  char hex[2 * FILE_ID_BYTES + 1];
  int code = cipher_random(id, sizeof id, error);
  if (code) return code;
  for (size_t i = 0; i < sizeof id; i++)
    sqlite3_snprintf(3, hex + 2 * i, "%02x", id[i]);
  char *sql = sqlite3_mprintf("CREATE TABLE \"%w\"." TABLE " AS SELECT x'%s' AS id", schema, hex);
  if (sql == NULL) return error_memory(error);
  code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  sqlite3_free(sql);
  if (code == SQLITE_OK) return SQLITE_OK;
  return error_set(error, sqlite3_extended_errcode(db), "cannot make %s.%s in the file: %s", schema,
                   TABLE, sqlite3_errmsg(db));
}

int file_id_make(sqlite3 *db, const char *schema, unsigned char id[FILE_ID_BYTES], Error *error) {
  bool found;
  int code = file_id_read(db, schema, id, &found, error);
  if (code || found) return code;
  int made = make_table(db, schema, error);
  if (made == SQLITE_NOMEM) return made;
  /* When it failed, somebody else may have made the same at this moment. */
  Error again = {0};
  code = file_id_read(db, schema, id, &found, &again);
  if (code == SQLITE_OK && found) {
    error_clear(error);
    return SQLITE_OK;
  }
  if (made == SQLITE_OK && code) error_move(error, &again);
  error_clear(&again);
  if (made || code) return error->code;
  return error_set(error, SQLITE_ERROR, "%s.%s of the file cannot be read again", schema, TABLE);
}
