/*
** registry.h: finds a driver by name and loads its shared object at first use. The registry is the only
** process-wide state (guarded by a mutex; entries are added and never removed).
*/
#ifndef CONNECTOR_REGISTRY_H
#define CONNECTOR_REGISTRY_H

#include "connector.h"

/* One accepted driver name. */
typedef struct DriverName {
  const char *name;    /* "postgresql+psycopg2" */
  const char *backend; /* "sqlite", "postgresql", "mysql", "odbc" */
  const char *dialect; /* part before '+', as in a URL: "postgresql" */
} DriverName;

extern const DriverName driver_names[];
extern const size_t driver_name_count;

/* NULL when unknown. Case-sensitive. */
const DriverName *driver_name_find(const char *name);

/* The driver of a backend, loaded at first use from connector->library_path. The error names the file,
** what the loader said, and the Debian package that brings the client library; an ABI mismatch names
** both files. */
int driver_load(Connector *connector, const char *backend, const Driver **driver, Error *error);
/* Linked-in drivers: connector_register_<driver>() calls this. */
int driver_register(const Driver *driver);

#endif
