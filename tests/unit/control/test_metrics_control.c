/* The program, its threads, doors and commands in /metrics: src/control/metrics_control.c, verbs.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/command_priv.h"
#include "control/metrics_control_priv.h"
#include "control/verbs_priv.h"
#include "net/lag.h"
#include "unit/control/asker.h"
#include "unit/control/world.h"

static struct world world;
static struct text out;

static void start(void)
{
    world_init(&world);
    text_init(&out, 1 << 20);
}

static void stop(void)
{
    text_fini(&out);
    world_fini(&world);
}

TestSuite(metrics_control, .init = start, .fini = stop);

static bool has_line(const char *line)
{
    char whole[512];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    return out.bytes != NULL && strstr(out.bytes, whole) != NULL;
}

static void write_all(void)
{
    text_clear(&out);
    metrics_control_write(&world.room, &out);
    metrics_control_write_connections(&world.room, &world.stats, &out);
}

static const char *two_lags(void *arg, unsigned index, struct lag_totals *totals)
{
    (void)arg;
    *totals = (struct lag_totals){ .buckets = { 3, index }, .sum_us = 4000 };
    return index == 0 ? "control" : index == 1 ? "worker-0" : NULL;
}

static void two_listeners(void *arg, listener_list_fn *fn, void *fn_arg)
{
    (void)arg;
    fn(fn_arg, "http", 7);
    fn(fn_arg, "https", 0);
}

Test(metrics_control, threads_and_doors)
{
    world.stats.connections = 9;
    write_all();
    cr_expect(has_line("switchyard_connections 9"), "without a list the sum is told");
    world.room.lag = two_lags;
    world.room.listeners = two_listeners;
    write_all();
    cr_expect(has_line("switchyard_connections{listener=\"http\"} 7"));
    cr_expect(has_line("switchyard_connections{listener=\"https\"} 0"));
    cr_expect(
        has_line("switchyard_event_loop_lag_seconds_bucket{thread=\"control\",le=\"0.001\"} 3"));
    cr_expect(has_line("switchyard_event_loop_lag_seconds_count{thread=\"worker-0\"} 4"));
    cr_expect(has_line("switchyard_event_loop_lag_seconds_sum{thread=\"worker-0\"} 0.004"));
    cr_expect_null(strstr(out.bytes, "worker-1"));
    cr_expect_not_null(strstr(out.bytes, "tls=\"OpenSSL 3"));
}

Test(metrics_control, what_is_left_of_a_slot)
{
    struct slot_cell *cell = &world.slots[0][1]->cells[0];

    atomic_store(&cell->in_flight, 5);
    atomic_store(&cell->tunnels, 2);
    write_all();
    cr_expect(has_line(
        "switchyard_drain_remaining{service=\"shop\",slot=\"green\",kind=\"requests\"} 3"));
    cr_expect(
        has_line("switchyard_drain_remaining{service=\"shop\",slot=\"green\",kind=\"tunnels\"} 2"));
    cr_expect_null(strstr(out.bytes, "switchyard_drain_remaining{service=\"shop\",slot=\"blue\""),
                   "the live slot does not drain");
    atomic_store(&cell->in_flight, 0);
    atomic_store(&cell->tunnels, 0);
}

Test(metrics_control, commands_by_verb_level_and_result)
{
    struct verbs *counted = verbs_new();
    struct verbs_row row;
    unsigned at = 0;

    cr_expect_not(verbs_next(counted, &at, &row), "nothing was counted yet");
    world.room.verbs = counted;
    verbs_count(counted, command_find("switch"), LEVEL_OPERATOR, OUTCOME_DONE);
    verbs_count(counted, command_find("switch"), LEVEL_OPERATOR, OUTCOME_DONE);
    verbs_count(counted, command_find("switch"), LEVEL_ADMIN, OUTCOME_REFUSED);
    verbs_count(counted, command_find("shutdown"), LEVEL_USER, OUTCOME_DENIED);
    verbs_count(counted, NULL, LEVEL_USER, OUTCOME_USAGE);
    write_all();
    cr_expect(has_line(
        "switchyard_admin_requests_total{verb=\"switch\",role=\"operator\",result=\"done\"} 2"));
    cr_expect(has_line(
        "switchyard_admin_requests_total{verb=\"switch\",role=\"admin\",result=\"refused\"} 1"));
    cr_expect(has_line(
        "switchyard_admin_requests_total{verb=\"shutdown\",role=\"viewer\",result=\"denied\"} 1"));
    cr_expect(has_line(
        "switchyard_admin_requests_total{verb=\"unknown\",role=\"viewer\",result=\"usage\"} 1"));
    world.room.verbs = NULL;
    verbs_free(counted);
}

static struct verbs *verbs;

static void furnish(void)
{
    asker_world.room.verbs = verbs;
}

static void start_asking(void)
{
    verbs = verbs_new();
    asker_furnish = furnish;
    asker_start();
}

static void stop_asking(void)
{
    asker_stop();
    verbs_free(verbs);
}

/* Whatever answers a command counts it. */
Test(verbs, a_command_is_counted_when_it_is_answered, .init = start_asking, .fini = stop_asking)
{
    struct verbs_row row = { .count = 0 };
    unsigned at = 0;

    ask("list\n");
    cr_assert(verbs_next(verbs, &at, &row));
    cr_expect_str_eq(row.verb, "list");
    cr_expect_eq(row.count, 1);
    cr_expect_eq(row.outcome, OUTCOME_DONE);
    cr_expect_not(verbs_next(verbs, &at, &row));
    cr_expect(ask_has("shop"));
}

Test(metrics_control, a_way_back_needs_a_fit_target)
{
    write_all();
    cr_expect_not_null(strstr(out.bytes, "\nswitchyard_rollback_safe{service=\"shop\"} "));
    target_set_verdict(world.targets[0][1][0], VERDICT_DOWN);
    target_set_verdict(world.targets[0][1][1], VERDICT_DOWN);
    write_all();
    cr_expect(has_line("switchyard_rollback_safe{service=\"shop\"} 0"));
    target_set_verdict(world.targets[0][1][1], VERDICT_UP);
    write_all();
    cr_expect(has_line("switchyard_rollback_safe{service=\"shop\"} 1"));
}
