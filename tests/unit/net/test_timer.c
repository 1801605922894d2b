/* One-shot timers: net/timer.h. */
#include <criterion/criterion.h>

#include "drive.h"
#include "net/timer.h"

static struct loop *loop;
static struct timer *timer;
static unsigned calls;

static void count_call(void *arg)
{
    (void)arg;
    calls++;
}

static void free_itself(void *arg)
{
    (void)arg;
    calls++;
    timer_free(timer);
    timer = NULL;
}

static bool was_called(void *arg)
{
    (void)arg;
    return calls > 0;
}

static void set_up(void)
{
    loop = loop_new();
}

static void tear_down(void)
{
    timer_free(timer);
    loop_free(loop);
}

TestSuite(timer, .init = set_up, .fini = tear_down);

Test(timer, is_called_once)
{
    timer = timer_new(loop, count_call, NULL);
    cr_assert_not(timer_is_armed(timer));
    timer_arm(timer, 5);
    cr_assert(timer_is_armed(timer));
    cr_assert(drive_until(loop, was_called, NULL));
    cr_assert_not(timer_is_armed(timer));
    drive_for(loop, 30);
    cr_assert_eq(calls, 1);
}

Test(timer, the_last_arming_counts)
{
    timer = timer_new(loop, count_call, NULL);
    timer_arm(timer, 5);
    timer_arm(timer, 3600000);
    drive_for(loop, 50);
    cr_assert_eq(calls, 0);
    timer_arm(timer, 1);
    cr_assert(drive_until(loop, was_called, NULL));
}

Test(timer, disarmed_is_silent)
{
    timer = timer_new(loop, count_call, NULL);
    timer_arm(timer, 5);
    timer_disarm(timer);
    cr_assert_not(timer_is_armed(timer));
    drive_for(loop, 50);
    cr_assert_eq(calls, 0);
}

Test(timer, may_free_itself)
{
    timer = timer_new(loop, free_itself, NULL);
    timer_arm(timer, 0);
    cr_assert(drive_until(loop, was_called, NULL));
    cr_assert_null(timer);
    timer_free(NULL);
}
