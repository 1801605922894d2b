/* Roles from claims, who reads without a token, limits, reloads and files of keys. src/control/identity.c, token_claims.c */
#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "control/attempts_priv.h"
#include "support/token_maker.h"
#include "unit/control/identity_bench.h"

#define TOKEN(more) "{\"sub\":\"a\",\"exp\":1700000600," more "}"

static struct bench bench;

static void start(void)
{
    bench_init(&bench);
}

static void stop(void)
{
    bench_fini(&bench);
}

TestSuite(identity_rules, .init = start, .fini = stop);

Test(identity_rules, the_role_that_may_most_counts)
{
    static const struct {
        const char *claims;
        enum level level;
    } rows[] = {
        { TOKEN("\"role\":\"viewer\""), LEVEL_USER },
        { TOKEN("\"role\":[\"viewer\",\"operator\"]"), LEVEL_OPERATOR },
        { TOKEN("\"role\":[\"admin\",\"viewer\"]"), LEVEL_ADMIN },
        { TOKEN("\"role\":[\"deployer\",\"viewer\"],\"services\":[\"shop\"]"), LEVEL_DEPLOYER },
        { TOKEN("\"role\":[\"deployer\",\"operator\"]"), LEVEL_OPERATOR },
        { TOKEN("\"role\":[7,null,\"viewer\"]"), LEVEL_USER },
    };
    struct identity_result result;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(ask_claims(&bench, 0, rows[i].claims, &result), IDENTITY_KNOWN, "%s: %s",
                     rows[i].claims, result.words);
        cr_expect_eq(result.peer.level, rows[i].level, "%s", rows[i].claims);
    }
}

Test(identity_rules, a_claim_lies_inside_others_or_has_dots_in_its_name)
{
    static char inner[] = "realm_access.roles";
    static char url[] = "https://x.example/role";
    struct identity_result result;

    bench.config.roles.claim = inner;
    cr_assert_eq(bench_reload(&bench), 0);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"realm_access\":{\"roles\":[\"admin\"]}"), &result),
                 IDENTITY_KNOWN);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"realm_access.roles\":\"admin\""), &result),
                 IDENTITY_KNOWN);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"roles\":[\"admin\"]"), &result), IDENTITY_REFUSED);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"realm_access\":[\"admin\"]"), &result),
                 IDENTITY_REFUSED);
    bench.config.roles.claim = url;
    cr_assert_eq(bench_reload(&bench), 0);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"https://x.example/role\":\"admin\""), &result),
                 IDENTITY_KNOWN);
}

Test(identity_rules, a_deployer_has_the_services_of_its_token)
{
    static const struct {
        const char *claims;
        const char *scope; /* NULL: refused */
    } rows[] = {
        { TOKEN("\"role\":\"deployer\",\"services\":[\"shop\",\"api\"]"), " shop api " },
        { TOKEN("\"role\":\"deployer\",\"services\":\"shop, api\""), " shop api " },
        { TOKEN("\"role\":\"deployer\",\"services\":\"shop\""), " shop " },
        { TOKEN("\"role\":\"deployer\",\"services\":[]"), "" },
        { TOKEN("\"role\":\"deployer\""), "" },
        { TOKEN("\"role\":\"deployer\",\"services\":{\"shop\":true}"), NULL },
        { TOKEN("\"role\":\"deployer\",\"services\":true"), NULL },
        { TOKEN("\"role\":\"deployer\",\"services\":[7]"), NULL },
        { TOKEN("\"role\":\"deployer\",\"services\":[\"*\"]"), NULL },
        { TOKEN("\"role\":\"deployer\",\"services\":[\"shop api\"]"), NULL },
        { TOKEN("\"role\":\"deployer\",\"services\":[\"\"]"), NULL },
        { TOKEN("\"role\":\"deployer\",\"services\":[\"a/b\"]"), NULL },
        { TOKEN("\"role\":\"operator\",\"services\":[\"shop\"]"), "" },
    };
    struct identity_result result;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum identity_answer answer = ask_claims(&bench, 1, rows[i].claims, &result);

        cr_expect_eq(answer, rows[i].scope != NULL ? IDENTITY_KNOWN : IDENTITY_REFUSED, "%s: %s",
                     rows[i].claims, result.words);
        if (rows[i].scope != NULL)
            cr_expect_str_eq(result.peer.scope, rows[i].scope, "%s", rows[i].claims);
    }
}

Test(identity_rules, more_services_than_fit_are_refused)
{
    char *claims = NULL;
    char names[2048] = "";
    struct identity_result result;

    for (unsigned i = 0; i < 100; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "service-%03u ", i);
    claims = mem_format(
        "{\"sub\":\"a\",\"exp\":1700000600,\"role\":\"deployer\",\"services\":\"%s\"}", names);
    cr_expect_eq(ask_claims(&bench, 0, claims, &result), IDENTITY_REFUSED);
    cr_expect(strstr(result.words, "more than fit") != NULL, "%s", result.words);
    free(claims);
}

Test(identity_rules, an_actor_is_two_plain_words)
{
    static const struct {
        const char *sub;
        const char *actor;
    } rows[] = {
        { "ci", "sub=ci key=hs" },
        { "ci as=root pid=1", "sub=ci_as_root_pid_1 key=hs" },
        { "a\\nb\\\"c\\\\d", "sub=a_b_c_d key=hs" },
        { "repo:org/app:ref:refs/heads/main-x", "sub=repo:org/app:ref:refs/heads/main-x key=hs" },
    };
    struct identity_result result;
    char first[64] = "";

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *claims =
            mem_format("{\"sub\":\"%s\",\"exp\":1700000600,\"role\":\"admin\"}", rows[i].sub);

        cr_expect_eq(ask_claims(&bench, 0, claims, &result), IDENTITY_KNOWN);
        cr_expect_str_eq(result.peer.actor, rows[i].actor);
        free(claims);
    }
    for (char last = 'a'; last <= 'b'; last++) {
        char *claims =
            mem_format("{\"sub\":\"%0100d%c\",\"exp\":1700000600,\"role\":\"admin\"}", 0, last);

        cr_expect_eq(ask_claims(&bench, 0, claims, &result), IDENTITY_KNOWN);
        cr_expect_leq(strlen(result.peer.actor), 52);
        cr_expect_str_neq(result.peer.actor, first, "two subjects look alike");
        snprintf(first, sizeof first, "%s", result.peer.actor);
        free(claims);
    }
}

Test(identity_rules, revoked_tokens_are_refused)
{
    static char first[] = "t-1";
    static char second[] = "t-2";
    char *ids[] = { first, second };
    struct identity_result result;

    bench.config.revoked = (struct config_texts){ .items = ids, .count = 2 };
    cr_assert_eq(bench_reload(&bench), 0);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"role\":\"admin\",\"jti\":\"t-2\""), &result),
                 IDENTITY_REFUSED);
    cr_expect(strstr(result.words, "revoked") != NULL);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"role\":\"admin\",\"jti\":\"t-3\""), &result),
                 IDENTITY_KNOWN);
    cr_expect_eq(ask_claims(&bench, 0, TOKEN("\"role\":\"admin\""), &result), IDENTITY_KNOWN);
}

Test(identity_rules, without_a_kid_the_only_key_is_meant)
{
    struct identity_result result;
    char *claims = claims_at(60, "");
    const struct token_maker *maker = &bench.makers[0];

    cr_expect_eq(ask_token(&bench, token_maker_make(maker, NULL, claims), &result),
                 IDENTITY_REFUSED);
    bench.config.key_count = 1;
    cr_assert_eq(bench_reload(&bench), 0);
    cr_expect_eq(ask_token(&bench, token_maker_make(maker, NULL, claims), &result), IDENTITY_KNOWN);
    cr_expect_eq(ask_token(&bench, token_maker_make(maker, "rs", claims), &result),
                 IDENTITY_REFUSED);
    bench.config.key_count = 0;
    cr_assert_eq(bench_reload(&bench), 0);
    cr_expect_eq(ask_token(&bench, token_maker_make(maker, "hs", claims), &result),
                 IDENTITY_REFUSED);
    cr_expect(strstr(result.words, "no key is configured") != NULL, "%s", result.words);
    free(claims);
}

Test(identity_rules, who_reads_without_a_token)
{
    static const struct {
        enum config_anonymous rule;
        const char *address;
        enum level level;
    } rows[] = {
        { CONFIG_ANONYMOUS_LOCAL, "127.0.0.1:5", LEVEL_USER },
        { CONFIG_ANONYMOUS_LOCAL, "127.9.9.9:5", LEVEL_USER },
        { CONFIG_ANONYMOUS_LOCAL, "[::1]:5", LEVEL_USER },
        { CONFIG_ANONYMOUS_LOCAL, "unix:/x", LEVEL_USER },
        { CONFIG_ANONYMOUS_LOCAL, "10.0.0.1:5", LEVEL_NONE },
        { CONFIG_ANONYMOUS_LOCAL, "[2001:db8::1]:5", LEVEL_NONE },
        { CONFIG_ANONYMOUS_VIEWER, "10.0.0.1:5", LEVEL_USER },
        { CONFIG_ANONYMOUS_NONE, "127.0.0.1:5", LEVEL_NONE },
    };
    struct identity_result result;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench.config.anonymous = rows[i].rule;
        cr_assert_eq(bench_reload(&bench), 0);
        cr_expect_eq(ask_from(&bench, rows[i].address, "", 1, &result), IDENTITY_ANONYMOUS);
        cr_expect_eq(result.peer.level, rows[i].level, "%s", rows[i].address);
        cr_expect_eq(result.peer.uid, (uid_t)-1, "nobody is root by default");
    }
}

static void spoil(const char *address, unsigned times, uint64_t now_us)
{
    struct identity_result result;

    for (unsigned i = 0; i < times; i++)
        cr_expect_eq(ask_from(&bench, address, "Bearer x.y.z", now_us, &result), IDENTITY_REFUSED,
                     "%u", i);
}

Test(identity_rules, refused_tokens_are_limited_by_address_and_good_ones_are_not)
{
    const uint64_t began_us = 5000000;
    char *claims = claims_at(60, "");
    char *token = token_maker_make(&bench.makers[0], "hs", claims);
    char *field = mem_format("Bearer %s", token);
    struct identity_result result;

    spoil("10.0.0.1:1", ATTEMPTS_PER_MINUTE, began_us);
    cr_expect_eq(ask_from(&bench, "10.0.0.1:2", "Bearer x.y.z", began_us + 15000000, &result),
                 IDENTITY_LIMITED);
    cr_expect_eq(result.retry_after_s, 45);
    cr_expect_eq(ask_from(&bench, "10.0.0.1:3", field, began_us + 1, &result), IDENTITY_KNOWN);
    cr_expect_eq(ask_from(&bench, "10.0.0.1:3", "", began_us + 1, &result), IDENTITY_ANONYMOUS);
    spoil("10.0.0.2:1", 1, began_us + 1);
    spoil("10.0.0.1:1", 1, began_us + 60000000);
    free(field);
    free(token);
    free(claims);
}

Test(identity_rules, a_network_of_ipv6_counts_as_one)
{
    struct identity_result result;

    for (unsigned i = 0; i < ATTEMPTS_PER_MINUTE; i++) {
        char address[64];

        snprintf(address, sizeof address, "[2001:db8:0:1::%x]:1", i + 1);
        spoil(address, 1, 1);
    }
    cr_expect_eq(ask_from(&bench, "[2001:db8:0:1:ffff::1]:1", "Bearer x", 1, &result),
                 IDENTITY_LIMITED);
    cr_expect_eq(ask_from(&bench, "[2001:db8:0:2::1]:1", "Bearer x", 1, &result), IDENTITY_REFUSED);
}

Test(identity_rules, the_table_of_addresses_is_bounded_and_forgets)
{
    struct attempts *attempts = attempts_new();
    struct address address;
    unsigned limited = 0;

    for (unsigned i = 0; i < 100000; i++) {
        char text[64];

        snprintf(text, sizeof text, "10.%u.%u.%u:1", i >> 16 & 255, i >> 8 & 255, i & 255);
        cr_assert_eq(address_parse(slice_from(text), &address), 0);
        limited += attempts_add(attempts, &address, 1000000 + i) > 1;
    }
    cr_expect_eq(limited, 0, "an address was taken for another one");
    cr_expect_eq(attempts_wait_s(attempts, &address, 1100000), 0);
    attempts_free(attempts);
}

Test(identity_rules, refusals_are_logged_in_measure_and_without_the_token)
{
    char *claims = claims_at(-1000, ",\"secret\":\"canary-4711\"");
    char *token = token_maker_make(&bench.makers[0], "hs", claims);
    char *field = mem_format("Bearer %s", token);
    struct identity_result result;

    bench_line_count = 0;
    for (unsigned i = 0; i < 100; i++)
        ask_from(&bench, "10.0.0.1:1", field, 1000000, &result);
    cr_expect_eq(bench_line_count, ATTEMPTS_PER_MINUTE + 1);
    cr_expect(strstr(bench_last_line, "token-refused") != NULL, "%s", bench_last_line);
    cr_expect(strstr(bench_last_line, "client=10.0.0.1 ") != NULL, "%s", bench_last_line);
    cr_expect(strstr(bench_last_line, "limited=true") != NULL, "%s", bench_last_line);
    cr_expect_null(strstr(bench_last_line, token));
    cr_expect_null(strstr(bench_last_line, strrchr(token, '.')));
    cr_expect_null(strstr(bench_last_line, "canary"));
    for (unsigned i = 0; i < 1000; i++)
        ask_field(&bench, field, &result);
    cr_expect_leq(bench_line_count, 61);
    cr_expect_null(strstr(result.words, "canary"));
    free(field);
    free(token);
    free(claims);
}

Test(identity_rules, a_reload_brings_new_keys_and_ends_old_ones)
{
    struct token_maker fresh;
    char *claims = claims_at(60, "");
    struct identity_result result;

    token_maker_init(&fresh, TOKEN_RS256);
    token_maker_write(&fresh, bench.files[1]);
    cr_expect_eq(ask_claims(&bench, 1, claims, &result), IDENTITY_KNOWN, "before the reload");
    cr_assert_eq(identity_prepare(bench.identity, &bench.config, bench_words, sizeof bench_words),
                 0);
    cr_expect_eq(ask_claims(&bench, 1, claims, &result), IDENTITY_KNOWN, "before the commit");
    identity_cancel(bench.identity);
    identity_commit(bench.identity);
    cr_expect_eq(ask_claims(&bench, 1, claims, &result), IDENTITY_KNOWN, "it was cancelled");
    cr_assert_eq(bench_reload(&bench), 0);
    cr_expect_eq(ask_claims(&bench, 1, claims, &result), IDENTITY_REFUSED, "the old key");
    cr_expect_eq(ask_token(&bench, token_maker_make(&fresh, "rs", claims), &result),
                 IDENTITY_KNOWN);
    token_maker_fini(&fresh);
    free(claims);
}

static void write_text(const char *path, const char *text, unsigned mode)
{
    FILE *file = fopen(path, "w");

    cr_assert(file != NULL);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, mode), 0);
}

/* A reload with it is refused with these words, and what is in force stays. */
static void expect_bad(int kind, const char *words)
{
    char *claims = claims_at(60, "");
    struct identity_result result;

    cr_expect_lt(bench_reload(&bench), 0, "%s", words);
    cr_expect(strstr(bench_words, words) != NULL, "%s: %s", words, bench_words);
    cr_expect(strstr(bench_words, bench.files[kind]) != NULL, "%s", bench_words);
    for (int i = 0; i < KINDS; i++)
        cr_expect_eq(ask_claims(&bench, i, claims, &result), IDENTITY_KNOWN, "%s", words);
    token_maker_write(&bench.makers[kind], bench.files[kind]);
    chmod(bench.files[kind], kind == 0 ? 0600 : 0644);
    cr_expect_eq(bench_reload(&bench), 0, "%s", bench_words);
    free(claims);
}

Test(identity_rules, bad_files_of_keys_refuse_a_reload)
{
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    struct token_maker other;

    write_text(bench.files[0], secret, 0604);
    expect_bad(0, "has mode 0604, so that others may read it; chmod 600 it");
    write_text(bench.files[0], secret, 0620);
    expect_bad(0, "has mode 0620, so that others may change it");
    write_text(bench.files[0], secret + 1, 0600);
    expect_bad(0, "fewer than 32 bytes");
    write_text(bench.files[0], "0123456789abcdef0123456789abcde\n", 0600);
    expect_bad(0, "fewer than 32 bytes");
    write_text(bench.files[0], "", 0600);
    expect_bad(0, "is empty");
    token_maker_write(&bench.makers[1], bench.files[0]);
    chmod(bench.files[0], 0600);
    expect_bad(0, "is a PEM file; HS256 needs a secret");
    unlink(bench.files[0]);
    expect_bad(0, "cannot be read: No such file");
    write_text(bench.files[1], "no key", 0644);
    expect_bad(1, "has no public key in PEM");
    token_maker_write_private(&bench.makers[1], bench.files[1], 0600);
    expect_bad(1, "has a private key");
    for (int i = 1; i < KINDS; i++) {
        token_maker_write(&bench.makers[i % 3 + 1], bench.files[i]);
        expect_bad(i, "key");
    }
    other = (struct token_maker){ .kind = TOKEN_RS256, .key = EVP_RSA_gen(1024) };
    token_maker_write(&other, bench.files[1]);
    expect_bad(1, "fewer than 2048 bits");
    token_maker_fini(&other);
    other = (struct token_maker){ .kind = TOKEN_ES256, .key = EVP_EC_gen("P-384") };
    token_maker_write(&other, bench.files[2]);
    expect_bad(2, "P-256");
    token_maker_fini(&other);
}

Test(identity_rules, a_line_feed_at_the_end_of_a_secret_does_not_count)
{
    struct token_maker *maker = &bench.makers[0];
    struct identity_result result;
    char *claims = claims_at(60, "");

    maker->secret[maker->secret_len] = '\n';
    maker->secret_len++;
    token_maker_write(maker, bench.files[0]);
    maker->secret_len--;
    cr_assert_eq(bench_reload(&bench), 0, "%s", bench_words);
    cr_expect_eq(ask_claims(&bench, 0, claims, &result), IDENTITY_KNOWN);
    free(claims);
}

Test(identity_rules, a_bad_file_at_the_start_makes_nothing)
{
    struct identity *none = NULL;

    unlink(bench.files[2]);
    cr_expect_lt(identity_new(&bench.config, bench_words, sizeof bench_words, &none), 0);
    cr_expect_null(none);
    cr_expect(strstr(bench_words, "api key es: ") != NULL, "%s", bench_words);
    identity_free(NULL);
}
