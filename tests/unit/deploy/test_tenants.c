/* Tenant pins as changes of a desk: what is refused, scopes, configured pins under run-time ones. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "bench_tenants.h"
#include "deploy/deploy_priv.h"
#include "fault_io.h"

TestSuite(tenants, .init = bench_tenants_begin, .fini = bench_tenants_end);

static void write_list(const char *content)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/pilots.list", bench_tenants_desk.folder);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
}

/* shop with configured pins. */
static struct change_result reload_listed(const char *content)
{
    char config[1500];

    write_list(content);
    snprintf(
        config, sizeof config,
        HEAD "service shop { hosts = { \"shop.example\" } " SLOTS(
            "500") "tenant { from = { \"header:X-Tenant-Id\" } pins = \"%s/pilots.list\" } }\n",
        bench_tenants_desk.folder);
    return bench_tenants_reload(config);
}

Test(tenants, a_pin_is_there_after_its_answer_and_after_a_restart)
{
    uint64_t epoch = bench_desk_epoch(&bench_tenants_desk);
    struct change_result result = bench_tenants_pin("shop", "acme", "green");
    struct history_entry entry;

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert(result.changed && result.is_durable);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_eq(bench_desk_epoch(&bench_tenants_desk), epoch + 1);
    cr_assert_str_eq(result.to, "green");
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "green");
    cr_assert_str_eq(bench_tenants_slot("web", "acme"), "");
    cr_assert(deploy_history(bench_tenants_desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_TENANT_PIN);
    cr_assert_str_eq(entry.target, "acme");
    cr_assert_str_eq(entry.to, "green");
    result = bench_tenants_pin("shop", "acme", "green");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
    result = bench_tenants_pin("shop", "acme", "blue");
    cr_assert_str_eq(result.from, "green");
    bench_tenants_pin("shop", "second", "blue");
    bench_tenants_restart();
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "blue");
    cr_assert_eq(bench_tenants_count("shop"), 2);
    result = bench_tenants_unpin("shop", "acme");
    cr_assert(result.changed);
    cr_assert_str_eq(result.from, "blue");
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "");
    cr_assert_not(bench_tenants_unpin("shop", "acme").changed);
    bench_tenants_restart();
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "");
    cr_assert_eq(bench_tenants_count("shop"), 1);
}

Test(tenants, what_cannot_be_is_refused_in_words)
{
    static const struct {
        const char *name;
        const char *tenant;
        const char *slot;
        enum outcome outcome;
        const char *words;
    } cases[] = {
        { "nowhere", "acme", "blue", OUTCOME_REFUSED, "no service or group nowhere" },
        { "dull", "acme", "blue", OUTCOME_REFUSED, "knows no tenants" },
        { "shop", "acme", "red", OUTCOME_REFUSED, "shop has no slot red" },
        { "shop", "acme", "", OUTCOME_REFUSED, "has no slot" },
        { "shop", "acme", "old", OUTCOME_REFUSED, "off by configuration" },
        { "api", "acme", "red", OUTCOME_REFUSED, "web has no slot red" },
        { "release", "acme", "red", OUTCOME_REFUSED, "web has no slot red" },
        { "shop", "", "blue", OUTCOME_USAGE, "no tenant id" },
        { "shop", "a/b", "blue", OUTCOME_USAGE, "no tenant id" },
        { "shop", "*", "blue", OUTCOME_USAGE, "no tenant id" },
    };
    uint64_t epoch = bench_desk_epoch(&bench_tenants_desk);
    char file[200];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct change_result result =
            bench_tenants_pin(cases[i].name, cases[i].tenant, cases[i].slot);

        cr_expect_eq(result.outcome, cases[i].outcome, "case %zu: %s", i, result.words);
        cr_expect_not_null(strstr(result.words, cases[i].words), "%zu: %s", i, result.words);
        cr_expect_not(result.changed);
    }
    cr_expect_eq(bench_tenants_unpin("shop", "a b").outcome, OUTCOME_USAGE);
    cr_expect_eq(bench_tenants_unpin("dull", "acme").outcome, OUTCOME_REFUSED);
    cr_expect_eq(bench_desk_epoch(&bench_tenants_desk), epoch);
    cr_expect_eq(bench_tenants_files(file, sizeof file), 0);
    cr_expect_null(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("dull")));
}

Test(tenants, an_id_of_the_greatest_length_and_one_more)
{
    char id[72];

    memset(id, 'x', sizeof id);
    id[65] = '\0';
    cr_expect_eq(bench_tenants_pin("shop", id, "blue").outcome, OUTCOME_USAGE);
    id[64] = '\0';
    cr_expect_eq(bench_tenants_pin("shop", id, "blue").outcome, OUTCOME_DONE);
    bench_tenants_restart();
    cr_expect_str_eq(bench_tenants_slot("shop", id), "blue");
}

Test(tenants, a_group_has_one_table)
{
    cr_assert_eq(bench_tenants_pin("web", "acme", "green").outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_tenants_slot("api", "acme"), "green");
    cr_assert_eq(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("web")),
                 deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("api")));
    cr_assert_not(bench_tenants_pin("release", "acme", "green").changed);
    cr_assert_eq(bench_tenants_pin("release", "other", "blue").outcome, OUTCOME_DONE);
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "");
    bench_tenants_restart();
    cr_assert_str_eq(bench_tenants_slot("web", "other"), "blue");
    cr_assert_eq(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("web")),
                 deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("api")));
}

Test(tenants, a_batch_is_judged_in_its_order)
{
    struct bench_answer answers[5];
    struct change changes[5] = {
        bench_tenants_change(CHANGE_TENANT_PIN, "shop", "acme", "green"),
        bench_tenants_change(CHANGE_TENANT_PIN, "shop", "acme", "green"),
        bench_tenants_change(CHANGE_TENANT_UNPIN, "shop", "acme", ""),
        bench_tenants_change(CHANGE_TENANT_UNPIN, "shop", "acme", ""),
        bench_tenants_change(CHANGE_TENANT_PIN, "shop", "acme", "blue"),
    };
    static const bool is_change[5] = { true, false, true, false, true };
    unsigned open = 0;

    for (int i = 0; i < 5; i++)
        bench_desk_submit(&bench_tenants_desk, &changes[i], &answers[i], &open);
    bench_desk_wait(&bench_tenants_desk, &open);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(answers[i].result.changed, is_change[i], "%d %s", i, answers[i].result.words);
    cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "blue");
    bench_tenants_restart();
    cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "blue");
}

Test(tenants, a_load_replaces_all_and_unpin_of_all_too)
{
    const struct pins *before = deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop"));
    struct change_result result;
    char file[200];

    bench_tenants_pin("shop", "acme", "green");
    result = bench_tenants_load("shop", "a=blue b=green c=blue");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_neq(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop")), before);
    cr_assert_eq(bench_tenants_count("shop"), 3);
    cr_assert_str_eq(bench_tenants_slot("shop", "acme"), "");
    bench_tenants_pin("shop", "d", "green");
    bench_tenants_restart();
    cr_assert_eq(bench_tenants_count("shop"), 4);
    cr_assert_str_eq(bench_tenants_slot("shop", "b"), "green");
    cr_assert(bench_tenants_unpin("shop", "*").changed);
    cr_assert_eq(bench_tenants_count("shop"), 0);
    cr_assert_not(bench_tenants_unpin("shop", "*").changed);
    bench_tenants_restart();
    cr_assert_eq(bench_tenants_count("shop"), 0);
    bench_tenants_restart();
    cr_assert_eq(bench_tenants_files(file, sizeof file), 0);
}

Test(tenants, a_load_that_is_refused_changes_nothing)
{
    struct change change = bench_tenants_change(CHANGE_TENANT_LOAD, "shop", "", "");
    struct change_result result;

    bench_tenants_pin("shop", "acme", "green");
    cr_expect_eq(bench_desk_do(&bench_tenants_desk, &change).outcome, OUTCOME_USAGE);
    result = bench_tenants_load("shop", "a=blue b=red");
    cr_expect_eq(result.outcome, OUTCOME_REFUSED);
    cr_expect_not_null(strstr(result.words, "no slot red"), "%s", result.words);
    cr_expect_eq(bench_tenants_load("dull", "a=blue").outcome, OUTCOME_REFUSED);
    cr_expect_eq(bench_tenants_load("nowhere", "a=blue").outcome, OUTCOME_REFUSED);
    fault_io_set(FAULT_IO_BROKEN, 1, ENOSPC);
    result = bench_tenants_load("shop", "a=blue");
    cr_expect_eq(result.fault, FAULT_NOT_DURABLE, "%s", result.words);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    cr_expect_eq(bench_tenants_count("shop"), 1);
    cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "green");
    deploy_stop(bench_tenants_desk.deploy);
    cr_expect_eq(bench_tenants_load("shop", "a=blue").fault, FAULT_SHUTTING_DOWN);
}

/* The leak checker sees to it that nobody forgets the table. */
Test(tenants, a_load_that_nobody_carries_out_is_freed)
{
    struct change change = bench_tenants_change(CHANGE_TENANT_LOAD, "shop", "", "");
    struct bench_answer answers[2];
    unsigned open = 0;

    change.pins = bench_tenants_make("a=blue");
    bench_desk_submit(&bench_tenants_desk, &change, &answers[0], &open);
    cr_expect(deploy_cancel(bench_tenants_desk.deploy, &answers[0]));
    change.pins = bench_tenants_make("a=green");
    bench_desk_submit(&bench_tenants_desk, &change, &answers[1], &open);
    bench_desk_stop(&bench_tenants_desk);
    cr_expect_not(answers[0].is_done || answers[1].is_done);
}

Test(tenants, an_idempotency_key_is_of_the_tenant_and_of_what_was_loaded)
{
    struct change change = bench_tenants_change(CHANGE_TENANT_PIN, "shop", "acme", "green");
    struct change_result result;

    snprintf(change.key, sizeof change.key, "k1");
    cr_expect(bench_desk_do(&bench_tenants_desk, &change).changed);
    result = bench_desk_do(&bench_tenants_desk, &change);
    cr_expect(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
    snprintf(change.tenant, sizeof change.tenant, "other");
    cr_expect_eq(bench_desk_do(&bench_tenants_desk, &change).outcome, OUTCOME_CONFLICT);
    change = bench_tenants_change(CHANGE_TENANT_LOAD, "shop", "", "");
    snprintf(change.key, sizeof change.key, "k2");
    change.pins = bench_tenants_make("a=blue b=green");
    result = bench_desk_do(&bench_tenants_desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    change.pins = bench_tenants_make("b=green a=blue");
    cr_expect_eq(bench_desk_do(&bench_tenants_desk, &change).epoch, result.epoch);
    change.pins = bench_tenants_make("b=green a=green");
    cr_expect_eq(bench_desk_do(&bench_tenants_desk, &change).outcome, OUTCOME_CONFLICT);
}

Test(tenants, configured_pins_are_the_base)
{
    const struct pins *table = NULL;
    struct change_result result;

    bench_tenants_pin("shop", "acme", "green");
    result = reload_listed("pilot green\nacme blue\nother blue\n");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_expect_str_eq(bench_tenants_slot("shop", "pilot"), "green");
    cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "green"); /* decided at run time */
    cr_expect(bench_tenants_unpin("shop", "pilot").changed);
    cr_expect(bench_tenants_pin("shop", "other", "green").changed);
    table = deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop"));
    cr_expect_eq(reload_listed("pilot green\nacme blue\nother blue\n").outcome, OUTCOME_DONE);
    cr_expect_eq(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop")), table,
                 "the same file, the same table");
    cr_expect_eq(reload_listed("pilot blue\nacme blue\nother blue\nnew green\n").outcome,
                 OUTCOME_DONE);
    cr_expect_neq(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop")), table);
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(bench_tenants_slot("shop", "pilot"), "");
        cr_expect_str_eq(bench_tenants_slot("shop", "acme"), "green");
        cr_expect_str_eq(bench_tenants_slot("shop", "other"), "green");
        cr_expect_str_eq(bench_tenants_slot("shop", "new"), "green");
        bench_tenants_restart();
    }
    cr_expect_eq(bench_tenants_load("shop", "x=blue new=blue").outcome, OUTCOME_DONE);
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(bench_tenants_slot("shop", "pilot"), "blue"); /* configured */
        cr_expect_str_eq(bench_tenants_slot("shop", "new"), "blue");
        cr_expect_eq(bench_tenants_count("shop"), 5);
        bench_tenants_restart();
    }
    cr_expect(bench_tenants_unpin("shop", "*").changed);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(bench_tenants_count("shop"), 0);
        bench_tenants_restart();
    }
    cr_expect_eq(reload_listed("late green\n").outcome, OUTCOME_DONE);
    cr_expect_eq(bench_tenants_count("shop"), 1);
}

Test(tenants, a_new_slot_can_be_pinned_to_though_the_table_is_the_old_one)
{
    const struct pins *table = deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop"));

    cr_assert_eq(
        bench_tenants_reload(
            HEAD SERVICE("shop", "500", FROM "slot red { targets = { \"127.0.0.1:9\" } } "))
            .outcome,
        OUTCOME_DONE);
    cr_expect_eq(deploy_pins(bench_tenants_desk.deploy, bench_tenants_index("shop")), table);
    cr_expect_neq(pins_number(table, "red"), PINS_NONE, "before the first pin to it");
    cr_expect_eq(bench_tenants_pin("shop", "acme", "red").outcome, OUTCOME_DONE);
}

/* What happens to groups takes no pin away. */
Test(tenants, pins_survive_new_groups)
{
    bench_tenants_pin("shop", "s", "green");
    bench_tenants_pin("release", "r", "green");
    bench_tenants_pin("release", "both", "blue");
    bench_tenants_pin("shop", "both", "green");
    cr_assert_eq(bench_tenants_reload(
                     HEAD SERVICE("shop", "500", FROM) SERVICE("web", "600", FROM) SERVICE(
                         "api", "700", FROM) "group all { services = { \"shop\", \"web\" } }\n")
                     .outcome,
                 OUTCOME_DONE);
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(bench_tenants_slot("web", "s"), "green");
        cr_expect_str_eq(bench_tenants_slot("shop", "r"), "green");
        cr_expect_str_eq(bench_tenants_slot("shop", "both"), "green"); /* the first service's */
        cr_expect_str_eq(bench_tenants_slot("api", "r"), "green");
        cr_expect_str_eq(bench_tenants_slot("api", "s"), "");
        bench_tenants_restart();
    }
    bench_tenants_pin("all", "later", "blue");
    cr_expect_str_eq(bench_tenants_slot("api", "later"), "");
    bench_desk_stop(&bench_tenants_desk);
    bench_desk_write_config(&bench_tenants_desk,
                            HEAD SERVICE("shop", "500", FROM) SERVICE("web", "600", FROM)
                                SERVICE("api", "700", FROM));
    for (int i = 0; i < 2; i++) {
        bench_desk_must_start(&bench_tenants_desk);
        cr_expect_str_eq(bench_tenants_slot("web", "later"), "blue");
        cr_expect_str_eq(bench_tenants_slot("shop", "later"), "blue");
        cr_expect_str_eq(bench_tenants_slot("api", "later"), "");
        cr_expect_eq(bench_tenants_pin("web", "apart", i == 0 ? "green" : "blue").outcome,
                     OUTCOME_DONE);
        cr_expect_str_eq(bench_tenants_slot("shop", "apart"), "");
        bench_desk_stop(&bench_tenants_desk);
    }
    bench_desk_must_start(&bench_tenants_desk);
}

/* Each call of a pin's writing fails once; whatever became of that one, the next is right, also for a restart. */
/* Workers see the table, and know the slots of pins that did not exist when the picture was made. */
Test(tenants, the_picture_has_the_table)
{
    const struct steering *steering = NULL;
    int number = PINS_NONE;

    cr_assert_eq(bench_tenants_pin("release", "acme", "green").outcome, OUTCOME_DONE);
    steering = bench_desk_service("api")->steering;
    cr_assert_not_null(steering);
    number = pins_find(steering->pins, SLICE("acme"));
    cr_assert_neq(number, PINS_NONE);
    cr_assert_str_eq(bench_desk_service("api")->slots[steering->pin_slots[number]].slot->name,
                     "green");
    cr_assert_eq(bench_tenants_load("release", "x=green").outcome, OUTCOME_DONE);
    steering = bench_desk_service("web")->steering;
    cr_assert_eq(pins_find(steering->pins, SLICE("acme")), PINS_NONE);
    number = pins_number(steering->pins, "blue");
    cr_assert_eq(steering->pin_slots[number], 0, "named by nobody yet");
}
