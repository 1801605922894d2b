/* Between load.c (the thread) and load_result.c (what came of it). */
#ifndef SUPPORT_LOAD_PRIV_H
#define SUPPORT_LOAD_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/load.h"

struct load {
    struct load_options options;
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_bool has_ended;
    bool is_joined;
    uint32_t next_id;
    struct load_record *records; /* the thread's until it has ended */
    size_t count;
    size_t capacity;
    _Atomic uint64_t done;
};

#endif
