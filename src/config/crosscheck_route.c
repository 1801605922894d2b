/*
 * Routes that no request can reach: a host and path prefix that two services claim, or a slot's own
 * host that something else claims. See crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/origin_priv.h"
#include "config/report.h"

#define CLAIMS_MAX 1000000u

struct claim {
    const char *host; /* "": every host */
    const char *path;
    const struct config_service *service;
    const struct config_slot *slot; /* NULL: of the service */
    const void *part;               /* where it is written */
    size_t order;
};

struct claims {
    struct claim *items;
    size_t count;
};

static void add_claim(struct claims *claims, struct claim claim)
{
    claim.order = claims->count;
    claims->items[claims->count++] = claim;
}

static void add_paths(struct claims *claims, struct claim claim)
{
    const struct config_texts *paths = &claim.service->paths;

    for (size_t i = 0; i < paths->count; i++) {
        struct claim one = claim;

        one.path = paths->items[i];
        if (one.part == NULL)
            one.part = &paths->items[i];
        add_claim(claims, one);
    }
}

static void add_service(struct claims *claims, const struct config_service *service)
{
    struct claim claim = { .host = "", .service = service };

    if (service->hosts.count == 0)
        add_paths(claims, claim);
    for (size_t i = 0; i < service->hosts.count; i++) {
        claim.host = service->hosts.items[i];
        claim.part = &service->hosts.items[i];
        add_paths(claims, claim);
    }
    for (size_t i = 0; i < service->slot_count; i++) {
        claim.slot = &service->slots[i];
        for (size_t j = 0; j < claim.slot->hosts.count; j++) {
            claim.host = claim.slot->hosts.items[j];
            claim.part = &claim.slot->hosts.items[j];
            add_paths(claims, claim);
        }
    }
}

static size_t count_claims(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];
        size_t hosts = service->hosts.count > 0 ? service->hosts.count : 1;

        for (size_t j = 0; j < service->slot_count; j++)
            hosts += service->slots[j].hosts.count;
        count += hosts * service->paths.count;
        if (count > CLAIMS_MAX)
            break;
    }
    return count;
}

static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left;
    const struct claim *b = right;
    int order = strcmp(a->host, b->host);

    if (order == 0)
        order = strcmp(a->path, b->path);
    if (order != 0)
        return order;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void describe(const struct claim *claim, char *out, size_t capacity)
{
    if (claim->slot != NULL)
        snprintf(out, capacity, "slot '%s' of service '%s'", claim->slot->name,
                 claim->service->name);
    else
        snprintf(out, capacity, "service '%s'", claim->service->name);
}

static void refuse_second(const struct claim *first, const struct claim *second,
                          const struct origin *origin)
{
    char owner[192];
    char loser[192];

    describe(first, owner, sizeof owner);
    describe(second, loser, sizeof loser);
    origin_error(
        origin, second->part,
        second->slot != NULL ? (const void *)second->slot : (const void *)second->service,
        "%s%s%s with path '%s' belongs to %s already; %s would never get it, so change its "
        "hosts or paths",
        first->host[0] != '\0' ? "host '" : "every host", first->host,
        first->host[0] != '\0' ? "'" : "", first->path, owner, loser);
}

void crosscheck_route(const struct config *config, const struct origin *origin)
{
    struct claims claims = { .count = count_claims(config) };

    if (claims.count > CLAIMS_MAX) {
        origin_error(origin, NULL, NULL,
                     "more than %u pairs of hosts and paths; use fewer paths per service",
                     CLAIMS_MAX);
        return;
    }
    claims.items = mem_zalloc((claims.count + 1) * sizeof *claims.items);
    claims.count = 0;
    for (size_t i = 0; i < config->service_count; i++)
        add_service(&claims, &config->services[i]);
    if (claims.count > 1)
        qsort(claims.items, claims.count, sizeof *claims.items, compare_claims);
    for (size_t i = 1; i < claims.count && !report_is_full(origin->scan->report); i++) {
        const struct claim *first = &claims.items[i - 1];
        const struct claim *second = &claims.items[i];

        if (strcmp(first->host, second->host) == 0 && strcmp(first->path, second->path) == 0)
            refuse_second(first, second, origin);
    }
    free(claims.items);
}
