/*
 * A pilot over a real desk (tests/unit/deploy/bench_desk.h): the test counts requests in place of workers and puts the
 * clocks forward tick by tick, so that nothing waits. One service "shop" with blue and green.
 */
#ifndef BENCH_PILOT_H
#define BENCH_PILOT_H

#include "pilot/pilot.h"
#include "unit/deploy/bench_desk.h"

struct bench_pilot {
    struct bench_desk desk;
    struct pilot *pilot;
};

/* What a slot does in one tick: requests, and how many of them are errors. */
struct bench_traffic {
    unsigned n;
    unsigned e;
    unsigned us; /* of a success; 0: 1 ms */
};

extern const char bench_pilot_config[]; /* shop; health off */

void bench_pilot_init(struct bench_pilot *bench, const char *config);
void bench_pilot_fini(struct bench_pilot *bench);

/* So many ticks of 100 ms in which the slots do that; changes that were asked for are carried out in between. */
void bench_pilot_run(struct bench_pilot *bench, unsigned ticks, struct bench_traffic blue,
                     struct bench_traffic green);

/* The same until the live slot is another one; the ticks it took, or ticks + 1. */
unsigned bench_pilot_run_until_moved(struct bench_pilot *bench, unsigned ticks,
                                     struct bench_traffic blue, struct bench_traffic green);
void bench_pilot_restart(struct bench_pilot *bench);

/* The newest alert with this trigger; false: there is none. */
bool bench_pilot_find_alert(const struct bench_pilot *bench, const char *trigger,
                            struct pilot_alert *out);
const char *bench_pilot_live(struct bench_pilot *bench);

#endif
