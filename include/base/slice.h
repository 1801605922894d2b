/*
 * A piece of somebody else's text: pointer and length, no terminator, no ownership. Valid as long as
 * the buffer it points into. Pure functions, any thread.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
    const char *ptr;
    size_t len;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

/* For printf's "%.*s". */
#define SLICE_ARG(s) ((int)(s).len), ((s).ptr)

struct slice slice_of(const char *ptr, size_t len);
struct slice slice_from(const char *text); /* text may be NULL: an empty slice */
bool slice_is_equal(struct slice a, struct slice b);
bool slice_is_equal_nocase(struct slice a, struct slice b); /* ASCII case only */
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_ends_with_nocase(struct slice s, struct slice suffix);

/* Without spaces and tabs (OWS, RFC 9110 5.6.3) at both ends. */
struct slice slice_trim(struct slice s);

/* Cuts the next part off *rest at `separator`; false when nothing is left. "a,,b" yields "a", "", "b". */
bool slice_next(struct slice *rest, char separator, struct slice *part);

/* Copies into out (capacity bytes) and terminates; false, and out empty, when it does not fit. */
bool slice_copy(struct slice s, char *out, size_t capacity);

#endif
