/*
 * The faults a demo app can be told to have: one table of keys with text values, the same for the
 * command line (--error-rate 5%), the admin path (error_rate=5%) and the answer that shows them.
 * Values are drawn from a small seeded generator, so that a run can be repeated. One thread.
 */
#ifndef DEMO_FAULT_H
#define DEMO_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

#define DEMO_FAULT_KEYS       14
#define DEMO_FAULT_VALUE_SIZE 64

enum latency_shape {
    LATENCY_NONE,
    LATENCY_FIXED,     /* first_us */
    LATENCY_UNIFORM,   /* first_us to second_us */
    LATENCY_EXP,       /* mean first_us */
    LATENCY_LOGNORMAL, /* median first_us, sigma */
};

struct latency {
    enum latency_shape shape;
    uint64_t first_us;
    uint64_t second_us;
    double sigma;
};

/* Owner: struct demo. Values only; a copy is a whole set of faults. */
struct demo_fault {
    double error_share;
    unsigned error_status;
    struct latency latency;
    struct latency health_latency;
    uint64_t body_bytes;    /* 0: the page */
    uint64_t slow_requests; /* the first so many requests are slow */
    uint64_t slow_time_us;  /* and all until this long after the start */
    uint64_t slow_delay_us;
    double drop_share;
    double half_share;
    bool unhealthy;
    bool database_bad;     /* /health says so, and is 200 all the same */
    char environment[64];  /* that /health claims; "": the own slot */
    int64_t clock_skew_us; /* of its timestamp; above 0: ahead */
    char text[DEMO_FAULT_KEYS][DEMO_FAULT_VALUE_SIZE]; /* each value as it was given */
};

/* No fault at all. */
void demo_fault_init(struct demo_fault *fault);

/* The name of key `index` ("error_rate") and a line of help for it; NULL beyond the last. */
const char *demo_fault_key(size_t index, const char **help);

/* Sets one value; ERR_NOT_FOUND for an unknown key, ERR_INVALID or ERR_RANGE for a bad value. */
MUST_CHECK int demo_fault_set(struct demo_fault *fault, struct slice key, struct slice value);

/* All keys with their values as one JSON object. */
void demo_fault_show(const struct demo_fault *fault, struct text *out);

/* Whether something with this share happens now; state is the generator's, never 0. */
bool demo_fault_happens(double share, uint64_t *state);

/* One delay drawn from the distribution, at most one hour. */
uint64_t demo_fault_draw_us(const struct latency *latency, uint64_t *state);

/* The extra delay of request number `count` (from 0) at `age_us` after the start. */
uint64_t demo_fault_slow_us(const struct demo_fault *fault, uint64_t count, uint64_t age_us);

/* "fixed:20ms", "uniform:1ms,5ms", "exp:20ms", "lognormal:20ms,0.5", "20ms", "none". */
MUST_CHECK int demo_fault_parse_latency(struct slice text, struct latency *out);

#endif
