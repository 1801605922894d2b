/*
 * A key of the configuration and what was signed with it. The algorithm belongs to the key: a token may name it and
 * cannot choose it. HS256, RS256 and ES256 are checked by libjwt; EdDSA, which Debian's libjwt has not, by OpenSSL.
 * Thread: control.
 */
#ifndef CONTROL_TOKEN_KEY_PRIV_H
#define CONTROL_TOKEN_KEY_PRIV_H

#include <stdbool.h>

#include "base/check.h"

struct config_api_key;
struct token;
struct token_key;

enum { TOKEN_SECRET_MIN = 32, TOKEN_RSA_BITS_MIN = 2048 };

/* Reads the file; nothing of the configuration is kept. ERR_*: words name the key, the file and the remedy. */
MUST_CHECK int token_key_new(const struct config_api_key *config, char *words, unsigned size,
                             struct token_key **out);
void token_key_free(struct token_key *key); /* NULL is fine */

const char *token_key_kid(const struct token_key *key);
const char *token_key_issuer(const struct token_key *key);   /* NULL: any */
const char *token_key_audience(const struct token_key *key); /* NULL: a token may have none */

/* Whether the token names the algorithm of the key. */
bool token_key_fits(const struct token_key *key, const struct token *token);

/* Whether the token was signed with it. Asks for the algorithm as well. */
bool token_key_signed(const struct token_key *key, const struct token *token);

#endif
