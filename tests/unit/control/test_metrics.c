/* /metrics as a strict reader takes it: src/control/metrics.c, exposition.c, tally.c. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/exposition_priv.h"
#include "control/metrics_priv.h"
#include "control/tally_priv.h"
#include "http/head.h"
#include "route/pins.h"
#include "route/slot_evidence.h"
#include "unit/control/world.h"

/*
 * The rules of the text format 0.0.4 and of `promtool check metrics`: HELP and TYPE once and before the samples of
 * a family, which stand together; names and labels by their grammar; no sample twice; counters end in _total and
 * nothing else does; buckets ascend in `le`, never fall, end with +Inf and agree with _count.
 */
struct family {
    char name[128];
    char type[16];
    unsigned samples;
};

enum { FAMILIES_MAX = 512 };

struct checker {
    struct family families[FAMILIES_MAX];
    unsigned count;
    char **seen; /* samples without their values */
    size_t seen_count;
    char histogram[512]; /* the series of buckets under way, without le */
    double last_le;
    double last_value;
    bool is_inf_seen;
    char problem[512];
};

static bool fail(struct checker *checker, const char *what, const char *line)
{
    if (checker->problem[0] == '\0')
        snprintf(checker->problem, sizeof checker->problem, "%s: %.300s", what, line);
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static const char *skip_name(const char *at, bool is_label)
{
    if (!isalpha((unsigned char)*at) && *at != '_' && (is_label || *at != ':'))
        return NULL;
    while (isalnum((unsigned char)*at) || *at == '_' || (!is_label && *at == ':'))
        at++;
    return at;
}

static bool take_comment(struct checker *checker, const char *line)
{
    struct family *last = checker->count > 0 ? &checker->families[checker->count - 1] : NULL;
    char kind[8];
    char name[128];
    char rest[256];

    if (sscanf(line, "# %7s %127s %255[^\n]", kind, name, rest) != 3)
        return fail(checker, "malformed comment", line);
    if (skip_name(name, false) != name + strlen(name))
        return fail(checker, "bad name", line);
    if (strcmp(kind, "HELP") == 0) {
        for (unsigned i = 0; i < checker->count; i++)
            if (strcmp(checker->families[i].name, name) == 0)
                return fail(checker, "HELP twice", line);
        if (checker->count == FAMILIES_MAX)
            return fail(checker, "too many families", line);
        last = &checker->families[checker->count++];
        snprintf(last->name, sizeof last->name, "%s", name);
        checker->histogram[0] = '\0';
        checker->last_le = -1;
        checker->last_value = 0;
        return true;
    }
    if (strcmp(kind, "TYPE") != 0 || last == NULL || strcmp(last->name, name) != 0 ||
        last->type[0] != '\0')
        return fail(checker, "TYPE does not follow its HELP", line);
    snprintf(last->type, sizeof last->type, "%.15s", rest);
    if (strcmp(rest, "counter") != 0 && strcmp(rest, "gauge") != 0 &&
        strcmp(rest, "histogram") != 0)
        return fail(checker, "unknown type", line);
    if ((strcmp(rest, "counter") == 0) != ends_with(name, "_total"))
        return fail(checker, "counters and only they end in _total", line);
    return true;
}

/* The labels from '{' on; *le is the value of that label, -1 without. NULL: malformed. */
static const char *skip_labels(const char *at, double *le, char *others, size_t size)
{
    size_t len = 0;

    *le = -1;
    others[0] = '\0';
    if (*at++ != '{')
        return NULL;
    for (;;) {
        const char *name = at;
        const char *end = skip_name(at, true);
        bool is_le = end != NULL && end - name == 2 && memcmp(name, "le", 2) == 0;

        if (end == NULL || end[0] != '=' || end[1] != '"')
            return NULL;
        for (at = end + 2; *at != '"'; at++) {
            if (*at == '\0' || *at == '\n')
                return NULL;
            if (*at == '\\' && strchr("\\\"n", *++at) == NULL)
                return NULL;
        }
        at++;
        if (is_le)
            *le = strncmp(end + 2, "+Inf", 4) == 0 ? INFINITY : strtod(end + 2, NULL);
        else
            len += (size_t)snprintf(others + len, size - len, "%.*s,", (int)(at - name), name);
        if (*at == '}')
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

struct sample {
    const char *line;
    char part[16];     /* of its name, behind the family's */
    char others[1024]; /* the labels besides le */
    double le;         /* -1: none */
    double value;
};

static bool take_bucket(struct checker *checker, const struct sample *sample)
{
    if (strcmp(sample->others, checker->histogram) != 0) {
        snprintf(checker->histogram, sizeof checker->histogram, "%s", sample->others);
        checker->last_le = -1;
        checker->last_value = 0;
    }
    if (sample->le <= checker->last_le)
        return fail(checker, "le does not ascend", sample->line);
    if (sample->value < checker->last_value)
        return fail(checker, "buckets are not cumulative", sample->line);
    checker->last_le = sample->le;
    checker->last_value = sample->value;
    return true;
}

static bool take_histogram(struct checker *checker, const struct sample *sample)
{
    const char *line = sample->line;

    if (strcmp(sample->part, "_bucket") == 0)
        return sample->le >= 0 ? take_bucket(checker, sample)
                               : fail(checker, "a bucket without le", line);
    if (strcmp(sample->part, "_sum") == 0)
        return true;
    if (strcmp(sample->part, "_count") != 0)
        return fail(checker, "unknown part of a histogram", line);
    if (!isinf(checker->last_le) || strcmp(checker->histogram, sample->others) != 0)
        return fail(checker, "no +Inf bucket before the count", line);
    return sample->value == checker->last_value ? true
                                                : fail(checker, "count differs from +Inf", line);
}

static bool note_sample(struct checker *checker, const char *line, size_t len)
{
    for (size_t i = 0; i < checker->seen_count; i++)
        if (strlen(checker->seen[i]) == len && memcmp(checker->seen[i], line, len) == 0)
            return fail(checker, "sample twice", line);
    checker->seen = mem_grow(checker->seen, checker->seen_count + 1, sizeof *checker->seen);
    checker->seen[checker->seen_count++] = mem_text_of(line, len);
    return true;
}

static bool take_sample(struct checker *checker, const char *line)
{
    struct family *family = checker->count > 0 ? &checker->families[checker->count - 1] : NULL;
    const char *at = skip_name(line, false);
    const char *suffix = NULL;
    char *end = NULL;
    struct sample sample = { .line = line, .le = -1 };

    if (family == NULL || at == NULL || family->type[0] == '\0')
        return fail(checker, "sample without a family", line);
    if (strncmp(line, family->name, strlen(family->name)) != 0)
        return fail(checker, "sample of another family", line);
    suffix = line + strlen(family->name);
    family->samples++;
    if (at < suffix || at - suffix >= (long)sizeof sample.part)
        return fail(checker, "sample of another family", line);
    memcpy(sample.part, suffix, (size_t)(at - suffix));
    if (*at == '{' &&
        (at = skip_labels(at, &sample.le, sample.others, sizeof sample.others)) == NULL)
        return fail(checker, "malformed labels", line);
    if (*at != ' ')
        return fail(checker, "no blank before the value", line);
    sample.value = strtod(at + 1, &end);
    if (end == at + 1 || *end != '\0' || isnan(sample.value) || sample.value < 0)
        return fail(checker, "bad value", line);
    if (!note_sample(checker, line, (size_t)(at - line)))
        return false;
    if (strcmp(family->type, "histogram") == 0)
        return take_histogram(checker, &sample);
    return sample.part[0] == '\0' ? true : fail(checker, "sample of another family", line);
}

/* "" when the text is valid, else what is wrong with it. */
static const char *check(const char *text)
{
    static struct checker checker;
    char line[2048];

    for (size_t i = 0; i < checker.seen_count; i++)
        free(checker.seen[i]);
    free(checker.seen);
    memset(&checker, 0, sizeof checker);
    while (*text != '\0' && checker.problem[0] == '\0') {
        const char *end = strchr(text, '\n');

        if (end == NULL || (size_t)(end - text) >= sizeof line) {
            fail(&checker, "a line does not end", "");
            break;
        }
        memcpy(line, text, (size_t)(end - text));
        line[end - text] = '\0';
        if (line[0] == '#')
            take_comment(&checker, line);
        else
            take_sample(&checker, line);
        text = end + 1;
    }
    return checker.problem;
}

Test(metrics, checker_can_fail)
{
    static const char *const bad[] = {
        "a 1\n",
        "# HELP a x\na 1\n",
        "# HELP a x\n# TYPE a counter\n",
        "# HELP a_total x\n# TYPE a_total gauge\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a x\n# TYPE a gauge\nb 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"c} 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"\\x\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na{0b=\"c\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na one\n",
        "# HELP a x\n# TYPE a gauge\na 1",
        "# HELP a x\n# TYPE a gauge\n# HELP a x\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_str_neq(check(bad[i]), "", "%s", bad[i]);
    cr_expect_str_eq(check("# HELP h x\n# TYPE h histogram\nh_bucket{a=\"\\\\\",le=\"1\"} 1\n"
                           "h_bucket{a=\"\\\\\",le=\"+Inf\"} 2\nh_sum{a=\"\\\\\"} 1.5\n"
                           "h_count{a=\"\\\\\"} 2\n"),
                     "");
}

static struct world world;
static struct tally *tally;
static struct text out;

static void start(void)
{
    world_init(&world);
    tally = tally_new(&world.deploy, world.room.started_wall_us);
    text_init(&out, 64 << 20);
}

static void stop(void)
{
    tally_free(tally);
    text_fini(&out);
    world_fini(&world);
}

static void count_some(struct slot *slot, unsigned worker, uint8_t method, uint16_t code,
                       enum fault fault)
{
    slot_count(slot, worker,
               &(struct slot_sample){ .method = method,
                                      .code = code,
                                      .fault = (uint16_t)fault,
                                      .duration_us = 6000,
                                      .response_us = 5000,
                                      .connect_us = 100,
                                      .bytes_in = 10,
                                      .bytes_out = 1000 });
}

static const char *scrape(void)
{
    text_clear(&out);
    metrics_write(&world.room, tally, &out);
    cr_assert_not(text_is_cut(&out));
    return out.bytes;
}

static bool has_line(const char *line)
{
    char whole[512];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    return strstr(out.bytes, whole) != NULL;
}

Test(metrics, are_valid_when_nothing_has_happened, .init = start, .fini = stop)
{
    cr_assert_str_eq(check(scrape()), "");
    cr_expect(has_line("switchyard_epoch 41"));
    cr_expect(has_line("switchyard_http_requests_in_flight{service=\"shop\",slot=\"blue\"} 0"));
    cr_expect(has_line("switchyard_config_reloads_total{result=\"done\"} 0"));
}

Test(metrics, say_what_was_counted, .init = start, .fini = stop)
{
    count_some(world.slots[0][0], 0, METHOD_GET, 200, FAULT_NONE);
    count_some(world.slots[0][0], 1, METHOD_GET, 200, FAULT_NONE);
    count_some(world.slots[0][0], 1, METHOD_OTHER, 599, FAULT_NONE);
    count_some(world.slots[0][1], 1, METHOD_POST, 502, FAULT_CONNECT_REFUSED);
    count_some(world.slots[0][1], 1, METHOD_POST, 0, FAULT_CLIENT_GONE);
    slot_pin(world.slots[0][0], 0);
    target_pin(world.targets[0][0][1], 1);
    world.stats.connections = 17;
    world.stats.unrouted[404] = 3;
    world.deploy.durability.write_errors = 2;
    snprintf(world.deploy.schema, sizeof world.deploy.schema, "0042");
    cr_assert_str_eq(check(scrape()), "");
    cr_expect(
        has_line("switchyard_http_requests_total{service=\"shop\",slot=\"blue\",method=\"GET\","
                 "code=\"200\"} 2"));
    cr_expect(has_line("switchyard_http_requests_total{service=\"shop\",slot=\"blue\","
                       "method=\"OTHER\",code=\"599\"} 1"));
    cr_expect(has_line("switchyard_http_requests_total{service=\"shop\",slot=\"green\","
                       "method=\"POST\",code=\"0\"} 1"));
    cr_expect(has_line("switchyard_http_request_duration_seconds_bucket{service=\"shop\","
                       "slot=\"blue\",le=\"0.005\"} 0"));
    cr_expect(has_line("switchyard_http_request_duration_seconds_bucket{service=\"shop\","
                       "slot=\"blue\",le=\"0.01\"} 3"));
    cr_expect(has_line("switchyard_http_request_duration_seconds_sum{service=\"shop\","
                       "slot=\"blue\"} 0.018"));
    cr_expect(has_line("switchyard_upstream_response_duration_seconds_bucket{service=\"shop\","
                       "slot=\"blue\",le=\"0.005\"} 3"));
    cr_expect(has_line("switchyard_upstream_connect_duration_seconds_count{service=\"shop\","
                       "slot=\"green\"} 2"));
    cr_expect(has_line("switchyard_response_bytes_total{service=\"shop\",slot=\"blue\"} 3000"));
    cr_expect(has_line("switchyard_upstream_errors_total{service=\"shop\",slot=\"green\","
                       "kind=\"connect_refused\"} 1"));
    cr_expect_null(strstr(out.bytes, "client_gone"), "that is no fault of a target");
    cr_expect(has_line("switchyard_http_requests_in_flight{service=\"shop\",slot=\"blue\"} 1"));
    cr_expect(has_line("switchyard_target_in_flight{service=\"shop\",slot=\"blue\","
                       "target=\"10.0.0.2:80\"} 1"));
    cr_expect(has_line("switchyard_target_up{service=\"shop\",slot=\"blue\","
                       "target=\"10.0.0.1:80\"} 1"));
    cr_expect(has_line("switchyard_target_check_failures_total{service=\"shop\",slot=\"blue\","
                       "target=\"10.0.0.1:80\"} 1"));
    cr_expect(has_line("switchyard_slot_state{service=\"shop\",slot=\"blue\",state=\"live\"} 1"));
    cr_expect(has_line("switchyard_slot_state{service=\"shop\",slot=\"green\",state=\"live\"} 0"));
    cr_expect(has_line("switchyard_slot_info{service=\"shop\",slot=\"green\",version=\"v2\","
                       "schema=\"0042\"} 1"));
    cr_expect_not_null(strstr(out.bytes, ",schema=\"\"} 1\n"));
    cr_expect(has_line("switchyard_connections 17"));
    cr_expect(has_line("switchyard_unrouted_responses_total{code=\"404\"} 3"));
    cr_expect(has_line("switchyard_state_write_errors_total 2"));
    slot_unpin(world.slots[0][0], 0);
    target_unpin(world.targets[0][0][1], 1);
}

Test(metrics, say_how_traffic_is_steered_and_held, .init = start, .fini = stop)
{
    struct slot_cell *cell = &world.slots[0][1]->cells[1];
    struct service_counts *counts = &world.services[0]->counts;

    world_add_tenants(&world, 1);
    cr_assert_eq(pins_set(world.deploy.pins[0], SLICE("acme"), "green"), 0);
    world.slot_rows[0][1].role = ROLE_CANDIDATE;
    world.steering[0].split = (struct split){ .candidate = 1, .share = 525 };
    world_publish(&world, 41);
    world.deploy.traffic[0].is_held = true;
    world.deploy.traffic[1].is_maint = true;
    atomic_store(&counts->held, 3);
    atomic_store(&counts->held_bytes, 300);
    atomic_store(&counts->held_total, 9);
    service_note_hold(counts, 1400000);
    service_note_hold(counts, 100000);
    atomic_store(&counts->hold_refused, 4);
    atomic_store(&counts->hold_expired, 5);
    atomic_store(&counts->maintenance, 6);
    atomic_store(&counts->preview_refused, 7);
    atomic_store(&counts->limited, 8);
    atomic_store(&counts->shielded, 10);
    atomic_store(&counts->budget_spent, 11);
    atomic_store(&cell->tunnels, 12);
    atomic_store(&cell->tunnels_total, 13);
    atomic_store(&cell->tunnel_bytes_in, 14);
    atomic_store(&cell->tunnel_bytes_out, 15);
    atomic_store(&cell->tunnels_closed, 16);
    atomic_store(&cell->queued, 17);
    atomic_store(&cell->queue_refused, 18);
    atomic_store(&cell->previews, 19);
    atomic_store(&cell->shielded, 20);
    slot_evidence_success(world.slots[0][1], 0, 1, 500);
    slot_evidence_error(world.slots[0][1], 1, 1);
    slot_evidence_stall(world.slots[0][1], 1, 2);
    cr_assert_str_eq(check(scrape()), "");
    cr_expect(has_line("switchyard_slot_traffic_ratio{service=\"shop\",slot=\"blue\"} 0.9475"));
    cr_expect(has_line("switchyard_slot_traffic_ratio{service=\"shop\",slot=\"green\"} 0.0525"));
    cr_expect(has_line("switchyard_slot_traffic_ratio{service=\"api\",slot=\"blue\"} 1"));
    cr_expect(has_line("switchyard_slot_traffic_ratio{service=\"api\",slot=\"green\"} 0"));
    cr_expect(has_line("switchyard_canary_share{service=\"shop\"} 0.0525"));
    cr_expect(has_line("switchyard_canary_share{service=\"api\"} 0"));
    cr_expect(
        has_line("switchyard_slot_state{service=\"shop\",slot=\"green\",state=\"candidate\"} 1"));
    cr_expect(has_line("switchyard_tenant_pins{service=\"shop\"} 1"));
    cr_expect(has_line("switchyard_tenant_pins{service=\"api\"} 0"));
    cr_expect(has_line("switchyard_paused{service=\"shop\"} 1"));
    cr_expect(has_line("switchyard_paused{service=\"api\"} 0"));
    cr_expect(has_line("switchyard_maintenance{service=\"api\"} 1"));
    cr_expect(has_line("switchyard_hold_queue_length{service=\"shop\"} 3"));
    cr_expect(has_line("switchyard_hold_queue_bytes{service=\"shop\"} 300"));
    cr_expect(has_line("switchyard_held_requests_total{service=\"shop\"} 9"));
    cr_expect(has_line("switchyard_hold_duration_seconds_sum{service=\"shop\"} 1.5"));
    cr_expect(has_line("switchyard_hold_duration_seconds_count{service=\"shop\"} 2"));
    cr_expect(has_line("switchyard_hold_duration_seconds_bucket{service=\"shop\",le=\"0.1\"} 1"));
    cr_expect(has_line("switchyard_hold_rejected_total{service=\"shop\"} 4"));
    cr_expect(has_line("switchyard_hold_expired_total{service=\"shop\"} 5"));
    cr_expect(has_line("switchyard_maintenance_responses_total{service=\"shop\"} 6"));
    cr_expect(has_line("switchyard_preview_refused_total{service=\"shop\"} 7"));
    cr_expect(has_line("switchyard_limited_total{service=\"shop\"} 8"));
    cr_expect(has_line("switchyard_shielded_total{service=\"shop\"} 10"));
    cr_expect(has_line("switchyard_retry_budget_exhausted_total{service=\"shop\"} 11"));
    cr_expect(has_line("switchyard_tunnels{service=\"shop\",slot=\"green\"} 12"));
    cr_expect(has_line("switchyard_tunnels_total{service=\"shop\",slot=\"green\"} 13"));
    cr_expect(
        has_line("switchyard_tunnel_received_bytes_total{service=\"shop\",slot=\"green\"} 14"));
    cr_expect(has_line("switchyard_tunnel_sent_bytes_total{service=\"shop\",slot=\"green\"} 15"));
    cr_expect(has_line("switchyard_drain_forced_total{service=\"shop\",slot=\"green\"} 16"));
    cr_expect(has_line("switchyard_queue_length{service=\"shop\",slot=\"green\"} 17"));
    cr_expect(has_line("switchyard_queue_rejected_total{service=\"shop\",slot=\"green\"} 18"));
    cr_expect(has_line("switchyard_preview_requests_total{service=\"shop\",slot=\"green\"} 19"));
    cr_expect(has_line("switchyard_slot_shielded_total{service=\"shop\",slot=\"green\"} 20"));
    cr_expect(has_line("switchyard_evidence_requests_total{service=\"shop\",slot=\"green\"} 3"));
    cr_expect(has_line("switchyard_evidence_errors_total{service=\"shop\",slot=\"green\"} 2"));
    cr_expect(has_line("switchyard_evidence_stalled_total{service=\"shop\",slot=\"green\"} 1"));
    cr_expect(has_line("switchyard_evidence_requests_total{service=\"shop\",slot=\"blue\"} 0"));
    atomic_store(&counts->held, 0); /* nothing may be left when the slot goes */
    atomic_store(&counts->held_bytes, 0);
    atomic_store(&cell->queued, 0);
    atomic_store(&cell->tunnels, 0);
}

static void add_history(enum change_kind kind, enum outcome outcome, const char *to)
{
    struct history_entry *first = world.deploy.history;

    memmove(first + 1, first, (WORLD_HISTORY - 1) * sizeof *first);
    *first = (struct history_entry){ .sequence = ++world.deploy.history_count,
                                     .kind = kind,
                                     .outcome = outcome,
                                     .wall_us = 5000000,
                                     .epoch_before = 1,
                                     .epoch = outcome == OUTCOME_DONE ? 2 : 1,
                                     .duration_us = 700,
                                     .name = "shop" };
    snprintf(first->to, sizeof first->to, "%s", to);
}

Test(metrics, count_changes_once_each, .init = start, .fini = stop)
{
    add_history(CHANGE_SWITCH, OUTCOME_DONE, "green");
    tally_fold(tally);
    tally_fold(tally);
    add_history(CHANGE_SWITCH, OUTCOME_DONE, "green");
    add_history(CHANGE_SWITCH, OUTCOME_REFUSED, "green");
    add_history(CHANGE_ROLLBACK, OUTCOME_DONE, "blue");
    add_history(CHANGE_TARGET_DRAIN, OUTCOME_DONE, "");
    add_history(CHANGE_RELOAD, OUTCOME_REFUSED, "");
    add_history(CHANGE_RELOAD, OUTCOME_DONE, "");
    tally_fold(tally);
    cr_assert_str_eq(check(scrape()), "");
    cr_expect(has_line("switchyard_switches_total{service=\"shop\",to=\"green\",cause=\"switch\","
                       "result=\"done\"} 2"));
    cr_expect(has_line("switchyard_switches_total{service=\"shop\",to=\"green\",cause=\"switch\","
                       "result=\"refused\"} 1"));
    cr_expect(has_line("switchyard_switches_total{service=\"shop\",to=\"blue\",cause=\"rollback\","
                       "result=\"done\"} 1"));
    cr_expect(has_line("switchyard_switch_duration_seconds_count 3"));
    cr_expect(has_line("switchyard_switch_duration_seconds_bucket{le=\"0.001\"} 3"));
    cr_expect(has_line("switchyard_switch_duration_seconds_bucket{le=\"0.0005\"} 0"));
    cr_expect(has_line("switchyard_config_reloads_total{result=\"refused\"} 1"));
    cr_expect(has_line("switchyard_config_last_reload_success_timestamp_seconds 5"));
}

Test(metrics, do_not_count_what_was_before_the_start)
{
    struct tally_view view;

    world_init(&world);
    add_history(CHANGE_SWITCH, OUTCOME_DONE, "green");
    tally = tally_new(&world.deploy, 1);
    tally_fold(tally);
    tally_view(tally, &view);
    cr_expect_eq(view.row_count, 0);
    tally_free(tally);
    world_fini(&world);
}

Test(metrics, labels_are_escaped)
{
    struct text labels;

    text_init(&labels, 4096);
    exposition_label(&labels, "a", "x\\y\"z\nw");
    exposition_label(&labels, "b", "gr\xc3\xbcn");
    exposition_label(&labels, "c", "\xff!");
    cr_assert_str_eq(labels.bytes, "a=\"x\\\\y\\\"z\\nw\",b=\"gr\xc3\xbcn\",c=\"?!\"", "%s",
                     labels.bytes);
    text_fini(&labels);
}

/* A thousand targets: 100 services of two slots with five each. */
enum { MANY_SERVICES = 100, MANY_TARGETS = 5 };

Test(metrics, a_scrape_of_a_thousand_targets_is_quick, .init = start, .fini = stop)
{
    static struct snapshot_service rows[MANY_SERVICES];
    static struct snapshot_slot slots[MANY_SERVICES][2];
    static struct pick picks[MANY_SERVICES][2][MANY_TARGETS];
    static struct service *services[MANY_SERVICES];
    static char path[MANY_SERVICES][16];
    static const char *paths[MANY_SERVICES];
    struct snapshot_input input = { .epoch = 9, .service_count = MANY_SERVICES, .services = rows };
    struct snapshot *snapshot = NULL;
    uint64_t best_us = UINT64_MAX;

    for (unsigned i = 0; i < MANY_SERVICES; i++) {
        char name[24];

        snprintf(name, sizeof name, "service-%u", i);
        services[i] = service_new(name);
        snprintf(path[i], sizeof path[i], "/%u", i);
        paths[i] = path[i];
        for (unsigned k = 0; k < 2; k++) {
            struct slot *slot = slot_new(services[i], k == 0 ? "blue" : "green", 4);

            count_some(slot, 0, METHOD_GET, 200, FAULT_NONE);
            slots[i][k] = (struct snapshot_slot){
                .slot = slot, .role = ROLE_LIVE, .pick_count = MANY_TARGETS, .picks = picks[i][k]
            };
            for (unsigned t = 0; t < MANY_TARGETS; t++) {
                snprintf(name, sizeof name, "10.%u.%u.%u:80", i, k, t);
                picks[i][k][t].target = target_new(slot, name, &world.targets[0][0][0]->address, 4);
                picks[i][k][t].weight = 1;
            }
        }
        rows[i] = (struct snapshot_service){ .service = services[i],
                                             .path_count = 1,
                                             .paths = &paths[i],
                                             .slot_count = 2,
                                             .slots = slots[i] };
    }
    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    snapshot_free(snapshot_publish(snapshot));
    for (unsigned i = 0; i < 5; i++) {
        uint64_t began_us = clock_monotonic_us();

        scrape();
        began_us = clock_monotonic_us() - began_us;
        best_us = began_us < best_us ? began_us : best_us;
    }
    cr_expect_not_null(strstr(out.bytes, "target=\"10.99.1.4:80\""));
    cr_log_info("a scrape of 1000 targets took %lu us, %zu bytes", (unsigned long)best_us, out.len);
    world_publish(&world, 10);
    for (unsigned i = 0; i < MANY_SERVICES; i++) {
        for (unsigned k = 0; k < 2; k++) {
            for (unsigned t = 0; t < MANY_TARGETS; t++)
                target_free(picks[i][k][t].target);
            slot_free(slots[i][k].slot);
        }
        service_free(services[i]);
    }
}
