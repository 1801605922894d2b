/* Where a request would go: src/control/cmd_explain.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "route/match.h"
#include "route/pins.h"
#include "unit/control/asker.h"

/* Everything a request may be steered by, on shop; api takes /api. */
static const char *shop_hosts[] = { "shop.example" };
static struct address_net testers;

static void start(void)
{
    asker_start();
    cr_assert_eq(address_parse_net(SLICE("10.0.0.0/8"), &testers), 0);
    for (unsigned i = 0; i < WORLD_SERVICES; i++)
        asker_world.service_rows[i].policy =
            (struct policy){ .head_bytes = 8192, .target_bytes = 4096, .fields = 50 };
    asker_world.service_rows[0].host_count = 1;
    asker_world.service_rows[0].hosts = shop_hosts;
    world_add_tenants(&asker_world, 1);
    asker_world.steering[0].preview = (struct preview){
        .header = "X-Slot", .secret = "s3cret", .from_count = 1, .from = &testers
    };
    world_publish(&asker_world, 41);
}

TestSuite(cmd_explain, .init = start, .fini = asker_stop);

/* The one row of the answer. */
static cJSON *explain(const char *line)
{
    cJSON *json = ask_json(line);
    cJSON *row = cJSON_DetachItemFromObject(cJSON_GetObjectItem(json, "result"), "explain");

    cr_assert_not_null(row, "%s", asker_out.bytes);
    cr_expect_eq(json_code(json), 0);
    cJSON_Delete(json);
    return row;
}

static void expect(const char *line, const char *slot, const char *rule, const char *fault)
{
    cJSON *row = explain(line);

    cr_expect_str_eq(json_text(row, "slot"), slot, "%s: %s", line, asker_out.bytes);
    cr_expect_str_eq(json_text(row, "rule"), rule, "%s", line);
    cr_expect_str_eq(json_text(row, "fault"), fault, "%s", line);
    cJSON_Delete(row);
}

Test(cmd_explain, names_service_slot_and_target)
{
    cJSON *row = explain("json explain --host shop.example --path /cart?id=7\n");

    cr_expect_str_eq(json_text(row, "request"), "GET /cart?id=7 HTTP/1.1");
    cr_expect_str_eq(json_text(row, "service"), "shop");
    cr_expect_str_eq(json_text(row, "slot"), "blue");
    cr_expect_str_eq(json_text(row, "role"), "live");
    cr_expect_str_eq(json_text(row, "version"), "v1");
    cr_expect_str_eq(json_text(row, "rule"), "active");
    cr_expect_str_eq(json_text(row, "target"), "10.0.0.2:80 (the next one may get another)");
    cr_expect_str_eq(json_text(row, "traffic"), "open");
    cr_expect_str_eq(json_text(row, "fault"), "none");
    cr_expect_eq(json_number(row, "epoch"), 41);
    cr_expect_eq(json_number(row, "status"), -1);
    cJSON_Delete(row);
    ask("explain --path /api/x\n");
    cr_expect(ask_has("service: api\n"), "%s", asker_out.bytes);
    cr_expect(ask_has("client: 127.0.0.1 (assumed; --client-ip ADDRESS)\n"));
    cr_expect(ask_has("answer: the app's\n"));
}

Test(cmd_explain, follows_the_rules)
{
    cr_assert_eq(pins_set(asker_world.deploy.pins[0], SLICE("acme"), "green"), 0);
    world_publish(&asker_world, 41);
    expect("json explain --host shop.example --header \"X-Tenant: acme\"\n", "green", "tenant",
           "none");
    expect("json explain --host shop.example --header \"X-Tenant: other\"\n", "blue", "active",
           "none");
    expect("json explain --host shop.example --header \"X-Slot: green:s3cret\" --client-ip "
           "10.1.2.3\n",
           "green", "preview", "none");
    expect("json explain --host shop.example --header \"X-Slot: green:s3cret\" --client-ip "
           "192.0.2.1\n",
           "blue", "active", "none");
    ask("explain --host shop.example --header \"X-Slot: green:wrong\" --client-ip 10.1.2.3\n");
    cr_expect(ask_has("preview: refused"), "%s", asker_out.bytes);
}

static void run_canary(uint32_t share)
{
    asker_world.slot_rows[0][1].role = ROLE_CANDIDATE;
    asker_world.steering[0].split = (struct split){ .candidate = 1,
                                                    .share = share,
                                                    .salt = 7,
                                                    .key_count = 1,
                                                    .keys = { { .kind = SPLIT_CLIENT_IP } } };
    world_publish(&asker_world, 41);
}

Test(cmd_explain, tells_the_side_of_a_canary)
{
    cJSON *row = NULL;

    run_canary(SPLIT_WHOLE);
    row = explain("json explain --host shop.example --client-ip 192.0.2.1\n");
    cr_expect_str_eq(json_text(row, "slot"), "green");
    cr_expect_str_eq(json_text(row, "rule"), "canary");
    cr_expect_str_eq(json_text(row, "candidate"), "green");
    cr_expect_str_eq(json_text(row, "share"), "100.00%");
    cJSON_Delete(row);
    run_canary(0);
    ask("explain --host shop.example --client-ip ::1\n");
    cr_expect(ask_has("canary: green gets 0.00%: this user does not belong to it\n"), "%s",
              asker_out.bytes);
}

/* No counter, no turn, no pin's count moves, however often it is asked. */
Test(cmd_explain, leaves_no_trace)
{
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry;

    cr_assert_eq(pins_set(asker_world.deploy.pins[0], SLICE("acme"), "blue"), 0);
    world_publish(&asker_world, 41);
    for (unsigned i = 0; i < 5; i++)
        ask("explain --host shop.example --header \"X-Tenant: acme\"\n");
    cr_assert(pins_next(asker_world.deploy.pins[0], &cursor, &entry));
    cr_expect_eq(entry.requests, 0);
    for (unsigned worker = 0; worker < 2; worker++)
        for (unsigned i = 0; i < WORLD_TARGETS; i++) {
            const struct target_cell *cell = &asker_world.targets[0][0][i]->cells[worker];

            cr_expect_eq(cell->current, 0);
            cr_expect_eq(cell->in_flight, 0);
            cr_expect_eq(cell->requests, 0);
        }
    cr_expect_eq(slot_in_flight(asker_world.slots[0][0]), 0);
}

Test(cmd_explain, tells_the_fault_a_request_would_get)
{
    static char line[5000];
    cJSON *row = NULL;

    expect("json explain --host nobody.example\n", "", "", "no_service");
    expect("json explain --path nowhere\n", "", "", "bad_target");
    expect("json explain --method \"GE T\"\n", "", "", "bad_request_line");
    expect("json explain --header \"Broken\"\n", "", "", "bad_field");
    expect("json explain --host a --header \"Host: b\"\n", "", "", "bad_host");
    expect("json explain --header \"Host: shop.example\"\n", "blue", "active", "none");
    memcpy(line, "json explain --host shop.example --path /", 41);
    memset(line + 41, 'p', 4200);
    line[4241] = '\n';
    expect(line, "", "", "target_too_long");
    row = explain("json explain --host nobody.example\n");
    cr_expect_eq(json_number(row, "status"), 404);
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(row, "service")));
    cJSON_Delete(row);
    asker_world.service_rows[0].policy.target_bytes = 20;
    world_publish(&asker_world, 41);
    expect("json explain --host shop.example --path /0123456789012345678901\n", "blue", "active",
           "target_too_long");
    target_set_verdict(asker_world.targets[0][0][0], VERDICT_DOWN);
    target_set_verdict(asker_world.targets[0][0][1], VERDICT_DOWN);
    asker_world.service_rows[0].refuse_unfit = true;
    world_publish(&asker_world, 41);
    expect("json explain --host shop.example\n", "blue", "active", "no_target");
}

Test(cmd_explain, tells_hold_maintenance_and_what_is_stripped)
{
    cJSON *row = NULL;

    asker_world.service_rows[0].traffic =
        (struct traffic){ .mode = TRAFFIC_HELD, .hold_us = 30000000, .pass_safe = true };
    asker_world.service_rows[0].strip_prefix = "/shop";
    world_publish(&asker_world, 41);
    ask("explain --host shop.example --method POST\n");
    cr_expect(ask_has("answer: it would wait, at most 30s; then 503 (held)\n"), "%s",
              asker_out.bytes);
    row = explain("json explain --host shop.example --path /shop/cart\n");
    cr_expect_str_eq(json_text(row, "fault"), "none", "safe methods pass");
    cr_expect_str_eq(json_text(row, "app_path"), "/cart");
    cJSON_Delete(row);
    asker_world.service_rows[0].traffic = (struct traffic){ .mode = TRAFFIC_MAINT };
    world_publish(&asker_world, 41);
    expect("json explain --host shop.example --path /shop\n", "blue", "active", "maintenance");
}

Test(cmd_explain, listener_tells_whom_it_trusts)
{
    struct config_listener listener = { .name = (char *)(uintptr_t) "http",
                                        .trusted = { .items = &testers, .count = 1 } };
    struct config config = { .listeners = &listener, .listener_count = 1 };
    cJSON *row = NULL;

    asker_world.deploy.config = &config;
    row = explain("json explain --listener http --client-ip 10.0.0.9\n");
    cr_expect_str_eq(json_text(row, "listener"), "http");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(row, "client_trusted")));
    cJSON_Delete(row);
    row = explain("json explain --listener http\n");
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(row, "client_trusted")));
    cJSON_Delete(row);
    ask_refused("explain --listener nope\n", OUTCOME_REFUSED, "no listener nope");
}

Test(cmd_explain, bad_words_are_refused)
{
    struct text line;

    ask_refused("explain shop\n", OUTCOME_USAGE, "too many words");
    ask_refused("explain --client-ip 10.0.0\n", OUTCOME_USAGE, "is no address such as");
    ask_refused("explain --client-ip 10.0.0.1:80\n", OUTCOME_USAGE, "is no address such as");
    ask_refused("explain --client-ip unix:/x\n", OUTCOME_USAGE, "is no address such as");
    ask_refused("explain --path \"\"\n", OUTCOME_USAGE, "--path takes");
    ask_refused("explain --header \"\"\n", OUTCOME_USAGE, "--header takes");
    ask_refused("explain --path /a --path /b\n", OUTCOME_USAGE, "is given twice");
    text_init(&line, 10000);
    text_add(&line, "explain");
    for (unsigned i = 0; i < 25; i++)
        text_add_format(&line, " --header \"A: %u\"", i);
    text_add(&line, "\n");
    ask_refused(line.bytes, OUTCOME_USAGE, "at most 24 of them");
    text_fini(&line);
}
