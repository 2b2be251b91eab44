/*
** block_target.c: all that a driver needs to connect, in one piece.
**
** Here the defaults become final (TLS by address, the session's name) and the password is read from
** wherever it is. Texts that the Block holds are borrowed from it; the few that are made here are kept
** in one list and wiped with it.
*/
#include "address.h"
#include "option_file.h"
#include "secret.h"
#include "store.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* What BlockTarget.memory points at. */
typedef struct TargetMemory {
  AddressList addresses;
  DriverSetting *settings;
  char *application_name;
  char *password;  /* when it is not the block's own */
  OptionList file; /* of read_default_file */
} TargetMemory;

void block_target_clear(BlockTarget *target) {
  TargetMemory *memory = target->memory;
  if (memory) {
    address_list_clear(&memory->addresses);
    sqlite3_free(memory->settings);
    sqlite3_free(memory->application_name);
    text_free(memory->password);
    option_list_clear(&memory->file);
    sqlite3_free(memory);
  }
  memset(target, 0, sizeof *target);
}

static void shuffle(AddressList *list) {
  for (size_t i = list->count - 1; i > 0; i--) {
    unsigned random;
    sqlite3_randomness(sizeof random, &random);
    size_t other = random % (i + 1);
    DriverAddress address = list->addresses[i];
    list->addresses[i] = list->addresses[other];
    list->addresses[other] = address;
  }
}

/* The client keywords of the block, but for the session's name, which has its own field. */
static int set_settings(const Block *block, TargetMemory *memory, DriverTarget *target,
                        Error *error) {
  memory->settings = sqlite3_malloc64((block->options.count + 1) * sizeof *memory->settings);
  if (memory->settings == NULL) return error_memory(error);
  for (size_t i = 0; i < block->options.count; i++) {
    const OptionPair *option = &block->options.pairs[i];
    const OptionSpec *spec = option_find_for(block->driver->backend, option->key);
    if (spec == NULL || !spec->setting || strcmp(option->key, "application_name") == 0) continue;
    memory->settings[target->setting_count].key = option->key;
    memory->settings[target->setting_count].value = option->value;
    target->setting_count++;
  }
  target->settings = memory->settings;
  return SQLITE_OK;
}

static int set_password(Connector *connector, const Block *block, TargetMemory *memory,
                        DriverTarget *target, Error *error) {
  int code = SQLITE_OK;
  if (block->password) {
    target->password = block->password;
    return SQLITE_OK;
  }
  if (block->sealed) {
    code = sealed_open(block->sealed, &memory->password, error);
  } else if (block->password_from) {
    code = secret_resolve(connector, block, &memory->addresses, &memory->password, error);
  }
  target->password = memory->password;
  return code;
}

/* What the block leaves open is taken from its option file. The TLS mode is for the address that comes
** out. */
static int use_option_file(const Block *block, TargetMemory *memory, DriverTarget *target,
                           Error *error) {
  const char *path = option_list_get(&block->options, "read_default_file");
  if (path == NULL) return SQLITE_OK;
  const char *group = option_list_get(&block->options, "read_default_group");
  int code = option_file_read(path, group, &memory->file, error);
  if (code) return code;
  const char *user = option_list_get(&memory->file, "user");
  const char *database = option_list_get(&memory->file, "database");
  const char *host = option_list_get(&memory->file, "host");
  const char *port = option_list_get(&memory->file, "port");
  const char *socket = option_list_get(&memory->file, "socket");
  DriverAddress *address = memory->addresses.addresses;
  if (target->username == NULL) target->username = user;
  if (target->database == NULL) target->database = database;
  if (target->password == NULL && block->password_from == NULL) {
    target->password = option_list_get(&memory->file, "password");
  }
  if (memory->addresses.count == 1 && address->host == NULL && (host || socket)) {
    char *copy = sqlite3_mprintf("%s", host ? host : socket);
    if (copy == NULL) return error_memory(error);
    address->host = copy;
  }
  if (address->port == 0 && port) address->port = (int)strtol(port, NULL, 10);
  target->tls = address_tls(block, &memory->addresses);
  return SQLITE_OK;
}

static int fill(Connector *connector, const Block *block, TargetMemory *memory,
                DriverTarget *target, Error *error) {
  int code = address_list(block, &memory->addresses, error);
  if (code) return code;
  target->tls = address_tls(block, &memory->addresses);
  const char *balance = option_list_get(&block->options, "load_balance_hosts");
  if (balance && strcmp(balance, "random") == 0) shuffle(&memory->addresses);
  target->addresses = memory->addresses.addresses;
  target->address_count = memory->addresses.count;
  memory->application_name =
      sqlite3_mprintf("sqlite-connector/" CONNECTOR_VERSION " %s", block->name);
  if (memory->application_name == NULL) return error_memory(error);
  const char *own_name = option_list_get(&block->options, "application_name");
  target->block = block->name;
  target->application_name = own_name ? own_name : memory->application_name;
  target->database = block->database;
  target->username = block->username;
  target->tls_ca = block_option(block, "tls_ca");
  target->tls_cert = block_option(block, "tls_cert");
  target->tls_key = block_option(block, "tls_key");
  target->readonly = block_option_true(block, "readonly");
  target->statement_timeout = (int)block_option_integer(block, "statement_timeout");
  target->transaction_timeout = (int)block_option_integer(block, "transaction_timeout");
  target->numeric = block_option(block, "numeric");
  target->timestamp = block_option(block, "timestamp");
  code = set_settings(block, memory, target, error);
  if (code == SQLITE_OK) code = set_password(connector, block, memory, target, error);
  return code ? code : use_option_file(block, memory, target, error);
}

int block_target(Connector *connector, const Block *block, BlockTarget *result, Error *error) {
  memset(result, 0, sizeof *result);
  TargetMemory *memory = sqlite3_malloc64(sizeof *memory);
  if (memory == NULL) return error_memory(error);
  memset(memory, 0, sizeof *memory);
  result->memory = memory;
  int code = fill(connector, block, memory, &result->target, error);
  if (code) {
    block_target_clear(result);
    if (code != SQLITE_NOMEM) error_wrap(error, "connector '%s'", block->name);
  }
  return code;
}
