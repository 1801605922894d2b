/* The least rate of a client, on a clock of the test's own. */
#include "proxy/pace.h"

#include <criterion/criterion.h>

enum { SECOND = 1000000, RATE = 100 };

/* Seconds of waiting one by one, `bytes` in each; how many windows were judged, and whether all were good. */
static unsigned wait_seconds(struct pace *pace, uint64_t *now, unsigned seconds, unsigned bytes,
                             bool *is_good)
{
    uint64_t moved = pace->bytes;
    unsigned windows = 0;

    *is_good = true;
    for (unsigned i = 0; i < seconds; i++) {
        *now += SECOND;
        moved += bytes;
        if (!pace_note(pace, *now, true))
            continue;
        windows++;
        *is_good = pace_judge(pace, moved, RATE) && *is_good;
    }
    return windows;
}

Test(pace, just_enough_and_just_too_little)
{
    struct pace pace;
    uint64_t now = 77;
    bool is_good = false;

    pace_init(&pace);
    cr_assert_not(pace_note(&pace, now, true)); /* what was before does not count */
    cr_assert_eq(pace_left_us(&pace), PACE_WINDOW_US);
    cr_assert_eq(wait_seconds(&pace, &now, 30, RATE, &is_good), 3);
    cr_assert(is_good);
    cr_assert_eq(wait_seconds(&pace, &now, 10, RATE - 1, &is_good), 1);
    cr_assert_not(is_good);
}

/* Two bytes in ten seconds are an average: when they come in the window does not matter. */
Test(pace, a_burst_counts_for_its_window_only)
{
    struct pace pace;
    uint64_t now = 0;

    pace_init(&pace);
    pace_note(&pace, now, true);
    cr_assert_not(pace_note(&pace, now += SECOND, true));
    cr_assert(pace_note(&pace, now += 9 * SECOND, true));
    cr_assert(pace_judge(&pace, 100 * RATE, RATE));
    cr_assert(pace_note(&pace, now += 10 * SECOND, true));
    cr_assert_not(pace_judge(&pace, 100 * RATE + 10, RATE));
}

Test(pace, time_of_the_other_side_does_not_count)
{
    struct pace pace;
    uint64_t now = 5;

    pace_init(&pace);
    pace_note(&pace, now, true);
    pace_note(&pace, now += 4 * SECOND, false);
    cr_assert_eq(pace_left_us(&pace), 6 * SECOND);
    cr_assert_not(pace_note(&pace, now += 600ull * SECOND, true));
    cr_assert_eq(pace_left_us(&pace), 6 * SECOND);
    cr_assert_not(pace_note(&pace, now += 5 * SECOND, true));
    cr_assert(pace_note(&pace, now += 1 * SECOND, false));
    cr_assert_not(pace_judge(&pace, 0, 1));
    cr_assert_eq(pace_left_us(&pace), PACE_WINDOW_US);
}

/* The process stood still: nobody was asked in that time. */
Test(pace, a_stop_does_not_count)
{
    struct pace pace;
    uint64_t now = 1;

    pace_init(&pace);
    pace_note(&pace, now, true);
    cr_assert_not(pace_note(&pace, now += 60ull * SECOND, true));
    cr_assert_eq(pace_left_us(&pace), PACE_WINDOW_US);
    cr_assert(pace_note(&pace, now += 10 * SECOND + SECOND, true)); /* a late tick does */
    cr_assert_not(pace_judge(&pace, 0, RATE));
    cr_assert_not(pace_note(&pace, now - SECOND, true)); /* a clock that steps back */
}
