/*
 * Counts of finished changes for the metrics, folded from the history of deploy: what was asked for on the admin
 * socket, by a signal or by a rule is counted alike. What the history held before the start does not count.
 * Thread: control.
 */
#ifndef CONTROL_TALLY_PRIV_H
#define CONTROL_TALLY_PRIV_H

#include <stdint.h>

#include "deploy/change.h"

struct deploy;
struct tally;

enum { TALLY_OUTCOMES = OUTCOME_VOLATILE + 1, TALLY_BUCKETS = 12, TALLY_ROWS_MAX = 4096 };

/* Upper edges of the switch durations in microseconds; one more bucket for the rest. */
extern const uint64_t tally_edges_us[TALLY_BUCKETS - 1];

struct tally_row { /* one service or group, one slot, one kind of move */
    char name[64];
    char to[64];
    enum change_kind kind; /* CHANGE_SWITCH or CHANGE_ROLLBACK */
    uint64_t counts[TALLY_OUTCOMES];
};

struct tally_view {
    const struct tally_row *rows;
    unsigned row_count;
    uint64_t buckets[TALLY_BUCKETS]; /* of moves that took effect, not cumulative */
    uint64_t sum_us;
    uint64_t reloads[TALLY_OUTCOMES];
    uint64_t reload_success_wall_us; /* the start counts as one */
};

struct tally *tally_new(const struct deploy *deploy, uint64_t started_wall_us);
void tally_free(struct tally *tally);

/* Takes in what was finished since the last time. Often enough: the history is bounded. */
void tally_fold(struct tally *tally);
void tally_view(const struct tally *tally, struct tally_view *out);

#endif
