/*
 * The pipeline from files to the tree: tokens, outline, libConfuse, values by the table of options,
 * cross-checks. Each stage reports all it finds; a stage whose input cannot be trusted is not run.
 * See config/loader.h.
 */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/attach_priv.h"
#include "config/config.h"
#include "config/crosscheck_priv.h"
#include "config/grammar_priv.h"
#include "config/option_value_priv.h"
#include "config/origin_priv.h"
#include "config/outline_priv.h"
#include "config/report.h"
#include "config/scan_priv.h"

#define WHY_MAX 1024

struct reading {
    struct scan scan;
    struct grammar grammar;
    struct origin origin;
    struct report *report;
    struct config *config;
};

/* One block while it is read. */
struct part {
    cfg_t *block; /* NULL: not in the file */
    enum block_id id;
    char *base;   /* its struct */
    size_t token; /* where it began, or its parent */
};

static void complain_at(struct reading *reading, size_t token, const char *name, struct text *why)
{
    report_error_at(reading->report, scan_place_of(&reading->scan, token), "%s: %s", name,
                    why->bytes);
}

/* False, with an error in the report, when the value does not fit. */
static bool read_value(struct reading *reading, const struct option_row *row,
                       const struct located *value, void *field)
{
    struct text why;
    int err = ERR_OK;

    text_init(&why, WHY_MAX);
    err = option_value_parse(row, slice_from(value->text), field, &why);
    if (err == ERR_OK)
        origin_add(&reading->origin, field, value->token);
    else
        complain_at(reading, value->token, row->name, &why);
    text_fini(&why);
    return err == ERR_OK;
}

/* Defaults are ours, so they fit. */
static void set_default(const struct option_row *row, struct slice value, void *field)
{
    struct text why;
    int err = ERR_OK;

    text_init(&why, WHY_MAX);
    err = option_value_parse(row, value, field, &why);
    CHECK(err == ERR_OK);
    text_fini(&why);
}

static void set_default_list(const struct option_row *row, struct option_list *list)
{
    size_t size = option_value_element_size(row->kind);
    struct slice rest = slice_from(row->fallback);
    struct slice value = { NULL, 0 };

    while (rest.len > 0 && slice_next(&rest, ',', &value)) {
        list->items = mem_grow(list->items, list->count + 1, size);
        memset((char *)list->items + list->count * size, 0, size);
        set_default(row, slice_trim(value), (char *)list->items + list->count++ * size);
    }
}

static void require_option(struct reading *reading, const struct part *part,
                           const struct option_row *row)
{
    const struct block_row *block = &option_table_blocks[part->id];
    struct report_place place = scan_place_of(&reading->scan, part->token);

    if (block->is_titled)
        report_error_at(reading->report, place, "%s '%s' needs the option '%s'", block->word,
                        *(char *const *)part->base, row->name);
    else
        report_error_at(reading->report, place, "%s needs the option '%s'", block->word, row->name);
}

static void read_scalar(struct reading *reading, const struct part *part,
                        const struct option_row *row, void *field)
{
    bool is_inherited = option_table_blocks[part->id].options_of != part->id;
    bool is_given = grammar_value_count(part->block, row->name) > 0;

    if (is_given && read_value(reading, row, grammar_value(part->block, row->name, 0), field))
        return;
    if (is_inherited)
        return;
    if (row->fallback != NULL)
        set_default(row, slice_from(row->fallback), field);
    else if (!is_given)
        require_option(reading, part, row);
}

static void read_list(struct reading *reading, const struct part *part,
                      const struct option_row *row, struct option_list *list)
{
    size_t count = grammar_value_count(part->block, row->name);
    size_t size = option_value_element_size(row->kind);
    size_t token = part->token;

    if (!grammar_is_given(part->block, row->name)) {
        if (row->fallback == NULL)
            require_option(reading, part, row);
        set_default_list(row, list);
        return;
    }
    if (count > 0)
        token = grammar_value(part->block, row->name, 0)->token;
    if (count < row->min || count > row->max) {
        report_error_at(reading->report, scan_place_of(&reading->scan, token),
                        "%s: %zu values; %llu to %llu are allowed", row->name, count,
                        (unsigned long long)row->min, (unsigned long long)row->max);
        set_default_list(row, list);
        return;
    }
    list->items = mem_zalloc((count + 1) * size);
    origin_add(&reading->origin, list, token);
    for (size_t i = 0; i < count; i++)
        if (read_value(reading, row, grammar_value(part->block, row->name, i),
                       (char *)list->items + list->count * size))
            list->count++;
}

static void read_block(struct reading *reading, const struct part *part);

static void check_title(struct reading *reading, const struct part *part, const char *title)
{
    if (option_value_is_name(slice_from(title)))
        return;
    report_error_at(
        reading->report, scan_place_of(&reading->scan, part->token),
        "%s: '%s' is no name; letters, digits, '-', '_' and '.', at most 63, starting with "
        "a letter or digit",
        option_table_blocks[part->id].word, title);
}

static void read_titled_blocks(struct reading *reading, const struct part *outer, enum block_id id)
{
    const struct block_row *row = &option_table_blocks[id];
    size_t count = grammar_block_count(outer->block, row->word);
    char *elements = mem_zalloc((count + 1) * row->element_size);

    *(void **)(outer->base + row->offset) = elements;
    *(size_t *)(outer->base + row->count_offset) = count;
    for (size_t i = 0; i < count; i++) {
        cfg_t *block = grammar_block(outer->block, row->word, i);
        struct part part = { .block = block, .id = id, .base = elements + i * row->element_size };

        part.token = grammar_block_token(&reading->grammar, block);
        *(char **)part.base = mem_text(cfg_title(block));
        check_title(reading, &part, cfg_title(block));
        origin_add(&reading->origin, part.base, part.token);
        if (id == BLOCK_SERVICE) {
            struct config_service *service = (struct config_service *)part.base;

            service->timeouts = reading->config->timeouts;
            service->limits = reading->config->limits;
        }
        read_block(reading, &part);
    }
}

static void read_inner_block(struct reading *reading, const struct part *outer, enum block_id id)
{
    const struct block_row *row = &option_table_blocks[id];
    struct part part = { .id = id, .base = outer->base + row->offset, .token = outer->token };

    if (grammar_block_count(outer->block, row->word) > 0) {
        part.block = grammar_block(outer->block, row->word, 0);
        part.token = grammar_block_token(&reading->grammar, part.block);
        origin_add_block(&reading->origin, part.base, part.token);
    } else if (row->is_optional) {
        return;
    }
    read_block(reading, &part);
}

static void read_block(struct reading *reading, const struct part *part)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table_rows[i];
        char *field = part->base + row->offset;

        if (row->block != option_table_blocks[part->id].options_of)
            continue;
        if (option_table_is_list(row->kind))
            read_list(reading, part, row, (struct option_list *)field);
        else
            read_scalar(reading, part, row, field);
    }
    for (enum block_id id = BLOCK_ROOT + 1; id < BLOCK_COUNT; id++) {
        if (option_table_blocks[id].parent != part->id)
            continue;
        if (option_table_blocks[id].is_titled)
            read_titled_blocks(reading, part, id);
        else
            read_inner_block(reading, part, id);
    }
}

static void read_tree(struct reading *reading)
{
    struct part root = { .id = BLOCK_ROOT };

    if (grammar_read(&reading->grammar, &reading->scan) != ERR_OK)
        return;
    reading->config = mem_zalloc(sizeof *reading->config);
    root.block = reading->grammar.root;
    root.base = (char *)reading->config;
    read_block(reading, &root);
    origin_sort(&reading->origin);
    attach_files(reading->config, &reading->origin);
    crosscheck_config(reading->config, &reading->origin);
}

/* From tokens on; frees everything but the tree. */
static int finish_loading(struct reading *reading, struct config **out)
{
    size_t scan_errors = reading->report->error_count;
    int err = ERR_INVALID;

    origin_init(&reading->origin, &reading->scan);
    if (scan_errors == 0 && outline_check(&reading->scan))
        read_tree(reading);
    report_sort(reading->report);
    if (reading->report->error_count == 0) {
        CHECK(reading->config != NULL);
        *out = reading->config;
        reading->config = NULL;
        err = ERR_OK;
    }
    config_free(reading->config);
    grammar_fini(&reading->grammar);
    origin_fini(&reading->origin);
    scan_fini(&reading->scan);
    return err;
}

int loader_load_file(const char *path, struct report *report, struct config **out)
{
    struct reading reading = { .report = report };

    scan_init(&reading.scan, report);
    scan_read_file(&reading.scan, path);
    return finish_loading(&reading, out);
}

int loader_load_text(struct slice text, const char *name, struct report *report,
                     struct config **out)
{
    struct reading reading = { .report = report };

    scan_init(&reading.scan, report);
    scan_read_text(&reading.scan, text, name);
    return finish_loading(&reading, out);
}
