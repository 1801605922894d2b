/*
 * What a listener needs to speak TLS: certificates, settings and ticket keys. A context is one generation of
 * certificates and settings: built and checked on the control thread, never changed afterwards, shared by all workers.
 * A keeper is what a listener has for as long as the process lives: the context that is in force, which a reload
 * replaces, and the keys of its tickets, which outlive that.
 */
#ifndef NET_TLS_KEEPER_H
#define NET_TLS_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct text;
struct tls_crls;
struct tls_context;
struct tls_keeper;

enum tls_verify { TLS_VERIFY_OFF, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

/* Texts are borrowed for the call. Lists of OpenSSL have its syntax, names between colons. */
struct tls_options {
    char *const *certificates; /* PEM files with key and chain, or folders of *.pem */
    size_t certificate_count;
    bool needs_13;            /* nothing older than TLS 1.3, else 1.2 */
    const char *ciphers;      /* of TLS 1.2 */
    const char *ciphersuites; /* of TLS 1.3 */
    const char *groups;
    char *const *alpn; /* offered, the preferred one first; none: the extension is not answered */
    size_t alpn_count;
    bool has_tickets;       /* sessions are resumed */
    const char *client_ca;  /* PEM file; NULL with TLS_VERIFY_OFF */
    const char *client_crl; /* PEM file with the lists of all of them; NULL: none are asked */
    enum tls_verify client_verify;
    bool refuses_unknown; /* of a name without a certificate, or none, the handshake fails */
};

/* One certificate, for people. Valid as long as its context. */
struct tls_cert_view {
    const char *file;
    char *const *names; /* lower case; DNS names and addresses */
    size_t name_count;
    int64_t not_after_s;     /* since 1970 */
    const char *fingerprint; /* SHA-256, hexadecimal */
    const char *kind;        /* "ECDSA P-256", "RSA 2048" … */
    bool is_default;
};

struct tls_keeper *tls_keeper_new(const char *name);
void tls_keeper_free(struct tls_keeper *keeper); /* after every stream of it */
const char *tls_keeper_name(const struct tls_keeper *keeper);

/* Reads and checks everything; ERR_* and words (what is wrong, and the remedy) otherwise. A certificate that has
 * expired is refused unless it is served already. Control thread, as all that follows. */
MUST_CHECK int tls_keeper_build(struct tls_keeper *keeper, const struct tls_options *options,
                                struct text *words, struct tls_context **out);

/* New handshakes take this context, which is taken over; the last one goes with its last connection. */
void tls_keeper_publish(struct tls_keeper *keeper, struct tls_context *context);

/* What is in force; NULL before the first publish. */
const struct tls_context *tls_keeper_context(const struct tls_keeper *keeper);

/* A new ticket key; tickets of the one before are still taken, older ones mean a full handshake. */
void tls_keeper_rotate(struct tls_keeper *keeper);

void tls_context_unpin(struct tls_context *context); /* one that was not published */
size_t tls_context_count(const struct tls_context *context);
void tls_context_view(const struct tls_context *context, size_t index, struct tls_cert_view *out);

/* The lists of revoked certificates of clients, as long as the context; NULL: none. */
const struct tls_crls *tls_context_crls(const struct tls_context *context);

/* What the files of these options look like now (names, sizes, times): another number when something changed. */
uint64_t tls_keeper_stamp(const struct tls_options *options);

#endif
