/*
 * Clocks. Everything that decides uses the monotonic one; the wall clock is for stamps only.
 * Loops keep a cached time (net/loop.h); these read the clock each time. Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

uint64_t clock_monotonic_us(void);
uint64_t clock_wall_us(void); /* since 1970 */

/* For tests of things that take days: from now on both clocks are so much ahead. Timers do not notice: whoever waits
 * for one is told to look again. */
void clock_shift(uint64_t us);

/* "2026-01-02T03:04:05.678Z" (RFC 3339, UTC) of a wall time; out needs CLOCK_STAMP_SIZE bytes. */
#define CLOCK_STAMP_SIZE 32
void clock_stamp(uint64_t wall_us, char *out);

/* The other way round, also with fewer parts: "2026-01-02", "2026-01-02T03:04", "…:05", "…:05.678", each with or without
 * a Z. Always UTC, from 1970 on; ERR_INVALID. */
MUST_CHECK int clock_parse(struct slice stamp, uint64_t *wall_us);

#endif
