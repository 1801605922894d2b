/*
 * What may be asked of a JSON text, as people write it: "status=healthy", "checks.database.status!=down",
 * "pool[0].active<=90", "uptime>=10", "database?". A path is names with dots between them and [N] for the N-th of an
 * array, from 0. A value may have $slot and $version in it. Only the grammar; who has the JSON evaluates. Pure.
 */
#ifndef BASE_ASSERTION_H
#define BASE_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/slice.h"

struct text;

enum assertion_op {
    ASSERTION_EXISTS,
    ASSERTION_EQUAL,
    ASSERTION_UNEQUAL,
    ASSERTION_AT_LEAST, /* of numbers, and so are the rest */
    ASSERTION_AT_MOST,
    ASSERTION_ABOVE,
    ASSERTION_BELOW,
};

enum { ASSERTION_BYTES_MAX = 256, ASSERTION_STEPS_MAX = 16 };

/* Slices into the text it was parsed from. */
struct assertion {
    struct slice path;
    enum assertion_op op;
    struct slice value; /* empty with EXISTS */
    bool has_slot;      /* the value mentions $slot */
    bool has_version;
};

/* ERR_INVALID or ERR_RANGE, and a constant text in *why. */
MUST_CHECK int assertion_parse(struct slice text, struct assertion *out, const char **why);
MUST_CHECK int assertion_check_path(struct slice path, const char **why);

/* Cuts the next step off a path that was checked; false: there is none. */
struct assertion_step {
    struct slice name; /* ptr NULL: an index */
    size_t index;
};
bool assertion_next_step(struct slice *path, struct assertion_step *step);

/* The value with its variables replaced, appended to out. */
void assertion_expand(struct slice value, const char *slot, const char *version, struct text *out);

/* "at least", "other than" … in front of a value; "" for EXISTS and EQUAL. */
const char *assertion_op_words(enum assertion_op op);

/* A number as JSON writes it: all of the text, or ERR_INVALID. */
MUST_CHECK int assertion_number(struct slice text, double *out);

#endif
