/*
 * Why a handshake with a peer that we dialled failed, as a fault and in words: what is wrong with its certificate, its
 * alert, or what came in place of TLS. Names in certificates are the peer's: only plain characters of them are shown.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/stream.h"
#include "net/tls_crl_priv.h"
#include "net/tls_dial.h"
#include "net/tls_dial_priv.h"
#include "net/tls_io_priv.h"

static _Thread_local char last_words[TLS_DIAL_WORDS];

const char *tls_dial_words(void)
{
    return last_words;
}

void tls_reason_forget(void)
{
    last_words[0] = '\0';
}

static void make_plain(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text >= 0x7f || *text == '"' || *text == '\\')
            *text = '?';
}

void tls_reason_print_name(const X509_NAME *name, char *out, int size)
{
    if (X509_NAME_get_text_by_NID(name, NID_commonName, out, size) < 0 &&
        X509_NAME_oneline(name, out, size) == NULL)
        out[0] = '\0';
    make_plain(out);
}

static void print_day(const ASN1_TIME *time, char *out, size_t size)
{
    struct tm tm;

    memset(&tm, 0, sizeof tm);
    if (ASN1_TIME_to_tm(time, &tm) != 1 || strftime(out, size, "%Y-%m-%d", &tm) == 0)
        snprintf(out, size, "an unknown day");
}

/* What was expected: a host, or an address. */
static void print_expected(X509_STORE_CTX *store, char *out, size_t size)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
    const char *host = X509_VERIFY_PARAM_get0_host(param, 0);
    char *address = host == NULL ? X509_VERIFY_PARAM_get1_ip_asc(param) : NULL;

    snprintf(out, size, "%s", host != NULL ? host : address != NULL ? address : "");
    OPENSSL_free(address);
}

static void note_mismatch(X509_STORE_CTX *store, X509 *cert)
{
    char expected[64];
    char name[64];

    print_expected(store, expected, sizeof expected);
    tls_reason_print_name(X509_get_subject_name(cert), name, sizeof name);
    snprintf(last_words, sizeof last_words, "name mismatch: the certificate of %s is not for %s",
             name, expected);
}

static void note_dates(X509 *cert, int error)
{
    char day[24];
    char name[64];
    bool is_early = error == X509_V_ERR_CERT_NOT_YET_VALID;

    tls_reason_print_name(X509_get_subject_name(cert), name, sizeof name);
    print_day(is_early ? X509_get0_notBefore(cert) : X509_get0_notAfter(cert), day, sizeof day);
    snprintf(last_words, sizeof last_words,
             is_early ? "not valid yet: the certificate of %s begins on %s"
                      : "expired: the certificate of %s ended on %s",
             name, day);
}

static void note_issuer(X509 *cert)
{
    char issuer[64];

    tls_reason_print_name(X509_get_issuer_name(cert), issuer, sizeof issuer);
    snprintf(last_words, sizeof last_words, "unknown issuer: %s is not among the authorities",
             issuer);
}

static void note_revoked(X509 *cert)
{
    char name[64];

    tls_reason_print_name(X509_get_subject_name(cert), name, sizeof name);
    snprintf(last_words, sizeof last_words, "revoked: the certificate of %s is on the list in crl",
             name);
}

/* A list that is missing, or too old, says nothing of a certificate. */
static void note_other(X509 *cert, int error)
{
    char issuer[64];

    if (!tls_crls_is_wanting(error)) {
        snprintf(last_words, sizeof last_words, "%s", X509_verify_cert_error_string(error));
        return;
    }
    tls_reason_print_name(X509_get_issuer_name(cert), issuer, sizeof issuer);
    snprintf(last_words, sizeof last_words, "no list of revoked certificates of %s that holds: %s",
             issuer, X509_verify_cert_error_string(error));
}

int tls_reason_on_verify(int is_good, X509_STORE_CTX *store)
{
    int error = X509_STORE_CTX_get_error(store);
    X509 *cert = X509_STORE_CTX_get_current_cert(store);

    if (is_good != 0 || tls_crls_forgive(store))
        return 1;
    if (last_words[0] != '\0' || cert == NULL)
        return 0;
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: note_mismatch(store, cert); break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: note_dates(cert, error); break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: note_issuer(cert); break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(last_words, sizeof last_words,
                 "self-signed: the certificate is not among those that are believed");
        break;
    case X509_V_ERR_CERT_REVOKED: note_revoked(cert); break;
    default: note_other(cert, error); break;
    }
    return 0;
}

static int alert_of(unsigned long error)
{
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;

    return reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256
               ? reason - SSL_AD_REASON_OFFSET
               : 0;
}

void tls_dial_note_end(struct tls_dial *dial, unsigned long error)
{
    bool is_broken = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                     ERR_GET_REASON(error) != SSL_R_UNEXPECTED_EOF_WHILE_READING;

    dial->alert = alert_of(error);
    if (is_broken && dial->sessions != NULL)
        tls_sessions_clear(dial->sessions); /* RFC 5246 7.2.2: no session outlives a fatal error */
}

static void note_alert(int alert)
{
    snprintf(last_words, sizeof last_words, "the target refused with the alert: %s",
             SSL_alert_desc_string_long(alert));
    make_plain(last_words);
}

const char *tls_dial_alert(const struct stream *stream)
{
    if (stream->tls == NULL || stream->tls->dial == NULL || stream->tls->dial->alert == 0)
        return NULL;
    note_alert(stream->tls->dial->alert);
    return last_words;
}

static void note_error(const struct tls *tls, unsigned long error)
{
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char *words = error != 0 ? ERR_reason_error_string(error) : NULL;

    if (tls->failure == FAULT_TLS_PLAIN)
        words = "the target answered in clear; is TLS spoken at this port?";
    else if (error == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        words = "the target ended the connection";
    snprintf(last_words, sizeof last_words, "%s", words != NULL ? words : "unknown reason");
    make_plain(last_words);
}

void tls_reason_note(const char *words)
{
    snprintf(last_words, sizeof last_words, "%s", words);
}

enum fault tls_reason_of(const struct tls *tls, unsigned long error)
{
    int alert = alert_of(error);

    if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
        ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        if (last_words[0] == '\0')
            snprintf(last_words, sizeof last_words, "%s",
                     X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl)));
        return FAULT_TARGET_CERT;
    }
    if (last_words[0] == '\0' && alert != 0)
        note_alert(alert);
    else if (last_words[0] == '\0')
        note_error(tls, error);
    return FAULT_TARGET_TLS;
}
