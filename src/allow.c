/*
** allow.c: may the tables of a database file use a block?
**
** A file can come from anybody, and what stands in its schema is then somebody else's text. So a table in it
** reaches nothing until this user has said that this file may use this block. A grant is
**
**     path of the file (links resolved)   block   random id that is kept in the file (file_id.c)   owner
**
** in the store that connector_save writes to. All must match: a copy of the file elsewhere has the id but not
** the path; another file put in its place has the path but not the id; one that another user of this machine
** put there, who could read the id, has another owner. What this cannot see is an older or changed version
** of the same file put back at the same path by its owner; nothing in a file could prove that.
** The block is meant by its name: a block saved anew under the name of a deleted one starts without
** grants, one that is overwritten keeps them.
**
** In doubt the answer is no: no store, no path (a VFS of its own), a file that was moved or replaced since it was
** opened, an id that cannot be read. A store that is there and cannot be trusted or read is an error.
**
** A schema in memory has no file, but a backup (the shell's .restore) may have filled it from one. So there a
** grant is made by making a table as well; it is known by the schema's name, for this connection only.
**
** Nothing is remembered of files, as an attached name can mean another one at any time: id and path are
** looked at by each check. The grants are read again when the store's file has changed, which a stat() tells.
*/
#include "allow.h"
#include "file_id.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct MemoryGrant {
  char *schema, *what;
} MemoryGrant;

struct Allowed {
  unsigned generation;
  MemoryGrant *memory;
  size_t memory_count;
  /* of files: */
  char *store;      /* path of the store that was read */
  StoreStamp stamp; /* of its file then */
  double read_at;
  StoreGrant *grants;
  size_t count;
};

/* ---------------------------------------------------------------- the file */

AllowPlace allow_place(sqlite3 *db, const char *schema) {
  if (sqlite3_stricmp(schema, "temp") == 0) return PLACE_TEMP;
  if (sqlite3_db_readonly(db, schema) < 0) return PLACE_UNKNOWN;
  char *vfs = NULL;
  sqlite3_file_control(db, schema, SQLITE_FCNTL_VFSNAME, &vfs);
  bool image = vfs && sqlite3_strlike("%memdb%", vfs, 0) == 0;
  sqlite3_free(vfs);
  if (image) return PLACE_IMAGE;
  const char *file = sqlite3_db_filename(db, schema);
  return file && *file ? PLACE_FILE : PLACE_MEMORY;
}

/* *path is sqlite3_malloc'ed; NULL when the open file is not there by its name. */
static int file_path(sqlite3 *db, const char *schema, char **path, uid_t *owner, Error *error) {
  struct stat status;
  int moved = 0;
  *path = NULL;
  sqlite3_file_control(db, schema, SQLITE_FCNTL_HAS_MOVED, &moved);
  char *real = moved ? NULL : realpath(sqlite3_db_filename(db, schema), NULL);
  if (real && stat(real, &status) == 0) {
    *owner = status.st_uid;
    *path = sqlite3_mprintf("%s", real);
    if (*path == NULL) error_memory(error);
  }
  free(real);
  return error->code;
}

/* ---------------------------------------------------------------- the store */

/* The one that connector_save writes to; NULL when there is none. The system's store belongs to everybody and
** holds no grants. */
static int grant_store(char **store, Error *error) {
  int code = store_path(BLOCK_STORE, store, error);
  if (code == SQLITE_OK && *store == NULL) code = store_path(BLOCK_USER, store, error);
  if (code == SQLITE_OK && *store && store_is_system(*store)) {
    sqlite3_free(*store);
    *store = NULL;
  }
  return code;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void forget(Allowed *allowed) {
  store_grants_free(allowed->grants, allowed->count);
  sqlite3_free(allowed->store);
  allowed->grants = NULL;
  allowed->count = 0;
  allowed->store = NULL;
}

/* A file that was changed just before it was read may have been changed once more within the same tick of
** its clock: it does not count as read. */
static bool is_current(const Allowed *allowed, const char *store, const StoreStamp *stamp) {
  double modified =
      (double)allowed->stamp.modified.tv_sec + (double)allowed->stamp.modified.tv_nsec / 1e9;
  return allowed->store && strcmp(allowed->store, store) == 0 &&
         store_stamp_same(stamp, &allowed->stamp) &&
         (!stamp->exists || allowed->read_at - modified > 0.1);
}

/* Makes connector->allowed what the store says now. */
static int refresh(Connector *connector, Error *error) {
  Allowed *allowed = connector->allowed;
  StoreStamp stamp;
  char *store = NULL;
  int code = grant_store(&store, error);
  if (code) return code;
  if (store == NULL) {
    forget(allowed);
    return SQLITE_OK;
  }
  store_stamp(store, &stamp);
  if (is_current(allowed, store, &stamp)) {
    sqlite3_free(store);
    return SQLITE_OK;
  }
  forget(allowed);
  allowed->read_at = now();
  code = store_grants_read(connector, store, &allowed->grants, &allowed->count, error);
  if (code) {
    sqlite3_free(store);
    return code;
  }
  allowed->store = store;
  allowed->stamp = stamp;
  return SQLITE_OK;
}

static void memory_free(MemoryGrant *grant) {
  sqlite3_free(grant->schema);
  sqlite3_free(grant->what);
}

Allowed *allow_new(void) {
  Allowed *allowed = sqlite3_malloc64(sizeof *allowed);
  if (allowed) memset(allowed, 0, sizeof *allowed);
  return allowed;
}

void allow_free(Allowed *allowed) {
  if (allowed == NULL) return;
  forget(allowed);
  for (size_t i = 0; i < allowed->memory_count; i++)
    memory_free(&allowed->memory[i]);
  sqlite3_free(allowed->memory);
  sqlite3_free(allowed);
}

unsigned allow_generation(const Connector *connector) {
  return connector->allowed->generation;
}

/* ---------------------------------------------------------------- in memory */

bool allow_memory_check(const Connector *connector, const char *schema, const char *what) {
  const Allowed *allowed = connector->allowed;
  for (size_t i = 0; i < allowed->memory_count; i++) {
    if (sqlite3_stricmp(allowed->memory[i].schema, schema) == 0 &&
        strcmp(allowed->memory[i].what, what) == 0) {
      return true;
    }
  }
  return false;
}

int allow_memory_grant(Connector *connector, const char *schema, const char *what, Error *error) {
  Allowed *allowed = connector->allowed;
  if (allow_memory_check(connector, schema, what)) return SQLITE_OK;
  MemoryGrant grant = {sqlite3_mprintf("%s", schema), sqlite3_mprintf("%s", what)};
  MemoryGrant *grown =
      sqlite3_realloc64(allowed->memory, (allowed->memory_count + 1) * sizeof *grown);
  if (grown) allowed->memory = grown;
  if (!grown || !grant.schema || !grant.what) {
    memory_free(&grant);
    return error_memory(error);
  }
  grown[allowed->memory_count++] = grant;
  return SQLITE_OK;
}

static bool memory_revoke(Allowed *allowed, const char *schema, const char *block) {
  size_t size = strlen(block), kept = 0, count = allowed->memory_count;
  for (size_t i = 0; i < count; i++) {
    MemoryGrant *grant = &allowed->memory[i];
    bool is_it = sqlite3_stricmp(grant->schema, schema) == 0 &&
                 strncmp(grant->what, block, size) == 0 && strchr(":", grant->what[size]);
    if (is_it)
      memory_free(grant);
    else
      allowed->memory[kept++] = *grant;
  }
  allowed->memory_count = kept;
  return kept < count;
}

/* ---------------------------------------------------------------- asking */

/* wanted: path, file and owner. */
static bool is_granted(const Allowed *allowed, const StoreGrant *wanted, const char *block) {
  for (size_t i = 0; i < allowed->count; i++) {
    const StoreGrant *grant = &allowed->grants[i];
    if (strcmp(grant->block, block) == 0 && strcmp(grant->path, wanted->path) == 0 &&
        memcmp(grant->file, wanted->file, FILE_ID_BYTES) == 0 && grant->owner == wanted->owner) {
      return true;
    }
  }
  return false;
}

static int check_file(Connector *connector, const char *schema, const char *block, bool *allowed,
                      Error *error) {
  StoreGrant wanted = {0};
  bool found = false;
  int code = refresh(connector, error);
  if (code == SQLITE_OK && connector->allowed->count > 0) {
    code = file_id_read(connector->db, schema, wanted.file, &found, error);
  }
  if (code == SQLITE_OK && found) {
    code = file_path(connector->db, schema, &wanted.path, &wanted.owner, error);
  }
  *allowed = code == SQLITE_OK && wanted.path && is_granted(connector->allowed, &wanted, block);
  sqlite3_free(wanted.path);
  return code;
}

int allow_check(Connector *connector, const char *schema, const char *block, bool *allowed,
                Error *error) {
  *allowed = false;
  switch (allow_place(connector->db, schema)) {
  case PLACE_TEMP: *allowed = true; return SQLITE_OK;
  case PLACE_MEMORY: *allowed = allow_memory_check(connector, schema, block); return SQLITE_OK;
  case PLACE_FILE: return check_file(connector, schema, block, allowed, error);
  case PLACE_IMAGE:
  case PLACE_UNKNOWN: break;
  }
  return SQLITE_OK;
}

int allow_list(Connector *connector, Spill *rows, Error *error) {
  const Allowed *allowed = connector->allowed;
  int code = refresh(connector, error);
  for (size_t i = 0; code == SQLITE_OK && i < allowed->count; i++) {
    const StoreGrant *grant = &allowed->grants[i];
    const char *texts[] = {grant->path, grant->block, grant->since};
    Value row[3];
    for (size_t k = 0; k < 3; k++) {
      row[k] = (Value){.type = VALUE_TEXT};
      row[k].bytes.data = texts[k];
      row[k].bytes.size = strlen(texts[k]);
    }
    code = spill_append(rows, row, 3, error);
  }
  return code;
}

/* ---------------------------------------------------------------- changing */

int allow_unknown_schema(Connector *connector, const char *schema, Error *error) {
  sqlite3_stmt *statement = NULL;
  sqlite3_str *names = sqlite3_str_new(NULL);
  int code = sqlite3_prepare_v2(connector->db, "PRAGMA database_list", -1, &statement, NULL);
  while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    if (name) sqlite3_str_appendf(names, "%s%s", sqlite3_str_length(names) ? ", " : "", name);
  }
  sqlite3_finalize(statement);
  char *list = sqlite3_str_finish(names);
  error_set(error, SQLITE_ERROR, "there is no schema '%s'%s%s", schema, list ? "; there are " : "",
            list ? list : "");
  sqlite3_free(list);
  return error->code;
}

/* What can be granted something: a file, or a schema in memory. */
static int check_place(Connector *connector, const char *schema, AllowPlace *place, Error *error) {
  *place = allow_place(connector->db, schema);
  switch (*place) {
  case PLACE_FILE:
  case PLACE_MEMORY: return SQLITE_OK;
  case PLACE_UNKNOWN: return allow_unknown_schema(connector, schema, error);
  case PLACE_TEMP:
    return error_set(error, SQLITE_ERROR,
                     "tables in temp may use every block: nothing needs to be allowed");
  case PLACE_IMAGE: break;
  }
  return error_set(error, SQLITE_AUTH,
                   "schema %s is a loaded database image, which cannot be allowed anything: make "
                   "the table in temp, or open the database as a file",
                   schema);
}

static int no_store(Error *error) {
  return error_set(
      error, SQLITE_CANTOPEN,
      "there is no store of your own (HOME, XDG_CONFIG_HOME) to note in which files may use which "
      "block; set CONNECTOR_STORE=/path/blocks.db, make the table in temp, or use "
      "connector_attach");
}

static int no_path(Connector *connector, const char *schema, Error *error) {
  return error_set(error, SQLITE_CANTOPEN,
                   "the file of schema %s is not to be found as %s any more; open it again", schema,
                   sqlite3_db_filename(connector->db, schema));
}

static int grant_file(Connector *connector, const char *schema, const char *block, Error *error) {
  char *store = NULL, *name = sqlite3_mprintf("%s", block);
  StoreGrant grant = {.block = name};
  sqlite3 *db = NULL;
  int code = name ? grant_store(&store, error) : error_memory(error);
  if (code == SQLITE_OK && store == NULL) code = no_store(error);
  if (code == SQLITE_OK) {
    code = file_path(connector->db, schema, &grant.path, &grant.owner, error);
  }
  if (code == SQLITE_OK && grant.path == NULL) code = no_path(connector, schema, error);
  /* The store first: nothing is written to the file when it cannot be. */
  if (code == SQLITE_OK) code = store_grants_begin(connector, store, &db, error);
  if (code == SQLITE_OK) {
    code = file_id_make(connector->db, schema, grant.file, error);
    if (code && code != SQLITE_NOMEM) {
      error_wrap(error, "a file is known by an id in it, and %s has none", grant.path);
    }
  }
  if (code == SQLITE_OK) code = store_grant_put(db, store, &grant, error);
  if (code == SQLITE_OK) code = store_grants_commit(db, store, error);
  store_file_close(db);
  sqlite3_free(store);
  sqlite3_free(grant.path);
  sqlite3_free(name);
  return code;
}

int allow_grant(Connector *connector, const char *schema, const char *block, Error *error) {
  AllowPlace place;
  int code = check_place(connector, schema, &place, error);
  if (code) return code;
  code = place == PLACE_MEMORY ? allow_memory_grant(connector, schema, block, error)
                               : grant_file(connector, schema, block, error);
  if (code == SQLITE_OK) connector->allowed->generation++;
  return code;
}

/* The store that is there, with the path's grant of the block taken out. */
static int revoke_path(Connector *connector, const char *path, const char *block, bool *revoked,
                       Error *error) {
  char *store = NULL;
  StoreStamp stamp = {0};
  sqlite3 *db = NULL;
  int code = grant_store(&store, error);
  if (code == SQLITE_OK && store) store_stamp(store, &stamp);
  if (code == SQLITE_OK && stamp.exists) {
    code = store_grants_begin(connector, store, &db, error);
    if (code == SQLITE_OK) code = store_grant_remove(db, store, path, block, revoked, error);
    if (code == SQLITE_OK) code = store_grants_commit(db, store, error);
  }
  store_file_close(db);
  sqlite3_free(store);
  return code;
}

int allow_revoke(Connector *connector, const char *where, const char *block, bool *revoked,
                 Error *error) {
  AllowPlace place;
  char *path = NULL;
  uid_t owner;
  *revoked = false;
  connector->allowed->generation++;
  if (*where == '/' && allow_place(connector->db, where) == PLACE_UNKNOWN) {
    return revoke_path(connector, where, block, revoked, error);
  }
  int code = check_place(connector, where, &place, error);
  if (code) return code;
  if (place == PLACE_MEMORY) {
    *revoked = memory_revoke(connector->allowed, where, block);
    return SQLITE_OK;
  }
  code = file_path(connector->db, where, &path, &owner, error);
  if (code == SQLITE_OK && path == NULL) code = no_path(connector, where, error);
  if (code == SQLITE_OK) code = revoke_path(connector, path, block, revoked, error);
  sqlite3_free(path);
  return code;
}
