/* Engines fed with the ticks of the vectors: events, checks, advice and end must come out as they are written. */
#include "unit/evidence/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/engine.h"
#include "unit/evidence/vectors_engine.h"

enum { CHECK_EVERY = 25 };

/* One case while it runs. */
struct run {
    const cJSON *test;
    const char *name;
    const struct vectors_way *way;
    struct settings settings;
    struct engine *engine;
    const cJSON *event; /* the next that is expected */
    const cJSON *check;
    const cJSON *advice;
    const char *advised;
    unsigned tick;
    bool is_over;
};

static const char *place(const struct run *run, const char *what)
{
    static char words[200];

    snprintf(words, sizeof words, "%s, tick %u: %s", run->name, run->tick, what);
    return words;
}

int vectors_set(struct settings *settings, const cJSON *option, char words[SETTINGS_WORDS])
{
    char text[300] = "";
    size_t len = 0;
    const cJSON *list = cJSON_IsArray(option) ? option : NULL;
    const cJSON *item = NULL;

    if (cJSON_IsString(option))
        return settings_set(settings, option->string, option->valuestring, words);
    if (cJSON_IsNumber(option))
        snprintf(text, sizeof text, "%.17g", option->valuedouble);
    cJSON_ArrayForEach(item, list)
    {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.17g", len > 0 ? "," : "",
                                item->valuedouble);
        cr_assert_lt(len, sizeof text);
    }
    return settings_set(settings, option->string, text, words);
}

static void read_settings(struct run *run)
{
    const cJSON *option = NULL;
    char words[SETTINGS_WORDS];

    settings_default(&run->settings);
    cJSON_ArrayForEach(option, cJSON_GetObjectItem(run->test, "config"))
    {
        cr_assert_eq(vectors_set(&run->settings, option, words), 0, "%s: %s", run->name, words);
    }
    cr_assert_eq(settings_check(&run->settings, words), 0, "%s: %s", run->name, words);
}

static void read_buckets(const cJSON *list, double *out, size_t count)
{
    const cJSON *pair = NULL;

    cJSON_ArrayForEach(pair, list)
    {
        int bucket = cJSON_GetArrayItem(pair, 0)->valueint;

        cr_assert(cJSON_GetArraySize(pair) == 2 && bucket >= 0 && (size_t)bucket < count);
        out[bucket] += cJSON_GetArrayItem(pair, 1)->valuedouble;
    }
}

static void read_history(struct run *run)
{
    static const char *const keys[] = { "n", "e", "h", "S1", "S2", NULL };
    const cJSON *history = cJSON_GetObjectItem(run->test, "history");
    struct memory memory = { 0 };

    if (history == NULL || cJSON_IsNull(history))
        return;
    vectors_know(run->name, history, keys);
    memory.n = vectors_number_or(history, "n", 0);
    memory.e = vectors_number_or(history, "e", 0);
    memory.expected = vectors_number_or(history, "S1", 0);
    memory.spread = vectors_number_or(history, "S2", 0);
    read_buckets(cJSON_GetObjectItem(history, "h"), memory.buckets, COUNTS_BUCKETS);
    engine_remember(run->engine, &memory);
}

static void read_rows(struct run *run)
{
    const cJSON *rows = cJSON_GetObjectItem(run->test, "rows");
    const char *names[ENGINE_ROWS_MAX];
    size_t count = 0;
    const cJSON *row = NULL;

    if (rows == NULL || cJSON_IsNull(rows))
        return;
    cr_assert_leq(cJSON_GetArraySize(rows), ENGINE_ROWS_MAX);
    cJSON_ArrayForEach(row, rows) names[count++] = row->valuestring;
    cr_assert_eq(engine_restrict(run->engine, names, count), 0);
}

static const struct counts *read_counts(const cJSON *list, struct counts *out)
{
    double buckets[COUNTS_BUCKETS] = { 0 };
    const cJSON *bins = cJSON_GetArrayItem(list, 4);
    const cJSON *bin = NULL;
    int size = cJSON_GetArraySize(list);

    if (list == NULL)
        return NULL;
    cr_assert(size >= 2 && size <= 5);
    memset(out, 0, sizeof *out);
    out->n = (uint64_t)cJSON_GetArrayItem(list, 0)->valuedouble;
    out->e = (uint64_t)cJSON_GetArrayItem(list, 1)->valuedouble;
    if (size > 2)
        out->sum_us = (uint64_t)cJSON_GetArrayItem(list, 2)->valuedouble;
    if (size > 3)
        read_buckets(cJSON_GetArrayItem(list, 3), buckets, COUNTS_BUCKETS);
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        out->buckets[i] = (uint32_t)buckets[i];
    cJSON_ArrayForEach(bin, bins)
    {
        int key = cJSON_GetArrayItem(bin, 0)->valueint;

        cr_assert(cJSON_GetArraySize(bin) == 3 && key >= 0 && key < COUNTS_BINS);
        out->bins[key].n += (uint32_t)cJSON_GetArrayItem(bin, 1)->valuedouble;
        out->bins[key].e += (uint32_t)cJSON_GetArrayItem(bin, 2)->valuedouble;
    }
    return out;
}

static enum engine_probe read_probe(const cJSON *probes, const char *slot)
{
    static const char *const names[] = { "ok", "fail", "db" };
    const cJSON *probe = cJSON_GetObjectItem(probes, slot);

    if (probe == NULL || cJSON_IsNull(probe))
        return ENGINE_PROBE_NONE;
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(probe->valuestring, names[i]) == 0)
            return ENGINE_PROBE_OK + i;
    }
    cr_assert_fail("no probe is '%s'", probe->valuestring);
    return ENGINE_PROBE_NONE;
}

/* How the vectors call the numbers of an event. */
struct field {
    const char *name;
    size_t offset;
    bool is_count;
};

#define NUMBER(name, field)                                                                        \
    {                                                                                              \
        name, offsetof(struct engine_event, field), false                                          \
    }
#define COUNT(name, field)                                                                         \
    {                                                                                              \
        name, offsetof(struct engine_event, field), true                                           \
    }

static const struct field fields[] = {
    COUNT("t", at_ms),        COUNT("since", since_ms),   COUNT("nC", candidate_n),
    COUNT("xC", candidate_x), COUNT("eC", candidate_x),   COUNT("nB", baseline_n),
    COUNT("xB", baseline_x),  COUNT("eB", baseline_x),    NUMBER("limit", limit),
    NUMBER("mean_us", value), NUMBER("ratio", value),     NUMBER("LE", evidence),
    NUMBER("phi", phi),       NUMBER("confirm", confirm), NUMBER("threshold", threshold),
};

static void compare_field(const struct run *run, const struct engine_event *event,
                          const cJSON *should)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *at = (const char *)event + fields[i].offset;
        double value = 0;
        uint64_t count = 0;

        if (strcmp(fields[i].name, should->string) != 0)
            continue;
        memcpy(&count, at, sizeof count);
        memcpy(&value, at, sizeof value);
        vectors_compare(place(run, should->string), fields[i].is_count ? (double)count : value,
                        should);
        return;
    }
    cr_assert_fail("%s", place(run, should->string));
}

static void compare_event(struct run *run, const struct engine_event *event)
{
    const cJSON *member = NULL;

    if (event->action == ENGINE_WARNING || event->action == ENGINE_CRITICAL ||
        event->action == ENGINE_CLEARED)
        return;
    cr_assert_not_null(run->event, "%s: %s by %s was not expected", place(run, "event"),
                       engine_action_name(event->action), event->trigger);
    cr_assert_str_eq(event->trigger, vectors_text(run->event, "row"), "%s", place(run, "row"));
    cr_assert_str_eq(engine_action_name(event->action), vectors_text(run->event, "action"), "%s",
                     place(run, "action"));
    cr_assert_eq(vectors_number(run->event, "tick"), run->tick, "%s", place(run, "tick"));
    cr_assert_eq(isnan(event->confirm), !cJSON_HasObjectItem(run->event, "confirm"), "%s",
                 place(run, "confirm"));
    cJSON_ArrayForEach(member, run->event)
    {
        if (strcmp(member->string, "row") == 0 || strcmp(member->string, "action") == 0 ||
            strcmp(member->string, "tick") == 0)
            continue;
        if (strcmp(member->string, "bin") == 0)
            cr_assert_eq(event->top_bin, member->valueint, "%s", place(run, "bin"));
        else
            compare_field(run, event, member);
    }
    run->event = run->event->next;
    run->is_over = event->action == ENGINE_ROLLBACK;
}

static void compare_row(const struct run *run, const struct engine_view *view, const cJSON *should)
{
    for (unsigned i = 0; i < view->row_count; i++) {
        if (strcmp(view->rows[i].name, should->string) == 0) {
            vectors_compare(place(run, should->string), view->rows[i].evidence, should);
            return;
        }
    }
    cr_assert_fail("%s", place(run, should->string));
}

static void compare_check(struct run *run)
{
    static const char *const keys[] = { "tick", "phi", "baseline_rate", "LE", "safe", NULL };
    static const char *const sums[] = { "err", "lat50", "lat95" };
    struct engine_view view;
    const cJSON *rows = NULL;
    const cJSON *row = NULL;

    if (run->check == NULL || vectors_number(run->check, "tick") != run->tick)
        return;
    vectors_know(run->name, run->check, keys);
    engine_look(run->engine, &view);
    vectors_compare(place(run, "phi"), view.phi, vectors_member(run->check, "phi"));
    vectors_compare(place(run, "baseline_rate"), view.baseline_rate,
                    vectors_member(run->check, "baseline_rate"));
    rows = vectors_member(run->check, "LE");
    cr_assert_eq((unsigned)cJSON_GetArraySize(rows), view.row_count);
    cJSON_ArrayForEach(row, rows) compare_row(run, &view, row);
    for (unsigned i = 0; i < 3; i++)
        vectors_compare(place(run, sums[i]), view.safety[i],
                        vectors_member(vectors_member(run->check, "safe"), sums[i]));
    run->check = run->check->next;
}

static void compare_advice(struct run *run)
{
    static const char *const names[] = { [ENGINE_STAY] = "stay",
                                         [ENGINE_ADVANCE] = "advance",
                                         [ENGINE_HOLD_STEP] = "hold",
                                         [ENGINE_ABORT_STEP] = "abort" };
    const char *reason = NULL;
    const char *advice =
        names[engine_resolve(&run->settings, engine_advise(run->engine, 0, &reason))];

    cr_assert_gt(strlen(reason), 0);
    if (run->advised != NULL && strcmp(run->advised, advice) == 0)
        return;
    cr_assert_not_null(run->advice, "%s: %s (%s) was not expected", place(run, "advice"), advice,
                       reason);
    cr_assert_eq(cJSON_GetArrayItem(run->advice, 0)->valueint, (int)run->tick, "%s (%s: %s)",
                 place(run, "advice"), advice, reason);
    cr_assert_str_eq(cJSON_GetArrayItem(run->advice, 1)->valuestring, advice, "%s: %s",
                     place(run, "advice"), reason);
    run->advised = advice;
    run->advice = run->advice->next;
}

static void run_tick(struct run *run, const struct engine_tick *counted)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine_tick tick = *counted;
    unsigned count = 0;

    tick.candidate = run->way->take(run->way->arg, true, counted->candidate);
    tick.baseline = run->way->take(run->way->arg, false, counted->baseline);
    count = engine_tick(run->engine, &tick, events);
    for (unsigned i = 0; i < count; i++)
        compare_event(run, &events[i]);
    if (vectors_number_or(run->test, "want_advice", 0) > 0)
        compare_advice(run);
    compare_check(run);
    run->tick++;
}

static void run_ticks(struct run *run)
{
    static const char *const keys[] = { "dt", "w", "rep", "C", "B", "probe", NULL };
    static const char *const slots[] = { "C", "B", NULL };
    static struct counts candidate;
    static struct counts baseline;
    const cJSON *at = NULL;

    cJSON_ArrayForEach(at, vectors_member(run->test, "ticks"))
    {
        const cJSON *probe = cJSON_GetObjectItem(at, "probe");
        unsigned count = (unsigned)vectors_number_or(at, "rep", 1);
        struct engine_tick tick = {
            .dt_ms = (uint64_t)vectors_number_or(at, "dt", run->settings.tick_ms),
            .weight = vectors_number(at, "w"),
            .candidate = read_counts(cJSON_GetObjectItemCaseSensitive(at, "C"), &candidate),
            .baseline = read_counts(cJSON_GetObjectItemCaseSensitive(at, "B"), &baseline),
            .candidate_probe = read_probe(probe, "C"),
            .baseline_probe = read_probe(probe, "B"),
        };

        vectors_know(run->name, at, keys);
        if (probe != NULL)
            vectors_know(run->name, probe, slots);
        for (unsigned i = 0; i < count && !run->is_over; i++)
            run_tick(run, &tick);
    }
}

static const struct counts *take_as_it_is(void *arg, bool is_candidate, const struct counts *counts)
{
    (void)arg;
    (void)is_candidate;
    return counts;
}

void vectors_run_engine(const cJSON *test)
{
    static const struct vectors_way straight = { .take = take_as_it_is };

    vectors_run_engine_through(test, &straight);
}

void vectors_run_engine_through(const cJSON *test, const struct vectors_way *way)
{
    static const char *const keys[] = { "kind", "name",   "ticks",       "history",     "config",
                                        "rows", "expect", "check_every", "want_advice", NULL };
    static const char *const expected[] = { "events", "checks", "advice", "final", NULL };
    static const char *const finals[] = { "state", "ticks", NULL };
    const cJSON *expect = vectors_member(test, "expect");
    const cJSON *final = vectors_member(expect, "final");
    struct run run = { .test = test, .name = vectors_text(test, "name"), .way = way };

    vectors_know(run.name, test, keys);
    vectors_know(run.name, expect, expected);
    vectors_know(run.name, final, finals);
    read_settings(&run);
    run.engine = engine_new(&run.settings);
    read_history(&run);
    read_rows(&run);
    run.event = vectors_member(expect, "events")->child;
    run.check = vectors_member(expect, "checks")->child;
    run.advice = vectors_member(expect, "advice")->child;
    run_ticks(&run);
    cr_assert_null(run.event, "%s", place(&run, "an event is missing"));
    cr_assert_null(run.check, "%s", place(&run, "a check was not reached"));
    cr_assert_null(run.advice, "%s", place(&run, "an advice is missing"));
    cr_assert_eq(vectors_number(final, "ticks"), run.tick, "%s", place(&run, "ticks"));
    cr_assert_str_eq(vectors_text(final, "state"), run.is_over ? "rolled_back" : "watching");
    engine_free(run.engine);
}
