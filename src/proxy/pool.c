/* Slabs of equal objects: see pool.h. */
#include "proxy/pool.h"

#include <stdlib.h>

#include "base/mem.h"

enum { SLAB_BYTES = 64 * 1024, LINE = 64 };

struct pool_slab {
    struct pool_slab *next;
};

struct free_object {
    struct free_object *next;
};

void pool_init(struct pool *pool, size_t size)
{
    size_t lines = (size + LINE - 1) / LINE;

    if (lines % 8 == 0)
        lines++; /* else the same field of many objects would share a few cache sets */
    *pool = (struct pool){ .stride = lines * LINE };
}

#ifdef __SANITIZE_ADDRESS__

bool pool_recycles(void)
{
    return false;
}

void pool_fini(struct pool *pool)
{
    pool->free = NULL;
}

void *pool_get(struct pool *pool)
{
    return mem_zalloc_aligned(LINE, pool->stride);
}

void pool_put(struct pool *pool, void *object)
{
    (void)pool;
    free(object);
}

#else

bool pool_recycles(void)
{
    return true;
}

void pool_fini(struct pool *pool)
{
    while (pool->slabs != NULL) {
        struct pool_slab *next = pool->slabs->next;

        free(pool->slabs);
        pool->slabs = next;
    }
    pool->free = NULL;
}

static void add_slab(struct pool *pool)
{
    size_t count = pool->stride * 4 < SLAB_BYTES ? SLAB_BYTES / pool->stride : 4;
    size_t size = LINE + count * pool->stride;
    struct pool_slab *slab = mem_zalloc_aligned(LINE, size);

    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->at = (char *)slab + LINE;
    pool->end = pool->at + count * pool->stride;
}

void *pool_get(struct pool *pool)
{
    struct free_object *object = pool->free;
    void *fresh = NULL;

    if (object != NULL) {
        pool->free = object->next;
        return object;
    }
    if (pool->at == pool->end)
        add_slab(pool);
    fresh = pool->at;
    pool->at += pool->stride;
    return fresh;
}

void pool_put(struct pool *pool, void *object)
{
    struct free_object *freed = object;

    freed->next = pool->free;
    pool->free = freed;
}

#endif
