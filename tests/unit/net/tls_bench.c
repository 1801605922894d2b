/* See tls_bench.h. */
#include "unit/net/tls_bench.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static char http[] = "http/1.1";
static char *alpn[] = { http };

char *tls_bench_path(const struct tls_bench *bench, const char *name)
{
    return mem_format("%s/%s", bench->folder, name);
}

void tls_bench_open(struct tls_bench *bench)
{
    *bench = (struct tls_bench){ .keeper = tls_keeper_new("https") };
    snprintf(bench->folder, sizeof bench->folder, "/tmp/switchyard-tls-XXXXXX");
    cr_assert_neq(mkdtemp(bench->folder), NULL);
    bench->paths[0] = tls_bench_path(bench, "ec.pem");
    bench->paths[1] = tls_bench_path(bench, "rsa.pem");
    pem_shop(bench->paths[0], "DNS:Shop.test,DNS:*.shop.test,DNS:both.test", PEM_EC);
    pem_shop(bench->paths[1], "DNS:both.test,DNS:rsa.test,IP:192.0.2.7,IP:2001:db8::7", PEM_RSA);
    bench->options = (struct tls_options){
        .certificates = bench->paths,
        .certificate_count = 2,
        .ciphers = "ECDHE+AESGCM",
        .ciphersuites = "TLS_AES_128_GCM_SHA256",
        .groups = "X25519:P-256",
        .alpn = alpn,
        .alpn_count = 1,
        .has_tickets = true,
    };
    text_init(&bench->words, 4096);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

void tls_bench_close(struct tls_bench *bench)
{
    tls_keeper_free(bench->keeper);
    nftw(bench->folder, drop, 8, FTW_DEPTH | FTW_PHYS);
    free(bench->paths[0]);
    free(bench->paths[1]);
    text_fini(&bench->words);
}

int tls_bench_build(struct tls_bench *bench)
{
    struct tls_context *context = NULL;
    int err = ERR_OK;

    text_clear(&bench->words);
    err = tls_keeper_build(bench->keeper, &bench->options, &bench->words, &context);
    if (err == ERR_OK)
        tls_keeper_publish(bench->keeper, context);
    return err;
}
