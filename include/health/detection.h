/*
 * How soon the probes of a target are repeated, and what follows from it: how long a target that dies may go unnoticed
 * at the most. Pure, any thread.
 */
#ifndef HEALTH_DETECTION_H
#define HEALTH_DETECTION_H

#include <stdint.h>

enum {
    DETECTION_FAST_US =
        500000, /* interval while the verdict is about to change, where the usual one is longer */
    DETECTION_PAUSE_US = 10000 /* between two probes at least */
};

/*
 * From the death of a target right after a good probe to the verdict "down": the longest wait for the next probe, then
 * `fall` probes that each take their whole timeout. `jitter` is percent of the interval. Traffic may find out sooner.
 */
uint64_t detection_worst_us(uint64_t interval_us, uint64_t timeout_us, uint64_t fall,
                            uint64_t jitter);

#endif
