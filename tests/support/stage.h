/*
 * The usual scene: a blue and a green app server that answer by themselves, and a daemon with one service
 * "shop" in front of them, healthy when stage_open returns. Test thread.
 */
#ifndef SUPPORT_STAGE_H
#define SUPPORT_STAGE_H

#include <stdbool.h>

#include "support/ctl.h"
#include "support/daemon.h"
#include "support/load_check.h"
#include "support/origin_auto.h"

struct stage {
    struct origin_auto *blue;
    struct origin_auto *green;
    struct daemon *daemon;
    char *config; /* as given to the daemon */
};

struct stage_options {
    const char *lines;   /* more of the service's block; replaces the blocks health and guard when not NULL */
    const char *more;    /* blocks behind it */
    unsigned body;       /* bytes of a plain answer; 0: few */
    const char *globals; /* as in daemon_options */
    const char *const *wrapper;
    const char *const *expected_errors;
    bool keeps_descriptors;
    bool is_sick; /* do not wait for health */
};

void stage_open(struct stage *stage, const struct stage_options *options);
char *stage_close(struct stage *stage); /* NULL, or what was wrong; the caller frees */

/* Switches by the admin socket and fills in the entry for the checker; false when it was refused or failed. */
bool stage_switch(struct ctl_line *line, const char *slot, struct load_switch *out);

/* The slot that a request gets now: LOAD_SLOT_*. */
int stage_probe(const struct stage *stage);

/* The slot and epoch in `switchctl --json status`; -1 / "" when there is none. */
double stage_epoch(const struct stage *stage);

#endif
