/* See hooks_priv.h. */
#include "control/hooks_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/event_face_priv.h"
#include "control/post_box_priv.h"
#include "net/child.h"
#include "net/loop.h"

enum { VARIABLES = 9 };

struct hook {
    struct hooks *hooks;
    char name[64];
    char *command;
    uint64_t timeout_us;
    struct child *child; /* NULL: it does not run */
    char id[40];         /* of the event that it runs for */
};

struct hooks {
    struct loop *loop;
    hooks_ran_fn *on_ran;
    void *arg;
    struct hook **hooks;
    size_t count;
};

struct hooks *hooks_new(struct loop *loop, hooks_ran_fn *on_ran, void *arg)
{
    struct hooks *hooks = mem_zalloc(sizeof *hooks);

    hooks->loop = loop;
    hooks->on_ran = on_ran;
    hooks->arg = arg;
    return hooks;
}

static void free_hook(struct hook *hook)
{
    child_cancel(hook->child);
    free(hook->command);
    free(hook);
}

void hooks_free(struct hooks *hooks)
{
    if (hooks == NULL)
        return;
    for (size_t i = 0; i < hooks->count; i++)
        free_hook(hooks->hooks[i]);
    free(hooks->hooks);
    free(hooks);
}

static void on_end(void *arg, const struct child_result *result)
{
    struct hook *hook = arg;
    struct post_result told = { .fate = result->code == 0 ? POST_DELIVERED : POST_FAILED,
                                .duration_us = result->duration_us };
    char output[256];

    hook->child = NULL;
    snprintf(told.words, sizeof told.words, "%s", result->words);
    if (result->code != 0)
        LOG_WARN("hook", "hook=%s words=\"%s\" output=\"%s\"", hook->name, result->words,
                 log_text(slice_of(result->output, result->output_len), output, sizeof output));
    hook->hooks->on_ran(hook->hooks->arg, hook->name, hook->id, &told);
}

static void start(struct hook *hook, const struct post_run *run, const struct event_face *face)
{
    char *env[VARIABLES + 1] = {
        mem_format("SWITCHYARD_EVENT=%s", run->json),
        mem_format("SWITCHYARD_EVENT_ID=%s", run->id),
        mem_format("SWITCHYARD_EVENT_ATTEMPT=%u", run->attempt),
        mem_format("SWITCHYARD_EVENT_KIND=%s", face->word),
        mem_format("SWITCHYARD_EVENT_SERVICE=%s", face->service),
        mem_format("SWITCHYARD_EVENT_SEVERITY=%s", event_face_severity(face->severity)),
        mem_format("SWITCHYARD_EVENT_COUNT=%" PRIu64, run->count),
        mem_format("SWITCHYARD_EVENT_TITLE=%s", face->title),
        mem_format("SWITCHYARD_EVENT_TEXT=%s", face->text),
        NULL,
    };
    struct child_spec spec = { .command = hook->command,
                               .more = (const char *const *)env,
                               .timeout_us = hook->timeout_us };

    snprintf(hook->id, sizeof hook->id, "%s", run->id);
    hook->child = child_start(hook->hooks->loop, &spec, on_end, hook);
    for (unsigned i = 0; i < VARIABLES; i++)
        free(env[i]);
}

static struct hook *find(const struct hooks *hooks, const char *name)
{
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->hooks[i] != NULL && strcmp(hooks->hooks[i]->name, name) == 0)
            return hooks->hooks[i];
    return NULL;
}

static struct hook *make(struct hooks *hooks, const char *name)
{
    struct hook *hook = mem_zalloc(sizeof *hook);

    hook->hooks = hooks;
    snprintf(hook->name, sizeof hook->name, "%s", name);
    return hook;
}

void hooks_apply(struct hooks *hooks, const struct config *config)
{
    struct hook **next = mem_zalloc((config->hook_count + 1) * sizeof *next);

    for (size_t i = 0; i < config->hook_count; i++) {
        const struct config_hook *wish = &config->hooks[i];
        struct hook *hook = find(hooks, wish->name);

        for (size_t k = 0; k < hooks->count; k++)
            if (hooks->hooks[k] == hook)
                hooks->hooks[k] = NULL;
        if (hook == NULL)
            hook = make(hooks, wish->name);
        free(hook->command);
        hook->command = mem_text(wish->command);
        hook->timeout_us = wish->timeout;
        next[i] = hook;
    }
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->hooks[i] != NULL)
            free_hook(hooks->hooks[i]);
    free(hooks->hooks);
    hooks->hooks = next;
    hooks->count = config->hook_count;
}

/* One that runs already was asked for by a box that is gone: it is tried again later. */
static void refuse(const struct hook *hook, const struct post_run *run, const char *words)
{
    struct post_result told = { .fate = POST_FAILED };

    snprintf(told.words, sizeof told.words, "%s", words);
    hook->hooks->on_ran(hook->hooks->arg, hook->name, run->id, &told);
}

void hooks_run(struct hooks *hooks, const struct post_run *run)
{
    struct hook *hook = find(hooks, run->name);
    struct event_face face;

    if (hook == NULL)
        return;
    if (hook->child != NULL) {
        refuse(hook, run, "it runs for another event still");
    } else if (event_face_make(slice_from(run->json), run->id, run->count, &face) == ERR_OK) {
        start(hook, run, &face);
        event_face_free(&face);
    } else {
        refuse(hook, run, "its line in the outbox is no event");
    }
}
