/* The tree as text: see config/dump.h. */
#include "config/dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "config/config.h"
#include "config/dump_priv.h"
#include "config/option_value_priv.h"

#define DUMP_MAX (64u * 1048576u)

struct dump {
    struct text *out;
    bool with_secrets;
};

static void dump_block(const struct dump *dump, enum block_id id, const char *base, int depth);

static void dump_option(const struct dump *dump, const struct option_row *row, const char *field,
                        int depth)
{
    text_add_format(dump->out, "%*s%s = ", 4 * depth, "", row->name);
    option_value_format(row, field, dump->with_secrets, dump->out);
    text_add(dump->out, "\n");
}

static void dump_titled(const struct dump *dump, enum block_id id, const char *outer, int depth)
{
    const struct block_row *row = &option_table_blocks[id];
    const char *elements = *(char *const *)(outer + row->offset);
    size_t count = *(const size_t *)(outer + row->count_offset);

    for (size_t i = 0; i < count; i++) {
        const char *element = elements + i * row->element_size;

        text_add_format(dump->out, "%s%*s%s %s {\n", depth == 0 ? "\n" : "", 4 * depth, "",
                        row->word, *(char *const *)element);
        dump_block(dump, id, element, depth + 1);
        text_add_format(dump->out, "%*s}\n", 4 * depth, "");
    }
}

static void dump_inner(const struct dump *dump, enum block_id id, const char *outer, int depth)
{
    const struct block_row *row = &option_table_blocks[id];

    if (row->is_titled) {
        dump_titled(dump, id, outer, depth);
        return;
    }
    if (!option_table_is_on(id, outer + row->offset))
        return;
    text_add_format(dump->out, "%s%*s%s {\n", depth == 0 ? "\n" : "", 4 * depth, "", row->word);
    dump_block(dump, id, outer + row->offset, depth + 1);
    text_add_format(dump->out, "%*s}\n", 4 * depth, "");
}

static void dump_block(const struct dump *dump, enum block_id id, const char *base, int depth)
{
    for (size_t i = 0; i < option_table_count; i++)
        if (option_table_rows[i].block == option_table_blocks[id].options_of)
            dump_option(dump, &option_table_rows[i], base + option_table_rows[i].offset, depth);
    for (enum block_id inner = BLOCK_ROOT + 1; inner < BLOCK_COUNT; inner++)
        if (option_table_blocks[inner].parent == id)
            dump_inner(dump, inner, base, depth);
}

void dump_config(const struct config *config, struct text *out)
{
    struct dump dump = { .out = out };

    dump_block(&dump, BLOCK_ROOT, (const char *)config, 0);
}

void dump_with_secrets(const struct config *config, struct text *out)
{
    struct dump dump = { .out = out, .with_secrets = true };

    dump_block(&dump, BLOCK_ROOT, (const char *)config, 0);
}

/* The content of files that options name is a part of the configuration. */
static uint64_t hash_files(const struct config *config, uint64_t hash)
{
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];
        const char *page = service->maint.page_text;

        if (page != NULL)
            hash = hash_bytes(hash, page, strlen(page));
        if (service->tenant.pins.file != NULL)
            hash = hash_bytes(hash, &service->tenant.pins.hash, sizeof service->tenant.pins.hash);
    }
    return hash;
}

uint64_t dump_hash(const struct config *config)
{
    struct text text;
    uint64_t hash = 0;

    text_init(&text, DUMP_MAX);
    dump_with_secrets(config, &text);
    hash = hash_files(config, hash_bytes(0, text.bytes, text.len));
    explicit_bzero(text.bytes, text.len);
    text_fini(&text);
    return hash;
}

static bool is_same_value(const struct option_row *row, const char *was, const char *is)
{
    struct text a;
    struct text b;
    bool same = false;

    text_init(&a, DUMP_MAX);
    text_init(&b, DUMP_MAX);
    option_value_format(row, was + row->offset, true, &a);
    option_value_format(row, is + row->offset, true, &b);
    same = slice_is_equal(text_slice(&a), text_slice(&b));
    text_fini(&a);
    text_fini(&b);
    return same;
}

/* The options of one block that need a restart; title NULL for one without. */
static size_t compare_block(enum block_id id, const char *title, const char *was, const char *is,
                            struct text *out)
{
    const struct block_row *block = &option_table_blocks[id];
    size_t count = 0;

    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table_rows[i];

        if (row->block != block->options_of || row->is_live || is_same_value(row, was, is))
            continue;
        if (title != NULL)
            text_add_format(out, "%s %s.", block->word, title);
        else if (id != BLOCK_ROOT)
            text_add_format(out, "%s.", block->word);
        text_add_format(out, "%s\n", row->name);
        count++;
    }
    return count;
}

static const struct config_listener *find_listener(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (strcmp(config->listeners[i].name, name) == 0)
            return &config->listeners[i];
    return NULL;
}

static size_t compare_listeners(const struct config *was, const struct config *is, struct text *out)
{
    size_t count = 0;

    for (size_t i = 0; i < was->listener_count; i++) {
        const struct config_listener *before = &was->listeners[i];
        const struct config_listener *after = find_listener(is, before->name);

        if (after != NULL) {
            count += compare_block(BLOCK_LISTENER, before->name, (const char *)before,
                                   (const char *)after, out);
            continue;
        }
        text_add_format(out, "listener %s\n", before->name);
        count++;
    }
    for (size_t i = 0; i < is->listener_count; i++) {
        if (find_listener(was, is->listeners[i].name) != NULL)
            continue;
        text_add_format(out, "listener %s\n", is->listeners[i].name);
        count++;
    }
    return count;
}

size_t dump_restart_needed(const struct config *was, const struct config *is, struct text *out)
{
    size_t count = compare_block(BLOCK_ROOT, NULL, (const char *)was, (const char *)is, out);

    for (enum block_id id = BLOCK_ROOT + 1; id < BLOCK_COUNT; id++) {
        const struct block_row *row = &option_table_blocks[id];

        if (row->parent == BLOCK_ROOT && !row->is_titled)
            count += compare_block(id, NULL, (const char *)was + row->offset,
                                   (const char *)is + row->offset, out);
    }
    return count + compare_listeners(was, is, out);
}
