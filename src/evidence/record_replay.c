/* Records recomputed: evidence/record.h. Called for commands, offline and by tests; the bytes may be anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "evidence/record_priv.h"

enum { EVENTS_BYTES = ENGINE_EVENTS_MAX * 512 };

/* One replay while it runs. */
struct replay {
    struct walk walk;
    struct engine *engine;
    struct record_replay *out;
    struct engine_codec_tick tick;
    struct engine_event events[ENGINE_EVENTS_MAX];
    uint8_t recorded[EVENTS_BYTES]; /* the events of one tick as bytes */
    uint8_t replayed[EVENTS_BYTES];
};

static int refuse(char words[RECORD_WORDS], int err, const char *why)
{
    snprintf(words, RECORD_WORDS, "the record cannot be read: %s", why);
    return err;
}

static uint64_t read_sum(struct slice at)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < RECORD_SUM; i++)
        sum |= (uint64_t)(uint8_t)at.ptr[i] << 8 * i;
    return sum;
}

/* Magic, version and checksum; what is between them. */
static int open_record(struct slice bytes, struct slice *body, char words[RECORD_WORDS])
{
    size_t end = 0;

    if (bytes.len < RECORD_HEAD + RECORD_SUM ||
        memcmp(bytes.ptr, RECORD_MAGIC, strlen(RECORD_MAGIC)) != 0)
        return refuse(words, ERR_CORRUPT, "it is none, or its beginning is lost");
    if (bytes.len > RECORD_BYTES_MAX)
        return refuse(words, ERR_RANGE, "it is longer than records are");
    if (bytes.ptr[RECORD_HEAD - 1] != RECORD_VERSION)
        return refuse(words, ERR_VERSION, "its format is of another version of the program");
    end = bytes.len - RECORD_SUM;
    if (record_sum(slice_of(bytes.ptr, end)) != read_sum(slice_of(bytes.ptr + end, RECORD_SUM)))
        return refuse(words, ERR_CORRUPT, "its checksum does not fit, it is cut or damaged");
    *body = slice_of(bytes.ptr + RECORD_HEAD, end - RECORD_HEAD);
    return 0;
}

/* Settings as they could have been given: others could lead anywhere. */
static int check_settings(const struct settings *settings, char words[RECORD_WORDS])
{
    char why[SETTINGS_WORDS];
    struct settings copy = *settings;
    int err = 0;

#define SETTING(name, fallback, least, most, sentence)                                             \
    if (!(settings->name >= (least) && settings->name <= (most)))                                  \
        return refuse(words, ERR_CORRUPT, "its setting " #name " is out of range");
#include "evidence/settings.def"
#undef SETTING
    err = settings_check(&copy, why);
    return err == 0 ? 0 : refuse(words, ERR_CORRUPT, why);
}

static int override(struct engine *engine, const struct record_override *overrides, size_t count,
                    char words[RECORD_WORDS])
{
    struct settings settings = engine->state.settings;
    int err = 0;

    for (size_t i = 0; i < count && err == 0; i++)
        err = settings_set(&settings, overrides[i].name, overrides[i].value, words);
    if (err == 0)
        err = settings_check(&settings, words);
    if (err == 0)
        engine_configure(engine, &settings);
    return err;
}

static void keep(struct record_events *events, const struct engine_event *event)
{
    if (events->count < RECORD_EVENTS)
        events->events[events->count] = *event;
    events->count++;
}

/* The events that follow a tick; their bytes, to be compared. */
static size_t read_events(struct replay *replay)
{
    uint32_t count = 0;
    struct walk again;

    walk_u32(&replay->walk, &count, ENGINE_EVENTS_MAX);
    walk_write(&again, replay->recorded, sizeof replay->recorded);
    walk_u32(&again, &count, ENGINE_EVENTS_MAX);
    for (uint32_t i = 0; i < count && !replay->walk.is_bad; i++) {
        struct engine_event event = { 0 };

        engine_codec_event(&replay->walk, &event);
        engine_codec_event(&again, &event);
        keep(&replay->out->recorded, &event);
    }
    return again.len;
}

static size_t run_tick(struct replay *replay)
{
    uint32_t count = engine_tick(replay->engine, &replay->tick.tick, replay->events);
    struct walk walk;

    walk_write(&walk, replay->replayed, sizeof replay->replayed);
    walk_u32(&walk, &count, ENGINE_EVENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        keep(&replay->out->replayed, &replay->events[i]);
        engine_codec_event(&walk, &replay->events[i]);
    }
    return walk.len;
}

static void run_ticks(struct replay *replay)
{
    for (;;) {
        bool is_one_more = false;
        size_t recorded = 0;
        size_t replayed = 0;

        walk_bool(&replay->walk, &is_one_more);
        if (!is_one_more || replay->walk.is_bad)
            return;
        engine_codec_read_tick(&replay->walk, &replay->tick);
        recorded = read_events(replay);
        if (replay->out->tick_count == RECORD_TICKS_MAX)
            replay->walk.is_bad = true;
        if (replay->walk.is_bad)
            return;
        replayed = run_tick(replay);
        replay->out->tick_count++;
        if (recorded != replayed || memcmp(replay->recorded, replay->replayed, recorded) != 0)
            replay->out->is_same = false;
    }
}

static int run(struct replay *replay, const struct record_override *overrides, size_t count,
               char words[RECORD_WORDS])
{
    struct engine_state *state = &replay->engine->state;
    struct record_replay *out = replay->out;
    const char *reason = "";
    int err = 0;

    record_walk_stamp(&replay->walk, &out->stamp);
    engine_codec_state(&replay->walk, state);
    if (replay->walk.is_bad)
        return refuse(words, ERR_CORRUPT, "the state at its beginning is none");
    err = check_settings(&state->settings, words);
    if (err != 0)
        return err;
    out->settings = state->settings;
    out->from_ms = state->now_ms;
    out->is_same = true;
    err = override(replay->engine, overrides, count, words);
    if (err != 0)
        return err;
    run_ticks(replay);
    if (replay->walk.is_bad || replay->walk.in.len != RECORD_SUM)
        return refuse(words, ERR_CORRUPT, "its ticks do not end where they should");
    if (read_sum(replay->walk.in) != record_state_sum(state))
        out->is_same = false;
    out->to_ms = state->now_ms;
    engine_look(replay->engine, &out->view);
    out->advice = engine_advise(replay->engine, out->view.next_weight, &reason);
    snprintf(out->advice_words, sizeof out->advice_words, "%s", reason);
    return 0;
}

int record_replay(struct slice bytes, const struct record_override *overrides,
                  size_t override_count, struct record_replay *out, char words[RECORD_WORDS])
{
    struct replay *replay = NULL;
    struct settings settings;
    struct slice body;
    int err = open_record(bytes, &body, words);

    if (err != 0)
        return err;
    settings_default(&settings);
    memset(out, 0, sizeof *out);
    replay = mem_zalloc(sizeof *replay);
    replay->engine = engine_new(&settings);
    replay->out = out;
    walk_read(&replay->walk, body);
    err = run(replay, overrides, override_count, words);
    engine_free(replay->engine);
    free(replay);
    return err;
}
