/* Tokens for tests: see support/token_maker.h. */
#include "support/token_maker.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/mem.h"

enum { SIGNATURE_MAX = 1024, NUMBER_BYTES = 32 };

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "cannot make a token: %s\n", what);
    abort();
}

void token_maker_init(struct token_maker *maker, enum token_kind kind)
{
    unsigned char random[32];

    *maker = (struct token_maker){ .kind = kind };
    switch (kind) {
    case TOKEN_HS256:
        must(RAND_bytes(random, sizeof random) == 1, "random");
        for (size_t i = 0; i < sizeof random; i++)
            snprintf(maker->secret + 2 * i, 3, "%02x", random[i]);
        maker->secret_len = 64;
        break;
    case TOKEN_RS256: maker->key = EVP_RSA_gen(2048); break;
    case TOKEN_ES256: maker->key = EVP_EC_gen("P-256"); break;
    case TOKEN_EDDSA: maker->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    }
    must(kind == TOKEN_HS256 || maker->key != NULL, "key");
}

void token_maker_fini(struct token_maker *maker)
{
    EVP_PKEY_free(maker->key);
    maker->key = NULL;
}

static void write_file(const struct token_maker *maker, const char *path, unsigned mode,
                       bool is_private)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    BIO *bio = BIO_new_fd(fd, BIO_CLOSE);

    must(fd >= 0 && bio != NULL && fchmod(fd, mode) == 0, path);
    if (maker->key == NULL)
        must(BIO_write(bio, maker->secret, (int)maker->secret_len) == (int)maker->secret_len, path);
    else if (is_private)
        must(PEM_write_bio_PrivateKey(bio, maker->key, NULL, NULL, 0, NULL, NULL) == 1, path);
    else
        must(PEM_write_bio_PUBKEY(bio, maker->key) == 1, path);
    BIO_free(bio);
}

void token_maker_write(const struct token_maker *maker, const char *path)
{
    write_file(maker, path, maker->key == NULL ? 0600 : 0644, false);
}

void token_maker_write_private(const struct token_maker *maker, const char *path, unsigned mode)
{
    write_file(maker, path, mode, true);
}

/* Two numbers of 32 bytes in place of DER (RFC 7518 3.4). */
static size_t flatten(unsigned char *signature, size_t len)
{
    const unsigned char *at = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);

    must(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, NUMBER_BYTES) > 0 &&
             BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + NUMBER_BYTES, NUMBER_BYTES) > 0,
         "signature");
    ECDSA_SIG_free(pair);
    return (size_t)2 * NUMBER_BYTES;
}

static size_t sign(const struct token_maker *maker, const char *text, unsigned char *out)
{
    EVP_MD_CTX *context = NULL;
    size_t len = SIGNATURE_MAX;
    unsigned digest_len = 0;

    if (maker->kind == TOKEN_HS256) {
        must(HMAC(EVP_sha256(), maker->secret, (int)maker->secret_len, (const unsigned char *)text,
                  strlen(text), out, &digest_len) != NULL,
             "hmac");
        return digest_len;
    }
    context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, maker->kind == TOKEN_EDDSA ? NULL : EVP_sha256(), NULL,
                            maker->key) == 1 &&
             EVP_DigestSign(context, out, &len, (const unsigned char *)text, strlen(text)) == 1,
         "signature");
    EVP_MD_CTX_free(context);
    return maker->kind == TOKEN_ES256 ? flatten(out, len) : len;
}

char *token_maker_sign(const struct token_maker *maker, const char *head, const char *claims)
{
    size_t head_len = strlen(head);
    size_t claims_len = strlen(claims);
    char *text = mem_zalloc(BASE64URL_LEN(head_len) + BASE64URL_LEN(claims_len) + 2);
    unsigned char signature[SIGNATURE_MAX];
    char letters[BASE64URL_LEN(SIGNATURE_MAX) + 1];
    char *whole = NULL;

    base64url_encode(head, head_len, text);
    text[BASE64URL_LEN(head_len)] = '.';
    base64url_encode(claims, claims_len, text + BASE64URL_LEN(head_len) + 1);
    base64url_encode(signature, sign(maker, text, signature), letters);
    whole = mem_format("%s.%s", text, letters);
    free(text);
    return whole;
}

char *token_maker_make(const struct token_maker *maker, const char *kid, const char *claims)
{
    static const char *const algs[] = { "HS256", "RS256", "ES256", "EdDSA" };
    char head[256];

    if (kid != NULL)
        snprintf(head, sizeof head, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
                 algs[maker->kind], kid);
    else
        snprintf(head, sizeof head, "{\"alg\":\"%s\"}", algs[maker->kind]);
    return token_maker_sign(maker, head, claims);
}

/* Two numbers of 32 bytes as DER; how long it is. */
static size_t unflatten(const unsigned char *pair, unsigned char *out)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    int len = 0;

    must(signature != NULL &&
             ECDSA_SIG_set0(signature, BN_bin2bn(pair, NUMBER_BYTES, NULL),
                            BN_bin2bn(pair + NUMBER_BYTES, NUMBER_BYTES, NULL)) == 1,
         "signature");
    len = i2d_ECDSA_SIG(signature, &out);
    ECDSA_SIG_free(signature);
    return (size_t)len;
}

static bool is_good(const struct token_maker *maker, const char *text, size_t text_len,
                    const unsigned char *signature, size_t len)
{
    unsigned char other[SIGNATURE_MAX];
    EVP_MD_CTX *context = NULL;
    bool good = false;

    if (maker->kind == TOKEN_HS256) {
        char *copy = mem_text_of(text, text_len);

        good = sign(maker, copy, other) == len && memcmp(other, signature, len) == 0;
        free(copy);
        return good;
    }
    if (maker->kind == TOKEN_ES256 && len != (size_t)2 * NUMBER_BYTES)
        return false;
    if (maker->kind == TOKEN_ES256) {
        len = unflatten(signature, other);
        signature = other;
    }
    context = EVP_MD_CTX_new();
    good = EVP_DigestVerifyInit(context, NULL, maker->kind == TOKEN_EDDSA ? NULL : EVP_sha256(),
                                NULL, maker->key) == 1 &&
           EVP_DigestVerify(context, signature, len, (const unsigned char *)text, text_len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

bool token_maker_verifies(const struct token_maker *maker, const char *token)
{
    const char *dot = strrchr(token, '.');
    unsigned char signature[SIGNATURE_MAX];
    size_t len = 0;

    return dot != NULL &&
           base64url_decode(slice_from(dot + 1), signature, sizeof signature, &len) == 0 &&
           is_good(maker, token, (size_t)(dot - token), signature, len);
}
