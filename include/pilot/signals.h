/*
 * Values that are told from outside, or counted (pilot/signal_rates.c), each judged by the conditions of its configuration: unknown, good, worth a word,
 * critical. A level is reached and left only after so many values in a row; a value that is too old is unknown, and
 * after a start every value is. What happens at a change of level is the business of whoever made the table.
 * Control thread.
 */
#ifndef PILOT_SIGNALS_H
#define PILOT_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "config/config_signal.h"

struct config;
struct signals;

enum signal_level { SIGNAL_UNKNOWN, SIGNAL_OK, SIGNAL_WARN, SIGNAL_CRITICAL, SIGNAL_LEVELS };
const char *signal_level_name(enum signal_level level); /* "unknown", "ok", "warn", "critical" */

/* What a critical signal has done about a trial; for whoever acts on it. Another trial, or the next time that the signal
 * becomes critical, makes a new one. */
struct signal_meeting {
    uint64_t trial;    /* its id; 0: none yet */
    uint64_t decision; /* that was stored then */
    uint64_t again_us; /* monotonic: not asked for again before */
};

struct signal_view {
    unsigned service_index;
    const char *service;                /* these two until the next signals_configure */
    const struct config_signal *signal; /* as configured */
    enum signal_level level;
    char value[CONFIG_SIGNAL_VALUE_MAX + 1]; /* the last one; "" : none yet */
    bool is_stale;
    uint64_t set_us; /* monotonic; 0: never */
    struct signal_meeting meeting;
};

/* The level has changed from `was`; view has the new one. */
typedef void signals_change_fn(void *arg, const struct signal_view *view, enum signal_level was);

struct signals *signals_new(signals_change_fn *on_change, void *arg);
void signals_free(struct signals *signals);

/* Another configuration, borrowed until the next one: values of signals that are in both stay, levels are judged anew
 * with the next value. */
void signals_configure(struct signals *signals, const struct config *config);

enum { SIGNALS_WORDS = 320 };

/* Whether the value may be set; service_index of the configuration. ERR_NOT_FOUND: no such signal, ERR_INVALID: no such
 * value; with words that say what there is. */
MUST_CHECK int signals_check(const struct signals *signals, unsigned service_index,
                             const char *name, const char *value, char words[SIGNALS_WORDS]);

/* A value that signals_check has found good. Calls on_change, if the level changes. */
void signals_set(struct signals *signals, unsigned service_index, const char *name,
                 const char *value, uint64_t now_us);

/* Values that are too old become unknown; a few times a second is enough. */
void signals_tick(struct signals *signals, uint64_t now_us);

/* In the order of the configuration; false behind the end. */
bool signals_at(const struct signals *signals, unsigned index, struct signal_view *out);

/* Kept with the signal, also over another configuration. */
void signals_note_meeting(struct signals *signals, unsigned service_index, const char *name,
                          const struct signal_meeting *meeting);

/* Whether the service has a signal of that name. */
bool signals_has(const struct signals *signals, unsigned service_index, const char *name);

#endif
