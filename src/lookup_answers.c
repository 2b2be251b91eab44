/*
** lookup_answers.c: answers that are remembered: which arguments of which plan were asked before, and
** where their rows lie in t.
**
** Old answers are not thrown out one by one: when the limit is near, all go. What makes a look-up worth
** remembering, that the same arguments come again and again, fills the store anew soon.
*/
#include "lookup_state.h"
#include <string.h>

#define ANSWERS_KEPT 8 /* an answer may take one part in this many of the limit */
#define KEY_COST 32    /* bytes of a key beside its own */

/* ---------------------------------------------------------------- keys */

static bool key_reserve(Lookup *store, size_t more) {
  if (more <= store->key_capacity - store->key_size) return true;
  size_t capacity = store->key_capacity * 2;
  if (capacity < store->key_size + more) capacity = store->key_size + more;
  char *key = sqlite3_realloc64(store->key, capacity);
  if (key == NULL) return false;
  store->key = key;
  store->key_capacity = capacity;
  return true;
}

static void key_append(Lookup *store, const void *data, size_t size) {
  if (size > 0) memcpy(store->key + store->key_size, data, size);
  store->key_size += size;
}

/* store->key: the plan's number, then for each argument its type and its bits, or its size and bytes. */
static bool key_make(Lookup *store, const LookupPlan *plan, const Value *arguments, size_t count) {
  size_t size = sizeof(plan->number);
  for (size_t i = 0; i < count; i++)
    size += 1 + sizeof(int64_t) + (value_has_bytes(&arguments[i]) ? arguments[i].bytes.size : 0);
  store->key_size = 0;
  if (!key_reserve(store, size)) return false;
  key_append(store, &plan->number, sizeof(plan->number));
  for (size_t i = 0; i < count; i++) {
    const Value *value = &arguments[i];
    char type = (char)(value->type | (value->json ? 0x10 : 0));
    key_append(store, &type, 1);
    if (value->type == VALUE_INTEGER) {
      key_append(store, &value->integer, sizeof(value->integer));
    } else if (value->type == VALUE_REAL) {
      key_append(store, &value->real, sizeof(value->real));
    } else if (value_has_bytes(value)) {
      uint64_t bytes = value->bytes.size;
      key_append(store, &bytes, sizeof(bytes));
      key_append(store, value->bytes.data, value->bytes.size);
    }
  }
  return true;
}

/* ---------------------------------------------------------------- recording */

static int64_t answer_limit(const Lookup *store) {
  return store->limit / ANSWERS_KEPT;
}

int lookup_begin(Lookup *store, LookupPlan *plan, const Value *arguments, size_t count,
                 Error *error) {
  int64_t most = answer_limit(store);
  lookup_settle(store);
  if (store->state == LOOKUP_WHOLE) return SQLITE_OK;
  if (!key_make(store, plan, arguments, count)) return lookup_failed(store, SQLITE_NOMEM, error);
  if ((int64_t)store->key_size + KEY_COST > most) return SQLITE_OK;
  if (store->bytes > store->limit - most) lookup_drop(store);
  int code = lookup_open(store, error);
  if (code != SQLITE_OK) return code;
  store->state = LOOKUP_RECORDING;
  store->answer_bytes = (int64_t)store->key_size + KEY_COST;
  return SQLITE_OK;
}

bool lookup_answer_fits(const Lookup *store, int64_t size) {
  return store->answer_bytes + size <= answer_limit(store);
}

void lookup_answer_row(Lookup *store, int64_t size) {
  store->answer_last = sqlite3_last_insert_rowid(store->db);
  if (store->answer_first == 0) store->answer_first = store->answer_last;
  store->answer_bytes += size;
}

int lookup_answer_end(Lookup *store, Error *error) {
  int code = SQLITE_OK;
  if (store->keep == NULL)
    code = lookup_prepare(store, "INSERT OR REPLACE INTO k VALUES(?1,?2,?3)", &store->keep);
  if (code == SQLITE_OK)
    code = sqlite3_bind_blob64(store->keep, 1, store->key, store->key_size, SQLITE_STATIC);
  if (code == SQLITE_OK) {
    sqlite3_bind_int64(store->keep, 2, store->answer_first);
    sqlite3_bind_int64(store->keep, 3, store->answer_last);
    sqlite3_step(store->keep);
    code = sqlite3_reset(store->keep);
  }
  if (code != SQLITE_OK) return lookup_failed(store, code, error);
  store->bytes += store->answer_bytes;
  store->answer_bytes = store->answer_first = 0;
  store->state = LOOKUP_ANSWERS;
  return SQLITE_OK;
}

/* Takes the rows of the unfinished answer out again. */
void lookup_answer_forget(Lookup *store) {
  int code = SQLITE_OK;
  if (store->answer_first != 0) {
    if (store->forget == NULL)
      code = lookup_prepare(store, "DELETE FROM t WHERE rowid>=?1", &store->forget);
    if (code == SQLITE_OK) {
      sqlite3_bind_int64(store->forget, 1, store->answer_first);
      sqlite3_step(store->forget);
      code = sqlite3_reset(store->forget);
    }
  }
  store->state = LOOKUP_ANSWERS;
  store->answer_first = store->answer_bytes = 0;
  if (code != SQLITE_OK) lookup_drop(store);
}

/* ---------------------------------------------------------------- finding an answer */

static int answer_prepare(Lookup *store) {
  sqlite3_str *sql = sqlite3_str_new(store->db);
  sqlite3_str_appendall(sql, "SELECT ");
  lookup_column_list(store, sql);
  sqlite3_str_appendall(sql, " FROM t WHERE rowid BETWEEN ?1 AND ?2");
  int code = lookup_prepare_built(store, sql, &store->answer);
  if (code == SQLITE_OK)
    code = lookup_prepare(store, "SELECT head, tail FROM k WHERE key=?1", &store->find);
  return code;
}

int lookup_find(Lookup *store, LookupPlan *plan, const Value *arguments, size_t count, bool *found,
                Error *error) {
  *found = false;
  lookup_settle(store);
  if (store->state == LOOKUP_WHOLE || store->bytes == 0) return SQLITE_OK;
  if (!key_make(store, plan, arguments, count)) return lookup_failed(store, SQLITE_NOMEM, error);
  int code = store->find == NULL ? answer_prepare(store) : SQLITE_OK;
  if (code == SQLITE_OK)
    code = sqlite3_bind_blob64(store->find, 1, store->key, store->key_size, SQLITE_STATIC);
  if (code != SQLITE_OK) return lookup_failed(store, code, error);
  bool known = sqlite3_step(store->find) == SQLITE_ROW;
  int64_t first = known ? sqlite3_column_int64(store->find, 0) : 0;
  int64_t last = known ? sqlite3_column_int64(store->find, 1) : 0;
  code = sqlite3_reset(store->find);
  if (code != SQLITE_OK) return lookup_failed(store, code, error);
  if (first != 0) {
    sqlite3_bind_int64(store->answer, 1, first);
    sqlite3_bind_int64(store->answer, 2, last);
    store->reader = store->answer;
  }
  *found = known;
  return SQLITE_OK;
}
