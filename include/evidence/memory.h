/*
 * What is remembered of the baseline: requests, errors and latencies that fade with a half-life, and how much its
 * errors come in clusters. A plain value that a caller may keep over a restart. Pure.
 */
#ifndef EVIDENCE_MEMORY_H
#define EVIDENCE_MEMORY_H

#include "evidence/counts.h"

struct memory {
    double n, e;
    double buckets[COUNTS_BUCKETS];
    double spread;   /* of the errors per window: observed */
    double expected; /* and as it would be if they were independent */
};

#endif
