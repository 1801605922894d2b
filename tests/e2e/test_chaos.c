/*
 * Everything at once: app servers that reset, close and stall at random, clients that go away in every phase, switches,
 * target orders and reloads, all while good requests run. Nothing may crash, leak, stay in flight, be answered for
 * somebody else or be carried out twice; every accepted request has one outcome.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/load.h"
#include "support/scene.h"

enum { RUDE_CLIENTS = 4 };

static const struct stage_options options = {
    .body = 3000,
    .lines = "health { interval = \"50ms\" timeout = \"40ms\" rise = 1 fall = 2 }\n"
             "guard { auto = false }\n"
             "retry { attempts = 2 }\ntimeouts { response = \"300ms\" connect = \"300ms\" }\n"
             "drain { requests = \"200ms\" }\n"
};

struct rude {
    const char *front;
    uint64_t seed;
    atomic_bool *is_over;
    unsigned count;
};

static const char *const openings[] = {
    "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.te",
    "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nsome of it",
    "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX",
    "GET /big?n=3000000 HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET /slow?us=500000 HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HT",
    "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n",
    "HEAD /big?n=1000 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n",
};

/* Comes, says something, reads a little or nothing, and goes in one way or another. */
static void *be_rude(void *arg)
{
    struct rude *rude = arg;
    uint64_t random = rude->seed;

    while (!atomic_load(rude->is_over)) {
        const char *words = openings[hash_random(&random) % COUNT_OF(openings)];
        struct client client;

        if (!client_try(&client, rude->front))
            continue;
        client_send_text(&client, words);
        if (hash_random(&random) % 2 == 0)
            client_pull(&client, (unsigned)(hash_random(&random) % 5));
        if (hash_random(&random) % 4 == 0)
            client_half_close(&client);
        if (hash_random(&random) % 4 == 0)
            client_pull(&client, (unsigned)(hash_random(&random) % 30));
        if (hash_random(&random) % 2 == 0)
            client_reset(&client);
        else
            client_close(&client);
        rude->count++;
        scene_pause_us(hash_random(&random) % 3000);
    }
    return NULL;
}

static void set_faults(struct origin_auto *origin, uint64_t *random)
{
    origin_auto_set_faults(origin, &(struct origin_faults){
                                       .seed = hash_random(random) | 1,
                                       .reset_before = hash_random(random) % 30,
                                       .close_before = hash_random(random) % 30,
                                       .reset_within = hash_random(random) % 30,
                                       .close_within = hash_random(random) % 30,
                                       .status_500 = hash_random(random) % 30,
                                       .close_accepted = hash_random(random) % 100,
                                       .close_idle_max_us = hash_random(random) % 2 == 0 ? 3000 : 0,
                                       .delay_us = hash_random(random) % 2000 });
}

/* One random act of an operator; any answer but a broken one is right. */
static void operate(struct stage *stage, uint64_t *random)
{
    static const char *const slots[] = { "blue", "green" };
    static const char *const orders[] = { "drain", "maint", "ready", "ready", "weight 5" };
    unsigned which = (unsigned)(hash_random(random) % 2);
    const char *target = origin_auto_address(which == 0 ? stage->blue : stage->green);
    struct ctl_line line;
    const char *answer = NULL;
    char *words = NULL;

    switch (hash_random(random) % 6) {
    case 0:
    case 1:
    case 2: words = mem_format("switch shop --to %s", slots[which]); break;
    case 3: words = mem_text("rollback shop"); break;
    case 4: words = mem_text("reload"); break;
    default:
        words = mem_format("target set shop/%s/%s %s", slots[which], target,
                           orders[hash_random(random) % COUNT_OF(orders)]);
        break;
    }
    cr_assert(ctl_open(&line, stage->daemon), "the admin socket is gone");
    answer = ctl_say(&line, words, 20000);
    cr_expect(answer != NULL, "no answer to \"%s\"", words);
    ctl_close(&line);
    free(words);
}

static void judge(struct load *load, uint64_t acts, const struct rude *rudes)
{
    struct text summary;
    unsigned rude = 0;

    text_init(&summary, 65536);
    load_finish(load);
    load_summary(load, &summary);
    for (int i = 0; i < RUDE_CLIENTS; i++)
        rude += rudes[i].count;
    fprintf(stderr, "chaos: %llu acts, %u rude clients, %s\n", (unsigned long long)acts, rude,
            summary.bytes);
    cr_expect_eq(load_count(load, LOAD_MIXED), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_REFUSED), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_TIMEOUT), 0, "a request was never answered: %s",
                 summary.bytes);
    cr_expect_eq(load_count(load, LOAD_OTHER), 0, "%s", summary.bytes);
    cr_expect_eq(load_count(load, LOAD_RESET_BEFORE), 0, "closed without an answer: %s",
                 summary.bytes);
    cr_expect_eq(load_duplicates(load, true), 0, "POSTs carried out twice");
    cr_expect(load_count(load, LOAD_OK) > 100);
    text_fini(&summary);
}

Test(chaos, everything_at_once)
{
    const char *wish = getenv("SWITCHYARD_SEED");
    uint64_t seed = wish != NULL ? strtoull(wish, NULL, 10) : 20261121;
    uint64_t random = hash_mix(seed) | 1;
    uint64_t end = clock_monotonic_us() + scene_scale(10, 600) * 1000000;
    struct rude rudes[RUDE_CLIENTS] = { { 0 } };
    pthread_t threads[RUDE_CLIENTS];
    atomic_bool is_over = false;
    struct stage stage;
    struct load *load = NULL;
    uint64_t acts = 0;

    stage_open(&stage, &options);
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 16,
                                              .one_shot = 8,
                                              .post_percent = 30,
                                              .post_bytes = 3000,
                                              .rate = 800,
                                              .seed = seed });
    for (unsigned i = 0; i < RUDE_CLIENTS; i++) {
        rudes[i] = (struct rude){ .front = daemon_front(stage.daemon),
                                  .seed = hash_mix(seed + i + 7) | 1,
                                  .is_over = &is_over };
        cr_assert_eq(pthread_create(&threads[i], NULL, be_rude, &rudes[i]), 0);
    }
    for (; clock_monotonic_us() < end && daemon_is_alive(stage.daemon); acts++) {
        set_faults(hash_random(&random) % 2 == 0 ? stage.blue : stage.green, &random);
        operate(&stage, &random);
        scene_pause_us(hash_random(&random) % 30000);
    }
    cr_expect(daemon_is_alive(stage.daemon), "seed %llu: the daemon is gone",
              (unsigned long long)seed);
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < RUDE_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    judge(load, acts, rudes);
    load_free(load);
    STOP_STAGE(&stage);
}
