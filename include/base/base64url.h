/*
 * Base64 with the letters of URLs and no padding (RFC 4648 5), one text for one sequence of bytes: what decodes would
 * be written in just this way. Pure, any thread.
 */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include <stddef.h>

#include "base/check.h"
#include "base/slice.h"

/* The letters of so many bytes, without the terminator. */
#define BASE64URL_LEN(bytes) (((bytes)*4 + 2) / 3)

/* Writes BASE64URL_LEN(count) letters and a terminator. */
void base64url_encode(const void *bytes, size_t count, char *out);

/* ERR_INVALID: another letter, padding, a length that cannot be, or bits behind the end that are not zero. ERR_RANGE:
 * more than capacity bytes. */
MUST_CHECK int base64url_decode(struct slice text, void *out, size_t capacity, size_t *count);

#endif
