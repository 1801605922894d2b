/* See token_key_priv.h. */
#include "control/token_key_priv.h"

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret_file.h"
#include "config/config_api.h"
#include "control/token_priv.h"

struct token_key {
    char *kid;
    char *issuer;
    char *audience;
    enum config_key_alg alg;
    struct secret material; /* the secret, or the public key as PEM: what libjwt wants */
    EVP_PKEY *public_key;   /* NULL: HS256 */
};

static const char *alg_name(enum config_key_alg alg)
{
    switch (alg) {
    case CONFIG_ALG_HS256: return "HS256";
    case CONFIG_ALG_RS256: return "RS256";
    case CONFIG_ALG_ES256: return "ES256";
    case CONFIG_ALG_EDDSA: return "EdDSA";
    }
    return "";
}

static bool has_text(const struct secret *secret, const char *text)
{
    return memmem(secret->bytes, secret->len, text, strlen(text)) != NULL;
}

/* Whoever writes a PEM file where a secret belongs would make a secret of what everybody may know. */
static const char *judge_secret(struct secret *secret)
{
    if (secret->bytes[secret->len - 1] == '\n')
        secret->bytes[--secret->len] = '\0';
    if (has_text(secret, "-----BEGIN"))
        return "is a PEM file; HS256 needs a secret: openssl rand -hex 32";
    if (secret->len < TOKEN_SECRET_MIN)
        return "has a secret of fewer than 32 bytes; make one with: openssl rand -hex 32";
    return NULL;
}

static const char *judge_type(const EVP_PKEY *key, enum config_key_alg alg)
{
    char group[64] = "";
    size_t len = 0;

    switch (alg) {
    case CONFIG_ALG_HS256: break;
    case CONFIG_ALG_RS256:
        if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
            return "is no RSA key, which RS256 needs";
        return EVP_PKEY_get_bits(key) >= TOKEN_RSA_BITS_MIN ? NULL
                                                            : "is an RSA key of fewer than 2048 "
                                                              "bits; make a larger one";
    case CONFIG_ALG_ES256:
        if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
            EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1 ||
            strcmp(group, "prime256v1") != 0)
            return "is no EC key on the curve P-256, which ES256 needs";
        return NULL;
    case CONFIG_ALG_EDDSA:
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519
                   ? NULL
                   : "is no Ed25519 key, which EdDSA needs";
    }
    return NULL;
}

/* The public key alone, written anew: nothing else of the file gets to libjwt. */
static void keep_pem(struct token_key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long len = 0;

    CHECK(bio != NULL && PEM_write_bio_PUBKEY(bio, key->public_key) == 1);
    len = BIO_get_mem_data(bio, &bytes);
    secret_copy(bytes, (size_t)len, &key->material);
    BIO_free(bio);
}

static const char *judge_public(struct token_key *key, const struct secret *file)
{
    BIO *bio = NULL;
    const char *fault = NULL;

    if (has_text(file, "PRIVATE KEY-----"))
        return "has a private key, which belongs to whoever makes tokens; put the public one "
               "there: openssl pkey -in KEY -pubout";
    bio = BIO_new_mem_buf(file->bytes, (int)file->len);
    key->public_key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (key->public_key == NULL)
        return "has no public key in PEM; make it with: openssl pkey -in KEY -pubout";
    fault = judge_type(key->public_key, key->alg);
    if (fault == NULL)
        keep_pem(key);
    return fault;
}

/* What is in the file becomes the key's; NULL, or what is wrong with it. */
static const char *take_file(struct token_key *key, struct secret *file)
{
    const char *fault = NULL;

    if (key->alg != CONFIG_ALG_HS256) {
        fault = judge_public(key, file);
    } else {
        fault = judge_secret(file);
        if (fault == NULL)
            secret_copy(file->bytes, file->len, &key->material);
    }
    secret_wipe(file);
    return fault;
}

int token_key_new(const struct config_api_key *config, char *words, unsigned size,
                  struct token_key **out)
{
    struct token_key *key = NULL;
    struct secret file;
    char why[512] = "";
    const char *fault = NULL;
    int err =
        secret_file_read(config->file, config->alg == CONFIG_ALG_HS256, &file, why, sizeof why);

    if (err < 0) {
        snprintf(words, size, "api key %s: %s", config->name, why);
        return err;
    }
    key = mem_zalloc(sizeof *key);
    key->alg = config->alg;
    key->kid = mem_text(config->kid != NULL ? config->kid : config->name);
    key->issuer = mem_text(config->issuer);
    key->audience = mem_text(config->audience);
    fault = take_file(key, &file);
    if (fault != NULL) {
        snprintf(words, size, "api key %s: %s %s", config->name, config->file, fault);
        token_key_free(key);
        return ERR_INVALID;
    }
    *out = key;
    return 0;
}

void token_key_free(struct token_key *key)
{
    if (key == NULL)
        return;
    secret_wipe(&key->material);
    EVP_PKEY_free(key->public_key);
    free(key->kid);
    free(key->issuer);
    free(key->audience);
    free(key);
}

const char *token_key_kid(const struct token_key *key)
{
    return key->kid;
}

const char *token_key_issuer(const struct token_key *key)
{
    return key->issuer;
}

const char *token_key_audience(const struct token_key *key)
{
    return key->audience;
}

bool token_key_fits(const struct token_key *key, const struct token *token)
{
    return strcmp(token->alg, alg_name(key->alg)) == 0;
}

static bool is_signed_ed25519(const struct token_key *key, const struct token *token)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL &&
                   EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->public_key) == 1 &&
                   EVP_DigestVerify(context, token->signature, token->signature_len,
                                    (const unsigned char *)token->text, token->signed_len) == 1;

    EVP_MD_CTX_free(context);
    return is_good;
}

static bool is_signed_by(const struct token_key *key, const struct token *token, jwt_alg_t alg)
{
    jwt_t *jwt = NULL;
    bool is_good = jwt_decode(&jwt, token->text, (const unsigned char *)key->material.bytes,
                              (int)key->material.len) == 0 &&
                   jwt != NULL && jwt_get_alg(jwt) == alg;

    jwt_free(jwt); /* overwrites its copy of the key */
    return is_good;
}

bool token_key_signed(const struct token_key *key, const struct token *token)
{
    bool is_good = false;

    if (!token_key_fits(key, token))
        return false;
    switch (key->alg) {
    case CONFIG_ALG_HS256: is_good = is_signed_by(key, token, JWT_ALG_HS256); break;
    case CONFIG_ALG_RS256: is_good = is_signed_by(key, token, JWT_ALG_RS256); break;
    case CONFIG_ALG_ES256: is_good = is_signed_by(key, token, JWT_ALG_ES256); break;
    case CONFIG_ALG_EDDSA: is_good = is_signed_ed25519(key, token); break;
    }
    ERR_clear_error(); /* what OpenSSL thought of a bad one is nobody's business later */
    return is_good;
}
