/*
 * What the probes of one slot say: healthy or not since when, and its database. Part of an engine; pure.
 */
#ifndef EVIDENCE_PROBES_PRIV_H
#define EVIDENCE_PROBES_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence/engine.h"

enum { PROBES_QUIET_MAX = 64 };

struct probes {
    unsigned failed_count, good_count; /* in a row */
    bool is_unhealthy;
    bool is_database_bad;
    uint64_t first_failed_ms; /* of the row; of an unhealthy slot: since when */
    uint64_t database_bad_ms;
};

void probes_add(struct probes *probes, const struct settings *settings, enum engine_probe probe,
                uint64_t now_ms);
bool probes_is_fit(const struct probes *probes);

/* The last ticks in which the candidate did something: as many as can matter for "fewer than". */
struct probes_quiet {
    uint64_t at_ms[PROBES_QUIET_MAX];
    uint64_t n[PROBES_QUIET_MAX];
    unsigned next;
};
void probes_quiet_add(struct probes_quiet *quiet, uint64_t now_ms, uint64_t n);
bool probes_is_quiet(const struct probes_quiet *quiet, const struct settings *settings,
                     uint64_t now_ms);

#endif
