/*
 * A time as apps write it, for comparing clocks: RFC 3339 ("2026-03-01T12:00:00.5Z", "…+02:00"), or a number of seconds
 * or milliseconds since 1970. Pure.
 */
#ifndef HEALTH_TIMESTAMP_PRIV_H
#define HEALTH_TIMESTAMP_PRIV_H

#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

/* Microseconds since 1970. ERR_INVALID: it is none, or before 1970. */
MUST_CHECK int timestamp_parse(struct slice text, uint64_t *wall_us);

/* From 1e11 on a number means milliseconds: as seconds that would be the year 5138. */
MUST_CHECK int timestamp_from_number(double number, uint64_t *wall_us);

#endif
