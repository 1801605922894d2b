/* What critical signals do about trials, over a real desk: each for itself, and again when it could not be done. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pilot/pilot_priv.h"
#include "pilot/signals.h"
#include "unit/pilot/bench_pilot.h"

static const char config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  signal load { critical = \"> 85\" action = \"hold\" consecutive = 1 }\n"
    "  signal mail { critical = \"> 5\" action = \"rollback\" consecutive = 1 }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

static const struct bench_traffic usual = { .n = 95 };
static const struct bench_traffic none = { .n = 0 };
static struct bench_pilot bench;

static void begin(void)
{
    bench_pilot_init(&bench, config);
    bench_pilot_run(&bench, 2, usual, none);
}

static void end(void)
{
    bench_pilot_fini(&bench);
}

TestSuite(signal_act, .init = begin, .fini = end);

static void tell(const char *name, const char *value)
{
    signals_set(pilot_signals(bench.pilot), 0, name, value, clock_monotonic_us());
}

static void switch_to_green(void)
{
    cr_assert_eq(bench_desk_switch(&bench.desk, "shop", "green").outcome, OUTCOME_DONE);
}

static void await_live(const char *slot)
{
    for (int i = 0; i < 1000 && strcmp(bench_pilot_live(&bench), slot) != 0; i++)
        bench_desk_run_ms(&bench.desk, 10);
    cr_assert_str_eq(bench_pilot_live(&bench), slot);
}

Test(signal_act, one_critical_signal_does_not_speak_for_another)
{
    tell("load", "99");
    tell("mail", "9");
    switch_to_green();
    await_live("blue");
}

Test(signal_act, what_the_other_side_stood_against_is_asked_for_again)
{
    struct pilot_alert alert;

    switch_to_green();
    bench_desk_verdict(&bench.desk, "shop", "blue", VERDICT_DOWN);
    bench_pilot_run(&bench, 2, none, usual);
    tell("mail", "9");
    bench_pilot_run(&bench, 2, none, usual);
    cr_assert_str_eq(bench_pilot_live(&bench), "green");
    cr_assert(bench_pilot_find_alert(&bench, "signal:mail", &alert));
    bench_desk_verdict(&bench.desk, "shop", "blue", VERDICT_UP);
    bench_pilot_run(&bench, 80, none, usual);
    await_live("blue");
}

Test(signal_act, what_came_while_another_move_was_open_is_asked_for_again)
{
    switch_to_green();
    bench_pilot_run(&bench, 2, none, usual);
    bench.pilot->lookouts[0].open_moves++;
    tell("mail", "9");
    cr_assert(TAILQ_EMPTY(&bench.pilot->moves));
    bench.pilot->lookouts[0].open_moves--;
    clock_shift(1000 * 1000);
    await_live("blue");
}

Test(signal_act, good_again_it_asks_for_nothing)
{
    switch_to_green();
    bench_pilot_run(&bench, 2, none, usual);
    bench.pilot->lookouts[0].open_moves++;
    tell("mail", "9");
    tell("mail", "1");
    bench.pilot->lookouts[0].open_moves--;
    clock_shift(2 * 1000 * 1000);
    bench_desk_run_ms(&bench.desk, 600); /* two turns of the signals */
    cr_assert_str_eq(bench_pilot_live(&bench), "green");
}
