/*
** statement_text.h: what the text of a statement says of it, where SQLite's interface says nothing. Texts
** are only searched for words; a word may as well be one of a comment or a name.
*/
#ifndef CONNECTOR_STATEMENT_TEXT_H
#define CONNECTOR_STATEMENT_TEXT_H

#include "../src/sqlite_api.h"
#include <stdbool.h>
#include <stdint.h>

bool text_has_word(const char *text, const char *word);
/* A number that only this run of the one statement that runs on the connection has; 0 when several run. */
uint64_t statement_alone(sqlite3 *db);
/* Does one that runs change something? */
bool statement_writes(sqlite3 *db);
/* Does the text of a statement that runs on the connection fit? One without text counts as fitting. */
bool text_runs(sqlite3 *db, bool (*fits)(const char *text));

#endif
