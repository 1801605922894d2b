/*
 * Writing the text format of Prometheus (version 0.0.4): a family is opened once with HELP and TYPE, then come
 * its samples. Labels are given as finished text, made once per object with exposition_label. Pure, any thread.
 */
#ifndef CONTROL_EXPOSITION_PRIV_H
#define CONTROL_EXPOSITION_PRIV_H

#include <stdint.h>

#include "base/text.h"

enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

struct exposition {
    struct text *out;
    const char *name; /* of the open family */
};

/* name and help are literals. */
void exposition_open(struct exposition *exposition, const char *name, enum exposition_type type,
                     const char *help);

/* labels: "" or `a="b",c="d"`. */
void exposition_u64(struct exposition *exposition, const char *labels, uint64_t value);
/* Not finite: as +Inf, -Inf or NaN. */
void exposition_real(struct exposition *exposition, const char *labels, double value);
void exposition_seconds(struct exposition *exposition, const char *labels, uint64_t us);

/* Two label texts in one sample: `a` and `b` joined. */
void exposition_u64_with(struct exposition *exposition, const char *a, const char *b,
                         uint64_t value);

void exposition_double_with(struct exposition *exposition, const char *a, const char *b,
                            double value);

struct exposition_histogram {
    const uint64_t *buckets;  /* count of them, not cumulative; the last has no upper edge */
    const uint64_t *edges_us; /* count - 1 of them */
    unsigned count;
    uint64_t sum_us;
};
void exposition_histogram(struct exposition *exposition, const char *labels,
                          const struct exposition_histogram *histogram);

/* Appends `name="value"` with the value escaped, and a comma before it if there is something already. */
void exposition_label(struct text *labels, const char *name, const char *value);

#endif
