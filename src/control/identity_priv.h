/*
 * Who asks over HTTP: a bearer token (JWT) checked against configured keys, the subject of a client certificate, or
 * nobody. Yields the same struct peer as the admin socket does, so that one table of commands decides for both.
 * Failed attempts are counted per address. Thread: control.
 */
#ifndef CONTROL_IDENTITY_PRIV_H
#define CONTROL_IDENTITY_PRIV_H

#include <stdint.h>

#include "base/address.h"
#include "base/slice.h"
#include "control/cert_subject_priv.h"
#include "control/identity.h"
#include "control/peer_priv.h"

enum identity_answer {
    IDENTITY_KNOWN,     /* out is who it is */
    IDENTITY_ANONYMOUS, /* no credentials were given: out may read what everybody may, if anything */
    IDENTITY_STRANGER, /* the same for a good certificate that no subject of the configuration has */
    IDENTITY_REFUSED,  /* 401: words say why, without the secret */
    IDENTITY_LIMITED,  /* 429: too many refused attempts from there; *retry_after_s */
};

struct identity_request {
    struct slice
        authorization; /* the field's value; empty: none. Two of them: the caller answers 400 */
    struct address client;
    struct cert_name cert; /* of a client certificate that is good now; dn NULL: none */
    uint64_t now_us;       /* monotonic, for the limit */
    uint64_t now_wall_us;  /* for exp, nbf, iat */
};

struct identity_result {
    enum identity_answer answer;
    struct peer peer;
    unsigned retry_after_s;
    char words[160];
};

/* A token decides alone, good or bad; the certificate counts where none was sent. Good credentials are known also from an address with too many refused ones: whoever can send bad tokens from there, such
 * as another user of this machine, cannot keep the others out. */
void identity_check(struct identity *identity, const struct identity_request *request,
                    struct identity_result *out);

/* Whether who was known before would be known now, by the keys and roles in force: nothing is counted or written down. */
void identity_review(const struct identity *identity, const struct identity_request *request,
                     struct identity_result *out);

#endif
