/* See hooks_priv.h. */
#include "control/hooks_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/event_face_priv.h"
#include "control/post_repeat_priv.h"
#include "net/child.h"
#include "net/loop.h"
#include "net/timer.h"

enum { VARIABLES = 8 };

struct waiting {
    TAILQ_ENTRY(waiting) link;
    char id[40];
    char *json;
    uint64_t count;
};

struct hook {
    struct hooks *hooks;
    char *command;
    uint64_t timeout_us;
    uint64_t every_us;
    uint64_t repeat_us;
    uint64_t most;
    TAILQ_HEAD(, waiting) queue;
    struct post_repeat *repeat;
    struct child *child; /* NULL: it does not run */
    struct timer *timer; /* for the next start, and for alerts that were counted */
    uint64_t next_us;
    struct hook_view view;
};

struct hooks {
    struct loop *loop;
    struct hook **hooks;
    size_t count;
};

struct hooks *hooks_new(struct loop *loop)
{
    struct hooks *hooks = mem_zalloc(sizeof *hooks);

    hooks->loop = loop;
    return hooks;
}

static void drop_first(struct hook *hook)
{
    struct waiting *first = TAILQ_FIRST(&hook->queue);

    TAILQ_REMOVE(&hook->queue, first, link);
    hook->view.queued--;
    free(first->json);
    free(first);
}

static void free_hook(struct hook *hook)
{
    child_cancel(hook->child);
    timer_free(hook->timer);
    while (!TAILQ_EMPTY(&hook->queue))
        drop_first(hook);
    post_repeat_free(hook->repeat);
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

static void queue_event(struct hook *hook, const char *id, uint64_t count, char *json)
{
    struct waiting *waiting = mem_zalloc(sizeof *waiting);

    snprintf(waiting->id, sizeof waiting->id, "%s", id);
    waiting->json = json; /* taken */
    waiting->count = count;
    TAILQ_INSERT_TAIL(&hook->queue, waiting, link);
    hook->view.queued++;
    while (hook->view.queued > hook->most) {
        if (hook->view.dropped++ == 0)
            LOG_WARN("hook", "hook=%s has too many events that wait: the oldest are dropped",
                     hook->view.name);
        drop_first(hook);
    }
}

static void pump(struct hook *hook);

static void on_end(void *arg, const struct child_result *result)
{
    struct hook *hook = arg;
    char output[256];

    hook->child = NULL;
    hook->view.is_running = false;
    hook->view.ended_us = clock_wall_us();
    snprintf(hook->view.words, sizeof hook->view.words, "%s", result->words);
    if (result->code == 0)
        hook->view.succeeded++;
    else
        hook->view.failed++;
    if (result->code != 0)
        LOG_WARN("hook", "hook=%s words=\"%s\" output=\"%s\"", hook->view.name, result->words,
                 log_text(slice_of(result->output, result->output_len), output, sizeof output));
    pump(hook);
}

static void start(struct hook *hook, const struct waiting *waiting, const struct event_face *face)
{
    char *env[VARIABLES + 1] = {
        mem_format("SWITCHYARD_EVENT=%s", waiting->json),
        mem_format("SWITCHYARD_EVENT_ID=%s", waiting->id),
        mem_format("SWITCHYARD_EVENT_KIND=%s", face->word),
        mem_format("SWITCHYARD_EVENT_SERVICE=%s", face->service),
        mem_format("SWITCHYARD_EVENT_SEVERITY=%s", event_face_severity(face->severity)),
        mem_format("SWITCHYARD_EVENT_COUNT=%" PRIu64, waiting->count),
        mem_format("SWITCHYARD_EVENT_TITLE=%s", face->title),
        mem_format("SWITCHYARD_EVENT_TEXT=%s", face->text),
        NULL,
    };
    struct child_spec spec = { .command = hook->command,
                               .more = (const char *const *)env,
                               .timeout_us = hook->timeout_us };

    hook->child = child_start(hook->hooks->loop, &spec, on_end, hook);
    hook->view.is_running = true;
    hook->next_us = clock_monotonic_us() + hook->every_us;
    for (unsigned i = 0; i < VARIABLES; i++)
        free(env[i]);
}

static void arm(struct hook *hook, uint64_t now)
{
    uint64_t next = post_repeat_next_us(hook->repeat);

    if (hook->child == NULL && hook->view.queued > 0 && hook->next_us < next)
        next = hook->next_us;
    if (next != UINT64_MAX)
        timer_arm(hook->timer, next > now ? (next - now) / 1000 + 1 : 1);
}

static void pump(struct hook *hook)
{
    uint64_t now = clock_monotonic_us();
    struct post_repeated repeated;
    struct waiting *first = NULL;
    struct event_face face;

    while (post_repeat_due(hook->repeat, now, &repeated))
        queue_event(hook, repeated.id, repeated.count, repeated.json);
    first = TAILQ_FIRST(&hook->queue);
    if (first != NULL && hook->child == NULL && now >= hook->next_us) {
        if (event_face_make(slice_from(first->json), first->id, first->count, &face) == ERR_OK) {
            start(hook, first, &face);
            event_face_free(&face);
        }
        drop_first(hook);
    }
    arm(hook, now);
}

static void on_time(void *arg)
{
    pump(arg);
}

static struct hook *find(const struct hooks *hooks, const char *name)
{
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->hooks[i] != NULL && strcmp(hooks->hooks[i]->view.name, name) == 0)
            return hooks->hooks[i];
    return NULL;
}

static struct hook *make(struct hooks *hooks, const char *name)
{
    struct hook *hook = mem_zalloc(sizeof *hook);

    hook->hooks = hooks;
    snprintf(hook->view.name, sizeof hook->view.name, "%s", name);
    TAILQ_INIT(&hook->queue);
    hook->repeat = post_repeat_new();
    hook->timer = timer_new(hooks->loop, on_time, hook);
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
        hook->every_us = wish->every;
        hook->repeat_us = wish->repeat;
        hook->most = wish->queue;
        next[i] = hook;
    }
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->hooks[i] != NULL)
            free_hook(hooks->hooks[i]);
    free(hooks->hooks);
    hooks->hooks = next;
    hooks->count = config->hook_count;
}

void hooks_put(struct hooks *hooks, const char *name, const struct event_face *face,
               struct slice json)
{
    struct hook *hook = find(hooks, name);
    struct post_offer offer = { face->key, face->id, json };

    if (hook == NULL)
        return;
    if (post_repeat_offer(hook->repeat, &offer, clock_monotonic_us(), hook->repeat_us))
        queue_event(hook, face->id, 1, mem_text_of(json.ptr, json.len));
    else
        hook->view.repeats++;
    pump(hook);
}

bool hooks_look(const struct hooks *hooks, size_t index, struct hook_view *out)
{
    if (index >= hooks->count)
        return false;
    *out = hooks->hooks[index]->view;
    return true;
}
