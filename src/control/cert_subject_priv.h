/*
 * Who has a role by the certificate of its client: the blocks `subject` of the configuration, copied. A certificate is
 * compared as a whole: its fingerprint, or its subject letter by letter. Asked only of certificates whose chain is good.
 * Pure, any thread.
 */
#ifndef CONTROL_CERT_SUBJECT_PRIV_H
#define CONTROL_CERT_SUBJECT_PRIV_H

#include <stdbool.h>

#include "control/peer_priv.h"

struct config_api;
struct cert_subjects;

/* As net/tls_stream.h says it: the subject as of RFC 2253, SHA-256 in lower case. */
struct cert_name {
    const char *dn;
    const char *sha256;
};

struct cert_subjects *cert_subjects_new(const struct config_api *config);
void cert_subjects_free(struct cert_subjects *subjects); /* NULL is fine */

/* Level, scope and actor ("cert=CN=ci,O=Acme sha256=0123456789ab"); of blocks that match, those with a fingerprint go before
 * the others, then the first counts. False: none does, and out has the actor alone. */
bool cert_subjects_find(const struct cert_subjects *subjects, const struct cert_name *name,
                        struct peer *out);

#endif
