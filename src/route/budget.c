/* A window of ten seconds in entries of one: see route/budget.h. */
#include "route/budget.h"

#define SECOND_US 1000000u

/* The entry of now; those that were left out since the newest are empty. */
static unsigned move_to(struct budget *budget, uint64_t now_us)
{
    uint64_t second = now_us / SECOND_US;
    uint64_t gap = second > budget->second ? second - budget->second : 0;

    for (uint64_t i = 1; i <= gap && i <= BUDGET_SECONDS; i++) {
        budget->requests[(budget->second + i) % BUDGET_SECONDS] = 0;
        budget->attempts[(budget->second + i) % BUDGET_SECONDS] = 0;
    }
    budget->second += gap;
    return (unsigned)(budget->second % BUDGET_SECONDS);
}

void budget_count(struct budget *budget, uint64_t now_us)
{
    budget->requests[move_to(budget, now_us)]++;
}

bool budget_take(struct budget *budget, uint64_t now_us, unsigned percent)
{
    unsigned at = move_to(budget, now_us);
    uint64_t requests = 0;
    uint64_t attempts = 0;

    for (unsigned i = 0; i < BUDGET_SECONDS; i++) {
        requests += budget->requests[i];
        attempts += budget->attempts[i];
    }
    if (percent < BUDGET_WHOLE && attempts >= BUDGET_FLOOR + requests * percent / BUDGET_WHOLE)
        return false;
    budget->attempts[at]++;
    return true;
}
