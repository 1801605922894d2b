/*
 * A token (JWT, RFC 7519) taken apart: three parts in canonical base64url, two of them strict JSON objects. Of these only
 * the head is read before the signature is checked (token_key_priv.h): it says which key. Pure, any thread.
 */
#ifndef CONTROL_TOKEN_PRIV_H
#define CONTROL_TOKEN_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/slice.h"

struct cJSON;

enum { TOKEN_KID_MAX = 64, TOKEN_ALG_MAX = 16, TOKEN_SIGNATURE_MAX = 1024 };

struct token {
    char *text; /* terminated, the token's own copy */
    size_t len;
    size_t signed_len; /* of "head.claims" at its start */
    unsigned char signature[TOKEN_SIGNATURE_MAX];
    size_t signature_len;
    char alg[TOKEN_ALG_MAX];
    char kid[TOKEN_KID_MAX + 1];
    bool has_kid;
    struct cJSON *claims; /* NULL until token_read_claims */
};

/*
 * ERR_RANGE: longer than max; ERR_INVALID: no token, or one with members in its head that change how it is to be read. *why is then
 * a constant text that holds nothing of the token.
 */
MUST_CHECK int token_parse(struct slice text, size_t max, struct token *out, const char **why);

/* The claims, of a token whose signature is good. ERR_INVALID as above. */
MUST_CHECK int token_read_claims(struct token *token, const char **why);
void token_fini(struct token *token); /* overwrites it first */

#endif
