/*
 * Limits for each client: see route/rate.h. Two tables of sets of eight places, one for requests and one for open
 * connections. A place is the client's key and a word that carries twelve bits of that key: a word whose bits are
 * those of another client is one that was left behind, and counts as empty. So a place changes hands with two
 * plain compare-and-swaps, and what one thread still writes for the client that was there can never be charged to
 * the one that came. Any worker, no locks.
 */
#include "route/rate.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

enum { RATE_MAGIC = 0x72617465, PLACES = 8, SETS_MIN = 16, SETS_MAX = 1 << 22, CACHE_LINE = 64 };
enum { MARK_BITS = 12, STEPS_PER_US = 16, TRIES = 64 };

#define VALUE_BITS (64 - MARK_BITS)
#define VALUE_MAX  ((UINT64_C(1) << VALUE_BITS) - 1)
#define WINDOW_MAX (UINT64_C(1) << (VALUE_BITS - 3))
#define SECOND     (UINT64_C(1000000) * STEPS_PER_US)

/* Keys of what is no /64 prefix: they lie in 0000::/8, which is nobody's. */
#define KEY_IPV4 (UINT64_C(1) << 32)
#define KEY_ZERO (UINT64_C(2) << 32)

struct place {
    _Atomic uint64_t key;  /* 0: free */
    _Atomic uint64_t word; /* mark of a key, and a value: time or count */
};

struct set {
    _Alignas(CACHE_LINE) struct place places[PLACES];
};

struct rate {
    uint32_t magic;
    unsigned mask; /* of the number of sets */
    struct set *requests;
    struct set *connections;
};

/* One client's way to its place. */
struct seat {
    struct place *place;
    uint64_t key;
    uint64_t mark; /* in place, above the value */
};

struct rate *rate_new(unsigned entries)
{
    struct rate *rate = mem_zalloc(sizeof *rate);
    size_t sets = SETS_MIN;

    while (sets < SETS_MAX && sets * PLACES < entries)
        sets *= 2;
    rate->magic = RATE_MAGIC;
    rate->mask = (unsigned)sets - 1;
    rate->requests = mem_zalloc_aligned(CACHE_LINE, sets * sizeof *rate->requests);
    rate->connections = mem_zalloc_aligned(CACHE_LINE, sets * sizeof *rate->connections);
    return rate;
}

void rate_free(struct rate *rate)
{
    if (rate == NULL)
        return;
    CHECK(rate->magic == RATE_MAGIC);
    rate->magic = 0;
    free(rate->requests);
    free(rate->connections);
    free(rate);
}

static uint64_t key_of_ipv4(const void *bytes)
{
    uint32_t number = 0;

    memcpy(&number, bytes, sizeof number);
    return KEY_IPV4 | number;
}

uint64_t rate_client_key(const struct address *client)
{
    const struct in6_addr *in6 = &client->sa.in6.sin6_addr;
    uint64_t prefix = 0;

    if (client->len == 0 || address_is_unix(client))
        return 0;
    if (client->sa.any.sa_family == AF_INET)
        return key_of_ipv4(&client->sa.in.sin_addr);
    if (IN6_IS_ADDR_V4MAPPED(in6))
        return key_of_ipv4(in6->s6_addr + 12);
    memcpy(&prefix, in6->s6_addr, sizeof prefix);
    return prefix != 0 ? prefix : KEY_ZERO;
}

static uint64_t mark_of(uint64_t key)
{
    return hash_mix(key) >> VALUE_BITS << VALUE_BITS;
}

/* The value of a word, 0 when it is another client's. */
static uint64_t value_for(const struct seat *seat, uint64_t word)
{
    return (word & ~VALUE_MAX) == seat->mark ? word & VALUE_MAX : 0;
}

static uint64_t load_key(const struct place *place)
{
    return atomic_load_explicit(&place->key, memory_order_acquire);
}

/* False: the word has changed, and *word is what it is now; or the place has changed hands. */
static bool exchange_value(const struct seat *seat, uint64_t *word, uint64_t value)
{
    if (load_key(seat->place) != seat->key)
        return false;
    return atomic_compare_exchange_strong_explicit(&seat->place->word, word,
                                                   seat->mark | (value & VALUE_MAX),
                                                   memory_order_acq_rel, memory_order_acquire);
}

static struct set *set_of(struct set *sets, const struct rate *rate, uint64_t key)
{
    return &sets[(unsigned)hash_mix(key) & rate->mask];
}

/* A free place or the one with the least value; never one whose mark would be taken for the new client's. */
static struct place *find_victim(struct set *set, const struct seat *seat, uint64_t *key)
{
    struct place *victim = NULL;
    uint64_t least = 0;

    for (unsigned i = 0; i < PLACES; i++) {
        struct place *place = &set->places[i];
        uint64_t word = atomic_load_explicit(&place->word, memory_order_acquire);
        uint64_t holder = load_key(place);

        if (holder != 0 && (word & ~VALUE_MAX) == seat->mark && (word & VALUE_MAX) != 0)
            continue;
        if (victim != NULL && holder != 0 && (word & VALUE_MAX) >= least)
            continue;
        victim = place;
        *key = holder;
        least = holder != 0 ? word & VALUE_MAX : 0;
        if (holder == 0)
            break;
    }
    return victim;
}

/* The client's place, made when there is none. False: in this crowd there is none to be had. */
static bool take_seat(struct set *set, struct seat *seat)
{
    uint64_t holder = 0;

    for (unsigned i = 0; i < PLACES; i++) {
        seat->place = &set->places[i];
        if (load_key(seat->place) == seat->key)
            return true;
    }
    seat->place = find_victim(set, seat, &holder);
    return seat->place != NULL &&
           atomic_compare_exchange_strong_explicit(&seat->place->key, &holder, seat->key,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

/* The theoretical arrival time of the next request (GCRA) is what a place keeps, in sixteenths of a microsecond. */
struct pace {
    uint64_t now;
    uint64_t step; /* between two requests */
    uint64_t room; /* how far ahead of now the time may be */
};

static struct pace pace_of(uint32_t per_second, uint32_t burst, uint64_t now_us)
{
    struct pace pace = { .now = now_us * STEPS_PER_US & VALUE_MAX };

    pace.step = SECOND / per_second;
    pace.room = pace.step * (burst > 0 ? burst - 1 : 0);
    if (pace.room > WINDOW_MAX)
        pace.room = WINDOW_MAX;
    return pace;
}

/* The time of a client that was not here for a while is now; so is one that lies further ahead than the limits
 * ever let it go, which is from before they changed. Workers' clocks differ by less than a second. */
static uint64_t settle_due(const struct pace *pace, uint64_t due)
{
    bool is_stale = due > pace->now + pace->room + pace->step + SECOND;

    return due < pace->now || is_stale ? pace->now : due;
}

uint64_t rate_take(struct rate *rate, const struct address *client, uint32_t per_second,
                   uint32_t burst, uint64_t now_us)
{
    struct seat seat = { .key = rate_client_key(client) };
    struct pace pace;
    uint64_t word = 0;

    if (per_second == 0 || seat.key == 0)
        return 0;
    pace = pace_of(per_second, burst, now_us);
    seat.mark = mark_of(seat.key);
    if (!take_seat(set_of(rate->requests, rate, seat.key), &seat))
        return 0;
    word = atomic_load_explicit(&seat.place->word, memory_order_acquire);
    for (unsigned tries = 0; tries < TRIES; tries++) {
        uint64_t due = settle_due(&pace, value_for(&seat, word));

        if (due > pace.now + pace.room)
            return (due - pace.now - pace.room + STEPS_PER_US - 1) / STEPS_PER_US;
        if (exchange_value(&seat, &word, due + pace.step) || load_key(seat.place) != seat.key)
            return 0;
    }
    return 0;
}

bool rate_connect(struct rate *rate, const struct address *client, uint32_t most)
{
    struct seat seat = { .key = rate_client_key(client) };
    uint64_t word = 0;

    if (most == 0 || seat.key == 0)
        return true;
    seat.mark = mark_of(seat.key);
    if (!take_seat(set_of(rate->connections, rate, seat.key), &seat))
        return true;
    word = atomic_load_explicit(&seat.place->word, memory_order_acquire);
    for (unsigned tries = 0; tries < TRIES; tries++) {
        uint64_t count = value_for(&seat, word);

        if (count >= most)
            return false;
        if (exchange_value(&seat, &word, count + 1) || load_key(seat.place) != seat.key)
            return true;
    }
    return true;
}

/* Two threads may have made a place for the same client at once, so the count may lie in either. */
void rate_disconnect(struct rate *rate, const struct address *client)
{
    struct seat seat = { .key = rate_client_key(client) };
    struct set *set = NULL;

    if (seat.key == 0)
        return;
    seat.mark = mark_of(seat.key);
    set = set_of(rate->connections, rate, seat.key);
    for (unsigned i = 0; i < PLACES; i++) {
        uint64_t word = 0;

        seat.place = &set->places[i];
        word = atomic_load_explicit(&seat.place->word, memory_order_acquire);
        while (load_key(seat.place) == seat.key && value_for(&seat, word) > 0)
            if (exchange_value(&seat, &word, value_for(&seat, word) - 1))
                return;
    }
}
