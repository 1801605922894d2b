/* What the pilot does about traffic, with a real desk: when it moves, when it only speaks, and how often. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_view.h"
#include "unit/pilot/bench_pilot.h"

static const struct bench_traffic usual = { .n = 95 };
static const struct bench_traffic few = { .n = 5 };
static const struct bench_traffic none = { .n = 0 };

/* Half a minute of peace, so that the baseline is known. */
static void know_the_baseline(struct bench_pilot *bench)
{
    bench_pilot_run(bench, 300, usual, none);
}

static void begin_canary(struct bench_pilot *bench)
{
    struct change change = bench_desk_change(CHANGE_CANARY_START, "shop", "green");

    change.share = 500;
    cr_assert_eq(bench_desk_do(&bench->desk, &change).outcome, OUTCOME_DONE);
}

static void switch_to(struct bench_pilot *bench, const char *slot)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", slot);

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "a test");
    cr_assert_eq(bench_desk_do(&bench->desk, &change).outcome, OUTCOME_DONE);
}

Test(lookout, failing_candidate_of_a_canary_is_taken_back)
{
    struct bench_pilot bench;
    struct history_entry entry;
    struct pilot_alert alert;
    unsigned ticks = 0;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    begin_canary(&bench);
    ticks =
        bench_pilot_run_until_moved(&bench, 100, usual, (struct bench_traffic){ .n = 5, .e = 5 });
    cr_expect_leq(ticks, 30, "%u", ticks);
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_ROLLBACK);
    cr_expect_str_eq(entry.actor, "switchyard");
    cr_expect_str_eq(entry.trigger, "err_gross");
    cr_expect_str_neq(entry.reason, "");
    cr_expect(bench_pilot_find_alert(&bench, "err_gross", &alert));
    cr_expect_eq(alert.severity, PILOT_CRITICAL);
    bench_pilot_fini(&bench);
}

Test(lookout, healthy_candidate_stays)
{
    struct bench_pilot bench;
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    begin_canary(&bench);
    cr_expect_eq(bench_pilot_run_until_moved(&bench, 1200, usual, few), 1201);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_judged && trial.is_watched && trial.is_automatic);
    cr_expect_eq(trial.engine.candidate_n, 6000);
    cr_expect_eq(trial.left_us, 0);
    bench_pilot_fini(&bench);
}

/* Everything fails right after the switch: back within three seconds, once. */
Test(lookout, failing_slot_after_a_switch_is_taken_back_once)
{
    struct bench_pilot bench;
    struct deploy_service_view view;
    struct pilot_trial trial;
    unsigned ticks = 0;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    switch_to(&bench, "green");
    ticks =
        bench_pilot_run_until_moved(&bench, 100, none, (struct bench_traffic){ .n = 20, .e = 20 });
    cr_expect_leq(ticks, 30, "%u", ticks);
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    bench_pilot_run(&bench, 600, (struct bench_traffic){ .n = 20, .e = 20 }, none);
    cr_expect_str_eq(bench_pilot_live(&bench), "blue", "nothing moves any more");
    pilot_look(bench.pilot, 0, &trial);
    cr_assert_not_null(trial.quarantined);
    cr_expect_str_eq(trial.quarantined, "v2");
    deploy_view_service(bench.desk.deploy, 0, &view);
    cr_expect_eq(view.switch_count, 2);
    bench_pilot_fini(&bench);
}

/* Nothing is known of the old slot's errors: what compares with the past may not decide. */
Test(lookout, ordinary_errors_after_a_restart_are_no_regression)
{
    struct bench_pilot bench;

    bench_pilot_init(&bench, bench_pilot_config);
    switch_to(&bench, "green");
    bench_pilot_restart(&bench);
    cr_expect_eq(
        bench_pilot_run_until_moved(&bench, 600, none, (struct bench_traffic){ .n = 100, .e = 3 }),
        601);
    cr_expect_str_eq(bench_pilot_live(&bench), "green");
    bench_pilot_fini(&bench);
}

Test(lookout, shared_failure_moves_nothing)
{
    struct bench_pilot bench;
    struct bench_traffic blue = { .n = 95, .e = 48 };
    struct bench_traffic green = { .n = 5, .e = 3 };

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    begin_canary(&bench);
    bench_pilot_run(&bench, 100, usual, few);
    cr_expect_eq(bench_pilot_run_until_moved(&bench, 300, blue, green), 301);
    bench_pilot_fini(&bench);
}

static const char alert_only[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                                 "service shop {\n"
                                 "  health { enabled = false }\n"
                                 "  guard { auto = false }\n"
                                 "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                                 "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                                 "}\n";

Test(lookout, only_speaks_where_it_is_switched_off)
{
    struct bench_pilot bench;
    struct pilot_trial trial;
    struct pilot_alert alert;

    bench_pilot_init(&bench, alert_only);
    know_the_baseline(&bench);
    begin_canary(&bench);
    cr_expect_eq(
        bench_pilot_run_until_moved(&bench, 100, usual, (struct bench_traffic){ .n = 5, .e = 5 }),
        101);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect_not(trial.is_automatic);
    cr_expect(bench_pilot_find_alert(&bench, "err_gross", &alert));
    cr_expect_gt(pilot_alert_count(bench.pilot, 0, PILOT_CRITICAL), 0);
    bench_pilot_fini(&bench);
}

/* The window is counted from the switch, also over a restart. */
Test(lookout, only_speaks_behind_the_window)
{
    struct bench_pilot bench;
    struct pilot_trial trial;
    struct pilot_alert alert;

    bench_pilot_init(&bench, "listener http { bind = \"127.0.0.1:0\" }\n"
                             "service shop {\n"
                             "  health { enabled = false }\n"
                             "  guard { window = \"20s\" }\n"
                             "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                             "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                             "}\n");
    know_the_baseline(&bench);
    switch_to(&bench, "green");
    bench_pilot_run(&bench, 100, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_automatic);
    cr_expect(trial.left_us > 0 && trial.left_us < 11000000);
    bench_pilot_restart(&bench);
    bench_pilot_run(&bench, 20, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_automatic);
    cr_expect(trial.left_us > 0 && trial.left_us < 9000000);
    bench_pilot_run(&bench, 100, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_watched);
    cr_expect_not(trial.is_automatic);
    cr_expect_eq(trial.left_us, 0);
    cr_expect_eq(
        bench_pilot_run_until_moved(&bench, 100, none, (struct bench_traffic){ .n = 20, .e = 20 }),
        101);
    cr_expect(bench_pilot_find_alert(&bench, "err_abs", &alert) ||
              bench_pilot_find_alert(&bench, "guard_error", &alert));
    cr_expect_str_eq(bench_pilot_live(&bench), "green");
    bench_pilot_fini(&bench);
}

/* Behind window and watch the new slot is what the next candidate is compared with. */
Test(lookout, live_slot_becomes_the_baseline)
{
    struct bench_pilot bench;
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    switch_to(&bench, "green");
    bench_pilot_run(&bench, 10, none, usual);
    clock_shift(2ull * 3600 * 1000 * 1000);
    bench_pilot_run(&bench, 10, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_judged);
    cr_expect_not(trial.is_watched);
    bench_pilot_fini(&bench);
}

Test(lookout, promoted_canary_is_the_same_trial)
{
    struct bench_pilot bench;
    struct change change = bench_desk_change(CHANGE_CANARY_PROMOTE, "shop", "");
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    begin_canary(&bench);
    bench_pilot_run(&bench, 100, usual, few);
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    bench_pilot_run(&bench, 10, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect_eq(trial.engine.candidate_n, 100 * 5 + 10 * 95, "%llu",
                 (unsigned long long)trial.engine.candidate_n);
    cr_expect_gt(trial.left_us, 0);
    bench_pilot_fini(&bench);
}

Test(lookout, service_without_evidence_is_not_judged)
{
    struct bench_pilot bench;
    struct pilot_trial trial;
    const char *reason = NULL;

    bench_pilot_init(&bench, "listener http { bind = \"127.0.0.1:0\" }\n"
                             "service shop {\n"
                             "  health { enabled = false }\n"
                             "  evidence { enabled = false }\n"
                             "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                             "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                             "}\n");
    begin_canary(&bench);
    bench_pilot_run(&bench, 50, usual, (struct bench_traffic){ .n = 5, .e = 5 });
    pilot_look(bench.pilot, 0, &trial);
    cr_expect_not(trial.is_judged);
    cr_expect_eq(pilot_advise(bench.pilot, 0, 25, &reason), ENGINE_STAY);
    cr_expect_not_null(strstr(reason, "not judged"));
    bench_pilot_fini(&bench);
}

static const char no_evidence[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  evidence { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

static void reload(struct bench_pilot *bench, const char *config)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");

    bench_desk_write_config(&bench->desk, config);
    cr_assert_eq(bench_desk_do(&bench->desk, &change).outcome, OUTCOME_DONE);
    pilot_reconfigure(bench->pilot);
}

/* What happened while nobody judged is not all put into the first tick behind it. */
Test(lookout, switched_off_and_on_again_it_begins_anew)
{
    struct bench_pilot bench;
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    reload(&bench, no_evidence);
    bench_pilot_run(&bench, 100, (struct bench_traffic){ .n = 100, .e = 100 }, none);
    reload(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 10, usual, none);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_judged);
    cr_expect_lt(trial.engine.baseline_rate, 0.01, "%g", trial.engine.baseline_rate);
    bench_pilot_fini(&bench);
}

Test(lookout, a_late_tick_is_a_longer_tick)
{
    struct bench_pilot bench;
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    know_the_baseline(&bench);
    begin_canary(&bench);
    bench_pilot_run(&bench, 1, usual, few);
    clock_shift(5000000);
    bench_pilot_run(&bench, 1, usual, few);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect_geq(trial.engine.now_ms, 5100);
    bench_pilot_fini(&bench);
}
