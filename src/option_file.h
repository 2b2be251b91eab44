/*
** option_file.h: MySQL's option files, ~/.my.cnf and the like.
*/
#ifndef CONNECTOR_OPTION_FILE_H
#define CONNECTOR_OPTION_FILE_H

#include "options.h"

/* The values of [client], and of `group` (may be NULL), a later one over an earlier one. Clear *values
** in any case. The file must be readable for its owner only. */
int option_file_read(const char *path, const char *group, OptionList *values, Error *error);

#endif
