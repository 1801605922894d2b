/* Rollouts over a real desk: their phases with the traffic in them, who may do what meanwhile, reloads, restarts. */
#include "deploy/rollout.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench_desk.h"
#include "bench_rollout.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_priv.h"
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

TestSuite(rollout, .init = begin, .fini = end);

static struct change_result say(enum change_kind kind, const char *name)
{
    return bench_rollout_say(&desk, kind, name);
}

static struct change_result phase(const char *name, enum rollout_phase to)
{
    return bench_rollout_phase(&desk, name, to);
}

static struct deploy_rollout_view view_of(const char *name)
{
    return bench_rollout_view(&desk, name);
}

static void expect_done(const struct change_result *result)
{
    cr_assert_eq(result->outcome, OUTCOME_DONE, "%s", result->words);
    cr_assert(result->changed, "%s", result->words);
}

static void expect_gate(const struct change_result *result, const char *gate)
{
    cr_assert_eq(result->outcome, OUTCOME_REFUSED, "%s", result->words);
    cr_assert_str_eq(result->gate, gate, "%s", result->words);
    cr_assert(!result->changed);
}

static void must(enum change_kind kind, const char *name)
{
    struct change_result result = say(kind, name);

    expect_done(&result);
}

static void must_enter(const char *name, enum rollout_phase to)
{
    struct change_result result = phase(name, to);

    expect_done(&result);
    cr_assert_eq(view_of(name).phase, to, "%s", result.words);
}

Test(rollout, names_and_successors)
{
    cr_assert_str_eq(rollout_phase_name(ROLLOUT_RAMPING), "ramping");
    cr_assert_str_eq(rollout_phase_people(ROLLOUT_STAGED), "deployment");
    cr_assert_str_eq(rollout_phase_people(ROLLOUT_RAMPING), "testing");
    cr_assert_str_eq(rollout_phase_people(ROLLOUT_WATCHING), "cutover");
    cr_assert_str_eq(rollout_phase_people(ROLLOUT_SETTLED), "verified");
    cr_assert_str_eq(rollout_phase_people(ROLLOUT_ROLLED_BACK), "normal");
    for (unsigned from = 0; from < ROLLOUT_PHASE_COUNT; from++) {
        bool is_running = false;

        for (unsigned to = 0; to < ROLLOUT_PHASE_COUNT; to++)
            is_running =
                is_running || rollout_may_follow((enum rollout_phase)from, (enum rollout_phase)to);
        cr_assert_eq(rollout_is_running((enum rollout_phase)from), is_running);
        cr_assert(!rollout_may_follow((enum rollout_phase)from, ROLLOUT_STAGED));
    }
}

Test(rollout, goes_through_its_phases_with_the_traffic)
{
    struct deploy_canary_view canary;
    uint64_t epoch = bench_desk_epoch(&desk);

    must(CHANGE_ROLLOUT_START, "shop");
    cr_assert_eq(bench_desk_epoch(&desk), epoch, "a beginning is no new picture");
    cr_assert_eq(view_of("shop").phase, ROLLOUT_STAGED);
    cr_assert_eq(view_of("shop").id, 1);
    cr_assert_str_eq(view_of("shop").from, "blue");
    cr_assert_str_eq(view_of("shop").to, "green");
    cr_assert_str_eq(view_of("shop").version, "v2");
    cr_assert_str_eq(view_of("shop").profile, "minor");
    must_enter("shop", ROLLOUT_PROVING);
    must_enter("shop", ROLLOUT_READY);
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
    must_enter("shop", ROLLOUT_RAMPING);
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert(canary.is_running && canary.share == 100);
    cr_assert_eq(canary.next_step_us, 0, "the rollout makes the steps");
    must_enter("shop", ROLLOUT_RAMPING);
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert_eq(canary.share, 5000);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    must_enter("shop", ROLLOUT_CUTOVER);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert(!canary.is_running);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 3);
    must_enter("shop", ROLLOUT_WATCHING);
    must_enter("shop", ROLLOUT_SETTLED);
    cr_assert_neq(view_of("shop").ended_wall_us, 0);
    cr_assert(!view_of("shop").is_final);
    must_enter("shop", ROLLOUT_SETTLED);
    cr_assert(view_of("shop").is_final);
    cr_assert(!phase("shop", ROLLOUT_SETTLED).changed);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

/* Every pair that the table does not have is answered without effect. */
Test(rollout, no_phase_is_entered_out_of_order)
{
    static const enum rollout_phase way[] = { ROLLOUT_PROVING, ROLLOUT_READY,    ROLLOUT_RAMPING,
                                              ROLLOUT_CUTOVER, ROLLOUT_WATCHING, ROLLOUT_SETTLED };

    must(CHANGE_ROLLOUT_START, "shop");
    for (size_t i = 0; i <= sizeof way / sizeof way[0]; i++) {
        enum rollout_phase now = view_of("shop").phase;
        uint64_t epoch = bench_desk_epoch(&desk);

        for (unsigned to = 0; to < ROLLOUT_PHASE_COUNT; to++) {
            struct change_result result;

            if (rollout_may_follow(now, (enum rollout_phase)to) || to == (unsigned)now)
                continue;
            result = phase("shop", (enum rollout_phase)to);
            cr_assert(!result.changed, "%s", result.words);
        }
        cr_assert_eq(view_of("shop").phase, now);
        cr_assert_eq(bench_desk_epoch(&desk), epoch);
        if (i < sizeof way / sizeof way[0])
            must_enter("shop", way[i]);
    }
}

Test(rollout, a_phase_is_for_the_driver_alone)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_PHASE, "shop", "");
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    change.phase = ROLLOUT_PROVING;
    change.rollout = 1;
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_USAGE, "%s", result.words);
    change.rollout = 9; /* of another rollout: it was overtaken */
    result = bench_rollout_own(&desk, &change);
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_STAGED);
}

Test(rollout, a_plan_without_a_canary_skips_the_ramp)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", "green");
    struct change_result result;

    change.plan = ROLLOUT_SWITCH;
    snprintf(change.profile, sizeof change.profile, "breaking");
    result = bench_desk_do(&desk, &change);
    expect_done(&result);
    cr_assert_eq(view_of("shop").watch_us, 24ULL * 3600 * 1000000);
    for (int i = 0; i < 3; i++)
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
    cr_assert_eq(view_of("shop").phase, ROLLOUT_CUTOVER);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

Test(rollout, advance_goes_step_by_step)
{
    static const enum rollout_phase way[] = { ROLLOUT_PROVING, ROLLOUT_READY,   ROLLOUT_RAMPING,
                                              ROLLOUT_RAMPING, ROLLOUT_CUTOVER, ROLLOUT_WATCHING,
                                              ROLLOUT_SETTLED };
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
        cr_assert_eq(view_of("shop").phase, way[i], "%zu", i);
    }
    result = say(CHANGE_ROLLOUT_ADVANCE, "shop");
    expect_gate(&result, "rollout");
}

Test(rollout, start_refuses_what_cannot_be)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", "blue");
    struct change_result result = bench_desk_do(&desk, &change);

    expect_gate(&result, "live");
    snprintf(change.slot, sizeof change.slot, "staging");
    result = bench_desk_do(&desk, &change);
    expect_gate(&result, "role");
    snprintf(change.slot, sizeof change.slot, "green");
    snprintf(change.profile, sizeof change.profile, "odd");
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_USAGE, "%s", result.words);
    result = say(CHANGE_ROLLOUT_START, "shoe");
    cr_assert_eq(result.fault, FAULT_UNKNOWN_NAME);
    result = say(CHANGE_ROLLOUT_START, "web");
    expect_gate(&result, "group");
    result = say(CHANGE_CANARY_START, "shop");
    expect_done(&result);
    result = say(CHANGE_ROLLOUT_START, "shop");
    expect_gate(&result, "canary");
    must(CHANGE_CANARY_ABORT, "shop");
    must(CHANGE_ROLLOUT_START, "shop");
    result = say(CHANGE_ROLLOUT_START, "shop");
    expect_gate(&result, "rollout");
    cr_assert_eq(view_of("shop").id, 1);
}

Test(rollout, others_are_refused_meanwhile_and_told_what_to_use)
{
    static const struct {
        enum change_kind kind;
        const char *instead;
    } cases[] = {
        { CHANGE_SWITCH, "rollout advance" },     { CHANGE_CANARY_START, "rollout advance" },
        { CHANGE_CANARY_SET, "rollout advance" }, { CHANGE_CANARY_STEP, "rollout advance" },
        { CHANGE_CANARY_PAUSE, "rollout pause" }, { CHANGE_CANARY_RESUME, "rollout resume" },
        { CHANGE_CANARY_ABORT, "rollout abort" }, { CHANGE_CANARY_PROMOTE, "rollout advance" },
    };

    must(CHANGE_ROLLOUT_START, "shop");
    for (int i = 0; i < 3; i++)
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct change_result result = say(cases[i].kind, "shop");

        expect_gate(&result, "rollout");
        cr_assert_not_null(strstr(result.words, cases[i].instead), "%s", result.words);
    }
    cr_assert_eq(view_of("shop").phase, ROLLOUT_RAMPING);
}

Test(rollout, force_ends_it_and_goes_on)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "it burns");
    snprintf(change.slot, sizeof change.slot, "pink"); /* refused: the rollout goes on */
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.fault, FAULT_UNKNOWN_NAME);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_STAGED);
    snprintf(change.slot, sizeof change.slot, "green");
    result = bench_desk_do(&desk, &change);
    expect_done(&result);
    cr_assert_not_null(strstr(result.words, "rollout 1"), "%s", result.words);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_ABORTED);
    cr_assert_not_null(strstr(view_of("shop").words, "it burns"));
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

Test(rollout, a_rollback_is_always_allowed_and_ends_it)
{
    struct change_result result;

    for (int steps = 0; steps < 6; steps++) {
        must(CHANGE_ROLLOUT_START, "shop");
        for (int i = 0; i < steps; i++)
            must(CHANGE_ROLLOUT_ADVANCE, "shop");
        result = say(CHANGE_ROLLBACK, "shop");
        expect_done(&result);
        cr_assert_eq(view_of("shop").phase, ROLLOUT_ROLLED_BACK, "%d", steps);
        cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
        cr_assert_null(bench_desk_service("shop")->steering);
    }
}

/* The switch before it is not what a person means, and who judges it may not go to what is about to be rolled out. */
Test(rollout, a_rollback_before_any_traffic_moves_nothing)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    struct change_result result = bench_desk_switch(&desk, "shop", "green");
    uint64_t epoch = 0;

    expect_done(&result);
    epoch = bench_desk_epoch(&desk);
    must(CHANGE_ROLLOUT_START, "shop");
    must(CHANGE_ROLLBACK, "shop");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
    must(CHANGE_ROLLOUT_START, "shop");
    snprintf(change.trigger, sizeof change.trigger, "err_mod");
    result = bench_rollout_own(&desk, &change);
    expect_gate(&result, "previous");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert_eq(view_of("shop").phase, ROLLOUT_STAGED, "it goes on");
}

Test(rollout, abort_gives_everybody_back_from_every_phase)
{
    for (int steps = 0; steps < 6; steps++) {
        must(CHANGE_ROLLOUT_START, "shop");
        for (int i = 0; i < steps; i++)
            must(CHANGE_ROLLOUT_ADVANCE, "shop");
        must(CHANGE_ROLLOUT_ABORT, "shop");
        cr_assert_eq(view_of("shop").phase, ROLLOUT_ABORTED, "%d", steps);
        cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
        cr_assert_null(bench_desk_service("shop")->steering);
    }
}

Test(rollout, paused_it_stays_where_it_is)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    must(CHANGE_ROLLOUT_PAUSE, "shop");
    cr_assert(view_of("shop").is_paused);
    cr_assert_str_eq(view_of("shop").waits_for, "rollout resume");
    cr_assert(!say(CHANGE_ROLLOUT_PAUSE, "shop").changed);
    result = phase("shop", ROLLOUT_PROVING);
    cr_assert(!result.changed, "%s", result.words);
    clock_shift(7ULL * 1000000);
    bench_desk_run_ms(&desk, 1);
    must(CHANGE_ROLLOUT_RESUME, "shop");
    cr_assert_geq(view_of("shop").manual_us, 7ULL * 1000000);
    cr_assert(!say(CHANGE_ROLLOUT_RESUME, "shop").changed);
    must_enter("shop", ROLLOUT_PROVING);
}

Test(rollout, never_two_of_one_group)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "web", "");
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "release");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "alone");
    result = bench_desk_do(&desk, &change);
    expect_gate(&result, "rollout");
    result = say(CHANGE_ROLLOUT_ABORT, "web"); /* the one that it is part of */
    expect_done(&result);
    cr_assert_eq(view_of("release").phase, ROLLOUT_ABORTED);
    result = bench_desk_do(&desk, &change);
    expect_done(&result);
    result = say(CHANGE_ROLLOUT_START, "release");
    expect_gate(&result, "rollout");
    must(CHANGE_ROLLOUT_ABORT, "web");
}

Test(rollout, a_group_moves_as_a_whole)
{
    must(CHANGE_ROLLOUT_START, "release");
    while (view_of("release").phase != ROLLOUT_CUTOVER)
        must(CHANGE_ROLLOUT_ADVANCE, "release");
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "green");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "green");
    must(CHANGE_ROLLOUT_ABORT, "release");
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "blue");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "blue");
}

Test(rollout, an_unfit_slot_gets_nothing)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    must_enter("shop", ROLLOUT_PROVING);
    must_enter("shop", ROLLOUT_READY);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_DOWN);
    result = phase("shop", ROLLOUT_RAMPING);
    expect_gate(&result, "target");
    result = phase("shop", ROLLOUT_CUTOVER);
    expect_gate(&result, "target");
    result = say(CHANGE_ROLLOUT_ADVANCE, "shop");
    expect_gate(&result, "target");
    cr_assert_eq(view_of("shop").phase, ROLLOUT_READY);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    must_enter("shop", ROLLOUT_RAMPING);
}

Test(rollout, validation_takes_its_time_unless_forced)
{
    struct change force = bench_desk_change(CHANGE_ROLLOUT_ADVANCE, "slow", "");
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "slow");
    must_enter("slow", ROLLOUT_PROVING);
    result = phase("slow", ROLLOUT_READY);
    expect_gate(&result, "validation");
    clock_shift(299ULL * 1000000);
    must_enter("slow", ROLLOUT_PROVING); /* something was wrong: it begins anew */
    clock_shift(2ULL * 1000000);
    bench_desk_run_ms(&desk, 1);
    result = phase("slow", ROLLOUT_READY);
    expect_gate(&result, "validation");
    clock_shift(299ULL * 1000000);
    bench_desk_run_ms(&desk, 1);
    must_enter("slow", ROLLOUT_READY);
    must(CHANGE_ROLLOUT_ABORT, "slow");
    must(CHANGE_ROLLOUT_START, "slow");
    must_enter("slow", ROLLOUT_PROVING);
    result = say(CHANGE_ROLLOUT_ADVANCE, "slow");
    expect_gate(&result, "validation");
    force.force = true;
    snprintf(force.reason, sizeof force.reason, "known");
    result = bench_desk_do(&desk, &force);
    expect_done(&result);
}

Test(rollout, an_old_step_of_the_driver_is_none)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_PHASE, "shop", "");
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    for (int i = 0; i < 4; i++)
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
    change.phase = ROLLOUT_RAMPING;
    change.rollout = 1;
    change.share = 100; /* it has seen 1 %, by now there is 50 % */
    result = bench_rollout_own(&desk, &change);
    cr_assert(!result.changed && result.outcome == OUTCOME_DONE, "%s", result.words);
    change.share = 5000; /* the last one */
    result = bench_rollout_own(&desk, &change);
    cr_assert(!result.changed, "%s", result.words);
}

Test(rollout, survives_restarts_in_every_phase)
{
    static const char *const live[] = { "blue", "blue", "blue", "blue", "blue", "green", "green" };

    must(CHANGE_ROLLOUT_START, "shop");
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        struct deploy_rollout_view was = view_of("shop");
        struct deploy_rollout_view is;

        bench_desk_stop(&desk);
        clock_shift(3600ULL * 1000000);
        bench_desk_must_start(&desk);
        bench_desk_run_ms(&desk, 1);
        is = view_of("shop");
        cr_assert_eq(is.id, was.id);
        cr_assert_eq(is.phase, was.phase);
        cr_assert_eq(is.entered_wall_us, was.entered_wall_us);
        cr_assert_geq(is.in_phase_us, was.in_phase_us + 3599ULL * 1000000, "%zu: %llu %llu", i,
                      (unsigned long long)is.in_phase_us, (unsigned long long)was.in_phase_us);
        cr_assert_str_eq(is.words, was.words);
        cr_assert_str_eq(bench_desk_active(&desk, "shop"), live[i], "%zu", i);
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
    }
    cr_assert_eq(view_of("shop").phase, ROLLOUT_SETTLED);
}

/* A stabilisation of two days, over three restarts in between. */
Test(rollout, counts_two_days_across_three_restarts)
{
    const uint64_t hour_us = 3600ULL * 1000000;
    uint64_t in_phase_us = 0;

    must(CHANGE_ROLLOUT_START, "shop");
    while (view_of("shop").phase != ROLLOUT_WATCHING)
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
    for (int i = 0; i < 3; i++) {
        clock_shift(7 * hour_us);
        bench_desk_stop(&desk);
        clock_shift(9 * hour_us);
        bench_desk_must_start(&desk);
    }
    in_phase_us = view_of("shop").in_phase_us;
    cr_assert_geq(in_phase_us, 48 * hour_us);
    cr_assert_lt(in_phase_us, 49 * hour_us);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_WATCHING);
}

Test(rollout, a_reload_ends_what_has_lost_its_slot)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "shop");
    for (int i = 0; i < 3; i++)
        must(CHANGE_ROLLOUT_ADVANCE, "shop");
    result = say(CHANGE_RELOAD, "");
    expect_done(&result);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_RAMPING, "it survives a reload");
    bench_desk_write_config(&desk, bench_rollout_config_without_green);
    result = say(CHANGE_RELOAD, "");
    expect_done(&result);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_ABORTED);
    cr_assert_not_null(strstr(view_of("shop").words, "there no more"), "%s", view_of("shop").words);
    cr_assert_null(bench_desk_service("shop")->steering);
}

Test(rollout, a_reload_forgets_the_rollout_of_a_service_that_is_gone)
{
    struct change_result result;

    must(CHANGE_ROLLOUT_START, "slow");
    bench_desk_write_config(&desk, bench_rollout_config_without_green);
    result = say(CHANGE_RELOAD, "");
    expect_done(&result);
    cr_assert(!deploy_rollout_at(desk.deploy, 0, NULL, &(struct deploy_rollout_view){ .id = 0 }));
    must(CHANGE_ROLLOUT_START, "shop");
    cr_assert_eq(view_of("shop").id, 2, "numbers are not given twice");
}

Test(rollout, a_lock_of_its_starter_does_not_stop_it_one_of_another_does)
{
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "shop", "");
    struct change step = bench_desk_change(CHANGE_ROLLOUT_PHASE, "shop", "");
    struct change_result result;
    struct history_entry entry;

    must(CHANGE_ROLLOUT_START, "shop");
    bench_desk_do(&desk, &lock);
    must_enter("shop", ROLLOUT_PROVING);
    lock.kind = CHANGE_LOCK_RELEASE;
    bench_desk_do(&desk, &lock);
    lock.kind = CHANGE_LOCK_ACQUIRE;
    snprintf(lock.actor, sizeof lock.actor, "uid=7 pid=8");
    bench_desk_do(&desk, &lock);
    snprintf(step.actor, sizeof step.actor, "switchyard");
    step.phase = ROLLOUT_READY;
    step.rollout = 1;
    result = bench_rollout_own(&desk, &step);
    expect_gate(&result, "lock");
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_LOCK_ACQUIRE, "what is asked every few seconds is not noted");
    lock.kind = CHANGE_LOCK_RELEASE;
    bench_desk_do(&desk, &lock);
    bench_desk_run_ms(&desk, 20);
    cr_assert_eq(view_of("shop").phase, ROLLOUT_PROVING, "what was found then counts no more");
    must_enter("shop", ROLLOUT_READY);
}

Test(rollout, a_plan_of_a_start_shows_its_gates)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", "");
    struct change_result result;

    change.plan_only = true;
    result = bench_desk_do(&desk, &change);
    cr_assert(result.token[0] != '\0' && result.gate_count > 2, "%s", result.words);
    cr_assert_eq(view_of("shop").id, 0);
}

Test(rollout, slots_have_the_words_of_a_deployment)
{
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "blue"), "LIVE");
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "green"), "STANDBY");
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "staging"), "IDLE");
    must(CHANGE_ROLLOUT_START, "shop");
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "green"), "DEPLOYING");
    must_enter("shop", ROLLOUT_PROVING);
    must_enter("shop", ROLLOUT_READY);
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "green"), "VALIDATING");
    must_enter("shop", ROLLOUT_CUTOVER);
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "green"), "LIVE");
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "blue"), "STANDBY");
    must(CHANGE_ROLLBACK, "shop");
    cr_assert_str_eq(deploy_slot_label(desk.deploy, 0, "blue"), "LIVE");
}

Test(rollout, a_note_is_shown_until_the_phase_ends)
{
    struct deploy_rollout_note note = { .waits_for = "evidence", .is_held = true };

    must(CHANGE_ROLLOUT_START, "shop");
    deploy_note_rollout(desk.deploy, 1, &note);
    cr_assert_str_eq(view_of("shop").waits_for, "evidence");
    cr_assert(view_of("shop").is_held);
    note = (struct deploy_rollout_note){ .waits_for = "1 approval", .is_manual = true };
    deploy_note_rollout(desk.deploy, 1, &note);
    clock_shift(5ULL * 1000000);
    bench_desk_run_ms(&desk, 1);
    must_enter("shop", ROLLOUT_PROVING);
    cr_assert_str_eq(view_of("shop").waits_for, "");
    cr_assert(!view_of("shop").is_held);
    cr_assert_geq(view_of("shop").manual_us, 5ULL * 1000000);
    deploy_note_rollout(desk.deploy, 99, &note); /* nobody's */
    cr_assert_str_eq(view_of("shop").waits_for, "");
}
