/*
 * Trying out, before it is needed, that traffic can be given to the standby slot and taken back: a small canary that is
 * started, watched for a moment and ended, with every step timed. One at a time. It is judged like any trial; whatever
 * goes wrong, the traffic is taken back, also by the next start when the daemon ends in the middle. Control thread.
 */
#ifndef PILOT_DRILL_H
#define PILOT_DRILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct pilot;

enum { DRILL_WORDS = 400, DRILL_SYNTHETIC_MAX = 1000 };

struct drill_spec {
    char name[64];      /* service or group */
    uint32_t share;     /* of SPLIT_WHOLE; 0: only synthetic requests, which proves no way back */
    unsigned synthetic; /* requests to a target of the standby before it gets anything; 0: none */
    uint64_t watch_us;  /* between giving and taking back */
    double errors_max;  /* share of the standby's requests that may fail meanwhile, 0 to 1 */
    uint64_t requests_min;
    char slot[64]; /* that must be the standby; "" : any; likewise the version */
    char version[64];
    char actor[96];
    char reason[256];
};

struct drill_report {
    bool is_good;
    bool is_inconclusive; /* not good, because nothing asked the standby */
    char slot[64];
    char version[64];
    uint64_t synthetic_us; /* the synthetic requests; 0: there were none, as in the next ones */
    uint64_t give_us;      /* from asking to durable and in force: gates, names, disk, picture */
    uint64_t watch_us;
    uint64_t take_us; /* the same as give_us for the way back */
    uint64_t requests;
    uint64_t errors;
    uint64_t decision; /* in the casebook */
    char words[DRILL_WORDS];
};

typedef void drill_done_fn(void *arg, const struct drill_report *report);

/* Begins; done is called once, later. ERR_CONFLICT, ERR_NOT_FOUND: it cannot be done now, words say why. */
MUST_CHECK int drill_start(struct pilot *pilot, const struct drill_spec *spec, drill_done_fn *done,
                           void *arg, char words[DRILL_WORDS]);

#endif
