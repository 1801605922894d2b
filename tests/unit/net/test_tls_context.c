/* Contexts: which certificate for which name, what is refused, what is seen of files. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "net/tls_priv.h"
#include "unit/net/tls_bench.h"

static struct tls_bench bench;

static void open_bench(void)
{
    rcu_thread_begin();
    tls_bench_open(&bench);
}

static void close_bench(void)
{
    tls_bench_close(&bench);
    rcu_thread_end();
}

TestSuite(tls_context, .init = open_bench, .fini = close_bench);

Test(tls_context, finds_by_name)
{
    static const struct {
        const char *name;
        bool is_known;
        bool has_ec;
        bool has_rsa;
    } cases[] = {
        { "shop.test", true, true, false },     { "SHOP.TEST.", true, true, false },
        { "a.shop.test", true, true, false },   { "both.test", true, true, true },
        { "rsa.test", true, false, true },      { "a.b.shop.test", false, false, false },
        { ".shop.test", false, false, false },  { "*.shop.test", false, false, false },
        { "192.0.2.7", false, false, false },   { "", false, false, false },
        { ".", false, false, false },           { "test", false, false, false },
        { "x.both.test", false, false, false }, { "shop.testx", false, false, false },
    };
    char longest[400];

    cr_assert_eq(tls_bench_build(&bench), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tls_face *face =
            tls_context_find(tls_keeper_context(bench.keeper), cases[i].name);

        cr_expect_eq(face != NULL, cases[i].is_known, "%s", cases[i].name);
        if (face == NULL)
            continue;
        cr_expect_eq(face->certs[TLS_KEY_ECDSA] != NULL, cases[i].has_ec, "%s", cases[i].name);
        cr_expect_eq(face->certs[TLS_KEY_RSA] != NULL, cases[i].has_rsa, "%s", cases[i].name);
    }
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_expect_eq(tls_context_find(tls_keeper_context(bench.keeper), longest), NULL);
    /* the default, both.test, rsa.test; the same certificates are one face */
    cr_expect_eq(tls_keeper_context(bench.keeper)->face_count, 3);
}

Test(tls_context, thousands_of_names)
{
    struct text names;
    char name[64];

    text_init(&names, 1 << 20);
    for (unsigned i = 0; i < 3000; i++)
        text_add_format(&names, "%sDNS:n%u.test", i > 0 ? "," : "", i);
    pem_shop(bench.paths[0], names.bytes, PEM_EC);
    text_fini(&names);
    cr_assert_eq(tls_bench_build(&bench), ERR_OK);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "n%u.test", i);
        cr_expect_neq(tls_context_find(tls_keeper_context(bench.keeper), name), NULL, "%s", name);
    }
    cr_expect_eq(tls_context_find(tls_keeper_context(bench.keeper), "n3000.test"), NULL);
}

Test(tls_context, views)
{
    struct tls_cert_view view;

    cr_assert_eq(tls_bench_build(&bench), ERR_OK);
    cr_assert_eq(tls_context_count(tls_keeper_context(bench.keeper)), 2);
    tls_context_view(tls_keeper_context(bench.keeper), 1, &view);
    cr_expect_str_eq(view.file, bench.paths[1]);
    cr_expect_str_eq(view.kind, "RSA 2048");
    cr_expect_not(view.is_default);
    cr_assert_eq(view.name_count, 4);
    cr_expect_str_eq(view.names[0], "both.test");
    cr_expect_str_eq(view.names[2], "192.0.2.7");
    cr_expect_str_eq(view.names[3], "2001:db8::7");
    cr_expect_eq(strlen(view.fingerprint), 64);
    tls_context_view(tls_keeper_context(bench.keeper), 0, &view);
    cr_expect(view.is_default);
    cr_expect_str_eq(view.names[0], "shop.test", "lower case");
}

Test(tls_context, a_chain_and_a_common_name)
{
    struct pem root;
    struct pem middle;
    struct pem leaf;
    struct tls_cert_view view;

    pem_make(&(struct pem_options){ .subject = "/CN=root", .is_authority = true }, &root);
    pem_make(
        &(struct pem_options){ .subject = "/CN=middle", .issuer = &root, .is_authority = true },
        &middle);
    pem_make(&(struct pem_options){ .subject = "/O=x/CN=old.test", .issuer = &middle }, &leaf);
    pem_write(bench.paths[0], &(struct pem_file){ .key = leaf.key,
                                                  .certs = { leaf.cert, middle.cert, root.cert } });
    cr_expect_eq(tls_bench_build(&bench), ERR_OK, "%s", bench.words.bytes);
    tls_context_view(tls_keeper_context(bench.keeper), 0, &view);
    cr_assert_eq(view.name_count, 1);
    cr_expect_str_eq(view.names[0], "old.test");
    pem_free(&root);
    pem_free(&middle);
    pem_free(&leaf);
}

Test(tls_context, what_is_served_may_end)
{
    struct pem old;

    pem_make(&(struct pem_options){ .names = "DNS:a.test", .days = -1 }, &old);
    pem_write(bench.paths[0], &(struct pem_file){ .key = old.key, .certs = { old.cert } });
    cr_expect_eq(tls_bench_build(&bench), ERR_INVALID);
    cr_expect(strstr(bench.words.bytes, "has expired on ") != NULL, "%s", bench.words.bytes);
    pem_free(&old);
}

Test(tls_context, refuses_lists)
{
    static const struct {
        const char *ciphers;
        const char *suites;
        const char *groups;
        const char *words;
    } cases[] = {
        { "NONSENSE", NULL, NULL, "ciphers = \"NONSENSE\"" },
        { NULL, "TLS_NONSENSE", NULL, "ciphersuites = \"TLS_NONSENSE\"" },
        { NULL, NULL, "X25519:nonsense", "groups = \"X25519:nonsense\"" },
    };
    const struct tls_options good = bench.options;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench.options = good;
        bench.options.ciphers = cases[i].ciphers != NULL ? cases[i].ciphers : good.ciphers;
        bench.options.ciphersuites = cases[i].suites != NULL ? cases[i].suites : good.ciphersuites;
        bench.options.groups = cases[i].groups != NULL ? cases[i].groups : good.groups;
        cr_expect_eq(tls_bench_build(&bench), ERR_INVALID);
        cr_expect(strstr(bench.words.bytes, cases[i].words) != NULL, "%s", bench.words.bytes);
    }
}

Test(tls_context, refuses_authorities)
{
    char *path = tls_bench_path(&bench, "ca");

    bench.options.client_verify = TLS_VERIFY_REQUIRED;
    bench.options.client_ca = path;
    cr_expect_eq(tls_bench_build(&bench), ERR_INVALID);
    cr_expect(strstr(bench.words.bytes, "client_ca") != NULL, "%s", bench.words.bytes);
    free(path);
}

Test(tls_context, sees_that_files_change)
{
    uint64_t stamps[6];
    char *ocsp = mem_format("%s.ocsp", bench.paths[0]);

    stamps[0] = tls_keeper_stamp(&bench.options);
    cr_expect_eq(tls_keeper_stamp(&bench.options), stamps[0]);
    cr_expect_eq(utime(bench.paths[0], &(struct utimbuf){ 1000, 1000 }), 0);
    stamps[1] = tls_keeper_stamp(&bench.options);
    cr_expect_eq(chmod(bench.paths[0], 0400), 0);
    stamps[2] = tls_keeper_stamp(&bench.options);
    pem_shop(bench.paths[1], "DNS:x.test", PEM_EC);
    stamps[3] = tls_keeper_stamp(&bench.options);
    pem_shop(ocsp, "DNS:x.test", PEM_EC);
    stamps[4] = tls_keeper_stamp(&bench.options);
    cr_expect_eq(remove(bench.paths[1]), 0);
    stamps[5] = tls_keeper_stamp(&bench.options);
    for (unsigned i = 0; i < 6; i++)
        for (unsigned k = 0; k < i; k++)
            cr_expect_neq(stamps[i], stamps[k], "%u and %u", i, k);
    free(ocsp);
}
