/*
** link_query.c: see link_query.h.
*/
#include "link_query.h"
#include <string.h>

static DriverStatus visit_row(const Driver *driver, DriverStatement *statement, size_t column,
                              LinkVisit visit, void *context, bool *more, DriverError *failure) {
  Value value = {.type = VALUE_NULL};
  DriverStatus status = driver->value(statement, column, &value, failure);
  if (status != DRIVER_OK) return status;
  if (value.type != VALUE_TEXT && value.type != VALUE_BLOB) {
    *more = visit(context, NULL);
    return DRIVER_OK;
  }
  char *text = sqlite3_mprintf("%.*s", (int)value.bytes.size, value.bytes.data);
  if (!text) {
    failure->failure = FAILURE_MEMORY;
    return DRIVER_FAILED;
  }
  *more = visit(context, text);
  sqlite3_free(text);
  return DRIVER_OK;
}

DriverStatus link_query(Link *link, const char *sql, size_t column, LinkVisit visit, void *context,
                        DriverError *failure) {
  const Driver *driver = link->remote->driver;
  DriverStatement *statement;
  bool more = true;
  DriverStatus status = driver->prepare(link->connection, sql, strlen(sql), &statement, failure);
  if (status != DRIVER_OK) return status;
  status = driver->execute(statement, NULL, 0, NULL, failure);
  while (status == DRIVER_OK && more) {
    status = driver->next(statement, failure);
    if (status != DRIVER_ROW) break;
    status = visit_row(driver, statement, column, visit, context, &more, failure);
  }
  driver->finish(statement);
  return status == DRIVER_DONE ? DRIVER_OK : status;
}

typedef struct TextRoom {
  char *text;
  size_t size;
} TextRoom;

static bool take_text(void *context, const char *text) {
  const TextRoom *room = context;
  if (text) sqlite3_snprintf((int)room->size, room->text, "%s", text);
  return false;
}

DriverStatus link_query_text(Link *link, const char *sql, char *text, size_t size,
                             DriverError *failure) {
  TextRoom room = {text, size};
  *text = 0;
  return link_query(link, sql, 0, take_text, &room, failure);
}
