/* signal, show signals: who is meant, all or none, and what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "asker.h"
#include "config/config.h"
#include "control/metrics_priv.h"
#include "control/tally_priv.h"
#include "pilot/signals.h"

static char cpu_name[] = "cpu", complaints_name[] = "complaints";
static char warn[] = "> 70", critical[] = "> 85", high[] = "= high";
static char shop_name[] = "shop", api_name[] = "api", release_name[] = "release";
static struct config_signal shop_signals[2];
static struct config_signal api_signals[1];
static struct config_service services[2];
static struct config_group groups[1];
static size_t members[] = { 1 };
static struct config config;

static void furnish(void)
{
    shop_signals[0] = (struct config_signal){
        .name = cpu_name, .warn = warn, .critical = critical, .stale = 60000000, .consecutive = 1
    };
    shop_signals[1] = (struct config_signal){ .name = complaints_name,
                                              .critical = high,
                                              .action = CONFIG_SIGNAL_ROLLBACK,
                                              .consecutive = 1 };
    api_signals[0] = shop_signals[0];
    services[0] =
        (struct config_service){ .name = shop_name, .signals = shop_signals, .signal_count = 2 };
    services[1] =
        (struct config_service){ .name = api_name, .signals = api_signals, .signal_count = 1 };
    groups[0] = (struct config_group){ .name = release_name, .services = members };
    groups[0].names.count = 1;
    config = (struct config){
        .services = services, .service_count = 2, .groups = groups, .group_count = 1
    };
    asker_world.deploy.config = &config;
    asker_world.room.signals = signals_new(NULL, NULL);
    signals_configure(asker_world.room.signals, &config);
}

static void begin(void)
{
    asker_furnish = furnish;
    asker_start();
}

static void end(void)
{
    signals_free(asker_world.room.signals);
    asker_stop();
}

TestSuite(cmd_signal, .init = begin, .fini = end);

static struct signal_view look(unsigned index)
{
    struct signal_view view;

    cr_assert(signals_at(asker_world.room.signals, index, &view));
    return view;
}

Test(cmd_signal, goes_to_all_that_have_it_unless_one_is_named)
{
    cr_assert_str_eq(ask("signal cpu=71\n"), "2 values are set\n\n");
    cr_expect_eq(look(0).level, SIGNAL_WARN);
    cr_expect_eq(look(2).level, SIGNAL_WARN);
    cr_assert_str_eq(ask("signal cpu=90 complaints=few --service shop\n"), "2 values are set\n\n");
    cr_expect_eq(look(0).level, SIGNAL_CRITICAL);
    cr_expect_eq(look(1).level, SIGNAL_OK);
    cr_expect_eq(look(2).level, SIGNAL_WARN);
    cr_assert_str_eq(ask("signal cpu=5 --service release\n"), "1 value is set\n\n");
    cr_expect_eq(look(0).level, SIGNAL_CRITICAL);
    cr_expect_eq(look(2).level, SIGNAL_OK);
}

Test(cmd_signal, sets_all_or_none)
{
    ask_refused("signal cpu=50 complaint=high\n", OUTCOME_REFUSED, "no signal complaint of");
    ask_refused("signal cpu=50 cpu=much\n", OUTCOME_USAGE, "\"much\" is no value of signal cpu");
    ask_refused("signal complaints=high cpu\n", OUTCOME_USAGE, "\"cpu\" is no NAME=VALUE");
    ask_refused("signal cpu=\n", OUTCOME_USAGE, "is no NAME=VALUE");
    ask_refused("signal =5\n", OUTCOME_USAGE, "is no NAME=VALUE");
    ask_refused("signal complaints=high --service api\n", OUTCOME_REFUSED,
                "no signal complaints of api; there are: cpu");
    ask_refused("signal cpu=5 --service nobody\n", OUTCOME_REFUSED, "no service or group nobody");
    ask_refused("signal cpu=5 --service shop --rollout 1\n", OUTCOME_USAGE, "exclude each other");
    ask_refused("signal cpu=5 --rollout x\n", OUTCOME_USAGE, "--rollout takes the number");
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(look(i).level, SIGNAL_UNKNOWN);
}

Test(cmd_signal, counts_for_a_rollout_only_while_it_goes_on)
{
    asker_world.deploy.rollout[1] =
        (struct deploy_rollout_view){ .id = 7, .phase = ROLLOUT_RAMPING };
    cr_assert_str_eq(ask("signal cpu=90 --rollout 7\n"), "1 value is set\n\n");
    cr_expect_eq(look(0).level, SIGNAL_UNKNOWN);
    cr_expect_eq(look(2).level, SIGNAL_CRITICAL);
    ask_refused("signal cpu=5 --rollout 8\n", OUTCOME_CONFLICT,
                "rollout 8 does not go on any more");
    asker_world.deploy.rollout[1].ended_wall_us = 1;
    ask_refused("signal cpu=5 --rollout 7\n", OUTCOME_CONFLICT,
                "rollout 7 does not go on any more");
}

Test(cmd_signal, shows_values_levels_and_conditions)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;

    ask("signal cpu=90 --service shop\n");
    json = ask_json("json show signals\n");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "signals")), 3);
    row = cJSON_GetArrayItem(json_result(json, "signals"), 0);
    cr_expect_str_eq(json_text(row, "state"), "critical");
    cr_expect_str_eq(json_text(row, "value"), "90");
    cr_expect_str_eq(json_text(row, "critical"), "> 85");
    row = cJSON_GetArrayItem(json_result(json, "signals"), 1);
    cr_expect_str_eq(json_text(row, "state"), "unknown");
    cr_expect_str_eq(json_text(row, "action"), "rollback");
    cJSON_Delete(json);
    ask("show signals api\n");
    cr_expect(ask_has("unknown"));
    cr_expect(!ask_has("complaints"));
}

Test(cmd_signal, is_in_the_metrics)
{
    struct tally *tally = NULL;
    struct text out;

    ask("signal cpu=90.5 complaints=high --service shop\n");
    tally = tally_new(&asker_world.deploy, 0);
    text_init(&out, 1u << 20);
    metrics_write(&asker_world.room, tally, &out);
    tally_free(tally);
    cr_expect_not_null(
        strstr(out.bytes, "switchyard_signal_value{service=\"shop\",signal=\"cpu\"} 90.5\n"), "%s",
        strstr(out.bytes, "switchyard_signal"));
    cr_expect_null(strstr(out.bytes, "switchyard_signal_value{service=\"shop\",signal=\"compl"));
    cr_expect_null(strstr(out.bytes, "switchyard_signal_value{service=\"api\""));
    cr_expect_not_null(strstr(out.bytes, "switchyard_signal_state{service=\"shop\",signal="
                                         "\"complaints\",state=\"critical\"} 1\n"));
    cr_expect_not_null(strstr(out.bytes, "switchyard_signal_state{service=\"api\",signal=\"cpu\","
                                         "state=\"unknown\"} 1\n"));
    text_fini(&out);
}
