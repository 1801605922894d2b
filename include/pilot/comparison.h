/*
 * The candidate beside its baseline, counted from the moment the trial began (without one: the standby slot beside the
 * live one, since they were made). Control thread.
 */
#ifndef PILOT_COMPARISON_H
#define PILOT_COMPARISON_H

#include <stdbool.h>
#include <stdint.h>

struct pilot;

struct comparison_side {
    char slot[64];
    uint64_t requests;
    uint64_t errors;
    uint64_t mean_us; /* of the successes; 0: there were none, as in the next one */
    uint64_t p95_us;  /* upper edge of its bucket */
    double per_second;
};

struct comparison {
    bool is_trial;
    uint64_t since_us; /* how long it has been counted */
    struct comparison_side candidate;
    struct comparison_side baseline;
};

/* False: the service is not counted, or has no second slot. */
bool comparison_look(struct pilot *pilot, unsigned service_index, struct comparison *out);

#endif
