/* TLS of a listener, and to the targets of a slot, as configured. See config/config.h for the rules of the tree. */
#ifndef CONFIG_CONFIG_TLS_H
#define CONFIG_CONFIG_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_value.h"

enum config_tls_version { CONFIG_TLS_12, CONFIG_TLS_13 };

enum config_tls_verify { CONFIG_VERIFY_OFF, CONFIG_VERIFY_OPTIONAL, CONFIG_VERIFY_REQUIRED };

enum config_unknown_sni { CONFIG_SNI_DEFAULT, CONFIG_SNI_REFUSE };

enum config_plain_http { CONFIG_PLAIN_PAGE, CONFIG_PLAIN_CLOSE };

/* TLS of a listener; without certificates: none. */
struct config_tls {
    struct config_texts certificates; /* files or folders */
    enum config_tls_version min_version;
    char *ciphers;
    char *ciphersuites;
    char *groups;
    struct config_texts alpn;
    bool tickets;
    uint64_t ticket_rotation; /* us */
    char *client_ca;          /* NULL: none */
    char *client_crl;         /* NULL: none */
    enum config_tls_verify client_verify;
    uint64_t handshake_rate;  /* per second and client address; 0: any number */
    uint64_t handshake_burst; /* 0: as handshake_rate */
    enum config_unknown_sni unknown_sni;
    enum config_plain_http plain_http;
    uint64_t watch; /* us; 0: files are read at reload only */
};

/* TLS to the targets of a slot; without ciphers: none. */
struct config_slot_tls {
    bool verify;
    char *ca;   /* NULL: the system's store */
    char *crl;  /* NULL: none */
    char *name; /* NULL: the target's host */
    char *sni;  /* NULL: the name */
    char *certificate;
    enum config_tls_version min_version;
    char *ciphers;
    char *ciphersuites;
    char *groups;
    uint64_t watch; /* us; 0: never */
};

#endif
