/* Guards and rules: what can never fire, or contradicts another number. See crosscheck_priv.h. */
#include "config/crosscheck_priv.h"

#include "config/config.h"
#include "config/judgement.h"
#include "config/origin_priv.h"

/* Requests that a slot would have to get in a second; more than a machine can. */
enum { RATE_MAX = 10 * 1000 * 1000 };

static void check_window(const char *limit, const struct config_guard_window *window,
                         const struct config_service *service, const struct origin *origin)
{
    if (window->time % 1000000 != 0)
        origin_error(origin, &window->time, &service->guard,
                     "guard: %s_window of service '%s' must be whole seconds", limit,
                     service->name);
    if (window->errors > window->requests)
        origin_error(origin, &window->errors, &window->requests,
                     "guard: %s_errors of service '%s' is more than %s_requests, which then has no "
                     "effect; lower one or raise the other",
                     limit, service->name, limit);
    if (window->requests > window->time / 1000000 * RATE_MAX)
        origin_error(origin, &window->requests, &window->time,
                     "guard: %s_requests of service '%s' is more than %s_window can hold; lower it",
                     limit, service->name, limit);
}

static void check_levels(const struct config_service *service, const struct origin *origin)
{
    const struct config_guard *guard = &service->guard;

    if (guard->critical_errors != 0 && guard->warn_errors > guard->critical_errors)
        origin_error(origin, &guard->warn_errors, &guard->critical_errors,
                     "guard: warn_errors of service '%s' is above critical_errors; lower it",
                     service->name);
    if (guard->critical_latency != 0 && guard->warn_latency > guard->critical_latency)
        origin_error(origin, &guard->warn_latency, &guard->critical_latency,
                     "guard: warn_latency of service '%s' is above critical_latency; lower it",
                     service->name);
    if (guard->latency_increase != 0 && guard->latency_increase <= 1000000)
        origin_error(origin, &guard->latency_increase, guard,
                     "guard: latency_increase of service '%s' is no increase; write \"x1.5\", or "
                     "\"off\"",
                     service->name);
}

static bool is_too_slow(uint64_t tick, uint64_t sustain)
{
    return tick > sustain / 3;
}

static void check_sustain(const struct config_service *service, const char *name,
                          const uint64_t *sustain, const struct origin *origin)
{
    const struct config_rules *rules = &service->evidence.rules;

    if (is_too_slow(rules->tick, *sustain))
        origin_error(origin, &rules->tick, sustain,
                     "evidence: tick of service '%s' is more than a third of %s, so the rule "
                     "behind it cannot decide in time; lower tick or raise %s",
                     service->name, name, name);
}

static void check_rules(const struct config_service *service, const struct origin *origin)
{
    const struct config_rules *rules = &service->evidence.rules;

    check_sustain(service, "gross_sustain", &rules->gross_sustain, origin);
    check_sustain(service, "error_sustain", &rules->error_sustain, origin);
    check_sustain(service, "latency_sustain", &rules->latency_sustain, origin);
    check_sustain(service, "latency_gross_sustain", &rules->latency_gross_sustain, origin);
    if (rules->max_dwell < rules->min_dwell)
        origin_error(origin, &rules->max_dwell, &rules->min_dwell,
                     "evidence: max_dwell of service '%s' is below min_dwell; raise it",
                     service->name);
    if (rules->latency_gross_tolerance < rules->latency_tolerance)
        origin_error(origin, &rules->latency_gross_tolerance, &rules->latency_tolerance,
                     "evidence: latency_gross_tolerance of service '%s' is below "
                     "latency_tolerance; raise it",
                     service->name);
}

/* What only the judgement itself can say; at the block. */
static void check_all(const struct config_service *service, const struct origin *origin)
{
    struct settings settings;
    char words[SETTINGS_WORDS] = "";

    judgement_settings(service, &settings);
    if (settings_check(&settings, words) != 0)
        origin_error(origin, &service->evidence, service, "service '%s': %s", service->name, words);
}

void crosscheck_judgement(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];
        const struct config_guard *guard = &service->guard;

        check_window("error", &guard->error, service, origin);
        check_window("mean", &guard->mean, service, origin);
        check_window("increase", &guard->increase, service, origin);
        check_window("slow", &guard->slow, service, origin);
        check_levels(service, origin);
        check_rules(service, origin);
        check_all(service, origin);
    }
}
