/* A strict reader of the Prometheus text format: see support/metrics_text.h. */
#include "support/metrics_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/scene.h"

enum { METRICS = 256, SERIES = 20000 };

struct metric {
    char *name;
    char type[16];
    bool has_help;
    bool has_samples;
};

struct reading {
    struct metric metrics[METRICS];
    unsigned metric_count;
    char *series[SERIES]; /* "name{labels}", to find doubles */
    unsigned series_count;
    struct metric *current;
    char *bucket_labels; /* of the histogram series under way, without le */
    double bucket_value;
    bool bucket_had_inf;
    char *why;
};

static bool is_name(const char *text, size_t length, bool with_colon)
{
    if (length == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (!isalnum(c) && c != '_' && !(with_colon && c == ':'))
            return false;
    }
    return true;
}

static bool fail(struct reading *reading, const char *words, const char *line)
{
    if (reading->why == NULL)
        reading->why = mem_format("%s: %s", words, line);
    return false;
}

static struct metric *find_metric(struct reading *reading, const char *name, size_t length)
{
    for (unsigned i = 0; i < reading->metric_count; i++) {
        struct metric *metric = &reading->metrics[i];

        if (strlen(metric->name) == length && memcmp(metric->name, name, length) == 0)
            return metric;
    }
    return NULL;
}

/* "# HELP name words" or "# TYPE name type". */
static bool read_comment(struct reading *reading, const char *line)
{
    bool is_help = strncmp(line, "# HELP ", 7) == 0;
    const char *name = line + 7;
    size_t length = strcspn(name, " ");
    struct metric *metric = NULL;

    if (!is_help && strncmp(line, "# TYPE ", 7) != 0)
        return true;
    if (!is_name(name, length, true))
        return fail(reading, "bad metric name", line);
    metric = find_metric(reading, name, length);
    if (metric == NULL) {
        if (reading->metric_count == METRICS)
            return fail(reading, "too many metrics", line);
        metric = &reading->metrics[reading->metric_count++];
        metric->name = mem_text_of(name, length);
    }
    if (metric->has_samples)
        return fail(reading, "comment behind the samples", line);
    if (is_help && metric->has_help)
        return fail(reading, "HELP twice", line);
    if (is_help) {
        metric->has_help = true;
        return name[length] == ' ' || fail(reading, "HELP without words", line);
    }
    if (metric->type[0] != '\0')
        return fail(reading, "TYPE twice", line);
    if (strcmp(name + length, " counter") != 0 && strcmp(name + length, " gauge") != 0 &&
        strcmp(name + length, " histogram") != 0 && strcmp(name + length, " untyped") != 0)
        return fail(reading, "unknown TYPE", line);
    memcpy(metric->type, name + length + 1, strlen(name + length));
    return true;
}

/* Reads {a="b",…} at *at and moves it on; keeps the labels without le in *rest and the value of le in *le. */
static bool read_labels(struct reading *reading, const char **at, struct text *rest,
                        struct text *le, const char *line)
{
    const char *p = *at + 1;

    while (*p != '}') {
        size_t length = strcspn(p, "=");
        const char *name = p;
        struct text *out = length == 2 && memcmp(p, "le", 2) == 0 ? le : rest;

        if (!is_name(name, length, false) || p[length] != '=' || p[length + 1] != '"')
            return fail(reading, "bad label", line);
        if (out == rest)
            text_add_slice(rest, slice_of(name, length + 2));
        for (p += length + 2; *p != '"'; p++) {
            if (*p == '\0' || (*p == '\\' && strchr("\\\"n", p[1]) == NULL))
                return fail(reading, "bad label value", line);
            text_add_slice(out, slice_of(p, *p == '\\' ? 2 : 1));
            p += *p == '\\';
        }
        p++;
        if (*p == ',')
            p++;
        else if (*p != '}')
            return fail(reading, "labels not closed", line);
    }
    *at = p + 1;
    return true;
}

/* The metric a sample belongs to: a histogram's for its _bucket, _sum and _count. */
static struct metric *owner_of(struct reading *reading, const char *name, size_t length)
{
    static const char *const parts[] = { "_bucket", "_sum", "_count" };
    struct metric *metric = find_metric(reading, name, length);

    for (int i = 0; metric == NULL && i < 3; i++) {
        size_t part = strlen(parts[i]);

        if (length > part && memcmp(name + length - part, parts[i], part) == 0)
            metric = find_metric(reading, name, length - part);
        if (metric != NULL && strcmp(metric->type, "histogram") != 0)
            metric = NULL;
    }
    return metric;
}

static bool check_bucket(struct reading *reading, const char *labels, const char *le, double value,
                         const char *line)
{
    bool is_new = reading->bucket_labels == NULL || strcmp(reading->bucket_labels, labels) != 0;

    if (is_new) {
        if (reading->bucket_labels != NULL && !reading->bucket_had_inf)
            return fail(reading, "histogram without +Inf before", line);
        free(reading->bucket_labels);
        reading->bucket_labels = mem_text(labels);
        reading->bucket_value = 0;
        reading->bucket_had_inf = false;
    }
    if (value < reading->bucket_value)
        return fail(reading, "buckets are not cumulative", line);
    reading->bucket_value = value;
    reading->bucket_had_inf = reading->bucket_had_inf || strcmp(le, "+Inf") == 0;
    return true;
}

static bool keep_series(struct reading *reading, const char *line, size_t length)
{
    for (unsigned i = 0; i < reading->series_count; i++) {
        if (strncmp(reading->series[i], line, length) == 0 && reading->series[i][length] == '\0')
            return fail(reading, "series twice", line);
    }
    if (reading->series_count < SERIES)
        reading->series[reading->series_count++] = mem_text_of(line, length);
    return true;
}

static bool read_value(struct reading *reading, const char *at, double *value, const char *line)
{
    char *end = NULL;

    if (*at != ' ')
        return fail(reading, "no value", line);
    *value = strtod(at + 1, &end);
    if (end == at + 1 || *end != '\0')
        return fail(reading, "bad value", line);
    return true;
}

static bool read_sample(struct reading *reading, const char *line)
{
    size_t length = strcspn(line, "{ ");
    const char *at = line + length;
    struct metric *metric = NULL;
    struct text rest;
    struct text le;
    double value = 0;
    bool good = is_name(line, length, true) || fail(reading, "bad sample name", line);

    text_init(&rest, 65536);
    text_init(&le, 256);
    metric = good ? owner_of(reading, line, length) : NULL;
    if (good && (metric == NULL || metric->type[0] == '\0' || !metric->has_help))
        good = fail(reading, "sample without HELP and TYPE", line);
    if (good && metric != reading->current && metric->has_samples)
        good = fail(reading, "samples of a metric are not together", line);
    if (good && *at == '{')
        good = read_labels(reading, &at, &rest, &le, line);
    good = good && keep_series(reading, line, (size_t)(at - line)) &&
           read_value(reading, at, &value, line);
    if (good && strcmp(metric->type, "counter") == 0 && value < 0)
        good = fail(reading, "negative counter", line);
    if (good && le.len > 0)
        good = check_bucket(reading, rest.bytes != NULL ? rest.bytes : "", le.bytes, value, line);
    if (good) {
        reading->current = metric;
        metric->has_samples = true;
    }
    text_fini(&rest);
    text_fini(&le);
    return good;
}

char *metrics_text_check(const char *bytes)
{
    struct reading *reading = mem_zalloc(sizeof *reading);
    char *copy = mem_text(bytes);
    char *rest = copy;
    char *line = NULL;
    char *why = NULL;
    bool good = bytes[0] != '\0' && bytes[strlen(bytes) - 1] == '\n';

    if (!good)
        fail(reading, "no line feed at the end", "");
    while (good && (line = scene_cut(&rest, '\n')) != NULL)
        good = line[0] == '#' ? read_comment(reading, line) : read_sample(reading, line);
    why = reading->why;
    for (unsigned i = 0; i < reading->metric_count; i++)
        free(reading->metrics[i].name);
    for (unsigned i = 0; i < reading->series_count; i++)
        free(reading->series[i]);
    free(reading->bucket_labels);
    free(reading);
    free(copy);
    return why;
}
