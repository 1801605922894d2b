/* Lists of revoked certificates: which files are taken, which are refused with which words, and what is seen of them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_crl_priv.h"
#include "unit/net/tls_bench.h"

static struct {
    struct tls_bench bench; /* for its folder */
    struct pem root;
    struct pem middle; /* of the root */
    struct pem other;
    struct pem leaf; /* of the middle */
    char *ca;        /* root and middle */
    char *file;
} set;

static void open_set(void)
{
    tls_bench_open(&set.bench);
    pem_make(&(struct pem_options){ .subject = "/CN=Root", .is_authority = true }, &set.root);
    pem_make(&(struct pem_options){ .subject = "/CN=Mid\"dle",
                                    .issuer = &set.root,
                                    .is_authority = true },
             &set.middle);
    pem_make(&(struct pem_options){ .subject = "/CN=Other", .is_authority = true }, &set.other);
    pem_make(&(struct pem_options){ .subject = "/CN=leaf", .issuer = &set.middle }, &set.leaf);
    set.ca = tls_bench_path(&set.bench, "ca.pem");
    set.file = tls_bench_path(&set.bench, "crl.pem");
    pem_write(set.ca, &(struct pem_file){ .certs = { set.root.cert, set.middle.cert } });
}

static void close_set(void)
{
    free(set.ca);
    free(set.file);
    pem_free(&set.root);
    pem_free(&set.middle);
    pem_free(&set.other);
    pem_free(&set.leaf);
    tls_bench_close(&set.bench);
}

TestSuite(tls_crl, .init = open_set, .fini = close_set);

/* NULL, and then words say why. */
static struct tls_crls *load(char *out, size_t size)
{
    struct tls_crls *crls = NULL;
    struct text words;
    int err = ERR_OK;

    text_init(&words, 4096);
    err = tls_crls_load(set.file, set.ca, &words, &crls);
    cr_expect_eq(err == ERR_OK, crls != NULL);
    (void)slice_copy(text_slice(&words), out, size);
    text_fini(&words);
    return crls;
}

Test(tls_crl, taken_and_seen)
{
    const struct pem_crl lists[] = {
        { .issuer = &set.root, .has_no_end = true },
        { .issuer = &set.middle, .revoked = { set.leaf.cert, set.root.cert }, .end_s = 7200 },
    };
    char words[512] = "";
    struct tls_crl_view view;
    struct tls_crls *crls = NULL;

    pem_crl_write(set.file, lists, 2);
    crls = load(words, sizeof words);
    cr_assert_neq(crls, NULL, "%s", words);
    cr_assert_eq(tls_crls_count(crls), 2);
    tls_crls_view(crls, 0, &view);
    cr_expect_str_eq(view.issuer, "Root");
    cr_expect_eq(view.not_after_s, 0);
    cr_expect_eq(view.revoked, 0);
    tls_crls_view(crls, 1, &view);
    cr_expect_str_eq(view.issuer, "Mid?dle", "what could spoil a line is not shown");
    cr_expect_str_eq(view.file, set.file);
    cr_expect_eq(view.revoked, 2);
    cr_expect(view.not_before_s < (int64_t)time(NULL) && view.not_before_s > 0);
    cr_expect_eq(crls->not_after_s, view.not_after_s, "the first that ends");
    cr_expect_not(tls_crls_is_over(crls));
    tls_crls_free(crls);
    cr_expect_eq(tls_crls_count(NULL), 0);
    cr_expect_not(tls_crls_is_over(NULL));
    tls_crls_free(NULL);
}

/* It is not refused here: without it certificates would be believed that may be revoked. */
Test(tls_crl, one_that_has_ended_is_taken)
{
    const struct pem_crl lists[] = {
        { .issuer = &set.root, .begin_s = -7200, .end_s = -3600 },
        { .issuer = &set.middle },
    };
    char words[512] = "";
    struct tls_crls *crls = NULL;

    pem_crl_write(set.file, lists, 2);
    crls = load(words, sizeof words);
    cr_assert_neq(crls, NULL, "%s", words);
    cr_expect(tls_crls_is_over(crls));
    tls_crls_free(crls);
}

Test(tls_crl, refused_in_words)
{
    const struct {
        struct pem_crl lists[3];
        unsigned count;
        const char *words;
    } cases[] = {
        { { { .issuer = &set.root } }, 1, "has no list of Mid?dle, an authority of" },
        { { { .issuer = &set.root }, { .issuer = &set.middle, .signer = &set.other } },
          2,
          "has a list that is not signed by Mid?dle of" },
        { { { .issuer = &set.root }, { .issuer = &set.middle }, { .issuer = &set.other } },
          3,
          "has a list of Other, which is no authority of" },
        { { { .issuer = &set.root }, { .issuer = &set.middle, .is_delta = true } },
          2,
          "has a list of Mid?dle that holds changes only" },
        { { { .issuer = NULL } }, 0, "has no list of revoked certificates" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[512] = "";

        pem_crl_write(set.file, cases[i].lists, cases[i].count);
        cr_expect_eq(load(words, sizeof words), NULL, "case %zu", i);
        cr_expect(strstr(words, cases[i].words) != NULL, "case %zu: %s", i, words);
        cr_expect_eq(strncmp(words, set.file, strlen(set.file)), 0, "%s", words);
    }
}

/* Of a file that is written just now the beginning must not pass for the whole. */
Test(tls_crl, a_part_is_refused)
{
    const struct pem_crl lists[] = { { .issuer = &set.root }, { .issuer = &set.middle } };
    char words[512] = "";
    char bytes[4096];
    FILE *file = NULL;
    size_t size = 0;

    pem_crl_write(set.file, lists, 2);
    file = fopen(set.file, "r");
    cr_assert_neq(file, NULL);
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t part = 1; part < 8; part++) {
        file = fopen(set.file, "w");
        cr_assert_eq(fwrite(bytes, 1, size * part / 8, file), size * part / 8);
        fclose(file);
        cr_expect_eq(load(words, sizeof words), NULL, "part %zu", part);
        cr_expect(words[0] != '\0');
    }
}

Test(tls_crl, no_file)
{
    char words[512] = "";

    cr_expect_eq(load(words, sizeof words), NULL);
    cr_expect(strstr(words, "cannot be read: No such file") != NULL, "%s", words);
}

Test(tls_crl, verdicts_about_lists)
{
    static const long about_lists[] = {
        X509_V_ERR_UNABLE_TO_GET_CRL,     X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
        X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_CRL_NOT_YET_VALID,
        X509_V_ERR_CRL_HAS_EXPIRED,       X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
    };

    for (size_t i = 0; i < sizeof about_lists / sizeof about_lists[0]; i++)
        cr_expect(tls_crls_is_wanting(about_lists[i]), "%ld", about_lists[i]);
    cr_expect_not(tls_crls_is_wanting(X509_V_ERR_CERT_REVOKED));
    cr_expect_not(tls_crls_is_wanting(X509_V_ERR_CERT_HAS_EXPIRED));
    cr_expect_not(tls_crls_is_wanting(X509_V_OK));
}
