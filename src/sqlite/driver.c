/*
** driver.c: the sqlite driver as the connector sees it: its dialect and its functions.
*/
#include "lite.h"

/* VACUUM may give other rowids, and a deleted one is given again: not while a transaction is open that reads the row
** and writes it (transaction_join). */
static const DriverIdentity identities[] = {{.name = "rowid", .parts = {"rowid"}},
                                            {.name = "_rowid_", .parts = {"_rowid_"}},
                                            {.name = "oid", .parts = {"oid"}},
                                            {0}};

static const DriverDialect dialect = {
    .name = "sqlite",
    .identifier_quote = '"',
    .placeholder = PLACEHOLDER_QUESTION,
    .max_parameters = 32766,
    .backtick_names = true,
    .bracket_names = true,
    .sigil_parameters = true,
    /* A writer says so at once: a transaction that reads first and writes later can only fail when
    ** somebody else wrote in between. */
    .begin = "BEGIN IMMEDIATE",
    .begin_snapshot = "BEGIN",
    .begin_read_only = "BEGIN",
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .savepoint = "SAVEPOINT %s",
    .rollback_to = "ROLLBACK TO %s",
    .release = "RELEASE %s",
    .write_waits_for_read = true,
    .compare = lite_compare,
    .like = "%s LIKE %s",
    .numbers = "%s NOT GLOB '*[^-0-9.eE+ ' || char(9, 10, 11, 12, 13) || ']*' AND %s NOT GLOB"
               " '*[0-9.]-*'",
    .upsert = UPSERT_OR,
    .count = "count(*)",
    .dynamic_types = true,
    .catalog_columns = lite_catalog_columns,
    .catalog_table_columns = lite_catalog_table_columns,
    .catalog_names = lite_catalog_names,
    .identities = identities,
};

static const char *library_version(void) {
  return sqlite3_libversion();
}

const Driver lite_driver = {
    .size = sizeof(Driver),
    .abi = DRIVER_ABI,
    .backend = "sqlite",
    .library_name = "sqlite3",
    .library_version = library_version,
    .dialect = &dialect,
    .connect = lite_connect,
    .close = lite_close,
    .is_alive = lite_is_alive,
    .ping = lite_ping,
    .server = lite_server,
    .transaction = lite_transaction,
    .read_only = lite_read_only,
    .run = lite_run,
    .prepare = lite_prepare,
    .parameter_count = lite_parameter_count,
    .column_count = lite_column_count,
    .column = lite_column,
    .execute = lite_execute,
    .next = lite_next,
    .value = lite_value,
    .affected = lite_affected,
    .made_key = lite_made_key,
    .execute_batch = lite_execute_batch,
    .finish = lite_finish,
};

const Driver *connector_driver_sqlite(int abi);

const Driver *connector_driver_sqlite(int abi) {
  (void)abi;
  return &lite_driver;
}
