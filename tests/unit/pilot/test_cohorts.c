/* Pinned tenants judged one by one, over a real desk: who suffers goes to the live slot, alone and once. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_view.h"
#include "pilot/pilot_priv.h"
#include "route/cohort_cells.h"
#include "route/pins.h"
#include "route/snapshot.h"
#include "unit/pilot/bench_pilot.h"

#define CONFIG(more)                                                                               \
    "listener http { bind = \"127.0.0.1:0\" }\n"                                                   \
    "service shop {\n"                                                                             \
    "  health { enabled = false }\n"                                                               \
    "  tenant { from = { \"header:X-Tenant\" } }\n" more                                           \
    "  slot blue { targets = { \"127.0.0.1:5001\" } version = \"v1\" }\n"                          \
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"                         \
    "}\n"

enum { WORKERS = 2, TENANTS = 1000, MANY = 20000 };

static struct bench_pilot bench;

static void pin(const char *tenant, const char *slot)
{
    struct change change = bench_desk_change(CHANGE_TENANT_PIN, "shop", slot);
    struct change_result result;

    snprintf(change.tenant, sizeof change.tenant, "%s", tenant);
    result = bench_desk_do(&bench.desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
}

/* t0, t1 … on green, at once. */
static void pin_many(unsigned count)
{
    struct change change = bench_desk_change(CHANGE_TENANT_LOAD, "shop", "");
    char name[32];

    change.pins = pins_new(WORKERS);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "t%u", i);
        cr_assert_eq(pins_set(change.pins, slice_from(name), "green"), 0);
    }
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
}

static const char *find_pin(const char *tenant)
{
    const struct pins *pins = deploy_pins(bench.desk.deploy, 0);
    int number = pins_find(pins, slice_from(tenant));

    return number != PINS_NONE ? pins_name(pins, number) : "";
}

static struct slot *find_slot(const char *name)
{
    const struct snapshot_service *service = bench_desk_service("shop");

    for (unsigned i = 0; i < service->slot_count; i++)
        if (strcmp(service->slots[i].slot->name, name) == 0)
            return service->slots[i].slot;
    return NULL;
}

/* Requests of a tenant where its pin leads, some of them failing. */
static void ask(const char *tenant, unsigned n, unsigned e)
{
    for (unsigned i = 0; i < n; i++)
        cohort_cells_count(find_slot(find_pin(tenant)), i % WORKERS, slice_from(tenant), i < e);
}

static void settle(void)
{
    for (unsigned turns = 0; !TAILQ_EMPTY(&bench.pilot->pinnings); turns++) {
        cr_assert_lt(turns, 5000, "a pin is not answered");
        bench_desk_run_ms(&bench.desk, 1);
    }
}

/* A second: the live slot has its usual traffic. */
static void second(void)
{
    static const struct bench_traffic usual = { .n = 95 };
    static const struct bench_traffic none = { .n = 0 };

    bench_pilot_run(&bench, 10, usual, none);
    settle();
}

static void start(const char *config)
{
    bench_pilot_init(&bench, config);
    for (unsigned i = 0; i < 10; i++)
        second();
}

static unsigned suffer(const char *tenant, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        ask(tenant, 5, i % 2 == 0 ? 2 : 1); /* 30 % */
        second();
        if (strcmp(find_pin(tenant), "blue") == 0)
            return i + 1;
    }
    return seconds + 1;
}

Test(cohorts, only_who_suffers_is_moved)
{
    struct history_entry entry;
    struct pilot_alert alert;
    char name[32];
    unsigned seconds = 0;

    start(CONFIG(""));
    pin_many(TENANTS);
    for (seconds = 1; seconds < 30; seconds++) {
        for (unsigned i = 0; i < TENANTS; i++) {
            snprintf(name, sizeof name, "t%u", i);
            ask(name, 5, i == 7 ? 1 + seconds % 2 : 0);
        }
        second();
        if (strcmp(find_pin("t7"), "blue") == 0)
            break;
    }
    cr_expect_lt(seconds, 30);
    for (unsigned i = 0; i < TENANTS; i++) {
        snprintf(name, sizeof name, "t%u", i);
        cr_expect_str_eq(find_pin(name), i == 7 ? "blue" : "green", "%s", name);
    }
    cr_expect_str_eq(bench_pilot_live(&bench), "blue");
    cr_assert(deploy_history(bench.desk.deploy, 0, &entry));
    cr_expect_eq(entry.kind, CHANGE_TENANT_PIN);
    cr_expect_str_eq(entry.trigger, "tenant");
    cr_expect_str_eq(entry.target, "t7");
    cr_expect_str_eq(entry.actor, "switchyard");
    cr_expect(bench_pilot_find_alert(&bench, "tenant:t7", &alert));
    cr_expect_not_null(strstr(alert.words, "tenant t7: "));
    bench_pilot_fini(&bench);
}

Test(cohorts, what_both_slots_suffer_from_moves_nobody)
{
    static const struct bench_traffic bad = { .n = 95, .e = 30 };
    static const struct bench_traffic none = { .n = 0 };

    start(CONFIG(""));
    pin("acme", "green");
    for (unsigned i = 0; i < 60; i++) {
        ask("acme", 5, i % 2 == 0 ? 2 : 1);
        bench_pilot_run(&bench, 10, bad, none);
        settle();
    }
    cr_expect_str_eq(find_pin("acme"), "green");
    bench_pilot_fini(&bench);
}

/* We pin a tenant once; if it is pinned back by a person it is watched anew. */
Test(cohorts, is_moved_again_only_after_a_person_pinned_it)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    start(CONFIG(""));
    pin("acme", "green");
    cr_expect_leq(suffer("acme", 30), 30);
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "a test");
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    for (unsigned i = 0; i < 40; i++) { /* now blue, where we pinned it, is not the live slot */
        static const struct bench_traffic usual = { .n = 95 };
        static const struct bench_traffic none = { .n = 0 };

        ask("acme", 5, 3);
        bench_pilot_run(&bench, 10, none, usual);
        settle();
    }
    cr_expect_str_eq(find_pin("acme"), "blue");
    change.slot[0] = 'b';
    snprintf(change.slot, sizeof change.slot, "blue");
    cr_assert_eq(bench_desk_do(&bench.desk, &change).outcome, OUTCOME_DONE);
    second();
    pin("acme", "green");
    cr_expect_leq(suffer("acme", 30), 30);
    bench_pilot_fini(&bench);
}

Test(cohorts, only_speaks_where_it_is_switched_off)
{
    struct pilot_alert alert;

    start(CONFIG("  guard { auto = false }\n"));
    pin("acme", "green");
    cr_expect_eq(suffer("acme", 30), 31);
    cr_expect(bench_pilot_find_alert(&bench, "tenant:acme", &alert));
    bench_pilot_fini(&bench);
}

Test(cohorts, healthy_tenant_and_service_without_tenants_cost_nothing)
{
    start(CONFIG(""));
    cr_expect_null(bench.pilot->lookouts[0].cohorts);
    pin("acme", "green");
    for (unsigned i = 0; i < 60; i++) {
        ask("acme", 5, 0);
        second();
    }
    cr_expect_str_eq(find_pin("acme"), "green");
    cr_expect_not_null(bench.pilot->lookouts[0].cohorts);
    bench_pilot_fini(&bench);
}

/* So many requests of each of MANY tenants, e of them failing. */
static void ask_many(unsigned n, unsigned e)
{
    char name[32];

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "t%u", i);
        ask(name, n, e);
    }
}

/* More than there are places: who is well needs none, and the last one is judged like the first. */
Test(cohorts, any_of_twenty_thousand_can_be_judged)
{
    unsigned seconds = 0;

    start(CONFIG(""));
    pin_many(MANY);
    ask_many(2, 0);
    second();
    for (seconds = 1; seconds < 60; seconds++) {
        ask_many(1, 0);
        ask("t19999", 5, 1 + seconds % 2);
        second();
        if (strcmp(find_pin("t19999"), "blue") == 0)
            break;
    }
    cr_expect_lt(seconds, 60);
    cr_expect_str_eq(find_pin("t19998"), "green");
    bench_pilot_fini(&bench);
}

/* All places are held by tenants with one error each: those who had none since make room for who suffers now. */
Test(cohorts, who_had_no_error_for_long_makes_room)
{
    unsigned seconds = 0;

    start(CONFIG(""));
    pin_many(MANY);
    ask_many(20, 1);
    second();
    cr_expect_gt(suffer("t0", 1), 1, "one of many errors is no suffering");
    for (unsigned i = 0; i < 40; i++)
        second();
    for (seconds = 1; seconds < 60; seconds++) {
        ask("t19999", 5, 1 + seconds % 2);
        ask("t19000", 5, 1 + seconds % 2);
        second();
        if (strcmp(find_pin("t19999"), "blue") == 0 && strcmp(find_pin("t19000"), "blue") == 0)
            break;
    }
    cr_expect_lt(seconds, 60);
    cr_expect_str_eq(find_pin("t5000"), "green");
    bench_pilot_fini(&bench);
}
