/*
 * POSIX extended regular expressions on text that comes from outside, without what makes them slow or large: no
 * references back, no counted repetitions. Pure; any thread.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

#include "base/check.h"
#include "base/slice.h"

enum { PATTERN_BYTES_MAX = 256 };

/* ERR_INVALID or ERR_RANGE, and a constant text in *why. */
MUST_CHECK int pattern_check(const char *pattern, const char **why);

/* Whether it is found in the text, which may have any bytes; a pattern that was checked. Case counts; ^ and $ are the ends of
 * the whole text. */
bool pattern_finds(const char *pattern, struct slice text);

#endif
