/* What a slot did since somebody looked last: see pulse_priv.h. */
#include "control/pulse_priv.h"

#include <string.h>

#include "route/slot.h"
#include "route/slot_evidence.h"

const unsigned pulse_percents[PULSE_PERCENTS] = { 50, 95, 99 };

/* What was counted since; 0 when the slot was made anew. */
static uint64_t grown(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

/* The upper edge of the bucket below which so many percent of all are. */
static uint64_t find_quantile(const uint64_t *buckets, uint64_t all, unsigned percent)
{
    uint64_t rank = (all * percent + 99) / 100;
    uint64_t sum = 0;
    unsigned bucket = 0;

    for (; bucket < COUNTS_BUCKETS - 1; bucket++) {
        sum += buckets[bucket];
        if (sum >= rank)
            break;
    }
    return counts_edge_us(bucket);
}

static void take_latency(const struct pulse_mark *mark, const struct slot_evidence_totals *totals,
                         struct pulse *out)
{
    uint64_t buckets[COUNTS_BUCKETS];
    uint64_t all = 0;

    for (unsigned i = 0; i < COUNTS_BUCKETS; i++) {
        buckets[i] = grown(totals->buckets[i], mark->buckets[i]);
        all += buckets[i];
    }
    out->has_latency = all > 0;
    for (unsigned i = 0; i < PULSE_PERCENTS; i++)
        out->us[i] = all > 0 ? find_quantile(buckets, all, pulse_percents[i]) : 0;
}

static void take_difference(const struct pulse_mark *mark,
                            const struct slot_evidence_totals *totals, uint64_t passed_us,
                            struct pulse *out)
{
    uint64_t errors = grown(totals->e, mark->e);

    *out = (struct pulse){ .requests = grown(totals->n, mark->n) };
    if (out->requests == 0)
        return;
    out->rate = (double)out->requests / ((double)passed_us / 1e6);
    out->error_rate = (double)errors / (double)out->requests;
    take_latency(mark, totals, out);
}

bool pulse_take(struct pulse_mark *mark, struct slot *slot, uint64_t now_us, struct pulse *out)
{
    const struct slot_evidence_totals *totals = slot_evidence_totals(slot);
    bool is_known = mark->at_us != 0 && mark->slot == slot && now_us > mark->at_us &&
                    now_us - mark->at_us < PULSE_STALE_US;

    if (is_known)
        take_difference(mark, totals, now_us - mark->at_us, out);
    mark->slot = slot;
    mark->at_us = now_us;
    mark->n = totals->n;
    mark->e = totals->e;
    memcpy(mark->buckets, totals->buckets, sizeof mark->buckets);
    return is_known;
}
