/* Which records somebody wants to see. Values, any thread. */
#ifndef AUDIT_AUDIT_FILTER_H
#define AUDIT_AUDIT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit_record.h"

/* All zero: every record. */
struct audit_filter {
    char service[64];
    char verb[48];     /* exactly, or its first word */
    char outcome[16];  /* exactly */
    char actor[96];    /* a part of the actor or of the note behind --as, without regard to case */
    char trigger[32];  /* exactly; "*": any, but some; "signal:*": all that begin so */
    uint64_t since_us; /* wall time; 0: from the beginning */
    uint64_t until_us; /* 0: to the end */
    uint64_t before;   /* only seqs below; 0: from the newest */
};

bool audit_filter_fits(const struct audit_filter *filter, const struct audit_record *record);

/* Nothing is asked for: every record fits. */
bool audit_filter_is_empty(const struct audit_filter *filter);

#endif
