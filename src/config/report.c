/* The list of errors and warnings: see config/report.h. */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void report_init(struct report *report)
{
    memset(report, 0, sizeof *report);
}

void report_fini(struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->entries[i].file);
        free(report->entries[i].words);
    }
    free(report->entries);
    memset(report, 0, sizeof *report);
}

/* Control bytes of a file must not reach a terminal. */
static char *copy_printable(const char *text)
{
    char *copy = mem_text(text);

    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    return copy;
}

static void add_entry(struct report *report, struct report_place place, bool is_warning,
                      const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void add_entry(struct report *report, struct report_place place, bool is_warning,
                      const char *format, va_list args)
{
    struct report_entry entry = { .line = place.line,
                                  .column = place.column,
                                  .is_warning = is_warning };
    char words[1024];

    if (!is_warning)
        report->error_count++;
    if (report_is_full(report)) {
        report->dropped++;
        return;
    }
    vsnprintf(words, sizeof words, format, args);
    entry.file = copy_printable(place.file);
    entry.words = copy_printable(words);
    report->entries = mem_grow(report->entries, report->count + 1, sizeof *report->entries);
    report->entries[report->count++] = entry;
}

void report_error(struct report *report, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_entry(report, (struct report_place){ .file = file, .line = line }, false, format, args);
    va_end(args);
}

void report_warning(struct report *report, const char *file, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_entry(report, (struct report_place){ .file = file, .line = line }, true, format, args);
    va_end(args);
}

void report_error_at(struct report *report, struct report_place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_entry(report, place, false, format, args);
    va_end(args);
}

void report_warning_at(struct report *report, struct report_place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_entry(report, place, true, format, args);
    va_end(args);
}

bool report_is_full(const struct report *report)
{
    return report->count == REPORT_ENTRIES_MAX;
}

static size_t first_of_file(const struct report *report, const char *file)
{
    size_t i = 0;

    while (strcmp(report->entries[i].file, file) != 0)
        i++;
    return i;
}

static bool is_behind(const struct report_entry *a, const struct report_entry *b)
{
    return a->line > b->line || (a->line == b->line && a->column > b->column);
}

/* Insertion keeps equal lines in order, and there are at most REPORT_ENTRIES_MAX of them. */
void report_sort(struct report *report)
{
    size_t *rank = mem_alloc((report->count + 1) * sizeof *rank);

    for (size_t i = 0; i < report->count; i++)
        rank[i] = first_of_file(report, report->entries[i].file);
    for (size_t i = 1; i < report->count; i++) {
        struct report_entry entry = report->entries[i];
        size_t entry_rank = rank[i];
        size_t at = i;

        while (at > 0 &&
               (rank[at - 1] > entry_rank ||
                (rank[at - 1] == entry_rank && is_behind(&report->entries[at - 1], &entry)))) {
            report->entries[at] = report->entries[at - 1];
            rank[at] = rank[at - 1];
            at--;
        }
        report->entries[at] = entry;
        rank[at] = entry_rank;
    }
    free(rank);
}

void report_print(const struct report *report, struct text *out)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct report_entry *entry = &report->entries[i];

        text_add(out, entry->file);
        if (entry->line > 0)
            text_add_format(out, ":%u", entry->line);
        if (entry->line > 0 && entry->column > 0)
            text_add_format(out, ":%u", entry->column);
        text_add_format(out, ": %s%s\n", entry->is_warning ? "warning: " : "", entry->words);
    }
    if (report->dropped > 0)
        text_add_format(out, "and %zu more\n", report->dropped);
}
