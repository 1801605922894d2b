/* What commands ask of the charts. Thread: control. */
#ifndef CONTROL_CHARTS_PRIV_H
#define CONTROL_CHARTS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "control/charts.h"

struct slot;

enum { CHARTS_STEP_MS = 2000, CHARTS_POINTS = 300, CHARTS_SLOTS = 256 };

enum chart_line { CHART_RATE, CHART_ERROR_RATE, CHART_P50, CHART_P95, CHART_P99 };
enum { CHART_LINES = CHART_P99 + 1 };

extern const char *const chart_line_names[CHART_LINES]; /* "rate", … "p99_us" */

/* How many points there are, and the age of each, the oldest first: 0 is the oldest. */
unsigned charts_count(const struct charts *charts);
uint64_t charts_age_us(const struct charts *charts, unsigned index, uint64_t now_us);

/* The value of a line of the slot at that point. False: nothing was measured, or there is no such slot. */
bool charts_value(const struct charts *charts, const struct slot *slot, enum chart_line line,
                  unsigned index, double *out);

/* The next point, now; what the timer does. */
void charts_measure(struct charts *charts, uint64_t now_us);

#endif
