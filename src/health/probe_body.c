/* See probe_body_priv.h. The body comes from the app, so it passes the strict parser and nothing of it is trusted. */
#include "health/probe_body_priv.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assertion.h"
#include "base/num.h"
#include "base/pattern.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "health/timestamp_priv.h"

enum { VALUE_SHOWN = 40, PATH_SHOWN = 48, STATUS_DEPTH = 4 };

static const struct strict_json_limits limits = {
    .bytes = PROBE_BODY_MAX,
    .depth = ASSERTION_STEPS_MAX,
    .items = 4096,
};

static bool is_parsed(const struct probe_body_spec *spec)
{
    return spec->assertion_count > 0 || spec->skew_us > 0 || spec->database != NULL ||
           spec->gauge_count > 0;
}

bool probe_body_is_wanted(const struct probe_body_spec *spec)
{
    return is_parsed(spec) || spec->pattern_count > 0;
}

static const cJSON *find_step(const cJSON *item, const struct assertion_step *step)
{
    char name[ASSERTION_BYTES_MAX + 1];

    if (step->name.ptr == NULL)
        return cJSON_IsArray(item) ? cJSON_GetArrayItem(item, (int)step->index) : NULL;
    if (!cJSON_IsObject(item) || !slice_copy(step->name, name, sizeof name))
        return NULL;
    return cJSON_GetObjectItemCaseSensitive(item, name);
}

/* NULL: there is nothing at the end of the path. */
static const cJSON *find_item(const cJSON *tree, struct slice path)
{
    struct assertion_step step;
    const cJSON *item = tree;

    while (item != NULL && assertion_next_step(&path, &step))
        item = find_step(item, &step);
    return item;
}

static void cut(struct slice *s, size_t most)
{
    if (s->len > most)
        s->len = most;
}

/* A value for people; texts quoted, escaped and cut. */
static void describe_item(const cJSON *item, struct text *out)
{
    struct slice text = { NULL, 0 };

    if (cJSON_IsString(item)) {
        text = slice_from(item->valuestring);
        cut(&text, VALUE_SHOWN);
        text_add(out, "\"");
        text_add_json(out, text);
        text_add(out, "\"");
    } else if (cJSON_IsNumber(item)) {
        text_add_format(out, "%.15g", item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        text_add(out, cJSON_IsTrue(item) ? "true" : "false");
    } else if (cJSON_IsNull(item)) {
        text_add(out, "null");
    } else {
        text_add(out, cJSON_IsArray(item) ? "an array" : "an object");
    }
}

static bool is_equal(const cJSON *item, struct slice wanted)
{
    double number = 0;

    if (cJSON_IsString(item))
        return slice_is_equal(slice_from(item->valuestring), wanted);
    if (cJSON_IsNumber(item))
        return assertion_number(wanted, &number) == 0 && item->valuedouble == number;
    if (cJSON_IsBool(item))
        return slice_is_equal(wanted, cJSON_IsTrue(item) ? SLICE("true") : SLICE("false"));
    return cJSON_IsNull(item) && slice_is_equal(wanted, SLICE("null"));
}

static bool is_in_order(const cJSON *item, enum assertion_op op, struct slice wanted)
{
    double number = 0;

    if (!cJSON_IsNumber(item) || assertion_number(wanted, &number) != 0)
        return false;
    switch (op) {
    case ASSERTION_AT_LEAST: return item->valuedouble >= number;
    case ASSERTION_AT_MOST: return item->valuedouble <= number;
    case ASSERTION_ABOVE: return item->valuedouble > number;
    case ASSERTION_BELOW: return item->valuedouble < number;
    case ASSERTION_EXISTS:
    case ASSERTION_EQUAL:
    case ASSERTION_UNEQUAL: break;
    }
    return false;
}

/* Of an item that is there. */
static bool holds(const cJSON *item, enum assertion_op op, struct slice wanted)
{
    switch (op) {
    case ASSERTION_EXISTS: return true;
    case ASSERTION_EQUAL: return is_equal(item, wanted);
    case ASSERTION_UNEQUAL: return !is_equal(item, wanted);
    case ASSERTION_AT_LEAST:
    case ASSERTION_AT_MOST:
    case ASSERTION_ABOVE:
    case ASSERTION_BELOW: return is_in_order(item, op, wanted);
    }
    return false;
}

/* Words that are too long are cut. */
__attribute__((format(printf, 3, 4))) static void
set_fault(struct probe_result *result, enum fault fault, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(result->words, sizeof result->words, format, args);
    va_end(args);
    result->fault = fault;
}

/* What the assertion would say if the target were `slot`, appended to out. */
static struct slice expand(const struct probe_body_spec *spec, const struct assertion *assertion,
                           const char *slot, struct text *out)
{
    text_clear(out);
    assertion_expand(assertion->value, slot, spec->version != NULL ? spec->version : "", out);
    return text_slice(out);
}

/* The other slot that the value fits; NULL: none. */
static const char *find_rival(const struct probe_body_spec *spec, const struct assertion *assertion,
                              const cJSON *item)
{
    const char *found = NULL;
    struct text value;

    if (!assertion->has_slot || assertion->op != ASSERTION_EQUAL || !cJSON_IsString(item))
        return NULL;
    text_init(&value, 2 * ASSERTION_BYTES_MAX);
    for (unsigned i = 0; i < spec->rival_count && found == NULL; i++)
        if (is_equal(item, expand(spec, assertion, spec->rivals[i], &value)))
            found = spec->rivals[i];
    text_fini(&value);
    return found;
}

static void describe_failure(const struct assertion *assertion, const cJSON *item,
                             struct slice wanted, struct text *words)
{
    struct slice path = assertion->path;

    cut(&path, PATH_SHOWN);
    cut(&wanted, VALUE_SHOWN);
    text_add_slice(words, path);
    if (item == NULL) {
        text_add(words, " is not in the body");
        return;
    }
    text_add(words, " is ");
    describe_item(item, words);
    text_add_format(words, ", wanted is %s", assertion_op_words(assertion->op));
    text_add_slice(words, wanted);
}

static void judge_assertion(const struct probe_body_spec *spec, const struct assertion *assertion,
                            const cJSON *tree, struct probe_result *result)
{
    const cJSON *item = find_item(tree, assertion->path);
    const char *slot = spec->slot != NULL ? spec->slot : "";
    const char *rival = NULL;
    struct text wanted;
    struct text words;

    text_init(&wanted, 2 * ASSERTION_BYTES_MAX);
    text_init(&words, PROBE_WORDS_SIZE - 1);
    (void)expand(spec, assertion, slot, &wanted);
    if (item == NULL || !holds(item, assertion->op, text_slice(&wanted))) {
        rival = item != NULL ? find_rival(spec, assertion, item) : NULL;
        if (rival != NULL) {
            set_fault(result, FAULT_MISDEPLOYED,
                      "misdeployed: it says that it is %.40s, and is a target of %.40s", rival,
                      slot);
        } else if (result->fault == FAULT_NONE) {
            describe_failure(assertion, item, text_slice(&wanted), &words);
            set_fault(result, FAULT_HEALTH_ASSERTION, "%s", words.bytes);
        }
    }
    text_fini(&wanted);
    text_fini(&words);
}

/* The first that fails is told, except that one from another slot is worse. */
static void judge_assertions(const struct probe_body_spec *spec, const cJSON *tree,
                             struct probe_result *result)
{
    for (unsigned i = 0; i < spec->assertion_count && result->fault != FAULT_MISDEPLOYED; i++) {
        struct assertion assertion;
        const char *why = NULL;

        if (assertion_parse(slice_from(spec->assertions[i]), &assertion, &why) != 0) {
            set_fault(result, FAULT_HEALTH_ASSERTION, "'%.60s' is no assertion: %s",
                      spec->assertions[i], why);
            continue;
        }
        judge_assertion(spec, &assertion, tree, result);
    }
}

static bool read_time(const cJSON *item, uint64_t *wall_us)
{
    if (cJSON_IsNumber(item))
        return timestamp_from_number(item->valuedouble, wall_us) == 0;
    return cJSON_IsString(item) && timestamp_parse(slice_from(item->valuestring), wall_us) == 0;
}

static void judge_clock(const struct probe_body_spec *spec, const cJSON *tree, uint64_t wall_us,
                        struct probe_result *result)
{
    const cJSON *item = NULL;
    uint64_t app_us = 0;
    uint64_t apart_us = 0;
    char apart[32];
    char most[32];

    if (spec->skew_us == 0 || spec->timestamp == NULL || result->fault != FAULT_NONE)
        return;
    item = find_item(tree, slice_from(spec->timestamp));
    if (item == NULL || !read_time(item, &app_us)) {
        set_fault(result, FAULT_HEALTH_ASSERTION, "%.48s %s", spec->timestamp,
                  item == NULL ? "is not in the body" : "is no time");
        return;
    }
    apart_us = app_us > wall_us ? app_us - wall_us : wall_us - app_us;
    if (apart_us <= spec->skew_us)
        return;
    num_format_duration(apart_us / 1000 * 1000, apart);
    num_format_duration(spec->skew_us, most);
    set_fault(result, FAULT_HEALTH_ASSERTION, "%.48s is %s %s our clock, at most %s is wanted",
              spec->timestamp, apart, app_us > wall_us ? "ahead of" : "behind", most);
}

enum probe_database probe_body_database(struct slice word)
{
    static const char *const good[] = { "healthy", "ok", "up", "connected", "true" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (slice_is_equal_nocase(word, slice_from(good[i])))
            return PROBE_DATABASE_GOOD;
    return PROBE_DATABASE_BAD;
}

static enum probe_database read_database(const cJSON *item)
{
    for (unsigned depth = 0; cJSON_IsObject(item) && depth < STATUS_DEPTH; depth++)
        item = cJSON_GetObjectItemCaseSensitive(item, "status");
    if (cJSON_IsString(item))
        return probe_body_database(slice_from(item->valuestring));
    return cJSON_IsTrue(item) ? PROBE_DATABASE_GOOD : PROBE_DATABASE_BAD;
}

static void read_gauges(const struct probe_body_spec *spec, const cJSON *tree,
                        struct probe_result *result)
{
    for (unsigned i = 0; i < spec->gauge_count && i < PROBE_GAUGES_MAX; i++) {
        const cJSON *item = find_item(tree, slice_from(spec->gauges[i]));

        if (!cJSON_IsNumber(item) && !cJSON_IsBool(item))
            continue;
        result->gauge_mask |= (uint16_t)(1u << i);
        result->gauges[i] = cJSON_IsNumber(item) ? item->valuedouble : cJSON_IsTrue(item);
    }
}

static void refuse_body(const struct probe_body_spec *spec, const char *why,
                        struct probe_result *result)
{
    if (spec->assertion_count == 0 && spec->skew_us == 0)
        return;
    set_fault(result, FAULT_HEALTH_ASSERTION, "the body is no JSON that can be read: %s", why);
}

/* The bytes as they came. */
static void judge_patterns(const struct probe_body_spec *spec, struct slice body,
                           struct probe_result *result)
{
    for (unsigned i = 0; i < spec->pattern_count; i++) {
        const char *pattern = spec->patterns[i];
        bool is_unwanted = pattern[0] == '!';

        if (pattern_finds(pattern + is_unwanted, body) != is_unwanted)
            continue;
        result->fault = FAULT_HEALTH_ASSERTION;
        snprintf(result->words, sizeof result->words, "the body %s \"%.80s\"",
                 is_unwanted ? "has" : "has no", pattern + is_unwanted);
        return;
    }
}

void probe_body_judge(const struct probe_body_spec *spec, struct slice body, bool is_cut,
                      uint64_t wall_us, struct probe_result *result)
{
    const char *why = "it is larger than 64 KiB";
    const cJSON *database = NULL;
    cJSON *tree = NULL;

    judge_patterns(spec, body, result);
    if (result->fault != FAULT_NONE || !is_parsed(spec))
        return;
    if (is_cut || strict_json_parse(body, &limits, &tree, &why) != 0) {
        refuse_body(spec, why, result);
        return;
    }
    if (spec->database != NULL)
        database = find_item(tree, slice_from(spec->database));
    if (database != NULL && result->database != PROBE_DATABASE_BAD)
        result->database = read_database(database);
    read_gauges(spec, tree, result);
    judge_assertions(spec, tree, result);
    judge_clock(spec, tree, wall_us, result);
    cJSON_Delete(tree);
}
