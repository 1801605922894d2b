/*
 * See farewell_priv.h. A slot loses its traffic by a switch, by the end of a canary, or because the operator drained
 * all its targets. It is looked for in the difference of two pictures, so that no way of losing traffic is forgotten.
 * Called by registry_commit.
 */
#include "deploy/farewell_priv.h"

#include "base/clock.h"
#include "deploy/registry_priv.h"
#include "route/tunnel_drain.h"

enum {
    JITTER = 25,           /* percent of the distance between two */
    SHORT_US = 500 * 1000, /* what takes less happens at once */
    SECOND_US = 1000 * 1000,
};

struct standing {
    bool is_chosen; /* live or candidate */
    bool is_ready;  /* a target takes requests */
    bool is_empty;  /* no target at all */
    uint64_t epoch; /* of the picture */
};

/* What is held back for a while has not left: it goes when the rollout has settled. */
static bool is_held_back(const struct snapshot_service *service, const struct snapshot_slot *slot)
{
    const struct steering *steering = service->steering;

    return steering != NULL && steering->split.is_holdback &&
           steering->split.candidate == (uint32_t)(slot - service->slots);
}

static struct standing find_standing(const struct snapshot_service *service,
                                     const struct snapshot_slot *slot)
{
    struct standing standing = {
        .is_chosen =
            slot->role == ROLE_LIVE || slot->role == ROLE_CANDIDATE || is_held_back(service, slot),
        .is_empty = slot->pick_count == 0,
    };

    for (unsigned i = 0; i < slot->pick_count; i++)
        standing.is_ready = standing.is_ready || slot->picks[i].order == ORDER_READY;
    return standing;
}

/* The same slot in another picture, most often at the same place; NULL: it is new. */
static const struct snapshot_slot *find_slot(const struct snapshot *snapshot, unsigned service,
                                             unsigned index, const struct slot *slot,
                                             const struct snapshot_service **of)
{
    unsigned count = snapshot_service_count(snapshot);

    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *place = snapshot_service_at(snapshot, (service + i) % count);

        if (place->service != slot->service)
            continue;
        for (unsigned j = 0; j < place->slot_count; j++)
            if (place->slots[(index + j) % place->slot_count].slot == slot) {
                *of = place;
                return &place->slots[(index + j) % place->slot_count];
            }
    }
    return NULL;
}

/* Late: so that the last one is closed at the deadline; what would be over in no time happens there. */
static uint64_t find_begin(const struct config_drain *drain, uint64_t tunnels, uint64_t now_us,
                           uint64_t deadline_us)
{
    uint64_t needed_us = 0;

    if (drain->tunnel_rate == 0)
        return deadline_us;
    if (drain->tunnel_start == CONFIG_TUNNELS_NOW)
        return now_us;
    needed_us = tunnels * SECOND_US / drain->tunnel_rate;
    if (needed_us < SHORT_US)
        return deadline_us;
    return deadline_us - now_us > needed_us ? deadline_us - needed_us : now_us;
}

static struct tunnel_drain make_order(struct slot *slot, const struct config_drain *drain)
{
    uint64_t now_us = clock_monotonic_us();
    struct tunnel_drain order = {
        .slot = slot,
        .never = drain->tunnels == UINT64_MAX,
        .per_second = (uint32_t)drain->tunnel_rate,
        .jitter = JITTER,
    };

    if (order.never)
        return order;
    order.deadline_us = now_us + drain->tunnels;
    order.begin_us = find_begin(drain, slot_tunnels(slot), now_us, order.deadline_us);
    return order;
}

static void give_order(struct registry *registry, struct reg_slot *slot, enum farewell farewell,
                       const struct config_drain *drain, uint64_t epoch)
{
    struct tunnel_drain order = { .slot = slot->slot, .is_cancelled = true };

    if (farewell != FAREWELL_NONE)
        order = make_order(slot->slot, drain);
    order.epoch = epoch;
    slot->farewell = farewell;
    registry->ops->drain_tunnels(registry->ops_arg, &order);
}

static void follow(struct registry *registry, struct reg_slot *slot, const struct standing *was,
                   const struct standing *is, const struct config_drain *drain)
{
    bool has_left = was->is_chosen && !is->is_chosen;
    bool is_drained = was->is_ready && !is->is_ready && !is->is_empty;
    bool has_come = is->is_chosen && is->is_ready && !(was->is_chosen && was->is_ready);
    bool is_ready_again = is->is_ready && !was->is_ready;

    if (has_left || is_drained)
        give_order(registry, slot, has_left ? FAREWELL_LEFT : FAREWELL_DRAINED, drain, is->epoch);
    else if (slot->farewell != FAREWELL_NONE &&
             (has_come || (slot->farewell == FAREWELL_DRAINED && is_ready_again)))
        give_order(registry, slot, FAREWELL_NONE, drain, is->epoch);
}

void farewell_tell(struct registry *registry, const struct plan *plan, const struct snapshot *was,
                   const struct snapshot *is)
{
    for (unsigned i = 0; i < snapshot_service_count(is); i++) {
        const struct snapshot_service *service = snapshot_service_at(is, i);

        for (unsigned j = 0; j < service->slot_count; j++) {
            struct slot *slot = service->slots[j].slot;
            const struct snapshot_service *place = NULL;
            const struct snapshot_slot *old = find_slot(was, i, j, slot, &place);
            struct standing before;
            struct standing after;

            if (old == NULL)
                continue;
            before = find_standing(place, old);
            after = find_standing(service, &service->slots[j]);
            after.epoch = snapshot_epoch(is);
            follow(registry, registry_find_slot(plan->by_index[i], slot->name), &before, &after,
                   &plan->config->services[i].drain);
        }
    }
}
