/* A client with TLS: see support/tls_client.h. */
#include "support/tls_client.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/scene.h"

enum { HANDSHAKE_MS = 15000, ANSWER_MS = 15000, PULL_BYTES = 65536 };

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_client *client = SSL_get_app_data(ssl);

    SSL_SESSION_free(client->session);
    client->session = session;
    return 1; /* taken */
}

static void set_alpn(SSL *ssl, const char *names)
{
    unsigned char wire[128];
    size_t at = 0;
    struct slice rest = slice_from(names);
    struct slice name = { NULL, 0 };

    while (slice_next(&rest, ',', &name) && at + name.len + 1 < sizeof wire) {
        wire[at++] = (unsigned char)name.len;
        memcpy(wire + at, name.ptr, name.len);
        at += name.len;
    }
    (void)SSL_set_alpn_protos(ssl, wire, (unsigned)at);
}

static void set_up(struct tls_client *client, const struct tls_client_options *options)
{
    client->ctx = SSL_CTX_new(TLS_client_method());
    if (client->ctx == NULL)
        scene_fail("no SSL_CTX");
    SSL_CTX_set_security_level(client->ctx, 0);
    (void)SSL_CTX_set_min_proto_version(client->ctx, options->least);
    (void)SSL_CTX_set_max_proto_version(client->ctx, options->most);
    SSL_CTX_set_verify(client->ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(client->ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(client->ctx, on_session);
    if (options->ciphers != NULL && SSL_CTX_set_cipher_list(client->ctx, options->ciphers) != 1)
        scene_fail("ciphers %s", options->ciphers);
    if (options->certificate != NULL &&
        SSL_CTX_use_cert_and_key(client->ctx, options->certificate->cert, options->certificate->key,
                                 NULL, 1) != 1)
        scene_fail("a client's certificate");
    client->ssl = SSL_new(client->ctx);
    SSL_set_app_data(client->ssl, client);
    if (options->sni != NULL)
        (void)SSL_set_tlsext_host_name(client->ssl, options->sni);
    if (options->alpn != NULL)
        set_alpn(client->ssl, options->alpn);
    if (options->session != NULL) { /* a copy: OpenSSL uses one of TLS 1.3 only once */
        SSL_SESSION *copy = SSL_SESSION_dup(options->session);

        (void)SSL_set_session(client->ssl, copy);
        SSL_SESSION_free(copy);
    }
    (void)fcntl(client->plain.fd, F_SETFL, O_NONBLOCK);
    (void)SSL_set_fd(client->ssl, client->plain.fd);
}

/* What a failed call says of the end. */
static void note_end(struct tls_client *client, int result)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);

    switch (SSL_get_error(client->ssl, result)) {
    case SSL_ERROR_ZERO_RETURN: client->end = TLS_CLIENT_CLEAN; break;
    case SSL_ERROR_SYSCALL:
        client->end = errno == ECONNRESET || errno == EPIPE ? TLS_CLIENT_RESET : TLS_CLIENT_CUT;
        break;
    default:
        client->end = TLS_CLIENT_CUT;
        if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
            client->alert = reason - SSL_AD_REASON_OFFSET;
        break;
    }
    ERR_clear_error();
}

/* After a failed call: true when it is worth trying again. */
static bool wait_for(struct tls_client *client, int result, uint64_t end_us)
{
    int error = SSL_get_error(client->ssl, result);
    struct pollfd poll_fd = { .fd = client->plain.fd };
    uint64_t now_us = clock_monotonic_us();

    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        note_end(client, result);
        return false;
    }
    if (now_us >= end_us)
        return false;
    poll_fd.events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    (void)poll(&poll_fd, 1, (int)((end_us - now_us) / 1000 + 1));
    return true;
}

bool tls_client_open(struct tls_client *client, const char *address,
                     const struct tls_client_options *options)
{
    uint64_t end_us = clock_monotonic_us() + HANDSHAKE_MS * 1000ull;
    int result = 0;

    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    *client = (struct tls_client){ .end = TLS_CLIENT_OPEN };
    if (!client_try(&client->plain, address))
        return false;
    if (options->before != NULL)
        client_send_text(&client->plain, options->before);
    set_up(client, options);
    ERR_clear_error();
    do {
        errno = 0;
        result = SSL_connect(client->ssl);
        client->is_ready = result == 1;
    } while (result != 1 && wait_for(client, result, end_us));
    return client->is_ready;
}

static void free_all(struct tls_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->ctx);
    SSL_SESSION_free(client->session);
    client->ssl = NULL;
    client->ctx = NULL;
    client->session = NULL;
    client_close(&client->plain);
}

void tls_client_close(struct tls_client *client)
{
    if (client->ssl != NULL && client->is_ready)
        (void)SSL_shutdown(client->ssl);
    free_all(client);
}

void tls_client_drop(struct tls_client *client)
{
    if (client->ssl != NULL)
        SSL_set_quiet_shutdown(client->ssl, 1);
    free_all(client);
}

bool tls_client_send(struct tls_client *client, const void *bytes, size_t size)
{
    const char *at = bytes;
    uint64_t end_us = clock_monotonic_us() + ANSWER_MS * 1000ull;

    while (size > 0) {
        size_t count = 0;
        int result = 0;

        ERR_clear_error();
        errno = 0;
        result = SSL_write_ex(client->ssl, at, size < PULL_BYTES ? size : PULL_BYTES, &count);
        if (result != 1 && !wait_for(client, result, end_us))
            return false;
        at += count;
        size -= count;
    }
    return true;
}

bool tls_client_send_text(struct tls_client *client, const char *text)
{
    return tls_client_send(client, text, strlen(text));
}

bool tls_client_pull(struct tls_client *client, unsigned ms)
{
    static _Thread_local char bytes[PULL_BYTES];
    uint64_t end_us = clock_monotonic_us() + ms * 1000ull;
    size_t count = 0;
    int result = 0;

    if (client->end != TLS_CLIENT_OPEN)
        return false;
    do {
        ERR_clear_error();
        errno = 0;
        result = SSL_read_ex(client->ssl, bytes, sizeof bytes, &count);
    } while (result != 1 && wait_for(client, result, end_us));
    if (result != 1) {
        client->plain.ended = client->end != TLS_CLIENT_OPEN;
        return false;
    }
    text_add_slice(&client->plain.in, slice_of(bytes, count));
    return true;
}

enum reply_state tls_client_reply(struct tls_client *client, unsigned ms, struct reply *reply)
{
    enum reply_state state = REPLY_MORE;

    do {
        struct slice bytes = text_slice(&client->plain.in);

        bytes = slice_of(bytes.ptr + client->plain.taken, bytes.len - client->plain.taken);
        state = reply_parse(reply, bytes, false, client->plain.ended);
    } while (state == REPLY_MORE && tls_client_pull(client, ms));
    if (state == REPLY_WHOLE)
        client->plain.taken += reply->size;
    return state;
}

bool tls_client_drain(struct tls_client *client, unsigned ms)
{
    while (tls_client_pull(client, ms))
        continue;
    return client->end != TLS_CLIENT_OPEN;
}

int tls_client_get(struct tls_client *client, const char *host, const char *target)
{
    char *request = mem_format("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
    struct reply reply = { 0 };
    int status = -1;

    if (tls_client_send_text(client, request) &&
        tls_client_reply(client, ANSWER_MS, &reply) == REPLY_WHOLE)
        status = reply.status;
    reply_fini(&reply);
    free(request);
    return status;
}

int tls_client_ask(const char *address, const struct tls_client_options *options, const char *host)
{
    struct tls_client client;
    int status = -1;

    if (tls_client_open(&client, address, options))
        status = tls_client_get(&client, host, "/");
    tls_client_close(&client);
    return status;
}

const char *tls_client_kind(const struct tls_client *client)
{
    X509 *cert = SSL_get0_peer_certificate(client->ssl);
    int id = cert != NULL ? EVP_PKEY_get_base_id(X509_get0_pubkey(cert)) : 0;

    return id == EVP_PKEY_EC ? "ECDSA" : id == EVP_PKEY_RSA ? "RSA" : id != 0 ? "other" : "none";
}

void tls_client_fingerprint(const struct tls_client *client, char *out)
{
    X509 *cert = SSL_get0_peer_certificate(client->ssl);

    out[0] = '\0';
    if (cert != NULL)
        pem_fingerprint(cert, out);
}

bool tls_client_is_resumed(const struct tls_client *client)
{
    return SSL_session_reused(client->ssl) == 1;
}
