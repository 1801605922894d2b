/* The drill over a real desk: steps, assertions, obstacles, what a kill in the middle leaves. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "deploy/deploy_view.h"
#include "deploy/drill_view.h"
#include "pilot/casebook.h"
#include "pilot/drill.h"
#include "unit/pilot/bench_pilot.h"

static const struct bench_traffic usual = { .n = 95 };
static const struct bench_traffic few = { .n = 5 };
static struct bench_pilot bench;
static struct drill_report report;
static unsigned reports;
static char words[DRILL_WORDS];

static void begin(void)
{
    reports = 0;
    bench_pilot_init(&bench, bench_pilot_config);
}

static void end(void)
{
    bench_pilot_fini(&bench);
}

TestSuite(drill, .init = begin, .fini = end);

static void on_report(void *arg, const struct drill_report *found)
{
    (void)arg;
    report = *found;
    reports++;
}

static struct drill_spec make_spec(void)
{
    struct drill_spec spec = { .name = "shop",
                               .share = 100,
                               .watch_us = 1000000,
                               .errors_max = 0.05,
                               .actor = "uid=0 pid=1",
                               .reason = "a drill" };

    return spec;
}

static void start(const struct drill_spec *spec)
{
    cr_assert_eq(drill_start(bench.pilot, spec, on_report, NULL, words), 0, "%s", words);
    cr_assert_eq(reports, 0, "it answers later");
}

static bool has_canary(void)
{
    struct deploy_canary_view view;

    deploy_view_canary(bench.desk.deploy, 0, &view);
    return view.is_running;
}

/* Until the standby has its share. */
static void await_share(void)
{
    struct deploy_canary_view view = { .is_paused = false };

    for (int i = 0; i < 2000 && !view.is_paused; i++) {
        bench_desk_run_ms(&bench.desk, 2);
        deploy_view_canary(bench.desk.deploy, 0, &view);
    }
    cr_assert(view.is_paused);
}

/* With this traffic to its end. */
static void await_report(struct bench_traffic green)
{
    for (int i = 0; i < 2000 && reports == 0; i++) {
        bench_pilot_run(&bench, 1, usual, green);
        bench_desk_run_ms(&bench.desk, 60);
    }
    cr_assert_eq(reports, 1);
}

static struct deploy_drill_view look(void)
{
    struct deploy_drill_view view;

    deploy_view_drill(bench.desk.deploy, 0, &view);
    return view;
}

Test(drill, gives_a_share_and_takes_it_back)
{
    struct drill_spec spec = make_spec();
    struct history_entry entry;

    spec.requests_min = 1;
    cr_expect_eq(look().good_wall_us, 0);
    start(&spec);
    await_share();
    cr_expect(look().is_open);
    await_report(few);
    cr_expect(report.is_good, "%s", report.words);
    cr_expect_str_eq(report.slot, "green");
    cr_expect_str_eq(report.version, "v2");
    cr_expect_gt(report.give_us, 0);
    cr_expect_gt(report.take_us, 0);
    cr_expect_geq(report.watch_us, 1000000);
    cr_expect_gt(report.requests, 0);
    cr_expect_eq(report.errors, 0);
    cr_expect(!has_canary());
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_CANARY_ABORT);
    cr_expect_str_eq(entry.trigger, "drill");
    cr_expect_eq(casebook_find(pilot_casebook(bench.pilot), report.decision)->action,
                 DECISION_DRILL);
    cr_expect(look().was_good);
    cr_expect(!look().is_open);
    bench_pilot_restart(&bench);
    cr_expect(look().was_good, "a start does not forget it");
    cr_expect_eq(look().good_wall_us, entry.wall_us);
}

Test(drill, errors_of_the_standby_make_it_a_bad_one)
{
    struct drill_spec spec = make_spec();

    spec.errors_max = 0;
    start(&spec);
    await_share();
    await_report((struct bench_traffic){ .n = 100, .e = 1 });
    cr_expect(!report.is_good);
    cr_expect_not_null(strstr(report.words, "requests to green failed"), "%s", report.words);
    cr_expect(!has_canary());
    cr_expect_eq(look().good_wall_us, 0);
    cr_expect_gt(look().last_wall_us, 0);
    cr_expect(!look().was_good);
}

Test(drill, too_few_requests_prove_nothing)
{
    struct drill_spec spec = make_spec();

    spec.requests_min = 1000000;
    start(&spec);
    await_share();
    await_report(few);
    cr_expect(!report.is_good);
    cr_expect_not_null(strstr(report.words, "at least 1000000 are asked for"), "%s", report.words);
    cr_expect(!has_canary());
}

Test(drill, without_any_request_it_is_not_good)
{
    struct drill_spec spec = make_spec();

    start(&spec);
    await_share();
    await_report((struct bench_traffic){ .n = 0 });
    cr_expect(!report.is_good);
    cr_expect(report.is_inconclusive);
    cr_expect_eq(report.requests, 0);
    cr_expect_not_null(strstr(report.words, "green got no request"), "%s", report.words);
    cr_expect(!has_canary());
    cr_expect_eq(look().good_wall_us, 0, "it satisfies no gate");
}

Test(drill, what_the_judgement_takes_back_is_no_good_one)
{
    struct drill_spec spec = make_spec();

    bench_pilot_run(&bench, 300, usual, (struct bench_traffic){ .n = 0 });
    spec.watch_us = 600000000;
    start(&spec);
    await_share();
    await_report((struct bench_traffic){ .n = 5, .e = 5 });
    cr_expect(!report.is_good);
    cr_expect_not_null(strstr(report.words, "taken back before the end"), "%s", report.words);
    cr_expect(!has_canary());
    cr_expect_eq(look().good_wall_us, 0);
}

static void refuse(const struct drill_spec *spec, int err, const char *part)
{
    cr_expect_eq(drill_start(bench.pilot, spec, on_report, NULL, words), err);
    cr_expect_not_null(strstr(words, part), "%s", words);
}

Test(drill, does_not_disturb_what_goes_on)
{
    struct drill_spec spec = make_spec();
    struct change canary = bench_desk_change(CHANGE_CANARY_START, "shop", "green");
    struct change pause = bench_desk_change(CHANGE_PAUSE, "shop", "");

    snprintf(spec.name, sizeof spec.name, "shops");
    refuse(&spec, ERR_NOT_FOUND, "no service or group shops");
    spec = make_spec();
    snprintf(spec.slot, sizeof spec.slot, "blue");
    refuse(&spec, ERR_CONFLICT, "the standby slot is green, not blue");
    spec = make_spec();
    snprintf(spec.version, sizeof spec.version, "v9");
    refuse(&spec, ERR_CONFLICT, "has version \"v2\", not \"v9\"");
    spec = make_spec();
    canary.share = 500;
    cr_assert_eq(bench_desk_do(&bench.desk, &canary).outcome, OUTCOME_DONE);
    refuse(&spec, ERR_CONFLICT, "a canary goes on");
    canary.kind = CHANGE_CANARY_ABORT;
    cr_assert_eq(bench_desk_do(&bench.desk, &canary).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do(&bench.desk, &pause).outcome, OUTCOME_DONE);
    refuse(&spec, ERR_CONFLICT, "the service is paused");
    pause.kind = CHANGE_RESUME;
    cr_assert_eq(bench_desk_do(&bench.desk, &pause).outcome, OUTCOME_DONE);
    start(&spec);
    refuse(&spec, ERR_CONFLICT, "another drill goes on");
    await_share();
    await_report(few);
}

Test(drill, an_end_in_its_middle_is_met_by_the_next_start)
{
    struct drill_spec spec = make_spec();

    spec.watch_us = 600000000;
    start(&spec);
    await_share();
    bench_pilot_restart(&bench);
    cr_expect_eq(reports, 1, "whoever waits is told");
    cr_expect(!report.is_good);
    for (int i = 0; i < 2000 && has_canary(); i++)
        bench_desk_run_ms(&bench.desk, 2);
    cr_expect(!has_canary());
    cr_expect(!look().is_open);
    cr_expect_eq(look().good_wall_us, 0);
}

Test(drill, a_canary_of_people_is_left_alone_by_a_start)
{
    struct change canary = bench_desk_change(CHANGE_CANARY_START, "shop", "green");
    struct drill_spec spec = make_spec();

    start(&spec);
    await_share();
    await_report(few);
    canary.share = 500;
    cr_assert_eq(bench_desk_do(&bench.desk, &canary).outcome, OUTCOME_DONE);
    bench_pilot_restart(&bench);
    bench_desk_run_ms(&bench.desk, 30);
    cr_expect(has_canary());
}

static const char gated_config[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                                   "service shop {\n"
                                   "  health { enabled = false }\n"
                                   "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                                   "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                                   "  gate { drill_age = \"1h\" }\n"
                                   "}\n";

Test(drill, may_be_asked_for_by_a_gate)
{
    struct drill_spec spec = make_spec();
    struct change_result result;

    bench_pilot_fini(&bench);
    bench_pilot_init(&bench, gated_config);
    result = bench_desk_switch(&bench.desk, "shop", "green");
    cr_expect_eq(result.outcome, OUTCOME_REFUSED);
    cr_expect_str_eq(result.gate, "drill");
    cr_expect_not_null(strstr(result.words, "no drill was good; \"drill shop\" tries it"), "%s",
                       result.words);
    start(&spec);
    await_share();
    await_report(few);
    cr_assert(report.is_good, "%s", report.words);
    cr_expect(bench_desk_switch(&bench.desk, "shop", "green").changed);
    clock_shift(3600ull * 1000000);
    result = bench_desk_switch(&bench.desk, "shop", "blue");
    cr_expect_eq(result.outcome, OUTCOME_REFUSED);
    cr_expect_not_null(strstr(result.words, "the last good drill is older"), "%s", result.words);
}
