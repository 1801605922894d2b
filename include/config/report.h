/*
 * What is wrong with a configuration: every error and warning that one pass could find, in the order
 * of the lines, each as "file:line:column: what is wrong; what to do". Owner: whoever inits it; ends
 * by report_fini. One thread.
 */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Where something is wrong; 0: not known, or the file as a whole. Columns are bytes, from 1. */
struct report_place {
    const char *file; /* copied by whoever keeps it */
    unsigned line;
    unsigned column;
};

struct report_entry {
    char *file;
    unsigned line;
    unsigned column;
    bool is_warning;
    char *words;
};

struct report {
    struct report_entry *entries;
    size_t count;
    size_t error_count;
    size_t dropped; /* beyond REPORT_ENTRIES_MAX */
};

#define REPORT_ENTRIES_MAX 200

void report_init(struct report *report);
void report_fini(struct report *report);

void report_error(struct report *report, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void report_warning(struct report *report, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void report_error_at(struct report *report, struct report_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_warning_at(struct report *report, struct report_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Further entries would only be counted. */
bool report_is_full(const struct report *report);

/* Files in the order of their first entry, lines and columns ascending; equal places keep their
 * order. */
void report_sort(struct report *report);

/* One line per entry; warnings say "warning: " after the place. */
void report_print(const struct report *report, struct text *out);

#endif
