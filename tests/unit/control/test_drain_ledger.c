/* What is still with a slot, one by one: src/control/drain_ledger.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/control/asker.h"

static void add(enum ledger_kind kind, const struct slot *slot, uint64_t age_s, const char *target)
{
    struct ledger_entry *entry = &asker_world.ledger[asker_world.ledger_count++];

    *entry = (struct ledger_entry){ .kind = kind,
                                    .slot = slot,
                                    .age_us = age_s * 1000000,
                                    .idle_us = 2000000,
                                    .bytes_in = 10,
                                    .bytes_out = age_s,
                                    .epoch = 40,
                                    .peer = "10.9.9.9:1234",
                                    .route = "GET /\x01path" };
    snprintf(entry->target, sizeof entry->target, "%s", target);
}

static void start(void)
{
    asker_start();
    add(LEDGER_REQUEST, asker_world.slots[0][0], 5, "10.0.0.1:80");
    add(LEDGER_REQUEST, asker_world.slots[0][1], 10, "10.0.1.1:80");
    add(LEDGER_WEBSOCKET, asker_world.slots[0][1], 300, "10.0.1.2:80");
    add(LEDGER_WEBSOCKET, asker_world.slots[0][1], 200, "10.0.1.1:80");
    add(LEDGER_TUNNEL, asker_world.slots[1][1], 100, "10.1.1.1:80");
    add(LEDGER_HELD, NULL, 3, "");
}

TestSuite(drain_ledger, .init = start, .fini = asker_stop);

static const cJSON *row(const cJSON *json, const char *key, int index)
{
    return cJSON_GetArrayItem(json_result(json, key), index);
}

Test(drain_ledger, shows_what_is_not_on_the_live_slot_oldest_first)
{
    cJSON *json = ask_json("json drain status\n");

    cr_expect_null(asker_world.ledger_slot, "all slots are asked for");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "exchanges")), 5);
    cr_expect_eq(json_result(json, "exchanges_total")->valueint, 5);
    cr_expect_str_eq(json_text(row(json, "exchanges", 0), "kind"), "websocket");
    cr_expect_eq(json_number(row(json, "exchanges", 0), "age_seconds"), 300);
    cr_expect_eq(json_number(row(json, "exchanges", 0), "idle_seconds"), 2);
    cr_expect_str_eq(json_text(row(json, "exchanges", 0), "service"), "shop");
    cr_expect_str_eq(json_text(row(json, "exchanges", 0), "slot"), "green");
    cr_expect_str_eq(json_text(row(json, "exchanges", 0), "target"), "10.0.1.2:80");
    cr_expect_str_eq(json_text(row(json, "exchanges", 0), "peer"), "10.9.9.9:1234");
    cr_expect_str_eq(json_text(row(json, "exchanges", 2), "service"), "api");
    cr_expect_str_eq(json_text(row(json, "exchanges", 4), "kind"), "held");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "kinds")), 4);
    cr_expect_str_eq(json_text(row(json, "kinds", 2), "kind"), "websocket");
    cr_expect_eq(json_number(row(json, "kinds", 2), "count"), 2);
    cr_expect_eq(json_number(row(json, "kinds", 2), "oldest_seconds"), 300);
    cr_expect_eq(json_number(row(json, "kinds", 2), "bytes_in"), 20);
    cr_expect_eq(json_number(row(json, "kinds", 2), "bytes_out"), 500);
    cJSON_Delete(json);
}

Test(drain_ledger, named_slot_is_shown_even_when_it_is_live)
{
    cJSON *json = ask_json("json show drain shop/blue\n");

    cr_expect_eq(asker_world.ledger_slot, asker_world.slots[0][0]);
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "exchanges")), 1);
    cr_expect_str_eq(json_text(row(json, "exchanges", 0), "target"), "10.0.0.1:80");
    cJSON_Delete(json);
    json = ask_json("json show drain api\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "exchanges")), 1);
    cJSON_Delete(json);
}

Test(drain_ledger, target_that_drains_counts_on_a_live_slot)
{
    cJSON *json = NULL;

    asker_world.picks[0][0][0].order = ORDER_DRAIN;
    world_publish(&asker_world, 41);
    json = ask_json("json show drain shop\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "exchanges")), 4);
    cJSON_Delete(json);
}

Test(drain_ledger, is_cut_where_it_was_asked_to_be)
{
    cJSON *json = ask_json("json drain status --limit 2 --newest\n");

    cr_expect_eq(cJSON_GetArraySize(json_result(json, "exchanges")), 2);
    cr_expect_eq(json_number(row(json, "exchanges", 0), "age_seconds"), 3);
    cr_expect_eq(json_number(row(json, "exchanges", 1), "age_seconds"), 10);
    cJSON_Delete(json);
    asker_world.ledger_left_out = 7;
    ask("drain status --limit 2\n");
    cr_expect(ask_has("3 more; --limit N shows up to 1000"), "%s", asker_out.bytes);
    cr_expect(ask_has("7 more were not listed"));
    cr_expect(ask_has("GET /?path\n"), "control bytes of a peer are not shown");
    ask_refused("drain status --limit 0\n", OUTCOME_USAGE, "--limit takes 1 to 1000");
    ask_refused("show drain --limit 1001\n", OUTCOME_USAGE, "--limit takes 1 to 1000");
}

Test(drain_ledger, slot_that_is_gone_is_left_out_by_its_address)
{
    asker_world.ledger[1].slot = (const struct slot *)(const void *)&asker_world;
    ask("show drain shop\n");
    cr_expect(ask_has("10.0.1.2:80"));
    cr_expect_not(ask_has("GET /?path\n10"), "nothing of it is touched");
}

Test(drain_ledger, workers_that_do_not_answer_are_said_so)
{
    asker_world.holds_ledger = true;
    ask("show drain --timeout 50ms\n");
    cr_expect(ask_has("error 4 timeout (wait_timeout): the workers gave no answer in time"), "%s",
              asker_out.bytes);
    world_give_ledger(&asker_world); /* too late: it must not hurt */
}

Test(drain_ledger, client_that_is_gone_is_not_answered)
{
    int fd = world_connect(asker_world.path);

    asker_world.holds_ledger = true;
    cr_assert_eq(write(fd, "show drain\n", 11), 11);
    world_turn(&asker_world, 10);
    cr_assert_not_null(asker_world.question);
    close(fd);
    world_turn(&asker_world, 60);
    world_give_ledger(&asker_world);
}

Test(drain_ledger, nothing_is_there)
{
    cJSON *json = NULL;

    asker_world.ledger_count = 0;
    json = ask_json("json show drain\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "exchanges")), 0);
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "kinds")), 0);
    cJSON_Delete(json);
}
