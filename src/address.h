/*
** address.h: the hosts and ports that a block means, however they were written.
*/
#ifndef CONNECTOR_ADDRESS_H
#define CONNECTOR_ADDRESS_H

#include "block.h"

typedef struct AddressList {
  DriverAddress *addresses; /* hosts are sqlite3_malloc'ed */
  size_t count;             /* at least 1 */
} AddressList;

/* From host, port, the query's host and port (several, "a:1"), unix_socket. Checks them as well. */
int address_list(const Block *block, AddressList *list, Error *error);
void address_list_clear(AddressList *list);

bool address_is_socket(const DriverAddress *address);   /* a unix socket */
bool address_is_loopback(const DriverAddress *address); /* 127.0.0.0/8, ::1, localhost */
/* The TLS mode of the block when it talks to these addresses. */
TlsMode address_tls(const Block *block, const AddressList *list);

#endif
