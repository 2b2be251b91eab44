/*
** linked.c: see linked.h.
**
** Each table is one CREATE VIRTUAL TABLE statement with all that is known of it, so whether something
** changed is a comparison of two texts. Ours is a table whose text begins as we write it, with this
** block's name.
*/
#include "linked.h"
#include "table_place.h"
#include "column_names.h"
#include "remote_learn.h"
#include <string.h>

/* ---------------------------------------------------------------- what is there */

typedef struct Present {
  char *name, *sql;
} Present;

typedef struct PresentList {
  Present *items;
  size_t count, room;
} PresentList;

static void present_clear(PresentList *list) {
  for (size_t i = 0; i < list->count; i++) {
    sqlite3_free(list->items[i].name);
    sqlite3_free(list->items[i].sql);
  }
  sqlite3_free(list->items);
}

static int sql_failed(sqlite3 *db, int code, Error *error) {
  if (code == SQLITE_NOMEM) return error_memory(error);
  return error_set(error, code, "%s", sqlite3_errmsg(db));
}

static int run(sqlite3 *db, char *sql, Error *error) {
  int code = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  return code == SQLITE_OK ? code : sql_failed(db, code, error);
}

static bool present_add(PresentList *list, const char *name, const char *sql) {
  if (list->count == list->room) {
    size_t room = list->room ? list->room * 2 : 64;
    Present *larger = sqlite3_realloc64(list->items, room * sizeof *larger);
    if (!larger) return false;
    list->items = larger;
    list->room = room;
  }
  Present *item = &list->items[list->count++];
  *item = (Present){sqlite3_mprintf("%s", name), sqlite3_mprintf("%s", sql)};
  return item->name && item->sql;
}

/* The tables and views of the schema: a name can be taken by each. */
static int present_read(sqlite3 *db, const char *schema, PresentList *list, Error *error) {
  sqlite3_stmt *statement = NULL;
  char *sql = sqlite3_mprintf(
      "SELECT name, sql FROM \"%w\".sqlite_schema WHERE type IN ('table', 'view')", schema);
  int code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  bool memory = true;
  while (code == SQLITE_OK && memory && sqlite3_step(statement) == SQLITE_ROW)
    memory = present_add(list, (const char *)sqlite3_column_text(statement, 0),
                         (const char *)sqlite3_column_text(statement, 1));
  int end = sqlite3_finalize(statement);
  if (!memory) return error_memory(error);
  if (code == SQLITE_OK) code = end;
  return code == SQLITE_OK ? code : sql_failed(db, code, error);
}

static const Present *present_find(const PresentList *list, const char *name) {
  for (size_t i = 0; i < list->count; i++)
    if (!sqlite3_stricmp(list->items[i].name, name)) return &list->items[i];
  return NULL;
}

/* What a text of ours begins with; NULL = out of memory. */
static char *text_head(const char *name, const char *block) {
  return sqlite3_mprintf("CREATE VIRTUAL TABLE \"%w\" USING connector(\"%w\"", name, block);
}

/* Where the text goes on behind its head, or NULL: it is not ours. *memory is false when there was none. */
static const char *text_rest(const Present *present, const char *block, bool *memory) {
  char *head = text_head(present->name, block);
  *memory = head != NULL;
  size_t size = head ? strlen(head) : 0;
  bool ours = head && !strncmp(present->sql, head, size);
  sqlite3_free(head);
  return ours ? present->sql + size : NULL;
}

/* A schema without a file and without anything in it: what ROLLBACK leaves of one. */
static int is_empty(sqlite3 *db, const char *schema, bool *empty) {
  sqlite3_stmt *statement = NULL;
  const char *file = sqlite3_db_filename(db, schema);
  *empty = false;
  if (file && *file) return SQLITE_OK;
  char *sql = sqlite3_mprintf("SELECT count(*) = 0 FROM \"%w\".sqlite_schema", schema);
  int code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  if (code != SQLITE_OK) return code;
  *empty = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;
  return sqlite3_finalize(statement);
}

int linked_is_attached(Connector *connector, const char *schema, const char *block, bool *attached,
                       Error *error) {
  PresentList list = {0};
  bool memory = true;
  int code = is_empty(connector->db, schema, attached);
  if (code != SQLITE_OK) return sql_failed(connector->db, code, error);
  if (*attached) return SQLITE_OK;
  code = present_read(connector->db, schema, &list, error);
  const Present *table = code == SQLITE_OK ? present_find(&list, "connector") : NULL;
  const char *rest = table ? text_rest(table, block, &memory) : NULL;
  *attached = rest && !strcmp(rest, ")");
  present_clear(&list);
  return memory ? code : error_memory(error);
}

/* ---------------------------------------------------------------- what shall be there */

static bool matches(const char *name, const char *patterns) {
  char pattern[256];
  if (!patterns) return true;
  while (*patterns) {
    patterns += strspn(patterns, ", \t\r\n");
    size_t size = strcspn(patterns, ",");
    while (size > 0 && strchr(" \t\r\n", patterns[size - 1]))
      size--;
    if (size > 0 && size < sizeof pattern) {
      memcpy(pattern, patterns, size);
      pattern[size] = 0;
      if (sqlite3_strglob(pattern, name) == 0) return true;
    }
    patterns += size + strspn(patterns + size, " \t\r\n");
  }
  return false;
}

static bool is_lower(const char *name) {
  for (; *name; name++)
    if (*name >= 'A' && *name <= 'Z') return false;
  return true;
}

/* Appends the names of one of the two sorts; *at moves on. */
static size_t add_names(const LinkedRequest *request, bool lower, char **raw, size_t count,
                        char **at, size_t room) {
  for (size_t i = 0; i < request->schema->table_count; i++) {
    const char *name = request->schema->tables[i].name;
    bool reserved = !*request->prefix && !sqlite3_strnicmp(name, "sqlite_", 7);
    if (is_lower(name) != lower) continue;
    raw[count++] = *at;
    sqlite3_snprintf((int)room, *at, "%s%s%s", request->prefix, reserved ? "_" : "", name);
    *at += strlen(*at) + 1;
  }
  return count;
}

/* The local names: unique as SQLite compares names, and none that SQLite keeps for itself. Of several that
** differ in case the one in lower case keeps its name: it is what a name without quotes means. First come
** the names in lower case, then the others. One piece of memory; NULL = out of memory. */
static char **local_names(const LinkedRequest *request) {
  size_t count = request->schema->table_count, room = 1;
  for (size_t i = 0; i < count; i++)
    room += strlen(request->prefix) + strlen(request->schema->tables[i].name) + 3;
  char **raw = sqlite3_malloc64((count + 2) * sizeof *raw + room);
  if (!raw) return NULL;
  char *at = (char *)(raw + count + 2);
  size_t made = 0;
  if (request->block_table) raw[made++] = "connector";
  made = add_names(request, true, raw, made, &at, room);
  made = add_names(request, false, raw, made, &at, room);
  char **names = column_names_unique(raw, made);
  sqlite3_free(raw);
  return names;
}

static char *table_text(const LinkedRequest *request, const char *name, const SchemaTable *table,
                        Error *error) {
  ModuleArguments arguments = {.rows = -1, .readonly = request->readonly};
  char *head = text_head(name, request->remote->block->name);
  if (!head || remote_learn(request->remote->dialect, request->schema, table, &arguments, error) !=
                   SQLITE_OK) {
    if (!head) error_memory(error);
    sqlite3_free(head);
    module_arguments_clear(&arguments);
    return NULL;
  }
  sqlite3_str *text = sqlite3_str_new(NULL);
  sqlite3_str_appendall(text, head);
  remote_learn_print(text, &arguments);
  sqlite3_str_appendall(text, ")");
  sqlite3_free(head);
  module_arguments_clear(&arguments);
  char *sql = sqlite3_str_finish(text);
  if (!sql) error_memory(error);
  return sql;
}

/* ---------------------------------------------------------------- making it so */

typedef struct Sync {
  Connector *connector;
  const LinkedRequest *request;
  PresentList present;
  LinkedCounts *counts;
} Sync;

static int drop(Sync *sync, const char *name, Error *error) {
  return run(sync->connector->db,
             sqlite3_mprintf("DROP TABLE \"%w\".\"%w\"", sync->request->into, name), error);
}

/* `sql` is as sqlite_schema has it, without the schema's name. */
static int create(Sync *sync, const char *name, const char *sql, Error *error) {
  static const char head[] = "CREATE VIRTUAL TABLE ";
  int code =
      run(sync->connector->db,
          sqlite3_mprintf("%s\"%w\".%s", head, sync->request->into, sql + strlen(head)), error);
  if (code != SQLITE_OK && error->message && strstr(error->message, "too many columns"))
    error_set(
        error, code,
        "table %s.%s: too many columns (with its hidden ones SQLite takes 2,000): name the other "
        "tables by the option tables",
        sync->request->into, name);
  else if (code != SQLITE_OK)
    error_wrap(error, "table %s.%s", sync->request->into, name);
  return code;
}

/* What the rest of a text begins with when it names a table of the request's schema: , 'public. */
static char *schema_head(const LinkedRequest *request) {
  char *some = schema_qualified(request->remote->dialect, request->schema->name, "t");
  char *head = some ? sqlite3_mprintf(", %.*Q", (int)strlen(some) - 1, some) : NULL;
  sqlite3_free(some);
  if (head) head[strlen(head) - 1] = 0; /* the closing quote */
  return head;
}

static const char *way_out(const Sync *sync) {
  return sync->request->block_table ? "choose another name for the schema by the option as"
                                    : "choose other names by the option prefix";
}

static int taken(const Sync *sync, const char *name, Error *error) {
  return error_set(error, SQLITE_ERROR,
                   "%s.%s exists and is not a table of connector '%s': %s, or other tables by the "
                   "option tables",
                   sync->request->into, name, sync->request->remote->block->name, way_out(sync));
}

/* `rest` of a text: does it name a table of another schema of the block? That one stays. */
static int check_schema(const Sync *sync, const char *name, const char *rest, Error *error) {
  char *head = schema_head(sync->request);
  if (!head) return error_memory(error);
  bool same = *rest != ',' || !strncmp(rest, head, strlen(head));
  sqlite3_free(head);
  if (same) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR,
                   "%s.%s is a table of another schema of connector '%s': %s, or DROP the table",
                   sync->request->into, name, sync->request->remote->block->name, way_out(sync));
}

static int put(Sync *sync, const char *name, const char *sql, bool counted, Error *error) {
  const Present *old = present_find(&sync->present, name);
  bool memory = true;
  int code = SQLITE_OK;
  if (counted) sync->counts->linked++;
  if (old && !strcmp(old->sql, sql)) return SQLITE_OK;
  const char *rest = old ? text_rest(old, sync->request->remote->block->name, &memory) : NULL;
  if (old && !rest) return memory ? taken(sync, name, error) : error_memory(error);
  if (rest) code = check_schema(sync, name, rest, error);
  if (code != SQLITE_OK) return code;
  if (old) code = drop(sync, name, error);
  if (code == SQLITE_OK) code = create(sync, name, sql, error);
  if (counted && old) sync->counts->changed++;
  if (counted && !old) sync->counts->added++;
  return code;
}

static int put_block(Sync *sync, Error *error) {
  char *head = text_head("connector", sync->request->remote->block->name);
  char *sql = head ? sqlite3_mprintf("%s)", head) : NULL;
  int code = sql ? put(sync, "connector", sql, false, error) : error_memory(error);
  sqlite3_free(head);
  sqlite3_free(sql);
  return code;
}

/* Those in lower case, or the others; *names moves on. */
static int put_tables(Sync *sync, bool lower, char ***names, Error *error) {
  const Schema *schema = sync->request->schema;
  int code = SQLITE_OK;
  for (size_t i = 0; i < schema->table_count && code == SQLITE_OK; i++) {
    const SchemaTable *table = &schema->tables[i];
    if (is_lower(table->name) != lower) continue;
    const char *name = *(*names)++;
    if (!matches(table->name, sync->request->tables)) continue;
    char *sql = table_text(sync->request, name, table, error);
    code = sql ? put(sync, name, sql, true, error) : error->code;
    sqlite3_free(sql);
  }
  return code;
}

/* Does `rest` of a text name a table of this schema, and is that table still there? */
static bool is_gone(const LinkedRequest *request, const char *rest, bool *memory) {
  const Schema *schema = request->schema;
  const DriverDialect *dialect = request->remote->dialect;
  char *head = schema_head(request);
  *memory = head != NULL;
  if (!head) return false;
  bool gone = !strncmp(rest, head, strlen(head));
  sqlite3_free(head);
  for (size_t i = 0; gone && i < schema->table_count; i++) {
    char *name = schema_qualified(dialect, schema->name, schema->tables[i].name);
    char *text = name ? sqlite3_mprintf(", %Q", name) : NULL;
    *memory = text != NULL;
    if (!text || !strncmp(rest, text, strlen(text))) gone = false;
    sqlite3_free(name);
    sqlite3_free(text);
  }
  return gone;
}

static int drop_gone(Sync *sync, Error *error) {
  int code = SQLITE_OK;
  for (size_t i = 0; i < sync->present.count && code == SQLITE_OK; i++) {
    bool memory;
    const Present *present = &sync->present.items[i];
    const char *rest = text_rest(present, sync->request->remote->block->name, &memory);
    bool gone = rest && *rest == ',' && is_gone(sync->request, rest, &memory);
    if (!memory) return error_memory(error);
    if (!gone) continue;
    code = drop(sync, present->name, error);
    sync->counts->dropped++;
  }
  return code;
}

/* A file that has tables of the block already, and may not use it (a copy), is told so by one of them. */
static int check_place(Sync *sync, Error *error) {
  for (size_t i = 0; i < sync->present.count; i++) {
    bool memory;
    TablePlace place;
    const Present *present = &sync->present.items[i];
    const char *block = sync->request->remote->block->name;
    const char *rest = text_rest(present, block, &memory);
    if (!memory) return error_memory(error);
    if (!rest) continue;
    int code = table_place_init(&place, sync->connector->db, sync->request->into, present->name);
    code = code == SQLITE_OK ? table_place_check(&place, sync->connector, ASK_BLOCK, block, error)
                             : error_memory(error);
    table_place_clear(&place);
    return code;
  }
  return SQLITE_OK;
}

static int sync_all(Sync *sync, Error *error) {
  char **names = local_names(sync->request);
  if (!names) return error_memory(error);
  int code = present_read(sync->connector->db, sync->request->into, &sync->present, error);
  if (code == SQLITE_OK && !sync->request->block_table) code = check_place(sync, error);
  if (code == SQLITE_OK) code = drop_gone(sync, error);
  if (code == SQLITE_OK && sync->request->block_table) code = put_block(sync, error);
  char **next = names + sync->request->block_table;
  if (code == SQLITE_OK) code = put_tables(sync, true, &next, error);
  if (code == SQLITE_OK) code = put_tables(sync, false, &next, error);
  sqlite3_free(names);
  return code;
}

int linked_sync(Connector *connector, const LinkedRequest *request, LinkedCounts *counts,
                Error *error) {
  Sync sync = {.connector = connector, .request = request, .counts = counts};
  *counts = (LinkedCounts){0};
  int code = run(connector->db, sqlite3_mprintf("SAVEPOINT connector_link"), error);
  if (code != SQLITE_OK) return code;
  code = sync_all(&sync, error);
  present_clear(&sync.present);
  if (code != SQLITE_OK)
    sqlite3_exec(connector->db, "ROLLBACK TO connector_link", NULL, NULL, NULL);
  int released = sqlite3_exec(connector->db, "RELEASE connector_link", NULL, NULL, NULL);
  if (code == SQLITE_OK && released != SQLITE_OK) code = sql_failed(connector->db, released, error);
  return code;
}
