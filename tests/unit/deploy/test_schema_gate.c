/* What the databases' word means for moves of traffic: forward, back, by itself, in an emergency, of a group. */
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"
#include "deploy/databases.h"
#include "deploy/word_view.h"
#include "route/pins.h"
#include "store/look_priv.h"
#include "unit/deploy/bench_desk.h"

static const char config_text[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "database main { dsn = \"host=/nowhere\" }\n"
    "service web { hosts = { \"web\" } health { enabled = false } schema { on_unknown = \"%s\" }\n"
    "  tenant { from = { \"header:X-Tenant-Id\" } }\n"
    "  slot blue  { targets = { \"127.0.0.1:7001\" } version = \"v1\" database = \"main\" }\n"
    "  slot green { targets = { \"127.0.0.1:7002\" } version = \"v2\" database = \"main\" } }\n"
    "service api { hosts = { \"api\" } health { enabled = false }\n"
    "  tenant { from = { \"header:X-Tenant-Id\" } }\n"
    "  slot blue  { targets = { \"127.0.0.1:7003\" } }\n"
    "  slot green { targets = { \"127.0.0.1:7004\" } } }\n"
    "group release { services = { \"web\", \"api\" } }\n";

static struct deploy_database known; /* what is found of "main" */

static unsigned finds;

static bool find(void *arg, const char *name, struct deploy_database *out)
{
    (void)arg;
    finds++;
    *out = known;
    return strcmp(name, "main") == 0;
}

static unsigned hurries;

static void hurry(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    hurries++;
}

static const struct deploy_databases databases = { .find = find, .hurry = hurry };

static void answer(struct look *look, unsigned index, int columns, const char *const *cells)
{
    PGresult *rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc descriptions[12];
    static char name[] = "c";

    memset(descriptions, 0, sizeof descriptions);
    for (int i = 0; i < columns; i++)
        descriptions[i].name = name;
    cr_assert_eq(PQsetResultAttrs(rows, columns, descriptions), 1);
    for (int i = 0; i < columns; i++)
        cr_assert_eq(PQsetvalue(rows, 0, i, (char *)(uintptr_t)cells[i],
                                cells[i] != NULL ? (int)strlen(cells[i]) : -1),
                     1);
    cr_assert(look_take(look, index, rows));
    PQclear(rows);
}

/* A database that was contracted for releases from that one on; NULL: it was not. */
static struct look *make_look(const char *contract_after)
{
    const struct look_wishes wishes = { .history = LOOK_HISTORY_OWN };
    const char *const facts[] = { "1", "d", "150000", "1", "f", "f", "1", "t", "f", "f", "f", "f" };
    const char *const version[] = { NULL, "3", NULL, contract_after };
    struct look *look = look_new(&wishes);

    answer(look, 0, 12, facts);
    answer(look, 1, 4, version);
    return look;
}

static void know(const struct look *look, const char *trouble)
{
    known = (struct deploy_database){ .look = look, .begun_us = UINT64_MAX };
    snprintf(known.trouble, sizeof known.trouble, "%s", trouble);
}

static void open_desk(struct bench_desk *desk, const char *on_unknown)
{
    char *config = NULL;

    bench_desk_init(desk, "");
    config = mem_format(config_text, on_unknown);
    bench_desk_write_config(desk, config);
    free(config);
    desk->options.databases = &databases;
    bench_desk_must_start(desk);
}

static void expect(const struct change_result *result, enum outcome outcome, const char *gate,
                   const char *words)
{
    cr_expect_eq(result->outcome, outcome, "%s", result->words);
    cr_expect_str_eq(result->gate, gate, "%s", result->words);
    cr_expect_not_null(strstr(result->words, words), "%s", result->words);
}

Test(schema_gate, holds_up_what_goes_forward_and_a_group_with_it)
{
    struct look *look = make_look("v2");
    struct change_result result;
    struct bench_desk desk;

    open_desk(&desk, "refuse");
    know(NULL, "nobody answers");
    result = bench_desk_switch(&desk, "release", "green");
    expect(&result, OUTCOME_REFUSED, "database", "nobody answers");
    cr_expect_gt(hurries, 0);
    know(look, "");
    result = bench_desk_switch(&desk, "release", "green"); /* blue could not be gone back to */
    expect(&result, OUTCOME_REFUSED, "schema-version", "blue is v1");
    cr_expect_str_eq(bench_desk_active(&desk, "api"), "blue");
    bench_desk_fini(&desk);
    look_free(look);
}

Test(schema_gate, lets_what_is_unknown_pass_where_it_is_told_to)
{
    struct change_result result;
    struct bench_desk desk;

    open_desk(&desk, "allow");
    know(NULL, "nobody answers");
    result = bench_desk_switch(&desk, "release", "green");
    expect(&result, OUTCOME_DONE, "", "not proven for the database");
    cr_expect_not_null(strstr(result.note, "nobody answers"), "%s", result.note);
    bench_desk_fini(&desk);
}

Test(schema_gate, stops_a_way_back_only_by_what_is_known)
{
    struct change back = bench_desk_change(CHANGE_ROLLBACK, "release", "");
    struct look *open = make_look(NULL);
    struct look *contracted = make_look("v2");
    struct deploy_light_view light;
    struct change_result result;
    struct bench_desk desk;

    open_desk(&desk, "refuse");
    know(open, "");
    result = bench_desk_switch(&desk, "release", "green");
    expect(&result, OUTCOME_DONE, "", "green");
    know(contracted, "");
    deploy_view_light(desk.deploy, 0, &light);
    cr_expect_eq(light.light.answer, WORD_FAIL);
    cr_expect_str_eq(light.slot, "blue");
    result = bench_desk_do_own(&desk, &back);
    expect(&result, OUTCOME_REFUSED, "schema-version", "contracted for releases from v2");
    result = bench_desk_do(&desk, &back);
    expect(&result, OUTCOME_REFUSED, "schema-version", "contracted for releases from v2");
    back.emergency = true;
    snprintf(back.reason, sizeof back.reason, "down");
    result = bench_desk_do(&desk, &back);
    expect(&result, OUTCOME_DONE, "", "not proven for the database");
    cr_expect_not_null(strstr(result.skipped, "schema-version"), "%s", result.skipped);
    cr_expect_str_eq(bench_desk_active(&desk, "web"), "blue");
    bench_desk_fini(&desk);
    look_free(open);
    look_free(contracted);
}

Test(schema_gate, goes_back_by_itself_while_the_database_is_away)
{
    struct change back = bench_desk_change(CHANGE_ROLLBACK, "release", "");
    struct look *open = make_look(NULL);
    struct change_result result;
    struct bench_desk desk;

    open_desk(&desk, "refuse");
    know(open, "");
    result = bench_desk_switch(&desk, "release", "green");
    expect(&result, OUTCOME_DONE, "", "green");
    know(NULL, "nobody answers");
    result = bench_desk_do_own(&desk, &back);
    expect(&result, OUTCOME_DONE, "", "not proven for the database");
    bench_desk_fini(&desk);
    look_free(open);
}

static struct change pin(const char *tenant, const char *slot)
{
    struct change change = bench_desk_change(CHANGE_TENANT_PIN, "release", slot);

    snprintf(change.tenant, sizeof change.tenant, "%s", tenant);
    return change;
}

static struct change_result load(struct bench_desk *desk, const char *slot, const char *force)
{
    struct change change = bench_desk_change(CHANGE_TENANT_LOAD, "release", "");
    char tenant[32];

    change.pins = pins_new(1);
    for (int i = 0; i < 100; i++) {
        snprintf(tenant, sizeof tenant, "t%d", i);
        cr_assert_eq(pins_set(change.pins, slice_from(tenant), slot), 0);
    }
    change.force = force != NULL;
    snprintf(change.reason, sizeof change.reason, "%s", force != NULL ? force : "");
    return bench_desk_do(desk, &change);
}

Test(schema_gate, pins_of_tenants_pass_the_gates_of_a_canary)
{
    struct look *open = make_look(NULL);
    struct look *contracted = make_look("v2");
    struct change away = pin("acme", "green");
    struct change home = pin("acme", "blue");
    struct change_result result;
    struct bench_desk desk;

    open_desk(&desk, "refuse");
    know(contracted, "");
    result = bench_desk_do(&desk, &away);
    expect(&result, OUTCOME_REFUSED, "schema-version", "blue is v1");
    know(NULL, "nobody answers");
    result = bench_desk_do(&desk, &away);
    expect(&result, OUTCOME_REFUSED, "database", "nobody answers");
    cr_expect(!result.changed);
    hurries = 0;
    result = bench_desk_do(&desk, &home);
    expect(&result, OUTCOME_DONE, "", "pinned to blue");
    cr_expect_eq(hurries, 0, "the live slot is asked nothing");
    away.force = true;
    snprintf(away.reason, sizeof away.reason, "pilot");
    result = bench_desk_do(&desk, &away);
    expect(&result, OUTCOME_DONE, "", "pinned to green");
    cr_expect_not_null(strstr(result.bypassed, "database"), "%s", result.bypassed);
    cr_expect_not_null(strstr(result.note, "nobody answers"), "%s", result.note);
    know(open, "");
    away = pin("second", "green");
    hurries = 0;
    result = bench_desk_do(&desk, &away);
    expect(&result, OUTCOME_DONE, "", "pinned to green");
    cr_expect_gt(hurries, 0, "what was migrated a moment ago is seen");
    know(NULL, "nobody answers");
    result = bench_desk_do(&desk, &away);
    expect(&result, OUTCOME_DONE, "", "already");
    bench_desk_fini(&desk);
    look_free(open);
    look_free(contracted);
}

Test(schema_gate, a_load_of_pins_is_one_question)
{
    struct look *open = make_look(NULL);
    struct look *contracted = make_look("v2");
    struct change_result result;
    struct bench_desk desk;

    open_desk(&desk, "refuse");
    know(contracted, "");
    finds = 0;
    result = load(&desk, "green", NULL);
    expect(&result, OUTCOME_REFUSED, "schema-version", "blue is v1");
    cr_expect(finds > 0 && finds < 10, "not one for each of the tenants: %u", finds);
    result = load(&desk, "blue", NULL);
    expect(&result, OUTCOME_DONE, "", "100 tenants");
    result = load(&desk, "green", "pilots");
    expect(&result, OUTCOME_DONE, "", "100 tenants");
    cr_expect_not_null(strstr(result.bypassed, "schema-version"), "%s", result.bypassed);
    cr_expect_not_null(strstr(result.note, "not proven for the database"), "%s", result.note);
    know(open, "");
    hurries = 0;
    result = load(&desk, "green", NULL);
    expect(&result, OUTCOME_DONE, "", "100 tenants");
    cr_expect_eq(hurries, 1);
    bench_desk_fini(&desk);
    look_free(open);
    look_free(contracted);
}
