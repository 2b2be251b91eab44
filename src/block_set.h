/*
** block_set.h: where a block's name leads: opened here, environment, stores; first found wins.
*/
#ifndef CONNECTOR_BLOCK_SET_H
#define CONNECTOR_BLOCK_SET_H

#include "block.h"

BlockSet *block_set_new(Connector *connector); /* NULL when out of memory; opens nothing */
void block_set_free(BlockSet *set);

/* Finds and decrypts a block. *block is retained for the caller (block_release). An unknown name is an
** error that names it, near names, and how to save one (SQLITE_ERROR). Cheap when nothing changed: the
** store is looked at by stat() and read again only after a change, and then an unchanged document gives
** the same Block pointer again. */
int block_find(Connector *connector, const char *name, Block **block, Error *error);
int block_open(Connector *connector, Block *block, Error *error); /* for this connection only */
/* Writes into the store that saving uses ($CONNECTOR_STORE, else the user's). Taken name: error unless
** overwrite. */
int block_save(Connector *connector, Block *block, bool overwrite, Error *error);
/* connector_set: puts the changed block where it came from (Block.source). */
int block_replace(Connector *connector, Block *block, Error *error);
/* 1 or 0; what comes from the environment or the system's store is an error. */
int block_delete(Connector *connector, const char *name, bool *deleted, Error *error);

/* For connector_blocks and GLOB name lists: every reachable block once, by name. Array and blocks are
** the caller's (block_list_free). A store that cannot be read is skipped here and said in the log. */
int block_list(Connector *connector, Block ***blocks, size_t *count, Error *error);
/* Adds to such an array; takes over the block, also when out of memory. */
int block_list_add(Block ***blocks, size_t *count, Block *block);
/* A block that is there and cannot be used: Block.broken says why, other parts are NULL. */
int block_list_add_broken(Block ***blocks, size_t *count, const char *name, BlockSource source,
                          const Error *why);
void block_list_free(Block **blocks, size_t count);

#endif
