/*
** driver_error.c: fills a DriverError. Every driver's own "client error to DriverError" function
** ends in driver_error_set, so no unclean text can come from anywhere else.
*/
#include "driver_support.h"
#include <stdio.h>
#include <string.h>

DriverStatus driver_error_set(DriverError *error, DriverFailure failure, const char *sqlstate,
                              const char *format, ...) {
  /* Larger than the field, because control characters are dropped when it is copied. */
  char text[2 * sizeof(error->message)];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (length < 0) text[length = 0] = 0;
  if ((size_t)length >= sizeof(text)) {
    length = (int)sizeof(text) - 1;
    /* What vsnprintf cut inside a character would become a replacement character. */
    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
      length--;
    if (length > 0 && ((unsigned char)text[length - 1] & 0x80) != 0) length--;
  }
  char state[sizeof(error->sqlstate)] = "";
  if (sqlstate != NULL && strlen(sqlstate) == 5) driver_text(state, sizeof(state), sqlstate, 5);
  memset(error, 0, sizeof(*error));
  error->failure = failure;
  memcpy(error->sqlstate, state, sizeof(state));
  driver_text(error->message, sizeof(error->message), text, (size_t)length);
  return DRIVER_FAILED;
}

DriverStatus driver_error_memory(DriverError *error) {
  return driver_error_set(error, FAILURE_MEMORY, "53200", "out of memory");
}

DriverStatus driver_missed(DriverError *error, int64_t rows) {
  if (rows == 0)
    return driver_error_set(error, FAILURE_REMOTE, "02000",
                            "the row is not there: somebody else changed or deleted it");
  return driver_error_set(error, FAILURE_REMOTE, "21000",
                          "%lld rows have this key, which was to be that of one", (long long)rows);
}
