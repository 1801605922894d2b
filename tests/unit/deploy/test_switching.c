/* Switch and rollback over a real desk: what they do, refuse and remember. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_view.h"

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

TestSuite(switching, .init = begin, .fini = end);

static struct change_result go_back(const char *name)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, name, "");

    return bench_desk_do(&desk, &change);
}

Test(switching, moves_and_raises_the_epoch_by_one)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result = bench_desk_switch(&desk, "shop", "green");

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert(result.changed && result.is_durable);
    cr_assert_str_eq(result.from, "blue");
    cr_assert_str_eq(result.to, "green");
    cr_assert_eq(result.epoch_before, epoch);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
}

Test(switching, to_the_live_slot_changes_nothing)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result = bench_desk_switch(&desk, "shop", "blue");

    cr_assert_eq(result.outcome, OUTCOME_DONE);
    cr_assert(!result.changed);
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
}

Test(switching, without_a_slot_goes_to_the_other_switchable_one)
{
    cr_assert_eq(bench_desk_switch(&desk, "shop", "").outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert_eq(bench_desk_switch(&desk, "shop", "").outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
}

Test(switching, refuses_what_is_not_there)
{
    static const struct {
        const char *name;
        const char *slot;
        enum fault fault;
        const char *gate;
    } cases[] = {
        { "shoe", "green", FAULT_UNKNOWN_NAME, "" },
        { "shop", "red", FAULT_UNKNOWN_NAME, "" },
        { "shop", "staging", FAULT_GATE_REFUSED, "role" },
        { "web", "green", FAULT_GATE_REFUSED, "group" },
        { "release", "red", FAULT_UNKNOWN_NAME, "" },
        { "release", "green", FAULT_GATE_REFUSED, "target" }, /* health is on, nothing known */
    };
    uint64_t epoch = bench_desk_epoch(&desk);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct change_result result = bench_desk_switch(&desk, cases[i].name, cases[i].slot);

        cr_expect_eq(result.outcome, OUTCOME_REFUSED, "%zu %s", i, result.words);
        cr_expect_eq(result.fault, cases[i].fault, "%zu %s", i, result.words);
        cr_expect_str_eq(result.gate, cases[i].gate, "%zu %s", i, result.words);
        cr_expect_eq(bench_desk_epoch(&desk), epoch, "%zu", i);
    }
}

Test(switching, unknown_names_are_refused_also_with_force)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "staging");

    change.force = true;
    snprintf(change.reason, sizeof change.reason, "%s", "now");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_REFUSED);
    snprintf(change.slot, sizeof change.slot, "%s", "red");
    cr_assert_eq(bench_desk_do(&desk, &change).fault, FAULT_UNKNOWN_NAME);
}

Test(switching, force_needs_a_reason)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "release", "green");

    change.force = true;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_USAGE);
    snprintf(change.reason, sizeof change.reason, "%s", "the probes are wrong");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "green");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "green");
}

Test(switching, a_group_moves_as_a_whole_or_not_at_all)
{
    struct change_result result;

    bench_desk_verdict(&desk, "web", "green", VERDICT_UP);
    result = bench_desk_switch(&desk, "release", "green");
    cr_assert_eq(result.fault, FAULT_GATE_REFUSED);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "blue");
    bench_desk_verdict(&desk, "api", "green", VERDICT_UP);
    result = bench_desk_switch(&desk, "release", "");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_eq(result.epoch, result.epoch_before + 1);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "green");
    cr_assert_str_eq(bench_desk_active(&desk, "api"), "green");
}

Test(switching, unknown_is_no_pass_for_a_switch_but_for_a_rollback)
{
    bench_desk_verdict(&desk, "web", "green", VERDICT_UP);
    bench_desk_verdict(&desk, "api", "green", VERDICT_UP);
    cr_assert_eq(bench_desk_switch(&desk, "release", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_switch(&desk, "release", "blue").fault, FAULT_GATE_REFUSED);
    cr_assert_eq(go_back("release").outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_desk_active(&desk, "web"), "blue");
}

Test(switching, rollback_needs_a_target_that_is_not_down)
{
    struct change_result result;

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_verdict(&desk, "shop", "blue", VERDICT_DOWN);
    result = go_back("shop");
    cr_assert_eq(result.fault, FAULT_GATE_REFUSED, "%s", result.words);
    cr_assert_str_eq(result.gate, "target");
    bench_desk_verdict(&desk, "shop", "blue", VERDICT_UNKNOWN);
    cr_assert_eq(go_back("shop").outcome, OUTCOME_DONE);
}

Test(switching, rollback_goes_back_once)
{
    struct change_result result = go_back("shop");
    struct deploy_service_view view;

    cr_assert_str_eq(result.gate, "previous");
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    deploy_view_service(desk.deploy, 0, &view);
    cr_assert_str_eq(view.previous, "blue");
    result = go_back("shop");
    cr_assert(result.outcome == OUTCOME_DONE && result.changed);
    cr_assert_str_eq(result.to, "blue");
    result = go_back("shop");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed, "%s", result.words);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    deploy_view_service(desk.deploy, 0, &view);
    cr_assert_str_eq(view.previous, "");
    cr_assert_eq(view.switch_count, 2);
}

Test(switching, a_stale_epoch_is_a_conflict)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change_result result;

    change.if_epoch = bench_desk_epoch(&desk) + 1;
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_CONFLICT);
    cr_assert_eq(result.fault, FAULT_CONFLICT);
    change.if_epoch = bench_desk_epoch(&desk);
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
}

Test(switching, the_decision_survives_a_restart_and_the_epoch_grows)
{
    uint64_t epoch = 0;

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    epoch = bench_desk_epoch(&desk);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
    cr_assert_eq(go_back("shop").outcome, OUTCOME_DONE);
}

Test(switching, a_key_is_carried_out_once)
{
    struct change change = bench_desk_change(CHANGE_SWITCH, "shop", "green");
    struct change_result first;
    struct change_result again;

    snprintf(change.key, sizeof change.key, "%s", "deploy-17");
    first = bench_desk_do(&desk, &change);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "blue").outcome, OUTCOME_DONE);
    again = bench_desk_do(&desk, &change);
    cr_assert_eq(again.epoch, first.epoch);
    cr_assert(again.changed);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_eq(bench_desk_do(&desk, &change).epoch, first.epoch);
    snprintf(change.slot, sizeof change.slot, "%s", "blue");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_CONFLICT);
}

Test(switching, ten_thousand_at_once_are_linear)
{
    enum { COUNT = 10000 };
    static struct bench_answer answers[COUNT];
    unsigned open = 0;
    uint64_t epoch = bench_desk_epoch(&desk);
    unsigned winners = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        struct change change =
            bench_desk_change(CHANGE_SWITCH, "shop", i % 2 == 0 ? "green" : "blue");

        change.if_epoch = epoch + i / 10; /* ten rivals for each epoch */
        bench_desk_submit(&desk, &change, &answers[i], &open);
    }
    bench_desk_wait(&desk, &open);
    for (unsigned i = 0; i < COUNT; i++) {
        const struct change_result *result = &answers[i].result;

        if (result->outcome == OUTCOME_DONE && result->changed)
            cr_assert_eq(result->epoch, epoch + ++winners, "%u", i);
        else
            cr_assert(result->outcome == OUTCOME_CONFLICT || !result->changed, "%u %s", i,
                      result->words);
    }
    cr_assert_eq(bench_desk_epoch(&desk), epoch + winners);
    cr_assert_gt(winners, 100);
}
