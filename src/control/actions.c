/* Programs that are run by their name: see actions_priv.h. */
#include "control/actions_priv.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/admin.h"
#include "control/json_priv.h"
#include "control/news_priv.h"
#include "deploy/deploy.h"
#include "route/snapshot.h"

struct token {
    char text[ACTIONS_TOKEN_SIZE]; /* "" : used, or never given */
    char *name;
    char *command; /* as it was then */
    uint64_t epoch;
    uint64_t until_us;
};

/* One action by its name, from its first run on; a reload may forget the name, but not us. */
struct run {
    TAILQ_ENTRY(run) link;
    struct actions *actions;
    struct child *child; /* NULL: it does not run */
    actions_done_fn *done;
    void *arg;
    char *name;
    char service[64];
    enum config_action_kind kind;
    char actor[96];
    struct actions_view view;
};

struct actions {
    struct control_room room;
    TAILQ_HEAD(, run) runs;
    unsigned running_count;
    struct token tokens[ACTIONS_TOKENS];
    unsigned next_token;
};

struct actions *actions_new(const struct control_room *room)
{
    struct actions *actions = mem_zalloc(sizeof *actions);

    actions->room = *room;
    TAILQ_INIT(&actions->runs);
    return actions;
}

static void clear_token(struct token *token)
{
    free(token->name);
    free(token->command);
    OPENSSL_cleanse(token, sizeof *token);
}

/* Whoever lent us something for the time of the run gets it back. */
static void end_now(struct run *run)
{
    struct child_result result = { .code = -1, .words = "ended, because the daemon stops" };

    if (run->child == NULL)
        return;
    child_cancel(run->child);
    run->done(run->arg, run->name, &result);
}

void actions_free(struct actions *actions)
{
    struct run *run = NULL;

    if (actions == NULL)
        return;
    while ((run = TAILQ_FIRST(&actions->runs)) != NULL) {
        TAILQ_REMOVE(&actions->runs, run, link);
        end_now(run);
        free(run->name);
        free(run);
    }
    for (unsigned i = 0; i < ACTIONS_TOKENS; i++)
        clear_token(&actions->tokens[i]);
    free(actions);
}

const struct config_action *actions_find(const struct actions *actions, const char *name)
{
    const struct config *config = deploy_config(actions->room.deploy);

    for (size_t i = 0; i < config->action_count; i++)
        if (strcmp(config->actions[i].name, name) == 0)
            return &config->actions[i];
    return NULL;
}

const char *actions_kind_name(enum config_action_kind kind)
{
    switch (kind) {
    case CONFIG_ACTION_DEPLOY: return "deploy";
    case CONFIG_ACTION_APPLY: return "apply";
    case CONFIG_ACTION_FIX: return "fix";
    case CONFIG_ACTION_TEST: return "test";
    }
    return "";
}

bool actions_needs_token(const struct config_action *action)
{
    return action->confirm || action->kind == CONFIG_ACTION_APPLY ||
           action->kind == CONFIG_ACTION_FIX;
}

void actions_give_token(struct actions *actions, const struct config_action *action,
                        char out[ACTIONS_TOKEN_SIZE])
{
    struct token *token = &actions->tokens[actions->next_token++ % ACTIONS_TOKENS];
    unsigned char bytes[(ACTIONS_TOKEN_SIZE - 1) / 2];

    clear_token(token);
    CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token->text + 2 * i, 3, "%02x", bytes[i]);
    token->name = mem_text(action->name);
    token->command = mem_text(action->command);
    token->epoch = snapshot_epoch(snapshot_current());
    token->until_us = clock_monotonic_us() + ACTIONS_TOKEN_US;
    memcpy(out, token->text, sizeof token->text);
}

bool actions_take_token(struct actions *actions, const struct config_action *action,
                        const char *text)
{
    struct token *found = NULL;
    bool is_good = false;

    if (strlen(text) != ACTIONS_TOKEN_SIZE - 1)
        return false;
    for (unsigned i = 0; i < ACTIONS_TOKENS; i++)
        if (actions->tokens[i].text[0] != '\0' &&
            CRYPTO_memcmp(actions->tokens[i].text, text, ACTIONS_TOKEN_SIZE - 1) == 0)
            found = &actions->tokens[i];
    if (found == NULL || strcmp(found->name, action->name) != 0)
        return false;
    is_good = strcmp(found->command, action->command) == 0 &&
              found->epoch == snapshot_epoch(snapshot_current()) &&
              clock_monotonic_us() < found->until_us;
    clear_token(found);
    return is_good;
}

static struct run *find_run(const struct actions *actions, const char *name)
{
    struct run *run = NULL;

    TAILQ_FOREACH(run, &actions->runs, link)
    if (strcmp(run->name, name) == 0)
        return run;
    return NULL;
}

static void tell(const struct run *run, const struct child_result *result)
{
    char output[512];
    char actor[96];
    cJSON *facts = json_object();

    log_text(slice_of(result->output, result->output_len), output, sizeof output);
    log_event(result->code == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "action",
              "action=%s kind=%s service=%s actor=\"%s\" words=\"%s\" output=\"%s\"", run->name,
              actions_kind_name(run->kind), run->service,
              log_text(slice_from(run->actor), actor, sizeof actor), result->words, output);
    json_add_text(facts, "action", run->name);
    json_add_text(facts, "type", actions_kind_name(run->kind));
    json_add_text(facts, "actor", run->actor);
    json_add_bool(facts, "ok", result->code == 0);
    json_add_text(facts, "words", result->words);
    if (run->actions->room.news != NULL)
        news_publish(run->actions->room.news, NEWS_ACTION, run->service, facts);
    else
        cJSON_Delete(facts);
}

static void on_end(void *arg, const struct child_result *result)
{
    struct run *run = arg;

    run->child = NULL;
    run->actions->running_count--;
    run->view = (struct actions_view){ .has_ended = true,
                                       .code = result->code,
                                       .at_us = clock_wall_us(),
                                       .duration_us = result->duration_us };
    snprintf(run->view.words, sizeof run->view.words, "%s", result->words);
    tell(run, result);
    run->done(run->arg, run->name, result);
}

static void start(struct run *run, const struct config_action *action)
{
    char texts[5][160];
    const char *env[] = { texts[0], texts[1], texts[2], texts[3], texts[4], NULL };
    struct child_spec spec = { .command = action->command,
                               .more = env,
                               .timeout_us = action->timeout };

    snprintf(texts[0], sizeof texts[0], "SWITCHYARD_ACTION=%s", action->name);
    snprintf(texts[1], sizeof texts[1], "SWITCHYARD_KIND=%s", actions_kind_name(action->kind));
    snprintf(texts[2], sizeof texts[2], "SWITCHYARD_SERVICE=%s", run->service);
    snprintf(texts[3], sizeof texts[3], "SWITCHYARD_ACTOR=%s", run->actor);
    snprintf(texts[4], sizeof texts[4], "SWITCHYARD_EPOCH=%" PRIu64,
             snapshot_epoch(snapshot_current()));
    run->child = child_start(run->actions->room.loop, &spec, on_end, run);
    run->actions->running_count++;
}

enum actions_start actions_run(struct actions *actions, const struct config_action *action,
                               const char *actor, actions_done_fn *done, void *arg)
{
    struct run *run = find_run(actions, action->name);

    if (run != NULL && run->child != NULL)
        return ACTIONS_RUNS_ALREADY;
    if (actions->running_count == ACTIONS_RUNNING_MAX)
        return ACTIONS_FULL;
    if (run == NULL) {
        run = mem_zalloc(sizeof *run);
        run->actions = actions;
        run->name = mem_text(action->name);
        TAILQ_INSERT_TAIL(&actions->runs, run, link);
    }
    run->done = done;
    run->arg = arg;
    run->kind = action->kind;
    snprintf(run->service, sizeof run->service, "%s",
             action->service != NULL ? action->service : "");
    snprintf(run->actor, sizeof run->actor, "%s", actor);
    start(run, action);
    return ACTIONS_STARTED;
}

void actions_view(const struct actions *actions, const char *name, struct actions_view *out)
{
    const struct run *run = find_run(actions, name);

    *out = run != NULL ? run->view : (struct actions_view){ .is_running = false };
    out->is_running = run != NULL && run->child != NULL;
}
