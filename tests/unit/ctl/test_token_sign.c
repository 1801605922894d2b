/* Tokens signed without the daemon: signatures, heads, and keys that are refused. src/ctl/token_sign.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/err.h"
#include "ctl/token_sign.h"
#include "support/token_maker.h"

enum { KINDS = 4 };

static const char *const algs[KINDS] = { "HS256", "RS256", "ES256", "EdDSA" };
static const char claims[] = "{\"sub\":\"ci\",\"services\":[\"a\",\"b\"],\"exp\":1700000000}";

static struct token_maker makers[KINDS];
static char folder[64];
static char path[96];
static char words[512];

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/token-sign-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/key", folder);
    for (int i = 0; i < KINDS; i++)
        token_maker_init(&makers[i], (enum token_kind)i);
}

static void stop(void)
{
    for (int i = 0; i < KINDS; i++)
        token_maker_fini(&makers[i]);
    unlink(path);
    rmdir(folder);
}

TestSuite(token_sign, .init = start, .fini = stop);

static int sign(const char *alg, const char *kid, char **out)
{
    const struct token_order order = { .key_file = path, .alg = alg, .kid = kid, .claims = claims };

    words[0] = '\0';
    return token_sign(&order, words, sizeof words, out);
}

/* The head of a token as text. */
static void read_head(const char *token, char out[256])
{
    size_t len = 0;

    cr_assert_eq(base64url_decode(slice_of(token, strcspn(token, ".")), out, 255, &len), 0);
    out[len] = '\0';
}

Test(token_sign, signs_with_each_algorithm)
{
    for (int i = 0; i < KINDS; i++) {
        char *token = NULL;
        char head[256];

        token_maker_write_private(&makers[i], path, 0600);
        cr_assert_eq(sign(algs[i], "k-1", &token), 0, "%s", words);
        cr_expect(token_maker_verifies(&makers[i], token), "%s: %s", algs[i], token);
        read_head(token, head);
        cr_expect(strstr(head, algs[i]) != NULL && strstr(head, "\"kid\":\"k-1\"") != NULL, "%s",
                  head);
        free(token);
        cr_assert_eq(sign(algs[i], NULL, &token), 0, "%s", words);
        read_head(token, head);
        cr_expect_null(strstr(head, "kid"), "%s", head);
        free(token);
    }
}

Test(token_sign, a_key_is_used_with_its_own_algorithm_only)
{
    char *token = NULL;

    for (int key = 0; key < KINDS; key++) {
        token_maker_write_private(&makers[key], path, 0600);
        for (int alg = 0; alg < KINDS; alg++) {
            if (alg == key)
                continue;
            cr_expect_lt(sign(algs[alg], NULL, &token), 0, "%s with a key of %s", algs[alg],
                         algs[key]);
            cr_expect(strstr(words, path) != NULL, "%s", words);
        }
        cr_expect_lt(sign("none", NULL, &token), 0);
        cr_expect_lt(sign("HS512", NULL, &token), 0);
    }
}

Test(token_sign, refuses_keys_that_others_may_read_and_public_ones)
{
    char *token = NULL;

    token_maker_write_private(&makers[1], path, 0644);
    cr_expect_eq(sign("RS256", NULL, &token), ERR_DENIED);
    cr_expect(strstr(words, "chmod 600") != NULL, "%s", words);
    token_maker_write(&makers[1], path);
    chmod(path, 0600);
    cr_expect_eq(sign("RS256", NULL, &token), ERR_INVALID);
    unlink(path);
    cr_expect_eq(sign("RS256", NULL, &token), ERR_NOT_FOUND);
}
