/* Webhooks and hooks: addresses, words for events, services that must exist. See crosscheck_priv.h. */
#include <string.h>

#include "config/config.h"
#include "config/crosscheck_priv.h"
#include "config/origin_priv.h"

const char *const config_event_words[] = { "switch",  "rollback",    "canary", "change",
                                           "rollout", "rollout-end", "reload", "alert",
                                           "verdict", "database",    "action", "all",
                                           NULL };

static const char word_list[] = "switch, rollback, canary, change, rollout, rollout-end, reload, "
                                "alert, verdict, database, action or all";

/* It is the name of a file, too, and a word on the admin socket. */
static void check_name(const char *block, const char *name, const void *part,
                       const struct origin *origin)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    if (name[0] == '-' || name[0] == '.' || name[0] == '\0' ||
        name[strspn(name, allowed)] != '\0' || strlen(name) > 63)
        origin_error(
            origin, part, NULL,
            "%s '%s': a name is up to 63 letters, digits, '-', '_' and '.', beginning with "
            "none of '-' and '.'; choose another one",
            block, name);
}

static bool is_event_word(const char *word)
{
    for (unsigned i = 0; config_event_words[i] != NULL; i++)
        if (strcmp(config_event_words[i], word) == 0)
            return true;
    return false;
}

static bool is_known(const struct config *config, const char *name)
{
    if (config_find_service(config, slice_from(name)) != NULL)
        return true;
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0)
            return true;
    return false;
}

static void check_choice(const struct config *config, const struct config_event_choice *choice,
                         const void *owner, const struct origin *origin)
{
    for (size_t i = 0; i < choice->events.count; i++)
        if (!is_event_word(choice->events.items[i]))
            origin_error(origin, &choice->events, owner, "events: '%s' is no event; they are %s",
                         choice->events.items[i], word_list);
    for (size_t i = 0; i < choice->services.count; i++)
        if (!is_known(config, choice->services.items[i]))
            origin_error(origin, &choice->services, owner,
                         "services: there is no service or group '%s'", choice->services.items[i]);
}

/* What is wrong with an address, without a word of it: it may be a secret. */
static const char *judge_url(const char *url)
{
    static const char of_hosts[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:[]";
    const char *host = NULL;
    size_t authority = 0;

    if (url == NULL)
        return "is empty; write \"https://HOST/PATH\"";
    if (strncmp(url, "https://", 8) == 0)
        host = url + 8;
    else if (strncmp(url, "http://", 7) == 0)
        host = url + 7;
    else
        return "begins with neither http:// nor https://; nothing else is spoken";
    authority = strcspn(host, "/?#");
    if (memchr(host, '@', authority) != NULL)
        return "has a user or password in it; use the option authorization";
    if (authority == 0 || host[0] == ':')
        return "has no host; write \"https://HOST/PATH\"";
    if (strspn(host, of_hosts) < authority)
        return "has a host with signs that no host has";
    if (url[strcspn(url, "# ")] != '\0')
        return "has a '#' or a blank in it; write them as %23 and %20, or leave them out";
    return NULL;
}

static bool is_loopback(const char *url)
{
    return strncmp(url, "http://127.", 11) == 0 || strncmp(url, "http://localhost", 16) == 0 ||
           strncmp(url, "http://[::1]", 12) == 0;
}

static void check_webhook(const struct config_webhook *webhook, const struct origin *origin)
{
    const char *fault = judge_url(webhook->url);
    const char *template = webhook->template;

    if (fault != NULL)
        origin_error(origin, &webhook->url, webhook, "webhook '%s': the url %s", webhook->name,
                     fault);
    else if (strncmp(webhook->url, "http://", 7) == 0 && !is_loopback(webhook->url))
        origin_warning(origin, &webhook->url, webhook,
                       "webhook '%s': the url is http, so that everybody on the way reads what is "
                       "sent and can change it; use https",
                       webhook->name);
    if (template != NULL && template[0] != '/' && strcmp(template, "json") != 0 &&
        strcmp(template, "slack") != 0)
        origin_error(origin, &webhook->template, webhook,
                     "template: '%s' is neither json nor slack nor an absolute path", template);
    for (size_t i = 0; i < webhook->headers.count; i++)
        if (strncasecmp(webhook->headers.items[i], "authorization:", 14) == 0)
            origin_error(origin, &webhook->headers, webhook,
                         "headers: Authorization would be shown; use the option authorization");
}

void crosscheck_event(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->webhook_count; i++) {
        const struct config_webhook *webhook = &config->webhooks[i];

        check_name("webhook", webhook->name, webhook, origin);
        check_choice(config, &webhook->choice, webhook, origin);
        check_webhook(webhook, origin);
    }
    for (size_t i = 0; i < config->hook_count; i++) {
        const struct config_hook *hook = &config->hooks[i];

        check_name("hook", hook->name, hook, origin);
        check_choice(config, &hook->choice, hook, origin);
        if (hook->command != NULL && hook->command[0] != '/')
            origin_error(origin, &hook->command, hook,
                         "hook '%s': the command does not begin with an absolute path; write the "
                         "whole path of the program",
                         hook->name);
    }
}
