/*
 * Whose doing the end of a request is, for the release that was asked: the one place that classifies. A new fault does
 * not compile until it is decided here. Pure, any thread.
 */
#ifndef EVIDENCE_BLAME_H
#define EVIDENCE_BLAME_H

#include "base/fault.h"

enum blame {
    BLAME_NOBODY,  /* a success, with a latency */
    BLAME_RELEASE, /* an error of the slot */
    BLAME_CLIENT,  /* says nothing, whatever was before */
    BLAME_US, /* the switch, or its operator: says nothing, but an attempt that failed before still does */
};

/* fault: how the exchange ended, or how its attempt did; status: of the target's answer, asked with FAULT_NONE only. */
enum blame blame_of(enum fault fault, unsigned status);

#endif
