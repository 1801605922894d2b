/*
 * Options of a service or slot that need another one, or contradict it: limits, queues, warm starts,
 * prefixes, the evidence's key. See crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/origin_priv.h"

static void check_client_limits(const struct config_limits *limits, const void *owner,
                                const struct origin *origin)
{
    const void *rate = &limits->client_rate;

    if (limits->client_burst > 0 && limits->client_rate == 0)
        origin_error(origin, &limits->client_burst, origin_is_known(origin, rate) ? rate : owner,
                     "limits: client_burst has no effect without client_rate; add client_rate");
}

/* What a service inherits is complained about once, where it is written. */
static void check_all_client_limits(const struct config *config, const struct origin *origin)
{
    check_client_limits(&config->limits, NULL, origin);
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];

        if (service->limits.client_burst != config->limits.client_burst ||
            service->limits.client_rate != config->limits.client_rate)
            check_client_limits(&service->limits, service, origin);
    }
}

/* Whether there is a limit that a request may have to wait for. */
static bool has_limit(const struct config_slot *slot)
{
    for (size_t i = 0; i < slot->targets.count; i++)
        if (slot->targets.items[i].max_requests > 0 || slot->targets.items[i].max_connections > 0)
            return true;
    return slot->max_requests > 0;
}

static void check_slot(const struct config_slot *slot, const struct origin *origin)
{
    if (slot->queue > 0 && !has_limit(slot))
        origin_error(origin, &slot->queue, slot,
                     "queue of slot '%s' has no effect without max_requests; add max_requests, or "
                     "max= or max_connections= to its targets",
                     slot->name);
    if (slot->allow_live && slot->role != CONFIG_ROLE_STAGING)
        origin_warning(origin, &slot->allow_live, slot,
                       "allow_live has no effect without role = \"staging\"");
}

/* The least that a target of the service allows; UINT64_MAX: none of them has a limit. */
static uint64_t find_least_connections(const struct config_service *service)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < service->slot_count; i++) {
        const struct config_targets *targets = &service->slots[i].targets;

        for (size_t j = 0; j < targets->count; j++)
            if (targets->items[j].max_connections > 0 && targets->items[j].max_connections < least)
                least = targets->items[j].max_connections;
    }
    return least;
}

static void check_warmup(const struct config_service *service, const struct origin *origin)
{
    const struct config_warmup *warmup = &service->warmup;

    if (warmup->connections > find_least_connections(service))
        origin_error(origin, &warmup->connections, warmup,
                     "warmup: more connections than max_connections of a target allows; lower "
                     "connections");

    if (warmup->requests < warmup->concurrency)
        origin_error(origin, &warmup->requests, &warmup->concurrency,
                     "warmup: fewer requests than concurrency; raise requests or lower "
                     "concurrency");
    if (warmup->p95 > 0 && warmup->path == NULL)
        origin_warning(origin, &warmup->p95, warmup,
                       "warmup: p95 has no effect without path; add path = \"/\"");
}

/* Whole segments: "/shop" is in front of "/shop" and "/shop/x", not of "/shopping". */
static bool begins_with(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    if (strncmp(path, prefix, len) != 0)
        return false;
    return path[len] == '\0' || path[len] == '/' || prefix[len - 1] == '/';
}

static void check_strip_prefix(const struct config_service *service, const struct origin *origin)
{
    for (size_t i = 0; service->strip_prefix != NULL && i < service->paths.count; i++)
        if (!begins_with(service->paths.items[i], service->strip_prefix))
            origin_error(origin, &service->strip_prefix, service,
                         "strip_prefix: path '%s' of service '%s' does not begin with '%s'; "
                         "change one of them",
                         service->paths.items[i], service->name, service->strip_prefix);
}

static size_t count_lines(const struct config_texts *lines)
{
    size_t bytes = 0;

    for (size_t i = 0; i < lines->count; i++)
        bytes += strlen(lines->items[i]) + 2;
    return bytes;
}

/* With more of them every request would be refused as too large. */
static void check_header_lines(const struct config_service *service, const struct config_slot *slot,
                               const struct origin *origin)
{
    const struct config_headers *all = &service->headers;
    const struct config_headers *own = &slot->headers;
    size_t request = count_lines(&all->request_set) + count_lines(&all->request_add) +
                     count_lines(&own->request_set) + count_lines(&own->request_add);
    size_t response = count_lines(&all->response_set) + count_lines(&all->response_add) +
                      count_lines(&own->response_set) + count_lines(&own->response_add);

    if (request > CONFIG_HEADER_LINES_BYTES || response > CONFIG_HEADER_LINES_BYTES)
        origin_error(
            origin, own, slot,
            "headers: service '%s' and slot '%s' together add %zu bytes to a %s, and %d is "
            "the most; use fewer or shorter fields",
            service->name, slot->name, request > CONFIG_HEADER_LINES_BYTES ? request : response,
            request > CONFIG_HEADER_LINES_BYTES ? "request" : "response",
            (int)CONFIG_HEADER_LINES_BYTES);
}

static bool is_peer_trusted(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].trusted.count > 0)
            return true;
    return false;
}

static void check_evidence(const struct config_service *service, const struct origin *origin)
{
    const struct config_evidence *evidence = &service->evidence;

    if (evidence->key.kind == CONFIG_EVIDENCE_TENANT && service->tenant.from.count == 0)
        origin_error(origin, &evidence->key, evidence,
                     "evidence: service '%s' knows no tenants; add tenant { from = { … } } or "
                     "choose another key",
                     service->name);
}

static void check_service(const struct config *config, const struct config_service *service,
                          const struct origin *origin)
{
    for (size_t i = 0; i < service->slot_count; i++) {
        check_slot(&service->slots[i], origin);
        check_header_lines(service, &service->slots[i], origin);
    }
    check_warmup(service, origin);
    check_strip_prefix(service, origin);
    check_evidence(service, origin);
    if (service->slow_start > 0 && service->balance == CONFIG_BALANCE_HASH)
        origin_warning(origin, &service->slow_start, service,
                       "slow_start has no effect with balance = \"hash\", which keeps users where "
                       "they are");
    if (service->https_redirect && !is_peer_trusted(config))
        origin_warning(origin, &service->https_redirect, service,
                       "https_redirect: no listener trusts a peer to say that a request came by "
                       "https, so every request is redirected; add trusted = { … } to a listener");
}

void crosscheck_policy(const struct config *config, const struct origin *origin)
{
    check_all_client_limits(config, origin);
    for (size_t i = 0; i < config->service_count; i++)
        check_service(config, &config->services[i], origin);
}
