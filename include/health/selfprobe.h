/*
 * One request of ours to an address of our own, through the whole data plane, to see who answers: after a switch
 * nothing proves better that traffic goes where it should. The workers know the request by the daemon's nonce in the
 * field X-Switchyard-Probe: it counts nowhere, and its answer names slot and version. Without the right nonce the
 * field is dropped and means nothing. Thread: control.
 */
#ifndef HEALTH_SELFPROBE_H
#define HEALTH_SELFPROBE_H

#include <stdint.h>

#include "base/address.h"
#include "base/fault.h"
#include "health/probe.h"

struct loop;
struct selfprobe;
struct tls_dialer;

enum { SELFPROBE_NAME_SIZE = 64 };

/* Texts are copied. Zero and NULL mean the default. */
struct selfprobe_spec {
    struct address address; /* of a listener; an unspecified host means this machine */
    const char *host;       /* for the Host field; must be given */
    const char *path;       /* "/" */
    const char *nonce;      /* the daemon's; must be given */
    const char *slot;       /* that is expected to answer; NULL: any */
    const char *version;    /* likewise */
    uint64_t timeout_us;    /* 1 s; for the whole */
    uint8_t
        proxy_protocol; /* 1, 2: the listener asks for a PROXY header of that version; 0: it does not */
    unsigned status_count;
    const struct probe_range *statuses; /* 200 to 299 */
    unsigned assertion_count; /* of the body (base/assertion.h), with slot and version from above */
    const char *const *assertions;
    unsigned field_count; /* of the head: "Name", "Name=value", "Name!=value" or "Name~PATTERN" */
    const char *const *fields;
    unsigned pattern_count; /* of the body: health/probe.h */
    const char *const *patterns;
    struct tls_dialer *tls; /* the listener speaks TLS: the host is asked for; NULL: plain */
};

struct selfprobe_result {
    enum fault fault; /* NONE: the expected status, slot and version came */
    uint16_t status;  /* 0: no response head came */
    uint64_t duration_us;
    char slot[SELFPROBE_NAME_SIZE]; /* "": the answer does not say, so it was none of a slot */
    char version[SELFPROBE_NAME_SIZE];
    char words[2 * PROBE_WORDS_SIZE]; /* why it failed; "" when good */
};

typedef void selfprobe_done_fn(void *arg, const struct selfprobe_result *result);

/* done is called once, later, from the loop; it is gone then. */
struct selfprobe *selfprobe_start(struct loop *loop, const struct selfprobe_spec *spec,
                                  selfprobe_done_fn *done, void *arg);

/* Ends it without a word. NULL: nothing. */
void selfprobe_cancel(struct selfprobe *selfprobe);

#endif
