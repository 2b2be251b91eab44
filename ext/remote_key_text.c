/*
** remote_key_text.c: a table whose key may come as less than it is.
**
** With numeric=real two keys of many digits can be one REAL; arrays of different bounds are one JSON text; times by
** timestamp=unix may lack microseconds. So _key is not made of the values that are shown, but of the server's own
** text of each column of the key (DriverDialect.key_texts), which is read beside them as an identity is, and
** compared with the column again when the row is written.
*/
#include "../src/remote.h"
#include "remote_table.h"
#include <string.h>

const DriverKeyText *remote_key_text(const RemoteTable *table, const DriverDialect *dialect,
                                     int column) {
  const char *name = table->columns[column].class_name;
  const DriverKeyText *each = name ? dialect->key_texts : NULL;
  while (each && each->class_name && strcmp(each->class_name, name))
    each++;
  return each && each->class_name ? each : NULL;
}

/* Can two values of the column come as one? An affinity that the class does not have takes digits, too. */
static bool is_lossy(const RemoteTable *table, const Remote *remote, int column) {
  const PushColumn *known = &table->columns[column];
  if (!remote_key_text(table, remote->dialect, column)) return false;
  if (!strcmp(known->class_name, "numeric"))
    return known->affinity >= AFFINITY_NUMERIC || block_option_is(remote->block, "numeric", "real");
  if (!strncmp(known->class_name, "timestamp", 9))
    return known->affinity >= AFFINITY_NUMERIC ||
           block_option_is(remote->block, "timestamp", "unix");
  return true;
}

static void forget(RemoteTable *table) {
  for (size_t i = 0; i < remote_identity_parts(&table->key_text); i++)
    sqlite3_free((char *)table->key_text.parts[i]);
  table->key_text = (DriverIdentity){0};
  table->key_text_dialect = NULL;
  sqlite3_free(table->head.text); /* it named the columns of before */
  table->head.text = NULL;
}

/* CAST("n" AS text), and the column itself where its value is all there is */
static int print_part(const RemoteTable *table, const DriverDialect *dialect, int column,
                      const char **part, Error *error) {
  const DriverKeyText *form = remote_key_text(table, dialect, column);
  DriverBuffer text;
  buffer_init(&text, &table->connector->host);
  PushPrinter printer = {.dialect = dialect, .sql = &text};
  const char *rest = form ? strstr(form->text, "%s") : NULL;
  if (rest) buffer_append(&text, form->text, (size_t)(rest - form->text));
  push_name(&printer, table->columns[column].name);
  if (rest) buffer_text(&text, rest + 2);
  *part = text.failed ? NULL : sqlite3_mprintf("%s", text.data);
  buffer_clear(&text);
  return *part ? SQLITE_OK : error_memory(error);
}

int remote_key_text_prepare(RemoteTable *table, const Remote *remote, Error *error) {
  const ModuleArguments *arguments = &table->arguments;
  bool lossy = false;
  size_t count = 0;
  if (table->identity < 0 || !arguments->table || arguments->key_count > DRIVER_IDENTITY_PARTS)
    return SQLITE_OK;
  for (int i = 0; i < table->column_count; i++)
    lossy = lossy || (arguments->columns[i].key && is_lossy(table, remote, i));
  if (table->key_text_dialect == (lossy ? remote->dialect : NULL)) return SQLITE_OK;
  forget(table);
  if (!lossy) return SQLITE_OK;
  for (int i = 0; i < table->column_count; i++) {
    if (!arguments->columns[i].key) continue;
    int code = print_part(table, remote->dialect, i, &table->key_text.parts[count++], error);
    if (code != SQLITE_OK) return code;
  }
  table->key_text_dialect = remote->dialect;
  return SQLITE_OK;
}

void remote_key_text_clear(RemoteTable *table) {
  forget(table);
}
