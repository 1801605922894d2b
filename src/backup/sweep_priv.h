/*
 * Removes what an ended process left half done, each on a thread of its own: a large file takes the disk seconds. Control
 * thread.
 */
#ifndef BACKUP_SWEEP_PRIV_H
#define BACKUP_SWEEP_PRIV_H

#include <sys/queue.h>

struct sweep;

TAILQ_HEAD(sweeps, sweep);

/* Takes the path, which is of the heap. */
void sweep_start(struct sweeps *sweeps, const char *database, char *path);

/* Waits for all of them. */
void sweeps_end(struct sweeps *sweeps);

#endif
