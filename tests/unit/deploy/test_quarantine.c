/* What automatic rollbacks forbid afterwards, with a real desk and disk. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_view.h"
#include "route/target.h"
#include "unit/deploy/bench_desk.h"

static const char two_versions[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

static const char new_version[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v3\" }\n"
    "}\n";

static const uint64_t minute_us = 60ull * 1000 * 1000;

static struct change make_rollback(const char *name, const char *trigger)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, name, "");

    snprintf(change.trigger, sizeof change.trigger, "%s", trigger);
    snprintf(change.from, sizeof change.from, "green");
    snprintf(change.actor, sizeof change.actor, "switchyard");
    return change;
}

static void fail(struct bench_desk *desk, const char *name)
{
    struct change change = make_rollback(name, "err_gross");
    struct change start = bench_desk_change(CHANGE_SWITCH, name, "green");
    struct change_result result;

    start.force = true;
    snprintf(start.reason, sizeof start.reason, "a test");
    result = bench_desk_do(desk, &start);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    result = bench_desk_do_own(desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
}

static void expect_refused(struct bench_desk *desk, enum change_kind kind, const char *gate)
{
    struct change change = bench_desk_change(kind, "shop", "green");
    struct change_result result;

    change.share = kind == CHANGE_CANARY_START ? 500 : 0;
    result = bench_desk_do(desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_REFUSED, "%s", result.words);
    cr_expect_str_eq(result.gate, gate);
    cr_expect_not_null(strstr(result.words, "switchctl release shop"), "%s", result.words);
}

static enum outcome release(struct bench_desk *desk, bool *changed)
{
    struct change change = bench_desk_change(CHANGE_RELEASE, "shop", "");
    struct change_result result = bench_desk_do(desk, &change);

    *changed = result.changed;
    return result.outcome;
}

Test(quarantine, version_that_was_rolled_back_is_not_started_again)
{
    struct bench_desk desk;
    struct deploy_book_view view;
    bool changed = false;

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    fail(&desk, "shop");
    expect_refused(&desk, CHANGE_SWITCH, "quarantine");
    expect_refused(&desk, CHANGE_CANARY_START, "quarantine");
    deploy_view_book(desk.deploy, 0, &view);
    cr_expect_str_eq(view.quarantined, "v2");
    cr_expect_eq(view.rollbacks, 1);
    cr_expect_gt(view.cooldown_us, 9 * minute_us);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    expect_refused(&desk, CHANGE_SWITCH, "quarantine");
    cr_expect_eq(release(&desk, &changed), OUTCOME_DONE);
    cr_expect(changed);
    cr_expect_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    cr_expect_eq(release(&desk, &changed), OUTCOME_DONE);
    cr_expect_not(changed);
    bench_desk_fini(&desk);
}

Test(quarantine, force_with_a_reason_passes)
{
    struct bench_desk desk;
    struct change change = bench_desk_change(CHANGE_CANARY_START, "shop", "green");

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    fail(&desk, "shop");
    change.force = true;
    change.share = 100;
    snprintf(change.reason, sizeof change.reason, "the database was at fault");
    cr_expect_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    bench_desk_fini(&desk);
}

Test(quarantine, another_version_waits_for_the_cool_down)
{
    struct bench_desk desk;
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    fail(&desk, "shop");
    bench_desk_write_config(&desk, new_version);
    cr_assert_eq(bench_desk_do(&desk, &reload).outcome, OUTCOME_DONE);
    expect_refused(&desk, CHANGE_SWITCH, "cooldown");
    clock_shift(11 * minute_us);
    cr_expect_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_fini(&desk);
}

Test(quarantine, after_two_an_operator_must_say_so)
{
    struct bench_desk desk;
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");
    struct deploy_book_view view;
    bool changed = false;

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    fail(&desk, "shop");
    fail(&desk, "shop");
    bench_desk_write_config(&desk, new_version);
    cr_assert_eq(bench_desk_do(&desk, &reload).outcome, OUTCOME_DONE);
    clock_shift(60 * minute_us);
    expect_refused(&desk, CHANGE_SWITCH, "limit");
    deploy_view_book(desk.deploy, 0, &view);
    cr_expect(view.is_limited);
    cr_expect_eq(view.blocked, 1);
    cr_expect_eq(release(&desk, &changed), OUTCOME_DONE);
    cr_expect_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_fini(&desk);
}

Test(quarantine, is_left_by_no_person_and_by_no_deadline)
{
    struct bench_desk desk;
    struct change change = make_rollback("shop", "confirm");
    struct change manual = make_rollback("shop", "");
    struct change start = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    start.confirm_us = minute_us;
    cr_assert_eq(bench_desk_do(&desk, &start).outcome, OUTCOME_DONE);
    cr_assert(!bench_desk_do_own(&desk, &change).changed, "it is not due");
    clock_shift(minute_us);
    cr_assert(bench_desk_do_own(&desk, &change).changed);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do(&desk, &manual).outcome, OUTCOME_DONE);
    cr_expect_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_fini(&desk);
}

/* Somebody who forced a failed version can always get out of it. */
Test(quarantine, does_not_keep_anybody_from_the_way_back)
{
    struct bench_desk desk;
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    fail(&desk, "shop");
    fail(&desk, "shop");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "again");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_eq(bench_desk_switch(&desk, "shop", "blue").outcome, OUTCOME_DONE);
    bench_desk_fini(&desk);
}

/* The standby is where a rollback would go, but what was tried there since then is another release. */
Test(quarantine, holds_for_a_candidate_in_the_slot_before_the_last_switch)
{
    struct bench_desk desk;
    struct change canary = bench_desk_change(CHANGE_CANARY_START, "shop", "green");
    struct change rollback = make_rollback("shop", "err_gross");
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "blue").outcome, OUTCOME_DONE);
    bench_desk_write_config(&desk, new_version);
    cr_assert_eq(bench_desk_do(&desk, &reload).outcome, OUTCOME_DONE);
    canary.share = 500;
    cr_assert_eq(bench_desk_do(&desk, &canary).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do_own(&desk, &rollback).outcome, OUTCOME_DONE);
    expect_refused(&desk, CHANGE_SWITCH, "quarantine");
    expect_refused(&desk, CHANGE_CANARY_START, "quarantine");
    expect_refused(&desk, CHANGE_ROLLOUT_START, "quarantine");
    bench_desk_write_config(&desk, two_versions);
    cr_assert_eq(bench_desk_do(&desk, &reload).outcome, OUTCOME_DONE);
    expect_refused(&desk, CHANGE_CANARY_START, "cooldown");
    expect_refused(&desk, CHANGE_ROLLOUT_START, "cooldown");
    cr_expect_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_fini(&desk);
}

/* Without a version the slot's name is what is known of a release. */
Test(quarantine, of_a_group_is_that_of_all_its_services)
{
    struct bench_desk desk;
    struct change change = bench_desk_change(CHANGE_RELEASE, "release", "");
    struct change_result result;
    struct deploy_book_view view;

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    bench_desk_verdict(&desk, "web", "blue", VERDICT_UP);
    bench_desk_verdict(&desk, "api", "blue", VERDICT_UP);
    fail(&desk, "release");
    deploy_view_book(desk.deploy, 1, &view);
    cr_expect_str_eq(view.quarantined, "green");
    deploy_view_book(desk.deploy, 2, &view);
    cr_expect_str_eq(view.quarantined, "green");
    result = bench_desk_switch(&desk, "release", "green");
    cr_expect_str_eq(result.gate, "quarantine");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    deploy_view_book(desk.deploy, 2, &view);
    cr_expect_str_eq(view.quarantined, "");
    bench_desk_fini(&desk);
}

Test(quarantine, name_that_is_not_there_is_refused)
{
    struct bench_desk desk;
    struct change change = bench_desk_change(CHANGE_RELEASE, "shoe", "");

    bench_desk_init(&desk, two_versions);
    bench_desk_must_start(&desk);
    cr_expect_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_REFUSED);
    bench_desk_fini(&desk);
}
