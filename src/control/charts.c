/*
 * The last ten minutes of each slot: see control/charts.h. All charts share one row of moments; a chart is dropped when its
 * slot is no longer in the picture, and what is beyond the bound has none.
 */
#include "control/charts_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"
#include "control/pulse_priv.h"
#include "net/loop.h"
#include "net/timer.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/snapshot.h"

const char *const chart_line_names[CHART_LINES] = { "rate", "error_rate", "p50_us", "p95_us",
                                                    "p99_us" };

/* Of one slot. A new slot may lie where another one lay: it is known by its names, too. */
struct chart {
    char service[64];
    char slot[64];
    struct pulse_mark mark;
    bool is_seen; /* in the present picture */
    float values[CHART_LINES][CHARTS_POINTS];
};

struct charts {
    struct loop *loop;
    struct timer *timer;
    uint64_t moments; /* measured so far; moment i is at i % CHARTS_POINTS */
    uint64_t at_us[CHARTS_POINTS];
    struct chart *charts[CHARTS_SLOTS];
    unsigned count;
};

static void on_step(void *arg)
{
    struct charts *charts = arg;

    charts_measure(charts, loop_now_us(charts->loop));
    timer_arm(charts->timer, CHARTS_STEP_MS);
}

struct charts *charts_new(struct loop *loop)
{
    struct charts *charts = mem_zalloc(sizeof *charts);

    charts->loop = loop;
    charts->timer = timer_new(loop, on_step, charts);
    timer_arm(charts->timer, 1);
    return charts;
}

void charts_free(struct charts *charts)
{
    if (charts == NULL)
        return;
    timer_free(charts->timer);
    for (unsigned i = 0; i < charts->count; i++)
        free(charts->charts[i]);
    free(charts);
}

static struct chart *find_chart(const struct charts *charts, const struct slot *slot)
{
    for (unsigned i = 0; i < charts->count; i++) {
        struct chart *chart = charts->charts[i];

        if (chart->mark.slot == slot && strcmp(chart->slot, slot->name) == 0 &&
            strcmp(chart->service, slot->service->name) == 0)
            return chart;
    }
    return NULL;
}

/* Nothing is known of the time before. */
static struct chart *make_chart(struct charts *charts, const struct slot *slot)
{
    struct chart *chart = NULL;

    if (charts->count == CHARTS_SLOTS)
        return NULL;
    chart = mem_zalloc(sizeof *chart);
    slice_copy(slice_from(slot->service->name), chart->service, sizeof chart->service);
    slice_copy(slice_from(slot->name), chart->slot, sizeof chart->slot);
    for (unsigned line = 0; line < CHART_LINES; line++)
        for (unsigned i = 0; i < CHARTS_POINTS; i++)
            chart->values[line][i] = NAN;
    charts->charts[charts->count++] = chart;
    return chart;
}

static void measure(struct chart *chart, struct slot *slot, uint64_t now_us, unsigned place)
{
    struct pulse pulse;

    chart->is_seen = true;
    for (unsigned line = 0; line < CHART_LINES; line++)
        chart->values[line][place] = NAN;
    if (!pulse_take(&chart->mark, slot, now_us, &pulse))
        return;
    chart->values[CHART_RATE][place] = (float)pulse.rate;
    if (pulse.requests > 0)
        chart->values[CHART_ERROR_RATE][place] = (float)pulse.error_rate;
    for (unsigned i = 0; pulse.has_latency && i < PULSE_PERCENTS; i++)
        chart->values[CHART_P50 + i][place] = (float)pulse.us[i];
}

static void drop_unseen(struct charts *charts)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < charts->count; i++) {
        struct chart *chart = charts->charts[i];

        if (chart->is_seen)
            charts->charts[kept++] = chart;
        else
            free(chart);
    }
    charts->count = kept;
}

void charts_measure(struct charts *charts, uint64_t now_us)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned place = charts->moments % CHARTS_POINTS;
    unsigned count = snapshot_service_count(snapshot);

    for (unsigned i = 0; i < charts->count; i++)
        charts->charts[i]->is_seen = false;
    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot, i);

        for (unsigned k = 0; k < service->slot_count; k++) {
            struct slot *slot = service->slots[k].slot;
            struct chart *chart = find_chart(charts, slot);

            if (chart == NULL)
                chart = make_chart(charts, slot);
            if (chart != NULL)
                measure(chart, slot, now_us, place);
        }
    }
    drop_unseen(charts);
    charts->at_us[place] = now_us;
    charts->moments++;
}

unsigned charts_count(const struct charts *charts)
{
    return charts->moments < CHARTS_POINTS ? (unsigned)charts->moments : CHARTS_POINTS;
}

static unsigned place_of(const struct charts *charts, unsigned index)
{
    return (charts->moments - charts_count(charts) + index) % CHARTS_POINTS;
}

uint64_t charts_age_us(const struct charts *charts, unsigned index, uint64_t now_us)
{
    uint64_t at_us = charts->at_us[place_of(charts, index)];

    return now_us > at_us ? now_us - at_us : 0;
}

bool charts_value(const struct charts *charts, const struct slot *slot, enum chart_line line,
                  unsigned index, double *out)
{
    const struct chart *chart = find_chart(charts, slot);
    float value = chart != NULL ? chart->values[line][place_of(charts, index)] : NAN;

    if (isnan(value))
        return false;
    *out = (double)value;
    return true;
}
