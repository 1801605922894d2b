/*
 * How often a worker may try again for a slot: at most a share of the requests of about the last ten seconds, so
 * that attempts never multiply an outage, and a floor without which a quiet slot would have none. Lies in the
 * slot's cell; touched by its worker only. No clock of its own.
 */
#ifndef ROUTE_BUDGET_H
#define ROUTE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_SECONDS = 10, BUDGET_FLOOR = 10, BUDGET_WHOLE = 100 };

struct budget {
    uint64_t second; /* of the newest entry */
    uint32_t requests[BUDGET_SECONDS];
    uint32_t attempts[BUDGET_SECONDS];
};

/* One request more; now_us is monotonic. */
void budget_count(struct budget *budget, uint64_t now_us);

/* One attempt after the first: true and counted, or false when `percent` of the requests is spent. BUDGET_WHOLE:
 * always true. */
bool budget_take(struct budget *budget, uint64_t now_us, unsigned percent);

#endif
