/*
 * The one door for JSON that comes from outside (state files, request bodies, tokens). cJSON alone takes too
 * much: repeated names, text cut at an escaped NUL, bytes behind the end, bad UTF-8, numbers that do not fit.
 * Everything is checked on the bytes first; only what is strict RFC 8259 within the limits becomes a tree.
 * Pure, any thread.
 */
#ifndef BASE_STRICT_JSON_H
#define BASE_STRICT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"

struct cJSON;

struct strict_json_limits {
    size_t bytes;
    unsigned depth; /* of nested arrays and objects; at most STRICT_JSON_DEPTH */
    size_t items;   /* values in all */
};

enum { STRICT_JSON_DEPTH = 32 };
#define STRICT_JSON_INTEGER_MAX ((1ULL << 53) - 1)

/* For what an operator or a client sends: 1 MiB, depth 32, 4 096 values. */
extern const struct strict_json_limits strict_json_small;

/*
 * The tree, freed with cJSON_Delete. ERR_RANGE: a limit is passed; ERR_INVALID: anything else. *why (may be
 * NULL) is a constant text then.
 */
MUST_CHECK int strict_json_parse(struct slice bytes, const struct strict_json_limits *limits,
                                 struct cJSON **out, const char **why);

/*
 * Members of an object by exact name. ERR_NOT_FOUND: no such member (or null); ERR_INVALID: another type;
 * ERR_RANGE: too long, or not an integer of 0..max.
 */
MUST_CHECK int strict_json_text(const struct cJSON *object, const char *name, char *out,
                                size_t capacity);
MUST_CHECK int strict_json_u64(const struct cJSON *object, const char *name, uint64_t max,
                               uint64_t *out);
MUST_CHECK int strict_json_bool(const struct cJSON *object, const char *name, bool *out);

/* A member that is an array or object; NULL when it is not there or something else. */
const struct cJSON *strict_json_array(const struct cJSON *object, const char *name);
const struct cJSON *strict_json_object(const struct cJSON *object, const char *name);

/* The first member whose name is not among the allowed ones; NULL: all are known. */
const char *strict_json_unknown(const struct cJSON *object, const char *const *allowed,
                                size_t allowed_count);

#endif
