/* Asking an admin socket: see asker.h. */
#include "unit/control/asker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_api.h"
#include "control/admin.h"

struct world asker_world;
struct text asker_out;
struct text asker_logged;
void (*asker_furnish)(void);
static struct admin *admin;

static void keep_line(void *arg, const char *line, size_t len)
{
    text_add_slice(arg, slice_of(line, len));
}

void asker_start(void)
{
    text_init(&asker_out, 64 << 20);
    text_init(&asker_logged, 1 << 20);
    log_set_sink(keep_line, &asker_logged);
    world_init(&asker_world);
    if (asker_furnish != NULL)
        asker_furnish();
    cr_assert_eq(admin_new(&asker_world.room, asker_world.path,
                           &(struct config_admin){ .mode = 0660 }, &admin),
                 0);
}

void asker_stop(void)
{
    admin_free(admin);
    world_fini(&asker_world);
    log_set_sink(NULL, NULL);
    text_fini(&asker_out);
    text_fini(&asker_logged);
}

const char *ask(const char *lines)
{
    int fd = world_connect(asker_world.path);
    bool is_answered = false;

    cr_assert_geq(fd, 0);
    is_answered = world_ask(&asker_world, fd, lines, "\n\n", &asker_out);
    cr_assert(is_answered, "no answer to %.200s", lines);
    close(fd);
    world_turn(&asker_world, 2);
    return asker_out.bytes;
}

bool ask_has(const char *part)
{
    return asker_out.bytes != NULL && strstr(asker_out.bytes, part) != NULL;
}

cJSON *ask_json(const char *lines)
{
    cJSON *json = cJSON_Parse(ask(lines));

    cr_assert_not_null(json, "%s", asker_out.bytes);
    cr_assert_eq(strchr(asker_out.bytes, '\n'), asker_out.bytes + asker_out.len - 2);
    return json;
}

int json_code(const cJSON *json)
{
    return cJSON_GetObjectItemCaseSensitive(json, "code")->valueint;
}

const cJSON *json_result(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "result"), key);
}

const char *json_text(const cJSON *json, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

    return text != NULL ? text : "";
}

double json_number(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

const struct change *ask_change(const char *lines)
{
    unsigned before = asker_world.deploy.submitted_count;

    ask(lines);
    cr_assert_eq(asker_world.deploy.submitted_count, before + 1, "%s: %s", lines, asker_out.bytes);
    return &asker_world.deploy.submitted[before];
}

void ask_refused(const char *lines, enum outcome outcome, const char *words)
{
    unsigned before = asker_world.deploy.submitted_count;
    char start[40];

    snprintf(start, sizeof start, "error %d %s (", (int)outcome, outcome_name(outcome));
    ask(lines);
    cr_expect_eq(strncmp(asker_out.bytes, start, strlen(start)), 0, "%.200s: %s", lines,
                 asker_out.bytes);
    cr_expect(ask_has(words), "%.200s: %s", lines, asker_out.bytes);
    cr_expect_eq(asker_world.deploy.submitted_count, before, "%.200s changed something", lines);
}
