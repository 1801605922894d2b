/* States that are told when they change, but not all the time: src/control/news_damper.c. */
#include <criterion/criterion.h>

#include "control/news_damper_priv.h"

#define S(seconds) ((uint64_t)(seconds)*1000000)

static struct news_damped out;

static bool see(struct news_damper *damper, enum news_damper_state state, uint64_t now_us)
{
    return news_damper_see(damper, state, now_us, &out);
}

Test(news_damper, what_is_well_at_the_start_is_no_news)
{
    struct news_damper damper = { 0 };

    cr_expect_not(see(&damper, NEWS_STATE_UNKNOWN, S(100)));
    cr_expect_not(see(&damper, NEWS_STATE_GOOD, S(101)));
    cr_expect_not(see(&damper, NEWS_STATE_GOOD, S(1000)));
    cr_expect(see(&damper, NEWS_STATE_BAD, S(1001)));
    cr_expect(out.has_was);
    cr_expect_eq(out.was, NEWS_STATE_GOOD);
    cr_expect_eq(out.is, NEWS_STATE_BAD);
    cr_expect_eq(out.changes, 1);
}

Test(news_damper, what_is_bad_at_the_start_is)
{
    struct news_damper damper = { 0 };

    cr_expect_not(see(&damper, NEWS_STATE_UNKNOWN, S(100)));
    cr_expect(see(&damper, NEWS_STATE_BAD, S(101)));
    cr_expect_not(out.has_was);
}

Test(news_damper, what_stays_unknown_is_told_after_a_while)
{
    struct news_damper damper = { 0 };

    cr_expect_not(see(&damper, NEWS_STATE_UNKNOWN, S(100)));
    cr_expect_not(see(&damper, NEWS_STATE_UNKNOWN, S(114)));
    cr_expect(see(&damper, NEWS_STATE_UNKNOWN, S(115)));
    cr_expect_eq(out.is, NEWS_STATE_UNKNOWN);
}

/* What came and went in the quiet is told at its end, as a number. */
Test(news_damper, a_short_failure_is_not_lost)
{
    struct news_damper damper = { 0 };

    (void)see(&damper, NEWS_STATE_GOOD, S(100));
    cr_assert(see(&damper, NEWS_STATE_BAD, S(200)));
    cr_expect_not(see(&damper, NEWS_STATE_GOOD, S(202)));
    cr_expect_not(see(&damper, NEWS_STATE_BAD, S(204)));
    cr_assert(see(&damper, NEWS_STATE_BAD, S(210)));
    cr_expect_eq(out.was, NEWS_STATE_BAD);
    cr_expect_eq(out.is, NEWS_STATE_BAD);
    cr_expect_eq(out.changes, 2);
    cr_expect_not(see(&damper, NEWS_STATE_BAD, S(300)), "nothing has changed since");
}

/* Every second up or down, for a day. */
Test(news_damper, flapping_does_not_flood)
{
    struct news_damper damper = { 0 };
    unsigned told = 0;
    unsigned changes = 0;

    (void)see(&damper, NEWS_STATE_GOOD, S(1));
    for (unsigned i = 0; i < 86400; i++) {
        if (!see(&damper, i % 2 == 0 ? NEWS_STATE_BAD : NEWS_STATE_GOOD, S(2 + i)))
            continue;
        told++;
        changes += out.changes;
    }
    cr_expect_geq(told, 86400 / 600);
    cr_expect_leq(told, 86400 / 600 + 8);
    cr_expect_geq(changes, 86400 - 600, "changes are counted, not forgotten: %u", changes);
}

Test(news_damper, after_a_calm_time_it_is_told_at_once_again)
{
    struct news_damper damper = { 0 };
    uint64_t now = S(10);

    (void)see(&damper, NEWS_STATE_GOOD, now);
    for (unsigned i = 0; i < 2000; i++)
        (void)see(&damper, i % 2 == 0 ? NEWS_STATE_BAD : NEWS_STATE_GOOD, now += S(1));
    for (unsigned i = 0; i < 1300; i++) /* it has settled */
        (void)see(&damper, NEWS_STATE_GOOD, now += S(1));
    cr_assert(see(&damper, NEWS_STATE_BAD, now += S(1)));
    cr_expect_not(see(&damper, NEWS_STATE_GOOD, now += S(1)));
    cr_expect(see(&damper, NEWS_STATE_GOOD, now + S(9)), "the quiet is a short one again");
}
