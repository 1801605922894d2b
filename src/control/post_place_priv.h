/*
 * How far changes have got into the queues: the sequence of the newest one whose events are on disk there, in a small file
 * beside them (FOLDER/told). After a kill what came later is told from the history. Writes block: thread of the postman,
 * but for reading and removing at the start.
 */
#ifndef CONTROL_POST_PLACE_PRIV_H
#define CONTROL_POST_PLACE_PRIV_H

#include <stdint.h>

#include "base/check.h"

/* ERR_NOT_FOUND: there is none, or it cannot be used. */
MUST_CHECK int post_place_read(const char *folder, uint64_t *sequence);

/* ERR_IO: it is as it was. */
MUST_CHECK int post_place_write(const char *folder, uint64_t sequence);

/* Nobody is told of anything: what happens until somebody is, is not told later. */
void post_place_remove(const char *folder);

#endif
