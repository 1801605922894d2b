/*
 * The checker of switches: compares what a load recorded with what the admin side answered. Pure; after
 * load_finish.
 */
#ifndef SUPPORT_LOAD_CHECK_H
#define SUPPORT_LOAD_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "support/load.h"

/* One switch: when it was asked for, when its answer was there, and where to. The first entry is the start,
 * with both times 0. */
struct load_switch {
    uint64_t submitted_us;
    uint64_t answered_us;
    uint8_t slot; /* LOAD_SLOT_* */
};

/* Requests that began after an answer and were served by a slot that answer had ruled out. */
uint64_t load_wrong_slots(const struct load *load, const struct load_switch *switches,
                          size_t count);

/* Requests during whose life no switch was under way: for these there is exactly one right slot. */
uint64_t load_sharp(const struct load *load, const struct load_switch *switches, size_t count);

/* Requests that app servers carried out more than once. */
uint64_t load_duplicates(const struct load *load, bool posts_only);

#endif
