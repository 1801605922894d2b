/*
 * A desk over a disk that fails: a switch is refused and changes nothing, a rollback is carried out all the same,
 * and the disk is brought up to the memory when it works again. A damaged state stops the start.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/state_disk_priv.h"
#include "fault_io.h"

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    desk.deploy->file->io = &fault_io;
}

static void end(void)
{
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_fini(&desk);
}

TestSuite(durable, .init = begin, .fini = end);

static struct change_result go_back(void)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");

    return bench_desk_do(&desk, &change);
}

/* kill -9: the desk is not asked; a copy of the folder is what the next start finds. */
static void start_again(void)
{
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
}

Test(durable, a_switch_that_cannot_be_written_changes_nothing)
{
    static const int errors[] = { EIO, ENOSPC, EROFS, EDQUOT, EFBIG };
    uint64_t epoch = bench_desk_epoch(&desk);

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct change_result result;

        fault_io_set(FAULT_IO_BROKEN, 1, errors[i]);
        result = bench_desk_switch(&desk, "shop", "green");
        cr_assert_eq(result.outcome, OUTCOME_FAILED, "%s", result.words);
        cr_assert_eq(result.fault, FAULT_NOT_DURABLE);
        cr_assert(!result.changed);
        cr_assert_not_null(strstr(result.words, strerror(errors[i])), "%s", result.words);
        cr_assert_eq(bench_desk_epoch(&desk), epoch);
        cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    }
    fault_io_set(FAULT_IO_NONE, 0, 0);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
}

Test(durable, a_failed_sync_refuses_once_and_the_next_switch_works)
{
    struct change_result result;

    fault_io_set(FAULT_IO_ERROR, 4, EIO); /* fsync of the new file */
    result = bench_desk_switch(&desk, "shop", "green");
    cr_assert_eq(result.fault, FAULT_NOT_DURABLE);
    result = bench_desk_switch(&desk, "shop", "green");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    start_again();
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

/* All but the reserve: no new file can be made. */
static int refuse_open(const char *path, int flags, mode_t mode)
{
    (void)path;
    (void)flags;
    (void)mode;
    errno = ENOSPC;
    return -1;
}

Test(durable, with_a_full_disk_a_rollback_goes_to_the_reserve)
{
    struct state_io full = state_io_system;
    struct change_result result;
    struct deploy_durability view;

    full.open = refuse_open;
    for (int i = 0; i < 10; i++) {
        desk.deploy->file->io = &state_io_system;
        cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
        desk.deploy->file->io = &full;
        cr_assert_eq(bench_desk_switch(&desk, "shop", "blue").fault, FAULT_NOT_DURABLE);
        result = go_back();
        cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
        cr_assert(result.is_durable && result.changed);
        cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
        deploy_view_durability(desk.deploy, &view);
        cr_assert(!view.is_volatile);
    }
    start_again();
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(durable, with_a_dead_disk_a_rollback_is_volatile_and_settled_later)
{
    struct change_result result;
    struct deploy_durability view;
    uint64_t generation = 0;

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    fault_io_set(FAULT_IO_BROKEN, 1, EROFS);
    result = go_back();
    cr_assert_eq(result.outcome, OUTCOME_VOLATILE, "%s", result.words);
    cr_assert(result.changed && !result.is_durable);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    deploy_view_durability(desk.deploy, &view);
    cr_assert(view.is_volatile);
    cr_assert_gt(view.write_errors, 0);
    generation = view.generation;
    bench_desk_run_ms(&desk, 1200);
    deploy_view_durability(desk.deploy, &view);
    cr_assert(view.is_volatile, "the disk is still dead");
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_run_ms(&desk, 1200);
    deploy_view_durability(desk.deploy, &view);
    cr_assert(!view.is_volatile);
    cr_assert_gt(view.generation, generation);
    start_again();
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(durable, what_was_judged_on_a_lost_switch_is_lost_with_it)
{
    struct bench_answer answers[4];
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "nowhere");
    unsigned open = 0;
    uint64_t epoch = bench_desk_epoch(&desk);

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    fault_io_set(FAULT_IO_BROKEN, 1, EIO);
    bench_desk_submit(&desk, &change, &answers[0], &open);
    snprintf(change.slot, sizeof change.slot, "%s", "blue");
    bench_desk_submit(&desk, &change, &answers[1], &open);
    bench_desk_submit(&desk, &change, &answers[2], &open); /* blue already, if the first counts */
    change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    bench_desk_submit(&desk, &change, &answers[3], &open);
    bench_desk_wait(&desk, &open);
    cr_assert_eq(answers[0].result.fault, FAULT_UNKNOWN_NAME);
    cr_assert_eq(answers[1].result.fault, FAULT_NOT_DURABLE);
    cr_assert_eq(answers[2].result.fault, FAULT_NOT_DURABLE);
    cr_assert_eq(answers[3].result.outcome, OUTCOME_VOLATILE);
    cr_assert_eq(answers[3].result.epoch, epoch + 2);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(durable, a_full_folder_of_locks_and_targets_survives)
{
    struct change change = bench_desk_change(CHANGE_TARGET_ADD, "shop", "green");
    struct deploy_lock_view lock;

    snprintf(change.target, sizeof change.target, "%s", "127.0.0.1:5999");
    change.weight = 7;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    change = bench_desk_change(CHANGE_TARGET_DRAIN, "shop", "blue");
    snprintf(change.target, sizeof change.target, "%s", "127.0.0.1:5001");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    change = bench_desk_change(CHANGE_LOCK_ACQUIRE, "shop", "");
    snprintf(change.reason, sizeof change.reason, "%s", "release 4");
    change.ttl_us = 3600ULL * 1000000;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    start_again();
    cr_assert_eq(bench_desk_service("shop")->slots[1].pick_count, 2);
    cr_assert_eq(bench_desk_service("shop")->slots[1].picks[1].weight, 7);
    cr_assert_eq(bench_desk_service("shop")->slots[0].picks[0].order, ORDER_DRAIN);
    deploy_view_lock(desk.deploy, &lock);
    cr_assert(lock.is_held);
    cr_assert_str_eq(lock.owner, "uid=0");
    cr_assert_str_eq(lock.reason, "release 4");
    cr_assert_gt(lock.left_us, 3500ULL * 1000000);
}

static void damage(void)
{
    FILE *file = fopen(desk.state_path, "r+");
    char path[160];

    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 100, SEEK_SET), 0);
    fputc('#', file);
    fclose(file);
    snprintf(path, sizeof path, "%s.prev", desk.state_path);
    unlink(path);
}

Test(durable, a_damaged_state_stops_the_start_unless_it_is_asked_for)
{
    uint64_t epoch = 0;

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_stop(&desk);
    damage();
    cr_assert_eq(bench_desk_start(&desk), ERR_CORRUPT);
    cr_assert_eq(desk.report.error_count, 1);
    cr_assert_not_null(strstr(desk.report.entries[0].words, "--accept-empty-state"));
    cr_assert_eq(bench_desk_start(&desk), ERR_CORRUPT, "a refused start heals nothing");
    desk.options.accept_empty_state = true;
    bench_desk_must_start(&desk);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    epoch = bench_desk_epoch(&desk);
    desk.options.accept_empty_state = false;
    start_again();
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
}

Test(durable, a_newer_state_is_left_untouched)
{
    static const char newer[] =
        "{\"switchyard\":\"state\",\"format\":4,\"min_reader\":4,\"x\":1}\n";
    char content[200] = "";
    FILE *file = NULL;

    bench_desk_stop(&desk);
    file = fopen(desk.state_path, "w");
    fputs(newer, file);
    fclose(file);
    desk.options.accept_empty_state = true;
    cr_assert_eq(bench_desk_start(&desk), ERR_VERSION);
    file = fopen(desk.state_path, "r");
    cr_assert_not_null(fgets(content, sizeof content, file));
    fclose(file);
    cr_assert_str_eq(content, newer);
}

/* The end of the daemon comes while the writer has a change: who keeps the record of it is told, others are gone. */
Test(durable, an_end_in_the_middle_of_a_write_is_told_to_who_keeps_the_record)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change other = bench_desk_change(CHANGE_SWITCH, "web", "green");
    static struct bench_answer told;
    static struct bench_answer untold;
    static unsigned open;

    change.is_witnessed = true;
    bench_desk_submit(&desk, &change, &told, &open);
    bench_desk_submit(&desk, &other, &untold, &open);
    bench_desk_run_ms(&desk, 0);
    cr_assert_eq(desk.deploy->desk, DESK_WRITING);
    bench_desk_stop(&desk);
    cr_assert(told.is_done);
    cr_expect_eq(told.result.outcome, OUTCOME_TIMEOUT);
    cr_expect_eq(told.result.fault, FAULT_SHUTTING_DOWN);
    cr_expect_not(untold.is_done);
    bench_desk_must_start(&desk);
    cr_expect_str_eq(bench_desk_active(&desk, "shop"), "green", "the writer had come to its end");
}
