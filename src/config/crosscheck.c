/* Checks over the whole tree: see crosscheck_priv.h. */
#include "config/crosscheck_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/option_table_priv.h"
#include "config/origin_priv.h"

static bool is_same_bind(const struct config_bind *a, const struct config_bind *b)
{
    struct address x;
    struct address y;

    if (a->text == NULL || b->text == NULL || address_from_endpoint(&a->endpoint, &x) != ERR_OK ||
        address_from_endpoint(&b->endpoint, &y) != ERR_OK)
        return false;
    if (!address_is_unix(&x) && address_port(&x) == 0)
        return false; /* the kernel chooses two ports */
    return address_is_equal(&x, &y);
}

static void check_tls(const struct config_listener *listener, const struct origin *origin)
{
    const struct config_tls *tls = &listener->tls;

    if (tls->client_verify != CONFIG_VERIFY_OFF && tls->client_ca == NULL)
        origin_error(origin, &tls->client_verify, listener,
                     "listener '%s' checks certificates of clients but knows no authority; add "
                     "client_ca = \"/path/ca.pem\"",
                     listener->name);
    if (tls->client_verify == CONFIG_VERIFY_OFF && tls->client_ca != NULL)
        origin_error(origin, &tls->client_ca, listener,
                     "listener '%s' has a client_ca but asks no client for a certificate; add "
                     "client_verify = \"required\" or \"optional\", or remove it",
                     listener->name);
    if (tls->handshake_burst > 0 && tls->handshake_rate == 0)
        origin_error(origin, &tls->handshake_burst, listener,
                     "handshake_burst of listener '%s' has no effect without handshake_rate; add "
                     "handshake_rate",
                     listener->name);
    if (tls->client_crl != NULL && tls->client_ca == NULL)
        origin_error(origin, &tls->client_crl, listener,
                     "listener '%s' has a client_crl but no client_ca whose lists it could hold; "
                     "add client_ca = \"/path/ca.pem\", or remove it",
                     listener->name);
}

static void check_listeners(const struct config *config, const struct origin *origin)
{
    const struct config_bind *api = &config->api.bind;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];

        for (size_t j = 0; j < i; j++)
            if (is_same_bind(&listener->bind, &config->listeners[j].bind))
                origin_error(origin, &listener->bind, listener,
                             "listeners '%s' and '%s' bind the same address '%s'; change one",
                             config->listeners[j].name, listener->name, listener->bind.text);
        if (is_same_bind(&listener->bind, api))
            origin_error(origin, &listener->bind, listener,
                         "listener '%s' and the api bind the same address '%s'; change one",
                         listener->name, listener->bind.text);
        if (listener->proxy_protocol && listener->trusted.count == 0)
            origin_warning(origin, &listener->proxy_protocol, listener,
                           "listener '%s' requires a PROXY header but trusts no peer to send one; "
                           "add trusted = { … }",
                           listener->name);
        check_tls(listener, origin);
    }
}

static void list_slots(const struct config_service *service, struct text *out)
{
    for (size_t i = 0; i < service->slot_count && i < 8; i++)
        text_add_format(out, "%s%s", i > 0 ? ", " : "", service->slots[i].name);
}

static void refuse_active(const struct config_service *service, const struct origin *origin)
{
    struct text slots;

    text_init(&slots, 1024);
    list_slots(service, &slots);
    origin_error(origin, &service->active_name, service,
                 "active: service '%s' has no slot '%s'; it has %s", service->name,
                 service->active_name, slots.len > 0 ? slots.bytes : "none");
    text_fini(&slots);
}

static void choose_active(struct config_service *service, const struct origin *origin)
{
    for (size_t i = 0; i < service->slot_count; i++) {
        if (service->slots[i].role != CONFIG_ROLE_NONE)
            continue;
        service->active = i;
        service->active_name = mem_text(service->slots[i].name);
        return;
    }
    origin_error(origin, service, NULL,
                 "service '%s' has no slot that may be live; remove the role of one",
                 service->name);
}

static void check_active(struct config_service *service, const struct origin *origin)
{
    if (service->slot_count == 0) {
        origin_error(origin, service, NULL,
                     "service '%s' has no slot; add slot blue { targets = { \"127.0.0.1:5000\" } }",
                     service->name);
        return;
    }
    if (service->active_name == NULL) {
        choose_active(service, origin);
        return;
    }
    for (size_t i = 0; i < service->slot_count; i++) {
        if (strcmp(service->slots[i].name, service->active_name) != 0)
            continue;
        service->active = i;
        if (service->slots[i].role == CONFIG_ROLE_OFF ||
            (service->slots[i].role == CONFIG_ROLE_STAGING && !service->slots[i].allow_live))
            origin_error(origin, &service->active_name, service,
                         "active: slot '%s' has a role and is never live; name another slot or "
                         "remove the role",
                         service->active_name);
        return;
    }
    refuse_active(service, origin);
}

static bool is_same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    struct address x;
    struct address y;

    if (a->port != b->port || a->is_name != b->is_name || a->is_unix != b->is_unix)
        return false;
    if (a->is_name)
        return strcasecmp(a->host, b->host) == 0;
    return address_from_endpoint(a, &x) == ERR_OK && address_from_endpoint(b, &y) == ERR_OK &&
           address_is_equal(&x, &y);
}

static void check_targets(const struct config_slot *slot, const struct origin *origin)
{
    if (slot->targets.count == 0)
        origin_warning(origin, &slot->targets, slot,
                       "slot '%s' has no targets; it can only be used after 'target add'",
                       slot->name);
    for (size_t i = 0; i < slot->targets.count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_same_endpoint(&slot->targets.items[i].endpoint,
                                 &slot->targets.items[j].endpoint))
                origin_error(origin, &slot->targets.items[i], slot,
                             "slot '%s' has target '%s' twice; remove one or give it a weight",
                             slot->name, slot->targets.items[i].text);
}

/* Only what differs from the default can be meant. */
static void warn_unused_probe_options(const struct config_service *service,
                                      const struct origin *origin)
{
    const struct config_health *health = &service->health;
    const char *name = NULL;
    const void *field = NULL;

    if (health->type != CONFIG_PROBE_TCP)
        return;
    if (health->headers.count > 0) {
        name = "headers";
        field = &health->headers;
    } else if (health->host != NULL) {
        name = "host";
        field = &health->host;
    } else if (health->path != NULL && strcmp(health->path, "/health") != 0) {
        name = "path";
        field = &health->path;
    }
    if (name != NULL)
        origin_warning(origin, field, service, "health: %s has no effect with type = \"tcp\"",
                       name);
}

static void check_limits(const struct config_limits *limits, const void *owner,
                         const struct origin *origin)
{
    const void *head = origin_is_known(origin, &limits->head) ? &limits->head : owner;

    if (limits->target > limits->head)
        origin_error(origin, &limits->target, head,
                     "limits: target is larger than head, which contains it; raise head or lower "
                     "target");
}

/* What a service inherits is complained about once, where it is written. */
static void check_all_limits(const struct config *config, const struct origin *origin)
{
    check_limits(&config->limits, NULL, origin);
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];

        if (service->limits.head != config->limits.head ||
            service->limits.target != config->limits.target)
            check_limits(&service->limits, service, origin);
    }
}

static void check_policy(const struct config_service *service, const struct origin *origin)
{
    const struct config_health *health = &service->health;

    if (service->balance != CONFIG_BALANCE_HASH && service->hash.kind != CONFIG_HASH_CLIENT_IP)
        origin_warning(origin, &service->hash, service,
                       "hash has no effect without balance = \"hash\"");
    if (health->enabled && health->timeout >= health->interval)
        origin_warning(
            origin, &health->timeout,
            origin_is_known(origin, &health->interval) ? (const void *)&health->interval
                                                       : (const void *)service,
            "health: the timeout is not below the interval; a target that hangs is found "
            "late");
    warn_unused_probe_options(service, origin);
}

static const char *suggest_service(const struct config *config, const char *name)
{
    const char *best = NULL;
    size_t nearest = 3;

    for (size_t i = 0; i < config->service_count; i++) {
        const char *candidate = config->services[i].name;
        size_t distance = option_table_distance(slice_from(name), slice_from(candidate));

        if (distance < nearest) {
            nearest = distance;
            best = candidate;
        }
    }
    return best;
}

/* The group of each service so far: its index + 1; 0: none. */
static void check_member(const struct config *config, size_t group, size_t member, size_t *group_of,
                         const struct origin *origin)
{
    struct config_group *self = &config->groups[group];
    char *const *name = &self->names.items[member];
    const struct config_service *service = config_find_service(config, slice_from(*name));
    const char *near = NULL;
    size_t index = 0;

    if (service == NULL) {
        near = suggest_service(config, *name);
        origin_error(origin, name, self, "group '%s': there is no service '%s'%s%s%s", self->name,
                     *name, near != NULL ? "; did you mean '" : "; add it or remove the name",
                     near != NULL ? near : "", near != NULL ? "'?" : "");
        return;
    }
    index = (size_t)(service - config->services);
    self->services[member] = index;
    if (group_of[index] == group + 1)
        origin_error(origin, name, self, "group '%s' has service '%s' twice; remove one",
                     self->name, *name);
    else if (group_of[index] > 0)
        origin_error(
            origin, name, self,
            "service '%s' is in group '%s' already; a service switches with one group only", *name,
            config->groups[group_of[index] - 1].name);
    else
        group_of[index] = group + 1;
}

static void check_groups(const struct config *config, const struct origin *origin)
{
    size_t *group_of = mem_zalloc((config->service_count + 1) * sizeof *group_of);

    for (size_t i = 0; i < config->group_count; i++) {
        struct config_group *group = &config->groups[i];

        group->services = mem_zalloc((group->names.count + 1) * sizeof *group->services);
        for (size_t j = 0; j < group->names.count; j++)
            check_member(config, i, j, group_of, origin);
        if (config_find_service(config, slice_from(group->name)) != NULL)
            origin_error(origin, group, NULL,
                         "group '%s' has the name of a service, so a command could mean both; "
                         "rename one",
                         group->name);
    }
    free(group_of);
}

static uint64_t wider(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void set_widest(struct config *config)
{
    config->widest_head_timeout = config->timeouts.head;
    config->widest_limits = config->limits;
    if (config->service_count > 0) { /* every service has its own, inherited or not */
        config->widest_head_timeout = config->services[0].timeouts.head;
        config->widest_limits = config->services[0].limits;
    }
    for (size_t i = 1; i < config->service_count; i++) {
        const struct config_limits *limits = &config->services[i].limits;
        struct config_limits *widest = &config->widest_limits;

        config->widest_head_timeout =
            wider(config->widest_head_timeout, config->services[i].timeouts.head);
        widest->head = wider(widest->head, limits->head);
        widest->fields = wider(widest->fields, limits->fields);
        widest->target = wider(widest->target, limits->target);
        if (widest->body != 0)
            widest->body = limits->body == 0 ? 0 : wider(widest->body, limits->body);
    }
}

void crosscheck_config(struct config *config, const struct origin *origin)
{
    if (config->listener_count == 0)
        origin_error(origin, NULL, NULL,
                     "no listener; add listener http { bind = \"127.0.0.1:8080\" }");
    if (config->service_count == 0)
        origin_error(
            origin, NULL, NULL,
            "no service; add service shop { slot blue { targets = { \"127.0.0.1:5000\" } } }");
    check_listeners(config, origin);
    for (size_t i = 0; i < config->service_count; i++) {
        struct config_service *service = &config->services[i];

        check_active(service, origin);
        for (size_t j = 0; j < service->slot_count; j++)
            check_targets(&service->slots[j], origin);
        check_policy(service, origin);
    }
    check_all_limits(config, origin);
    check_groups(config, origin);
    crosscheck_route(config, origin);
    crosscheck_steering(config, origin);
    crosscheck_policy(config, origin);
    crosscheck_tls(config, origin);
    crosscheck_api(config, origin);
    crosscheck_rollout(config, origin);
    crosscheck_action(config, origin);
    crosscheck_event(config, origin);
    crosscheck_signal(config, origin);
    crosscheck_health(config, origin);
    crosscheck_judgement(config, origin);
    crosscheck_database(config, origin);
    set_widest(config);
}
