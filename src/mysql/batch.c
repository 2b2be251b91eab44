/*
** batch.c: one statement for many rows.
*/
#include "my.h"

DriverStatus my_execute_batch(DriverStatement *base, DriverRowSource *source, int64_t *affected,
                              DriverError *error) {
  int64_t total = 0;
  for (int64_t row = 1;; row++) {
    const Value *values;
    size_t count;
    DriverStatus status = source->take(source, &values, &count, error);
    if (status == DRIVER_DONE) break;
    if (status == DRIVER_FAILED) return DRIVER_FAILED;
    status = my_execute(base, values, count, NULL, error);
    while (status == DRIVER_OK || status == DRIVER_ROW) status = my_next(base, error);
    if (status == DRIVER_FAILED) {
      error->row = row;
      return DRIVER_FAILED;
    }
    total += my_affected(base);
  }
  if (affected != NULL) *affected = total;
  return DRIVER_OK;
}
