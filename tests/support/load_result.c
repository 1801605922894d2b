/* What came of a load: counts, latencies, and whether every request went where it had to. */
#include <stdlib.h>

#include "base/mem.h"
#include "support/load.h"
#include "support/load_check.h"
#include "support/load_priv.h"
#include "support/origin_auto.h"
#include "support/scene.h"

static const char *const names[LOAD_OUTCOMES] = { "ok",           "refused", "reset_before",
                                                  "reset_within", "timeout", "proxy_5xx",
                                                  "origin_5xx",   "other",   "mixed" };

const char *load_outcome_name(enum load_outcome outcome)
{
    return names[outcome];
}

void load_finish(struct load *load)
{
    if (load->is_joined)
        return;
    atomic_store(&load->is_stopping, true);
    pthread_join(load->thread, NULL);
    load->is_joined = true;
}

struct count_wish {
    struct load *load;
    uint64_t count;
};

static bool has_count(void *arg)
{
    struct count_wish *wish = arg;

    return atomic_load(&wish->load->done) >= wish->count;
}

bool load_await_count(struct load *load, uint64_t count, unsigned ms)
{
    struct count_wish wish = { load, count };

    return scene_await(has_count, &wish, ms);
}

static bool has_ended(void *arg)
{
    struct load *load = arg;

    return atomic_load(&load->has_ended);
}

bool load_await_end(struct load *load, unsigned ms)
{
    return scene_await(has_ended, load, ms);
}

void load_free(struct load *load)
{
    load_finish(load);
    free(load->records);
    free(load);
}

const struct load_record *load_records(const struct load *load, size_t *count)
{
    *count = load->count;
    return load->records;
}

uint64_t load_count(const struct load *load, enum load_outcome outcome)
{
    uint64_t count = 0;

    for (size_t i = 0; i < load->count; i++)
        count += load->records[i].outcome == outcome;
    return count;
}

uint64_t load_failed(const struct load *load)
{
    return load->count - load_count(load, LOAD_OK);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t load_percentile_us(const struct load *load, double share, uint64_t from_us, uint64_t to_us)
{
    uint64_t *times = mem_zalloc((load->count + 1) * sizeof *times);
    size_t count = 0;
    uint64_t result = 0;

    for (size_t i = 0; i < load->count; i++) {
        const struct load_record *record = &load->records[i];

        if (record->outcome == LOAD_OK && record->start_us >= from_us &&
            (to_us == 0 || record->start_us < to_us))
            times[count++] = record->end_us - record->start_us;
    }
    qsort(times, count, sizeof *times, compare);
    if (count > 0)
        result = times[(size_t)((double)(count - 1) * share)];
    free(times);
    return result;
}

void load_summary(const struct load *load, struct text *out)
{
    text_add_format(out, "{\"requests\":%zu", load->count);
    for (int i = 0; i < LOAD_OUTCOMES; i++)
        text_add_format(out, ",\"%s\":%llu", names[i],
                        (unsigned long long)load_count(load, (enum load_outcome)i));
    text_add_format(out, ",\"p50_us\":%llu,\"p99_us\":%llu}",
                    (unsigned long long)load_percentile_us(load, 0.5, 0, 0),
                    (unsigned long long)load_percentile_us(load, 0.99, 0, 0));
}

/* Index of the first switch that was not answered when the request began. */
static size_t first_open(const struct load_switch *switches, size_t count,
                         const struct load_record *record)
{
    size_t low = 0;

    while (count > 0) {
        size_t half = count / 2;

        if (switches[low + half].answered_us <= record->start_us) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

/* Whether the record's slot was a right answer. */
static bool may_serve(const struct load_switch *switches, size_t count,
                      const struct load_record *record)
{
    size_t open = first_open(switches, count, record);

    if (open > 0 && switches[open - 1].slot == record->slot)
        return true;
    for (size_t i = open; i < count && switches[i].submitted_us <= record->end_us; i++) {
        if (switches[i].slot == record->slot)
            return true;
    }
    return false;
}

uint64_t load_wrong_slots(const struct load *load, const struct load_switch *switches, size_t count)
{
    uint64_t wrong = 0;

    for (size_t i = 0; i < load->count; i++) {
        const struct load_record *record = &load->records[i];

        if (record->outcome == LOAD_OK && !may_serve(switches, count, record))
            wrong++;
    }
    return wrong;
}

uint64_t load_sharp(const struct load *load, const struct load_switch *switches, size_t count)
{
    uint64_t sharp = 0;

    for (size_t i = 0; i < load->count; i++) {
        const struct load_record *record = &load->records[i];
        size_t open = first_open(switches, count, record);

        sharp += open == count || switches[open].submitted_us > record->end_us;
    }
    return sharp;
}

uint64_t load_duplicates(const struct load *load, bool posts_only)
{
    uint64_t duplicates = 0;

    for (size_t i = 0; i < load->count; i++) {
        if (!posts_only || load->records[i].is_post)
            duplicates += origin_auto_executions(load->records[i].id) > 1;
    }
    return duplicates;
}
