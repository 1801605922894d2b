/* See memory.h. Called by the engine's codec for records, and by who keeps memories over a restart. */
#include "evidence/memory_priv.h"

#include <math.h>

#include "base/err.h"
#include "base/text.h"

static const double most = 1e15; /* requests */

void memory_walk(struct walk *walk, struct memory *memory)
{
    walk_double(walk, &memory->n);
    walk_double(walk, &memory->e);
    walk_double(walk, &memory->spread);
    walk_double(walk, &memory->expected);
    walk_doubles(walk, memory->buckets, COUNTS_BUCKETS);
}

void memory_encode(const struct memory *memory, struct text *out)
{
    struct memory copy = *memory;
    uint8_t bytes[MEMORY_BYTES_MAX];
    struct walk walk;

    walk_write(&walk, bytes, sizeof bytes);
    memory_walk(&walk, &copy);
    CHECK(!walk.is_bad);
    text_add_slice(out, slice_of((const char *)bytes, walk.len));
}

/* False for what is no number, too. */
static bool is_sum(double value)
{
    return isfinite(value) && value >= 0 && value <= most;
}

int memory_decode(struct slice bytes, struct memory *out)
{
    struct memory memory = { .n = 0 };
    struct walk walk;
    bool is_right = false;

    walk_read(&walk, bytes);
    memory_walk(&walk, &memory);
    is_right = !walk.is_bad && walk.in.len == 0 && is_sum(memory.n) && is_sum(memory.e) &&
               memory.e <= memory.n && is_sum(memory.spread) && is_sum(memory.expected);
    for (unsigned i = 0; i < COUNTS_BUCKETS && is_right; i++)
        is_right = is_sum(memory.buckets[i]);
    if (!is_right)
        return ERR_CORRUPT;
    *out = memory;
    return 0;
}
