/*
** sending.h: the rows of a batch on their way. batch_send.c alone includes it.
*/
#ifndef CONNECTOR_SENDING_H
#define CONNECTOR_SENDING_H

#include "batch_state.h"

/* Takes over the participant's batch, which is forgotten when there is no memory (NULL). */
Sending *sending_new(Participant *participant);
void sending_free(Sending *sending);

/* Sends it; with `beside` it may come back while it goes: sending_ended tells. `copy`: by COPY where the
** table takes it. Whatever it gives is for sending_complete, which waits, tries other ways, and frees. */
int sending_start(Remote *remote, Sending *sending, bool copy, bool beside, Error *error);
int sending_complete(Remote *remote, Sending *sending, int started, Error *error);
bool sending_ended(const Sending *sending);
/* Gives what goes the participant's next rows. False: it is not to go on with them (it has ended, these are rows of
** another statement, it has gone on for long enough): complete it, and send them anew. */
bool sending_go_on(Participant *participant);
/* True while it takes small batches: FEED_ROWS of sending.c. */
bool sending_takes_few(const Sending *sending);
/* Its rows are about to be rolled back: stops it, frees. */
void sending_drop(Sending *sending);
/* The rows of connector_execute_many and of a block's table; frees. */
int sending_many(Remote *remote, Sending *sending, Error *error);

#define FEED_ROWS 1000 /* for sending_takes_few: less than a socket holds */

#endif
