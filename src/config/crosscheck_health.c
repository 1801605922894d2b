/*
 * What the options about answers of probes and about ejection ask of each other and of the slots. See
 * crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <stddef.h>
#include <string.h>

#include "base/assertion.h"
#include "config/config.h"
#include "config/origin_priv.h"

/* The first option that looks into the body; NULL: none does. */
static const char *find_body_option(const struct config_health *health, const void **field)
{
    *field = &health->json;
    if (health->json.count > 0)
        return "json";
    *field = &health->timestamp;
    if (health->timestamp != NULL)
        return "timestamp";
    *field = &health->database;
    if (health->database != NULL)
        return "database";
    *field = &health->gauges;
    return health->gauges.count > 0 ? "gauges" : NULL;
}

static void check_body(const struct config_service *service, const struct origin *origin)
{
    const struct config_health *health = &service->health;
    const void *field = NULL;
    const char *name = find_body_option(health, &field);

    if (name != NULL && health->type == CONFIG_PROBE_TCP)
        origin_error(origin, field, service,
                     "health: %s needs an answer, and type = \"tcp\" asks for none; remove one of "
                     "them",
                     name);
    else if (name != NULL && strcmp(health->method, "HEAD") == 0)
        origin_error(origin, field, service,
                     "health: %s needs a body, and the answer to HEAD has none; use method = "
                     "\"GET\"",
                     name);
    if ((health->database_header != NULL || health->database_status.count > 0) &&
        health->type == CONFIG_PROBE_TCP)
        origin_error(origin,
                     health->database_header != NULL ? (const void *)&health->database_header
                                                     : (const void *)&health->database_status,
                     service,
                     "health: an answer is needed to know of a database, and type = \"tcp\" asks "
                     "for none; remove one of them");
    if (health->timestamp == NULL && health->timestamp_skew > 0)
        origin_error(origin, &health->timestamp_skew, service,
                     "health: timestamp_skew has no effect without timestamp; add timestamp = "
                     "\"timestamp\"");
    if (health->timestamp != NULL && health->timestamp_skew == 0)
        origin_error(origin, &health->timestamp, service,
                     "health: timestamp has no effect without timestamp_skew; add timestamp_skew "
                     "= \"30s\"");
}

/* Of one that was parsed before. */
static bool has_version(const char *text)
{
    struct assertion assertion;
    const char *why = NULL;

    return assertion_parse(slice_from(text), &assertion, &why) == 0 && assertion.has_version;
}

static void check_versions(const struct config_service *service, const struct origin *origin)
{
    const struct config_texts *json = &service->health.json;

    for (size_t i = 0; i < json->count; i++)
        for (size_t j = 0; has_version(json->items[i]) && j < service->slot_count; j++)
            if (service->slots[j].version == NULL)
                origin_error(origin, &json->items[i], service,
                             "health: '%s' needs the version of slot '%s', which has none; add "
                             "version = \"v1.0\" to it",
                             json->items[i], service->slots[j].name);
}

static void check_repeats(const struct config_texts *texts, const char *name,
                          const struct config_service *service, const struct origin *origin)
{
    for (size_t i = 0; i < texts->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(texts->items[i], texts->items[j]) == 0)
                origin_error(origin, &texts->items[i], service,
                             "health: %s has '%s' twice; remove one", name, texts->items[i]);
}

static bool is_expected(const struct config_statuses *statuses, uint16_t status)
{
    for (size_t i = 0; i < statuses->count; i++)
        if (status >= statuses->items[i].from && status <= statuses->items[i].to)
            return true;
    return false;
}

/* What is good is asked first, so such a status would never say anything of the database. */
static void check_statuses(const struct config_service *service, const struct origin *origin)
{
    const struct config_statuses *statuses = &service->health.database_status;

    for (size_t i = 0; i < statuses->count; i++)
        if (is_expected(&service->health.status, statuses->items[i].from) ||
            is_expected(&service->health.status, statuses->items[i].to))
            origin_error(origin, &statuses->items[i], service,
                         "health: a status of database_status is in status too, where it says "
                         "that all is well; remove it from one of them");
}

enum { EJECT_TIME_US = 30 * 1000 * 1000, EJECT_MOST = 50 };

static void check_eject(const struct config_service *service, const struct origin *origin)
{
    const struct config_health *health = &service->health;
    const struct config_eject *eject = &health->eject;
    bool is_on = eject->errors > 0 || eject->rate > 0;
    const void *field = eject->errors > 0 ? &eject->errors : &eject->rate;

    if (is_on && !health->enabled)
        origin_error(origin, field, service,
                     "health: eject_errors and eject_rate have no effect with enabled = false; "
                     "remove them");
    /* the defaults may be written out, as a dump does */
    if (!is_on && (eject->time != EJECT_TIME_US || eject->most != EJECT_MOST))
        origin_warning(origin, eject->time != EJECT_TIME_US ? &eject->time : &eject->most, service,
                       "health: eject_time and eject_most have no effect without eject_errors or "
                       "eject_rate");
}

void crosscheck_health(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];

        check_body(service, origin);
        check_versions(service, origin);
        check_repeats(&service->health.json, "json", service, origin);
        check_repeats(&service->health.gauges, "gauges", service, origin);
        check_statuses(service, origin);
        check_eject(service, origin);
    }
}
