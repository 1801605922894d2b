/* Attempts after the first, of recent requests: route/budget.h. */
#include <criterion/criterion.h>

#include "route/budget.h"

#define SECOND 1000000ull

static struct budget budget;

static unsigned take_all(uint64_t now_us, unsigned percent)
{
    unsigned count = 0;

    while (count < 1000 && budget_take(&budget, now_us, percent))
        count++;
    return count;
}

static void begin(void)
{
    budget = (struct budget){ .second = 0 };
}

TestSuite(budget, .init = begin);

Test(budget, a_quiet_slot_has_the_floor)
{
    cr_assert_eq(take_all(100 * SECOND, 20), BUDGET_FLOOR);
    cr_assert_eq(take_all(100 * SECOND + 1, 0), 0);
}

Test(budget, a_share_of_the_requests_is_added)
{
    for (int i = 0; i < 200; i++)
        budget_count(&budget, 100 * SECOND + (uint64_t)i * 10000);
    cr_assert_eq(take_all(102 * SECOND, 10), BUDGET_FLOOR + 20);
}

Test(budget, the_whole_is_no_limit)
{
    cr_assert_eq(take_all(100 * SECOND, BUDGET_WHOLE), 1000);
}

Test(budget, what_is_ten_seconds_old_counts_no_more)
{
    for (int i = 0; i < 100; i++)
        budget_count(&budget, 100 * SECOND);
    cr_assert_eq(take_all(109 * SECOND, 50), BUDGET_FLOOR + 50);
    /* the requests have gone, the attempts have not */
    cr_assert_eq(take_all(110 * SECOND, 50), 0);
    cr_assert_eq(take_all(119 * SECOND, 50), BUDGET_FLOOR);
    cr_assert_eq(take_all(500 * SECOND, 0), BUDGET_FLOOR);
}

/* Exchanges do not begin in the order in which their times are looked at. */
Test(budget, an_older_time_counts_as_now)
{
    budget_count(&budget, 100 * SECOND);
    for (int i = 0; i < 99; i++)
        budget_count(&budget, 97 * SECOND);
    cr_assert_eq(take_all(100 * SECOND, 10), BUDGET_FLOOR + 10);
}
