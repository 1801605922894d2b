/* room: route */
/*
 * Workers ask for one client at once: together they get what the rate allows and not one more. Others pass by once
 * each, many more than there are places: none of them is ever refused. Connections of one client never exceed
 * their limit, and end at zero.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "route/rate.h"

enum { WORKERS = 4, ROUNDS = 20000, MOST = 3, PER_SECOND = 1000, BURST = 10, STEP_US = 7 };

static struct rate *shared;  /* room for all */
static struct rate *crowded; /* the least there is */
static _Atomic uint64_t clock_us = 1000000;
static _Atomic uint64_t passed;
static atomic_int open_now;

static void fail(const char *words)
{
    fprintf(stderr, "race_rate: %s\n", words);
    exit(1);
}

static struct address number_client(uint32_t number)
{
    struct address address = { .len = sizeof address.sa.in };

    address.sa.in.sin_family = AF_INET;
    address.sa.in.sin_addr.s_addr = htonl(number);
    return address;
}

static void ask_once(void)
{
    struct address one = number_client(1);
    uint64_t now_us = atomic_fetch_add(&clock_us, STEP_US);

    if (rate_take(shared, &one, PER_SECOND, BURST, now_us) == 0)
        atomic_fetch_add(&passed, 1);
}

static void connect_once(void)
{
    struct address one = number_client(1);

    if (!rate_connect(shared, &one, MOST))
        return;
    if (atomic_fetch_add(&open_now, 1) >= MOST)
        fail("more connections than there may be");
    atomic_fetch_sub(&open_now, 1);
    rate_disconnect(shared, &one);
}

static void pass_by(uint32_t number)
{
    struct address stranger = number_client(number);

    if (rate_take(crowded, &stranger, 1, 1, atomic_load(&clock_us)) != 0)
        fail("a client was refused its first request");
    if (!rate_connect(crowded, &stranger, 1))
        fail("a client was refused its first connection");
    if (number % 2 == 0)
        rate_disconnect(crowded, &stranger);
}

static void *run_worker(void *arg)
{
    uint32_t first = *(const uint32_t *)arg;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        ask_once();
        connect_once();
        pass_by(first + i);
        if (i % 256 == 0)
            sched_yield();
    }
    return NULL;
}

/* What the whole time allows; workers whose time was a little behind may only have got less. */
static void check_passed(void)
{
    uint64_t lasted_us = (uint64_t)WORKERS * ROUNDS * STEP_US;
    uint64_t most = BURST + lasted_us * PER_SECOND / 1000000;
    uint64_t got = atomic_load(&passed);

    if (got > most || got < most / 2) {
        fprintf(stderr, "%" PRIu64 " passed of %" PRIu64 "\n", got, most);
        fail("not what the rate allows");
    }
    printf("%" PRIu64 " of %" PRIu64 " passed\n", got, most);
}

int main(void)
{
    static uint32_t firsts[WORKERS];
    pthread_t threads[WORKERS];
    struct address one = number_client(1);

    shared = rate_new(1000);
    crowded = rate_new(1);
    if (!rate_connect(shared, &one, MOST)) /* its place is there before they race for it */
        return 1;
    rate_disconnect(shared, &one);
    for (uint32_t i = 0; i < WORKERS; i++) {
        firsts[i] = (i + 1) << 24;
        if (pthread_create(&threads[i], NULL, run_worker, &firsts[i]) != 0)
            return 1;
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    check_passed();
    for (unsigned i = 0; i < MOST; i++)
        if (!rate_connect(shared, &one, MOST))
            fail("a connection was left behind");
    if (rate_connect(shared, &one, MOST))
        fail("a connection was not counted");
    rate_free(shared);
    rate_free(crowded);
    return 0;
}
