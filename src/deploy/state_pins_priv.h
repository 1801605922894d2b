/*
 * Where the run-time pins of a service are, as the state carries it; pins_log_priv.h says what is in the file. Values.
 */
#ifndef DEPLOY_STATE_PINS_PRIV_H
#define DEPLOY_STATE_PINS_PRIV_H

#include <stdint.h>

/* A stretch of lines of a file. */
struct pins_stretch {
    uint64_t records;
    uint64_t bytes;
    uint64_t sum; /* each line's hash with that of the line before as its seed */
};

/* Where the run-time pins of a service are; the same in all services of a group. */
struct state_pins {
    char file[96];             /* "" : there are none */
    struct pins_stretch added; /* of what lies behind the file's first part, so much counts */
};

#endif
