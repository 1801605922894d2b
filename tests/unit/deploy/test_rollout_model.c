/*
 * Random changes against a small model of one rollout, over restarts: the phase, who is live and the answers are what the
 * model says, the epoch only grows, some users are held back between the cutover and the end and nobody else, nothing goes live on an unfit slot or on one whose release was taken back by itself, and a group never has two.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "bench_desk.h"
#include "bench_rollout.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout_view.h"
#include "route/snapshot.h"
#include "route/split.h"

enum { STEPS = 1200 };

struct model {
    bool is_there;
    enum rollout_phase phase;
    enum rollout_plan plan;
    bool is_paused;
    uint32_t share; /* of the canary; 0: none */
    const char *live;
    const char *to; /* of the last rollout */
    bool is_fit;    /* the other slot */
    bool is_failed; /* it was taken back by itself, and nobody has released it */
    uint64_t epoch;
    uint64_t id;
    uint64_t salt; /* of those that are held back; 0: nobody is */
};

static struct bench_desk desk;
static struct model model;
static uint64_t seed = 20261122;

static unsigned draw(unsigned below)
{
    return (unsigned)(hash_random(&seed) % below);
}

static void begin(void)
{
    bench_desk_init(&desk, bench_rollout_config);
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(rollout_model, .init = begin, .fini = end);

static const char *other(const char *slot)
{
    return strcmp(slot, "blue") == 0 ? "green" : "blue";
}

static bool is_running(void)
{
    return model.is_there && rollout_is_running(model.phase);
}

static bool has_moved(void)
{
    return model.phase == ROLLOUT_CUTOVER || model.phase == ROLLOUT_WATCHING;
}

static void set_verdicts(void)
{
    bench_desk_verdict(&desk, "shop", other(model.live), model.is_fit ? VERDICT_UP : VERDICT_DOWN);
    bench_desk_verdict(&desk, "shop", model.live, VERDICT_UP);
}

/* The phase that a step leads to; the same one: a step of the canary. */
static enum rollout_phase next_phase(void)
{
    switch (model.phase) {
    case ROLLOUT_STAGED: return ROLLOUT_PROVING;
    case ROLLOUT_PROVING: return ROLLOUT_READY;
    case ROLLOUT_READY: return model.plan == ROLLOUT_CANARY ? ROLLOUT_RAMPING : ROLLOUT_CUTOVER;
    case ROLLOUT_RAMPING: return model.share < 5000 ? ROLLOUT_RAMPING : ROLLOUT_CUTOVER;
    case ROLLOUT_CUTOVER: return ROLLOUT_WATCHING;
    case ROLLOUT_WATCHING: return ROLLOUT_SETTLED;
    case ROLLOUT_SETTLED:
    case ROLLOUT_ROLLED_BACK:
    case ROLLOUT_ABORTED:
    case ROLLOUT_REFUSED:
    case ROLLOUT_PHASE_COUNT: break;
    }
    return model.phase;
}

/* What the model does in the phase; false: it is refused. */
static bool go(enum rollout_phase phase)
{
    bool needs_target =
        phase == ROLLOUT_READY || phase == ROLLOUT_RAMPING || phase == ROLLOUT_CUTOVER;

    if (needs_target && !model.is_fit)
        return false;
    if (phase == ROLLOUT_RAMPING) {
        model.share = model.share == 0 ? 100 : 5000;
        model.epoch++;
    }
    if (phase == ROLLOUT_CUTOVER) {
        model.live = model.to;
        model.share = 0;
        model.is_fit = true; /* the slot that it came from was live */
        model.epoch++;
    }
    model.phase = phase;
    model.is_paused = model.is_paused && phase != ROLLOUT_SETTLED;
    return true;
}

static void finish(enum rollout_phase phase)
{
    if (has_moved()) {
        model.live = other(model.live);
        model.epoch++;
    } else if (model.share != 0) {
        model.epoch++;
    }
    model.share = 0;
    model.phase = phase;
    model.is_paused = false;
}

static void expect(const struct change_result *result, bool is_changed, unsigned step)
{
    cr_assert_eq(result->changed, is_changed, "step %u, %s: %s", step,
                 rollout_phase_name(model.phase), result->words);
}

static void do_release(void)
{
    struct change change = bench_desk_change(CHANGE_RELEASE, "shop", "");

    cr_assert_eq(bench_desk_do(&desk, &change).changed, model.is_failed);
    model.is_failed = false;
}

static void do_start(unsigned step)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", other(model.live));
    struct change_result result;
    bool may = false;

    if (draw(2) == 0)
        do_release();
    may = !is_running() && model.is_fit && !model.is_failed;
    change.plan = draw(2) == 0 ? ROLLOUT_CANARY : ROLLOUT_SWITCH;
    result = bench_desk_do(&desk, &change);
    expect(&result, may, step);
    if (!may)
        return;
    model.is_there = true;
    model.plan = change.plan;
    model.phase = ROLLOUT_STAGED;
    model.to = other(model.live);
    model.is_paused = false;
    model.id++;
}

static void do_advance(unsigned step)
{
    struct change_result result = bench_rollout_say(&desk, CHANGE_ROLLOUT_ADVANCE, "shop");
    bool is_changed = is_running() && go(next_phase());

    expect(&result, is_changed, step);
}

/* The driver asks for any phase; only the next one is entered. */
static void do_phase(unsigned step)
{
    enum rollout_phase phase = (enum rollout_phase)draw(ROLLOUT_PHASE_COUNT);
    struct change_result result;
    bool is_again = model.is_there && phase == model.phase;
    bool may = is_running() && !model.is_paused &&
               (rollout_may_follow(model.phase, phase) || (is_again && phase == ROLLOUT_PROVING) ||
                (is_again && phase == ROLLOUT_RAMPING && model.share < 5000));

    if (!is_running() && is_again)
        return; /* the end is noted once: another test */
    result = bench_rollout_phase(&desk, "shop", phase);
    if (may && rollout_is_running(phase) && !(is_again && phase == ROLLOUT_PROVING))
        may = go(phase);
    else if (may && phase == ROLLOUT_SETTLED)
        model.phase = phase;
    else if (may && !is_again)
        finish(phase);
    expect(&result, may, step);
}

static void do_end(unsigned step)
{
    static const enum change_kind kinds[] = { CHANGE_ROLLOUT_ABORT, CHANGE_ROLLBACK,
                                              CHANGE_REJECT };
    unsigned pick = draw(3);
    bool may = is_running() && (kinds[pick] != CHANGE_REJECT || !has_moved());
    struct change_result result;

    if (!is_running())
        return; /* what a rollback takes back then is the switch before it */
    if (has_moved() && !model.is_fit)
        may = false; /* nobody is there to go back to */
    result = bench_rollout_say(&desk, kinds[pick], "shop");
    expect(&result, may, step);
    if (may)
        finish(pick == 0 ? ROLLOUT_ABORTED : pick == 1 ? ROLLOUT_ROLLED_BACK : ROLLOUT_REFUSED);
}

/* What the judgement asks for, at any moment, also when it is too late. */
static void do_automatic(unsigned step)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    bool may = is_running() && (has_moved() || model.share != 0);
    struct change_result result;

    if (!model.is_there || (!is_running() && strcmp(model.live, model.to) == 0))
        return; /* a switch that has settled may be taken back as well; it is no rollout any more */
    snprintf(change.from, sizeof change.from, "%s", model.to);
    snprintf(change.trigger, sizeof change.trigger, "err_gross");
    if (has_moved() && !model.is_fit)
        may = false; /* nobody is there to go back to */
    result = bench_desk_do_own(&desk, &change);
    expect(&result, may, step);
    if (!may)
        return;
    finish(ROLLOUT_ROLLED_BACK);
    model.is_failed = true;
}

static void do_pause(unsigned step)
{
    bool is_paused = draw(2) == 0;
    struct change_result result =
        bench_rollout_say(&desk, is_paused ? CHANGE_ROLLOUT_PAUSE : CHANGE_ROLLOUT_RESUME, "shop");
    bool is_changed = is_running() && model.is_paused != is_paused;

    expect(&result, is_changed, step);
    if (is_changed)
        model.is_paused = is_paused;
}

/* Others are refused while it goes on. */
static void do_other(unsigned step)
{
    static const enum change_kind kinds[] = { CHANGE_SWITCH, CHANGE_CANARY_START, CHANGE_CANARY_SET,
                                              CHANGE_CANARY_ABORT, CHANGE_CANARY_PROMOTE };
    struct change_result result;

    if (!is_running())
        return;
    result = bench_rollout_say(&desk, kinds[draw(5)], "shop");
    cr_assert_str_eq(result.gate, "rollout", "step %u: %s", step, result.words);
    expect(&result, false, step);
}

static void do_force(unsigned step)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", other(model.live));
    struct change_result result;

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "model");
    result = bench_desk_do(&desk, &change);
    expect(&result, true, step);
    if (is_running()) {
        model.phase = ROLLOUT_ABORTED;
        model.is_paused = false;
    }
    model.share = 0;
    model.live = other(model.live);
    model.is_fit = true;
    model.epoch++;
}

static void do_restart(void)
{
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    model.epoch++;
    if (draw(2) == 0) {
        struct change change = bench_desk_change(CHANGE_RELOAD, "", "");

        cr_assert(bench_desk_do(&desk, &change).changed);
        model.epoch++;
    }
}

/* One rollout of the group at a time, whatever is asked for. */
static void do_group(void)
{
    static const char *const names[] = { "release", "web", "api" };
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, names[draw(3)], "");
    struct deploy_rollout_view view;
    bool is_group = false;
    bool is_member = false;

    change.kind = draw(3) == 0 ? CHANGE_ROLLOUT_ABORT : CHANGE_ROLLOUT_START;
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "model");
    bench_desk_do(&desk, &change);
    for (unsigned i = 0; deploy_rollout_at(desk.deploy, i, NULL, &view); i++) {
        if (!rollout_is_running(view.phase))
            continue;
        is_group = is_group || strcmp(view.name, "release") == 0;
        is_member = is_member || strcmp(view.name, "web") == 0 || strcmp(view.name, "api") == 0;
    }
    cr_assert(!is_group || !is_member);
}

static void step(unsigned i)
{
    unsigned kind = draw(100);

    if (kind < 20)
        do_start(i);
    else if (kind < 50)
        do_advance(i);
    else if (kind < 68)
        do_phase(i);
    else if (kind < 73)
        do_end(i);
    else if (kind < 80)
        do_pause(i);
    else if (kind < 86)
        do_other(i);
    else if (kind < 88)
        do_force(i);
    else if (kind < 90)
        do_restart();
    else if (kind < 92)
        do_automatic(i);
    else if (kind < 95)
        model.is_fit = draw(4) != 0;
    else
        do_group();
}

/* The same users as long as it lasts, over restarts and reloads too. */
static void check_holdback(unsigned i)
{
    const struct snapshot_service *shop = snapshot_service_at(snapshot_current(), 0);
    const struct split *split = shop->steering != NULL ? &shop->steering->split : NULL;
    bool is_held = split != NULL && split->candidate != SLOT_NONE && split->is_holdback;
    struct deploy_trial_view trial;

    cr_assert_eq(is_held, is_running() && has_moved(), "step %u", i);
    if (!is_held) {
        model.salt = 0;
        return;
    }
    cr_assert_str_eq(shop->slots[split->candidate].slot->name, other(model.live), "step %u", i);
    cr_assert_eq(shop->slots[split->candidate].role, ROLE_STANDBY, "step %u", i);
    cr_assert_eq(split->share, 200, "step %u", i);
    cr_assert(model.salt == 0 || model.salt == split->salt, "step %u", i);
    model.salt = split->salt;
    deploy_view_trial(desk.deploy, 0, &trial);
    cr_assert_eq(trial.kind, TRIAL_SWITCHED, "step %u", i);
    cr_assert_eq(trial.share, SPLIT_WHOLE - 200, "step %u", i);
    cr_assert_eq(bench_rollout_view(&desk, "shop").holdback, 200, "step %u", i);
}

static void check(unsigned i)
{
    struct deploy_rollout_view view = bench_rollout_view(&desk, "shop");
    struct deploy_canary_view canary;

    check_holdback(i);
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), model.live, "step %u", i);
    cr_assert_geq(bench_desk_epoch(&desk), model.epoch, "step %u", i);
    cr_assert_eq(canary.is_running, model.share != 0, "step %u", i);
    if (model.share != 0)
        cr_assert_eq(canary.share, model.share, "step %u", i);
    cr_assert_eq(view.id != 0, model.is_there, "step %u", i);
    if (!model.is_there)
        return;
    cr_assert_eq(view.phase, model.phase, "step %u: %s, not %s", i, rollout_phase_name(view.phase),
                 rollout_phase_name(model.phase));
    cr_assert_eq(view.is_paused, model.is_paused, "step %u", i);
    cr_assert_str_eq(view.to, model.to, "step %u", i);
}

Test(rollout_model, agrees_after_every_step)
{
    unsigned phases[ROLLOUT_PHASE_COUNT] = { 0 };
    uint64_t epoch = 0;

    model = (struct model){ .live = "blue", .is_fit = true, .epoch = bench_desk_epoch(&desk) };
    for (unsigned i = 0; i < STEPS; i++) {
        set_verdicts();
        step(i);
        check(i);
        cr_assert_geq(bench_desk_epoch(&desk), epoch, "the epoch only grows");
        epoch = bench_desk_epoch(&desk);
        if (model.is_there)
            phases[model.phase]++;
    }
    for (unsigned phase = 0; phase < ROLLOUT_PHASE_COUNT; phase++)
        cr_assert_gt(phases[phase], 0, "%s was never met",
                     rollout_phase_name((enum rollout_phase)phase));
}
