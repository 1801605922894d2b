/* Moves that go back by themselves: at their deadline, at the first start after it, unless somebody confirms. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench_desk.h"
#include "bench_rollout.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_view.h"

#define MINUTE_US (60ULL * 1000000)

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

TestSuite(confirm, .init = begin, .fini = end);

static struct change_result move(enum change_kind kind, const char *name, uint64_t us)
{
    struct change change = bench_desk_change(kind, name, "");

    change.confirm_us = us;
    return bench_desk_do(&desk, &change);
}

static void must_move(enum change_kind kind, const char *name, uint64_t us)
{
    struct change_result result = move(kind, name, us);

    cr_assert(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
}

static struct deploy_confirm_view view_of(unsigned service)
{
    struct deploy_confirm_view view;

    deploy_view_confirm(desk.deploy, service, &view);
    return view;
}

/* The clock goes on, and whoever looks at it does. */
static void pass(uint64_t us)
{
    clock_shift(us);
    bench_desk_run_ms(&desk, 1);
    due_arm(desk.deploy);
}

/* Turns until the service is where it is expected to be. */
static void await_active(const char *service, const char *slot)
{
    for (int i = 0; i < 500 && strcmp(bench_desk_active(&desk, service), slot) != 0; i++)
        bench_desk_run_ms(&desk, 10);
    cr_assert_str_eq(bench_desk_active(&desk, service), slot);
}

Test(confirm, at_the_deadline_it_goes_back)
{
    struct history_entry entry;

    must_move(CHANGE_SWITCH, "shop", 10 * MINUTE_US);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert(view_of(0).is_waiting);
    cr_assert_leq(view_of(0).left_us, 10 * MINUTE_US);
    cr_assert_gt(view_of(0).left_us, 9 * MINUTE_US);
    pass(9 * MINUTE_US);
    bench_desk_run_ms(&desk, 20);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    pass(MINUTE_US);
    await_active("shop", "blue");
    cr_assert(!view_of(0).is_waiting);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_ROLLBACK);
    cr_assert_str_eq(entry.actor, "switchyard");
}

Test(confirm, a_word_that_comes_too_late_is_no_success)
{
    struct change_result late;

    must_move(CHANGE_SWITCH, "shop", MINUTE_US);
    pass(MINUTE_US);
    await_active("shop", "blue");
    late = move(CHANGE_CONFIRM, "shop", 0);
    cr_assert_eq(late.outcome, OUTCOME_REVERTED, "%s", late.words);
    cr_assert_eq(late.fault, FAULT_ROLLED_BACK);
    cr_assert(!late.changed);
    cr_assert_not_null(strstr(late.words, "too late"), "%s", late.words);
    bench_desk_stop(&desk); /* it is on disk */
    bench_desk_must_start(&desk);
    cr_assert_eq(move(CHANGE_CONFIRM, "shop", 0).outcome, OUTCOME_REVERTED);
    must_move(CHANGE_SWITCH, "shop", 0); /* any later move forgets it */
    late = move(CHANGE_CONFIRM, "shop", 0);
    cr_assert_eq(late.outcome, OUTCOME_REFUSED, "%s", late.words);
    cr_assert_str_eq(late.gate, "confirm");
}

Test(confirm, a_word_in_the_same_moment_as_the_way_back_is_too_late)
{
    struct change confirm = bench_desk_change(CHANGE_CONFIRM, "release", "");
    struct change back = bench_desk_change(CHANGE_ROLLBACK, "release", "");
    struct bench_answer answer;
    unsigned open = 0;

    must_move(CHANGE_SWITCH, "release", MINUTE_US);
    snprintf(back.trigger, sizeof back.trigger, "5xx"); /* a rule did it, before the deadline */
    bench_desk_submit(&desk, &back, &answer, &open);
    cr_assert_eq(bench_desk_do(&desk, &confirm).outcome, OUTCOME_REVERTED);
    cr_assert(answer.is_done && answer.result.changed, "%s", answer.result.words);
}

Test(confirm, where_nothing_had_to_be_confirmed_it_is_refused)
{
    cr_assert_eq(move(CHANGE_CONFIRM, "shop", 0).outcome, OUTCOME_REFUSED);
    must_move(CHANGE_SWITCH, "shop", MINUTE_US);
    must_move(CHANGE_ROLLBACK, "shop", 0); /* a person did */
    cr_assert_eq(move(CHANGE_CONFIRM, "shop", 0).outcome, OUTCOME_REFUSED);
}

Test(confirm, confirmed_it_stays)
{
    must_move(CHANGE_SWITCH, "shop", 10 * MINUTE_US);
    must_move(CHANGE_CONFIRM, "shop", 0);
    cr_assert(!view_of(0).is_waiting);
    cr_assert(!move(CHANGE_CONFIRM, "shop", 0).changed);
    cr_assert_eq(move(CHANGE_CONFIRM, "shop", 0).outcome, OUTCOME_DONE, "the same word again");
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_eq(move(CHANGE_CONFIRM, "shop", 0).outcome, OUTCOME_DONE);
    pass(20 * MINUTE_US);
    bench_desk_run_ms(&desk, 20);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

/* The way back as it is asked for at the deadline, judged right behind the change; what it was answered. */
static struct change_result meet_deadline(const struct change *change)
{
    struct change back = bench_desk_change(CHANGE_ROLLBACK, change->name, "");
    struct bench_answer answer;
    struct change_result result;
    unsigned open = 0;

    snprintf(back.trigger, sizeof back.trigger, "confirm");
    bench_desk_submit(&desk, change, &answer, &open);
    result = bench_desk_do_own(&desk, &back);
    cr_assert(answer.is_done && answer.result.changed, "%s", answer.result.words);
    return result;
}

Test(confirm, confirmed_at_the_last_moment_it_stays)
{
    struct change confirm = bench_desk_change(CHANGE_CONFIRM, "release", "");
    struct change_result result;

    must_move(CHANGE_SWITCH, "release", 10 * MINUTE_US);
    result = meet_deadline(&confirm);
    cr_assert(!result.changed && result.outcome == OUTCOME_DONE, "%s", result.words);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "green");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "green");
}

Test(confirm, a_forced_switch_at_the_last_moment_is_not_taken_back)
{
    struct change force = bench_desk_change(CHANGE_SWITCH, "shop", "");
    struct change_result result;

    must_move(CHANGE_SWITCH, "shop", 10 * MINUTE_US);
    force.force = true;
    snprintf(force.reason, sizeof force.reason, "known");
    result = meet_deadline(&force);
    cr_assert(!result.changed && result.outcome == OUTCOME_DONE, "%s", result.words);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(confirm, after_a_restart_what_is_left_counts)
{
    must_move(CHANGE_SWITCH, "shop", 10 * MINUTE_US);
    bench_desk_stop(&desk);
    clock_shift(4 * MINUTE_US);
    bench_desk_must_start(&desk);
    cr_assert(view_of(0).is_waiting);
    cr_assert_leq(view_of(0).left_us, 6 * MINUTE_US);
    cr_assert_gt(view_of(0).left_us, 5 * MINUTE_US);
    bench_desk_run_ms(&desk, 20);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    bench_desk_stop(&desk);
    clock_shift(7 * MINUTE_US);
    bench_desk_must_start(&desk);
    await_active("shop", "blue");
}

Test(confirm, a_second_move_waits_for_the_word)
{
    struct change force = bench_desk_change(CHANGE_SWITCH, "shop", "");
    static const enum change_kind kinds[] = { CHANGE_SWITCH, CHANGE_CANARY_START,
                                              CHANGE_ROLLOUT_START };

    must_move(CHANGE_SWITCH, "shop", 10 * MINUTE_US);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct change_result result = move(kinds[i], "shop", 0);

        cr_assert_eq(result.outcome, OUTCOME_REFUSED);
        cr_assert_str_eq(result.gate, "confirm", "%s", result.words);
    }
    force.force = true;
    snprintf(force.reason, sizeof force.reason, "known");
    cr_assert(bench_desk_do(&desk, &force).changed);
    cr_assert(!view_of(0).is_waiting, "the move that was to be confirmed is history");
}

Test(confirm, a_rollback_by_hand_ends_it)
{
    must_move(CHANGE_SWITCH, "shop", 10 * MINUTE_US);
    must_move(CHANGE_ROLLBACK, "shop", 0);
    cr_assert(!view_of(0).is_waiting);
    must_move(CHANGE_SWITCH, "shop", 0);
}

Test(confirm, no_lock_holds_the_way_back_up)
{
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "", "");

    must_move(CHANGE_SWITCH, "shop", MINUTE_US);
    snprintf(lock.actor, sizeof lock.actor, "uid=9 pid=9");
    cr_assert(bench_desk_do(&desk, &lock).changed);
    pass(MINUTE_US);
    await_active("shop", "blue");
}

Test(confirm, a_group_goes_back_as_a_whole)
{
    must_move(CHANGE_SWITCH, "release", MINUTE_US);
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "green");
    pass(MINUTE_US);
    await_active("web", "blue");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "blue");
}

Test(confirm, a_promotion_can_have_one)
{
    must_move(CHANGE_CANARY_START, "shop", 0);
    must_move(CHANGE_CANARY_PROMOTE, "shop", MINUTE_US);
    cr_assert(view_of(0).is_waiting);
    pass(MINUTE_US);
    await_active("shop", "blue");
}

Test(confirm, what_did_not_move_has_nothing_to_confirm)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "blue");

    change.confirm_us = MINUTE_US;
    cr_assert(!bench_desk_do(&desk, &change).changed);
    cr_assert(!view_of(0).is_waiting);
}

/* The deadline begins with the cutover, and the rollout does not settle before it. */
Test(confirm, a_rollout_can_have_one)
{
    struct change_result result;

    must_move(CHANGE_ROLLOUT_START, "shop", 10 * MINUTE_US);
    pass(20 * MINUTE_US);
    while (bench_rollout_view(&desk, "shop").phase != ROLLOUT_WATCHING)
        must_move(CHANGE_ROLLOUT_ADVANCE, "shop", 0);
    cr_assert(view_of(0).is_waiting);
    result = bench_rollout_phase(&desk, "shop", ROLLOUT_SETTLED);
    cr_assert_str_eq(result.gate, "confirm", "%s", result.words);
    pass(10 * MINUTE_US);
    await_active("shop", "blue");
    cr_assert_eq(bench_rollout_view(&desk, "shop").phase, ROLLOUT_ROLLED_BACK);
    cr_assert_not_null(strstr(bench_rollout_view(&desk, "shop").words, "confirm"));
}

Test(confirm, without_a_way_back_it_stays_with_words)
{
    struct change_result result;

    must_move(CHANGE_SWITCH, "slow", MINUTE_US);
    must_move(CHANGE_SWITCH, "shop", MINUTE_US);
    must_move(CHANGE_CONFIRM, "shop", 0);
    must_move(CHANGE_SWITCH, "shop", 0); /* blue is live; slow will be gone */
    bench_desk_write_config(&desk, bench_rollout_config_without_green);
    result = move(CHANGE_RELOAD, "", 0);
    cr_assert(result.changed, "%s", result.words);
    cr_assert(!view_of(0).is_waiting);
}
