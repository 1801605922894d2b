/*
 * The state folder is lost: the daemon starts as configured, and a document that was exported before brings decisions,
 * history and pins back, in one change. What is no whole document changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/scene.h"

static const struct stage_options quiet = {
    .lines = "health { enabled = false }\ntenant { from = { \"header:X-Tenant\" } }\n"
};

struct copy {
    char *path;
    char *bytes;
    size_t size;
};

static void export(const struct stage *stage, struct copy *copy)
{
    struct ctl_result result = ctl_run(stage->daemon, "state export");

    cr_assert_eq(result.code, 0, "%s", result.err);
    copy->path = mem_format("%s/export.json", daemon_folder(stage->daemon));
    copy->size = strlen(result.out);
    copy->bytes = mem_text(result.out);
    scene_write(copy->path, copy->bytes, copy->size);
    ctl_free(&result);
}

static void free_copy(struct copy *copy)
{
    free(copy->path);
    free(copy->bytes);
}

static struct ctl_result import(const struct stage *stage, const char *path, const char *more)
{
    char *words = mem_format("state import %s%s", path, more);
    struct ctl_result result = ctl_run(stage->daemon, words);

    free(words);
    return result;
}

static void expect_import(const struct stage *stage, const char *path, const char *more, int code,
                          const char *part)
{
    struct ctl_result result = import(stage, path, more);

    cr_expect_eq(result.code, code, "%s%s", result.out, result.err);
    cr_expect(strstr(result.out, part) != NULL || strstr(result.err, part) != NULL, "%s%s",
              result.out, result.err);
    ctl_free(&result);
}

static void expect_said(const struct stage *stage, const char *words, const char *part)
{
    struct ctl_result result = ctl_run(stage->daemon, words);

    cr_expect_eq(result.code, 0, "%s: %s", words, result.err);
    cr_expect_not_null(strstr(result.out, part), "%s: no %s in %s", words, part, result.out);
    ctl_free(&result);
}

/* Something to lose: a slot, pins, an order, a share, a history. */
static void decide(const struct stage *stage)
{
    char words[80];

    for (unsigned i = 0; i < 3; i++) {
        snprintf(words, sizeof words, "tenant pin t%u %s shop", i, i == 1 ? "blue" : "green");
        cr_assert_eq(ctl_code(stage->daemon, words), 0);
    }
    cr_assert_eq(ctl_code(stage->daemon, "switch shop --to green --reason before-the-loss"), 0);
    cr_assert_eq(ctl_code(stage->daemon, "target add shop/blue 127.0.0.1:9"), 0);
    cr_assert_eq(ctl_code(stage->daemon, "canary start shop --to blue 5%"), 0);
}

static void expect_decided(const struct stage *stage)
{
    expect_said(stage, "show targets shop/blue", "127.0.0.1:9");
    expect_said(stage, "tenant export", "t1 blue\n");
    expect_said(stage, "tenant export", "t2 green\n");
    expect_said(stage, "canary status shop", "5.00%");
    expect_said(stage, "history --limit 100", "before-the-loss");
    cr_assert_eq(ctl_code(stage->daemon, "canary abort shop"), 0);
    cr_expect_eq(stage_probe(stage), LOAD_SLOT_GREEN);
    cr_assert_eq(ctl_code(stage->daemon, "canary start shop --to blue 5%"), 0);
}

static void lose_state(const struct stage *stage)
{
    char *command = mem_format("rm -rf %s/state/*", daemon_folder(stage->daemon));

    cr_assert_eq(system(command), 0);
    free(command);
}

Test(transfer, a_lost_state_comes_back)
{
    struct stage stage;
    struct copy copy;
    cJSON *json = NULL;

    stage_open(&stage, &quiet);
    decide(&stage);
    export(&stage, &copy);
    json = cJSON_Parse(copy.bytes);
    cr_assert_not_null(json, "it is no JSON: %s", copy.bytes);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "history")), 6);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "pins")), 3);
    cJSON_Delete(json);
    daemon_kill(stage.daemon);
    lose_state(&stage);
    daemon_restart(stage.daemon);
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE, "not as it is configured");
    expect_import(&stage, copy.path, "", 0, "6 entries of history");
    expect_decided(&stage);
    expect_said(&stage, "audit show --kind state", "state import");
    expect_said(&stage, "history --trigger import", "reload");
    daemon_kill(stage.daemon);
    daemon_restart(stage.daemon);
    expect_decided(&stage);
    free_copy(&copy);
    STOP_STAGE(&stage);
}

Test(transfer, a_daemon_with_a_history_is_asked_twice)
{
    struct stage stage;
    struct copy copy;

    stage_open(&stage, &quiet);
    decide(&stage);
    export(&stage, &copy);
    cr_assert_eq(ctl_code(stage.daemon, "canary abort shop"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "tenant unpin * shop"), 0);
    cr_assert_eq(ctl_code(stage.daemon, "switch shop --to blue"), 0);
    expect_import(&stage, copy.path, "", 3, "gate: empty");
    cr_expect_eq(stage_probe(&stage), LOAD_SLOT_BLUE);
    expect_import(&stage, copy.path, " --force --reason restore", 0, "keeps its own");
    expect_decided(&stage);
    free_copy(&copy);
    STOP_STAGE(&stage);
}

Test(transfer, what_is_not_whole_changes_nothing)
{
    struct stage stage;
    struct copy copy;
    char *bad = NULL;
    double epoch = 0;

    stage_open(&stage, &quiet);
    decide(&stage);
    export(&stage, &copy);
    epoch = stage_epoch(&stage);
    bad = mem_format("%s/bad.json", daemon_folder(stage.daemon));
    for (size_t at = 1; at < copy.size; at += copy.size / 12) {
        copy.bytes[at] ^= 1;
        scene_write(bad, copy.bytes, copy.size);
        copy.bytes[at] ^= 1;
        expect_import(&stage, bad, " --force --reason x", 3, "config_bad");
        scene_write(bad, copy.bytes, at);
        expect_import(&stage, bad, " --force --reason x", 3, "config_bad");
    }
    expect_import(&stage, "/nowhere/export.json", "", 3, "No such file");
    expect_import(&stage, "export.json", "", 2, "absolute path");
    cr_expect_eq(stage_epoch(&stage), epoch);
    free(bad);
    free_copy(&copy);
    STOP_STAGE(&stage);
}
