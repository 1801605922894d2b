/* Contexts of TLS inside of room net: names, faces, tickets, and how an SSL_CTX is set up. */
#ifndef NET_TLS_PRIV_H
#define NET_TLS_PRIV_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/tls_cert_priv.h"
#include "net/tls_keeper.h"

/* How long after its full handshake a session may be resumed. */
enum { TLS_SESSION_S = 7200 };

struct tls_crls;
struct tls_tickets;

/* What a name leads to: one certificate per kind of key, in an SSL_CTX of its own. */
struct tls_face {
    const struct tls_cert *certs[TLS_KEY_COUNT]; /* NULL: none of that kind */
    SSL_CTX *ctx;
};

struct tls_name {
    const char *name; /* of a certificate; NULL: a free place */
    uint32_t face;
};

/* Immutable once built. Owner: its pins. The last pin may go on any thread. */
struct tls_context {
    _Atomic uint64_t pins;
    struct tls_cert **certs;
    size_t cert_count;
    struct tls_face *faces; /* the first is the default */
    size_t face_count;
    struct tls_name *table; /* open addressing; mask + 1 places */
    size_t mask;
    struct tls_tickets *tickets; /* the keeper's; NULL: no tickets */
    struct tls_crls *crls;       /* of clients; NULL: none */
    unsigned char *alpn;         /* as on the wire */
    unsigned alpn_size;
    enum tls_verify verify;
    bool refuses_unknown;
};

struct tls_keeper {
    char *name;
    _Atomic(struct tls_context *) context; /* pinned; read by workers under RCU */
    struct tls_tickets *tickets;
};

/* A context to keep, for a new connection of a worker. */
struct tls_context *tls_keeper_pin(struct tls_keeper *keeper);

MUST_CHECK int tls_context_make(const struct tls_keeper *keeper, const struct tls_options *options,
                                struct text *words, struct tls_context **out);

/* The face for that name of the client, NULL: none. */
const struct tls_face *tls_context_find(const struct tls_context *context, const char *name);

/* One SSL_CTX with everything but certificates; words, or NULL when an option was not understood. */
struct tls_setup {
    const struct tls_options *options;
    const char *name; /* of the keeper */
    struct tls_context *context;
};
MUST_CHECK int tls_setup_ctx(const struct tls_setup *setup, struct text *words, SSL_CTX **out);
MUST_CHECK int tls_setup_cert(SSL_CTX *ctx, const struct tls_cert *cert, struct text *words);

struct tls_tickets *tls_tickets_new(void);
void tls_tickets_free(struct tls_tickets *tickets);
void tls_tickets_rotate(struct tls_tickets *tickets);
void tls_tickets_use(SSL_CTX *ctx);

/* Lines about the client's certificate; NULL: they would be too long. */
char *tls_client_lines(SSL *ssl);

#endif
