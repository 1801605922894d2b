/*
 * Tokens for tests, from any text as head and claims, so that bad ones can be made as well as good ones; signed with
 * libcrypto, not with what the daemon checks them with. What cannot be made aborts. Needs room base only. Any thread.
 */
#ifndef SUPPORT_TOKEN_MAKER_H
#define SUPPORT_TOKEN_MAKER_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

enum token_kind { TOKEN_HS256, TOKEN_RS256, TOKEN_ES256, TOKEN_EDDSA };

struct token_maker {
    enum token_kind kind;
    EVP_PKEY *key;     /* NULL: HS256 */
    char secret[4096]; /* HS256; may be set to anything */
    size_t secret_len;
};

void token_maker_init(struct token_maker *maker, enum token_kind kind); /* a new random key */
void token_maker_fini(struct token_maker *maker);

/* What the daemon reads: the secret with 0600, or the public key. */
void token_maker_write(const struct token_maker *maker, const char *path);

/* The private key (or secret) with this mode, as `switchctl token` reads it. */
void token_maker_write_private(const struct token_maker *maker, const char *path, unsigned mode);

/* head and claims as they are, in base64url, with a good signature; freed with free(). */
char *token_maker_sign(const struct token_maker *maker, const char *head, const char *claims);

/* The same with {"alg":…,"kid":kid}; kid NULL: none. */
char *token_maker_make(const struct token_maker *maker, const char *kid, const char *claims);

/* Whether the signature is good, whatever the token says. */
bool token_maker_verifies(const struct token_maker *maker, const char *token);

#endif
