/* The faults of a demo app as a table of keys: see demo_fault.h. */
#include "demo/demo_fault.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/num.h"

#define LATENCY_MAX_US 3600000000u

typedef int set_fn(struct demo_fault *fault, struct slice value);

struct fault_key {
    const char *name;
    const char *initial;
    set_fn *set;
    const char *help;
};

/* A plain decimal such as "0.5"; strtod alone would also take "nan", " 1" and "0x1". */
static int parse_decimal(struct slice text, double *out)
{
    char copy[32] = "";

    if (text.len == 0 || !slice_copy(text, copy, sizeof copy))
        return ERR_INVALID;
    if (strspn(copy, "0123456789.") != text.len)
        return ERR_INVALID;
    char *end = NULL;
    double value = strtod(copy, &end);
    if (*end != '\0')
        return ERR_INVALID;
    *out = value;
    return ERR_OK;
}

static int parse_share(struct slice text, double *out)
{
    double percent = 0;

    if (text.len < 2 || text.ptr[text.len - 1] != '%')
        return ERR_INVALID;
    int err = parse_decimal(slice_of(text.ptr, text.len - 1), &percent);
    if (err == ERR_OK && percent > 100)
        err = ERR_RANGE;
    if (err == ERR_OK)
        *out = percent / 100;
    return err;
}

static int parse_delay(struct slice text, uint64_t *us)
{
    int err = num_parse_duration(text, us);

    return err == ERR_OK && *us > LATENCY_MAX_US ? ERR_RANGE : err;
}

static int parse_shape(struct slice *rest, enum latency_shape *shape)
{
    static const struct {
        struct slice prefix;
        enum latency_shape shape;
    } shapes[] = {
        { SLICE("fixed:"), LATENCY_FIXED },
        { SLICE("uniform:"), LATENCY_UNIFORM },
        { SLICE("exp:"), LATENCY_EXP },
        { SLICE("lognormal:"), LATENCY_LOGNORMAL },
    };

    *shape = LATENCY_FIXED;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (!slice_starts_with(*rest, shapes[i].prefix))
            continue;
        *shape = shapes[i].shape;
        *rest = slice_of(rest->ptr + shapes[i].prefix.len, rest->len - shapes[i].prefix.len);
        return ERR_OK;
    }
    return memchr(rest->ptr, ':', rest->len) != NULL ? ERR_INVALID : ERR_OK;
}

int demo_fault_parse_latency(struct slice text, struct latency *out)
{
    struct latency made = { .shape = LATENCY_NONE };
    struct slice first = { 0 };

    if (text.len == 0)
        return ERR_INVALID;
    if (slice_is_equal(text, SLICE("none"))) {
        *out = made;
        return ERR_OK;
    }
    int err = parse_shape(&text, &made.shape);
    if (err != ERR_OK || !slice_next(&text, ',', &first))
        return ERR_INVALID;
    err = parse_delay(first, &made.first_us);
    if (err == ERR_OK && made.shape == LATENCY_UNIFORM)
        err = parse_delay(text, &made.second_us);
    else if (err == ERR_OK && made.shape == LATENCY_LOGNORMAL)
        err = parse_decimal(text, &made.sigma);
    else if (err == ERR_OK && text.len > 0)
        err = ERR_INVALID;
    if (err != ERR_OK)
        return err;
    if (made.shape == LATENCY_UNIFORM && made.second_us < made.first_us)
        return ERR_RANGE;
    *out = made;
    return ERR_OK;
}

static int set_error_rate(struct demo_fault *fault, struct slice value)
{
    return parse_share(value, &fault->error_share);
}

static int set_error_status(struct demo_fault *fault, struct slice value)
{
    uint64_t status = 0;
    int err = num_parse_u64(value, 599, &status);

    if (err == ERR_OK && status < 200)
        err = ERR_RANGE;
    if (err == ERR_OK)
        fault->error_status = (unsigned)status;
    return err;
}

static int set_latency(struct demo_fault *fault, struct slice value)
{
    return demo_fault_parse_latency(value, &fault->latency);
}

static int set_health_latency(struct demo_fault *fault, struct slice value)
{
    return demo_fault_parse_latency(value, &fault->health_latency);
}

static int set_bytes(struct demo_fault *fault, struct slice value)
{
    return num_parse_size(value, &fault->body_bytes);
}

static int set_slow_requests(struct demo_fault *fault, struct slice value)
{
    return num_parse_u64(value, UINT64_MAX, &fault->slow_requests);
}

static int set_slow_time(struct demo_fault *fault, struct slice value)
{
    return num_parse_duration(value, &fault->slow_time_us);
}

static int set_slow_delay(struct demo_fault *fault, struct slice value)
{
    return parse_delay(value, &fault->slow_delay_us);
}

static int set_drop(struct demo_fault *fault, struct slice value)
{
    return parse_share(value, &fault->drop_share);
}

static int set_half(struct demo_fault *fault, struct slice value)
{
    return parse_share(value, &fault->half_share);
}

static int set_unhealthy(struct demo_fault *fault, struct slice value)
{
    bool on = slice_is_equal(value, SLICE("on"));

    if (!on && !slice_is_equal(value, SLICE("off")))
        return ERR_INVALID;
    fault->unhealthy = on;
    return ERR_OK;
}

static int set_database(struct demo_fault *fault, struct slice value)
{
    bool is_bad = slice_is_equal(value, SLICE("bad"));

    if (!is_bad && !slice_is_equal(value, SLICE("ok")))
        return ERR_INVALID;
    fault->database_bad = is_bad;
    return ERR_OK;
}

static int set_environment(struct demo_fault *fault, struct slice value)
{
    if (slice_is_equal(value, SLICE("own")))
        value.len = 0;
    return slice_copy(value, fault->environment, sizeof fault->environment) ? ERR_OK : ERR_RANGE;
}

static int set_clock_skew(struct demo_fault *fault, struct slice value)
{
    bool is_behind = value.len > 0 && value.ptr[0] == '-';
    uint64_t us = 0;
    int err = num_parse_duration(is_behind ? slice_of(value.ptr + 1, value.len - 1) : value, &us);

    if (err == ERR_OK && us > 366ull * 86400 * 1000000)
        err = ERR_RANGE;
    if (err == ERR_OK)
        fault->clock_skew_us = is_behind ? -(int64_t)us : (int64_t)us;
    return err;
}

static const struct fault_key fault_keys[] = {
    { "error_rate", "0%", set_error_rate, "share of answers that are errors, as 5%" },
    { "error_status", "500", set_error_status, "the status of those errors" },
    { "latency", "none", set_latency,
      "fixed:20ms, uniform:1ms,5ms, exp:20ms or lognormal:20ms,0.5 (median, sigma)" },
    { "health_latency", "none", set_health_latency, "the same for /health" },
    { "bytes", "0", set_bytes, "size of the body instead of the page, as 64k" },
    { "slow_requests", "0", set_slow_requests, "the first so many requests are slow" },
    { "slow_time", "0", set_slow_time, "requests are slow for so long after the start" },
    { "slow_delay", "200ms", set_slow_delay, "what a slow request takes" },
    { "drop", "0%", set_drop, "share of connections closed without an answer" },
    { "half", "0%", set_half, "share of answers cut in their middle" },
    { "unhealthy", "off", set_unhealthy, "on: /health answers 503" },
    { "database", "ok", set_database, "bad: /health says that the database is away" },
    { "environment", "own", set_environment, "the slot that /health claims to be" },
    { "clock_skew", "0", set_clock_skew,
      "how far /health's timestamp is ahead, or behind as -60s" },
};

_Static_assert(sizeof fault_keys / sizeof *fault_keys == DEMO_FAULT_KEYS, "count the keys");

const char *demo_fault_key(size_t index, const char **help)
{
    if (index >= DEMO_FAULT_KEYS)
        return NULL;
    if (help != NULL)
        *help = fault_keys[index].help;
    return fault_keys[index].name;
}

int demo_fault_set(struct demo_fault *fault, struct slice key, struct slice value)
{
    for (size_t i = 0; i < DEMO_FAULT_KEYS; i++) {
        if (!slice_is_equal(key, slice_from(fault_keys[i].name)))
            continue;
        if (value.len >= DEMO_FAULT_VALUE_SIZE)
            return ERR_RANGE;
        int err = fault_keys[i].set(fault, value);
        if (err != ERR_OK)
            return err;
        return slice_copy(value, fault->text[i], DEMO_FAULT_VALUE_SIZE) ? ERR_OK : ERR_INVALID;
    }
    return ERR_NOT_FOUND;
}

void demo_fault_init(struct demo_fault *fault)
{
    *fault = (struct demo_fault){ 0 };
    for (size_t i = 0; i < DEMO_FAULT_KEYS; i++)
        CHECK(demo_fault_set(fault, slice_from(fault_keys[i].name),
                             slice_from(fault_keys[i].initial)) == ERR_OK);
}

void demo_fault_show(const struct demo_fault *fault, struct text *out)
{
    text_add(out, "{");
    for (size_t i = 0; i < DEMO_FAULT_KEYS; i++) {
        text_add_format(out, "%s\"%s\": \"", i > 0 ? ", " : "", fault_keys[i].name);
        text_add_json(out, slice_from(fault->text[i]));
        text_add(out, "\"");
    }
    text_add(out, "}\n");
}

/* Uniform in (0, 1]: never 0, so that its logarithm is finite. */
static double draw_unit(uint64_t *state)
{
    return ((double)(hash_random(state) >> 11) + 1) / 9007199254740992.0;
}

static double draw_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(draw_unit(state)));

    return radius * cos(6.283185307179586 * draw_unit(state));
}

bool demo_fault_happens(double share, uint64_t *state)
{
    return share > 0 && draw_unit(state) <= share;
}

uint64_t demo_fault_draw_us(const struct latency *latency, uint64_t *state)
{
    double first = (double)latency->first_us;
    double us = 0;

    switch (latency->shape) {
    case LATENCY_NONE: return 0;
    case LATENCY_FIXED: return latency->first_us;
    case LATENCY_UNIFORM:
        us = first + draw_unit(state) * (double)(latency->second_us - latency->first_us);
        break;
    case LATENCY_EXP: us = -first * log(draw_unit(state)); break;
    case LATENCY_LOGNORMAL: us = first * exp(latency->sigma * draw_normal(state)); break;
    }
    return us < LATENCY_MAX_US ? (uint64_t)us : LATENCY_MAX_US;
}

uint64_t demo_fault_slow_us(const struct demo_fault *fault, uint64_t count, uint64_t age_us)
{
    bool is_slow = count < fault->slow_requests || age_us < fault->slow_time_us;

    return is_slow ? fault->slow_delay_us : 0;
}
