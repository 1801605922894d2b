/* Signals: conditions that can be understood and reached. See crosscheck_priv.h. */
#include "config/crosscheck_priv.h"

#include <string.h>

#include "config/config.h"
#include "config/config_signal.h"
#include "config/origin_priv.h"

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

void crosscheck_signal(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t k = 0; k < config->services[i].signal_count; k++)
            check_signal(&config->services[i].signals[k], origin);
}
