/*
 * What the switch decides by itself is kept: a slot that fails after a switch is left, the history names the decision,
 * explain-decision has the numbers, replay works it out again to the last bit, also in another life of the daemon.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "e2e/e2e.h"
#include "support/scene.h"

static const struct stage_options judged = { .lines = "health { enabled = false }\n" };

static cJSON *ask(struct stage *stage, const char *words)
{
    int code = -1;
    cJSON *json = ctl_json(stage->daemon, words, &code);

    cr_assert(json != NULL && code == 0, "%s: exit %d", words, code);
    return json;
}

static const cJSON *result_of(const cJSON *json, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "result"), name);
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

/* Requests one after the other until blue answers again; false: it does not. */
static bool is_taken_back(struct stage *stage)
{
    uint64_t until_us = clock_monotonic_us() + 30000000;

    while (clock_monotonic_us() < until_us)
        if (stage_probe(stage) == LOAD_SLOT_BLUE)
            return true;
    return false;
}

/* Some ticks with more requests than a comparison with the past needs. */
static void know_the_baseline(struct stage *stage)
{
    for (unsigned tick = 0; tick < 5; tick++) {
        for (unsigned i = 0; i < 100; i++)
            cr_assert_eq(stage_probe(stage), LOAD_SLOT_BLUE);
        scene_pause_us(150000); /* of the judgement's clock */
    }
}

/* The number of the decision that the newest rollback carries out. */
static unsigned find_decision(struct stage *stage)
{
    cJSON *json = ask(stage, "history --kind rollback --trigger *");
    const cJSON *row = cJSON_GetArrayItem(result_of(json, "history"), 0);
    unsigned id = 0;

    cr_assert(row != NULL, "no rollback is in the history");
    id = (unsigned)number_of(row, "decision");
    cJSON_Delete(json);
    return id;
}

static void expect_text(struct stage *stage, const char *words, int code, const char *part)
{
    struct ctl_result result = ctl_run(stage->daemon, words);

    cr_expect_eq(result.code, code, "%s: exit %d: %s%s", words, result.code, result.out,
                 result.err);
    cr_expect(strstr(code == 0 ? result.out : result.err, part) != NULL, "%s: no \"%s\" in %s%s",
              words, part, result.out, result.err);
    ctl_free(&result);
}

static void expect_replays(struct stage *stage, unsigned id)
{
    char words[80];
    cJSON *json = NULL;

    snprintf(words, sizeof words, "replay %u", id);
    expect_text(stage, words, 0, "agrees bit for bit");
    json = ask(stage, words);
    cr_expect(cJSON_IsTrue(result_of(json, "same")));
    cJSON_Delete(json);
    snprintf(words, sizeof words, "replay %u --with auto_rollback=0", id);
    expect_text(stage, words, 0, "would not have been taken like this");
    snprintf(words, sizeof words, "replay %u --with patience=3", id);
    expect_text(stage, words, 1, "patience");
    snprintf(words, sizeof words, "replay %u --with x", id);
    expect_text(stage, words, 2, "KEY=VALUE");
}

Test(decisions, are_kept_explained_and_worked_out_again)
{
    struct stage stage;
    struct stat status;
    char words[300];
    unsigned id = 0;

    stage_open(&stage, &judged);
    know_the_baseline(&stage);
    origin_auto_set_faults(stage.green, &(struct origin_faults){ .seed = 1, .status_500 = 1000 });
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to green --force --reason test"), 0);
    cr_assert(is_taken_back(&stage), "green fails and stays");
    id = find_decision(&stage);
    cr_assert_gt(id, 0);
    snprintf(words, sizeof words, "explain-decision %u", id);
    expect_text(&stage, words, 0, "rollback of shop by ");
    expect_text(&stage, words, 0, "candidate: ");
    expect_text(&stage, "decisions", 0, "rollback");
    cr_expect_geq(daemon_metric(stage.daemon, "switchyard_decisions_total", "rollback"), 1);
    snprintf(words, sizeof words, "%s/state/decisions/%06u.decision", daemon_folder(stage.daemon),
             id);
    for (int i = 0; i < 500 && stat(words, &status) != 0; i++)
        scene_pause_us(10000);
    expect_replays(&stage, id);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    expect_replays(&stage, id);
    expect_text(&stage, "replay 4711", 3, "no decision 4711");
    STOP_STAGE(&stage);
}
