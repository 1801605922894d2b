/*
 * Lists of revoked certificates: see tls_crl_priv.h. A file that was cut while it was written must not pass for a
 * shorter one, and an authority without a list would have all of its certificates refused: both are found here, before
 * anything changes.
 */
#include "net/tls_crl_priv.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_cert_priv.h"
#include "net/tls_dial_priv.h"
#include "net/tls_files_priv.h"

enum { FILE_BYTES_MAX = 16 << 20, ISSUER_BYTES = 128 };

struct tls_crl_item {
    X509_CRL *crl;
    char *issuer;
    int64_t not_before_s;
    int64_t not_after_s;
    size_t revoked;
};

/* While a file is read: what it is held against. */
struct reading {
    struct tls_crls *crls;
    const char *ca;
    STACK_OF(X509) * authorities;
    struct text *words;
};

/* OpenSSL sorts a list when it is first asked, which is no work for a worker. */
static void sort(X509_CRL *crl)
{
    ASN1_INTEGER *any = ASN1_INTEGER_new();
    X509_REVOKED *found = NULL;

    CHECK(any != NULL);
    (void)X509_CRL_get0_by_serial(crl, &found, any);
    ASN1_INTEGER_free(any);
}

static void add_item(struct tls_crls *crls, X509_CRL *crl)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    int revoked = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
    char issuer[ISSUER_BYTES];
    struct tls_crl_item *item = NULL;

    sort(crl);
    tls_reason_print_name(X509_CRL_get_issuer(crl), issuer, sizeof issuer);
    crls->items = mem_grow(crls->items, crls->count + 1, sizeof *crls->items);
    item = &crls->items[crls->count++];
    *item = (struct tls_crl_item){
        .crl = crl,
        .issuer = mem_text(issuer),
        .not_before_s = tls_cert_time(X509_CRL_get0_lastUpdate(crl)),
        .not_after_s = next != NULL ? tls_cert_time(next) : 0,
        .revoked = revoked > 0 ? (size_t)revoked : 0,
    };
    if (item->not_after_s != 0 && (crls->not_after_s == 0 || item->not_after_s < crls->not_after_s))
        crls->not_after_s = item->not_after_s;
}

/* Nothing further is a clean end; anything else that could not be read is not. */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static int read_lists(const struct reading *reading, const struct tls_bytes *bytes)
{
    struct tls_crls *crls = reading->crls;
    BIO *bio = BIO_new_mem_buf(bytes->ptr, (int)bytes->size - 1);
    X509_CRL *crl = NULL;
    bool is_whole = false;

    CHECK(bio != NULL);
    ERR_clear_error();
    while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL)
        add_item(crls, crl);
    is_whole = is_at_end();
    BIO_free(bio);
    if (is_whole && crls->count > 0)
        return ERR_OK;
    text_add_format(reading->words, "%s has %s; it must hold them whole, in PEM form", crls->file,
                    is_whole ? "no list of revoked certificates"
                             : "a list of revoked certificates that cannot be read");
    return ERR_INVALID;
}

static STACK_OF(X509) * read_authorities(const char *ca)
{
    STACK_OF(X509) *authorities = sk_X509_new_null();
    BIO *bio = BIO_new_file(ca, "r");
    X509 *next = NULL;

    CHECK(authorities != NULL);
    while (bio != NULL && (next = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL)
        CHECK(sk_X509_push(authorities, next) > 0);
    BIO_free(bio);
    return authorities;
}

/* An authority may have several certificates, with several keys. */
static bool is_signed(const struct reading *reading, X509_CRL *crl, bool *is_known)
{
    for (int i = 0; i < sk_X509_num(reading->authorities); i++) {
        X509 *authority = sk_X509_value(reading->authorities, i);

        if (X509_NAME_cmp(X509_get_subject_name(authority), X509_CRL_get_issuer(crl)) != 0)
            continue;
        *is_known = true;
        if ((X509_get_key_usage(authority) & KU_CRL_SIGN) != 0 &&
            X509_CRL_verify(crl, X509_get0_pubkey(authority)) == 1)
            return true;
    }
    return false;
}

static int check_list(const struct reading *reading, const struct tls_crl_item *item)
{
    const char *file = reading->crls->file;
    bool is_known = false;

    if (X509_CRL_get_ext_by_NID(item->crl, NID_delta_crl, -1) >= 0) {
        text_add_format(reading->words,
                        "%s has a list of %s that holds changes only; put the complete one there",
                        file, item->issuer);
        return ERR_INVALID;
    }
    if (is_signed(reading, item->crl, &is_known))
        return ERR_OK;
    if (is_known)
        text_add_format(reading->words,
                        "%s has a list that is not signed by %s of %s, or that may not sign lists; "
                        "fetch it again",
                        file, item->issuer, reading->ca);
    else
        text_add_format(reading->words,
                        "%s has a list of %s, which is no authority of %s; add its certificate "
                        "there, or remove the list",
                        file, item->issuer, reading->ca);
    return ERR_INVALID;
}

static bool has_list(const struct tls_crls *crls, const X509 *authority)
{
    for (size_t i = 0; i < crls->count; i++)
        if (X509_NAME_cmp(X509_get_subject_name(authority),
                          X509_CRL_get_issuer(crls->items[i].crl)) == 0)
            return true;
    return false;
}

/* All certificates of an authority without a list would be refused. */
static int check_authorities(const struct reading *reading)
{
    for (int i = 0; i < sk_X509_num(reading->authorities); i++) {
        X509 *authority = sk_X509_value(reading->authorities, i);
        char name[ISSUER_BYTES];

        if (X509_check_ca(authority) == 0 || has_list(reading->crls, authority))
            continue;
        tls_reason_print_name(X509_get_subject_name(authority), name, sizeof name);
        text_add_format(reading->words,
                        "%s has no list of %s, an authority of %s, so that whatever it signed "
                        "would be refused; add its list, an empty one if nothing is revoked",
                        reading->crls->file, name, reading->ca);
        return ERR_INVALID;
    }
    return ERR_OK;
}

int tls_crls_load(const char *file, const char *ca, struct text *words, struct tls_crls **out)
{
    struct tls_bytes bytes = { NULL, 0 };
    struct reading reading = { .ca = ca, .words = words };
    int err = tls_files_read(file, FILE_BYTES_MAX, words, &bytes);

    if (err != ERR_OK)
        return err;
    reading.crls = mem_zalloc(sizeof *reading.crls);
    reading.crls->file = mem_text(file);
    reading.authorities = read_authorities(ca);
    CHECK(EVP_Digest(bytes.ptr, bytes.size, reading.crls->digest, NULL, EVP_sha256(), NULL) == 1);
    err = read_lists(&reading, &bytes);
    for (size_t i = 0; i < reading.crls->count && err == ERR_OK; i++)
        err = check_list(&reading, &reading.crls->items[i]);
    if (err == ERR_OK)
        err = check_authorities(&reading);
    tls_files_wipe(&bytes);
    sk_X509_pop_free(reading.authorities, X509_free);
    ERR_clear_error();
    if (err != ERR_OK) {
        tls_crls_free(reading.crls);
        return err;
    }
    *out = reading.crls;
    return ERR_OK;
}

void tls_crls_free(struct tls_crls *crls)
{
    if (crls == NULL)
        return;
    for (size_t i = 0; i < crls->count; i++) {
        X509_CRL_free(crls->items[i].crl);
        free(crls->items[i].issuer);
    }
    free(crls->items);
    free(crls->file);
    free(crls);
}

void tls_crls_use(const struct tls_crls *crls, SSL_CTX *ctx)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);

    if (crls == NULL)
        return;
    for (size_t i = 0; i < crls->count; i++)
        CHECK(X509_STORE_add_crl(store, crls->items[i].crl) == 1); /* counts one owner more */
    CHECK(X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
                                      X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1);
}

bool tls_crls_forgive(X509_STORE_CTX *store)
{
    int last = sk_X509_num(X509_STORE_CTX_get0_chain(store)) - 1;

    if (X509_STORE_CTX_get_error(store) != X509_V_ERR_UNABLE_TO_GET_CRL ||
        X509_STORE_CTX_get_error_depth(store) != last)
        return false;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return true;
}

bool tls_crls_is_over(const struct tls_crls *crls)
{
    return crls != NULL && crls->not_after_s != 0 && crls->not_after_s <= (int64_t)time(NULL);
}

bool tls_crls_is_wanting(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION: return true;
    default: return false;
    }
}

size_t tls_crls_count(const struct tls_crls *crls)
{
    return crls != NULL ? crls->count : 0;
}

void tls_crls_view(const struct tls_crls *crls, size_t index, struct tls_crl_view *out)
{
    const struct tls_crl_item *item = &crls->items[index];

    *out = (struct tls_crl_view){
        .file = crls->file,
        .issuer = item->issuer,
        .not_before_s = item->not_before_s,
        .not_after_s = item->not_after_s,
        .revoked = item->revoked,
    };
}
