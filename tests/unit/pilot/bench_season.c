/* See bench_season.h. */
#include "unit/pilot/bench_season.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "deploy/deploy_view.h"
#include "health/watch_priv.h"
#include "pilot/pilot_priv.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"
#include "route/split.h"

enum {
    USUAL_TICK_MS = 100,
    WATCH_MAGIC = 0x77617463,
    USUAL_US = 50000,
    WORKERS = 2,
    TURNS_MAX = 5000
};

static const char head[] = "listener http { bind = \"127.0.0.1:0\" }\n"
                           "service shop {\n"
                           "  health { interval = \"%us\" timeout = \"500ms\" fall = 3 rise = 2 }\n"
                           "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
                           "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n";

static const struct snapshot_slot *find_slot(const char *name)
{
    const struct snapshot_service *service = bench_desk_service("shop");

    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, name) == 0)
            return &service->slots[i];
    cr_assert_fail("no slot %s", name);
    return NULL;
}

/* --- checks --- */

static void add_watch(struct season_slot *slot)
{
    struct target *target = find_slot(slot->name)->picks[0].target;
    struct watch *watch = mem_zalloc(sizeof *watch);

    watch->magic = WATCH_MAGIC;
    watch->spec = mem_zalloc(sizeof *watch->spec);
    watch->spec->enabled = true;
    window_init(&watch->window, VERDICT_UNKNOWN, clock_monotonic_us());
    window_set_rules(&watch->window, 2, 3);
    target->probe = watch;
    slot->watch = watch;
}

static void remove_watch(struct season_slot *slot)
{
    find_slot(slot->name)->picks[0].target->probe = NULL;
    free(slot->watch->spec);
    free(slot->watch);
}

static void check(const struct season_slot *slot)
{
    struct probe_result result = {
        .fault = slot->check == SEASON_CHECK_FAIL ? FAULT_PROBE_STATUS : FAULT_NONE,
        .database = slot->check == SEASON_CHECK_DATABASE ? PROBE_DATABASE_BAD : PROBE_DATABASE_GOOD,
    };

    (void)window_add(&slot->watch->window, clock_monotonic_us(), &result);
    target_set_verdict(find_slot(slot->name)->picks[0].target, slot->watch->window.verdict);
}

/* --- requests --- */

static void count_one(struct season *season, const struct season_slot *slot, bool is_error,
                      uint64_t us)
{
    struct slot *of = find_slot(slot->name)->slot;
    unsigned key = (unsigned)(traffic_random(&season->traffic) * COUNTS_BINS);
    unsigned worker = (unsigned)(traffic_random(&season->traffic) * WORKERS);

    if (slot->is_silent)
        slot_evidence_stall(of, worker, key);
    else if (is_error)
        slot_evidence_error(of, worker, key);
    else
        slot_evidence_success(of, worker, key, us);
}

static void count_all(struct season *season, const struct season_slot *slot,
                      const struct counts *counts)
{
    for (uint64_t i = 0; i < counts->e; i++)
        count_one(season, slot, true, 0);
    if (!season->traffic.has_latency) {
        for (uint64_t i = counts->e; i < counts->n; i++)
            count_one(season, slot, false, (uint64_t)(USUAL_US * slot->slower));
        return;
    }
    for (unsigned bucket = 0; bucket < COUNTS_BUCKETS; bucket++)
        for (uint32_t i = 0; i < counts->buckets[bucket]; i++)
            count_one(season, slot, false, counts_edge_us(bucket) - 1);
}

/* Percent of the traffic that green gets. */
static double find_weight(const struct season *season)
{
    struct deploy_trial_view view;

    deploy_view_trial(season->bench.desk.deploy, 0, &view);
    if (view.kind == TRIAL_CANARY)
        return 100.0 * view.share / SPLIT_WHOLE;
    return strcmp(view.kind == TRIAL_NONE ? view.baseline : view.candidate, "green") == 0 ? 100 : 0;
}

static void count_traffic(struct season *season)
{
    struct made_traffic *traffic = &season->traffic;

    traffic->weight = find_weight(season);
    traffic->candidate_rate = season->green.error_rate;
    traffic->baseline_rate = season->blue.error_rate;
    traffic->candidate_median_us = USUAL_US * season->green.slower;
    traffic->baseline_median_us = USUAL_US * season->blue.slower;
    (void)traffic_tick(traffic, season->tick_ms);
    count_all(season, &season->green, &traffic->candidate);
    count_all(season, &season->blue, &traffic->baseline);
}

/* --- time --- */

static void watch_invariants(struct season *season)
{
    uint64_t epoch = bench_desk_epoch(&season->bench.desk);

    cr_assert_geq(epoch, season->epoch);
    season->epoch = epoch;
}

static void tick(struct season *season)
{
    struct pilot *pilot = season->bench.pilot;

    count_traffic(season);
    clock_shift(1000 * (uint64_t)season->tick_ms);
    if (season->check_ticks > 0 && season->ticks % season->check_ticks == 0) {
        check(&season->blue);
        check(&season->green);
    }
    season->ticks++;
    lookout_tick(pilot, 0, clock_monotonic_us());
    for (unsigned turns = 0; !TAILQ_EMPTY(&pilot->moves); turns++) {
        cr_assert_lt(turns, TURNS_MAX, "a change is not answered");
        bench_desk_run_ms(&season->bench.desk, 1);
    }
    watch_invariants(season);
}

void season_run(struct season *season, unsigned ticks)
{
    for (unsigned i = 0; i < ticks; i++)
        tick(season);
}

bool season_run_until_moved(struct season *season, unsigned ticks)
{
    unsigned moves = season_moves(season);

    for (unsigned i = 0; i < ticks; i++) {
        tick(season);
        if (season_moves(season) != moves)
            return true;
    }
    return false;
}

/* --- deployments --- */

static void must_do(struct season *season, const struct change *change)
{
    struct change_result result = bench_desk_do(&season->bench.desk, change);

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s: %s", change_kind_name(change->kind),
                 result.words);
}

void season_begin(struct season *season, unsigned percent)
{
    struct change change =
        bench_desk_change(percent < 100 ? CHANGE_CANARY_START : CHANGE_SWITCH, "shop", "green");

    change.share = percent * (SPLIT_WHOLE / 100);
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "a test");
    must_do(season, &change);
}

void season_end(struct season *season)
{
    struct change change = bench_desk_change(CHANGE_CANARY_ABORT, "shop", "");
    struct deploy_trial_view view;

    deploy_view_trial(season->bench.desk.deploy, 0, &view);
    if (view.kind == TRIAL_CANARY)
        must_do(season, &change);
    change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    if (view.kind == TRIAL_SWITCHED)
        must_do(season, &change);
    change = bench_desk_change(CHANGE_RELEASE, "shop", "");
    must_do(season, &change);
    cr_assert_str_eq(bench_pilot_live(&season->bench), "blue");
}

bool season_is_tried(const struct season *season)
{
    struct deploy_trial_view view;

    deploy_view_trial(season->bench.desk.deploy, 0, &view);
    return view.kind != TRIAL_NONE && strcmp(view.candidate, "green") == 0;
}

unsigned season_moves(const struct season *season)
{
    struct pilot_rollbacks row;
    unsigned count = 0;

    for (unsigned i = 0; pilot_rollbacks_at(season->bench.pilot, i, &row); i++)
        if (row.outcome == OUTCOME_DONE || row.outcome == OUTCOME_VOLATILE)
            count += (unsigned)row.count;
    return count;
}

double season_draw(struct season *season, double least, double most)
{
    return least + (most - least) * traffic_random(&season->traffic);
}

void season_heal(struct season *season)
{
    season->blue = (struct season_slot){
        .name = "blue", .error_rate = 0.001, .slower = 1, .watch = season->blue.watch
    };
    season->green = (struct season_slot){
        .name = "green", .error_rate = 0.001, .slower = 1, .watch = season->green.watch
    };
}

void season_open(struct season *season, const struct season_options *options)
{
    char config[2000];
    size_t len = 0;
    unsigned check_s = options->check_s != 0 ? options->check_s : 1;

    memset(season, 0, sizeof *season);
    len = (size_t)snprintf(config, sizeof config, head, check_s);
    snprintf(config + len, sizeof config - len, "%s}\n",
             options->lines != NULL ? options->lines : "");
    bench_pilot_init(&season->bench, config);
    season->traffic = traffic_new(options->seed, options->per_s, 0);
    season->tick_ms = options->tick_ms != 0 ? options->tick_ms : USUAL_TICK_MS;
    season->check_ticks = check_s * 1000 / season->tick_ms;
    season_heal(season);
    add_watch(&season->blue);
    add_watch(&season->green);
}

void season_close(struct season *season)
{
    remove_watch(&season->blue);
    remove_watch(&season->green);
    bench_pilot_fini(&season->bench);
}
