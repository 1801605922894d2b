/* Turns, cached time, what dies at the end of a turn, signals: net/loop.h. */
#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "drive.h"
#include "net/timer.h"

static struct loop *loop;

static void set_up(void)
{
    loop = loop_new();
}

static void tear_down(void)
{
    loop_free(loop);
}

TestSuite(loop, .init = set_up, .fini = tear_down);

struct turn {
    uint64_t first_us;
    uint64_t second_us;
    unsigned reaped;
    bool was_alive; /* in the callback after the reap was asked for */
    struct timer *timer;
};

static void reap_once(void *arg)
{
    struct turn *turn = arg;

    turn->reaped++;
}

static void reap_again(void *arg)
{
    struct turn *turn = arg;

    turn->reaped++;
    loop_reap(loop, reap_once, turn);
}

static void look(void *arg)
{
    struct turn *turn = arg;

    turn->first_us = loop_now_us(loop);
    loop_reap(loop, reap_again, turn);
    turn->was_alive = turn->reaped == 0;
    turn->second_us = loop_now_us(loop);
}

static bool is_reaped(void *arg)
{
    return ((struct turn *)arg)->reaped == 2;
}

Test(loop, reaps_at_the_end_of_the_turn)
{
    struct turn turn = { .reaped = 0 };

    turn.timer = timer_new(loop, look, &turn);
    timer_arm(turn.timer, 0);
    cr_assert(drive_until(loop, is_reaped, &turn), "a reaper may reap");
    cr_assert(turn.was_alive);
    timer_free(turn.timer);
}

Test(loop, time_stands_within_a_turn_and_moves_between)
{
    struct turn turn = { .reaped = 0 };
    uint64_t before_us = clock_monotonic_us();

    turn.timer = timer_new(loop, look, &turn);
    timer_arm(turn.timer, 2);
    cr_assert(drive_until(loop, is_reaped, &turn));
    cr_assert_eq(turn.first_us, turn.second_us);
    cr_assert(turn.first_us >= before_us);
    before_us = turn.first_us;
    turn.reaped = 0;
    timer_arm(turn.timer, 2);
    cr_assert(drive_until(loop, is_reaped, &turn));
    cr_assert(turn.first_us > before_us);
    cr_assert_eq(loop_now_ms(loop), loop_now_us(loop) / 1000);
    timer_free(turn.timer);
}

Test(loop, free_reaps_what_is_left)
{
    struct loop *own = loop_new();
    struct turn turn = { .reaped = 0 };

    loop_reap(own, reap_once, &turn);
    cr_assert_eq(turn.reaped, 0);
    loop_free(own);
    cr_assert_eq(turn.reaped, 1);
    loop_free(NULL);
}

static int seen_signal;

static void on_signal(void *arg, int number)
{
    seen_signal = number;
    loop_stop(arg);
}

Test(loop, signals_are_callbacks)
{
    loop_on_signal(loop, SIGUSR1, on_signal, loop);
    loop_on_signal(loop, SIGUSR2, on_signal, loop);
    cr_assert_eq(kill(getpid(), SIGUSR2), 0);
    loop_run(loop);
    cr_assert_eq(seen_signal, SIGUSR2);
}
