/* See post_sign_priv.h. */
#include "control/post_sign_priv.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/text.h"

enum { DIGEST = 32 };

void post_sign(struct slice secret, uint64_t seconds, struct slice body, char out[POST_SIGN_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct text signed_text;
    int used = snprintf(out, POST_SIGN_SIZE, "t=%" PRIu64 ",v1=", seconds);

    text_init(&signed_text, body.len + 64);
    text_add_format(&signed_text, "%" PRIu64 ".", seconds);
    text_add_slice(&signed_text, body);
    CHECK(!text_is_cut(&signed_text));
    CHECK(HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)signed_text.bytes,
               signed_text.len, digest, &len) != NULL &&
          len == DIGEST);
    for (unsigned i = 0; i < DIGEST; i++)
        used += snprintf(out + used, POST_SIGN_SIZE - (size_t)used, "%02x", digest[i]);
    text_fini(&signed_text);
}

uint64_t post_sign_wait_us(unsigned attempt, uint64_t random, uint64_t asked_s)
{
    uint64_t most = 1000000ull << (attempt < 1 ? 0 : attempt > 11 ? 10 : attempt - 1);
    uint64_t wait = 0;

    if (most > POST_SIGN_MOST_US)
        most = POST_SIGN_MOST_US;
    wait = random % (most + 1);
    if (wait < POST_SIGN_LEAST_US)
        wait = POST_SIGN_LEAST_US;
    if (asked_s > POST_SIGN_MOST_US / 1000000)
        asked_s = POST_SIGN_MOST_US / 1000000;
    return wait < asked_s * 1000000 ? asked_s * 1000000 : wait;
}
