/*
** help.h: the versions that connector_version and the entry point speak of.
*/
#ifndef CONNECTOR_HELP_H
#define CONNECTOR_HELP_H

/* sqlite3_vtab_in and its companions: in earlier hosts their entries of the API table are not there. */
#define HOST_NEEDED 3038000
#define HOST_NEEDED_TEXT "3.38.0"

#endif
