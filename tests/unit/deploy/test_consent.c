/* Approvals and the checklist over a real desk: who counts, for what, for how long. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench_desk.h"
#include "bench_rollout.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_view.h"

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, bench_rollout_config);
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(consent, .init = begin, .fini = end);

static struct change_result say_as(enum change_kind kind, const char *actor, const char *words)
{
    struct change change = bench_desk_change(kind, "gated", "");

    snprintf(change.actor, sizeof change.actor, "%s", actor);
    if (kind == CHANGE_CHECK)
        snprintf(change.message, sizeof change.message, "%s", words);
    else
        snprintf(change.reason, sizeof change.reason, "%s", words);
    return bench_desk_do(&desk, &change);
}

static void must(enum change_kind kind, const char *actor, const char *words)
{
    struct change_result result = say_as(kind, actor, words);

    cr_assert(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
}

static void expect_gate(const struct change_result *result, const char *gate)
{
    cr_assert_eq(result->outcome, OUTCOME_REFUSED, "%s", result->words);
    cr_assert_str_eq(result->gate, gate, "%s", result->words);
}

static void tick_all(void)
{
    must(CHANGE_CHECK, "uid=1 pid=5", "backup");
    must(CHANGE_CHECK, "uid=1 pid=5", "oncall");
}

static struct deploy_rollout_view view(void)
{
    return bench_rollout_view(&desk, "gated");
}

Test(consent, a_rollout_waits_for_two_people_and_the_list)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    cr_assert_eq(view().approvals_needed, 2);
    cr_assert_eq(view().checks_needed, 2);
    cr_assert_str_eq(view().waits_for, "2 approvals");
    result = bench_rollout_phase(&desk, "gated", ROLLOUT_PROVING);
    expect_gate(&result, "approval");
    must(CHANGE_APPROVE, "uid=2 pid=2", "fine with me");
    cr_assert_str_eq(view().waits_for, "1 approval");
    must(CHANGE_APPROVE, "uid=3 pid=2", "");
    cr_assert_eq(view().approvals, 2);
    result = bench_rollout_phase(&desk, "gated", ROLLOUT_PROVING);
    expect_gate(&result, "checklist");
    cr_assert_str_eq(view().waits_for, "checklist: backup, oncall");
    tick_all();
    cr_assert_str_eq(view().waits_for, "");
    result = bench_rollout_phase(&desk, "gated", ROLLOUT_PROVING);
    cr_assert(result.changed, "%s", result.words);
}

Test(consent, the_same_user_counts_once_whatever_name_is_claimed)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    result = say_as(CHANGE_APPROVE, "uid=2 pid=9 as=boss", "");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed, "%s", result.words);
    cr_assert_eq(view().approvals, 1);
}

Test(consent, one_person_counts_once_over_the_socket_and_with_a_token)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "uid=7(bob) pid=2", "");
    must(CHANGE_APPROVE, "uid=0(root) pid=2", "");
    result = say_as(CHANGE_APPROVE, "sub=root key=ci", "");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed, "%s", result.words);
    result = say_as(CHANGE_APPROVE, "uid=0 pid=4", ""); /* whose login nobody could tell */
    cr_assert(!result.changed, "%s", result.words);
    cr_assert_eq(view().approvals, 1);
    result = say_as(CHANGE_APPROVE, "sub=bob key=ci", ""); /* has started it */
    expect_gate(&result, "approval");
    must(CHANGE_APPROVE, "sub=rooty key=ci", "");
    cr_assert_eq(view().approvals, 2);
}

Test(consent, what_is_live_needs_no_word)
{
    static const enum change_kind kinds[] = { CHANGE_APPROVE, CHANGE_CHECK };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct change change = bench_desk_change(kinds[i], "gated", "blue");
        struct change_result result;

        snprintf(change.message, sizeof change.message, "backup");
        result = bench_desk_do(&desk, &change);
        expect_gate(&result, "approval");
        cr_assert_not_null(strstr(result.words, "live on blue already"), "%s", result.words);
    }
}

Test(consent, the_starter_does_not_count)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    result = say_as(CHANGE_APPROVE, "uid=1 pid=77", "");
    expect_gate(&result, "approval");
    cr_assert_eq(view().approvals, 0);
}

Test(consent, approvals_given_before_do_not_count_for_whoever_starts)
{
    must(CHANGE_APPROVE, "uid=1 pid=2", "");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    cr_assert_eq(view().approvals, 1);
}

Test(consent, an_approval_gets_old_also_over_a_restart)
{
    struct deploy_consent_view consent;

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    clock_shift(30ULL * 60 * 1000000);
    bench_desk_stop(&desk);
    clock_shift(29ULL * 60 * 1000000);
    bench_desk_must_start(&desk);
    cr_assert_eq(view().approvals, 1);
    clock_shift(2ULL * 60 * 1000000);
    bench_desk_run_ms(&desk, 1);
    cr_assert_eq(view().approvals, 0);
    cr_assert(deploy_view_consent(desk.deploy, 2, 0, &consent));
    cr_assert(consent.is_approval && !consent.counts);
    must(CHANGE_APPROVE, "uid=2 pid=2", "again");
    cr_assert_eq(view().approvals, 1);
    cr_assert(deploy_view_consent(desk.deploy, 2, 0, &consent) && consent.counts);
    cr_assert_str_eq(consent.note, "again");
    cr_assert_str_eq(consent.slot, "green");
    cr_assert(!deploy_view_consent(desk.deploy, 2, 1, &consent));
    cr_assert(!deploy_view_consent(desk.deploy, 0, 0, &consent), "of another service");
}

Test(consent, reject_ends_it)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    must(CHANGE_REJECT, "uid=3 pid=2", "not on a friday");
    cr_assert_eq(view().phase, ROLLOUT_REFUSED);
    cr_assert_not_null(strstr(view().words, "not on a friday"));
    result = say_as(CHANGE_REJECT, "uid=3 pid=2", "x");
    cr_assert(!result.changed);
    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    cr_assert_eq(view().approvals, 0, "what was agreed to is used up");
}

Test(consent, after_the_cutover_a_rollback_is_meant)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    must(CHANGE_APPROVE, "uid=3 pid=2", "");
    tick_all();
    while (view().phase != ROLLOUT_CUTOVER)
        must(CHANGE_ROLLOUT_ADVANCE, "uid=1 pid=2", "");
    result = say_as(CHANGE_REJECT, "uid=3 pid=2", "no");
    expect_gate(&result, "rollout");
    cr_assert_not_null(strstr(result.words, "rollback"));
}

Test(consent, a_plain_switch_needs_the_same_and_uses_it_up)
{
    struct change_result result = say_as(CHANGE_SWITCH, "uid=1 pid=2", "");

    expect_gate(&result, "approval");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    must(CHANGE_APPROVE, "uid=1 pid=2", ""); /* who switches does not count */
    result = say_as(CHANGE_SWITCH, "uid=1 pid=2", "");
    expect_gate(&result, "approval");
    must(CHANGE_APPROVE, "uid=3 pid=2", "");
    result = say_as(CHANGE_SWITCH, "uid=1 pid=2", "");
    expect_gate(&result, "checklist");
    tick_all();
    must(CHANGE_SWITCH, "uid=1 pid=2", "");
    cr_assert_str_eq(bench_desk_active(&desk, "gated"), "green");
    must(CHANGE_ROLLBACK, "uid=1 pid=2", ""); /* a way back needs nobody */
    result = say_as(CHANGE_SWITCH, "uid=1 pid=2", "");
    expect_gate(&result, "approval");
}

Test(consent, a_canary_is_no_way_around)
{
    struct change change = bench_desk_change(CHANGE_CANARY_START, "gated", "");
    struct change_result result = bench_desk_do(&desk, &change);

    expect_gate(&result, "approval");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "known");
    result = bench_desk_do(&desk, &change);
    cr_assert(result.changed, "%s", result.words);
    result = say_as(CHANGE_CANARY_PROMOTE, "uid=1 pid=2", "");
    expect_gate(&result, "approval");
}

Test(consent, force_passes)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "gated", "");
    struct change_result result;

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "it burns");
    result = bench_desk_do(&desk, &change);
    cr_assert(result.changed, "%s", result.words);
}

Test(consent, what_nobody_asks_for_is_refused)
{
    struct change change = bench_desk_change(CHANGE_APPROVE, "shop", "");
    struct change_result result = bench_desk_do(&desk, &change);

    expect_gate(&result, "approval");
    change.kind = CHANGE_CHECK;
    snprintf(change.message, sizeof change.message, "backup");
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_USAGE, "%s", result.words);
    result = say_as(CHANGE_CHECK, "uid=1 pid=2", "coffee");
    cr_assert_eq(result.outcome, OUTCOME_USAGE);
    cr_assert_not_null(strstr(result.words, "backup, oncall"), "%s", result.words);
    must(CHANGE_CHECK, "uid=1 pid=2", "backup");
    result = say_as(CHANGE_CHECK, "uid=2 pid=2", "backup");
    cr_assert(!result.changed && result.outcome == OUTCOME_DONE);
}

Test(consent, is_of_a_slot_with_its_version)
{
    static const char *const from = "version = \"v7\"";
    char *config = strdup(bench_rollout_config);
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");

    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    cr_assert_eq(view().approvals, 1);
    memcpy(strstr(config, from), "version = \"v8\"", strlen(from));
    bench_desk_write_config(&desk, config);
    cr_assert_eq(bench_desk_do(&desk, &reload).outcome, OUTCOME_DONE);
    cr_assert_eq(view().approvals, 0, "nobody has agreed to v8");
    free(config);
}

/* With approval_for = "cutover" shares are free, everybody is not. */
Test(consent, for_the_cutover_alone)
{
    static const char *const from =
        "approvals = 2 approval_time = 1h checklist = { backup, oncall }";
    static const char *const to = "approvals = 1 approval_for = cutover                           ";
    char *config = strdup(bench_rollout_config);
    struct change reload = bench_desk_change(CHANGE_RELOAD, "", "");
    struct change_result result;

    memcpy(strstr(config, from), to, strlen(from));
    bench_desk_write_config(&desk, config);
    cr_assert_eq(bench_desk_do(&desk, &reload).outcome, OUTCOME_DONE);
    must(CHANGE_ROLLOUT_START, "uid=1 pid=2", "");
    for (int i = 0; i < 6; i++) /* proving, ready, 1, 5, 25, 50 % */
        must(CHANGE_ROLLOUT_ADVANCE, "uid=1 pid=2", "");
    result = say_as(CHANGE_ROLLOUT_ADVANCE, "uid=1 pid=2", "");
    expect_gate(&result, "approval");
    cr_assert_eq(view().phase, ROLLOUT_RAMPING);
    must(CHANGE_APPROVE, "uid=2 pid=2", "");
    must(CHANGE_ROLLOUT_ADVANCE, "uid=1 pid=2", "");
    cr_assert_eq(view().phase, ROLLOUT_CUTOVER);
    free(config);
}

static const char stepping_config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service gated {\n"
    "  health { enabled = false }\n"
    "  gate { approvals = 1 approval_for = cutover }\n"
    "  canary { steps = { \"5%\", \"100%\" } step_time = \"50ms\" }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v2\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v3\" }\n"
    "}\n";

static void begin_stepping(void)
{
    bench_desk_init(&desk, stepping_config);
    bench_desk_must_start(&desk);
}

TestSuite(consent_step, .init = begin_stepping, .fini = end);

static uint32_t share(void)
{
    struct deploy_canary_view canary;

    deploy_view_canary(desk.deploy, 0, &canary);
    return canary.share;
}

/* Turns of the loop until the step by time was asked for; the bound only ends a test that fails. */
static void expect_refused_step(void)
{
    struct history_entry entry = { 0 };

    for (int i = 0; i < 1000 && share() != 10000 && entry.kind != CHANGE_CANARY_STEP; i++) {
        bench_desk_run_ms(&desk, 5);
        cr_assert(deploy_history(desk.deploy, 0, &entry));
    }
    cr_assert_eq(share(), 500, "nobody else has agreed");
    cr_assert_eq(entry.kind, CHANGE_CANARY_STEP);
    cr_assert_str_eq(entry.gate, "approval");
}

Test(consent_step, who_began_a_canary_does_not_count_for_its_steps_by_time)
{
    must(CHANGE_APPROVE, "uid=7 pid=1", "");
    must(CHANGE_CANARY_START, "uid=7 pid=2", "");
    expect_refused_step();
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    expect_refused_step();
    must(CHANGE_APPROVE, "uid=8 pid=3", "");
    for (int i = 0; i < 1000 && share() != 10000; i++)
        bench_desk_run_ms(&desk, 5);
    cr_assert_eq(share(), 10000);
}

Test(consent_step, who_began_a_canary_cannot_approve_it)
{
    struct change_result result;

    must(CHANGE_CANARY_START, "uid=7 pid=2", "");
    result = say_as(CHANGE_APPROVE, "uid=7 pid=9 as=boss", "");
    expect_gate(&result, "approval");
}
