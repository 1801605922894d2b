/* The paths of the demo app: see demo_handle.h. */
#include "demo/demo_handle.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "demo/demo.h"
#include "demo/demo_answer.h"
#include "demo/demo_request.h"

#define TYPE_TEXT   "text/plain; charset=utf-8"
#define TYPE_HTML   "text/html; charset=utf-8"
#define TYPE_JSON   "application/json"
#define TYPE_BINARY "application/octet-stream"
#define VALUE_SIZE  256

typedef void handle_fn(struct demo *demo, const struct demo_request *request,
                       struct demo_answer *answer);
typedef int override_fn(struct demo_answer *answer, struct slice value);

static bool has_method(const struct demo_request *request, const char *method)
{
    return slice_is_equal(request->method, slice_from(method));
}

static bool contains(struct slice text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static const char *pick_colour(const struct demo *demo)
{
    if (strcmp(demo->slot, "blue") == 0)
        return "#1d4ed8";
    return strcmp(demo->slot, "green") == 0 ? "#15803d" : "#475569";
}

static void answer_page(struct demo *demo, const struct demo_request *request,
                        struct demo_answer *answer)
{
    if (!contains(request->accept, "text/html")) {
        char *line = mem_format("%s %s\n", demo->slot, demo->version);
        demo_answer_set_text(answer, 200, TYPE_TEXT, line);
        free(line);
        return;
    }
    char *page =
        mem_format("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s %s</title>\n"
                   "<style>body{margin:0;min-height:100vh;display:grid;place-content:center;"
                   "text-align:center;font-family:system-ui,sans-serif;color:#fff;background:%s}"
                   "h1{font-size:5rem;margin:0}p{font-size:1.5rem;margin:.5rem}</style>\n"
                   "<h1>%s</h1>\n<p>%s</p>\n</html>\n",
                   demo->slot, demo->version, pick_colour(demo), demo->slot, demo->version);
    demo_answer_set_text(answer, 200, TYPE_HTML, page);
    free(page);
}

static void answer_json(struct demo_answer *answer, unsigned status, cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);

    CHECK(text != NULL);
    demo_answer_set_text(answer, status, TYPE_JSON, text);
    free(text);
    cJSON_Delete(object);
}

static void answer_health(struct demo *demo, const struct demo_request *request,
                          struct demo_answer *answer)
{
    const struct demo_fault *fault = &demo->fault;
    bool is_unhealthy = fault->unhealthy;
    const char *database = fault->database_bad ? "unreachable" : "healthy";
    char stamp[CLOCK_STAMP_SIZE] = "";
    cJSON *health = cJSON_CreateObject();

    (void)request;
    clock_stamp((uint64_t)((int64_t)clock_wall_us() + fault->clock_skew_us), stamp);
    cJSON_AddStringToObject(health, "status", is_unhealthy ? "unhealthy" : "healthy");
    cJSON_AddStringToObject(health, "version", demo->version);
    cJSON_AddStringToObject(health, "environment",
                            fault->environment[0] != '\0' ? fault->environment : demo->slot);
    cJSON_AddStringToObject(health, "timestamp", stamp);
    cJSON_AddStringToObject(health, "database", database);
    cJSON *checks = cJSON_AddObjectToObject(health, "checks");
    cJSON_AddStringToObject(checks, "app", is_unhealthy ? "failed" : "ok");
    uint64_t uptime_ms = (clock_monotonic_us() - demo->started_us) / 1000;
    cJSON_AddNumberToObject(health, "uptime", (double)uptime_ms / 1000);
    answer_json(answer, is_unhealthy ? 503 : 200, health);
    answer->delay_us = demo_fault_draw_us(&demo->fault.health_latency, &demo->random);
}

static void answer_headers(struct demo *demo, const struct demo_request *request,
                           struct demo_answer *answer)
{
    char *head = mem_text_of(request->head, request->head_bytes);

    (void)demo;
    demo_answer_set_text(answer, 200, TYPE_TEXT, head);
    free(head);
}

/* The "id" of the query into out; empty when there is none. */
static void find_id(const struct demo_request *request, char *out, size_t size)
{
    struct slice query = request->query;
    char name[VALUE_SIZE] = "";

    while (demo_request_next_pair(&query, name, out, size))
        if (strcmp(name, "id") == 0)
            return;
    *out = '\0';
}

/* GET without an id answers the sums, so that one look shows whether any id was executed twice. */
static void answer_count(struct demo *demo, const struct demo_request *request,
                         struct demo_answer *answer)
{
    char id[VALUE_SIZE] = "";
    uint64_t count = 0;

    find_id(request, id, sizeof id);
    cJSON *object = cJSON_CreateObject();
    if (*id == '\0') {
        cJSON_AddNumberToObject(object, "ids", (double)demo->tally.ids);
        cJSON_AddNumberToObject(object, "executions", (double)demo->tally.executions);
        cJSON_AddNumberToObject(object, "most", (double)demo->tally.most);
        answer_json(answer, has_method(request, "POST") ? 400 : 200, object);
        return;
    }
    int err = ERR_OK;
    if (has_method(request, "POST"))
        err = demo_tally_add(&demo->tally, id, &count);
    else
        count = demo_tally_count(&demo->tally, id);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddNumberToObject(object, "count", (double)count);
    answer_json(answer, err == ERR_OK ? 200 : 507, object);
}

static void answer_faults(struct demo *demo, struct demo_answer *answer)
{
    struct text text;

    text_init(&text, 65536);
    demo_fault_show(&demo->fault, &text);
    demo_answer_set_text(answer, 200, TYPE_JSON, text.bytes);
    text_fini(&text);
}

/* All pairs or none: the new set is built aside. */
static void answer_fault(struct demo *demo, const struct demo_request *request,
                         struct demo_answer *answer)
{
    struct demo_fault next = demo->fault;
    struct slice query = request->query;
    char name[VALUE_SIZE] = "";
    char value[VALUE_SIZE] = "";

    if (has_method(request, "POST")) {
        while (demo_request_next_pair(&query, name, value, sizeof value)) {
            int err = demo_fault_set(&next, slice_from(name), slice_from(value));
            if (err == ERR_OK)
                continue;
            char *words = mem_format("%s for \"%s\"\n",
                                     err == ERR_NOT_FOUND ? "unknown key" : "bad value", name);
            demo_answer_set_text(answer, 400, TYPE_TEXT, words);
            free(words);
            return;
        }
        demo->fault = next;
    }
    answer_faults(demo, answer);
}

static void answer_reset(struct demo *demo, const struct demo_request *request,
                         struct demo_answer *answer)
{
    if (!has_method(request, "POST")) {
        demo_answer_set_text(answer, 405, TYPE_TEXT, "POST resets\n");
        return;
    }
    demo->fault = demo->fault_at_start;
    demo->request_count = 0;
    demo_tally_clear(&demo->tally);
    answer_faults(demo, answer);
}

static int set_status(struct demo_answer *answer, struct slice value)
{
    uint64_t status = 0;
    int err = num_parse_u64(value, 599, &status);

    if (err == ERR_OK && status < 200)
        err = ERR_RANGE;
    if (err == ERR_OK)
        answer->status = (unsigned)status;
    return err;
}

/* A delay given with the request comes on top of what the faults cost. */
static int set_delay(struct demo_answer *answer, struct slice value)
{
    uint64_t us = 0;
    int err = num_parse_duration(value, &us);

    if (err == ERR_OK && us > 3600000000u)
        err = ERR_RANGE;
    if (err == ERR_OK)
        answer->delay_us += us;
    return err;
}

static int set_bytes(struct demo_answer *answer, struct slice value)
{
    uint64_t bytes = 0;
    int err = num_parse_size(value, &bytes);

    if (err == ERR_OK)
        demo_answer_set_pattern(answer, TYPE_BINARY, bytes);
    return err;
}

static int set_chunk(struct demo_answer *answer, struct slice value)
{
    uint64_t bytes = 0;
    int err = num_parse_size(value, &bytes);

    if (err == ERR_OK && bytes == 0)
        err = ERR_RANGE;
    if (err == ERR_OK)
        answer->chunk_bytes = bytes;
    return err;
}

static int set_cut(struct demo_answer *answer, struct slice value)
{
    uint64_t bytes = 0;
    int err = num_parse_size(value, &bytes);

    if (err == ERR_OK && bytes < answer->end)
        answer->end = bytes;
    return err;
}

static int set_drip(struct demo_answer *answer, struct slice value)
{
    struct slice bytes = { 0 };

    if (!slice_next(&value, ',', &bytes))
        return ERR_INVALID;
    int err = num_parse_size(bytes, &answer->drip_bytes);
    if (err == ERR_OK && answer->drip_bytes == 0)
        err = ERR_RANGE;
    return err == ERR_OK ? num_parse_duration(value, &answer->drip_us) : err;
}

static int read_flag(struct slice value, bool *out)
{
    *out = slice_is_equal(value, SLICE("1"));
    return *out || slice_is_equal(value, SLICE("0")) ? ERR_OK : ERR_INVALID;
}

static int set_chunked(struct demo_answer *answer, struct slice value)
{
    bool is_chunked = false;
    int err = read_flag(value, &is_chunked);

    if (is_chunked && answer->chunk_bytes == 0)
        answer->chunk_bytes = 4096;
    return err;
}

static int set_close(struct demo_answer *answer, struct slice value)
{
    return read_flag(value, &answer->is_last);
}

static int set_drop(struct demo_answer *answer, struct slice value)
{
    return read_flag(value, &answer->is_drop);
}

static int set_reset(struct demo_answer *answer, struct slice value)
{
    return read_flag(value, &answer->is_reset);
}

static int set_half(struct demo_answer *answer, struct slice value)
{
    bool is_half = false;
    int err = read_flag(value, &is_half);

    if (is_half)
        answer->end = answer->length / 2;
    return err;
}

/* In the order of effect: the size of the body before what cuts it. */
static const struct {
    const char *name;
    override_fn *set;
} overrides[] = {
    { "status", set_status },   { "delay", set_delay }, { "bytes", set_bytes },
    { "chunked", set_chunked }, { "chunk", set_chunk }, { "close", set_close },
    { "half", set_half },       { "cut", set_cut },     { "drop", set_drop },
    { "reset", set_reset },     { "drip", set_drip },
};

/* What the query asks for this one request; keys that mean nothing to us belong to the app. */
static void apply_overrides(const struct demo_request *request, struct demo_answer *answer)
{
    char name[VALUE_SIZE] = "";
    char value[VALUE_SIZE] = "";

    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
        struct slice query = request->query;
        while (demo_request_next_pair(&query, name, value, sizeof value)) {
            if (strcmp(name, overrides[i].name) != 0)
                continue;
            if (overrides[i].set(answer, slice_from(value)) == ERR_OK)
                continue;
            char *words = mem_format("bad value for \"%s\"\n", overrides[i].name);
            demo_answer_fini(answer);
            demo_answer_set_text(answer, 400, TYPE_TEXT, words);
            free(words);
            return;
        }
    }
}

static void apply_faults(struct demo *demo, struct demo_answer *answer)
{
    const struct demo_fault *fault = &demo->fault;
    uint64_t age_us = clock_monotonic_us() - demo->started_us;

    answer->delay_us += demo_fault_draw_us(&fault->latency, &demo->random);
    answer->delay_us += demo_fault_slow_us(fault, demo->request_count++, age_us);
    if (demo_fault_happens(fault->error_share, &demo->random))
        demo_answer_set_text(answer, fault->error_status, TYPE_TEXT, "told to err\n");
    else if (fault->body_bytes > 0)
        demo_answer_set_pattern(answer, TYPE_BINARY, fault->body_bytes);
    if (demo_fault_happens(fault->half_share, &demo->random))
        answer->end = answer->length / 2;
    answer->is_drop = demo_fault_happens(fault->drop_share, &demo->random);
}

static const struct {
    const char *path;
    handle_fn *handle;
    bool has_faults;
} paths[] = {
    { "/health", answer_health, false },      { "/headers", answer_headers, true },
    { "/count", answer_count, true },         { "/_admin/fault", answer_fault, false },
    { "/_admin/reset", answer_reset, false },
};

void demo_handle(struct demo *demo, const struct demo_request *request, struct demo_answer *answer)
{
    handle_fn *handle = answer_page;
    bool has_faults = true;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (!slice_is_equal(request->path, slice_from(paths[i].path)))
            continue;
        handle = paths[i].handle;
        has_faults = paths[i].has_faults;
    }
    handle(demo, request, answer);
    if (!has_faults)
        return;
    /* Looking at the counts must not fail, or a test could not read its result. */
    if (handle == answer_count && !has_method(request, "POST"))
        return;
    apply_faults(demo, answer);
    apply_overrides(request, answer);
}
