/*
** connector.c: the entry point, `.load connector` / sqlite3_load_extension.
**
** Loading registers functions and modules and remembers where the shared object lies; it opens no
** connection, no file and no client library. The library stays loaded for the life of the process
** (unloading it at sqlite3_close would take the drivers' symbols away under running destructors).
**
** Relies on catalog.c (what there is), coordinator.c (joins SQLite's transactions). Where the coordinator
** cannot be made now (a read-only temp, say) the load succeeds and it is made at the first use.
*/
#define CONNECTOR_MAIN
#include "../src/sqlite_api.h"
#include "catalog.h"
#include "coordinator.h"
#include "help.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int sqlite3_connector_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);

/* Our directory, found now because the name the loader knows may be relative. NULL = unknown (linked into
** a program, or out of memory): drivers are then found by the loader's own search. */
static char *library_directory(void) {
  Dl_info info;
  if (!dladdr((void *)sqlite3_connector_init, &info) || !info.dli_fname) return NULL;
  char *path = realpath(info.dli_fname, NULL);
  if (!path) return NULL;
  char *slash = strrchr(path, '/');
  char *directory = slash ? sqlite3_mprintf("%.*s", (int)(slash - path), path) : NULL;
  free(path);
  return directory;
}

/* What a successful start answers. The loader must keep a shared object for good; linked into the program
** there is nothing to keep, and sqlite3_auto_extension takes every code but SQLITE_OK for a failure. */
static int started(void) {
#ifdef __linux__
  Dl_info own, program;
  void *headers = (void *)getauxval(AT_PHDR);
  if (headers && dladdr(headers, &program) && dladdr((void *)sqlite3_connector_init, &own) &&
      own.dli_fbase == program.dli_fbase) {
    return SQLITE_OK;
  }
#endif
  return SQLITE_OK_LOAD_PERMANENTLY;
}

/* SQLITE_OK: not loaded here yet. SQLITE_DONE: this version is. Else another version is: error. */
static int loaded_already(sqlite3 *db, char **message) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(db, "SELECT connector_version()", -1, &statement, NULL) != SQLITE_OK) {
    return SQLITE_OK;
  }
  static const char ours[] = "{\"version\":\"" CONNECTOR_VERSION "\"";
  const char *theirs = NULL;
  if (sqlite3_step(statement) == SQLITE_ROW) {
    theirs = (const char *)sqlite3_column_text(statement, 0);
  }
  int code = SQLITE_DONE;
  if (!theirs || strncmp(theirs, ours, strlen(ours)) != 0) {
    code = SQLITE_ERROR;
    *message =
        sqlite3_mprintf("this connection has another version of sqlite-connector loaded (%.60s); "
                        "this is %s: load one of them",
                        theirs ? theirs : "unknown", CONNECTOR_VERSION);
  }
  sqlite3_finalize(statement);
  return code;
}

static int set_up(sqlite3 *db, Error *error) {
  char *directory = library_directory();
  Connector *connector = NULL;
  int code = connector_new(db, directory, &connector, error);
  sqlite3_free(directory);
  if (code != SQLITE_OK) return code;
  code = catalog_register(connector, error);
  if (code == SQLITE_OK) {
    Error ignored = {0};
    coordinator_install(connector, &ignored);
    error_clear(&ignored);
  }
  connector_release(connector); /* the registrations hold it from here on */
  return code;
}

EXPORTED int sqlite3_connector_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  if (sqlite3_libversion_number() < HOST_NEEDED) {
    *message = sqlite3_mprintf("sqlite-connector %s needs SQLite %s or later; this program has %s",
                               CONNECTOR_VERSION, HOST_NEEDED_TEXT, sqlite3_libversion());
    return SQLITE_ERROR;
  }
  int code = loaded_already(db, message);
  if (code == SQLITE_DONE) return started();
  if (code != SQLITE_OK) return code;
  Error error = {0};
  code = set_up(db, &error);
  if (code == SQLITE_OK) return started();
  *message = error.message ? sqlite3_mprintf("%s", error.message) : NULL;
  error_clear(&error);
  return code;
}
