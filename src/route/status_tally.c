/* See route/status_tally.h. Workers count at the end of a request, the control thread sums some times a second. */
#include "route/status_tally.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "route/slot.h"
#include "route/target.h"

enum { CACHE_LINE = 64, LINE_COUNTERS = CACHE_LINE / sizeof(uint64_t), CLASSES = 10 };

struct kept_rule {
    char *name;
    char *path;
    size_t path_len;
    unsigned range_count;
    struct status_range *ranges;
};

/* Owner: a slot, which keeps it as long as it lives. Rules never change. */
struct status_tally {
    struct status_tally *next; /* that the slot had before */
    uint32_t classes;          /* bit n: some rule names statuses from n00 on */
    unsigned count;
    unsigned worker_count;
    unsigned stride; /* counters from one worker's to the next one's, whole lines */
    struct kept_rule *rules;
    _Atomic uint64_t *counters;
};

static uint32_t classes_of(const struct status_rule *rule)
{
    uint32_t classes = 0;

    for (unsigned i = 0; i < rule->range_count; i++)
        for (unsigned class = rule->ranges[i].from / 100;
             class <= rule->ranges[i].to / 100u && class < CLASSES; class ++)
            classes |= 1u << class;
    return classes;
}

static void keep(struct kept_rule *kept, const struct status_rule *rule)
{
    size_t size = rule->range_count * sizeof *kept->ranges;

    kept->name = mem_text(rule->name);
    kept->path = mem_text(rule->path);
    kept->path_len = strlen(rule->path);
    kept->range_count = rule->range_count;
    kept->ranges = mem_zalloc(size + 1);
    memcpy(kept->ranges, rule->ranges, size);
}

struct status_tally *status_tally_new(const struct status_rule *rules, unsigned count,
                                      unsigned worker_count)
{
    struct status_tally *tally = NULL;

    CHECK(worker_count > 0 && worker_count <= ROUTE_WORKERS_MAX);
    if (count == 0)
        return NULL;
    tally = mem_zalloc(sizeof *tally);
    tally->count = count;
    tally->worker_count = worker_count;
    tally->stride = (count + LINE_COUNTERS - 1) / LINE_COUNTERS * LINE_COUNTERS;
    tally->rules = mem_zalloc(count * sizeof *tally->rules);
    tally->counters = mem_zalloc_aligned(CACHE_LINE, (size_t)worker_count * tally->stride *
                                                         sizeof *tally->counters);
    for (unsigned i = 0; i < count; i++) {
        keep(&tally->rules[i], &rules[i]);
        tally->classes |= classes_of(&rules[i]);
    }
    return tally;
}

static void free_one(struct status_tally *tally)
{
    for (unsigned i = 0; i < tally->count; i++) {
        free(tally->rules[i].name);
        free(tally->rules[i].path);
        free(tally->rules[i].ranges);
    }
    free(tally->rules);
    free(tally->counters);
    free(tally);
}

void status_tally_free(struct status_tally *tally)
{
    while (tally != NULL) {
        struct status_tally *next = tally->next;

        free_one(tally);
        tally = next;
    }
}

static bool is_same_rule(const struct kept_rule *a, const struct kept_rule *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->path, b->path) == 0 &&
           a->range_count == b->range_count &&
           memcmp(a->ranges, b->ranges, a->range_count * sizeof *a->ranges) == 0;
}

bool status_tally_is_equal(const struct status_tally *a, const struct status_tally *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (!is_same_rule(&a->rules[i], &b->rules[i]))
            return false;
    return true;
}

/* All that were ever put are kept, those that a worker holds too. */
void status_tally_put(struct slot *slot, struct status_tally *tally)
{
    struct status_tally *was = atomic_load_explicit(&slot->tally, memory_order_relaxed);

    if (status_tally_is_equal(was, tally)) {
        status_tally_free(tally);
        return;
    }
    if (tally != NULL) {
        tally->next = slot->kept_tallies;
        slot->kept_tallies = tally;
    }
    atomic_store_explicit(&slot->tally, tally, memory_order_release);
}

static bool names_status(const struct kept_rule *rule, unsigned status)
{
    for (unsigned i = 0; i < rule->range_count; i++)
        if (status >= rule->ranges[i].from && status <= rule->ranges[i].to)
            return true;
    return false;
}

static bool is_under(const struct kept_rule *rule, struct slice path)
{
    size_t len = rule->path_len;

    if (path.len < len || memcmp(path.ptr, rule->path, len) != 0)
        return false;
    return path.len == len || (len > 0 && rule->path[len - 1] == '/') || path.ptr[len] == '/';
}

void status_tally_count(struct status_tally *tally, unsigned worker, unsigned status,
                        struct slice path)
{
    _Atomic uint64_t *counters = tally->counters + (size_t)worker * tally->stride;

    if (status / 100 >= CLASSES || (tally->classes & 1u << status / 100) == 0)
        return;
    for (unsigned i = 0; i < tally->count; i++) {
        uint64_t was = 0;

        if (!names_status(&tally->rules[i], status) || !is_under(&tally->rules[i], path))
            continue;
        was = atomic_load_explicit(&counters[i], memory_order_relaxed);
        atomic_store_explicit(&counters[i], was + 1, memory_order_relaxed);
    }
}

bool status_tally_sum(const struct status_tally *tally, const char *name, uint64_t *out)
{
    for (unsigned i = 0; tally != NULL && i < tally->count; i++) {
        uint64_t sum = 0;

        if (strcmp(tally->rules[i].name, name) != 0)
            continue;
        for (unsigned worker = 0; worker < tally->worker_count; worker++)
            sum += atomic_load_explicit(&tally->counters[(size_t)worker * tally->stride + i],
                                        memory_order_relaxed);
        *out = sum;
        return true;
    }
    return false;
}
