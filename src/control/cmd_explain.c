/*
 * A request made of the command's options is parsed by the parser of requests and routed by the code that routes
 * them, as a rehearsal: nothing is counted, no turn is used up. See cmd_explain_priv.h.
 */
#include "control/cmd_explain_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "config/config.h"
#include "control/json_priv.h"
#include "control/share_priv.h"
#include "control/sheet_priv.h"
#include "deploy/deploy.h"
#include "http/parse_head.h"
#include "route/admit.h"
#include "route/match.h"
#include "route/slot.h"

static const char assumed_client[] = "127.0.0.1";
static const char assumed_host[] = "localhost";

struct rehearsal {
    struct text bytes; /* of the request head */
    struct head head;
    struct address client;
    const struct config_listener *listener; /* NULL: none was named */
    struct route_answer answer;
    enum fault fault;
};

static const struct sheet_column columns[] = {
    { "request", "request", SHEET_TEXT },
    { "client", "client", SHEET_TEXT },
    { "listener", "listener", SHEET_TEXT },
    { "client_trusted", "forwarded fields believed", SHEET_BOOL },
    { "service", "service", SHEET_TEXT },
    { "slot", "slot", SHEET_TEXT },
    { "role", "role", SHEET_TEXT },
    { "version", "version", SHEET_TEXT },
    { "rule", "rule", SHEET_TEXT },
    { "target", "target", SHEET_TEXT },
    { "tenant", "tenant", SHEET_TEXT },
    { "candidate", NULL, SHEET_TEXT },
    { "share", NULL, SHEET_TEXT },
    { NULL, "canary", SHEET_TEXT },
    { "is_new_identity", NULL, SHEET_BOOL },
    { "is_candidate", NULL, SHEET_BOOL },
    { "is_preview", NULL, SHEET_BOOL },
    { "is_preview_refused", NULL, SHEET_BOOL },
    { NULL, "preview", SHEET_TEXT },
    { "app_path", "path for the app", SHEET_TEXT },
    { "traffic", "traffic", SHEET_TEXT },
    { "https_redirect", "https redirect", SHEET_BOOL },
    { "epoch", "epoch", SHEET_NUMBER },
    { "fault", NULL, SHEET_TEXT },
    { "status", NULL, SHEET_NUMBER },
    { NULL, "answer", SHEET_TEXT },
};

static bool names_host(const char *header)
{
    static const char name[] = "host:";

    return strlen(header) >= sizeof name - 1 &&
           slice_is_equal_nocase(slice_of(header, sizeof name - 1), slice_from(name));
}

static void write_request(const struct args *args, struct text *out)
{
    bool has_host = args->host != NULL;

    for (unsigned i = 0; i < args->header_count; i++)
        has_host = has_host || names_host(args->headers[i]);
    text_add(out, args->method != NULL ? args->method : "GET");
    text_add_format(out, " %s HTTP/1.1\r\n", args->path != NULL ? args->path : "/");
    if (args->host != NULL || !has_host)
        text_add_format(out, "Host: %s\r\n", args->host != NULL ? args->host : assumed_host);
    for (unsigned i = 0; i < args->header_count; i++)
        text_add_format(out, "%s\r\n", args->headers[i]);
    text_add(out, "\r\n");
}

static enum fault parse_request(struct rehearsal *rehearsal)
{
    struct snapshot_limits most = snapshot_limits(snapshot_current());
    struct head_limits limits = { .head_bytes = most.head_bytes,
                                  .target_bytes = most.target_bytes,
                                  .fields = most.fields };
    enum fault fault = FAULT_NONE;
    size_t searched = 0;

    rehearsal->head.field_capacity = most.fields;
    rehearsal->head.fields = mem_zalloc((most.fields + 1u) * sizeof *rehearsal->head.fields);
    switch (parse_head_request(rehearsal->bytes.bytes, rehearsal->bytes.len, &searched, &limits,
                               &rehearsal->head, &fault)) {
    case PARSE_DONE: return FAULT_NONE;
    case PARSE_BAD: return fault;
    case PARSE_MORE: break;
    }
    return FAULT_BAD_REQUEST_LINE; /* the head is whole: a part that the parser skips took its place */
}

static bool is_trusted(const struct config_listener *listener, const struct address *client)
{
    for (size_t i = 0; i < listener->trusted.count; i++)
        if (address_net_contains(&listener->trusted.items[i], client))
            return true;
    return false;
}

static enum fault route(struct rehearsal *rehearsal)
{
    uint64_t seed = clock_monotonic_us() | 1;
    struct route_query query = { .head = &rehearsal->head,
                                 .client = &rehearsal->client,
                                 .random = hash_random(&seed),
                                 .now_us = clock_monotonic_us(),
                                 .is_rehearsal = true };
    const struct config_listener *listener = rehearsal->listener;
    bool is_https = listener != NULL &&
                    admit_is_https(&rehearsal->head, is_trusted(listener, &rehearsal->client),
                                   listener->tls.certificates.count > 0);
    enum fault fault = FAULT_NONE;

    rcu_read_begin();
    fault = match_find(snapshot_current(), &query, &rehearsal->answer);
    rcu_read_end(); /* what was found stays: this thread is the one that replaces pictures */
    if (rehearsal->answer.service == NULL || fault == FAULT_NO_SERVICE)
        return fault;
    return admit_request(&rehearsal->answer.service->policy, &rehearsal->head, is_https, fault);
}

static void add_request_cells(struct sheet *sheet, const struct rehearsal *rehearsal,
                              const struct args *args)
{
    struct slice line = text_slice(&rehearsal->bytes);
    const char *end = memchr(line.ptr, '\r', line.len);
    char client[ADDRESS_TEXT_SIZE];

    address_format_host(&rehearsal->client, client);
    sheet_add_format(sheet, "%.*s", (int)(end - line.ptr), line.ptr);
    sheet_add_format(sheet, "%s%s", client,
                     args->client_ip == NULL ? " (assumed; --client-ip ADDRESS)" : "");
    if (rehearsal->listener == NULL) {
        sheet_add_none(sheet);
        sheet_add_none(sheet);
        return;
    }
    sheet_add_text(sheet, rehearsal->listener->name);
    sheet_add_bool(sheet, is_trusted(rehearsal->listener, &rehearsal->client));
}

static const struct snapshot_slot *candidate_of(const struct snapshot_service *service)
{
    const struct steering *steering = service->steering;

    if (steering == NULL || steering->split.candidate >= service->slot_count)
        return NULL;
    return &service->slots[steering->split.candidate];
}

static void add_canary_cells(struct sheet *sheet, const struct rehearsal *rehearsal)
{
    const struct snapshot_service *service = rehearsal->answer.service;
    const struct snapshot_slot *candidate = service != NULL ? candidate_of(service) : NULL;
    char share[SHARE_TEXT_SIZE];

    if (candidate == NULL) {
        for (unsigned i = 0; i < 3; i++)
            sheet_add_none(sheet);
        return;
    }
    share_format(service->steering->split.share, share);
    sheet_add_text(sheet, candidate->slot->name);
    sheet_add_text(sheet, share);
    if (rehearsal->answer.is_new_identity)
        sheet_add_format(sheet, "%s gets %s: the side of a new user is drawn, this time the %s",
                         candidate->slot->name, share,
                         rehearsal->answer.rule == RULE_CANARY ? "candidate" : "live slot");
    else if (rehearsal->answer.rule == RULE_CANARY)
        sheet_add_format(sheet, "%s gets %s: this user belongs to it", candidate->slot->name,
                         share);
    else if (rehearsal->answer.rule == RULE_ACTIVE)
        sheet_add_format(sheet, "%s gets %s: this user does not belong to it",
                         candidate->slot->name, share);
    else
        sheet_add_format(sheet, "%s gets %s: not asked, another rule came first",
                         candidate->slot->name, share);
}

static void add_preview_cells(struct sheet *sheet, const struct route_answer *answer)
{
    sheet_add_bool(sheet, answer->is_new_identity);
    sheet_add_bool(sheet, answer->is_candidate);
    sheet_add_bool(sheet, answer->is_preview);
    sheet_add_bool(sheet, answer->is_preview_refused);
    if (answer->is_preview)
        sheet_add_text(sheet, "yes: not part of any evidence");
    else if (answer->is_preview_refused)
        sheet_add_text(sheet, "refused: no secret, or from elsewhere");
    else
        sheet_add_none(sheet);
}

static void add_place_cells(struct sheet *sheet, const struct route_answer *answer)
{
    const char *balance = answer->service != NULL && answer->place != NULL &&
                                  answer->place->pick_count > 1 &&
                                  answer->service->balance != BALANCE_HASH
                              ? " (the next one may get another)"
                              : "";
    char tenant[TENANT_BYTES_MAX + 1];

    sheet_add_text(sheet, answer->service != NULL ? answer->service->service->name : NULL);
    sheet_add_text(sheet, answer->slot != NULL ? answer->slot->name : NULL);
    sheet_add_text(sheet, answer->place != NULL ? role_name(answer->place->role) : NULL);
    sheet_add_text(sheet, answer->slot != NULL ? answer->slot->version : NULL);
    sheet_add_text(sheet, answer->slot != NULL ? steering_rule_name(answer->rule) : NULL);
    if (answer->target != NULL)
        sheet_add_format(sheet, "%s%s", answer->target->name, balance);
    else
        sheet_add_none(sheet);
    sheet_add_text(sheet,
                   answer->tenant.ptr != NULL && slice_copy(answer->tenant, tenant, sizeof tenant)
                       ? tenant
                       : NULL);
}

static const char *traffic_words(const struct traffic *traffic)
{
    switch (traffic->mode) {
    case TRAFFIC_OPEN: return "open";
    case TRAFFIC_HELD: return traffic->pass_safe ? "held, safe methods pass" : "held";
    case TRAFFIC_MAINT: return "maintenance";
    }
    return "";
}

static void add_service_cells(struct sheet *sheet, const struct rehearsal *rehearsal)
{
    const struct route_answer *answer = &rehearsal->answer;
    struct slice path = rehearsal->head.path;
    char hidden[256];

    if (answer->service == NULL) {
        for (unsigned i = 0; i < 3; i++)
            sheet_add_none(sheet);
        return;
    }
    if (answer->strip_bytes > 0 && answer->strip_bytes <= path.len) {
        path = slice_of(path.ptr + answer->strip_bytes, path.len - answer->strip_bytes);
        snprintf(hidden, sizeof hidden, "%s%.*s", path.len == 0 || path.ptr[0] != '/' ? "/" : "",
                 path.len < 200 ? (int)path.len : 200, path.ptr);
        sheet_add_text(sheet, hidden);
    } else {
        sheet_add_none(sheet);
    }
    sheet_add_text(sheet, traffic_words(&answer->service->traffic));
    sheet_add_bool(sheet, answer->service->policy.https_redirect);
}

static void add_answer_cells(struct sheet *sheet, const struct rehearsal *rehearsal)
{
    enum fault fault = rehearsal->fault;
    int status = fault_status(fault);
    char left[32];

    sheet_add_u64(sheet, snapshot_epoch(snapshot_current()));
    sheet_add_text(sheet, fault_name(fault));
    if (status > 0)
        sheet_add_u64(sheet, (uint64_t)status);
    else
        sheet_add_none(sheet);
    if (fault == FAULT_HELD && rehearsal->answer.service != NULL) {
        sheet_age(rehearsal->answer.service->traffic.hold_us, left);
        sheet_add_format(sheet, "it would wait, at most %s; then %d (%s)", left, status,
                         fault_name(fault));
    } else if (fault != FAULT_NONE) {
        sheet_add_format(sheet, "%d (%s): %s", status, fault_name(fault), fault_words(fault));
    } else {
        sheet_add_text(sheet, "the app's");
    }
}

static void describe(struct call *call, const struct rehearsal *rehearsal)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);

    add_request_cells(sheet, rehearsal, &call->args);
    add_place_cells(sheet, &rehearsal->answer);
    add_canary_cells(sheet, rehearsal);
    add_preview_cells(sheet, &rehearsal->answer);
    add_service_cells(sheet, rehearsal);
    add_answer_cells(sheet, rehearsal);
    sheet_print_list(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "explain", sheet_json_list(sheet));
    sheet_free(sheet);
}

/* "10.0.0.1" or "::1": without a port. */
static int parse_client(const char *text, struct address *out)
{
    char whole[80];

    snprintf(whole, sizeof whole, strchr(text, ':') != NULL ? "[%.63s]:0" : "%.63s:0", text);
    return address_parse(slice_from(whole), out);
}

static int find_listener(struct call *call, const char *name, const struct config_listener **out)
{
    const struct config *config = deploy_config(call->room->deploy);

    for (size_t i = 0; config != NULL && i < config->listener_count; i++)
        if (strcmp(config->listeners[i].name, name) == 0) {
            *out = &config->listeners[i];
            return 0;
        }
    reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "no listener %s", name);
    reply_hint(&call->reply, "\"show config\" has the listeners");
    return ERR_NOT_FOUND;
}

enum call_step cmd_explain_run(struct call *call)
{
    const struct args *args = &call->args;
    struct rehearsal rehearsal = { .answer = { .service = NULL } };

    if (parse_client(args->client_ip != NULL ? args->client_ip : assumed_client,
                     &rehearsal.client) < 0)
        return call_refuse_usage(call, "\"%.63s\" is no address such as 10.0.0.1 or ::1",
                                 args->client_ip);
    if (args->listener != NULL && find_listener(call, args->listener, &rehearsal.listener) < 0)
        return CALL_DONE;
    text_init(&rehearsal.bytes, REPLY_BYTES_MAX);
    write_request(args, &rehearsal.bytes);
    rehearsal.fault = parse_request(&rehearsal);
    if (rehearsal.fault == FAULT_NONE)
        rehearsal.fault = route(&rehearsal);
    describe(call, &rehearsal);
    free(rehearsal.head.fields);
    text_fini(&rehearsal.bytes);
    return CALL_DONE;
}
