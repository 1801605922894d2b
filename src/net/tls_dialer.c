/* Terms, and the dialers that have them in force: see net/tls_dialer.h. */
#include "net/tls_dialer.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/text.h"
#include "net/tls_crl_priv.h"
#include "net/tls_dial_priv.h"
#include "net/tls_files_priv.h"
#include "net/tls_priv.h"

/* Only what this version speaks (RFC 7301). */
static const unsigned char protocols[] = "\x08http/1.1";

struct tls_dialer *tls_dialer_new(void)
{
    struct tls_dialer *dialer = mem_zalloc(sizeof *dialer);

    return dialer;
}

void tls_terms_unpin(struct tls_terms *terms)
{
    if (terms == NULL || atomic_fetch_sub_explicit(&terms->pins, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(terms->ctx);
    tls_crls_free(terms->crls);
    free(terms->name);
    free(terms->sni);
    free(terms);
}

void tls_dialer_free(struct tls_dialer *dialer)
{
    if (dialer == NULL)
        return;
    tls_terms_unpin(atomic_load(&dialer->terms));
    free(dialer);
}

static int set_lists(SSL_CTX *ctx, const struct tls_dialer_options *options, struct text *words)
{
    const char *option = NULL;

    if (SSL_CTX_set_cipher_list(ctx, options->ciphers) != 1)
        option = "ciphers";
    else if (SSL_CTX_set_ciphersuites(ctx, options->ciphersuites) != 1)
        option = "ciphersuites";
    else if (SSL_CTX_set1_groups_list(ctx, options->groups) != 1)
        option = "groups";
    if (option == NULL)
        return ERR_OK;
    text_add_format(words, "%s has a name that OpenSSL does not know, or none that it knows",
                    option);
    return ERR_INVALID;
}

static int set_belief(SSL_CTX *ctx, const struct tls_dialer_options *options, struct text *words)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    if (!options->verifies) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
        return ERR_OK;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, tls_reason_on_verify);
    CHECK(SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) == 1);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* whatever the file names is believed: an authority in between, or the peer's own certificate */
    CHECK(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1);
    if (options->ca == NULL && SSL_CTX_set_default_verify_paths(ctx) != 1) {
        text_add(words, "the system's store of authorities cannot be read; name a file: ca = "
                        "\"/path/ca.pem\"");
        return ERR_INVALID;
    }
    if (options->ca != NULL && SSL_CTX_load_verify_file(ctx, options->ca) != 1) {
        text_add_format(words,
                        "ca %s has no certificate that can be read; it must hold those of the "
                        "authorities, in PEM form",
                        options->ca);
        return ERR_INVALID;
    }
    return ERR_OK;
}

static int set_lists_of_revoked(struct tls_terms *terms, const struct tls_dialer_options *options,
                                struct text *words)
{
    int err = ERR_OK;

    if (!options->verifies || options->crl == NULL || options->ca == NULL)
        return ERR_OK;
    err = tls_crls_load(options->crl, options->ca, words, &terms->crls);
    tls_crls_use(terms->crls, terms->ctx);
    return err;
}

static int set_certificate(struct tls_terms *terms, const char *file, struct text *words)
{
    struct tls_cert *cert = NULL;
    int err = ERR_OK;

    if (file == NULL)
        return ERR_OK;
    err = tls_cert_load(file, words, &cert);
    if (err != ERR_OK)
        return err;
    terms->not_after_s = cert->not_after_s;
    if (cert->not_after_s <= (int64_t)time(NULL)) {
        text_add_format(words, "%s has expired; renew it", file);
        err = ERR_INVALID;
    } else {
        err = tls_setup_cert(terms->ctx, cert, words);
    }
    tls_cert_free(cert);
    return err;
}

/* Every setting is made here, so that no machine-wide file of OpenSSL decides anything. */
static void set_up(SSL_CTX *ctx, const struct tls_dialer_options *options)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    SSL_CTX_set_security_level(ctx, 2); /* keys of 112 bits; ciphers may say @SECLEVEL */
    CHECK(SSL_CTX_set_min_proto_version(ctx, options->needs_13 ? TLS1_3_VERSION : TLS1_2_VERSION) ==
          1);
    CHECK(SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1); /* one read for a record's head and body */
    SSL_CTX_set_max_early_data(ctx, 0);
    CHECK(SSL_CTX_set_alpn_protos(ctx, protocols, sizeof protocols - 1) == 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(ctx, tls_sessions_on_new);
}

int tls_dialer_build(const struct tls_dialer_options *options, struct text *words,
                     struct tls_terms **out)
{
    struct tls_terms *terms = mem_zalloc(sizeof *terms);
    int err = ERR_OK;

    terms->pins = 1;
    CHECK(RAND_bytes((unsigned char *)&terms->generation, sizeof terms->generation) == 1);
    terms->verifies = options->verifies;
    terms->name = options->name != NULL ? mem_text(options->name) : NULL;
    terms->sni = options->sni != NULL ? mem_text(options->sni) : NULL;
    terms->ctx = SSL_CTX_new(TLS_client_method());
    CHECK(terms->ctx != NULL);
    ERR_clear_error();
    set_up(terms->ctx, options);
    err = set_lists(terms->ctx, options, words);
    if (err == ERR_OK)
        err = set_belief(terms->ctx, options, words);
    if (err == ERR_OK)
        err = set_lists_of_revoked(terms, options, words);
    if (err == ERR_OK)
        err = set_certificate(terms, options->certificate, words);
    ERR_clear_error();
    if (err != ERR_OK) {
        tls_terms_unpin(terms);
        return err;
    }
    *out = terms;
    return ERR_OK;
}

void tls_dialer_publish(struct tls_dialer *dialer, struct tls_terms *terms)
{
    struct tls_terms *was = atomic_exchange(&dialer->terms, terms);

    if (was == NULL)
        return;
    rcu_grace_period(); /* nobody is between reading the pointer and pinning any more */
    tls_terms_unpin(was);
}

bool tls_dialer_is_ready(const struct tls_dialer *dialer)
{
    return atomic_load(&dialer->terms) != NULL;
}

int64_t tls_terms_not_after_s(const struct tls_terms *terms)
{
    return terms->not_after_s;
}

/* Terms are replaced on this thread only. */
const struct tls_crls *tls_dialer_crls(const struct tls_dialer *dialer)
{
    const struct tls_terms *terms = atomic_load(&dialer->terms);

    return terms != NULL ? terms->crls : NULL;
}

static uint64_t add_text(uint64_t seed, const char *text)
{
    return text != NULL ? hash_bytes(seed, text, strlen(text) + 1) : hash_mix(seed);
}

uint64_t tls_dialer_stamp(const struct tls_dialer_options *options)
{
    char *certificate = NULL;
    uint64_t stamp = 0;

    if (options->certificate != NULL)
        certificate = mem_text(options->certificate);
    stamp = tls_files_stamp(&certificate, certificate != NULL ? 1 : 0, options->ca);
    free(certificate);
    if (options->crl != NULL)
        stamp = tls_files_add_stamp(stamp, options->crl);
    stamp = hash_mix(stamp + (options->verifies ? 2 : 0) + (options->needs_13 ? 1 : 0));
    stamp = add_text(stamp, options->ca);
    stamp = add_text(stamp, options->name);
    stamp = add_text(stamp, options->sni);
    stamp = add_text(stamp, options->ciphers);
    stamp = add_text(stamp, options->ciphersuites);
    return add_text(stamp, options->groups);
}
