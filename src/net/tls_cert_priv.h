/*
 * One certificate with its key and chain, read from a PEM file and checked. Immutable after loading. Owner: its
 * context. Control thread; read by workers through OpenSSL's contexts.
 */
#ifndef NET_TLS_CERT_PRIV_H
#define NET_TLS_CERT_PRIV_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct text;

/* Kinds of keys of which a name may have one certificate each. */
enum tls_key { TLS_KEY_ECDSA, TLS_KEY_RSA, TLS_KEY_ED, TLS_KEY_COUNT };

struct tls_cert {
    char *file;
    char **names; /* of DNS first, lower case, then addresses */
    size_t name_count;
    size_t host_count; /* of them DNS names */
    int64_t not_after_s;
    char fingerprint[65];
    char kind[32];
    enum tls_key key_kind;
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* without the leaf */
    unsigned char *ocsp;    /* a response to staple, malloc; NULL: none */
    size_t ocsp_size;
};

/* ERR_* and words with the file and the remedy. Expiry is the caller's to judge. */
MUST_CHECK int tls_cert_load(const char *file, struct text *words, struct tls_cert **out);
void tls_cert_free(struct tls_cert *cert);

/* Seconds since 1970; 0: no time. */
int64_t tls_cert_time(const ASN1_TIME *time);

#endif
