/*
 * A deployment relies on the snapshot that it was let through with: no rule drops it while a rollout, a canary or the window
 * after a switch goes on, also across a restart, and nobody forgets it without force.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e_db.h"
#include "support/ctl.h"
#include "support/db_stage.h"

enum { SETTLE_MS = 10000 };

struct world {
    struct db_stage stage;
    unsigned taken;
};

/* One snapshot is kept, and the last one of each is enough. */
static void open_world(struct world *world, const char *lines)
{
    char *main = NULL;

    db_stage_folder(&world->stage);
    main = mem_format("snapshots { folder = \"%s/snapshots\" keep = 1 }", world->stage.folder);
    db_stage_open(&world->stage, pg_start(NULL),
                  &(struct db_stage_options){ .main = main,
                                              .lines = lines,
                                              .has_guard = strstr(lines, "guard") != NULL,
                                              .sql = "CREATE TABLE orders (id int)" });
    free(main);
}

/* Its id; the caller frees. */
static char *take(struct world *world)
{
    cJSON *json = ctl_json(world->stage.stage.daemon, "db snapshot main", NULL);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "id"));
    char *copy = NULL;

    cr_assert_not_null(id);
    copy = mem_text(id);
    cJSON_Delete(json);
    return copy;
}

/* What `db snapshots` says of one: who holds it; the caller frees. NULL: it is not there. */
static char *holder_of(const struct world *world, const char *id)
{
    cJSON *json = ctl_json(world->stage.stage.daemon, "db snapshots", NULL);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const cJSON *snapshot = NULL;
    char *copy = NULL;

    cJSON_ArrayForEach(snapshot, cJSON_GetObjectItemCaseSensitive(result, "snapshots"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(snapshot, "id"));
        const char *by =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(snapshot, "held_by"));

        if (name != NULL && strcmp(name, id) == 0)
            copy = mem_text(by != NULL ? by : "");
    }
    cJSON_Delete(json);
    return copy;
}

static void expect_held(const struct world *world, const char *id, const char *by)
{
    char *holder = holder_of(world, id);
    char *forget = mem_format("db forget %s", id);

    cr_assert_not_null(holder, "%s is gone", id);
    cr_expect_str_eq(holder, by);
    if (by[0] != '\0')
        db_expect_say(&world->stage, forget, 3, by);
    free(forget);
    free(holder);
}

static void expect_gone(const struct world *world, const char *id)
{
    char *holder = holder_of(world, id);

    cr_expect_null(holder, "%s is held by %s", id, holder);
    free(holder);
}

Test(snapshot_held, by_a_rollout_from_its_start_to_its_end, .timeout = 120)
{
    struct world world = { .taken = 0 };
    char *first = NULL;
    char *second = NULL;
    char *third = NULL;

    open_world(&world,
               "    schema { snapshot_age = \"1h\" }\n    gate { checklist = { words } }\n");
    first = take(&world);
    expect_held(&world, first, "");
    db_expect_say(&world.stage, "rollout start shop --to green", 0, "has begun");
    second = take(&world);
    expect_held(&world, first, "rollout 1 of shop");
    expect_held(&world, second, "");
    daemon_kill(world.stage.stage.daemon);
    daemon_restart(world.stage.stage.daemon);
    expect_held(&world, first, "rollout 1 of shop");
    third = take(&world);
    expect_gone(&world, second);
    expect_held(&world, first, "rollout 1 of shop");
    db_expect_say(&world.stage, "rollout abort shop", 0, "abort");
    cr_expect(
        db_stage_await(&world.stage, "--json rollout status shop", "\"final\":true", SETTLE_MS));
    expect_held(&world, first, "");
    free(second);
    second = take(&world);
    expect_gone(&world, first);
    expect_gone(&world, third);
    free(first);
    free(second);
    free(third);
    STOP_DB(&world.stage);
}

Test(snapshot_held, by_a_canary_and_by_the_window_after_a_switch, .timeout = 120)
{
    struct world world = { .taken = 0 };
    char *first = NULL;
    char *second = NULL;
    char *words = NULL;

    open_world(&world, "    schema { snapshot_age = \"1h\" }\n    guard { window = \"1h\" }\n");
    first = take(&world);
    db_expect_say(&world.stage, "canary start shop --to green", 0, "green");
    free(take(&world));
    expect_held(&world, first, "the canary of shop");
    db_expect_say(&world.stage, "canary abort shop", 0, "");
    expect_held(&world, first, "");
    second = take(&world);
    expect_gone(&world, first);
    db_expect_say(&world.stage, "switch shop --to green", 0, "green");
    free(take(&world));
    expect_held(&world, second, "the switch of shop to green");
    words = mem_format("db forget %s --force --reason test", second);
    db_expect_say(&world.stage, words, 0, "is gone");
    expect_gone(&world, second);
    free(first);
    free(second);
    free(words);
    STOP_DB(&world.stage);
}
