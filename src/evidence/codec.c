/* See codec_priv.h. Called for each tick that is recorded, and when a record is taken or replayed. */
#include "evidence/codec_priv.h"

#include <string.h>

enum { SEVEN = 7, LAST_SHIFT = 63 };

void walk_write(struct walk *walk, void *out, size_t capacity)
{
    *walk = (struct walk){ .out = out, .capacity = capacity };
}

void walk_read(struct walk *walk, struct slice in)
{
    *walk = (struct walk){ .is_reading = true, .in = in };
}

static void put(struct walk *walk, uint8_t byte)
{
    if (walk->len == walk->capacity)
        walk->is_bad = true;
    else
        walk->out[walk->len++] = byte;
}

static uint8_t get(struct walk *walk)
{
    uint8_t byte = 0;

    if (walk->is_bad || walk->in.len == 0) {
        walk->is_bad = true;
        return 0;
    }
    byte = (uint8_t)walk->in.ptr[0];
    walk->in = slice_of(walk->in.ptr + 1, walk->in.len - 1);
    return byte;
}

/* Seven bits a byte, the lowest first; one way to write each number. */
static uint64_t get_varint(struct walk *walk)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift <= LAST_SHIFT; shift += SEVEN) {
        uint8_t byte = get(walk);

        if (shift == LAST_SHIFT && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            if (byte == 0 && shift > 0)
                break;
            return walk->is_bad ? 0 : value;
        }
    }
    walk->is_bad = true;
    return 0;
}

void walk_u64(struct walk *walk, uint64_t *value)
{
    uint64_t rest = *value;

    if (walk->is_reading) {
        *value = get_varint(walk);
        return;
    }
    for (; rest > 0x7f; rest >>= SEVEN)
        put(walk, (uint8_t)(rest | 0x80));
    put(walk, (uint8_t)rest);
}

void walk_u32(struct walk *walk, uint32_t *value, uint32_t most)
{
    uint64_t wide = *value;

    walk_u64(walk, &wide);
    if (wide > most) {
        walk->is_bad = true;
        wide = 0;
    }
    *value = (uint32_t)wide;
}

void walk_unsigned(struct walk *walk, unsigned *value, unsigned most)
{
    uint32_t narrow = *value;

    walk_u32(walk, &narrow, most);
    *value = narrow;
}

void walk_bool(struct walk *walk, bool *value)
{
    uint32_t number = *value ? 1 : 0;

    walk_u32(walk, &number, 1);
    *value = number != 0;
}

void walk_double(struct walk *walk, double *value)
{
    uint64_t bits = 0;

    memcpy(&bits, value, sizeof bits);
    for (unsigned i = 0; i < sizeof bits; i++) {
        if (!walk->is_reading) {
            put(walk, (uint8_t)(bits >> 8 * i));
            continue;
        }
        bits = i == 0 ? 0 : bits;
        bits |= (uint64_t)get(walk) << 8 * i;
    }
    memcpy(value, &bits, sizeof bits);
}

void walk_text(struct walk *walk, char *text, size_t capacity)
{
    uint32_t len = walk->is_reading ? 0 : (uint32_t)strnlen(text, capacity - 1);

    walk_u32(walk, &len, (uint32_t)capacity - 1);
    for (uint32_t i = 0; i < len; i++) {
        if (walk->is_reading)
            text[i] = (char)get(walk);
        else
            put(walk, (uint8_t)text[i]);
    }
    if (!walk->is_reading)
        return;
    memset(text + len, 0, capacity - len);
    if (memchr(text, '\0', len) != NULL)
        walk->is_bad = true;
}

/* The way over an array that is mostly zero: before each value that is not, how far on it is; at the end the rest.
 * Answers the place of the next value; count: there is none. */
static size_t step_over(struct walk *walk, size_t from, size_t next, size_t count)
{
    uint64_t skipped = next - from;

    walk_u64(walk, &skipped);
    if (skipped > count - from)
        walk->is_bad = true;
    return walk->is_bad ? count : from + (size_t)skipped;
}

static bool is_zero(const void *value, size_t size)
{
    static const uint8_t zeros[sizeof(uint64_t)];

    return memcmp(value, zeros, size) == 0;
}

typedef void walk_value(struct walk *walk, void *value);

static void walk_array(struct walk *walk, void *values, size_t count, size_t size,
                       walk_value *walk_one)
{
    uint8_t *bytes = values;

    if (walk->is_reading)
        memset(values, 0, count * size);
    for (size_t at = 0; at < count && !walk->is_bad; at++) {
        size_t next = at;

        while (!walk->is_reading && next < count && is_zero(bytes + next * size, size))
            next++;
        at = step_over(walk, at, next, count);
        if (at < count)
            walk_one(walk, bytes + at * size);
    }
}

static void walk_one_double(struct walk *walk, void *value)
{
    walk_double(walk, value);
}

static void walk_one_u64(struct walk *walk, void *value)
{
    walk_u64(walk, value);
}

static void walk_one_u32(struct walk *walk, void *value)
{
    walk_u32(walk, value, UINT32_MAX);
}

void walk_doubles(struct walk *walk, double *values, size_t count)
{
    walk_array(walk, values, count, sizeof *values, walk_one_double);
}

void walk_u64s(struct walk *walk, uint64_t *values, size_t count)
{
    walk_array(walk, values, count, sizeof *values, walk_one_u64);
}

void walk_u32s(struct walk *walk, uint32_t *values, size_t count)
{
    walk_array(walk, values, count, sizeof *values, walk_one_u32);
}
