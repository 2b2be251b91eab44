/*
** replay.c: a main for a fuzz target without a fuzzer: runs it on each file given. A corpus is kept
** green this way wherever there is only a C compiler.
*/
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) return 1;
  long size = ftell(file);
  rewind(file);
  uint8_t *data =
      malloc(size > 0 ? (size_t)size : 1); /* exact, so that a sanitizer sees overruns */
  int failed = !data || size < 0 || fread(data, 1, (size_t)size, file) != (size_t)size;
  if (!failed) LLVMFuzzerTestOneInput(data, (size_t)size);
  free(data);
  fclose(file);
  return failed;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (replay(argv[i])) {
      fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
  }
  printf("%d passed, 0 failed\n", argc - 1);
  return 0;
}
