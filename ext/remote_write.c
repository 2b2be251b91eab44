/*
** remote_write.c: one row that SQLite inserts, changes or deletes in a remote table, as a statement of the
** server (src/write.h), which is sent now or waits for others (src/batch.h).
**
** Which columns are named:
**   INSERT   all but those that an expression makes; where NULL is given for a column that cannot be NULL
**            and has a default, the server is left to use it. SQLite gives NULL for what was not named.
**   UPDATE   those that SQLite changes (sqlite3_vtab_nochange)
**
** Which row: the integer key is the rowid; else _key has the values of the key, or of what the server has in its
** place (remote_key.c).
*/
#include "remote_write.h"
#include "../src/batch.h"
#include "../src/write.h"
#include "remote_value.h"
#include "shown_rows.h"
#include "value.h"
#include <string.h>

/* The statement of one row while it is put together. All arrays have room for every column twice. */
typedef struct Change {
  RemoteTable *table;
  Remote *remote;
  WriteText text;
  const char **columns, **keys, **defaults;
  bool *key_nulls, *key_plain;
  Value *values;
  size_t value_count;
  RemoteValues taken; /* what the values are made by */
  size_t *key_places; /* in `values` */
  const char **key_names;
  size_t key_named;
  Value key; /* the integer key of an INSERT; NULL when the server makes it */
} Change;

/* ---------------------------------------------------------------- memory */

static int change_init(Change *change, RemoteTable *table, Error *error) {
  size_t room = (size_t)table->column_count * 2 + 2 + 2 * DRIVER_IDENTITY_PARTS;
  size_t each = sizeof *change->values + 5 * sizeof(char *) + sizeof(size_t) + 2 * sizeof(bool);
  *change = (Change){.table = table};
  change->values = sqlite3_malloc64(room * each); /* and what else there is, by falling alignment */
  if (!change->values) return error_memory(error);
  change->columns = (const char **)(change->values + room);
  change->keys = change->columns + room;
  change->defaults = change->keys + room;
  change->key_names = change->defaults + room;
  change->taken = (RemoteValues){.table = table, .owned = (char **)(change->key_names + room)};
  change->key_places = (size_t *)(change->taken.owned + room);
  change->key_nulls = (bool *)(change->key_places + room);
  change->key_plain = change->key_nulls + room;
  change->text.columns = change->columns;
  change->text.keys = change->keys;
  change->text.defaults = change->defaults;
  change->text.key_nulls = change->key_nulls;
  change->text.key_plain = change->key_plain;
  return SQLITE_OK;
}

static void change_clear(Change *change) {
  remote_values_clear(&change->taken);
  sqlite3_free(change->values);
  if (change->remote) remote_release(change->remote);
}

/* ---------------------------------------------------------------- columns and keys */

static void name_key(Change *change, const char *name) {
  change->key_names[change->key_named] = name;
  change->key_places[change->key_named++] = change->value_count;
}

static void add_column(Change *change, int column, const Value *value) {
  const ModuleColumn *known = &change->table->arguments.columns[column];
  if (change->text.kind < WRITE_UPDATE && known->key)
    name_key(change, change->table->columns[column].name);
  change->columns[change->text.column_count++] = change->table->columns[column].name;
  change->values[change->value_count++] = *value;
}

static void add_key(Change *change, int column, const Value *value) {
  const char *name = change->table->columns[column].name;
  bool null = value->type == VALUE_NULL;
  change->key_nulls[change->text.key_count] = null;
  change->key_plain[change->text.key_count] = false;
  change->keys[change->text.key_count++] = name;
  if (null) return;
  name_key(change, name);
  change->values[change->value_count++] = *value;
}

/* ---------------------------------------------------------------- the row */

static int no_key(const RemoteTable *table, Error *error) {
  return error_set(
      error, SQLITE_READONLY,
      "remote table %s has no key, by which its rows could be told apart: rows can only be "
      "inserted; give it a primary key on the server and make it anew (connector_attach again), "
      "tell the key of a view by CREATE VIRTUAL TABLE … USING connector(%s, %Q, PRIMARY "
      "KEY(\"column\", …)), or write by connector_execute('%s', …)",
      table->place.table, table->arguments.block, table->arguments.table, table->arguments.block);
}

static int no_replace(const RemoteTable *table, Error *error) {
  return error_set(error, SQLITE_READONLY,
                   "remote table %s has no key, by which OR REPLACE could find a row: use INSERT, "
                   "or give it a primary key on the server and make it anew, or write by "
                   "connector_execute('%s', …)",
                   table->place.table, table->arguments.block);
}

static int wrong_key(const RemoteTable *table, Error *error) {
  return error_set(error, SQLITE_MISMATCH, "_key is not one that was read from table %s",
                   table->place.table);
}

/* What the server has in place of a key: expressions, of which the first is enough to name the row by. */
static void add_part(Change *change, const DriverIdentity *identity, size_t part,
                     const Value *value) {
  change->key_nulls[part] = value->type == VALUE_NULL;
  change->key_plain[part] = true;
  change->keys[change->text.key_count++] = identity->parts[part];
  if (value->type == VALUE_NULL) return;
  if (part == 0) name_key(change, identity->parts[part]);
  change->values[change->value_count++] = *value;
}

static int take_parts(Change *change, const DriverIdentity *identity, const char *at,
                      const char *end, Error *error) {
  Value value;
  for (size_t i = 0; i < remote_identity_parts(identity); i++) {
    if (!at || !remote_key_take(&at, end, &value)) return wrong_key(change->table, error);
    add_part(change, identity, i, &value);
  }
  return SQLITE_OK;
}

static void add_expression(Change *change, const char *expression, const Value *value) {
  change->key_nulls[change->text.key_count] = false;
  change->key_plain[change->text.key_count] = true;
  change->keys[change->text.key_count++] = expression;
  change->values[change->value_count++] = *value;
}

/* The texts of the key's columns (remote_key_text.c). */
static int take_key_texts(Change *change, const char *at, const char *end, Error *error) {
  RemoteTable *table = change->table;
  size_t part = 0;
  for (int i = 0; i < table->column_count; i++) {
    Value value;
    if (!table->arguments.columns[i].key) continue;
    if (!at || !remote_key_take(&at, end, &value)) return wrong_key(table, error);
    add_key(change, i, &value);
    const DriverKeyText *form = remote_key_text(table, change->remote->dialect, i);
    if (form && form->both && value.type != VALUE_NULL)
      add_expression(change, table->key_text.parts[part], &value);
    part++;
  }
  return SQLITE_OK;
}

/* The row that is there, by its rowid or _key. */
static int take_identity(Change *change, sqlite3_value *key, Error *error) {
  RemoteTable *table = change->table;
  const DriverIdentity *identity = remote_identity(table, change->remote->dialect);
  if (table->rowid_column >= 0) {
    Value rowid = {.type = VALUE_INTEGER, .integer = sqlite3_value_int64(key)};
    add_key(change, table->rowid_column, &rowid);
    return SQLITE_OK;
  }
  const char *at = sqlite3_value_blob(key);
  const char *end = at ? at + sqlite3_value_bytes(key) : NULL;
  if (identity == &table->key_text) return take_key_texts(change, at, end, error);
  if (identity) return take_parts(change, identity, at, end, error);
  if (table->arguments.key_count == 0) return no_key(table, error);
  for (int i = 0; i < table->column_count; i++) {
    Value value;
    if (!table->arguments.columns[i].key) continue;
    if (!at || !remote_key_take(&at, end, &value)) return wrong_key(table, error);
    int code = remote_value_key(&change->taken, i, &value, error);
    if (code != SQLITE_OK) return code;
    add_key(change, i, &value);
  }
  return SQLITE_OK;
}

/* Is the server to use what it has for the column? */
static bool uses_default(const RemoteTable *table, int column, const Value *value) {
  const ModuleColumn *known = &table->arguments.columns[column];
  return value->type == VALUE_NULL && (known->rowid || (known->not_null && known->fallback));
}

static int take_inserted(Change *change, sqlite3_value **argv, Error *error) {
  RemoteTable *table = change->table;
  for (int i = 0; i < table->column_count; i++) {
    Value value;
    sqlite3_value *from = argv[2 + i];
    if (table->arguments.columns[i].generated) continue;
    if (i == table->rowid_column && sqlite3_value_type(argv[1]) != SQLITE_NULL) from = argv[1];
    int code = remote_value_take(&change->taken, i, from, &value, error);
    if (code != SQLITE_OK) return code;
    if (i == table->rowid_column) change->key = value;
    if (!uses_default(table, i, &value))
      add_column(change, i, &value);
    else if (i != table->rowid_column)
      change->defaults[change->text.default_count++] = table->columns[i].name;
  }
  if (change->text.kind == WRITE_INSERT_OR_REPLACE ||
      change->remote->dialect->upsert == UPSERT_ON_DUPLICATE_KEY)
    for (int i = 0; i < table->column_count; i++)
      if (table->arguments.columns[i].key)
        change->keys[change->text.key_count++] = table->columns[i].name;
  if (change->text.kind == WRITE_INSERT_OR_REPLACE && change->text.key_count == 0)
    return no_replace(table, error);
  if (table->rowid_column >= 0 && change->key.type == VALUE_NULL)
    change->text.returning = table->columns[table->rowid_column].name;
  return SQLITE_OK;
}

/* The integer key may be set by its own name or as rowid. */
static int take_moved(Change *change, sqlite3_value **argv, Error *error) {
  int column = change->table->rowid_column;
  bool named = !sqlite3_value_nochange(argv[2 + column]);
  Value value;
  int code =
      remote_value_take(&change->taken, column, named ? argv[2 + column] : argv[1], &value, error);
  if (code != SQLITE_OK) return code;
  if (value.type != VALUE_INTEGER)
    return error_set(error, SQLITE_MISMATCH,
                     "the key \"%s\" of remote table %s is to be an integer",
                     change->table->columns[column].name, change->table->place.table);
  if (value.integer != sqlite3_value_int64(argv[0])) add_column(change, column, &value);
  return SQLITE_OK;
}

/* UPDATE … FROM gives all columns: is this one as it was read? */
static int was_shown(Change *change, sqlite3_value *identity, int column, sqlite3_value *from,
                     bool *same, Error *error) {
  Value key, value;
  if (value_get(identity, &key) != SQLITE_OK || value_get(from, &value) != SQLITE_OK)
    return error_memory(error);
  return shown_rows_same(change->table->shown, &key, column, &value, same, error);
}

static int take_updated(Change *change, sqlite3_value **argv, Error *error) {
  RemoteTable *table = change->table;
  for (int i = 0; i < table->column_count; i++) {
    Value value;
    int code;
    if (i == table->rowid_column) {
      code = take_moved(change, argv, error);
    } else {
      if (sqlite3_value_nochange(argv[2 + i]) || table->arguments.columns[i].generated) continue;
      code = remote_value_take(&change->taken, i, argv[2 + i], &value, error);
      bool same = false;
      if (code == SQLITE_OK && table->shown)
        code = was_shown(change, argv[0], i, argv[2 + i], &same, error);
      if (code == SQLITE_OK && !same) add_column(change, i, &value);
    }
    if (code != SQLITE_OK) return code;
  }
  return take_identity(change, argv[0], error);
}

/* A value that cannot be sent: the error gets the row's number and key, as one of the server's has. */
static int refused(Change *change, sqlite3_value **argv, bool inserts, int code, Error *error) {
  RemoteTable *table = change->table;
  Error ignored;
  if (code != SQLITE_MISMATCH) return code;
  error_init(&ignored);
  change->text.key_count = change->value_count = change->key_named = 0;
  for (int i = 0; inserts && i < table->column_count; i++) {
    bool by_rowid = i == table->rowid_column && sqlite3_value_type(argv[1]) != SQLITE_NULL;
    Value value;
    if (table->arguments.columns[i].key &&
        value_get(by_rowid ? argv[1] : argv[2 + i], &value) == SQLITE_OK)
      add_key(change, i, &value);
  }
  if (!inserts) take_identity(change, argv[0], &ignored);
  BatchRow row = {.values = change->values,
                  .key_names = change->key_names,
                  .key_places = change->key_places,
                  .key_count = change->key_named};
  batch_refuse_row(change->remote, &row, error);
  error_clear(&ignored);
  return code;
}

/* ---------------------------------------------------------------- sending */

/* MySQL counts a row that is there already as one: sent alone, it is the server's error that tells. */
static bool ignored_by_error(const Change *change) {
  return change->text.kind == WRITE_INSERT_OR_IGNORE &&
         change->remote->dialect->upsert == UPSERT_ON_DUPLICATE_KEY;
}

static int print(const Change *change, bool alone, DriverBuffer *sql, Error *error) {
  WriteText text = change->text;
  bool made = change->remote->driver->made_key != NULL;
  if (!alone || made) text.returning = NULL;
  if (alone && ignored_by_error(change)) text.kind = WRITE_INSERT;
  buffer_reset(sql);
  write_print(&text, sql);
  return sql->failed ? error_memory(error) : SQLITE_OK;
}

static bool can_copy(const Change *change) {
  return change->text.kind == WRITE_INSERT && change->text.column_count > 0 &&
         change->remote->driver->load;
}

static bool goes_together(const Change *change) {
  return change->remote->driver->execute_together && write_goes_together(&change->text);
}

/* What the texts depend on: the names are those of the table, so that their addresses tell them apart. */
static void print_form(const Change *change, DriverBuffer *form) {
  const WriteText *text = &change->text;
  size_t counts[] = {(size_t)text->kind, text->column_count, text->default_count, text->key_count};
  buffer_append(form, (const char *)&text->dialect, sizeof text->dialect);
  buffer_append(form, (const char *)counts, sizeof counts);
  buffer_append(form, (const char *)&text->returning, sizeof text->returning);
  buffer_append(form, (const char *)text->columns, text->column_count * sizeof *text->columns);
  buffer_append(form, (const char *)text->defaults, text->default_count * sizeof *text->defaults);
  buffer_append(form, (const char *)text->keys, text->key_count * sizeof *text->keys);
  if (text->kind >= WRITE_UPDATE)
    buffer_append(form, (const char *)text->key_nulls, text->key_count * sizeof *text->key_nulls);
}

static int print_texts(const Change *change, bool alone, Error *error) {
  WriteTexts *texts = &change->table->writes;
  DriverBuffer *form = &texts->wanted;
  buffer_reset(form);
  print_form(change, form);
  if (form->failed) return error_memory(error);
  if (texts->form.size == form->size && !memcmp(texts->form.data, form->data, form->size))
    return SQLITE_OK;
  buffer_reset(&texts->form); /* until all are there, none is */
  int code = print(change, false, &texts->sql, error);
  if (code == SQLITE_OK && alone) code = print(change, true, &texts->alone, error);
  if (code == SQLITE_OK && can_copy(change)) {
    WriteText text = change->text;
    text.kind = WRITE_COPY;
    buffer_reset(&texts->copy);
    write_print(&text, &texts->copy);
    if (texts->copy.failed) code = error_memory(error);
  }
  if (code == SQLITE_OK && goes_together(change)) {
    buffer_reset(&texts->together);
    write_together_print(&change->text, &texts->together);
    if (texts->together.failed) code = error_memory(error);
  }
  if (code == SQLITE_OK) {
    DriverBuffer old = texts->form;
    texts->form = *form;
    *form = old;
  }
  return code;
}

/* *affected: -1 when that is not known yet. */
static int send(Change *change, bool one, bool now, int64_t *affected, Value *key, Error *error) {
  const WriteTexts *texts = &change->table->writes;
  bool makes_key = change->text.returning != NULL, copies = can_copy(change);
  bool alone = makes_key || ignored_by_error(change);
  int code = print_texts(change, alone, error);
  BatchRow row = {.sql = texts->sql.data,
                  .size = texts->sql.size,
                  .sql_alone = alone ? texts->alone.data : NULL,
                  .size_alone = texts->alone.size,
                  .target = copies ? change->text.target : NULL,
                  .copy = texts->copy.data,
                  .together = goes_together(change) ? texts->together.data : NULL,
                  .values = change->values,
                  .count = change->value_count,
                  .makes_key = makes_key,
                  .ignores = change->text.kind == WRITE_INSERT_OR_IGNORE,
                  .one = one,
                  .now = now,
                  .key_names = change->key_names,
                  .key_places = change->key_places,
                  .key_count = change->key_named};
  return code == SQLITE_OK ? batch_add_row(change->remote, &row, affected, key, error) : code;
}

static int insert(Change *change, sqlite3_value **argv, sqlite3_int64 *rowid, Error *error) {
  sqlite3 *db = change->table->connector->db;
  int conflict = sqlite3_vtab_on_conflict(db);
  Value key;
  int64_t affected = -1;
  change->text.kind = conflict == SQLITE_IGNORE    ? WRITE_INSERT_OR_IGNORE
                      : conflict == SQLITE_REPLACE ? WRITE_INSERT_OR_REPLACE
                                                   : WRITE_INSERT;
  int code = refused(change, argv, true, take_inserted(change, argv, error), error);
  if (code == SQLITE_OK)
    code = send(change, false, conflict == SQLITE_FAIL, &affected, &key, error);
  if (code == SQLITE_OK && affected == 0 && conflict == SQLITE_IGNORE)
    code = SQLITE_CONSTRAINT; /* it is there already: not counted */
  if (code != SQLITE_OK) return code;
  if (change->table->rowid_column <
      0) { /* as by a table WITHOUT ROWID: SQLite sets what is given here */
    *rowid = sqlite3_last_insert_rowid(db);
    return SQLITE_OK;
  }
  if (change->key.type == VALUE_INTEGER) key = change->key;
  *rowid = key.type == VALUE_INTEGER ? key.integer : sqlite3_last_insert_rowid(db);
  return SQLITE_OK;
}

/* A row that UPDATE … FROM finds several times is changed once, as in a table of SQLite's; which of them counts SQLite
** leaves open. The second time it would not be what it was. */
static int first_change(Change *change, sqlite3_value *identity, bool *first, Error *error) {
  const RemoteTable *table = change->table;
  const DriverIdentity *known = remote_identity(table, change->remote->dialect);
  Value key;
  *first = true;
  if (!known || !known->changes || !table->shown) return SQLITE_OK;
  if (value_get(identity, &key) != SQLITE_OK) return error_memory(error);
  return shown_rows_change(table->shown, &key, first, error);
}

static int update(Change *change, sqlite3_value **argv, Error *error) {
  int conflict = sqlite3_vtab_on_conflict(change->table->connector->db);
  Value key;
  int64_t affected;
  change->text.kind = WRITE_UPDATE;
  bool first;
  int code = refused(change, argv, false, take_updated(change, argv, error), error);
  if (code != SQLITE_OK || change->text.column_count == 0) return code;
  code = first_change(change, argv[0], &first, error);
  if (code != SQLITE_OK || !first) return code;
  bool now = conflict == SQLITE_FAIL || conflict == SQLITE_IGNORE;
  return send(change, true, now, &affected, &key, error);
}

static int delete (Change *change, sqlite3_value **argv, Error *error) {
  Value key;
  int64_t affected;
  change->text.kind = WRITE_DELETE;
  int code = take_identity(change, argv[0], error);
  return code == SQLITE_OK ? send(change, true, false, &affected, &key, error) : code;
}

static int query_is_read_only(const RemoteTable *table, Error *error) {
  return error_set(error, SQLITE_READONLY,
                   "a remote query is read-only: write by connector_execute('%s', …)",
                   table->arguments.block);
}

int remote_write_check(const RemoteTable *table, Error *error) {
  if (table->arguments.query) return query_is_read_only(table, error);
  if (!table->arguments.readonly) return SQLITE_OK;
  return error_set(error, SQLITE_READONLY,
                   "remote table %s was made with the option readonly: nothing was sent; make it "
                   "without (DROP and CREATE, or connector_attach again), or write by "
                   "connector_execute('%s', …)",
                   table->place.table, table->arguments.block);
}

int remote_write(RemoteTable *table, int argc, sqlite3_value **argv, sqlite3_int64 *rowid,
                 Error *error) {
  Change change;
  int code =
      remote_write_check(table, error); /* xBegin is not called after CREATE in a transaction */
  if (code != SQLITE_OK) return code;
  code = change_init(&change, table, error);
  if (code == SQLITE_OK) code = remote_table_remote(table, &change.remote, error);
  if (code == SQLITE_OK) {
    change.taken.remote = change.remote;
    change.text.dialect = change.remote->dialect;
    change.text.target = remote_table_source(table, change.text.dialect, error);
    if (!change.text.target) code = error->code;
  }
  if (code == SQLITE_OK)
    code = argc == 1                                    ? delete (&change, argv, error)
           : sqlite3_value_type(argv[0]) == SQLITE_NULL ? insert(&change, argv, rowid, error)
                                                        : update(&change, argv, error);
  if ((code & 0xff) == SQLITE_CONSTRAINT &&
      sqlite3_vtab_on_conflict(table->connector->db) == SQLITE_IGNORE)
    error_clear(error);
  change_clear(&change);
  return code;
}
