/*
** write_together.c: one statement that changes or deletes many rows by their keys:
**
**   WITH done AS (DELETE FROM "public"."orders" AS t USING ROWS FROM (pg_catalog.unnest((SELECT $1)))
**     WITH ORDINALITY AS v(c1, n) WHERE t."id" = v.c1 RETURNING v.n)
**   SELECT pg_catalog.count(*), pg_catalog.count(DISTINCT n) FROM done
**
** Each parameter is an array with the values that the statement of one row has in its place, so that they are
** compared and stored the same way. Both counts are that of the rows when each key hit one row. The sub-select
** keeps the planner from seeing how long the array is: it would read the whole table for a long one.
*/
#include "push.h"
#include "write.h"

bool write_goes_together(const WriteText *text) {
  if (!text->dialect->row_arrays || text->kind < WRITE_UPDATE || text->key_count == 0) return false;
  for (size_t i = 0; i < text->key_count; i++)
    if (text->key_nulls[i]) return false;
  return true;
}

static void print_rows(size_t width, DriverBuffer *sql) {
  buffer_text(sql, "ROWS FROM (");
  for (size_t i = 1; i <= width; i++)
    buffer_format(sql, "%spg_catalog.unnest((SELECT $%zu))", i > 1 ? ", " : "", i);
  buffer_text(sql, ") WITH ORDINALITY AS v(");
  for (size_t i = 1; i <= width; i++)
    buffer_format(sql, "c%zu, ", i);
  buffer_text(sql, "n)");
}

/* name = v.c1 … from the given number on */
static void print_pairs(PushPrinter *printer, const char *before, const char *const *names,
                        size_t count, const char *between, size_t number) {
  for (size_t i = 0; i < count; i++) {
    buffer_text(printer->sql, i ? between : "");
    buffer_text(printer->sql, before);
    push_name(printer, names[i]);
    buffer_format(printer->sql, " = v.c%zu", number + i);
  }
}

void write_together_print(const WriteText *text, DriverBuffer *sql) {
  PushPrinter printer = {.dialect = text->dialect, .sql = sql};
  bool update = text->kind == WRITE_UPDATE;
  buffer_format(sql, "WITH done AS (%s", update ? "UPDATE " : "DELETE FROM ");
  buffer_text(sql, text->target);
  buffer_text(sql, update ? " AS t SET " : " AS t USING ");
  if (update) {
    print_pairs(&printer, "", text->columns, text->column_count, ", ", 1);
    buffer_text(sql, " FROM ");
  }
  print_rows(text->column_count + text->key_count, sql);
  buffer_text(sql, " WHERE ");
  print_pairs(&printer, "t.", text->keys, text->key_count, " AND ", text->column_count + 1);
  buffer_text(sql,
              " RETURNING v.n) SELECT pg_catalog.count(*), pg_catalog.count(DISTINCT n) FROM done");
}
