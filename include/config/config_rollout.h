/*
 * The part of a service's configuration that is about deployments: what must be there before one, how it goes on by
 * itself, and what is told to programs outside. See config/config.h for the rules of the tree.
 */
#ifndef CONFIG_CONFIG_ROLLOUT_H
#define CONFIG_CONFIG_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config_value.h"

enum config_approver { CONFIG_APPROVER_OPERATOR, CONFIG_APPROVER_ADMIN };
enum config_approval_for { CONFIG_APPROVAL_START, CONFIG_APPROVAL_CUTOVER };

struct config_gate {
    uint64_t approvals; /* different people; 0: none is needed */
    enum config_approver approval_level;
    uint64_t approval_time; /* us: so long one counts */
    enum config_approval_for approval_for;
    bool approve_own; /* whoever starts it is one of them */
    struct config_texts checklist;
    uint64_t validation; /* us: so long the slot must have been fit */
    uint64_t drill_age;  /* us: the last good drill may be so old; 0: none is needed */
};

enum config_inconclusive {
    CONFIG_INCONCLUSIVE_HOLD,
    CONFIG_INCONCLUSIVE_ADVANCE,
    CONFIG_INCONCLUSIVE_ABORT
};
enum config_overdue { CONFIG_OVERDUE_HOLD, CONFIG_OVERDUE_ABORT };

/* A class of releases besides the three that are always there. */
struct config_profile {
    char *name;
    uint64_t watch; /* us */
};

struct config_rollout {
    char *default_profile;
    uint64_t watch_minor;
    uint64_t watch_major;
    uint64_t watch_breaking;
    struct config_profile *profiles;
    size_t profile_count;
    enum config_inconclusive on_inconclusive;
    uint64_t holdback; /* millionths of the users that stay on the old slot until it has settled */
    uint64_t sync_after; /* us; 0: never */
    uint64_t phase_time; /* us; 0: any */
    enum config_overdue on_overdue;
    bool selfprobe;
    char *selfprobe_path; /* NULL: that of the health checks */
    struct config_statuses selfprobe_status;
    struct config_texts selfprobe_json;
    struct config_texts selfprobe_header; /* base/field_claim.h */
    struct config_texts selfprobe_body; /* base/pattern.h, or '!' and one that must not be found */
    uint64_t selfprobe_time;            /* us; 0: the timeout of the health checks */
    uint64_t hook_time;                 /* us */
    char *hook_start;                   /* a program and its words, cut at blanks; NULL: none */
    char *hook_cutover;
    char *hook_settled;
    char *hook_failed;
};

struct config_service;

/* Whether a path of the service leads to this request target. */
bool config_is_in_front(const struct config_service *service, const char *path);

/* How long a release of this profile is watched; false: there is no such profile. */
bool config_find_watch(const struct config_rollout *rollout, const char *profile, uint64_t *us);

#endif
