/*
 * Random changes against a small model of one service: after every answer the picture, the epoch and the answer
 * are what the model says, over restarts and over a disk that fails now and then. And a desk that is killed at
 * any call of its writing: what was acknowledged is there at the next start.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/state_disk_priv.h"
#include "fault_io.h"
#include "folder.h"

enum { STEPS = 1500, CALLS = 45 };

struct model {
    const char *active;
    const char *previous;
    bool is_rolled_back;
    unsigned weight; /* of the first target of blue */
    uint64_t epoch;
    bool is_broken; /* the disk */
};

static struct bench_desk desk;
static struct model model;
static uint64_t seed = 20261121;

static unsigned draw(unsigned below)
{
    return (unsigned)(hash_random(&seed) % below);
}

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    fault_io_set(FAULT_IO_NONE, 0, 0);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(desk_model, .init = begin, .fini = end);

static void start(void)
{
    fault_io_set(FAULT_IO_NONE, 0, 0);
    model.is_broken = false;
    bench_desk_must_start(&desk);
    desk.deploy->file->io = &fault_io;
    model.epoch++;
    cr_assert_eq(bench_desk_epoch(&desk), model.epoch, "%u %u", (unsigned)bench_desk_epoch(&desk),
                 (unsigned)model.epoch);
}

static void restart(void)
{
    /* A last write is tried at the end: let it work, so that the model knows what is on disk. */
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_stop(&desk);
    start();
}

static void toggle_disk(void)
{
    model.is_broken = !model.is_broken;
    fault_io_set(model.is_broken ? FAULT_IO_BROKEN : FAULT_IO_NONE, 1, EIO);
}

/* What must be the answer, and the model after it. */
static void expect(const struct change_result *result, bool is_move, bool is_rollback)
{
    if (!is_move) {
        cr_assert(!result->changed, "%s", result->words);
        return;
    }
    if (!model.is_broken) {
        cr_assert(result->outcome == OUTCOME_DONE && result->is_durable, "%s", result->words);
    } else if (is_rollback) {
        cr_assert_eq(result->outcome, OUTCOME_VOLATILE, "%s", result->words);
    } else {
        cr_assert_eq(result->fault, FAULT_NOT_DURABLE, "%s", result->words);
        return;
    }
    cr_assert(result->changed);
    model.epoch++;
    cr_assert_eq(result->epoch, model.epoch);
}

static void do_switch(void)
{
    static const char *const slots[] = { "blue", "green", "staging", "red", "" };
    const char *slot = slots[draw(5)];
    const char *to = slot[0] != '\0' ? slot : strcmp(model.active, "blue") == 0 ? "green" : "blue";
    bool is_real = strcmp(to, "blue") == 0 || strcmp(to, "green") == 0;
    bool is_move = is_real && strcmp(to, model.active) != 0;
    struct change_result result = bench_desk_switch(&desk, "shop", slot);

    expect(&result, is_move, false);
    if (!is_move || model.is_broken)
        return;
    model.previous = model.active;
    model.active = strcmp(to, "blue") == 0 ? "blue" : "green";
    model.is_rolled_back = false;
}

static void do_rollback(void)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    bool is_move = model.previous != NULL && !model.is_rolled_back;
    struct change_result result = bench_desk_do(&desk, &change);
    const char *was = model.active;

    expect(&result, is_move, true);
    if (!is_move)
        return;
    model.active = model.previous;
    model.previous = was;
    model.is_rolled_back = true;
}

static void do_weight(void)
{
    struct change change = bench_desk_change(CHANGE_TARGET_WEIGHT, "shop", "blue");
    struct change_result result;

    snprintf(change.target, sizeof change.target, "%s", "127.0.0.1:5001");
    change.weight = draw(3);
    result = bench_desk_do(&desk, &change);
    expect(&result, change.weight != model.weight, false);
    if (!model.is_broken)
        model.weight = change.weight;
}

static void do_reload(void)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");
    struct change_result result = bench_desk_do(&desk, &change);

    expect(&result, true, false);
}

static void step(void)
{
    unsigned kind = draw(100);

    if (kind < 50)
        do_switch();
    else if (kind < 75)
        do_rollback();
    else if (kind < 85)
        do_weight();
    else if (kind < 92)
        do_reload();
    else if (kind < 97)
        toggle_disk();
    else
        restart();
}

Test(desk_model, agrees_after_every_step)
{
    unsigned broken = 0;

    model = (struct model){ .active = "blue", .weight = 1 };
    start();
    for (unsigned i = 0; i < STEPS; i++) {
        const struct snapshot_service *shop = NULL;

        step();
        broken += model.is_broken;
        shop = bench_desk_service("shop");
        cr_assert_str_eq(shop->slots[shop->active].slot->name, model.active, "step %u", i);
        cr_assert_eq(bench_desk_epoch(&desk), model.epoch, "step %u", i);
        cr_assert_eq(shop->slots[0].picks[0].weight, model.weight, "step %u", i);
    }
    cr_assert(broken > STEPS / 10 && broken < STEPS);
    cr_assert_gt(model.epoch, STEPS / 4);
}

/* A desk in a process of its own that switches to and fro, and tells each acknowledged epoch. */
static void run_desk(int out, unsigned at, enum fault_io_mode mode)
{
    bench_desk_must_start(&desk);
    fault_io_set(mode, at, 0);
    desk.deploy->file->io = &fault_io;
    for (int i = 0; i < 4; i++) {
        struct change_result result = bench_desk_switch(&desk, "shop", "");

        if (result.outcome != OUTCOME_DONE ||
            write(out, &result.epoch, sizeof result.epoch) != sizeof result.epoch)
            _exit(1);
    }
    _exit(0);
}

static bool kill_at(unsigned at, enum fault_io_mode mode)
{
    struct history_entry entry;
    int pipes[2];
    int status = 0;
    uint64_t epoch = 0;
    uint64_t acked = 0;
    pid_t child = 0;

    cr_assert_eq(pipe(pipes), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        run_desk(pipes[1], at, mode);
    close(pipes[1]);
    while (read(pipes[0], &epoch, sizeof epoch) == sizeof epoch)
        acked = epoch;
    close(pipes[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 137);
    bench_desk_must_start(&desk);
    epoch = bench_desk_epoch(&desk) - 1; /* the start is a picture of its own */
    cr_assert(epoch == acked || epoch == acked + 1 || (acked == 0 && epoch <= 2), "call %u: %u %u",
              at, (unsigned)epoch, (unsigned)acked);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), epoch % 2 == 1 ? "blue" : "green");
    if (acked > 0) {
        cr_assert(deploy_history(desk.deploy, 0, &entry), "call %u: no history", at);
        cr_assert_eq(entry.epoch, epoch, "call %u", at);
    }
    bench_desk_stop(&desk);
    return WEXITSTATUS(status) == 137;
}

static void kill_everywhere(enum fault_io_mode mode)
{
    char state[128];
    unsigned kills = 0;

    snprintf(state, sizeof state, "%s/state", desk.folder);
    bench_desk_drop_resolver(&desk); /* no thread may be there when we fork */
    for (unsigned at = 1; at <= CALLS; at++) {
        folder_empty(state);
        kills += kill_at(at, mode);
    }
    cr_assert_geq(kills, mode == FAULT_IO_EXIT ? 36 : 4);
}

Test(desk_model, what_was_acknowledged_survives_a_kill_anywhere)
{
    kill_everywhere(FAULT_IO_EXIT);
}

Test(desk_model, and_a_kill_in_the_middle_of_a_write)
{
    kill_everywhere(FAULT_IO_TORN);
}
