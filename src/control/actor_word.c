/* See actor_word_priv.h. token_claims.c and cert_subject.c call it. */
#include "control/actor_word_priv.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

enum { NUMBER_LEN = 9 }; /* "~0123abcd" */

void actor_word(const char *text, size_t max, const char *refused, char out[ACTOR_WORD_MAX + 1])
{
    size_t len = strlen(text);
    size_t keep = len <= max ? len : max - NUMBER_LEN;

    CHECK(max > NUMBER_LEN && max <= ACTOR_WORD_MAX);
    for (size_t i = 0; i < keep; i++) {
        char c = text[i];
        bool is_plain = c > ' ' && c < 127 && c != '"' && c != '\\' && strchr(refused, c) == NULL;

        out[i] = c;
        if (!is_plain)
            out[i] = '_';
    }
    out[keep] = '\0';
    if (len > max)
        snprintf(out + keep, max + 1 - keep, "~%08" PRIx32, (uint32_t)hash_bytes(0, text, len));
}
