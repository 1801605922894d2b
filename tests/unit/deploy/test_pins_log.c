/* Files of pins: what is written is read, what counts is exactly what the state says, damage is seen. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "deploy/pins_log_priv.h"

struct sample {
    struct text bytes;
    struct pins_stretch first;
    struct pins_stretch added;
};

/* Two records in the first part, four behind it. */
static void make(struct sample *sample)
{
    struct text lines;
    char head[PINS_LOG_HEAD + 1];

    memset(sample, 0, sizeof *sample);
    text_init(&sample->bytes, 10000);
    text_init(&lines, 10000);
    pins_log_add(&lines, &sample->first, TENANT_OP_PIN, SLICE("acme"), "blue");
    pins_log_add(&lines, &sample->first, TENANT_OP_HIDE, SLICE("gone"), NULL);
    pins_log_head(&sample->first, head);
    text_add(&sample->bytes, head);
    text_add_slice(&sample->bytes, text_slice(&lines));
    pins_log_add(&sample->bytes, &sample->added, TENANT_OP_PIN, SLICE("acme"), "green");
    pins_log_add(&sample->bytes, &sample->added, TENANT_OP_PIN, SLICE("x@y.example"), "blue");
    pins_log_add(&sample->bytes, &sample->added, TENANT_OP_PIN, SLICE("short"), "blue");
    pins_log_add(&sample->bytes, &sample->added, TENANT_OP_UNPIN, SLICE("short"), NULL);
    text_fini(&lines);
}

static int read_log(struct slice bytes, const struct pins_stretch *added,
                    struct tenant_table *table)
{
    struct pins_stretch first = { 0 };
    const char *why = NULL;

    tenant_table_init(table, 1);
    return pins_log_read(bytes, added, table, &first, &why);
}

static int try_log(struct slice bytes, const struct pins_stretch *added)
{
    struct tenant_table table;
    int err = read_log(bytes, added, &table);

    tenant_table_fini(&table);
    return err;
}

Test(pins_log, what_is_written_is_read)
{
    struct sample sample;
    struct tenant_table table;

    make(&sample);
    cr_assert_eq(read_log(text_slice(&sample.bytes), &sample.added, &table), 0);
    cr_expect_eq(pins_count(table.live), 2);
    cr_expect_str_eq(tenant_table_find(&table, SLICE("acme")), "green");
    cr_expect_str_eq(tenant_table_find(&table, SLICE("x@y.example")), "blue");
    cr_expect_null(tenant_table_find(&table, SLICE("short")));
    cr_expect_eq(table.decided, 2);
    cr_expect_eq(table.hidden, 1);
    tenant_table_fini(&table);
    text_fini(&sample.bytes);
}

Test(pins_log, what_lies_behind_does_not_count_and_what_is_missing_is_damage)
{
    struct sample sample;
    size_t len = 0;

    make(&sample);
    len = sample.bytes.len;
    text_add(&sample.bytes, "+torn");
    cr_expect_eq(try_log(text_slice(&sample.bytes), &sample.added), 0);
    for (size_t i = 0; i < len; i++)
        cr_assert_eq(try_log(slice_of(sample.bytes.bytes, i), &sample.added), ERR_CORRUPT);
    text_fini(&sample.bytes);
}

Test(pins_log, every_byte_counts)
{
    struct sample sample;

    make(&sample);
    for (size_t i = 0; i < sample.bytes.len; i++) {
        char was = sample.bytes.bytes[i];

        for (int bit = 0; bit < 8; bit++) {
            sample.bytes.bytes[i] = (char)(was ^ (1 << bit));
            cr_assert_neq(try_log(text_slice(&sample.bytes), &sample.added), 0, "byte %zu", i);
        }
        sample.bytes.bytes[i] = was;
    }
    cr_expect_eq(try_log(text_slice(&sample.bytes), &sample.added), 0);
    sample.bytes.bytes[16] = '2';
    cr_expect_eq(try_log(text_slice(&sample.bytes), &sample.added), ERR_VERSION);
    text_fini(&sample.bytes);
}

/* Right sums do not make a line right. */
Test(pins_log, lines_that_cannot_be_are_refused)
{
    static const char *const lines[] = {
        "+\n", "+a\n", "+a \n",  "+ blue\n", "*a\n",        "\n",
        "-\n", "!\n",  "-a b\n", "!a/b\n",   "+a/b blue\n",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct pins_stretch first = { 0 };
        struct pins_stretch added = { 0 };
        struct text bytes;
        char head[PINS_LOG_HEAD + 1];

        text_init(&bytes, 1000);
        pins_log_head(&first, head);
        text_add(&bytes, head);
        text_add(&bytes, lines[i]);
        added.records = 1;
        added.bytes = strlen(lines[i]);
        added.sum = hash_bytes(0, lines[i], added.bytes);
        cr_expect_eq(try_log(text_slice(&bytes), &added), ERR_CORRUPT, "line %zu", i);
        text_fini(&bytes);
    }
}

Test(pins_log, names_of_files)
{
    char name[96];

    cr_expect(pins_log_name("shop-api", 17, name, sizeof name));
    cr_expect_str_eq(name, "pins-shop-api-17.log");
    cr_expect_eq(pins_log_number(name), 17);
    cr_expect_not(pins_log_name("shop-api", 17, name, 10));
    cr_expect_eq(pins_log_number("pins-17.log"), 0);
    cr_expect_eq(pins_log_number("pins-a-17.lo"), 0);
    cr_expect_eq(pins_log_number("pins-a-.log"), 0);
    cr_expect_eq(pins_log_number("pins-a-x.log"), 0);
    cr_expect_eq(pins_log_number("pins-../../a-1.log"), 0);
    cr_expect_eq(pins_log_number("state.json"), 0);
    cr_expect_eq(pins_log_number(""), 0);
}
