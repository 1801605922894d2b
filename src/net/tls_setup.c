/*
 * One SSL_CTX: every setting is made here, so that no machine-wide file of OpenSSL decides anything. Control thread;
 * the callbacks run on workers, inside of a handshake.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_crl_priv.h"
#include "net/tls_files_priv.h"
#include "net/tls_io_priv.h"
#include "net/tls_priv.h"

/* Which certificate, by the name the client asks for (RFC 6066 3). */
static int on_name(SSL *ssl, int *alert, void *arg)
{
    struct tls_context *context = arg;
    struct tls *tls = tls_of_ssl(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct tls_face *face = name != NULL ? tls_context_find(context, name) : NULL;

    if (face == NULL && context->refuses_unknown) {
        tls->failure = FAULT_TLS_UNKNOWN_NAME;
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (face == NULL) /* the first certificate; the name is kept, so that sessions are resumed */
        return name != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    if (face != tls->face && SSL_set_SSL_CTX(ssl, face->ctx) == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    tls->face = face;
    return SSL_TLSEXT_ERR_OK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                   const unsigned char *in, unsigned in_size, void *arg)
{
    const struct tls_context *context = arg;
    unsigned char *chosen = NULL;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, context->alpn, context->alpn_size, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol, RFC 7301 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int on_status(SSL *ssl, void *arg)
{
    const struct tls_face *face = tls_of_ssl(ssl)->face;
    const X509 *leaf = SSL_get_certificate(ssl);

    (void)arg;
    for (unsigned i = 0; i < TLS_KEY_COUNT; i++) {
        const struct tls_cert *cert = face->certs[i];
        unsigned char *copy = NULL;

        if (cert == NULL || cert->leaf != leaf || cert->ocsp == NULL)
            continue;
        copy = OPENSSL_memdup(cert->ocsp, cert->ocsp_size);
        if (copy != NULL)
            SSL_set_tlsext_status_ocsp_resp(ssl, copy, (int)cert->ocsp_size); /* takes it */
        return copy != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static int refuse_list(struct text *words, const char *option, const char *value)
{
    text_add_format(words, "%s = \"%s\" has no name that OpenSSL knows, or one it does not", option,
                    value);
    return ERR_INVALID;
}

static int set_algorithms(SSL_CTX *ctx, const struct tls_options *options, struct text *words)
{
    char *groups = NULL;
    bool is_known = false;

    if (SSL_CTX_set_cipher_list(ctx, options->ciphers) != 1)
        return refuse_list(words, "ciphers", options->ciphers);
    if (SSL_CTX_set_ciphersuites(ctx, options->ciphersuites) != 1)
        return refuse_list(words, "ciphersuites", options->ciphersuites);
    groups = mem_text(options->groups); /* OpenSSL's macro takes no constant */
    is_known = SSL_CTX_set1_groups_list(ctx, groups) == 1;
    free(groups);
    return is_known ? ERR_OK : refuse_list(words, "groups", options->groups);
}

static int on_client_verify(int is_good, X509_STORE_CTX *store)
{
    return is_good != 0 || tls_crls_forgive(store);
}

static int set_client_check(SSL_CTX *ctx, const struct tls_setup *setup, struct text *words)
{
    const struct tls_options *options = setup->options;
    STACK_OF(X509_NAME) *names = NULL;

    if (options->client_verify == TLS_VERIFY_OFF)
        return ERR_OK;
    names = SSL_load_client_CA_file(options->client_ca);
    if (names == NULL || SSL_CTX_load_verify_file(ctx, options->client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        text_add_format(words,
                        "client_ca %s has no certificate that can be read; it must hold those of "
                        "the authorities, in PEM form",
                        options->client_ca);
        return ERR_INVALID;
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* takes it */
    SSL_CTX_set_verify(
        ctx,
        SSL_VERIFY_PEER |
            (options->client_verify == TLS_VERIFY_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        on_client_verify);
    tls_crls_use(setup->context->crls, ctx);
    return ERR_OK;
}

/* A session belongs to the listener, what it asks of clients, whom it believes, and who was revoked then. */
static void bind_sessions(SSL_CTX *ctx, const struct tls_setup *setup)
{
    const struct tls_options *options = setup->options;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct text text;
    const struct tls_crls *crls = setup->context->crls;
    uint64_t lists[4] = { 0 };

    if (crls != NULL)
        memcpy(lists, crls->digest, sizeof lists);
    text_init(&text, 8192);
    text_add_format(&text, "%s %d %llu", setup->name, (int)options->client_verify,
                    (unsigned long long)tls_files_stamp(NULL, 0, options->client_ca));
    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++)
        text_add_format(&text, " %llx", (unsigned long long)lists[i]);
    CHECK(EVP_Digest(text.bytes, text.len, digest, &size, EVP_sha256(), NULL) == 1);
    text_fini(&text);
    CHECK(SSL_CTX_set_session_id_context(ctx, digest, SSL_MAX_SID_CTX_LENGTH) == 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ctx, TLS_SESSION_S);
    if (options->has_tickets) {
        tls_tickets_use(ctx);
    } else {
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ctx, 0);
    }
}

int tls_setup_ctx(const struct tls_setup *setup, struct text *words, SSL_CTX **out)
{
    const struct tls_options *options = setup->options;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int err = ERR_OK;

    CHECK(ctx != NULL);
    SSL_CTX_set_app_data(ctx, setup->context);
    /* our order, the cheapest first; a client that puts ChaCha20 first has no hardware for AES and gets that */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_clear_options(ctx,
                          SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    SSL_CTX_set_security_level(ctx, 2); /* keys of 112 bits; ciphers may say @SECLEVEL */
    CHECK(SSL_CTX_set_min_proto_version(ctx, options->needs_13 ? TLS1_3_VERSION : TLS1_2_VERSION) ==
          1);
    CHECK(SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1); /* one read for a record's head and body */
    SSL_CTX_set_max_early_data(ctx, 0);
    SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, setup->context);
    SSL_CTX_set_tlsext_status_cb(ctx, on_status);
    if (setup->context->alpn_size > 0)
        SSL_CTX_set_alpn_select_cb(ctx, on_alpn, setup->context);
    err = set_algorithms(ctx, options, words);
    if (err == ERR_OK)
        err = set_client_check(ctx, setup, words);
    bind_sessions(ctx, setup);
    ERR_clear_error();
    if (err != ERR_OK) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return ERR_OK;
}

int tls_setup_cert(SSL_CTX *ctx, const struct tls_cert *cert, struct text *words)
{
    const char *reason = NULL;

    ERR_clear_error();
    if (SSL_CTX_use_cert_and_key(ctx, cert->leaf, cert->key, cert->chain, 1) == 1)
        return ERR_OK;
    reason = ERR_reason_error_string(ERR_peek_last_error());
    text_add_format(words, "%s cannot be used: %s", cert->file,
                    reason != NULL ? reason : "OpenSSL refuses it");
    ERR_clear_error();
    return ERR_INVALID;
}
