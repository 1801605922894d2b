/*
 * HMAC tags: see base/seal.h. OpenSSL's HMAC is fetched once for the process; each thread keeps one context of its
 * own, which is made at its first tag and cleansed and freed when the thread ends. Any thread.
 */
#include "base/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/check.h"

enum { DIGEST_BYTES = 32, TAG_BYTES = SEAL_TAG / 2 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;
static EVP_MAC *hmac;

static void free_context(void *context)
{
    EVP_MAC_CTX_free(context);
}

static void fetch(void)
{
    hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    CHECK(hmac != NULL);
    CHECK(pthread_key_create(&context_key, free_context) == 0);
}

static EVP_MAC_CTX *find_context(void)
{
    static const char digest[] = "SHA256";
    char name[sizeof digest];
    EVP_MAC_CTX *context = NULL;
    OSSL_PARAM params[2];

    CHECK(pthread_once(&once, fetch) == 0);
    context = pthread_getspecific(context_key);
    if (context != NULL)
        return context;
    memcpy(name, digest, sizeof digest);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    params[1] = OSSL_PARAM_construct_end();
    context = EVP_MAC_CTX_new(hmac);
    CHECK(context != NULL && EVP_MAC_CTX_set_params(context, params) == 1);
    CHECK(pthread_setspecific(context_key, context) == 0);
    return context;
}

/* An empty secret is one byte of zero to HMAC, which pads keys with zeros (RFC 2104 2). */
static void compute(struct slice secret, struct slice text, unsigned char out[DIGEST_BYTES])
{
    static const unsigned char zero[1];
    const unsigned char *key = secret.len > 0 ? (const unsigned char *)secret.ptr : zero;
    size_t key_len = secret.len > 0 ? secret.len : sizeof zero;
    EVP_MAC_CTX *context = find_context();
    size_t len = 0;

    CHECK(EVP_MAC_init(context, key, key_len, NULL) == 1);
    CHECK(EVP_MAC_update(context, (const unsigned char *)text.ptr, text.len) == 1);
    CHECK(EVP_MAC_final(context, out, &len, DIGEST_BYTES) == 1 && len == DIGEST_BYTES);
}

void seal_make(struct slice secret, struct slice text, char out[SEAL_TAG + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[DIGEST_BYTES];

    compute(secret, text, digest);
    for (size_t i = 0; i < TAG_BYTES; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[SEAL_TAG] = '\0';
    OPENSSL_cleanse(digest, sizeof digest);
}

bool seal_is_good(struct slice secret, struct slice text, struct slice tag)
{
    char right[SEAL_TAG + 1];
    bool is_good = false;

    if (tag.len != SEAL_TAG)
        return false;
    seal_make(secret, text, right);
    is_good = seal_is_same(slice_of(right, SEAL_TAG), tag);
    OPENSSL_cleanse(right, sizeof right);
    return is_good;
}

bool seal_is_same(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
