/*
 * Certificates made on the spot with libcrypto, for tests: keys, self-signed certificates, authorities and what they
 * sign, written as PEM. What cannot be made aborts. Needs room base only, so that unit tests have it, too. Any thread.
 */
#ifndef SUPPORT_PEM_H
#define SUPPORT_PEM_H

#include <openssl/x509.h>
#include <stdbool.h>

enum pem_kind { PEM_EC, PEM_RSA, PEM_ED, PEM_RSA_SHORT };

/* A certificate with its key; signed by `issuer`, or by itself where that is NULL. */
struct pem {
    EVP_PKEY *key;
    X509 *cert;
};

struct pem_options {
    const char *subject; /* "/O=Shop/CN=shop.test"; NULL: /CN=test */
    const char *names;   /* "DNS:shop.test,IP:127.0.0.1"; NULL: none */
    enum pem_kind kind;
    const struct pem *issuer;
    bool is_authority;
    int days;  /* 0: 90; negative: it has ended so long ago */
    int begin; /* days until it begins */
};

void pem_make(const struct pem_options *options, struct pem *out);
void pem_free(struct pem *pem);

/* Key, certificate and chain (NULL at the end; may be NULL) into a file of that mode; the key is left out when NULL. */
struct pem_file {
    const EVP_PKEY *key;
    const X509 *certs[4];
    const char *passphrase; /* for the key; NULL: in clear */
    unsigned mode;          /* 0: 0600 */
};
void pem_write(const char *path, const struct pem_file *file);

/* The usual: key and certificate, for these names; written anew as a whole (a file that is renamed into place). */
void pem_shop(const char *path, const char *names, enum pem_kind kind);

/* A list of revoked certificates; several of them into one file, which is renamed into place. */
struct pem_crl {
    const struct pem *issuer;
    const struct pem *signer; /* NULL: the issuer */
    const X509 *revoked[4];   /* NULL at the end */
    int begin_s;              /* seconds from now; 0: an hour ago */
    int end_s;                /* 0: in a month; negative: it has ended */
    bool has_no_end;
    bool is_delta; /* holds changes only */
};
void pem_crl_write(const char *path, const struct pem_crl *lists, unsigned count);

/* SHA-256 of the certificate, hexadecimal; out: 65 bytes. */
void pem_fingerprint(const X509 *cert, char *out);

#endif
