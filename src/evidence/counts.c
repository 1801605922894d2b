/* See evidence/counts.h. Pure, any thread; counts_bucket is on the way of every request. */
#include "evidence/counts.h"

enum { STEPS_BITS = 5, STEPS = 1 << STEPS_BITS, OCTAVE_MAX = 26 };

unsigned counts_bucket(uint64_t us)
{
    unsigned octave = 0;

    if (us < STEPS)
        return (unsigned)us;
    octave = 63u - (unsigned)__builtin_clzll(us);
    if (octave > OCTAVE_MAX)
        return COUNTS_BUCKETS - 1;
    return (octave - STEPS_BITS + 1) * STEPS + ((us >> (octave - STEPS_BITS)) & (STEPS - 1));
}

uint64_t counts_edge_us(unsigned bucket)
{
    unsigned octave = bucket / STEPS + STEPS_BITS - 1;
    unsigned step = bucket % STEPS;

    if (bucket < STEPS)
        return bucket + 1;
    return (uint64_t)(STEPS + step + 1) << (octave - STEPS_BITS);
}
