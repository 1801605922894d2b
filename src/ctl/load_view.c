/* See load_view.h. Rows are told apart by their names: a reload may add some and take others away. */
#include "ctl/load_view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { ROWS_MAX = 65536 };

static uint64_t number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint64_t)item->valuedouble : 0;
}

static void copy_text(const cJSON *object, const char *key, char *out, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    snprintf(out, size, "%s", cJSON_IsString(item) ? item->valuestring : "-");
}

static void take_latency(const cJSON *list, struct load_row *row)
{
    const cJSON *pair = NULL;
    int count = cJSON_GetArraySize(list);

    if (count == 0)
        return;
    row->latency = mem_zalloc((size_t)count * sizeof *row->latency);
    cJSON_ArrayForEach(pair, list)
    {
        const cJSON *edge = cJSON_GetArrayItem(pair, 0);
        const cJSON *number = cJSON_GetArrayItem(pair, 1);

        if (!cJSON_IsNumber(edge) || !cJSON_IsNumber(number))
            continue;
        row->latency[row->latency_count++] = (struct load_latency){
            .edge_us = (uint64_t)edge->valuedouble,
            .count = (uint64_t)number->valuedouble,
        };
    }
}

static void take_row(const cJSON *item, struct load_row *row)
{
    copy_text(item, "service", row->service, sizeof row->service);
    copy_text(item, "slot", row->slot, sizeof row->slot);
    copy_text(item, "role", row->role, sizeof row->role);
    copy_text(item, "version", row->version, sizeof row->version);
    copy_text(item, "share", row->share, sizeof row->share);
    row->targets_up = number_of(item, "targets_up");
    row->targets = number_of(item, "targets");
    row->in_flight = number_of(item, "in_flight");
    row->tunnels = number_of(item, "tunnels");
    row->requests = number_of(item, "requests");
    row->errors = number_of(item, "errors");
    take_latency(cJSON_GetObjectItemCaseSensitive(item, "latency_us"), row);
}

/* The daemon's own words for a refusal. */
static int refuse(const cJSON *json, int *code, char *words, size_t words_size)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(json, "code");

    *code = cJSON_IsNumber(number) && number->valueint > 0 ? number->valueint : 1;
    snprintf(words, words_size, "%s",
             cJSON_IsString(message) ? message->valuestring : "the answer cannot be read");
    return ERR_INVALID;
}

int load_view_parse(struct slice answer, struct load_view *out, int *code, char *words,
                    size_t words_size)
{
    cJSON *json = cJSON_ParseWithLength(answer.ptr, answer.len);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(result, "load");
    const cJSON *item = NULL;
    int count = cJSON_GetArraySize(rows);
    int err = 0;

    if (!cJSON_IsArray(rows) || count > ROWS_MAX) {
        err = refuse(json, code, words, words_size);
        cJSON_Delete(json);
        return err;
    }
    *out = (struct load_view){ .at_us = number_of(result, "monotonic_us"),
                               .epoch = number_of(json, "epoch") };
    out->rows = mem_zalloc((size_t)(count + 1) * sizeof *out->rows);
    cJSON_ArrayForEach(item, rows) take_row(item, &out->rows[out->count++]);
    cJSON_Delete(json);
    return 0;
}

void load_view_free(struct load_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        free(view->rows[i].latency);
    free(view->rows);
    *view = (struct load_view){ .count = 0 };
}

static const struct load_row *find_row(const struct load_view *view, const struct load_row *like)
{
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->rows[i].service, like->service) == 0 &&
            strcmp(view->rows[i].slot, like->slot) == 0)
            return &view->rows[i];
    return NULL;
}

/* How many more there are behind that edge than there were; both lists ascend. */
static uint64_t grown(const struct load_row *before, struct load_latency now, size_t *at)
{
    while (*at < before->latency_count && before->latency[*at].edge_us < now.edge_us)
        ++*at;
    if (*at == before->latency_count || before->latency[*at].edge_us != now.edge_us)
        return now.count;
    return now.count > before->latency[*at].count ? now.count - before->latency[*at].count : 0;
}

/* The edge below which so many percent of what was measured in between are. */
static uint64_t find_quantile(const struct load_row *before, const struct load_row *after,
                              unsigned percent)
{
    uint64_t total = 0;
    uint64_t sum = 0;
    size_t at = 0;

    for (size_t i = 0; i < after->latency_count; i++)
        total += grown(before, after->latency[i], &at);
    at = 0;
    for (size_t i = 0; i < after->latency_count && total > 0; i++) {
        sum += grown(before, after->latency[i], &at);
        if (sum * 100 >= total * percent)
            return after->latency[i].edge_us;
    }
    return 0;
}

bool load_view_change(const struct load_view *before, const struct load_view *after, size_t index,
                      struct load_change *out)
{
    const struct load_row *now = &after->rows[index];
    const struct load_row *was = find_row(before, now);
    double seconds = (double)(after->at_us - before->at_us) / 1e6;

    if (was == NULL || after->at_us <= before->at_us || now->requests < was->requests ||
        now->errors < was->errors)
        return false;
    *out = (struct load_change){
        .requests = now->requests - was->requests,
        .errors = now->errors - was->errors,
        .p50_us = find_quantile(was, now, 50),
        .p99_us = find_quantile(was, now, 99),
    };
    out->per_second = (double)out->requests / seconds;
    out->errors_per_second = (double)out->errors / seconds;
    return true;
}
