/*
** beside.h: a thread for a driver's calls that run while SQLite goes on with its statement.
*/
#ifndef CONNECTOR_BESIDE_H
#define CONNECTOR_BESIDE_H

#include "connector.h"

typedef struct Beside Beside;

/* Starts the thread. NULL: there can be none (memory, threads, a SQLite built for one thread), and the caller
** makes its calls itself. */
Beside *beside_new(Connector *connector);
/* Ends the thread, which has no call. NULL is allowed. */
void beside_free(Beside *beside);
/* Makes call(argument) beside the caller, which then may touch nothing of what it uses until beside_wait. The
** connection has a host until the call's end that is right on the other thread. One call at a time. */
void beside_call(Beside *beside, DriverConnection *connection, void (*call)(void *),
                 void *argument);
/* In the call, on its thread: waits for beside_resume. */
void beside_pause(Beside *beside);
/* Returns when the call pauses (true: until beside_resume what it uses is the caller's) or has ended. An interrupt
** of the host's is handed on to it meanwhile; `leave`: nobody wants its outcome any more, so it is also stopped when
** it goes on for seconds. */
bool beside_wait(Beside *beside, bool leave);
void beside_resume(Beside *beside);

#endif
