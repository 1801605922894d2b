/* A decision as JSON; see pilot/decision.h. Any thread; the casebook calls it. */
#include "pilot/decision.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/strict_json.h"
#include "base/text.h"

static const struct strict_json_limits limits = { .bytes = DECISION_HEAD_MAX,
                                                  .depth = 4,
                                                  .items = 512 };

static const struct {
    const char *name;
    const char *words;
} actions[] = {
#define ACTION(name, word, words) { word, words },
    DECISION_ACTIONS(ACTION)
#undef ACTION
};

/* A number of an event: where it is, and what it is called in the file. */
struct field {
    const char *name;
    size_t at;
    bool is_real;
};
#define COUNT_FIELD(name)                                                                          \
    {                                                                                              \
#name, offsetof(struct engine_event, name), false                                          \
    }
#define REAL_FIELD(name)                                                                           \
    {                                                                                              \
#name, offsetof(struct engine_event, name), true                                           \
    }

static const struct field fields[] = {
    COUNT_FIELD(at_ms),
    COUNT_FIELD(since_ms),
    REAL_FIELD(weight),
    COUNT_FIELD(candidate_n),
    COUNT_FIELD(candidate_x),
    COUNT_FIELD(baseline_n),
    COUNT_FIELD(baseline_x),
    REAL_FIELD(baseline_rate),
    REAL_FIELD(limit),
    REAL_FIELD(value),
    REAL_FIELD(evidence),
    REAL_FIELD(threshold),
    REAL_FIELD(phi),
    REAL_FIELD(confirm),
    REAL_FIELD(candidate_edge_us),
    REAL_FIELD(baseline_edge_us),
    REAL_FIELD(budget_per_hour),
    COUNT_FIELD(top_bin_n),
    COUNT_FIELD(top_bin_e),
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

const char *decision_action_name(enum decision_action action)
{
    return actions[action].name;
}

const char *decision_action_words(enum decision_action action)
{
    return actions[action].words;
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_format(out, ",\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

static void add_u64(struct text *out, const char *name, uint64_t value)
{
    text_add_format(out, ",\"%s\":%" PRIu64, name, value);
}

/* 17 digits bring every double back; what is no number in JSON stands as a word. */
static void add_real(struct text *out, const char *name, double value)
{
    text_add_format(out, isfinite(value) ? ",\"%s\":%.17g" : ",\"%s\":\"%f\"", name, value);
}

static void encode_event(const struct engine_event *event, struct text *out)
{
    const char *base = (const char *)event;

    text_add_format(out, ",\"event\":{\"action\":%d", (int)event->action);
    add_text(out, "trigger", event->trigger);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const void *at = base + fields[i].at;

        if (fields[i].is_real)
            add_real(out, fields[i].name, *(const double *)at);
        else
            add_u64(out, fields[i].name, *(const uint64_t *)at);
    }
    add_u64(out, "top_bin", (uint64_t)event->top_bin + 1); /* 0: none */
    text_add(out, "}");
}

static void encode_rows(const struct decision *decision, struct text *out)
{
    text_add(out, ",\"rows\":[");
    for (unsigned i = 0; i < decision->row_count; i++) {
        const struct decision_row *row = &decision->rows[i];

        text_add_format(out, "%s{\"active\":%s", i > 0 ? "," : "",
                        row->is_active ? "true" : "false");
        add_text(out, "name", row->name);
        add_real(out, "evidence", row->evidence);
        add_real(out, "threshold", row->threshold);
        add_u64(out, "muted_ms", row->muted_ms);
        text_add(out, "}");
    }
    text_add(out, "]");
}

void decision_encode(const struct decision *decision, struct text *out)
{
    text_add_format(out, "{\"id\":%" PRIu64, decision->id);
    add_u64(out, "time_us", decision->wall_us);
    add_u64(out, "monotonic_us", decision->monotonic_us);
    add_text(out, "service", decision->service);
    add_text(out, "candidate", decision->candidate);
    add_text(out, "baseline", decision->baseline);
    add_text(out, "version", decision->version);
    add_text(out, "trigger", decision->trigger);
    add_text(out, "action", decision_action_name(decision->action));
    add_text(out, "words", decision->words);
    text_add_format(out, ",\"config\":\"%016" PRIx64 "\"", decision->config_hash);
    add_u64(out, "epoch", decision->epoch);
    add_u64(out, "record_bytes", decision->record_bytes);
    if (decision->has_event)
        encode_event(&decision->event, out);
    encode_rows(decision, out);
    text_add(out, "}");
}

static int read_u64(const cJSON *item, const char *name, uint64_t *out)
{
    return strict_json_u64(item, name, STRICT_JSON_INTEGER_MAX, out);
}

static int read_real(const cJSON *item, const char *name, double *out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(item, name);

    if (cJSON_IsNumber(member)) {
        *out = member->valuedouble;
        return 0;
    }
    if (!cJSON_IsString(member))
        return ERR_INVALID;
    if (strcmp(member->valuestring, "inf") == 0)
        *out = (double)INFINITY;
    else if (strcmp(member->valuestring, "-inf") == 0)
        *out = -(double)INFINITY;
    else if (strcmp(member->valuestring, "nan") == 0 || strcmp(member->valuestring, "-nan") == 0)
        *out = (double)NAN;
    else
        return ERR_INVALID;
    return 0;
}

static int read_action(const cJSON *item, enum decision_action *out)
{
    char word[32];
    int err = strict_json_text(item, "action", word, sizeof word);

    for (int i = 0; err == 0 && i < DECISION_ACTION_COUNT; i++)
        if (strcmp(actions[i].name, word) == 0) {
            *out = (enum decision_action)i;
            return 0;
        }
    return err != 0 ? err : ERR_INVALID;
}

static int decode_event(const cJSON *item, struct engine_event *event)
{
    char *base = (char *)event;
    uint64_t number = 0;
    int err = strict_json_u64(item, "action", 64, &number);

    event->action = (enum engine_action)number;
    if (err == 0)
        err = strict_json_text(item, "trigger", event->trigger, sizeof event->trigger);
    for (size_t i = 0; err == 0 && i < FIELD_COUNT; i++) {
        void *at = base + fields[i].at;

        err = fields[i].is_real ? read_real(item, fields[i].name, at)
                                : read_u64(item, fields[i].name, at);
    }
    if (err == 0)
        err = strict_json_u64(item, "top_bin", COUNTS_BINS, &number);
    event->top_bin = (int)number - 1;
    return err;
}

static int decode_row(const cJSON *item, struct decision_row *row)
{
    int err = strict_json_text(item, "name", row->name, sizeof row->name);

    if (err == 0)
        err = strict_json_bool(item, "active", &row->is_active);
    if (err == 0)
        err = read_real(item, "evidence", &row->evidence);
    if (err == 0)
        err = read_real(item, "threshold", &row->threshold);
    if (err == 0)
        err = read_u64(item, "muted_ms", &row->muted_ms);
    return err;
}

static int decode_rows(const cJSON *item, struct decision *decision)
{
    const cJSON *rows = strict_json_array(item, "rows");
    const cJSON *row = NULL;
    int err = rows == NULL ? ERR_INVALID : 0;

    cJSON_ArrayForEach(row, rows)
    {
        if (err == 0 && decision->row_count == ENGINE_ROWS_MAX)
            err = ERR_RANGE;
        if (err == 0)
            err = decode_row(row, &decision->rows[decision->row_count++]);
    }
    return err;
}

static int decode_texts(const cJSON *item, struct decision *out)
{
    char hash[20] = "";
    int err = strict_json_text(item, "service", out->service, sizeof out->service);

    if (err == 0)
        err = strict_json_text(item, "candidate", out->candidate, sizeof out->candidate);
    if (err == 0)
        err = strict_json_text(item, "baseline", out->baseline, sizeof out->baseline);
    if (err == 0)
        err = strict_json_text(item, "version", out->version, sizeof out->version);
    if (err == 0)
        err = strict_json_text(item, "trigger", out->trigger, sizeof out->trigger);
    if (err == 0)
        err = strict_json_text(item, "words", out->words, sizeof out->words);
    if (err == 0)
        err = strict_json_text(item, "config", hash, sizeof hash);
    if (err == 0)
        err = num_parse_hex(slice_from(hash), UINT64_MAX, &out->config_hash);
    return err;
}

static int decode_head(const cJSON *item, struct decision *out)
{
    int err = read_u64(item, "id", &out->id);

    if (err == 0)
        err = read_u64(item, "time_us", &out->wall_us);
    if (err == 0)
        err = read_u64(item, "monotonic_us", &out->monotonic_us);
    if (err == 0)
        err = read_u64(item, "epoch", &out->epoch);
    if (err == 0)
        err = read_u64(item, "record_bytes", &out->record_bytes);
    if (err == 0)
        err = read_action(item, &out->action);
    if (err == 0)
        err = decode_texts(item, out);
    return err;
}

int decision_decode(struct slice json, struct decision *out)
{
    struct decision decision = { .id = 0 };
    const cJSON *event = NULL;
    cJSON *item = NULL;
    int err = strict_json_parse(json, &limits, &item, NULL);

    if (err != 0)
        return ERR_INVALID;
    err = decode_head(item, &decision);
    event = strict_json_object(item, "event");
    decision.has_event = event != NULL;
    if (err == 0 && event != NULL)
        err = decode_event(event, &decision.event);
    if (err == 0)
        err = decode_rows(item, &decision);
    cJSON_Delete(item);
    if (err != 0)
        return ERR_INVALID;
    *out = decision;
    return 0;
}
