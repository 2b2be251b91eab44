/*
** registry.c: which driver a name means, and loading it.
**
** A driver's shared object lies beside connector.so and is opened when a block that needs it is
** first used, so `.load` asks for no client library. It is never closed again: client libraries
** leave threads, TLS keys and exit handlers behind. The table below is the only process-wide state;
** a driver in it never changes, so a pointer from it needs no lock.
*/
#include "registry.h"
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define DRIVERS_MOST 16

/* ---------------------------------------------------------------- names */

#define SQLITE(name)                                                                               \
  { name, "sqlite", "sqlite" }
#define POSTGRESQL(name)                                                                           \
  { name, "postgresql", "postgresql" }
#define MYSQL(name)                                                                                \
  { name, "mysql", "mysql" }
#define MARIADB(name)                                                                              \
  { name, "mysql", "mariadb" }
#define ORACLE(name)                                                                               \
  { name, "odbc", "oracle" }
#define MSSQL(name)                                                                                \
  { name, "odbc", "mssql" }

const DriverName driver_names[] = {
    SQLITE("sqlite"),
    SQLITE("sqlite+pysqlite"),
    SQLITE("sqlite+aiosqlite"),
    SQLITE("sqlite+pysqlcipher"),
    POSTGRESQL("postgresql"),
    {"postgres", "postgresql", "postgres"},
    POSTGRESQL("postgresql+psycopg2"),
    POSTGRESQL("postgresql+psycopg"),
    POSTGRESQL("postgresql+pg8000"),
    POSTGRESQL("postgresql+psycopg2cffi"),
    POSTGRESQL("postgresql+pypostgresql"),
    POSTGRESQL("postgresql+pygresql"),
    POSTGRESQL("postgresql+asyncpg"),
    MYSQL("mysql"),
    MYSQL("mysql+mysqldb"),
    MYSQL("mysql+pymysql"),
    MYSQL("mysql+mysqlconnector"),
    MYSQL("mysql+cymysql"),
    MYSQL("mysql+oursql"),
    MYSQL("mysql+pyodbc"),
    MYSQL("mysql+asyncmy"),
    MYSQL("mysql+aiomysql"),
    MARIADB("mariadb"),
    MARIADB("mariadb+mariadbconnector"),
    MARIADB("mariadb+mysqldb"),
    MARIADB("mariadb+pymysql"),
    MARIADB("mariadb+mysqlconnector"),
    MARIADB("mariadb+cymysql"),
    MARIADB("mariadb+pyodbc"),
    MARIADB("mariadb+asyncmy"),
    MARIADB("mariadb+aiomysql"),
    {"odbc", "odbc", "odbc"},
    ORACLE("oracle"),
    ORACLE("oracle+cx_oracle"),
    ORACLE("oracle+oracledb"),
    ORACLE("oracle+oracledb_async"),
    MSSQL("mssql"),
    MSSQL("mssql+pyodbc"),
    MSSQL("mssql+mxodbc"),
    MSSQL("mssql+pymssql"),
};
const size_t driver_name_count = sizeof(driver_names) / sizeof(driver_names[0]);

const DriverName *driver_name_find(const char *name) {
  for (size_t i = 0; i < driver_name_count; i++) {
    if (strcmp(driver_names[i].name, name) == 0) return &driver_names[i];
  }
  return NULL;
}

/* ---------------------------------------------------------------- loaded drivers */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const Driver *drivers[DRIVERS_MOST];
static size_t driver_count;

/* The built-in driver (src/sqlite). */
const Driver *connector_driver_sqlite(int abi);

/* Both need the mutex. */
static const Driver *table_find(const char *backend) {
  for (size_t i = 0; i < driver_count; i++) {
    if (strcmp(drivers[i]->backend, backend) == 0) return drivers[i];
  }
  return NULL;
}

static int table_add(const Driver *driver) {
  if (table_find(driver->backend) != NULL) return SQLITE_OK;
  if (driver_count == DRIVERS_MOST) return SQLITE_FULL;
  drivers[driver_count++] = driver;
  return SQLITE_OK;
}

static bool driver_fits(const Driver *driver) {
  return driver != NULL && driver->abi == DRIVER_ABI && driver->size == sizeof(Driver);
}

int driver_register(const Driver *driver) {
  if (!driver_fits(driver)) return SQLITE_MISUSE;
  pthread_mutex_lock(&mutex);
  int code = table_add(driver);
  pthread_mutex_unlock(&mutex);
  return code;
}

/* ---------------------------------------------------------------- loading */

/* What each backend needs on Debian: the client library, and what building the driver takes. */
static const struct Package {
  const char *backend, *client, *headers;
} packages[] = {
    {"postgresql", "libpq5", "libpq-dev"},
    {"mysql", "libmariadb3", "libmariadb-dev"},
    {"odbc", "unixodbc", "unixodbc-dev"},
};

static const struct Package *package_find(const char *backend) {
  for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
    if (strcmp(packages[i].backend, backend) == 0) return &packages[i];
  }
  return NULL;
}

static int file_missing(const char *backend, const char *path, Error *error) {
  const struct Package *package = package_find(backend);
  if (strcmp(backend, "odbc") == 0) {
    return error_set(
        error, SQLITE_ERROR,
        "Oracle, SQL Server and other ODBC sources need the odbc driver (%s), which this "
        "version does not have; sqlite, postgresql and mysql are there",
        path);
  }
  return error_set(
      error, SQLITE_ERROR,
      "the %s driver is not there: no file %s; build it (install %s, then make) or copy it "
      "there beside connector.so",
      backend, path, package != NULL ? package->headers : "its client library");
}

static int open_failed(const char *backend, const char *path, Error *error) {
  const struct Package *package = package_find(backend);
  const char *reason = dlerror();
  if (reason == NULL) reason = "unknown reason";
  bool library_missing = strstr(reason, "cannot open shared object file") != NULL ||
                         strstr(reason, "image not found") != NULL ||
                         strstr(reason, "Library not loaded") != NULL;
  if (library_missing && package != NULL) {
    return error_set(
        error, SQLITE_ERROR,
        "cannot load the %s driver %s: %s; install its client library: apt install %s (or "
        "the like of it on this system)",
        backend, path, reason, package->client);
  }
  return error_set(error, SQLITE_ERROR, "cannot load the %s driver %s: %s", backend, path, reason);
}

/* Opens the shared object and asks for its table. */
static int object_open(const char *directory, const char *backend, const char *path,
                       const Driver **driver, Error *error) {
  char symbol[64];
  if (directory != NULL && access(path, F_OK) != 0) return file_missing(backend, path, error);
  void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (object == NULL) return open_failed(backend, path, error);
  sqlite3_snprintf(sizeof(symbol), symbol, "connector_driver_%s", backend);
  void *address = dlsym(object, symbol);
  if (address == NULL) {
    return error_set(error, SQLITE_ERROR, "%s is not a driver of sqlite-connector: it has no %s",
                     path, symbol);
  }
  DriverEntry entry;
  memcpy(&entry, &address, sizeof(entry)); /* ISO C has no cast from data to function */
  const Driver *found = entry(DRIVER_ABI);
  if (!driver_fits(found)) {
    return error_set(
        error, SQLITE_ERROR,
        "%s (driver ABI %d, size %lld) does not fit %s/connector.so (ABI %d, size %lld): "
        "install both from the same version",
        path, found != NULL ? found->abi : 0, (long long)(found != NULL ? found->size : 0),
        directory != NULL ? directory : ".", DRIVER_ABI, (long long)sizeof(Driver));
  }
  *driver = found;
  return SQLITE_OK;
}

static int backend_load(const char *directory, const char *backend, const Driver **driver,
                        Error *error) {
  if (strcmp(backend, "sqlite") == 0) {
    *driver = connector_driver_sqlite(DRIVER_ABI);
    return SQLITE_OK;
  }
  char *path = directory != NULL ? sqlite3_mprintf("%s/connector_%s.so", directory, backend)
                                 : sqlite3_mprintf("connector_%s.so", backend);
  if (path == NULL) return error_memory(error);
  int code = object_open(directory, backend, path, driver, error);
  sqlite3_free(path);
  return code;
}

int driver_load(Connector *connector, const char *backend, const Driver **driver, Error *error) {
  int code = SQLITE_OK;
  /* Held while loading, so that two threads do not load the same driver at once. */
  pthread_mutex_lock(&mutex);
  const Driver *found = table_find(backend);
  if (found == NULL) {
    code = backend_load(connector->library_path, backend, &found, error);
    if (code == SQLITE_OK && table_add(found) != SQLITE_OK) {
      code = error_set(error, SQLITE_ERROR, "too many drivers are loaded");
    }
  }
  pthread_mutex_unlock(&mutex);
  if (code == SQLITE_OK) *driver = found;
  return code;
}
