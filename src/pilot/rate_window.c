/* See rate_window_priv.h. */
#include "pilot/rate_window_priv.h"

#include <string.h>

void rate_window_init(struct rate_window *window, uint64_t per_us)
{
    memset(window, 0, sizeof *window);
    window->part_us = per_us / RATE_WINDOW_PARTS;
}

/* Parts that the clock has gone past since the last one are empty, and what was there before is too old. */
static void go_on(struct rate_window *window, uint64_t part)
{
    uint64_t passed = part > window->last ? part - window->last : 0;

    if (passed > RATE_WINDOW_PARTS)
        passed = RATE_WINDOW_PARTS;
    for (uint64_t i = 0; i < passed; i++)
        window->parts[(part - i) % RATE_WINDOW_PARTS] = 0;
    if (part > window->last)
        window->last = part;
}

uint64_t rate_window_add(struct rate_window *window, uint64_t count, uint64_t now_us)
{
    uint64_t sum = 0;

    if (window->part_us == 0)
        return 0;
    go_on(window, now_us / window->part_us);
    window->parts[window->last % RATE_WINDOW_PARTS] += count;
    for (unsigned i = 0; i < RATE_WINDOW_PARTS; i++)
        sum += window->parts[i];
    return sum;
}
