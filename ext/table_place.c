/*
** table_place.c: where a table of module connector lies, and whether it may be used there.
**
**   temp, in memory    made by this connection: may be used
**   a file             may use a block that the user has allowed that file (src/allow.c)
**   an image           loaded by sqlite3_deserialize: never
**
** Whatever the user allows, a table in a file or an image never
** - reaches a database by a URL of its own: a grant is for a block, of which the user knows where it leads;
** - is a block table, which runs any text that it is given. The text of a remote table or a query stands in the
**   schema, where it can be seen before it is allowed; what an application's INSERT would send through a
**   table that a file has put in place of the application's own cannot. Views and triggers are kept from
**   it by DIRECTONLY, a plain statement is not. It is one line to make it in temp.
**
** xConnect must not fail for any of this: it runs when a file is opened, for PRAGMA table_list, for ALTER
** TABLE … RENAME. So a table only keeps its names then, and is checked at each use.
**
** xCreate is the user's own command, and so it allows the file the block. Nothing in a file can make it run:
** triggers hold no DDL; VACUUM, backups and .dump's `INSERT INTO sqlite_schema` copy the text without
** running it (what they make is refused until it is allowed). SQL from elsewhere that the user runs, by .read
** say, could as well call connector_execute or connector_allow: it is the user's, as all SQL that is typed.
** But a grant is for the whole file. Where tables wait in it already that ask for the same block and are
** not allowed to, making one more must not let them in on the side: then the user has to say
** connector_allow first.
*/
#include "table_place.h"
#include "../src/allow.h"
#include "../src/block.h"
#include "../src/driver_support.h"
#include <string.h>

enum { NAME = 200 }; /* bytes of a name that are shown; a file may hold any */

int table_place_init(TablePlace *place, sqlite3 *db, const char *schema, const char *table) {
  *place = (TablePlace){
      .db = db, .schema = sqlite3_mprintf("%s", schema), .table = sqlite3_mprintf("%s", table)};
  return place->schema && place->table ? SQLITE_OK : SQLITE_NOMEM;
}

void table_place_clear(TablePlace *place) {
  sqlite3_free(place->schema);
  sqlite3_free(place->table);
  place->schema = place->table = NULL;
}

/* ---- what is said ---- */

/* Names from a file are shown without what could play tricks on a terminal. */
static const char *shown(char field[NAME], const char *text) {
  driver_text(field, NAME, text, strlen(text));
  return field;
}

static bool is_block_name(const char *block) {
  Error ignored = {0};
  bool good = block_name_check(block, &ignored) == SQLITE_OK;
  error_clear(&ignored);
  return good;
}

/* `connector_allow('shop')`, with the schema where it is not main. */
static char *allow_call(const TablePlace *place, const char *block) {
  bool is_main = sqlite3_stricmp(place->schema, "main") == 0;
  return is_main ? sqlite3_mprintf("connector_allow('%q')", block)
                 : sqlite3_mprintf("connector_allow('%q', '%q')", block, place->schema);
}

static int refuse(const TablePlace *place, TableAsk ask, const char *block, AllowPlace where,
                  Error *error) {
  char schema[NAME], table[NAME], name[NAME], file[4 * NAME] = "a loaded database image";
  const char *path = where == PLACE_FILE ? sqlite3_db_filename(place->db, place->schema) : NULL;
  if (path) driver_text(file, sizeof file, path, strlen(path));
  shown(schema, place->schema);
  shown(table, place->table);
  if (ask == ASK_URL) {
    return error_set(error, SQLITE_AUTH,
                     "table %s.%s of %s asks for a database by a URL of its own: tables in a "
                     "database file are not allowed to; create it as temp.%s",
                     schema, table, file, table);
  }
  shown(name, block);
  if (ask == ASK_OPERATION) {
    return error_set(
        error, SQLITE_AUTH,
        "table %s.%s of %s asks for connector '%s' to run whatever it is given: tables "
        "in a database file are not allowed to; create it as temp.%s",
        schema, table, file, name, table);
  }
  if (where != PLACE_FILE || !is_block_name(block)) {
    return error_set(error, SQLITE_AUTH,
                     "table %s.%s of %s asks for connector '%s': it is not allowed to; create it "
                     "as temp.%s",
                     schema, table, file, name, table);
  }
  char *call = allow_call(place, block);
  if (!call) return error_memory(error);
  error_set(error, SQLITE_AUTH,
            "table %s.%s of %s asks for connector '%s': if that file may use it, say SELECT %s; or "
            "create the table as temp.%s",
            schema, table, file, name, call, table);
  sqlite3_free(call);
  return error->code;
}

/* ---- at each use ---- */

int table_place_check(TablePlace *place, Connector *connector, TableAsk ask, const char *block,
                      Error *error) {
  int64_t now = driver_clock();
  if (now < place->allowed_until && place->generation == allow_generation(connector)) {
    return SQLITE_OK;
  }
  AllowPlace where = allow_place(place->db, place->schema);
  bool allowed = where == PLACE_OWN;
  if (where == PLACE_FILE && ask == ASK_BLOCK) {
    int code = allow_check(connector, place->schema, block, &allowed, error);
    if (code != SQLITE_OK) {
      char schema[NAME], table[NAME];
      error_wrap(error, "may table %s.%s use a connector", shown(schema, place->schema),
                 shown(table, place->table));
      return code;
    }
  }
  if (!allowed) return refuse(place, ask, block, where, error);
  place->allowed_until = now + ALLOW_LASTS;
  place->generation = allow_generation(connector);
  return SQLITE_OK;
}

/* ---- when it is made ---- */

static bool contains(const char *text, const char *word) {
  int size = (int)strlen(word);
  for (; *text; text++) {
    if (sqlite3_strnicmp(text, word, size) == 0) return true;
  }
  return false;
}

/* Is there a table in the schema, beside the one that is being made, that may ask for the block? All texts
** are looked at, as type and name are not what SQLite goes by; one that only looks so counts as well. */
static int find_waiting(const TablePlace *place, const char *block, char **waiting, Error *error) {
  sqlite3_stmt *row = NULL;
  bool own = false;
  *waiting = NULL;
  char *sql = sqlite3_mprintf("SELECT name, sql FROM \"%w\".sqlite_schema", place->schema);
  if (!sql) return error_memory(error);
  int code = sqlite3_prepare_v2(place->db, sql, -1, &row, NULL);
  sqlite3_free(sql);
  while (code == SQLITE_OK && !*waiting && sqlite3_step(row) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *text = (const char *)sqlite3_column_text(row, 1);
    if (!text || !contains(text, "virtual") || !contains(text, "connector")) continue;
    if (!contains(text, block)) continue;
    bool named = name && sqlite3_stricmp(name, place->table) == 0;
    if (named && !own) { /* a second one of this name is not ours */
      own = true;
      continue;
    }
    *waiting = sqlite3_mprintf("%s", name ? name : "?");
    if (!*waiting) code = SQLITE_NOMEM;
  }
  int end = sqlite3_finalize(row);
  if (code == SQLITE_OK) code = end;
  if (code == SQLITE_NOMEM) return error_memory(error);
  if (code == SQLITE_OK) return SQLITE_OK;
  sqlite3_free(*waiting);
  *waiting = NULL;
  return error_set(error, code, "cannot look for other tables in schema %s: %s", place->schema,
                   sqlite3_errmsg(place->db));
}

static int refuse_waiting(const TablePlace *place, const char *block, const char *waiting,
                          Error *error) {
  char schema[NAME], table[NAME];
  char *call = allow_call(place, block);
  if (!call) return error_memory(error);
  error_set(
      error, SQLITE_AUTH,
      "table %s.%s is in that file already, asks for connector '%s' too and was never allowed "
      "to: if it may, say SELECT %s first; else drop it",
      shown(schema, place->schema), shown(table, waiting), block, call);
  sqlite3_free(call);
  return error->code;
}

int table_place_create(TablePlace *place, Connector *connector, TableAsk ask, const char *block,
                       Error *error) {
  bool allowed;
  char *waiting;
  AllowPlace where = allow_place(place->db, place->schema);
  if (where == PLACE_OWN) return SQLITE_OK;
  if (where != PLACE_FILE || ask != ASK_BLOCK) return refuse(place, ask, block, where, error);
  int code = allow_check(connector, place->schema, block, &allowed, error);
  if (code != SQLITE_OK || allowed) return code;
  code = find_waiting(place, block, &waiting, error);
  if (code != SQLITE_OK) return code;
  if (waiting) {
    code = refuse_waiting(place, block, waiting, error);
    sqlite3_free(waiting);
    return code;
  }
  return allow_grant(connector, place->schema, block, error);
}
