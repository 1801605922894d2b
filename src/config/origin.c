/* Places of the parts of the tree: see origin_priv.h. */
#include "config/origin_priv.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/report.h"

void origin_init(struct origin *origin, const struct scan *scan)
{
    memset(origin, 0, sizeof *origin);
    origin->scan = scan;
}

void origin_fini(struct origin *origin)
{
    free(origin->entries);
    memset(origin, 0, sizeof *origin);
}

static void add_entry(struct origin *origin, struct origin_entry entry)
{
    if (origin->count == origin->capacity) {
        origin->capacity = origin->capacity > 0 ? 2 * origin->capacity : 256;
        origin->entries = mem_grow(origin->entries, origin->capacity, sizeof *origin->entries);
    }
    origin->entries[origin->count++] = entry;
}

void origin_add(struct origin *origin, const void *part, size_t token)
{
    add_entry(origin, (struct origin_entry){ .part = part, .token = token });
}

void origin_add_block(struct origin *origin, const void *block, size_t token)
{
    add_entry(origin, (struct origin_entry){ .part = block, .token = token, .is_block = true });
}

static int compare_entries(const void *left, const void *right)
{
    const struct origin_entry *a = left;
    const struct origin_entry *b = right;

    if (a->part != b->part)
        return (uintptr_t)a->part < (uintptr_t)b->part ? -1 : 1;
    return (int)a->is_block - (int)b->is_block;
}

void origin_sort(struct origin *origin)
{
    if (origin->count > 1)
        qsort(origin->entries, origin->count, sizeof *origin->entries, compare_entries);
}

static const struct origin_entry *find_entry(const struct origin *origin, const void *part,
                                             bool is_block)
{
    struct origin_entry key = { .part = part, .is_block = is_block };

    if (part == NULL || origin->count == 0)
        return NULL;
    return bsearch(&key, origin->entries, origin->count, sizeof key, compare_entries);
}

bool origin_is_known(const struct origin *origin, const void *part)
{
    return find_entry(origin, part, false) != NULL;
}

bool origin_has_block(const struct origin *origin, const void *block)
{
    return find_entry(origin, block, true) != NULL;
}

static struct report_place place_of(const struct origin *origin, const void *part,
                                    const void *fallback)
{
    const struct origin_entry *entry = find_entry(origin, part, false);

    if (entry == NULL)
        entry = find_entry(origin, fallback, false);
    if (entry == NULL)
        entry = find_entry(origin, fallback, true);
    if (entry == NULL)
        return (struct report_place){ .file = scan_file_of(origin->scan, 0) };
    return scan_place_of(origin->scan, entry->token);
}

void origin_error(const struct origin *origin, const void *part, const void *fallback,
                  const char *format, ...)
{
    struct report_place place = place_of(origin, part, fallback);
    char words[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    report_error_at(origin->scan->report, place, "%s", words);
}

void origin_warning(const struct origin *origin, const void *part, const void *fallback,
                    const char *format, ...)
{
    struct report_place place = place_of(origin, part, fallback);
    char words[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    report_warning_at(origin->scan->report, place, "%s", words);
}
