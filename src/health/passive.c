/*
 * Passive findings: workers count connect failures in the target, the control thread looks every 100 ms and
 * decides, because only it may judge whether the target is the last fit one of its slot.
 */
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

/* Another target of its slot is fit in the published picture. */
static bool has_fit_sibling(const struct target *target)
{
    const struct snapshot_slot *slot = find_slot(target->slot);

    if (slot == NULL)
        return false;
    for (unsigned i = 0; i < slot->pick_count; i++) {
        const struct pick *pick = &slot->picks[i];

        if (pick->target != target && pick->order == ORDER_READY &&
            target_verdict(pick->target) != VERDICT_DOWN)
            return true;
    }
    return false;
}

static bool is_failing(const struct watch *watch)
{
    uint32_t failures =
        atomic_load_explicit(&watch->target->connect_failures, memory_order_relaxed);

    return watch->spec->enabled && watch->window.verdict != VERDICT_DOWN &&
           failures >= HEALTH_PASSIVE_FAILURES && has_fit_sibling(watch->target);
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
    enum verdict was = watch->window.verdict;
    struct text words;

    text_init(&words, PROBE_WORDS_SIZE - 1);
    text_add_format(&words, "workers failed to connect %u times in a row",
                    (unsigned)atomic_load(&watch->target->connect_failures));
    window_put_down(&watch->window, now_us, FAULT_CONNECT_FAILED, words.bytes);
    watch_hurry(watch);
    watch_announce(watch, was, words.bytes);
    text_fini(&words);
}

void passive_on_tick(void *arg)
{
    struct health *health = arg;
    struct watch *watch = NULL;

    /* from the start again each time: who is told may have changed the list */
    while ((watch = find_failing(health)) != NULL)
        take_out(watch, loop_now_us(health->loop));
    if (!TAILQ_EMPTY(&health->watches))
        timer_arm(health->tick, HEALTH_TICK_MS);
}
