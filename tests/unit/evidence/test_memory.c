/* Memories of baselines as bytes: src/evidence/memory.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "evidence/memory.h"

static struct memory make(void)
{
    struct memory memory = { .n = 1234.5, .e = 6.25, .spread = 0.1, .expected = 0.3 };

    memory.buckets[0] = 1e-30;
    memory.buckets[300] = 1000.0 / 3;
    memory.buckets[COUNTS_BUCKETS - 1] = 7;
    return memory;
}

static int decode(const struct memory *from, struct memory *out)
{
    struct text bytes;
    int err = 0;

    text_init(&bytes, MEMORY_BYTES_MAX);
    memory_encode(from, &bytes);
    cr_assert(!text_is_cut(&bytes));
    err = memory_decode(text_slice(&bytes), out);
    text_fini(&bytes);
    return err;
}

Test(memory, comes_back_to_the_last_bit)
{
    struct memory memory = make();
    struct memory out;

    cr_assert_eq(decode(&memory, &out), 0);
    cr_expect_eq(memcmp(&memory, &out, sizeof out), 0);
    for (unsigned i = 0; i < COUNTS_BUCKETS; i++)
        memory.buckets[i] = 1e15 / (i + 1);
    cr_assert_eq(decode(&memory, &out), 0, "a full one has room");
    cr_expect_eq(memcmp(&memory, &out, sizeof out), 0);
}

Test(memory, what_nobody_could_remember_is_refused)
{
    struct memory bad[] = { make(), make(), make(), make(), make(), make() };
    struct memory out;

    bad[0].n = NAN;
    bad[1].e = bad[1].n + 1;
    bad[2].buckets[5] = -1;
    bad[3].buckets[5] = INFINITY;
    bad[4].spread = -0.5;
    bad[5].expected = 1e300;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(decode(&bad[i], &out), ERR_CORRUPT, "%u", i);
}

Test(memory, bytes_of_another_length_are_refused)
{
    struct memory memory = make();
    struct memory out;
    struct text bytes;

    text_init(&bytes, MEMORY_BYTES_MAX + 1);
    memory_encode(&memory, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        cr_assert_eq(memory_decode(slice_of(bytes.bytes, len), &out), ERR_CORRUPT, "%zu", len);
    text_add(&bytes, "x");
    cr_expect_eq(memory_decode(text_slice(&bytes), &out), ERR_CORRUPT);
    text_fini(&bytes);
}
