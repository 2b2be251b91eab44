/*
** push.c: how MySQL and MariaDB compare values so that the result is SQLite's.
**
** Most collations take letters of both cases, or trailing spaces, for the same: = finds more than SQLite
** does, and a range is of the bytes of the text in UTF-8. ORDER BY looks at the first max_sort_length
** bytes only, so long texts are not sorted there.
*/
#include "my.h"

#define BYTES "CAST(CONVERT(%s USING utf8mb4) AS BINARY)"

#define NUMBER(name)                                                                               \
  {                                                                                                \
    .class_name = name, .column = "%s", .parameter = "%s", .ordered = "%s",                        \
    .ordered_parameter = "%s", .sorts = true                                                       \
  }

#define MOMENT(name, type)                                                                         \
  {                                                                                                \
    .class_name = name, .column = "%s", .parameter = "CAST(%s AS " type ")", .ordered = "%s",      \
    .ordered_parameter = "CAST(%s AS " type ")", .sorts = true                                     \
  }

/* What does not fit an INTEGER is a text here, and sorts as texts do behind all numbers. */
#define INTEGER_MOST "9223372036854775807"
#define UNSIGNED_TEXT                                                                              \
  "CAST(IF(%s <= " INTEGER_MOST ", LPAD(%s, 20, '0'), CONCAT('~', %s)) AS BINARY)"

#define UTF8 "CONVERT(%s USING utf8mb4)"

/* A value that the column's character set does not have is an error beside the column itself; CONVERT
** makes it one with question marks, which SQLite sorts out. */
#define TEXT(name, column_, parameter_)                                                            \
  {                                                                                                \
    .class_name = name, .column = column_, .parameter = parameter_, .ordered = BYTES,              \
    .ordered_parameter = "CAST(%s AS BINARY)", .orders_inexact = true, .sorts_short = true         \
  }

const DriverCompare my_compare[] = {NUMBER("integer"),
                                    NUMBER("whole"),
                                    {.class_name = "unsigned",
                                     .column = "%s",
                                     .parameter = "%s",
                                     .ordered = "%s",
                                     .ordered_parameter = "%s",
                                     .sorted_text = UNSIGNED_TEXT,
                                     .unsorted = "%s > " INTEGER_MOST},
                                    NUMBER("decimal"),
                                    NUMBER("real"),
                                    NUMBER("single"),
                                    TEXT("text", "%s", "%s"),
                                    TEXT("latin1", "%s", "CONVERT(%s USING latin1)"),
                                    TEXT("foreign", UTF8, "%s"),
                                    {.class_name = "enum", .column = "%s", .parameter = "%s"},
                                    {.class_name = "uuid", .column = "%s", .parameter = "%s"},
                                    MOMENT("date", "DATE"),
                                    MOMENT("timestamp", "DATETIME(6)"),
                                    {.class_name = "blob",
                                     .column = "%s",
                                     .parameter = "%s",
                                     .ordered = "%s",
                                     .ordered_parameter = "%s"},
                                    {0}};
