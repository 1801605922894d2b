/*
 * Heap memory of sizes we choose ourselves: never NULL, the process aborts when memory is out. Sizes
 * that a peer chooses are compared with a limit first. free() releases all of these. Any thread.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_zalloc_aligned(size_t alignment, size_t size); /* alignment: a power of two */
void *mem_grow(void *ptr, size_t count, size_t size);    /* realloc with checked multiplication */
char *mem_text(const char *text);                        /* strdup; NULL stays NULL */
char *mem_text_of(const char *ptr, size_t len);          /* a terminated copy */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
