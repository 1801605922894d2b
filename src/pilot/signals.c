/* The table of signals; see pilot/signals.h. Time comes with the calls, so that tests need no clock. */
#include "pilot/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"

struct signal_row {
    char service[64];
    char name[CONFIG_SIGNAL_NAME_MAX + 1];
    unsigned service_index;
    const struct config_signal *signal;
    enum signal_level level;
    uint64_t at_least
        [SIGNAL_LEVELS]; /* so many of the last values in a row mean this level or a worse one */
    uint64_t below[SIGNAL_LEVELS]; /* and so many a better one */
    bool is_stale;
    char value[CONFIG_SIGNAL_VALUE_MAX + 1];
    uint64_t set_us;
    struct signal_meeting meeting;
};

struct signals {
    signals_change_fn *on_change;
    void *arg;
    const struct config *config;
    struct signal_row *rows;
    unsigned count;
};

const char *signal_level_name(enum signal_level level)
{
    switch (level) {
    case SIGNAL_UNKNOWN: return "unknown";
    case SIGNAL_OK: return "ok";
    case SIGNAL_WARN: return "warn";
    case SIGNAL_CRITICAL: return "critical";
    case SIGNAL_LEVELS: break;
    }
    return "";
}

struct signals *signals_new(signals_change_fn *on_change, void *arg)
{
    struct signals *signals = mem_zalloc(sizeof *signals);

    signals->on_change = on_change;
    signals->arg = arg;
    return signals;
}

void signals_free(struct signals *signals)
{
    if (signals == NULL)
        return;
    free(signals->rows);
    free(signals);
}

static const struct signal_row *find_old(const struct signal_row *rows, unsigned count,
                                         const char *service, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(rows[i].service, service) == 0 && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static unsigned count_signals(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->service_count; i++)
        count += config->services[i].signal_count;
    return (unsigned)count;
}

static void forget_runs(struct signal_row *row)
{
    memset(row->at_least, 0, sizeof row->at_least);
    memset(row->below, 0, sizeof row->below);
}

static void make_row(struct signal_row *row, const struct signal_row *was,
                     const struct config_service *service, const struct config_signal *signal)
{
    if (was != NULL)
        *row = *was;
    snprintf(row->service, sizeof row->service, "%s", service->name);
    snprintf(row->name, sizeof row->name, "%s", signal->name);
    row->signal = signal;
    forget_runs(row);
    if (row->value[0] == '\0' || config_signal_takes(signal, row->value))
        return;
    row->value[0] = '\0'; /* a number was a word before, or the other way round */
    row->set_us = 0;
    row->level = SIGNAL_UNKNOWN;
}

void signals_configure(struct signals *signals, const struct config *config)
{
    unsigned count = count_signals(config);
    struct signal_row *rows = mem_zalloc((count + 1) * sizeof *rows);
    unsigned at = 0;

    for (size_t i = 0; i < config->service_count; i++)
        for (size_t k = 0; k < config->services[i].signal_count; k++, at++) {
            const struct config_service *service = &config->services[i];
            const struct config_signal *signal = &service->signals[k];

            make_row(&rows[at],
                     find_old(signals->rows, signals->count, service->name, signal->name), service,
                     signal);
            rows[at].service_index = (unsigned)i;
        }
    free(signals->rows);
    signals->rows = rows;
    signals->count = count;
    signals->config = config;
}

static struct signal_row *find_row(const struct signals *signals, unsigned service_index,
                                   const char *name)
{
    for (unsigned i = 0; i < signals->count; i++)
        if (signals->rows[i].service_index == service_index &&
            strcmp(signals->rows[i].name, name) == 0)
            return &signals->rows[i];
    return NULL;
}

bool signals_has(const struct signals *signals, unsigned service_index, const char *name)
{
    return find_row(signals, service_index, name) != NULL;
}

static int say_known(const struct signals *signals, unsigned service_index, const char *name,
                     char words[SIGNALS_WORDS])
{
    struct text text;
    const char *comma = "";

    text_init(&text, SIGNALS_WORDS - 1);
    text_add_format(&text, "no signal %.40s of %s; ", name,
                    signals->config->services[service_index].name);
    for (unsigned i = 0; i < signals->count; i++)
        if (signals->rows[i].service_index == service_index) {
            text_add_format(&text, "%s%s", comma[0] == '\0' ? "there are: " : comma,
                            signals->rows[i].name);
            comma = ", ";
        }
    if (comma[0] == '\0')
        text_add(&text, "none is configured (service { signal NAME { … } })");
    snprintf(words, SIGNALS_WORDS, "%s", text.bytes);
    text_fini(&text);
    return ERR_NOT_FOUND;
}

int signals_check(const struct signals *signals, unsigned service_index, const char *name,
                  const char *value, char words[SIGNALS_WORDS])
{
    const struct signal_row *row = find_row(signals, service_index, name);
    const char *level = NULL;

    if (row == NULL)
        return say_known(signals, service_index, name, words);
    if (config_signal_is_counted(row->signal)) {
        snprintf(words, SIGNALS_WORDS,
                 "signal %s of %s is counted by the switch itself, so it cannot be told", name,
                 row->service);
        return ERR_INVALID;
    }
    if (strlen(value) <= CONFIG_SIGNAL_VALUE_MAX && config_signal_takes(row->signal, value))
        return 0;
    level = row->signal->critical != NULL ? row->signal->critical : row->signal->warn;
    snprintf(words, SIGNALS_WORDS,
             "\"%.40s\" is no value of signal %s, which is compared with \"%s\"", value, name,
             level != NULL ? level : "a word of at most 63 characters");
    return ERR_INVALID;
}

static bool is_beyond(const char *level, const char *value)
{
    struct condition condition;

    return level != NULL && condition_parse(level, &condition) == 0 &&
           condition_holds(&condition, value);
}

static enum signal_level judge(const struct config_signal *signal, const char *value)
{
    if (is_beyond(signal->critical, value))
        return SIGNAL_CRITICAL;
    return is_beyond(signal->warn, value) ? SIGNAL_WARN : SIGNAL_OK;
}

static void show(const struct signal_row *row, struct signal_view *out)
{
    *out = (struct signal_view){
        .service_index = row->service_index,
        .service = row->service,
        .signal = row->signal,
        .level = row->level,
        .is_stale = row->is_stale,
        .set_us = row->set_us,
        .meeting = row->meeting,
    };
    memcpy(out->value, row->value, sizeof out->value);
}

static void enter(struct signals *signals, struct signal_row *row, enum signal_level level)
{
    enum signal_level was = row->level;
    struct signal_view view;

    if (was == level)
        return;
    row->level = level;
    show(row, &view);
    if (signals->on_change != NULL)
        signals->on_change(signals->arg, &view, was);
}

static void count_value(struct signal_row *row, enum signal_level meant)
{
    for (int level = SIGNAL_WARN; level <= SIGNAL_CRITICAL; level++) {
        row->at_least[level] = (int)meant >= level ? row->at_least[level] + 1 : 0;
        row->below[level] = (int)meant < level ? row->below[level] + 1 : 0;
    }
}

/* Where the last values lead to from the present level. After the unknown a good value is believed at once: there is
 * nothing to leave. */
static enum signal_level find_level(const struct signal_row *row)
{
    uint64_t enough = row->signal->consecutive;

    if (row->at_least[SIGNAL_CRITICAL] >= enough ||
        (row->level == SIGNAL_CRITICAL && row->below[SIGNAL_CRITICAL] < enough))
        return SIGNAL_CRITICAL;
    if (row->at_least[SIGNAL_WARN] >= enough ||
        (row->level >= SIGNAL_WARN && row->below[SIGNAL_WARN] < enough))
        return SIGNAL_WARN;
    return row->level == SIGNAL_UNKNOWN && row->below[SIGNAL_WARN] == 0 ? SIGNAL_UNKNOWN
                                                                        : SIGNAL_OK;
}

void signals_set(struct signals *signals, unsigned service_index, const char *name,
                 const char *value, uint64_t now_us)
{
    struct signal_row *row = find_row(signals, service_index, name);

    if (row == NULL)
        return;
    snprintf(row->value, sizeof row->value, "%s", value);
    row->set_us = now_us;
    row->is_stale = false;
    count_value(row, judge(row->signal, value));
    enter(signals, row, find_level(row));
}

void signals_tick(struct signals *signals, uint64_t now_us)
{
    for (unsigned i = 0; i < signals->count; i++) {
        struct signal_row *row = &signals->rows[i];

        if (row->set_us == 0 || row->signal->stale == 0 ||
            now_us < row->set_us + row->signal->stale)
            continue;
        row->is_stale = true;
        forget_runs(row);
        enter(signals, row, SIGNAL_UNKNOWN);
    }
}

bool signals_at(const struct signals *signals, unsigned index, struct signal_view *out)
{
    if (index >= signals->count)
        return false;
    show(&signals->rows[index], out);
    return true;
}

void signals_note_meeting(struct signals *signals, unsigned service_index, const char *name,
                          const struct signal_meeting *meeting)
{
    struct signal_row *row = find_row(signals, service_index, name);

    if (row != NULL)
        row->meeting = *meeting;
}
