/*
** query_table.h: starting a query, shared by connector_query, block tables and views.
*/
#ifndef CONNECTOR_QUERY_TABLE_H
#define CONNECTOR_QUERY_TABLE_H

#include "call.h"
#include "row_table.h"

/* Runs the call's operation. A reading one gives live rows, one that writes kept rows. */
int query_start(Connector *connector, const Call *call, RowSet **rows, Error *error);

/* The number of arguments of a scan when they are without a gap from `first` on (those before are given). */
int query_argument_count(const RowArguments *arguments, int first, int *count, Error *error);

#endif
