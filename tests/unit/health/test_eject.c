/* Ejection from made-up counters and times: when, for how long, how many. */
#include <criterion/criterion.h>

#include "health/eject_priv.h"

enum { SECOND = 1000000 };

static const struct eject_spec in_a_row = { .errors = 5, .most = 50, .time_us = 30 * SECOND };
static const struct eject_spec by_rate = { .rate = 95, .most = 50, .time_us = 30 * SECOND };

Test(eject, is_off_by_default)
{
    cr_assert_not(eject_is_on(&(struct eject_spec){ .most = 50, .time_us = SECOND }));
    cr_assert(eject_is_on(&in_a_row));
    cr_assert(eject_is_on(&by_rate));
}

Test(eject, errors_in_a_row)
{
    struct eject eject = { 0 };
    char words[PROBE_WORDS_SIZE];

    cr_assert_not(eject_is_due(&eject, &in_a_row, 4, words));
    cr_assert(eject_is_due(&eject, &in_a_row, 5, words));
    cr_assert_str_eq(words, "5 requests in a row failed");
    cr_assert_not(eject_is_due(&eject, &by_rate, 1000, words));
}

struct rate_case {
    const char *name;
    uint64_t requests; /* each second */
    uint32_t errors;
    unsigned seconds;
    bool is_due;
};

static const struct rate_case rates[] = {
    { "all is well", 50, 0, 10, false },
    { "just enough successes", 100, 5, 10, false },
    { "one too few", 100, 6, 10, true },
    { "too few requests", 9, 9, 11, false },
    { "enough of them in ten seconds", 10, 10, 10, true },
    { "nothing at all", 0, 0, 10, false },
    { "more errors than requests were seen", 20, 25, 10, true },
};

Test(eject, too_few_successes)
{
    for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
        const struct rate_case *c = &rates[i];
        struct eject eject = { 0 };
        char words[PROBE_WORDS_SIZE];

        for (unsigned s = 0; s <= c->seconds; s++)
            eject_mark(&eject, (uint64_t)(s + 1) * SECOND, s * c->requests,
                       UINT32_MAX - 20 + s * c->errors);
        cr_assert_eq(eject_is_due(&eject, &by_rate, 0, words), c->is_due, "%s", c->name);
    }
}

Test(eject, only_the_last_ten_seconds_count)
{
    struct eject eject = { 0 };
    char words[PROBE_WORDS_SIZE];

    eject_mark(&eject, SECOND, 0, 0);
    eject_mark(&eject, 2 * SECOND, 1000, 500);
    cr_assert(eject_is_due(&eject, &by_rate, 0, words));
    cr_assert_str_eq(words, "500 of its last 1000 requests succeeded, wanted are 95%");
    eject_mark(&eject, 2 * SECOND + 1, 9000, 9000);
    cr_assert(eject_is_due(&eject, &by_rate, 0, words));
    cr_assert_str_eq(words, "500 of its last 1000 requests succeeded, wanted are 95%",
                     "within the second nothing is noted");
    for (unsigned s = 3; s <= 12; s++)
        eject_mark(&eject, s * (uint64_t)SECOND, 1000 + s * 20, 500);
    cr_assert_not(eject_is_due(&eject, &by_rate, 0, words));
}

Test(eject, is_longer_each_time_and_at_most_ten_times)
{
    static const unsigned times[] = { 1, 2, 4, 8, 10, 10 };
    struct eject eject = { 0 };
    uint64_t now_us = 7;

    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        eject_begin(&eject, &in_a_row, now_us);
        cr_assert(eject.is_out);
        cr_assert_eq(eject.until_us, now_us + times[i] * in_a_row.time_us, "time %u", i);
        cr_assert_not(eject_end(&eject, eject.until_us - 1));
        cr_assert(eject_end(&eject, eject.until_us));
        cr_assert_not(eject_end(&eject, eject.until_us), "once");
        now_us = eject.until_us + eject.length_us - 1; /* soon enough to be the same trouble */
    }
    cr_assert_eq(eject.count, 6);
    eject_begin(&eject, &in_a_row, eject.until_us + eject.length_us);
    cr_assert_eq(eject.length_us, in_a_row.time_us, "after a while of peace it begins anew");
}

Test(eject, forgets_but_its_count)
{
    struct eject eject = { 0 };

    eject_begin(&eject, &in_a_row, 5);
    eject_reset(&eject);
    cr_assert_not(eject.is_out);
    cr_assert_eq(eject.count, 1);
    eject_begin(&eject, &in_a_row, 6);
    cr_assert_eq(eject.length_us, in_a_row.time_us);
}

Test(eject, leaves_most_of_the_slot)
{
    cr_assert_eq(eject_room(&in_a_row, 10), 5);
    cr_assert_eq(eject_room(&in_a_row, 3), 1);
    cr_assert_eq(eject_room(&in_a_row, 1), 1, "whether another is fit is asked besides");
    cr_assert_eq(eject_room(&(struct eject_spec){ .most = 10 }, 5), 1, "one at least");
    cr_assert_eq(eject_room(&(struct eject_spec){ .most = 100 }, 7), 7);
}
