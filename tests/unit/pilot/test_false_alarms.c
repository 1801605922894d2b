/*
 * Clean traffic through the whole of the pilot: rows, guards, checks of which one fails now and then, levels for people.
 * Nothing may move, whatever the rate, the share and the seed. In compressed time; SWITCHYARD_TEST_FULL=1: more than ten
 * hours, and a day of a request in ten seconds.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "unit/pilot/bench_season.h"

enum { SECOND = 10, MINUTE = 60 * SECOND };

static bool is_full(void)
{
    return getenv("SWITCHYARD_TEST_FULL") != NULL;
}

struct clean {
    double per_s;
    unsigned percent;
    double error_rate;
    bool has_latency;
    unsigned full_minutes;
};

static const char *last_words(const struct season *season)
{
    static struct pilot_alert alert;

    return pilot_alert_at(season->bench.pilot, 0, &alert) ? alert.words : "";
}

/* One check of either slot fails once in a while; the next one is good. */
static void disturb_checks(struct season *season)
{
    season->blue.check = season_draw(season, 0, 1) < 0.02 ? SEASON_CHECK_FAIL : SEASON_CHECK_OK;
    season->green.check = season_draw(season, 0, 1) < 0.02 ? SEASON_CHECK_FAIL : SEASON_CHECK_OK;
    season_run(season, SECOND);
    season->blue.check = season->green.check = SEASON_CHECK_OK;
    season_run(season, 4 * SECOND);
}

static void stays_clean(const struct clean *at, uint64_t seed)
{
    unsigned pieces = (is_full() ? at->full_minutes : 3) * 12;
    struct season season;

    season_open(&season, &(struct season_options){ .seed = seed, .per_s = at->per_s });
    season.traffic.has_latency = at->has_latency;
    season.blue.error_rate = season.green.error_rate = at->error_rate;
    season_run(&season, 30 * SECOND);
    season_begin(&season, at->percent);
    for (unsigned i = 0; i < pieces; i++)
        disturb_checks(&season);
    cr_expect_eq(season_moves(&season), 0, "%g/s %u%%, seed %llu: %s", at->per_s, at->percent,
                 (unsigned long long)seed, last_words(&season));
    cr_expect(season_is_tried(&season));
    season_close(&season);
}

static void all_stay_clean(const struct clean *list, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        stays_clean(&list[i], seed + i);
}

Test(false_alarms, little_traffic_is_never_rolled_back, .timeout = 1800)
{
    static const struct clean list[] = {
        { 0.3, 5, 0.01, false, 120 },  { 1, 50, 0.001, true, 60 },  { 3, 25, 0.01, true, 60 },
        { 10, 5, 0.001, true, 60 },    { 10, 50, 0.02, false, 60 }, { 30, 1, 0.001, false, 60 },
        { 30, 100, 0.001, false, 60 },
    };

    all_stay_clean(list, sizeof list / sizeof *list, 1000);
}

Test(false_alarms, much_traffic_is_never_rolled_back, .timeout = 3600)
{
    static const struct clean list[] = {
        { 100, 5, 0.001, true, 30 },   { 100, 25, 0.01, true, 30 },
        { 300, 1, 0.02, false, 30 },   { 500, 50, 0.001, true, 30 },
        { 500, 100, 0.01, true, 30 },  { 1000, 25, 0.001, false, 30 },
        { 2000, 5, 0.003, false, 20 }, { 5000, 1, 0.001, false, 20 },
    };

    all_stay_clean(list, sizeof list / sizeof *list, 2000);
}

/* Too little to know anything: it says so, with its reason, and neither goes on nor back. */
Test(false_alarms, hardly_any_traffic_ends_inconclusive, .timeout = 1800)
{
    struct season_options options = { .seed = 3000, .per_s = 0.1, .tick_ms = 1000 };
    unsigned hours = is_full() ? 24 : 3;
    enum engine_advice advice = ENGINE_STAY;
    const char *reason = "";
    struct season season;

    season_open(&season, &options);
    season_begin(&season, 5);
    for (unsigned minute = 0; minute < hours * 60; minute++) {
        season_run(&season, 60);
        advice = pilot_advise(season.bench.pilot, 0, 25, &reason);
        cr_assert_neq(advice, ENGINE_ABORT_STEP);
        cr_assert_neq(advice, ENGINE_ADVANCE, "%s", reason);
    }
    cr_expect_eq(season_moves(&season), 0, "%s", last_words(&season));
    cr_expect(season_is_tried(&season));
    cr_expect_eq(advice, ENGINE_INCONCLUSIVE, "%s", reason);
    cr_expect_str_neq(reason, "");
    season_close(&season);
}
