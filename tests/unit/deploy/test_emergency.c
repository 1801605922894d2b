/* Emergency rollbacks over a real desk: what they are carried past, what they are not, and that they go first. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_view.h"

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(emergency, .init = begin, .fini = end);

static struct change make_emergency(const char *name)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, name, "");

    change.emergency = true;
    snprintf(change.reason, sizeof change.reason, "checkout is down");
    snprintf(change.actor, sizeof change.actor, "uid=7");
    return change;
}

static void take_lock(const char *name)
{
    struct change change = bench_desk_change(CHANGE_LOCK_ACQUIRE, name, "");

    snprintf(change.reason, sizeof change.reason, "mine");
    snprintf(change.actor, sizeof change.actor, "uid=1");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
}

Test(emergency, goes_past_a_lock_and_says_so)
{
    struct change change = make_emergency("shop");
    struct change_result result;
    struct history_entry entry;

    bench_desk_switch(&desk, "shop", "green");
    take_lock("");
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_expect_str_eq(result.skipped, "lock");
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_expect(entry.is_emergency && !entry.is_forced);
    cr_expect_str_eq(entry.skipped, "lock");
    cr_expect_str_eq(entry.reason, "checkout is down");
}

Test(emergency, is_remembered_over_a_restart)
{
    struct change change = make_emergency("shop");
    struct history_entry entry;

    bench_desk_switch(&desk, "shop", "green");
    take_lock("shop");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_expect(entry.is_emergency);
    cr_expect_str_eq(entry.skipped, "lock");
}

Test(emergency, meets_no_gate_where_none_is_in_the_way)
{
    struct change change = make_emergency("shop");

    bench_desk_switch(&desk, "shop", "green");
    cr_expect_str_eq(bench_desk_do(&desk, &change).skipped, "");
}

Test(emergency, needs_a_reason)
{
    struct change change = make_emergency("shop");
    struct change_result result;

    bench_desk_switch(&desk, "shop", "green");
    change.reason[0] = '\0';
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_USAGE);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green");
}

static const char checked_config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = true }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"%s\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
    "}\n";

static void start_checked(const char *version)
{
    char config[512];

    snprintf(config, sizeof config, checked_config, version);
    bench_desk_stop(&desk);
    bench_desk_write_config(&desk, config);
    bench_desk_must_start(&desk);
}

static void switch_by_force(const char *slot)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", slot);

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "test");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
}

/* Nobody is there: it would only be another outage. */
Test(emergency, does_not_go_where_nobody_answers)
{
    struct change change = make_emergency("shop");
    struct change_result result;

    start_checked("v1");
    switch_by_force("green");
    bench_desk_verdict(&desk, "shop", "blue", VERDICT_DOWN);
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_REFUSED);
    cr_expect_str_eq(result.gate, "target");
    bench_desk_verdict(&desk, "shop", "blue", VERDICT_MISDEPLOYED);
    cr_expect_str_eq(bench_desk_do(&desk, &change).gate, "target");
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green");
    bench_desk_verdict(&desk, "shop", "blue", VERDICT_UP);
    cr_expect_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
}

Test(emergency, goes_back_to_another_version)
{
    struct change change = make_emergency("shop");
    struct change_result result;

    start_checked("v1");
    switch_by_force("green");
    start_checked("v2");
    bench_desk_verdict(&desk, "shop", "blue", VERDICT_UP);
    change.emergency = false;
    cr_expect_str_eq(bench_desk_do(&desk, &change).gate, "previous");
    change.emergency = true;
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_expect_str_eq(result.skipped, "previous");
}

Test(emergency, takes_a_group_back_as_a_whole)
{
    struct change change = make_emergency("web");
    struct change_result result;

    bench_desk_verdict(&desk, "web", "green", VERDICT_UP);
    bench_desk_verdict(&desk, "api", "green", VERDICT_UP);
    result = bench_desk_switch(&desk, "release", "green");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    take_lock("");
    cr_expect_str_eq(bench_desk_do(&desk, &change).gate, "group");
    change = make_emergency("release");
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_expect_str_eq(bench_desk_active(&desk, "web"), "blue");
    cr_expect_str_eq(bench_desk_active(&desk, "api"), "blue");
}

enum { BEFORE = 2000 };

/* However much waits: it has its turn first, and alone. */
Test(emergency, goes_before_everything_that_waits)
{
    static struct bench_answer answers[BEFORE];
    struct change change = bench_desk_change(CHANGE_TARGET_WEIGHT, "web", "green");
    struct change emergency = make_emergency("shop");
    struct bench_answer last;
    unsigned open = 0;
    uint64_t epoch = 0;

    bench_desk_switch(&desk, "shop", "green");
    epoch = bench_desk_epoch(&desk);
    snprintf(change.target, sizeof change.target, "127.0.0.1:6002");
    for (unsigned i = 0; i < BEFORE; i++) {
        change.weight = 2 + i % 100;
        bench_desk_submit(&desk, &change, &answers[i], &open);
    }
    bench_desk_submit(&desk, &emergency, &last, &open);
    bench_desk_wait(&desk, &open);
    cr_assert_eq(last.result.outcome, OUTCOME_DONE, "%s", last.result.words);
    cr_expect_eq(last.result.epoch, epoch + 1);
    for (unsigned i = 0; i < BEFORE; i++)
        cr_expect_gt(answers[i].result.epoch, epoch + 1);
}
