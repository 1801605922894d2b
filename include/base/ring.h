/*
 * A ring of variable-length records between exactly one writing and one reading thread. The writer
 * never blocks: a record that does not fit is dropped and counted. Owner: the writer's side.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

struct ring *ring_new(size_t capacity_bytes); /* rounded up to a power of two */
void ring_free(struct ring *ring);

/* Writer: room for one record of at most `size` bytes, or NULL (counted as dropped). */
void *ring_reserve(struct ring *ring, size_t size);

/* Writer: makes the reserved record visible with its final size (<= the reserved one). */
void ring_commit(struct ring *ring, size_t size);

/* Reader: the oldest record and its size, or NULL; it stays valid until ring_pop. */
const void *ring_peek(struct ring *ring, size_t *size);
void ring_pop(struct ring *ring);
uint64_t ring_dropped(const struct ring *ring); /* any thread */

#endif
