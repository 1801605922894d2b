/* What `switchctl token` signs is what the daemon takes. src/ctl/token_sign.c against src/control/identity.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "ctl/token_sign.h"
#include "support/token_maker.h"
#include "unit/control/identity_bench.h"

static const char *const algs[KINDS] = { "HS256", "RS256", "ES256", "EdDSA" };

static struct bench bench;
static char path[128];
static char *claims;

static void start(void)
{
    bench_init(&bench);
    snprintf(path, sizeof path, "%s/private", bench.folder);
    claims = claims_at(60, ",\"services\":[\"shop\"]");
}

static void stop(void)
{
    free(claims);
    unlink(path);
    bench_fini(&bench);
}

TestSuite(token_sign, .init = start, .fini = stop);

static int sign(const char *alg, const char *kid, char **out, char words[512])
{
    const struct token_order order = { .key_file = path, .alg = alg, .kid = kid, .claims = claims };

    words[0] = '\0';
    return token_sign(&order, words, 512, out);
}

Test(token_sign, the_daemon_takes_it)
{
    struct identity_result result;
    char words[512];
    char *token = NULL;

    for (int i = 0; i < KINDS; i++) {
        token_maker_write_private(&bench.makers[i], path, 0600);
        cr_assert_eq(sign(algs[i], kid_of[i], &token, words), 0, "%s", words);
        cr_expect_eq(ask_token(&bench, token, &result), IDENTITY_KNOWN, "%s: %s", algs[i],
                     result.words);
        cr_expect_eq(result.peer.level, LEVEL_OPERATOR);
        cr_assert_eq(sign(algs[i], NULL, &token, words), 0, "%s", words);
        cr_expect_eq(ask_token(&bench, token, &result), IDENTITY_REFUSED, "there are four keys");
    }
}

Test(token_sign, a_key_is_used_with_its_own_algorithm_only)
{
    char words[512];
    char *token = NULL;

    for (int key = 0; key < KINDS; key++) {
        token_maker_write_private(&bench.makers[key], path, 0600);
        for (int alg = 0; alg < KINDS; alg++) {
            if (alg == key)
                continue;
            cr_expect_lt(sign(algs[alg], NULL, &token, words), 0, "%s with a key of %s", algs[alg],
                         algs[key]);
            cr_expect(strstr(words, path) != NULL, "%s", words);
        }
        cr_expect_lt(sign("none", NULL, &token, words), 0);
        cr_expect_lt(sign("HS512", NULL, &token, words), 0);
    }
}

Test(token_sign, refuses_keys_that_others_may_read_and_public_ones)
{
    char words[512];
    char *token = NULL;

    token_maker_write_private(&bench.makers[1], path, 0644);
    cr_expect_eq(sign("RS256", NULL, &token, words), ERR_DENIED);
    cr_expect(strstr(words, "chmod 600") != NULL, "%s", words);
    token_maker_write(&bench.makers[1], path);
    chmod(path, 0600);
    cr_expect_eq(sign("RS256", NULL, &token, words), ERR_INVALID);
    unlink(path);
    cr_expect_eq(sign("RS256", NULL, &token, words), ERR_NOT_FOUND);
}
