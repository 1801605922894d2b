/* What asks for a rollback beside the rules, and what stands in the way, over a real desk. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_view.h"
#include "deploy/history_entry.h"
#include "pilot/pilot_priv.h"
#include "unit/pilot/bench_pilot.h"

static const struct bench_traffic usual = { .n = 95 };
static const struct bench_traffic none = { .n = 0 };

static void switch_to(struct bench_pilot *bench, const char *slot)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", slot);

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "a test");
    cr_assert_eq(bench_desk_do(&bench->desk, &change).outcome, OUTCOME_DONE);
    bench_pilot_run(bench, 2, none, usual);
}

static bool roll_back(struct bench_pilot *bench, const char *trigger)
{
    struct act_cause cause = { .trigger = trigger, .words = "because", .decision = 3 };
    bool was_asked = act_roll_back(bench->pilot, 0, &cause);

    bench_pilot_run(bench, 1, usual, none);
    return was_asked;
}

static unsigned count_alerts(const struct bench_pilot *bench, const char *trigger)
{
    struct pilot_alert alert;
    unsigned count = 0;

    for (unsigned i = 0; pilot_alert_at(bench->pilot, i, &alert); i++)
        count += strcmp(alert.trigger, trigger) == 0;
    return count;
}

Test(act, moves_what_is_on_trial_and_nothing_else)
{
    struct bench_pilot bench;
    struct pilot_rollbacks rollbacks;

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 2, usual, none);
    cr_expect_not(roll_back(&bench, "selfprobe"), "nothing is on trial");
    switch_to(&bench, "green");
    cr_expect(roll_back(&bench, "selfprobe"));
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    cr_expect_not(roll_back(&bench, "selfprobe"));
    cr_assert(pilot_rollbacks_at(bench.pilot, 0, &rollbacks));
    cr_expect_str_eq(rollbacks.trigger, "selfprobe");
    cr_expect_eq(rollbacks.outcome, OUTCOME_DONE);
    cr_expect_eq(rollbacks.count, 1);
    cr_expect_not(pilot_rollbacks_at(bench.pilot, 1, &rollbacks));
    bench_pilot_fini(&bench);
}

/* What is in the slot before was deployed there since: it is said, and a person decides. */
Test(act, only_speaks_when_the_slot_before_holds_another_release)
{
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");
    struct bench_pilot bench;
    struct pilot_alert alert;
    char *config = strdup(bench_pilot_config);

    bench_pilot_init(&bench, config);
    switch_to(&bench, "green");
    memcpy(strstr(config, "\"v1\""), "\"v3\"", 4);
    bench_desk_write_config(&bench.desk, config);
    cr_assert_eq(bench_desk_do(&bench.desk, &reload).outcome, OUTCOME_DONE);
    cr_expect_not(roll_back(&bench, "selfprobe"));
    cr_expect_str_eq(bench_pilot_live(&bench), "green");
    cr_assert(bench_pilot_find_alert(&bench, "selfprobe", &alert));
    cr_expect_not_null(strstr(alert.words, "is not what it was"), "%s", alert.words);
    bench_pilot_fini(&bench);
    free(config);
}

Test(act, says_each_time_what_has_moved)
{
    struct bench_pilot bench;

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 2, usual, none);
    for (int i = 0; i < 2; i++) {
        switch_to(&bench, "green");
        cr_expect(roll_back(&bench, "selfprobe"));
    }
    cr_expect_eq(count_alerts(&bench, "selfprobe"), 2);
    bench_pilot_fini(&bench);
}

/* A side without a target is no way back, nor is one that had none a moment ago. */
Test(act, waits_until_the_other_side_was_fit_for_a_while)
{
    struct bench_pilot bench;
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 2, usual, none);
    switch_to(&bench, "green");
    bench_desk_verdict(&bench.desk, "shop", "blue", VERDICT_DOWN);
    bench_pilot_run(&bench, 2, none, usual);
    for (int i = 0; i < 5; i++)
        cr_expect_not(roll_back(&bench, "err_abs"));
    cr_expect_eq(count_alerts(&bench, "err_abs"), 1, "it is said once a minute");
    pilot_look(bench.pilot, 0, &trial);
    cr_expect(trial.is_blocked);
    bench_desk_verdict(&bench.desk, "shop", "blue", VERDICT_UP);
    bench_pilot_run(&bench, 20, none, usual);
    cr_expect_not(roll_back(&bench, "err_abs"));
    cr_expect_str_eq(bench_pilot_live(&bench), "green");
    bench_pilot_run(&bench, 50, none, usual);
    cr_expect(roll_back(&bench, "err_abs"));
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    bench_pilot_fini(&bench);
}

/* What was promised to an operator is kept, whatever the window and the switch say. */
Test(act, deadline_of_a_confirmation_asks_nobody)
{
    struct bench_pilot bench;
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct deploy_book_view book;

    bench_pilot_init(&bench, "listener http { bind = \"127.0.0.1:0\" }\n"
                             "service shop {\n"
                             "  health { enabled = false }\n"
                             "  guard { auto = false }\n"
                             "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                             "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                             "}\n");
    bench_pilot_run(&bench, 2, usual, none);
    change.confirm_us = 1000;
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    cr_expect_not(roll_back(&bench, "err_abs"));
    for (int i = 0; i < 500 && strcmp(bench_pilot_live(&bench), "blue") != 0; i++)
        bench_desk_run_ms(&bench.desk, 10);
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    deploy_view_book(bench.desk.deploy, 0, &book);
    cr_expect_eq(book.rollbacks, 0);
    bench_pilot_fini(&bench);
}

/* The alert has all of it, the history as many whole clauses as it has room for. */
Test(act, explanation_ends_where_a_clause_does)
{
    static const char part[] = "; the baseline green has 17 errors of 1290 requests";
    struct bench_pilot bench;
    struct pilot_alert alert;
    struct history_entry entry;
    struct act_cause cause = { .trigger = "err_mod" };
    char words[460] = "rollback by err_mod";

    while (strlen(words) + sizeof part < sizeof words)
        memcpy(words + strlen(words), part, sizeof part);
    cause.words = words;
    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 2, usual, none);
    switch_to(&bench, "green");
    cr_assert(act_roll_back(bench.pilot, 0, &cause));
    bench_pilot_run(&bench, 1, usual, none);
    cr_assert(bench_pilot_find_alert(&bench, "err_mod", &alert));
    cr_expect_not_null(strstr(alert.words, words), "%s", alert.words);
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_gt(strlen(entry.reason), 200);
    cr_expect_str_eq(entry.reason + strlen(entry.reason) - 9, " requests", "%s", entry.reason);
    act_shorten("one two three", words, 10);
    cr_expect_str_eq(words, "one two");
    act_shorten("one two", words, 8);
    cr_expect_str_eq(words, "one two");
    bench_pilot_fini(&bench);
}

/* Steps by time wait for a person; what has none is left alone. */
Test(act, hold_keeps_a_canary_where_it_is)
{
    struct bench_pilot bench;
    struct change change = bench_desk_change(CHANGE_CANARY_START, "shop", "green");
    struct act_cause cause = { .trigger = "lat50warn", .words = "slower" };
    struct deploy_canary_view view;

    bench_pilot_init(&bench, "listener http { bind = \"127.0.0.1:0\" }\n"
                             "service shop {\n"
                             "  health { enabled = false }\n"
                             "  canary { step_time = \"1h\" }\n"
                             "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                             "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                             "}\n");
    act_hold(bench.pilot, 0, &cause);
    cr_expect(TAILQ_EMPTY(&bench.pilot->moves));
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    act_hold(bench.pilot, 0, &cause);
    act_hold(bench.pilot, 0, &cause);
    bench_pilot_run(&bench, 1, usual, none);
    deploy_view_canary(bench.desk.deploy, 0, &view);
    cr_expect(view.is_running && view.is_paused);
    cr_expect_eq(count_alerts(&bench, "lat50warn"), 1);
    act_hold(bench.pilot, 0, &cause);
    cr_expect(TAILQ_EMPTY(&bench.pilot->moves));
    bench_pilot_fini(&bench);
}

static const char group_config[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                                   "service shop { hosts = { \"a.test\" }\n"
                                   "  health { enabled = false }\n"
                                   "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                                   "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                                   "}\n"
                                   "service api { hosts = { \"b.test\" }\n"
                                   "  health { enabled = false }\n"
                                   "  slot blue { targets = { \"127.0.0.1:5003\" } }\n"
                                   "  slot green { targets = { \"127.0.0.1:5004\" } }\n"
                                   "}\n"
                                   "group release { services = { \"shop\", \"api\" } }\n";

Test(act, group_moves_as_a_whole)
{
    struct bench_pilot bench;
    struct change change = bench_desk_change(CHANGE_SWITCH, "release", "green");

    bench_pilot_init(&bench, group_config);
    bench_pilot_run(&bench, 2, usual, none);
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    bench_pilot_run(&bench, 2, none, usual);
    cr_expect(roll_back(&bench, "selfprobe"));
    cr_expect_str_eq(bench_desk_active(&bench.desk, "shop"), "blue");
    cr_expect_str_eq(bench_desk_active(&bench.desk, "api"), "blue");
    bench_pilot_fini(&bench);
}

/* The same slots, but not the same trial: the other member is not taken along. */
Test(act, member_with_a_trial_of_its_own_moves_alone)
{
    struct bench_pilot bench;
    struct change change = bench_desk_change(CHANGE_SWITCH, "release", "green");

    bench_pilot_init(&bench, group_config);
    bench_pilot_run(&bench, 2, usual, none);
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    switch_to(&bench, "blue");
    switch_to(&bench, "green");
    cr_expect(roll_back(&bench, "selfprobe"));
    cr_expect_str_eq(bench_desk_active(&bench.desk, "shop"), "blue");
    cr_expect_str_eq(bench_desk_active(&bench.desk, "api"), "green");
    bench_pilot_fini(&bench);
}

Test(act, reload_in_between_loses_nothing)
{
    struct bench_pilot bench;
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");
    struct pilot_trial trial;

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 20, usual, none);
    switch_to(&bench, "green");
    bench_pilot_run(&bench, 10, none, usual);
    cr_assert_eq(bench_desk_do(&bench.desk, &reload).outcome, OUTCOME_DONE);
    pilot_reconfigure(bench.pilot);
    bench_pilot_run(&bench, 1, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect_eq(trial.engine.candidate_n, 13 * 95, "%llu",
                 (unsigned long long)trial.engine.candidate_n);
    bench_desk_write_config(&bench.desk, "listener http { bind = \"127.0.0.1:0\" }\n"
                                         "service shop {\n"
                                         "  health { enabled = false }\n"
                                         "  evidence { enabled = false }\n"
                                         "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                                         "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                                         "}\n");
    cr_assert_eq(bench_desk_do(&bench.desk, &reload).outcome, OUTCOME_DONE);
    pilot_reconfigure(bench.pilot);
    bench_pilot_run(&bench, 1, none, usual);
    pilot_look(bench.pilot, 0, &trial);
    cr_expect_not(trial.is_judged);
    cr_expect_null(bench.pilot->lookouts[0].seats);
    cr_expect_null(bench.pilot->lookouts[0].marks.list);
    bench_pilot_fini(&bench);
}
