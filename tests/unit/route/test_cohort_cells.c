/* Cells of pinned tenants: what a reader is given, and what happens when there are too many. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "route/cohort_cells.h"
#include "route/slot.h"
#include "route/tenant.h"

struct seen {
    unsigned calls;
    uint64_t n;
    uint64_t e;
    char last[TENANT_BYTES_MAX + 1];
    uint32_t last_id;
    uint64_t last_hash;
};

static void note(void *arg, const struct cohort_entry *entry)
{
    struct seen *seen = arg;

    cr_assert(entry->e <= entry->n && entry->n > 0);
    seen->calls++;
    seen->n += entry->n;
    seen->e += entry->e;
    seen->last_id = entry->id;
    seen->last_hash = entry->hash;
    memcpy(seen->last, entry->tenant.ptr, entry->tenant.len);
    seen->last[entry->tenant.len] = '\0';
}

static struct seen fold(const struct slot *slot, struct cohort_mark *mark)
{
    struct seen seen = { .calls = 0 };

    cohort_cells_fold(slot, mark, note, &seen);
    return seen;
}

Test(cohort_cells, give_what_grew_and_nothing_else)
{
    struct slot *slot = slot_new(NULL, "blue", 2);
    struct cohort_mark mark = { .room = { 0 } };
    struct seen seen = fold(slot, &mark);

    cr_assert_eq(seen.calls, 0);
    cohort_cells_count(slot, 0, SLICE("acme"), false);
    cohort_cells_count(slot, 0, SLICE("acme"), true);
    cohort_cells_count(slot, 0, SLICE("beta"), false);
    seen = fold(slot, &mark);
    cr_assert(seen.calls == 2 && seen.n == 3 && seen.e == 1);
    cr_assert_eq(fold(slot, &mark).calls, 0);
    cohort_cells_count(slot, 1, SLICE("acme"), true);
    seen = fold(slot, &mark);
    cr_assert(seen.calls == 1 && seen.n == 1 && seen.e == 1);
    cr_assert_str_eq(seen.last, "acme");
    cr_assert_eq(seen.last_id, COHORT_CELLS);
    cr_assert_eq(cohort_cells_untaken(slot), 0);
    cohort_mark_fini(&mark);
    cr_assert_eq(fold(slot, &mark).n, 4, "a new reader begins with the slot");
    cohort_mark_fini(&mark);
    slot_free(slot);
}

Test(cohort_cells, a_tenant_has_one_hash_in_every_slot)
{
    struct slot *blue = slot_new(NULL, "blue", 1);
    struct slot *green = slot_new(NULL, "green", 1);
    struct cohort_mark marks[2] = { { .room = { 0 } }, { .room = { 0 } } };

    cohort_cells_count(green, 0, SLICE("other"), false);
    (void)fold(green, &marks[1]);
    cohort_cells_count(blue, 0, SLICE("acme"), false);
    cohort_cells_count(green, 0, SLICE("acme"), false);
    cr_assert_eq(fold(blue, &marks[0]).last_hash, fold(green, &marks[1]).last_hash);
    cohort_mark_fini(&marks[0]);
    cohort_mark_fini(&marks[1]);
    slot_free(blue);
    slot_free(green);
}

Test(cohort_cells, a_full_table_says_what_it_could_not_take)
{
    struct slot *slot = slot_new(NULL, "blue", 1);
    struct cohort_mark mark = { .room = { 0 } };
    struct seen seen;
    char id[TENANT_BYTES_MAX + 2];

    for (unsigned i = 0; i < 2 * COHORT_CELLS + 10; i++) {
        int len = snprintf(id, sizeof id, "tenant-%u", i);

        cohort_cells_count(slot, 0, slice_of(id, (size_t)len), i % 2 == 0);
    }
    cr_assert_eq(cohort_cells_untaken(slot), 10);
    cohort_cells_count(slot, 0, SLICE("tenant-8200"), false);
    cr_assert_eq(cohort_cells_untaken(slot), 10, "those that are in go on");
    seen = fold(slot, &mark);
    cr_assert(seen.calls == 2 * COHORT_CELLS && seen.n == 2 * COHORT_CELLS + 1 &&
              seen.e == COHORT_CELLS);
    cohort_mark_fini(&mark);
    slot_free(slot);
}

/* However many tenants there are: with a reader that keeps up none is left out, and nothing is given twice. */
Test(cohort_cells, a_reader_makes_room_for_any_number)
{
    struct slot *slot = slot_new(NULL, "blue", 1);
    struct cohort_mark mark = { .room = { 0 } };
    uint64_t n = 0;
    char id[32];

    for (unsigned i = 0; i < 100000; i++) {
        int len = snprintf(id, sizeof id, "tenant-%u", i % 20000);

        cohort_cells_count(slot, 0, slice_of(id, (size_t)len), false);
        if (i % 5000 == 4999)
            n += fold(slot, &mark).n;
    }
    n += fold(slot, &mark).n;
    cr_assert_eq(n, 100000);
    cr_assert_eq(cohort_cells_untaken(slot), 0);
    cohort_mark_fini(&mark);
    slot_free(slot);
}

Test(cohort_cells, the_longest_id_is_kept_whole_and_a_longer_one_is_not_cut)
{
    struct slot *slot = slot_new(NULL, "blue", 1);
    struct cohort_mark mark = { .room = { 0 } };
    char id[TENANT_BYTES_MAX + 1];

    memset(id, 'x', sizeof id);
    cohort_cells_count(slot, 0, slice_of(id, TENANT_BYTES_MAX), false);
    cohort_cells_count(slot, 0, slice_of(id, TENANT_BYTES_MAX + 1), false);
    cr_assert_eq(cohort_cells_untaken(slot), 1);
    cr_assert_eq(strlen(fold(slot, &mark).last), TENANT_BYTES_MAX);
    cohort_mark_fini(&mark);
    slot_free(slot);
}
