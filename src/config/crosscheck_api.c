/*
 * Roles and keys: names that exist, keys and subjects that can be told apart, values that mean one role. Files of keys and
 * certificates are read where they are used. See crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <ctype.h>
#include <string.h>

#include "config/config.h"
#include "config/origin_priv.h"

/* What fits into a scope, a blank behind each name. */
enum { SCOPE_BYTES = 500 };

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

static bool has_tls(const struct config_api *api)
{
    return api->tls.certificates.count > 0;
}

static void check_tls(const struct config_api *api, const struct origin *origin)
{
    const struct config_tls *tls = &api->tls;

    if (!has_tls(api))
        return;
    if (api->bind.text == NULL)
        origin_warning(origin, tls, api, "tls has no effect without api { bind = \"ADDRESS\" }");
    else if (api->bind.endpoint.is_unix)
        origin_error(origin, tls, api,
                     "tls: '%s' does not leave the machine, and the kernel says who asks there; "
                     "remove the block tls, or bind the api to an address",
                     api->bind.text);
    if (tls->client_verify != CONFIG_VERIFY_OFF && tls->client_ca == NULL)
        origin_error(origin, &tls->client_verify, api,
                     "the api checks certificates of clients but knows no authority; add client_ca "
                     "= \"/path/ca.pem\"");
    if (tls->client_verify == CONFIG_VERIFY_OFF && tls->client_ca != NULL)
        origin_error(origin, &tls->client_ca, api,
                     "the api has a client_ca but asks no client for a certificate; add "
                     "client_verify = \"optional\" or \"required\", or remove it");
    if (tls->client_crl != NULL && tls->client_ca == NULL)
        origin_error(origin, &tls->client_crl, api,
                     "the api has a client_crl but no client_ca whose lists it could hold; add "
                     "client_ca = \"/path/ca.pem\", or remove it");
}

/* Two digits for each of 32 bytes, and colons between all of them or none. */
static bool is_fingerprint(const char *text)
{
    size_t step = strlen(text) == 95 ? 3 : 2;

    if (strlen(text) != 31 * step + 2)
        return false;
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool is_colon = step == 3 && i % 3 == 2;

        if (is_colon ? text[i] != ':' : isxdigit((unsigned char)text[i]) == 0)
            return false;
    }
    return true;
}

static int to_lower(char c)
{
    return tolower((unsigned char)c);
}

static bool is_same_digits(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (to_lower(*a) != to_lower(*b))
            return false;
        a += a[1] == ':' ? 2 : 1;
        b += b[1] == ':' ? 2 : 1;
    }
    return *a == *b;
}

/* Of two that a certificate could be both, the second would never count. */
static bool is_same_subject(const struct config_api_subject *a, const struct config_api_subject *b)
{
    if ((a->sha256 == NULL) != (b->sha256 == NULL))
        return false;
    if (a->sha256 != NULL)
        return is_same_digits(a->sha256, b->sha256);
    return a->dn != NULL && b->dn != NULL && strcmp(a->dn, b->dn) == 0;
}

static void check_scope(const struct config *config, const struct config_api_subject *subject,
                        const struct origin *origin)
{
    bool is_deployer = subject->role == CONFIG_API_DEPLOYER;
    size_t len = 0;

    if (is_deployer && subject->services.count == 0)
        origin_error(origin, &subject->role, subject,
                     "subject '%s' would deploy nothing; add services = { \"NAME\" }",
                     subject->name);
    if (!is_deployer && subject->services.count > 0)
        origin_error(origin, &subject->services, subject,
                     "services: subject '%s' is no deployer, and its role holds for all; remove "
                     "services, or make it a deployer",
                     subject->name);
    for (size_t i = 0; i < subject->services.count; i++) {
        len += strlen(subject->services.items[i]) + 1;
        if (!is_known(config, subject->services.items[i]))
            origin_error(origin, &subject->services, subject,
                         "services: there is no service or group '%s'; see the names of the blocks "
                         "service and group",
                         subject->services.items[i]);
    }
    if (len > SCOPE_BYTES)
        origin_error(origin, &subject->services, subject,
                     "services: the names of subject '%s' are longer than %d bytes together; name "
                     "a group in place of its services",
                     subject->name, SCOPE_BYTES);
}

static void check_subjects(const struct config *config, const struct origin *origin)
{
    const struct config_api *api = &config->api;

    for (size_t i = 0; i < api->subject_count; i++) {
        const struct config_api_subject *subject = &api->subjects[i];

        if (subject->dn == NULL && subject->sha256 == NULL)
            origin_error(origin, subject, NULL,
                         "subject '%s' names no certificate; add dn = \"CN=…\" or sha256 = \"…\"",
                         subject->name);
        if (subject->sha256 != NULL && !is_fingerprint(subject->sha256))
            origin_error(
                origin, &subject->sha256, subject,
                "sha256: '%s' is no fingerprint of 64 hexadecimal digits; see openssl x509 "
                "-noout -fingerprint -sha256",
                subject->sha256);
        check_scope(config, subject, origin);
        for (size_t j = 0; j < i; j++)
            if (is_same_subject(&api->subjects[j], subject))
                origin_error(origin, subject, NULL,
                             "subjects '%s' and '%s' are the same certificate; remove one",
                             api->subjects[j].name, subject->name);
    }
    if (api->subject_count > 0 && api->tls.client_verify == CONFIG_VERIFY_OFF)
        origin_error(origin, &api->subjects[0], NULL,
                     "subject '%s' is never met: no client is asked for a certificate; add tls { … "
                     "client_ca = \"/path/ca.pem\" client_verify = \"optional\" } to the block api",
                     api->subjects[0].name);
}

static void check_bind(const struct config_api *api, const struct origin *origin)
{
    if (api->bind.text == NULL || is_loopback(&api->bind.endpoint))
        return;
    if (!has_tls(api))
        origin_warning(
            origin, &api->bind, NULL,
            "the api on '%s' can be reached from other machines and is not encrypted: who "
            "reads a token on the way can use it; bind it to 127.0.0.1, or add tls { … }",
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
    check_tls(&config->api, origin);
    check_keys(&config->api, origin);
    check_values(&config->api.roles, origin);
    check_subjects(config, origin);
    check_admin(config, origin);
}
