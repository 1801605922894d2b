/* Who asks over HTTP: good tokens of each algorithm, and all that must be refused. src/control/identity.c */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/mem.h"
#include "unit/control/identity_bench.h"

Test(identity, good_tokens_of_each_algorithm_are_known)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(600, "");

    bench_init(&bench);
    for (int i = 0; i < KINDS; i++) {
        char actor[64];

        cr_expect_eq(ask_claims(&bench, i, claims, &result), IDENTITY_KNOWN, "%s: %s", kid_of[i],
                     result.words);
        snprintf(actor, sizeof actor, "sub=ci key=%s", kid_of[i]);
        cr_expect_str_eq(result.peer.actor, actor);
        cr_expect_eq(result.peer.level, LEVEL_OPERATOR);
    }
    free(claims);
    bench_fini(&bench);
}

Test(identity, the_scheme_is_bearer_in_any_case)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(600, "");
    char *token = NULL;
    char *field = NULL;

    bench_init(&bench);
    token = token_maker_make(&bench.makers[0], "hs", claims);
    field = mem_format("bEARER   %s ", token);
    cr_expect_eq(ask_field(&bench, field, &result), IDENTITY_KNOWN, "%s", result.words);
    free(field);
    field = mem_format("Basic %s", token);
    cr_expect_eq(ask_field(&bench, field, &result), IDENTITY_REFUSED);
    free(field);
    cr_expect_eq(ask_field(&bench, token, &result), IDENTITY_REFUSED);
    cr_expect_eq(ask_field(&bench, "Bearer ", &result), IDENTITY_REFUSED);
    cr_expect_eq(ask_field(&bench, "Bearer", &result), IDENTITY_REFUSED);
    free(token);
    free(claims);
    bench_fini(&bench);
}

/* What stands in the claims, and whether the token is taken. */
struct claims_case {
    const char *claims; /* with %lld in place of what is added to now */
    int64_t at;
    const char *why; /* part of the words; NULL: it is good */
};

static const struct claims_case claims_cases[] = {
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%lld}", 1, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%lld}", -29, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%lld}", -30, "expired" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%lld}", -100000, "expired" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%lld}", 3600, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%lld}", 3601, "lifetime" },
    { "{\"sub\":\"a\",\"role\":\"viewer\"}", 0, "no exp" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":null}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":\"1700000600\"}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600.5}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":-1}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1e300}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":9007199254740992}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"nbf\":%lld}", 30, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"nbf\":%lld}", 31, "nbf" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"nbf\":\"x\"}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"iat\":%lld}", 30, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"iat\":%lld}", 31, "iat" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"iat\":%lld}", -3000, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"iat\":%lld}", -3001, "lifetime" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"iat\":[]}", 0, "whole number" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"aud\":\"x\"}", 0, "aud" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"aud\":null}", 0, "aud" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"iss\":\"x\"}", 0, NULL },
    { "{\"role\":\"viewer\",\"exp\":1700000600}", 0, "sub" },
    { "{\"sub\":\"\",\"role\":\"viewer\",\"exp\":1700000600}", 0, "sub" },
    { "{\"sub\":7,\"role\":\"viewer\",\"exp\":1700000600}", 0, "sub" },
    { "{\"sub\":\"a\",\"exp\":1700000600}", 0, "no role" },
    { "{\"sub\":\"a\",\"role\":\"root\",\"exp\":1700000600}", 0, "no role" },
    { "{\"sub\":\"a\",\"role\":\"Admin\",\"exp\":1700000600}", 0, "no role" },
    { "{\"sub\":\"a\",\"role\":{\"admin\":true},\"exp\":1700000600}", 0, "no role" },
    { "{\"sub\":\"a\",\"role\":[\"x\",\"viewer\"],\"exp\":1700000600}", 0, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"jti\":7}", 0, "jti" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"role\":\"admin\",\"exp\":1700000600}", 0, "" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600,\"exp\":1700000601}", 0, "" },
    { "{\"sub\":\"a\",\"x\":{\"y\":1,\"y\":2},\"role\":\"viewer\",\"exp\":1700000600}", 0, "" },
    { "[]", 0, "" },
    { "\"admin\"", 0, "" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600} ", 0, NULL },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600}x", 0, "" },
    { "{\"sub\":\"a\\u0000b\",\"role\":\"viewer\",\"exp\":1700000600}", 0, "" },
    { "{\"sub\":\"\xff\",\"role\":\"viewer\",\"exp\":1700000600}", 0, "" },
    { "{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":1700000600", 0, "" },
};

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

Test(identity, claims_decide_when_and_for_whom)
{
    static struct bench bench;
    struct identity_result result;

    bench_init(&bench);
    for (size_t i = 0; i < sizeof claims_cases / sizeof claims_cases[0]; i++) {
        const struct claims_case *row = &claims_cases[i];
        char *claims = mem_format(row->claims, (long long)NOW + row->at);

        for (int kind = 0; kind < KINDS; kind++) {
            enum identity_answer answer = ask_claims(&bench, kind, claims, &result);

            cr_expect_eq(answer, row->why == NULL ? IDENTITY_KNOWN : IDENTITY_REFUSED, "%s %s: %s",
                         kid_of[kind], claims, result.words);
            if (row->why != NULL)
                cr_expect(strstr(result.words, row->why) != NULL, "%s: %s", claims, result.words);
        }
        free(claims);
    }
    bench_fini(&bench);
}

Test(identity, issuer_and_audience_of_the_key)
{
    static char issuer[] = "https://ci.example";
    static char audience[] = "switchyard-1";
    static const struct {
        const char *more;
        bool is_good;
    } rows[] = {
        { ",\"iss\":\"https://ci.example\",\"aud\":\"switchyard-1\"", true },
        { ",\"iss\":\"https://ci.example\",\"aud\":[\"x\",\"switchyard-1\"]", true },
        { ",\"iss\":\"https://ci.example\",\"aud\":[\"x\"]", false },
        { ",\"iss\":\"https://ci.example\",\"aud\":[]", false },
        { ",\"iss\":\"https://ci.example\",\"aud\":[[\"switchyard-1\"]]", false },
        { ",\"iss\":\"https://ci.example\",\"aud\":\"switchyard-10\"", false },
        { ",\"iss\":\"https://ci.example\"", false },
        { ",\"iss\":\"https://ci.example/\",\"aud\":\"switchyard-1\"", false },
        { ",\"iss\":[\"https://ci.example\"],\"aud\":\"switchyard-1\"", false },
        { ",\"aud\":\"switchyard-1\"", false },
    };
    static struct bench bench;
    struct identity_result result;

    bench_init(&bench);
    bench.keys[1].issuer = issuer;
    bench.keys[1].audience = audience;
    cr_assert_eq(bench_reload(&bench), 0, "%s", bench_words);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *claims = claims_at(60, rows[i].more);

        cr_expect_eq(ask_claims(&bench, 1, claims, &result),
                     rows[i].is_good ? IDENTITY_KNOWN : IDENTITY_REFUSED, "%s: %s", claims,
                     result.words);
        free(claims);
    }
    bench_fini(&bench);
}

/* What a claim says is not looked at, and not said, before the signature is good. */
Test(identity, signatures_come_before_claims)
{
    static const char *const claims[] = { "[]", "{\"sub\":", "{\"sub\":1,\"sub\":2}", "\"x\"",
                                          "{\"exp\":1}" };
    static struct bench bench;
    struct identity_result result;
    struct token_maker forger;

    bench_init(&bench);
    token_maker_init(&forger, TOKEN_EDDSA);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        cr_expect_eq(ask_token(&bench, token_maker_make(&forger, "ed", claims[i]), &result),
                     IDENTITY_REFUSED);
        cr_expect_not_null(strstr(result.words, "signature is not good"), "%s: %s", claims[i],
                           result.words);
        cr_expect_eq(ask_claims(&bench, 3, claims[i], &result), IDENTITY_REFUSED);
        cr_expect_null(strstr(result.words, "signature"), "%s: %s", claims[i], result.words);
    }
    token_maker_fini(&forger);
    bench_fini(&bench);
}

/* Heads that are not what the key asks for, signed by who has the key. */
static const char *const bad_heads[] = {
    "{\"alg\":\"none\",\"kid\":\"hs\"}",
    "{\"alg\":\"None\",\"kid\":\"hs\"}",
    "{\"alg\":\"NONE\",\"kid\":\"hs\"}",
    "{\"alg\":\"\",\"kid\":\"hs\"}",
    "{\"kid\":\"hs\"}",
    "{\"alg\":\"hs256\",\"kid\":\"hs\"}",
    "{\"alg\":\"HS256 \",\"kid\":\"hs\"}",
    "{\"alg\":\"HS384\",\"kid\":\"hs\"}",
    "{\"alg\":\"HS512\",\"kid\":\"hs\"}",
    "{\"alg\":\"RS256\",\"kid\":\"hs\"}",
    "{\"alg\":\"HS256\",\"kid\":\"rs\"}",
    "{\"alg\":\"HS256\",\"kid\":\"es\"}",
    "{\"alg\":\"HS256\",\"kid\":\"ed\"}",
    "{\"alg\":[\"HS256\"],\"kid\":\"hs\"}",
    "{\"alg\":null,\"kid\":\"hs\"}",
    "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"hs\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"kid\":\"rs\"}",
    "{\"alg\":\"HS256\"}", /* there are four keys */
    "{\"alg\":\"HS256\",\"kid\":\"\"}",
    "{\"alg\":\"HS256\",\"kid\":null}",
    "{\"alg\":\"HS256\",\"kid\":7}",
    "{\"alg\":\"HS256\",\"kid\":[\"hs\"]}",
    "{\"alg\":\"HS256\",\"kid\":\"other\"}",
    "{\"alg\":\"HS256\",\"kid\":\"HS\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs \"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\\u0000\"}",
    "{\"alg\":\"HS256\",\"kid\":\"./hs\"}",
    "{\"alg\":\"HS256\",\"kid\":\"../../../../../../dev/null\"}",
    "{\"alg\":\"HS256\",\"kid\":\"/etc/passwd\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs' OR '1'='1\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs; DROP TABLE keys\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"crit\":[\"exp\"]}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"crit\":[]}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"jku\":\"http://127.0.0.1/keys\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"x5u\":\"http://127.0.0.1/cert\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"x5c\":[\"AA\"]}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"b64\":false}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"zip\":\"DEF\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"enc\":\"A128GCM\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"typ\":\"at+jwt\"}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\",\"typ\":7}",
    "{\"alg\":\"HS256\",\"kid\":\"hs\"}x",
    "[\"HS256\"]",
    "",
};

Test(identity, heads_that_want_something_else_are_refused)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");

    bench_init(&bench);
    for (size_t i = 0; i < sizeof bad_heads / sizeof bad_heads[0]; i++)
        cr_expect_eq(
            ask_token(&bench, token_maker_sign(&bench.makers[0], bad_heads[i], claims), &result),
            IDENTITY_REFUSED, "%s", bad_heads[i]);
    free(claims);
    bench_fini(&bench);
}

Test(identity, a_very_long_kid_is_refused)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");
    char kid[200];

    bench_init(&bench);
    memset(kid, 'k', sizeof kid);
    kid[199] = '\0';
    cr_expect_eq(ask_token(&bench, token_maker_make(&bench.makers[0], kid, claims), &result),
                 IDENTITY_REFUSED);
    free(claims);
    bench_fini(&bench);
}

/* What everybody may know, the public key, as the secret of HS256. */
Test(identity, a_public_key_is_no_secret)
{
    static struct bench bench;
    struct identity_result result;
    struct token_maker forger = { .kind = TOKEN_HS256 };
    static const char *const heads[] = { "{\"alg\":\"HS256\",\"kid\":\"%s\"}",
                                         "{\"alg\":\"RS256\",\"kid\":\"%s\"}",
                                         "{\"alg\":\"ES256\",\"kid\":\"%s\"}",
                                         "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}" };
    char *claims = claims_at(60, "");

    bench_init(&bench);
    for (int kind = 1; kind < KINDS; kind++) {
        FILE *file = fopen(bench.files[kind], "r");

        cr_assert(file != NULL);
        forger.secret_len = fread(forger.secret, 1, sizeof forger.secret - 1, file);
        fclose(file);
        for (size_t i = 0; i < 4; i++) {
            char *head = mem_format(heads[i], kid_of[kind]);

            cr_expect_eq(ask_token(&bench, token_maker_sign(&forger, head, claims), &result),
                         IDENTITY_REFUSED, "%s", head);
            free(head);
        }
    }
    free(claims);
    bench_fini(&bench);
}

Test(identity, another_key_is_refused)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");

    bench_init(&bench);
    for (int kind = 0; kind < KINDS; kind++) {
        struct token_maker other;

        token_maker_init(&other, (enum token_kind)kind);
        cr_expect_eq(ask_token(&bench, token_maker_make(&other, kid_of[kind], claims), &result),
                     IDENTITY_REFUSED, "%s", kid_of[kind]);
        token_maker_fini(&other);
    }
    free(claims);
    bench_fini(&bench);
}

/* A signature that is nothing, or only looks like one: also r = s = 0 of ES256. */
Test(identity, empty_and_zero_signatures_are_refused)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");
    unsigned char zero[256] = { 0 };
    static const size_t lens[] = { 1, 31, 32, 33, 63, 64, 65, 256 };

    bench_init(&bench);
    for (int kind = 0; kind < KINDS; kind++) {
        char *token = token_maker_make(&bench.makers[kind], kid_of[kind], claims);
        size_t head = (size_t)(strrchr(token, '.') - token) + 1;

        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            char letters[400];

            base64url_encode(zero, lens[i], letters);
            cr_expect_eq(
                ask_token(&bench, mem_format("%.*s%s", (int)head, token, letters), &result),
                IDENTITY_REFUSED);
        }
        cr_expect_eq(ask_token(&bench, mem_format("%.*s", (int)head, token), &result),
                     IDENTITY_REFUSED);
        cr_expect_eq(ask_token(&bench, mem_format("%.*s", (int)head - 1, token), &result),
                     IDENTITY_REFUSED);
        free(token);
    }
    free(claims);
    bench_fini(&bench);
}

Test(identity, every_prefix_and_every_other_letter_is_refused)
{
    static const char others[] = "AQgw-_9z.=+/ ";
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");

    bench_init(&bench);
    for (int kind = 0; kind < KINDS; kind++) {
        char *token = token_maker_make(&bench.makers[kind], kid_of[kind], claims);
        size_t len = strlen(token);

        for (size_t i = 0; i < len; i++)
            cr_expect_neq(ask_token(&bench, mem_format("%.*s", (int)i, token), &result),
                          IDENTITY_KNOWN, "%s cut at %zu", kid_of[kind], i);
        for (size_t i = 0; i < len; i++) {
            char *changed = mem_text(token);

            changed[i] = others[(i + (unsigned)kind) % (sizeof others - 1)];
            if (changed[i] == token[i])
                changed[i] = token[i] == 'B' ? 'C' : 'B';
            cr_expect_neq(ask_token(&bench, changed, &result), IDENTITY_KNOWN, "%s changed at %zu",
                          kid_of[kind], i);
        }
        free(token);
    }
    free(claims);
    bench_fini(&bench);
}

/* Every bit of every byte, also those that are no letters then. */
Test(identity, every_flipped_bit_is_refused)
{
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");
    char *token = NULL;

    bench_init(&bench);
    token = token_maker_make(&bench.makers[3], kid_of[3], claims);
    for (size_t i = 0; i < strlen(token) * 8; i++) {
        char *changed = mem_text(token);

        changed[i / 8] = (char)((unsigned char)changed[i / 8] ^ (1u << i % 8));
        cr_expect_neq(ask_token(&bench, changed, &result), IDENTITY_KNOWN, "bit %zu", i);
    }
    free(token);
    free(claims);
    bench_fini(&bench);
}

Test(identity, other_spellings_of_a_good_token_are_refused)
{
    static const char *const forms[] = { "%s=",   "%s==", "%s.",   ".%s",
                                         "%s.AA", "%s\n", "%s,%s", "\"%s\"" };
    static struct bench bench;
    struct identity_result result;
    char *claims = claims_at(60, "");
    char *token = NULL;

    bench_init(&bench);
    token = token_maker_make(&bench.makers[0], kid_of[0], claims);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        cr_expect_eq(ask_token(&bench, mem_format(forms[i], token, token), &result),
                     IDENTITY_REFUSED, "%s", forms[i]);
    free(token);
    free(claims);
    bench_fini(&bench);
}

Test(identity, what_is_longer_than_allowed_is_not_looked_at)
{
    static struct bench bench;
    struct identity_result result;
    char *pad = mem_zalloc(9000);
    char *claims = NULL;

    bench_init(&bench);
    memset(pad, 'x', 8999);
    claims = mem_format("{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%llu,\"pad\":\"%s\"}", NOW + 60,
                        pad);
    cr_expect_eq(ask_claims(&bench, 0, claims, &result), IDENTITY_REFUSED);
    cr_expect(strstr(result.words, "longer than max_token") != NULL, "%s", result.words);
    free(claims);
    claims = mem_format("{\"sub\":\"a\",\"role\":\"viewer\",\"exp\":%llu,\"pad\":\"%.5000s\"}",
                        NOW + 60, pad);
    cr_expect_eq(ask_claims(&bench, 0, claims, &result), IDENTITY_KNOWN, "%s", result.words);
    free(claims);
    free(pad);
    bench_fini(&bench);
}
