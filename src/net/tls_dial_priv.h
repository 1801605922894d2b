/* Connections that we open with TLS, inside of room net: terms, sessions, and why a handshake failed. */
#ifndef NET_TLS_DIAL_PRIV_H
#define NET_TLS_DIAL_PRIV_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"
#include "net/tls_dialer.h"
#include "net/tls_sessions.h"

struct stream;
struct tls;
struct tls_crls;

/* Immutable once built. Owner: its pins. The last pin may go on any thread. */
struct tls_terms {
    _Atomic uint64_t pins;
    uint64_t generation; /* random: no two terms are alike */
    SSL_CTX *ctx;
    char *name; /* NULL: the host that is dialled */
    char *sni;
    bool verifies;
    int64_t not_after_s;   /* of our certificate; 0: none */
    struct tls_crls *crls; /* NULL: none */
};

struct tls_dialer {
    _Atomic(struct tls_terms *) terms; /* read by workers under RCU */
};

/* What a connection that we opened has besides. Owner: its struct tls. */
struct tls_dial {
    struct tls_sessions *sessions; /* pinned; NULL: none are kept */
    uint64_t generation;
    int alert; /* which the peer ended it with; 0: none */
};

void tls_dial_drop(struct tls_dial *dial);
void tls_dial_note_end(struct tls_dial *dial, unsigned long error); /* of a read */

/* For SSL_CTX_sess_set_new_cb. */
int tls_sessions_on_new(SSL *ssl, SSL_SESSION *session);
void tls_sessions_pin(struct tls_sessions *sessions);

/* A session to offer, the caller's; NULL: none. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *sessions, uint64_t generation, bool verifies);
void tls_sessions_clear(struct tls_sessions *sessions);

/* For SSL_CTX_set_verify: notes what is wrong with the peer's certificate. */
int tls_reason_on_verify(int is_good, X509_STORE_CTX *store);

/* The common name, or the whole of it in one line; plain ASCII. */
void tls_reason_print_name(const X509_NAME *name, char *out, int size);

/* Why the handshake failed; the words are noted for tls_dial_words. */
enum fault tls_reason_of(const struct tls *tls, unsigned long error);
void tls_reason_forget(void); /* before a call of OpenSSL */
void tls_reason_note(const char *words);

#endif
