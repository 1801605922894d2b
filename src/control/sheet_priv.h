/*
 * A table of an answer, filled once and given out twice: as aligned columns for people and as a JSON array of
 * objects. A column without a heading is for JSON only, one without a key for people only. Thread: control.
 */
#ifndef CONTROL_SHEET_PRIV_H
#define CONTROL_SHEET_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct sheet;
struct text;

enum sheet_kind { SHEET_TEXT, SHEET_NUMBER, SHEET_BOOL, SHEET_SECONDS };

struct sheet_column {
    const char *key;     /* in JSON; NULL: not there */
    const char *heading; /* for people; NULL: not there */
    enum sheet_kind kind;
};

struct sheet *sheet_new(const struct sheet_column *columns, unsigned count); /* columns: kept */
void sheet_free(struct sheet *sheet);                                        /* NULL is fine */

/* The next cell, from left to right and row by row; each of the column's own kind or none. */
void sheet_add_text(struct sheet *sheet, const char *text); /* copied; NULL or "": none */
void sheet_add_format(struct sheet *sheet, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sheet_add_u64(struct sheet *sheet, uint64_t value);
void sheet_add_bool(struct sheet *sheet, bool value);
void sheet_add_seconds(struct sheet *sheet, uint64_t us); /* shown as an age: "12s", "3m", "4h" */
void sheet_add_none(struct sheet *sheet);
unsigned sheet_row_count(const struct sheet *sheet);

/* A line of headings and one line per row; no cell is ever empty ("-"). */
void sheet_print(const struct sheet *sheet, struct text *out);

/* The first row as lines "Heading: value". */
void sheet_print_list(const struct sheet *sheet, struct text *out);

cJSON *sheet_json(const struct sheet *sheet);      /* an array of objects */
cJSON *sheet_json_list(const struct sheet *sheet); /* the first row as one object */

/* "850ms", "12s", "3m 5s", "4h 12m", "6d 3h" into out (at least 32 bytes). */
void sheet_age(uint64_t us, char *out);

#endif
