/* JSON-RPC 2.0 and the methods of the protocol: see conversation_priv.h. */
#include "mcp/conversation_priv.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "mcp/pass_priv.h"
#include "mcp/tool_priv.h"

/* JSON-RPC 2.0, section 5.1 */
enum {
    RPC_PARSE = -32700,
    RPC_REQUEST = -32600,
    RPC_METHOD = -32601,
    RPC_PARAMS = -32602,
    RPC_BUSY = -32000,
};

/* Revisions of the protocol that are spoken, newest first. */
static const char *const revisions[] = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" };

static const char instructions[] =
    "Switchyard moves traffic between a blue and a green slot. Look at get_deployment_status "
    "first. "
    "deploy_to_standby, switch_traffic and rollback take two calls: the first shows the plan and a "
    "token and changes nothing, the second with that token does it. Show the plan to a person "
    "before "
    "the second call unless you were told to go on by yourself.";

struct running {
    TAILQ_ENTRY(running) link;
    struct conversation *talk;
    const struct tool *tool;
    cJSON *message;
    char *id;       /* as JSON */
    char *progress; /* its token, as JSON; NULL: none */
    struct tool_call call;
};
TAILQ_HEAD(running_list, running);

struct conversation {
    struct mcp_options options;
    struct passes *passes;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t ended;
    struct running_list running;
    unsigned running_count;
    bool is_broken; /* the output */
    bool is_initialized;
    char client[64];
};

/* All of it, also to a pipe that is full. */
static int write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.ptr, bytes.len);

        if (count > 0)
            bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
        else if (count < 0 && errno == EAGAIN)
            (void)poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
        else if (count == 0 || errno != EINTR)
            return ERR_IO;
    }
    return 0;
}

/* Sends one message and frees it. */
static void post(struct conversation *talk, struct text *message)
{
    text_add(message, "\n");
    pthread_mutex_lock(&talk->lock);
    if (!talk->is_broken && write_all(talk->options.out, text_slice(message)) < 0)
        talk->is_broken = true;
    pthread_mutex_unlock(&talk->lock);
    text_fini(message);
}

static void begin(struct text *message, const char *id)
{
    text_init(message, TOOL_ANSWER_MAX * 3);
    text_add_format(message, "{\"jsonrpc\":\"2.0\",\"id\":%s,", id);
}

static void refuse(struct conversation *talk, const char *id, int code, const char *words)
{
    struct text message;

    begin(&message, id != NULL ? id : "null");
    text_add_format(&message, "\"error\":{\"code\":%d,\"message\":\"", code);
    text_add_json(&message, slice_from(words));
    text_add(&message, "\"}}");
    post(talk, &message);
}

static void answer_initialize(struct conversation *talk, const char *id, const cJSON *params)
{
    const char *wanted = param_text(params, "protocolVersion");
    const cJSON *client = cJSON_GetObjectItemCaseSensitive(params, "clientInfo");
    const char *name = param_text(client, "name");
    const char *revision = revisions[0];
    struct text message;
    size_t len = 0;

    if (wanted == NULL || talk->is_initialized) {
        refuse(talk, id, wanted == NULL ? RPC_PARAMS : RPC_REQUEST,
               wanted == NULL ? "protocolVersion is missing" : "initialize comes once");
        return;
    }
    for (size_t i = 0; i < sizeof revisions / sizeof revisions[0]; i++)
        if (strcmp(wanted, revisions[i]) == 0)
            revision = revisions[i];
    for (; name != NULL && *name != '\0' && len < sizeof talk->client - 1; name++)
        if (*name > ' ' && *name < 0x7f && *name != '"' && *name != '\\')
            talk->client[len++] = *name;
    talk->client[len] = '\0';
    talk->is_initialized = true;
    begin(&message, id);
    text_add_format(&message,
                    "\"result\":{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":"
                    "{\"listChanged\":false}},\"serverInfo\":{\"name\":\"switchyard\","
                    "\"title\":\"Switchyard\",\"version\":\"%s\"},\"instructions\":\"",
                    revision, talk->options.version);
    text_add_json(&message, slice_from(instructions));
    text_add(&message, "\"}}");
    post(talk, &message);
}

static void add_member(struct text *message, const char *name, const char *words)
{
    text_add_format(message, "\"%s\":\"", name);
    text_add_json(message, slice_from(words));
    text_add(message, "\",");
}

static void answer_list(struct conversation *talk, const char *id, const cJSON *params)
{
    const struct tool *tool = NULL;
    struct text message;

    if (cJSON_GetObjectItemCaseSensitive(params, "cursor") != NULL) {
        refuse(talk, id, RPC_PARAMS, "there is only one page of tools");
        return;
    }
    begin(&message, id);
    text_add(&message, "\"result\":{\"tools\":[");
    for (unsigned i = 0; (tool = tool_at(i)) != NULL; i++) {
        text_add(&message, i > 0 ? ",{" : "{");
        add_member(&message, "name", tool->name);
        add_member(&message, "title", tool->title);
        add_member(&message, "description", tool->words);
        text_add(&message, "\"inputSchema\":");
        param_write_schema(tool->params, tool_param_count(tool), &message);
        text_add_format(&message,
                        ",\"annotations\":{\"readOnlyHint\":%s,\"destructiveHint\":%s,"
                        "\"openWorldHint\":false}}",
                        tool->is_reading ? "true" : "false",
                        tool->is_destructive ? "true" : "false");
    }
    text_add(&message, "]}}");
    post(talk, &message);
}

/* A result; what went wrong inside of a tool is one too, so that a model can read it. */
static void answer_call(struct conversation *talk, const char *id, const struct tool_call *call)
{
    struct text message;

    begin(&message, id);
    text_add(&message, "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"");
    text_add_json(&message, text_slice(&call->words));
    text_add(&message, "\"}],");
    if (call->json.len > 0) {
        text_add(&message, "\"structuredContent\":");
        text_add_slice(&message, text_slice(&call->json));
        text_add(&message, ",");
    }
    text_add_format(&message, "\"isError\":%s}}", call->is_error ? "true" : "false");
    if (text_is_cut(&message)) {
        text_fini(&message);
        refuse(talk, id, RPC_BUSY, "the answer is too long; ask for less");
        return;
    }
    post(talk, &message);
}

static void tell_progress(void *arg, unsigned done, unsigned total, const char *words)
{
    struct running *running = arg;
    struct text message;

    text_init(&message, 4096);
    text_add_format(&message,
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                    "{\"progressToken\":%s,\"progress\":%u,\"total\":%u,\"message\":\"",
                    running->progress, done, total);
    text_add_json(&message, slice_from(words));
    text_add(&message, "\"}}");
    post(running->talk, &message);
}

static void free_running(struct running *running)
{
    text_fini(&running->call.words);
    text_fini(&running->call.json);
    cJSON_Delete(running->message);
    cJSON_free(running->id);
    cJSON_free(running->progress);
    free(running);
}

static void *run_call(void *arg)
{
    struct running *running = arg;
    struct conversation *talk = running->talk;

    running->tool->run(&running->call);
    if (!atomic_load(&running->call.is_cancelled)) /* who cancels wants no answer */
        answer_call(talk, running->id, &running->call);
    pthread_mutex_lock(&talk->lock);
    TAILQ_REMOVE(&talk->running, running, link);
    pthread_mutex_unlock(&talk->lock);
    free_running(running);
    pthread_mutex_lock(&talk->lock); /* the last that is touched: the conversation may end now */
    talk->running_count--;
    pthread_cond_broadcast(&talk->ended);
    pthread_mutex_unlock(&talk->lock);
    return NULL;
}

/* Takes running. */
static void start_call(struct conversation *talk, struct running *running)
{
    pthread_attr_t detached;
    pthread_t thread;
    bool is_started = false;

    pthread_mutex_lock(&talk->lock);
    if (talk->running_count < CONVERSATION_CALLS_MAX) {
        TAILQ_INSERT_TAIL(&talk->running, running, link);
        talk->running_count++;
        pthread_attr_init(&detached);
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        is_started = pthread_create(&thread, &detached, run_call, running) == 0;
        pthread_attr_destroy(&detached);
        if (!is_started) {
            TAILQ_REMOVE(&talk->running, running, link);
            talk->running_count--;
        }
    }
    pthread_mutex_unlock(&talk->lock);
    if (is_started)
        return;
    refuse(talk, running->id, RPC_BUSY, "too many calls at a time: wait for one to end");
    free_running(running);
}

/* Takes message and id. */
static void begin_call(struct conversation *talk, cJSON *message, char *id)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(message, "params");
    const cJSON *meta = cJSON_GetObjectItemCaseSensitive(params, "_meta");
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(meta, "progressToken");
    const char *name = param_text(params, "name");
    const struct tool *tool = name != NULL ? tool_find(name) : NULL;
    struct running *running = NULL;
    char problem[256] = "";

    if (tool == NULL) {
        refuse(talk, id, RPC_PARAMS, "there is no such tool; see tools/list");
        cJSON_Delete(message);
        cJSON_free(id);
        return;
    }
    running = mem_zalloc(sizeof *running);
    running->talk = talk;
    running->tool = tool;
    running->message = message;
    running->id = id;
    if (cJSON_IsString(token) || cJSON_IsNumber(token))
        running->progress = cJSON_PrintUnformatted(token);
    running->call = (struct tool_call){
        .ops = talk->options.ops,
        .passes = talk->passes,
        .arguments = cJSON_GetObjectItemCaseSensitive(params, "arguments"),
        .client = talk->client,
        .progress = running->progress != NULL ? tell_progress : NULL,
        .arg = running,
    };
    text_init(&running->call.words, TOOL_ANSWER_MAX);
    text_init(&running->call.json, TOOL_ANSWER_MAX);
    if (param_check(tool->params, tool_param_count(tool), running->call.arguments, problem,
                    sizeof problem) == 0) {
        start_call(talk, running);
        return;
    }
    tool_fail(&running->call, "%s; nothing changed", problem);
    answer_call(talk, id, &running->call);
    free_running(running);
}

static void cancel(struct conversation *talk, const cJSON *params)
{
    const cJSON *which = cJSON_GetObjectItemCaseSensitive(params, "requestId");
    char *id = which != NULL ? cJSON_PrintUnformatted(which) : NULL;
    struct running *running = NULL;

    pthread_mutex_lock(&talk->lock);
    TAILQ_FOREACH(running, &talk->running, link)
    {
        if (id != NULL && strcmp(running->id, id) == 0)
            atomic_store(&running->call.is_cancelled, true);
    }
    pthread_mutex_unlock(&talk->lock);
    cJSON_free(id);
}

/* Takes message and id. */
static void answer(struct conversation *talk, cJSON *message, char *id, const char *method)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(message, "params");
    struct text pong;

    if (params != NULL && !cJSON_IsObject(params)) {
        refuse(talk, id, RPC_PARAMS, "params must be an object");
    } else if (strcmp(method, "initialize") == 0) {
        answer_initialize(talk, id, params);
    } else if (strcmp(method, "ping") == 0) {
        begin(&pong, id);
        text_add(&pong, "\"result\":{}}");
        post(talk, &pong);
    } else if (strncmp(method, "tools/", 6) == 0 && !talk->is_initialized) {
        refuse(talk, id, RPC_REQUEST, "initialize comes first");
    } else if (strcmp(method, "tools/list") == 0) {
        answer_list(talk, id, params);
    } else if (strcmp(method, "tools/call") == 0) {
        begin_call(talk, message, id);
        return;
    } else {
        refuse(talk, id, RPC_METHOD, "there is no such method");
    }
    cJSON_Delete(message);
    cJSON_free(id);
}

/* Takes message, which is an object of the right version. */
static void dispatch(struct conversation *talk, cJSON *message)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");
    const char *method = param_text(message, "method");

    if (method == NULL && (cJSON_GetObjectItemCaseSensitive(message, "result") != NULL ||
                           cJSON_GetObjectItemCaseSensitive(message, "error") != NULL)) {
        cJSON_Delete(message); /* an answer: nothing was asked */
    } else if (id != NULL && !cJSON_IsString(id) && !cJSON_IsNumber(id)) {
        refuse(talk, NULL, RPC_REQUEST, "id must be a text or a number");
        cJSON_Delete(message);
    } else if (method == NULL) {
        refuse(talk, NULL, RPC_REQUEST, "there is no method");
        cJSON_Delete(message);
    } else if (id != NULL) {
        answer(talk, message, cJSON_PrintUnformatted(id), method);
    } else {
        if (strcmp(method, "notifications/cancelled") == 0)
            cancel(talk, cJSON_GetObjectItemCaseSensitive(message, "params"));
        cJSON_Delete(message);
    }
}

static int end_of_turn(struct conversation *talk)
{
    bool is_broken = false;

    pthread_mutex_lock(&talk->lock);
    is_broken = talk->is_broken;
    pthread_mutex_unlock(&talk->lock);
    return is_broken ? ERR_IO : ERR_OK;
}

int conversation_take(struct conversation *talk, struct slice bytes)
{
    cJSON *message = NULL;
    const char *why = NULL;
    const char *version = NULL;
    char words[200];

    if (strict_json_parse(bytes, &strict_json_small, &message, &why) < 0) {
        snprintf(words, sizeof words, "not a JSON text: %.120s", why != NULL ? why : "");
        refuse(talk, NULL, RPC_PARSE, words);
        return end_of_turn(talk);
    }
    version = cJSON_IsObject(message) ? param_text(message, "jsonrpc") : NULL;
    if (version == NULL || strcmp(version, "2.0") != 0) {
        refuse(talk, NULL, RPC_REQUEST,
               cJSON_IsArray(message) ? "batches are not taken: one message on a line"
                                      : "not a JSON-RPC 2.0 message");
        cJSON_Delete(message);
    } else {
        dispatch(talk, message);
    }
    return end_of_turn(talk);
}

int conversation_refuse_long(struct conversation *talk)
{
    refuse(talk, NULL, RPC_PARSE, "the message is longer than 1 MiB");
    return end_of_turn(talk);
}

struct conversation *conversation_new(const struct mcp_options *options)
{
    struct conversation *talk = mem_zalloc(sizeof *talk);

    talk->options = *options;
    talk->passes = passes_new();
    pthread_mutex_init(&talk->lock, NULL);
    pthread_cond_init(&talk->ended, NULL);
    TAILQ_INIT(&talk->running);
    return talk;
}

void conversation_free(struct conversation *talk)
{
    struct running *running = NULL;

    pthread_mutex_lock(&talk->lock);
    TAILQ_FOREACH(running, &talk->running, link)
    {
        if (talk->is_broken) /* else what was begun is brought to its end, and answered */
            atomic_store(&running->call.is_cancelled, true);
    }
    while (talk->running_count > 0)
        pthread_cond_wait(&talk->ended, &talk->lock);
    pthread_mutex_unlock(&talk->lock);
    pthread_cond_destroy(&talk->ended);
    pthread_mutex_destroy(&talk->lock);
    passes_free(talk->passes);
    free(talk);
}
