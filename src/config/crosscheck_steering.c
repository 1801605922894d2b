/*
 * What decides where a request goes besides the active slot: tenants, canary, preview, chain. See
 * crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "config/origin_priv.h"

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_key(const struct config_key *a, const struct config_key *b)
{
    return a->kind == b->kind && is_same_text(a->name, b->name);
}

/* The default asks for the tenant first; without tenants that is nothing. */
static void check_tenant_key(struct config_service *service, const struct origin *origin)
{
    struct config_keys *keys = &service->canary.key;
    size_t count = 0;

    for (size_t i = 0; i < keys->count && service->tenant.from.count == 0; i++)
        if (keys->items[i].kind == CONFIG_KEY_TENANT && origin_is_known(origin, keys))
            origin_error(origin, &keys->items[i], keys,
                         "key: service '%s' knows no tenants; add tenant { from = { … } } or "
                         "remove \"tenant\"",
                         service->name);
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].kind != CONFIG_KEY_TENANT || service->tenant.from.count > 0)
            keys->items[count++] = keys->items[i];
    keys->count = count;
}

static void check_keys(const struct config_service *service, const struct origin *origin)
{
    const struct config_keys *keys = &service->canary.key;

    for (size_t i = 0; i < keys->count; i++) {
        for (size_t j = 0; j < i; j++)
            if (is_same_key(&keys->items[i], &keys->items[j]))
                origin_error(origin, &keys->items[i], keys,
                             "key: this one is given twice; remove one");
        if (i > 0 && keys->items[i - 1].kind == CONFIG_KEY_CLIENT_IP)
            origin_warning(origin, &keys->items[i], keys,
                           "key: every request has a client address, so what follows "
                           "\"client-ip\" is never asked");
    }
}

static void check_own_cookie(const struct config_service *service, const struct origin *origin)
{
    const struct config_canary *canary = &service->canary;
    const char *shared = service->preview.cookie;

    for (size_t i = 0; i < canary->key.count; i++) {
        if (canary->key.items[i].kind != CONFIG_KEY_OWN_COOKIE)
            continue;
        if (canary->secret == NULL)
            origin_error(origin, &canary->key.items[i], &canary->key,
                         "key: \"own-cookie\" needs a secret that seals it; add secret = "
                         "\"${NAME}\" of at least 16 bytes");
        if (shared != NULL && strcmp(shared, canary->cookie) == 0)
            origin_error(origin, &service->preview.cookie, &canary->cookie,
                         "cookie: canary and preview use the same cookie '%s'; rename one", shared);
        return;
    }
    if (canary->secret != NULL)
        origin_warning(origin, &canary->secret, canary,
                       "secret has no effect without \"own-cookie\" among the keys");
}

static void check_steps(const struct config_service *service, const struct origin *origin)
{
    const struct config_shares *steps = &service->canary.steps;

    for (size_t i = 1; i < steps->count; i++)
        if (steps->items[i] <= steps->items[i - 1])
            origin_error(origin, &steps->items[i], steps,
                         "steps: each share must be above the one before it; put them in order");
}

static void check_preview(const struct config_service *service, const struct origin *origin)
{
    const struct config_preview *preview = &service->preview;

    if (!origin_has_block(origin, preview))
        return;
    if (preview->header == NULL && preview->cookie == NULL)
        origin_error(origin, NULL, preview,
                     "preview: neither header nor cookie; name one, or remove the block");
    if (preview->secret == NULL && preview->from.count == 0)
        origin_error(origin, NULL, preview,
                     "preview: neither secret nor from, so that everybody could reach every slot; "
                     "add one of them");
    if (preview->secret != NULL && strpbrk(preview->secret, " ;,:") != NULL)
        origin_error(origin, &preview->secret, preview,
                     "preview: a blank, ';', ',' or ':' in the secret, which a cookie cannot "
                     "carry; use letters and digits");
}

static bool is_rule_for(const char *rule, const char *name)
{
    size_t len = strcspn(rule, ":");

    return len == strlen(name) && strncasecmp(rule, name, len) == 0;
}

static void refuse_rules_for(const struct config_texts *rules, const char *name,
                             const struct origin *origin)
{
    for (size_t i = 0; i < rules->count; i++)
        if (is_rule_for(rules->items[i], name))
            origin_error(origin, &rules->items[i], rules,
                         "headers: '%s' is the header of the group's chain; remove this rule",
                         name);
}

static void refuse_request_rules_for(const struct config_headers *headers, const char *name,
                                     const struct origin *origin)
{
    refuse_rules_for(&headers->request_set, name, origin);
    refuse_rules_for(&headers->request_add, name, origin);
    refuse_rules_for(&headers->request_remove, name, origin);
}

static void check_chain(const struct config *config, const struct config_group *group,
                        const struct origin *origin)
{
    const struct config_chain *chain = &group->chain;

    if (chain->header == NULL)
        return;
    if (chain->secret == NULL && chain->from.count == 0)
        origin_error(origin, NULL, chain,
                     "chain: neither secret nor from, so that every client could choose its slot; "
                     "add one of them");
    for (size_t i = 0; i < group->names.count; i++) {
        const struct config_service *service =
            config_find_service(config, slice_from(group->names.items[i]));

        if (service == NULL)
            continue;
        refuse_request_rules_for(&service->headers, chain->header, origin);
        for (size_t j = 0; j < service->slot_count; j++)
            refuse_request_rules_for(&service->slots[j].headers, chain->header, origin);
    }
}

static bool has_same_sources(const struct config_tenant *a, const struct config_tenant *b)
{
    if (a->from.count != b->from.count)
        return false;
    for (size_t i = 0; i < a->from.count; i++) {
        const struct config_tenant_source *x = &a->from.items[i];
        const struct config_tenant_source *y = &b->from.items[i];

        if (x->kind != y->kind || x->index != y->index || !is_same_text(x->name, y->name))
            return false;
    }
    return true;
}

static bool has_same_pins(const struct config_tenant *a, const struct config_tenant *b)
{
    return is_same_text(a->pins.file, b->pins.file) && a->pins.hash == b->pins.hash;
}

/* A tenant is pinned in all services of a group at once, so they must agree on who that is. */
static void check_group_tenants(const struct config *config, const struct config_group *group,
                                const struct origin *origin)
{
    const struct config_service *first = NULL;

    for (size_t i = 0; i < group->names.count; i++) {
        const struct config_service *service =
            config_find_service(config, slice_from(group->names.items[i]));

        if (service == NULL || service == first)
            continue;
        if (first == NULL) {
            first = service;
        } else if (!has_same_sources(&first->tenant, &service->tenant)) {
            origin_error(origin, &service->tenant.from, service,
                         "tenant: from is not that of service '%s', but group '%s' shares its "
                         "tenants; write the same list",
                         first->name, group->name);
        } else if (!has_same_pins(&first->tenant, &service->tenant)) {
            origin_error(origin, &service->tenant.pins.file, service,
                         "tenant: pins is not that of service '%s', but group '%s' shares its "
                         "pins; name the same file",
                         first->name, group->name);
        }
    }
}

void crosscheck_steering(struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++) {
        struct config_service *service = &config->services[i];

        check_tenant_key(service, origin);
        check_keys(service, origin);
        check_own_cookie(service, origin);
        check_steps(service, origin);
        check_preview(service, origin);
        if (service->tenant.pins.file != NULL && service->tenant.from.count == 0)
            origin_error(origin, &service->tenant.pins.file, service,
                         "tenant: pins has no effect without from; add from = { \"header:NAME\" }");
    }
    for (size_t i = 0; i < config->group_count; i++) {
        check_chain(config, &config->groups[i], origin);
        check_group_tenants(config, &config->groups[i], origin);
    }
}
