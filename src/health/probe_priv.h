/*
 * One question to one target, from connect to verdictless result: a state machine on a stream of its own with
 * one deadline. Owner: who started it. Thread: the loop's.
 */
#ifndef HEALTH_PROBE_PRIV_H
#define HEALTH_PROBE_PRIV_H

#include "health/probe.h"

struct loop;
struct probe;
struct probe_want;
struct target;

typedef void probe_done_fn(void *arg, const struct probe_result *result);

/* How it is to be done, and who is told. spec and target must live until then; spec is a probe_spec_copy. */
struct probe_order {
    const struct target *target;
    const struct probe_spec *spec;
    probe_done_fn
        *done; /* once, from the loop, never from inside probe_start; the probe is gone then */
    void *arg;
    unsigned want_count;
    struct probe_want *wants; /* fields of the answer; filled in before done; may be NULL */
};

struct probe *probe_start(struct loop *loop, const struct probe_order *order);

/* Ends it without a word. NULL: nothing. */
void probe_cancel(struct probe *probe);

#endif
