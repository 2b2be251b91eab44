/*
** lookup_search.c: which rows of the whole table can satisfy the terms of a search.
**
** The virtual table's query decides in the end; here only no row may be missed. What makes that hard
** is that the query compares `column relation argument` in one of three ways, chosen by the affinity of
** the column and that of the expression the argument came from, which no virtual table is told:
**
**   as is     number with number, text with text by the collation, blob with blob; the kinds in order
**   NUMERIC   as is, after a text on either side that looks like a number became one: '05' = 5
**   TEXT      as is, after a number that meets a text was printed: '5' = 5, '05' <> 5
**
**                             argument came from
**   column                    a literal, ?, expression   a TEXT or BLOB column   a numeric column
**   INTEGER, REAL, NUMERIC    NUMERIC                    NUMERIC                 NUMERIC
**   TEXT                      TEXT                       as is                   NUMERIC
**   BLOB, none                as is                      as is                   NUMERIC
**
** Let N(x) be CAST(x AS NUMERIC): x itself for a number, the number that a text looks like or starts
** with. Values that are equal in one of the ways are the same text by the collation, the same blob, or
** have the same N; or a text of the column is the print of the argument, and then has the N of that
** print. (An argument that is the print of a REAL in the column is left: a TEXT column that holds
** numbers is not searched by.) So an index on c and one on N(c) find all, without regard to the way:
**
**   = and IS      INTEGER         REAL                          like a number    other text     blob
**   numeric       N(c) = ?        N(c) = ?                      N(c) = N(?)      c = ? [own]    c = ?
**   TEXT          N(c) = ? [own]  N(c) IN (?, N(print ?)) [own] N(c)=N(?) [own]  c = ? [own]    c = ?
**   BLOB, none    N(c) = ?        N(c) = ?                      N(c)=N(?) [own]  c = ? [own]    c = ?
**
** The order differs more from way to way, so a range is searched only where all possible ways agree.
** That needs a column in which no text looks like a number ([no digits]):
**
**   < <= > >=     INTEGER, REAL        like a number   other text                 blob
**   numeric       c < ? [no digits]    dropped         c < ? [no digits] [own]    c < ?
**   TEXT          dropped              dropped         c < ? [no digits] [own]    c < ?
**   BLOB, none    c < ? [no digits]    dropped         c < ? [no digits] [own]    c < ?
**
** [own]: two texts may be compared, so the term is dropped if it has not the column's own collation.
** (That texts which it takes for equal have the same N is true of BINARY, NOCASE and RTRIM.)
** With a NULL, = and ranges are true for no row, and IS finds the NULLs.
*/
#include "lookup_state.h"
#include <string.h>

#define VARIANTS 16 /* statements of one plan */

/* ---------------------------------------------------------------- texts like numbers */

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_digits(const char *text, size_t at, size_t size) {
  while (at < size && text[at] >= '0' && text[at] <= '9')
    at++;
  return at;
}

/* True for every text that SQLite's NUMERIC affinity makes a number of (and for no other). */
static bool like_number(const char *text, size_t size) {
  size_t at = 0;
  while (at < size && is_space(text[at]))
    at++;
  if (at < size && (text[at] == '-' || text[at] == '+')) at++;
  size_t start = at;
  at = skip_digits(text, at, size);
  size_t digits = at - start;
  if (at < size && text[at] == '.') {
    start = ++at;
    at = skip_digits(text, at, size);
    digits += at - start;
  }
  if (digits == 0) return false;
  if (at < size && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < size && (text[at] == '-' || text[at] == '+')) at++;
    start = at;
    at = skip_digits(text, at, size);
    if (at == start) return false;
  }
  while (at < size && is_space(text[at]))
    at++;
  return at == size;
}

void lookup_note_values(Lookup *store, const Value *values) {
  for (size_t i = 0; i < store->column_count; i++) {
    KeptColumn *column = &store->columns[i];
    if (values[i].type == VALUE_TEXT) {
      if (!column->digits) column->digits = like_number(values[i].bytes.data, values[i].bytes.size);
    } else if (column->affinity == AFFINITY_TEXT &&
               (values[i].type == VALUE_INTEGER || values[i].type == VALUE_REAL)) {
      column->mixed = true;
    }
  }
}

/* ---------------------------------------------------------------- terms */

/* The tables above. */
static LookupForm term_form(const LookupTerm *term, const KeptColumn *column, const Value *value) {
  if (value->type == VALUE_NULL) return term->relation == LOOKUP_IS ? FORM_NULL : FORM_NEVER;
  if (value->type == VALUE_BLOB) return FORM_PLAIN;
  bool text = value->type == VALUE_TEXT;
  bool number = !text || like_number(value->bytes.data, value->bytes.size);
  bool texts_meet =
      text ? !(number && column->affinity == AFFINITY_NUMBER) : column->affinity == AFFINITY_TEXT;
  if (column->mixed) return FORM_FREE;
  if (texts_meet && !(term->own_collation && column->collation != NULL)) return FORM_FREE;
  if (term->relation == LOOKUP_EQ || term->relation == LOOKUP_IS) {
    if (!number) return FORM_PLAIN;
    bool printed = column->affinity == AFFINITY_TEXT && value->type == VALUE_REAL;
    return printed ? FORM_EITHER : FORM_NUMBER;
  }
  if (column->digits || (text && number)) return FORM_FREE;
  return !text && column->affinity == AFFINITY_TEXT ? FORM_FREE : FORM_PLAIN;
}

static bool is_equality(const LookupTerm *term, LookupForm form) {
  if (form == FORM_NUMBER || form == FORM_EITHER || form == FORM_NULL) return true;
  return form == FORM_PLAIN && (term->relation == LOOKUP_EQ || term->relation == LOOKUP_IS);
}

/* Fills plan->forms; false when no row can be found. */
static bool plan_forms(const Lookup *store, LookupPlan *plan, const Value *arguments,
                       size_t count) {
  for (size_t i = 0; i < plan->term_count; i++) {
    const LookupTerm *term = &plan->terms[i];
    LookupForm form = FORM_FREE;
    if (term->relation == LOOKUP_IS_NULL) {
      form = FORM_NULL;
    } else if (term->relation == LOOKUP_NOT_NULL) {
      form = FORM_NOT_NULL;
    } else if (term->argument < count) {
      form = term_form(term, &store->columns[term->column], &arguments[term->argument]);
    }
    if (form == FORM_NEVER) return false;
    plan->forms[i] = (unsigned char)form;
  }
  return true;
}

/* ---------------------------------------------------------------- indexes */

static bool index_has(const LookupIndex *index, size_t part) {
  for (size_t i = 0; i < index->count; i++) {
    if (index->parts[i] == part) return true;
  }
  return false;
}

static bool index_same(const LookupIndex *a, const LookupIndex *b) {
  for (size_t i = 0; i < a->count; i++) {
    if (!index_has(b, a->parts[i])) return false;
  }
  return a->count == b->count;
}

/* The columns that equalities are on, or the first one with a range. */
static LookupIndex index_wanted(const LookupPlan *plan) {
  LookupIndex index = {0};
  for (int ranges = 0; ranges < 2 && index.count == 0; ranges++) {
    for (size_t i = 0; i < plan->term_count && index.count < LOOKUP_INDEX_PARTS; i++) {
      const LookupTerm *term = &plan->terms[i];
      LookupForm form = plan->forms[i];
      if (ranges ? form != FORM_PLAIN || index.count > 0 : !is_equality(term, form)) continue;
      size_t part = term->column * 2 + (form == FORM_NUMBER || form == FORM_EITHER);
      if (!index_has(&index, part)) index.parts[index.count++] = part;
    }
  }
  return index;
}

/* Without it the search is only slower. */
static int index_make(Lookup *store, const LookupPlan *plan) {
  LookupIndex index = index_wanted(plan);
  if (index.count == 0 || store->index_count == LOOKUP_INDEXES) return SQLITE_OK;
  for (size_t i = 0; i < store->index_count; i++) {
    if (index_same(&store->indexes[i], &index)) return SQLITE_OK;
  }
  sqlite3_str *sql = sqlite3_str_new(store->db);
  sqlite3_str_appendf(sql, "CREATE INDEX i%d ON t(", (int)store->index_count);
  for (size_t i = 0; i < index.count; i++) {
    size_t column = index.parts[i] / 2;
    const char *collation = store->columns[column].collation;
    sqlite3_str_appendf(sql, index.parts[i] % 2 ? "%sCAST(c%d AS NUMERIC)" : "%sc%d COLLATE %s",
                        i > 0 ? ", " : "", (int)column, collation != NULL ? collation : "BINARY");
  }
  sqlite3_str_appendall(sql, ")");
  int code = lookup_execute(store, sql);
  if (code == SQLITE_OK) store->indexes[store->index_count++] = index;
  return code;
}

/* ---------------------------------------------------------------- the statement */

static void term_print(const Lookup *store, const LookupTerm *term, LookupForm form, int parameter,
                       sqlite3_str *sql) {
  static const char *const relations[] = {"=", "=", "<", "<=", ">", ">="};
  const char *collation = store->columns[term->column].collation;
  int column = (int)term->column;
  switch (form) {
  case FORM_FREE:
  case FORM_NEVER: break;
  case FORM_NULL: sqlite3_str_appendf(sql, "c%d IS NULL", column); break;
  case FORM_NOT_NULL: sqlite3_str_appendf(sql, "c%d IS NOT NULL", column); break;
  case FORM_PLAIN:
    sqlite3_str_appendf(sql, "c%d%s?%d COLLATE %s", column, relations[term->relation], parameter,
                        collation != NULL ? collation : "BINARY");
    break;
  case FORM_NUMBER:
    sqlite3_str_appendf(sql, "CAST(c%d AS NUMERIC)=CAST(?%d AS NUMERIC)", column, parameter);
    break;
  case FORM_EITHER:
    sqlite3_str_appendf(
        sql, "CAST(c%d AS NUMERIC) IN (CAST(?%d AS NUMERIC),CAST(CAST(?%d AS TEXT) AS NUMERIC))",
        column, parameter, parameter);
    break;
  }
}

static int variant_prepare(Lookup *store, const LookupPlan *plan, sqlite3_stmt **statement) {
  sqlite3_str *sql = sqlite3_str_new(store->db);
  const char *before = " WHERE ";
  sqlite3_str_appendall(sql, "SELECT ");
  lookup_column_list(store, sql);
  sqlite3_str_appendall(sql, " FROM t");
  for (size_t i = 0; i < plan->term_count; i++) {
    if (plan->forms[i] == FORM_FREE) continue;
    sqlite3_str_appendall(sql, before);
    term_print(store, &plan->terms[i], plan->forms[i], (int)i + 1, sql);
    before = " AND ";
  }
  return lookup_prepare_built(store, sql, statement);
}

/* Frees the one that was used longest ago. */
static void variant_drop_last(LookupPlan *plan) {
  LookupVariant **link = &plan->variants;
  while ((*link)->next != NULL)
    link = &(*link)->next;
  sqlite3_finalize((*link)->statement);
  sqlite3_free(*link);
  *link = NULL;
  plan->variant_count--;
}

/* Makes the variant for plan->forms the plan's first. */
static int variant_get(Lookup *store, LookupPlan *plan) {
  for (LookupVariant **link = &plan->variants; *link != NULL; link = &(*link)->next) {
    LookupVariant *variant = *link;
    if (plan->term_count > 0 && memcmp(variant->forms, plan->forms, plan->term_count) != 0)
      continue;
    *link = variant->next;
    variant->next = plan->variants;
    plan->variants = variant;
    return SQLITE_OK;
  }
  int code = index_make(store, plan);
  if (code != SQLITE_OK) return code;
  if (plan->variant_count == VARIANTS) variant_drop_last(plan);
  LookupVariant *made = sqlite3_malloc64(sizeof(LookupVariant) + plan->term_count);
  if (made == NULL) return SQLITE_NOMEM;
  code = variant_prepare(store, plan, &made->statement);
  if (code != SQLITE_OK) {
    sqlite3_free(made);
    return code;
  }
  if (plan->term_count > 0) memcpy(made->forms, plan->forms, plan->term_count);
  made->next = plan->variants;
  plan->variants = made;
  plan->variant_count++;
  return SQLITE_OK;
}

static int bind_arguments(const LookupPlan *plan, const Value *arguments) {
  sqlite3_stmt *statement = plan->variants->statement;
  int code = SQLITE_OK;
  for (size_t i = 0; i < plan->term_count && code == SQLITE_OK; i++) {
    if (plan->forms[i] < FORM_PLAIN) continue;
    code =
        lookup_bind(statement, (int)i + 1, &arguments[plan->terms[i].argument], SQLITE_TRANSIENT);
  }
  return code;
}

int lookup_search(Lookup *store, LookupPlan *plan, const Value *arguments, size_t count,
                  Error *error) {
  lookup_settle(store);
  if (store->state != LOOKUP_WHOLE)
    return error_set(error, SQLITE_MISUSE, "the rows of the table are not kept");
  if (!plan_forms(store, plan, arguments, count)) return SQLITE_OK;
  int code = variant_get(store, plan);
  if (code == SQLITE_OK) code = bind_arguments(plan, arguments);
  if (code != SQLITE_OK) return lookup_failed(store, code, error);
  store->reader = plan->variants->statement;
  return SQLITE_OK;
}
