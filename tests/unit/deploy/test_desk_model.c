/*
 * Random changes against a small model of one service with its canary, its pause and its maintenance: after every answer the picture, the epoch and the answer
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
#include "route/split.h"

enum { STEPS = 1500, CALLS = 45 };

struct model {
    const char *active;
    const char *previous;
    bool is_rolled_back;
    unsigned weight;       /* of the first target of blue */
    const char *candidate; /* NULL: no canary */
    uint32_t share;
    uint64_t salt;
    bool is_paused;
    bool is_held;
    bool is_maint;
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

static const char *other_slot(void)
{
    return strcmp(model.active, "blue") == 0 ? "green" : "blue";
}

static void do_switch(void)
{
    static const char *const slots[] = { "blue", "green", "staging", "red", "" };
    const char *slot = slots[draw(5)];
    const char *to = slot[0] != '\0' ? slot : other_slot(); /* the candidate is always the other */
    bool is_real = strcmp(to, "blue") == 0 || strcmp(to, "green") == 0;
    bool is_move = is_real && strcmp(to, model.active) != 0;
    struct change_result result = bench_desk_switch(&desk, "shop", slot);

    expect(&result, is_move, false);
    if (!is_move || model.is_broken)
        return;
    model.previous = model.active;
    model.active = strcmp(to, "blue") == 0 ? "blue" : "green";
    model.is_rolled_back = false;
    model.candidate = NULL;
}

static void do_rollback(void)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    bool is_move = model.candidate != NULL || (model.previous != NULL && !model.is_rolled_back);
    struct change_result result = bench_desk_do(&desk, &change);
    const char *was = model.active;

    expect(&result, is_move, true);
    if (!is_move)
        return;
    if (model.candidate != NULL) {
        model.candidate = NULL;
        return;
    }
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

static void do_canary_start(void)
{
    static const char *const slots[] = { "blue", "green", "staging", "" };
    struct change change = bench_desk_change(CHANGE_CANARY_START, "shop", slots[draw(4)]);
    const char *to = change.slot[0] != '\0' ? change.slot : other_slot();
    bool is_move = model.candidate == NULL && strcmp(to, other_slot()) == 0;
    struct change_result result;

    change.share = draw(3) == 0 ? 0 : 1 + draw(SPLIT_WHOLE);
    result = bench_desk_do(&desk, &change);
    expect(&result, is_move, false);
    if (!is_move || model.is_broken)
        return;
    model.candidate = other_slot();
    model.share = change.share != 0 ? change.share : 100;
    model.is_paused = false;
    model.salt = 0; /* whatever it is now, it stays */
}

/* The default steps. */
static uint32_t next_step(void)
{
    static const uint32_t steps[] = { 100, 500, 2500, 5000, 10000 };

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] > model.share)
            return steps[i];
    return 0;
}

static void do_canary_share(enum change_kind kind)
{
    struct change change = bench_desk_change(kind, "shop", "");
    uint32_t share = kind == CHANGE_CANARY_STEP ? next_step() : draw(8) * 1250;
    bool is_move = model.candidate != NULL && share != model.share &&
                   (kind == CHANGE_CANARY_SET || share != 0);
    struct change_result result;

    change.share = kind == CHANGE_CANARY_SET ? share : 0;
    result = bench_desk_do(&desk, &change);
    expect(&result, is_move, false);
    if (is_move && !model.is_broken)
        model.share = share;
}

/* Durable, but in no picture. */
static void do_canary_pause(void)
{
    bool is_paused = draw(2) == 0;
    struct change change =
        bench_desk_change(is_paused ? CHANGE_CANARY_PAUSE : CHANGE_CANARY_RESUME, "shop", "");
    struct change_result result = bench_desk_do(&desk, &change);
    bool is_changed = model.candidate != NULL && model.is_paused != is_paused && !model.is_broken;

    cr_assert_eq(result.changed, is_changed, "%s", result.words);
    if (is_changed)
        model.is_paused = is_paused;
}

static void do_canary_end(void)
{
    bool is_promotion = draw(3) == 0;
    struct change change =
        bench_desk_change(is_promotion ? CHANGE_CANARY_PROMOTE : CHANGE_CANARY_ABORT, "shop", "");
    bool is_move = model.candidate != NULL;
    struct change_result result = bench_desk_do(&desk, &change);

    expect(&result, is_move, !is_promotion);
    if (!is_move || (is_promotion && model.is_broken))
        return;
    if (is_promotion) {
        model.previous = model.active;
        model.active = model.candidate;
        model.is_rolled_back = false;
    }
    model.candidate = NULL;
}

/* Pause, resume, maintenance on and off; the ends are rescues. */
static void do_traffic(void)
{
    static const enum change_kind kinds[] = { CHANGE_PAUSE, CHANGE_RESUME, CHANGE_MAINT_ON,
                                              CHANGE_MAINT_OFF };
    unsigned i = draw(4);
    bool *is_on = i < 2 ? &model.is_held : &model.is_maint;
    bool is_wanted = i % 2 == 0;
    struct change change = bench_desk_change(kinds[i], "shop", "");
    struct change_result result;

    change.max_us = 3600ULL * 1000 * 1000;
    result = bench_desk_do(&desk, &change);
    if (kinds[i] == CHANGE_PAUSE && model.is_held) { /* another end, the same picture */
        cr_assert_eq(result.changed, !model.is_broken, "%s", result.words);
        return;
    }
    expect(&result, *is_on != is_wanted, !is_wanted);
    if (!model.is_broken || !is_wanted)
        *is_on = is_wanted;
}

/* What is planned does not happen, and its token is good as long as nothing else does. */
static void do_plan(void)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "");
    struct change_result result;

    change.plan_only = true;
    result = bench_desk_do(&desk, &change);
    cr_assert(!result.changed && result.token[0] != '\0', "%s", result.words);
    cr_assert_str_eq(result.to, other_slot());
}

/* Without one, most often one begins: else too little happens. */
static void do_canary(void)
{
    switch (model.candidate == NULL ? draw(2) * draw(5) : draw(5)) {
    case 0: do_canary_start(); break;
    case 1: do_canary_share(CHANGE_CANARY_SET); break;
    case 2: do_canary_share(CHANGE_CANARY_STEP); break;
    case 3: do_canary_pause(); break;
    default: do_canary_end(); break;
    }
}

static void step(void)
{
    unsigned kind = draw(100);

    if (kind < 25)
        do_switch();
    else if (kind < 40)
        do_rollback();
    else if (kind < 65)
        do_canary();
    else if (kind < 75)
        do_traffic();
    else if (kind < 79)
        do_plan();
    else if (kind < 85)
        do_weight();
    else if (kind < 92)
        do_reload();
    else if (kind < 97)
        toggle_disk();
    else
        restart();
}

static void check_canary(const struct snapshot_service *shop, unsigned step)
{
    struct deploy_canary_view view;

    deploy_view_canary(desk.deploy, 0, &view);
    cr_assert_eq(view.is_running, model.candidate != NULL, "step %u", step);
    if (model.candidate == NULL) {
        cr_assert_null(shop->steering, "step %u", step);
        return;
    }
    if (model.salt == 0)
        model.salt = view.salt;
    cr_assert_str_eq(view.candidate, model.candidate, "step %u", step);
    cr_assert_eq(view.is_paused, model.is_paused, "step %u", step);
    cr_assert_eq(view.salt, model.salt, "step %u", step);
    cr_assert_eq(shop->steering->split.salt, model.salt, "step %u", step);
    cr_assert_eq(shop->steering->split.share, model.share, "step %u", step);
    cr_assert_eq(shop->slots[shop->steering->split.candidate].role, ROLE_CANDIDATE);
    cr_assert_str_eq(shop->slots[shop->steering->split.candidate].slot->name, model.candidate);
}

static void check_picture(unsigned step)
{
    const struct snapshot_service *shop = bench_desk_service("shop");
    enum traffic_mode mode = model.is_maint  ? TRAFFIC_MAINT
                             : model.is_held ? TRAFFIC_HELD
                                             : TRAFFIC_OPEN;

    cr_assert_str_eq(shop->slots[shop->active].slot->name, model.active, "step %u", step);
    cr_assert_eq(bench_desk_epoch(&desk), model.epoch, "step %u", step);
    cr_assert_eq(shop->slots[0].picks[0].weight, model.weight, "step %u", step);
    cr_assert_eq(shop->traffic.mode, mode, "step %u", step);
    check_canary(shop, step);
}

Test(desk_model, agrees_after_every_step)
{
    unsigned broken = 0;
    unsigned canaries = 0;

    model = (struct model){ .active = "blue", .weight = 1 };
    start();
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        broken += model.is_broken;
        canaries += model.candidate != NULL;
        check_picture(i);
    }
    cr_assert(broken > STEPS / 10 && broken < STEPS);
    cr_assert_gt(canaries, STEPS / 10);
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
