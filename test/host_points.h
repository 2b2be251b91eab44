#ifndef HOST_POINTS_H
#define HOST_POINTS_H

/* From now on points are counted; at point `number` the program is killed ("kill") or halts ("halt"): it prints
** the line `halted` and goes on after a line on standard input; or from there on the disk is full ("full"). */
void points_arm(const char *how, long number);
/* How many there were since; none are counted any more. */
long points_met(void);

#endif
