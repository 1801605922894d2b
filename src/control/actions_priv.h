/*
 * Running the actions of the configuration: one at a time of each, a few in all, with a token for those that need a
 * second look. The token is good for one run of that action as it was configured, in the epoch in which it was given,
 * for ten minutes. Thread: control.
 */
#ifndef CONTROL_ACTIONS_PRIV_H
#define CONTROL_ACTIONS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "control/actions.h"
#include "net/child.h"

enum { ACTIONS_RUNNING_MAX = 4, ACTIONS_TOKENS = 32, ACTIONS_TOKEN_SIZE = 33 };
enum { ACTIONS_TOKEN_US = 10 * 60 * 1000000 };

/* The configured action of that name, or NULL. */
const struct config_action *actions_find(const struct actions *actions, const char *name);
const char *actions_kind_name(enum config_action_kind kind); /* "apply" */

/* Whether it runs with a token only. */
bool actions_needs_token(const struct config_action *action);

/* A new token for it, terminated; the oldest one goes when there are too many. */
void actions_give_token(struct actions *actions, const struct config_action *action,
                        char token[ACTIONS_TOKEN_SIZE]);

/* True once for a token that was given for this action, and is still good. */
bool actions_take_token(struct actions *actions, const struct config_action *action,
                        const char *token);

enum actions_start { ACTIONS_STARTED, ACTIONS_RUNS_ALREADY, ACTIONS_FULL };

/* done is called once, later, with the name of the action and what became of it; while it runs also from
 * inside actions_free. */
typedef void actions_done_fn(void *arg, const char *name, const struct child_result *result);
enum actions_start actions_run(struct actions *actions, const struct config_action *action,
                               const char *actor, actions_done_fn *done, void *arg);

/* What is known of the last run of an action. */
struct actions_view {
    bool is_running;
    bool has_ended; /* once, since the start of the daemon */
    int code;       /* of the last end */
    uint64_t at_us; /* wall clock, of its end */
    uint64_t duration_us;
    char words[160]; /* "exit 3 after 12 ms" */
};
void actions_view(const struct actions *actions, const char *name, struct actions_view *out);

#endif
