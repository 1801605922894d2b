/*
 * Versions of schemas and releases, and ranges of them: ">=1.3 <2", "1.3.0" (that one or a later one), "=1.3.0"
 * (that one alone), "*". A leading v is ignored, parts are compared as numbers of any length, missing parts are 0, and a
 * name behind the digits ("20240101120000_init") does not count against a version without one. Pure, any thread.
 */
#ifndef STORE_SCHEMA_RANGE_H
#define STORE_SCHEMA_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

enum {
    SCHEMA_TERMS_MAX = 4,
    SCHEMA_VERSION_MAX = 96, /* bytes of one version, with its end */
};

struct schema_range {
    unsigned term_count; /* 0: any version will do */
    struct schema_term {
        enum schema_relation {
            SCHEMA_LEAST,
            SCHEMA_ABOVE,
            SCHEMA_MOST,
            SCHEMA_BELOW,
            SCHEMA_EQUAL
        } relation;
        char version[SCHEMA_VERSION_MAX];
    } terms[SCHEMA_TERMS_MAX];
};

/* Negative, 0 or positive as a is older than, the same as, or newer than b. */
int schema_version_compare(const char *a, const char *b);

/* It has a digit where a version begins with one. */
bool schema_version_is_valid(const char *text);

/* ERR_INVALID: it is no range; *why is a constant text then. */
MUST_CHECK int schema_range_parse(const char *text, struct schema_range *out, const char **why);

/* is_strict: what is asked for as "this or later" must be this one. */
bool schema_range_has(const struct schema_range *range, const char *version, bool is_strict);

#endif
