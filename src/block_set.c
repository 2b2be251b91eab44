/*
** block_set.c: where a block's name leads.
**
** First found wins:
**
**     connector_open of this connection
**     environment variable CONNECTOR_BLOCK_<NAME>    upper case, - is _
**     $CONNECTOR_STORE
**     the user's store
**     /etc/sqlite-connector/blocks.db
**
** A store is read when its file has changed since it was last read, which a stat() tells; what was read
** is kept, also that a name was not there. A document that is the same as before gives the same Block
** again, so that a pool of connections is not thrown away because another block was saved.
*/
#include "block_set.h"
#include "store.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENVIRONMENT_PREFIX "CONNECTOR_BLOCK_"
#define PLACES 3

extern char **environ;

/* What is known of one name in one place; block NULL = it is not there. */
typedef struct Known {
  char *name;
  char *text; /* environment: the variable's value that was read */
  Block *block;
} Known;

typedef struct KnownList {
  Known *items;
  size_t count;
} KnownList;

typedef struct Place {
  BlockSource source;
  char *path;       /* NULL = there is no such store */
  StoreStamp stamp; /* of the file that `known` was read from */
  double read_at;
  KnownList known;  /* valid as long as the stamp is */
  KnownList before; /* of the file before, to find unchanged documents */
} Place;

struct BlockSet {
  Connector *connector;
  KnownList opened, environment;
  Place places[PLACES];
};

/* ---------------------------------------------------------------- lists of names */

static Known *known_find(const KnownList *list, const char *name) {
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->items[i].name, name) == 0) return &list->items[i];
  }
  return NULL;
}

static void known_free(Known *known) {
  text_free(known->text);
  sqlite3_free(known->name);
  block_release(known->block);
}

static void known_clear(KnownList *list) {
  for (size_t i = 0; i < list->count; i++)
    known_free(&list->items[i]);
  sqlite3_free(list->items);
  list->items = NULL;
  list->count = 0;
}

static void known_remove(KnownList *list, Known *known) {
  known_free(known);
  *known = list->items[--list->count];
}

/* Takes over block and text, also when it fails. */
static int known_put(KnownList *list, const char *name, char *text, Block *block, Error *error) {
  Known *old = known_find(list, name);
  if (old) known_remove(list, old);
  Known fresh = {sqlite3_mprintf("%s", name), text, block};
  Known *grown = sqlite3_realloc64(list->items, (list->count + 1) * sizeof *grown);
  if (grown) list->items = grown;
  if (grown && fresh.name) {
    grown[list->count++] = fresh;
    return SQLITE_OK;
  }
  known_free(&fresh);
  return error_memory(error);
}

BlockSet *block_set_new(Connector *connector) {
  static const BlockSource sources[PLACES] = {BLOCK_STORE, BLOCK_USER, BLOCK_SYSTEM};
  BlockSet *set = sqlite3_malloc64(sizeof *set);
  if (set == NULL) return NULL;
  memset(set, 0, sizeof *set);
  set->connector = connector;
  for (size_t i = 0; i < PLACES; i++)
    set->places[i].source = sources[i];
  return set;
}

void block_set_free(BlockSet *set) {
  if (set == NULL) return;
  known_clear(&set->opened);
  known_clear(&set->environment);
  for (size_t i = 0; i < PLACES; i++) {
    known_clear(&set->places[i].known);
    known_clear(&set->places[i].before);
    sqlite3_free(set->places[i].path);
  }
  sqlite3_free(set);
}

/* ---------------------------------------------------------------- environment */

static char *variable_name(const char *name) {
  char *variable = sqlite3_mprintf("%s%s", ENVIRONMENT_PREFIX, name);
  for (char *at = variable; at && *at; at++) {
    if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 'a' + 'A');
    if (*at == '-') *at = '_';
  }
  return variable;
}

/* *block is borrowed, NULL when the variable is not set. */
static int environment_find(BlockSet *set, const char *name, Block **block, Error *error) {
  char *variable = variable_name(name);
  *block = NULL;
  if (variable == NULL) return error_memory(error);
  const char *text = secure_getenv(variable);
  Known *known = known_find(&set->environment, name);
  int code = SQLITE_OK;
  if (text == NULL || text[0] == 0) {
    if (known) known_remove(&set->environment, known);
  } else if (known && strcmp(known->text, text) == 0) {
    *block = known->block;
  } else {
    char *copy = text_copy(text);
    Block *parsed = NULL;
    code = copy ? block_parse(set->connector, name, copy, strlen(copy), NULL, 0, false, NULL,
                              &parsed, error)
                : error_memory(error);
    if (code == SQLITE_OK) {
      parsed->source = BLOCK_ENVIRONMENT;
      sqlite3_free(parsed->created_at);
      sqlite3_free(parsed->updated_at);
      parsed->created_at = parsed->updated_at = NULL;
      code = known_put(&set->environment, name, copy, parsed, error);
      *block = code ? NULL : parsed;
    } else {
      text_free(copy);
      error_wrap(error, "environment variable %s", variable);
    }
  }
  sqlite3_free(variable);
  return code;
}

/* ---------------------------------------------------------------- stores */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What was read becomes what was read before; what is not in it stays from earlier. When there is no
** memory for that, a pool of connections is made anew, which does no harm. */
static void keep_before(Place *place) {
  Error ignored = {0};
  for (size_t i = 0; i < place->known.count; i++) {
    Known *known = &place->known.items[i];
    Block *block = known->block ? block_retain(known->block) : NULL;
    known_put(&place->before, known->name, NULL, block, &ignored);
  }
  error_clear(&ignored);
  known_clear(&place->known);
}

/* Forgets what was read when the file is another one. A file that was changed just before it was read
** may have been changed once more within the same tick of its clock: it does not count as read. */
static int place_refresh(Place *place, Error *error) {
  char *path = NULL;
  StoreStamp stamp = {0};
  int code = store_path(place->source, &path, error);
  if (code) return code;
  if (path) store_stamp(path, &stamp);
  double age = place->read_at -
               ((double)place->stamp.modified.tv_sec + (double)place->stamp.modified.tv_nsec / 1e9);
  bool same_path = path && place->path && strcmp(path, place->path) == 0;
  if (same_path && store_stamp_same(&stamp, &place->stamp) && (!stamp.exists || age > 0.1)) {
    sqlite3_free(path);
    return SQLITE_OK;
  }
  if (same_path) {
    keep_before(place);
  } else {
    known_clear(&place->known);
    known_clear(&place->before);
  }
  sqlite3_free(place->path);
  place->path = path;
  place->stamp = stamp;
  place->read_at = now();
  return SQLITE_OK;
}

static bool same_block(const Block *a, const Block *b) {
  if (strcmp(a->id, b->id) != 0 || !sealed_same(a->sealed, b->sealed)) return false;
  char *json_a = block_json(a, true), *json_b = block_json(b, true);
  bool same = json_a && json_b && strcmp(json_a, json_b) == 0;
  sqlite3_free(json_a);
  sqlite3_free(json_b);
  return same;
}

/* *block is borrowed, NULL when the store has none of this name. */
static int place_find(BlockSet *set, Place *place, const char *name, Block **block, Error *error) {
  *block = NULL;
  int code = place_refresh(place, error);
  if (code || place->path == NULL || !place->stamp.exists) return code;
  Known *known = known_find(&place->known, name);
  if (known == NULL) {
    Block *found = NULL;
    code = store_read(set->connector, place->path, place->source, name, &found, error);
    if (code) return code;
    Known *before = known_find(&place->before, name);
    if (found && before && before->block && same_block(found, before->block)) {
      block_release(found);
      found = block_retain(before->block);
    }
    code = known_put(&place->known, name, NULL, found, error);
    if (code) return code;
    known = known_find(&place->known, name);
  }
  *block = known->block;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- finding */

/* *block is borrowed, NULL when there is none anywhere. */
static int find_anywhere(BlockSet *set, const char *name, Block **block, Error *error) {
  Known *opened = known_find(&set->opened, name);
  *block = opened ? opened->block : NULL;
  if (*block) return SQLITE_OK;
  int code = environment_find(set, name, block, error);
  for (size_t i = 0; i < PLACES && code == SQLITE_OK && *block == NULL; i++) {
    code = place_find(set, &set->places[i], name, block, error);
  }
  return code;
}

static int unknown_block(Connector *connector, const char *name, Error *error) {
  Block **blocks = NULL;
  size_t count = 0;
  int code = block_list(connector, &blocks, &count, error);
  if (code) return code;
  const char **names = sqlite3_malloc64((count + 1) * sizeof *names);
  error_set(error, SQLITE_ERROR,
            "there is no block '%s'; save one by SELECT connector_save('%s', "
            "'postgresql://user@host/database')",
            name, name);
  for (size_t i = 0; names && i < count; i++)
    names[i] = blocks[i]->name;
  if (names) error_suggest(error, name, names, count);
  sqlite3_free(names);
  block_list_free(blocks, count);
  return error->code;
}

int block_find(Connector *connector, const char *name, Block **block, Error *error) {
  Block *found = NULL;
  *block = NULL;
  int code = block_name_check(name, error);
  if (code == SQLITE_OK) code = find_anywhere(connector->blocks, name, &found, error);
  if (code == SQLITE_OK && found == NULL) code = unknown_block(connector, name, error);
  if (code == SQLITE_OK) *block = block_retain(found);
  return code;
}

/* ---------------------------------------------------------------- changing */

int block_open(Connector *connector, Block *block, Error *error) {
  block->source = BLOCK_OPENED;
  return known_put(&connector->blocks->opened, block->name, NULL, block_retain(block), error);
}

static int no_store(Error *error) {
  return error_set(error, SQLITE_CANTOPEN,
                   "there is no home directory (HOME, XDG_CONFIG_HOME) to save blocks in; set "
                   "CONNECTOR_STORE=/path/blocks.db, use connector_open (for this connection), or "
                   "set CONNECTOR_BLOCK_<NAME> to the URL");
}

int block_save(Connector *connector, Block *block, bool overwrite, Error *error) {
  char *path = NULL;
  BlockSource source = BLOCK_STORE;
  int code = store_path(source, &path, error);
  if (code == SQLITE_OK && path == NULL) code = store_path(source = BLOCK_USER, &path, error);
  if (code == SQLITE_OK && path == NULL) code = no_store(error);
  if (code == SQLITE_OK) code = store_write(connector, path, block, overwrite, error);
  if (code == SQLITE_OK) block->source = source;
  sqlite3_free(path);
  return code;
}

/* The error of changing what is not the user's to change from here. */
static int not_here(const Block *block, const char *what, Error *error) {
  if (block->source == BLOCK_SYSTEM) {
    return error_set(error, SQLITE_READONLY,
                     "block '%s' comes from " STORE_SYSTEM " and cannot be %s from here",
                     block->name, what);
  }
  char *variable = variable_name(block->name);
  error_set(error, SQLITE_READONLY,
            "block '%s' comes from the environment variable %s and cannot be %s from here",
            block->name, variable ? variable : ENVIRONMENT_PREFIX "…", what);
  sqlite3_free(variable);
  return error->code;
}

int block_replace(Connector *connector, Block *block, Error *error) {
  if (block->source == BLOCK_OPENED) return block_open(connector, block, error);
  if (block->source == BLOCK_ENVIRONMENT || block->source == BLOCK_SYSTEM) {
    return not_here(block, "changed", error);
  }
  char *path = NULL;
  int code = store_path(block->source, &path, error);
  if (code == SQLITE_OK && path == NULL) code = no_store(error);
  if (code == SQLITE_OK) code = store_write(connector, path, block, true, error);
  sqlite3_free(path);
  return code;
}

int block_delete(Connector *connector, const char *name, bool *deleted, Error *error) {
  BlockSet *set = connector->blocks;
  Block *block = NULL;
  *deleted = false;
  int code = block_name_check(name, error);
  if (code) return code;
  Known *opened = known_find(&set->opened, name);
  if (opened) {
    known_remove(&set->opened, opened);
    *deleted = true;
    return SQLITE_OK;
  }
  code = environment_find(set, name, &block, error);
  if (code == SQLITE_OK && block) return not_here(block, "deleted", error);
  /* by name only: also a document that cannot be read can be deleted */
  for (BlockSource source = BLOCK_STORE; code == SQLITE_OK && source <= BLOCK_USER; source++) {
    char *path = NULL;
    code = store_path(source, &path, error);
    if (code == SQLITE_OK && path) code = store_remove(connector, path, name, deleted, error);
    sqlite3_free(path);
    if (*deleted) return code;
  }
  if (code == SQLITE_OK) code = place_find(set, &set->places[PLACES - 1], name, &block, error);
  if (code == SQLITE_OK && block) return not_here(block, "deleted", error);
  return code;
}

/* ---------------------------------------------------------------- listing */

static bool listed(Block **blocks, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(blocks[i]->name, name) == 0) return true;
  }
  return false;
}

static int list_opened(BlockSet *set, Block ***blocks, size_t *count) {
  for (size_t i = 0; i < set->opened.count; i++) {
    if (block_list_add(blocks, count, block_retain(set->opened.items[i].block)))
      return SQLITE_NOMEM;
  }
  return SQLITE_OK;
}

/* The block's name of a variable "CONNECTOR_BLOCK_SHOP=…"; false when it is none. */
static bool environment_name(const char *variable, char name[65]) {
  size_t prefix = sizeof ENVIRONMENT_PREFIX - 1;
  if (strncmp(variable, ENVIRONMENT_PREFIX, prefix) != 0) return false;
  size_t size = strcspn(variable + prefix, "=");
  if (size == 0 || size > 64 || variable[prefix + size] != '=') return false;
  for (size_t i = 0; i < size; i++) {
    char c = variable[prefix + i];
    if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_') return false;
    name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
  name[size] = 0;
  Error error = {0};
  bool valid = block_name_check(name, &error) == SQLITE_OK;
  error_clear(&error);
  return valid;
}

static int list_environment(BlockSet *set, Block ***blocks, size_t *count) {
  int code = SQLITE_OK;
  for (char **variable = environ; code == SQLITE_OK && variable && *variable; variable++) {
    char name[65];
    Block *block = NULL;
    Error why = {0};
    if (!environment_name(*variable, name) || listed(*blocks, *count, name)) continue;
    code = environment_find(set, name, &block, &why);
    if (code == SQLITE_OK && block) {
      code = block_list_add(blocks, count, block_retain(block));
    } else if (code && code != SQLITE_NOMEM) {
      code = block_list_add_broken(blocks, count, name, BLOCK_ENVIRONMENT, &why);
    }
    error_clear(&why);
  }
  return code;
}

/* A store that cannot be read is left out and said in the log. */
static int list_store(BlockSet *set, BlockSource source, Block ***blocks, size_t *count) {
  Block **stored = NULL;
  size_t stored_count = 0;
  char *path = NULL;
  Error why = {0};
  int code = store_path(source, &path, &why);
  if (code == SQLITE_OK && path) {
    code = store_list(set->connector, path, source, &stored, &stored_count, &why);
    if (code && code != SQLITE_NOMEM && set->connector->host.log) {
      set->connector->host.log(set->connector->host.context, why.message);
    }
  }
  if (code != SQLITE_NOMEM) code = SQLITE_OK;
  for (size_t i = 0; code == SQLITE_OK && i < stored_count; i++) {
    if (listed(*blocks, *count, stored[i]->name)) continue;
    code = block_list_add(blocks, count, block_retain(stored[i]));
  }
  block_list_free(stored, stored_count);
  error_clear(&why);
  sqlite3_free(path);
  return code;
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(Block *const *)a)->name, (*(Block *const *)b)->name);
}

int block_list(Connector *connector, Block ***blocks, size_t *count, Error *error) {
  BlockSet *set = connector->blocks;
  *blocks = NULL;
  *count = 0;
  int code = list_opened(set, blocks, count);
  if (code == SQLITE_OK) code = list_environment(set, blocks, count);
  for (BlockSource source = BLOCK_STORE; code == SQLITE_OK && source <= BLOCK_SYSTEM; source++) {
    code = list_store(set, source, blocks, count);
  }
  if (code == SQLITE_OK) {
    if (*count) qsort(*blocks, *count, sizeof **blocks, by_name);
    return SQLITE_OK;
  }
  block_list_free(*blocks, *count);
  *blocks = NULL;
  *count = 0;
  return error_memory(error);
}

void block_list_free(Block **blocks, size_t count) {
  for (size_t i = 0; i < count; i++)
    block_release(blocks[i]);
  sqlite3_free(blocks);
}
