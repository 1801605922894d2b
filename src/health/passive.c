/*
 * Passive findings: workers count connect failures and errors in the target, the control thread looks every 100 ms
 * and decides, because only it may judge whether the target is the last fit one of its slot.
 */
#include "base/num.h"
#include "base/text.h"
#include "health/watch_priv.h"
#include "net/loop.h"
#include "net/timer.h"
#include "route/balance.h"
#include "route/snapshot.h"

static const struct snapshot_slot *find_in_service(const struct snapshot_service *service,
                                                   const struct slot *slot)
{
    for (unsigned i = 0; i < service->slot_count; i++)
        if (service->slots[i].slot == slot)
            return &service->slots[i];
    return NULL;
}

static const struct snapshot_slot *find_slot(const struct slot *slot)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned count = snapshot != NULL ? snapshot_service_count(snapshot) : 0;
    const struct snapshot_slot *found = NULL;

    for (unsigned i = 0; i < count && found == NULL; i++)
        found = find_in_service(snapshot_service_at(snapshot, i), slot);
    return found;
}

static bool is_fit(const struct target *target)
{
    enum verdict verdict = target_verdict(target);

    return verdict == VERDICT_UP || verdict == VERDICT_UNKNOWN;
}

/* Another target of its slot is fit in the published picture. */
static bool has_fit_sibling(const struct target *target)
{
    const struct snapshot_slot *slot = find_slot(target->slot);

    if (slot == NULL)
        return false;
    for (unsigned i = 0; i < slot->pick_count; i++) {
        const struct pick *pick = &slot->picks[i];

        if (pick->target != target && pick->order == ORDER_READY && is_fit(pick->target))
            return true;
    }
    return false;
}

static bool is_failing(const struct watch *watch)
{
    uint32_t failures =
        atomic_load_explicit(&watch->target->connect_failures, memory_order_relaxed);

    return watch->spec->enabled && is_fit(watch->target) && failures >= HEALTH_PASSIVE_FAILURES &&
           has_fit_sibling(watch->target);
}

static struct watch *find_failing(const struct health *health)
{
    struct watch *watch = NULL;

    TAILQ_FOREACH(watch, &health->watches, link)
    if (is_failing(watch))
        return watch;
    return NULL;
}

/* The watch may be gone afterwards. */
static void take_out(struct watch *watch, uint64_t now_us)
{
    enum verdict was = watch_verdict(watch);
    struct text words;

    text_init(&words, PROBE_WORDS_SIZE - 1);
    text_add_format(&words, "workers failed to connect %u times in a row",
                    (unsigned)atomic_load(&watch->target->connect_failures));
    window_put_down(&watch->window, now_us, FAULT_CONNECT_FAILED, words.bytes);
    watch_hurry(watch);
    watch_announce(watch, was, words.bytes);
    text_fini(&words);
}

static uint64_t sum_requests(const struct target *target, uint32_t *errors)
{
    uint64_t sum = 0;

    *errors = 0;
    for (unsigned i = 0; i < target->worker_count; i++) {
        sum += atomic_load_explicit(&target->cells[i].requests, memory_order_relaxed);
        *errors += atomic_load_explicit(&target->cells[i].errors, memory_order_relaxed);
    }
    return sum;
}

/* A second ejection of the slot's targets would be one too many. */
static bool has_room(const struct watch *watch)
{
    const struct snapshot_slot *slot = find_slot(watch->target->slot);
    unsigned ready = 0;
    unsigned out = 0;

    for (unsigned i = 0; slot != NULL && i < slot->pick_count; i++) {
        const struct watch *other = watch_find(slot->picks[i].target);

        ready += slot->picks[i].order == ORDER_READY;
        out += other != NULL && other->eject.is_out;
    }
    return out < eject_room(&watch->spec->eject, ready);
}

static bool must_go(struct watch *watch, uint64_t now_us, char words[PROBE_WORDS_SIZE])
{
    struct target *target = watch->target;
    uint32_t errors = 0;
    uint64_t requests = 0;

    if (!watch->spec->enabled || !eject_is_on(&watch->spec->eject) || watch->eject.is_out)
        return false;
    requests = sum_requests(target, &errors);
    eject_mark(&watch->eject, now_us, requests, errors);
    return is_fit(target) &&
           eject_is_due(&watch->eject, &watch->spec->eject,
                        atomic_load_explicit(&target->gateway_errors, memory_order_relaxed),
                        words) &&
           has_fit_sibling(target) && has_room(watch);
}

/* The watch may be gone afterwards. */
static void eject(struct watch *watch, uint64_t now_us, const char *why)
{
    enum verdict was = watch_verdict(watch);
    struct probe_result note = { .fault = FAULT_TARGET_EJECTED };
    struct text words;
    char length[32];

    eject_begin(&watch->eject, &watch->spec->eject, now_us);
    atomic_store_explicit(&watch->target->gateway_errors, 0, memory_order_relaxed);
    num_format_duration(watch->eject.length_us, length);
    text_init(&words, PROBE_WORDS_SIZE - 1);
    text_add_format(&words, "ejected for %s: %s", length, why);
    (void)slice_copy(text_slice(&words), note.words, sizeof note.words);
    window_note(&watch->window, now_us, &note);
    watch_overrule(watch, was, note.words);
    text_fini(&words);
}

static bool is_back(struct watch *watch, uint64_t now_us)
{
    bool is_asked = watch->spec->enabled && eject_is_on(&watch->spec->eject);

    if (watch->eject.is_out && !is_asked) /* the option went */
        watch->eject.until_us = now_us;
    return eject_end(&watch->eject, now_us);
}

/* One step of one watch; false: there was none to be done. The watch may be gone afterwards. */
static bool step(struct watch *watch, uint64_t now_us)
{
    enum verdict was = watch_verdict(watch);
    char words[PROBE_WORDS_SIZE];

    if (is_back(watch, now_us)) {
        atomic_store_explicit(&watch->target->gateway_errors, 0, memory_order_relaxed);
        watch_overrule(watch, was, "the time of its ejection is over");
        return true;
    }
    if (!must_go(watch, now_us, words))
        return false;
    eject(watch, now_us, words);
    return true;
}

/* True: one was found; the list may be another one now. */
static bool step_one(struct health *health, uint64_t now_us)
{
    struct watch *watch = NULL;

    TAILQ_FOREACH(watch, &health->watches, link)
    if (step(watch, now_us))
        return true;
    return false;
}

void passive_on_tick(void *arg)
{
    struct health *health = arg;
    struct watch *watch = NULL;

    /* from the start again each time: who is told may have changed the list */
    while ((watch = find_failing(health)) != NULL)
        take_out(watch, loop_now_us(health->loop));
    while (step_one(health, loop_now_us(health->loop)))
        ;
    if (!TAILQ_EMPTY(&health->watches))
        timer_arm(health->tick, HEALTH_TICK_MS);
}
