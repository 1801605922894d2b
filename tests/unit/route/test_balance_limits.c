/* Targets that are full, and targets that have just come up: balance.h. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/hash.h"
#include "picture.h"

enum { SLOW_US = 10000000, UP_US = 50000000 };

static struct picture picture;

static void tear_down(void)
{
    picture_fini(&picture);
}

TestSuite(balance_limits, .fini = tear_down);

static void set_load(unsigned target, uint64_t requests, uint64_t connections, uint64_t idle)
{
    struct target_cell *cell = &picture.targets[target]->cells[1];

    atomic_store(&cell->in_flight, requests);
    atomic_store(&cell->connections, connections);
    atomic_store(&picture.targets[target]->cells[0].idle, idle);
}

static void forget_load(void)
{
    for (unsigned i = 0; i < PICTURE_TARGETS && picture.targets[i] != NULL; i++)
        set_load(i, 0, 0, 0);
}

struct limit_case {
    const char *name;
    const char *verdicts;
    uint64_t requests[3];
    uint64_t connections[3];
    uint64_t idle[3]; /* of the worker that asks */
    bool refuse_unfit;
    int picked; /* -1: none */
    bool is_busy;
};

/* At most 5 requests and 8 connections. */
static const struct limit_case limit_cases[] = {
    { "one has room", "uuu", { 5, 4, 5 }, { 0 }, { 0 }, false, 1, false },
    { "all are full", "uuu", { 5, 6, 5 }, { 0 }, { 0 }, false, -1, true },
    { "of connections too", "uuu", { 1, 1, 1 }, { 8, 7, 9 }, { 0 }, false, 1, false },
    { "a kept one is there already",
      "uuu",
      { 1, 1, 1 },
      { 8, 8, 8 },
      { 0, 0, 1 },
      false,
      2,
      false },
    { "but not for more requests", "uuu", { 5, 5, 5 }, { 8, 8, 8 }, { 1, 1, 1 }, false, -1, true },
    { "an unknown one with room", "uu?", { 5, 5, 0 }, { 0 }, { 0 }, false, 2, false },
    { "a down one is no way out", "uud", { 5, 5, 0 }, { 0 }, { 0 }, false, -1, true },
    { "nor when it comes first", "duu", { 0, 5, 5 }, { 0 }, { 0 }, false, -1, true },
    { "fail-static has limits too", "ddd", { 5, 0, 5 }, { 0 }, { 0 }, false, 1, false },
    { "and may be full", "ddd", { 5, 5, 5 }, { 0 }, { 0 }, false, -1, true },
    { "refused, not full", "ddd", { 5, 5, 5 }, { 0 }, { 0 }, true, -1, false },
};

Test(balance_limits, the_full_are_passed_over)
{
    for (size_t i = 0; i < sizeof limit_cases / sizeof *limit_cases; i++) {
        const struct limit_case *c = &limit_cases[i];

        picture_init(&picture, 3, 2);
        picture_judge(&picture, c->verdicts);
        picture.service.refuse_unfit = c->refuse_unfit;
        for (unsigned t = 0; t < 3; t++) {
            picture.picks[t].max_requests = 5;
            picture.picks[t].max_connections = 8;
            set_load(t, c->requests[t], c->connections[t], c->idle[t]);
        }
        cr_expect_eq(picture_pick(&picture), c->picked, "%s", c->name);
        if (c->picked < 0)
            cr_expect_eq(balance_is_busy(&picture.service, picture.slots), c->is_busy, "%s",
                         c->name);
        forget_load();
        picture_fini(&picture);
    }
    picture_init(&picture, 1, 1);
}

Test(balance_limits, the_only_one_may_be_full)
{
    picture_init(&picture, 1, 2);
    picture.picks[0].max_requests = 2;
    set_load(0, 1, 0, 0);
    cr_expect_eq(picture_pick(&picture), 0);
    set_load(0, 2, 0, 0);
    cr_expect_eq(picture_pick(&picture), -1);
    cr_expect(balance_is_busy(&picture.service, picture.slots));
    picture.picks[0].order = ORDER_MAINT;
    cr_expect_eq(picture_pick(&picture), -1);
    cr_expect_not(balance_is_busy(&picture.service, picture.slots));
    forget_load();
}

Test(balance_limits, those_of_weight_nothing_help_out)
{
    picture_init(&picture, 2, 2);
    picture_judge(&picture, "uu");
    picture.picks[0].max_requests = 1;
    picture.picks[1].weight = 0;
    cr_expect_eq(picture_pick(&picture), 0);
    set_load(0, 1, 0, 0);
    cr_expect_eq(picture_pick(&picture), 1);
    forget_load();
}

/* Of 2000 picks at that time, how many the first target gets. */
static unsigned count_first(uint64_t now_us)
{
    uint64_t random = 5;
    unsigned count = 0;

    picture.query.now_us = now_us;
    for (unsigned i = 0; i < 2000; i++) {
        picture.query.random = hash_random(&random);
        count += picture_pick(&picture) == 0;
    }
    return count;
}

static void begin_slow_start(enum balance balance)
{
    picture_init(&picture, 2, 1);
    picture_judge(&picture, "uu");
    picture.service.balance = balance;
    picture.service.slow_start_us = SLOW_US;
    target_set_up_since(picture.targets[0], UP_US);
    target_set_up_since(picture.targets[1], 1);
}

/* Weights 2:20, 11:20 and 20:20 of 2000. */
Test(balance_limits, weight_grows_with_time)
{
    begin_slow_start(BALANCE_ROUND_ROBIN);
    cr_expect_leq(abs((int)count_first(UP_US) - 182), 1);
    cr_expect_leq(abs((int)count_first(UP_US - 1) - 182), 1); /* another thread's time */
    cr_expect_leq(abs((int)count_first(UP_US + SLOW_US / 2) - 710), 1);
    cr_expect_leq(abs((int)count_first(UP_US + SLOW_US) - 1000), 1);
}

Test(balance_limits, weight_grows_in_other_ways_of_balancing)
{
    begin_slow_start(BALANCE_LEAST_REQUESTS);
    cr_expect_leq(abs((int)count_first(UP_US) - 182), 1);
    picture_fini(&picture);
    begin_slow_start(
        BALANCE_RANDOM); /* two different ones of two: the load decides, not the weight */
    target_pin(picture.targets[0], 0);
    target_pin(picture.targets[1], 0);
    cr_expect_eq(count_first(UP_US), 0);
    target_unpin(picture.targets[1], 0);
    target_unpin(picture.targets[0], 0);
}

Test(balance_limits, a_key_stays_with_its_target)
{
    unsigned first = 0;

    begin_slow_start(BALANCE_HASH);
    picture.service.hash_key = HASH_CLIENT_IP;
    for (unsigned i = 0; i < 200; i++) {
        int was = 0;

        picture.client.sa.in.sin_addr.s_addr = (uint32_t)hash_mix(i);
        picture.query.now_us = UP_US;
        was = picture_pick(&picture);
        picture.query.now_us = UP_US + SLOW_US;
        cr_assert_eq(picture_pick(&picture), was);
        first += was == 0;
    }
    cr_expect(first > 50 && first < 150, "%u", first);
}

Test(balance_limits, those_that_came_together_share_evenly)
{
    begin_slow_start(BALANCE_ROUND_ROBIN);
    target_set_up_since(picture.targets[1], UP_US + 1000);
    cr_expect_eq(count_first(UP_US + SLOW_US / 3), 1000);
    target_set_verdict(picture.targets[1], VERDICT_UNKNOWN);
    target_set_up_since(picture.targets[1], 0);
    cr_expect_eq(count_first(UP_US + SLOW_US / 3), 2000);
}

Test(balance_limits, without_slow_start_weights_are_whole)
{
    begin_slow_start(BALANCE_ROUND_ROBIN);
    picture.service.slow_start_us = 0;
    cr_expect_eq(count_first(UP_US), 1000);
}
