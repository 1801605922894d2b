/* Strict conversions between text and numbers: all of the text must be the number. Any thread. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

/* 1*DIGIT into *out; ERR_INVALID, or ERR_RANGE beyond max. */
MUST_CHECK int num_parse_u64(struct slice text, uint64_t max, uint64_t *out);

/* 1*HEXDIG of at most 16 digits. */
MUST_CHECK int num_parse_hex(struct slice text, uint64_t max, uint64_t *out);

/* "250ms", "5s", "2m", "48h", "7d", "100us"; a unit is required except for "0". Into microseconds. */
MUST_CHECK int num_parse_duration(struct slice text, uint64_t *us);

/* "32k", "8m", "1g", "100": bytes, powers of 1024. */
MUST_CHECK int num_parse_size(struct slice text, uint64_t *bytes);

/* Decimal digits of value at out (at least 20 bytes, not terminated); the count. */
size_t num_format_u64(uint64_t value, char *out);

/* The shortest exact duration text ("1500ms", "2m") into out (at least 32 bytes, terminated). */
void num_format_duration(uint64_t us, char *out);

#endif
