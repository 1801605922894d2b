/*
 * Roles and keys: names that exist, keys that can be told apart, values that mean one role. Files of keys are read where
 * they are used. See crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <string.h>

#include "config/config.h"
#include "config/origin_priv.h"

static const char kid_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static const char *kid_of(const struct config_api_key *key)
{
    return key->kid != NULL ? key->kid : key->name;
}

static void check_keys(const struct config_api *api, const struct origin *origin)
{
    for (size_t i = 0; i < api->key_count; i++) {
        const struct config_api_key *key = &api->keys[i];
        const char *kid = kid_of(key);

        if (kid[strspn(kid, kid_letters)] != '\0')
            origin_error(origin, &key->kid, key,
                         "kid: '%s' has other signs than letters, digits, '-', '_' and '.'; no "
                         "token with it would be looked at",
                         kid);
        for (size_t j = 0; j < i; j++)
            if (strcmp(kid_of(&api->keys[j]), kid) == 0)
                origin_error(origin, &key->kid, key,
                             "keys '%s' and '%s' have the same kid '%s'; change one",
                             api->keys[j].name, key->name, kid);
    }
}

struct role_values {
    const char *role;
    const struct config_texts *values;
};

static void check_values(const struct config_api_roles *roles, const struct origin *origin)
{
    const struct role_values all[] = { { "viewer", &roles->viewer },
                                       { "deployer", &roles->deployer },
                                       {
                                           "operator",
                                           &roles->operator},
                                           { "admin", &roles->admin },
    };
    const size_t count = sizeof all / sizeof all[0];

    for (size_t i = 0; i < count * count; i++) {
        const struct role_values *a = &all[i / count];
        const struct role_values *b = &all[i % count];

        for (size_t j = 0; a < b && j < a->values->count * b->values->count; j++) {
            const char *value = b->values->items[j % b->values->count];

            if (strcmp(a->values->items[j / b->values->count], value) == 0)
                origin_error(origin, b->values, roles,
                             "%s: '%s' stands for %s as well; remove one of the two", b->role,
                             value, a->role);
        }
    }
}

static bool is_known(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0)
            return true;
    return config_find_service(config, slice_from(name)) != NULL;
}

static void check_admin(const struct config *config, const struct origin *origin)
{
    const struct config_admin *admin = &config->admin;
    const struct config_texts *services = &admin->deployer_services;

    if (admin->deployers != NULL && services->count == 0)
        origin_error(origin, &admin->deployers, admin,
                     "deployers: group '%s' would deploy nothing; add deployer_services = { "
                     "\"NAME\" }",
                     admin->deployers);
    if (admin->deployers == NULL && services->count > 0)
        origin_error(origin, services, admin,
                     "deployer_services: nobody is a deployer; add deployers = \"GROUP\" or remove "
                     "it");
    for (size_t i = 0; i < services->count; i++)
        if (!is_known(config, services->items[i]))
            origin_error(origin, services, admin,
                         "deployer_services: there is no service or group '%s'; see the names of "
                         "the blocks service and group",
                         services->items[i]);
}

static bool is_loopback(const struct endpoint *endpoint)
{
    return endpoint->is_unix || strncmp(endpoint->host, "127.", 4) == 0 ||
           strcmp(endpoint->host, "::1") == 0;
}

static void check_bind(const struct config_api *api, const struct origin *origin)
{
    if (api->bind.text == NULL || is_loopback(&api->bind.endpoint))
        return;
    origin_warning(origin, &api->bind, NULL,
                   "the api on '%s' can be reached from other machines and is not encrypted: who "
                   "reads a token on the way can use it; bind it to 127.0.0.1",
                   api->bind.text);
    if (api->anonymous == CONFIG_ANONYMOUS_VIEWER)
        origin_warning(origin, &api->anonymous, api,
                       "anonymous: everybody who reaches '%s' may read; \"local\" asks others for "
                       "a token",
                       api->bind.text);
}

void crosscheck_api(const struct config *config, const struct origin *origin)
{
    check_bind(&config->api, origin);
    check_keys(&config->api, origin);
    check_values(&config->api.roles, origin);
    check_admin(config, origin);
}
