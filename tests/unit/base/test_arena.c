/* The arena: alignment, the first block, the limit, reset. */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"

static alignas(16) char first[256];

Test(arena, serves_from_its_first_block)
{
    struct arena arena;
    char *a = NULL;
    char *b = NULL;

    arena_init(&arena, first, sizeof first, 0);
    a = arena_alloc(&arena, 1);
    b = arena_alloc(&arena, 240);
    cr_assert_eq(a, first);
    cr_assert_eq(b, first + 16);
    cr_assert_null(arena_alloc(&arena, 1), "the limit of heap memory is 0");
    cr_assert_eq(arena.used_bytes, 0);
    arena_reset(&arena);
    cr_assert_eq(arena_alloc(&arena, 256), first);
    arena_reset(&arena);
}

Test(arena, takes_more_blocks_up_to_its_limit)
{
    struct arena arena;
    size_t total = 0;

    arena_init(&arena, first, sizeof first, 10000);
    while (arena_alloc(&arena, 112) != NULL)
        total += 112;
    cr_assert_leq(arena.used_bytes, 10000);
    cr_assert_geq(total, 9500);
    cr_assert_null(arena_alloc(&arena, 112));
    arena_reset(&arena);
    cr_assert_eq(arena.used_bytes, 0);
    cr_assert_not_null(arena_alloc(&arena, 9984));
    cr_assert_null(arena_alloc(&arena, 300));
    arena_reset(&arena);
}

Test(arena, never_passes_a_small_limit)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 100);
    cr_assert_not_null(arena_alloc(&arena, 48));
    cr_assert_leq(arena.used_bytes, 100);
    cr_assert_not_null(arena_alloc(&arena, 48));
    cr_assert_null(arena_alloc(&arena, 48));
    arena_reset(&arena);
}

Test(arena, refuses_sizes_beyond_everything)
{
    struct arena arena;

    arena_init(&arena, first, sizeof first, SIZE_MAX);
    cr_assert_null(arena_alloc(&arena, SIZE_MAX));
    cr_assert_null(arena_alloc(&arena, SIZE_MAX - 14));
    arena_reset(&arena);
    arena_init(&arena, first, sizeof first, 4096);
    cr_assert_null(arena_alloc(&arena, SIZE_MAX / 2));
    cr_assert_null(arena_alloc(&arena, 4097));
    arena_reset(&arena);
}

Test(arena, gives_aligned_pieces_that_do_not_overlap)
{
    enum { PIECES = 400 };
    unsigned char *pieces[PIECES];
    size_t sizes[PIECES];
    uint64_t random = 5;
    struct arena arena;

    arena_init(&arena, first, sizeof first, 1u << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PIECES; i++) {
            sizes[i] = hash_random(&random) % (i % 50 == 0 ? 6000 : 100);
            pieces[i] = arena_alloc(&arena, sizes[i]);
            cr_assert_not_null(pieces[i]);
            cr_assert_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
            memset(pieces[i], i & 0xff, sizes[i]);
        }
        for (int i = 0; i < PIECES; i++)
            for (size_t at = 0; at < sizes[i]; at++)
                cr_assert(pieces[i][at] == (i & 0xff), "piece %d", i);
        arena_reset(&arena);
    }
}
