/*
 * The schedule: one timer and at most one scheduled probe per watched target, a queue when too many probes are
 * under way. A probe belongs to its watch and dies with it, or when the watch is told to ask differently, so that
 * no late result can change a target. Control thread; see health/health.h.
 */
#include "health/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "health/detection.h"
#include "health/probe_spec_priv.h"
#include "health/watch_priv.h"
#include "net/loop.h"
#include "net/timer.h"

enum {
    HEALTH_MAGIC = 0x68656c74,
    WATCH_MAGIC = 0x77617463,
    SPREAD_US = 100000, /* first probes are spread over this */
};

static struct watch *watch_of(void *arg)
{
    struct watch *watch = arg;

    CHECK(watch->magic == WATCH_MAGIC);
    return watch;
}

struct health *health_new(struct loop *loop, const struct health_ops *ops, void *arg)
{
    struct health *health = mem_zalloc(sizeof *health);

    health->magic = HEALTH_MAGIC;
    health->loop = loop;
    health->ops = ops;
    health->arg = arg;
    health->random = hash_mix(clock_wall_us() ^ (uintptr_t)health) | 1;
    TAILQ_INIT(&health->watches);
    TAILQ_INIT(&health->queue);
    health->tick = timer_new(loop, passive_on_tick, health);
    return health;
}

void health_free(struct health *health)
{
    if (health == NULL)
        return;
    CHECK(health->magic == HEALTH_MAGIC);
    while (!TAILQ_EMPTY(&health->watches))
        health_forget(health, TAILQ_FIRST(&health->watches)->target);
    timer_free(health->tick);
    health->magic = 0;
    free(health);
}

enum verdict watch_verdict(const struct watch *watch)
{
    if (watch->is_misdeployed)
        return VERDICT_MISDEPLOYED;
    return watch->eject.is_out ? VERDICT_DOWN : watch->window.verdict;
}

void watch_overrule(struct watch *watch, enum verdict was, const char *words)
{
    if (watch_verdict(watch) == was)
        return;
    watch_announce(watch, was, words);
}

void watch_announce(struct watch *watch, enum verdict was, const char *words)
{
    const struct health *health = watch->health;
    struct target *target = watch->target;
    enum verdict is = watch_verdict(watch);

    watch->told_us = loop_now_us(health->loop);
    watch->told_count++;
    if (is != VERDICT_UP)
        target_set_up_since(target, 0);
    else if (was != VERDICT_UP)
        target_set_up_since(target, loop_now_us(health->loop));
    target_set_verdict(target, is);
    if (health->ops != NULL && health->ops->on_verdict != NULL)
        health->ops->on_verdict(health->arg, target, was, is, words);
}

static uint64_t draw(struct health *health, uint64_t below)
{
    return below > 0 ? (hash_random(&health->random) >> 16) % below : 0;
}

static void arm(struct watch *watch, uint64_t after_us)
{
    watch->due_us = loop_now_us(watch->health->loop) + after_us;
    timer_arm(watch->timer, after_us / 1000);
}

/* The time to the next start, from the start of the last one. */
static uint64_t find_interval(struct watch *watch)
{
    uint64_t interval = watch->spec->interval_us;
    uint64_t swing = interval * watch->spec->jitter / 100;

    if (!window_is_settled(&watch->window) && interval > DETECTION_FAST_US) {
        interval = DETECTION_FAST_US;
        swing = interval * watch->spec->jitter / 100;
    }
    return interval - swing + draw(watch->health, 2 * swing + 1);
}

void watch_hurry(struct watch *watch)
{
    uint64_t now_us = loop_now_us(watch->health->loop);

    if (watch->due_us > now_us + DETECTION_FAST_US)
        arm(watch, find_interval(watch));
}

static void schedule_next(struct watch *watch, uint64_t lasted_us)
{
    uint64_t interval = find_interval(watch);

    arm(watch,
        interval > lasted_us + DETECTION_PAUSE_US ? interval - lasted_us : DETECTION_PAUSE_US);
}

static void describe_change(const struct watch *watch, const struct probe_result *result, char *out)
{
    struct text words;

    text_init(&words, PROBE_WORDS_SIZE - 1);
    text_add(&words, result->fault == FAULT_NONE ? "probe succeeded" : result->words);
    if (watch->window.run > 1)
        text_add_format(&words, " (%u in a row)", watch->window.run);
    (void)slice_copy(text_slice(&words), out, PROBE_WORDS_SIZE);
    text_fini(&words);
}

/* Who names another slot is out at once; only an answer that is good in all proves the contrary. */
static void note_identity(struct watch *watch, const struct probe_result *result)
{
    if (result->fault == FAULT_MISDEPLOYED) {
        watch->is_misdeployed = true;
        window_condemn(&watch->window, loop_now_us(watch->health->loop));
    } else if (result->fault == FAULT_NONE) {
        watch->is_misdeployed = false;
    }
}

static void take_gauges(struct watch *watch, const struct probe_result *result)
{
    if (result->fault != FAULT_NONE && result->gauge_mask == 0)
        return;
    watch->gauge_mask = result->gauge_mask;
    memcpy(watch->gauges, result->gauges, sizeof watch->gauges);
}

/* Takes a result in. True: the verdict changed, because of words (PROBE_WORDS_SIZE). */
static bool learn(struct watch *watch, const struct probe_result *result, char *words)
{
    uint64_t now_us = loop_now_us(watch->health->loop);
    enum verdict was = watch_verdict(watch);

    if (result->fault == FAULT_OVERLOADED) { /* of ours: says nothing of the target */
        window_note(&watch->window, now_us, result);
        return false;
    }
    if (result->fault == FAULT_NONE)
        target_report_connect(watch->target, true);
    (void)window_add(&watch->window, now_us, result);
    note_identity(watch, result);
    take_gauges(watch, result);
    if (watch_verdict(watch) == was)
        return false;
    describe_change(watch, result, words);
    return true;
}

static void start_probe(struct watch *watch);

static void start_queued(struct health *health)
{
    while (health->in_flight < HEALTH_FLIGHT_MAX && !TAILQ_EMPTY(&health->queue)) {
        struct watch *watch = TAILQ_FIRST(&health->queue);

        TAILQ_REMOVE(&health->queue, watch, queued);
        watch->is_queued = false;
        start_probe(watch);
    }
}

/* The schedule goes on first: who is told of a change may forget the target. */
static void on_probed(void *arg, const struct probe_result *result)
{
    struct watch *watch = watch_of(arg);
    enum verdict was = watch_verdict(watch);
    char words[PROBE_WORDS_SIZE];
    bool is_changed = learn(watch, result, words);

    watch->probe = NULL;
    watch->health->in_flight--;
    schedule_next(watch, result->duration_us);
    start_queued(watch->health);
    if (is_changed)
        watch_announce(watch, was, words);
}

static void start_probe(struct watch *watch)
{
    struct probe_order order = {
        .target = watch->target, .spec = watch->spec, .done = on_probed, .arg = watch
    };

    watch->due_us = 0;
    watch->health->in_flight++;
    watch->probe = probe_start(watch->health->loop, &order);
}

static void on_due(void *arg)
{
    struct watch *watch = watch_of(arg);

    watch->is_queued = true;
    TAILQ_INSERT_TAIL(&watch->health->queue, watch, queued);
    start_queued(watch->health);
}

/* Whatever the schedule has under way for it. */
static void stop_schedule(struct watch *watch)
{
    struct health *health = watch->health;

    timer_disarm(watch->timer);
    watch->due_us = 0;
    if (watch->is_queued)
        TAILQ_REMOVE(&health->queue, watch, queued);
    watch->is_queued = false;
    if (watch->probe == NULL)
        return;
    probe_cancel(watch->probe);
    watch->probe = NULL;
    health->in_flight--;
}

static void start_schedule(struct watch *watch)
{
    uint64_t spread = watch->spec->interval_us < SPREAD_US ? watch->spec->interval_us : SPREAD_US;

    arm(watch, draw(watch->health, spread + 1));
}

static void on_asked(void *arg, const struct probe_result *result)
{
    struct ask *ask = arg;
    struct watch *watch = ask->watch;
    health_probed_fn *done = ask->done;
    void *done_arg = ask->arg;
    enum verdict was = watch_verdict(watch);
    char words[PROBE_WORDS_SIZE];

    TAILQ_REMOVE(&watch->asks, ask, link);
    free(ask);
    if (learn(watch, result, words))
        watch_announce(watch, was, words);
    done(done_arg, result);
}

static void start_ask(struct ask *ask)
{
    struct probe_order order = {
        .target = ask->watch->target, .spec = ask->watch->spec, .done = on_asked, .arg = ask
    };

    ask->probe = probe_start(ask->watch->health->loop, &order);
}

static void stop_asks(struct watch *watch)
{
    struct ask *ask = NULL;

    TAILQ_FOREACH(ask, &watch->asks, link)
    {
        probe_cancel(ask->probe);
        ask->probe = NULL;
    }
}

/* Tells all who asked that there will be no answer. The watch may be gone afterwards. */
static void refuse_asks(struct watch *watch)
{
    static const struct probe_result evicted = { .fault = FAULT_TARGET_EVICTED,
                                                 .words = "the target is watched no more" };
    struct ask_list refused = TAILQ_HEAD_INITIALIZER(refused);
    struct ask *ask = NULL;
    struct ask *next = NULL;

    TAILQ_CONCAT(&refused, &watch->asks, link);
    for (ask = TAILQ_FIRST(&refused); ask != NULL; ask = next) {
        next = TAILQ_NEXT(ask, link);
        ask->done(ask->arg, &evicted);
        free(ask);
    }
}

struct watch *watch_find(const struct target *target)
{
    return target->probe != NULL ? watch_of(target->probe) : NULL;
}

static struct watch *add_watch(struct health *health, struct target *target)
{
    struct watch *watch = mem_zalloc(sizeof *watch);

    watch->magic = WATCH_MAGIC;
    watch->health = health;
    watch->target = target;
    watch->timer = timer_new(health->loop, on_due, watch);
    window_init(&watch->window, target_verdict(target), loop_now_us(health->loop));
    TAILQ_INIT(&watch->asks);
    TAILQ_INIT(&watch->warmups);
    TAILQ_INSERT_TAIL(&health->watches, watch, link);
    target->probe = watch;
    if (!timer_is_armed(health->tick))
        timer_arm(health->tick, HEALTH_TICK_MS);
    return watch;
}

static void switch_off(struct watch *watch)
{
    window_put_unknown(&watch->window, loop_now_us(watch->health->loop));
    watch->is_misdeployed = false;
    watch->told_us = 0;
    watch->gauge_mask = 0;
    eject_reset(&watch->eject);
    target_set_up_since(watch->target, 0);
    target_set_verdict(watch->target, VERDICT_UNKNOWN);
    refuse_asks(watch);
}

void health_watch(struct health *health, struct target *target, const struct probe_spec *spec)
{
    struct probe_spec *copy = probe_spec_copy(spec);
    struct watch *watch = watch_find(target);
    struct ask *ask = NULL;

    if (watch != NULL && probe_spec_is_equal(watch->spec, copy)) {
        probe_spec_free(copy);
        return;
    }
    if (watch == NULL)
        watch = add_watch(health, target);
    CHECK(watch->health == health);
    stop_schedule(watch);
    stop_asks(watch);
    probe_spec_free(watch->spec);
    watch->spec = copy;
    window_set_rules(&watch->window, copy->rise, copy->fall);
    watch->gauge_mask = 0; /* others may be asked for */
    if (!copy->enabled) {
        switch_off(watch);
        return;
    }
    start_schedule(watch);
    TAILQ_FOREACH(ask, &watch->asks, link)
    start_ask(ask);
}

void health_forget(struct health *health, struct target *target)
{
    struct watch *watch = watch_find(target);

    if (watch == NULL)
        return;
    CHECK(watch->health == health);
    stop_schedule(watch);
    stop_asks(watch);
    target->probe = NULL;
    TAILQ_REMOVE(&health->watches, watch, link);
    refuse_asks(watch);
    warmup_refuse_all(watch);
    timer_free(watch->timer);
    probe_spec_free(watch->spec);
    watch->magic = 0;
    free(watch);
    start_queued(health);
}

bool health_all_known(const struct health *health)
{
    const struct watch *watch = NULL;

    TAILQ_FOREACH(watch, &health->watches, link)
    if (watch->spec->enabled && watch->window.verdict == VERDICT_UNKNOWN)
        return false;
    return true;
}

int health_probe_now(struct health *health, struct target *target, health_probed_fn *done,
                     void *arg)
{
    struct watch *watch = watch_find(target);
    struct ask *ask = NULL;

    if (watch == NULL || watch->health != health)
        return ERR_NOT_FOUND;
    if (!watch->spec->enabled)
        return ERR_DENIED;
    ask = mem_zalloc(sizeof *ask);
    ask->watch = watch;
    ask->done = done;
    ask->arg = arg;
    TAILQ_INSERT_TAIL(&watch->asks, ask, link);
    start_ask(ask);
    return 0;
}

bool health_view(const struct target *target, struct health_view *out)
{
    const struct watch *watch = watch_find(target);

    if (watch == NULL) {
        memset(out, 0, sizeof *out);
        return false;
    }
    window_view(&watch->window, out);
    out->verdict = watch_verdict(watch);
    out->changes = watch->told_count;
    if (watch->told_us != 0)
        out->since_us = watch->told_us;
    out->is_ejected = watch->eject.is_out;
    out->ejected_until_us = watch->eject.until_us;
    out->ejections = watch->eject.count;
    out->is_enabled = watch->spec->enabled;
    out->due_us = watch->due_us;
    return true;
}

unsigned health_gauges(const struct target *target, struct health_gauge out[PROBE_GAUGES_MAX])
{
    const struct watch *watch = watch_find(target);
    unsigned count = 0;

    if (watch == NULL)
        return 0;
    for (unsigned i = 0; i < watch->spec->body.gauge_count; i++)
        if ((watch->gauge_mask >> i & 1) != 0)
            out[count++] = (struct health_gauge){ watch->spec->body.gauges[i], watch->gauges[i] };
    return count;
}

unsigned health_history(const struct target *target, struct health_past out[HEALTH_HISTORY])
{
    const struct watch *watch = watch_find(target);

    return watch != NULL ? window_history(&watch->window, out) : 0;
}
