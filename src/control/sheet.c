/* Tables of answers: see sheet_priv.h. */
#include "control/sheet_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/json_priv.h"

struct cell {
    bool is_set;
    char *text; /* as people see it */
    uint64_t value;
};

struct sheet {
    const struct sheet_column *columns;
    unsigned column_count;
    struct cell *cells;
    size_t count;
    size_t capacity;
};

struct sheet *sheet_new(const struct sheet_column *columns, unsigned count)
{
    struct sheet *sheet = mem_zalloc(sizeof *sheet);

    sheet->columns = columns;
    sheet->column_count = count;
    return sheet;
}

void sheet_free(struct sheet *sheet)
{
    if (sheet == NULL)
        return;
    for (size_t i = 0; i < sheet->count; i++)
        free(sheet->cells[i].text);
    free(sheet->cells);
    free(sheet);
}

static const struct sheet_column *column_at(const struct sheet *sheet, size_t index)
{
    return &sheet->columns[index % sheet->column_count];
}

/* The next cell, empty; CHECKs that the caller kept to the order of the columns. */
static struct cell *add_cell(struct sheet *sheet, enum sheet_kind kind)
{
    CHECK(column_at(sheet, sheet->count)->kind == kind);
    if (sheet->count == sheet->capacity) {
        sheet->capacity = sheet->capacity == 0 ? 64 : sheet->capacity * 2;
        sheet->cells = mem_grow(sheet->cells, sheet->capacity, sizeof *sheet->cells);
    }
    sheet->cells[sheet->count] = (struct cell){ .is_set = false };
    return &sheet->cells[sheet->count++];
}

void sheet_add_none(struct sheet *sheet)
{
    add_cell(sheet, column_at(sheet, sheet->count)->kind);
}

void sheet_add_text(struct sheet *sheet, const char *text)
{
    struct cell *cell = add_cell(sheet, SHEET_TEXT);

    if (text == NULL || text[0] == '\0')
        return;
    cell->is_set = true;
    cell->text = mem_text(text);
}

void sheet_add_format(struct sheet *sheet, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sheet_add_text(sheet, line);
}

void sheet_add_u64(struct sheet *sheet, uint64_t value)
{
    struct cell *cell = add_cell(sheet, SHEET_NUMBER);

    *cell = (struct cell){ .is_set = true, .value = value, .text = mem_format("%" PRIu64, value) };
}

void sheet_add_bool(struct sheet *sheet, bool value)
{
    struct cell *cell = add_cell(sheet, SHEET_BOOL);

    *cell = (struct cell){ .is_set = true, .value = value, .text = mem_text(value ? "yes" : "no") };
}

void sheet_age(uint64_t us, char *out)
{
    uint64_t s = us / 1000000;

    if (s < 1)
        snprintf(out, 32, "%" PRIu64 "ms", us / 1000);
    else if (s < 60)
        snprintf(out, 32, "%" PRIu64 "s", s);
    else if (s < 3600)
        snprintf(out, 32, "%" PRIu64 "m %" PRIu64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 32, "%" PRIu64 "h %" PRIu64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(out, 32, "%" PRIu64 "d %" PRIu64 "h", s / 86400, s / 3600 % 24);
}

void sheet_add_seconds(struct sheet *sheet, uint64_t us)
{
    struct cell *cell = add_cell(sheet, SHEET_SECONDS);
    char age[32];

    sheet_age(us, age);
    *cell = (struct cell){ .is_set = true, .value = us, .text = mem_text(age) };
}

unsigned sheet_row_count(const struct sheet *sheet)
{
    return (unsigned)(sheet->count / sheet->column_count);
}

static const char *cell_text(const struct cell *cell)
{
    return cell->is_set ? cell->text : "-";
}

/* Characters, not bytes, of a UTF-8 text. */
static size_t text_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static size_t column_width(const struct sheet *sheet, unsigned column)
{
    size_t width = text_width(sheet->columns[column].heading);

    for (size_t i = column; i < sheet->count; i += sheet->column_count) {
        size_t w = text_width(cell_text(&sheet->cells[i]));

        width = w > width ? w : width;
    }
    return width;
}

/* Text that may hold anything of a peer: control bytes would break the columns and the protocol. */
static void add_visible(struct text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char c = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;

        text_add_slice(out, slice_of(&c, 1));
    }
}

static void pad(struct text *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add(out, " ");
}

static unsigned last_shown(const struct sheet *sheet)
{
    unsigned last = 0;

    for (unsigned i = 0; i < sheet->column_count; i++)
        if (sheet->columns[i].heading != NULL)
            last = i;
    return last;
}

/* One line; cells NULL: the headings. */
static void print_line(const struct sheet *sheet, const struct cell *cells, const size_t *widths,
                       struct text *out)
{
    unsigned last = last_shown(sheet);

    for (unsigned i = 0; i <= last; i++) {
        const struct sheet_column *column = &sheet->columns[i];
        const char *text = cells != NULL ? cell_text(&cells[i]) : column->heading;
        bool is_right = column->kind == SHEET_NUMBER;

        if (column->heading == NULL)
            continue;
        if (is_right)
            pad(out, widths[i] - text_width(text));
        add_visible(out, text);
        if (!is_right && i != last)
            pad(out, widths[i] - text_width(text));
        text_add(out, i == last ? "\n" : "  ");
    }
}

void sheet_print(const struct sheet *sheet, struct text *out)
{
    size_t *widths = mem_zalloc(sheet->column_count * sizeof *widths);

    CHECK(sheet->count % sheet->column_count == 0);
    for (unsigned i = 0; i < sheet->column_count; i++)
        if (sheet->columns[i].heading != NULL)
            widths[i] = column_width(sheet, i);
    print_line(sheet, NULL, widths, out);
    for (size_t i = 0; i < sheet->count; i += sheet->column_count)
        print_line(sheet, &sheet->cells[i], widths, out);
    free(widths);
}

void sheet_print_list(const struct sheet *sheet, struct text *out)
{
    CHECK(sheet->count >= sheet->column_count);
    for (unsigned i = 0; i < sheet->column_count; i++) {
        if (sheet->columns[i].heading == NULL)
            continue;
        text_add_format(out, "%s: ", sheet->columns[i].heading);
        add_visible(out, cell_text(&sheet->cells[i]));
        text_add(out, "\n");
    }
}

static void add_json(cJSON *object, const struct sheet_column *column, const struct cell *cell)
{
    if (!cell->is_set) {
        json_add_null(object, column->key);
        return;
    }
    switch (column->kind) {
    case SHEET_TEXT: json_add_text(object, column->key, cell->text); break;
    case SHEET_NUMBER: json_add_u64(object, column->key, cell->value); break;
    case SHEET_BOOL: json_add_bool(object, column->key, cell->value != 0); break;
    case SHEET_SECONDS: json_add_seconds(object, column->key, cell->value); break;
    }
}

static cJSON *row_json(const struct sheet *sheet, size_t first)
{
    cJSON *object = json_object();

    for (unsigned i = 0; i < sheet->column_count; i++)
        if (sheet->columns[i].key != NULL)
            add_json(object, &sheet->columns[i], &sheet->cells[first + i]);
    return object;
}

cJSON *sheet_json(const struct sheet *sheet)
{
    cJSON *array = json_array();

    CHECK(sheet->count % sheet->column_count == 0);
    for (size_t i = 0; i < sheet->count; i += sheet->column_count)
        json_add(array, NULL, row_json(sheet, i));
    return array;
}

cJSON *sheet_json_list(const struct sheet *sheet)
{
    CHECK(sheet->count >= sheet->column_count);
    return row_json(sheet, 0);
}
