/*
 * Who has a role by a certificate: the map alone, and beside tokens. src/control/cert_subject.c, identity.c
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "unit/control/identity_bench.h"

#define HEX    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER  "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define COLONS "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"

static char shop[] = "shop";
static char release[] = "release";
static char *services[] = { shop, release };
static char names[][8] = { "a", "b", "c", "d", "e" };
static char ci[] = "CN=ci,O=Acme";
static char fine[] = "CN=ops\\, all,O=Acme";
static char exact[] = COLONS COLONS;
static char root[] = "CN=root";
static char hex[] = HEX;

static struct config_api_subject subjects[] = {
    { .name = names[0],
      .dn = ci,
      .role = CONFIG_API_DEPLOYER,
      .services = { .items = services, .count = 2 } },
    { .name = names[1], .dn = fine, .role = CONFIG_API_OPERATOR },
    { .name = names[2], .dn = ci, .role = CONFIG_API_ADMIN }, /* never: the first counts */
    { .name = names[3], .dn = root, .sha256 = hex, .role = CONFIG_API_ADMIN },
    { .name = names[4], .role = CONFIG_API_VIEWER }, /* any: counts for nobody */
};

static struct config_api config = { .subjects = subjects,
                                    .subject_count = sizeof subjects / sizeof subjects[0] };

struct row {
    const char *dn;
    const char *sha256;
    enum level level; /* NONE: nobody */
    const char *scope;
};

static void expect_rows(const struct cert_subjects *map, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cert_name name = { .dn = rows[i].dn, .sha256 = rows[i].sha256 };
        struct peer peer;

        cr_expect_eq(cert_subjects_find(map, &name, &peer), rows[i].level != LEVEL_NONE, "%s",
                     rows[i].dn);
        cr_expect_eq(peer.level, rows[i].level, "%s", rows[i].dn);
        cr_expect_str_eq(peer.scope, rows[i].scope, "%s", rows[i].dn);
        cr_expect_eq(peer.uid, (uid_t)-1);
        cr_expect_lt(strlen(peer.actor), 53, "what a change keeps of it");
    }
}

Test(cert_subject, names_are_compared_as_a_whole)
{
    static const struct row rows[] = {
        { "CN=ci,O=Acme", HEX, LEVEL_DEPLOYER, " shop release " },
        { "CN=ci,O=Acme", OTHER, LEVEL_DEPLOYER, " shop release " },
        { "CN=ci,O=Acm", HEX, LEVEL_NONE, "" },
        { "CN=ci,O=Acme2", HEX, LEVEL_NONE, "" },
        { "cn=ci,O=Acme", HEX, LEVEL_NONE, "" },
        { "CN=CI,O=Acme", HEX, LEVEL_NONE, "" },
        { "CN=ci, O=Acme", HEX, LEVEL_NONE, "" },
        { "O=Acme,CN=ci", HEX, LEVEL_NONE, "" },
        { "CN=ci,O=Acme,CN=ci", HEX, LEVEL_NONE, "" },
        { "OU=x,CN=ci,O=Acme", HEX, LEVEL_NONE, "" },
        { "CN=ci\\,O=Acme", HEX, LEVEL_NONE, "" },
        { "CN=ops\\, all,O=Acme", HEX, LEVEL_OPERATOR, "" },
        { "CN=ops, all,O=Acme", HEX, LEVEL_NONE, "" },
        { "CN=root", HEX, LEVEL_ADMIN, "" },
        { "CN=root", OTHER, LEVEL_NONE, "" },
        { "CN=root2", HEX, LEVEL_NONE, "" },
        { "", HEX, LEVEL_NONE, "" },
        { "", "", LEVEL_NONE, "" },
    };
    struct cert_subjects *map = cert_subjects_new(&config);

    expect_rows(map, rows, sizeof rows / sizeof rows[0]);
    cert_subjects_free(map);
    cert_subjects_free(NULL);
}

Test(cert_subject, a_fingerprint_goes_before_a_name)
{
    static const struct row rows[] = {
        { "CN=ci,O=Acme", HEX, LEVEL_ADMIN, "" },
        { "CN=ci,O=Acme", OTHER, LEVEL_DEPLOYER, " shop release " },
        { "CN=else", HEX, LEVEL_ADMIN, "" },
        { "CN=else", OTHER, LEVEL_NONE, "" },
    };
    struct config_api_subject two[] = {
        subjects[0], { .name = names[1], .sha256 = exact, .role = CONFIG_API_ADMIN }
    };
    struct config_api both = { .subjects = two, .subject_count = 2 };
    struct cert_subjects *map = NULL;

    exact[sizeof exact - 2] = '\0'; /* no colon at its end */
    map = cert_subjects_new(&both);
    expect_rows(map, rows, sizeof rows / sizeof rows[0]);
    cert_subjects_free(map);
}

Test(cert_subject, the_actor_says_subject_and_fingerprint)
{
    struct cert_subjects *map = cert_subjects_new(&config);
    struct cert_name name = { .dn = "CN=ci,O=Acme", .sha256 = HEX };
    struct peer peer;

    cr_expect(cert_subjects_find(map, &name, &peer));
    cr_expect_str_eq(peer.actor, "cert=CN=ci,O=Acme sha256=001122334455");
    name.dn = "CN=a person with a name that is long,O=Acme";
    cr_expect_not(cert_subjects_find(map, &name, &peer));
    cr_expect_eq(strncmp(peer.actor, "cert=CN=a_person_with_a", 20), 0, "%s", peer.actor);
    cr_expect_not_null(strstr(peer.actor, " sha256=001122334455"), "%s", peer.actor);
    cert_subjects_free(map);
}

static struct bench bench;

static enum identity_answer ask(const char *authorization, const char *dn,
                                struct identity_result *out)
{
    struct identity_request request = { .authorization = slice_from(authorization),
                                        .cert = { .dn = dn, .sha256 = HEX },
                                        .now_us = 1000000,
                                        .now_wall_us = NOW * 1000000 };

    cr_assert_eq(address_parse(SLICE("10.0.0.9:1"), &request.client), 0);
    identity_check(bench.identity, &request, out);
    return out->answer;
}

Test(cert_subject, a_token_decides_alone)
{
    char *claims = claims_at(600, "");
    struct identity_result result;
    char *token = NULL;
    char *field = NULL;

    bench_init(&bench);
    bench.config.subjects = subjects;
    bench.config.subject_count = config.subject_count;
    cr_assert_eq(bench_reload(&bench), 0, "%s", bench_words);
    token = token_maker_make(&bench.makers[3], "ed", claims);
    field = mem_format("Bearer %s", token);
    cr_expect_eq(ask("", root, &result), IDENTITY_KNOWN);
    cr_expect_eq(result.peer.level, LEVEL_ADMIN);
    cr_expect_eq(ask(field, root, &result), IDENTITY_KNOWN);
    cr_expect_eq(result.peer.level, LEVEL_OPERATOR);
    cr_expect_str_eq(result.peer.actor, "sub=ci key=ed");
    cr_expect_eq(ask("Bearer x", root, &result), IDENTITY_REFUSED);
    cr_expect_eq(ask("Basic x", root, &result), IDENTITY_REFUSED);
    cr_expect_eq(ask("", NULL, &result), IDENTITY_ANONYMOUS);
    free(field);
    free(token);
    free(claims);
    bench_fini(&bench);
}

/* Who has a certificate that no block names is as good as who has none. */
Test(cert_subject, strangers_read_what_everybody_may)
{
    struct identity_result result;

    bench_init(&bench);
    bench.config.subjects = subjects;
    bench.config.subject_count = config.subject_count;
    bench.config.anonymous = CONFIG_ANONYMOUS_NONE;
    cr_assert_eq(bench_reload(&bench), 0, "%s", bench_words);
    cr_expect_eq(ask("", "CN=x", &result), IDENTITY_STRANGER);
    cr_expect_eq(result.peer.level, LEVEL_NONE);
    cr_expect_eq(strncmp(result.peer.actor, "cert=CN=x ", 10), 0, "%s", result.peer.actor);
    bench.config.anonymous = CONFIG_ANONYMOUS_VIEWER;
    cr_assert_eq(bench_reload(&bench), 0, "%s", bench_words);
    cr_expect_eq(ask("", "CN=x", &result), IDENTITY_STRANGER);
    cr_expect_eq(result.peer.level, LEVEL_USER);
    bench.config.subject_count = 0;
    cr_assert_eq(bench_reload(&bench), 0, "%s", bench_words);
    cr_expect_eq(ask("", root, &result), IDENTITY_STRANGER, "the reload counts");
    bench_fini(&bench);
}

Test(cert_subject, a_review_counts_nothing)
{
    char *good = NULL;
    char *claims = claims_at(600, "");
    char *token = NULL;
    struct identity_request request = { .now_us = 1000000, .now_wall_us = NOW * 1000000 };
    struct identity_result result;
    unsigned lines = 0;

    bench_init(&bench);
    token = token_maker_make(&bench.makers[0], "hs", claims);
    good = mem_format("Bearer %s", token);
    cr_assert_eq(address_parse(SLICE("10.0.0.8:1"), &request.client), 0);
    request.authorization = slice_from(good);
    identity_review(bench.identity, &request, &result);
    cr_expect_eq(result.answer, IDENTITY_KNOWN, "%s", result.words);
    request.now_wall_us = (NOW + 700) * 1000000;
    lines = bench_line_count;
    for (unsigned i = 0; i < 100; i++) {
        identity_review(bench.identity, &request, &result);
        cr_expect_eq(result.answer, IDENTITY_REFUSED);
    }
    cr_expect_not_null(strstr(result.words, "expired"), "%s", result.words);
    cr_expect_eq(bench_line_count, lines);
    identity_check(bench.identity, &request, &result);
    cr_expect_eq(result.answer, IDENTITY_REFUSED, "not limited by reviews");
    cr_expect_eq(bench_line_count, lines + 1);
    free(good);
    free(token);
    free(claims);
    bench_fini(&bench);
}
