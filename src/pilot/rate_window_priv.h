/* How many there were in the time that one looks back on, in thirty parts. Pure; any thread. */
#ifndef PILOT_RATE_WINDOW_PRIV_H
#define PILOT_RATE_WINDOW_PRIV_H

#include <stdint.h>

enum { RATE_WINDOW_PARTS = 30 };

struct rate_window {
    uint64_t part_us; /* 0: nothing is counted */
    uint64_t last;    /* the part that was added to, since the clock began */
    uint64_t parts[RATE_WINDOW_PARTS];
};

/* Empty; looks back on so much. */
void rate_window_init(struct rate_window *window, uint64_t per_us);

/* So many more by now: how many there were since then. The oldest part counts whole or not at all. */
uint64_t rate_window_add(struct rate_window *window, uint64_t count, uint64_t now_us);

#endif
