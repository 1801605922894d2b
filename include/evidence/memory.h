/*
 * What is remembered of the baseline: requests, errors and latencies that fade with a half-life, and how much its
 * errors come in clusters. A plain value that a caller may keep over a restart. Pure.
 */
#ifndef EVIDENCE_MEMORY_H
#define EVIDENCE_MEMORY_H

#include "base/check.h"
#include "base/slice.h"
#include "evidence/counts.h"

struct text;

struct memory {
    double n, e;
    double buckets[COUNTS_BUCKETS];
    double spread;   /* of the errors per window: observed */
    double expected; /* and as it would be if they were independent */
};

enum { MEMORY_BYTES_MAX = 64 + COUNTS_BUCKETS * 12 };

/* As bytes, appended, and back. What no engine could have remembered is ERR_CORRUPT. */
void memory_encode(const struct memory *memory, struct text *out);
MUST_CHECK int memory_decode(struct slice bytes, struct memory *out);

#endif
