/*
 * The usual scene for TLS to targets: an authority "ca" and another one "other" with their certificates in a folder, an
 * origin with TLS, and a daemon whose slot blue has it as its target. Test thread.
 */
#ifndef SUPPORT_TARGET_STAGE_H
#define SUPPORT_TARGET_STAGE_H

#include "support/daemon.h"
#include "support/origin.h"
#include "support/origin_tls.h"
#include "support/pem.h"
#include "support/scene.h"

/* In the folder: ca.pem and other.pem, authorities; app.pem, a certificate of ca for 127.0.0.1 and app.internal. */
struct target_stage {
    char folder[SCENE_PATH];
    struct pem ca;
    struct pem other;
    struct origin *origin; /* with app.pem, from target_stage_open on */
    struct daemon *daemon;
};

/* Lines of the block tls (NULL: ca alone) and of the service (NULL: no health checks). Where they have "FOLDER" the
 * folder is put. */
struct target_stage_options {
    const char *tls;
    const char *service;
    const char *targets; /* replaces the list; %s stands for the origin */
    int most;            /* version of the origin; 0: 1.3 */
};

/* Makes folder, certificates and the origin (plain still). */
void target_stage_prepare(struct target_stage *stage);

/* The configuration; the caller frees. */
char *target_stage_config(const struct target_stage *stage,
                          const struct target_stage_options *options);
void target_stage_start(struct target_stage *stage, const struct target_stage_options *options);
void target_stage_open(struct target_stage *stage, const struct target_stage_options *options);
char *
target_stage_close(struct target_stage *stage); /* NULL, or what was wrong; the caller frees */

/* A file in the folder; valid until the next call but three. */
const char *target_stage_path(const struct target_stage *stage, const char *name);

/* A certificate of the issuer (NULL: of its own) with its key, in the folder. */
void target_stage_certify(const struct target_stage *stage, const char *file,
                          const struct pem_options *options);

/* One GET on a connection of its own; the status, or -1. */
int target_stage_get(const struct target_stage *stage);

/* The access log has an answer with that fault. */
bool target_stage_await_fault(const struct target_stage *stage, const char *fault);

#endif
