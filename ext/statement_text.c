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
