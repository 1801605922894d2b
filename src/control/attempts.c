/* See attempts_priv.h. */
#include "control/attempts_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define MINUTE_US 60000000ull

enum { WAYS = 8, SETS = ATTEMPTS_ADDRESSES / WAYS };

struct place {
    unsigned char key[18]; /* family and network */
    unsigned count;        /* 0: free */
    uint64_t began_us;
};

struct attempts {
    uint64_t seed;
    struct place places[SETS][WAYS];
};

struct attempts *attempts_new(void)
{
    struct attempts *attempts = mem_zalloc(sizeof *attempts);

    attempts->seed = (uint64_t)(uintptr_t)attempts;
    return attempts;
}

void attempts_free(struct attempts *attempts)
{
    free(attempts);
}

static void make_key(const struct address *client, unsigned char out[18])
{
    memset(out, 0, 18);
    out[0] = (unsigned char)client->sa.any.sa_family;
    if (client->len == 0)
        out[0] = 0;
    else if (client->sa.any.sa_family == AF_INET)
        memcpy(out + 2, &client->sa.in.sin_addr, 4);
    else if (client->sa.any.sa_family == AF_INET6 &&
             IN6_IS_ADDR_V4MAPPED(&client->sa.in6.sin6_addr))
        memcpy(out + 2, &client->sa.in6.sin6_addr, 16);
    else if (client->sa.any.sa_family == AF_INET6)
        memcpy(out + 2, &client->sa.in6.sin6_addr, 8);
}

static size_t set_of(const struct attempts *attempts, const unsigned char key[18])
{
    return hash_bytes(attempts->seed, key, 18) % SETS;
}

static bool is_over(const struct place *place, uint64_t now_us)
{
    return place->count == 0 || now_us >= place->began_us + MINUTE_US;
}

/* WAYS: it is not there. */
static unsigned find(const struct place *set, const unsigned char key[18])
{
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].count > 0 && memcmp(set[i].key, key, 18) == 0)
            return i;
    return WAYS;
}

/* The place of a new address: one that means nothing any more, or the one that began earliest. */
static unsigned choose(const struct place *set, uint64_t now_us)
{
    unsigned best = 0;

    for (unsigned i = 0; i < WAYS; i++) {
        if (is_over(&set[i], now_us))
            return i;
        if (set[i].began_us < set[best].began_us)
            best = i;
    }
    return best;
}

unsigned attempts_add(struct attempts *attempts, const struct address *client, uint64_t now_us)
{
    unsigned char key[18];
    struct place *set = NULL;
    struct place *place = NULL;
    unsigned at = 0;

    make_key(client, key);
    set = attempts->places[set_of(attempts, key)];
    at = find(set, key);
    place = &set[at < WAYS ? at : choose(set, now_us)];
    if (at == WAYS || is_over(place, now_us)) {
        memcpy(place->key, key, sizeof key);
        place->began_us = now_us;
        place->count = 0;
    }
    return ++place->count;
}

unsigned attempts_wait_s(const struct attempts *attempts, const struct address *client,
                         uint64_t now_us)
{
    unsigned char key[18];
    const struct place *set = NULL;
    unsigned at = 0;

    make_key(client, key);
    set = attempts->places[set_of(attempts, key)];
    at = find(set, key);
    if (at == WAYS || is_over(&set[at], now_us) || set[at].count < ATTEMPTS_PER_MINUTE)
        return 0;
    return (unsigned)((set[at].began_us + MINUTE_US - now_us + 999999) / 1000000);
}
