/* Certificates in a folder of their own, and a keeper that serves them, for the tests of TLS. */
#ifndef UNIT_NET_TLS_BENCH_H
#define UNIT_NET_TLS_BENCH_H

#include "base/text.h"
#include "net/tls_keeper.h"
#include "support/pem.h"

struct tls_bench {
    char folder[64];
    struct tls_keeper *keeper;
    struct tls_options options; /* ec.pem and rsa.pem, with the usual settings */
    char *paths[2];
    struct text words; /* of the last build */
};

void tls_bench_open(struct tls_bench *bench);
void tls_bench_close(struct tls_bench *bench);

/* A path in the folder, on the heap. */
char *tls_bench_path(const struct tls_bench *bench, const char *name);

/* What the options come to; published when it is good. */
int tls_bench_build(struct tls_bench *bench);

#endif
