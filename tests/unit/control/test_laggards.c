/* What status and the metrics say of a slot that still holds the old release: src/control/laggards.c. */
#include <criterion/criterion.h>

#include "deploy/behind.h"
#include "unit/control/asker.h"

TestSuite(laggards, .init = asker_start, .fini = asker_stop);

static struct deploy_behind_view *behind(void)
{
    return &asker_world.deploy.behind;
}

static unsigned count_rows(void)
{
    cJSON *json = ask_json("json status\n");
    unsigned count = (unsigned)cJSON_GetArraySize(json_result(json, "behind"));

    cJSON_Delete(json);
    return count;
}

Test(laggards, is_told_when_it_is_due)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;

    cr_expect_eq(count_rows(), 0);
    *behind() = (struct deploy_behind_view){ .is_behind = true,
                                             .slot = "green",
                                             .version = "v1",
                                             .live = "blue",
                                             .live_version = "v2",
                                             .age_us = 90 * 1000000ULL };
    ask("status shop\n");
    cr_expect(!ask_has("BEHIND"));
    json = ask_json("json status\n");
    row = cJSON_GetArrayItem(json_result(json, "behind"), 0);
    cr_expect_str_eq(json_text(row, "service"), "shop");
    cr_expect_str_eq(json_text(row, "slot"), "green");
    cr_expect_str_eq(json_text(row, "version"), "v1");
    cr_expect_str_eq(json_text(row, "live_version"), "v2");
    cr_expect_eq(cJSON_GetObjectItem(row, "age_seconds")->valuedouble, 90);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(row, "due")));
    cJSON_Delete(json);
    behind()->is_due = true;
    ask("status shop\n");
    cr_expect(ask_has("BEHIND shop: green still holds v1, blue is live with v2\n"));
}
