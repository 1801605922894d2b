/* Tenant pins as changes of a desk: what is refused, scopes, configured pins under run-time ones, durability. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "deploy/state_disk_priv.h"
#include "deploy/tenants_priv.h"
#include "fault_io.h"

static struct bench_desk desk;

#define FROM "tenant { from = { \"header:X-Tenant-Id\" } } "
#define SLOTS(port)                                                                                \
    "health { enabled = false } slot blue { targets = { \"127.0.0.1:" port "1\" } } "              \
    "slot green { targets = { \"127.0.0.1:" port "2\" } } "
#define SERVICE(name, port, more)                                                                  \
    "service " name " { hosts = { \"" name ".example\" } " SLOTS(port) more "}\n"
#define HEAD "listener http { bind = \"127.0.0.1:0\" }\n"
#define OLD  "slot old { targets = { \"127.0.0.1:9\" } role = \"off\" } "

static const char plain[] = HEAD SERVICE("shop", "500", FROM OLD) SERVICE("web", "600", FROM)
    SERVICE("api", "700", FROM "slot red { targets = { \"127.0.0.1:9\" } } ")
        SERVICE("dull", "800", "") "group release { services = { \"web\", \"api\" } }\n";

static void begin(void)
{
    bench_desk_init(&desk, plain);
    bench_desk_must_start(&desk);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    desk.deploy->file->io = &fault_io;
}

static void end(void)
{
    fault_io_set(FAULT_IO_NONE, 0, 0);
    bench_desk_fini(&desk);
}

TestSuite(tenants, .init = begin, .fini = end);

static struct change make(enum change_kind kind, const char *name, const char *tenant,
                          const char *slot)
{
    struct change change = bench_desk_change(kind, name, slot);

    snprintf(change.tenant, sizeof change.tenant, "%s", tenant);
    return change;
}

static struct change_result pin(const char *name, const char *tenant, const char *slot)
{
    struct change change = make(CHANGE_TENANT_PIN, name, tenant, slot);

    return bench_desk_do(&desk, &change);
}

static struct change_result unpin(const char *name, const char *tenant)
{
    struct change change = make(CHANGE_TENANT_UNPIN, name, tenant, "");

    return bench_desk_do(&desk, &change);
}

/* "acme=blue pilot=green" */
static struct pins *make_pins(const char *words)
{
    struct pins *pins = pins_new(2);
    struct slice rest = slice_from(words);
    struct slice word;
    struct slice tenant;
    char slot[64];

    while (slice_next(&rest, ' ', &word)) {
        cr_assert(slice_next(&word, '=', &tenant) && slice_copy(word, slot, sizeof slot));
        cr_assert_eq(pins_set(pins, tenant, slot), 0);
    }
    return pins;
}

static struct change_result load(const char *name, const char *words)
{
    struct change change = make(CHANGE_TENANT_LOAD, name, "", "");

    change.pins = make_pins(words);
    return bench_desk_do(&desk, &change);
}

static struct change_result reload(const char *config)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");

    bench_desk_write_config(&desk, config);
    return bench_desk_do(&desk, &change);
}

static unsigned index_of(const char *service)
{
    const struct config_service *found =
        config_find_service(deploy_config(desk.deploy), slice_from(service));

    cr_assert_not_null(found);
    return (unsigned)(found - deploy_config(desk.deploy)->services);
}

static const char *slot_of(const char *service, const char *tenant)
{
    const struct pins *pins = deploy_pins(desk.deploy, index_of(service));
    int number = pins_find(pins, slice_from(tenant));

    return number == PINS_NONE ? "" : pins_name(pins, number);
}

static size_t count_of(const char *service)
{
    return pins_count(deploy_pins(desk.deploy, index_of(service)));
}

static void restart(void)
{
    bench_desk_stop(&desk);
    bench_desk_must_start(&desk);
    desk.deploy->file->io = &fault_io;
}

/* Files of pins in the state folder. */
static unsigned count_files(char *last, size_t size)
{
    char path[100];
    DIR *folder = NULL;
    const struct dirent *entry = NULL;
    unsigned count = 0;

    snprintf(path, sizeof path, "%.60s/state", desk.folder);
    folder = opendir(path);
    cr_assert_not_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, "pins-", 5) != 0)
            continue;
        count++;
        snprintf(last, size, "%s/%.90s", path, entry->d_name);
    }
    closedir(folder);
    return count;
}

static void write_list(const char *content)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/pilots.list", desk.folder);
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
        desk.folder);
    return reload(config);
}

Test(tenants, a_pin_is_there_after_its_answer_and_after_a_restart)
{
    uint64_t epoch = bench_desk_epoch(&desk);
    struct change_result result = pin("shop", "acme", "green");
    struct history_entry entry;

    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert(result.changed && result.is_durable);
    cr_assert_eq(result.epoch, epoch + 1);
    cr_assert_eq(bench_desk_epoch(&desk), epoch + 1);
    cr_assert_str_eq(result.to, "green");
    cr_assert_str_eq(slot_of("shop", "acme"), "green");
    cr_assert_str_eq(slot_of("web", "acme"), "");
    cr_assert(deploy_history(desk.deploy, 0, &entry));
    cr_assert_eq(entry.kind, CHANGE_TENANT_PIN);
    cr_assert_str_eq(entry.target, "acme");
    cr_assert_str_eq(entry.to, "green");
    result = pin("shop", "acme", "green");
    cr_assert(result.outcome == OUTCOME_DONE && !result.changed);
    result = pin("shop", "acme", "blue");
    cr_assert_str_eq(result.from, "green");
    pin("shop", "second", "blue");
    restart();
    cr_assert_str_eq(slot_of("shop", "acme"), "blue");
    cr_assert_eq(count_of("shop"), 2);
    result = unpin("shop", "acme");
    cr_assert(result.changed);
    cr_assert_str_eq(result.from, "blue");
    cr_assert_str_eq(slot_of("shop", "acme"), "");
    cr_assert_not(unpin("shop", "acme").changed);
    restart();
    cr_assert_str_eq(slot_of("shop", "acme"), "");
    cr_assert_eq(count_of("shop"), 1);
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
    uint64_t epoch = bench_desk_epoch(&desk);
    char file[200];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct change_result result = pin(cases[i].name, cases[i].tenant, cases[i].slot);

        cr_expect_eq(result.outcome, cases[i].outcome, "case %zu: %s", i, result.words);
        cr_expect_not_null(strstr(result.words, cases[i].words), "%zu: %s", i, result.words);
        cr_expect_not(result.changed);
    }
    cr_expect_eq(unpin("shop", "a b").outcome, OUTCOME_USAGE);
    cr_expect_eq(unpin("dull", "acme").outcome, OUTCOME_REFUSED);
    cr_expect_eq(bench_desk_epoch(&desk), epoch);
    cr_expect_eq(count_files(file, sizeof file), 0);
    cr_expect_null(deploy_pins(desk.deploy, index_of("dull")));
}

Test(tenants, an_id_of_the_greatest_length_and_one_more)
{
    char id[72];

    memset(id, 'x', sizeof id);
    id[65] = '\0';
    cr_expect_eq(pin("shop", id, "blue").outcome, OUTCOME_USAGE);
    id[64] = '\0';
    cr_expect_eq(pin("shop", id, "blue").outcome, OUTCOME_DONE);
    restart();
    cr_expect_str_eq(slot_of("shop", id), "blue");
}

Test(tenants, a_group_has_one_table)
{
    cr_assert_eq(pin("web", "acme", "green").outcome, OUTCOME_DONE);
    cr_assert_str_eq(slot_of("api", "acme"), "green");
    cr_assert_eq(deploy_pins(desk.deploy, index_of("web")),
                 deploy_pins(desk.deploy, index_of("api")));
    cr_assert_not(pin("release", "acme", "green").changed);
    cr_assert_eq(pin("release", "other", "blue").outcome, OUTCOME_DONE);
    cr_assert_str_eq(slot_of("shop", "acme"), "");
    restart();
    cr_assert_str_eq(slot_of("web", "other"), "blue");
    cr_assert_eq(deploy_pins(desk.deploy, index_of("web")),
                 deploy_pins(desk.deploy, index_of("api")));
}

Test(tenants, a_batch_is_judged_in_its_order)
{
    struct bench_answer answers[5];
    struct change changes[5] = {
        make(CHANGE_TENANT_PIN, "shop", "acme", "green"),
        make(CHANGE_TENANT_PIN, "shop", "acme", "green"),
        make(CHANGE_TENANT_UNPIN, "shop", "acme", ""),
        make(CHANGE_TENANT_UNPIN, "shop", "acme", ""),
        make(CHANGE_TENANT_PIN, "shop", "acme", "blue"),
    };
    static const bool is_change[5] = { true, false, true, false, true };
    unsigned open = 0;

    for (int i = 0; i < 5; i++)
        bench_desk_submit(&desk, &changes[i], &answers[i], &open);
    bench_desk_wait(&desk, &open);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(answers[i].result.changed, is_change[i], "%d %s", i, answers[i].result.words);
    cr_expect_str_eq(slot_of("shop", "acme"), "blue");
    restart();
    cr_expect_str_eq(slot_of("shop", "acme"), "blue");
}

Test(tenants, a_load_replaces_all_and_unpin_of_all_too)
{
    const struct pins *before = deploy_pins(desk.deploy, index_of("shop"));
    struct change_result result;
    char file[200];

    pin("shop", "acme", "green");
    result = load("shop", "a=blue b=green c=blue");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_neq(deploy_pins(desk.deploy, index_of("shop")), before);
    cr_assert_eq(count_of("shop"), 3);
    cr_assert_str_eq(slot_of("shop", "acme"), "");
    pin("shop", "d", "green");
    restart();
    cr_assert_eq(count_of("shop"), 4);
    cr_assert_str_eq(slot_of("shop", "b"), "green");
    cr_assert(unpin("shop", "*").changed);
    cr_assert_eq(count_of("shop"), 0);
    cr_assert_not(unpin("shop", "*").changed);
    restart();
    cr_assert_eq(count_of("shop"), 0);
    restart();
    cr_assert_eq(count_files(file, sizeof file), 0);
}

Test(tenants, a_load_that_is_refused_changes_nothing)
{
    struct change change = make(CHANGE_TENANT_LOAD, "shop", "", "");
    struct change_result result;

    pin("shop", "acme", "green");
    cr_expect_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_USAGE);
    result = load("shop", "a=blue b=red");
    cr_expect_eq(result.outcome, OUTCOME_REFUSED);
    cr_expect_not_null(strstr(result.words, "no slot red"), "%s", result.words);
    cr_expect_eq(load("dull", "a=blue").outcome, OUTCOME_REFUSED);
    cr_expect_eq(load("nowhere", "a=blue").outcome, OUTCOME_REFUSED);
    fault_io_set(FAULT_IO_BROKEN, 1, ENOSPC);
    result = load("shop", "a=blue");
    cr_expect_eq(result.fault, FAULT_NOT_DURABLE, "%s", result.words);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    cr_expect_eq(count_of("shop"), 1);
    cr_expect_str_eq(slot_of("shop", "acme"), "green");
    deploy_stop(desk.deploy);
    cr_expect_eq(load("shop", "a=blue").fault, FAULT_SHUTTING_DOWN);
}

/* The leak checker sees to it that nobody forgets the table. */
Test(tenants, a_load_that_nobody_carries_out_is_freed)
{
    struct change change = make(CHANGE_TENANT_LOAD, "shop", "", "");
    struct bench_answer answers[2];
    unsigned open = 0;

    change.pins = make_pins("a=blue");
    bench_desk_submit(&desk, &change, &answers[0], &open);
    cr_expect(deploy_cancel(desk.deploy, &answers[0]));
    change.pins = make_pins("a=green");
    bench_desk_submit(&desk, &change, &answers[1], &open);
    bench_desk_stop(&desk);
    cr_expect_not(answers[0].is_done || answers[1].is_done);
}

Test(tenants, an_idempotency_key_is_of_the_tenant_and_of_what_was_loaded)
{
    struct change change = make(CHANGE_TENANT_PIN, "shop", "acme", "green");
    struct change_result result;

    snprintf(change.key, sizeof change.key, "k1");
    cr_expect(bench_desk_do(&desk, &change).changed);
    result = bench_desk_do(&desk, &change);
    cr_expect(result.outcome == OUTCOME_DONE && result.changed, "%s", result.words);
    snprintf(change.tenant, sizeof change.tenant, "other");
    cr_expect_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_CONFLICT);
    change = make(CHANGE_TENANT_LOAD, "shop", "", "");
    snprintf(change.key, sizeof change.key, "k2");
    change.pins = make_pins("a=blue b=green");
    result = bench_desk_do(&desk, &change);
    cr_expect_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    change.pins = make_pins("b=green a=blue");
    cr_expect_eq(bench_desk_do(&desk, &change).epoch, result.epoch);
    change.pins = make_pins("b=green a=green");
    cr_expect_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_CONFLICT);
}

Test(tenants, configured_pins_are_the_base)
{
    const struct pins *table = NULL;
    struct change_result result;

    pin("shop", "acme", "green");
    result = reload_listed("pilot green\nacme blue\nother blue\n");
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_expect_str_eq(slot_of("shop", "pilot"), "green");
    cr_expect_str_eq(slot_of("shop", "acme"), "green"); /* decided at run time */
    cr_expect(unpin("shop", "pilot").changed);
    cr_expect(pin("shop", "other", "green").changed);
    table = deploy_pins(desk.deploy, index_of("shop"));
    cr_expect_eq(reload_listed("pilot green\nacme blue\nother blue\n").outcome, OUTCOME_DONE);
    cr_expect_eq(deploy_pins(desk.deploy, index_of("shop")), table,
                 "the same file, the same table");
    cr_expect_eq(reload_listed("pilot blue\nacme blue\nother blue\nnew green\n").outcome,
                 OUTCOME_DONE);
    cr_expect_neq(deploy_pins(desk.deploy, index_of("shop")), table);
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(slot_of("shop", "pilot"), "");
        cr_expect_str_eq(slot_of("shop", "acme"), "green");
        cr_expect_str_eq(slot_of("shop", "other"), "green");
        cr_expect_str_eq(slot_of("shop", "new"), "green");
        restart();
    }
    cr_expect_eq(load("shop", "x=blue new=blue").outcome, OUTCOME_DONE);
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(slot_of("shop", "pilot"), "blue"); /* configured */
        cr_expect_str_eq(slot_of("shop", "new"), "blue");
        cr_expect_eq(count_of("shop"), 5);
        restart();
    }
    cr_expect(unpin("shop", "*").changed);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(count_of("shop"), 0);
        restart();
    }
    cr_expect_eq(reload_listed("late green\n").outcome, OUTCOME_DONE);
    cr_expect_eq(count_of("shop"), 1);
}

Test(tenants, a_new_slot_can_be_pinned_to_though_the_table_is_the_old_one)
{
    const struct pins *table = deploy_pins(desk.deploy, index_of("shop"));

    cr_assert_eq(
        reload(HEAD SERVICE("shop", "500", FROM "slot red { targets = { \"127.0.0.1:9\" } } "))
            .outcome,
        OUTCOME_DONE);
    cr_expect_eq(deploy_pins(desk.deploy, index_of("shop")), table);
    cr_expect_neq(pins_number(table, "red"), PINS_NONE, "before the first pin to it");
    cr_expect_eq(pin("shop", "acme", "red").outcome, OUTCOME_DONE);
}

/* What happens to groups takes no pin away. */
Test(tenants, pins_survive_new_groups)
{
    pin("shop", "s", "green");
    pin("release", "r", "green");
    pin("release", "both", "blue");
    pin("shop", "both", "green");
    cr_assert_eq(reload(HEAD SERVICE("shop", "500", FROM) SERVICE("web", "600", FROM) SERVICE(
                            "api", "700", FROM) "group all { services = { \"shop\", \"web\" } }\n")
                     .outcome,
                 OUTCOME_DONE);
    for (int i = 0; i < 2; i++) {
        cr_expect_str_eq(slot_of("web", "s"), "green");
        cr_expect_str_eq(slot_of("shop", "r"), "green");
        cr_expect_str_eq(slot_of("shop", "both"), "green"); /* the first service's */
        cr_expect_str_eq(slot_of("api", "r"), "green");
        cr_expect_str_eq(slot_of("api", "s"), "");
        restart();
    }
    pin("all", "later", "blue");
    cr_expect_str_eq(slot_of("api", "later"), "");
    bench_desk_stop(&desk);
    bench_desk_write_config(&desk, HEAD SERVICE("shop", "500", FROM) SERVICE("web", "600", FROM)
                                       SERVICE("api", "700", FROM));
    for (int i = 0; i < 2; i++) {
        bench_desk_must_start(&desk);
        cr_expect_str_eq(slot_of("web", "later"), "blue");
        cr_expect_str_eq(slot_of("shop", "later"), "blue");
        cr_expect_str_eq(slot_of("api", "later"), "");
        cr_expect_eq(pin("web", "apart", i == 0 ? "green" : "blue").outcome, OUTCOME_DONE);
        cr_expect_str_eq(slot_of("shop", "apart"), "");
        bench_desk_stop(&desk);
    }
    bench_desk_must_start(&desk);
}

Test(tenants, what_the_disk_does_not_take_is_not_pinned)
{
    static const int errors[] = { EIO, ENOSPC, EROFS };

    cr_assert_eq(pin("shop", "first", "green").outcome, OUTCOME_DONE);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct change_result result;

        fault_io_set(FAULT_IO_BROKEN, 1, errors[i]);
        result = pin("shop", "acme", "green");
        cr_expect_eq(result.fault, FAULT_NOT_DURABLE, "%s", result.words);
        cr_expect_not_null(strstr(result.words, strerror(errors[i])), "%s", result.words);
        cr_expect_not(result.changed);
        cr_expect_str_eq(slot_of("shop", "acme"), "");
    }
    fault_io_set(FAULT_IO_NONE, 0, 0);
    cr_expect_eq(pin("shop", "acme", "green").outcome, OUTCOME_DONE);
    restart();
    cr_expect_eq(count_of("shop"), 2);
}

/* Each call of a pin's writing fails once; whatever became of that one, the next is right, also for a restart. */
Test(tenants, a_fault_anywhere_costs_one_answer_at_most)
{
    static const enum fault_io_mode modes[] = { FAULT_IO_ERROR, FAULT_IO_SHORT, FAULT_IO_BROKEN };

    for (size_t mode = 0; mode < 3; mode++)
        for (unsigned at = 1; at <= 16; at++) {
            struct change_result result;
            bool is_pinned = false;

            fault_io_set(modes[mode], at, EIO);
            result = pin("shop", "acme", at % 2 == 0 ? "blue" : "green");
            is_pinned = result.outcome == OUTCOME_DONE;
            cr_assert(is_pinned || result.fault == FAULT_NOT_DURABLE, "%s", result.words);
            cr_assert_str_eq(slot_of("shop", "acme"), !is_pinned    ? ""
                                                      : at % 2 == 0 ? "blue"
                                                                    : "green");
            fault_io_set(FAULT_IO_NONE, 0, 0);
            cr_assert_eq(pin("shop", "other", at % 2 == 0 ? "blue" : "green").outcome,
                         OUTCOME_DONE);
            restart();
            cr_assert_eq(count_of("shop"), 1 + is_pinned, "mode %zu call %u", mode, at);
            cr_assert_eq(unpin("shop", "*").outcome, OUTCOME_DONE);
        }
}

Test(tenants, a_rollback_does_not_care_for_a_full_disk)
{
    struct change change = bench_desk_change(CHANGE_ROLLBACK, "shop", "");
    struct change_result result;

    cr_assert_eq(pin("shop", "acme", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(bench_desk_switch(&desk, "shop", "green").outcome, OUTCOME_DONE);
    fault_io_set(FAULT_IO_ERROR, 1, ENOSPC);
    result = bench_desk_do(&desk, &change);
    cr_assert(result.outcome == OUTCOME_DONE && result.is_durable, "%s", result.words);
    fault_io_set(FAULT_IO_NONE, 0, 0);
    restart();
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_assert_str_eq(slot_of("shop", "acme"), "green");
}

static void damage(const char *path, const char *how)
{
    FILE *file = NULL;

    if (strcmp(how, "gone") == 0) {
        cr_assert_eq(unlink(path), 0);
        return;
    }
    if (strcmp(how, "short") == 0) {
        cr_assert_eq(truncate(path, 80), 0);
        return;
    }
    file = fopen(path, "r+");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 85, SEEK_SET), 0);
    fputc('#', file);
    fclose(file);
}

Test(tenants, damage_stops_the_start_unless_it_is_asked_for)
{
    static const char *const ways[] = { "gone", "short", "changed" };
    char file[200];

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        cr_assert_eq(bench_desk_switch(&desk, "shop", i % 2 == 0 ? "green" : "blue").outcome,
                     OUTCOME_DONE);
        cr_assert_eq(pin("shop", "acme-and-sons", "green").outcome, OUTCOME_DONE);
        bench_desk_stop(&desk);
        cr_assert_eq(count_files(file, sizeof file), 1);
        damage(file, ways[i]);
        desk.options.accept_empty_state = false;
        cr_assert_eq(bench_desk_start(&desk), ERR_CORRUPT, "%s", ways[i]);
        cr_assert_not_null(strstr(desk.report.entries[0].words, "--accept-empty-state"));
        cr_assert_not_null(strstr(desk.report.entries[0].words, "pins-shop-"));
        desk.options.accept_empty_state = true;
        bench_desk_must_start(&desk);
        cr_assert_eq(count_of("shop"), 0);
        cr_assert_str_eq(bench_desk_active(&desk, "shop"), i % 2 == 0 ? "green" : "blue",
                         "only the pins are gone");
        unlink(file);
        restart();
    }
}

Test(tenants, a_file_that_vanishes_while_we_run_is_written_anew)
{
    char file[200];

    cr_assert_eq(pin("shop", "a", "green").outcome, OUTCOME_DONE);
    cr_assert_eq(count_files(file, sizeof file), 1);
    unlink(file);
    cr_assert_eq(pin("shop", "b", "green").fault, FAULT_NOT_DURABLE);
    cr_assert_eq(pin("shop", "b", "green").outcome, OUTCOME_DONE);
    restart();
    cr_assert_eq(count_of("shop"), 2);
}

Test(tenants, dead_lines_are_left_behind)
{
    struct bench_answer *answers = calloc(500, sizeof *answers);
    char first[200];
    char last[200];

    pin("shop", "kept", "green");
    cr_assert_eq(count_files(first, sizeof first), 1);
    for (unsigned round = 0; round < 10; round++) {
        unsigned open = 0;

        for (unsigned i = 0; i < 500; i++) {
            struct change change =
                make(CHANGE_TENANT_PIN, "shop", "acme", i % 2 == 0 ? "blue" : "green");

            bench_desk_submit(&desk, &change, &answers[i], &open);
        }
        bench_desk_wait(&desk, &open);
    }
    for (int i = 0; i < 3; i++)
        pin("shop", "acme", i % 2 == 0 ? "blue" : "green");
    cr_assert_eq(count_files(last, sizeof last), 1, "the old one is gone");
    cr_assert_str_neq(first, last);
    restart();
    cr_assert_str_eq(slot_of("shop", "kept"), "green");
    cr_assert_str_eq(slot_of("shop", "acme"), "blue");
    free(answers);
}
