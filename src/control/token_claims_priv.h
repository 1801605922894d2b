/*
 * What a token says of its bearer: whether it counts now, here and for us, and which role that is. Asked only of tokens
 * whose signature is good. Pure, any thread.
 */
#ifndef CONTROL_TOKEN_CLAIMS_PRIV_H
#define CONTROL_TOKEN_CLAIMS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "config/config_value.h"
#include "control/peer_priv.h"

struct cJSON;
struct config_api;

enum { TOKEN_LEVELS = LEVEL_ADMIN + 1 };

/* From the configuration, copied. */
struct token_rules {
    char *claim;
    char *services_claim;
    struct config_texts values[TOKEN_LEVELS]; /* by level; NONE has none */
    struct config_texts revoked;
    uint64_t skew_s;
    uint64_t lifetime_s;
};

/* Of the key that signed it; NULL: see token_key_priv.h. */
struct token_meaning {
    const char *issuer;
    const char *audience;
    uint64_t now_s; /* of the wall clock */
};

void token_rules_init(struct token_rules *rules, const struct config_api *config);
void token_rules_fini(struct token_rules *rules);

/* exp, nbf, iat, iss, aud, jti. ERR_INVALID: *why is a constant text. */
MUST_CHECK int token_claims_check(const struct cJSON *claims, const struct token_rules *rules,
                                  const struct token_meaning *meaning, const char **why);

/* Level, scope and actor ("sub=SUBJECT key=KID"). ERR_INVALID: *why is a constant text. */
MUST_CHECK int token_claims_peer(const struct cJSON *claims, const struct token_rules *rules,
                                 const char *kid, struct peer *out, const char **why);

#endif
