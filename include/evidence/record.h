/*
 * The flight recorder of an engine: the last ticks with what came of them, and the state they began from, so that a
 * decision can be recomputed elsewhere with the same code, bit for bit, or with other settings. A record is
 * self-contained bytes with a version and a checksum; it may come from anywhere, a damaged one is refused in words.
 *
 * Recording is bounded in time and bytes and allocates nothing after record_new. One thread.
 */
#ifndef EVIDENCE_RECORD_H
#define EVIDENCE_RECORD_H

#include "base/slice.h"
#include "base/text.h"
#include "evidence/engine.h"

enum {
    RECORD_BYTES_LEAST = 64 * 1024,
    RECORD_BYTES_MAX = 16 * 1024 * 1024,
    RECORD_TICKS_MAX = 100000,
    RECORD_WORDS = 256,
};

struct record;

/* Keeps at least the last span_ms of ticks, at most two times that; less when `bytes` (two times, at least
 * RECORD_BYTES_LEAST each) or RECORD_TICKS_MAX are too few for them. */
struct record *record_new(uint64_t span_ms, size_t bytes);
void record_free(struct record *record);

/* engine_tick, and remembers it. */
unsigned record_tick(struct record *record, struct engine *engine, const struct engine_tick *tick,
                     struct engine_event events[ENGINE_EVENTS_MAX]);

/* What was recorded is of no use any more: the engine was changed otherwise than by record_tick (begun anew, observed,
 * configured, restricted). The next tick begins from a new state. */
void record_restart(struct record *record);

/* What the caller knows about the moment. */
struct record_stamp {
    uint64_t wall_ms;
    uint64_t config_hash;
};

/* The bytes, appended to a text whose limit is RECORD_BYTES_MAX or more. Before the first tick: ERR_AGAIN. */
MUST_CHECK int record_take(const struct record *record, const struct engine *engine,
                           struct record_stamp stamp, struct text *out);

enum { RECORD_EVENTS = 128 };
struct record_events {
    size_t count; /* may be more than there are in the array: the rest is left out */
    struct engine_event events[RECORD_EVENTS];
};

/* What a replay found. */
struct record_replay {
    struct record_stamp stamp;
    uint64_t from_ms, to_ms; /* since engine_begin */
    uint64_t tick_count;
    struct settings settings; /* as recorded */
    struct record_events recorded, replayed;
    bool is_same;              /* every event and the state at the end, to the last bit */
    struct engine_view view;   /* at the end of the replay */
    enum engine_advice advice; /* on the next step, at the end of the replay */
    char advice_words[RECORD_WORDS];
};

struct record_override {
    const char *name;
    const char *value;
};

/* Recomputes a record, with some settings replaced from its beginning on. ERR_CORRUPT (damaged), ERR_VERSION (another
 * version of the format), or what settings_set says of an override; all with words. */
MUST_CHECK int record_replay(struct slice bytes, const struct record_override *overrides,
                             size_t override_count, struct record_replay *out,
                             char words[RECORD_WORDS]);

#endif
