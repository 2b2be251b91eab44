/*
** unit.h: what every C unit test shares: counting checks, a host to allocate with, and the line
** that the harness reads. Included once, by the test's only file.
**
**   int main(void) {
**     CHECK(1 + 1 == 2);
**     return unit_report();
**   }
*/
#ifndef CONNECTOR_UNIT_H
#define CONNECTOR_UNIT_H

#include "connector.h"

#include <stdio.h>
#include <string.h>

static int unit_passed, unit_failed;

static bool unit_check(bool good, const char *file, int line, const char *what) {
  if (good) {
    unit_passed++;
  } else {
    unit_failed++;
    printf("%s:%d: failed: %s\n", file, line, what);
  }
  return good;
}

#define CHECK(condition) unit_check((condition), __FILE__, __LINE__, #condition)

/* Equal texts; shows both when not. NULL is allowed. */
#define CHECK_TEXT(got, wanted) unit_check_text((got), (wanted), __FILE__, __LINE__)

static inline bool unit_check_text(const char *got, const char *wanted, const char *file,
                                   int line) {
  bool good = got && wanted ? strcmp(got, wanted) == 0 : got == wanted;
  if (!unit_check(good, file, line, "texts differ")) {
    printf("  got    <%s>\n  wanted <%s>\n", got ? got : "(null)", wanted ? wanted : "(null)");
  }
  return good;
}

/* Makes the n-th allocation from now fail, once (and never when 0). Both allocators below count. */
static int unit_fail_at;

static inline bool unit_fails(void) {
  return unit_fail_at > 0 && --unit_fail_at == 0;
}

static inline void *unit_allocate(size_t size) {
  return sqlite3_malloc64(size);
}

static inline void *unit_reallocate(void *memory, size_t size) {
  return sqlite3_realloc64(memory, size);
}

static inline void unit_release(void *memory) {
  sqlite3_free(memory);
}

/* A Connector with nothing but a host. */
__attribute__((unused)) static Connector unit_connector = {
    .host = {.size = sizeof(DriverHost),
             .abi = DRIVER_ABI,
             .allocate = unit_allocate,
             .reallocate = unit_reallocate,
             .release = unit_release},
};

/* SQLite's allocator with failures put in; install before anything else. */
static sqlite3_mem_methods unit_memory;

static void *unit_malloc(int size) {
  return unit_fails() ? NULL : unit_memory.xMalloc(size);
}

static void *unit_realloc(void *memory, int size) {
  return unit_fails() ? NULL : unit_memory.xRealloc(memory, size);
}

static inline void unit_start(void) {
  sqlite3_mem_methods failing;
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &unit_memory);
  failing = unit_memory;
  failing.xMalloc = unit_malloc;
  failing.xRealloc = unit_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  sqlite3_initialize();
}

/* Nothing of SQLite's memory may be left; prints the last line; the exit code of main. */
static inline int unit_report(void) {
  CHECK(sqlite3_memory_used() == 0);
  printf("%d passed, %d failed\n", unit_passed, unit_failed);
  return unit_failed != 0;
}

#endif
