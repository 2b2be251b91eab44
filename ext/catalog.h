/*
** catalog.h: the one table that describes every function, aggregate and table of the extension.
** Registration, connector_help and the "usage: …" error are made from it.
**
** A source file that implements some of them exports an array of entries that ends with {0}, and
** catalog.c lists that array. Functions are registered with any number of arguments, so that a wrong
** count gets our usage line and not SQLite's "wrong number of arguments", and are DIRECTONLY: no view
** or trigger of a foreign database file can call them. One common entry checks the count, asks
** guard.c, and then calls the implementation.
*/
#ifndef CONNECTOR_CATALOG_H
#define CONNECTOR_CATALOG_H

#include "../src/connector.h"
#include "guard.h"
#include "list_table.h"

typedef enum CatalogKind {
  CATALOG_FUNCTION,
  CATALOG_AGGREGATE,
  CATALOG_TABLE, /* eponymous: SELECT … FROM name(arguments) */
  CATALOG_MODULE /* for CREATE VIRTUAL TABLE … USING name(…) */
} CatalogKind;

#define CATALOG_ANY (-1) /* as `most`: no limit but SQLite's own */

typedef void (*CatalogFunction)(Connector *connector, sqlite3_context *context, int argc,
                                sqlite3_value **argv);

typedef struct CatalogEntry {
  const char *name;
  CatalogKind kind;
  const char *topic;   /* heading in connector_help: "blocks", "execute", "fetch", "watch" … */
  const char *usage;   /* "connector_save(name, definition [, options])" */
  int least, most;     /* argument counts allowed */
  const char *meaning; /* one line */
  const char *example; /* one SQL statement, or NULL */
  /* exactly one of these groups */
  CatalogFunction function;                                       /* FUNCTION; AGGREGATE: step */
  void (*finish)(Connector *connector, sqlite3_context *context); /* AGGREGATE */
  const ListTable *list;                                          /* TABLE: made by list_table.c */
  const sqlite3_module *module;                                   /* TABLE of its own, MODULE */
} CatalogEntry;

/* What SQLite hands back as user data of each function and module (pAux). For a module it lives as long
** as the module does, which is longer than its tables. */
typedef struct CatalogBinding {
  Connector *connector;
  const CatalogEntry *entry;
  GuardMemo guard;
} CatalogBinding;

/* Entry number `index` over all files; NULL after the last. */
const CatalogEntry *catalog_at(size_t index);
/* Registers everything with the connection; each registration holds a reference to the connector. */
int catalog_register(Connector *connector, Error *error);
/* A CatalogBinding for a registration made elsewhere, and the xDestroy that frees it. */
CatalogBinding *catalog_bind(Connector *connector, const CatalogEntry *entry);
void catalog_unbind(void *binding);

/* "usage: connector_save(…)" as SQLITE_ERROR. */
int catalog_usage(const CatalogEntry *entry, Error *error);

/* The one way a function reports a failure: message and code become the function's result, and the
** Error moves to connector->last_error. */
void report_error(Connector *connector, sqlite3_context *context, Error *error);
/* The same for a virtual table: sets table->zErrMsg; returns the code. */
int report_table_error(Connector *connector, sqlite3_vtab *table, Error *error);

#endif
