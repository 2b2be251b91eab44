/*
** old_host.c: loads connector.so into a host that says it is SQLite 3.37: of its API table only the three
** entries that are needed to say so are there, so that a touch of any other crashes.
*/
#include <dlfcn.h>
#include <sqlite3ext.h>
#include <stdio.h>

static const char *old_version(void) {
  return "3.37.2";
}

static int old_number(void) {
  return 3037002;
}

int main(int argc, char **argv) {
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!library) return printf("%s\n", dlerror()), 2;
  int (*init)(sqlite3 *, char **, const sqlite3_api_routines *) =
      (int (*)(sqlite3 *, char **, const sqlite3_api_routines *))dlsym(library,
                                                                       "sqlite3_connector_init");
  sqlite3_api_routines api = {
      .libversion = old_version, .libversion_number = old_number, .mprintf = (sqlite3_mprintf)};
  char *message = NULL;
  int code = init(NULL, &message, &api);
  printf("%d %s\n", code, message);
  (sqlite3_free)(message);
  return 0;
}
