/*
 * One request to the daemon and its answer, over the admin socket. Blocking, with a deadline.
 */
#ifndef CTL_TALK_H
#define CTL_TALK_H

#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

enum talk_fault {
    TALK_DONE,
    TALK_UNREACHABLE, /* nobody answers on the socket */
    TALK_TIMEOUT,     /* the daemon is there, but said nothing in time */
    TALK_BROKEN,      /* the connection ended before the answer did */
};

/* The answer's line, without the empty line that ends it, into answer. With a failure errno tells why. */
MUST_CHECK enum talk_fault talk_ask(const char *path, struct slice request, uint64_t timeout_us,
                                    struct text *answer);

#endif
