/*
** push.c: SQLite compares as SQLite does, once the collation is the one that is meant.
*/
#include "lite.h"

#define CLASS(name)                                                                                \
  {                                                                                                \
    .class_name = name, .column = "%s", .parameter = "%s", .ordered = "%s COLLATE BINARY",         \
    .ordered_parameter = "%s", .sorts = true, .orders_inexact = true                               \
  }

const DriverCompare lite_compare[] = {CLASS("integer"),
                                      CLASS("real"),
                                      CLASS("number"),
                                      CLASS("text"),
                                      CLASS("blob"),
                                      CLASS("any"),
                                      {0}};
