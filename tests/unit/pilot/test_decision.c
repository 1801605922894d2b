/* A decision as JSON: what is written comes back to the last bit, and anything else is refused. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pilot/decision.h"

static struct decision make(void)
{
    struct decision decision = {
        .id = 17,
        .wall_us = 1767323045000000,
        .monotonic_us = 12345,
        .service = "shop",
        .candidate = "green",
        .baseline = "blue",
        .version = "v3.1 \"beta\"",
        .trigger = "err_mod",
        .action = DECISION_ROLLBACK,
        .words = "rollback by err_mod: candidate 11 errors of 179",
        .config_hash = 0xfedcba9876543210ull,
        .epoch = 42,
        .has_event = true,
        .event = { .action = ENGINE_ROLLBACK,
                   .trigger = "err_mod",
                   .at_ms = 61000,
                   .since_ms = 57400,
                   .weight = 5,
                   .candidate_n = 179,
                   .candidate_x = 11,
                   .baseline_n = 3419,
                   .baseline_x = 4,
                   .baseline_rate = 1.0 / 3.0,
                   .limit = 0.1 + 0.2,
                   .evidence = 8.32,
                   .threshold = 8.29,
                   .phi = 5e-324,
                   .confirm = (double)NAN,
                   .top_bin = -1 },
        .row_count = 2,
        .rows = { { .name = "err_gross",
                    .is_active = true,
                    .evidence = -(double)INFINITY,
                    .threshold = 9.1 },
                  { .name = "lat50", .evidence = -0.0, .threshold = 1e300, .muted_ms = 7 } },
        .record_bytes = 99,
    };

    return decision;
}

static void encode(const struct decision *decision, struct text *out)
{
    text_init(out, DECISION_HEAD_MAX);
    decision_encode(decision, out);
    cr_assert(!text_is_cut(out));
}

Test(decision, comes_back_with_the_same_bits)
{
    struct decision was = make();
    struct decision is;
    struct text first;
    struct text second;

    encode(&was, &first);
    cr_assert_eq(decision_decode(text_slice(&first), &is), 0, "%s", first.bytes);
    cr_expect_eq(memcmp(&is.event.limit, &was.event.limit, sizeof(double)), 0);
    cr_expect_eq(memcmp(&is.event.baseline_rate, &was.event.baseline_rate, sizeof(double)), 0);
    cr_expect_eq(memcmp(&is.event.phi, &was.event.phi, sizeof(double)), 0);
    cr_expect(isnan(is.event.confirm));
    cr_expect_eq(is.event.top_bin, -1);
    cr_expect(isinf(is.rows[0].evidence) && is.rows[0].evidence < 0);
    cr_expect(signbit(is.rows[1].evidence));
    cr_expect_str_eq(is.version, was.version);
    cr_expect_eq(is.config_hash, was.config_hash);
    encode(&is, &second);
    cr_expect_str_eq(second.bytes, first.bytes);
    text_fini(&first);
    text_fini(&second);
}

Test(decision, needs_no_event_and_no_rows)
{
    struct decision was = { .id = 1, .service = "shop", .action = DECISION_SIGNAL };
    struct decision is;
    struct text text;

    encode(&was, &text);
    cr_assert_eq(decision_decode(text_slice(&text), &is), 0);
    cr_expect(!is.has_event);
    cr_expect_eq(is.row_count, 0);
    text_fini(&text);
}

Test(decision, names_every_action)
{
    for (int i = 0; i < DECISION_ACTION_COUNT; i++) {
        struct decision was = { .id = 1, .action = (enum decision_action)i };
        struct decision is;
        struct text text;

        encode(&was, &text);
        cr_assert_eq(decision_decode(text_slice(&text), &is), 0);
        cr_expect_eq(is.action, was.action);
        cr_expect_gt(strlen(decision_action_words(is.action)), 10);
        text_fini(&text);
    }
}

/* What was written, with one part of it replaced. */
static void refuse(const char *part, const char *by)
{
    struct decision was = make();
    struct decision is = { .id = 5 };
    struct text text;
    struct text other;
    const char *at = NULL;

    encode(&was, &text);
    text_init(&other, 2 * DECISION_HEAD_MAX);
    at = strstr(text.bytes, part);
    cr_assert_not_null(at, "%s", part);
    text_add_slice(&other, slice_of(text.bytes, (size_t)(at - text.bytes)));
    text_add(&other, by);
    text_add(&other, at + strlen(part));
    cr_expect_lt(decision_decode(text_slice(&other), &is), 0, "%s -> %s", part, by);
    cr_expect_eq(is.id, 5);
    text_fini(&text);
    text_fini(&other);
}

Test(decision, anything_else_is_refused)
{
    refuse("\"id\":17", "\"id\":-17");
    refuse("\"id\":17", "\"id\":\"17\"");
    refuse("\"id\":17,", "");
    refuse("\"rollback\"", "\"rollbak\"");
    refuse("\"config\":\"fedc", "\"config\":\"xedc");
    refuse("\"rows\":[", "\"row\":[");
    refuse("\"at_ms\":61000,", "");
    refuse("\"phi\":", "\"phi\":\"much\",\"x\":");
    refuse("\"top_bin\":0", "\"top_bin\":65");
    refuse("\"confirm\":\"nan\"", "\"confirm\":null");
    refuse("\"active\":true", "\"active\":1");
    refuse("\"muted_ms\":7}", "\"muted_ms\":7}}");
    refuse(
        "\"service\":\"shop\"",
        "\"service\":\"a-name-of-seventy-bytes-which-is-longer-than-any-service-may-have-in-it\"");
    refuse("\"rows\":[", "\"rows\":[{},{},{},{},{},{},{},{},{},{},{},{},");
}
