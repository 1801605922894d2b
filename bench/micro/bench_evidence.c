/* room: route */
/*
 * What the evidence costs: counting one request, in nanoseconds, and folding 50 slots of two workers, in nanoseconds
 * for all of them, after so many requests on each slot; and the cells of single tenants. Ten such folds in a second are what the control thread does.
 * One line per result.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "route/cohort_cells.h"
#include "route/slot.h"
#include "route/slot_evidence.h"

enum { SLOTS = 50, WORKERS = 2, COUNTED = 20000000, FOLDS = 400 };

static struct slot *slots[SLOTS];
static struct slot_evidence_mark *marks;
static volatile uint64_t sink;

/* Latencies of a typical service: a few octaves, and a tail. */
static uint64_t draw_us(uint64_t drawn)
{
    return (500 + drawn % 1500) << (drawn >> 20 & 255) / 100;
}

static void bench_count(void)
{
    uint64_t random = 5;
    uint64_t begin_us = clock_monotonic_us();
    uint64_t took_us = 0;

    for (unsigned i = 0; i < COUNTED; i++)
        sink += draw_us(hash_random(&random) >> 8) + (random & 63);
    took_us = clock_monotonic_us() - begin_us;
    begin_us = clock_monotonic_us();
    for (unsigned i = 0; i < COUNTED; i++)
        slot_evidence_success(slots[0], 0, random & 63, draw_us(hash_random(&random) >> 8));
    took_us = clock_monotonic_us() - begin_us - took_us;
    printf("%-32s %8.1f ns\n", "count one success", (double)took_us * 1000 / COUNTED);
}

static void bench_fold(unsigned requests)
{
    uint64_t random = 9;
    uint64_t took_us = 0;
    char name[40];
    struct counts counts;

    for (unsigned fold = 0; fold < FOLDS; fold++) {
        uint64_t begin_us = 0;

        for (unsigned i = 0; i < SLOTS * requests; i++) {
            uint64_t drawn = hash_random(&random) >> 8;

            if (drawn % 100 == 0)
                slot_evidence_error(slots[i % SLOTS], drawn >> 32 & 1, drawn >> 40 & 63);
            else
                slot_evidence_success(slots[i % SLOTS], drawn >> 32 & 1, drawn >> 40 & 63,
                                      draw_us(drawn));
        }
        begin_us = clock_monotonic_us();
        for (unsigned i = 0; i < SLOTS; i++) {
            slot_evidence_fold(slots[i], &marks[i], &counts);
            sink += counts.n;
        }
        took_us += clock_monotonic_us() - begin_us;
    }
    snprintf(name, sizeof name, "fold 50 slots, %u requests each", requests);
    printf("%-32s %8.0f ns\n", name, (double)took_us * 1000 / FOLDS);
}

static void take_entry(void *arg, const struct cohort_entry *entry)
{
    (void)arg;
    sink += entry->n;
}

static void bench_cohorts(unsigned tenants)
{
    struct cohort_mark mark = { .room = { 0 } };
    uint64_t took_us = 0;
    char text[40];

    for (unsigned fold = 0; fold < FOLDS; fold++) {
        uint64_t begin_us = 0;

        for (unsigned i = 0; i < tenants; i++)
            cohort_cells_count(slots[1], i % WORKERS,
                               slice_of(text, (size_t)snprintf(text, sizeof text, "t-%u", i)),
                               false);
        begin_us = clock_monotonic_us();
        cohort_cells_fold(slots[1], &mark, take_entry, NULL);
        took_us += clock_monotonic_us() - begin_us;
    }
    cohort_mark_fini(&mark);
    snprintf(text, sizeof text, "fold %u tenants of one slot", tenants);
    printf("%-32s %8.0f ns\n", text, (double)took_us * 1000 / FOLDS);
}

int main(void)
{
    static const unsigned rates[] = { 0, 1, 10, 100, 1000 };

    marks = mem_zalloc(SLOTS * sizeof *marks);
    for (unsigned i = 0; i < SLOTS; i++)
        slots[i] = slot_new(NULL, "blue", WORKERS);
    bench_count();
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        bench_fold(rates[i]);
    bench_cohorts(1000);
    for (unsigned i = 0; i < SLOTS; i++)
        slot_free(slots[i]);
    free(marks);
    return 0;
}
