/* See bench_pilot.h. */
#include "unit/pilot/bench_pilot.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "pilot/pilot_priv.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"

enum { TICK_US = 100 * 1000, WORKER = 0, KEYS = 64, USUAL_US = 1000 };

const char bench_pilot_config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

static void start(struct bench_pilot *bench)
{
    char words[200] = "";
    struct pilot_options options = { .loop = bench->desk.loop };

    bench_desk_must_start(&bench->desk);
    options.deploy = bench->desk.deploy;
    options.worker_count = bench->desk.options.worker_count;
    options.state_dir = bench->desk.folder;
    cr_assert_eq(pilot_new(&options, words, sizeof words, &bench->pilot), 0, "%s", words);
}

static void stop(struct bench_pilot *bench)
{
    pilot_free(bench->pilot);
    bench_desk_stop(&bench->desk);
}

void bench_pilot_init(struct bench_pilot *bench, const char *config)
{
    bench_desk_init(&bench->desk, config);
    start(bench);
}

void bench_pilot_fini(struct bench_pilot *bench)
{
    pilot_free(bench->pilot);
    bench_desk_fini(&bench->desk);
}

void bench_pilot_restart(struct bench_pilot *bench)
{
    stop(bench);
    start(bench);
}

/* The errors are those of different keys. */
static void count(const char *slot_name, struct bench_traffic traffic, unsigned *key)
{
    const struct snapshot_service *service = bench_desk_service("shop");
    struct slot *slot = NULL;

    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, slot_name) == 0)
            slot = service->slots[i].slot;
    cr_assert_not_null(slot);
    for (unsigned i = 0; i < traffic.n; i++, (*key)++) {
        if (i < traffic.e)
            slot_evidence_error(slot, WORKER, *key % KEYS);
        else
            slot_evidence_success(slot, WORKER, *key % KEYS,
                                  traffic.us != 0 ? traffic.us : USUAL_US);
    }
}

static void tick(struct bench_pilot *bench, struct bench_traffic blue, struct bench_traffic green)
{
    static unsigned key;

    count("blue", blue, &key);
    count("green", green, &key);
    clock_shift(TICK_US);
    for (unsigned i = 0; i < bench->pilot->lookout_count; i++)
        lookout_tick(bench->pilot, i, clock_monotonic_us());
    for (unsigned turns = 0; !TAILQ_EMPTY(&bench->pilot->moves); turns++) {
        cr_assert_lt(turns, 5000, "a change is not answered");
        bench_desk_run_ms(&bench->desk, 1);
    }
}

void bench_pilot_run(struct bench_pilot *bench, unsigned ticks, struct bench_traffic blue,
                     struct bench_traffic green)
{
    for (unsigned i = 0; i < ticks; i++)
        tick(bench, blue, green);
}

unsigned bench_pilot_run_until_moved(struct bench_pilot *bench, unsigned ticks,
                                     struct bench_traffic blue, struct bench_traffic green)
{
    struct deploy_trial_view before;
    struct deploy_trial_view view;

    deploy_view_trial(bench->desk.deploy, 0, &before);
    for (unsigned i = 0; i < ticks; i++) {
        tick(bench, blue, green);
        deploy_view_trial(bench->desk.deploy, 0, &view);
        if (view.kind != before.kind)
            return i + 1;
    }
    return ticks + 1;
}

bool bench_pilot_find_alert(const struct bench_pilot *bench, const char *trigger,
                            struct pilot_alert *out)
{
    for (unsigned i = 0; pilot_alert_at(bench->pilot, i, out); i++)
        if (strcmp(out->trigger, trigger) == 0)
            return true;
    return false;
}

const char *bench_pilot_live(struct bench_pilot *bench)
{
    return bench_desk_active(&bench->desk, "shop");
}
