/*
 * Programs that may be run by their name, as configured. See config/config.h for the rules of the tree.
 */
#ifndef CONFIG_CONFIG_ACTION_H
#define CONFIG_CONFIG_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_rollout.h"

enum config_action_kind {
    CONFIG_ACTION_DEPLOY,
    CONFIG_ACTION_APPLY,
    CONFIG_ACTION_FIX,
    CONFIG_ACTION_TEST
};

/* A program that may be run by its name. */
struct config_action {
    char *name;
    enum config_action_kind kind;
    char *command;    /* a program and its words, cut at blanks */
    uint64_t timeout; /* us */
    bool confirm;     /* a token is needed; as always for apply and fix */
    char *service;    /* or group; NULL: none */
    enum config_approver level;
};

#endif
