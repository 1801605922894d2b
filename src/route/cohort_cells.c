/*
 * Cells of pinned tenants: see route/cohort_cells.h. The counters lie densely in the order of their tenants' first
 * requests, so that folding reads nothing else; a hash index beside them is the worker's alone.
 */
#include "route/cohort_cells.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "route/slot.h"
#include "route/tenant.h"

enum { PLACES = 2 * COHORT_CELLS, FIRST_GIVEN = 64 };
_Static_assert((PLACES & (PLACES - 1)) == 0 && COHORT_CELLS <= UINT16_MAX, "places of the index");

struct cohort_cell {
    _Atomic uint32_t n;
    _Atomic uint32_t e;
};

/* Constant once the table's count includes it. */
struct cohort_name {
    uint64_t hash;
    uint8_t len;
    char id[TENANT_BYTES_MAX];
};

struct cohort_table {
    struct cohort_table *_Atomic before; /* full, not written any more; the reader takes it */
    uint32_t number;                     /* from 1 */
    _Atomic uint32_t count;
    _Atomic uint64_t untaken;
    struct cohort_cell cells[COHORT_CELLS];
    uint16_t index[PLACES]; /* number of a cell plus one; 0: free. The worker's alone */
    struct cohort_name names[COHORT_CELLS];
};

/* Owner: slot. Thread: each table has its worker, control reads. Ends with the slot. */
struct cohort_cells {
    unsigned worker_count;
    struct cohort_table *_Atomic tables[];
};

struct cohort_given {
    uint32_t n;
    uint32_t e;
};

struct cohort_cells *cohort_cells_new(unsigned worker_count)
{
    struct cohort_cells *cells = NULL;

    CHECK(worker_count > 0 && worker_count <= ROUTE_WORKERS_MAX);
    cells = mem_zalloc(sizeof *cells + worker_count * sizeof cells->tables[0]);
    cells->worker_count = worker_count;
    return cells;
}

static struct cohort_table *load_table(const struct cohort_cells *cells, unsigned worker)
{
    return atomic_load_explicit(&cells->tables[worker], memory_order_acquire);
}

void cohort_cells_free(struct cohort_cells *cells)
{
    for (unsigned worker = 0; cells != NULL && worker < cells->worker_count; worker++) {
        struct cohort_table *table = load_table(cells, worker);

        if (table != NULL)
            free(atomic_load_explicit(&table->before, memory_order_relaxed));
        free(table);
    }
    free(cells);
}

/* Made by the first request of a pinned tenant; its pages are used as its tenants come. */
static struct cohort_table *take_table(struct cohort_cells *cells, unsigned worker)
{
    struct cohort_table *table = NULL;

    CHECK(worker < cells->worker_count);
    table = load_table(cells, worker);
    if (table == NULL) {
        table = mem_zalloc(sizeof *table);
        table->number = 1;
        atomic_store_explicit(&cells->tables[worker], table, memory_order_release);
    }
    return table;
}

/* A new table in place of a full one; NULL: the reader has not taken the one before. */
static struct cohort_table *replace_table(struct cohort_cells *cells, unsigned worker,
                                          struct cohort_table *full)
{
    struct cohort_table *table = NULL;

    if (atomic_load_explicit(&full->count, memory_order_relaxed) < COHORT_CELLS ||
        atomic_load_explicit(&full->before, memory_order_acquire) != NULL)
        return NULL;
    table = mem_zalloc(sizeof *table);
    table->number = full->number + 1;
    atomic_store_explicit(&table->untaken,
                          atomic_load_explicit(&full->untaken, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&table->before, full, memory_order_relaxed);
    atomic_store_explicit(&cells->tables[worker], table, memory_order_release);
    return table;
}

static bool is_of(const struct cohort_name *name, uint64_t hash, struct slice tenant)
{
    return name->hash == hash && name->len == tenant.len &&
           memcmp(name->id, tenant.ptr, tenant.len) == 0;
}

/* The tenant's cell, which is new perhaps; NULL: there is none left. Half of the places stay free, so that looking
 * ends. */
static struct cohort_cell *take_cell(struct cohort_table *table, struct slice tenant)
{
    uint64_t hash = hash_bytes(0, tenant.ptr, tenant.len);
    uint32_t count = atomic_load_explicit(&table->count, memory_order_relaxed);
    size_t at = hash & (PLACES - 1);
    struct cohort_name *name = NULL;

    for (; table->index[at] != 0; at = (at + 1) & (PLACES - 1))
        if (is_of(&table->names[table->index[at] - 1], hash, tenant))
            return &table->cells[table->index[at] - 1];
    if (count == COHORT_CELLS)
        return NULL;
    name = &table->names[count];
    name->hash = hash;
    name->len = (uint8_t)tenant.len;
    memcpy(name->id, tenant.ptr, tenant.len);
    table->index[at] = (uint16_t)(count + 1);
    atomic_store_explicit(&table->count, count + 1, memory_order_release);
    return &table->cells[count];
}

static void add_one(_Atomic uint32_t *counter)
{
    uint32_t was = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, was + 1, memory_order_release);
}

void cohort_cells_count(struct slot *slot, unsigned worker, struct slice tenant, bool is_error)
{
    struct cohort_table *table = take_table(slot->cohorts, worker);
    struct cohort_cell *cell = NULL;

    if (tenant.len <= TENANT_BYTES_MAX)
        cell = take_cell(table, tenant);
    if (cell == NULL && tenant.len <= TENANT_BYTES_MAX) {
        struct cohort_table *next = replace_table(slot->cohorts, worker, table);

        table = next != NULL ? next : table;
        cell = next != NULL ? take_cell(next, tenant) : NULL;
    }
    if (cell == NULL) {
        uint64_t was = atomic_load_explicit(&table->untaken, memory_order_relaxed);

        atomic_store_explicit(&table->untaken, was + 1, memory_order_relaxed);
        return;
    }
    if (is_error)
        add_one(&cell->e);
    add_one(&cell->n);
}

void cohort_mark_fini(struct cohort_mark *mark)
{
    for (unsigned worker = 0; worker < ROUTE_WORKERS_MAX; worker++)
        free(mark->given[worker]);
    memset(mark, 0, sizeof *mark);
}

static struct cohort_given *make_room(struct cohort_mark *mark, unsigned worker, uint32_t count)
{
    uint32_t room = mark->room[worker] > 0 ? mark->room[worker] : FIRST_GIVEN;
    struct cohort_given *given = NULL;

    if (count <= mark->room[worker])
        return mark->given[worker];
    while (room < count)
        room *= 2;
    given = mem_grow(mark->given[worker], room, sizeof *given);
    memset(given + mark->room[worker], 0, (room - mark->room[worker]) * sizeof *given);
    mark->given[worker] = given;
    mark->room[worker] = room;
    return given;
}

/* The errors of requests that are seen now are seen, too; one of a later request waits for it. */
static bool take_growth(const struct cohort_cell *cell, struct cohort_given *given,
                        struct cohort_entry *out)
{
    out->n = atomic_load_explicit(&cell->n, memory_order_acquire) - given->n;
    out->e = atomic_load_explicit(&cell->e, memory_order_relaxed) - given->e;
    out->e = out->e < out->n ? out->e : out->n;
    given->n += out->n;
    given->e += out->e;
    return out->n > 0;
}

struct fold {
    struct cohort_mark *mark;
    unsigned worker;
    cohort_fn *fn;
    void *arg;
};

static void fold_table(const struct fold *fold, const struct cohort_table *table)
{
    uint32_t count = atomic_load_explicit(&table->count, memory_order_acquire);
    struct cohort_given *given = make_room(fold->mark, fold->worker, count);

    for (uint32_t i = 0; i < count; i++) {
        const struct cohort_name *name = &table->names[i];
        struct cohort_entry entry = { .id = fold->worker * COHORT_CELLS + i };

        if (!take_growth(&table->cells[i], &given[i], &entry))
            continue;
        entry.hash = name->hash;
        entry.tenant = slice_of(name->id, name->len);
        fold->fn(fold->arg, &entry);
    }
}

/* The table is another one than at the last look: what came into the old one since is read, then it goes. */
static void change_table(const struct fold *fold, struct cohort_table *table)
{
    struct cohort_mark *mark = fold->mark;
    struct cohort_table *before = atomic_load_explicit(&table->before, memory_order_acquire);
    uint32_t room = mark->room[fold->worker];

    if (before != NULL) {
        fold_table(fold, before);
        free(before);
        atomic_store_explicit(&table->before, NULL, memory_order_release);
        room = mark->room[fold->worker];
    }
    if (room > 0)
        memset(mark->given[fold->worker], 0, room * sizeof *mark->given[0]);
    mark->number[fold->worker] = table->number;
}

void cohort_cells_fold(const struct slot *slot, struct cohort_mark *mark, cohort_fn *fn, void *arg)
{
    const struct cohort_cells *cells = slot->cohorts;

    for (unsigned worker = 0; worker < cells->worker_count; worker++) {
        struct cohort_table *table = load_table(cells, worker);
        struct fold fold = { mark, worker, fn, arg };

        if (table == NULL)
            continue;
        if (mark->number[worker] != table->number)
            change_table(&fold, table);
        fold_table(&fold, table);
    }
}

uint64_t cohort_cells_untaken(const struct slot *slot)
{
    const struct cohort_cells *cells = slot->cohorts;
    uint64_t sum = 0;

    for (unsigned worker = 0; worker < cells->worker_count; worker++) {
        const struct cohort_table *table = load_table(cells, worker);

        if (table != NULL)
            sum += atomic_load_explicit(&table->untaken, memory_order_relaxed);
    }
    return sum;
}
