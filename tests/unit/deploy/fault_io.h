/*
 * The calls of the write protocol with a fault at one of them: the call number `at` (from 1) fails with an error,
 * is short, or ends the process. One process, one plan.
 */
#ifndef FAULT_IO_H
#define FAULT_IO_H

#include "deploy/state_file_priv.h"

enum fault_io_mode {
    FAULT_IO_NONE,
    FAULT_IO_ERROR,  /* this call only */
    FAULT_IO_BROKEN, /* this call and all that follow */
    FAULT_IO_SHORT,  /* a write takes a part, the next one fails */
    FAULT_IO_EXIT,   /* before the call, with status 137 */
    FAULT_IO_TORN    /* a write takes a part, then the process ends */
};

struct fault_io_plan {
    enum fault_io_mode mode;
    unsigned at;
    int error_number;
    unsigned calls; /* so far */
    unsigned hits;
};

extern struct fault_io_plan fault_io_plan;
extern const struct state_io fault_io;

void fault_io_set(enum fault_io_mode mode, unsigned at, int error_number);

#endif
