/*
 * Signs a token with a key in a file, without the daemon. The file is read under the same rules as there: what others may
 * read or change, and what is too weak, is refused.
 */
#ifndef CTL_TOKEN_SIGN_H
#define CTL_TOKEN_SIGN_H

#include <stddef.h>

#include "base/check.h"

struct token_order {
    const char *key_file;
    const char *alg;    /* "HS256", "RS256", "ES256", "EdDSA" */
    const char *kid;    /* NULL: none */
    const char *claims; /* a JSON object */
};

/* The token, freed with free(). ERR_*: words (size bytes) say why, and nothing of the key. */
MUST_CHECK int token_sign(const struct token_order *order, char *words, size_t size, char **out);

#endif
