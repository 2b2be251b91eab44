/*
** fuzz.h: what the fuzz targets share: a Connector that has nothing but a host, and REQUIRE, which
** stops the fuzzer with the input at hand.
*/
#ifndef CONNECTOR_FUZZ_H
#define CONNECTOR_FUZZ_H

#include "connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

__attribute__((unused, noreturn)) static void fuzz_fail(const char *file, int line,
                                                        const char *what) {
  fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
  abort();
}

__attribute__((unused)) static void *fuzz_allocate(size_t size) {
  return sqlite3_malloc64(size);
}

__attribute__((unused)) static void *fuzz_reallocate(void *memory, size_t size) {
  return sqlite3_realloc64(memory, size);
}

__attribute__((unused)) static void fuzz_release(void *memory) {
  sqlite3_free(memory);
}

__attribute__((unused)) static Connector fuzz_connector = {
    .host = {.size = sizeof(DriverHost),
             .abi = DRIVER_ABI,
             .allocate = fuzz_allocate,
             .reallocate = fuzz_reallocate,
             .release = fuzz_release},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
