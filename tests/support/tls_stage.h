/*
 * The usual scene for TLS: an origin, and a daemon whose listener "https" has two certificates in a folder: ec.pem
 * (ECDSA: shop.test, *.shop.test, both.test) and rsa.pem (RSA: both.test, rsa.test, 192.0.2.7). "http" is plain. Test
 * thread.
 */
#ifndef SUPPORT_TLS_STAGE_H
#define SUPPORT_TLS_STAGE_H

#include "support/daemon.h"
#include "support/origin.h"
#include "support/scene.h"
#include "support/tls_client.h"

struct tls_stage {
    char folder[SCENE_PATH];
    struct origin *origin;
    struct daemon *daemon;
};

/* More lines of the listener, of its tls block, and of the service; NULL: none. Where they have
 * "FOLDER" the folder is put. */
struct tls_stage_options {
    const char *listener;
    const char *tls;
    const char *service;
    const char *certificates; /* replaces the list */
};

/* Makes folder and certificates only. */
void tls_stage_prepare(struct tls_stage *stage);

/* The configuration; the caller frees. */
char *tls_stage_config(const struct tls_stage *stage, const struct tls_stage_options *options);
void tls_stage_open(struct tls_stage *stage, const struct tls_stage_options *options);
char *tls_stage_close(struct tls_stage *stage); /* NULL, or what was wrong; the caller frees */
const char *tls_stage_front(const struct tls_stage *stage);

/* A file in the folder; valid until the next call but three. */
const char *tls_stage_path(const struct tls_stage *stage, const char *name);

/* Counters of handshakes, by fault or session; waits until they are at least `least`. */
double tls_stage_failed(const struct tls_stage *stage, const char *fault, unsigned least);
double tls_stage_done(const struct tls_stage *stage, const char *session);

#endif
