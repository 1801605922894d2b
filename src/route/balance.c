/*
 * Choosing one of a slot's targets: see route/balance.h. First the targets of the best rank are collected
 * (each verdict is read once, so that the choice is made among what was seen), then one of them is chosen by
 * the service's way of balancing. Workers; touches only the worker's own cells.
 */
#include "route/balance.h"

#include <netinet/in.h>
#include <string.h>

#include "base/hash.h"

/* RANK_FIT and above are fit; a rank is one of these plus what is added for the rest. */
enum {
    RANK_NONE = 0,
    RANK_UNFIT = 1,
    RANK_FIT = 8,
    ADD_UP = 1,
    ADD_WEIGHT = 2,
    ADD_UNTRIED = 4,
};

/* In slow start weights are counted in parts, so that a tenth of the weight 1 is something. */
enum { WEIGHT_PARTS = 20, PARTS_FIRST = 2 };

/* The picks of the best rank, by index. */
struct choice {
    const struct pick *picks;
    unsigned rank;
    unsigned count;
    bool is_fit_full; /* a fit target was passed over for its limits */
    uint16_t at[SNAPSHOT_PICKS_MAX];
    uint32_t weights[SNAPSHOT_PICKS_MAX];
};

/* Here and nowhere else order and verdict become "may be tried". */
static unsigned rank_pick(const struct pick *pick, const struct route_query *query)
{
    enum verdict verdict = target_verdict(pick->target);
    unsigned rank = verdict == VERDICT_DOWN ? RANK_UNFIT : RANK_FIT;

    if (pick->order != ORDER_READY || verdict == VERDICT_MISDEPLOYED)
        return RANK_NONE;
    if (pick->target != query->avoid[0] && pick->target != query->avoid[1])
        rank += ADD_UNTRIED;
    if (pick->weight > 0)
        rank += ADD_WEIGHT;
    if (verdict == VERDICT_UP)
        rank += ADD_UP;
    return rank;
}

/* Whether one request more would pass a limit; a connection that the worker keeps is there already. */
static bool is_full(const struct pick *pick, unsigned worker)
{
    const struct target *target = pick->target;

    if (pick->max_requests > 0 && target_in_flight(target) >= pick->max_requests)
        return true;
    if (pick->max_connections == 0 || target_connections(target) < pick->max_connections)
        return false;
    return atomic_load_explicit(&target->cells[worker].idle, memory_order_relaxed) == 0;
}

static void collect(struct choice *choice, const struct snapshot_slot *slot,
                    const struct route_query *query)
{
    choice->picks = slot->picks;
    choice->rank = RANK_NONE + 1;
    choice->count = 0;
    choice->is_fit_full = false;
    for (unsigned i = 0; i < slot->pick_count; i++) {
        unsigned rank = rank_pick(&slot->picks[i], query);

        if (rank < choice->rank)
            continue;
        if (is_full(&slot->picks[i], query->worker)) {
            choice->is_fit_full |= rank >= RANK_FIT;
            continue;
        }
        if (rank > choice->rank)
            choice->count = 0;
        choice->rank = rank;
        choice->at[choice->count++] = (uint16_t)i;
    }
}

static const struct pick *pick_at(const struct choice *choice, unsigned index)
{
    return &choice->picks[choice->at[index]];
}

/* Targets of weight 0 stand only beside their like, and then share evenly. */
static uint32_t full_weight(const struct choice *choice, unsigned index)
{
    uint32_t weight = pick_at(choice, index)->weight;

    return weight > 0 ? weight : 1;
}

static uint32_t weight_at(const struct choice *choice, unsigned index)
{
    return choice->weights[index];
}

/* How much of its weight a target gets, from PARTS_FIRST when it has just come up to WEIGHT_PARTS. */
static uint8_t find_parts(const struct target *target, uint64_t slow_us, uint64_t now_us)
{
    uint64_t up_us = atomic_load_explicit(&target->up_since_us, memory_order_relaxed);
    uint64_t age_us = now_us > up_us ? now_us - up_us : 0;

    if (up_us == 0 || age_us >= slow_us)
        return WEIGHT_PARTS;
    return PARTS_FIRST +
           (uint32_t)((double)(WEIGHT_PARTS - PARTS_FIRST) * (double)age_us / (double)slow_us);
}

/* Only beside a target that has its full weight: those that all came up together share evenly. */
static void apply_slow_start(struct choice *choice, uint64_t slow_us, uint64_t now_us)
{
    bool has_grown = false;
    bool has_slow = false;
    uint8_t parts[SNAPSHOT_PICKS_MAX];

    for (unsigned i = 0; i < choice->count; i++) {
        parts[i] = find_parts(pick_at(choice, i)->target, slow_us, now_us);
        has_grown |= parts[i] == WEIGHT_PARTS;
        has_slow |= parts[i] < WEIGHT_PARTS;
    }
    for (unsigned i = 0; has_grown && has_slow && i < choice->count; i++)
        choice->weights[i] *= parts[i];
}

static void weigh(struct choice *choice, const struct snapshot_service *service, uint64_t now_us)
{
    for (unsigned i = 0; i < choice->count; i++)
        choice->weights[i] = full_weight(choice, i);
    if (service->slow_start_us > 0 && service->balance != BALANCE_HASH)
        apply_slow_start(choice, service->slow_start_us, now_us);
}

static uint32_t sum_weights(const struct choice *choice)
{
    uint32_t total = 0;

    for (unsigned i = 0; i < choice->count; i++)
        total += weight_at(choice, i);
    return total;
}

/* Keeps what a target is owed from earlier pictures, with other weights, below one round. */
static int32_t clamp_current(int32_t current, int32_t total)
{
    if (current > total)
        return total;
    return current < -total ? -total : current;
}

/* Whose turn it is nobody but the worker knows: a rehearsal names the one with the most turns. */
static struct target *choose_heaviest(const struct choice *choice)
{
    unsigned best = 0;

    for (unsigned i = 1; i < choice->count; i++)
        if (weight_at(choice, i) > weight_at(choice, best))
            best = i;
    return pick_at(choice, best)->target;
}

/* Smooth weighted round-robin: each gains its weight, the richest is taken and pays for all. */
static struct target *choose_in_turn(const struct choice *choice, const struct route_query *query)
{
    unsigned worker = query->worker;
    int32_t total = (int32_t)sum_weights(choice);
    struct target *best = pick_at(choice, 0)->target;

    if (query->is_rehearsal)
        return choose_heaviest(choice);
    for (unsigned i = 0; i < choice->count; i++) {
        struct target *target = pick_at(choice, i)->target;
        struct target_cell *cell = &target->cells[worker];

        cell->current = clamp_current(cell->current, total) + (int32_t)weight_at(choice, i);
        if (cell->current > best->cells[worker].current)
            best = target;
    }
    best->cells[worker].current -= total;
    return best;
}

/* The least load for its weight; among equals in turn, so that an idle slot is shared by weight. */
static struct target *choose_least(struct choice *choice, const struct route_query *query)
{
    uint64_t best_load = 0;
    uint64_t best_weight = 1;
    unsigned count = 0;

    for (unsigned i = 0; i < choice->count; i++) {
        uint64_t load = target_in_flight(pick_at(choice, i)->target);
        uint64_t weight = weight_at(choice, i);

        if (count > 0 && load * best_weight > best_load * weight)
            continue;
        if (count > 0 && load * best_weight < best_load * weight)
            count = 0;
        best_load = load;
        best_weight = weight;
        choice->weights[count] = choice->weights[i];
        choice->at[count++] = choice->at[i];
    }
    choice->count = count;
    return choose_in_turn(choice, query);
}

/* The index that owns `ticket` of the weights; `without` has none (choice->count: all count). */
static unsigned draw(const struct choice *choice, uint64_t ticket, unsigned without)
{
    unsigned last = 0;

    for (unsigned i = 0; i < choice->count; i++) {
        uint32_t weight = weight_at(choice, i);

        if (i == without)
            continue;
        last = i;
        if (ticket < weight)
            break;
        ticket -= weight;
    }
    return last;
}

/* Two different ones by weight; the less loaded of them. */
static struct target *choose_of_two(const struct choice *choice, uint64_t random)
{
    uint64_t total = sum_weights(choice);
    uint64_t mixed = hash_mix(random);
    unsigned first = draw(choice, (mixed & UINT32_MAX) * total >> 32, choice->count);
    uint64_t rest = total - weight_at(choice, first);
    unsigned second = draw(choice, (mixed >> 32) * rest >> 32, first);
    struct target *a = pick_at(choice, first)->target;
    struct target *b = pick_at(choice, second)->target;
    uint64_t load_a = target_in_flight(a) * weight_at(choice, second);
    uint64_t load_b = target_in_flight(b) * weight_at(choice, first);

    return load_b < load_a ? b : a;
}

/* -ln of a hash taken as a number in (0, 1]: only + - * /, so that every machine agrees. */
static double measure(uint64_t hash)
{
    uint64_t bits = (hash >> 11) + 1; /* 1 .. 2^53 */
    int exponent = 63 - __builtin_clzll(bits);
    double mantissa = (double)bits / (double)(UINT64_C(1) << exponent); /* 1 .. 2 */
    double s = (mantissa - 1.0) / (mantissa + 1.0);
    double q = s * s;
    double series = 1.0 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q / 11))));

    return (double)(53 - exponent) * 0.69314718055994530942 - 2.0 * s * series;
}

/*
 * Weighted rendezvous: every target draws an exponential number from the key with its weight as the rate, the
 * smallest wins. A key moves only when its winner goes, or when a target comes that beats it.
 */
static struct target *choose_by_key(const struct choice *choice, uint64_t key)
{
    struct target *best = NULL;
    double best_draw = 0;

    for (unsigned i = 0; i < choice->count; i++) {
        struct target *target = pick_at(choice, i)->target;
        double drawn = measure(hash_mix(key ^ target->key)) / (double)weight_at(choice, i);

        if (best == NULL || drawn < best_draw) {
            best = target;
            best_draw = drawn;
        }
    }
    return best;
}

static struct slice key_of_address(const struct address *address)
{
    const struct in6_addr *in6 = &address->sa.in6.sin6_addr;

    if (address->len == 0 || address_is_unix(address))
        return slice_of(NULL, 0);
    if (address->sa.any.sa_family == AF_INET)
        return slice_of((const char *)&address->sa.in.sin_addr, sizeof address->sa.in.sin_addr);
    if (IN6_IS_ADDR_V4MAPPED(in6))
        return slice_of((const char *)in6->s6_addr + 12, 4);
    return slice_of((const char *)in6->s6_addr, sizeof in6->s6_addr);
}

/* What of the request names its target; empty: nothing does. */
static struct slice find_key(const struct snapshot_service *service,
                             const struct route_query *query)
{
    switch (service->hash_key) {
    case HASH_CLIENT_IP: return key_of_address(query->client);
    case HASH_HEADER: return head_value(query->head, slice_from(service->hash_name));
    case HASH_COOKIE: return head_cookie(query->head, slice_from(service->hash_name));
    }
    return slice_of(NULL, 0);
}

static struct target *choose_hashed(const struct choice *choice,
                                    const struct snapshot_service *service,
                                    const struct route_query *query)
{
    struct slice key = find_key(service, query);

    if (key.len == 0)
        return choose_in_turn(choice, query);
    return choose_by_key(choice, hash_bytes(0, key.ptr, key.len));
}

static struct target *pick_only(const struct snapshot_service *service, const struct pick *pick,
                                const struct route_query *query)
{
    unsigned wanted = service->refuse_unfit ? RANK_FIT : RANK_UNFIT;

    if (rank_pick(pick, query) < wanted || is_full(pick, query->worker))
        return NULL;
    return pick->target;
}

struct target *balance_pick(const struct snapshot_service *service,
                            const struct snapshot_slot *slot, const struct route_query *query)
{
    struct choice choice;

    if (slot->pick_count == 1)
        return pick_only(service, slot->picks, query);
    collect(&choice, slot, query);
    if (choice.count == 0)
        return NULL;
    if (choice.rank < RANK_FIT && (service->refuse_unfit || choice.is_fit_full))
        return NULL;
    if (choice.count == 1)
        return pick_at(&choice, 0)->target;
    weigh(&choice, service, query->now_us);
    switch (service->balance) {
    case BALANCE_ROUND_ROBIN: return choose_in_turn(&choice, query);
    case BALANCE_LEAST_REQUESTS: return choose_least(&choice, query);
    case BALANCE_RANDOM: return choose_of_two(&choice, query->random);
    case BALANCE_HASH: return choose_hashed(&choice, service, query);
    }
    return NULL;
}

/* Asked after nothing was picked: then what may be tried at all was full. */
bool balance_is_busy(const struct snapshot_service *service, const struct snapshot_slot *slot)
{
    for (unsigned i = 0; i < slot->pick_count; i++) {
        const struct pick *pick = &slot->picks[i];
        enum verdict verdict = target_verdict(pick->target);
        bool is_out =
            verdict == VERDICT_MISDEPLOYED || (verdict == VERDICT_DOWN && service->refuse_unfit);

        if (pick->order == ORDER_READY && !is_out)
            return true;
    }
    return false;
}

unsigned balance_fit_count(const struct snapshot_slot *slot, bool unknown)
{
    unsigned count = 0;

    for (unsigned i = 0; i < slot->pick_count; i++) {
        enum verdict verdict = target_verdict(slot->picks[i].target);

        if (slot->picks[i].order == ORDER_READY)
            count += verdict == VERDICT_UP || (unknown && verdict == VERDICT_UNKNOWN);
    }
    return count;
}
