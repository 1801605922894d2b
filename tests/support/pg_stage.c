/* A daemon that watches a database: see support/pg_stage.h. */
#include "support/pg_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/ctl.h"
#include "support/scene.h"

enum { AWAIT_MS = 20000, TEXT_MAX = 512 };

struct wish {
    const struct daemon *daemon;
    const char *name;
    const char *key;
    const char *part;
    bool is_whole;
};

char *pg_stage_block(const char *name, const char *dsn, const char *lines)
{
    return mem_format("database %s { dsn = \"%s\"\n%s }\n", name, dsn, lines);
}

cJSON *pg_stage_database(const struct daemon *daemon, const char *name)
{
    char *words = mem_format("db status %s", name);
    cJSON *answer = ctl_json(daemon, words, NULL);
    cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "result"), "databases");
    cJSON *found = cJSON_DetachItemFromArray(list, 0);

    cJSON_Delete(answer);
    free(words);
    return found;
}

const char *pg_stage_text(const struct daemon *daemon, const char *name, const char *key)
{
    static char text[TEXT_MAX];
    cJSON *database = pg_stage_database(daemon, name);
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(database, key));

    snprintf(text, sizeof text, "%s", value != NULL ? value : "");
    cJSON_Delete(database);
    return text;
}

double pg_stage_number(const struct daemon *daemon, const char *name, const char *key)
{
    cJSON *database = pg_stage_database(daemon, name);
    const cJSON *value = cJSON_GetObjectItem(database, key);
    double number = cJSON_IsNumber(value) ? value->valuedouble : -1;

    cJSON_Delete(database);
    return number;
}

static bool is_granted(void *arg)
{
    const struct wish *wish = arg;
    const char *text = pg_stage_text(wish->daemon, wish->name, wish->key);

    return wish->is_whole ? strcmp(text, wish->part) == 0 : strstr(text, wish->part) != NULL;
}

bool pg_stage_await(const struct daemon *daemon, const char *name, const char *condition)
{
    struct wish wish = { daemon, name, "condition", condition, true };

    return scene_await(is_granted, &wish, AWAIT_MS);
}

bool pg_stage_await_text(const struct daemon *daemon, const char *name, const char *key,
                         const char *part)
{
    struct wish wish = { daemon, name, key, part, false };

    return scene_await(is_granted, &wish, AWAIT_MS);
}
