/*
 * Objects of one size for one worker: taken from slabs, kept in a free list, given back to the heap only with
 * the worker. Strides are chosen so that equal fields of neighbours do not fall into the same cache set. In
 * AddressSanitizer builds every object is its own heap block, so that a use after the end is seen.
 */
#ifndef PROXY_POOL_H
#define PROXY_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool_slab;

struct pool {
    size_t stride;
    void *free;
    char *at; /* unused part of the newest slab */
    char *end;
    struct pool_slab *slabs;
};

void pool_init(struct pool *pool, size_t size);
void pool_fini(struct pool *pool); /* every object must be back */
void *pool_get(struct pool *pool); /* not cleared */
void pool_put(struct pool *pool, void *object);

/* Whether the bytes of an object behind its first pointer survive from put to get. */
bool pool_recycles(void);

#endif
