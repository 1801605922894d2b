/* The beginning of TLS on a stream, and what is known of the client then: see net/tls_stream.h. */
#include "net/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/stream.h"
#include "net/tls_crl_priv.h"
#include "net/tls_io_priv.h"
#include "net/tls_priv.h"

static _Thread_local char last_words[128];

const char *tls_stream_words(void)
{
    return last_words;
}

void tls_stream_begin(struct stream *stream, struct tls_keeper *keeper, struct slice early)
{
    struct tls_loop *shared = tls_loop_of(stream->loop);
    struct tls *tls = mem_zalloc(sizeof *tls);

    tls->context = tls_keeper_pin(keeper);
    tls->face = &tls->context->faces[0];
    tls->failure = FAULT_NONE;
    tls->sent_ms = (uint32_t)loop_now_ms(stream->loop);
    if (early.len > 0) {
        tls->early = mem_alloc(early.len);
        memcpy(tls->early, early.ptr, early.len);
        tls->early_len = (uint32_t)early.len;
    }
    tls->ssl = SSL_new(tls->face->ctx);
    CHECK(tls->ssl != NULL); /* only for want of memory */
    CHECK(BIO_up_ref(shared->bio) == 1);
    SSL_set_bio(tls->ssl, shared->bio, shared->bio);
    SSL_set_accept_state(tls->ssl);
    stream->tls = tls;
}

static enum fault name_verdict(long verdict)
{
    if (verdict == X509_V_ERR_CERT_REVOKED)
        return FAULT_TLS_CLIENT_REVOKED;
    return tls_crls_is_wanting(verdict) ? FAULT_TLS_CLIENT_CRL : FAULT_TLS_CLIENT_CERT;
}

/* What OpenSSL complains about, as one of our faults. */
static enum fault name_failure(const struct tls *tls, unsigned long error)
{
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;

    if (tls->failure != FAULT_NONE)
        return (enum fault)tls->failure;
    if (error == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return FAULT_TLS_GONE;
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
        return FAULT_TLS_REJECTED;
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_INAPPROPRIATE_FALLBACK: return FAULT_TLS_VERSION;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return FAULT_TLS_CLIENT_CERT;
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return name_verdict(SSL_get_verify_result(tls->ssl));
    default: return FAULT_TLS_HANDSHAKE;
    }
}

static void note_failure(const struct tls *tls, unsigned long error)
{
    const char *words = error != 0 ? ERR_reason_error_string(error) : NULL;
    long verified = SSL_get_verify_result(tls->ssl);

    if (verified != X509_V_OK)
        words = X509_verify_cert_error_string(verified);
    snprintf(last_words, sizeof last_words, "%s", words != NULL ? words : "connection ended");
}

/* Nothing of TLS is left: the stream is as it was before. */
static int give_up(struct stream *stream, enum fault *fault)
{
    unsigned long error = ERR_peek_last_error();

    *fault = name_failure(stream->tls, error);
    note_failure(stream->tls, error);
    ERR_clear_error();
    (void)tls_leave(stream); /* an alert, when one is due */
    tls_drop(stream);
    stream->writable = true;
    return ERR_DENIED;
}

static int finish(struct stream *stream, enum fault *fault)
{
    struct tls *tls = stream->tls;

    if (tls->context->verify != TLS_VERIFY_OFF) {
        tls->client = tls_client_lines(tls->ssl);
        if (tls->client == NULL) {
            tls->failure = FAULT_TLS_CLIENT_CERT;
            return give_up(stream, fault);
        }
    }
    tls->is_ready = true;
    /* a request is there already: our tickets go with its answer */
    if (SSL_version(tls->ssl) >= TLS1_3_VERSION && SSL_has_pending(tls->ssl) == 1)
        tls_leave_later(stream);
    else
        (void)tls_leave(stream); /* what breaks here is found by the first read */
    return ERR_OK;
}

int tls_stream_handshake(struct stream *stream, enum fault *fault)
{
    struct tls *tls = stream->tls;
    int result = 0;

    if (tls->is_ready)
        return ERR_OK;
    stream->is_told = false;
    tls_enter(stream);
    result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        return finish(stream, fault);
    if (SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
        return give_up(stream, fault);
    if (tls->is_throttled)
        stream_wake(stream);
    else
        stream->readable = false;
    if (tls_leave(stream) >= 0)
        return ERR_AGAIN;
    return give_up(stream, fault);
}

bool tls_stream_is_on(const struct stream *stream)
{
    return stream->tls != NULL;
}

bool tls_stream_is_resumed(const struct stream *stream)
{
    return stream->tls != NULL && SSL_session_reused(stream->tls->ssl) == 1;
}

/* Whether every certificate that this client may have been shown is for the host. */
static bool is_certified(const struct tls_face *face, struct slice host)
{
    char text[256];

    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    for (unsigned i = 0; i < TLS_KEY_COUNT; i++) {
        X509 *leaf = face->certs[i] != NULL ? face->certs[i]->leaf : NULL;

        if (leaf != NULL &&
            X509_check_host(leaf, text, host.len, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) !=
                1 &&
            X509_check_ip_asc(leaf, text, 0) != 1)
            return false;
    }
    return true;
}

static bool is_address(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];

    if (host.len == 0 || host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, bytes) == 1;
}

bool tls_stream_covers(const struct stream *stream, struct slice host)
{
    const struct tls *tls = stream->tls;
    const char *asked = NULL;

    if (tls == NULL || host.len == 0)
        return true;
    if (host.ptr[host.len - 1] == '.')
        host.len--;
    if (host.len > 2 && host.ptr[0] == '[')
        host = slice_of(host.ptr + 1, host.len - 2);
    asked = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
    if (asked != NULL && strlen(asked) == host.len && strncasecmp(asked, host.ptr, host.len) == 0)
        return true;
    /* who asks for an address can name no host in its handshake (RFC 6066 3) */
    if (asked == NULL && is_address(host))
        return true;
    return is_certified(tls->face, host);
}

struct slice tls_stream_client(const struct stream *stream)
{
    if (stream->tls == NULL || stream->tls->client == NULL)
        return slice_of(NULL, 0);
    return slice_from(stream->tls->client);
}
