/* Header rules: which names go, which lines come, who wins. */
#include "http/header_rules.h"

#include <criterion/criterion.h>
#include <string.h>

#define TEXTS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static void expect_lines(const struct header_rules *rules, const char *expected)
{
    struct slice lines = header_rules_lines(rules);

    cr_assert(slice_is_equal(lines, slice_from(expected)), "%.*s", SLICE_ARG(lines));
}

Test(header_rules, none_is_null)
{
    static const struct header_rule_texts empty = { .set_count = 0 };

    cr_assert_null(header_rules_new(&empty, &empty));
    cr_assert_null(header_rules_new(NULL, NULL));
    cr_assert_not(header_rules_drops(NULL, SLICE("A")));
    cr_assert_eq(header_rules_lines(NULL).len, 0);
    header_rules_free(NULL);
}

Test(header_rules, remove_set_and_add)
{
    const struct header_rule_texts service = {
        .set_count = 2,
        .set = TEXTS("X-Env: blue", "Server:\tours "),
        .add_count = 2,
        .add = TEXTS("Vary: X-Env", "Vary: Accept"),
        .remove_count = 1,
        .remove = TEXTS("X-Powered-By"),
    };
    struct header_rules *rules = header_rules_new(&service, NULL);

    expect_lines(rules, "X-Env: blue\r\nServer: ours\r\nVary: X-Env\r\nVary: Accept\r\n");
    cr_assert(header_rules_drops(rules, SLICE("x-powered-BY")));
    cr_assert(header_rules_drops(rules, SLICE("SERVER")));
    cr_assert(header_rules_drops(rules, SLICE("X-Env")));
    cr_assert_not(header_rules_drops(rules, SLICE("Vary")));
    cr_assert_not(header_rules_drops(rules, SLICE("X-Powered-Bz")));
    cr_assert_not(header_rules_drops(rules, SLICE("X-Powered-B")));
    cr_assert_not(header_rules_drops(rules, SLICE("")));
    header_rules_free(rules);
}

/* The same name, length and both ends: only the comparison tells them apart. */
Test(header_rules, names_of_one_shape)
{
    const struct header_rule_texts slot = { .remove_count = 1, .remove = TEXTS("X-abc-Z") };
    struct header_rules *rules = header_rules_new(NULL, &slot);

    cr_assert(header_rules_drops(rules, SLICE("x-ABC-z")));
    cr_assert_not(header_rules_drops(rules, SLICE("x-abd-z")));
    cr_assert_not(header_rules_drops(rules, SLICE("X~abc-Z")));
    header_rules_free(rules);
}

Test(header_rules, the_slot_wins)
{
    const struct header_rule_texts service = {
        .set_count = 3,
        .set = TEXTS("A: service", "B: service", "C: service"),
        .add_count = 3,
        .add = TEXTS("a: more", "D: service", "E: service"),
    };
    const struct header_rule_texts slot = {
        .set_count = 1,
        .set = TEXTS("a: slot"),
        .add_count = 2,
        .add = TEXTS("C: slot", "E: slot"),
        .remove_count = 2,
        .remove = TEXTS("b", "d"),
    };
    struct header_rules *rules = header_rules_new(&service, &slot);

    expect_lines(rules, "C: service\r\nE: service\r\na: slot\r\nC: slot\r\nE: slot\r\n");
    cr_assert(header_rules_drops(rules, SLICE("b")));
    cr_assert(header_rules_drops(rules, SLICE("D")));
    cr_assert_not(header_rules_drops(rules, SLICE("E")));
    header_rules_free(rules);
}

Test(header_rules, the_last_set_of_a_name_counts)
{
    const struct header_rule_texts slot = {
        .set_count = 3,
        .set = TEXTS("A: 1", "B: 1", "a: 2"),
        .add_count = 1,
        .add = TEXTS("A: 3"),
        .remove_count = 1,
        .remove = TEXTS("B"),
    };
    struct header_rules *rules = header_rules_new(NULL, &slot);

    expect_lines(rules, "B: 1\r\na: 2\r\nA: 3\r\n");
    header_rules_free(rules);
}

/* What would break a message is never applied, whoever let it through. */
Test(header_rules, broken_rules_are_not_applied)
{
    const struct header_rule_texts slot = {
        .set_count = 6,
        .set =
            TEXTS("no colon", "A B: 1", ": 1", "C: a\r\nEvil: 1", "Content-Length: 3", "D: \x7f"),
        .add_count = 2,
        .add = TEXTS("Transfer-Encoding: chunked", "Good:"),
        .remove_count = 3,
        .remove = TEXTS("Connection", "E: value", ""),
    };
    struct header_rules *rules = header_rules_new(NULL, &slot);

    expect_lines(rules, "Good: \r\n");
    cr_assert_not(header_rules_drops(rules, SLICE("C")));
    cr_assert_not(header_rules_drops(rules, SLICE("Connection")));
    cr_assert_not(header_rules_drops(rules, SLICE("Content-Length")));
    cr_assert_not(header_rules_drops(rules, SLICE("E")));
    header_rules_free(rules);
}

Test(header_rules, equality)
{
    const struct header_rule_texts one = { .set_count = 1, .set = TEXTS("A: 1") };
    const struct header_rule_texts other = { .set_count = 1, .set = TEXTS("A: 2") };
    const struct header_rule_texts added = { .add_count = 1, .add = TEXTS("A: 1") };
    const struct header_rule_texts both = {
        .add_count = 1, .add = TEXTS("A: 1"), .remove_count = 1, .remove = TEXTS("B")
    };
    struct header_rules *a = header_rules_new(&one, NULL), *b = header_rules_new(NULL, &one);
    struct header_rules *c = header_rules_new(&other, NULL), *d = header_rules_new(&added, NULL);
    struct header_rules *e = header_rules_new(&both, NULL);

    cr_assert(header_rules_is_equal(a, b));
    cr_assert(header_rules_is_equal(NULL, NULL));
    cr_assert_not(header_rules_is_equal(a, NULL));
    cr_assert_not(header_rules_is_equal(NULL, a));
    cr_assert_not(header_rules_is_equal(a, c));
    cr_assert_not(header_rules_is_equal(a, d));
    cr_assert_not(header_rules_is_equal(a, e));
    header_rules_free(a);
    header_rules_free(b);
    header_rules_free(c);
    header_rules_free(d);
    header_rules_free(e);
}

struct allowed_case {
    const char *name;
    bool in_requests;
    bool in_responses;
};

Test(header_rules, names_that_may_be_changed)
{
    static const struct allowed_case cases[] = {
        { "X-Env", true, true },
        { "Cookie", true, true },
        { "Set-Cookie", true, true },
        { "Authorization", true, true },
        { "Host", false, true },
        { "expect", false, true },
        { "Max-Forwards", false, true },
        { "Via", false, true },
        { "X-Request-Id", false, true },
        { "x-forwarded-anything", false, true },
        { "X-Forwarded", true, true },
        { "Date", true, false },
        { "content-length", false, false },
        { "Transfer-Encoding", false, false },
        { "Connection", false, false },
        { "Keep-Alive", false, false },
        { "Upgrade", false, false },
        { "TE", false, false },
        { "Trailer", false, false },
        { "X-Switchyard-Slot", false, false },
        { "x-switchyard-own", false, false },
        { "", false, false },
        { "A B", false, false },
        { "A:", false, false },
        { "\xc3\xa4", false, false },
    };
    char long_name[257];

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice name = slice_from(cases[i].name);

        cr_assert_eq(header_rules_name_allowed(name, false), cases[i].in_requests, "%s",
                     cases[i].name);
        cr_assert_eq(header_rules_name_allowed(name, true), cases[i].in_responses, "%s",
                     cases[i].name);
    }
    memset(long_name, 'a', sizeof long_name);
    cr_assert(header_rules_name_allowed(slice_of(long_name, 256), true));
    cr_assert_not(header_rules_name_allowed(slice_of(long_name, 257), true));
}
