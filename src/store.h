/*
** store.h: the database file that blocks are saved in. store_file.c finds, checks and opens it;
** store_key.c finds the key; sealed.c keeps passwords shut; store.c reads and writes blocks;
** store_grant.c which database files may use them.
*/
#ifndef CONNECTOR_STORE_H
#define CONNECTOR_STORE_H

#include "block.h"
#include "cipher.h"
#include "file_id.h"

#include <sys/stat.h>

#define STORE_FORMAT 1 /* PRAGMA user_version */
#define STORE_SYSTEM "/etc/sqlite-connector/blocks.db"

/* ---- store_file.c ---- */

/* Where the store of BLOCK_STORE, BLOCK_USER or BLOCK_SYSTEM is; NULL when there is none. */
int store_path(BlockSource source, char **path, Error *error);
/* What changes when the file does. False when there is no file. */
typedef struct StoreStamp {
  bool exists;
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec modified, changed;
} StoreStamp;
void store_stamp(const char *path, StoreStamp *stamp);
bool store_stamp_same(const StoreStamp *a, const StoreStamp *b);
typedef enum StoreAccess { STORE_READ, STORE_WRITE } StoreAccess;
/* A private connection; close it with store_file_close. Reading: *db is NULL when there is no file, or
** an empty one. Writing makes directory, file and tables. */
int store_file_open(Connector *connector, const char *path, StoreAccess access, sqlite3 **db,
                    Error *error);
void store_file_close(sqlite3 *db);
/* The error of a failed statement on it. */
int store_file_error(sqlite3 *db, const char *path, const char *what, Error *error);
bool store_is_system(const char *path);

/* ---- store_key.c ---- */

/* The text that the key is made of; text_free it. *from says where it is from, for messages. `make`:
** a key file is made when there is no key yet. */
int store_key(const char *path, bool make, char **key_text, char **from, Error *error);

/* ---- store.c ---- */

/* *block is NULL when the store has none of this name. */
int store_read(Connector *connector, const char *path, BlockSource source, const char *name,
               Block **block, Error *error);
/* Every block, also those that cannot be used (Block.broken). block_list_free the array. */
int store_list(Connector *connector, const char *path, BlockSource source, Block ***blocks,
               size_t *count, Error *error);
int store_write(Connector *connector, const char *path, const Block *block, bool overwrite,
                Error *error);
/* With the block goes what was allowed for it. */
int store_remove(Connector *connector, const char *path, const char *name, bool *removed,
                 Error *error);

/* ---- store_grant.c ---- */

/* The file with this id, at this path, of this owner, may use the block. */
typedef struct StoreGrant {
  char *path, *block;
  char *since; /* ISO-8601 UTC */
  unsigned char file[FILE_ID_BYTES];
  uid_t owner;
} StoreGrant;

/* All of them, by path and block; none when there is no store. store_grants_free the array. */
int store_grants_read(Connector *connector, const char *store, StoreGrant **grants, size_t *count,
                      Error *error);
void store_grants_free(StoreGrant *grants, size_t count);
/* Opens the store (made when there is none) in a transaction: store_file_close ends it, without effect
** unless committed. */
int store_grants_begin(Connector *connector, const char *store, sqlite3 **db, Error *error);
int store_grants_commit(sqlite3 *db, const char *store, Error *error);
/* Its `since` is now. */
int store_grant_put(sqlite3 *db, const char *store, const StoreGrant *grant, Error *error);
int store_grant_remove(sqlite3 *db, const char *store, const char *path, const char *block,
                       bool *removed, Error *error);
/* All of one block, in whichever transaction db is. */
int store_grants_forget(sqlite3 *db, const char *store, const char *block, Error *error);

/* ---- sealed.c ---- */

/* A secret as it stands in the store. Shared by count; never changed. */
typedef struct Sealed Sealed;
Sealed *sealed_new(const char *path, const char *name, const char *document,
                   const unsigned char salt[CIPHER_SALT_BYTES],
                   const unsigned char key_id[CIPHER_KEY_ID_BYTES], const unsigned char *bytes,
                   size_t size); /* NULL when out of memory */
/* Encrypts with the store's key, which is made when there is none. *bytes is sqlite3_malloc'ed. */
int sealed_make(const char *path, const char *name, const char *document,
                const unsigned char salt[CIPHER_SALT_BYTES], const char *secret,
                unsigned char key_id[CIPHER_KEY_ID_BYTES], unsigned char **bytes, size_t *size,
                Error *error);
Sealed *sealed_retain(Sealed *sealed);
void sealed_release(Sealed *sealed);                /* NULL is allowed */
bool sealed_same(const Sealed *a, const Sealed *b); /* NULLs are allowed */
int sealed_open(const Sealed *sealed, char **secret, Error *error);

#endif
