/* Files of pins: src/config/pins_file.c. */
#include "config/pins_file_priv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/report.h"

#define COUNT(items) (sizeof(items) / sizeof(items)[0])

static char blue[] = "blue";
static char green[] = "green";
static char service_name[] = "s";
static char file_name[] = "p.list";
static struct config_slot slots[] = { { .name = blue }, { .name = green } };
static const struct config_service service = { .name = service_name,
                                               .slots = slots,
                                               .slot_count = 2 };

struct outcome {
    struct config_pins pins;
    char *words;
    size_t errors;
};

static struct outcome parse(const char *bytes, size_t len)
{
    struct outcome outcome = { .pins = { .file = file_name } };
    struct report report;
    struct text out;

    report_init(&report);
    text_init(&out, 1u << 20);
    pins_file_parse(slice_of(bytes, len), &service, &outcome.pins, &report);
    report_print(&report, &out);
    outcome.errors = report.error_count;
    outcome.words = out.len > 0 ? text_take(&out) : mem_text("");
    text_fini(&out);
    report_fini(&report);
    return outcome;
}

static void finish(struct outcome *outcome)
{
    free(outcome->pins.items);
    free(outcome->words);
}

static void expect_pin(const struct outcome *outcome, size_t index, const char *tenant,
                       const char *slot)
{
    cr_assert_lt(index, outcome->pins.count);
    cr_expect_str_eq(outcome->pins.items[index].tenant, tenant);
    cr_expect_str_eq(outcome->pins.items[index].slot, slot);
}

Test(pins_file, reads_lines_comments_and_blanks)
{
    static const char text[] = "# pilots\n\n  acme\tgreen \r\na-._~@:+=Z9   blue # why\n#x y\n"
                               "zeta green";
    struct outcome outcome = parse(text, strlen(text));

    cr_expect_str_eq(outcome.words, "");
    cr_expect_eq(outcome.pins.count, 3);
    expect_pin(&outcome, 0, "acme", "green");
    expect_pin(&outcome, 1, "a-._~@:+=Z9", "blue");
    expect_pin(&outcome, 2, "zeta", "green");
    finish(&outcome);
}

Test(pins_file, an_empty_file_pins_nobody)
{
    static const char *const texts[] = { "", "\n", "# only words", "\r\n \t \n" };

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct outcome outcome = parse(texts[i], strlen(texts[i]));

        cr_expect_eq(outcome.pins.count, 0);
        cr_expect_eq(outcome.errors, 0);
        finish(&outcome);
    }
}

static const struct {
    const char *text;
    const char *says;
} bad[] = {
    { "acme\n", "p.list:1: a line is \"TENANT SLOT\"" },
    { "\nacme # blue\n", "p.list:2: a line is \"TENANT SLOT\"" },
    { "acme blue green\n", "p.list:1: a line is \"TENANT SLOT\"" },
    { "acme blue\n\nbeta red\n", "p.list:3: service 's' has no slot 'red'" },
    { "acme Blue\n", "has no slot 'Blue'" },
    { "ac/me blue\n", "p.list:1: 'ac/me' is no id of a tenant" },
    { "ac\xc3\xa9 blue\n", "is no id of a tenant" },
    { "0123456789012345678901234567890123456789012345678901234567890123x blue\n",
      "is no id of a tenant" },
    { "acme blue\nbeta blue\nacme green\n",
      "p.list:3: tenant 'acme' is pinned already in line 1; keep one" },
    { "acme blue\nacme blue\n", "p.list:2: tenant 'acme' is pinned already" },
};

Test(pins_file, says_what_is_wrong_with_a_line)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct outcome outcome = parse(bad[i].text, strlen(bad[i].text));

        cr_expect(strstr(outcome.words, bad[i].says) != NULL, "should say: %s\nbut says: %s",
                  bad[i].says, outcome.words);
        cr_expect_eq(outcome.errors, 1);
        finish(&outcome);
    }
}

Test(pins_file, a_nul_byte_is_no_part_of_an_id)
{
    struct outcome outcome = parse("ac\0me blue\n", 11);

    cr_expect(strstr(outcome.words, "p.list:1: 'ac' is no id") != NULL, "%s", outcome.words);
    finish(&outcome);
}

Test(pins_file, an_id_of_64_bytes_is_fine)
{
    static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";
    char text[100];
    struct outcome outcome;

    snprintf(text, sizeof text, "%s blue", id);
    outcome = parse(text, strlen(text));
    expect_pin(&outcome, 0, id, "blue");
    finish(&outcome);
}

Test(pins_file, the_hash_is_of_the_bytes)
{
    struct outcome a = parse("a blue\n", 7);
    struct outcome b = parse("a blue\n", 7);
    struct outcome c = parse("a blue \n", 8);

    cr_expect_eq(a.pins.hash, b.pins.hash);
    cr_expect_neq(a.pins.hash, c.pins.hash);
    finish(&a);
    finish(&b);
    finish(&c);
}

/* With a table that did not scatter, this would never end. */
Test(pins_file, a_million_lines)
{
    const size_t count = 1000000;
    char *text = malloc(count * 24);
    size_t at = 0;
    struct outcome outcome;

    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, 24, "tenant-%zu %s\n", i, i % 3 == 0 ? "green" : "blue");
    outcome = parse(text, at);
    cr_expect_str_eq(outcome.words, "");
    cr_expect_eq(outcome.pins.count, count);
    expect_pin(&outcome, 0, "tenant-0", "green");
    expect_pin(&outcome, 777777, "tenant-777777", "green");
    expect_pin(&outcome, 999998, "tenant-999998", "blue");
    finish(&outcome);
    free(text);
}

Test(pins_file, bounds_the_number_of_lines)
{
    size_t len = PINS_FILE_LINES_MAX + 1;
    char *text = malloc(len);
    struct outcome outcome;

    memset(text, '\n', len);
    outcome = parse(text, len);
    cr_expect(strstr(outcome.words, "p.list: more than 5000000 lines") != NULL, "%s",
              outcome.words);
    finish(&outcome);
    outcome = parse(text, len - 1);
    cr_expect_eq(outcome.errors, 0);
    finish(&outcome);
    free(text);
}

Test(pins_file, many_errors_are_bounded)
{
    char text[3000];
    struct outcome outcome;

    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 3 * i, "a\n\n", 3);
    outcome = parse(text, sizeof text);
    cr_expect_leq(outcome.errors, REPORT_ENTRIES_MAX + 1);
    finish(&outcome);
}
