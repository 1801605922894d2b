/* What is kept of a decision, and that it comes out the same again; what critical signals do. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_view.h"
#include "evidence/record.h"
#include "net/loop.h"
#include "net/timer.h"
#include "pilot/casebook.h"
#include "pilot/signals.h"
#include "unit/pilot/bench_pilot.h"

static const struct bench_traffic usual = { .n = 95 };
static const struct bench_traffic few = { .n = 5 };
static const struct bench_traffic none = { .n = 0 };
static struct bench_pilot bench;

static const char signals_config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
    "  signal complaints { critical = \"= high\" action = \"rollback\" }\n"
    "  signal cpu { warn = \"> 70\" critical = \"> 85\" action = \"hold\" stale = \"1m\" }\n"
    "}\n";

static void begin_canary(void)
{
    struct change change = bench_desk_change(CHANGE_CANARY_START, "shop", "green");

    change.share = 500;
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
}

static const struct decision *find_case(enum decision_action action)
{
    const struct decision *decision = NULL;

    for (unsigned i = 0; (decision = casebook_at(pilot_casebook(bench.pilot), i)) != NULL; i++)
        if (decision->action == action)
            return decision;
    return NULL;
}

static struct record_replay found;
static struct record_override overrides[1];
static size_t override_count;
static int replay_err;
static char replay_words[RECORD_WORDS];
static bool is_replayed;

static void run_replay(void *arg, struct slice record, const _Atomic bool *is_cut)
{
    (void)arg;
    (void)is_cut;
    replay_err = record_replay(record, overrides, override_count, &found, replay_words);
}

static void on_replayed(void *arg, const char *failure)
{
    (void)arg;
    cr_assert_null(failure, "%s", failure);
    is_replayed = true;
}

static void replay(uint64_t id)
{
    is_replayed = false;
    casebook_study(pilot_casebook(bench.pilot), id,
                   &(struct casebook_study){ .run = run_replay, .done = on_replayed });
    for (int i = 0; i < 1000 && !is_replayed; i++)
        bench_desk_run_ms(&bench.desk, 5);
    cr_assert(is_replayed);
    cr_assert_eq(replay_err, 0, "%s", replay_words);
}

static bool has_rollback(const struct record_events *events)
{
    for (size_t i = 0; i < events->count && i < RECORD_EVENTS; i++)
        if (events->events[i].action == ENGINE_ROLLBACK)
            return true;
    return false;
}

Test(remember, a_rollback_with_all_that_it_rested_on)
{
    struct history_entry entry;
    struct pilot_alert alert;
    const struct decision *decision = NULL;
    uint64_t id = 0;

    bench_pilot_init(&bench, bench_pilot_config);
    bench_pilot_run(&bench, 300, usual, none);
    begin_canary();
    bench_pilot_run_until_moved(&bench, 100, usual, (struct bench_traffic){ .n = 5, .e = 5 });
    bench_pilot_run(&bench, 1, usual, none);
    decision = find_case(DECISION_ROLLBACK);
    cr_assert_not_null(decision);
    cr_expect_str_eq(decision->service, "shop");
    cr_expect_str_eq(decision->candidate, "green");
    cr_expect_str_eq(decision->baseline, "blue");
    cr_expect_str_eq(decision->trigger, "err_gross");
    cr_expect(decision->has_event);
    cr_expect_geq(decision->event.evidence, decision->event.threshold);
    cr_expect_gt(decision->row_count, 3);
    cr_expect_gt(decision->record_bytes, 100);
    cr_expect_neq(decision->config_hash, 0);
    id = decision->id;
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.decision, id, "the history names it");
    cr_assert(bench_pilot_find_alert(&bench, "err_gross", &alert));
    cr_expect_eq(alert.decision, id, "and so does the alert");
    bench_pilot_restart(&bench);
    replay(id); /* from the file, in another life */
    cr_expect(found.is_same);
    cr_expect(has_rollback(&found.replayed));
    overrides[0] = (struct record_override){ .name = "gross_margin", .value = "0.99" };
    override_count = 1;
    replay(id);
    cr_expect(has_rollback(&found.recorded));
    cr_expect(!found.is_same);
    bench_pilot_fini(&bench);
}

static const char rollout_config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  canary { steps = { \"5%\", \"50%\" } step_time = \"1s\" }\n"
    "  evidence { min_dwell = \"1s\" }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

/* A step by the evidence can be worked out again, too: the record ends where the advice was asked for. */
Test(remember, a_step_of_a_rollout_is_kept_and_comes_out_the_same_again)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", "green");
    const struct decision *decision = NULL;
    struct deploy_rollout_view view;
    uint64_t id = 0;

    bench_pilot_init(&bench, rollout_config);
    bench_pilot_run(&bench, 100, usual, none);
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    for (int i = 0; i < 2000 && find_case(DECISION_CUTOVER) == NULL; i++) {
        bench_pilot_run(&bench, 1, usual, usual);
        bench_desk_run_ms(&bench.desk, 1);
        deploy_view_rollout(bench.desk.deploy, 0, &view);
    }
    decision = find_case(DECISION_CUTOVER);
    cr_assert_not_null(decision, "%s: %s", rollout_phase_name(view.phase), view.waits_for);
    cr_assert_not_null(find_case(DECISION_ADVANCE));
    cr_expect_str_eq(decision->trigger, "proven");
    cr_expect_str_eq(decision->candidate, "green");
    cr_expect_gt(decision->row_count, 3);
    cr_assert_gt(decision->record_bytes, 100);
    id = decision->id;
    bench_pilot_restart(&bench);
    override_count = 0;
    replay(id);
    cr_expect(found.is_same);
    cr_expect_eq(found.advice, ENGINE_ADVANCE, "%s", found.advice_words);
    overrides[0] = (struct record_override){ .name = "advance_alpha", .value = "0.000000001" };
    override_count = 1;
    replay(id);
    cr_expect_neq(found.advice, ENGINE_ADVANCE, "%s", found.advice_words);
    bench_pilot_fini(&bench);
}

/* The slot that is live may still be on trial when the rollout to the other one begins. */
Test(remember, a_first_step_names_the_sides_of_its_rollout)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", "blue");
    const struct decision *decision = NULL;

    bench_pilot_init(&bench, rollout_config);
    cr_assert_eq(bench_desk_switch(&bench.desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_pilot_run(&bench, 20, none, usual);
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    for (int i = 0; i < 2000 && decision == NULL; i++) {
        bench_pilot_run(&bench, 1, none, usual);
        bench_desk_run_ms(&bench.desk, 1);
        decision = find_case(DECISION_ADVANCE);
    }
    cr_assert_not_null(decision);
    cr_expect_str_eq(decision->trigger, "ready");
    cr_expect_str_eq(decision->candidate, "blue");
    cr_expect_str_eq(decision->baseline, "green");
    cr_expect_eq(decision->record_bytes, 0, "what is known is about the other slot");
    bench_pilot_fini(&bench);
}

static void tell(const char *name, const char *value)
{
    char words[SIGNALS_WORDS];

    cr_assert_eq(signals_check(pilot_signals(bench.pilot), 0, name, value, words), 0, "%s", words);
    signals_set(pilot_signals(bench.pilot), 0, name, value, clock_monotonic_us());
    bench_pilot_run(&bench, 1, usual, few);
}

Test(remember, a_critical_signal_takes_the_trial_back)
{
    struct history_entry entry;
    struct pilot_alert alert;

    bench_pilot_init(&bench, signals_config);
    bench_pilot_run(&bench, 10, usual, none);
    begin_canary();
    bench_pilot_run(&bench, 10, usual, few);
    tell("complaints", "few");
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_CANARY_START);
    tell("complaints", "high");
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_ROLLBACK);
    cr_expect_str_eq(entry.trigger, "signal:complaints");
    cr_expect_not_null(strstr(entry.reason, "signal complaints of shop is critical: high"), "%s",
                       entry.reason);
    cr_expect_eq(entry.decision, find_case(DECISION_ROLLBACK)->id);
    cr_expect(!find_case(DECISION_ROLLBACK)->has_event);
    cr_expect(bench_pilot_find_alert(&bench, "signal:complaints", &alert));
    bench_pilot_fini(&bench);
}

Test(remember, a_critical_signal_without_a_trial_is_only_told_and_meets_the_next_one)
{
    struct history_entry entry;
    struct pilot_alert alert;

    bench_pilot_init(&bench, signals_config);
    bench_pilot_run(&bench, 10, usual, none);
    tell("complaints", "high");
    cr_expect(bench_pilot_find_alert(&bench, "signal:complaints", &alert));
    cr_expect_eq(alert.severity, PILOT_CRITICAL);
    cr_expect(!deploy_history(bench.desk.deploy, 0, &entry), "nothing was there to move");
    cr_assert_not_null(find_case(DECISION_ALERT));
    begin_canary();
    for (int i = 0; i < 500; i++) {
        bench_pilot_run(&bench, 1, usual, few);
        bench_desk_run_ms(&bench.desk, 2);
        if (deploy_history(bench.desk.deploy, 0, &entry) && entry.kind == CHANGE_ROLLBACK)
            break;
    }
    cr_expect_eq(entry.kind, CHANGE_ROLLBACK);
    bench_pilot_fini(&bench);
}

Test(remember, a_signal_that_holds_keeps_the_share_and_a_warning_only_speaks)
{
    struct history_entry entry;
    struct pilot_alert alert;
    struct deploy_canary_view canary;

    bench_pilot_init(&bench, signals_config);
    bench_pilot_run(&bench, 10, usual, none);
    begin_canary();
    bench_pilot_run(&bench, 10, usual, few);
    tell("cpu", "75");
    cr_assert(bench_pilot_find_alert(&bench, "signal:cpu", &alert));
    cr_expect_eq(alert.severity, PILOT_WARN);
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_CANARY_START);
    cr_assert_not_null(find_case(DECISION_SIGNAL));
    tell("cpu", "90");
    for (int i = 0; i < 1000 && entry.kind != CHANGE_CANARY_PAUSE; i++) {
        bench_desk_run_ms(&bench.desk, 5);
        cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    }
    cr_expect_eq(entry.kind, CHANGE_CANARY_PAUSE);
    cr_expect_eq(entry.outcome, OUTCOME_DONE);
    cr_expect_str_eq(entry.trigger, "signal:cpu");
    deploy_view_canary(bench.desk.deploy, 0, &canary);
    cr_expect(canary.is_running && canary.is_paused);
    bench_pilot_fini(&bench);
}
