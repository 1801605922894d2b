/* Answers of commands over HTTP: see api_answer_priv.h. */
#include "control/api_answer_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "control/json_priv.h"

static const char login_hint[] = "send \"Authorization: Bearer TOKEN\", or ask on the admin socket";

/* Whatever a gate's own fault is, it stood in the way; these are no gates. */
static int refused_status(enum fault fault)
{
    static const enum fault own[] = { FAULT_USAGE,        FAULT_UNKNOWN_NAME, FAULT_CONFLICT,
                                      FAULT_LOCKED,       FAULT_UNCONFIRMED,  FAULT_NOT_DURABLE,
                                      FAULT_SHUTTING_DOWN };

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i] == fault)
            return fault_status(fault);
    return 422;
}

int api_answer_status(const struct reply *reply, bool is_anonymous)
{
    int status = fault_status(reply->fault);

    switch (reply->outcome) {
    case OUTCOME_DONE:
    case OUTCOME_VOLATILE: return 200;
    case OUTCOME_USAGE: return 400;
    case OUTCOME_DENIED: return is_anonymous ? 401 : 403;
    case OUTCOME_REFUSED: return refused_status(reply->fault);
    case OUTCOME_CONFLICT:
        if (strcmp(reply->gate, "epoch") == 0)
            return 412;
        return reply->fault == FAULT_LOCKED ? 423 : 409;
    case OUTCOME_TIMEOUT: return reply->fault == FAULT_LOCKED ? 423 : 504;
    case OUTCOME_REVERTED:
    case OUTCOME_INCONCLUSIVE: return 409;
    case OUTCOME_UNREACHABLE: return 503;
    case OUTCOME_FAILED: break;
    }
    return status >= 500 ? status : 500;
}

/* What to ask next, by the status. */
static const struct {
    int status;
    const char *next;
} nexts[] = {
    { 400, "GET /v1/help" },   { 404, "GET /v1/slots" },   { 409, "GET /v1/history" },
    { 412, "GET /v1/status" }, { 422, "GET /v1/targets" }, { 423, "GET /v1/locks" },
    { 500, "GET /v1/errors" }, { 503, "GET /v1/info" },    { 504, "GET /v1/status" },
};

static const char *find_next(int status)
{
    for (size_t i = 0; i < sizeof nexts / sizeof nexts[0]; i++)
        if (nexts[i].status == status)
            return nexts[i].next;
    return NULL;
}

/* What was refused for want of a token came with one: the same request, with it, is what comes next. */
static void point_to_token(const cJSON *object, cJSON *error)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(object, "result");
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(result, "token");
    const cJSON *command = cJSON_GetObjectItemCaseSensitive(result, "command");
    char *text = NULL;

    if (!cJSON_IsString(token))
        return;
    text = mem_format("POST the same again with {\"token\": \"%s\"}", token->valuestring);
    cJSON_ReplaceItemInObjectCaseSensitive(error, "next", cJSON_CreateString(text));
    free(text);
    text = mem_format("%s%s%sthe token is good once, for ten minutes, and for this alone",
                      cJSON_IsString(command) ? "it runs " : "",
                      cJSON_IsString(command) ? command->valuestring : "",
                      cJSON_IsString(command) ? "; " : "");
    cJSON_ReplaceItemInObjectCaseSensitive(error, "hint", cJSON_CreateString(text));
    free(text);
}

void api_answer_write(const struct reply *reply, int status, struct text *out)
{
    cJSON *object = reply_json(reply, false);
    cJSON *error = cJSON_GetObjectItemCaseSensitive(object, "error");
    char *line = NULL;

    if (cJSON_IsObject(error)) {
        json_add_text(error, "next", find_next(status));
        if (status == 401)
            cJSON_ReplaceItemInObjectCaseSensitive(error, "hint", cJSON_CreateString(login_hint));
        if (reply->fault == FAULT_UNCONFIRMED)
            point_to_token(object, error);
    }
    line = json_print(object);
    text_add(out, line);
    text_add(out, "\n");
    free(line);
    cJSON_Delete(object);
}

void api_answer(struct api_exchange *exchange, const struct reply *reply)
{
    int status = api_answer_status(reply, exchange->is_anonymous);

    text_clear(&exchange->answer);
    api_answer_write(reply, status, &exchange->answer);
    text_add_format(&exchange->extra, "ETag: \"%" PRIu64 "\"\r\n", reply->epoch);
    if (status == 401)
        text_add(&exchange->extra, "WWW-Authenticate: Bearer realm=\"switchyard\"\r\n");
    api_exchange_answer(exchange, status, "application/json");
}
