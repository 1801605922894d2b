/*
 * Rollouts through the real programs: they go on by themselves, hooks and the probe through the front door decide, and a
 * kill in any phase finds them where they were.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"

#define HEALTH "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"

static void say(const struct stage *stage, const char *words, int code)
{
    struct ctl_result result = ctl_run(stage->daemon, words);

    cr_assert_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    ctl_free(&result);
}

/* A text of the rollout of shop into out (64 bytes). */
static void look(const struct stage *stage, const char *key, char *out)
{
    cJSON *json = ctl_json(stage->daemon, "rollout status shop", NULL);
    const cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "rollouts");
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), key));

    snprintf(out, 64, "%.63s", text != NULL ? text : "");
    cJSON_Delete(json);
}

static void expect_phase(const struct stage *stage, const char *phase)
{
    char now[64];

    look(stage, "phase", now);
    cr_assert_str_eq(now, phase);
}

static void open_with(struct stage *stage, const char *lines, const char *more)
{
    struct stage_options options = { .lines = lines, .more = more };

    stage_open(stage, &options);
}

/* The number of the newest decision of shop with this action; 0: there is none. */
static unsigned find_decision(const struct stage *stage, const char *action)
{
    cJSON *json = ctl_json(stage->daemon, "decisions shop", NULL);
    const cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "result"), "decisions");
    const cJSON *item = NULL;
    unsigned id = 0;

    cJSON_ArrayForEach(item, list)
    {
        const char *word = cJSON_GetStringValue(cJSON_GetObjectItem(item, "action"));

        if (id == 0 && word != NULL && strcmp(word, action) == 0)
            id = (unsigned)cJSON_GetNumberValue(cJSON_GetObjectItem(item, "id"));
    }
    cJSON_Delete(json);
    return id;
}

/* It is explained, named by the history, and comes out the same again. */
static void expect_decision(const struct stage *stage, const char *action)
{
    unsigned id = find_decision(stage, action);
    char words[64];
    char part[32];
    struct ctl_result result;

    cr_assert_gt(id, 0, "no decision %s", action);
    snprintf(words, sizeof words, "explain-decision %u", id);
    say(stage, words, 0);
    snprintf(words, sizeof words, "replay %u", id);
    result = ctl_run(stage->daemon, words);
    cr_expect(result.code == 0 && strstr(result.out, "agrees bit for bit") != NULL, "%s: %s%s",
              words, result.out, result.err);
    ctl_free(&result);
    snprintf(part, sizeof part, "\"decision\":%u", id);
    result = ctl_run(stage->daemon, "history shop --json");
    cr_expect_not_null(strstr(result.out, part), "%s", result.out);
    ctl_free(&result);
}

Test(rollout, goes_on_by_itself)
{
    struct stage stage;

    open_with(&stage,
              HEALTH "    canary { steps = { \"10%\", \"50%\" } }\n"
                     "    rollout { phase_time = 1s on_inconclusive = advance watch_minor = 0s }\n",
              "");
    say(&stage, "rollout start shop --to green", 0);
    say(&stage, "switch shop --to green", 3);
    say(&stage, "rollout wait shop --timeout 20s", 0);
    expect_phase(&stage, "settled");
    expect_decision(&stage, "advance");
    expect_decision(&stage, "cutover");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    say(&stage, "rollout start shop --to blue --plan switch", 0);
    say(&stage, "rollout wait shop --timeout 20s", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

Test(rollout, without_evidence_it_is_held)
{
    struct stage stage;

    open_with(&stage,
              HEALTH "    canary { steps = { \"10%\", \"50%\" } }\n"
                     "    rollout { phase_time = 1s }\n",
              "");
    say(&stage, "rollout start shop", 0);
    say(&stage, "rollout wait shop --timeout 20s", 9);
    expect_phase(&stage, "ramping");
    say(&stage, "rollout abort shop", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    say(&stage, "rollout wait shop", 7);
    STOP_STAGE(&stage);
}

/* A script that notes what it is told, and ends with a code. */
static void write_hook(const char *folder, const char *name, int code, char *path, size_t size)
{
    char *text = mem_format("#!/bin/sh\necho \"%s $1 $SWITCHYARD_SERVICE $SWITCHYARD_FROM "
                            "$SWITCHYARD_TO $SWITCHYARD_PHASE $SWITCHYARD_ROLLOUT\" >> %s/notes\n"
                            "echo hello from %s\nexit %d\n",
                            name, folder, name, code);

    snprintf(path, size, "%s/%s", folder, name);
    scene_write(path, text, strlen(text));
    cr_assert_eq(chmod(path, 0700), 0);
    free(text);
}

struct hooks {
    int start;
    int cutover;
};

/* A rollout with these exit codes of its hooks; what they noted, which the caller frees. */
static char *run_hooks(struct stage *stage, const struct hooks *codes, int end)
{
    char folder[SCENE_PATH];
    char paths[4][SCENE_PATH + 16];
    char notes[SCENE_PATH + 16];
    char *lines = NULL;
    char *text = NULL;

    scene_folder(folder);
    write_hook(folder, "start", codes->start, paths[0], sizeof paths[0]);
    write_hook(folder, "cutover", codes->cutover, paths[1], sizeof paths[1]);
    write_hook(folder, "settled", 0, paths[2], sizeof paths[2]);
    write_hook(folder, "failed", 0, paths[3], sizeof paths[3]);
    lines =
        mem_format(HEALTH "    rollout { watch_minor = 0s hook_start = \"%s word\" hook_cutover = "
                          "\"%s\"\n hook_settled = \"%s\" hook_failed = \"%s\" }\n",
                   paths[0], paths[1], paths[2], paths[3]);
    open_with(stage, lines, "");
    say(stage, "rollout start shop --plan switch", 0);
    say(stage, "rollout wait shop --timeout 20s", end);
    cr_assert(daemon_await_log(stage->daemon, end == 0 ? "hello from settled" : "hello from failed",
                               10000));
    snprintf(notes, sizeof notes, "%s/notes", folder);
    text = scene_read(notes, NULL);
    free(lines);
    scene_remove(folder);
    return text;
}

Test(rollout, hooks_are_run_with_what_they_need)
{
    struct hooks codes = { 0, 0 };
    struct stage stage;
    char *notes = run_hooks(&stage, &codes, 0);

    cr_expect_str_eq(notes, "start word shop blue green staged 1\n"
                            "cutover  shop blue green cutover 1\n"
                            "settled  shop blue green settled 1\n");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    free(notes);
    STOP_STAGE(&stage);
}

Test(rollout, a_hook_at_the_beginning_may_refuse_it)
{
    struct hooks codes = { 3, 0 };
    struct stage stage;
    char *notes = run_hooks(&stage, &codes, 3);

    cr_expect_str_eq(notes, "start word shop blue green staged 1\n"
                            "failed  shop blue green refused 1\n");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    free(notes);
    STOP_STAGE(&stage);
}

Test(rollout, a_hook_after_the_cutover_may_take_it_back)
{
    struct hooks codes = { 0, 1 };
    struct stage stage;
    char *notes = run_hooks(&stage, &codes, 7);

    cr_expect_not_null(strstr(notes, "failed  shop blue green rolled-back 1\n"));
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    free(notes);
    STOP_STAGE(&stage);
}

/* The path of the probe belongs to another service, so that another slot answers. */
Test(rollout, another_slot_behind_the_front_door_takes_it_back)
{
    struct stage stage;
    struct origin_auto *other = origin_auto_start("127.0.0.1:0", "other", 0);
    char *more = mem_format("service other { paths = { \"/health\" } health { enabled = false }\n"
                            "slot aside { targets = { \"%s\" } } }\n",
                            origin_auto_address(other));
    char words[64];

    open_with(&stage, HEALTH, more);
    say(&stage, "rollout start shop --plan switch", 0);
    say(&stage, "rollout wait shop --timeout 20s", 7);
    expect_phase(&stage, "rolled-back");
    look(&stage, "words", words);
    cr_expect_not_null(strstr(words, "selfprobe"), "%s", words);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    free(more);
    origin_drop_connections(origin_auto_origin(other));
    STOP_STAGE(&stage);
    origin_auto_stop(other);
}

/* Paused it goes on by command alone: each phase is met by a kill, and the traffic is where it belongs. */
Test(rollout, a_kill_in_any_phase_finds_it_there)
{
    static const struct {
        const char *phase;
        int slot; /* -1: a share of the users */
    } phases[] = {
        { "staged", LOAD_SLOT_BLUE },   { "proving", LOAD_SLOT_BLUE },
        { "ready", LOAD_SLOT_BLUE },    { "ramping", -1 },
        { "cutover", LOAD_SLOT_GREEN }, { "watching", LOAD_SLOT_GREEN },
    };
    struct stage stage;

    open_with(&stage,
              HEALTH "    canary { steps = { \"50%\" } }\n    gate { checklist = { backup } }\n",
              "");
    say(&stage, "rollout start shop", 0);
    say(&stage, "rollout pause shop", 0);
    say(&stage, "check shop backup", 0);
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        char phase[64];

        look(&stage, "phase", phase);
        while (strcmp(phase, phases[i].phase) != 0) {
            say(&stage, "rollout advance shop", 0);
            look(&stage, "phase", phase);
        }
        daemon_kill(stage.daemon);
        daemon_restart(stage.daemon);
        expect_phase(&stage, phases[i].phase);
        if (phases[i].slot >= 0)
            cr_expect_eq(stage_probe(&stage), phases[i].slot, "%s", phase);
        say(&stage, "wait healthy shop --timeout 10s", 0);
    }
    say(&stage, "rollout abort shop", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}

/* Not paused it goes on where it was: at the cutover all is asked once more. */
Test(rollout, after_a_kill_it_goes_on)
{
    struct stage stage;

    open_with(&stage,
              HEALTH "    gate { checklist = { backup } }\n    rollout { watch_minor = 0s }\n", "");
    say(&stage, "rollout start shop --plan switch", 0);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    expect_phase(&stage, "staged");
    say(&stage, "check shop backup", 0);
    say(&stage, "rollout wait shop --timeout 20s", 0);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_GREEN);
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    expect_phase(&stage, "settled");
    STOP_STAGE(&stage);
}

enum { MOVERS = 50 };

struct told {
    double epoch;
    char from[16];
    char to[16];
};

static int compare_told(const void *a, const void *b)
{
    double left = ((const struct told *)a)->epoch;
    double right = ((const struct told *)b)->epoch;

    return left < right ? -1 : left > right;
}

/* What one answer says; false: nothing was changed by it, because it was so already, or because of what it names. */
static bool hear(struct ctl_line *line, struct told *out)
{
    cJSON *json = cJSON_Parse(ctl_hear(line, 20000));
    const cJSON *result = cJSON_GetObjectItem(json, "result");
    bool is_changed = cJSON_IsTrue(cJSON_GetObjectItem(result, "changed"));

    cr_assert_not_null(json);
    if (is_changed) {
        out->epoch = cJSON_GetNumberValue(cJSON_GetObjectItem(result, "epoch"));
        snprintf(out->from, sizeof out->from, "%s",
                 cJSON_GetStringValue(cJSON_GetObjectItem(result, "from")));
        snprintf(out->to, sizeof out->to, "%s",
                 cJSON_GetStringValue(cJSON_GetObjectItem(result, "to")));
    } else if (cJSON_GetNumberValue(cJSON_GetObjectItem(json, "code")) != 0) {
        cr_expect_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "code")), 5);
        cr_expect_not_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(
                                      cJSON_GetObjectItem(json, "error"), "message")),
                                  "by uid="));
    }
    cJSON_Delete(json);
    return is_changed;
}

Test(rollout, fifty_switches_at_once_are_one_after_the_other)
{
    struct stage stage;
    struct ctl_line lines[MOVERS];
    struct told told[MOVERS];
    unsigned count = 0;

    open_with(&stage, HEALTH, "");
    for (unsigned i = 0; i < MOVERS; i++)
        cr_assert(ctl_open(&lines[i], stage.daemon));
    for (unsigned i = 0; i < MOVERS; i++)
        cr_assert(ctl_post(&lines[i], i % 2 == 0 ? "json switch shop --to green"
                                                 : "json switch shop --to blue"));
    for (unsigned i = 0; i < MOVERS; i++) {
        count += hear(&lines[i], &told[count]);
        ctl_close(&lines[i]);
    }
    qsort(told, count, sizeof told[0], compare_told);
    cr_assert_geq(count, 1);
    cr_expect_str_eq(told[0].from, "blue");
    for (unsigned i = 1; i < count; i++) {
        cr_expect_gt(told[i].epoch, told[i - 1].epoch);
        cr_expect_str_eq(told[i].from, told[i - 1].to);
    }
    cr_expect_eq(stage_probe(&stage),
                 strcmp(told[count - 1].to, "green") == 0 ? LOAD_SLOT_GREEN : LOAD_SLOT_BLUE);
    STOP_STAGE(&stage);
}
