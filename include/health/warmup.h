/*
 * Real requests to a target before it gets traffic, so that its first users do not meet a cold app: several at a
 * time, each on a connection of its own with its result judged, until the last `requests` of them all succeeded
 * and, when asked for, 95 % of those were fast enough. A gate: nothing is changed by it, and its results are no health
 * findings. Thread: control.
 */
#ifndef HEALTH_WARMUP_H
#define HEALTH_WARMUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct health;
struct target;

enum { WARMUP_REQUESTS_MAX = 10000, WARMUP_CONCURRENCY_MAX = 256, WARMUP_WORDS_SIZE = 320 };

struct warmup_spec { /* texts are copied */
    const char *path;
    const char *host;     /* NULL: the target as written */
    unsigned requests;    /* the last so many are judged; 1 to WARMUP_REQUESTS_MAX */
    unsigned concurrency; /* 1 to WARMUP_CONCURRENCY_MAX */
    uint64_t p95_us;      /* 0: any time will do */
    uint64_t timeout_us;  /* of the whole */
};

struct warmup_result {
    bool is_warm;
    unsigned sent;                 /* requests that were answered or failed */
    unsigned failed;               /* no whole answer, or another status than 2xx and 3xx */
    uint64_t p95_us;               /* of the last ones; 0: none was good */
    char words[WARMUP_WORDS_SIZE]; /* "50 requests, p95 12ms", or why it is not warm */
};

typedef void warmup_done_fn(void *arg, const struct warmup_result *result);

/*
 * Starts; done is called once, later, from the loop. When the target is forgotten before, it is called from inside
 * health_forget and the target is not warm. ERR_NOT_FOUND: not watched; ERR_RANGE: numbers beyond the limits.
 */
MUST_CHECK int health_warm(struct health *health, struct target *target,
                           const struct warmup_spec *spec, warmup_done_fn *done, void *arg);

/* Ends what was started with arg, without a word. Nothing of it: nothing happens. */
void health_warm_cancel(struct health *health, const void *arg);

#endif
