/* See ctl/token_sign.h. libjwt signs; EdDSA, which it has not, OpenSSL. */
#include "ctl/token_sign.h"

#include <cjson/cJSON.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret_file.h"

enum { SECRET_MIN = 32, RSA_BITS_MIN = 2048, ED25519_BYTES = 64 };

static const struct {
    const char *name;
    jwt_alg_t alg; /* JWT_ALG_NONE: not by libjwt */
    int type;      /* of the key; EVP_PKEY_NONE: a secret */
    const char *needs;
} algs[] = {
    { "HS256", JWT_ALG_HS256, EVP_PKEY_NONE, "a secret of at least 32 bytes" },
    { "RS256", JWT_ALG_RS256, EVP_PKEY_RSA, "a private RSA key of at least 2048 bits in PEM" },
    { "ES256", JWT_ALG_ES256, EVP_PKEY_EC, "a private EC key on the curve P-256 in PEM" },
    { "EdDSA", JWT_ALG_NONE, EVP_PKEY_ED25519, "a private Ed25519 key in PEM" },
};
enum { ALGS = sizeof algs / sizeof algs[0] };

/* No passphrase is ever asked for. */
static int no_passphrase(char *out, int size, int is_writing, void *arg)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)arg;
    return 0;
}

static EVP_PKEY *read_private(const struct secret *file)
{
    BIO *bio = BIO_new_mem_buf(file->bytes, (int)file->len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return key;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[64] = "";
    size_t len = 0;

    return EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* Whether the file holds what the algorithm needs; *key is then the private key, NULL for a secret. */
static bool fits(unsigned index, struct secret *file, EVP_PKEY **key)
{
    *key = NULL;
    if (algs[index].type == EVP_PKEY_NONE) {
        if (file->bytes[file->len - 1] == '\n')
            file->bytes[--file->len] = '\0';
        return file->len >= SECRET_MIN && memmem(file->bytes, file->len, "-----BEGIN", 10) == NULL;
    }
    *key = read_private(file);
    if (*key == NULL || EVP_PKEY_get_base_id(*key) != algs[index].type)
        return false;
    return algs[index].type == EVP_PKEY_RSA  ? EVP_PKEY_get_bits(*key) >= RSA_BITS_MIN
           : algs[index].type == EVP_PKEY_EC ? is_p256(*key)
                                             : true;
}

static char *sign_ed25519(const struct token_order *order, EVP_PKEY *key)
{
    cJSON *head = cJSON_CreateObject();
    char *head_text = NULL;
    char *text = NULL;
    char *whole = NULL;
    unsigned char signature[ED25519_BYTES];
    char letters[BASE64URL_LEN(ED25519_BYTES) + 1];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    cJSON_AddStringToObject(head, "alg", order->alg);
    cJSON_AddStringToObject(head, "typ", "JWT");
    if (order->kid != NULL)
        cJSON_AddStringToObject(head, "kid", order->kid);
    head_text = cJSON_PrintUnformatted(head);
    cJSON_Delete(head);
    text = mem_zalloc(BASE64URL_LEN(strlen(head_text)) + BASE64URL_LEN(strlen(order->claims)) + 2);
    base64url_encode(head_text, strlen(head_text), text);
    text[BASE64URL_LEN(strlen(head_text))] = '.';
    base64url_encode(order->claims, strlen(order->claims), text + strlen(text));
    if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &len, (const unsigned char *)text, strlen(text)) == 1) {
        base64url_encode(signature, len, letters);
        whole = mem_format("%s.%s", text, letters);
    }
    EVP_MD_CTX_free(context);
    cJSON_free(head_text);
    free(text);
    return whole;
}

static char *sign_by_libjwt(const struct token_order *order, jwt_alg_t alg,
                            const struct secret *file)
{
    jwt_t *jwt = NULL;
    char *made = NULL;
    char *whole = NULL;

    if (jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, order->claims) == 0 &&
        (order->kid == NULL || jwt_add_header(jwt, "kid", order->kid) == 0) &&
        jwt_set_alg(jwt, alg, (const unsigned char *)file->bytes, (int)file->len) == 0)
        made = jwt_encode_str(jwt);
    whole = mem_text(made);
    free(made);
    jwt_free(jwt);
    return whole;
}

int token_sign(const struct token_order *order, char *words, size_t size, char **out)
{
    struct secret file;
    EVP_PKEY *key = NULL;
    unsigned index = 0;
    int err = 0;

    while (index < ALGS && strcmp(algs[index].name, order->alg) != 0)
        index++;
    if (index == ALGS) {
        snprintf(words, size, "'%.20s' is not one of HS256, RS256, ES256 and EdDSA", order->alg);
        return ERR_INVALID;
    }
    err = secret_file_read(order->key_file, true, &file, words, size);
    if (err < 0)
        return err;
    *out = NULL;
    if (!fits(index, &file, &key))
        snprintf(words, size, "%s is not what %s needs: %s", order->key_file, order->alg,
                 algs[index].needs);
    else
        *out = algs[index].alg == JWT_ALG_NONE ? sign_ed25519(order, key)
                                               : sign_by_libjwt(order, algs[index].alg, &file);
    if (*out == NULL && words[0] == '\0')
        snprintf(words, size, "%s: signing failed", order->key_file);
    EVP_PKEY_free(key);
    secret_wipe(&file);
    return *out != NULL ? 0 : ERR_INVALID;
}
