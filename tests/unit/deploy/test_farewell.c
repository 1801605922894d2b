/* What the workers are told after a change: that there is a new picture, and which tunnels are to end, and when. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "route/tunnel_drain.h"

enum { ORDERS_MAX = 16 };

static struct bench_desk desk;
static struct tunnel_drain orders[ORDERS_MAX];
static unsigned order_count;
static unsigned published;

static void on_published(void *arg)
{
    (void)arg;
    published++;
}

static void on_drain_tunnels(void *arg, const struct tunnel_drain *order)
{
    (void)arg;
    cr_assert_lt(order_count, ORDERS_MAX);
    orders[order_count++] = *order;
}

static const struct deploy_ops ops = {
    .published = on_published,
    .drain_tunnels = on_drain_tunnels,
};

/* drain: the words inside the block. */
static void start(const char *drain)
{
    char config[1024];

    snprintf(config, sizeof config,
             "listener http { bind = \"127.0.0.1:0\" }\n"
             "service shop {\n"
             "  health { enabled = false }\n"
             "  drain { %s }\n"
             "  slot blue { targets = { \"127.0.0.1:5001\", \"127.0.0.1:5003\" } }\n"
             "  slot green { targets = { \"127.0.0.1:5002\" } }\n"
             "  slot red { targets = { \"127.0.0.1:5004\" } }\n"
             "}\n",
             drain);
    bench_desk_write_config(&desk, config);
    bench_desk_must_start(&desk);
}

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    desk.options.ops = &ops;
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(farewell, .init = begin, .fini = end);

static struct slot *slot_of(const char *name)
{
    const struct snapshot_service *shop = bench_desk_service("shop");

    for (unsigned i = 0; i < shop->slot_count; i++)
        if (strcmp(shop->slots[i].slot->name, name) == 0)
            return shop->slots[i].slot;
    return NULL;
}

static void set_tunnels(const char *name, uint64_t count)
{
    atomic_store(&slot_of(name)->cells[0].tunnels, count);
}

static void submit(enum change_kind kind, const char *slot)
{
    struct change change = bench_desk_change(kind, "shop", slot);
    struct change_result result = bench_desk_do(&desk, &change);

    cr_assert(result.changed, "%s", result.words);
}

static void tell_target(enum change_kind kind, const char *slot, const char *target)
{
    struct change change = bench_desk_change(kind, "shop", slot);
    struct change_result result;

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "test");
    snprintf(change.target, sizeof change.target, "%s", target);
    result = bench_desk_do(&desk, &change);
    cr_assert(result.changed, "%s", result.words);
}

static void expect_order(unsigned index, const char *slot, bool is_cancelled)
{
    cr_assert_lt(index, order_count);
    cr_assert_eq(orders[index].slot, slot_of(slot), "order %u is for %s", index,
                 orders[index].slot->name);
    cr_assert_eq(orders[index].is_cancelled, is_cancelled);
}

Test(farewell, every_new_picture_is_told)
{
    struct change lock = bench_desk_change(CHANGE_LOCK_ACQUIRE, "shop", "");

    start("");
    cr_assert_eq(published, 0, "nobody waits before the first one");
    submit(CHANGE_PAUSE, "");
    cr_assert_eq(published, 1);
    submit(CHANGE_RESUME, "");
    cr_assert_eq(published, 2);
    bench_desk_do(&desk, &lock);
    cr_assert_eq(published, 2, "a lock is in no picture");
    cr_assert_eq(order_count, 0, "and no slot lost its traffic");
}

Test(farewell, after_a_switch_late_enough_for_all_to_be_closed_at_the_deadline)
{
    uint64_t now_us = clock_monotonic_us();

    start("tunnels = \"10m\" tunnel_rate = 100");
    set_tunnels("blue", 6000);
    submit(CHANGE_SWITCH, "green");
    cr_assert_eq(order_count, 1);
    expect_order(0, "blue", false);
    cr_assert(!orders[0].never);
    cr_assert_eq(orders[0].per_second, 100);
    cr_assert_geq(orders[0].deadline_us, now_us + 600000000);
    cr_assert_eq(orders[0].deadline_us - orders[0].begin_us, 60000000);
    set_tunnels("blue", 0);
}

Test(farewell, few_tunnels_end_exactly_at_the_deadline)
{
    start("tunnels = \"10m\" tunnel_rate = 100");
    set_tunnels("blue", 49);
    submit(CHANGE_SWITCH, "green");
    cr_assert_eq(orders[0].begin_us, orders[0].deadline_us);
    set_tunnels("blue", 0);
}

Test(farewell, more_than_can_be_closed_in_time_begin_at_once)
{
    start("tunnels = \"1s\" tunnel_rate = 10");
    set_tunnels("blue", 1000);
    submit(CHANGE_SWITCH, "green");
    cr_assert_eq(orders[0].deadline_us - orders[0].begin_us, 1000000);
    set_tunnels("blue", 0);
}

Test(farewell, now_begins_now)
{
    start("tunnels = \"10m\" tunnel_rate = 100 tunnel_start = \"now\"");
    submit(CHANGE_SWITCH, "green");
    cr_assert_eq(orders[0].deadline_us - orders[0].begin_us, 600000000);
}

Test(farewell, without_a_rate_all_end_at_the_deadline)
{
    start("tunnels = \"10m\" tunnel_rate = 0 tunnel_start = \"now\"");
    submit(CHANGE_SWITCH, "green");
    cr_assert_eq(orders[0].begin_us, orders[0].deadline_us);
    cr_assert_eq(orders[0].per_second, 0);
}

Test(farewell, never_closes_nothing)
{
    start("tunnels = \"never\"");
    submit(CHANGE_SWITCH, "green");
    expect_order(0, "blue", false);
    cr_assert(orders[0].never);
}

Test(farewell, is_taken_back_when_the_slot_is_live_again)
{
    start("");
    submit(CHANGE_SWITCH, "green");
    submit(CHANGE_ROLLBACK, "");
    cr_assert_eq(order_count, 3);
    expect_order(0, "blue", false);
    expect_order(1, "blue", true);
    expect_order(2, "green", false);
}

Test(farewell, of_a_candidate_comes_with_the_abort_and_goes_with_the_next_start)
{
    start("");
    submit(CHANGE_CANARY_START, "green");
    cr_assert_eq(order_count, 0);
    submit(CHANGE_CANARY_ABORT, "");
    cr_assert_eq(order_count, 1);
    expect_order(0, "green", false);
    submit(CHANGE_CANARY_START, "green");
    cr_assert_eq(order_count, 2);
    expect_order(1, "green", true);
    submit(CHANGE_CANARY_PROMOTE, "");
    cr_assert_eq(order_count, 3);
    expect_order(2, "blue", false);
}

Test(farewell, of_a_drained_slot_comes_with_its_last_target)
{
    start("");
    tell_target(CHANGE_TARGET_DRAIN, "blue", "127.0.0.1:5001");
    cr_assert_eq(order_count, 0, "another target is left");
    tell_target(CHANGE_TARGET_DRAIN, "blue", "127.0.0.1:5003");
    cr_assert_eq(order_count, 1);
    expect_order(0, "blue", false);
    tell_target(CHANGE_TARGET_READY, "blue", "127.0.0.1:5003");
    cr_assert_eq(order_count, 2);
    expect_order(1, "blue", true);
}

Test(farewell, of_a_slot_at_rest_that_is_drained_and_made_ready_again)
{
    start("");
    tell_target(CHANGE_TARGET_DRAIN, "red", "127.0.0.1:5004");
    expect_order(0, "red", false);
    tell_target(CHANGE_TARGET_READY, "red", "127.0.0.1:5004");
    cr_assert_eq(order_count, 2);
    expect_order(1, "red", true);
}

Test(farewell, a_target_of_a_slot_without_traffic_takes_no_farewell_back)
{
    start("");
    submit(CHANGE_SWITCH, "green");
    tell_target(CHANGE_TARGET_WEIGHT, "green", "127.0.0.1:5002");
    cr_assert_eq(order_count, 1);
    tell_target(CHANGE_TARGET_DRAIN, "blue", "127.0.0.1:5001");
    tell_target(CHANGE_TARGET_READY, "blue", "127.0.0.1:5001");
    cr_assert_eq(order_count, 1, "it left, and it stays away");
}
