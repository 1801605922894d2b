/*
 * A ring of variable-length records between exactly one writing and one reading thread. The writer
 * never blocks: a record that does not fit is dropped and counted. A record lies in one piece, aligned
 * to 8 bytes; one of more than half the capacity (with its 8 bytes of header) never fits, a smaller
 * one always fits an empty ring. Owner: the writer's side; ends by ring_free when both threads are done.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

struct ring *ring_new(size_t capacity_bytes); /* rounded up to a power of two, at least 64 */
void ring_free(struct ring *ring);            /* NULL is allowed */

/* Writer: room for one record of at most `size` bytes, or NULL (counted as dropped). A reservation
 * that is not committed has no effect. */
void *ring_reserve(struct ring *ring, size_t size);

/* Writer: makes the reserved record visible with its final size (<= the reserved one). */
void ring_commit(struct ring *ring, size_t size);

/* Reader: the oldest record and its size, or NULL; it stays valid until ring_pop. */
const void *ring_peek(struct ring *ring, size_t *size);
void ring_pop(struct ring *ring);               /* after a ring_peek that found one */
uint64_t ring_dropped(const struct ring *ring); /* any thread */

#endif
