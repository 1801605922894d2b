/* See cohort_cases_priv.h. Open addressing; what is taken out lets those behind it move up, so that looking ends at the
 * first free place. */
#include "pilot/cohort_cases_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "route/cohort_cells.h"

enum { MASK = COHORT_PLACES - 1 };

void cohort_cases_init(struct cohort_cases *cases)
{
    TAILQ_INIT(&cases->order);
}

void cohort_cases_fini(struct cohort_cases *cases)
{
    for (size_t i = 0; i < COHORT_PLACES; i++)
        free(cases->table[i]);
}

static bool is_of(const struct cohort_case *item, const struct cohort_entry *entry)
{
    return item->hash == entry->hash && slice_is_equal(slice_from(item->tenant), entry->tenant);
}

/* Where it is, or would be. */
static size_t find_place(const struct cohort_cases *cases, const struct cohort_entry *entry)
{
    size_t at = entry->hash & MASK;

    while (cases->table[at] != NULL && !is_of(cases->table[at], entry))
        at = (at + 1) & MASK;
    return at;
}

struct cohort_case *cohort_cases_find(const struct cohort_cases *cases,
                                      const struct cohort_entry *entry)
{
    return cases->table[find_place(cases, entry)];
}

/* Those that stand behind the gap because it was taken move into it. */
static void close_gap(struct cohort_cases *cases, size_t gap)
{
    for (size_t at = (gap + 1) & MASK; cases->table[at] != NULL; at = (at + 1) & MASK) {
        size_t home = cases->table[at]->hash & MASK;

        if (((at - home) & MASK) < ((at - gap) & MASK))
            continue;
        cases->table[gap] = cases->table[at];
        cases->table[at] = NULL;
        gap = at;
    }
}

static void take_out(struct cohort_cases *cases, struct cohort_case *item)
{
    size_t at = item->hash & MASK;

    while (cases->table[at] != item)
        at = (at + 1) & MASK;
    cases->table[at] = NULL;
    close_gap(cases, at);
    TAILQ_REMOVE(&cases->order, item, order);
    cases->count--;
    free(item);
}

/* False: nobody has to go yet. */
static bool make_room(struct cohort_cases *cases, uint64_t now_ms)
{
    struct cohort_case *item = NULL;

    TAILQ_FOREACH(item, &cases->order, order)
    {
        if (item->is_open || item->is_dirty)
            continue;
        if (!item->is_left && now_ms - item->error_ms < COHORT_KEPT_MS)
            return false;
        take_out(cases, item);
        return true;
    }
    return false;
}

struct cohort_case *cohort_cases_add(struct cohort_cases *cases, const struct cohort_entry *entry,
                                     uint64_t now_ms)
{
    struct cohort_case *item = NULL;

    if (entry->tenant.len > TENANT_BYTES_MAX ||
        (cases->count == COHORTS_MAX && !make_room(cases, now_ms)))
        return NULL;
    item = mem_zalloc(sizeof *item);
    item->hash = entry->hash;
    item->error_ms = now_ms;
    memcpy(item->tenant, entry->tenant.ptr, entry->tenant.len);
    cases->table[find_place(cases, entry)] = item;
    TAILQ_INSERT_TAIL(&cases->order, item, order);
    cases->count++;
    return item;
}

void cohort_cases_touch(struct cohort_cases *cases, struct cohort_case *item, uint64_t now_ms)
{
    item->error_ms = now_ms;
    item->is_left = false;
    TAILQ_REMOVE(&cases->order, item, order);
    TAILQ_INSERT_TAIL(&cases->order, item, order);
}

void cohort_cases_leave(struct cohort_cases *cases, struct cohort_case *item)
{
    item->is_left = true;
    TAILQ_REMOVE(&cases->order, item, order);
    TAILQ_INSERT_HEAD(&cases->order, item, order);
}

void cohort_cases_restart(struct cohort_cases *cases)
{
    struct cohort_case *item = NULL;

    TAILQ_FOREACH(item, &cases->order, order)
    item->is_begun = false;
}
