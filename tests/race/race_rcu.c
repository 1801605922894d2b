/* room: base */
/*
 * Readers look at a published picture inside read-side sections while a writer exchanges it, waits for
 * the grace period, spoils the old one and frees it. ThreadSanitizer must stay silent, AddressSanitizer
 * too, and no reader may ever see a spoilt picture. Threads come and go meanwhile.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rcu.h"

enum { READERS = 4, SWITCHES = 6000, LIVES = 20 };

struct picture {
    uint64_t number;
    uint64_t inverse; /* ~number, 0 when spoilt */
};

static _Atomic(struct picture *) published;
static atomic_bool is_over;
static atomic_ulong looks;
static atomic_ulong wrongs;

static struct picture *draw(uint64_t number)
{
    struct picture *picture = mem_zalloc(sizeof *picture);

    picture->number = number;
    picture->inverse = ~number;
    return picture;
}

static uint64_t look(uint64_t last)
{
    const struct picture *picture = NULL;
    uint64_t number = 0;

    rcu_read_begin();
    picture = atomic_load_explicit(&published, memory_order_acquire);
    number = picture->number;
    if (picture->inverse != ~number || number < last)
        atomic_fetch_add(&wrongs, 1);
    rcu_read_end();
    return number;
}

static void *run_reader(void *arg)
{
    unsigned long count = 0;
    uint64_t last = 0;

    (void)arg;
    rcu_thread_begin();
    while (!atomic_load(&is_over)) {
        last = look(last);
        count++;
    }
    rcu_thread_end();
    atomic_fetch_add(&looks, count);
    return NULL;
}

/* Registers and unregisters again and again, so that the writer meets changing sets of readers. */
static void *run_guest(void *arg)
{
    uint64_t last = 0;

    (void)arg;
    for (int life = 0; life < LIVES && !atomic_load(&is_over); life++) {
        rcu_thread_begin();
        for (int i = 0; i < 500; i++)
            last = look(last);
        rcu_thread_end();
    }
    return NULL;
}

static void switch_once(uint64_t number)
{
    struct picture *old = atomic_exchange_explicit(&published, draw(number), memory_order_acq_rel);

    rcu_grace_period();
    old->inverse = 0;
    free(old);
}

static bool start(pthread_t *thread, void *(*run)(void *))
{
    return pthread_create(thread, NULL, run, NULL) == 0;
}

int main(void)
{
    pthread_t threads[READERS + 1];
    bool started = true;

    atomic_store(&published, draw(1));
    for (int i = 0; i < READERS; i++)
        started = start(&threads[i], run_reader) && started;
    started = start(&threads[READERS], run_guest) && started;
    if (!started)
        return 1;
    for (uint64_t number = 2; number < SWITCHES; number++)
        switch_once(number);
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS + 1; i++)
        pthread_join(threads[i], NULL);
    free(atomic_load(&published));
    printf("%d switches, %lu looks, %lu wrong\n", SWITCHES, atomic_load(&looks),
           atomic_load(&wrongs));
    return atomic_load(&wrongs) == 0 && atomic_load(&looks) > 0 ? 0 : 1;
}
