/* Hold and maintenance: src/control/cmd_traffic.c. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "unit/control/asker.h"

TestSuite(cmd_traffic, .init = asker_start, .fini = asker_stop);

Test(cmd_traffic, words_become_changes)
{
    const struct change *change = ask_change("pause shop\n");

    cr_expect_eq(change->kind, CHANGE_PAUSE);
    cr_expect_str_eq(change->name, "shop");
    cr_expect_eq(change->max_us, 0);
    cr_expect(ask_has("pause shop: done, epoch 42, durable\n"));
    change = ask_change("pause release --max 1500ms\n");
    cr_expect_str_eq(change->name, "release");
    cr_expect_eq(change->max_us, 1500000);
    change = ask_change("resume shop\n");
    cr_expect_eq(change->kind, CHANGE_RESUME);
    change = ask_change("maint on shop --message \"back at 10; sorry\"\n");
    cr_expect_eq(change->kind, CHANGE_MAINT_ON);
    cr_expect_str_eq(change->message, "back at 10; sorry");
    change = ask_change("maint on shop\n");
    cr_expect_str_eq(change->message, "");
    change = ask_change("maint off shop\n");
    cr_expect_eq(change->kind, CHANGE_MAINT_OFF);
}

Test(cmd_traffic, bad_words_change_nothing)
{
    static char line[400];

    ask_refused("pause\n", OUTCOME_USAGE, "too few words");
    ask_refused("pause shop 30s\n", OUTCOME_USAGE, "too many words");
    ask_refused("pause shop --max 30\n", OUTCOME_USAGE, "--max takes a duration");
    ask_refused("pause shop --max 0\n", OUTCOME_USAGE, "--max takes a duration above 0");
    ask_refused("pause shop --max 25h\n", OUTCOME_USAGE, "at most 24h");
    ask_refused("pause shop/blue\n", OUTCOME_USAGE, "is no name of a service or group");
    ask_refused("resume shop --max 3s\n", OUTCOME_USAGE, "unknown option --max");
    ask_refused("maint shop\n", OUTCOME_USAGE, "unknown command maint");
    ask_refused("maint on shop --message \"\"\n", OUTCOME_USAGE, "--message takes");
    ask_refused("maint off shop --message x\n", OUTCOME_USAGE, "unknown option --message");
    memcpy(line, "maint on shop --message ", 24);
    memset(line + 24, 'm', 256);
    line[280] = '\n';
    ask_refused(line, OUTCOME_USAGE, "--message takes");
}

Test(cmd_traffic, is_seen_in_status_and_drain)
{
    cJSON *json = NULL;

    ask("status\n");
    cr_expect_not(ask_has("paused"));
    cr_expect_not(ask_has("maintenance"));
    asker_world.deploy.traffic[0] = (struct deploy_traffic_view){
        .is_held = true, .since_wall_us = clock_wall_us() - 12500000, .left_us = 17000000
    };
    asker_world.deploy.traffic[1] = (struct deploy_traffic_view){
        .is_maint = true, .since_wall_us = clock_wall_us() - 61500000, .message = "new disks"
    };
    atomic_store(&asker_world.services[0]->counts.held, 14);
    atomic_store(&asker_world.services[0]->counts.held_bytes, 4096);
    ask("status\n");
    cr_expect(ask_has("shop is paused since 12s, 17s left: 14 requests wait, 4096 bytes\n"), "%s",
              asker_out.bytes);
    cr_expect(ask_has("api is in maintenance since 1m 1s: new disks\n"));
    ask("status shop\n");
    cr_expect_not(ask_has("new disks"), "that is of another service");
    ask("drain status\n");
    cr_expect(ask_has("shop is paused since"));
    json = ask_json("json list\n");
    cr_expect_str_eq(json_text(cJSON_GetArrayItem(json_result(json, "services"), 0), "traffic"),
                     "held");
    cr_expect_str_eq(json_text(cJSON_GetArrayItem(json_result(json, "services"), 1), "traffic"),
                     "maintenance");
    cJSON_Delete(json);
    atomic_store(&asker_world.services[0]->counts.held, 0);
    atomic_store(&asker_world.services[0]->counts.held_bytes, 0);
}
