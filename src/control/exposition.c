/* The text format of metrics: see exposition_priv.h. */
#include "control/exposition_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "control/words_priv.h"

static const char *const type_names[] = {
    [EXPOSITION_COUNTER] = "counter",
    [EXPOSITION_GAUGE] = "gauge",
    [EXPOSITION_HISTOGRAM] = "histogram",
};

void exposition_open(struct exposition *exposition, const char *name, enum exposition_type type,
                     const char *help)
{
    exposition->name = name;
    text_add_format(exposition->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                    type_names[type]);
}

static void add_number(struct text *out, uint64_t value)
{
    char digits[24];

    text_add_slice(out, slice_of(digits, num_format_u64(value, digits)));
}

/* Seconds without trailing zeros: "0.005", "10". */
static void add_seconds(struct text *out, uint64_t us)
{
    char fraction[8];
    size_t len = 6;

    add_number(out, us / 1000000);
    if (us % 1000000 == 0)
        return;
    snprintf(fraction, sizeof fraction, "%06u", (unsigned)(us % 1000000));
    while (fraction[len - 1] == '0')
        len--;
    text_add(out, ".");
    text_add_slice(out, slice_of(fraction, len));
}

/* `name suffix {a,b} ` up to the value. */
static void begin(struct exposition *exposition, const char *suffix, const char *a, const char *b)
{
    struct text *out = exposition->out;

    text_add(out, exposition->name);
    text_add(out, suffix);
    if (a[0] != '\0' || b[0] != '\0') {
        text_add(out, "{");
        text_add(out, a);
        if (a[0] != '\0' && b[0] != '\0')
            text_add(out, ",");
        text_add(out, b);
        text_add(out, "}");
    }
    text_add(out, " ");
}

void exposition_u64_with(struct exposition *exposition, const char *a, const char *b,
                         uint64_t value)
{
    begin(exposition, "", a, b);
    add_number(exposition->out, value);
    text_add(exposition->out, "\n");
}

void exposition_double_with(struct exposition *exposition, const char *a, const char *b,
                            double value)
{
    begin(exposition, "", a, b);
    text_add_format(exposition->out, "%.15g\n", value);
}

void exposition_u64(struct exposition *exposition, const char *labels, uint64_t value)
{
    exposition_u64_with(exposition, labels, "", value);
}

void exposition_real(struct exposition *exposition, const char *labels, double value)
{
    begin(exposition, "", labels, "");
    if (isfinite(value))
        text_add_format(exposition->out, "%.9g\n", value);
    else if (isnan(value))
        text_add(exposition->out, "NaN\n");
    else
        text_add(exposition->out, value > 0 ? "+Inf\n" : "-Inf\n");
}

void exposition_seconds(struct exposition *exposition, const char *labels, uint64_t us)
{
    begin(exposition, "", labels, "");
    add_seconds(exposition->out, us);
    text_add(exposition->out, "\n");
}

void exposition_histogram(struct exposition *exposition, const char *labels,
                          const struct exposition_histogram *histogram)
{
    struct text *out = exposition->out;
    uint64_t sum = 0;

    for (unsigned i = 0; i < histogram->count; i++) {
        sum += histogram->buckets[i];
        text_add(out, exposition->name);
        text_add(out, "_bucket{");
        text_add(out, labels);
        text_add(out, labels[0] != '\0' ? ",le=\"" : "le=\"");
        if (i + 1 < histogram->count)
            add_seconds(out, histogram->edges_us[i]);
        else
            text_add(out, "+Inf");
        text_add(out, "\"} ");
        add_number(out, sum);
        text_add(out, "\n");
    }
    begin(exposition, "_sum", labels, "");
    add_seconds(out, histogram->sum_us);
    text_add(out, "\n");
    begin(exposition, "_count", labels, "");
    add_number(out, sum);
    text_add(out, "\n");
}

void exposition_label(struct text *labels, const char *name, const char *value)
{
    bool is_utf8 = words_is_utf8(value, strlen(value));

    if (labels->len > 0)
        text_add(labels, ",");
    text_add(labels, name);
    text_add(labels, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            text_add_slice(labels, slice_of((const char[]){ '\\', *value }, 2));
        else if (*value == '\n')
            text_add(labels, "\\n");
        else
            text_add_slice(labels, slice_of(is_utf8 || (*value & 0x80) == 0 ? value : "?", 1));
    }
    text_add(labels, "\"");
}
