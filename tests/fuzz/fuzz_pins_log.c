/* room: deploy
 *
 * Any bytes as a file of pins. Input that begins with 'W' is lines that get a head and sums that fit, so that what
 * lies behind the checksums is reached as well. What is taken must be written and read again as the same pins.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "deploy/pins_log_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The sums of these lines; all are in the first part. */
static struct pins_stretch measure(struct slice lines)
{
    struct pins_stretch stretch = { .bytes = lines.len };

    while (lines.len > 0) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end != NULL ? (size_t)(end - lines.ptr) + 1 : lines.len;

        stretch.sum = hash_bytes(stretch.sum, lines.ptr, len);
        stretch.records++;
        lines = slice_of(lines.ptr + len, lines.len - len);
    }
    return stretch;
}

static int read_log(struct slice bytes, struct tenant_table *table)
{
    struct pins_stretch added = { 0 };
    struct pins_stretch first = { 0 };
    const char *why = NULL;

    tenant_table_init(table, 1);
    return pins_log_read(bytes, &added, table, &first, &why);
}

/* A file with the decisions of a table in its first part. */
static void write_log(const struct tenant_table *table, struct text *out)
{
    struct tenant_walk walk = { 0 };
    struct pins_stretch first = { 0 };
    struct text lines;
    char head[PINS_LOG_HEAD + 1];

    text_init(&lines, 16 * 1024 * 1024);
    while (tenant_table_next(table, &walk))
        pins_log_add(&lines, &first, walk.op, walk.tenant, walk.slot);
    CHECK(first.records == table->decided + table->hidden);
    pins_log_head(&first, head);
    text_add(out, head);
    text_add_slice(out, text_slice(&lines));
    text_fini(&lines);
}

static void check_again(const struct tenant_table *table)
{
    struct tenant_table again;
    struct tenant_walk walk = { 0 };
    struct text bytes;

    text_init(&bytes, 16 * 1024 * 1024);
    write_log(table, &bytes);
    CHECK(read_log(text_slice(&bytes), &again) == 0);
    CHECK(again.decided == table->decided && again.hidden == table->hidden);
    while (tenant_table_next(table, &walk)) {
        const char *slot = tenant_table_find(&again, walk.tenant);

        CHECK(walk.op == TENANT_OP_PIN ? slot != NULL && strcmp(slot, walk.slot) == 0
                                       : slot == NULL);
    }
    tenant_table_fini(&again);
    text_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct slice input = slice_of((const char *)bytes, count);
    struct tenant_table table;
    struct text wrapped;

    text_init(&wrapped, 16 * 1024 * 1024);
    if (count > 0 && bytes[0] == 'W') {
        struct slice lines = slice_of(input.ptr + 1, input.len - 1);
        struct pins_stretch first = measure(lines);
        char head[PINS_LOG_HEAD + 1];

        pins_log_head(&first, head);
        text_add(&wrapped, head);
        text_add_slice(&wrapped, lines);
        input = text_slice(&wrapped);
    }
    if (read_log(input, &table) == 0)
        check_again(&table);
    tenant_table_fini(&table);
    text_fini(&wrapped);
    return 0;
}
