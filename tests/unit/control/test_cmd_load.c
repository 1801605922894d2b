/* show load: src/control/cmd_load.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "asker.h"
#include "http/head.h"

TestSuite(cmd_load, .init = asker_start, .fini = asker_stop);

static void count(struct slot *slot, unsigned code, uint32_t us)
{
    slot_count(slot, 0,
               &(struct slot_sample){ .method = METHOD_GET,
                                      .code = (uint16_t)code,
                                      .duration_us = us,
                                      .bytes_in = 10,
                                      .bytes_out = 100 });
}

static const cJSON *row_of(const cJSON *json, const char *slot)
{
    const cJSON *row = NULL;

    cJSON_ArrayForEach(
        row, json_result(json, "load")) if (strcmp(json_text(row, "service"), "shop") == 0 &&
                                            strcmp(json_text(row, "slot"), slot) == 0) return row;
    return NULL;
}

Test(cmd_load, counts_requests_errors_and_times)
{
    const cJSON *row = NULL;
    const cJSON *pairs = NULL;
    cJSON *json = NULL;

    count(asker_world.slots[0][0], 200, 4000);
    count(asker_world.slots[0][0], 404, 4000);
    count(asker_world.slots[0][0], 500, 9000);
    count(asker_world.slots[0][0], 599, 60000000);
    json = ask_json("json show load shop\n");
    row = row_of(json, "blue");
    cr_assert_not_null(row);
    cr_expect_eq(json_number(row, "requests"), 4);
    cr_expect_eq(json_number(row, "errors"), 2);
    cr_expect_eq(json_number(row, "bytes_in"), 40);
    cr_expect_eq(json_number(row, "bytes_out"), 400);
    cr_expect_str_eq(json_text(row, "share"), "100.00%");
    cr_expect_eq(json_number(row_of(json, "green"), "requests"), 0);
    pairs = cJSON_GetObjectItemCaseSensitive(row, "latency_us");
    cr_expect_eq(cJSON_GetArraySize(pairs), 3);
    cr_expect_eq(cJSON_GetArrayItem(cJSON_GetArrayItem(pairs, 0), 0)->valuedouble, 5000);
    cr_expect_eq(cJSON_GetArrayItem(cJSON_GetArrayItem(pairs, 0), 1)->valuedouble, 2);
    cr_expect_gt(json_number(cJSON_GetObjectItemCaseSensitive(json, "result"), "monotonic_us"), 0);
    cJSON_Delete(json);
}

Test(cmd_load, takes_a_path)
{
    ask("show load shop/green\n");
    cr_expect(ask_has("green"));
    cr_expect_not(ask_has("blue"));
    ask_refused("show load nothing\n", OUTCOME_REFUSED, "nothing");
}
