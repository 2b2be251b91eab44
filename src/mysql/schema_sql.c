/*
** schema_sql.c: the catalog of a MySQL or MariaDB database as rows of the layout that schema.h
** tells, from information_schema.
**
** The server answers each of its tables from the tables' definition files when the schema (and the
** table) is compared with a constant; joined with each other they are compared row by row, a
** thousand tables in 20 s. So they stand side by side in one UNION. Names go by their bytes there
** (utf8mb4_bin): tables `a` and `A` may be two.
**
** Trailing spaces do not count in most collations, utf8mb4_bin among them; only the binary ones
** that do not pad compare as SQLite does.
*/
#include "my.h"

#define BYTES(name) "CONVERT(" name " USING utf8mb4) COLLATE utf8mb4_bin"
#define SYSTEM_SCHEMAS "('mysql','information_schema','performance_schema','sys')"

/* By columns.c, which sees the type of a result. */
#define CLASS                                                                                      \
  "CASE WHEN c.data_type IN ('tinyint','smallint','mediumint','int') THEN 'integer'"               \
  " WHEN c.data_type='bigint' THEN IF(c.column_type LIKE '%unsigned%','unsigned','integer')"       \
  " WHEN c.data_type='year' THEN 'oid'"                                                            \
  " WHEN c.data_type='bit' THEN IF(c.numeric_precision<=63,'oid','opaque')"                        \
  " WHEN c.data_type='decimal' THEN"                                                               \
  " IF(c.numeric_precision>15,'numeric',IF(c.numeric_scale=0,'whole','decimal'))"                  \
  " WHEN c.data_type='float' THEN 'single' WHEN c.data_type='double' THEN 'real'"                  \
  " WHEN c.data_type IN ('char','varchar','tinytext','text','mediumtext','longtext') THEN"         \
  " CASE WHEN c.character_set_name IN ('utf8mb4','utf8mb3','utf8') THEN 'text'"                    \
  " WHEN c.collation_name IN ('latin1_swedish_ci','latin1_bin') THEN 'latin1' ELSE 'foreign' END"  \
  " WHEN c.data_type IN ('enum','uuid','date') THEN c.data_type"                                   \
  " WHEN c.data_type IN ('datetime','timestamp') THEN 'timestamp'"                                 \
  " WHEN c.data_type IN ('binary','varbinary','tinyblob','blob','mediumblob','longblob','vector')" \
  " THEN 'blob'"                                                                                   \
  " WHEN c.data_type IN ('geometry','point','linestring','polygon','multipoint',"                  \
  "'multilinestring','multipolygon','geometrycollection','geomcollection') THEN 'geometry'"        \
  " WHEN c.data_type='json' THEN 'json' ELSE 'other' END"

#define COMPARE                                                                                    \
  "CONCAT(CASE WHEN c.data_type IN ('char','varchar','tinytext','text','mediumtext','longtext')"   \
  " AND (c.collation_name LIKE '%\\_nopad\\_bin' OR c.collation_name LIKE '%\\_0900\\_bin')"       \
  " THEN IF(c.character_set_name IN ('utf8mb4','utf8mb3','utf8'),'bytes','inexact')"               \
  " WHEN c.collation_name IS NOT NULL OR c.data_type IN"                                           \
  " ('date','time','datetime','timestamp','json','uuid','inet4','inet6') THEN 'inexact' END,"      \
  "IF(c.character_maximum_length<=255,' short',''))"

#define KIND                                                                                       \
  "CASE WHEN t.table_type='SYSTEM VIEW' THEN 'system view'"                                        \
  " WHEN t.table_type='VIEW' THEN 'view'"                                                          \
  " WHEN t.table_schema IN " SYSTEM_SCHEMAS " THEN 'system table'"                                 \
  " WHEN t.engine IN ('FEDERATED','CONNECT','SPIDER','MRG_MYISAM') THEN 'foreign table'"           \
  " WHEN t.create_options LIKE '%partitioned%' THEN 'partitioned table' ELSE 'table' END"

/* MariaDB writes NULL for no default, and a text in quotes; MySQL has NULL, and a bare text. */
#define FALLBACK                                                                                   \
  "CASE WHEN c.generation_expression<>'' THEN c.generation_expression"                             \
  " WHEN c.column_default='NULL' AND version() LIKE '%MariaDB%' THEN NULL"                         \
  " ELSE c.column_default END"

#define SCHEMA(table) table ".table_schema=COALESCE(:schema,DATABASE())"

#define CATALOG(tables, columns, indexes)                                                          \
  "SELECT 0 AS part,'' COLLATE utf8mb4_bin AS tab,0 AS number,NULL AS idx,s.schema_name AS name,"  \
  "NULL AS kind,NULL AS type,NULL AS nrows,NULL AS bytes,NULL AS forbids,NULL AS fallback,"        \
  "NULL AS generated,NULL AS compare,NULL AS comment FROM information_schema.schemata s"           \
  " WHERE s.schema_name=COALESCE(:schema,DATABASE())"                                              \
  " UNION ALL "                                                                                    \
  "SELECT 1," BYTES("t.table_name") ",0,NULL,NULL," KIND ",NULL,"                                  \
                                    "IF(t.table_type='VIEW',NULL,t.table_rows),"                   \
                                    "IF(t.table_type='VIEW',NULL,t.data_length+t.index_length),"   \
                                    "NULL,NULL,NULL,NULL,"                                         \
                                    "IF(t.table_type='VIEW',NULL,NULLIF(t.table_comment,''))"      \
                                    " FROM information_schema.tables t WHERE " SCHEMA("t") tables  \
      " AND t.table_type<>'SEQUENCE'"                                                              \
      " UNION ALL "                                                                                \
      "SELECT 2," BYTES("c.table_name") ",c.ordinal_position,NULL,c.column_name," CLASS            \
                                        ",c.column_type,NULL,NULL,c.is_nullable='NO'," FALLBACK    \
                                        ","                                                        \
                                        "CASE WHEN c.extra LIKE '%auto_increment%' THEN 'auto'"    \
                                        " WHEN c.extra LIKE '%VIRTUAL%' THEN 'virtual'"            \
                                        " WHEN c.extra LIKE '%STORED%' OR c.extra LIKE "           \
                                        "'%PERSISTENT%' THEN 'stored' END," COMPARE ","            \
                                        "NULLIF(c.column_comment,'')"                              \
                                        " FROM information_schema.columns c WHERE " SCHEMA("c")    \
                                            columns                                                \
      " AND FIND_IN_SET('select',c.privileges)"                                                    \
      " UNION ALL "                                                                                \
      "SELECT 3," BYTES(                                                                           \
          "i.table_name") ",i.seq_in_index,i.index_name,"                                          \
                          "IF(i.sub_part IS NULL,i.column_name,NULL),"                             \
                          "CASE WHEN i.index_name='PRIMARY' THEN 'primary' WHEN i.non_unique=0 "   \
                          "THEN 'unique'"                                                          \
                          " ELSE 'index' END,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL"              \
                          " FROM information_schema.statistics i WHERE " SCHEMA("i") indexes       \
      " AND i.index_type='BTREE'"                                                                  \
      " ORDER BY 2,1,4,3"

const char my_catalog_columns[] = CATALOG("", "", "");
const char my_catalog_table_columns[] =
    CATALOG(" AND t.table_name=:table", " AND c.table_name=:table", " AND i.table_name=:table");
