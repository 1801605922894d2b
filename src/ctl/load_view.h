/*
 * What `show load` said at one moment, and what happened between two such moments. Pure.
 */
#ifndef CTL_LOAD_VIEW_H
#define CTL_LOAD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct load_latency { /* so many requests took at most so long, and longer than the pair before */
    uint64_t edge_us;
    uint64_t count;
};

struct load_row { /* one slot; everything but the gauges only grows */
    char service[72];
    char slot[72];
    char role[16];
    char version[72];
    char share[16];
    uint64_t targets_up;
    uint64_t targets;
    uint64_t in_flight;
    uint64_t tunnels;
    uint64_t requests;
    uint64_t errors;
    struct load_latency *latency;
    size_t latency_count;
};

/* Owner: whoever parsed it. */
struct load_view {
    uint64_t at_us; /* monotonic, the daemon's */
    uint64_t epoch;
    struct load_row *rows;
    size_t count;
};

/* answer: the JSON of the daemon. ERR_INVALID: it is none, or a refusal: *code (its exit code) and words then. */
MUST_CHECK int load_view_parse(struct slice answer, struct load_view *out, int *code, char *words,
                               size_t words_size);
void load_view_free(struct load_view *view); /* leaves it empty */

struct load_change {
    uint64_t requests;
    uint64_t errors;
    double per_second;
    double errors_per_second;
    uint64_t p50_us; /* 0: nothing was measured */
    uint64_t p99_us;
};

/* What became of row `index` of `after`; false: it is new, or counts began anew. */
bool load_view_change(const struct load_view *before, const struct load_view *after, size_t index,
                      struct load_change *out);

#endif
