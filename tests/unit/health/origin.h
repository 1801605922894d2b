/* A small server on 127.0.0.1 with a thread of its own that plays one script to everybody who connects. */
#ifndef TESTS_UNIT_HEALTH_ORIGIN_H
#define TESTS_UNIT_HEALTH_ORIGIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

enum origin_end {
    ORIGIN_CLOSE,
    ORIGIN_RESET,
    ORIGIN_HANG, /* until the peer closes */
};

struct origin_script {
    const char *bytes; /* sent after the request head has come; may be NULL */
    size_t count;      /* 0: strlen */
    unsigned drip_ms;  /* pause after each byte */
    bool is_hasty;     /* does not read a request at all */
    bool is_deaf;      /* reads to the end of the connection, not of a head */
    enum origin_end end;
};

struct origin;

struct origin *origin_new(const struct origin_script *script);
void origin_free(struct origin *origin);
void origin_set(struct origin *origin,
                const struct origin_script *script); /* for the next client */
struct address origin_address(const struct origin *origin);
unsigned origin_accepted(const struct origin *origin);

/* What the last client had sent when the script began to answer (or when it closed). */
const char *origin_request(const struct origin *origin);

/* An address of 127.0.0.1 where nobody listens, and none where the queue is full, as long as *fd is open. */
struct address origin_refusing(int *fd);
struct address origin_full(int fds[4]);

#endif
