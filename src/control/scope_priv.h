/*
 * What a path in a command stands for in the present picture: NAME is a service or a group, NAME/SLOT one slot
 * of it, nothing is everything. Walks slot by slot; the picture must not change meanwhile, so a walk ends within
 * one callback. Thread: control.
 */
#ifndef CONTROL_SCOPE_PRIV_H
#define CONTROL_SCOPE_PRIV_H

#include <stdbool.h>

#include "base/check.h"
#include "control/args_priv.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "route/snapshot.h"

struct reply;

struct scope {
    const struct deploy *deploy;
    const struct snapshot *snapshot;
    struct args_path path;
    bool is_all;
    unsigned service_index;
    unsigned next_slot;
    const struct snapshot_service *service;
    const struct snapshot_slot *slot;
    struct deploy_service_view view; /* of the service */
};

/* path NULL or of depth 0: everything. */
void scope_init(struct scope *scope, const struct deploy *deploy, const struct args_path *path);

/* The next slot, with its service; false at the end. */
bool scope_next(struct scope *scope);

/* Whether the path names anything; if not, the answer becomes a failure that says what there is. */
bool scope_exists(const struct deploy *deploy, const struct args_path *path, struct reply *reply);

/* Reads the path of a command's word (NULL: everything) and checks that it exists. */
MUST_CHECK int scope_parse(const struct deploy *deploy, const char *text, struct args_path *out,
                           struct reply *reply);

#endif
