/*
 * A strict load generator on a thread of its own: keep-alive and one-shot connections, GET and POST, every
 * request with a number of its own. It classifies every request, and keeps for each when it began (before its
 * first byte was sent), when it ended and which slot served it. Seeded; bounded. Test thread.
 */
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct load;

enum load_outcome {
    LOAD_OK,
    LOAD_REFUSED,      /* could not connect */
    LOAD_RESET_BEFORE, /* the connection ended before a byte of the response */
    LOAD_RESET_WITHIN, /* in the middle of it */
    LOAD_TIMEOUT,
    LOAD_PROXY_5XX, /* without X-Slot: our own answer */
    LOAD_ORIGIN_5XX,
    LOAD_OTHER, /* another status, or bytes that are no response */
    LOAD_MIXED, /* the answer to somebody else's request */
    LOAD_OUTCOMES
};

enum { LOAD_SLOT_NONE, LOAD_SLOT_BLUE, LOAD_SLOT_GREEN, LOAD_SLOT_OTHER };

struct load_record {
    uint64_t start_us;
    uint64_t end_us;
    uint32_t id;
    uint16_t status;
    uint8_t outcome;
    uint8_t slot;
    bool is_post;
    bool is_reused; /* sent over a connection that had served before */
};

struct load_options {
    const char *front;   /* where to connect */
    const char *target;  /* NULL: "/" */
    const char *host;    /* NULL: "a.test" */
    unsigned keep_alive; /* connections that are kept */
    unsigned one_shot;   /* that are opened anew for each request */
    unsigned post_percent;
    unsigned post_bytes;
    unsigned rate;         /* requests per second in all; 0: as fast as answers come */
    unsigned think_max_us; /* random pause before the next request of a connection */
    unsigned timeout_ms;   /* per request; 0: 10 s */
    uint64_t max_requests; /* 0: until load_stop */
    uint64_t seed;
    uint32_t first_id;
};

struct load *load_start(const struct load_options *options);

/* No new requests; waits for those in flight. The records stay until load_free. */
void load_finish(struct load *load);
bool load_await_count(struct load *load, uint64_t count, unsigned ms); /* so many requests ended */
bool load_await_end(struct load *load, unsigned ms);                   /* max_requests are done */
void load_free(struct load *load);

/* After load_finish. */
const struct load_record *load_records(const struct load *load, size_t *count);
uint64_t load_count(const struct load *load, enum load_outcome outcome);
uint64_t load_failed(const struct load *load); /* all that are not LOAD_OK */
uint64_t load_percentile_us(const struct load *load, double share, uint64_t from_us,
                            uint64_t to_us);
const char *load_outcome_name(enum load_outcome outcome);

/* {"requests":…,"ok":…,"p50_us":…} */
void load_summary(const struct load *load, struct text *out);

#endif
