/*
** json.h: JSON in and out. Read by a small strict reader of our own (json_reader.c says why not
** SQLite's json functions); written value by value.
*/
#ifndef CONNECTOR_JSON_H
#define CONNECTOR_JSON_H

#include "connector.h"
#include "driver_support.h"

typedef enum JsonKind {
  JSON_NULL,
  JSON_TRUE,
  JSON_FALSE,
  JSON_INTEGER,
  JSON_REAL,
  JSON_TEXT,
  JSON_ARRAY,
  JSON_OBJECT
} JsonKind;

/* One member of an object, or element of an array. true/false have value INTEGER 1/0; arrays and
** objects have value TEXT with json set, except {"$base64":"…"}, which is a BLOB of kind JSON_TEXT
** (the base64 must be exact). An integer above 64 bits is its digits as TEXT of kind JSON_TEXT, so
** nothing is lost; a real out of range is an infinity. \u0000 in a text is a NUL byte. All memory
** belongs to the JsonItems. */
typedef struct JsonItem {
  const char *key; /* NUL-terminated member name (refused when it contains NUL); NULL in an array */
  JsonKind kind;
  Value value;
} JsonItem;

typedef struct JsonItems {
  bool is_object;
  size_t count;
  JsonItem *items; /* in the order of the text; duplicate keys are kept */
} JsonItems;

/* Parses an object or array. Invalid JSON, or another kind of value: SQLITE_ERROR with the position
** where it can be told; no piece of the text is in the message. *items is NULL on error; free with
** json_free, which wipes it. Nothing is kept of `text`. */
int json_parse(Connector *connector, const char *text, size_t size, JsonItems **items,
               Error *error);
/* The same for the next level: a value with `json` set. Needs no Connector. */
int json_open(const Value *value, JsonItems **items, Error *error);
void json_free(JsonItems *items);

/* Value → JSON text: NaN and infinities as "NaN", "Infinity", "-Infinity" strings; BLOB as
** {"$base64":"…"}; a value with `json` embedded as it is; integers and reals stay different
** (1 and 1.0). */
void json_value(DriverBuffer *buffer, const Value *value);
/* Canonical form of parameters for the key of a cursor: objects with sorted keys at every level, no
** white space, NULL/empty/null = {}; 1 and 1.0 stay different. *canonical is sqlite3_malloc'ed. */
int json_canonical(Connector *connector, const char *text, size_t size, char **canonical,
                   Error *error);

#endif
