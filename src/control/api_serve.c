/*
 * What a request to the API is answered with: first whether it comes from where it seems to and who asks, then its route,
 * then the command. Thread: control. See api_priv.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_trail.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strict_json.h"
#include "config/config.h"
#include "control/actions_priv.h"
#include "control/api_gate_priv.h"
#include "control/api_openapi_priv.h"
#include "control/api_priv.h"
#include "control/api_route_priv.h"
#include "control/api_words_priv.h"
#include "control/command_priv.h"
#include "control/dashboard_priv.h"
#include "control/identity_priv.h"
#include "control/metrics_api_priv.h"
#include "control/metrics_priv.h"
#include "control/openmetrics_priv.h"
#include "control/stats.h"
#include "control/tally_priv.h"
#include "deploy/deploy.h"
#include "health/health.h"
#include "net/loop.h"
#include "net/tls_stream.h"
#include "route/snapshot.h"

static const struct config_texts no_hosts;

static const struct config_api *settings(const struct api *api)
{
    const struct config *config = deploy_config(api->room.deploy);

    return config != NULL ? &config->api : NULL;
}

/* What is asked for by load balancers and Prometheus, under whatever name they know. */
static bool is_open(const struct api_exchange *exchange)
{
    enum api_purpose purpose = exchange->route->purpose;

    return purpose == API_LIVE || purpose == API_READY || purpose == API_METRICS;
}

static bool passes_gate(const struct api *api, struct api_exchange *exchange)
{
    const struct config_api *config = settings(api);
    struct api_error misdirected = {
        421, "misdirected",
        "ask by address, as localhost, or add the name to api { hosts = { … } }", NULL
    };
    struct api_error foreign = { 403, "foreign_origin",
                                 "pages of other origins may not use this API", NULL };

    if (!api_gate_is_host(head_host(&exchange->head),
                          config != NULL ? &config->hosts : &no_hosts)) {
        api_exchange_refuse(exchange, &misdirected, "this API is not known by that Host");
        return false;
    }
    if (!api_gate_is_origin(&exchange->head, exchange->is_secure)) {
        api_exchange_refuse(exchange, &foreign, "Origin is not this API");
        return false;
    }
    return true;
}

static bool find_route(struct api_exchange *exchange)
{
    struct api_error none = { 404, "not_found", "GET /v1/openapi.json lists what is here",
                              "GET /v1/openapi.json" };
    struct api_error method = { 405, "method_refused", "the field Allow has those that are",
                                "GET /v1/openapi.json" };
    char allow[32];

    switch (api_route_find(exchange, allow)) {
    case API_MATCH_ONE: return true;
    case API_MATCH_NONE: api_exchange_refuse(exchange, &none, "there is no such path"); break;
    case API_MATCH_BAD:
        none.status = 400;
        none.code = fault_name(FAULT_BAD_TARGET);
        api_exchange_refuse(exchange, &none, "the path is no text");
        break;
    case API_MATCH_METHOD:
        text_add_format(&exchange->extra, "Allow: %s\r\n", allow);
        api_exchange_refuse(exchange, &method, "that method is not allowed here");
        break;
    }
    return false;
}

static void be_anonymous(struct api_exchange *exchange)
{
    char host[ADDRESS_TEXT_SIZE];

    exchange->is_anonymous = true;
    exchange->is_stranger = false;
    exchange->peer = (struct peer){ .uid = (uid_t)-1, .gid = (gid_t)-1, .level = LEVEL_USER };
    address_format_host(&exchange->address, host);
    address_format(&exchange->address, exchange->peer.from);
    snprintf(exchange->peer.actor, sizeof exchange->peer.actor, "anonymous %.45s", host);
}

static unsigned count_credentials(const struct head *head, struct slice *value)
{
    const struct field *field = NULL;
    unsigned index = 0;
    unsigned count = 0;

    while ((field = head_find(head, FIELD_AUTHORIZATION, &index)) != NULL) {
        *value = head_field_value(head, field);
        count++;
    }
    return count;
}

/* Of an address that tries on and on the first ones are written down, and then no more until it has waited. */
static void note_refusal(const struct api *api, const struct api_exchange *exchange,
                         const struct identity_result *result)
{
    char from[ADDRESS_TEXT_SIZE];

    if (api->room.audit == NULL || result->answer == IDENTITY_LIMITED)
        return;
    address_format_host(&exchange->address, from);
    (void)audit_note_refusal(api->room.audit, from, result->words);
}

static void refuse_credentials(const struct api *api, struct api_exchange *exchange,
                               const struct identity_result *result)
{
    struct api_error error = { 401, "not_authorised", "the log of the daemon has more", NULL };

    note_refusal(api, exchange, result);
    if (result->answer == IDENTITY_LIMITED) {
        error.status = 429;
        text_add_format(&exchange->extra, "Retry-After: %u\r\n", result->retry_after_s);
    } else {
        text_add(&exchange->extra, "WWW-Authenticate: Bearer realm=\"switchyard\"\r\n");
    }
    api_exchange_refuse(exchange, &error, "%s", result->words);
}

/* What a client shows of itself: a token, else a certificate, else nothing. */
static struct identity_request show(const struct api *api, const struct api_exchange *exchange,
                                    struct slice authorization, const struct tls_identity *cert)
{
    struct identity_request request = { .authorization = authorization,
                                        .client = exchange->address,
                                        .now_us = loop_now_us(api->room.loop),
                                        .now_wall_us = clock_wall_us() };

    if (cert != NULL)
        request.cert = (struct cert_name){ .dn = cert->subject, .sha256 = cert->sha256 };
    return request;
}

/* Its whole name stands in the log, since the audit trail has only as much of it as fits. */
static void introduce(struct api_exchange *exchange, const struct tls_identity *cert)
{
    char from[ADDRESS_TEXT_SIZE];
    char subject[TLS_CLIENT_LINES];

    if (exchange->is_introduced)
        return;
    exchange->is_introduced = true;
    address_format(&exchange->address, from);
    LOG_INFO("api-certificate", "client=%s actor=\"%s\" role=%s subject=\"%s\" sha256=%s", from,
             exchange->peer.actor, level_name(exchange->peer.level),
             log_text(slice_from(cert->subject), subject, sizeof subject), cert->sha256);
}

/* By its certificate, if it has one that is good by now. False: refused. */
static bool ask_certificate(const struct api *api, struct api_exchange *exchange, bool *is_asked)
{
    struct api_error error = { 401, "not_authorised",
                               "connect again with a certificate that is good", NULL };
    struct tls_identity *cert = mem_zalloc(sizeof *cert);
    struct identity_request request;
    struct identity_result result;
    bool is_believed = false;

    *is_asked =
        api->room.identity != NULL && api_client_identity(exchange->client, cert, &is_believed);
    if (*is_asked && is_believed) {
        request = show(api, exchange, slice_of(NULL, 0), cert);
        identity_check(api->room.identity, &request, &result);
        exchange->peer = result.peer;
        exchange->is_stranger = result.answer == IDENTITY_STRANGER;
        introduce(exchange, cert);
    } else if (*is_asked) {
        api_exchange_refuse(exchange, &error,
                            "the certificate of this connection is not good any more: it has "
                            "expired, or its authority is not believed now");
    }
    free(cert);
    return !*is_asked || is_believed;
}

/* Asks who has sent the credentials, or has none. */
static bool ask_identity(const struct api *api, struct api_exchange *exchange, struct slice value)
{
    struct identity_request request = show(api, exchange, value, NULL);
    struct identity_result result = { .answer = IDENTITY_REFUSED,
                                      .words =
                                          "no keys are configured, so no token can be checked" };

    if (api->room.identity != NULL)
        identity_check(api->room.identity, &request, &result);
    switch (result.answer) {
    case IDENTITY_KNOWN: exchange->peer = result.peer; return true;
    case IDENTITY_STRANGER:
    case IDENTITY_ANONYMOUS:
        be_anonymous(exchange);
        exchange->peer.level = result.peer.level;
        return true;
    case IDENTITY_REFUSED:
    case IDENTITY_LIMITED: refuse_credentials(api, exchange, &result); break;
    }
    return false;
}

/* Who asks; false: refused. */
static bool identify(const struct api *api, struct api_exchange *exchange)
{
    struct api_error doubled = { 400, fault_name(FAULT_BAD_FIELD), "send one", NULL };
    struct slice value = { NULL, 0 };
    unsigned count = count_credentials(&exchange->head, &value);
    bool is_certified = false;

    exchange->is_anonymous = exchange->is_stranger = false;
    if (count > 1) {
        api_exchange_refuse(exchange, &doubled, "there are two Authorization fields");
        return false;
    }
    if (count == 0 && !ask_certificate(api, exchange, &is_certified))
        return false;
    if (is_certified)
        return true;
    if (count == 1 || (api->room.identity != NULL && !exchange->has_kernel_peer))
        return ask_identity(api, exchange, value);
    if (!exchange->has_kernel_peer)
        be_anonymous(exchange);
    return true;
}

const char *api_serve_review(void *arg, const struct api_exchange *exchange,
                             struct slice authorization, char words[API_STREAM_WORDS])
{
    const struct api *api = arg;
    struct tls_identity *cert = mem_zalloc(sizeof *cert);
    bool is_believed = false;
    bool is_certified =
        authorization.len == 0 && api_client_identity(exchange->client, cert, &is_believed);
    struct identity_request request =
        show(api, exchange, authorization, is_certified ? cert : NULL);
    struct identity_result result = { .answer = IDENTITY_KNOWN };
    const char *why = NULL;

    if (api->room.identity == NULL || (exchange->has_kernel_peer && authorization.len == 0)) {
        free(cert);
        return NULL;
    }
    identity_review(api->room.identity, &request, &result);
    if (is_certified && !is_believed)
        why = "the certificate is not good any more";
    else if (result.answer == IDENTITY_REFUSED)
        why = result.words;
    else if (result.peer.level == LEVEL_NONE)
        why = "there is no role any more";
    if (why != NULL)
        snprintf(words, API_STREAM_WORDS, "%s", why);
    free(cert);
    return why != NULL ? words : NULL;
}

/* For the audit trail: the socket when the kernel knows the peer, else the peer's address. */
static void note_place(const struct api *api, struct api_exchange *exchange)
{
    char from[ADDRESS_TEXT_SIZE];

    address_format(exchange->has_kernel_peer ? &api->address : &exchange->address, from);
    snprintf(exchange->peer.from, sizeof exchange->peer.from, "%s", from);
}

/* Who may not even read. */
static void refuse_nobody(struct api_exchange *exchange)
{
    struct api_error error = { exchange->is_anonymous ? 401 : 403, "not_authorised",
                               "send \"Authorization: Bearer TOKEN\" of a role that may", NULL };

    if (exchange->is_stranger)
        error.hint =
            "a block subject of the configuration gives a certificate its role; the log of "
            "the daemon has its whole name";
    if (exchange->is_anonymous)
        text_add(&exchange->extra, "WWW-Authenticate: Bearer realm=\"switchyard\"\r\n");
    api_exchange_refuse(exchange, &error, "%s has no role here", exchange->peer.actor);
}

/* A form or a script of a page cannot send this type without asking, which is refused. */
static bool is_json_type(const struct head *head)
{
    struct slice type = head_value(head, SLICE("Content-Type"));
    struct slice rest = type;
    struct slice media = { NULL, 0 };

    return type.ptr != NULL && slice_next(&rest, ';', &media) &&
           slice_is_equal_nocase(slice_trim(media), SLICE("application/json"));
}

void api_serve_head(void *arg, struct api_exchange *exchange)
{
    const struct api *api = arg;
    const struct head *head = &exchange->head;
    struct api_error type = { 415, "unsupported_type", "Content-Type: application/json", NULL };
    struct api_error no_body = { 400, "usage", "leave it out", NULL };
    bool has_body =
        head->framing == FRAMING_CHUNKED || (head->framing == FRAMING_LENGTH && head->length > 0);

    if (!find_route(exchange) || (!is_open(exchange) && !passes_gate(api, exchange)))
        return;
    if (exchange->route->purpose == API_PAGE ||
        (is_open(exchange) && (exchange->route->purpose != API_METRICS || settings(api) == NULL ||
                               settings(api)->open_metrics)))
        be_anonymous(exchange);
    else if (!identify(api, exchange))
        return;
    note_place(api, exchange);
    if (!is_open(exchange) && exchange->peer.level == LEVEL_NONE)
        refuse_nobody(exchange);
    else if (has_body && exchange->route->method == METHOD_GET)
        api_exchange_refuse(exchange, &no_body, "a body is not expected here");
    else if (has_body && !is_json_type(head))
        api_exchange_refuse(exchange, &type, "a body is JSON here");
}

static bool is_stopping(const struct api *api)
{
    struct control_stats *stats = mem_zalloc(sizeof *stats);
    bool stopping = false;

    if (api->room.stats != NULL)
        api->room.stats(api->room.arg, stats);
    stopping = stats->is_stopping;
    free(stats);
    return stopping;
}

static void answer_ready(const struct api *api, struct api_exchange *exchange)
{
    bool is_known = health_all_known(api->room.health);
    bool stopping = is_stopping(api);
    bool is_ready = is_known && !stopping;

    text_add_format(&exchange->answer, "{\"ready\":%s,\"reasons\":[%s%s%s]}\n",
                    is_ready ? "true" : "false",
                    is_known ? "" : "\"the first health checks are not in\"",
                    !is_known && stopping ? "," : "", stopping ? "\"stopping\"" : "");
    api_exchange_answer(exchange, is_ready ? 200 : 503, "application/json");
}

static void answer_metrics(const struct api *api, struct api_exchange *exchange)
{
    struct api_error unknown = { 401, "not_authorised",
                                 "send credentials, or set api { open_metrics = true }", NULL };
    struct api_error large = { 500, "overloaded", NULL, NULL };
    bool is_new_form = openmetrics_is_wanted(head_value(&exchange->head, SLICE("Accept")));

    if ((exchange->is_anonymous || exchange->is_stranger) && settings(api) != NULL &&
        !settings(api)->open_metrics) {
        api_exchange_refuse(exchange, &unknown, "/metrics is not for everybody here");
        return;
    }
    tally_fold(api->tally);
    metrics_write(&api->room, api->tally, &exchange->answer);
    metrics_api_write(&api->tls, &exchange->answer);
    if (is_new_form && !text_is_cut(&exchange->answer))
        openmetrics_translate(&exchange->answer);
    if (text_is_cut(&exchange->answer)) { /* half of it would look like a whole */
        LOG_ERROR("metrics-too-large", "limit_bytes=%d", API_BODY_MAX);
        api_exchange_refuse(exchange, &large, "the metrics are too large");
        return;
    }
    text_add(&exchange->extra, "Vary: Accept\r\n");
    api_exchange_answer(
        exchange, 200, is_new_form ? OPENMETRICS_TYPE : "text/plain; version=0.0.4; charset=utf-8");
}

/* The one service or group there is; NULL: there are several. */
static const char *find_only_service(const struct api *api)
{
    const struct config *config = deploy_config(api->room.deploy);

    if (config != NULL && config->service_count == 1)
        return config->services[0].name;
    if (config != NULL && config->group_count == 1 &&
        config->groups[0].names.count == config->service_count)
        return config->groups[0].name;
    return NULL;
}

/* ?wait=5s: how long the answer is waited for. False: it is no time. */
static bool read_wait(const cJSON *query, int64_t *wait_us)
{
    const cJSON *member = NULL;
    uint64_t us = 0;

    *wait_us = API_WAIT_FOREVER;
    cJSON_ArrayForEach(member, query)
    {
        if (strcmp(member->string, "wait") != 0 || !cJSON_IsString(member))
            return false;
        if (strcmp(member->valuestring, "0") != 0 &&
            (num_parse_duration(slice_from(member->valuestring), &us) != 0 ||
             us > 24ull * 3600 * 1000000))
            return false;
        *wait_us = (int64_t)us;
    }
    return true;
}

static void refuse_words(struct api_exchange *exchange, const char *problem)
{
    struct api_error error = { 400, fault_name(FAULT_USAGE),
                               "GET /v1/openapi.json has the members of every request",
                               "GET /v1/openapi.json" };

    api_exchange_refuse(exchange, &error, "%s", problem);
}

/* Another epoch than the client has seen: also for commands that do not ask for one. */
static bool is_epoch(struct api_exchange *exchange)
{
    struct api_error stale = { 412, fault_name(FAULT_CONFLICT),
                               "look at what has changed, then decide again with the present epoch",
                               "GET /v1/history" };
    const struct snapshot *snapshot = snapshot_current();
    uint64_t present = snapshot != NULL ? snapshot_epoch(snapshot) : 0;
    uint64_t epoch = 0;
    bool has = false;

    if (!api_words_if_match(&exchange->head, &has, &epoch)) {
        refuse_words(exchange, "If-Match is an epoch in quotes, such as \"42\"");
        return false;
    }
    if (!has || epoch == present)
        return true;
    text_add_format(&exchange->extra, "ETag: \"%" PRIu64 "\"\r\n", present);
    api_exchange_refuse(exchange, &stale, "the epoch is %" PRIu64 ", not %" PRIu64, present, epoch);
    return false;
}

static int build(const struct api *api, const struct api_exchange *exchange, const cJSON *members,
                 struct api_words *words)
{
    const struct api_route *route = exchange->route;
    struct api_words_input input = {
        .exchange = exchange,
        .words = route->words,
        .members = members,
        .only_service = find_only_service(api),
    };

    input.command = api_route_command(route);
    if (input.command != NULL && !command_is_allowed(input.command, exchange->peer.level)) {
        input.words = ""; /* who may not is told so whatever the rest of the request is */
        input.members = NULL;
        return api_words_build(&input, words) < 0 && words->count == 0 ? ERR_INVALID : 0;
    }
    if (route->purpose == API_ANY)
        return api_words_build_any(exchange, members, words);
    if (route->purpose == API_PLAN)
        return api_words_build_plan(exchange, members, words);
    return api_words_build(&input, words);
}

/* /api/emergency/fix-NAME is about actions of kind fix only; other routes about actions take any. */
static bool is_of_kind(const struct api *api, struct api_exchange *exchange)
{
    struct api_error none = { 404, fault_name(FAULT_UNKNOWN_NAME),
                              "the configuration has its actions in blocks `action`",
                              "GET /v1/actions" };
    const char *brace = strstr(exchange->route->pattern, "-{action}");
    const char *slash = strrchr(exchange->route->pattern, '/');
    const char *name = api_route_param(exchange, SLICE("action"));
    const struct config_action *action = NULL;
    struct slice kind = { NULL, 0 };

    if (brace == NULL)
        return true;
    kind = slice_of(slash + 1, (size_t)(brace - slash - 1));
    if (api->room.actions != NULL)
        action = actions_find(api->room.actions, name);
    if (action != NULL && slice_is_equal(kind, slice_from(actions_kind_name(action->kind))))
        return true;
    api_exchange_refuse(exchange, &none, "there is no action %.63s of kind %.*s", name,
                        SLICE_ARG(kind));
    return false;
}

static void run_command(struct api *api, struct api_exchange *exchange, const cJSON *body,
                        const cJSON *query)
{
    bool is_get = exchange->route->method == METHOD_GET;
    int64_t wait_us = API_WAIT_FOREVER;
    struct api_words words;

    if (!is_get && !read_wait(query, &wait_us)) {
        refuse_words(exchange, "the query takes wait, a time such as 0 or 5s, and nothing else");
        return;
    }
    if (!is_of_kind(api, exchange) || (!is_get && !is_epoch(exchange)))
        return;
    if (build(api, exchange, is_get ? query : body, &words) < 0)
        refuse_words(exchange, words.problem);
    else
        api_calls_run(api->calls, exchange, &words, wait_us);
    api_words_fini(&words);
}

/* The body and the query as JSON, then the command. */
static void serve_command(struct api *api, struct api_exchange *exchange)
{
    cJSON *query = api_words_query(exchange->head.query);
    cJSON *body = NULL;
    const char *why = "";
    char words[160];

    if (query == NULL) {
        refuse_words(exchange, "the query is no text, or has too many members");
        return;
    }
    if (exchange->body.len > 0 &&
        strict_json_parse(exchange->body, &strict_json_small, &body, &why) != 0) {
        snprintf(words, sizeof words, "the body: %.120s", why);
        refuse_words(exchange, words);
    } else if (body != NULL && !cJSON_IsObject(body)) {
        refuse_words(exchange, "the body is one object");
    } else {
        run_command(api, exchange, body, query);
    }
    cJSON_Delete(body);
    cJSON_Delete(query);
}

void api_serve_request(void *arg, struct api_exchange *exchange)
{
    struct api *api = arg;

    switch (exchange->route->purpose) {
    case API_LIVE:
        text_add(&exchange->answer, "{\"live\":true}\n");
        api_exchange_answer(exchange, 200, "application/json");
        break;
    case API_READY: answer_ready(api, exchange); break;
    case API_METRICS: answer_metrics(api, exchange); break;
    case API_OPENAPI:
        api_openapi_write(&exchange->answer);
        api_exchange_answer(exchange, 200, "application/json");
        break;
    case API_PAGE: dashboard_answer(exchange); break;
    case API_EVENTS: api_streams_open(api->streams, exchange); break;
    case API_OPERATION:
        api_calls_tell(api->calls, exchange, api_route_param(exchange, SLICE("id")));
        break;
    case API_COMMAND:
    case API_ANY:
    case API_PLAN: serve_command(api, exchange); break;
    }
}

void api_serve_check_table(void)
{
    const struct api_route *route = NULL;

    for (unsigned i = 0; (route = api_route_at(i)) != NULL; i++) {
        const struct command *command = api_route_command(route);

        CHECK(route->purpose != API_COMMAND || command != NULL);
        CHECK(route->method != METHOD_GET || command == NULL || command->effect == COMMAND_READS);
    }
}
