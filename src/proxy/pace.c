/* The least rate of a client: see pace.h. */
#include "proxy/pace.h"

enum { STOP_US = 1000000, SECOND_US = 1000000 };

void pace_init(struct pace *pace)
{
    *pace = (struct pace){ .is_waiting = false };
}

bool pace_note(struct pace *pace, uint64_t now_us, bool is_waiting)
{
    uint64_t passed = now_us - pace->since_us;

    if (pace->is_waiting && now_us > pace->since_us && passed <= pace_left_us(pace) + STOP_US)
        pace->waited_us += passed;
    pace->since_us = now_us;
    pace->is_waiting = is_waiting;
    return pace->waited_us >= PACE_WINDOW_US;
}

uint64_t pace_left_us(const struct pace *pace)
{
    return pace->waited_us < PACE_WINDOW_US ? PACE_WINDOW_US - pace->waited_us : 0;
}

bool pace_judge(struct pace *pace, uint64_t bytes, uint32_t rate)
{
    uint64_t moved = bytes > pace->bytes ? bytes - pace->bytes : 0;
    uint64_t least = pace->waited_us * rate / SECOND_US; /* both are small: no overflow */

    pace->waited_us = 0;
    pace->bytes = bytes;
    return moved >= least;
}
