/* What is on trial, and what the daemon itself may do about it, with a real desk and disk. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "deploy/deploy_view.h"
#include "route/split.h"
#include "route/target.h"
#include "unit/deploy/bench_desk.h"
#include "unit/deploy/bench_rollout.h"

static struct deploy_trial_view look(struct bench_desk *desk)
{
    struct deploy_trial_view view;

    deploy_view_trial(desk->deploy, 0, &view);
    return view;
}

static struct change_result act(struct bench_desk *desk, enum change_kind kind, const char *slot,
                                uint32_t share)
{
    struct change change = bench_desk_change(kind, "shop", slot);

    change.share = share;
    return bench_desk_do(desk, &change);
}

static struct change make_rollback(const char *from)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");

    snprintf(change.from, sizeof change.from, "%s", from);
    snprintf(change.trigger, sizeof change.trigger, "err_mod");
    snprintf(change.actor, sizeof change.actor, "switchyard");
    change.decision = 17;
    return change;
}

Test(trial, of_a_canary_goes_on_when_it_is_promoted)
{
    struct bench_desk desk;
    struct deploy_trial_view canary;
    struct deploy_trial_view promoted;

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    cr_expect_eq(look(&desk).kind, TRIAL_NONE);
    cr_expect_str_eq(look(&desk).baseline, "blue");
    cr_assert_eq(act(&desk, CHANGE_CANARY_START, "green", 500).outcome, OUTCOME_DONE);
    canary = look(&desk);
    cr_expect_eq(canary.kind, TRIAL_CANARY);
    cr_expect_eq(canary.switched_wall_us, 0);
    cr_assert_eq(act(&desk, CHANGE_CANARY_PROMOTE, "", 0).outcome, OUTCOME_DONE);
    promoted = look(&desk);
    cr_expect_eq(promoted.kind, TRIAL_SWITCHED);
    cr_expect_eq(promoted.id, canary.id);
    cr_expect_eq(promoted.share, SPLIT_WHOLE);
    cr_expect_str_eq(promoted.candidate, "green");
    cr_expect_str_eq(promoted.baseline, "blue");
    cr_expect_lt(promoted.switched_age_us, 60000000);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_expect_eq(look(&desk).id, canary.id, "it is the same one after a start");
    cr_expect_lt(look(&desk).switched_age_us, 60000000);
    bench_desk_fini(&desk);
}

static void look_at(struct bench_desk *desk, const char *name, struct deploy_trial_view *out)
{
    const struct config *config = deploy_config(desk->deploy);
    unsigned at = 0;

    while (at < config->service_count && strcmp(config->services[at].name, name) != 0)
        at++;
    deploy_view_trial(desk->deploy, at, out);
}

Test(trial, of_a_group_that_moved_together_is_one)
{
    struct bench_desk desk;
    struct deploy_trial_view web;
    struct deploy_trial_view api;

    bench_desk_init(&desk, bench_rollout_config);
    bench_desk_must_start(&desk);
    cr_assert_eq(bench_desk_switch(&desk, "release", "green").outcome, OUTCOME_DONE);
    look_at(&desk, "web", &web);
    look_at(&desk, "api", &api);
    cr_expect_str_eq(web.candidate, "green");
    cr_expect_eq(web.id, api.id);
    bench_desk_fini(&desk);
}

Test(trial, of_a_plain_switch_is_a_new_one_each_time)
{
    struct bench_desk desk;
    uint64_t first = 0;

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    first = look(&desk).id;
    cr_assert_eq(bench_desk_switch(&desk, "shop", "blue").outcome, OUTCOME_DONE);
    cr_expect_neq(look(&desk).id, first);
    cr_expect_str_eq(look(&desk).candidate, "blue");
    cr_assert_eq(act(&desk, CHANGE_ROLLBACK, "", 0).outcome, OUTCOME_DONE);
    cr_expect_eq(look(&desk).kind, TRIAL_NONE);
    bench_desk_fini(&desk);
}

Test(trial, own_rollback_moves_only_what_it_is_meant_for)
{
    struct bench_desk desk;
    struct change change = make_rollback("blue");
    struct change_result result;

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    result = bench_desk_do_own(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_CONFLICT);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    result = bench_desk_do_own(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_CONFLICT);
    cr_expect_str_eq(result.gate, "from");
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green");
    change = make_rollback("green");
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_CONFLICT);
    bench_desk_fini(&desk);
}

Test(trial, own_rollback_ends_the_canary_it_is_meant_for)
{
    struct bench_desk desk;
    struct change change = make_rollback("blue");

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    cr_assert_eq(act(&desk, CHANGE_CANARY_START, "green", 500).outcome, OUTCOME_DONE);
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_CONFLICT);
    change = make_rollback("green");
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_eq(look(&desk).kind, TRIAL_NONE);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "blue");
    bench_desk_fini(&desk);
}

Test(trial, own_rollback_waits_for_no_lock)
{
    struct bench_desk desk;
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "", "");
    struct change change = make_rollback("green");

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    snprintf(lock.reason, sizeof lock.reason, "a freeze");
    cr_assert_eq(bench_desk_do(&desk, &lock).outcome, OUTCOME_DONE);
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "blue");
    bench_desk_fini(&desk);
}

Test(trial, own_rollback_of_a_group_moves_all_of_it_or_nothing)
{
    struct bench_desk desk;
    struct change change = make_rollback("green");

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    bench_desk_verdict(&desk, "web", "green", VERDICT_UP);
    bench_desk_verdict(&desk, "api", "green", VERDICT_UP);
    cr_assert_eq(bench_desk_switch(&desk, "release", "green").outcome, OUTCOME_DONE);
    snprintf(change.name, sizeof change.name, "release");
    snprintf(change.from, sizeof change.from, "blue");
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_CONFLICT);
    snprintf(change.from, sizeof change.from, "green");
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_str_eq(bench_desk_active(&desk, "web"), "blue");
    cr_expect_str_eq(bench_desk_active(&desk, "api"), "blue");
    bench_desk_fini(&desk);
}

/* The newest entry, out of memory and out of the file. */
static void expect_remembered(struct bench_desk *desk)
{
    struct history_entry entry;

    cr_assert(deploy_history(desk->deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_ROLLBACK);
    cr_expect_str_eq(entry.trigger, "err_mod");
    cr_expect_eq(entry.decision, 17);
    cr_assert(deploy_history(desk->deploy, 1, &entry));
    cr_expect_eq(entry.kind, CHANGE_SWITCH);
    cr_expect_str_eq(entry.trigger, "");
    cr_expect_eq(entry.decision, 0);
}

Test(trial, history_keeps_trigger_and_decision)
{
    struct bench_desk desk;
    struct change change = make_rollback("green");

    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    expect_remembered(&desk);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    expect_remembered(&desk);
    bench_desk_fini(&desk);
}

/* blue has v2; green v1, or v3 once it was deployed there. */
static const char two_releases[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  %s\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v2\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"%s\" }\n"
    "}\n";

static void write_release(struct bench_desk *desk, const char *lines, const char *version)
{
    char config[1000];

    snprintf(config, sizeof config, two_releases, lines, version);
    if (desk->deploy == NULL)
        bench_desk_init(desk, config);
    else
        bench_desk_write_config(desk, config);
}

/* green (v1) was live, blue (v2) is; then green gets the version. */
static void open_behind_a_switch(struct bench_desk *desk, const char *lines, const char *version)
{
    desk->deploy = NULL;
    write_release(desk, lines, "v1");
    bench_desk_must_start(desk);
    cr_assert_eq(bench_desk_switch(desk, "shop", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_switch(desk, "shop", "blue").outcome, OUTCOME_DONE);
    cr_assert(!look(desk).is_baseline_replaced);
    write_release(desk, lines, version);
    cr_assert_eq(act(desk, CHANGE_RELOAD, "", 0).outcome, OUTCOME_DONE);
}

static void expect_shut(struct bench_desk *desk)
{
    struct change change = make_rollback("blue");
    struct change_result result = bench_desk_do_own(desk, &change);

    cr_expect(look(desk).is_baseline_replaced);
    cr_expect_eq(result.outcome, OUTCOME_REFUSED, "%s", result.words);
    cr_expect_str_eq(result.gate, "previous");
    cr_expect_str_eq(bench_desk_active(desk, "shop"), "blue");
}

Test(trial, nothing_goes_back_by_itself_to_another_version)
{
    struct bench_desk desk;
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    struct change_result result;

    open_behind_a_switch(&desk, "", "v3");
    expect_shut(&desk);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    expect_shut(&desk);
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_REFUSED, "a person is told as well");
    cr_expect_str_eq(result.gate, "previous");
    cr_expect_not_null(strstr(result.words, "holds v3 by now, it was v1"), "%s", result.words);
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "v3 is meant");
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_expect_not_null(strstr(result.words, "another version"), "%s", result.words);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green");
    bench_desk_fini(&desk);
}

Test(trial, a_version_that_is_back_opens_the_way_again)
{
    struct bench_desk desk;
    struct change change = make_rollback("blue");

    open_behind_a_switch(&desk, "", "v3");
    write_release(&desk, "", "v1");
    cr_assert_eq(act(&desk, CHANGE_RELOAD, "", 0).outcome, OUTCOME_DONE);
    cr_expect(!look(&desk).is_baseline_replaced, "it is what it was");
    cr_expect_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green");
    bench_desk_fini(&desk);
}

/* The same version: what counts is that somebody tries it again, also behind a restart. */
Test(trial, a_canary_to_the_slot_before_ends_the_way_back)
{
    struct bench_desk desk;
    struct change change = make_rollback("green");

    open_behind_a_switch(&desk, "", "v1");
    cr_assert_eq(act(&desk, CHANGE_CANARY_START, "green", 500).outcome, OUTCOME_DONE);
    cr_expect(!look(&desk).is_baseline_replaced, "a canary goes back to what is live");
    cr_assert_eq(bench_desk_do_own(&desk, &change).outcome, OUTCOME_DONE);
    cr_expect_eq(look(&desk).kind, TRIAL_SWITCHED);
    expect_shut(&desk);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    expect_shut(&desk);
    cr_expect_eq(act(&desk, CHANGE_ROLLBACK, "", 0).outcome, OUTCOME_DONE, "a person may");
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green");
    bench_desk_fini(&desk);
}

Test(trial, a_rollout_that_nobody_approved_is_no_way_back)
{
    struct bench_desk desk;

    open_behind_a_switch(&desk, "gate { approvals = 0 }", "v1");
    write_release(&desk, "gate { approvals = 2 }", "v1");
    cr_assert_eq(act(&desk, CHANGE_RELOAD, "", 0).outcome, OUTCOME_DONE);
    cr_assert_eq(act(&desk, CHANGE_ROLLOUT_START, "green", 0).outcome, OUTCOME_DONE);
    expect_shut(&desk);
    cr_assert_eq(act(&desk, CHANGE_ROLLOUT_ABORT, "", 0).outcome, OUTCOME_DONE);
    expect_shut(&desk);
    bench_desk_fini(&desk);
}

/* v1 failed on green, was forced onto it and left again. */
Test(trial, nothing_goes_back_by_itself_to_what_is_in_quarantine)
{
    struct bench_desk desk;
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change back = make_rollback("green");

    open_behind_a_switch(&desk, "", "v1");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "a test");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do_own(&desk, &back).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    snprintf(change.slot, sizeof change.slot, "blue");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    expect_shut(&desk);
    bench_desk_fini(&desk);
}
