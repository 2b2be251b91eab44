/*
** target_test.c: what a driver is told: addresses, TLS, settings, and the password from every place.
** sources: src/block.c src/block_json.c src/block_target.c src/block_change.c src/draft.c
** sources: src/draft_check.c src/definition.c src/url.c src/address.c src/option_specs.c
** sources: src/text.c src/options.c src/option_list.c src/option_file.c src/secret.c src/secret_files.c
** sources: src/secret_command.c src/secret_ask.c src/sealed.c src/store_key.c src/cipher.c
** sources: src/registry.c src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_*.c src/sqlite/[a-z]*.c
*/
#include "blocks.h"
#include "driver_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- targets */

static BlockTarget target;

static bool connects(const char *definition, const char *options) {
  Block *block = make_with(definition, options, NULL);
  if (!CHECK(block != NULL)) {
    printf("  %s: %s\n", definition, error.message);
    return false;
  }
  static Block *held; /* the target borrows from it */
  block_release(held);
  held = block;
  int code = block_target(&unit_connector, block, &target, &error);
  CHECK(code == error.code);
  if (strcmp(definition, "sqlite://") == 0) { /* the last one */
    block_release(held);
    held = NULL;
    return false;
  }
  return code == SQLITE_OK;
}

static void tls_is(const char *definition, TlsMode wanted) {
  if (!CHECK(connects(definition, NULL))) return;
  if (!CHECK(target.target.tls == wanted)) printf("  %s: %d\n", definition, target.target.tls);
  block_target_clear(&target);
}

static void test_tls(void) {
  tls_is("postgresql://db.example.com/x", TLS_VERIFY_FULL);
  tls_is("postgresql://10.0.0.1/x", TLS_VERIFY_FULL);
  tls_is("postgresql://localhost.example.com/x", TLS_VERIFY_FULL);
  tls_is("postgresql://localhost/x", TLS_OFF);
  tls_is("postgresql://127.0.0.1/x", TLS_OFF);
  tls_is("postgresql://127.8.9.10/x", TLS_OFF);
  tls_is("postgresql://127.0.0.1.example.com/x", TLS_VERIFY_FULL);
  tls_is("postgresql://[::1]/x", TLS_OFF);
  tls_is("postgresql://[::2]/x", TLS_VERIFY_FULL);
  tls_is("postgresql:///x", TLS_OFF);
  tls_is("postgresql://%2Frun%2Fpg/x", TLS_OFF);
  tls_is("postgresql:///x?host=/run/pg", TLS_OFF);
  tls_is("postgresql:///x?host=localhost&host=db", TLS_VERIFY_FULL);
  tls_is("mysql:///x?unix_socket=/run/m.sock", TLS_OFF);
  tls_is("mysql://db/x?unix_socket=/run/m.sock", TLS_OFF);
  tls_is("mysql://127.0.0.1/x?ssl_ca=/ca", TLS_VERIFY_FULL);
  tls_is("mysql://127.0.0.1/x?ssl_ca=/ca&ssl_check_hostname=false", TLS_VERIFY_CA);
  tls_is("mysql://127.0.0.1/x?ssl_verify_identity=true", TLS_VERIFY_FULL);
  tls_is("mysql://127.0.0.1/x?ssl_check_hostname=false", TLS_OFF);
  tls_is("mysql://db/x?ssl_check_hostname=false", TLS_VERIFY_CA);
  tls_is("mysql://db/x?ssl_verify_cert=false", TLS_REQUIRE);
  tls_is("mysql://db/x?tls=require&ssl_check_hostname=false", TLS_REQUIRE);
  tls_is("mysql://db/x?ssl_disabled=true", TLS_OFF);
  tls_is("mysql://db/x?ssl_disabled=false", TLS_VERIFY_FULL);
  tls_is("postgresql://db/x?sslmode=disable", TLS_OFF);
  tls_is("postgresql://db/x?sslmode=verify-ca", TLS_VERIFY_CA);
  tls_is("postgresql://localhost/x?tls=verify-full", TLS_VERIFY_FULL);
  tls_is("postgresql://db/x?sslrootcert=system", TLS_VERIFY_FULL);
}

static void test_target(void) {
  if (CHECK(connects("postgresql://ann:pw@db:5433/shop?keepalives=1&options=-c%20a=b",
                     "readonly, statement_timeout=50, transaction_timeout=60, timestamp=unix"))) {
    const DriverTarget *t = &target.target;
    CHECK_TEXT(t->block, "shop");
    CHECK_TEXT(t->application_name, "sqlite-connector/" CONNECTOR_VERSION " shop");
    CHECK(t->address_count == 1 && t->addresses[0].port == 5433);
    CHECK_TEXT(t->addresses[0].host, "db");
    CHECK_TEXT(t->username, "ann");
    CHECK_TEXT(t->password, "pw");
    CHECK_TEXT(t->database, "shop");
    CHECK(t->readonly && t->statement_timeout == 50 && t->transaction_timeout == 60);
    CHECK_TEXT(t->timestamp, "unix");
    CHECK_TEXT(t->numeric, "auto");
    CHECK(t->setting_count == 2);
    CHECK_TEXT(t->settings[0].key, "keepalives");
    CHECK_TEXT(t->settings[1].value, "-c a=b");
    block_target_clear(&target);
    CHECK(target.memory == NULL && target.target.password == NULL);
  }
  if (CHECK(connects("postgresql:///x?host=a:1,[::2]:3&host=/run/x&port=7&application_name=mine",
                     "load_balance_hosts=disable"))) {
    const DriverTarget *t = &target.target;
    CHECK_TEXT(t->application_name, "mine");
    CHECK(t->setting_count == 0 && t->address_count == 3);
    CHECK_TEXT(t->addresses[0].host, "a");
    CHECK_TEXT(t->addresses[1].host, "::2");
    CHECK_TEXT(t->addresses[2].host, "/run/x");
    CHECK(t->addresses[0].port == 1 && t->addresses[1].port == 3 && t->addresses[2].port == 7);
    block_target_clear(&target);
  }
  if (CHECK(connects("postgresql:///x?host=a,b,c&port=1,2,3", "load_balance_hosts=random"))) {
    int sum = 0;
    for (size_t i = 0; i < target.target.address_count; i++)
      sum += target.target.addresses[i].port;
    CHECK(sum == 6);
    block_target_clear(&target);
  }
  connects("sqlite://", NULL);
  block_target_clear(&target);
}

/* ---------------------------------------------------------------- passwords */

static char folder[] = "/tmp/block_test.XXXXXX";
static char path_of[200];

static const char *file(const char *name, const char *content, mode_t mode) {
  sqlite3_snprintf(sizeof path_of, path_of, "%s/%s", folder, name);
  unlink(path_of);
  int fd = open(path_of, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd >= 0) {
    CHECK(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    fchmod(fd, mode);
    close(fd);
  }
  return path_of;
}

static void password_is(const char *definition, const char *options, const char *wanted) {
  if (!CHECK(connects(definition, options))) {
    printf("  %s: %s\n", definition, error.message ? error.message : "");
    return;
  }
  CHECK_TEXT(target.target.password, wanted);
  block_target_clear(&target);
}

static void password_fails(const char *definition, const char *options, const char *pattern) {
  CHECK(!connects(definition, options));
  if (!CHECK(error.message && sqlite3_strglob(pattern, error.message) == 0)) {
    printf("  %s\n  got    <%s>\n  wanted <%s>\n", options, error.message, pattern);
  }
  CHECK(error.message && strstr(error.message, "CANARY") == NULL);
  CHECK(target.memory == NULL);
}

static void test_environment_and_file(void) {
  char options[300];
  setenv("UNIT_PASSWORD", "pw from env", 1);
  password_is("postgresql://h", "password_from=env:UNIT_PASSWORD", "pw from env");
  password_fails("postgresql://h", "password_from=env:UNIT_NOT_SET",
                 "connector 'shop': the environment variable UNIT_NOT_SET*not set");
  sqlite3_snprintf(sizeof options, options, "password_from=file:%s/pw", folder);
  password_fails("postgresql://h", options, "*cannot read*");
  file("pw", "first line \r\nCANARY\n", 0600);
  password_is("postgresql://h", options, "first line ");
  file("pw", "CANARY", 0640);
  password_fails("postgresql://h", options, "*chmod 600 '/tmp/block_test*");
  file("pw", "CANARY", 0604);
  password_fails("postgresql://h", options, "*chmod 600*");
  file("other", "CANARY", 0600);
  unlink(file("pw", "", 0600));
  CHECK(symlink("other", path_of) == 0);
  password_fails("postgresql://h", options, "*symbolic link*");
  unlink(path_of);
  CHECK(mkfifo(path_of, 0600) == 0);
  password_fails("postgresql://h", options, "*not a regular file*");
  unlink(path_of);
  CHECK(mkdir(path_of, 0700) == 0);
  password_fails("postgresql://h", options, "*not a regular file*");
  rmdir(path_of);
  char *large = sqlite3_mprintf("%070000d", 1);
  file("pw", large, 0600);
  password_fails("postgresql://h", options, "*longer than*");
  sqlite3_free(large);
  unlink(path_of);
}

static void test_pgpass(void) {
  setenv("HOME", folder, 1);
  setenv("PGPASSFILE", "/nonexistent", 1);
  setenv("PGPASSWORD", "CANARY", 1);
  file(".pgpass",
       "# comment\n"
       "other:*:*:*:CANARY\n"
       "db\\:1:5432:*:ann:pw\\:1\\\\2\n"
       "db:5433:shop:ann:exact\r\n"
       "db:*:ann:ann:same name\n"
       "localhost:5432:*:ann:socket\n"
       "/run/x:*:*:*:path\n"
       "broken line\n"
       "b:*:*:*:second\n"
       "db:5432:*:*:CANARY but only for others",
       0600);
  password_is("postgresql://ann@db:5433/shop", "password_from=pgpass", "exact");
  password_is("postgresql://ann@db", "password_from=pgpass", "same name");
  password_is("postgresql://ann@/x", "password_from=pgpass", "socket");
  password_is("postgresql://ann@/x?host=/run/x", "password_from=pgpass", "path");
  password_is("postgresql://ann@/x?host=a&host=b", "password_from=pgpass", "second");
  password_fails("postgresql://bob@db:5433/shop", "password_from=pgpass",
                 "*no line for this host*");
  chmod(path_of, 0644);
  password_fails("postgresql://ann@db:5433/shop", "password_from=pgpass", "*chmod 600*.pgpass'*");
  unlink(path_of);
  password_fails("postgresql://ann@db", "password_from=pgpass", "*cannot read*.pgpass*");
}

static void test_my_cnf(void) {
  char url[300];
  file(".my.cnf",
       "# c\n[mysqld]\npassword=CANARY\n[client]\nuser = x\npassword = 'a#b\\'c' # comment\n"
       "[group]\npassword=in group # c\nhost=db.example.com\nport=3307\n",
       0600);
  password_is("mysql://h", "password_from=my_cnf", "a#b'c");
  sqlite3_snprintf(sizeof url, url, "mysql:///d?read_default_file=%s&read_default_group=group",
                   path_of);
  password_is(url, NULL, "in group");
  if (CHECK(connects(url, NULL))) {
    CHECK_TEXT(target.target.username, "x");
    CHECK_TEXT(target.target.addresses[0].host, "db.example.com");
    CHECK(target.target.addresses[0].port == 3307);
    CHECK(target.target.tls == TLS_VERIFY_FULL);
    block_target_clear(&target);
  }
  file(".my.cnf", "[client]\nuser=x\n", 0600);
  password_fails("mysql://h", "password_from=my_cnf", "*no password=*");
  file(".my.cnf", "[client]\npassword=CANARY\n", 0666);
  password_fails("mysql://h", "password_from=my_cnf", "*chmod 600*");
  unlink(path_of);
  unsetenv("HOME");
  password_fails("mysql://h", "password_from=my_cnf", "*no home directory*");
}

static void test_command(void) {
  password_is("mysql://h", "password_from=command:echo pw", "pw");
  password_is("mysql://h", "password_from='command:printf \"%s|\" a ''b c'' \\\"d\\ e\\\"'",
              "a|b c|\"d e\"|");
  password_is("mysql://h", "password_from='command:echo $HOME `id` ; x'", "$HOME `id` ; x");
  password_is("mysql://h", "password_from='command:sh -c \"cat; echo in=$(cat)\"'", "in=");
  password_is("mysql://h", "password_from='command:sh -c \"echo a; echo CANARY\"'", "a");
  password_is("mysql://h",
              "password_from='command:sh -c \"echo a; head -c 300000 /dev/zero | tr ''\\\\0'' x\"'",
              "a");
  password_fails("mysql://h", "password_from=command:/nonexistent/program",
                 "*'/nonexistent/program' of password_from*");
  password_fails("mysql://h", "password_from='command:sh -c \"echo CANARY; exit 3\"'",
                 "*exit status 3*");
  password_fails("mysql://h", "password_from='command:sh -c \"kill -9 $$\"'", "*signal 9*");
  password_fails("mysql://h", "password_from=command:true", "*printed no password*");
  password_fails("mysql://h", "password_from='command:printf \"a\\\\000CANARY\"'", "*NUL*");
  password_fails("mysql://h", "password_from='command:echo \"CANARY'", "*a quote is not closed*");
  int64_t start = driver_clock();
  interrupt_now = true;
  password_fails("mysql://h", "password_from='command:sleep 30'", "*interrupted*");
  CHECK(error.code == SQLITE_INTERRUPT);
  password_fails("mysql://h", "password_from='command:sh -c \"exec >&-; sleep 30\"'",
                 "*interrupted*");
  interrupt_now = false;
  CHECK(driver_clock() - start < 2000000);
  Block *block = make_with("mysql://h", "password_from=command:echo CANARY", NULL);
  if (!CHECK(block != NULL)) return;
  static const BlockSource sources[] = {BLOCK_ENVIRONMENT, BLOCK_SYSTEM};
  for (size_t i = 0; i < 2; i++) {
    block->source = sources[i];
    error_clear(&error);
    CHECK(block_target(&unit_connector, block, &target, &error) == SQLITE_AUTH);
    CHECK(error.message && strstr(error.message, "only in a block of your own") != NULL);
  }
  block_release(block);
}

/* ---------------------------------------------------------------- nothing stays in memory */

#ifdef __SANITIZE_ADDRESS__
/* Memory may not be searched there. */
static void test_wiped(void) {
}
#else

/* The secret is put together when it is needed, so that it stands nowhere in the program. */
static void put_secret(char *to) {
  static const char coded[] = "ibobszboebry"; /* each letter one too high */
  for (size_t i = 0; coded[i]; i++)
    to[i] = (char)(coded[i] - 1);
}

static size_t count_secret(const char *from, const char *to) {
  static const char coded[] = "ibobszboebry";
  size_t count = 0, size = sizeof coded - 1;
  for (; from + size <= to; from++) {
    size_t same = 0;
    while (same < size && from[same] + 1 == coded[same])
      same++;
    if (same == size) count++;
  }
  return count;
}

/* In all memory that can be written but the stack. */
static size_t secrets_in_memory(void) {
  size_t count = 0;
  char line[500];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps && fgets(line, sizeof line, maps)) {
    unsigned long from, to;
    char flags[5];
    if (sscanf(line, "%lx-%lx %4s", &from, &to, flags) != 3 || flags[0] != 'r' || flags[1] != 'w')
      continue;
    if (strstr(line, "[stack]") || to - from > 256UL << 20) continue; /* a sanitizer's own */
    count += count_secret((const char *)from, (const char *)to);
  }
  if (maps) fclose(maps);
  return count;
}

static void test_wiped(void) {
  static const char *const forms[] = {
      "postgresql://ann:%@db/x",
      "postgresql://ann:%%41@db/x",
      "postgresql://db/x?password=%",
      "{\"driver\":\"mysql\",\"password\":\"%\"}",
      "{\"driver\":\"mysql\",\"query\":{\"password\":[\"%\"]}}",
      "{\"driver\":\"mysql\",\"connect_args\":{\"passwd\":\"%\",\"compress\":true}}",
      "{\"connection_info\":{\"url\":{\"value\":\"mysql://u:%@h\"}}}",
      "nosuch://u:%@h",
      "postgresql://u:%@h/?nosuch=%",
      "{\"driver\":\"mysql\",\"password\":\"%\",\"nosuch\":1}",
      "{\"driver\":\"mysql\",\"password\":\"%\"",
  };
  CHECK(secrets_in_memory() == 0);
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    char text[300] = "";
    for (const char *at = forms[i]; *at; at++) {
      if (*at == '%' && at[1] != '4')
        put_secret(text + strlen(text));
      else
        text[strlen(text)] = *at;
    }
    Block *block = NULL, *changed = NULL;
    BlockTarget used = {0};
    char *json = NULL, *url = NULL;
    error_clear(&error);
    int code = block_parse(&unit_connector, "shop", text, strlen(text), NULL, 0, false, NULL,
                           &block, &error);
    CHECK((code == SQLITE_OK) == (i < 7));
    if (code == SQLITE_OK) {
      CHECK(secrets_in_memory() > 0); /* the search finds it */
      block_change(&unit_connector, block, "fetch_size", "3", &changed, &error);
      CHECK(block_target(&unit_connector, changed ? changed : block, &used, &error) == SQLITE_OK);
      json = block_json(block, true);
      url = block_url(block, true);
    }
    sqlite3_free(json);
    sqlite3_free(url);
    block_target_clear(&used);
    block_release(changed);
    block_release(block);
    explicit_bzero(text, sizeof text);
    if (!CHECK(secrets_in_memory() == 0)) printf("  left of %s\n", forms[i]);
  }
}

#endif

int main(void) {
  unit_start();
  unit_connector.host.interrupted = interrupted;
  if (mkdtemp(folder) == NULL) return 1;
  test_tls();
  test_target();
  test_environment_and_file();
  test_pgpass();
  test_my_cnf();
  test_command();
  test_wiped();
  connects("sqlite://", NULL);
  block_target_clear(&target);
  error_clear(&error);
  unlink(file("other", "", 0600));
  rmdir(folder);
  sqlite3_shutdown();
  return unit_report();
}
