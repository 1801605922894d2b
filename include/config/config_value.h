/*
 * Values of options that are more than a number or a text: lists, addresses, targets. See
 * config/config.h for the rules of the tree.
 */
#ifndef CONFIG_CONFIG_VALUE_H
#define CONFIG_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct config_texts {
    char **items;
    size_t count;
};

struct config_nets {
    struct address_net *items;
    size_t count;
};

struct config_bind {
    char *text; /* as written; NULL: not given */
    struct endpoint endpoint;
};

struct config_status_range {
    uint16_t from;
    uint16_t to; /* inclusive */
};

struct config_statuses {
    struct config_status_range *items;
    size_t count;
};

enum config_hash_kind { CONFIG_HASH_CLIENT_IP, CONFIG_HASH_HEADER, CONFIG_HASH_COOKIE };

struct config_hash {
    enum config_hash_kind kind;
    char *name; /* of the header or cookie; NULL for client-ip */
};

struct config_target {
    char *text; /* the endpoint as written: its name for people */
    struct endpoint endpoint;
    uint16_t weight;          /* 1..1000 */
    uint8_t proxy_protocol;   /* 0: none, else the version sent */
    uint32_t max_requests;    /* max=N: in flight; 0: no limit */
    uint32_t max_connections; /* max_connections=N; 0: no limit */
};

struct config_targets {
    struct config_target *items;
    size_t count; /* may be 0: the slot is empty until targets are added */
};

struct config_shares { /* in hundredths of a percent, as written in order */
    uint32_t *items;
    size_t count;
};

enum config_tenant_kind {
    CONFIG_TENANT_HEADER,
    CONFIG_TENANT_COOKIE,
    CONFIG_TENANT_HOST_LABEL,
    CONFIG_TENANT_PATH_SEGMENT,
    CONFIG_TENANT_QUERY
};

/* "header:X-Tenant-Id", "cookie:tenant", "host-label:1", "path-segment:1", "query:tenant" */
struct config_tenant_source {
    enum config_tenant_kind kind;
    unsigned index; /* host-label, path-segment: from 1 */
    char *name;     /* the others */
};

struct config_tenant_sources {
    struct config_tenant_source *items;
    size_t count; /* at most 8 */
};

enum config_key_kind {
    CONFIG_KEY_TENANT,
    CONFIG_KEY_COOKIE,
    CONFIG_KEY_HEADER,
    CONFIG_KEY_OWN_COOKIE,
    CONFIG_KEY_CLIENT_IP
};

/* "tenant", "cookie:uid", "header:X-User", "own-cookie", "client-ip" */
struct config_key {
    enum config_key_kind kind;
    char *name; /* cookie, header */
};

struct config_keys {
    struct config_key *items;
    size_t count; /* at most 8 */
};

/* Lines of a pins file, "TENANT SLOT" each; checked: no tenant twice, and the service has the slot. */
struct config_pin {
    char *tenant; /* in one piece with the items */
    char *slot;   /* the name of the service's slot itself */
};

struct config_pins {
    char *file; /* as written; NULL: none */
    struct config_pin *items;
    size_t count;
    uint64_t hash; /* of the file's bytes */
};

#endif
