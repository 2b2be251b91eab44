/*
** pool.h: what remote.c needs of pool.c. Everybody else uses link_acquire and link_release (remote.h).
*/
#ifndef CONNECTOR_POOL_H
#define CONNECTOR_POOL_H

#include "remote.h"

/* Closes the idle connections; those in use are closed when they are given back. */
void pool_close_idle(Remote *remote);
/* Closes all of them; nobody uses one any more. */
void pool_close_all(Remote *remote);

#endif
