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
    uint16_t weight;        /* 1..1000 */
    uint8_t proxy_protocol; /* 0: none, else the version sent */
};

struct config_targets {
    struct config_target *items;
    size_t count; /* may be 0: the slot is empty until targets are added */
};

#endif
