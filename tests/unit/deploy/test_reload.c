/* Reload: all or nothing, decisions kept, objects reused, a live slot protected. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "config/config.h"
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

TestSuite(reload, .init = begin, .fini = end);

static struct change_result reload(const char *config)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");

    if (config != NULL)
        bench_desk_write_config(&desk, config);
    return bench_desk_do(&desk, &change);
}

#define HEAD "listener http { bind = \"127.0.0.1:0\" }\n"
#define SHOP(blue, green, more)                                                                    \
    HEAD "service shop { hosts = { \"shop.example\" } health { enabled = false } " more            \
         "slot blue { targets = { " blue " } } slot green { targets = { " green " } } }\n"

Test(reload, the_same_file_keeps_every_object)
{
    const struct snapshot_service *before = bench_desk_service("shop");
    struct slot *slot = before->slots[0].slot;
    struct target *target = before->slots[0].picks[1].target;
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result = reload(NULL);

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
    cr_assert_eq(bench_desk_service("shop")->slots[0].slot, slot);
    cr_assert_eq(bench_desk_service("shop")->slots[0].picks[1].target, target);
}

Test(reload, what_changed_is_new_and_the_rest_is_kept)
{
    const struct snapshot_service *before = bench_desk_service("shop");
    struct target *kept = before->slots[0].picks[0].target;
    struct change_result result =
        reload(SHOP("\"127.0.0.1:5001 weight=3\", \"127.0.0.1:5004\"", "\"127.0.0.1:5002\"", ""));
    const struct snapshot_slot *blue = NULL;

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    blue = &bench_desk_service("shop")->slots[0];
    cr_assert_eq(blue->pick_count, 2);
    cr_assert_eq(blue->picks[0].target, kept);
    cr_assert_eq(blue->picks[0].weight, 3);
    cr_assert_str_eq(blue->picks[1].target->name, "127.0.0.1:5004");
    cr_assert_null(bench_desk_service("web"));
    cr_assert_eq(deploy_config(desk.deploy)->service_count, 1);
}

Test(reload, decisions_win_over_the_configuration)
{
    struct change change = bench_desk_change(CHANGE_TARGET_WEIGHT, "shop", "blue");

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    snprintf(change.target, sizeof change.target, "%s", "127.0.0.1:5001");
    change.weight = 9;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    change = bench_desk_change(CHANGE_TARGET_ADD, "shop", "green");
    snprintf(change.target, sizeof change.target, "%s", "127.0.0.1:5010");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert_eq(
        reload(SHOP("\"127.0.0.1:5001\"", "\"127.0.0.1:5002\"", "active = \"blue\"")).outcome,
        OUTCOME_DONE);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert_eq(bench_desk_service("shop")->slots[0].picks[0].weight, 9);
    cr_assert_eq(bench_desk_service("shop")->slots[1].pick_count, 2);
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    cr_assert_eq(bench_desk_service("shop")->slots[1].pick_count, 2);
}

Test(reload, a_bad_file_changes_nothing_and_a_good_one_works_right_after)
{
    static const char *const bad[] = {
        "listener http { bind = ",
        HEAD "service shop { slot blue { targets = { \"127.0.0.1:5001\" } } active = \"red\" }\n",
        HEAD "service shop { colour = \"blue\" }\n",
        "",
    };
    uint64_t epoch = bench_desk_epoch(&desk);

    for (size_t i = 0; i < 3; i++) {
        struct change_result result = reload(bad[i]);

        cr_expect_eq(result.outcome, OUTCOME_REFUSED, "%zu", i);
        cr_expect_eq(result.fault, FAULT_CONFIG_BAD, "%zu", i);
        cr_expect_not_null(strstr(result.words, "switchyard.conf:"), "%s", result.words);
        cr_expect_eq(bench_desk_epoch(&desk), epoch);
    }
    cr_assert_eq(remove(desk.config_path), 0);
    cr_assert_eq(reload(NULL).fault, FAULT_CONFIG_BAD);
    cr_assert_eq(reload(bench_desk_config).outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
}

Test(reload, the_live_slot_cannot_be_configured_away)
{
    static const char without_green[] =
        HEAD "service shop { slot blue { targets = { \"127.0.0.1:5001\" } } }\n";
    static const char staging_green[] = HEAD
        "service shop { slot blue { targets = { \"127.0.0.1:5001\" } } slot green { targets = { "
        "\"127.0.0.1:5002\" } role = \"staging\" } }\n";
    struct change_result result;

    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    result = reload(without_green);
    cr_assert_eq(result.outcome, OUTCOME_REFUSED, "%s", result.words);
    cr_assert_str_eq(result.gate, "active");
    cr_assert_eq(reload(staging_green).outcome, OUTCOME_REFUSED);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "blue").outcome, OUTCOME_DONE);
    cr_assert_eq(reload(without_green).outcome, OUTCOME_DONE);
}

Test(reload, at_a_start_a_live_slot_that_is_gone_falls_back_with_a_warning)
{
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    bench_desk_stop(&desk);
    bench_desk_write_config(&desk, HEAD
                            "service shop { slot blue { targets = { \"127.0.0.1:5001\" } } }\n");
    bench_desk_must_start(&desk);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_assert_eq(desk.report.count, 1);
    cr_assert(desk.report.entries[0].is_warning);
    cr_assert_not_null(strstr(desk.report.entries[0].words, "green"));
}

struct asked {
    int prepare_err;
    unsigned prepared;
    unsigned committed;
    unsigned cancelled;
    unsigned evicted;
    bool was_busy;
    struct target *busy;
};

static void on_evict(void *arg, struct target *target, bool busy, void (*done)(void *done_arg),
                     void *done_arg)
{
    struct asked *asked = arg;

    asked->evicted++;
    asked->was_busy = busy;
    if (busy) {
        cr_assert_eq(target, asked->busy);
        target_unpin(target, 0);
    }
    done(done_arg);
}

static int on_prepare(void *arg, const struct config *config, char *words, unsigned words_size)
{
    struct asked *asked = arg;

    (void)config;
    asked->prepared++;
    snprintf(words, words_size, "the address is taken");
    return asked->prepare_err;
}

static void on_commit(void *arg, const struct config *config)
{
    struct asked *asked = arg;

    (void)config;
    asked->committed++;
}

static void on_cancel(void *arg)
{
    struct asked *asked = arg;

    asked->cancelled++;
}

static const struct deploy_ops asked_ops = {
    .evict = on_evict,
    .prepare = on_prepare,
    .commit = on_commit,
    .cancel = on_cancel,
};

static void start_with_ops(struct asked *asked)
{
    bench_desk_stop(&desk);
    desk.options.ops = &asked_ops;
    desk.options.ops_arg = asked;
    bench_desk_must_start(&desk);
}

Test(reload, whoever_prepares_can_refuse)
{
    struct asked asked = { .prepare_err = -1 };
    struct change_result result;
    uint64_t epoch = 0;

    start_with_ops(&asked);
    epoch = bench_desk_epoch(&desk);
    result = reload(NULL);
    cr_assert_eq(result.outcome, OUTCOME_REFUSED);
    cr_assert_not_null(strstr(result.words, "the address is taken"));
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
    cr_assert_eq(asked.committed + asked.cancelled, 0);
    asked.prepare_err = 0;
    cr_assert_eq(reload(NULL).outcome, OUTCOME_DONE);
    cr_assert_eq(asked.prepared, 2);
    cr_assert_eq(asked.committed, 1);
    cr_assert_eq(asked.cancelled, 0);
}

Test(reload, a_removed_target_is_evicted_when_nothing_holds_it)
{
    struct asked asked = { 0 };
    struct target *target = NULL;

    start_with_ops(&asked);
    target = bench_desk_service("shop")->slots[0].picks[1].target;
    target_pin(target, 1);
    cr_assert_eq(reload(SHOP("\"127.0.0.1:5001\"", "\"127.0.0.1:5002\"", "")).outcome,
                 OUTCOME_DONE);
    bench_desk_run_ms(&desk, 250);
    cr_assert_geq(asked.evicted, 4); /* those of web and api; this one is held */
    cr_assert_eq(deploy_draining(desk.deploy, NULL), 1);
    asked.evicted = 0;
    target_unpin(target, 1);
    bench_desk_run_ms(&desk, 250);
    cr_assert_eq(asked.evicted, 1);
    cr_assert(!asked.was_busy);
    cr_assert_eq(deploy_draining(desk.deploy, NULL), 0);
}

Test(reload, at_the_drain_deadline_what_is_busy_is_cut_off)
{
    struct asked asked = { 0 };

    start_with_ops(&asked);
    cr_assert_eq(reload(SHOP("\"127.0.0.1:5001\", \"127.0.0.1:5003\"", "\"127.0.0.1:5002\"",
                             "drain { requests = \"300ms\" } "))
                     .outcome,
                 OUTCOME_DONE);
    bench_desk_run_ms(&desk, 250);
    asked.evicted = 0;
    asked.busy = bench_desk_service("shop")->slots[0].picks[1].target;
    target_pin(asked.busy, 0);
    cr_assert_eq(
        reload(SHOP("\"127.0.0.1:5001\"", "\"127.0.0.1:5002\"", "drain { requests = \"300ms\" } "))
            .outcome,
        OUTCOME_DONE);
    bench_desk_run_ms(&desk, 150);
    cr_assert_eq(asked.evicted, 0);
    bench_desk_run_ms(&desk, 400);
    cr_assert_eq(asked.evicted, 1);
    cr_assert(asked.was_busy);
}

Test(reload, names_are_resolved_without_blocking_and_all_or_nothing)
{
    struct change_result result = reload(SHOP("\"localhost:5001\"", "\"127.0.0.1:5002\"", ""));
    uint64_t epoch = 0;

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_eq(address_port(&bench_desk_service("shop")->slots[0].picks[0].target->address),
                 5001);
    epoch = bench_desk_epoch(&desk);
    result =
        reload(SHOP("\"localhost:5001\", \"no-such-name.invalid:1\"", "\"127.0.0.1:5002\"", ""));
    cr_assert_eq(result.outcome, OUTCOME_REFUSED, "%s", result.words);
    cr_assert_not_null(strstr(result.words, "no-such-name.invalid:1"), "%s", result.words);
    cr_assert_eq(bench_desk_epoch(&desk), epoch);
}
