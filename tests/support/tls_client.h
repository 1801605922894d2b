/*
 * A client that speaks TLS, over OpenSSL, blocking with deadlines: it says how the handshake ended, what it was shown,
 * and how the connection ended (close_notify, a bare FIN, a RST). It verifies nothing: what it was shown is the test's
 * to judge. Owner: the test. One thread each.
 */
#ifndef SUPPORT_TLS_CLIENT_H
#define SUPPORT_TLS_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/client.h"
#include "support/pem.h"

struct tls_client_options {
    const char *sni;               /* NULL: none */
    int least;                     /* TLS1_2_VERSION …; 0: any */
    int most;                      /* 0: 1.3 */
    const char *ciphers;           /* of 1.2; NULL: OpenSSL's */
    const char *alpn;              /* "http/1.1,h2"; NULL: none */
    const struct pem *certificate; /* ours */
    SSL_SESSION *session;          /* to resume */
    const char *before;            /* sent in clear, in front of the handshake */
};

enum tls_client_end {
    TLS_CLIENT_OPEN,  /* not yet */
    TLS_CLIENT_CLEAN, /* close_notify */
    TLS_CLIENT_CUT,   /* FIN without it */
    TLS_CLIENT_RESET,
};

struct tls_client {
    struct client plain; /* `in` has what came inside of TLS */
    SSL_CTX *ctx;
    SSL *ssl;
    SSL_SESSION *session; /* the last one it was given; TLS 1.3 gives it late */
    bool is_ready;        /* the handshake succeeded */
    int alert;            /* that the server sent; 0: none */
    enum tls_client_end end;
};

/* Connects and shakes hands; is_ready says how it went. With TLS 1.3 a server may refuse later. */
bool tls_client_open(struct tls_client *client, const char *address,
                     const struct tls_client_options *options);
void tls_client_close(struct tls_client *client); /* close_notify, then FIN */
void tls_client_drop(struct tls_client *client);  /* FIN alone */

bool tls_client_send(struct tls_client *client, const void *bytes, size_t size);
bool tls_client_send_text(struct tls_client *client, const char *text);

/* Reads what is there, waiting at most ms for the first byte; false when nothing came or it ended (`end`). */
bool tls_client_pull(struct tls_client *client, unsigned ms);
enum reply_state tls_client_reply(struct tls_client *client, unsigned ms, struct reply *reply);

/* Reads until the end. */
bool tls_client_drain(struct tls_client *client, unsigned ms);

/* A GET on this connection, kept alive; the status, or -1. */
int tls_client_get(struct tls_client *client, const char *host, const char *target);

/* One connection, one GET; the status, or -1. */
int tls_client_ask(const char *address, const struct tls_client_options *options, const char *host);

/* Of the certificate that was shown: "ECDSA", "RSA", and its fingerprint. */
const char *tls_client_kind(const struct tls_client *client);
void tls_client_fingerprint(const struct tls_client *client, char *out);
bool tls_client_is_resumed(const struct tls_client *client);

#endif
