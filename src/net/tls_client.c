/*
 * Who the client is, by its verified certificate, as header lines for the app: X-SSL-Client-Verify (SUCCESS or NONE),
 * X-SSL-Client-DN (the subject as of RFC 2253, plain ASCII) and X-SSL-Client-SHA256, on workers, once per connection; and for
 * the API, on the control thread.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/stream.h"
#include "net/tls_crl_priv.h"
#include "net/tls_io_priv.h"
#include "net/tls_priv.h"
#include "net/tls_stream.h"

/* Escapes everything that is not printable ASCII; NULL: it does not fit. */
static char *print_subject(const X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    char *subject = NULL;
    long size = 0;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        size = BIO_get_mem_data(bio, &bytes);
    if (size > 0 && size < TLS_CLIENT_LINES)
        subject = mem_text_of(bytes, (size_t)size);
    for (char *at = subject; at != NULL && *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            *at = '?'; /* the flags leave none */
    BIO_free(bio);
    return subject;
}

static bool print_fingerprint(const X509 *cert, char hex[TLS_FINGERPRINT_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (X509_digest(cert, EVP_sha256(), digest, &size) != 1 || size * 2 >= TLS_FINGERPRINT_SIZE)
        return false;
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    return true;
}

char *tls_client_lines(SSL *ssl)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    char hex[TLS_FINGERPRINT_SIZE] = "";
    char *subject = NULL;
    char *lines = NULL;

    if (cert == NULL)
        return mem_text("X-SSL-Client-Verify: NONE\r\n");
    subject = print_subject(cert);
    if (subject != NULL && print_fingerprint(cert, hex))
        lines = mem_format("X-SSL-Client-Verify: SUCCESS\r\nX-SSL-Client-DN: %s\r\n"
                           "X-SSL-Client-SHA256: %s\r\n",
                           subject, hex);
    free(subject);
    if (lines != NULL && strlen(lines) > TLS_CLIENT_LINES) {
        free(lines);
        return NULL;
    }
    return lines;
}

/* Of a client whose certificate was asked for, and is good; NULL: it has shown none. */
static X509 *find_certificate(const struct stream *stream)
{
    const struct tls *tls = stream->tls;

    if (tls == NULL || tls->context == NULL || !tls->is_ready ||
        tls->context->verify == TLS_VERIFY_OFF)
        return NULL;
    return SSL_get0_peer_certificate(tls->ssl);
}

bool tls_stream_identity(const struct stream *stream, struct tls_identity *out)
{
    const X509 *cert = find_certificate(stream);
    char *subject = cert != NULL ? print_subject(cert) : NULL;
    bool is_known = subject != NULL && print_fingerprint(cert, out->sha256);

    if (is_known)
        snprintf(out->subject, sizeof out->subject, "%s", subject);
    free(subject);
    return is_known;
}

static int on_verify(int is_good, X509_STORE_CTX *store)
{
    return is_good != 0 || tls_crls_forgive(store);
}

/* The same question as in the handshake. */
static bool verify_again(SSL_CTX *ctx, SSL *ssl, X509 *cert)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *terms = NULL;
    bool is_good = false;

    if (check != NULL && X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), cert,
                                             SSL_get_peer_cert_chain(ssl)) == 1) {
        terms = X509_STORE_CTX_get0_param(check);
        X509_VERIFY_PARAM_set_auth_level(terms, SSL_CTX_get_security_level(ctx));
        (void)X509_VERIFY_PARAM_set_flags(terms,
                                          X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(ctx)));
        X509_STORE_CTX_set_verify_cb(check, on_verify);
        is_good =
            X509_STORE_CTX_set_default(check, "ssl_client") == 1 && X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return is_good;
}

bool tls_stream_is_believed(const struct stream *stream, const struct tls_keeper *server)
{
    const struct tls_context *context = tls_keeper_context(server);
    X509 *cert = find_certificate(stream);

    return cert != NULL && context != NULL && context->verify != TLS_VERIFY_OFF &&
           verify_again(context->faces[0].ctx, stream->tls->ssl, cert);
}
