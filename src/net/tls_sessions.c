/* Sessions to resume: see net/tls_sessions.h. */
#include "net/tls_sessions.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/tls_dial_priv.h"
#include "net/tls_io_priv.h"

/* KEPT: a peer gives two tickets per connection. AGE_S: what was believed longer ago is checked anew. */
enum { KEPT = 2, AGE_S = 7200 };

struct tls_sessions {
    unsigned pins;
    uint64_t generation; /* of the terms that all of them came of */
    unsigned count;
    SSL_SESSION *kept[KEPT]; /* the youngest last */
};

struct tls_sessions *tls_sessions_new(void)
{
    struct tls_sessions *sessions = mem_zalloc(sizeof *sessions);

    sessions->pins = 1;
    return sessions;
}

void tls_sessions_pin(struct tls_sessions *sessions)
{
    sessions->pins++;
}

void tls_sessions_clear(struct tls_sessions *sessions)
{
    while (sessions->count > 0)
        SSL_SESSION_free(sessions->kept[--sessions->count]);
}

void tls_sessions_unpin(struct tls_sessions *sessions)
{
    if (sessions == NULL || --sessions->pins > 0)
        return;
    tls_sessions_clear(sessions);
    free(sessions);
}

static void keep(struct tls_sessions *sessions, SSL_SESSION *session)
{
    if (sessions->count == KEPT) {
        SSL_SESSION_free(sessions->kept[0]);
        memmove(sessions->kept, sessions->kept + 1, (KEPT - 1) * sizeof sessions->kept[0]);
        sessions->count--;
    }
    sessions->kept[sessions->count++] = session;
}

int tls_sessions_on_new(SSL *ssl, SSL_SESSION *session)
{
    const struct tls_dial *dial = tls_of_ssl(ssl)->dial;
    struct tls_sessions *sessions = dial->sessions;
    SSL_SESSION *copy = NULL;

    /* a connection may have outlived its terms */
    if (sessions == NULL || sessions->generation != dial->generation ||
        SSL_SESSION_is_resumable(session) != 1)
        return 0;
    /* a copy: OpenSSL spoils its own when the peer just hangs up */
    copy = SSL_SESSION_dup(session);
    if (copy != NULL)
        keep(sessions, copy);
    return 0;
}

/* A certificate that was good then may have ended since; a resumed session does not show it again. */
static bool is_good(SSL_SESSION *session, bool verifies)
{
    const X509 *cert = SSL_SESSION_get0_peer(session);
    long age_s = (long)time(NULL) - SSL_SESSION_get_time(session);

    if (age_s < 0 || age_s > AGE_S || age_s > SSL_SESSION_get_timeout(session))
        return false;
    return !verifies || (cert != NULL && X509_cmp_time(X509_get0_notAfter(cert), NULL) > 0);
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *sessions, uint64_t generation, bool verifies)
{
    if (sessions->generation != generation) {
        tls_sessions_clear(sessions);
        sessions->generation = generation;
    }
    while (sessions->count > 0) {
        SSL_SESSION *session = sessions->kept[sessions->count - 1];

        /* those before TLS 1.3 may be used again; a ticket of it is used once (RFC 8446 C.4) */
        if (is_good(session, verifies) &&
            SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION)
            return SSL_SESSION_dup(session);
        sessions->count--;
        if (is_good(session, verifies))
            return session;
        SSL_SESSION_free(session);
    }
    return NULL;
}
