/*
 * How loud something that fires may be: after an alert it is silent, and that it is blocked is said once a while.
 * A value, part of an engine.
 */
#ifndef EVIDENCE_SILENCE_PRIV_H
#define EVIDENCE_SILENCE_PRIV_H

#include <stdint.h>

struct silence {
    uint64_t muted_until_ms;   /* silent while now is not later */
    uint64_t blocked_until_ms; /* "blocked" is not said again before */
};

#endif
