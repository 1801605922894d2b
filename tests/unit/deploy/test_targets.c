/* Orders, weights and comings and goings of targets. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_priv.h"

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, bench_desk_config);
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(targets, .init = begin, .fini = end);

static struct change make(enum change_kind kind, const char *slot, const char *target)
{
    struct change change = bench_desk_change(kind, "shop", slot);

    snprintf(change.target, sizeof change.target, "%s", target);
    return change;
}

static struct change_result set(enum change_kind kind, const char *slot, const char *target)
{
    struct change change = make(kind, slot, target);

    return bench_desk_do(&desk, &change);
}

Test(targets, orders_are_set_and_forgotten_when_they_are_the_default)
{
    static const enum change_kind kinds[] = { CHANGE_TARGET_DRAIN, CHANGE_TARGET_MAINT,
                                              CHANGE_TARGET_READY };
    static const enum order orders[] = { ORDER_DRAIN, ORDER_MAINT, ORDER_READY };

    for (int i = 0; i < 3; i++) {
        struct change_result result = set(kinds[i], "blue", "127.0.0.1:5003");

        cr_assert(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
        cr_assert_eq(bench_desk_service("shop")->slots[0].picks[1].order, orders[i]);
        cr_assert(!set(kinds[i], "blue", "127.0.0.1:5003").changed);
    }
    cr_assert_eq(desk.deploy->state->decisions.services[0]->target_count, 0);
}

Test(targets, the_last_ready_one_of_the_live_slot_stays)
{
    struct change change = make(CHANGE_TARGET_REMOVE, "blue", "127.0.0.1:5001");
    struct change_result result;

    cr_assert_eq(set(CHANGE_TARGET_MAINT, "blue", "127.0.0.1:5003").outcome, OUTCOME_DONE);
    cr_assert_eq(set(CHANGE_TARGET_DRAIN, "blue", "127.0.0.1:5001").fault, FAULT_GATE_REFUSED);
    result = bench_desk_do(&desk, &change);
    cr_assert_str_eq(result.gate, "target");
    change.force = true;
    snprintf(change.reason, sizeof change.reason, "%s", "it burns");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_service("shop")->slots[0].pick_count, 1);
    cr_assert_eq(set(CHANGE_TARGET_DRAIN, "green", "127.0.0.1:5002").outcome, OUTCOME_DONE,
                 "a standby slot has no such gate");
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").fault, FAULT_GATE_REFUSED);
}

Test(targets, add_remove_and_add_again)
{
    struct target *target = NULL;
    struct change change = make(CHANGE_TARGET_ADD, "green", "[::1]:5020");

    change.weight = 4;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert(!bench_desk_do(&desk, &change).changed);
    cr_assert_eq(bench_desk_service("shop")->slots[1].picks[1].weight, 4);
    target = bench_desk_service("shop")->slots[1].picks[0].target;
    cr_assert_eq(set(CHANGE_TARGET_REMOVE, "green", "127.0.0.1:5002").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_service("shop")->slots[1].pick_count, 1);
    cr_assert_eq(set(CHANGE_TARGET_ADD, "green", "127.0.0.1:5002").outcome, OUTCOME_DONE);
    cr_assert_neq(bench_desk_service("shop")->slots[1].picks[0].target, target, "a new object");
    cr_assert_eq(set(CHANGE_TARGET_REMOVE, "green", "[::1]:5020").outcome, OUTCOME_DONE);
    cr_assert_eq(desk.deploy->state->decisions.services[0]->target_count, 0);
}

Test(targets, refuses_nonsense)
{
    static const struct {
        enum change_kind kind;
        const char *slot;
        const char *target;
        uint32_t weight;
        enum fault fault;
    } cases[] = {
        { CHANGE_TARGET_READY, "blue", "127.0.0.1:1", 0, FAULT_UNKNOWN_NAME },
        { CHANGE_TARGET_READY, "red", "127.0.0.1:5001", 0, FAULT_UNKNOWN_NAME },
        { CHANGE_TARGET_READY, "", "127.0.0.1:5001", 0, FAULT_UNKNOWN_NAME },
        { CHANGE_TARGET_WEIGHT, "blue", "127.0.0.1:5001", 1001, FAULT_USAGE },
        { CHANGE_TARGET_ADD, "blue", "127.0.0.1", 0, FAULT_USAGE },
        { CHANGE_TARGET_ADD, "blue", "127.0.0.1:0", 0, FAULT_USAGE },
        { CHANGE_TARGET_ADD, "blue", "127.0.0.1:65536", 0, FAULT_USAGE },
        { CHANGE_TARGET_ADD, "blue", "", 0, FAULT_USAGE },
        { CHANGE_TARGET_ADD, "blue", "no-such-name.invalid:80", 0, FAULT_NAME_UNKNOWN },
    };
    uint64_t epoch = bench_desk_epoch(&desk);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct change change = make(cases[i].kind, cases[i].slot, cases[i].target);
        struct change_result result;

        change.weight = cases[i].weight;
        result = bench_desk_do(&desk, &change);
        cr_expect_eq(result.fault, cases[i].fault, "%zu: %s", i, result.words);
        cr_expect_eq(bench_desk_epoch(&desk), epoch);
    }
}

Test(targets, a_name_is_resolved_and_remembered)
{
    cr_assert_eq(set(CHANGE_TARGET_ADD, "green", "localhost:5021").outcome, OUTCOME_DONE);
    cr_assert_eq(address_port(&bench_desk_service("shop")->slots[1].picks[1].target->address),
                 5021);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_str_eq(bench_desk_service("shop")->slots[1].picks[1].target->name, "localhost:5021");
}
