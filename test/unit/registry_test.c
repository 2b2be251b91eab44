/*
** registry_test.c: names of drivers, loading their shared objects, and what is said when that
** fails. The shared objects are made here by the C compiler ($CC, else cc). sources: src/registry.c
** src/error.c src/log_mask.c src/driver_*.c
*/
#include "registry.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const Driver builtin = {.size = sizeof(Driver), .abi = DRIVER_ABI, .backend = "sqlite"};

const Driver *connector_driver_sqlite(int abi);

const Driver *connector_driver_sqlite(int abi) {
  CHECK(abi == DRIVER_ABI);
  return &builtin;
}

static Error error;
static char directory[] = "/tmp/registry_test_XXXXXX";

/* Compiles one line of C into <directory>/<name>. */
static void compile(const char *name, const char *code, const char *libraries) {
  char command[2000];
  const char *compiler = getenv("CC");
  snprintf(command, sizeof(command),
           "cd %s && printf '%%s' '%s' >x.c && %s -shared -fPIC -w -o %s x.c %s && rm x.c",
           directory, code, compiler != NULL ? compiler : "cc", name, libraries);
  CHECK(system(command) == 0);
}

static void check_refused(const char *backend, const char *part) {
  const Driver *driver = &builtin;
  CHECK(driver_load(&unit_connector, backend, &driver, &error) == SQLITE_ERROR);
  CHECK(driver == &builtin);
  if (!CHECK(error.message != NULL && strstr(error.message, part) != NULL)) {
    printf("  %s\n", error.message);
  }
}

static void test_names(void) {
  static const char *const accepted[] = {"postgresql+psycopg2",
                                         "postgresql+pg8000",
                                         "postgresql+psycopg2cffi",
                                         "postgresql+pypostgresql",
                                         "postgresql+pygresql",
                                         "mysql+mysqldb",
                                         "mysql+pymysql",
                                         "mysql+mysqlconnector",
                                         "mysql+cymysql",
                                         "mysql+oursql",
                                         "mysql+pyodbc",
                                         "sqlite+pysqlite",
                                         "sqlite+pysqlcipher",
                                         "oracle+cx_oracle",
                                         "oracle+oracledb",
                                         "mssql+pyodbc",
                                         "mssql+mxodbc",
                                         "mssql+pymssql",
                                         "postgresql+asyncpg",
                                         "sqlite+aiosqlite",
                                         "mysql+asyncmy",
                                         "mysql+aiomysql",
                                         "oracle+oracledb_async",
                                         "postgresql",
                                         "postgres",
                                         "mysql",
                                         "mariadb",
                                         "sqlite",
                                         "oracle",
                                         "mssql",
                                         "odbc",
                                         "postgresql+psycopg"};
  for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
    const DriverName *name = driver_name_find(accepted[i]);
    if (!CHECK(name != NULL)) printf("  %s\n", accepted[i]);
  }
  for (size_t i = 0; i < driver_name_count; i++) {
    size_t dialect = strlen(driver_names[i].dialect);
    CHECK(strncmp(driver_names[i].name, driver_names[i].dialect, dialect) == 0);
    CHECK(strchr("+", driver_names[i].name[dialect]) != NULL);
    CHECK(driver_name_find(driver_names[i].name) == &driver_names[i]); /* none is there twice */
  }
  CHECK_TEXT(driver_name_find("mariadb+pymysql")->backend, "mysql");
  CHECK_TEXT(driver_name_find("oracle+oracledb")->backend, "odbc");
  CHECK(driver_name_find("SQLite") == NULL && driver_name_find("") == NULL);
}

static void test_failures(void) {
  char bad[400];
  check_refused("postgresql", "no file ");
  CHECK(strstr(error.message, "/connector_postgresql.so") != NULL);
  CHECK(strstr(error.message, "libpq-dev") != NULL);
  check_refused("odbc", "need the odbc driver");
  check_refused("absent", "no file ");
  snprintf(bad, sizeof(bad), "%s/connector_mysql.so", directory);
  FILE *file = fopen(bad, "w");
  fputs("this is no library", file);
  fclose(file);
  check_refused("mysql", "cannot load");
  CHECK(strstr(error.message, "libmariadb3") == NULL); /* that is not what is missing */
  unlink(bad);
  /* the client library is missing */
  compile("libclient.so.9", "int client(void) { return 1; }", "-Wl,-soname,libclient.so.9");
  compile("connector_mysql.so", "int client(void); int use(void) { return client(); }",
          "./libclient.so.9");
  snprintf(bad, sizeof(bad), "%s/libclient.so.9", directory);
  unlink(bad);
  check_refused("mysql", "libclient.so.9: cannot open shared object file");
  CHECK(strstr(error.message, "apt install libmariadb3") != NULL);
  CHECK(strstr(error.message, "/connector_mysql.so") != NULL);
  compile("connector_plain.so", "int x;", "");
  check_refused("plain", "it has no connector_driver_plain");
  compile("connector_old.so",
          "struct { unsigned long size; int abi; const char *backend; } d = {8, 77, \"old\"};"
          "void *connector_driver_old(int abi) { return &d; }",
          "");
  check_refused("old", "driver ABI 77");
  CHECK(strstr(error.message, "/connector_old.so") != NULL);
  CHECK(strstr(error.message, "/connector.so (ABI") != NULL);
  compile("connector_none.so", "void *connector_driver_none(int abi) { return 0; }", "");
  check_refused("none", "does not fit");
}

static void *load(void *context) {
  const Driver **driver = context;
  Error mine = {0};
  if (driver_load(&unit_connector, "good", driver, &mine) != SQLITE_OK) *driver = NULL;
  error_clear(&mine);
  return NULL;
}

static void test_loading(void) {
  char code[600];
  const Driver *driver = NULL, *found[8] = {NULL};
  pthread_t threads[8];
  CHECK(driver_load(&unit_connector, "sqlite", &driver, &error) == SQLITE_OK && driver == &builtin);
  snprintf(code, sizeof(code),
           "struct { unsigned long size; int abi; const char *backend; char rest[1000]; } d = "
           "{%zu, %d, \"good\"}; void *connector_driver_good(int abi) { return &d; }",
           sizeof(Driver), DRIVER_ABI);
  compile("connector_good.so", code, "");
  for (int i = 0; i < 8; i++)
    pthread_create(&threads[i], NULL, load, &found[i]);
  for (int i = 0; i < 8; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < 8; i++)
    CHECK(found[i] != NULL && found[i] == found[0]);
  CHECK_TEXT(found[0]->backend, "good");
  static const Driver wrong = {.size = 1, .abi = DRIVER_ABI, .backend = "wrong"};
  static const Driver linked = {.size = sizeof(Driver), .abi = DRIVER_ABI, .backend = "linked"};
  CHECK(driver_register(&wrong) == SQLITE_MISUSE && driver_register(NULL) == SQLITE_MISUSE);
  CHECK(driver_register(&linked) == SQLITE_OK && driver_register(&linked) == SQLITE_OK);
  CHECK(driver_load(&unit_connector, "linked", &driver, &error) == SQLITE_OK && driver == &linked);
  unit_connector.library_path = NULL; /* linked into a program: the loader's own search */
  check_refused("nowhere", "connector_nowhere.so");
}

int main(void) {
  unit_start();
  if (mkdtemp(directory) == NULL) return 1;
  unit_connector.library_path = directory;
  test_names();
  test_failures();
  test_loading();
  char command[100];
  snprintf(command, sizeof(command), "rm -r %s", directory);
  CHECK(system(command) == 0);
  error_clear(&error);
  return unit_report();
}
