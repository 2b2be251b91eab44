/*
** dialects.h: the lexical rules of the three dialects as their drivers have them, for tests that need
** no driver.
*/
#ifndef CONNECTOR_UNIT_DIALECTS_H
#define CONNECTOR_UNIT_DIALECTS_H

#include "driver.h"

static const DriverDialect postgresql = {
    .name = "postgresql",
    .identifier_quote = '"',
    .placeholder = PLACEHOLDER_DOLLAR,
    .max_parameters = 65535,
    .escape_strings = true,
    .dollar_quotes = true,
    .nested_comments = true,
    .cast_colons = true,
    .arrays = true,
    .error_ends_transaction = true,
};

static const DriverDialect mysql = {
    .name = "mysql",
    .identifier_quote = '`',
    .placeholder = PLACEHOLDER_QUESTION,
    .max_parameters = 65535,
    .backslash_escapes = true,
    .double_quote_strings = true,
    .backtick_names = true,
    .hash_comments = true,
    .dash_needs_space = true,
    .executable_comments = true,
    .cast_colons = true,
    .ddl_commits = true,
};

static const DriverDialect sqlite = {
    .name = "sqlite",
    .identifier_quote = '"',
    .placeholder = PLACEHOLDER_QUESTION,
    .max_parameters = 32766,
    .backtick_names = true,
    .bracket_names = true,
    .sigil_parameters = true,
};

#endif
