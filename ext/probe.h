/*
** probe.h: the first steps towards a server, by themselves: is its name known, does its port answer? For
** connector_ping, which says at which step it stops; connecting proper is the driver's.
*/
#ifndef CONNECTOR_PROBE_H
#define CONNECTOR_PROBE_H

#include "../src/driver_support.h"
#include <netdb.h>

/* The addresses of a host; *list is freed with freeaddrinfo. Stops waiting at the deadline or an interrupt. */
DriverStatus probe_resolve(const DriverHost *host, const char *name, int port, int64_t deadline,
                           struct addrinfo **list, DriverError *error);
/* Opens and closes a TCP connection to one of them; `address` (at least 64 bytes) tells which. */
DriverStatus probe_tcp(const DriverHost *host, const struct addrinfo *list, int64_t deadline,
                       char address[64], DriverError *error);

#endif
