/*
** table_place.c: where a table of module connector lies, and whether it may be used there.
**
**   temp          made by this connection: may be used
**   a file        may use a block that the user has allowed that file (src/allow.c)
**   in memory     the same, for this connection: a backup may have filled the schema from a file
**   an image      loaded by sqlite3_deserialize: never
**
** Whatever the user allows a file, a table in it never
** - reaches a database by a URL of its own: a grant is for a block, of which the user knows where it leads;
** - is a block table, which runs any text that it is given. The text of a remote table or a query stands in the
**   schema, where it can be seen before it is allowed; what an application's INSERT would send through a
**   table that a file has put in place of the application's own cannot. Views and triggers are kept from
**   it by DIRECTONLY, a plain statement is not. It is one line to make it in temp.
** In memory both work when they were made there by this connection.
**
** xConnect must not fail for any of this: it runs when a file is opened, for PRAGMA table_list, for ALTER
** TABLE … RENAME. So a table only keeps its names then, and is checked at each use.
**
** xCreate is the user's own command, and so it allows the schema the block. Nothing in a file can make it run:
** triggers hold no DDL; VACUUM, backups and .dump's `INSERT INTO sqlite_schema` copy the text without
** running it (what they make is refused until it is allowed). SQL from elsewhere that the user runs, by .read
** say, could as well call connector_execute or connector_allow: it is the user's, as all SQL that is typed.
** But a grant is for the whole schema. Where tables wait in it already that ask for the same block and are
** not allowed to, making one more must not let them in on the side: then the user has to say
** connector_allow first.
*/
#include "table_place.h"
#include "../src/allow.h"
#include "../src/block.h"
#include "../src/driver_support.h"
#include "../src/lexer.h"
#include "../src/registry.h"
#include "module_arguments.h"
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

static const char *shown_file(const TablePlace *place, AllowPlace where, char field[4 * NAME]) {
  const char *path = where == PLACE_FILE ? sqlite3_db_filename(place->db, place->schema) : NULL;
  if (!path) return where == PLACE_IMAGE ? "a loaded database image" : "a database in memory";
  driver_text(field, 4 * NAME, path, strlen(path));
  return field;
}

static int refuse(const TablePlace *place, TableAsk ask, const char *block, AllowPlace where,
                  Error *error) {
  char schema[NAME], table[NAME], name[NAME] = "", field[4 * NAME], *fix;
  const char *file = shown_file(place, where, field);
  bool can_allow = ask == ASK_BLOCK && where != PLACE_IMAGE && is_block_name(block);
  shown(schema, place->schema);
  shown(table, place->table);
  if (ask != ASK_URL) shown(name, block);
  if (can_allow) {
    char *call = allow_call(place, block);
    fix = call ? sqlite3_mprintf("if it may use it, say SELECT %s; or create the table as temp.%s",
                                 call, table)
               : NULL;
    sqlite3_free(call);
  } else {
    const char *whose = where == PLACE_FILE    ? "tables in a database file are"
                        : where == PLACE_IMAGE ? "tables of an image are"
                                               : "it was not made by this connection and is";
    fix = sqlite3_mprintf("%s not allowed to; create it as temp.%s", whose, table);
  }
  if (!fix) return error_memory(error);
  if (ask == ASK_URL) {
    error_set(error, SQLITE_AUTH, "table %s.%s of %s asks for a database by a URL of its own: %s",
              schema, table, file, fix);
  } else {
    error_set(error, SQLITE_AUTH, "table %s.%s of %s asks for connector '%s'%s: %s", schema, table,
              file, name, ask == ASK_OPERATION ? " to run whatever it is given" : "", fix);
  }
  sqlite3_free(fix);
  return error->code;
}

/* ---- at each use ---- */

/* Under which name a grant in memory is kept; sqlite3_free it. */
static char *memory_name(TableAsk ask, const char *block) {
  return sqlite3_mprintf(ask == ASK_OPERATION ? "%s:operation" : "%s", block);
}

static int check_memory(const TablePlace *place, const Connector *connector, TableAsk ask,
                        const char *block, bool *allowed, Error *error) {
  char *name = memory_name(ask, block);
  if (!name) return error_memory(error);
  *allowed = allow_memory_check(connector, place->schema, name);
  sqlite3_free(name);
  return SQLITE_OK;
}

static int is_allowed(const TablePlace *place, Connector *connector, TableAsk ask,
                      const char *block, AllowPlace where, bool *allowed, Error *error) {
  *allowed = where == PLACE_TEMP;
  if (where == PLACE_MEMORY) return check_memory(place, connector, ask, block, allowed, error);
  if (where != PLACE_FILE || ask != ASK_BLOCK) return SQLITE_OK;
  int code = allow_check(connector, place->schema, block, allowed, error);
  if (code != SQLITE_OK) {
    char schema[NAME], table[NAME];
    error_wrap(error, "may table %s.%s use a connector", shown(schema, place->schema),
               shown(table, place->table));
  }
  return code;
}

int table_place_check(TablePlace *place, Connector *connector, TableAsk ask, const char *block,
                      Error *error) {
  int64_t now = driver_clock();
  if (now < place->allowed_until && place->generation == allow_generation(connector)) {
    return SQLITE_OK;
  }
  bool allowed;
  AllowPlace where = allow_place(place->db, place->schema);
  int code = is_allowed(place, connector, ask, block, where, &allowed, error);
  if (code != SQLITE_OK) return code;
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

/* The first argument of `CREATE VIRTUAL TABLE name USING connector(…)`; NULL when the text is something else
** (*other), or is not understood. Borrowed: *size bytes of sql. */
static const char *first_argument(const DriverDialect *dialect, const char *sql, size_t *size,
                                  bool *other) {
  Lexer lexer;
  Token token;
  lexer_init(&lexer, dialect, sql, strlen(sql));
  *other = true;
  static const char *const words[] = {"CREATE", "VIRTUAL", "TABLE"};
  for (int i = 0; i < 3; i++) {
    token = lexer_skip(&lexer);
    if (!token_is(&token, words[i])) return NULL;
  }
  *other = false;
  lexer_skip(&lexer); /* its name, alone in sqlite_schema */
  token = lexer_skip(&lexer);
  if (!token_is(&token, "USING")) return NULL;
  token = lexer_skip(&lexer);
  if (token.kind == TOKEN_WORD && !token_is(&token, "connector")) *other = true;
  if (!token_is(&token, "connector")) return NULL;
  token = lexer_skip(&lexer);
  if (!token_is_other(&token, '(')) return NULL;
  token = lexer_skip(&lexer);
  const char *start = token.text;
  while (!token_is_other(&token, ',') && !token_is_other(&token, ')')) {
    if (token.kind == TOKEN_END || token.kind == TOKEN_BROKEN || token_is_other(&token, '(')) {
      return NULL;
    }
    token = lexer_next(&lexer);
  }
  *size = (size_t)(token.text - start);
  return start;
}

/* May this text of a schema be a table that asks for the block (or URL)? Yes when in doubt. */
static int may_ask(const DriverDialect *dialect, const char *sql, const char *block, bool *may,
                   Error *error) {
  size_t size = 0;
  bool other;
  *may = false;
  if (!contains(sql, "virtual") || !contains(sql, "connector")) return SQLITE_OK;
  const char *argument = first_argument(dialect, sql, &size, &other);
  if (other) return SQLITE_OK;
  *may = contains(sql, block) || strstr(block, "://");
  if (!argument) return SQLITE_OK;
  char *text = sqlite3_mprintf("%.*s", (int)size, argument);
  if (!text) return error_memory(error);
  ModuleArguments arguments;
  Error ignored = {0};
  const char *list[] = {text};
  int code = module_arguments_parse(1, list, &arguments, &ignored);
  if (code == SQLITE_OK) *may = strcmp(arguments.block, block) == 0;
  error_clear(&ignored);
  module_arguments_clear(&arguments);
  sqlite3_free(text);
  return code == SQLITE_NOMEM ? error_memory(error) : SQLITE_OK;
}

/* A table in the schema, beside the one that is being made, that may ask for the block; NULL = none. All texts
** are looked at: type and name of a row are not what SQLite goes by. */
static int find_waiting(const TablePlace *place, const DriverDialect *dialect, const char *block,
                        char **waiting, Error *error) {
  sqlite3_stmt *row = NULL;
  bool own = false, may = false;
  *waiting = NULL;
  char *sql = sqlite3_mprintf("SELECT name, sql FROM \"%w\".sqlite_schema", place->schema);
  if (!sql) return error_memory(error);
  int code = sqlite3_prepare_v2(place->db, sql, -1, &row, NULL);
  sqlite3_free(sql);
  while (!*waiting && code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *text = (const char *)sqlite3_column_text(row, 1);
    if (text) code = may_ask(dialect, text, block, &may, error);
    if (!text || code != SQLITE_OK || !may) continue;
    bool named = name && sqlite3_stricmp(name, place->table) == 0;
    if (named && !own) { /* a second one of this name is not ours */
      own = true;
    } else if ((*waiting = sqlite3_mprintf("%s", name ? name : "?")) == NULL) {
      code = error_memory(error);
    }
  }
  int end = sqlite3_finalize(row);
  if (code == SQLITE_OK && end != SQLITE_OK) {
    code = error_set(error, end, "cannot look for other tables in schema %s: %s", place->schema,
                     sqlite3_errmsg(place->db));
  }
  if (code == SQLITE_OK) return SQLITE_OK;
  sqlite3_free(*waiting);
  *waiting = NULL;
  return error->code ? error->code
                     : error_set(error, code, "cannot look for other tables in schema %s: %s",
                                 place->schema, sqlite3_errmsg(place->db));
}

static int refuse_waiting(const TablePlace *place, TableAsk ask, const char *block,
                          const char *waiting, Error *error) {
  char schema[NAME], table[NAME];
  shown(schema, place->schema);
  shown(table, waiting);
  char *call = ask == ASK_URL ? NULL : allow_call(place, block);
  if (ask != ASK_URL && !call) return error_memory(error);
  char *may = call ? sqlite3_mprintf("if it may, say SELECT %s first; else ", call) : NULL;
  error_set(
      error, SQLITE_AUTH,
      "table %s.%s is there already, asks for the same %s and was never allowed to: %sdrop it, "
      "or make yours in temp",
      schema, table, ask == ASK_URL ? "URL" : "connector", may ? may : "");
  sqlite3_free(may);
  sqlite3_free(call);
  return error->code;
}

/* No other table gets in by the grant that is to be made. */
static int check_waiting(const TablePlace *place, Connector *connector, TableAsk ask,
                         const char *block, Error *error) {
  const Driver *driver;
  char *waiting = NULL;
  int code = driver_load(connector, "sqlite", &driver, error);
  if (code == SQLITE_OK) code = find_waiting(place, driver->dialect, block, &waiting, error);
  if (code != SQLITE_OK || !waiting) return code;
  code = refuse_waiting(place, ask, block, waiting, error);
  sqlite3_free(waiting);
  return code;
}

static int create_in_memory(const TablePlace *place, Connector *connector, TableAsk ask,
                            const char *block, Error *error) {
  bool both[2] = {false, false};
  int code = check_memory(place, connector, ASK_BLOCK, block, &both[0], error);
  if (code == SQLITE_OK) {
    code = check_memory(place, connector, ASK_OPERATION, block, &both[1], error);
  }
  if (code == SQLITE_OK && !both[0] && !both[1]) {
    code = check_waiting(place, connector, ask, block, error);
  }
  char *name = code == SQLITE_OK ? memory_name(ask, block) : NULL;
  if (code != SQLITE_OK) return code;
  code = name ? allow_memory_grant(connector, place->schema, name, error) : error_memory(error);
  sqlite3_free(name);
  return code;
}

int table_place_create(TablePlace *place, Connector *connector, TableAsk ask, const char *block,
                       Error *error) {
  bool allowed;
  AllowPlace where = allow_place(place->db, place->schema);
  if (where == PLACE_TEMP) return SQLITE_OK;
  if (where == PLACE_MEMORY) return create_in_memory(place, connector, ask, block, error);
  if (where != PLACE_FILE || ask != ASK_BLOCK) return refuse(place, ask, block, where, error);
  int code = allow_check(connector, place->schema, block, &allowed, error);
  if (code != SQLITE_OK || allowed) return code;
  code = check_waiting(place, connector, ask, block, error);
  return code == SQLITE_OK ? allow_grant(connector, place->schema, block, error) : code;
}
