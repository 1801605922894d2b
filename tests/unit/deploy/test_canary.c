/* Canaries over a real desk: begun, moved, paused, ended; alone and as a group; over restarts and reloads. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/state_disk_priv.h"
#include "fault_io.h"
#include "net/timer.h"
#include "route/split.h"

static const char config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  hosts = { \"shop.example\" }\n"
    "  health { enabled = false }\n"
    "  canary { steps = { \"1%\", \"10%\", \"50%\" } key = { \"cookie:uid\", \"client-ip\" } }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
    "  slot red { targets = { \"127.0.0.1:5003\" } }\n"
    "  slot staging { targets = { \"127.0.0.1:5009\" } role = \"staging\" }\n"
    "  slot trial { targets = { \"127.0.0.1:5010\" } role = \"staging\" allow_live = true }\n"
    "}\n"
    "service web {\n"
    "  hosts = { \"web.example\" }\n"
    "  canary { steps = { \"5%\", \"25%\" } }\n"
    "  slot blue { targets = { \"127.0.0.1:6001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:6002\" } }\n"
    "}\n"
    "service api {\n"
    "  hosts = { \"api.example\" }\n"
    "  slot blue { targets = { \"127.0.0.1:7001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:7002\" } }\n"
    "}\n"
    "group release { services = { \"web\", \"api\" } }\n";

static const char timed_config[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                                   "service shop {\n"
                                   "  health { enabled = false }\n"
                                   "  canary { steps = { \"1%\", \"10%\" } step_time = \"30ms\" }\n"
                                   "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                                   "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
                                   "}\n";

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, config);
    bench_desk_must_start(&desk);
    fault_io_set(FAULT_IO_NONE, 0, 0);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(canary, .init = begin, .fini = end);

static struct change_result submit(enum change_kind kind, const char *name, const char *slot,
                                   uint32_t share)
{
    struct change change = bench_desk_change(kind, name, slot);

    change.share = share;
    return bench_desk_do(&desk, &change);
}

static struct change_result force(enum change_kind kind, const char *name, const char *slot)
{
    struct change change = bench_desk_change(kind, name, slot);

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "%s", "test");
    return bench_desk_do(&desk, &change);
}

static struct deploy_canary_view view_of(unsigned service)
{
    struct deploy_canary_view view;

    deploy_view_canary(desk.deploy, service, &view);
    return view;
}

static const struct split *split_of(const char *service)
{
    const struct steering *steering = bench_desk_service(service)->steering;

    return steering != NULL ? &steering->split : NULL;
}

static enum role role_of(const char *service, const char *slot)
{
    const struct snapshot_service *found = bench_desk_service(service);

    for (unsigned i = 0; i < found->slot_count; i++)
        if (strcmp(found->slots[i].slot->name, slot) == 0)
            return found->slots[i].role;
    return ROLE_OFF;
}

static void expect_done(const struct change_result *result)
{
    cr_assert_eq(result->outcome, OUTCOME_DONE, "%s", result->words);
    cr_assert(result->changed && result->is_durable, "%s", result->words);
}

static void expect_gate(const struct change_result *result, const char *gate)
{
    cr_assert_eq(result->outcome, OUTCOME_REFUSED, "%s", result->words);
    cr_assert_eq(result->fault, FAULT_GATE_REFUSED, "%s", result->words);
    cr_assert_str_eq(result->gate, gate, "%s", result->words);
    cr_assert(!result->changed);
}

Test(canary, begins_with_the_first_step_and_is_in_the_picture)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "green", 0);
    struct deploy_canary_view view = view_of(0);
    const struct split *split = split_of("shop");

    expect_done(&result);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_str_eq(result.from, "blue");
    cr_assert_str_eq(result.to, "green");
    cr_assert_eq(result.share, 100);
    cr_assert(view.is_running && !view.is_paused);
    cr_assert_str_eq(view.candidate, "green");
    cr_assert_eq(view.step, 1);
    cr_assert_eq(view.step_count, 3);
    cr_assert_eq(view.next_step_us, 0, "steps by command only");
    cr_assert_not_null(split);
    cr_assert_eq(split->candidate, 1);
    cr_assert_eq(split->share, 100);
    cr_assert_eq(split->salt, view.salt);
    cr_assert_eq(split->key_count, 2);
    cr_assert_eq(split->keys[0].kind, SPLIT_COOKIE);
    cr_assert_str_eq(split->keys[0].name, "uid");
    cr_assert_eq(role_of("shop", "green"), ROLE_CANDIDATE);
    cr_assert_eq(role_of("shop", "blue"), ROLE_LIVE);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(canary, a_service_without_one_has_no_steering)
{
    cr_assert_null(bench_desk_service("shop")->steering);
    cr_assert(!view_of(0).is_running);
    submit(CHANGE_CANARY_START, "shop", "green", 0);
    submit(CHANGE_CANARY_ABORT, "shop", "", 0);
    cr_assert_null(bench_desk_service("shop")->steering);
}

Test(canary, every_rollout_has_a_salt_of_its_own)
{
    uint64_t first = 0;

    submit(CHANGE_CANARY_START, "shop", "green", 500);
    first = view_of(0).salt;
    submit(CHANGE_CANARY_SET, "shop", "", 600);
    cr_assert_eq(view_of(0).salt, first, "a share does not move anybody back");
    submit(CHANGE_CANARY_ABORT, "shop", "", 0);
    submit(CHANGE_CANARY_START, "shop", "green", 500);
    cr_assert_neq(view_of(0).salt, first);
}

Test(canary, start_refuses_what_cannot_be)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "blue", 100);

    expect_gate(&result, "live");
    result = submit(CHANGE_CANARY_START, "shop", "staging", 100);
    expect_gate(&result, "role");
    result = submit(CHANGE_CANARY_START, "shop", "pink", 100);
    cr_assert_eq(result.fault, FAULT_UNKNOWN_NAME);
    result = submit(CHANGE_CANARY_START, "shoe", "", 100);
    cr_assert_eq(result.fault, FAULT_UNKNOWN_NAME);
    result = submit(CHANGE_CANARY_START, "shop", "", 100);
    cr_assert_eq(result.outcome, OUTCOME_USAGE, "two slots are possible: %s", result.words);
    result = submit(CHANGE_CANARY_START, "shop", "green", SPLIT_WHOLE + 1);
    cr_assert_eq(result.outcome, OUTCOME_USAGE);
    result = submit(CHANGE_CANARY_START, "web", "green", 100);
    expect_gate(&result, "group");
    result = submit(CHANGE_CANARY_START, "release", "green", 100);
    expect_gate(&result, "target"); /* health is on, nothing is known */
    cr_assert_null(split_of("shop"));
}

Test(canary, a_staging_slot_that_may_go_live_may_be_a_candidate)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "trial", 100);

    expect_done(&result);
    cr_assert_eq(role_of("shop", "trial"), ROLE_CANDIDATE);
    result = submit(CHANGE_CANARY_ABORT, "shop", "", 0);
    cr_assert_eq(role_of("shop", "trial"), ROLE_STAGING);
}

Test(canary, a_second_start_is_the_same_or_refused)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "green", 250);

    result = submit(CHANGE_CANARY_START, "shop", "green", 0);
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed, "%s", result.words);
    cr_assert_eq(result.share, 250);
    result = submit(CHANGE_CANARY_START, "shop", "green", 300);
    expect_gate(&result, "canary");
    result = submit(CHANGE_CANARY_START, "shop", "red", 0);
    expect_gate(&result, "canary");
    result = force(CHANGE_CANARY_START, "shop", "red");
    expect_gate(&result, "canary"); /* not even with force */
    cr_assert_str_eq(view_of(0).candidate, "green");
}

Test(canary, set_moves_the_share_and_zero_keeps_the_canary)
{
    struct change_result result = submit(CHANGE_CANARY_SET, "shop", "", 100);

    expect_gate(&result, "canary");
    submit(CHANGE_CANARY_START, "shop", "green", 0);
    result = submit(CHANGE_CANARY_SET, "shop", "", 3333);
    expect_done(&result);
    cr_assert_eq(result.share, 3333);
    cr_assert_eq(view_of(0).step, 0, "none of the steps");
    result = submit(CHANGE_CANARY_SET, "shop", "", 3333);
    cr_assert(!result.changed && result.outcome == OUTCOME_DONE);
    result = submit(CHANGE_CANARY_SET, "shop", "", 0);
    expect_done(&result);
    cr_assert(view_of(0).is_running);
    cr_assert_eq(split_of("shop")->share, 0);
    cr_assert_eq(role_of("shop", "green"), ROLE_CANDIDATE);
    result = submit(CHANGE_CANARY_SET, "shop", "", SPLIT_WHOLE + 1);
    cr_assert_eq(result.outcome, OUTCOME_USAGE);
}

Test(canary, steps_go_on_from_where_the_share_is)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "green", 0);

    result = submit(CHANGE_CANARY_STEP, "shop", "", 0);
    expect_done(&result);
    cr_assert_eq(result.share, 1000);
    cr_assert_eq(view_of(0).step, 2);
    submit(CHANGE_CANARY_SET, "shop", "", 4000);
    result = submit(CHANGE_CANARY_STEP, "shop", "", 0);
    cr_assert_eq(result.share, 5000);
    result = submit(CHANGE_CANARY_STEP, "shop", "", 0);
    expect_gate(&result, "canary");
    cr_assert_not_null(strstr(result.words, "promote"));
    cr_assert_eq(view_of(0).share, 5000);
}

Test(canary, more_users_need_a_fit_target_fewer_do_not)
{
    struct change_result result = force(CHANGE_CANARY_START, "release", "green");

    expect_done(&result);
    result = submit(CHANGE_CANARY_STEP, "release", "", 0);
    expect_gate(&result, "target");
    result = submit(CHANGE_CANARY_SET, "release", "", 1);
    expect_done(&result);
    bench_desk_verdict(&desk, "web", "green", VERDICT_UP);
    bench_desk_verdict(&desk, "api", "green", VERDICT_UP);
    result = submit(CHANGE_CANARY_STEP, "release", "", 0);
    expect_done(&result);
}

Test(canary, pause_and_resume_are_no_new_picture)
{
    struct change_result result = submit(CHANGE_CANARY_PAUSE, "shop", "", 0);
    uint64_t epoch = 0;

    expect_gate(&result, "canary");
    submit(CHANGE_CANARY_START, "shop", "green", 0);
    epoch = bench_desk_epoch(&desk);
    result = submit(CHANGE_CANARY_PAUSE, "shop", "", 0);
    expect_done(&result);
    cr_assert(view_of(0).is_paused);
    result = submit(CHANGE_CANARY_PAUSE, "shop", "", 0);
    cr_assert(!result.changed && result.outcome == OUTCOME_DONE);
    result = submit(CHANGE_CANARY_STEP, "shop", "", 0);
    expect_done(&result); /* by command it moves all the same */
    result = submit(CHANGE_CANARY_RESUME, "shop", "", 0);
    expect_done(&result);
    cr_assert(!view_of(0).is_paused);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
}

Test(canary, abort_ends_it_and_is_asked_twice_without_harm)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "green", 0);

    result = submit(CHANGE_CANARY_ABORT, "shop", "", 0);
    expect_done(&result);
    cr_assert_str_eq(result.from, "green");
    cr_assert_str_eq(result.to, "blue");
    cr_assert(!view_of(0).is_running);
    result = submit(CHANGE_CANARY_ABORT, "shop", "", 0);
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(canary, promote_is_the_switch_in_one_epoch)
{
    struct change_result result = submit(CHANGE_CANARY_PROMOTE, "shop", "", 0);
    uint64_t epoch = 0;

    expect_gate(&result, "canary");
    submit(CHANGE_CANARY_START, "shop", "green", 0);
    epoch = bench_desk_epoch(&desk);
    result = submit(CHANGE_CANARY_PROMOTE, "shop", "", 0);
    expect_done(&result);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_str_eq(result.to, "green");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert(!view_of(0).is_running);
    result = submit(CHANGE_ROLLBACK, "shop", "", 0);
    expect_done(&result);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(canary, a_switch_goes_to_the_candidate_or_needs_force)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "green", 0);

    result = submit(CHANGE_SWITCH, "shop", "red", 0);
    expect_gate(&result, "canary");
    result = submit(CHANGE_SWITCH, "shop", "blue", 0);
    expect_gate(&result, "canary");
    cr_assert(view_of(0).is_running);
    result = submit(CHANGE_SWITCH, "shop", "", 0);
    expect_done(&result);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert(!view_of(0).is_running);
    submit(CHANGE_CANARY_START, "shop", "blue", 0);
    result = force(CHANGE_SWITCH, "shop", "red");
    expect_done(&result);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "red");
    cr_assert(!view_of(0).is_running);
    submit(CHANGE_CANARY_START, "shop", "blue", 0);
    result = force(CHANGE_SWITCH, "shop", "red"); /* where it is: the canary ends all the same */
    expect_done(&result);
    cr_assert(!view_of(0).is_running);
}

Test(canary, a_rollback_takes_back_the_canary_first)
{
    struct change_result result = submit(CHANGE_SWITCH, "shop", "green", 0);

    submit(CHANGE_CANARY_START, "shop", "red", 0);
    result = submit(CHANGE_ROLLBACK, "shop", "", 0);
    expect_done(&result);
    cr_assert_str_eq(result.from, "red");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert(!view_of(0).is_running);
    result = submit(CHANGE_ROLLBACK, "shop", "", 0);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(canary, of_a_group_has_one_salt_one_share_one_epoch)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result;

    bench_desk_verdict(&desk, "web", "green", VERDICT_UP);
    bench_desk_verdict(&desk, "api", "green", VERDICT_UP);
    result = submit(CHANGE_CANARY_START, "release", "", 0);
    expect_done(&result);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_eq(result.share, 500);
    cr_assert_eq(split_of("web")->salt, split_of("api")->salt);
    cr_assert_eq(split_of("api")->share, 500);
    result = submit(CHANGE_CANARY_STEP, "release", "", 0);
    cr_assert_eq(split_of("web")->share, 2500);
    cr_assert_eq(split_of("api")->share, 2500);
    cr_assert_eq(view_of(2).step, 2, "the steps are those of the first service");
    cr_assert_eq(view_of(2).step_count, 2);
    result = submit(CHANGE_CANARY_ABORT, "web", "", 0);
    expect_gate(&result, "group");
    result = submit(CHANGE_CANARY_PROMOTE, "release", "", 0);
    expect_done(&result);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "green");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "green");
}

Test(canary, of_a_single_member_stands_in_the_way_of_the_group)
{
    struct change_result result = force(CHANGE_CANARY_START, "web", "green");

    expect_done(&result);
    cr_assert_null(split_of("api"));
    result = force(CHANGE_CANARY_START, "release", "green");
    expect_gate(&result, "canary");
    result = submit(CHANGE_CANARY_ABORT, "release", "", 0);
    expect_done(&result);
    cr_assert(!view_of(1).is_running);
}

Test(canary, survives_a_restart_as_it_was)
{
    struct deploy_canary_view was;
    struct deploy_canary_view is;

    submit(CHANGE_CANARY_START, "shop", "green", 1234);
    submit(CHANGE_CANARY_PAUSE, "shop", "", 0);
    was = view_of(0);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    is = view_of(0);
    cr_assert(is.is_running && is.is_paused);
    cr_assert_str_eq(is.candidate, "green");
    cr_assert_eq(is.salt, was.salt);
    cr_assert_eq(is.share, 1234);
    cr_assert_eq(is.started_wall_us, was.started_wall_us);
    cr_assert_eq(split_of("shop")->salt, was.salt);
}

static struct change_result reload(const char *text)
{
    bench_desk_write_config(&desk, text);
    return submit(CHANGE_RELOAD, "", "", 0);
}

Test(canary, stays_over_a_reload_and_ends_with_its_slot)
{
    static const char without_green[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                                        "service shop {\n"
                                        "  health { enabled = false }\n"
                                        "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
                                        "  slot red { targets = { \"127.0.0.1:5003\" } }\n"
                                        "}\n";
    uint64_t salt = 0;
    struct change_result result;

    submit(CHANGE_CANARY_START, "shop", "green", 4000);
    salt = view_of(0).salt;
    result = reload(config);
    expect_done(&result);
    cr_assert_eq(view_of(0).salt, salt);
    cr_assert_eq(split_of("shop")->share, 4000);
    result = reload(without_green);
    expect_done(&result);
    cr_assert(!view_of(0).is_running);
    cr_assert_not_null(strstr(result.words, "canary is over"), "%s", result.words);
}

Test(canary, ends_at_the_start_when_its_slot_may_not_go_live_any_more)
{
    static const char staged[] =
        "listener http { bind = \"127.0.0.1:0\" }\n"
        "service shop {\n"
        "  health { enabled = false }\n"
        "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
        "  slot green { targets = { \"127.0.0.1:5002\" } role = \"staging\" }\n"
        "}\n";

    submit(CHANGE_CANARY_START, "shop", "green", 4000);
    bench_desk_stop(&desk);
    bench_desk_write_config(&desk, staged);
    bench_desk_must_start(&desk);
    cr_assert(!view_of(0).is_running);
    cr_assert_gt(desk.report.count, 0);
}

Test(canary, is_aborted_although_the_disk_takes_nothing)
{
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "green", 4000);

    desk.deploy->file->io = &fault_io;
    fault_io_set(FAULT_IO_BROKEN, 1, EIO);
    result = submit(CHANGE_CANARY_SET, "shop", "", 9000);
    cr_assert_eq(result.fault, FAULT_NOT_DURABLE);
    cr_assert_eq(result.share, 0);
    cr_assert_eq(split_of("shop")->share, 4000);
    result = submit(CHANGE_CANARY_ABORT, "shop", "", 0);
    cr_assert_eq(result.outcome, OUTCOME_VOLATILE, "%s", result.words);
    cr_assert_null(split_of("shop"));
    fault_io_set(FAULT_IO_NONE, 0, 0);
}

Test(canary, is_in_the_history_with_its_share)
{
    struct history_entry entry;

    submit(CHANGE_CANARY_START, "shop", "green", 700);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_CANARY_START);
    cr_assert_eq(entry.share, 700);
    cr_assert_str_eq(entry.to, "green");
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_CANARY_START);
    cr_assert_eq(entry.share, 700);
}

/* Turns of the loop until the share is there; the bound only ends a test that fails. */
static bool wait_for_share(uint32_t share)
{
    for (int i = 0; i < 1000 && view_of(0).share != share; i++)
        bench_desk_run_ms(&desk, 5);
    return view_of(0).share == share;
}

static void begin_timed(void)
{
    bench_desk_init(&desk, timed_config);
    bench_desk_must_start(&desk);
}

TestSuite(canary_time, .init = begin_timed, .fini = end);

Test(canary_time, takes_its_steps_by_itself_and_stays_at_the_last)
{
    struct history_entry entry;
    struct change_result result = submit(CHANGE_CANARY_START, "shop", "", 0);

    cr_assert(view_of(0).next_step_us > 0 && view_of(0).next_step_us <= 30000);
    cr_assert(wait_for_share(1000));
    cr_assert_eq(view_of(0).next_step_us, 0);
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_CANARY_STEP);
    cr_assert_str_eq(entry.actor, "switchyard");
    result = submit(CHANGE_CANARY_PROMOTE, "shop", "", 0);
    expect_done(&result);
}

Test(canary_time, does_not_move_while_it_is_paused)
{
    submit(CHANGE_CANARY_START, "shop", "", 0);
    submit(CHANGE_CANARY_PAUSE, "shop", "", 0);
    cr_assert_eq(view_of(0).next_step_us, 0);
    cr_assert(!timer_is_armed(desk.deploy->due), "nothing is due");
    submit(CHANGE_CANARY_RESUME, "shop", "", 0);
    cr_assert(wait_for_share(1000));
}

Test(canary_time, a_step_that_is_due_comes_after_the_restart)
{
    submit(CHANGE_CANARY_START, "shop", "", 0);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_eq(view_of(0).share, 100);
    cr_assert(view_of(0).next_step_us > 0 && view_of(0).next_step_us <= 30000);
    cr_assert(wait_for_share(1000));
}

/* It is not kept for the moment in which the lock is released, but asked for anew. */
Test(canary_time, a_step_rests_while_somebody_holds_the_lock)
{
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "shop", "");

    submit(CHANGE_CANARY_START, "shop", "", 0);
    bench_desk_do(&desk, &lock);
    for (int i = 0; i < 1000 && TAILQ_EMPTY(&desk.deploy->due_orders); i++)
        bench_desk_run_ms(&desk, 5);
    bench_desk_run_ms(&desk, 20);
    cr_assert_eq(desk.deploy->waiting, 0);
    cr_assert(!TAILQ_EMPTY(&desk.deploy->due_orders), "it rests");
    cr_assert_eq(view_of(0).share, 100);
    lock.kind = CHANGE_LOCK_RELEASE;
    bench_desk_do(&desk, &lock);
    cr_assert(wait_for_share(1000));
}

Test(canary_time, a_refused_step_rests_and_is_tried_again)
{
    struct change drain = bench_desk_change(CHANGE_TARGET_DRAIN, "shop", "green");
    struct history_entry entry = { 0 };

    submit(CHANGE_CANARY_START, "shop", "", 0);
    snprintf(drain.target, sizeof drain.target, "127.0.0.1:5002");
    bench_desk_do(&desk, &drain);
    for (int i = 0; i < 1000 && entry.kind != CHANGE_CANARY_STEP; i++) {
        bench_desk_run_ms(&desk, 5);
        deploy_history(desk.deploy, 0, &entry);
    }
    cr_assert_eq(entry.outcome, OUTCOME_REFUSED);
    cr_assert_str_eq(entry.gate, "target");
    drain.kind = CHANGE_TARGET_READY;
    bench_desk_do(&desk, &drain);
    cr_assert(wait_for_share(1000));
}
