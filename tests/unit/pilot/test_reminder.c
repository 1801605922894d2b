/* Somebody is told, once, that the slot before still holds what it held. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "pilot/pilot_priv.h"
#include "pilot/reminder_priv.h"
#include "unit/pilot/bench_pilot.h"

static const char hasty[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                            "service shop {\n"
                            "  health { enabled = false }\n"
                            "  rollout { sync_after = \"1us\" }\n"
                            "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
                            "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
                            "}\n";

static void switch_to_green(struct bench_pilot *bench)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    cr_assert_eq(bench_desk_do(&bench->desk, &change).outcome, OUTCOME_DONE);
}

Test(reminder, comes_once_for_a_switch_and_again_after_a_restart)
{
    struct bench_pilot bench;
    struct pilot_alert alert;

    bench_pilot_init(&bench, hasty);
    reminder_look(bench.pilot, 0);
    cr_expect_not(bench_pilot_find_alert(&bench, "behind", &alert), "nothing was switched");
    switch_to_green(&bench);
    reminder_look(bench.pilot, 0);
    cr_assert(bench_pilot_find_alert(&bench, "behind", &alert));
    cr_expect_eq(alert.severity, PILOT_WARN);
    cr_expect_str_eq(alert.service, "shop");
    cr_expect(strstr(alert.words, "blue still holds v1, green has been live with v2") != NULL, "%s",
              alert.words);
    cr_expect_eq(bench.pilot->lookouts[0].alerts[PILOT_WARN], 1);
    reminder_look(bench.pilot, 0);
    cr_expect_eq(bench.pilot->lookouts[0].alerts[PILOT_WARN], 1);
    bench_pilot_restart(&bench);
    reminder_look(bench.pilot, 0);
    cr_expect(bench_pilot_find_alert(&bench, "behind", &alert), "the state has the switch");
    bench_pilot_fini(&bench);
}

Test(reminder, waits_two_days_unless_told_otherwise)
{
    struct bench_pilot bench;
    struct pilot_alert alert;

    bench_pilot_init(&bench, bench_pilot_config);
    switch_to_green(&bench);
    reminder_look(bench.pilot, 0);
    cr_expect_not(bench_pilot_find_alert(&bench, "behind", &alert));
    bench_pilot_fini(&bench);
}
