/*
 * A strict reader of the Prometheus text format (version 0.0.4) for tests: HELP and TYPE once and before the samples
 * of a metric, samples of a metric together, names and labels by the grammar, no series twice, histograms with
 * increasing cumulative buckets, +Inf, _sum and _count. Pure.
 */
#ifndef SUPPORT_METRICS_TEXT_H
#define SUPPORT_METRICS_TEXT_H

#include "base/text.h"

/* NULL when the text is right, else in words the first thing that is wrong (the caller frees). */
char *metrics_text_check(const char *bytes);

#endif
