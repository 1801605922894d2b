/*
 * The part of a service's configuration that says how a release is judged by what it carries. See config/config.h for
 * the rules of the tree.
 */
#ifndef CONFIG_CONFIG_JUDGEMENT_H
#define CONFIG_CONFIG_JUDGEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_guard.h"

enum config_evidence_kind {
    CONFIG_EVIDENCE_CLIENT_IP,
    CONFIG_EVIDENCE_HEADER,
    CONFIG_EVIDENCE_TENANT,
    CONFIG_EVIDENCE_PATH
};

/* "client-ip", "header:X-User", "tenant", "path" */
struct config_evidence_key {
    enum config_evidence_kind kind;
    char *name; /* header; else NULL */
};

struct config_evidence {
    bool enabled;
    struct config_evidence_key key;
    uint64_t inflight_error;
    struct config_rules rules;
};

#endif
