/*
** sqlite_connector.h: for programs that link the extension in instead of loading it.
**
**   connector_register_postgresql();                              drivers first, each that is linked
**   sqlite3_auto_extension((void (*)(void))sqlite3_connector_init);
**
** Link the objects of ext/, src/ and src/sqlite/, and those of src/postgresql/ or src/mysql/ with their
** client library. A driver that is not linked is looked for as a shared object beside the program, as the
** loadable extension does it.
*/
#ifndef SQLITE_CONNECTOR_H
#define SQLITE_CONNECTOR_H

#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sqlite3_api_routines;

/* The entry point: makes everything known to one connection. */
int sqlite3_connector_init(sqlite3 *db, char **message, const struct sqlite3_api_routines *api);

/* Make a linked driver known to the process; twice does no harm. SQLITE_OK, SQLITE_NOTFOUND when the driver
** is not linked into this program, SQLITE_MISUSE when it was built from another version. */
int connector_register_postgresql(void);
int connector_register_mysql(void);

#ifdef __cplusplus
}
#endif

#endif
