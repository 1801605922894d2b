/*
 * Who may do what: the admin socket and the HTTP side of control, as configured. See config/config.h for the rules of the
 * tree. Files of keys are named here and read where they are used.
 */
#ifndef CONFIG_CONFIG_API_H
#define CONFIG_CONFIG_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config_tls.h"
#include "config/config_value.h"

/* The groups are names of users' groups, NULL: none. */
struct config_admin {
    uint64_t mode;   /* permission bits of the admin socket */
    char *group;     /* that owns it; NULL: the group of the process */
    char *admins;    /* besides root and the daemon's own user */
    char *operators; /* NULL: `group` */
    char *deployers; /* for deployer_services only */
    struct config_texts deployer_services;
    char *viewers; /* NULL: whoever may connect */
};

enum config_key_alg { CONFIG_ALG_HS256, CONFIG_ALG_RS256, CONFIG_ALG_ES256, CONFIG_ALG_EDDSA };

/* A key that tokens are checked with. */
struct config_api_key {
    char *name;
    char *kid; /* as tokens call it; NULL: the name */
    enum config_key_alg alg;
    char *file;
    char *issuer;   /* NULL: any */
    char *audience; /* NULL: a token may not name one */
};

/* From claims to roles. */
struct config_api_roles {
    char *claim;
    char *services_claim;
    struct config_texts viewer; /* values of the claim */
    struct config_texts deployer;
    struct config_texts operator;
    struct config_texts admin;
};

enum config_api_role {
    CONFIG_API_VIEWER,
    CONFIG_API_DEPLOYER,
    CONFIG_API_OPERATOR,
    CONFIG_API_ADMIN
};

/* Whose certificate gives which role. */
struct config_api_subject {
    char *name;
    char *dn;     /* as of RFC 2253; NULL: any */
    char *sha256; /* hexadecimal, colons between or not; NULL: any */
    enum config_api_role role;
    struct config_texts services; /* of a deployer */
};

enum config_anonymous { CONFIG_ANONYMOUS_LOCAL, CONFIG_ANONYMOUS_VIEWER, CONFIG_ANONYMOUS_NONE };

struct config_api {
    struct config_bind bind; /* text NULL: no API */
    struct config_texts hosts;
    bool open_metrics;
    struct config_api_key *keys;
    size_t key_count;
    struct config_api_subject *subjects;
    size_t subject_count;
    struct config_api_roles roles;
    struct config_tls tls; /* without certificates: none. No alpn and no tickets */
    enum config_anonymous anonymous;
    uint64_t skew;               /* us */
    uint64_t lifetime;           /* us */
    uint64_t max_token;          /* bytes */
    struct config_texts revoked; /* ids of tokens (jti) */
};

#endif
