/* TLS on streams that we opened: see net/tls_dial.h. */
#include "net/tls_dial.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "net/loop_priv.h"
#include "net/stream.h"
#include "net/tls_crl_priv.h"
#include "net/tls_dial_priv.h"
#include "net/tls_io_priv.h"
#include "net/tls_priv.h"

enum { HOST_BYTES = 256 };

/* "app.internal:8443", "[::1]:8443", "10.0.0.1" without port and brackets, into out (HOST_BYTES). */
static void copy_host(struct slice authority, char *out)
{
    const char *end = authority.len > 0 ? memchr(authority.ptr, ']', authority.len) : NULL;
    const char *colon = NULL;

    if (end != NULL && authority.ptr[0] == '[')
        authority = slice_of(authority.ptr + 1, (size_t)(end - authority.ptr) - 1);
    else if ((colon = memchr(authority.ptr, ':', authority.len)) != NULL)
        authority.len = (size_t)(colon - authority.ptr);
    if (!slice_copy(authority, out, HOST_BYTES))
        out[0] = '\0';
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];

    return inet_pton(strchr(host, ':') != NULL ? AF_INET6 : AF_INET, host, bytes) == 1;
}

/* Whom the certificate must be for, and whom we ask for. Nothing expected fits no certificate. */
static void set_names(SSL *ssl, const struct tls_terms *terms, struct slice authority)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    char host[HOST_BYTES];
    const char *name = terms->name;
    const char *sni = terms->sni;

    if (name == NULL) {
        copy_host(authority, host);
        name = host[0] != '\0' ? host : "invalid";
    }
    if (is_address(name))
        CHECK(X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1);
    else
        CHECK(X509_VERIFY_PARAM_set1_host(param, name, strlen(name)) == 1);
    if (sni == NULL && !is_address(name))
        sni = name;
    if (sni != NULL)
        (void)SSL_set_tlsext_host_name(ssl, sni); /* too long a name is not asked for */
}

static void offer_session(struct tls *tls, const struct tls_terms *terms)
{
    SSL_SESSION *session = NULL;

    if (tls->dial->sessions == NULL || tls_crls_is_over(terms->crls))
        return;
    session = tls_sessions_take(tls->dial->sessions, terms->generation, terms->verifies);
    if (session == NULL)
        return;
    (void)SSL_set_session(tls->ssl, session); /* without it the handshake is a full one */
    SSL_SESSION_free(session);
}

/* The terms in force, for as long as the connection is set up. */
static struct tls_terms *pin_terms(struct tls_dialer *dialer)
{
    struct tls_terms *terms = NULL;

    rcu_read_begin();
    terms = atomic_load(&dialer->terms);
    CHECK(terms != NULL);
    atomic_fetch_add_explicit(&terms->pins, 1, memory_order_relaxed);
    rcu_read_end();
    return terms;
}

void tls_dial_begin(struct stream *stream, struct tls_dialer *dialer, struct slice authority,
                    struct tls_sessions *sessions)
{
    struct tls_loop *shared = tls_loop_of(stream->loop);
    struct tls_terms *terms = pin_terms(dialer);
    struct tls *tls = mem_zalloc(sizeof *tls);

    tls->failure = FAULT_NONE;
    tls->sent_ms = (uint32_t)loop_now_ms(stream->loop);
    tls->dial = mem_zalloc(sizeof *tls->dial);
    tls->dial->generation = terms->generation;
    tls->dial->sessions = sessions;
    if (sessions != NULL)
        tls_sessions_pin(sessions);
    ERR_clear_error();
    tls->ssl = SSL_new(terms->ctx);
    CHECK(tls->ssl != NULL); /* only for want of memory */
    CHECK(BIO_up_ref(shared->bio) == 1);
    SSL_set_bio(tls->ssl, shared->bio, shared->bio);
    SSL_set_connect_state(tls->ssl);
    set_names(tls->ssl, terms, authority);
    offer_session(tls, terms);
    tls_terms_unpin(terms);
    stream->tls = tls;
}

void tls_dial_drop(struct tls_dial *dial)
{
    if (dial == NULL)
        return;
    tls_sessions_unpin(dial->sessions);
    free(dial);
}

static int give_up(struct stream *stream, enum fault *fault)
{
    struct tls *tls = stream->tls;

    *fault = tls_reason_of(tls, ERR_peek_last_error());
    ERR_clear_error();
    if (tls->dial->sessions != NULL)
        tls_sessions_clear(tls->dial->sessions); /* whatever it was: the next one begins anew */
    tls->is_dead = true;
    (void)tls_leave(stream); /* an alert, when one is due */
    return ERR_DENIED;
}

/* What the peer has chosen of our protocols; a peer without ALPN speaks HTTP/1.1, too. */
static bool is_spoken(SSL *ssl)
{
    const unsigned char *protocol = NULL;
    unsigned size = 0;

    SSL_get0_alpn_selected(ssl, &protocol, &size);
    if (size == 0 || slice_is_equal(slice_of((const char *)protocol, size), SLICE("http/1.1")))
        return true;
    tls_reason_note("the target has chosen another protocol than http/1.1");
    return false;
}

int tls_dial_handshake(struct stream *stream, enum fault *fault)
{
    struct tls *tls = stream->tls;
    int result = 0;

    if (tls->is_ready)
        return ERR_OK;
    stream->is_told = false;
    tls_reason_forget();
    tls_enter(stream);
    result = SSL_do_handshake(tls->ssl);
    if (result == 1 && is_spoken(tls->ssl) && tls_leave(stream) >= 0) {
        tls->is_ready = true;
        return ERR_OK;
    }
    if (result == 1 || SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
        return give_up(stream, fault);
    if (tls->is_throttled)
        stream_wake(stream);
    else
        stream->readable = false;
    if (tls_leave(stream) >= 0)
        return ERR_AGAIN;
    return give_up(stream, fault);
}

bool tls_dial_is_current(const struct stream *stream, const struct tls_dialer *dialer)
{
    const struct tls_terms *terms = NULL;
    bool is_current = false;

    rcu_read_begin();
    terms = atomic_load(&dialer->terms);
    is_current = terms != NULL && stream->tls != NULL && stream->tls->dial != NULL &&
                 stream->tls->dial->generation == terms->generation;
    rcu_read_end();
    return is_current;
}
