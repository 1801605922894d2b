/* Where the counters of a service stood when its trial began. Control thread. */
#ifndef PILOT_COMPARISON_PRIV_H
#define PILOT_COMPARISON_PRIV_H

#include <stdint.h>

#include "pilot/comparison.h"
#include "route/slot_evidence.h"

struct snapshot_service;

/* Owner: the lookout. */
struct comparison_mark {
    const struct slot *slot;
    struct slot_evidence_totals totals;
};

struct comparison_marks {
    struct comparison_mark *list; /* as the slots were then; NULL: there is no trial */
    unsigned count;
    uint64_t began_us;
};

void comparison_begin(struct comparison_marks *marks, const struct snapshot_service *service,
                      uint64_t now_us);
void comparison_end(struct comparison_marks *marks);

#endif
