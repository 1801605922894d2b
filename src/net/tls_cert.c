/*
 * Reading and checking one PEM file: see tls_cert_priv.h. The file's bytes hold a private key: they are wiped when they
 * have been read, and no words ever quote them.
 */
#include "net/tls_cert_priv.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_files_priv.h"

enum { FILE_BYTES_MAX = 1 << 20, NAMES_MAX = 10000, CHAIN_MAX = 16 };

/* No passphrase is ever asked for. */
static int no_passphrase(char *out, int size, int is_writing, void *arg)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)arg;
    return 0;
}

static EVP_PKEY *read_key(const struct tls_bytes *bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes->ptr, (int)bytes->size - 1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return key;
}

/* The first certificate is the leaf, the others its chain. */
static void read_certs(struct tls_cert *cert, const struct tls_bytes *bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes->ptr, (int)bytes->size - 1);
    X509 *next = NULL;

    cert->leaf = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    cert->chain = sk_X509_new_null();
    CHECK(cert->chain != NULL);
    while (cert->leaf != NULL && sk_X509_num(cert->chain) <= CHAIN_MAX &&
           (next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
        CHECK(sk_X509_push(cert->chain, next) > 0);
    BIO_free(bio);
}

static int refuse(const struct tls_cert *cert, struct text *words, const char *what)
{
    text_add_format(words, "%s %s", cert->file, what);
    return ERR_INVALID;
}

static int check_chain(const struct tls_cert *cert, struct text *words)
{
    X509 *below = cert->leaf;

    if (sk_X509_num(cert->chain) > CHAIN_MAX)
        return refuse(cert, words,
                      "has a chain of more than 16 certificates; remove what is not part of it");
    for (int i = 0; i < sk_X509_num(cert->chain); i++) {
        X509 *above = sk_X509_value(cert->chain, i);

        if (X509_check_issued(above, below) != X509_V_OK) {
            text_add_format(words,
                            "%s: certificate %d of the chain did not issue certificate %d; put the "
                            "server's own first, and behind each the one that issued it",
                            cert->file, i + 2, i + 1);
            return ERR_INVALID;
        }
        below = above;
    }
    return ERR_OK;
}

static int read_secret_parts(struct tls_cert *cert, const struct tls_bytes *bytes,
                             struct text *words)
{
    CHECK(bytes->ptr != NULL);
    read_certs(cert, bytes);
    if (cert->leaf == NULL)
        return refuse(cert, words, "has no certificate; it must hold one in PEM form");
    cert->key = read_key(bytes);
    if (cert->key == NULL && strstr(bytes->ptr, "ENCRYPTED") != NULL)
        return refuse(cert, words,
                      "has a private key that needs a passphrase; store it without one");
    if (cert->key == NULL)
        return refuse(cert, words,
                      "has no private key that can be read; add it to the file, in PEM form");
    if (X509_check_private_key(cert->leaf, cert->key) != 1)
        return refuse(cert, words,
                      "has a private key that belongs to another certificate; put the server's own "
                      "certificate first, and its key");
    return check_chain(cert, words);
}

int64_t tls_cert_time(const ASN1_TIME *time)
{
    struct tm tm;

    memset(&tm, 0, sizeof tm);
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static int check_times(struct tls_cert *cert, struct text *words)
{
    int64_t not_before_s = tls_cert_time(X509_get0_notBefore(cert->leaf));

    cert->not_after_s = tls_cert_time(X509_get0_notAfter(cert->leaf));
    if (not_before_s > (int64_t)time(NULL))
        return refuse(cert, words, "is not valid yet; check the clock, or wait");
    return ERR_OK;
}

static void add_name(struct tls_cert *cert, const char *text, size_t len)
{
    char *name = NULL;

    if (len == 0 || cert->name_count == NAMES_MAX || memchr(text, '\0', len) != NULL)
        return;
    name = mem_text_of(text, len);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    for (size_t i = 0; i < cert->name_count; i++) {
        if (strcmp(cert->names[i], name) == 0) {
            free(name);
            return;
        }
    }
    cert->names = mem_grow(cert->names, cert->name_count + 1, sizeof *cert->names);
    cert->names[cert->name_count++] = name;
}

static void add_ip(struct tls_cert *cert, const ASN1_OCTET_STRING *ip)
{
    char text[INET6_ADDRSTRLEN];
    int family = ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6;

    if (ASN1_STRING_length(ip) != 4 && ASN1_STRING_length(ip) != 16)
        return;
    if (inet_ntop(family, ASN1_STRING_get0_data(ip), text, sizeof text) != NULL)
        add_name(cert, text, strlen(text));
}

static void take_alternative(struct tls_cert *cert, const GENERAL_NAME *name, bool of_dns)
{
    if (of_dns && name->type == GEN_DNS)
        add_name(cert, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                 (size_t)ASN1_STRING_length(name->d.dNSName));
    else if (!of_dns && name->type == GEN_IPADD)
        add_ip(cert, name->d.iPAddress);
}

/* Where there are no alternative names the common name counts, as it does for OpenSSL. */
static void take_common_name(struct tls_cert *cert)
{
    char text[256];
    int len = X509_NAME_get_text_by_NID(X509_get_subject_name(cert->leaf), NID_commonName, text,
                                        sizeof text);

    if (len > 0 && strchr(text, ' ') == NULL)
        add_name(cert, text, (size_t)len);
}

static void read_names(struct tls_cert *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert->leaf, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        take_alternative(cert, sk_GENERAL_NAME_value(names, i), true);
    if (cert->name_count == 0)
        take_common_name(cert);
    cert->host_count = cert->name_count;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        take_alternative(cert, sk_GENERAL_NAME_value(names, i), false);
    GENERAL_NAMES_free(names);
}

static int read_kind(struct tls_cert *cert, struct text *words)
{
    char group[24] = "";
    int bits = EVP_PKEY_get_bits(cert->key);

    switch (EVP_PKEY_get_base_id(cert->key)) {
    case EVP_PKEY_EC:
        cert->key_kind = TLS_KEY_ECDSA;
        (void)EVP_PKEY_get_group_name(cert->key, group, sizeof group, NULL);
        snprintf(cert->kind, sizeof cert->kind, "ECDSA %s",
                 strcmp(group, "prime256v1") == 0  ? "P-256"
                 : strcmp(group, "secp384r1") == 0 ? "P-384"
                                                   : group);
        return ERR_OK;
    case EVP_PKEY_RSA:
        cert->key_kind = TLS_KEY_RSA;
        snprintf(cert->kind, sizeof cert->kind, "RSA %d", bits);
        if (bits >= 2048)
            return ERR_OK;
        return refuse(cert, words, "has an RSA key of less than 2048 bits; make a new one");
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        cert->key_kind = TLS_KEY_ED;
        snprintf(cert->kind, sizeof cert->kind, "%s",
                 EVP_PKEY_get_base_id(cert->key) == EVP_PKEY_ED25519 ? "Ed25519" : "Ed448");
        return ERR_OK;
    default: return refuse(cert, words, "has a key that is neither ECDSA, RSA nor Ed25519");
    }
}

static void read_fingerprint(struct tls_cert *cert)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    CHECK(X509_digest(cert->leaf, EVP_sha256(), digest, &size) == 1 && size == 32);
    for (unsigned i = 0; i < size; i++)
        snprintf(cert->fingerprint + 2 * (size_t)i, 3, "%02x", digest[i]);
}

/* FILE.ocsp beside it, in DER, is stapled; most have none. */
static int read_ocsp(struct tls_cert *cert, struct text *words)
{
    char *path = mem_format("%s.ocsp", cert->file);
    struct tls_bytes bytes = { NULL, 0 };
    int err = ERR_OK;

    if (access(path, F_OK) == 0)
        err = tls_files_read(path, FILE_BYTES_MAX, words, &bytes);
    free(path);
    if (err != ERR_OK || bytes.ptr == NULL)
        return err;
    cert->ocsp = (unsigned char *)bytes.ptr;
    cert->ocsp_size = bytes.size - 1;
    return ERR_OK;
}

int tls_cert_load(const char *file, struct text *words, struct tls_cert **out)
{
    struct tls_cert *cert = mem_zalloc(sizeof *cert);
    struct tls_bytes bytes = { NULL, 0 };
    int err = ERR_OK;

    cert->file = mem_text(file);
    ERR_clear_error();
    err = tls_files_read_secret(file, FILE_BYTES_MAX, words, &bytes);
    if (err == ERR_OK)
        err = read_secret_parts(cert, &bytes, words);
    tls_files_wipe(&bytes);
    if (err == ERR_OK)
        err = check_times(cert, words);
    if (err == ERR_OK)
        err = read_kind(cert, words);
    if (err == ERR_OK)
        err = read_ocsp(cert, words);
    ERR_clear_error();
    if (err != ERR_OK) {
        tls_cert_free(cert);
        return err;
    }
    read_names(cert);
    read_fingerprint(cert);
    (void)X509_check_purpose(cert->leaf, -1,
                             0); /* what it works out is kept, before threads read it */
    *out = cert;
    return ERR_OK;
}

void tls_cert_free(struct tls_cert *cert)
{
    if (cert == NULL)
        return;
    for (size_t i = 0; i < cert->name_count; i++)
        free(cert->names[i]);
    free(cert->names);
    free(cert->file);
    free(cert->ocsp);
    X509_free(cert->leaf);
    EVP_PKEY_free(cert->key);
    sk_X509_pop_free(cert->chain, X509_free);
    free(cert);
}
