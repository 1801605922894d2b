/* Gates and rollouts: profiles that must exist, hooks that must be programs. See crosscheck_priv.h. */
#include "config/crosscheck_priv.h"

#include <string.h>

#include "base/field_claim.h"
#include "base/pattern.h"
#include "config/config.h"
#include "config/origin_priv.h"

/* Steps are in hundredths of a percent, a holdback in millionths. */
enum { SHARE_WHOLE = 10000, SHARE_MILLIONTHS = 100 };

/* The three that are always there. */
static bool find_fixed(const struct config_rollout *rollout, const char *profile, uint64_t *us)
{
    const struct {
        const char *name;
        uint64_t us;
    } fixed[] = {
        { "minor", rollout->watch_minor },
        { "major", rollout->watch_major },
        { "breaking", rollout->watch_breaking },
    };

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strcmp(fixed[i].name, profile) == 0) {
            *us = fixed[i].us;
            return true;
        }
    return false;
}

bool config_find_watch(const struct config_rollout *rollout, const char *profile, uint64_t *us)
{
    if (find_fixed(rollout, profile, us))
        return true;
    for (size_t i = 0; i < rollout->profile_count; i++)
        if (strcmp(rollout->profiles[i].name, profile) == 0) {
            *us = rollout->profiles[i].watch;
            return true;
        }
    return false;
}

static void check_hook(const char *option, char *const *hook, const struct config_service *service,
                       const struct origin *origin)
{
    if (*hook != NULL && (*hook)[0] != '/')
        origin_error(origin, hook, service,
                     "%s: '%s' does not begin with an absolute path; write the whole path of the "
                     "program",
                     option, *hook);
}

static void check_profiles(const struct config_service *service, const struct origin *origin)
{
    const struct config_rollout *rollout = &service->rollout;
    uint64_t us = 0;

    for (size_t i = 0; i < rollout->profile_count; i++)
        if (find_fixed(rollout, rollout->profiles[i].name, &us))
            origin_error(origin, &rollout->profiles[i], service,
                         "profile '%s' is always there; set watch_%s, or choose another name",
                         rollout->profiles[i].name, rollout->profiles[i].name);
    if (!config_find_watch(rollout, rollout->default_profile, &us))
        origin_error(origin, &rollout->default_profile, service,
                     "default_profile: service '%s' has no profile '%s'; add a block profile '%s', "
                     "or use minor, major or breaking",
                     service->name, rollout->default_profile, rollout->default_profile);
}

bool config_is_in_front(const struct config_service *service, const char *path)
{
    for (size_t i = 0; i < service->paths.count; i++) {
        const char *prefix = service->paths.items[i];
        size_t len = strlen(prefix);

        if (strncmp(path, prefix, len) == 0 &&
            (prefix[len - 1] == '/' || path[len] == '\0' || path[len] == '/' || path[len] == '?'))
            return true;
    }
    return false;
}

static void check_claims(const struct config_service *service, const struct origin *origin)
{
    const struct config_rollout *rollout = &service->rollout;
    struct field_claim claim;
    const char *why = NULL;

    for (size_t i = 0; i < rollout->selfprobe_header.count; i++)
        if (field_claim_parse(rollout->selfprobe_header.items[i], &claim, &why) != 0)
            origin_error(origin, &rollout->selfprobe_header, service,
                         "selfprobe_header: '%s': %s; write \"Name\", \"Name=value\", "
                         "\"Name!=value\" or \"Name~pattern\"",
                         rollout->selfprobe_header.items[i], why);
    for (size_t i = 0; i < rollout->selfprobe_body.count; i++) {
        const char *pattern = rollout->selfprobe_body.items[i];

        if (pattern_check(pattern + (pattern[0] == '!'), &why) != 0)
            origin_error(origin, &rollout->selfprobe_body, service,
                         "selfprobe_body: '%s': %s; write \"pattern\" or \"!pattern\"", pattern,
                         why);
    }
    if (rollout->selfprobe_path == NULL && rollout->selfprobe_header.count > 0)
        origin_error(origin, &rollout->selfprobe_header, service,
                     "selfprobe_header has no effect without selfprobe_path; add selfprobe_path");
    if (rollout->selfprobe_path == NULL && rollout->selfprobe_body.count > 0)
        origin_error(origin, &rollout->selfprobe_body, service,
                     "selfprobe_body has no effect without selfprobe_path; add selfprobe_path");
}

static void check_selfprobe(const struct config_service *service, const struct origin *origin)
{
    const struct config_rollout *rollout = &service->rollout;

    check_claims(service, origin);
    if (rollout->selfprobe_json.count > 0 && rollout->selfprobe_path == NULL)
        origin_error(origin, &rollout->selfprobe_json, service,
                     "selfprobe_json has no effect without selfprobe_path; add selfprobe_path, or "
                     "use json of health");
    if (rollout->selfprobe_path != NULL && !config_is_in_front(service, rollout->selfprobe_path))
        origin_error(origin, &rollout->selfprobe_path, service,
                     "selfprobe_path: '%s' is under no path of service '%s', so it would reach "
                     "another one",
                     rollout->selfprobe_path, service->name);
}

/* Whoever was moved to the new slot stays there. */
static void check_holdback(const struct config_service *service, const struct origin *origin)
{
    uint64_t most = SHARE_WHOLE - service->rollout.holdback / SHARE_MILLIONTHS;

    if (service->rollout.holdback % SHARE_MILLIONTHS != 0)
        origin_error(origin, &service->rollout.holdback, service,
                     "holdback: shares of users have at most two decimals, as in 0.25%%");
    for (size_t i = 0; i < service->canary.steps.count; i++)
        if (service->canary.steps.items[i] > most && service->canary.steps.items[i] < SHARE_WHOLE)
            origin_error(origin, &service->rollout.holdback, service,
                         "holdback: a step of canary { steps } leaves fewer users on the old slot, "
                         "so some would go back; make holdback smaller, or leave out the step");
}

static void check_checklist(const struct config_service *service, const struct origin *origin)
{
    const struct config_texts *items = &service->gate.checklist;

    for (size_t i = 1; i < items->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(items->items[i], items->items[j]) == 0)
                origin_error(origin, &service->gate.checklist, service,
                             "checklist: '%s' is there twice; remove one", items->items[i]);
}

void crosscheck_rollout(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];
        const struct config_rollout *rollout = &service->rollout;

        check_profiles(service, origin);
        check_selfprobe(service, origin);
        check_checklist(service, origin);
        check_holdback(service, origin);
        check_hook("hook_start", &rollout->hook_start, service, origin);
        check_hook("hook_cutover", &rollout->hook_cutover, service, origin);
        check_hook("hook_settled", &rollout->hook_settled, service, origin);
        check_hook("hook_failed", &rollout->hook_failed, service, origin);
    }
}
