/* Certificates for tests: see support/pem.h. */
#include "support/pem.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slice.h"

enum { DAY_S = 86400 };

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "cannot make a certificate: %s\n", what);
    abort();
}

static EVP_PKEY *make_key(enum pem_kind kind)
{
    switch (kind) {
    case PEM_EC: return EVP_EC_gen("P-256");
    case PEM_RSA: return EVP_RSA_gen(2048);
    case PEM_RSA_SHORT: return EVP_RSA_gen(1024);
    case PEM_ED: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    return NULL;
}

static void set_subject(X509_NAME *name, const char *text)
{
    struct slice rest = slice_from(text != NULL ? text : "/CN=test");
    struct slice part = { NULL, 0 };

    while (slice_next(&rest, '/', &part)) {
        struct slice value = part;
        struct slice key = { NULL, 0 };
        char field[16];

        if (part.len == 0)
            continue;
        slice_next(&value, '=', &key);
        must(slice_copy(key, field, sizeof field), "subject");
        must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                        (const unsigned char *)value.ptr, (int)value.len, -1,
                                        0) == 1,
             "subject");
    }
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension = NULL;

    X509V3_set_ctx(&context, NULL, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension != NULL && X509_add_ext(cert, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

void pem_make(const struct pem_options *options, struct pem *out)
{
    int days = options->days != 0 ? options->days : 90;
    uint64_t serial = 0;
    const struct pem *issuer = options->issuer != NULL ? options->issuer : out;

    out->key = make_key(options->kind);
    out->cert = X509_new();
    must(out->key != NULL && out->cert != NULL, "key");
    must(RAND_bytes((unsigned char *)&serial, sizeof serial) == 1, "serial");
    must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(out->cert), serial >> 1) == 1, "serial");
    must(X509_set_version(out->cert, X509_VERSION_3) == 1, "version");
    must(X509_gmtime_adj(X509_getm_notBefore(out->cert),
                         (long)(days < 0 ? 2 * days : options->begin) * DAY_S) != NULL,
         "begin");
    must(X509_gmtime_adj(X509_getm_notAfter(out->cert), (long)days * DAY_S) != NULL, "end");
    set_subject(X509_get_subject_name(out->cert), options->subject);
    must(X509_set_issuer_name(out->cert, X509_get_subject_name(issuer->cert)) == 1, "issuer");
    must(X509_set_pubkey(out->cert, out->key) == 1, "public key");
    if (options->is_authority)
        add_extension(out->cert, NID_basic_constraints, "critical,CA:TRUE");
    if (options->names != NULL)
        add_extension(out->cert, NID_subject_alt_name, options->names);
    must(X509_sign(out->cert, issuer->key,
                   EVP_PKEY_get_base_id(issuer->key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) > 0,
         "signature");
}

void pem_free(struct pem *pem)
{
    EVP_PKEY_free(pem->key);
    X509_free(pem->cert);
    *pem = (struct pem){ NULL, NULL };
}

void pem_write(const char *path, const struct pem_file *file)
{
    char *fresh = mem_format("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    const char *passphrase = file->passphrase;

    must(out != NULL, fresh);
    if (file->key != NULL)
        must(PEM_write_PKCS8PrivateKey(
                 out, file->key, passphrase != NULL ? EVP_aes_128_cbc() : NULL, passphrase,
                 passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL) == 1,
             "key file");
    for (unsigned i = 0; i < 4 && file->certs[i] != NULL; i++)
        must(PEM_write_X509(out, file->certs[i]) == 1, "certificate file");
    must(fchmod(fd, file->mode != 0 ? file->mode : 0600) == 0, "mode");
    must(fclose(out) == 0 && rename(fresh, path) == 0, path);
    free(fresh);
}

void pem_shop(const char *path, const char *names, enum pem_kind kind)
{
    struct pem pem;

    pem_make(&(struct pem_options){ .names = names, .kind = kind }, &pem);
    pem_write(path, &(struct pem_file){ .key = pem.key, .certs = { pem.cert } });
    pem_free(&pem);
}

void pem_fingerprint(const X509 *cert, char *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    must(X509_digest(cert, EVP_sha256(), digest, &size) == 1, "digest");
    for (unsigned i = 0; i < size; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
}

static void add_revoked(X509_CRL *crl, const X509 *cert, ASN1_TIME *when)
{
    X509_REVOKED *revoked = X509_REVOKED_new();

    must(revoked != NULL &&
             X509_REVOKED_set_serialNumber(
                 revoked, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(cert)) == 1 &&
             X509_REVOKED_set_revocationDate(revoked, when) == 1 &&
             X509_CRL_add0_revoked(crl, revoked) == 1,
         "revoked certificate");
}

static X509_CRL *make_crl(const struct pem_crl *list)
{
    const struct pem *signer = list->signer != NULL ? list->signer : list->issuer;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *begin = X509_gmtime_adj(NULL, list->begin_s != 0 ? list->begin_s : -3600);
    ASN1_TIME *end = X509_gmtime_adj(NULL, list->end_s != 0 ? list->end_s : 30L * DAY_S);
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    must(crl != NULL && begin != NULL && end != NULL && number != NULL, "list");
    must(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
             X509_CRL_set_issuer_name(crl, X509_get_subject_name(list->issuer->cert)) == 1 &&
             X509_CRL_set1_lastUpdate(crl, begin) == 1,
         "list");
    must(list->has_no_end || X509_CRL_set1_nextUpdate(crl, end) == 1, "end of a list");
    for (unsigned i = 0; i < 4 && list->revoked[i] != NULL; i++)
        add_revoked(crl, list->revoked[i], begin);
    must(!list->is_delta || X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1, 0) == 1, "delta");
    must(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0,
         "signature of a list");
    ASN1_TIME_free(begin);
    ASN1_TIME_free(end);
    ASN1_INTEGER_free(number);
    return crl;
}

void pem_crl_write(const char *path, const struct pem_crl *lists, unsigned count)
{
    char *fresh = mem_format("%s.new", path);
    FILE *out = fopen(fresh, "we");

    must(out != NULL, fresh);
    for (unsigned i = 0; i < count; i++) {
        X509_CRL *crl = make_crl(&lists[i]);

        must(PEM_write_X509_CRL(out, crl) == 1, "list file");
        X509_CRL_free(crl);
    }
    must(fclose(out) == 0 && rename(fresh, path) == 0, path);
    free(fresh);
}
