/*
** statement_text.c: see statement_text.h.
*/
#include "statement_text.h"
#include "word.h"
#include <stddef.h>

bool text_has_word(const char *text, const char *word) {
  for (const char *at = text; *at; at++)
    if ((at == text || !word_letter(at[-1])) && word_is(at, word)) return true;
  return false;
}

bool text_runs(sqlite3 *db, bool (*fits)(const char *text)) {
  sqlite3_stmt *statement = NULL;
  while ((statement = sqlite3_next_stmt(db, statement)) != NULL) {
    const char *text = sqlite3_sql(statement);
    if (sqlite3_stmt_busy(statement) && (!text || fits(text))) return true;
  }
  return false;
}

uint64_t statement_alone(sqlite3 *db) {
  uint64_t number = 0;
  for (sqlite3_stmt *each = sqlite3_next_stmt(db, NULL); each; each = sqlite3_next_stmt(db, each)) {
    if (!sqlite3_stmt_busy(each)) continue;
    if (number) return 0;
    number = (uint64_t)(uintptr_t)each * 1000003u +
             (uint64_t)sqlite3_stmt_status(each, SQLITE_STMTSTATUS_RUN, 0) + 1;
  }
  return number;
}

bool statement_writes(sqlite3 *db) {
  for (sqlite3_stmt *each = sqlite3_next_stmt(db, NULL); each; each = sqlite3_next_stmt(db, each))
    if (sqlite3_stmt_busy(each) && !sqlite3_stmt_readonly(each)) return true;
  return false;
}
