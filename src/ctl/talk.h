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
    TALK_UNREADABLE,  /* the payload could not be read: the daemon was told nothing that counts */
};

struct talk {
    const char *path;
    uint64_t timeout_us;
    struct slice line; /* with its line feed; it ends with " <<" when there is a payload */
    int payload;       /* descriptor of the lines behind it, read to its end; -1: none */
    /* The bytes of the answer as they come, with the empty line that ends it. */
    void (*on_bytes)(void *arg, struct slice bytes);
    void *arg;
    /* While nothing comes, every second; NULL: nobody asks. */
    void (*on_wait)(void *wait_arg, uint64_t waited_us);
    void *wait_arg;
};

/* With a failure errno tells why. */
MUST_CHECK enum talk_fault talk_run(const struct talk *talk);

/* The same without on_bytes: the answer's lines, without the empty line that ends it, into answer. */
MUST_CHECK enum talk_fault talk_ask(const struct talk *talk, struct text *answer);

#endif
