/*
** schema_sql.c: the catalog of a PostgreSQL schema as rows of the layout that schema.h tells. Every
** table, type, function and operator is named with pg_catalog, so that a search_path which has
** another schema before it gives none of them another meaning. (IN and BETWEEN would look for = and
** >= there.)
**
** PostgreSQL 12 or newer. Sizes and rows come from pg_class, as VACUUM and ANALYZE left them: the
** functions that measure would wait for a table that somebody has locked. A partitioned table has
** the sum of its partitions. What of a domain matters is its base type, as in a result.
**
** A row of a plain table is found again by its place (ctid). Not in a partitioned table or one that others inherit
** from, of whose rows several have the same place, nor in a table whose access method is not the server's own (heap,
** which has the number 2), where nobody knows what a place is.
**
** Sorting by the bytes of a text: "C", "POSIX" and the built-in provider's collations, when the
** server's encoding has the order of UTF-8.
*/
#include "postgresql.h"

#define EQ " OPERATOR(pg_catalog.=) "
#define NE " OPERATOR(pg_catalog.<>) "
#define GE " OPERATOR(pg_catalog.>=) "
#define GT " OPERATOR(pg_catalog.>) "
#define LE " OPERATOR(pg_catalog.<=) "

#define PART_SCHEMA                                                                                \
  "place AS MATERIALIZED (SELECT n.oid, n.nspname, n.nspname" EQ                                   \
  "ANY (ARRAY['pg_catalog', 'information_schema', 'pg_toast']) AS is_system FROM"                  \
  " pg_catalog.pg_namespace n WHERE n.nspname" EQ                                                  \
  "coalesce(CAST(:schema AS pg_catalog.text), CAST(pg_catalog.current_schema() AS"                 \
  " pg_catalog.text)) AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'))"

#define RELATION(filter)                                                                           \
  "relation AS MATERIALIZED (SELECT c.oid, c.relname, c.relkind, c.relispartition,"                \
  " c.relhassubclass, c.relam, c.reltuples, c.relpages, place.is_system, "                         \
  "pg_catalog.has_table_privilege(c.oid,"                                                          \
  " 'SELECT') AS readable FROM place JOIN pg_catalog.pg_class c ON c.relnamespace" EQ              \
  "place.oid WHERE c.relkind" EQ "ANY (ARRAY['r', 'p', 'v', 'm', 'f'])" filter ")"

#define PARTITION                                                                                  \
  "partition_of(root, oid) AS (SELECT i.inhparent, i.inhrelid FROM relation r JOIN"                \
  " pg_catalog.pg_inherits i ON i.inhparent" EQ "r.oid WHERE r.relkind" EQ                         \
  "'p' UNION ALL SELECT p.root, i.inhrelid FROM partition_of p JOIN"                               \
  " pg_catalog.pg_inherits i ON i.inhparent" EQ                                                    \
  "p.oid), whole AS (SELECT p.root, pg_catalog.sum(c.reltuples) FILTER (WHERE"                     \
  " c.reltuples" GE                                                                                \
  "0) AS reltuples, pg_catalog.sum(c.relpages) AS relpages FROM partition_of p JOIN"               \
  " pg_catalog.pg_class c ON c.oid" EQ "p.oid WHERE c.relkind" NE "'p' GROUP BY p.root)"

/* Down to the type that is no domain; the innermost modifier that is given holds. */
#define DOMAIN_OF                                                                                  \
  "domain_step(oid, base, modifier, forbids) AS (SELECT t.oid, t.typbasetype,"                     \
  " t.typtypmod, t.typnotnull FROM pg_catalog.pg_type t WHERE t.typtype" EQ                        \
  "'d' UNION ALL SELECT d.oid, t.typbasetype, CASE WHEN d.modifier" EQ                             \
  "-1 THEN t.typtypmod ELSE d.modifier END, d.forbids OR t.typnotnull FROM domain_step"            \
  " d JOIN pg_catalog.pg_type t ON t.oid" EQ "d.base WHERE t.typtype" EQ                           \
  "'d'), domain_base AS (SELECT d.oid, d.base, d.modifier, d.forbids FROM domain_step d"           \
  " JOIN pg_catalog.pg_type t ON t.oid" EQ "d.base WHERE t.typtype" NE "'d')"

#define COLLATION_CLASS                                                                            \
  "collation_class AS MATERIALIZED (SELECT c.oid, CASE WHEN NOT (c.collisdeterministic AND "       \
  "e.plain)"                                                                                       \
  " THEN 'inexact' WHEN c.collprovider" EQ "'b' OR c.collprovider" EQ "'c' AND c.collcollate" EQ   \
  "ANY (ARRAY['C', 'POSIX']) OR c.collprovider" EQ "'d' AND (e.provider" EQ "'b' OR e.provider" EQ \
  "'c' AND e.collate" EQ                                                                           \
  "ANY (ARRAY['C', 'POSIX'])) THEN 'bytes' ELSE 'equality' END AS class FROM"                      \
  " pg_catalog.pg_collation c, (SELECT pg_catalog.pg_encoding_to_char(d.encoding)" EQ              \
  "ANY (ARRAY['UTF8', 'LATIN1', 'SQL_ASCII']) AS plain,"                                           \
  " coalesce(pg_catalog.json_object_field_text(pg_catalog.to_json(d),"                             \
  " 'datlocprovider'), 'c') AS provider, CAST(d.datcollate AS pg_catalog.text) AS"                 \
  " collate FROM pg_catalog.pg_database d WHERE d.datname" EQ "pg_catalog.current_database()) e)"

/* By the numbers of the types (pg_type_class); b is the type without domains, m its modifier as
** numeric has it (below 0: none). Types of extensions have their own =, even where the values are sent as plain bytes or characters. */
#define DIGITS "pg_catalog.int4and(pg_catalog.int4shr(m.bits, 16), 65535)"
/* 11 bits with sign since PostgreSQL 15 */
#define SCALE "pg_catalog.int4mi(pg_catalog.int4xor(pg_catalog.int4and(m.bits, 2047), 1024), 1024)"
/* Elsewhere a character that the database does not have is an error, not just unequal. */
#define TEXT_CLASS                                                                                 \
  "CASE WHEN pg_catalog.getdatabaseencoding()" EQ "'UTF8' THEN 'text' ELSE 'foreign' END"
#define CLASS                                                                                      \
  "CASE WHEN b.oid" EQ "ANY (ARRAY[20, 21, 23]) THEN 'integer' WHEN b.oid" EQ                      \
  "16 THEN 'boolean' WHEN b.oid" EQ "ANY (ARRAY[26, 28, 29]) THEN 'oid' WHEN b.oid" EQ             \
  "700 THEN 'single' WHEN b.oid" EQ "701 THEN 'real' WHEN b.oid" EQ                                \
  "1700 THEN CASE WHEN m.bits" GE "0 AND " DIGITS LE "15 AND " SCALE GT "0 AND " SCALE LE          \
  "300 THEN 'decimal' WHEN m.bits" GE "0 AND " DIGITS LE "15 AND " SCALE LE                        \
  "0 AND pg_catalog.int4mi(" DIGITS ", " SCALE ")" LE                                              \
  "18 THEN 'whole' ELSE 'numeric' END WHEN b.oid" EQ "5069 THEN 'any' WHEN b.oid" EQ               \
  "ANY (ARRAY[19, 25, 1043]) THEN " TEXT_CLASS " WHEN b.oid" EQ                                    \
  "1042 THEN 'char' WHEN b.typtype" EQ "'e' THEN 'enum' WHEN b.oid" EQ                             \
  "2950 THEN 'uuid' WHEN b.oid" EQ "1082 THEN 'date' WHEN b.oid" EQ                                \
  "1114 THEN 'timestamp' WHEN b.oid" EQ "1184 THEN 'timestamptz' WHEN b.oid" EQ                    \
  "17 THEN 'blob' WHEN b.oid" EQ "ANY (ARRAY[114, 3802, 2249]) OR b.typtype" EQ                    \
  "'c' THEN 'json' WHEN b.typlen" EQ "-1 AND b.typelem" NE "0 AND b.typoutput" EQ                  \
  "CAST('pg_catalog.array_out' AS pg_catalog.regproc) THEN 'array' WHEN b.typtype" EQ              \
  "'b' AND b.oid" GE "16384 AND p.prosrc" EQ                                                       \
  "ANY (ARRAY['byteasend', 'LWGEOM_send', 'geography_send']) THEN 'opaque' ELSE 'other'"           \
  " END"

#define COMPARE                                                                                    \
  "CASE WHEN k.class" EQ "ANY (ARRAY['integer', 'boolean', 'oid', 'whole', 'decimal', 'numeric',"  \
  " 'any', 'real', 'single', 'blob', 'opaque']) THEN NULL WHEN b.oid" EQ                           \
  "ANY (ARRAY[19, 25, 1043]) THEN cc.class WHEN b.typtype" EQ                                      \
  "'e' THEN 'equality' ELSE 'inexact' END"

#define KIND                                                                                       \
  "CASE WHEN r.is_system THEN CASE WHEN r.relkind" EQ                                              \
  "'v' THEN 'system view' ELSE 'system table' END WHEN r.relkind" EQ                               \
  "'p' THEN 'partitioned table' WHEN r.relkind" EQ "'v' THEN 'view' WHEN r.relkind" EQ             \
  "'m' THEN 'materialized view' WHEN r.relkind" EQ                                                 \
  "'f' THEN 'foreign table' WHEN r.relispartition THEN 'partition' ELSE 'table' END"

#define IDENTITY                                                                                   \
  "CASE WHEN r.relkind" EQ "'r' AND r.relam" EQ "2 AND r.readable AND NOT (r.is_system OR"         \
  " r.relispartition OR r.relhassubclass) THEN 'ctid' END"

/* Joined, not looked up: many look-ups make the planner compile the whole statement first (jit). */
#define DESCRIPTION(object, column)                                                                \
  " LEFT JOIN pg_catalog.pg_description n ON n.objoid" EQ "" object " AND n.classoid" EQ           \
  "CAST('pg_catalog.pg_class' AS pg_catalog.regclass) AND n.objsubid" EQ "" column

#define TEXT(expression) "CAST(" expression " AS pg_catalog.text)"
#define NULL_TEXT TEXT("NULL")
#define NULL_NUMBER "CAST(NULL AS pg_catalog.int8)"

#define TABLE_ROWS                                                                                 \
  "SELECT 1, r.relname, 0, CAST(NULL AS pg_catalog.name), CAST(NULL AS"                            \
  " pg_catalog.name), " KIND ", " IDENTITY ", CASE WHEN coalesce(w.reltuples, r.reltuples)" GE     \
  "0 THEN CAST(coalesce(w.reltuples, r.reltuples) AS pg_catalog.int8) END, CASE WHEN"              \
  " r.relkind" EQ "ANY (ARRAY['r', 'p', 'm']) AND coalesce(w.reltuples, r.reltuples)" GE           \
  "0 THEN pg_catalog.int8mul(coalesce(w.relpages, r.relpages),"                                    \
  " CAST(pg_catalog.current_setting('block_size') AS pg_catalog.int8)) END, CAST(NULL"             \
  " AS pg_catalog.bool), " NULL_TEXT ", " NULL_TEXT ", " NULL_TEXT                                 \
  ", n.description FROM relation r LEFT JOIN whole w ON w.root" EQ                                 \
  "r.oid" DESCRIPTION("r.oid", "0")

#define COLUMN_ROWS                                                                                \
  "SELECT 2, r.relname, CAST(a.attnum AS pg_catalog.int4), NULL, a.attname, k.class,"              \
  " pg_catalog.format_type(a.atttypid, a.atttypmod), NULL, NULL, a.attnotnull OR"                  \
  " coalesce(d.forbids, false), pg_catalog.pg_get_expr(v.adbin, v.adrelid), CASE WHEN"             \
  " a.attgenerated" EQ "'s' THEN 'stored' WHEN a.attgenerated" EQ                                  \
  "'v' THEN 'virtual' WHEN a.attidentity" EQ "'a' THEN 'always' WHEN a.attidentity" EQ             \
  "'d' THEN 'by default' END, " COMPARE                                                            \
  ", n.description FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid" EQ                \
  "r.oid LEFT JOIN domain_base d ON d.oid" EQ "a.atttypid JOIN pg_catalog.pg_type b ON b.oid" EQ   \
  "coalesce(d.base, a.atttypid) LEFT JOIN pg_catalog.pg_proc p ON p.oid" EQ                        \
  "b.typsend" DESCRIPTION(                                                                         \
      "r.oid",                                                                                     \
      "a.attnum") " LEFT JOIN collation_class cc ON cc.oid" EQ                                     \
                  "a.attcollation LEFT JOIN pg_catalog.pg_attrdef v ON v.adrelid" EQ               \
                  "a.attrelid AND v.adnum" EQ                                                      \
                  "a.attnum CROSS JOIN LATERAL (SELECT pg_catalog.int4mi(CASE WHEN d.modifier" GE  \
                  "0 THEN d.modifier ELSE a.atttypmod END, 4) AS bits) m CROSS JOIN "              \
                  "LATERAL (SELECT " CLASS " AS class) k WHERE a.attnum" GT                        \
                  "0 AND NOT a.attisdropped AND (r.readable OR "                                   \
                  "pg_catalog.has_column_privilege(r.oid,"                                         \
                  " a.attnum, 'SELECT'))"

/* A unique constraint that may be deferred is broken at times, and that of a table whose rows others inherit
** holds for its own rows alone. */
#define INDEX_ROWS                                                                                 \
  "SELECT 3, r.relname, CAST(k.number AS pg_catalog.int4), x.relname, a.attname, CASE"             \
  " WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid" EQ                               \
  "r.oid AND c.relhassubclass AND NOT c.relkind" EQ "'p') THEN 'index' WHEN i.indisprimary"        \
  " THEN 'primary' WHEN i.indisunique AND i.indimmediate THEN"                                     \
  " 'unique' ELSE 'index' END, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM"                \
  " relation r JOIN pg_catalog.pg_index i ON i.indrelid" EQ                                        \
  "r.oid JOIN pg_catalog.pg_class x ON x.oid" EQ                                                   \
  "i.indexrelid JOIN pg_catalog.pg_am m ON m.oid" EQ                                               \
  "x.relam CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum,"            \
  " number) LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid" EQ "r.oid AND a.attnum" EQ          \
  "k.attnum AND a.attnum" GT "0 WHERE i.indisvalid AND i.indpred IS NULL AND m.amname" EQ          \
  "'btree' AND k.number" LE "i.indnkeyatts"

#define CATALOG(filter)                                                                            \
  "WITH RECURSIVE " PART_SCHEMA ", " RELATION(                                                     \
      filter) ", " PARTITION ", " DOMAIN_OF ", " COLLATION_CLASS                                   \
              " SELECT 0 AS part, CAST('' AS pg_catalog.name) AS tab, 0 AS number, CAST(NULL AS"   \
              " pg_catalog.name) AS idx, nspname AS name, " NULL_TEXT " AS kind, " NULL_TEXT       \
              " AS type, " NULL_NUMBER " AS rows, " NULL_NUMBER                                    \
              " AS bytes, CAST(NULL AS pg_catalog.bool) AS forbids, " NULL_TEXT                    \
              " AS fallback, " NULL_TEXT " AS generated, " NULL_TEXT " AS compare, " NULL_TEXT     \
              " AS comment FROM place UNION ALL " TABLE_ROWS " UNION ALL " COLUMN_ROWS             \
              " UNION ALL " INDEX_ROWS " ORDER BY 2, 1, 4, 3"

const char pg_catalog_columns[] = CATALOG("");
const char pg_catalog_table_columns[] =
    CATALOG(" AND (c.relname" EQ "CAST(:table AS pg_catalog.text) OR pg_catalog.lower(c.relname)"
            "" EQ "pg_catalog.lower(CAST(:table AS pg_catalog.text)))");
