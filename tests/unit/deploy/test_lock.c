/* The lock: others wait, the owner passes, it ends by release, by its time, or by force. */
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

TestSuite(lock, .init = begin, .fini = end);

static struct change by(const char *actor, enum change_kind kind, const char *name,
                        const char *slot)
{
    struct change change = bench_desk_change(kind, name, slot);

    snprintf(change.actor, sizeof change.actor, "%s", actor);
    return change;
}

static struct change_result acquire(const char *actor, const char *name, uint64_t ttl_us)
{
    struct change change = by(actor, CHANGE_LOCK_ACQUIRE, name, "");

    change.ttl_us = ttl_us;
    snprintf(change.reason, sizeof change.reason, "%s", "release 17");
    return bench_desk_do(&desk, &change);
}

Test(lock, others_wait_until_it_is_released)
{
    struct change change = by("uid=2 pid=9", CHANGE_SWITCH, "shop", "green");
    struct bench_answer answer;
    struct deploy_lock_view view;
    unsigned open = 0;
    uint64_t epoch = bench_desk_epoch(&desk);

    cr_assert_eq(acquire("uid=1 pid=5", "", 0).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_epoch(&desk), epoch, "a lock is in no picture");
    bench_desk_submit(&desk, &change, &answer, &open);
    bench_desk_run_ms(&desk, 50);
    cr_assert(!answer.is_done);
    deploy_view_lock(desk.deploy, &view);
    cr_assert_str_eq(view.owner, "uid=1");
    cr_assert_eq(view.waiting, 1);
    cr_assert_gt(view.left_us, 0);
    /* the owner passes, also with another process */
    change = by("uid=1 pid=6", CHANGE_SWITCH, "web", "green");
    cr_assert_eq(bench_desk_do(&desk, &change).fault, FAULT_GATE_REFUSED);
    change = by("uid=1 pid=7", CHANGE_LOCK_RELEASE, "", "");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    bench_desk_wait(&desk, &open);
    cr_assert_eq(answer.result.outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

Test(lock, ends_by_its_time)
{
    struct change change = by("uid=2", CHANGE_SWITCH, "shop", "green");
    struct deploy_lock_view view;

    cr_assert_eq(acquire("uid=1", "shop", 100000).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    deploy_view_lock(desk.deploy, &view);
    cr_assert(!view.is_held);
}

/* Whoever names no time and dies does not hold everything for ever. */
Test(lock, has_an_end_when_none_is_named)
{
    struct deploy_lock_view view;

    cr_assert_eq(acquire("uid=1", "shop", 0).outcome, OUTCOME_DONE);
    deploy_view_lock(desk.deploy, &view);
    cr_assert_gt(view.left_us, 3590ull * 1000000);
    cr_assert_leq(view.left_us, 3600ull * 1000000);
}

static struct change_result acquire_for(const char *actor, const char *reason)
{
    struct change change = by(actor, CHANGE_LOCK_ACQUIRE, "shop", "");

    snprintf(change.reason, sizeof change.reason, "%s", reason);
    return bench_desk_do(&desk, &change);
}

Test(lock, two_jobs_of_one_user_exclude_each_other)
{
    struct change change = by("uid=1 pid=7", CHANGE_LOCK_ACQUIRE, "shop", "");
    struct deploy_lock_view view;
    struct change_result second;

    cr_assert_eq(acquire_for("uid=1 pid=5", "job 17").outcome, OUTCOME_DONE);
    second = acquire_for("uid=1 pid=6", "job 18");
    cr_assert_eq(second.outcome, OUTCOME_CONFLICT, "%s", second.words);
    cr_assert_eq(second.fault, FAULT_LOCKED);
    cr_assert_not_null(strstr(second.words, "job 17"), "%s", second.words);
    second = acquire_for("uid=1 pid=6", "job 17"); /* the same again: more time */
    cr_assert_eq(second.outcome, OUTCOME_DONE);
    cr_assert_not_null(strstr(second.words, "renews"), "%s", second.words);
    deploy_view_lock(desk.deploy, &view);
    cr_assert_str_eq(view.reason, "job 17");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "job 19");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    deploy_view_lock(desk.deploy, &view);
    cr_assert_str_eq(view.reason, "job 19");
}

Test(lock, covers_its_services_only)
{
    struct change change = by("uid=2", CHANGE_TARGET_MAINT, "web", "green");
    struct bench_answer answer;
    unsigned open = 0;

    snprintf(change.target, sizeof change.target, "%s", "127.0.0.1:6002");
    cr_assert_eq(acquire("uid=1", "release", 0).outcome, OUTCOME_DONE);
    cr_assert_eq(acquire("uid=2", "shop", 0).outcome, OUTCOME_DONE);
    bench_desk_submit(&desk, &change, &answer, &open);
    change = by("uid=2", CHANGE_SWITCH, "shop", "green");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert(!answer.is_done, "web belongs to the locked group");
    cr_assert(deploy_cancel(desk.deploy, &answer));
    cr_assert(!deploy_cancel(desk.deploy, &answer));
}

Test(lock, force_with_a_reason_passes_and_takes_it_over)
{
    struct change change = by("uid=2", CHANGE_SWITCH, "shop", "green");
    struct deploy_lock_view view;
    struct history_entry entry;

    cr_assert_eq(acquire("uid=1", "", 0).outcome, OUTCOME_DONE);
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "%s", "emergency");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert(entry.is_forced);
    cr_assert_str_eq(entry.reason, "emergency");
    change = by("uid=2", CHANGE_LOCK_RELEASE, "", "");
    cr_assert_eq(bench_desk_do(&desk, &change).fault, FAULT_LOCKED);
    change = by("uid=2", CHANGE_LOCK_ACQUIRE, "", "");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "%s", "mine");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    deploy_view_lock(desk.deploy, &view);
    cr_assert_str_eq(view.owner, "uid=2");
}

Test(lock, a_second_acquire_waits_its_turn)
{
    struct change change = by("uid=2", CHANGE_LOCK_ACQUIRE, "", "");
    struct bench_answer answer;
    unsigned open = 0;

    cr_assert_eq(acquire("uid=1", "", 0).outcome, OUTCOME_DONE);
    bench_desk_submit(&desk, &change, &answer, &open);
    change = by("uid=1", CHANGE_LOCK_RELEASE, "", "");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    bench_desk_wait(&desk, &open);
    cr_assert_eq(answer.result.outcome, OUTCOME_DONE);
    change = by("uid=2", CHANGE_LOCK_RELEASE, "", "");
    cr_assert(bench_desk_do(&desk, &change).changed);
    cr_assert(!bench_desk_do(&desk, &change).changed);
}

Test(lock, a_stop_refuses_who_waits)
{
    struct change change = by("uid=2", CHANGE_SWITCH, "shop", "green");
    struct bench_answer answer;
    unsigned open = 0;

    cr_assert_eq(acquire("uid=1", "", 0).outcome, OUTCOME_DONE);
    bench_desk_submit(&desk, &change, &answer, &open);
    bench_desk_run_ms(&desk, 20);
    deploy_stop(desk.deploy);
    bench_desk_wait(&desk, &open);
    cr_assert_eq(answer.result.fault, FAULT_SHUTTING_DOWN);
    cr_assert_eq(bench_desk_do(&desk, &change).fault, FAULT_SHUTTING_DOWN);
}

Test(lock, a_reload_waits_and_reads_the_file_at_its_turn)
{
    struct change change = by("uid=2", CHANGE_RELOAD, "", "");
    struct bench_answer answer;
    unsigned open = 0;

    cr_assert_eq(acquire("uid=1", "shop", 0).outcome, OUTCOME_DONE);
    bench_desk_submit(&desk, &change, &answer, &open);
    bench_desk_run_ms(&desk, 50);
    cr_assert(!answer.is_done);
    bench_desk_write_config(&desk, "listener http {");
    change = by("uid=1", CHANGE_LOCK_RELEASE, "shop", "");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    bench_desk_wait(&desk, &open);
    cr_assert_eq(answer.result.fault, FAULT_CONFIG_BAD);
}
