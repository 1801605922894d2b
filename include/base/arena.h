/*
 * A bounded bump allocator for what lives as long as one request: alloc, never free, reset at the end.
 * The first block lies in the arena's owner (given at init), more blocks come from the heap up to
 * `limit` bytes in all and are given back by reset. One thread.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    char *at;
    char *end;
    char *first; /* the owner's block */
    size_t first_size;
    struct arena_block *more;
    size_t used_bytes; /* of heap blocks */
    size_t limit_bytes;
};

void arena_init(struct arena *arena, void *first, size_t first_size, size_t limit_bytes);

/* Memory aligned for any type; NULL when the limit would be passed. */
void *arena_alloc(struct arena *arena, size_t size);
void arena_reset(struct arena *arena); /* also the end: nothing else is to be freed */

#endif
