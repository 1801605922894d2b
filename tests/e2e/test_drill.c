/* A drill through real sockets: users of the standby, errors, synthetic requests, the gate, a kill in the middle. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "e2e/e2e.h"
#include "support/scene.h"

static const struct stage_options plain = {
    .lines = "health { path = \"/health\" interval = \"100ms\" }\n"
             "canary { key = { \"header:X-User\" } step_time = \"100ms\" steps = { \"50%\", "
             "\"100%\" } }\n",
};
static const struct stage_options gated = {
    .lines = "health { path = \"/health\" interval = \"100ms\" }\ngate { drill_age = \"30d\" }\n",
};

static cJSON *drill(struct stage *stage, const char *words, int wanted)
{
    int code = -1;
    cJSON *json = ctl_json(stage->daemon, words, &code);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    cJSON *report = NULL;

    cr_expect_eq(code, wanted, "%s: exit %d", words, code);
    report = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(result, "drill"), 1);
    cJSON_Delete(json);
    return report;
}

static double number_of(const cJSON *report, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(report, name);

    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static bool has_canary(struct stage *stage)
{
    struct ctl_result result = ctl_run(stage->daemon, "history 1 --kind canary-abort");
    bool has_ended = strstr(result.out, "drill") != NULL;

    ctl_free(&result);
    return !has_ended;
}

Test(drill, is_timed_remembered_and_moves_nobody_for_good)
{
    struct stage stage;
    struct ctl_result result;
    cJSON *report = NULL;

    stage_open(&stage, &plain);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_drill_age_seconds", ""), -1);
    report = drill(&stage, "drill shop --share 1% --duration 500ms --synthetic 10", 0);
    cr_expect_gt(number_of(report, "give_us"), 0);
    cr_expect_gt(number_of(report, "take_us"), 0);
    cr_expect_gt(number_of(report, "synthetic_us"), 0);
    cr_expect_geq(number_of(report, "watch_us"), 500000, "a step by time would have ended it");
    cJSON_Delete(report);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect_geq(daemon_metric(stage.daemon, "switchyard_rollback_drill_age_seconds", "shop"), 0);
    result = ctl_run(stage.daemon, "decisions");
    cr_expect(strstr(result.out, "lost it again") != NULL, "%s", result.out);
    ctl_free(&result);
    cJSON_Delete(drill(&stage, "drill shop --duration 100ms --assert requests=1000000", 1));
    cJSON_Delete(drill(&stage, "drill shop --duration 100ms --assert slot=blue", 5));
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(drill, synthetic_requests_find_a_sick_standby_before_any_user_does)
{
    struct stage stage;

    stage_open(&stage, &plain);
    origin_auto_set_faults(stage.green, &(struct origin_faults){ .seed = 1, .close_before = 1000 });
    cJSON_Delete(drill(&stage, "drill shop --synthetic 5 --share 50% --duration 10s", 1));
    cr_expect_eq(ctl_code(stage.daemon, "history --kind canary-start"), 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(drill, a_gate_may_ask_for_one)
{
    struct stage stage;
    struct ctl_result result;

    stage_open(&stage, &gated);
    result = ctl_run(stage.daemon, "switch shop");
    cr_expect_eq(result.code, 3, "exit %d", result.code);
    cr_expect(strstr(result.err, "no drill was good") != NULL, "%s", result.err);
    ctl_free(&result);
    cJSON_Delete(drill(&stage, "drill shop --duration 50ms", 9)); /* nobody asked anything */
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_drill_age_seconds", ""), -1);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop"), 3);
    cJSON_Delete(drill(&stage, "drill shop --share 1% --duration 50ms --synthetic 3", 0));
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    cr_expect_eq(ctl_code(stage.daemon, "wait healthy shop"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "switch shop"), 0, "the drill is forgotten");
    STOP_STAGE(&stage);
}

static void *run_long_drill(void *arg)
{
    struct stage *stage = arg;

    (void)ctl_code(stage->daemon, "drill shop --duration 5m");
    return NULL;
}

Test(drill, a_kill_in_its_middle_is_met_by_the_next_start)
{
    struct stage stage;
    struct ctl_result result;
    pthread_t thread;
    bool has_begun = false;

    stage_open(&stage, &plain);
    cr_assert_eq(pthread_create(&thread, NULL, run_long_drill, &stage), 0);
    for (int i = 0; i < 500 && !has_begun; i++) {
        result = ctl_run(stage.daemon, "history 1 --kind canary-pause");
        has_begun = strstr(result.out, "drill") != NULL;
        ctl_free(&result);
        scene_pause_us(10000);
    }
    cr_assert(has_begun);
    daemon_kill(stage.daemon);
    pthread_join(thread, NULL);
    daemon_restart(stage.daemon);
    for (int i = 0; i < 500 && has_canary(&stage); i++)
        scene_pause_us(10000);
    cr_expect(!has_canary(&stage));
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_rollback_drill_age_seconds", ""), -1);
    STOP_STAGE(&stage);
}
