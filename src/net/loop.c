/*
 * A loop runs libevent one turn at a time, so that there is a place between two turns: there the cached
 * time ends and what was handed to loop_reap dies. See net/loop.h.
 */
#include "net/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/tls_io_priv.h"

struct loop_signal {
    struct loop_signal *next;
    struct event *event;
    void (*fn)(void *arg, int number);
    void *arg;
};

struct loop *loop_new(void)
{
    struct loop *loop = mem_zalloc(sizeof *loop);
    struct event_config *config = event_config_new();

    CHECK(config != NULL);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    CHECK(loop->base != NULL);
    return loop;
}

static void run_reaps(struct loop *loop)
{
    /* a reaper may reap again */
    for (size_t i = 0; i < loop->reap_count; i++) {
        struct reap reap = loop->reaps[i];

        reap.fn(reap.arg);
    }
    loop->reap_count = 0;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    run_reaps(loop);
    while (loop->signals != NULL) {
        struct loop_signal *next = loop->signals->next;

        event_free(loop->signals->event);
        free(loop->signals);
        loop->signals = next;
    }
    pipe_close_all(loop);
    tls_loop_free(loop->tls);
    event_base_free(loop->base);
    free(loop->reaps);
    free(loop->woken);
    free(loop);
}

void loop_run(struct loop *loop)
{
    loop->is_stopping = false;
    while (!loop->is_stopping) {
        if (loop->woken_count > 0)
            stream_run_woken(loop);
        CHECK(event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) >= 0);
        if (loop->reap_count > 0)
            run_reaps(loop);
        loop->now_us = 0;
    }
}

void loop_stop(struct loop *loop)
{
    loop->is_stopping = true;
}

uint64_t loop_now_us(struct loop *loop)
{
    if (loop->now_us == 0)
        loop->now_us = clock_monotonic_us();
    return loop->now_us;
}

uint64_t loop_now_ms(struct loop *loop)
{
    return loop_now_us(loop) / 1000;
}

void loop_reap(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    if (loop->reap_count == loop->reap_capacity) {
        loop->reap_capacity = loop->reap_capacity > 0 ? loop->reap_capacity * 2 : 64;
        loop->reaps = mem_grow(loop->reaps, loop->reap_capacity, sizeof *loop->reaps);
    }
    loop->reaps[loop->reap_count].fn = fn;
    loop->reaps[loop->reap_count].arg = arg;
    loop->reap_count++;
    /* what is reaped outside of any callback waits for the end of the next turn */
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct loop_signal *entry = arg;

    (void)what;
    entry->fn(entry->arg, (int)number);
}

void loop_on_signal(struct loop *loop, int number, void (*fn)(void *arg, int number), void *arg)
{
    struct loop_signal *entry = mem_zalloc(sizeof *entry);

    entry->fn = fn;
    entry->arg = arg;
    entry->event = event_new(loop->base, number, EV_SIGNAL | EV_PERSIST, on_signal, entry);
    CHECK(entry->event != NULL && event_add(entry->event, NULL) == 0);
    entry->next = loop->signals;
    loop->signals = entry;
}
