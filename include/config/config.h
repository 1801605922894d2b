/*
 * The configuration as one immutable tree: what is intended, checked, with every default filled in.
 * Made by loader.h, read by whoever builds listeners, snapshots and probes. Durations are
 * microseconds, sizes bytes. All texts and arrays belong to the tree. Names of fields follow
 * config/options.def, where each option has its sentence. Read-only after loading, any thread.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/log.h"
#include "config/config_action.h"
#include "config/config_api.h"
#include "config/config_audit.h"
#include "config/config_database.h"
#include "config/config_event.h"
#include "config/config_service.h"
#include "config/config_tls.h"

enum config_log_format { CONFIG_LOG_JSON, CONFIG_LOG_COMBINED };

struct config_log {
    enum log_level level;
    char *access;                  /* NULL: no access log */
    enum config_log_format format; /* of the access log */
    char *file;                    /* NULL: standard error */
};

struct config_shutdown {
    uint64_t requests; /* us: how long requests in flight may finish after SIGTERM */
};

struct config_listener {
    char *name;
    struct config_bind bind;    /* never a name; port 0: the kernel chooses */
    bool proxy_protocol;        /* a PROXY header (v1 or v2) is required on every connection */
    struct config_nets trusted; /* peers whose X-Forwarded-* and PROXY header are believed */
    uint64_t backlog;
    uint64_t client_connections; /* per client address; 0: any number */
    struct config_tls tls;
};

/* How the slot of a request chain travels between the services of a group; without a secret and nets: not at all. */
struct config_chain {
    char *header;
    char *secret;
    struct config_nets from;
};

/* Services that switch together, in one step. */
struct config_group {
    char *name;
    struct config_texts names; /* as written, same order */
    size_t *services;          /* indexes into config.services; names.count of them */
    struct config_chain chain;
};

struct config {
    uint64_t workers;         /* 0: one per CPU */
    uint64_t max_connections; /* 0: from the descriptor limit */
    char *run_dir;
    bool core_dumps;
    char *state_dir;
    uint64_t history_bytes; /* of history.jsonl, before it is put aside */
    char *compat_dir;       /* NULL: compat in state_dir */
    struct config_log log;
    struct config_admin admin;
    struct config_api api;
    struct config_action *actions;
    size_t action_count;
    struct config_audit audit;
    struct config_webhook *webhooks;
    size_t webhook_count;
    struct config_hook *hooks;
    size_t hook_count;
    struct config_shutdown shutdown;
    struct config_timeouts timeouts; /* the defaults of every service */
    struct config_limits limits;     /* the defaults of every service */

    /* The widest of all services: what holds while a head is read and no service is known yet. */
    uint64_t widest_head_timeout;
    struct config_limits widest_limits;

    struct config_listener *listeners;
    size_t listener_count;
    struct config_service *services;
    size_t service_count;
    struct config_group *groups;
    size_t group_count;
    struct config_database *databases;
    size_t database_count;
};

/* Frees the tree; NULL is fine. */
void config_free(struct config *config);

/* The service, slot or database of that name; NULL when there is none. */
const struct config_service *config_find_service(const struct config *config, struct slice name);
const struct config_database *config_find_database(const struct config *config, struct slice name);
const struct config_slot *config_find_slot(const struct config_service *service, struct slice name);

/* The index of the service's group, or config.group_count when it is its own group. */
size_t config_group_of(const struct config *config, const struct config_service *service);

#endif
