/*
** remote_select.c: the SELECT that a plan and its values make.
**
**   SELECT "id", "city" FROM "public"."orders" WHERE "city" = $1 ORDER BY "id" LIMIT 10
**   SELECT count(*) FROM …                                  only the number of rows is wanted
**   SELECT "a" FROM (the query) AS connector_query WHERE …  something is put around a query
**   the query itself                                        nothing is
**
** The integer key is always among the columns, as xRowid may be asked at any time; where it would be in
** the way (DISTINCT, count) SQLite does not ask, or the scan is done again (remote_scan.c).
*/
#include "../src/lexer.h"
#include "remote_table.h"
#include <string.h>

/* Where rows were to be counted no column is used: for _key, or the rowid, that of DELETE, the key will do. */
static bool is_used(const RemoteSelect *select, int column) {
  const ModuleArguments *arguments = &select->table->arguments;
  if (select->whole && select->plan->count && arguments->key_count > 0)
    return arguments->columns[column].key;
  return select->whole || (select->plan->used >> (column < 63 ? column : 63)) & 1;
}

static bool counts(const RemoteSelect *select) {
  return select->plan->count && !select->whole;
}

static bool is_distinct(const RemoteSelect *select) {
  return select->plan->distinct && !select->whole;
}

/* Is anything put around the query? Its columns alone are no reason. */
static bool wraps(const RemoteSelect *select) {
  return select->test_count > 0 || select->plan->order_count > 0 || select->limit >= 0 ||
         counts(select) || is_distinct(select);
}

bool remote_select_is_raw(const RemoteSelect *select) {
  return select->query && !wraps(select);
}

bool remote_select_is_guarded(const RemoteSelect *select) {
  if (select->by_text || counts(select) || is_distinct(select)) return false;
  for (int i = 0; i < select->plan->order_count; i++) {
    int column = select->plan->order[i].column;
    if (push_sorts_perhaps(select->dialect, &select->table->columns[column])) return true;
  }
  return false;
}

int remote_select_columns(const RemoteSelect *select, int *map) {
  const RemoteTable *table = select->table;
  bool distinct = is_distinct(select), raw = remote_select_is_raw(select);
  bool key = table->identity >= 0 &&
             (select->plan->used >> (table->identity < 63 ? table->identity : 63)) & 1;
  const DriverIdentity *identity = remote_identity(table, select->dialect);
  int count = 0;
  for (int i = 0; i < table->column_count; i++) {
    bool wanted = raw || is_used(select, i) || (i == table->rowid_column && !distinct);
    /* _key is made of the identity, or of the key, or of all columns */
    bool all = table->arguments.key_count == 0;
    if (key && !identity && (table->arguments.columns[i].key || all)) wanted = true;
    map[i] = wanted && !counts(select) ? count++ : -1;
  }
  bool wanted = identity && (key || select->whole) && !counts(select);
  map[table->column_count] = wanted ? count : -1;
  return wanted ? count + (int)remote_identity_parts(identity) : count;
}

/* ---------------------------------------------------------------- FROM */

/* The query without its semicolon; a comment may end it. */
static void print_query(const RemoteSelect *select, DriverBuffer *sql) {
  const char *at = select->query->sql, *statement = at;
  size_t size = select->query->sql_size;
  script_next(select->dialect, &at, at + size, &statement, &size);
  buffer_text(sql, "(");
  buffer_append(sql, statement, size);
  buffer_text(sql, "\n) AS connector_query");
}

static void print_source(const RemoteSelect *select, DriverBuffer *sql) {
  if (select->query)
    print_query(select, sql);
  else
    buffer_text(sql, select->source);
}

/* ---------------------------------------------------------------- WHERE and what follows */

static void print_tests(const RemoteSelect *select, PushPrinter *printer) {
  for (size_t i = 0; i < select->test_count; i++) {
    const ScanTest *test = &select->tests[i];
    buffer_text(printer->sql, i ? " AND " : " WHERE ");
    if (test->test.op == PUSH_IN)
      push_in(printer, test->column, &test->test, test->list, test->list_count);
    else
      push_test(printer, test->column, &test->test);
  }
}

static void print_order(const RemoteSelect *select, PushPrinter *printer) {
  for (int i = 0; i < select->plan->order_count; i++) {
    const PlanOrder *order = &select->plan->order[i];
    PushOrder printed = {&select->table->columns[order->column], order->descending,
                         select->by_text};
    buffer_text(printer->sql, i ? ", " : " ORDER BY ");
    push_order(printer, &printed);
  }
}

static void print_limit(const RemoteSelect *select, PushPrinter *printer) {
  if (select->limit < 0) return;
  if (printer->values)
    buffer_format(printer->sql, " LIMIT %lld", (long long)select->limit);
  else
    buffer_text(printer->sql, " LIMIT ?");
}

/* , EXISTS (SELECT 1 FROM "orders" WHERE …): looked up once for the statement, in its snapshot */
static void print_guard(const RemoteSelect *select, PushPrinter *printer) {
  int count = 0;
  buffer_text(printer->sql, ", EXISTS (SELECT 1 FROM ");
  print_source(select, printer->sql);
  for (int i = 0; i < select->plan->order_count; i++) {
    const PushColumn *column = &select->table->columns[select->plan->order[i].column];
    if (!push_sorts_perhaps(select->dialect, column)) continue;
    buffer_text(printer->sql, count++ ? " OR " : " WHERE ");
    push_unsorted(printer, column);
  }
  buffer_text(printer->sql, ")");
}

static void print_identity(const RemoteSelect *select, int printed, PushPrinter *printer) {
  const DriverIdentity *identity = remote_identity(select->table, select->dialect);
  for (size_t i = 0; i < remote_identity_parts(identity); i++) {
    if (printed++) buffer_text(printer->sql, ", ");
    buffer_text(printer->sql, identity->parts[i]);
  }
}

static int print_columns(const RemoteSelect *select, PushPrinter *printer, Error *error) {
  const RemoteTable *table = select->table;
  int *map = sqlite3_malloc64((size_t)(table->column_count + 1) * sizeof *map);
  if (!map) return error_memory(error);
  int count = remote_select_columns(select, map), printed = 0;
  buffer_text(printer->sql, is_distinct(select) ? "SELECT DISTINCT " : "SELECT ");
  for (int i = 0; i < table->column_count; i++) {
    if (map[i] < 0) continue;
    if (printed++) buffer_text(printer->sql, ", ");
    push_name(printer, table->columns[i].name);
  }
  if (map[table->column_count] >= 0) print_identity(select, printed, printer);
  if (count == 0) buffer_text(printer->sql, "1");
  if (remote_select_is_guarded(select)) print_guard(select, printer);
  sqlite3_free(map);
  return SQLITE_OK;
}

/* "SELECT columns FROM source". Of a table it is kept: a look-up has the same each time. */
static int print_head(const RemoteSelect *select, PushPrinter *printer, Error *error) {
  SelectHead *head = &select->table->head;
  DriverBuffer *sql = printer->sql;
  bool distinct = is_distinct(select);
  bool guarded = remote_select_is_guarded(select);
  if (!select->query && !guarded && head->text && head->dialect == select->dialect &&
      head->used == select->plan->used && head->whole == select->whole &&
      head->distinct == distinct) {
    buffer_append(sql, head->text, head->size);
    return SQLITE_OK;
  }
  size_t start = sql->size;
  int code = print_columns(select, printer, error);
  buffer_text(sql, " FROM ");
  print_source(select, sql);
  if (code != SQLITE_OK || select->query || guarded || sql->failed) return code;
  char *text = sqlite3_realloc64(head->text, sql->size - start);
  if (!text) return SQLITE_OK; /* it is printed again next time */
  memcpy(text, sql->data + start, sql->size - start);
  *head = (SelectHead){text,          sql->size - start, select->dialect, select->plan->used,
                       select->whole, distinct};
  return SQLITE_OK;
}

static void print_count(const RemoteSelect *select, PushPrinter *printer) {
  buffer_format(printer->sql, "SELECT %s FROM ", select->dialect->count);
  if (select->limit < 0) {
    print_source(select, printer->sql);
    return;
  }
  buffer_text(printer->sql, "(SELECT 1 FROM ");
  print_source(select, printer->sql);
  print_limit(select, printer);
  buffer_text(printer->sql, ") AS connector_rows");
}

int remote_select_print(const RemoteSelect *select, DriverBuffer *sql, PushValues *values,
                        Error *error) {
  PushPrinter printer = {.dialect = select->dialect, .sql = sql, .values = values};
  int code = SQLITE_OK;
  if (select->query) {
    printer.parameters = select->query->value_count;
    for (size_t i = 0; values && i < select->query->value_count; i++)
      if (!push_values_add(values, &select->query->values[i])) return error_memory(error);
  }
  if (remote_select_is_raw(select)) {
    buffer_append(sql, select->query->sql, select->query->sql_size);
  } else if (counts(select)) {
    print_count(select, &printer);
  } else {
    /* what is sorted need not be a column of DISTINCT as it stands */
    bool inner = is_distinct(select) && select->plan->order_count > 0;
    if (inner) buffer_text(sql, "SELECT * FROM (");
    code = print_head(select, &printer, error);
    print_tests(select, &printer);
    if (inner) buffer_text(sql, ") AS connector_rows");
    print_order(select, &printer);
    print_limit(select, &printer);
    if (select->locks && !select->query && !is_distinct(select))
      buffer_text(sql, select->dialect->lock_rows);
  }
  if (code == SQLITE_OK && sql->failed) code = error_memory(error);
  return code;
}

int remote_select_open(const RemoteSelect *select, Remote *remote, DriverBuffer *sql,
                       PushValues *values, Stream **stream, Error *error) {
  RemoteSelect named = *select;
  buffer_reset(sql);
  push_values_reset(values);
  named.source = remote_table_source(select->table, select->dialect, error);
  if (!named.query && !named.source) return error->code;
  int code = remote_select_print(&named, sql, values, error);
  if (code != SQLITE_OK) return code;
  return stream_open_read(remote, sql->data, sql->size, values->values, values->count, stream,
                          error);
}
