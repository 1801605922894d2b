/* Places of the parts of the tree: see origin_priv.h. */
#include "config/origin_priv.h"

#include <stdarg.h>
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

void origin_add(struct origin *origin, const void *part, size_t token)
{
    if (origin->count == origin->capacity) {
        origin->capacity = origin->capacity > 0 ? 2 * origin->capacity : 256;
        origin->entries = mem_grow(origin->entries, origin->capacity, sizeof *origin->entries);
    }
    origin->entries[origin->count++] = (struct origin_entry){ part, token };
}

static const struct origin_entry *find_entry(const struct origin *origin, const void *part)
{
    for (size_t i = 0; part != NULL && i < origin->count; i++)
        if (origin->entries[i].part == part)
            return &origin->entries[i];
    return NULL;
}

bool origin_is_known(const struct origin *origin, const void *part)
{
    return find_entry(origin, part) != NULL;
}

unsigned origin_line(const struct origin *origin, const void *part)
{
    const struct origin_entry *entry = find_entry(origin, part);

    return entry != NULL ? scan_line_of(origin->scan, entry->token) : 0;
}

struct place {
    const char *file;
    unsigned line;
};

static struct place place_of(const struct origin *origin, const void *part, const void *fallback)
{
    const struct origin_entry *entry = find_entry(origin, part);

    if (entry == NULL)
        entry = find_entry(origin, fallback);
    if (entry == NULL)
        return (struct place){ scan_file_of(origin->scan, 0), 0 };
    return (struct place){ scan_file_of(origin->scan, entry->token),
                           scan_line_of(origin->scan, entry->token) };
}

void origin_error(const struct origin *origin, const void *part, const void *fallback,
                  const char *format, ...)
{
    struct place place = place_of(origin, part, fallback);
    char words[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    report_error(origin->scan->report, place.file, place.line, "%s", words);
}

void origin_warning(const struct origin *origin, const void *part, const void *fallback,
                    const char *format, ...)
{
    struct place place = place_of(origin, part, fallback);
    char words[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    report_warning(origin->scan->report, place.file, place.line, "%s", words);
}
