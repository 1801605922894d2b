/*
 * Short tags that only the holder of a secret can make: HMAC-SHA256 (RFC 2104) cut to 16 bytes, as 32 lower-case
 * hex digits; and comparison in constant time. Any thread.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <stdbool.h>

#include "base/slice.h"

enum { SEAL_TAG = 32 };

/* Writes SEAL_TAG digits and a NUL. */
void seal_make(struct slice secret, struct slice text, char out[SEAL_TAG + 1]);
bool seal_is_good(struct slice secret, struct slice text, struct slice tag);

/* Whether two texts are equal, in a time that depends on the lengths only. */
bool seal_is_same(struct slice a, struct slice b);

#endif
