/* See probes_priv.h. Called by the engine for each probe that came in a tick. */
#include "evidence/probes_priv.h"

static void add_good(struct probes *probes, const struct settings *settings)
{
    probes->failed_count = 0;
    probes->good_count++;
    if (probes->good_count >= settings->health_rise)
        probes->is_unhealthy = false;
}

static void add_failed(struct probes *probes, const struct settings *settings, uint64_t now_ms)
{
    if (probes->failed_count == 0 && !probes->is_unhealthy)
        probes->first_failed_ms = now_ms;
    probes->good_count = 0;
    probes->failed_count++;
    if (probes->failed_count >= settings->health_fall)
        probes->is_unhealthy = true;
}

void probes_add(struct probes *probes, const struct settings *settings, enum engine_probe probe,
                uint64_t now_ms)
{
    switch (probe) {
    case ENGINE_PROBE_NONE: break;
    case ENGINE_PROBE_OK:
        add_good(probes, settings);
        probes->is_database_bad = false;
        break;
    case ENGINE_PROBE_FAIL: add_failed(probes, settings, now_ms); break;
    case ENGINE_PROBE_DB:
        add_good(probes, settings);
        if (!probes->is_database_bad)
            probes->database_bad_ms = now_ms;
        probes->is_database_bad = true;
        break;
    }
}

bool probes_is_fit(const struct probes *probes)
{
    return !probes->is_unhealthy && !probes->is_database_bad;
}

void probes_quiet_add(struct probes_quiet *quiet, uint64_t now_ms, uint64_t n)
{
    if (n == 0)
        return;
    quiet->at_ms[quiet->next] = now_ms;
    quiet->n[quiet->next] = n;
    quiet->next = (quiet->next + 1) % PROBES_QUIET_MAX;
}

bool probes_is_quiet(const struct probes_quiet *quiet, const struct settings *settings,
                     uint64_t now_ms)
{
    double sum = 0;

    for (unsigned i = 0; i < PROBES_QUIET_MAX; i++) {
        if ((double)quiet->at_ms[i] + settings->health_quiet_ms > (double)now_ms)
            sum += (double)quiet->n[i];
    }
    return sum < settings->health_quiet_requests;
}
