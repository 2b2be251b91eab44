/*
** insert_form.h: an INSERT that has nothing but its parameters, as COPY could do it.
*/
#ifndef CONNECTOR_INSERT_FORM_H
#define CONNECTOR_INSERT_FORM_H

#include "lexer.h"

/* Pieces of the text. */
typedef struct InsertForm {
  const char *target; /* the table, with or without its schema */
  size_t target_size;
  const char *columns; /* "(a, b)"; size 0: none are named */
  size_t columns_size;
} InsertForm;

/* True for INSERT INTO table [(columns)] VALUES ($1, …, $n) and nothing else, n being `values`. */
bool insert_form(const DriverDialect *dialect, const char *sql, size_t size, size_t values,
                 InsertForm *form);

#endif
