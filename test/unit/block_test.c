/*
** block_test.c: URLs, definitions, options and changes, without a store.
** sources: src/block.c src/block_json.c src/block_target.c src/block_change.c src/draft.c
** sources: src/draft_check.c src/definition.c src/url.c src/address.c src/option_specs.c
** sources: src/text.c src/options.c src/option_list.c src/option_file.c src/secret.c src/secret_files.c
** sources: src/secret_command.c src/secret_ask.c src/sealed.c src/store_key.c src/cipher.c
** sources: src/registry.c src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_*.c src/sqlite/[a-z]*.c
*/
#include "blocks.h"

#include <stdlib.h>
#include <unistd.h>

static void is_json(const char *definition, const char *wanted) {
  Block *block = make(definition);
  if (!CHECK(block != NULL)) {
    printf("  %s\n  %s\n", definition, error.message);
    return;
  }
  char *json = block_json(block, true);
  CHECK_TEXT(json, wanted);
  Block *again = json ? make_with(json, NULL, block) : NULL; /* what is shown can be saved */
  if (CHECK(again != NULL)) {
    char *json_again = block_json(again, true);
    CHECK_TEXT(json_again, json);
    CHECK(block_has_password(block) == block_has_password(again));
    sqlite3_free(json_again);
  }
  block_release(again);
  block_release(block);
  sqlite3_free(json);
}

static void is_url(const char *definition, const char *wanted) {
  Block *block = make(definition);
  if (!CHECK(block != NULL)) {
    printf("  %s\n  %s\n", definition, error.message);
    return;
  }
  char *url = block_url(block, false);
  CHECK_TEXT(url, wanted);
  sqlite3_free(url);
  block_release(block);
}

/* Fails with a message like this; what must not be shown is CANARY. */
static void fails_with(const char *definition, const char *options, const char *pattern) {
  Block *block = make_with(definition, options, NULL);
  CHECK(block == NULL);
  block_release(block);
  if (!CHECK(error.message && sqlite3_strglob(pattern, error.message) == 0)) {
    printf("  %s\n  got    <%s>\n  wanted <%s>\n", definition, error.message ? error.message : "",
           pattern);
  }
  CHECK(error.message && strstr(error.message, "CANARY") == NULL);
}

static void fails(const char *definition, const char *pattern) {
  fails_with(definition, NULL, pattern);
}

/* ---------------------------------------------------------------- URLs */

static void test_urls(void) {
  is_url("postgresql+psycopg2://ann:p%40ss%3Aw%2Fd%3F%23%25@db:5433/shop",
         "postgresql+psycopg2://ann:p%40ss%3Aw%2Fd%3F%23%25@db:5433/shop");
  is_url("postgresql://ann:a+b c@db/shop", "postgresql://ann:a+b c@db/shop");
  is_url("postgresql://a%2Bb:x@db", "postgresql://a+b:x@db");
  is_url("postgresql://ann@db", "postgresql://ann@db");
  is_url("postgresql://ann:w:/?#d@db/shop", "postgresql://ann:w%3A%2F%3F%23d@db/shop");
  is_url("postgresql://a@b:pw@db", "postgresql://a%40b:pw@db");
  is_url("postgresql://a@b@db", "postgresql://a%40b@db");
  is_url("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x");
  is_url("postgresql://u@[fe80::1%25eth0]/x", "postgresql://u@[fe80::1%25eth0]/x");
  is_url("postgresql:///shop", "postgresql:///shop");
  is_url("postgresql://", "postgresql://");
  is_url("postgresql://db:/x", "postgresql://db/x");
  is_url("  mysql://db/x\n", "mysql://db/x");
  is_url("mysql://db/a%20b:c@d", "mysql://db/a%20b:c@d");
  is_url("postgresql://u@/x?host=a:1&host=b:2&application_name=A+b%26c",
         "postgresql://u@/x?application_name=A+b%26c&host=a%3A1&host=b%3A2");
  is_url("postgresql://db/x?connect_timeout=&&sslmode=require",
         "postgresql://db/x?connect_timeout=&sslmode=require");
  is_url("{\"driver\":\"postgresql+psycopg2\",\"database\":\"my.db\"}",
         "postgresql+psycopg2:///my.db");
  is_url(
      "{\"driver\":\"postgresql\",\"username\":\"u\",\"password\":\"p@ss:w/d?#%\",\"host\":\"h\"}",
      "postgresql://u:p%40ss%3Aw%2Fd%3F%23%25@h");
  is_url("{\"driver\":\"postgresql\",\"password\":\"p\",\"host\":\"h\"}", "postgresql://h");
  is_url("sqlite://", "sqlite://");
  is_url("sqlite:///:memory:", "sqlite:///:memory:");
  is_url("sqlite:////srv/a b@c.db?mode=ro", "sqlite:////srv/a b@c.db?mode=ro");
}

static void test_driver_names(void) {
  static const char *const names[] = {"postgresql",
                                      "postgresql+psycopg2",
                                      "postgresql+pg8000",
                                      "postgresql+psycopg2cffi",
                                      "postgresql+pypostgresql",
                                      "postgresql+pygresql",
                                      "postgresql+asyncpg",
                                      "postgresql+psycopg",
                                      "postgres",
                                      "mysql",
                                      "mysql+mysqldb",
                                      "mysql+pymysql",
                                      "mysql+mysqlconnector",
                                      "mysql+cymysql",
                                      "mysql+oursql",
                                      "mysql+pyodbc",
                                      "mysql+asyncmy",
                                      "mysql+aiomysql",
                                      "mariadb",
                                      "oracle",
                                      "oracle+cx_oracle",
                                      "oracle+oracledb",
                                      "oracle+oracledb_async",
                                      "mssql",
                                      "mssql+pyodbc",
                                      "mssql+mxodbc",
                                      "mssql+pymssql"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char url[100], json[200];
    sqlite3_snprintf(sizeof url, url, "%s://u:p@h/d", names[i]);
    is_url(url, url);
    sqlite3_snprintf(sizeof json, json,
                     "{\"driver\":\"%s\",\"username\":\"u\",\"password\":\"p\",\"host\":\"h\","
                     "\"database\":\"d\"}",
                     names[i]);
    is_url(json, url);
  }
  is_url("sqlite+pysqlite:///:memory:", "sqlite+pysqlite:///:memory:");
  is_url("sqlite+aiosqlite://", "sqlite+aiosqlite://");
  is_url("sqlite+pysqlcipher://:pass@//srv/x.db", "sqlite+pysqlcipher://:pass@//srv/x.db");
  is_url("{\"driver\":\"POSTGRESQL_PSYCOPG2\",\"host\":\"h\"}", "postgresql+psycopg2://h");
  is_url("{\"driver\":\"SyncDriver.ORACLE_CX_ORACLE\",\"host\":\"h\"}", "oracle+cx_oracle://h");
  is_url("{\"driver\":\"AsyncDriver.ORACLE_ORACLEDB_ASYNC\",\"host\":\"h\"}",
         "oracle+oracledb_async://h");
}

static void test_bad_urls(void) {
  fails("db.example.com/CANARY", "Invalid URL for block 'shop': *driver://user*");
  fails("host=x password=CANARY", "Invalid URL for block 'shop': *");
  fails("", "block 'shop': the definition is empty*");
  fails("  \n", "block 'shop': the definition is empty*");
  fails("postgresql:/x:CANARY@h", "Invalid URL*");
  fails("postgresqll://u:CANARY@h",
        "Invalid URL for block 'shop': unknown driver 'postgresqll'; did "
        "you mean 'postgresql'*");
  fails("postgresql://u:CANARY", "Invalid URL*the port must be*");
  fails("postgresql://u:x@CANARY@h/d", "Invalid URL*%40*");
  fails("postgresql://u:x@h/d?CANARY@h", "Invalid URL*%40*");
  fails("postgresql://u:x@h/d?CANARY=1&a=@", "Invalid URL*%40*");
  fails("postgresql://u:x@h:CANARY/d", "Invalid URL*");
  fails("postgresql://u:CANARY@h:0/d", "Invalid URL*");
  fails("postgresql://u:CANARY@h:65536/d", "Invalid URL*");
  fails("postgresql://u:CANARY@[::1/d", "Invalid URL*']'*");
  fails("postgresql://u:CANARY@[::1]x/d", "Invalid URL*");
  fails("postgresql://u:CANARY%00@h/d", "Invalid URL*not valid UTF-8*");
  fails("postgresql://u:CANARY%ff@h/d", "Invalid URL*not valid UTF-8*");
  fails("postgresql://u:CANARY@h x/d", "*host holds a character*");
  fails("sqlite://relative.db", "Invalid URL for block 'shop': SQLite takes no user*four slashes*");
  fails("sqlite://u:CANARY@/x.db", "Invalid URL*");
  fails("sqlite:///x.db?password=CANARY", "Invalid URL*SQLite takes no*");
}

static void test_sqlite_paths(void) {
  char directory[1000], wanted[1100];
  if (!getcwd(directory, sizeof directory)) return;
  sqlite3_snprintf(sizeof wanted, wanted, "sqlite:///%s/rel.db", directory);
  is_url("sqlite:///rel.db", wanted);
  is_url("sqlite:///./rel.db", wanted);
  sqlite3_snprintf(sizeof wanted, wanted, "sqlite:///%s/rel x.db?uri=true", directory);
  is_url("sqlite:///file:rel%20x.db?uri=true", wanted);
  is_url("sqlite:///file:///srv/x.db?uri=1&mode=ro", "sqlite:////srv/x.db?mode=ro&uri=1");
  is_url("sqlite:///file:name?mode=memory&cache=shared&uri=true",
         "sqlite:///name?cache=shared&mode=memory&uri=true");
}

/* ---------------------------------------------------------------- JSON */

static void test_json(void) {
  is_json(
      "{\"driver\":\"mysql+pymysql\",\"database\":\"d\",\"username\":\"u\",\"password\":\"p\","
      "\"host\":\"h\",\"port\":\"3307\",\"query\":{\"charset\":\"utf8mb4\"},"
      "\"connect_args\":{\"compress\":true,\"read_timeout\":5},\"fetch_size\":7}",
      "{\"driver\":\"mysql+pymysql\",\"username\":\"u\",\"password\":\"********\",\"host\":\"h\","
      "\"port\":3307,\"database\":\"d\",\"query\":{\"charset\":\"utf8mb4\"},"
      "\"connect_args\":{\"compress\":true,\"read_timeout\":5},\"fetch_size\":7}");
  is_json("{\"connection_info\":{\"driver\":\"postgresql\",\"host\":\"h\",\"port\":null},"
          "\"connect_args\":null,\"fetch_size\":2}",
          "{\"driver\":\"postgresql\",\"host\":\"h\",\"fetch_size\":2}");
  is_json("{\"connection_info\":\"postgresql://u:p@h\",\"connect_args\":{\"sslmode\":\"require\"}}",
          "{\"driver\":\"postgresql\",\"username\":\"u\",\"password\":\"********\",\"host\":\"h\","
          "\"connect_args\":{\"sslmode\":\"require\"}}");
  is_json("{\"id\":\"x\",\"name\":\"shop\",\"block_type_slug\":\"sqlalchemy-connector\","
          "\"block_schema\":{\"fields\":{}},\"data\":{\"connection_info\":{\"driver\":"
          "\"sqlite+pysqlite\",\"database\":\"/x.db\"},\"fetch_size\":2}}",
          "{\"driver\":\"sqlite+pysqlite\",\"database\":\"/x.db\",\"fetch_size\":2}");
  is_json("{\"driver\":\"POSTGRESQL_ASYNCPG\",\"username\":\"u\",\"password\":{\"value\":\"p\"},"
          "\"url\":null,\"host\":\"h\",\"database\":\"d\",\"query\":null,\"port\":5432}",
          "{\"driver\":\"postgresql+asyncpg\",\"username\":\"u\",\"password\":\"********\","
          "\"host\":\"h\",\"port\":5432,\"database\":\"d\"}");
  is_json("{\"url\":{\"value\":\"mysql://u:p@h/d\"},\"block_type_slug\":\"database-credentials\"}",
          "{\"driver\":\"mysql\",\"username\":\"u\",\"password\":\"********\",\"host\":\"h\","
          "\"database\":\"d\"}");
  is_json("{\"driver\":\"postgresql\",\"query\":{\"host\":[\"a:1\",\"b:2\"],\"password\":\"p\"},"
          "\"username\":\"\"}",
          "{\"driver\":\"postgresql\",\"password\":\"********\",\"query\":{\"host\":[\"a:1\","
          "\"b:2\"]}}");
  is_json("{\"driver\":\"mysql\",\"connect_args\":{\"user\":\"u\",\"passwd\":\"p\",\"db\":\"d\","
          "\"port\":3306,\"ssl\":{\"ca\":\"/ca.pem\",\"check_hostname\":false}}}",
          "{\"driver\":\"mysql\",\"username\":\"u\",\"password\":\"********\",\"port\":3306,"
          "\"database\":\"d\",\"connect_args\":{\"ssl\":{\"ca\":\"/ca.pem\","
          "\"check_hostname\":false}}}");
  is_json("postgresql://h/d?password_from=env:PW&password=",
          "{\"driver\":\"postgresql\",\"host\":\"h\",\"database\":\"d\",\"password_from\":"
          "\"env:PW\"}");
}

static void test_bad_json(void) {
  fails("{\"driver\":\"postgresql\",\"password\":\"CANARY\"", "block 'shop': *");
  fails("[\"CANARY\"]", "block 'shop': *must be a URL or a JSON object*");
  fails("{\"password\":\"CANARY\"}", "*a driver is missing*");
  fails("{}", "*a driver is missing*");
  fails("{\"driver\":\"CANARY CANARY\"}", "*unknown driver*valid: *postgresql*");
  fails("{\"driver\":\"postgresql\",\"port\":\"abcCANARY\"}", "*port must be a number*");
  fails("{\"driver\":\"postgresql\",\"port\":5.5}", "*port must be a number*");
  fails("{\"driver\":\"postgresql\",\"port\":70000}", "*port must be a number*");
  fails("{\"driver\":\"postgresql\",\"hots\":\"h\"}",
        "*unknown option 'hots'; did you mean 'host'?; valid: driver, username,*");
  fails("{\"driver\":\"postgresql\",\"hots\":{}}", "*unknown option 'hots'*");
  fails("{\"driver\":\"postgresql\",\"host\":{}}", "*host must be a single value*");
  fails("{\"driver\":\"postgresql\",\"password\":[\"CANARY\"]}",
        "*password must be a single value*");
  fails("{\"driver\":\"postgresql\",\"password\":{\"v\":\"CANARY\"}}", "*password must be a text*");
  fails("{\"driver\":\"postgresql\",\"password\":\"a\\u0000CANARY\"}", "*NUL*");
  fails("{\"driver\":\"postgresql\",\"username\":\"a\\nCANARY\"}", "*control characters*");
  fails("{\"driver\":\"postgresql\",\"query\":\"a=CANARY\"}", "*query must be a JSON object*");
  fails("{\"driver\":\"postgresql\",\"connect_args\":[1]}", "*connect_args must be a JSON object*");
  fails("{\"driver\":\"postgresql\",\"connect_args\":{\"sslpassword\":\"CANARY\"}}",
        "*'sslpassword' is refused*");
  fails("{\"driver\":\"postgresql\",\"query\":{\"token\":\"CANARY\"}}", "*unknown option 'token'*");
  fails("{\"driver\":\"postgresql\",\"pwd\":\"CANARY\"}", "*unknown option 'pwd'*");
  fails("{\"driver\":\"postgresql\",\"CANARY CANARY\":1}",
        "*unknown option (its name is no word)*");
  fails("{\"driver\":\"mysql\",\"connect_args\":{\"ssl\":{\"CANARY 1\":\"x\"}}}",
        "*unknown option*");
  fails("{\"driver\":\"mysql\",\"query\":{\"CANARY CANARY\":{}}}", "*a member must be a single*");
  fails("{\"driver\":\"mysql\",\"connect_args\":{\"ssl\":[1]}}", "*single value*");
  fails("{\"driver\":\"postgresql\",\"connect_args\":{\"server_settings\":{\"jit\":\"off\"}}}",
        "*options=*");
  fails("{\"driver\":\"postgresql\",\"url\":\"mysql://u:CANARY@h\"}",
        "*the driver is given twice*");
  fails("{\"url\":\"mysql://u:CANARY@h\",\"host\":\"g\"}", "*host is given twice*");
  fails("{\"url\":\"mysql://u:CANARY@h\",\"password\":\"CANARY2\"}", "*password is given twice*");
  fails("{\"block_type_slug\":\"s3-bucket\",\"data\":{\"password\":\"CANARY\"}}",
        "*another kind than sqlalchemy-connector*");
  fails("{\"connection_info\":{\"connection_info\":{\"connection_info\":{\"connection_info\":"
        "{\"connection_info\":{\"connection_info\":\"sqlite://\"}}}}}}",
        "*nested too deep*");
  fails("{\"driver\":\"sqlite\",\"database\":\"/x\",\"host\":\"h\"}",
        "block 'shop': SQLite takes no user*");
  fails("postgresql://u:********@h", "*masked*give the password itself*");
}

/* ---------------------------------------------------------------- options */

static void test_options(void) {
  Block *block = make_with("postgresql://h/d?fetch_size=2&sslmode=require",
                           " fetch_size = 9 , readonly, application_name='a, ''b'''", NULL);
  if (CHECK(block != NULL)) {
    CHECK(block_option_integer(block, "fetch_size") == 9);
    CHECK(block_option_true(block, "readonly"));
    CHECK_TEXT(block_option(block, "application_name"), "a, 'b'");
    CHECK_TEXT(block_option(block, "tls"), "require");
    CHECK_TEXT(block_option(block, "numeric"), "auto");
    CHECK(block_option_integer(block, "connect_timeout") == 10);
    CHECK(block_option_integer(block, "max_connections") == 15);
    CHECK(block_option(block, "tls_ca") == NULL);
    CHECK(block_option(block, "nonsense") == NULL);
    char *json = block_options_json(block);
    CHECK_TEXT(json, "{\"tls\":\"require\",\"fetch_size\":9,\"readonly\":true,"
                     "\"application_name\":\"a, 'b'\"}");
    sqlite3_free(json);
  }
  block_release(block);
  static const struct {
    const char *given, *key, *value;
  } good[] = {
      {"sslmode=disable", "tls", "off"},
      {"sslmode=verify-full", "tls", "verify-full"},
      {"ssl_mode=VERIFY_IDENTITY", "tls", "verify-full"},
      {"ssl-mode=REQUIRED", "tls", "require"},
      {"ssl=true", "tls", "verify-full"},
      {"ssl=0", "tls", "off"},
      {"ssl", "tls", "verify-full"},
      {"ssl_ca=/x", "tls_ca", "/x"},
      {"sslrootcert=/x", "tls_ca", "/x"},
      {"sslcert=/x", "tls_cert", "/x"},
      {"ssl_key=/x", "tls_key", "/x"},
      {"{\"connect_timeout\":2.5}", "connect_timeout", "3"},
      {"{\"readonly\":true}", "readonly", "true"},
      {"readonly=on", "readonly", "true"},
      {"{\"readonly\":0}", "readonly", "false"},
      {"numeric=TEXT", "numeric", "text"},
      {"overwrite", "fetch_size", "1"},
      {"", "fetch_size", "1"},
      {"{\"tls\":null}", "fetch_size", "1"},
      {"connection_timeout=7", "connect_timeout", "7"},
      {"charset=utf8mb4", "charset", "utf8mb4"},
      {"local_infile=0", "local_infile", "0"},
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    block = make_with("mysql://h", good[i].given, NULL);
    if (!CHECK(block != NULL))
      printf("  %s: %s\n", good[i].given, error.message);
    else
      CHECK_TEXT(block_option(block, good[i].key), good[i].value);
    block_release(block);
  }
}

static void test_bad_options(void) {
  static const struct {
    const char *given, *pattern;
  } bad[] = {
      {"fetch_sise=3", "*unknown option 'fetch_sise'; did you mean 'fetch_size'?; valid: *tls*"},
      {"fetch_size=CANARY", "*fetch_size must be a number from 1 to*"},
      {"fetch_size=0", "*fetch_size must be*"},
      {"fetch_size=1.5", "*fetch_size must be*"},
      {"fetch_size=", "*"},
      {"connect_timeout=0", "*connect_timeout must be a number of seconds*"},
      {"readonly=CANARY", "*readonly must be true or false*"},
      {"tls=CANARY", "*tls must be one of: verify-full verify-ca require off*"},
      {"sslmode=prefer", "*sslmode must be one of: verify-full*"},
      {"sslmode=allow", "*sslmode must be one of*"},
      {"batch=3", "*batch must be one of: auto on off*"},
      {"client_encoding=latin1", "*client_encoding must be one of*always UTF-8*"},
      {"service=CANARY", "*'service' is refused*valid: *"},
      {"passfile=CANARY", "*'passfile' is refused: use password_from*"},
      {"hostaddr=CANARY", "*'hostaddr' is refused*"},
      {"sslpassword=CANARY", "*is refused*"},
      {"krbsrvname=CANARY", "*is refused*"},
      {"charset=utf8mb4", "*means nothing to postgresql*"},
      {"mode=ro", "*means nothing to postgresql*"},
      {"fetch_size=1,fetch_size=2", "*given twice*"},
      {"tls=off,sslmode=require", "*tls is given twice*"},
      {"fetch_size='3", "*a quote does not end*"},
      {"application_name='CANARY' x", "*quote*"},
      {"=CANARY", "*a key is missing*"},
      {"fetch_size=1,,", "*a key is missing*"},
      {"password:CANARY", "*unknown option (its name is no word)*"},
      {"{\"fetch_size\":[1]}", "*fetch_size must be a number*"},
      {"{\"fetch_size\":CANARY}", "block 'shop': options: *"},
      {"application_name='a\nCANARY'", "*control characters*"},
      {"password_from=CANARY", "*password_from must be ask, env:NAME*"},
      {"password_from=env:1CANARY", "*needs the name of an environment variable*"},
      {"password_from=file:CANARY", "*absolute path*"},
      {"password_from='command: '", "*a program*"},
      {"password_from=ask", "*works with connector_save and connector_open only*"},
      {"password_from=pgpass,password=CANARY", "*not both*"},
      {"password=", "*"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (strcmp(bad[i].pattern, "*") == 0) { /* empty is not given */
      block_release(make_with("postgresql://h", bad[i].given, NULL));
      CHECK(error.code == SQLITE_OK);
    } else {
      fails_with("postgresql://h", bad[i].given, bad[i].pattern);
    }
  }
  fails_with("mysql://h", "local_infile=1", "*local_infile must be one of*any file*");
  fails_with("mysql://h", "application_name=CANARY\xff", "*must be UTF-8 text*");
  fails_with("mysql://u:CANARY\xff@h", NULL, "*not valid UTF-8*");
  fails_with("mysql://h", "plugin_dir=/x", "*is refused: it would load code*");
  fails_with("mysql://h", "unix_socket=rel", "*absolute path*");
  fails_with("sqlite://", "tls=off", "*means nothing to sqlite*");
  fails_with("mssql+pyodbc:///?odbc_connect=PWD%3DCANARY", NULL, "*'odbc_connect' is refused*");
  fails_with("postgresql://h?host=g", NULL, "*the host is given twice*");
  fails_with("postgresql://?host=a,b,c&port=1,2", NULL, "*2 ports for 3 hosts*");
  fails_with("postgresql://?host=a:x", NULL, "*port of a host*");
  fails_with("postgresql://?host=[::1", NULL, "*no ']'*");
  fails_with("postgresql://?host=a&port=CANARY", NULL, "*port must be a number*");
}

/* ---------------------------------------------------------------- changes */

static Block *changed(const Block *old, const char *key, const char *value) {
  Block *block = NULL;
  error_clear(&error);
  int code = block_change(&unit_connector, old, key, value, &block, &error);
  CHECK((code == SQLITE_OK) == (block != NULL));
  return block;
}

static void change_gives(const char *definition, const char *key, const char *value,
                         const char *wanted) {
  Block *old = make(definition);
  if (!CHECK(old != NULL)) return;
  Block *block = changed(old, key, value);
  if (!CHECK(block != NULL)) {
    printf("  %s: %s\n", key, error.message);
  } else {
    char *json = block_json(block, false);
    CHECK_TEXT(json, wanted);
    CHECK_TEXT(block->id, old->id);
    sqlite3_free(json);
  }
  block_release(block);
  block_release(old);
}

static void test_change(void) {
  const char *url = "postgresql://ann:pw@db/x?sslmode=require&application_name=a";
#define HEAD "{\"driver\":\"postgresql\",\"username\":\"ann\",\"password\":\"pw\",\"host\":\"db\","
#define QUERY "\"query\":{\"sslmode\":\"require\",\"application_name\":\"a\"}}"
  change_gives(url, "port", "7", HEAD "\"port\":7,\"database\":\"x\"," QUERY);
  change_gives(url, "database", NULL, HEAD QUERY);
  change_gives(url, "tls", "verify-ca",
               HEAD "\"database\":\"x\",\"query\":{\"application_name\":\"a\"},\"tls\":"
                    "\"verify-ca\"}");
  change_gives(url, "sslmode", NULL,
               HEAD "\"database\":\"x\",\"query\":{\"application_name\":\"a\"}}");
  change_gives(url, "query.application_name", "b",
               HEAD "\"database\":\"x\",\"query\":{\"sslmode\":\"require\",\"application_name\":"
                    "\"b\"}}");
  change_gives(url, "query.sslmode", NULL,
               HEAD "\"database\":\"x\",\"query\":{\"application_name\":\"a\"}}");
  change_gives(url, "query", "{\"keepalives\":1}",
               HEAD "\"database\":\"x\",\"query\":{\"keepalives\":\"1\"}}");
  change_gives(url, "query", NULL, HEAD "\"database\":\"x\"}");
  change_gives(url, "connect_args", "{\"keepalives\":1}",
               HEAD "\"database\":\"x\",\"query\":{\"sslmode\":\"require\",\"application_name\":"
                    "\"a\"},\"connect_args\":{\"keepalives\":1}}");
  change_gives("postgresql://ann:pw@db", "password", "new",
               "{\"driver\":\"postgresql\",\"username\":\"ann\",\"password\":\"new\",\"host\":"
               "\"db\"}");
  change_gives("postgresql://ann:pw@db", "password", NULL,
               "{\"driver\":\"postgresql\",\"username\":\"ann\",\"host\":\"db\"}");
  change_gives("postgresql://ann:pw@db", "password_from", "env:X",
               "{\"driver\":\"postgresql\",\"username\":\"ann\",\"host\":\"db\",\"password_from\":"
               "\"env:X\"}");
  change_gives("postgresql://db?password_from=env:X", "password", "pw",
               "{\"driver\":\"postgresql\",\"password\":\"pw\",\"host\":\"db\"}");
  change_gives("postgresql://db?password_from=env:X", "password_from", NULL,
               "{\"driver\":\"postgresql\",\"host\":\"db\"}");
  change_gives("postgresql://u:pw@db", "host", "g",
               "{\"driver\":\"postgresql\",\"username\":\"u\",\"password\":\"pw\",\"host\":\"g\"}");
  change_gives(
      "{\"driver\":\"mysql\",\"connect_args\":{\"ssl_mode\":\"REQUIRED\",\"compress\":true}}",
      "tls", "off", "{\"driver\":\"mysql\",\"connect_args\":{\"compress\":true},\"tls\":\"off\"}");
  change_gives("mysql://db", "driver", "mariadb", "{\"driver\":\"mariadb\",\"host\":\"db\"}");
  Block *old = make("postgresql://db?fetch_size=3");
  static const struct {
    const char *key, *value, *pattern;
  } bad[] = {
      {"fetch_sise", "3", "block 'shop': unknown option 'fetch_sise'; did you mean 'fetch_size'*"},
      {"fetch_size", "CANARY", "*fetch_size must be a number*"},
      {"driver", NULL, "*needs a driver*"},
      {"driver", "oracel", "*unknown driver*"},
      {"driver", "sqlite", "*SQLite takes no*"},
      {"port", "CANARY", "*port must be*"},
      {"query", "CANARY", "*"},
      {"connect_args", "[\"CANARY\"]", "*connect_args*"},
      {"query.nonsense", "1", "*unknown option 'nonsense'*"},
      {"password", "********", "*masked*"},
      {"CANARY CANARY", "1", "*no word*"},
  };
  for (size_t i = 0; old && i < sizeof bad / sizeof bad[0]; i++) {
    Block *block = changed(old, bad[i].key, bad[i].value);
    CHECK(block == NULL);
    if (!CHECK(error.message && sqlite3_strglob(bad[i].pattern, error.message) == 0)) {
      printf("  %s: %s\n", bad[i].key, error.message);
    }
    CHECK(error.message && strstr(error.message, "CANARY") == NULL);
    block_release(block);
  }
  block_release(old);
}

/* ---------------------------------------------------------------- masks */

static void test_masks(void) {
  Block *old = make("postgresql://ann:pw@db:5432/shop?sslmode=verify-full&tls_ca=/ca");
  if (!CHECK(old != NULL)) return;
  static const char *const good[] = {
      "postgresql://ann:********@db:5432/other?sslmode=verify-full&tls_ca=/ca",
      "postgresql+asyncpg://ann:**********@db:5432/shop?tls_ca=/ca",
      "{\"url\":\"postgresql://ann@db:5432?tls_ca=/ca\",\"password\":\"********\",\"readonly\":1}"};
  static const char *const bad[] = {
      "postgresql://ann:********@evil:5432/shop?tls_ca=/ca",
      "postgresql://ann:********@db:5433/shop?tls_ca=/ca",
      "postgresql://bob:********@db:5432/shop?tls_ca=/ca",
      "postgresql://ann:********@db:5432/shop?sslmode=require&tls_ca=/ca",
      "postgresql://ann:********@db:5432/shop",
      "mysql://ann:********@db:5432/shop?tls_ca=/ca",
      "postgresql://ann:********@/shop?host=db:5432&host=evil&tls_ca=/ca"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    Block *block = make_with(good[i], NULL, old);
    if (!CHECK(block != NULL))
      printf("  %s: %s\n", good[i], error.message);
    else
      CHECK_TEXT(block->password, "pw");
    block_release(block);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    Block *block = make_with(bad[i], NULL, old);
    CHECK(block == NULL);
    CHECK(error.message && strstr(error.message, "one unit") != NULL);
    block_release(block);
  }
  block_release(old);
}

static void test_names(void) {
  static const char *const good[] = {"a", "0", "my-shop_2", "temp2", "sqlite", "domain"};
  static const char *const bad[] = {"",
                                    "A",
                                    "a b",
                                    "main",
                                    "temp",
                                    "sqlite_x",
                                    "connector",
                                    "connector_x",
                                    "é",
                                    "a.b",
                                    "postgresql://u:CANARY@h",
                                    "{\"password\":\"CANARY\"}",
                                    "CANARY=x"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    CHECK(block_name_check(good[i], &error) == SQLITE_OK);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK(block_name_check(bad[i], &error) == SQLITE_ERROR);
    CHECK(error.message && strstr(error.message, "CANARY") == NULL);
  }
  error_clear(&error);
}

/* ---------------------------------------------------------------- out of memory */

/* The whole life of a block with the n-th allocation failing, for every n. */
static void test_memory(void) {
  int points = 0;
  const char *definition =
      "{\"connection_info\":{\"driver\":\"postgresql\",\"username\":\"u\",\"password\":\"p\","
      "\"query\":{\"host\":[\"a:1\",\"b:2\"],\"sslmode\":\"require\"}},\"connect_args\":"
      "{\"ssl\":{\"ca\":\"ca.pem\"},\"keepalives\":1},\"fetch_size\":3}";
  setenv("UNIT_PASSWORD", "pw", 1);
  for (int n = 1; n < 5000; n++) {
    Block *block = NULL, *other = NULL;
    BlockTarget local = {0};
    char *json = NULL, *url = NULL;
    error_clear(&error);
    unit_fail_at = n;
    int code = block_parse(&unit_connector, "shop", definition, strlen(definition),
                           "readonly, application_name='x'", 30, false, NULL, &block, &error);
    if (code == SQLITE_OK) {
      code = block_change(&unit_connector, block, "password_from", "env:UNIT_PASSWORD", &other,
                          &error);
    }
    if (code == SQLITE_OK) code = block_target(&unit_connector, other, &local, &error);
    if (code == SQLITE_OK) {
      json = block_json(other, true);
      url = block_url(other, true);
      if (json == NULL || url == NULL) code = SQLITE_NOMEM;
    }
    bool done = unit_fail_at > 0;
    unit_fail_at = 0;
    if (!CHECK(done ? code == SQLITE_OK : code == SQLITE_NOMEM || code == SQLITE_OK)) {
      printf("  at %d: code %d %s\n", n, code, error.message ? error.message : "");
    }
    block_target_clear(&local);
    sqlite3_free(json);
    sqlite3_free(url);
    block_release(block);
    block_release(other);
    points++;
    if (done) break;
  }
  error_clear(&error);
  CHECK(points > 200);
}

int main(void) {
  unit_start();
  unit_connector.host.interrupted = interrupted;
  test_urls();
  test_driver_names();
  test_bad_urls();
  test_sqlite_paths();
  test_json();
  test_bad_json();
  test_options();
  test_bad_options();
  test_change();
  test_masks();
  test_names();
  test_memory();
  error_clear(&error);
  sqlite3_shutdown();
  return unit_report();
}
