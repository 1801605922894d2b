/*
 * Where in the files each part of the tree came from: for messages of the cross-checks, and to tell
 * what was written from what is a default. Owner: the loader.
 */
#ifndef CONFIG_ORIGIN_PRIV_H
#define CONFIG_ORIGIN_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "config/scan_priv.h"

struct origin_entry {
    const void *part; /* a field, an element of a list, or a titled block */
    size_t token;
    bool is_block; /* an untitled block; its first option may have the same address */
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
void origin_add_block(struct origin *origin, const void *block, size_t token);

/* After the last part was added; nothing is found before. */
void origin_sort(struct origin *origin);

/* Was it in the file? */
bool origin_is_known(const struct origin *origin, const void *part);
bool origin_has_block(const struct origin *origin, const void *block);

/* At the part, or where that is a default, at the fallback (a block or a part), or else at the file
 * as a whole. */
void origin_error(const struct origin *origin, const void *part, const void *fallback,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void origin_warning(const struct origin *origin, const void *part, const void *fallback,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
