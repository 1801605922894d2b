/*
 * What besides the active slot decides where a request of a service goes. Part of a snapshot (texts and arrays lie
 * in its arena); a service that uses none of it has no steering at all. Order of the rules: preview, chain, the
 * slot's own hosts, tenant pin, canary, active slot. A slot with the role off is never chosen: the next rule decides.
 */
#ifndef ROUTE_STEERING_H
#define ROUTE_STEERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/slice.h"
#include "route/pins.h"
#include "route/split.h"
#include "route/tenant.h"

/* Which rule chose the slot: for explain, the access log and counters. Texts: steering_rule_name. */
enum rule {
    RULE_ACTIVE,
    RULE_PREVIEW,
    RULE_CHAIN,
    RULE_SLOT_HOST,
    RULE_TENANT,
    RULE_CANARY, /* the hash says candidate */
    RULE_SHIELD, /* a second attempt on the live slot after the candidate failed */
    RULE_COUNT
};
const char *steering_rule_name(enum rule rule); /* "active", "preview" … */

#define SLOT_NONE UINT32_MAX
enum { SPLIT_KEYS_MAX = 8, CHAIN_TEXT_MAX = 256 }; /* bytes of "GROUP SLOT" */

enum split_key_kind {
    SPLIT_TENANT,
    SPLIT_COOKIE,     /* name: a cookie of the app */
    SPLIT_HEADER,     /* name */
    SPLIT_OWN_COOKIE, /* ours, signed; made for users who have none */
    SPLIT_CLIENT_IP,
};

struct split_key {
    enum split_key_kind kind;
    const char *name;
};

struct split {
    uint32_t candidate; /* index of a slot; SLOT_NONE: no canary */
    bool
        is_holdback; /* it is the slot from before: those who came to the live one last stay there */
    uint32_t share;  /* of SPLIT_WHOLE */
    uint64_t salt;
    unsigned key_count;
    struct split_key keys[SPLIT_KEYS_MAX];
    const char *own_cookie; /* its name; NULL: not in the chain */
    const char *own_secret;
    bool shield;
};

/* How a tester reaches a slot: the header's or the cookie's value is "SLOT" or "SLOT:SECRET". */
struct preview {
    const char *header; /* NULL: not by header */
    const char *cookie; /* NULL: not by cookie */
    const char *secret; /* NULL: none is asked for */
    unsigned from_count;
    const struct address_net *from; /* 0: from everywhere (then a secret is set) */
};

/* How the slot of a request chain travels to inner calls: the header is sent to the app as "SLOT", or as
 * "SLOT.TAG" with a tag (base/seal.h) of "GROUP SLOT" under the secret; the app passes it on. */
struct chain {
    const char *header; /* NULL: no chain */
    const char *group;
    const char *secret; /* NULL: believed from `from` only */
    unsigned from_count;
    const struct address_net *from; /* 0: from everywhere (then a secret is set) */
    unsigned value_count;           /* with a secret: one for each slot, made by snapshot_build, */
    const char **values;            /* so that no request costs a tag; before: 0 and NULL */
};

struct steering {
    unsigned tenant_count;
    const struct tenant_source *tenants;
    struct pins *pins; /* NULL: none */
    uint32_t pin_slots
        [PINS_NAMES_MAX]; /* name number to slot index, SLOT_NONE; made by snapshot_build */
    struct split split;
    struct preview preview;
    struct chain chain;
};

/* What comes in and goes out on the wire for a chosen slot, terminated: "SLOT" or "SLOT.TAG"; the length, 0: there
 * is no chain, or it does not fit. */
size_t steering_chain_value(const struct chain *chain, const char *slot, char *out, size_t size);

#endif
