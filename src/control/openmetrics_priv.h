/*
 * What the text format of Prometheus says, as OpenMetrics 1.0: families of counters without _total, families _info as
 * such, units, and the end. One walk over the text; samples are copied as they are. Pure, any thread.
 */
#ifndef CONTROL_OPENMETRICS_PRIV_H
#define CONTROL_OPENMETRICS_PRIV_H

#include <stdbool.h>

#include "base/slice.h"

struct text;

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Whether a field Accept has it rather than plain text (RFC 9110 12.5.1); an empty one has not. */
bool openmetrics_is_wanted(struct slice accept);

/* A whole exposition of exposition_priv.h into out, with "# EOF". */
void openmetrics_write(struct slice exposition, struct text *out);

/* The same, in the text's own place. */
void openmetrics_translate(struct text *text);

#endif
