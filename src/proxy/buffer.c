/* Buffers by size class: see buffer.h. */
#include "proxy/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { LARGE_KEPT = 16 };

struct buffer_free {
    struct buffer_free *next;
};

void buffer_shelf_init(struct buffer_shelf *shelf)
{
    pool_init(&shelf->small, offsetof(struct buffer, bytes) + BUFFER_SMALL);
    pool_init(&shelf->medium, offsetof(struct buffer, bytes) + BUFFER_MEDIUM);
    shelf->large = NULL;
    shelf->large_count = 0;
}

void buffer_shelf_fini(struct buffer_shelf *shelf)
{
    pool_fini(&shelf->small);
    pool_fini(&shelf->medium);
    while (shelf->large != NULL) {
        struct buffer_free *next = shelf->large->next;

        free(shelf->large);
        shelf->large = next;
    }
}

static struct buffer *get_large(struct buffer_shelf *shelf)
{
    struct buffer_free *kept = shelf->large;

    if (kept == NULL)
        return mem_alloc(offsetof(struct buffer, bytes) + BUFFER_BODY + BUFFER_SLACK);
    shelf->large = kept->next;
    shelf->large_count--;
    return (struct buffer *)(void *)kept;
}

struct buffer *buffer_lease(struct buffer_shelf *shelf, enum buffer_class class)
{
    struct buffer *buffer = NULL;

    switch (class) {
    case CLASS_SMALL:
        buffer = pool_get(&shelf->small);
        buffer->capacity = BUFFER_SMALL;
        break;
    case CLASS_MEDIUM:
        buffer = pool_get(&shelf->medium);
        buffer->capacity = BUFFER_MEDIUM;
        break;
    case CLASS_LARGE:
    case CLASS_COUNT:
        buffer = get_large(shelf);
        buffer->capacity = BUFFER_BODY + BUFFER_SLACK;
        break;
    }
    buffer->class = class;
    buffer->end = 0;
    return buffer;
}

void buffer_return(struct buffer_shelf *shelf, struct buffer *buffer)
{
    struct buffer_free *kept = NULL;

    if (buffer == NULL)
        return;
    switch (buffer->class) {
    case CLASS_SMALL: pool_put(&shelf->small, buffer); return;
    case CLASS_MEDIUM: pool_put(&shelf->medium, buffer); return;
    case CLASS_LARGE:
    case CLASS_COUNT: break;
    }
    if (shelf->large_count >= LARGE_KEPT) {
        free(buffer);
        return;
    }
    kept = (struct buffer_free *)(void *)buffer;
    kept->next = shelf->large;
    shelf->large = kept;
    shelf->large_count++;
}

struct buffer *buffer_grow(struct buffer_shelf *shelf, struct buffer *buffer)
{
    struct buffer *grown = NULL;

    if (buffer->class == CLASS_LARGE)
        return NULL;
    grown = buffer_lease(shelf, buffer->class + 1);
    CHECK(grown->capacity >= buffer->end);
    memcpy(grown->bytes, buffer->bytes, buffer->end);
    grown->end = buffer->end;
    buffer_return(shelf, buffer);
    return grown;
}
