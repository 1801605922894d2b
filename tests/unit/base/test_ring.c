/* The ring against a model: order, bytes, wrap, full, dropped. One thread plays both sides. */
#include "base/ring.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

Test(ring, an_empty_one_has_nothing)
{
    struct ring *ring = ring_new(1);
    size_t size = 77;

    cr_assert_null(ring_peek(ring, &size));
    cr_assert_eq(size, 77);
    cr_assert_eq(ring_dropped(ring), 0);
    ring_free(ring);
    ring_free(NULL);
}

static void put(struct ring *ring, const char *words)
{
    void *room = ring_reserve(ring, strlen(words));

    cr_assert_not_null(room);
    memcpy(room, words, strlen(words));
    ring_commit(ring, strlen(words));
}

static void expect(struct ring *ring, const char *words)
{
    size_t size = 0;
    const void *record = ring_peek(ring, &size);

    cr_assert_not_null(record);
    cr_assert_eq(size, strlen(words));
    cr_assert_eq(memcmp(record, words, size), 0);
    cr_assert_eq((size_t)record % 8, 0);
    ring_pop(ring);
}

Test(ring, gives_back_in_order)
{
    struct ring *ring = ring_new(256);

    put(ring, "first");
    put(ring, "");
    put(ring, "the third one is longer than eight");
    expect(ring, "first");
    expect(ring, "");
    put(ring, "fourth");
    expect(ring, "the third one is longer than eight");
    expect(ring, "fourth");
    ring_free(ring);
}

Test(ring, shows_a_record_only_after_commit_and_with_its_final_size)
{
    struct ring *ring = ring_new(256);
    size_t size = 0;
    char *room = ring_reserve(ring, 100);

    cr_assert_not_null(room);
    cr_assert_null(ring_peek(ring, &size));
    memcpy(room, "abc", 3);
    ring_commit(ring, 3);
    expect(ring, "abc");
    cr_assert_null(ring_peek(ring, &size));
    ring_free(ring);
}

Test(ring, an_abandoned_reservation_has_no_effect)
{
    struct ring *ring = ring_new(256);
    size_t size = 0;

    cr_assert_not_null(ring_reserve(ring, 64));
    cr_assert_null(ring_peek(ring, &size));
    put(ring, "kept");
    expect(ring, "kept");
    cr_assert_eq(ring_dropped(ring), 0);
    ring_free(ring);
}

Test(ring, peek_twice_is_the_same_record)
{
    struct ring *ring = ring_new(64);
    size_t size = 0;

    put(ring, "once");
    cr_assert_eq(ring_peek(ring, &size), ring_peek(ring, &size));
    expect(ring, "once");
    ring_free(ring);
}

Test(ring, drops_and_counts_when_full)
{
    struct ring *ring = ring_new(128);
    int kept = 0;

    while (ring_reserve(ring, 8) != NULL) {
        ring_commit(ring, 8);
        kept++;
    }
    cr_assert_eq(kept, 128 / 16);
    cr_assert_eq(ring_dropped(ring), 1);
    cr_assert_null(ring_reserve(ring, 0));
    cr_assert_eq(ring_dropped(ring), 2);
    for (int i = 0; i < kept; i++) {
        size_t size = 0;

        cr_assert_not_null(ring_peek(ring, &size));
        ring_pop(ring);
    }
    put(ring, "again");
    expect(ring, "again");
    cr_assert_eq(ring_dropped(ring), 2);
    ring_free(ring);
}

Test(ring, takes_up_to_half_its_capacity_at_any_offset)
{
    for (size_t offset = 0; offset < 1024; offset += 8) {
        struct ring *ring = ring_new(1000); /* rounded up to 1024 */
        size_t size = 0;

        for (size_t at = 0; at < offset; at += 8) {
            cr_assert_not_null(ring_reserve(ring, 0));
            ring_commit(ring, 0);
            cr_assert_not_null(ring_peek(ring, &size));
            ring_pop(ring);
        }
        cr_assert_null(ring_reserve(ring, 505), "offset %zu", offset);
        cr_assert_null(ring_reserve(ring, SIZE_MAX), "offset %zu", offset);
        cr_assert_not_null(ring_reserve(ring, 504), "offset %zu", offset);
        ring_commit(ring, 504);
        cr_assert_not_null(ring_peek(ring, &size));
        cr_assert_eq(size, 504);
        ring_pop(ring);
        cr_assert_eq(ring_dropped(ring), 2);
        ring_free(ring);
    }
}

/* The model: sizes of the records in the ring, as numbers of a running sequence. */
struct model {
    size_t sizes[4096];
    uint64_t first;
    uint64_t next;
    uint64_t dropped;
};

static unsigned char byte_of(uint64_t number, size_t at)
{
    return (unsigned char)hash_mix(number * 1000003u + at);
}

static void write_one(struct ring *ring, struct model *model, uint64_t *random)
{
    size_t reserved = hash_random(random) % 300;
    size_t size = hash_random(random) % (reserved + 1);
    unsigned char *room = ring_reserve(ring, reserved);

    if (room == NULL) {
        model->dropped++;
        return;
    }
    for (size_t i = 0; i < size; i++)
        room[i] = byte_of(model->next, i);
    ring_commit(ring, size);
    model->sizes[model->next++ % 4096] = size;
}

static void read_one(struct ring *ring, struct model *model)
{
    size_t size = 0;
    const unsigned char *record = ring_peek(ring, &size);

    cr_assert_eq(record != NULL, model->first < model->next);
    if (record == NULL)
        return;
    cr_assert_eq(size, model->sizes[model->first % 4096]);
    for (size_t i = 0; i < size; i++)
        cr_assert(record[i] == byte_of(model->first, i), "record %lu byte %zu",
                  (unsigned long)model->first, i);
    ring_pop(ring);
    model->first++;
}

Test(ring, agrees_with_a_model_over_random_sizes)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        uint64_t random = seed;
        struct model model = { .first = 0 };
        struct ring *ring = ring_new(1024u << (seed % 3));

        for (int i = 0; i < 20000; i++) {
            if (hash_random(&random) % 100 < 40 + 10 * (seed % 3))
                write_one(ring, &model, &random);
            else
                read_one(ring, &model);
            cr_assert_eq(ring_dropped(ring), model.dropped);
        }
        while (model.first < model.next)
            read_one(ring, &model);
        read_one(ring, &model);
        cr_assert_gt(model.next, 1000);
        ring_free(ring);
    }
}

Test(ring, committing_without_a_reservation_is_a_bug, .signal = SIGABRT)
{
    struct ring *ring = ring_new(64);

    ring_commit(ring, 0);
}

Test(ring, committing_more_than_reserved_is_a_bug, .signal = SIGABRT)
{
    struct ring *ring = ring_new(64);

    cr_assert_not_null(ring_reserve(ring, 4));
    ring_commit(ring, 5);
}

Test(ring, popping_an_empty_one_is_a_bug, .signal = SIGABRT)
{
    struct ring *ring = ring_new(64);

    ring_pop(ring);
}
