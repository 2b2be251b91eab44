/*
** result_class.c: what a driver says of the columns of a result, which SQL shows only in part: a driver's shared
** object by itself, one line `name remote_type|sqlite_type|class_name` for each column.
**
**     result_class DRIVER.so ENTRY HOST PORT USER PASSWORD DATABASE SQL [key=value]
*/
#include "driver.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool never(void *context) {
  (void)context;
  return false;
}

static void quiet(void *context, const char *message) {
  (void)context, (void)message;
}

int main(int argc, char **argv) {
  if (argc < 9) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  DriverEntry entry;
  *(void **)&entry = dlsym(library, argv[2]);
  const Driver *driver = entry(DRIVER_ABI);
  DriverHost host = {.size = sizeof host,
                     .abi = DRIVER_ABI,
                     .allocate = malloc,
                     .reallocate = realloc,
                     .release = free,
                     .log = quiet,
                     .interrupted = never};
  DriverAddress address = {argv[3], atoi(argv[4])};
  DriverTarget target = {.block = "x",
                         .application_name = "test",
                         .addresses = &address,
                         .address_count = 1,
                         .database = argv[7],
                         .username = argv[5],
                         .password = *argv[6] ? argv[6] : NULL,
                         .tls = TLS_OFF};
  const char *option = argc > 9 ? argv[9] : "";
  if (!strncmp(option, "numeric=", 8)) target.numeric = option + 8;
  if (!strncmp(option, "timestamp=", 10)) target.timestamp = option + 10;
  DriverConnection *connection;
  DriverStatement *statement;
  DriverError error;
  if (driver->connect(&target, &host, 0, &connection, &error) != DRIVER_OK ||
      driver->prepare(connection, argv[8], strlen(argv[8]), &statement, &error) != DRIVER_OK)
    return fprintf(stderr, "%s\n", error.message), 1;
  for (size_t i = 0; i < driver->column_count(statement); i++) {
    DriverColumn column;
    driver->column(statement, i, &column);
    printf("%s %s|%s|%s\n", column.name, column.remote_type, column.sqlite_type, column.class_name);
  }
  driver->finish(statement);
  driver->close(connection);
  return 0;
}
