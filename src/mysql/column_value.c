/*
** column_value.c: what the server takes for a column, where it differs from what a parameter of the value is. The
** server does not tell what type a parameter has; a number beside a DATETIME it would read by its digits.
**
**   seconds since 1970   (timestamp=unix)  the date as a text, the inverse of decode.c
**   WKB                  the server's own form: four bytes of SRID, which decode.c leaves out, and the WKB.
**                        SRID 0 is put there; that form itself goes as it is
*/
#include "my.h"
#include <math.h>
#include <string.h>

#define SECONDS_1970_TO_2000 INT64_C(946684800)
#define FIRST_SECOND INT64_C(-62167219200) /* of the year 0 */
#define LAST_SECOND INT64_C(253402300799)  /* of the year 9999 */
#define SRID_BYTES 4

static void set_bytes(const DriverBuffer *room, ValueType type, Value *value) {
  *value = (Value){.type = type, .bytes = {.data = room->data, .size = room->size}};
}

static const char *moment(Value *value, DriverBuffer *room) {
  static const char wrong[] = "the time is not in the years 0 to 9999";
  const int64_t second = 1000000;
  double seconds = value->type == VALUE_REAL ? value->real : (double)value->integer;
  if (!(seconds >= (double)FIRST_SECOND && seconds < (double)(LAST_SECOND + 1))) return wrong;
  int64_t micro =
      value->type == VALUE_REAL ? (int64_t)llround(seconds * 1e6) : value->integer * second;
  if (micro >= (LAST_SECOND + 1) * second) return wrong; /* rounded up */
  char text[ISO_TIMESTAMP_SIZE];
  int length = iso_timestamp(micro - SECONDS_1970_TO_2000 * second, false, text);
  if (text[length - 1] == 'C') { /* 0001-… BC is in the year 0 */
    memcpy(text, "0000", 4);
    length -= 3;
  }
  buffer_append(room, text, (size_t)length);
  set_bytes(room, VALUE_TEXT, value);
  return NULL;
}

static const char *geometry(Value *value, DriverBuffer *room) {
  static const char no_srid[SRID_BYTES];
  const char *data = value->bytes.data;
  size_t size = value->bytes.size;
  if (value->type != VALUE_BLOB) return "a geometry is expected as WKB, a BLOB";
  if (my_is_wkb(data, size)) {
    buffer_append(room, no_srid, SRID_BYTES);
    buffer_append(room, data, size);
    set_bytes(room, VALUE_BLOB, value);
    return NULL;
  }
  if (size > SRID_BYTES && my_is_wkb(data + SRID_BYTES, size - SRID_BYTES)) return NULL;
  return "the BLOB is not the WKB of a geometry (two dimensions, little-endian)";
}

const char *my_column_value(const char *class_name, bool unix_time, Value *value,
                            DriverBuffer *room) {
  bool is_number = value->type == VALUE_INTEGER || value->type == VALUE_REAL;
  if (value->type == VALUE_NULL) return NULL;
  if (is_number && unix_time && strcmp(class_name, "timestamp") == 0) return moment(value, room);
  if (*class_name == 'g' && strcmp(class_name, "geometry") == 0) return geometry(value, room);
  return NULL;
}
