/*
 * Lists of revoked certificates (CRLs, RFC 5280 5) inside of room net: read from a PEM file, checked against the
 * authorities that they speak for, and given to what verifies. Immutable after loading. Owner: a context or terms.
 * Loaded on the control thread; read by workers through OpenSSL's stores.
 */
#ifndef NET_TLS_CRL_PRIV_H
#define NET_TLS_CRL_PRIV_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "net/tls_crl.h"

struct text;
struct tls_crl_item;

struct tls_crls {
    struct tls_crl_item *items;
    size_t count;
    char *file;
    int64_t not_after_s;      /* of the one that ends first; 0: none ends */
    unsigned char digest[32]; /* of the file */
};

/* Each must be signed by an authority in `ca`, and each authority there must have one. One that has ended is taken: what
 * depends on it is refused when it is verified. ERR_* and words otherwise. */
MUST_CHECK int tls_crls_load(const char *file, const char *ca, struct text *words,
                             struct tls_crls **out);
void tls_crls_free(struct tls_crls *crls);

/* Certificates are held against them from now on; ctx needs a callback that asks tls_crls_forgive. NULL: nothing. */
void tls_crls_use(const struct tls_crls *crls, SSL_CTX *ctx);

/* What OpenSSL complains about is no complaint: nobody above can revoke what is believed by name of a file. */
bool tls_crls_forgive(X509_STORE_CTX *store);

/* One of them has ended, so that nothing may be believed for its having been good once. NULL: no. */
bool tls_crls_is_over(const struct tls_crls *crls);

/* The verdict is about a list, and not about the certificate. */
bool tls_crls_is_wanting(long verdict);

#endif
