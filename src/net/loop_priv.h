/* The body of a loop, for the sources of room net. */
#ifndef NET_LOOP_PRIV_H
#define NET_LOOP_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/loop.h"

struct loop_signal;

struct reap {
    void (*fn)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    uint64_t now_us; /* 0: not read in this turn */
    bool is_stopping;
    struct reap *reaps;
    size_t reap_count;
    size_t reap_capacity;
    struct loop_signal *signals;
    struct pipe *pipes; /* free ones */
    unsigned pipe_count;
};

/* Closes the pooled pipes; by loop_free. */
void pipe_close_all(struct loop *loop);

#endif
