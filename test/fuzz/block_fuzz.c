/*
** block_fuzz.c: any bytes as a definition, and behind its first NUL as options. Each `PW` in it becomes
** a password. What is accepted can be shown and saved again, and stays the same; no message shows the
** password, nor does a masked form that was read back.
**
** sources: src/block.c src/block_json.c src/block_target.c src/block_change.c src/draft.c
** sources: src/draft_check.c src/definition.c src/url.c src/address.c src/option_specs.c src/text.c
** sources: src/options.c src/option_list.c src/option_file.c src/secret.c src/secret_files.c
** sources: src/secret_command.c src/secret_ask.c src/sealed.c src/store_key.c src/cipher.c
** sources: src/registry.c src/json.c src/json_reader.c src/json_write.c src/error.c src/log_mask.c
** sources: src/driver_*.c src/sqlite/[a-z]*.c
*/
#include "address.h"
#include "block.h"
#include "driver_support.h"
#include "fuzz.h"

/* With a character that no key, driver or host has, so that it is nowhere taken for one of these. */
#define PASSWORD "h!nter2pass"

static char text[20000];

/* PW → PASSWORD; the size. */
static size_t fill(const uint8_t *data, size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < size && used + sizeof PASSWORD < sizeof text; i++) {
    if (i + 1 < size && data[i] == 'P' && data[i + 1] == 'W') {
      memcpy(text + used, PASSWORD, sizeof PASSWORD - 1);
      used += sizeof PASSWORD - 1;
      i++;
    } else {
      text[used++] = (char)data[i];
    }
  }
  return used;
}

static void check_message(const Error *error) {
  REQUIRE(error->code != SQLITE_OK && error->message);
  REQUIRE(strstr(error->message, PASSWORD) == NULL);
  REQUIRE(utf8_valid(error->message, strlen(error->message)));
}

/* What is shown is read again as the same block. */
static void round_trip(const Block *block, const char *json) {
  Error error = {0};
  Block *again = NULL;
  int code = block_parse(&fuzz_connector, "shop", json, strlen(json), NULL, 0, false, block, &again,
                         &error);
  if (code) fprintf(stderr, "%s\n%s\n", json, error.message);
  REQUIRE(code == SQLITE_OK);
  char *second = block_json(again, true);
  if (strcmp(json, second) != 0) fprintf(stderr, "%s\n%s\n", json, second);
  REQUIRE(strcmp(json, second) == 0);
  REQUIRE((block->password == NULL) == (again->password == NULL));
  REQUIRE(block->password == NULL || strcmp(block->password, again->password) == 0);
  sqlite3_free(second);
  block_release(again);
}

static void use(Block *block) {
  Error error = {0};
  AddressList list = {0};
  if (address_list(block, &list, &error) == SQLITE_OK) {
    REQUIRE(list.count > 0);
    /* what leaves the machine is verified unless the block says less */
    bool said = option_list_get(&block->options, "tls") ||
                option_list_get(&block->options, "ssl_check_hostname") ||
                option_list_get(&block->options, "ssl_verify_cert");
    for (size_t i = 0; i < list.count; i++) {
      if (address_is_socket(&list.addresses[i]) || address_is_loopback(&list.addresses[i]))
        continue;
      REQUIRE(said || address_tls(block, &list) == TLS_VERIFY_FULL);
    }
    address_list_clear(&list);
  } else {
    check_message(&error);
  }
  error_clear(&error);
  static const char *const keys[] = {"fetch_size", "tls", "host", "query.sslmode", "nosuch"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    Block *changed = NULL;
    if (block_change(&fuzz_connector, block, keys[i], i % 2 ? "require" : NULL, &changed, &error))
      check_message(&error);
    block_release(changed);
    error_clear(&error);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Error error = {0};
  Block *block = NULL;
  size = fill(data, size);
  size_t definition = strnlen(text, size), options = definition < size ? definition + 1 : size;
  int code = block_parse(&fuzz_connector, "shop", text, definition, text + options, size - options,
                         false, NULL, &block, &error);
  if (code) {
    REQUIRE(block == NULL);
    check_message(&error);
  } else {
    char *json = block_json(block, true), *url = block_url(block, true);
    char *shown = block_options_json(block);
    REQUIRE(json && url && shown);
    round_trip(block, json);
    use(block);
    sqlite3_free(json);
    sqlite3_free(url);
    sqlite3_free(shown);
  }
  block_release(block);
  error_clear(&error);
  return 0;
}
