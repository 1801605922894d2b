/*
 * See evidence/record.h. Two segments take turns: while one is filled the other one keeps what was before, so that
 * the older one's beginning is the beginning of a record. Called by the control thread in every tick.
 */
#include "evidence/record_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

struct segment {
    bool is_used;
    uint64_t from_ms;
    struct engine_state state; /* before its first tick */
    uint32_t tick_count;
    uint8_t *bytes;
    size_t len;
};

struct record {
    uint64_t span_ms;
    size_t capacity; /* of a segment */
    struct segment segments[2];
    unsigned newest;
    uint8_t *tick; /* the bytes of one tick while it is made */
};

enum { TICK_BYTES = RECORD_BYTES_LEAST };

struct record *record_new(uint64_t span_ms, size_t bytes)
{
    struct record *record = mem_zalloc(sizeof *record);

    record->span_ms = span_ms;
    record->capacity = bytes < RECORD_BYTES_LEAST ? RECORD_BYTES_LEAST : bytes;
    if (record->capacity > RECORD_BYTES_MAX / 4)
        record->capacity = RECORD_BYTES_MAX / 4;
    record->tick = mem_alloc(TICK_BYTES);
    for (unsigned i = 0; i < 2; i++)
        record->segments[i].bytes = mem_alloc(record->capacity);
    return record;
}

void record_free(struct record *record)
{
    if (record == NULL)
        return;
    for (unsigned i = 0; i < 2; i++)
        free(record->segments[i].bytes);
    free(record->tick);
    free(record);
}

void record_restart(struct record *record)
{
    record->segments[0].is_used = false;
    record->segments[1].is_used = false;
}

static void begin_segment(struct record *record, const struct engine_state *state)
{
    struct segment *segment = NULL;

    record->newest ^= 1;
    segment = &record->segments[record->newest];
    segment->is_used = true;
    segment->from_ms = state->now_ms;
    segment->state = *state;
    segment->tick_count = 0;
    segment->len = 0;
}

unsigned record_tick(struct record *record, struct engine *engine, const struct engine_tick *tick,
                     struct engine_event events[ENGINE_EVENTS_MAX])
{
    struct segment *segment = &record->segments[record->newest];
    bool is_one_more = true;
    uint32_t count = 0;
    struct walk walk;

    walk_write(&walk, record->tick, TICK_BYTES);
    walk_bool(&walk, &is_one_more);
    engine_codec_write_tick(&walk, tick);
    /* a new segment begins with the state before this tick, so there must be room for all that may come of it */
    if (!segment->is_used || record->capacity - segment->len < TICK_BYTES ||
        segment->tick_count >= RECORD_TICKS_MAX / 2 ||
        engine->state.now_ms - segment->from_ms >= record->span_ms)
        begin_segment(record, &engine->state);
    count = engine_tick(engine, tick, events);
    walk_u32(&walk, &count, ENGINE_EVENTS_MAX);
    for (uint32_t i = 0; i < count; i++)
        engine_codec_event(&walk, &events[i]);
    CHECK(!walk.is_bad);
    segment = &record->segments[record->newest];
    memcpy(segment->bytes + segment->len, record->tick, walk.len);
    segment->len += walk.len;
    segment->tick_count++;
    return count;
}

uint64_t record_sum(struct slice bytes)
{
    return hash_bytes(RECORD_VERSION, bytes.ptr, bytes.len);
}

uint64_t record_state_sum(const struct engine_state *state)
{
    struct engine_state *copy = mem_alloc(sizeof *copy);
    uint8_t *bytes = mem_alloc(RECORD_STATE_MAX);
    uint64_t sum = 0;
    struct walk walk;

    *copy = *state;
    walk_write(&walk, bytes, RECORD_STATE_MAX);
    engine_codec_state(&walk, copy);
    CHECK(!walk.is_bad);
    sum = record_sum(slice_of((const char *)bytes, walk.len));
    free(bytes);
    free(copy);
    return sum;
}

void record_put_sum(uint64_t sum, char out[RECORD_SUM])
{
    for (unsigned i = 0; i < RECORD_SUM; i++)
        out[i] = (char)(uint8_t)(sum >> 8 * i);
}

void record_walk_stamp(struct walk *walk, struct record_stamp *stamp)
{
    walk_u64(walk, &stamp->wall_ms);
    walk_u64(walk, &stamp->config_hash);
}

static void add_head(struct text *out, struct record_stamp stamp, const struct engine_state *state)
{
    static const char version = RECORD_VERSION;
    struct engine_state *copy = mem_alloc(sizeof *copy);
    uint8_t *bytes = mem_alloc(RECORD_STATE_MAX);
    struct walk walk;

    *copy = *state;
    walk_write(&walk, bytes, RECORD_STATE_MAX);
    record_walk_stamp(&walk, &stamp);
    engine_codec_state(&walk, copy);
    CHECK(!walk.is_bad);
    text_add(out, RECORD_MAGIC);
    text_add_slice(out, slice_of(&version, 1));
    text_add_slice(out, slice_of((const char *)bytes, walk.len));
    free(bytes);
    free(copy);
}

int record_take(const struct record *record, const struct engine *engine, struct record_stamp stamp,
                struct text *out)
{
    const struct segment *newest = &record->segments[record->newest];
    const struct segment *before = &record->segments[record->newest ^ 1];
    const struct segment *first = before->is_used ? before : newest;
    size_t from = text_slice(out).len;
    struct slice added = { 0 };
    char sum[RECORD_SUM];

    if (!newest->is_used)
        return ERR_AGAIN;
    add_head(out, stamp, &first->state);
    if (before->is_used)
        text_add_slice(out, slice_of((const char *)before->bytes, before->len));
    text_add_slice(out, slice_of((const char *)newest->bytes, newest->len));
    text_add_slice(out, slice_of("", 1));
    record_put_sum(record_state_sum(&engine->state), sum);
    text_add_slice(out, slice_of(sum, sizeof sum));
    added = text_slice(out);
    record_put_sum(record_sum(slice_of(added.ptr + from, added.len - from)), sum);
    text_add_slice(out, slice_of(sum, sizeof sum));
    return text_is_cut(out) ? ERR_RANGE : 0;
}
