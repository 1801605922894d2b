/* Conditions on values from outside; see config/config_signal.h. Pure; the cross-checks and the signals call it. */
#include "config/config_signal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const struct {
    const char *word;
    enum condition_sign sign;
} signs[] = {
    { ">=", CONDITION_AT_LEAST }, { "<=", CONDITION_AT_MOST }, { "!=", CONDITION_IS_NOT },
    { ">", CONDITION_MORE },      { "<", CONDITION_LESS },     { "=", CONDITION_IS },
};

int condition_number(const char *text, double *out)
{
    char *end = NULL;
    double value = 0;

    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return ERR_INVALID; /* no blanks, hexadecimal digits, nan and inf, which strtod takes */
    errno = 0;
    value = strtod(text, &end);
    if (*end != '\0' || !isfinite(value))
        return ERR_INVALID;
    *out = value;
    return 0;
}

static bool is_word(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 127)
            return false;
    return len > 0 && len <= CONFIG_SIGNAL_VALUE_MAX;
}

int condition_parse(const char *text, struct condition *out)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t len = strlen(signs[i].word);
        const char *rest = text + len;

        if (strncmp(text, signs[i].word, len) != 0)
            continue;
        rest += strspn(rest, " \t");
        *out = (struct condition){ .sign = signs[i].sign, .text = rest };
        out->is_number = condition_number(rest, &out->number) == 0;
        if (out->is_number)
            return 0;
        return (out->sign == CONDITION_IS || out->sign == CONDITION_IS_NOT) && is_word(rest) &&
                       strpbrk(rest, "<>=!") == NULL
                   ? 0
                   : ERR_INVALID;
    }
    return ERR_INVALID;
}

static bool holds_number(const struct condition *condition, double value)
{
    switch (condition->sign) {
    case CONDITION_MORE: return value > condition->number;
    case CONDITION_AT_LEAST: return value >= condition->number;
    case CONDITION_LESS: return value < condition->number;
    case CONDITION_AT_MOST: return value <= condition->number;
    case CONDITION_IS: return value == condition->number;
    case CONDITION_IS_NOT: return value != condition->number;
    }
    return false;
}

bool condition_holds(const struct condition *condition, const char *value)
{
    double number = 0;

    if (condition->is_number)
        return condition_number(value, &number) == 0 && holds_number(condition, number);
    return (strcmp(condition->text, value) == 0) == (condition->sign == CONDITION_IS);
}

bool config_signal_is_counted(const struct config_signal *signal)
{
    return signal->status.count > 0;
}

bool config_signal_takes(const struct config_signal *signal, const char *value)
{
    const char *text = signal->critical != NULL ? signal->critical : signal->warn;
    struct condition condition;
    double number = 0;

    if (text != NULL && condition_parse(text, &condition) == 0 && condition.is_number)
        return condition_number(value, &number) == 0;
    return is_word(value);
}
