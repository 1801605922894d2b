/* Verdicts from made-up results: rise and fall, unknown, passive findings, the last 64. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "health/window_priv.h"

struct window_case {
    const char *name;
    enum verdict start;
    unsigned rise;
    unsigned fall;
    const char *results;  /* g b, p: passive finding */
    const char *verdicts; /* after each: u d */
};

static const struct window_case window_cases[] = {
    { "the first result decides: good", VERDICT_UNKNOWN, 2, 3, "g", "u" },
    { "the first result decides: bad", VERDICT_UNKNOWN, 2, 3, "b", "d" },
    { "fall in a row", VERDICT_UP, 2, 3, "bbb", "uud" },
    { "a good one breaks the row", VERDICT_UP, 2, 3, "bbgbbgbbb", "uuuuuuuud" },
    { "rise in a row", VERDICT_DOWN, 2, 3, "gg", "du" },
    { "a bad one breaks the row", VERDICT_DOWN, 3, 3, "ggbggbggg", "ddddddddu" },
    { "rise and fall of one", VERDICT_UP, 1, 1, "bgbg", "dudu" },
    { "flapping changes nothing", VERDICT_UP, 2, 2, "bgbgbgbg", "uuuuuuuu" },
    { "nor when down", VERDICT_DOWN, 2, 2, "gbgbgbgb", "dddddddd" },
    { "from unknown and on", VERDICT_UNKNOWN, 2, 3, "bggbbbgg", "dduuuddu" },
    { "a passive finding is at once", VERDICT_UP, 2, 3, "gp", "ud" },
    { "and wants rise anew", VERDICT_UP, 2, 3, "ggggpgg", "uuuuddu" },
    { "also from unknown", VERDICT_UNKNOWN, 2, 3, "pgg", "ddu" },
    { "a second one is none", VERDICT_UP, 2, 3, "pgpg", "dddu" },
};

static const struct probe_result good = { .fault = FAULT_NONE, .status = 200, .duration_us = 7 };
static const struct probe_result bad = {
    .fault = FAULT_PROBE_STATUS, .status = 503, .duration_us = 9, .words = "status 503"
};

static bool play(struct window *window, char result, uint64_t now_us)
{
    if (result == 'p')
        return window_put_down(window, now_us, FAULT_CONNECT_FAILED, "workers");
    return window_add(window, now_us, result == 'g' ? &good : &bad);
}

Test(window, rises_and_falls)
{
    for (size_t i = 0; i < sizeof window_cases / sizeof *window_cases; i++) {
        const struct window_case *c = &window_cases[i];
        struct window window;

        window_init(&window, c->start, 5);
        window_set_rules(&window, c->rise, c->fall);
        for (unsigned at = 0; c->results[at] != '\0'; at++) {
            enum verdict was = window.verdict;
            enum verdict want = c->verdicts[at] == 'u' ? VERDICT_UP : VERDICT_DOWN;
            bool is_changed = play(&window, c->results[at], 100 + at);

            cr_assert_eq(window.verdict, want, "%s, result %u", c->name, at);
            cr_assert_eq(is_changed, was != want, "%s, result %u", c->name, at);
            if (is_changed)
                cr_assert_eq(window.since_us, 100 + at);
        }
    }
}

/* Against the sentence itself: the last `rise` good, or the last `fall` bad. */
Test(window, agrees_with_the_rule_over_all_short_runs)
{
    for (unsigned bits = 0; bits < 1 << 12; bits++) {
        struct window window;
        enum verdict model = VERDICT_UNKNOWN;

        window_init(&window, VERDICT_UNKNOWN, 0);
        window_set_rules(&window, 2, 3);
        for (unsigned at = 0; at < 12; at++) {
            unsigned seen = bits << (31 - at) >> (31 - at); /* bit at is the newest */

            window_add(&window, at, bits >> at & 1 ? &good : &bad);
            if (at == 0)
                model = bits & 1 ? VERDICT_UP : VERDICT_DOWN;
            else if (seen >> (at - 1) == 3)
                model = VERDICT_UP;
            else if (at >= 2 && seen >> (at - 2) == 0)
                model = VERDICT_DOWN;
            cr_assert_eq(window.verdict, model, "bits %x at %u", bits, at);
        }
    }
}

Test(window, is_settled_when_the_last_result_agrees)
{
    struct window window;

    window_init(&window, VERDICT_UNKNOWN, 0);
    window_set_rules(&window, 2, 3);
    cr_assert_not(window_is_settled(&window));
    play(&window, 'g', 1);
    cr_assert(window_is_settled(&window));
    play(&window, 'b', 2);
    cr_assert_not(window_is_settled(&window));
    play(&window, 'b', 3);
    play(&window, 'b', 4);
    cr_assert(window_is_settled(&window));
    play(&window, 'g', 5);
    cr_assert_not(window_is_settled(&window));
    play(&window, 'g', 6);
    play(&window, 'p', 7);
    cr_assert_not(window_is_settled(&window), "a passive finding is to be checked soon");
}

Test(window, new_rules_begin_a_new_row)
{
    struct window window;

    window_init(&window, VERDICT_UP, 0);
    window_set_rules(&window, 2, 3);
    play(&window, 'b', 1);
    play(&window, 'b', 2);
    window_set_rules(&window, 2, 2);
    cr_assert_not(play(&window, 'b', 3));
    cr_assert(play(&window, 'b', 4));
}

Test(window, off_is_unknown_and_then_the_first_result_decides)
{
    struct window window;

    window_init(&window, VERDICT_DOWN, 0);
    window_set_rules(&window, 2, 3);
    window_put_unknown(&window, 9);
    cr_assert_eq(window.verdict, VERDICT_UNKNOWN);
    cr_assert_eq(window.since_us, 9);
    cr_assert(play(&window, 'g', 10));
    cr_assert_eq(window.verdict, VERDICT_UP);
}

Test(window, keeps_the_last_64)
{
    struct window window;
    struct health_view view;
    struct health_past past[HEALTH_HISTORY];

    window_init(&window, VERDICT_UP, 0);
    window_set_rules(&window, 2, 200);
    window_view(&window, &view);
    cr_assert_eq(view.history_count, 0);
    cr_assert_eq(view.last_us, 0);
    cr_assert_str_eq(view.error_words, "");
    for (unsigned i = 1; i <= 100; i++)
        play(&window, i % 3 == 0 ? 'b' : 'g', i);
    window_view(&window, &view);
    cr_assert_eq(view.history_count, 64);
    cr_assert_eq(view.results, 100);
    cr_assert_eq(view.failures, 33);
    cr_assert_eq(view.last_us, 100);
    cr_assert_eq(view.last_fault, FAULT_NONE);
    cr_assert_eq(view.last_duration_us, 7);
    cr_assert_eq(view.error_us, 99);
    cr_assert_eq(view.error_fault, FAULT_PROBE_STATUS);
    cr_assert_str_eq(view.error_words, "status 503");
    cr_assert_eq(view.run, 1);
    cr_assert_eq(window_history(&window, past), 64);
    for (unsigned i = 0; i < 64; i++) {
        bool is_bad = (100 - i) % 3 == 0;

        cr_assert_eq(past[i].at_us, 100 - i);
        cr_assert_eq(past[i].fault, is_bad ? FAULT_PROBE_STATUS : FAULT_NONE);
        cr_assert_eq(past[i].status, is_bad ? 503 : 200);
        cr_assert_eq(view.history >> i & 1, is_bad ? 0 : 1);
    }
}

Test(window, cuts_long_words_and_long_times)
{
    struct window window;
    struct probe_result result = { .fault = FAULT_TARGET_RESET, .duration_us = UINT64_MAX };
    struct health_view view;

    memset(result.words, 'w', sizeof result.words - 1);
    window_init(&window, VERDICT_UP, 0);
    window_add(&window, 1, &result);
    window_view(&window, &view);
    cr_assert_str_eq(view.error_words, result.words);
    cr_assert_eq(view.last_duration_us, UINT32_MAX);
}

static void answer(struct window *window, uint64_t now_us, enum fault fault,
                   enum probe_database database)
{
    struct probe_result result = { .fault = fault, .database = database };

    (void)window_add(window, now_us, &result);
}

Test(window, keeps_what_was_said_of_the_database)
{
    struct window window;
    struct health_view view;

    window_init(&window, VERDICT_UP, 5);
    window_set_rules(&window, 2, 3);
    answer(&window, 10, FAULT_NONE, PROBE_DATABASE_BAD);
    answer(&window, 20, FAULT_NONE, PROBE_DATABASE_BAD);
    window_view(&window, &view);
    cr_assert_eq(view.database, PROBE_DATABASE_BAD);
    cr_assert_eq(view.database_since_us, 10, "of the first that said so");
    cr_assert_eq(view.verdict, VERDICT_UP, "without its database a target is alive");
    answer(&window, 30, FAULT_PROBE_TIMEOUT, PROBE_DATABASE_UNKNOWN);
    window_view(&window, &view);
    cr_assert_eq(view.database, PROBE_DATABASE_BAD, "a probe without an answer says nothing of it");
    answer(&window, 40, FAULT_NONE, PROBE_DATABASE_GOOD);
    window_view(&window, &view);
    cr_assert_eq(view.database, PROBE_DATABASE_GOOD);
    cr_assert_eq(view.database_since_us, 40);
    answer(&window, 50, FAULT_NONE, PROBE_DATABASE_UNKNOWN);
    window_view(&window, &view);
    cr_assert_eq(view.database, PROBE_DATABASE_UNKNOWN, "an answer that does not say so");
    answer(&window, 60, FAULT_NONE, PROBE_DATABASE_BAD);
    window_put_unknown(&window, 70);
    window_view(&window, &view);
    cr_assert_eq(view.database, PROBE_DATABASE_UNKNOWN, "nobody asks any more");
}
