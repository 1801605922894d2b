/*
 * Seasons of random traffic over a pilot and a real desk (bench_pilot.h), without a network: Poisson arrivals, errors
 * and latencies from a seed, counted request by request as workers count them, and checks of both slots that say what
 * the test tells them to. The share is the one that deploy has decided; who is live gets the rest. Blue is the old
 * release, green the new one.
 */
#ifndef BENCH_SEASON_H
#define BENCH_SEASON_H

#include <stdbool.h>
#include <stdint.h>

#include "unit/evidence/traffic.h"
#include "unit/pilot/bench_pilot.h"

/* What the checks of a slot say. */
enum season_check { SEASON_CHECK_OK, SEASON_CHECK_FAIL, SEASON_CHECK_DATABASE };

struct season_slot {
    const char *name;
    double error_rate;
    double slower;  /* times the usual latency; 1 */
    bool is_silent; /* nothing is ever answered: requests are counted as too long in flight */
    enum season_check check;
    struct watch *watch;
};

struct season {
    struct bench_pilot bench;
    struct made_traffic traffic;
    struct season_slot blue, green;
    unsigned tick_ms;
    unsigned check_ticks; /* between two checks; 0: there are none */
    uint64_t ticks;       /* so far */
    uint64_t epoch;       /* of the last tick: grows or stays */
};

/* A service, with more lines of it, and the traffic of both slots. */
struct season_options {
    const char *lines; /* NULL: none */
    unsigned check_s;  /* seconds between two checks; 0: one */
    unsigned tick_ms;  /* 0: 100 */
    uint64_t seed;
    double per_s;
};
void season_open(struct season *season, const struct season_options *options);
void season_close(struct season *season);

/* So many ticks. */
void season_run(struct season *season, unsigned ticks);

/* Until the trial is another one; false: not within so many ticks. */
bool season_run_until_moved(struct season *season, unsigned ticks);

/* Both slots as they should be, for so long. */
void season_heal(struct season *season);

/* green becomes the candidate with so much of the traffic (percent); 100: it is switched to. */
void season_begin(struct season *season, unsigned percent);

/* Blue is live, nothing is tried and nothing is in quarantine. */
void season_end(struct season *season);

/* Moves that the switch made by itself so far. */
unsigned season_moves(const struct season *season);

/* Whether green has the traffic or a share of it, and is judged. */
bool season_is_tried(const struct season *season);

/* A number of the season's own sequence, from least to most. */
double season_draw(struct season *season, double least, double most);

#endif
