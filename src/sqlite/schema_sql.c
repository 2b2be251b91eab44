/*
** schema_sql.c: the catalog of a SQLite database as rows of the layout that schema.h tells, from
** the table-valued forms of PRAGMA table_list, table_xinfo, index_list and index_xinfo.
**
** No PRAGMA tells a column's collation. So a table whose CREATE statement does not contain the
** word "collate" compares by bytes, and any other inexactly; virtual tables keep theirs to
** themselves, and a view may have its columns from any table. So ANY, which has no affinity in a STRICT
** table and NUMERIC in others, has none in a view where a STRICT table is. Nor does SQLite keep a number of
** rows where it can be asked without knowing whether it is there (sqlite_stat1).
**
** A table's rowid tells its rows apart, by the first of its three names that is not the name of a column.
**
** sqlite_schema and the like are found by name, but not listed.
*/
#include "lite.h"

/* The affinity of a declared type, by SQLite's own rules in their order (see column.c). */
#define HAS(word) "instr(lower(c.type), '" word "') > 0"
#define CLASS_OF_COL                                                                               \
  "CASE WHEN c.type = '' OR (c.strict AND lower(c.type) = 'any') THEN 'any' WHEN " HAS(            \
      "int") " THEN 'integer'"                                                                     \
             " WHEN " HAS("char") " OR " HAS("clob") " OR " HAS(                                   \
                 "text") " THEN 'text'"                                                            \
                         " WHEN " HAS("blob") " THEN 'blob'"                                       \
                                              " WHEN " HAS("real") " OR " HAS("floa") " OR " HAS(  \
                                                  "doub") " THEN 'real' ELSE 'number' END"

#define IS_FREE(word)                                                                              \
  "NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(t.name, t.schema) WHERE lower(name) = '" word "')"
#define IDENTITY                                                                                   \
  "CASE WHEN t.type <> 'table' OR t.wr OR t.name LIKE 'sqlite!_%' ESCAPE '!' THEN NULL "           \
  "WHEN " IS_FREE("rowid") " THEN 'rowid' WHEN " IS_FREE(                                          \
      "_rowid_") " THEN '_rowid_' WHEN " IS_FREE("oid") " THEN 'oid' END"

#define TABLES(filter)                                                                             \
  "WITH text AS MATERIALIZED (SELECT 'main' AS schema, name, sql FROM main.sqlite_schema"          \
  " WHERE type IN ('table', 'view') UNION ALL SELECT 'temp', name, sql FROM temp.sqlite_schema"    \
  " WHERE type IN ('table', 'view')),"                                                             \
  " tab AS MATERIALIZED (SELECT l.schema, l.name, l.type, l.wr, CASE l.type WHEN 'view'"           \
  " THEN (SELECT max(strict) FROM pragma_table_list) ELSE l.strict END AS strict, CASE l.type "    \
  "WHEN "                                                                                          \
  "'virtual' THEN 1"                                                                               \
  " WHEN 'view' THEN (SELECT max(instr(lower(sql), 'collate')) FROM text)"                         \
  " ELSE instr(lower(text.sql), 'collate') END AS collated"                                        \
  " FROM pragma_table_list l LEFT JOIN text ON text.schema = l.schema AND text.name = l.name"      \
  " WHERE l.schema = lower(coalesce(:schema, 'main')) AND " filter ")"

/* The key that is the rowid has no index. CASE does not ask for what is not needed; AND would. */
#define CATALOG(filter)                                                                            \
  TABLES(filter)                                                                                   \
  ", col AS (SELECT t.schema, t.name AS tab, t.strict, t.collated, x.*,"                           \
  " CASE WHEN x.pk = 1 AND lower(x.type) = 'integer' AND t.type = 'table' AND NOT t.wr"            \
  " THEN (SELECT count(*) FROM pragma_table_xinfo(t.name, t.schema) k WHERE k.pk > 0) = 1"         \
  " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name, t.schema) i WHERE i.origin = 'pk')"    \
  " ELSE 0 END AS is_rowid"                                                                        \
  " FROM tab t JOIN pragma_table_xinfo(t.name, t.schema) x WHERE x.hidden <> 1)"                   \
  "SELECT 0 AS part, '' AS tab, NULL AS number, NULL AS idx, d.name AS name, NULL AS kind,"        \
  " NULL AS type, NULL AS nrows, NULL AS bytes, NULL AS notnull_, NULL AS dflt, NULL AS gen,"      \
  " NULL AS compare, NULL AS comment"                                                              \
  " FROM pragma_database_list d WHERE d.name = lower(coalesce(:schema, 'main'))"                   \
  " UNION ALL "                                                                                    \
  "SELECT 1, t.name, NULL, NULL, NULL, CASE WHEN t.name LIKE 'sqlite!_%' ESCAPE '!'"               \
  " THEN 'system table' WHEN t.type IN ('virtual', 'shadow') THEN t.type || ' table'"              \
  " ELSE t.type END, " IDENTITY ","                                                                \
  " NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM tab t"                                           \
  " UNION ALL "                                                                                    \
  "SELECT 2, c.tab, c.cid + 1, NULL, c.name, " CLASS_OF_COL ", c.type, NULL, NULL,"                \
  " c.\"notnull\" OR c.is_rowid, c.dflt_value,"                                                    \
  " CASE WHEN c.hidden = 2 THEN 'virtual' WHEN c.hidden = 3 THEN 'stored'"                         \
  " WHEN c.is_rowid THEN 'auto' END,"                                                              \
  " CASE WHEN (SELECT encoding FROM pragma_encoding) <> 'UTF-8' THEN 'equality' WHEN c.collated "  \
  "> 0 THEN 'inexact' ELSE 'bytes' END, NULL FROM col c"                                           \
  " UNION ALL "                                                                                    \
  "SELECT 3, c.tab, 1, '', c.name, 'primary', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"      \
  " FROM col c WHERE c.is_rowid"                                                                   \
  " UNION ALL "                                                                                    \
  "SELECT 3, t.name, x.seqno + 1, i.name, x.name,"                                                 \
  " CASE WHEN i.origin = 'pk' THEN 'primary' WHEN i.\"unique\" THEN 'unique' ELSE 'index' END,"    \
  " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"                                                \
  " FROM tab t JOIN pragma_index_list(t.name, t.schema) i"                                         \
  " JOIN pragma_index_xinfo(i.name, t.schema) x WHERE NOT i.partial AND x.key"                     \
  " ORDER BY 2, 1, 4, 3"

#define LISTED "l.name NOT LIKE 'sqlite!_%' ESCAPE '!'"

const char lite_catalog_columns[] = CATALOG(LISTED);
const char lite_catalog_table_columns[] = CATALOG("l.name = :table COLLATE NOCASE");
const char lite_catalog_names[] = TABLES(LISTED) "SELECT name FROM tab ORDER BY name";
