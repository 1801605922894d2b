/* Memory for one request: see base/arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *next;
    max_align_t bytes[];
};

enum { BLOCK_BYTES = 4096, ALIGN = alignof(max_align_t) };

/* An arena without a first block has no bytes to point behind. */
static void begin(struct arena *arena)
{
    arena->at = arena->first;
    arena->end = arena->first_size > 0 ? arena->first + arena->first_size : arena->first;
}

void arena_init(struct arena *arena, void *first, size_t first_size, size_t limit_bytes)
{
    arena->first = first;
    arena->first_size = first_size;
    arena->limit_bytes = limit_bytes;
    arena->used_bytes = 0;
    arena->more = NULL;
    begin(arena);
}

static void *alloc_block(struct arena *arena, size_t size)
{
    size_t left = arena->limit_bytes - arena->used_bytes;
    size_t capacity = left < BLOCK_BYTES ? left : BLOCK_BYTES;
    struct arena_block *block = NULL;

    if (size > left)
        return NULL;
    if (capacity < size)
        capacity = size;
    block = malloc(sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    arena->used_bytes += capacity;
    block->next = arena->more;
    arena->more = block;
    arena->at = (char *)block->bytes + size;
    arena->end = (char *)block->bytes + capacity;
    return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    char *at = arena->at;

    if (rounded < size)
        return NULL;
    if ((size_t)(arena->end - at) < rounded)
        return alloc_block(arena, rounded);
    arena->at = at + rounded;
    return at;
}

void arena_reset(struct arena *arena)
{
    while (arena->more != NULL) {
        struct arena_block *next = arena->more->next;

        free(arena->more);
        arena->more = next;
    }
    arena->used_bytes = 0;
    begin(arena);
}
