/* What ROUTE notes of an exchange beside slot, target and policy: see exchange_route.c. Values. */
#ifndef PROXY_EXCHANGE_ROUTE_H
#define PROXY_EXCHANGE_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct exchange_route {
    struct slice tenant;     /* of the head; ptr NULL: none */
    uint8_t rule;            /* enum rule: how the slot was found */
    bool is_candidate;       /* the slot is the candidate of a canary */
    bool is_preview_refused; /* and counted */
    bool is_shielded;        /* the candidate failed: the live slot is asked */
    bool is_rated;           /* the client's rate was asked: once for a request */
    bool is_counted;         /* its tenant's requests have it */
    bool is_selfprobe;       /* of our own: counted nowhere, its answer says who gave it */
    struct slice version;    /* of the slot, for a self-probe; in the arena */
};

#endif
