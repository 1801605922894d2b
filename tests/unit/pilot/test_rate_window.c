/* What is within the window, as the clock goes on. src/pilot/rate_window.c */
#include <criterion/criterion.h>

#include "pilot/rate_window_priv.h"

#define MINUTE 60000000ull
#define SECOND 1000000ull

Test(rate_window, looks_back_on_the_last_minute)
{
    struct rate_window window;
    uint64_t now_us = 1000 * MINUTE;

    rate_window_init(&window, MINUTE);
    cr_expect_eq(rate_window_add(&window, 0, now_us), 0);
    cr_expect_eq(rate_window_add(&window, 3, now_us), 3);
    cr_expect_eq(rate_window_add(&window, 4, now_us + 30 * SECOND), 7);
    cr_expect_eq(rate_window_add(&window, 0, now_us + 57 * SECOND), 7);
    cr_expect_eq(rate_window_add(&window, 0, now_us + 60 * SECOND), 4);
    cr_expect_eq(rate_window_add(&window, 0, now_us + 87 * SECOND), 4);
    cr_expect_eq(rate_window_add(&window, 1, now_us + 90 * SECOND), 1);
    cr_expect_eq(rate_window_add(&window, 0, now_us + 10 * MINUTE), 0);
}

Test(rate_window, a_steady_rate_is_steady)
{
    struct rate_window window;

    rate_window_init(&window, MINUTE);
    for (uint64_t second = 100; second < 400; second++) {
        uint64_t sum = rate_window_add(&window, 2, second * SECOND);

        if (second >= 160)
            cr_expect(sum >= 116 && sum <= 120, "%llu", (unsigned long long)sum);
    }
}

Test(rate_window, a_clock_that_steps_back_loses_nothing)
{
    struct rate_window window;

    rate_window_init(&window, MINUTE);
    (void)rate_window_add(&window, 5, 100 * MINUTE);
    cr_expect_eq(rate_window_add(&window, 1, 99 * MINUTE), 6);
    cr_expect_eq(rate_window_add(&window, 0, 100 * MINUTE), 6);
}

Test(rate_window, nothing_is_counted_in_no_time)
{
    struct rate_window window;

    rate_window_init(&window, 0);
    cr_expect_eq(rate_window_add(&window, 5, 100 * MINUTE), 0);
}
