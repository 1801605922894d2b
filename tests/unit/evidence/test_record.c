/* Records of random decisions: the replay is the same to the last bit, damage is refused, other settings show. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "evidence/record_priv.h"
#include "unit/evidence/traffic.h"

enum { SPAN_MS = 10000, BYTES = 256 * 1024 };

static struct record_replay replay;

/* A random life of an engine until something happens or the time is over. */
struct life {
    struct engine *engine;
    struct record *record;
    struct made_traffic traffic;
    bool is_decided;
};

static void random_settings(struct made_traffic *traffic, struct settings *settings)
{
    char words[SETTINGS_WORDS];

    settings_default(settings);
    settings->latency_warmup_ms = traffic_random(traffic) < 0.5 ? 500 : 10000;
    settings->auto_rollback = traffic_random(traffic) < 0.8;
    settings->guard_sigma = traffic_random(traffic) < 0.5 ? 0 : 3;
    settings->false_rollback_per_hour = 0.001 + 0.1 * traffic_random(traffic);
    cr_assert_eq(settings_check(settings, words), 0, "%s", words);
}

static void add_keys(struct made_traffic *traffic, struct counts *counts)
{
    bool is_one = traffic_random(traffic) < 0.5;

    for (uint64_t i = 0; i < counts->n; i++) {
        unsigned key = (unsigned)(traffic_random(traffic) * COUNTS_BINS);

        counts->bins[i < counts->e && is_one ? 17 : key].n++;
        if (i < counts->e)
            counts->bins[is_one ? 17 : key].e++;
    }
}

static void random_turn(struct made_traffic *traffic)
{
    double chance = traffic_random(traffic);

    if (chance < 0.03)
        traffic->candidate_rate = traffic_random(traffic) < 0.5 ? 0.3 : 1;
    else if (chance < 0.04)
        traffic->candidate_rate = traffic->baseline_rate = traffic_random(traffic);
    else if (chance < 0.06)
        traffic->candidate_median_us = 50000 * (1 + 9 * traffic_random(traffic));
    else if (chance < 0.08)
        traffic->weight = traffic_random(traffic) < 0.3 ? 100 : 1 + 98 * traffic_random(traffic);
}

static enum engine_probe random_probe(struct made_traffic *traffic)
{
    double chance = traffic_random(traffic);

    return chance < 0.8    ? ENGINE_PROBE_NONE
           : chance < 0.9  ? ENGINE_PROBE_OK
           : chance < 0.99 ? ENGINE_PROBE_FAIL
                           : ENGINE_PROBE_DB;
}

static struct life live(uint64_t seed, unsigned ticks_max)
{
    struct life life = { .traffic = traffic_new(seed, 20 + (double)(seed % 7) * 60, 50) };
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct settings settings;

    random_settings(&life.traffic, &settings);
    life.traffic.has_latency = seed % 3 == 0;
    life.engine = engine_new(&settings);
    life.record = record_new(300 + seed % 11 * 200, BYTES);
    for (unsigned i = 0; i < ticks_max && !life.is_decided; i++) {
        uint64_t dt_ms = traffic_random(&life.traffic) < 0.02 ? 1500 : 100;
        struct engine_tick tick = traffic_tick(&life.traffic, dt_ms);

        if (i > 60) /* a record begins amid a life, not with it */
            random_turn(&life.traffic);
        add_keys(&life.traffic, &life.traffic.candidate);
        tick.candidate_probe = random_probe(&life.traffic);
        tick.baseline_probe = random_probe(&life.traffic);
        if (traffic_random(&life.traffic) < 0.05)
            tick.baseline = NULL;
        life.is_decided = record_tick(life.record, life.engine, &tick, events) > 0;
    }
    return life;
}

static void end(struct life *life)
{
    engine_free(life->engine);
    record_free(life->record);
}

static void take(const struct life *life, struct text *out)
{
    struct record_stamp stamp = { .wall_ms = 1700000000123, .config_hash = UINT64_MAX };

    text_init(out, RECORD_BYTES_MAX);
    cr_assert_eq(record_take(life->record, life->engine, stamp, out), 0);
}

static void is_replayed(uint64_t seed, bool *is_decided)
{
    struct life life = live(seed, 400);
    struct text bytes;
    char words[RECORD_WORDS] = "";

    take(&life, &bytes);
    cr_assert_eq(record_replay(text_slice(&bytes), NULL, 0, &replay, words), 0, "%llu: %s",
                 (unsigned long long)seed, words);
    cr_assert(replay.is_same, "seed %llu", (unsigned long long)seed);
    cr_assert_eq(replay.recorded.count, replay.replayed.count);
    cr_assert_eq(replay.stamp.config_hash, UINT64_MAX);
    cr_assert_eq(replay.stamp.wall_ms, 1700000000123);
    *is_decided = life.is_decided;
    cr_assert_eq(replay.recorded.count > 0, life.is_decided);
    text_fini(&bytes);
    end(&life);
}

static void replay_some(uint64_t from, unsigned count)
{
    unsigned decided_count = 0;

    for (uint64_t seed = from; decided_count < count; seed++) {
        bool is_decided = false;

        is_replayed(seed, &is_decided);
        decided_count += is_decided;
        cr_assert_lt(seed, from + 5 * count);
    }
}

/* A thousand of them in the full form. */
Test(record, random_decisions_come_out_the_same, .timeout = 600)
{
    replay_some(1, getenv("SWITCHYARD_TEST_FULL") != NULL ? 1000 : 100);
}

/* A candidate that fails wholly at tick 50 of 100; the rollback is in the record. */
static struct life fail_wholly(double auto_rollback)
{
    struct life life = { .traffic = traffic_new(5, 1000, 5) };
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct settings settings;

    settings_default(&settings);
    settings.auto_rollback = auto_rollback;
    life.engine = engine_new(&settings);
    life.record = record_new(SPAN_MS, BYTES);
    for (unsigned i = 0; i < 100; i++) {
        struct engine_tick tick;

        life.traffic.candidate_rate = i < 50 ? 0.001 : 1;
        tick = traffic_tick(&life.traffic, 100);
        (void)record_tick(life.record, life.engine, &tick, events);
    }
    return life;
}

Test(record, other_settings_show_what_would_have_happened)
{
    const struct record_override overrides[] = { { "auto_rollback", "off" } };
    struct life life = fail_wholly(1);
    struct text bytes;
    char words[RECORD_WORDS];

    take(&life, &bytes);
    cr_assert_eq(record_replay(text_slice(&bytes), NULL, 0, &replay, words), 0);
    cr_assert(replay.is_same);
    cr_assert_eq(replay.tick_count, 100);
    cr_assert_eq(replay.to_ms, 10000);
    cr_assert_eq(replay.recorded.events[0].action, ENGINE_ROLLBACK);
    cr_assert_eq(record_replay(text_slice(&bytes), overrides, 1, &replay, words), 0, "%s", words);
    cr_assert_not(replay.is_same);
    cr_assert_eq(replay.recorded.events[0].action, ENGINE_ROLLBACK);
    cr_assert_eq(replay.replayed.events[0].action, ENGINE_ALERT);
    cr_assert_eq(replay.settings.auto_rollback, 1);
    text_fini(&bytes);
    end(&life);
}

Test(record, overrides_that_are_none_are_refused_by_name)
{
    const struct record_override unknown = { "speed", "1" };
    const struct record_override range = { "guard_error_rate", "7" };
    const struct record_override senseless = { "max_dwell_ms", "1" };
    struct life life = fail_wholly(1);
    struct text bytes;
    char words[RECORD_WORDS];

    take(&life, &bytes);
    cr_assert_eq(record_replay(text_slice(&bytes), &unknown, 1, &replay, words), ERR_NOT_FOUND);
    cr_assert_not_null(strstr(words, "'speed'"));
    cr_assert_eq(record_replay(text_slice(&bytes), &range, 1, &replay, words), ERR_RANGE);
    cr_assert_not_null(strstr(words, "guard_error_rate"));
    cr_assert_eq(record_replay(text_slice(&bytes), &senseless, 1, &replay, words), ERR_RANGE);
    cr_assert_not_null(strstr(words, "max_dwell_ms"));
    text_fini(&bytes);
    end(&life);
}

Test(record, every_damage_is_refused_in_words)
{
    struct life life = fail_wholly(0);
    struct text text;
    struct slice bytes;
    char *copy = NULL;
    char words[RECORD_WORDS];

    take(&life, &text);
    bytes = text_slice(&text);
    copy = malloc(bytes.len);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 20) {
        memcpy(copy, bytes.ptr, len);
        words[0] = '\0';
        cr_assert_eq(record_replay(slice_of(copy, len), NULL, 0, &replay, words), ERR_CORRUPT);
        cr_assert_neq(words[0], '\0');
    }
    memcpy(copy, bytes.ptr, bytes.len);
    for (size_t at = 0; at < bytes.len; at += 1 + at / 20) {
        int err = 0;

        copy[at] ^= 0x10;
        err = record_replay(slice_of(copy, bytes.len), NULL, 0, &replay, words);
        cr_assert_eq(err, at == 5 ? ERR_VERSION : ERR_CORRUPT, "byte %zu", at);
        copy[at] ^= 0x10;
    }
    free(copy);
    text_fini(&text);
    end(&life);
}

Test(record, before_the_first_tick_and_after_a_restart_there_is_nothing_to_take)
{
    struct settings settings;
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct engine_tick tick = { .dt_ms = 100, .weight = 5 };
    struct record *record = record_new(SPAN_MS, 0);
    struct record_stamp stamp = { 0 };
    struct engine *engine = NULL;
    struct text bytes;
    char words[RECORD_WORDS];

    settings_default(&settings);
    engine = engine_new(&settings);
    text_init(&bytes, RECORD_BYTES_MAX);
    cr_assert_eq(record_take(record, engine, stamp, &bytes), ERR_AGAIN);
    (void)record_tick(record, engine, &tick, events);
    engine_observe(engine, 100, NULL);
    record_restart(record);
    cr_assert_eq(record_take(record, engine, stamp, &bytes), ERR_AGAIN);
    (void)record_tick(record, engine, &tick, events);
    cr_assert_eq(record_take(record, engine, stamp, &bytes), 0);
    cr_assert_eq(record_replay(text_slice(&bytes), NULL, 0, &replay, words), 0, "%s", words);
    cr_assert(replay.is_same);
    text_fini(&bytes);
    engine_free(engine);
    record_free(record);
}

/* However much comes, a record covers at least the span when there is room, and never more than two. */
Test(record, a_record_covers_the_span_and_stays_bounded)
{
    struct engine_event events[ENGINE_EVENTS_MAX];
    struct record *record = record_new(SPAN_MS, BYTES);
    struct made_traffic traffic = traffic_new(3, 50, 50);
    struct settings settings;
    struct engine *engine = NULL;
    char words[RECORD_WORDS];

    settings_default(&settings);
    engine = engine_new(&settings);
    for (unsigned i = 1; i <= 700; i++) {
        struct engine_tick tick = traffic_tick(&traffic, 100);
        struct text bytes;

        (void)record_tick(record, engine, &tick, events);
        if (i % 50 != 0)
            continue;
        text_init(&bytes, RECORD_BYTES_MAX);
        cr_assert_eq(record_take(record, engine, (struct record_stamp){ 0 }, &bytes), 0);
        cr_assert_eq(record_replay(text_slice(&bytes), NULL, 0, &replay, words), 0, "%s", words);
        cr_assert(replay.is_same);
        cr_assert_leq(replay.tick_count, 200);
        cr_assert_geq(replay.tick_count, i < 100 ? i : 100);
        text_fini(&bytes);
    }
    engine_free(engine);
    record_free(record);
}

/* The bytes of a state. */
static uint64_t sum_of(const struct engine_state *state, uint8_t *bytes)
{
    static struct engine_state copy;
    struct walk walk;

    copy = *state;
    walk_write(&walk, bytes, RECORD_STATE_MAX);
    engine_codec_state(&walk, &copy);
    return record_sum(slice_of((const char *)bytes, walk.len)) + walk.is_bad;
}

/* Whether the bytes change with one byte of the state. */
static bool is_seen(struct engine_state *state, size_t at, uint64_t sum, uint8_t *bytes)
{
    bool is_other = false;

    ((uint8_t *)state)[at] = 1;
    is_other = sum_of(state, bytes) != sum;
    ((uint8_t *)state)[at] = 0;
    return is_other;
}

/* A field that was forgotten in the codec would make replays wrong only now and then: so each word of the state is
 * changed in turn, and the bytes must change with it. Left over are 27 paddings behind a bool or a 32-bit number and
 * the upper half of step_count. Pieces of guards are there only with their numbers, and keys are counted anew. */
Test(record, every_word_of_a_state_is_in_its_bytes)
{
    static const size_t flags[] = {
        offsetof(struct engine_state, is_alone),
        offsetof(struct engine_state, is_rolled_back),
        offsetof(struct engine_state, is_full),
        offsetof(struct engine_state, rows[3].is_off),
        offsetof(struct engine_state, candidate_probes.is_database_bad),
        offsetof(struct engine_state, baseline_probes.is_database_bad),
    };
    static struct engine_state state;
    const size_t pieces = offsetof(struct engine_state, guards.pieces);
    uint8_t *bytes = malloc(RECORD_STATE_MAX);
    uint64_t sum = sum_of(&state, bytes);
    unsigned unseen = 0;

    for (size_t at = 0; at < sizeof state; at += sizeof(uint32_t)) {
        if ((at >= pieces && at < pieces + sizeof state.guards.pieces) ||
            at == offsetof(struct engine_state, bins.out_count))
            continue;
        unseen += !is_seen(&state, at, sum, bytes);
    }
    cr_assert_eq(unseen, 28);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        cr_assert(is_seen(&state, flags[i], sum, bytes), "flag %zu", i);
    free(bytes);
}
