/*
 * A single-writer, single-reader ring of records. Positions only grow; the offset is the position
 * modulo the capacity. Each record is a header of 8 bytes (its size) and the bytes rounded up to 8.
 * Where a record would wrap, a skip header fills the rest of the buffer and is published together with
 * the record behind it. Each side keeps its position, and a copy of the other one, on its own cache
 * line and looks across only when its copy says full or empty. See base/ring.h.
 */
#include "base/ring.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum { CACHE_LINE = 64, HEADER_BYTES = 8, SMALLEST = 64 };

static const uint64_t SKIP = UINT64_MAX;

struct ring {
    /* writer */
    alignas(CACHE_LINE) _Atomic size_t tail;
    size_t seen_head;
    size_t reserved_at; /* position of the reserved record's header */
    size_t reserved_size;
    bool is_reserved;
    _Atomic uint64_t dropped;
    /* reader */
    alignas(CACHE_LINE) _Atomic size_t head;
    size_t seen_tail;
    /* never written after ring_new */
    alignas(CACHE_LINE) unsigned char *bytes;
    size_t capacity;
};

static size_t count_record_bytes(size_t size)
{
    return HEADER_BYTES + ((size + 7) & ~(size_t)7);
}

static uint64_t *header_at(const struct ring *ring, size_t position)
{
    return (uint64_t *)(void *)(ring->bytes + (position & (ring->capacity - 1)));
}

struct ring *ring_new(size_t capacity_bytes)
{
    struct ring *ring = mem_zalloc_aligned(CACHE_LINE, sizeof *ring);

    CHECK(capacity_bytes <= SIZE_MAX / 4);
    ring->capacity = SMALLEST;
    while (ring->capacity < capacity_bytes)
        ring->capacity *= 2;
    ring->bytes = mem_zalloc_aligned(CACHE_LINE, ring->capacity);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (ring == NULL)
        return;
    free(ring->bytes);
    free(ring);
}

static void *count_drop(struct ring *ring)
{
    uint64_t dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed);

    atomic_store_explicit(&ring->dropped, dropped + 1, memory_order_relaxed);
    return NULL;
}

/* Writer: does [tail, tail + count) lie in free space? */
static bool has_room(struct ring *ring, size_t tail, size_t count)
{
    if (ring->capacity - (tail - ring->seen_head) >= count)
        return 1;
    ring->seen_head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return ring->capacity - (tail - ring->seen_head) >= count;
}

void *ring_reserve(struct ring *ring, size_t size)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t to_end = ring->capacity - (tail & (ring->capacity - 1));
    size_t need = 0;
    size_t skip = 0;

    ring->is_reserved = false;
    if (size > ring->capacity)
        return count_drop(ring);
    need = count_record_bytes(size);
    skip = need > to_end ? to_end : 0;
    if (need > ring->capacity / 2 || !has_room(ring, tail, skip + need))
        return count_drop(ring);
    if (skip > 0)
        *header_at(ring, tail) = SKIP;
    ring->reserved_at = tail + skip;
    ring->reserved_size = size;
    ring->is_reserved = true;
    return (unsigned char *)header_at(ring, ring->reserved_at) + HEADER_BYTES;
}

void ring_commit(struct ring *ring, size_t size)
{
    CHECK(ring->is_reserved && size <= ring->reserved_size);
    *header_at(ring, ring->reserved_at) = size;
    ring->is_reserved = false;
    atomic_store_explicit(&ring->tail, ring->reserved_at + count_record_bytes(size),
                          memory_order_release);
}

const void *ring_peek(struct ring *ring, size_t *size)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t header = 0;

    if (head == ring->seen_tail) {
        ring->seen_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (head == ring->seen_tail)
            return NULL;
    }
    header = *header_at(ring, head);
    if (header == SKIP) {
        head += ring->capacity - (head & (ring->capacity - 1));
        atomic_store_explicit(&ring->head, head, memory_order_release);
        header = *header_at(ring, head);
    }
    *size = (size_t)header;
    return (const unsigned char *)header_at(ring, head) + HEADER_BYTES;
}

void ring_pop(struct ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    CHECK(head != ring->seen_tail);
    atomic_store_explicit(&ring->head, head + count_record_bytes((size_t)*header_at(ring, head)),
                          memory_order_release);
}

uint64_t ring_dropped(const struct ring *ring)
{
    return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}
