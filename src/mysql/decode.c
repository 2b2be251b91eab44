/*
** decode.c: from a fetched column to a Value. Only the columns that are asked for are decoded.
**
** Dates and times are the text that the server prints: a zero or partial date stays what it is, a
** TIME keeps hours above 24. TIMESTAMP is in UTC, as the session's time zone is, and has no
** "+00:00": MariaDB does not take one back. A geometry is WKB; the four bytes of SRID that MySQL
** puts before it are left out.
*/
#include "my.h"
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static void set_integer(Value *value, int64_t integer) {
  value->type = VALUE_INTEGER;
  value->integer = integer;
}

static void set_text(Value *value, const char *data, size_t size) {
  value->type = VALUE_TEXT;
  value->bytes.data = data;
  value->bytes.size = size;
}

static void set_unsigned(MyColumn *column, uint64_t number, Value *value) {
  if (number <= INT64_MAX) {
    set_integer(value, (int64_t)number);
  } else {
    int length = snprintf(column->text, sizeof column->text, "%llu", (unsigned long long)number);
    set_text(value, column->text, (size_t)length);
  }
}

/* Big-endian bytes, as a BIT comes in both protocols. */
static void set_bits(const MyColumn *column, const char *data, size_t size, Value *value) {
  if (column->precision > 63 || size > 8) {
    value->type = VALUE_BLOB;
    value->bytes.data = data;
    value->bytes.size = size;
    return;
  }
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++)
    bits = bits << 8 | (unsigned char)data[i];
  set_integer(value, (int64_t)bits);
}

/* ---- dates and times ---- */

static char *fraction(char *at, unsigned long microseconds, int decimals) {
  int width = decimals > 6 ? (microseconds != 0 ? 6 : 0) : decimals;
  if (width <= 0) return at;
  *at++ = '.';
  char all[6];
  digits_print(all, (unsigned int)microseconds, 6);
  memcpy(at, all, (size_t)width);
  return at + width;
}

static char *clock_text(char *at, const MYSQL_TIME *time, int decimals) {
  at = digits_print(at, time->hour, 2);
  *at++ = ':';
  at = digits_print(at, time->minute, 2);
  *at++ = ':';
  at = digits_print(at, time->second, 2);
  return fraction(at, time->second_part, decimals);
}

static size_t date_text(MyColumn *column, bool with_time) {
  const MYSQL_TIME *time = &column->fixed.time;
  char *at = digits_print(column->text, time->year, 4);
  *at++ = '-';
  at = digits_print(at, time->month, 2);
  *at++ = '-';
  at = digits_print(at, time->day, 2);
  if (with_time) {
    *at++ = ' ';
    at = clock_text(at, time, column->decimals);
  }
  return (size_t)(at - column->text);
}

/* Days and hours come apart; MySQL shows them as hours, up to 838. */
static size_t time_text(MyColumn *column) {
  MYSQL_TIME time = column->fixed.time;
  char *at = column->text;
  unsigned int hours = time.day * 24 + time.hour;
  if (time.neg) *at++ = '-';
  if (hours > 99) at = digits_print(at, hours / 100 % 10, 1);
  time.hour = hours % 100;
  at = clock_text(at, &time, column->decimals);
  return (size_t)(at - column->text);
}

/* Days since 1970-01-01 by the Gregorian calendar (counting years from March). */
static int64_t days_since_epoch(int64_t year, unsigned int month, unsigned int day) {
  year -= month <= 2;
  int64_t era = year / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

/* False for zero and partial dates, which are no point in time. */
static bool set_unix(const MYSQL_TIME *time, Value *value) {
  if (time->month == 0 || time->day == 0) return false;
  int64_t seconds = days_since_epoch(time->year, time->month, time->day) * 86400 +
                    (int64_t)time->hour * 3600 + (int64_t)time->minute * 60 + time->second;
  if (time->second_part == 0) {
    set_integer(value, seconds);
  } else {
    value->type = VALUE_REAL;
    value->real = (double)(seconds * 1000000 + (int64_t)time->second_part) / 1e6;
  }
  return true;
}

static void set_moment(const MyConnection *connection, MyColumn *column, Value *value) {
  if (column->kind == KIND_DATETIME && connection->unix_time &&
      set_unix(&column->fixed.time, value)) {
    return;
  }
  size_t size = column->kind == KIND_TIME ? time_text(column)
                                          : date_text(column, column->kind == KIND_DATETIME);
  set_text(value, column->text, size);
}

/* ---- bytes ---- */

static void set_bytes(const MyConnection *connection, MyColumn *column, const char *data,
                      size_t size, Value *value) {
  switch (column->kind) {
  case KIND_DECIMAL:
    decimal_value(data, size, column->precision, connection->numeric, value);
    break;
  case KIND_BIT: set_bits(column, data, size, value); break;
  case KIND_GEOMETRY:
    value->type = VALUE_BLOB;
    value->bytes.data = size >= 4 ? data + 4 : data;
    value->bytes.size = size >= 4 ? size - 4 : size;
    break;
  case KIND_BLOB:
    value->type = VALUE_BLOB;
    value->bytes.data = data;
    value->bytes.size = size;
    break;
  default:
    set_text(value, data, size);
    value->json = column->kind == KIND_JSON;
    break;
  }
}

#define VALUE_MOST 1000000000 /* bytes; SQLite's own limit. A lying server announces more */

/* The whole of a value that was longer than its buffer; the row is still in the
** library's memory. */
static DriverStatus fetch_whole(MyStatement *statement, size_t index, DriverError *error) {
  MyConnection *connection = my_of(statement);
  const DriverHost *host = connection->base.host;
  MyColumn *column = &statement->current[index];
  if (column->whole_row == statement->rows) return DRIVER_OK;
  if (column->got > VALUE_MOST) {
    return driver_error_set(error, FAILURE_UNFIT, "54000",
                            "column \"%s\": a value of %lu bytes is longer than SQLite can hold",
                            statement->columns.list[index].name, column->got);
  }
  if (column->whole_size < column->got) {
    host->release(column->whole);
    column->whole_size = 0;
    column->whole = host->allocate(column->got);
    if (column->whole == NULL) return driver_error_memory(error);
    column->whole_size = column->got;
  }
  unsigned long length = 0;
  MyBool is_null = 0, cut = 0;
  MYSQL_BIND bind;
  memset(&bind, 0, sizeof bind);
  bind.buffer_type = statement->columns.binds[index].buffer_type;
  bind.buffer = column->whole;
  bind.buffer_length = column->got;
  bind.length = &length;
  bind.is_null = &is_null;
  bind.error = &cut;
  if (mysql_stmt_fetch_column(statement->handle, &bind, (unsigned int)index, 0) != 0) {
    return my_error(connection, statement->handle, error);
  }
  column->whole_row = statement->rows;
  column->enlarge = my_column_room(column->got);
  if (column->enlarge != 0) statement->grow = true;
  return DRIVER_OK;
}

static DriverStatus decode_binary(MyStatement *statement, size_t index, Value *value,
                                  DriverError *error) {
  MyConnection *connection = my_of(statement);
  MyColumn *column = &statement->current[index];
  if (column->is_null) return DRIVER_OK;
  switch (column->kind) {
  case KIND_NULL: break;
  case KIND_TINY:
    set_integer(value, column->is_unsigned ? (uint8_t)column->fixed.tiny : column->fixed.tiny);
    break;
  case KIND_SHORT:
    set_integer(value, column->is_unsigned ? (uint16_t)column->fixed.small : column->fixed.small);
    break;
  case KIND_LONG:
    set_integer(value, column->is_unsigned ? (int64_t)(uint32_t)column->fixed.middle
                                           : column->fixed.middle);
    break;
  case KIND_LONGLONG:
    if (column->is_unsigned) {
      set_unsigned(column, (uint64_t)column->fixed.big, value);
    } else {
      set_integer(value, column->fixed.big);
    }
    break;
  case KIND_FLOAT:
    value->type = VALUE_REAL;
    value->real = (double)column->fixed.single;
    break;
  case KIND_DOUBLE:
    value->type = VALUE_REAL;
    value->real = column->fixed.real;
    break;
  case KIND_DATE:
  case KIND_DATETIME:
  case KIND_TIME: set_moment(connection, column, value); break;
  default: {
    const char *data = column->bytes;
    if (column->got > column->capacity) {
      if (fetch_whole(statement, index, error) == DRIVER_FAILED) return DRIVER_FAILED;
      data = column->whole;
    }
    set_bytes(connection, column, data, column->got, value);
    break;
  }
  }
  return DRIVER_OK;
}

/* ---- the text protocol: the same values from the server's printing ---- */

static bool read_moment(const char *text, MYSQL_TIME *time) {
  unsigned int part[6] = {0};
  char rest[8] = "";
  int count = sscanf(text, "%4u-%2u-%2u %2u:%2u:%2u.%6[0-9]", &part[0], &part[1], &part[2],
                     &part[3], &part[4], &part[5], rest);
  if (count < 6) return false;
  memset(time, 0, sizeof *time);
  time->year = part[0];
  time->month = part[1];
  time->day = part[2];
  time->hour = part[3];
  time->minute = part[4];
  time->second = part[5];
  char all[7] = "000000";
  memcpy(all, rest, strlen(rest));
  time->second_part = strtoul(all, NULL, 10);
  return true;
}

static void decode_text(MyConnection *connection, MyColumn *column, const char *data, size_t size,
                        Value *value) {
  /* The library ends every field with a NUL byte, so numbers can be read in place. */
  switch (column->kind) {
  case KIND_NULL: break;
  case KIND_TINY:
  case KIND_SHORT:
  case KIND_LONG: set_integer(value, strtoll(data, NULL, 10)); break;
  case KIND_LONGLONG:
    if (column->is_unsigned) {
      set_unsigned(column, strtoull(data, NULL, 10), value);
    } else {
      set_integer(value, strtoll(data, NULL, 10));
    }
    break;
  case KIND_FLOAT:
  case KIND_DOUBLE:
    value->type = VALUE_REAL;
    value->real = column->kind == KIND_FLOAT ? (double)strtof(data, NULL) : strtod(data, NULL);
    break;
  case KIND_DATE:
  case KIND_TIME: set_text(value, data, size); break;
  case KIND_DATETIME:
    if (!connection->unix_time || !read_moment(data, &column->fixed.time) ||
        !set_unix(&column->fixed.time, value)) {
      set_text(value, data, size);
    }
    break;
  default: set_bytes(connection, column, data, size, value); break;
  }
}

DriverStatus my_value(DriverStatement *base, size_t index, Value *value, DriverError *error) {
  MyStatement *statement = (MyStatement *)base;
  memset(value, 0, sizeof *value);
  if (index >= statement->columns.count) {
    return driver_error_set(error, FAILURE_REFUSED, NULL, "the result has no column %zu",
                            index + 1);
  }
  if (statement->handle != NULL) return decode_binary(statement, index, value, error);
  if (statement->row == NULL || statement->row[index] == NULL) return DRIVER_OK;
  decode_text(my_of(statement), &statement->columns.list[index], statement->row[index],
              statement->lengths[index], value);
  return DRIVER_OK;
}
