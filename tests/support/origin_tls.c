/* TLS of an origin: see support/origin_tls.h. */
#include "support/origin_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "support/origin_priv.h"
#include "support/origin_tls_priv.h"
#include "support/scene.h"

/* The first protocol that is offered is taken. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                   const unsigned char *in, unsigned in_size, void *arg)
{
    struct origin_line *line = SSL_get_app_data(ssl);

    (void)arg;
    if (in_size == 0)
        return SSL_TLSEXT_ERR_NOACK;
    *out = in + 1;
    *out_size = in[0];
    pthread_mutex_lock(&line->origin->lock);
    snprintf(line->origin->seen.alpn, sizeof line->origin->seen.alpn, "%.*s", (int)in[0],
             (const char *)in + 1);
    pthread_mutex_unlock(&line->origin->lock);
    return SSL_TLSEXT_ERR_OK;
}

void origin_secure(struct origin *origin, const struct origin_tls_options *options)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX *was = NULL;

    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, options->file) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, options->file, SSL_FILETYPE_PEM) != 1)
        scene_fail("origin: no certificate in %s", options->file);
    (void)SSL_CTX_set_max_proto_version(ctx, options->most);
    (void)SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"origin", 6);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    if (options->has_no_tickets) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_num_tickets(ctx, 0);
    }
    if (options->client_ca != NULL) {
        if (SSL_CTX_load_verify_file(ctx, options->client_ca) != 1)
            scene_fail("origin: no authority in %s", options->client_ca);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    pthread_mutex_lock(&origin->lock);
    was = origin->ctx;
    origin->ctx = ctx;
    origin->cuts = options->cuts;
    pthread_mutex_unlock(&origin->lock);
    SSL_CTX_free(was);
}

void origin_tls_fini(struct origin *origin)
{
    SSL_CTX_free(origin->ctx);
}

void origin_tls_view(const struct origin *origin, struct origin_tls_view *out)
{
    struct origin *same = NULL;

    memcpy(&same, &origin, sizeof same); /* reading takes the lock all the same */
    pthread_mutex_lock(&same->lock);
    *out = same->seen;
    pthread_mutex_unlock(&same->lock);
}

static void note_peer(struct origin_line *line)
{
    struct origin_tls_view *seen = &line->origin->seen;
    const char *name = SSL_get_servername(line->ssl, TLSEXT_NAMETYPE_host_name);
    const X509 *cert = SSL_get0_peer_certificate(line->ssl);

    seen->handshakes++;
    seen->resumed += SSL_session_reused(line->ssl) == 1;
    seen->subject[0] = '\0';
    snprintf(seen->sni, sizeof seen->sni, "%s", name != NULL ? name : "");
    snprintf(seen->version, sizeof seen->version, "%s", SSL_get_version(line->ssl));
    if (cert != NULL)
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, seen->subject,
                                  sizeof seen->subject);
}

bool origin_tls_accept(struct origin_line *line)
{
    struct origin *origin = line->origin;
    bool is_done = false;

    pthread_mutex_lock(&origin->lock);
    if (origin->ctx != NULL)
        line->ssl = SSL_new(origin->ctx);
    line->cuts = origin->cuts;
    pthread_mutex_unlock(&origin->lock);
    if (line->ssl == NULL)
        return true;
    SSL_set_app_data(line->ssl, line);
    ERR_clear_error();
    is_done = SSL_set_fd(line->ssl, line->fd) == 1 && SSL_accept(line->ssl) == 1;
    pthread_mutex_lock(&origin->lock);
    if (is_done)
        note_peer(line);
    else
        origin->seen.failed++;
    pthread_cond_broadcast(&origin->changed);
    pthread_mutex_unlock(&origin->lock);
    return is_done;
}

ssize_t origin_tls_recv(struct origin_line *line, void *bytes, size_t size)
{
    size_t count = 0;

    if (line->ssl == NULL)
        return recv(line->fd, bytes, size, 0);
    ERR_clear_error();
    return SSL_read_ex(line->ssl, bytes, size, &count) == 1 ? (ssize_t)count : 0;
}

ssize_t origin_tls_send(struct origin_line *line, const void *bytes, size_t size)
{
    size_t count = 0;

    if (line->ssl == NULL)
        return send(line->fd, bytes, size, MSG_NOSIGNAL);
    ERR_clear_error();
    if (SSL_write_ex(line->ssl, bytes, size, &count) == 1)
        return (ssize_t)count;
    errno = EPIPE;
    return -1;
}

void origin_tls_end(struct origin_line *line)
{
    ERR_clear_error();
    if (line->ssl != NULL && !line->cuts && SSL_is_init_finished(line->ssl))
        (void)SSL_shutdown(line->ssl);
}

void origin_tls_drop(struct origin_line *line)
{
    SSL_free(line->ssl);
    line->ssl = NULL;
}
