/* room: base */
/*
 * One writing and one reading thread over a small ring: every record that was not dropped arrives once,
 * in order and whole, and what was dropped is counted. A third thread reads the count all the time.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/ring.h"

enum { RECORDS = 100000, RING_BYTES = 4096, LONGEST = 200 };

struct outcome {
    uint64_t written;
    uint64_t refused;
    uint64_t read;
    uint64_t wrong;
};

static struct ring *ring;
static struct outcome outcome;
static atomic_bool is_written;
static atomic_bool is_over;

static void write_record(uint64_t number)
{
    size_t extra = hash_mix(number) % LONGEST;
    unsigned char *room = ring_reserve(ring, sizeof number + LONGEST);

    if (room == NULL) {
        outcome.refused++;
        sched_yield();
        return;
    }
    memcpy(room, &number, sizeof number);
    memset(room + sizeof number, (int)(number & 0xff), extra);
    ring_commit(ring, sizeof number + extra);
    outcome.written++;
}

static void *run_writer(void *arg)
{
    (void)arg;
    for (uint64_t number = 1; number <= RECORDS; number++)
        write_record(number);
    atomic_store(&is_written, true);
    return NULL;
}

static bool is_whole(const unsigned char *record, size_t size, uint64_t *last)
{
    uint64_t number = 0;

    if (size < sizeof number)
        return false;
    memcpy(&number, record, sizeof number);
    if (number <= *last || size != sizeof number + hash_mix(number) % LONGEST)
        return false;
    *last = number;
    for (size_t i = sizeof number; i < size; i++)
        if (record[i] != (number & 0xff))
            return false;
    return true;
}

static void *run_reader(void *arg)
{
    uint64_t last = 0;
    bool is_last_look = false;

    (void)arg;
    for (;;) {
        size_t size = 0;
        const void *record = ring_peek(ring, &size);

        if (record == NULL && is_last_look)
            break;
        is_last_look = record == NULL && atomic_load(&is_written);
        if (record == NULL) {
            sched_yield();
            continue;
        }
        outcome.read++;
        if (!is_whole(record, size, &last))
            outcome.wrong++;
        ring_pop(ring);
    }
    atomic_store(&is_over, true);
    return NULL;
}

static void *run_watcher(void *arg)
{
    uint64_t last = 0;

    while (!atomic_load(&is_over)) {
        uint64_t now = ring_dropped(ring);

        if (now < last)
            *(bool *)arg = true;
        last = now;
        sched_yield();
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    bool went_back = false;

    ring = ring_new(RING_BYTES);
    if (pthread_create(&threads[0], NULL, run_reader, NULL) != 0 ||
        pthread_create(&threads[1], NULL, run_watcher, &went_back) != 0 ||
        pthread_create(&threads[2], NULL, run_writer, NULL) != 0)
        return 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("%lu written, %lu read, %lu refused, %lu wrong\n", (unsigned long)outcome.written,
           (unsigned long)outcome.read, (unsigned long)outcome.refused,
           (unsigned long)outcome.wrong);
    if (outcome.wrong > 0 || outcome.read != outcome.written || went_back ||
        outcome.refused != ring_dropped(ring) || outcome.written + outcome.refused != RECORDS)
        return 1;
    ring_free(ring);
    return 0;
}
