/*
 * Buffers of a worker in three sizes, leased and returned; the free ones are used last in, first out, so that
 * the hot one stays in the cache. One thread.
 */
#ifndef PROXY_BUFFER_H
#define PROXY_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/pool.h"

/* SMALL holds most heads, LARGE what one read of a body takes, with SLACK for what is written around it. */
enum { BUFFER_SMALL = 4096, BUFFER_MEDIUM = 16384, BUFFER_BODY = 65536, BUFFER_SLACK = 8192 };

enum buffer_class { CLASS_SMALL, CLASS_MEDIUM, CLASS_LARGE, CLASS_COUNT };

struct buffer {
    uint32_t capacity;
    uint32_t end; /* bytes filled */
    enum buffer_class class;
    char bytes[];
};

struct buffer_shelf {
    struct pool small;
    struct pool medium;
    struct buffer_free *large; /* free ones, heap blocks */
    unsigned large_count;
};

void buffer_shelf_init(struct buffer_shelf *shelf);
void buffer_shelf_fini(struct buffer_shelf *shelf);
struct buffer *buffer_lease(struct buffer_shelf *shelf, enum buffer_class class);
void buffer_return(struct buffer_shelf *shelf, struct buffer *buffer); /* NULL is allowed */

/* A buffer of the next size with the bytes of this one, which is returned; NULL (and nothing done) at LARGE. */
struct buffer *buffer_grow(struct buffer_shelf *shelf, struct buffer *buffer);

#endif
