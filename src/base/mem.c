/* Memory that is there or the process is not: see base/mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *mem_alloc(size_t size)
{
    void *ptr = malloc(size > 0 ? size : 1);

    CHECK(ptr != NULL);
    return ptr;
}

void *mem_zalloc(size_t size)
{
    void *ptr = calloc(1, size > 0 ? size : 1);

    CHECK(ptr != NULL);
    return ptr;
}

void *mem_zalloc_aligned(size_t alignment, size_t size)
{
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);
    void *ptr = aligned_alloc(alignment, rounded > 0 ? rounded : alignment);

    CHECK(ptr != NULL);
    memset(ptr, 0, rounded);
    return ptr;
}

void *mem_grow(void *ptr, size_t count, size_t size)
{
    size_t total = 0;
    void *grown = NULL;

    CHECK(!__builtin_mul_overflow(count, size, &total));
    grown = realloc(ptr, total > 0 ? total : 1);
    CHECK(grown != NULL);
    return grown;
}

char *mem_text(const char *text)
{
    return text != NULL ? mem_text_of(text, strlen(text)) : NULL;
}

char *mem_text_of(const char *ptr, size_t len)
{
    char *copy = mem_alloc(len + 1);

    if (len > 0)
        memcpy(copy, ptr, len);
    copy[len] = '\0';
    return copy;
}

char *mem_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    int len = 0;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    CHECK(len >= 0 && text != NULL);
    return text;
}
