/*
 * What the configuration says about a value that is told from outside, or counted of the responses: when it is worth a
 * word, when it is critical, and what happens then. Pure; any thread.
 */
#ifndef CONFIG_CONFIG_SIGNAL_H
#define CONFIG_CONFIG_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "config/config_value.h"

enum config_signal_action {
    CONFIG_SIGNAL_ALERT,
    CONFIG_SIGNAL_ROLLBACK,
    CONFIG_SIGNAL_HOLD /* no further step of what is under way */
};

/* Of whose responses a counted signal is. */
enum config_signal_of { CONFIG_SIGNAL_OF_SERVICE, CONFIG_SIGNAL_OF_CANDIDATE };

enum { CONFIG_SIGNAL_NAME_MAX = 24, CONFIG_SIGNAL_VALUE_MAX = 63 };

struct config_signal {
    char *name;
    char *warn;     /* NULL: no such level; else a condition */
    char *critical; /* likewise */
    enum config_signal_action action;
    uint64_t stale; /* us; 0: a value never grows old */
    uint64_t consecutive;
    struct config_statuses status; /* none: it is told from outside, else counted */
    char *path;                    /* NULL: any */
    uint64_t per;                  /* us */
    enum config_signal_of of;
};

enum condition_sign {
    CONDITION_MORE,
    CONDITION_AT_LEAST,
    CONDITION_LESS,
    CONDITION_AT_MOST,
    CONDITION_IS,
    CONDITION_IS_NOT
};

struct condition {
    enum condition_sign sign;
    bool is_number; /* else text, and only for IS and IS_NOT */
    double number;
    const char *text; /* into what was parsed */
};

/* "> 70", ">= 70", "< 5", "<= 5", "= high", "!= ok". ERR_INVALID. */
MUST_CHECK int condition_parse(const char *text, struct condition *out);

/* A finite decimal number; ERR_INVALID. */
MUST_CHECK int condition_number(const char *text, double *out);

/* The value is of the kind that the condition compares with (config_signal_takes). */
bool condition_holds(const struct condition *condition, const char *value);

/* Whether the switch counts it by itself. */
bool config_signal_is_counted(const struct config_signal *signal);

/* Whether the signal can have this value: a number where it is compared with one, else a word. */
bool config_signal_takes(const struct config_signal *signal, const char *value);

#endif
