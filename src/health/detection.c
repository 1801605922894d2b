/* See health/detection.h. health.c schedules by the same numbers; the app tells the result with -t. */
#include "health/detection.h"

uint64_t detection_worst_us(uint64_t interval_us, uint64_t timeout_us, uint64_t fall,
                            uint64_t jitter)
{
    uint64_t first = interval_us + interval_us * jitter / 100;
    uint64_t fast = interval_us < DETECTION_FAST_US ? interval_us : DETECTION_FAST_US;
    uint64_t again = fast + fast * jitter / 100;

    if (again < timeout_us + DETECTION_PAUSE_US) /* the next one waits for the end of this one */
        again = timeout_us + DETECTION_PAUSE_US;
    return first + (fall > 1 ? fall - 1 : 0) * again + timeout_us;
}
