/*
 * What every change passes, and what several judgements ask: which services a name means, how fit a slot is.
 * Control thread.
 */
#ifndef DEPLOY_GATE_PRIV_H
#define DEPLOY_GATE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "config/config.h"
#include "deploy/ticket_priv.h"

/* The whole way of a change through the gates into the working decisions; of a plan: there and back. */
enum judgement gate_judge(struct deploy *deploy, struct ticket *ticket);

/* The gates and the change itself, without what is remembered of it under its key. */
enum judgement gate_pass(struct deploy *deploy, struct ticket *ticket);

/* Services that a name means: a group's, or the one service. */
struct scope {
    size_t count;
    const size_t *services; /* indexes into config->services */
    size_t single;
    const struct config_group *group; /* NULL: a service */
};
MUST_CHECK bool gate_look_up(const struct config *config, const char *name, struct scope *out);

/* The same for what the ticket names; false: the result says so. */
MUST_CHECK bool gate_find_scope(struct deploy *deploy, struct ticket *ticket, struct scope *out);
size_t gate_scope_at(const struct scope *scope, size_t i);
bool gate_is_overlapping(const struct scope *a, const struct scope *b); /* they share a service */
bool gate_is_forced(const struct ticket *ticket);

struct gate_fit {
    unsigned up;
    unsigned unknown;
    unsigned down;
    unsigned answering;   /* of those: the last check got an answer, though not the right one */
    unsigned misdeployed; /* ready, and never tried */
    unsigned not_ready;
    char imposter[136]; /* the name of the first misdeployed one */
};
void gate_count_fit(const struct deploy *deploy, size_t service, size_t slot, struct gate_fit *out);

/* The active slot of a service in the working decisions. */
size_t gate_active(const struct deploy *deploy, size_t service);
bool gate_is_switchable(const struct config_slot *slot);

#endif
