/* Words for events: see event_face_priv.h. */
#include "control/event_face_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/strict_json.h"
#include "config/config.h"

const char *event_face_severity(enum config_severity severity)
{
    switch (severity) {
    case CONFIG_SEVERITY_INFO: return "info";
    case CONFIG_SEVERITY_WARN: return "warn";
    case CONFIG_SEVERITY_CRITICAL: return "critical";
    }
    return "";
}

/* A member as text, "" when it is not there. */
static const char *fact(const struct event_face *face, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(face->json, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static bool is_end_of_rollout(const char *phase)
{
    return is(phase, "settled") || is(phase, "rolled-back") || is(phase, "aborted") ||
           is(phase, "refused");
}

static const char *word_of_change(const char *change)
{
    if (is(change, "switch"))
        return "switch";
    if (is(change, "rollback"))
        return "rollback";
    return strncmp(change, "canary-", 7) == 0 ? "canary" : "change";
}

static const char *word_of(const struct event_face *face)
{
    if (is(face->kind, "change"))
        return word_of_change(fact(face, "change"));
    if (is(face->kind, "rollout"))
        return is_end_of_rollout(fact(face, "target")) ? "rollout-end" : "rollout";
    for (unsigned i = 0; config_event_words[i] != NULL; i++)
        if (is(config_event_words[i], face->kind))
            return config_event_words[i];
    return "test";
}

static enum config_severity severity_of(const struct event_face *face)
{
    const char *given = fact(face, "severity");
    const char *outcome = fact(face, "outcome");

    if (is(given, "critical") || is(outcome, "failed"))
        return CONFIG_SEVERITY_CRITICAL;
    if (is(given, "warn") || is(face->word, "rollback") || is(fact(face, "is"), "down") ||
        is(fact(face, "target"), "rolled-back") || is(outcome, "reverted"))
        return CONFIG_SEVERITY_WARN;
    return CONFIG_SEVERITY_INFO;
}

/* ", because REASON", or nothing. */
static void add_because(char *text, size_t size, const char *reason)
{
    size_t len = strlen(text);

    if (reason[0] != '\0')
        snprintf(text + len, size - len, ", because %s", reason);
}

static void tell_change(struct event_face *face, const char *whom)
{
    const char *to = fact(face, "to");
    const char *gate = fact(face, "gate");
    const char *trigger = fact(face, "trigger");

    snprintf(face->title, sizeof face->title, "%s: %s%s%s %s", whom, fact(face, "change"),
             to[0] != '\0' ? " to " : "", to, fact(face, "outcome"));
    snprintf(face->text, sizeof face->text, "%s%s%s by %s%s%s%s%s", fact(face, "from"),
             to[0] != '\0' ? " -> " : "", to, fact(face, "actor"),
             trigger[0] != '\0' ? ", asked for by " : "", trigger,
             gate[0] != '\0' ? ", stopped by the gate " : "", gate);
    add_because(face->text, sizeof face->text, fact(face, "reason"));
}

static void tell_rollout(struct event_face *face, const char *whom)
{
    const char *phase = fact(face, "target");

    snprintf(face->title, sizeof face->title, "%s: rollout %s%s%s", whom,
             phase[0] != '\0' ? phase : fact(face, "change"),
             is(fact(face, "outcome"), "done") ? "" : " ",
             is(fact(face, "outcome"), "done") ? "" : fact(face, "outcome"));
    snprintf(face->text, sizeof face->text, "%s -> %s by %s", fact(face, "from"), fact(face, "to"),
             fact(face, "actor"));
    add_because(face->text, sizeof face->text, fact(face, "reason"));
}

static void tell_verdict(struct event_face *face, const char *whom)
{
    snprintf(face->title, sizeof face->title, "%s/%s: target %s is %s", whom, fact(face, "slot"),
             fact(face, "target"), fact(face, "is"));
    snprintf(face->text, sizeof face->text, "it was %s", fact(face, "was"));
    add_because(face->text, sizeof face->text, fact(face, "words"));
}

/* "shop: rollback safe: no", "database main: down", "database main: snapshot verified" */
static void tell_database(struct event_face *face, const char *whom)
{
    const char *subject = fact(face, "subject");
    bool is_light = is(subject, "rollback-safe");

    if (is_light)
        snprintf(face->title, sizeof face->title, "%s: rollback safe: %s", whom, fact(face, "is"));
    else
        snprintf(face->title, sizeof face->title, "database %s: %s%s", fact(face, "database"),
                 is(subject, "snapshot") ? "snapshot " : "", fact(face, "is"));
    snprintf(face->text, sizeof face->text, "%s%s%s%s",
             fact(face, "was")[0] != '\0' ? "it was " : "", fact(face, "was"),
             fact(face, "was")[0] != '\0' && fact(face, "words")[0] != '\0' ? "; " : "",
             fact(face, "words"));
}

static void tell(struct event_face *face)
{
    const char *whom = face->service[0] != '\0' ? face->service : "switchyard";

    if (is(face->kind, "change") || is(face->kind, "reload")) {
        tell_change(face, whom);
    } else if (is(face->kind, "rollout")) {
        tell_rollout(face, whom);
    } else if (is(face->kind, "verdict")) {
        tell_verdict(face, whom);
    } else if (is(face->kind, "database")) {
        tell_database(face, whom);
    } else if (is(face->kind, "alert")) {
        snprintf(face->title, sizeof face->title, "%s: %s: %s", whom, fact(face, "severity"),
                 fact(face, "trigger"));
        snprintf(face->text, sizeof face->text, "%s", fact(face, "words"));
        snprintf(face->key, sizeof face->key, "%s %s %s", face->service, fact(face, "trigger"),
                 fact(face, "severity"));
    } else {
        const char *name = is(face->kind, "action") ? fact(face, "action") : "";

        snprintf(face->title, sizeof face->title, "%s: %s%s%s", whom, face->kind,
                 name[0] != '\0' ? " " : "", name);
        snprintf(face->text, sizeof face->text, "%s", fact(face, "words"));
    }
    if (face->count > 1) {
        size_t len = strlen(face->title);

        snprintf(face->title + len, sizeof face->title - len, " (%" PRIu64 " times)", face->count);
    }
}

int event_face_make(struct slice json, const char *id, uint64_t count, struct event_face *out)
{
    static const struct strict_json_limits limits = { 65536, 16, 1024 };
    uint64_t number = 0;

    memset(out, 0, sizeof *out);
    if (strict_json_parse(json, &limits, &out->json, NULL) != ERR_OK)
        return ERR_INVALID;
    if (!cJSON_IsObject(out->json) ||
        strict_json_text(out->json, "kind", out->kind, sizeof out->kind) != ERR_OK) {
        cJSON_Delete(out->json);
        return ERR_INVALID;
    }
    out->count = count;
    snprintf(out->time, sizeof out->time, "%s", fact(out, "time"));
    snprintf(out->service, sizeof out->service, "%s", fact(out, "service"));
    if (id != NULL)
        snprintf(out->id, sizeof out->id, "%s", id);
    else if (strict_json_u64(out->json, "id", STRICT_JSON_INTEGER_MAX, &number) == ERR_OK)
        snprintf(out->id, sizeof out->id, "%" PRIu64, number);
    out->word = word_of(out);
    out->severity = severity_of(out);
    tell(out);
    return ERR_OK;
}

void event_face_free(struct event_face *face)
{
    cJSON_Delete(face->json);
    face->json = NULL;
}

static bool is_word_meant(const struct event_face *face, const struct config_texts *events)
{
    for (size_t i = 0; i < events->count; i++) {
        const char *word = events->items[i];

        if (is(word, "all") || is(word, face->word) ||
            (is(word, "rollout") && is(face->word, "rollout-end")))
            return true;
    }
    return false;
}

/* Whether the service is of the group. */
static bool is_member(const struct config *config, const char *group, const char *service)
{
    for (size_t i = 0; i < config->group_count; i++)
        for (size_t k = 0; is(config->groups[i].name, group) && k < config->groups[i].names.count;
             k++)
            if (is(config->groups[i].names.items[k], service))
                return true;
    return false;
}

static bool is_service_meant(const struct event_face *face, const struct config_texts *services,
                             const struct config *config)
{
    for (size_t i = 0; i < services->count; i++)
        if (is(services->items[i], face->service) ||
            is_member(config, face->service, services->items[i]) ||
            is_member(config, services->items[i], face->service))
            return true;
    return services->count == 0;
}

bool event_face_is_meant(const struct event_face *face, const struct config_event_choice *choice,
                         const struct config *config)
{
    if (is(face->word, "alert") && face->severity < choice->min_severity)
        return false;
    return is_word_meant(face, &choice->events) &&
           is_service_meant(face, &choice->services, config);
}
