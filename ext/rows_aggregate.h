/*
** rows_aggregate.h: what connector_rows() hands to connector_execute_many().
*/
#ifndef CONNECTOR_ROWS_AGGREGATE_H
#define CONNECTOR_ROWS_AGGREGATE_H

/* Type of the pointer value; it points at a Spill. */
#define ROWS_POINTER "connector_rows"

#endif
