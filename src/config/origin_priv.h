/*
 * Where in the files each part of the tree came from, for messages of the cross-checks. Looked up on
 * errors only. Owner: the loader.
 */
#ifndef CONFIG_ORIGIN_PRIV_H
#define CONFIG_ORIGIN_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "config/scan_priv.h"

struct origin_entry {
    const void *part; /* a field, an element of a list, or a titled block */
    size_t token;
};

struct origin {
    const struct scan *scan;
    struct origin_entry *entries;
    size_t count;
    size_t capacity;
};

void origin_init(struct origin *origin, const struct scan *scan);
void origin_fini(struct origin *origin);
void origin_add(struct origin *origin, const void *part, size_t token);
bool origin_is_known(const struct origin *origin, const void *part); /* was it in the file? */
unsigned origin_line(const struct origin *origin, const void *part); /* 0: not in the file */

/* At the part, or where that is a default, at the fallback, or else at the file as a whole. */
void origin_error(const struct origin *origin, const void *part, const void *fallback,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void origin_warning(const struct origin *origin, const void *part, const void *fallback,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
