/*
 * The part of the configuration that belongs to one service: hosts and paths, slots with targets, and
 * the policy of their traffic. See config/config.h for the rules of the tree.
 */
#ifndef CONFIG_CONFIG_SERVICE_H
#define CONFIG_CONFIG_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config_database.h"
#include "config/config_guard.h"
#include "config/config_health.h"
#include "config/config_judgement.h"
#include "config/config_rollout.h"
#include "config/config_signal.h"
#include "config/config_tls.h"
#include "config/config_traffic.h"

enum config_balance {
    CONFIG_BALANCE_ROUND_ROBIN,
    CONFIG_BALANCE_LEAST_REQUESTS,
    CONFIG_BALANCE_RANDOM, /* the better of two */
    CONFIG_BALANCE_HASH
};

enum config_unfit { CONFIG_UNFIT_TRY, CONFIG_UNFIT_REFUSE };
enum config_role { CONFIG_ROLE_NONE, CONFIG_ROLE_STAGING, CONFIG_ROLE_OFF };

struct config_slot {
    char *name;
    enum config_role role;
    char *version;             /* NULL: not given */
    struct config_texts hosts; /* lower case; reach this slot whatever is active */
    struct config_targets targets;
    bool allow_live;       /* a staging slot may be switched to all the same */
    uint64_t max_requests; /* in flight; 0: no limit */
    uint64_t queue;        /* requests that may wait for a place */
    uint64_t queue_timeout;
    struct config_headers headers; /* after those of the service */
    struct config_slot_tls tls;
    char *database; /* name; NULL: none that is known here */
    char *schema;   /* the version of it that the release needs; NULL: any */
    char *contract; /* file; NULL: none */
};

struct config_timeouts {
    uint64_t head;
    uint64_t body;
    uint64_t keepalive;
    uint64_t connect;
    uint64_t response;
    uint64_t idle;
    uint64_t tunnel;
};

struct config_limits {
    uint64_t head;
    uint64_t fields;
    uint64_t target;
    uint64_t body;         /* 0: streamed without limit */
    uint64_t body_rate;    /* bytes per second, over 10 s; 0: any */
    uint64_t client_rate;  /* requests per second and client address; 0: any */
    uint64_t client_burst; /* 0: as client_rate */
    uint64_t clients;      /* addresses that are told apart */
};

struct config_forward {
    bool via;
    bool x_forwarded;
    bool epoch_header; /* X-Switchyard-Epoch on responses */
};

struct config_pool {
    uint64_t idle; /* kept connections per target and worker */
    uint64_t idle_timeout;
    uint64_t requests; /* per connection; 0: no limit */
};

struct config_service {
    char *name;
    struct config_texts hosts; /* lower case, "*.x" for every name under x; none: every host */
    struct config_texts paths; /* prefixes; at least one */
    char *active_name;         /* of the slot that is live at the very first start */
    size_t active;             /* its index */
    enum config_balance balance;
    struct config_hash hash;
    enum config_unfit when_unfit;
    struct config_slot *slots;
    size_t slot_count;
    struct config_health health;
    struct config_timeouts timeouts;
    struct config_limits limits;
    struct config_retry retry;
    struct config_drain drain;
    struct config_forward forward;
    struct config_pool pool;
    struct config_tenant tenant;
    struct config_canary canary;
    struct config_evidence evidence;
    struct config_guard guard;
    struct config_preview preview;
    struct config_hold hold;
    struct config_maint maint;
    struct config_warmup warmup;
    struct config_headers headers;
    struct config_gate gate;
    struct config_schema schema;
    struct config_rollout rollout;
    struct config_signal *signals;
    size_t signal_count;
    uint64_t slow_start;
    char *strip_prefix; /* NULL: none */
    bool https_redirect;
};

#endif
