/*
** static_drivers.c: drivers that are linked into the program (sqlite_connector.h). The references are weak:
** in the loadable extension, and in a program without that driver, they are NULL.
*/
#include "sqlite_connector.h"
#include "../src/registry.h"

extern const Driver *connector_driver_postgresql(int abi) __attribute__((weak));
extern const Driver *connector_driver_mysql(int abi) __attribute__((weak));

static int register_entry(DriverEntry entry) {
  return entry ? driver_register(entry(DRIVER_ABI)) : SQLITE_NOTFOUND;
}

int connector_register_postgresql(void) {
  return register_entry(connector_driver_postgresql);
}

int connector_register_mysql(void) {
  return register_entry(connector_driver_mysql);
}
