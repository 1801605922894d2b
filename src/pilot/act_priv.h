/*
 * The one way in which the pilot moves traffic back or says something: rows, guards, probes, signals and tenants
 * all come here. Control thread.
 */
#ifndef PILOT_ACT_PRIV_H
#define PILOT_ACT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pilot/pilot.h"

struct act_cause {
    const char *trigger; /* "err_mod", "guard_error", "signal:complaints", "selfprobe" … */
    const char *words;   /* the explanation, one line */
    uint64_t decision;   /* 0: none stored */
    bool has_moved;      /* it was carried out: said in any case, not once in a while */
};

/* Asks for the rollback of the service's trial (its group moves as a whole): at most one automatic move per trial, only
 * to a side that is fit and not worse, only in the automatic window; else an alert. True: it was asked for. */
bool act_roll_back(struct pilot *pilot, unsigned service_index, const struct act_cause *cause);

/* A canary with steps by time takes no further one before a person says so; a rollout asks the evidence itself. */
void act_hold(struct pilot *pilot, unsigned service_index, const struct act_cause *cause);

/* Whether the slot has a target that may get requests. */
bool act_has_target(unsigned service_index, const char *slot_name);

/* It is not done, because the other side is no better: an alert says so. */
void act_block(struct pilot *pilot, unsigned service_index, const struct act_cause *cause);

/* It is not done, because the slot before failed as often when it was left. */
void act_stay(struct pilot *pilot, unsigned service_index, const struct act_cause *cause);

/* As much of the explanation as fits, up to the end of one of its clauses. */
void act_shorten(const char *words, char *out, size_t size);

/* One line for the log, `show alerts` and the metrics. */
void act_alert(struct pilot *pilot, unsigned service_index, enum pilot_severity severity,
               const struct act_cause *cause);

#endif
