/* Signals: conditions that can be understood and reached. See crosscheck_priv.h. */
#include "config/crosscheck_priv.h"

#include <math.h>
#include <string.h>

#include "config/config.h"
#include "config/config_signal.h"
#include "config/origin_priv.h"

enum { FIRST_STATUS = 200 };

/* True: it is there, and it is a condition. */
static bool check_level(const char *option, char *const *text, const struct config_signal *signal,
                        const struct origin *origin, struct condition *out)
{
    if (*text == NULL)
        return false;
    if (condition_parse(*text, out) == 0)
        return true;
    origin_error(origin, text, signal,
                 "%s: '%s' is no condition such as \"> 70\", \"<= 5\" or \"= high\"", option,
                 *text);
    return false;
}

/* Both levels look the same way, and the critical one lies nearer. */
static bool is_hidden(const struct condition *warn, const struct condition *critical)
{
    bool warns_up = warn->sign == CONDITION_MORE || warn->sign == CONDITION_AT_LEAST;
    bool warns_down = warn->sign == CONDITION_LESS || warn->sign == CONDITION_AT_MOST;
    bool is_up = critical->sign == CONDITION_MORE || critical->sign == CONDITION_AT_LEAST;
    bool is_down = critical->sign == CONDITION_LESS || critical->sign == CONDITION_AT_MOST;

    if (!warn->is_number || !critical->is_number)
        return false;
    return (warns_up && is_up && critical->number < warn->number) ||
           (warns_down && is_down && critical->number > warn->number);
}

static void check_signal(const struct config_signal *signal, const struct origin *origin)
{
    struct condition warn;
    struct condition critical;
    bool has_warn = check_level("warn", &signal->warn, signal, origin, &warn);
    bool has_critical = check_level("critical", &signal->critical, signal, origin, &critical);

    if (strlen(signal->name) > CONFIG_SIGNAL_NAME_MAX || strchr(signal->name, '=') != NULL)
        origin_error(origin, signal, signal,
                     "signal '%s': a name has at most %d bytes and no '='; choose another one",
                     signal->name, CONFIG_SIGNAL_NAME_MAX);
    if (signal->critical == NULL && signal->action != CONFIG_SIGNAL_ALERT)
        origin_error(origin, &signal->action, signal,
                     "action: signal '%s' has no critical level, so it would never act; add "
                     "critical = \"> LIMIT\"",
                     signal->name);
    if (!has_warn || !has_critical)
        return;
    if (warn.is_number != critical.is_number)
        origin_error(origin, &signal->critical, signal,
                     "critical: signal '%s' compares with a number in one level and with a word in "
                     "the other; use one kind",
                     signal->name);
    else if (is_hidden(&warn, &critical))
        origin_error(origin, &signal->critical, signal,
                     "critical: '%s' is reached before warn '%s', which would never be seen; swap "
                     "the two",
                     signal->critical, signal->warn);
}

/* Among 0, 1, 2 …: "never", "always", or NULL: it depends. */
static const char *find_constant(const struct condition *condition)
{
    double number = condition->number;
    bool is_whole = number >= 0 && number == floor(number);

    switch (condition->sign) {
    case CONDITION_MORE: return number < 0 ? "always" : NULL;
    case CONDITION_AT_LEAST: return number <= 0 ? "always" : NULL;
    case CONDITION_LESS: return number <= 0 ? "never" : NULL;
    case CONDITION_AT_MOST: return number < 0 ? "never" : NULL;
    case CONDITION_IS: return is_whole ? NULL : "never";
    case CONDITION_IS_NOT: return is_whole ? NULL : "always";
    }
    return NULL;
}

static void check_reach(const char *option, char *const *text, const struct config_signal *signal,
                        const struct origin *origin)
{
    struct condition condition;
    const char *constant = NULL;

    if (*text == NULL || condition_parse(*text, &condition) != 0)
        return; /* check_signal has said so */
    if (!condition.is_number) {
        origin_error(origin, text, signal,
                     "%s: '%s' would never be reached: signal '%s' has a status, so its value is a "
                     "number; use \"> NUMBER\"",
                     option, *text, signal->name);
        return;
    }
    constant = find_constant(&condition);
    if (constant != NULL)
        origin_error(
            origin, text, signal,
            "%s: '%s' is %s so: signal '%s' counts responses, 0 and more; use \"> NUMBER\"", option,
            *text, constant, signal->name);
}

/* Requests of the path can come to the service. */
static bool is_reachable(const struct config_service *service, const char *path)
{
    size_t len = strlen(path);

    if (config_is_in_front(service, path))
        return true;
    for (size_t i = 0; i < service->paths.count; i++) {
        const char *prefix = service->paths.items[i];

        if (strncmp(prefix, path, len) == 0 &&
            (prefix[len] == '\0' || prefix[len] == '/' || path[len - 1] == '/'))
            return true;
    }
    return false;
}

static void check_counted(const struct config_service *service, const struct config_signal *signal,
                          const struct origin *origin)
{
    check_reach("warn", &signal->warn, signal, origin);
    check_reach("critical", &signal->critical, signal, origin);
    for (size_t i = 0; i < signal->status.count; i++)
        if (signal->status.items[i].to < FIRST_STATUS)
            origin_error(origin, &signal->status, signal,
                         "status: no response ends with %u, so signal '%s' would count none; use "
                         "200 to 599",
                         signal->status.items[i].from, signal->name);
    if (signal->path != NULL && strchr(signal->path, '?') != NULL)
        origin_error(origin, &signal->path, signal,
                     "path: '%s' has a query, which no path has; leave out what begins with '?'",
                     signal->path);
    else if (signal->path != NULL && !is_reachable(service, signal->path))
        origin_error(origin, &signal->path, signal,
                     "path: '%s' is under no path of service '%s', so signal '%s' would count "
                     "nothing",
                     signal->path, service->name, signal->name);
    if (origin_is_known(origin, &signal->stale))
        origin_error(origin, &signal->stale, signal,
                     "stale: signal '%s' is counted, so it is never old; remove stale",
                     signal->name);
}

static void check_told(const struct config_signal *signal, const struct origin *origin)
{
    const struct {
        const char *option;
        const void *part;
    } rows[] = {
        { "path", &signal->path },
        { "per", &signal->per },
        { "of", &signal->of },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (origin_is_known(origin, rows[i].part))
            origin_error(origin, rows[i].part, signal,
                         "%s: signal '%s' has no status, so nothing is counted; add status = { "
                         "\"401\" }, or remove %s",
                         rows[i].option, signal->name, rows[i].option);
}

void crosscheck_signal(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t k = 0; k < config->services[i].signal_count; k++) {
            const struct config_signal *signal = &config->services[i].signals[k];

            check_signal(signal, origin);
            if (config_signal_is_counted(signal))
                check_counted(&config->services[i], signal, origin);
            else
                check_told(signal, origin);
        }
}
