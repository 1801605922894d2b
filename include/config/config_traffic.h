/*
 * The part of a service's configuration that bends the way of its requests: who goes to which slot,
 * what waits or is tried again, what is answered in maintenance, what drains. See config/config.h for the
 * rules of the tree.
 */
#ifndef CONFIG_CONFIG_TRAFFIC_H
#define CONFIG_CONFIG_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_value.h"

/* Lines that set or add fields, of a service and a slot together, for requests and for responses. */
enum { CONFIG_HEADER_LINES_BYTES = 4096 };

struct config_headers { /* "Name: value" for set and add, "Name" for remove */
    struct config_texts request_set;
    struct config_texts request_add;
    struct config_texts request_remove;
    struct config_texts response_set;
    struct config_texts response_add;
    struct config_texts response_remove;
};

struct config_tenant {
    struct config_tenant_sources from; /* none: the service knows no tenants */
    struct config_pins pins;
};

struct config_canary {
    struct config_keys key; /* tried in order */
    struct config_shares steps;
    uint64_t step_time; /* 0: steps by command only */
    char *cookie;       /* name of the own cookie */
    char *secret;       /* that seals it; NULL: own-cookie is not among the keys */
    bool shield;
};

struct config_preview {
    char *header;
    char *cookie;
    char *secret;
    struct config_nets from;
};

struct config_hold {
    uint64_t max;   /* longest wait of a request, and of a pause without --max */
    uint64_t count; /* requests */
    uint64_t bytes;
    bool pass_safe;
    uint64_t rate; /* releases per second; 0: all at once */
};

struct config_maint {
    char *message;
    char *page;      /* path of an HTML file */
    char *page_text; /* its content, read at load; at most 256 KiB */
    uint64_t retry_after;
    struct config_texts pass; /* paths that the app answers all the same, and the health path */
};

struct config_warmup {
    uint64_t connections; /* kept ones per target before a switch, all workers together */
    char *path;           /* NULL: no requests */
    uint64_t requests;    /* per target */
    uint64_t concurrency; /* per target */
    uint64_t p95;         /* the last `requests` must be this fast; 0: they only must succeed */
    uint64_t timeout;     /* of the whole; then the gate refuses */
};

struct config_retry {
    uint64_t attempts; /* further attempts after the first */
    uint64_t budget;   /* percent of recent requests */
};

enum config_tunnel_start { CONFIG_TUNNELS_LATE, CONFIG_TUNNELS_NOW };

struct config_drain {
    uint64_t requests;
    uint64_t tunnels;                      /* UINT64_MAX: "never" */
    uint64_t tunnel_rate;                  /* closed per second; 0: all at the deadline */
    enum config_tunnel_start tunnel_start; /* late: the last one is closed at the deadline */
};

#endif
