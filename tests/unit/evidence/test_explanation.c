/* The line for people: its numbers can be checked by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "evidence/explanation.h"
#include "unit/evidence/traffic.h"

static const struct explanation_names names = { "green", "v3.1", "blue" };

static void says(const struct engine_event *event, const char *const *pieces)
{
    struct text text;

    text_init(&text, 4096);
    explanation_add_event(&text, event, &names);
    for (size_t i = 0; pieces[i] != NULL; i++)
        cr_assert_not_null(strstr(text.bytes, pieces[i]), "'%s' is not in: %s", pieces[i],
                           text.bytes);
    cr_assert_null(strchr(text.bytes, '\n'));
    text_fini(&text);
}

Test(explanation, the_interval_is_wilsons)
{
    struct explanation_interval interval = explanation_interval(11, 179);

    cr_assert_float_eq(interval.low, 0.02909, 5e-6);
    cr_assert_float_eq(interval.high, 0.12516, 5e-6);
    interval = explanation_interval(0, 0);
    cr_assert(interval.low == 0 && interval.high == 1);
    interval = explanation_interval(5, 5);
    cr_assert(interval.low > 0.4 && interval.high == 1);
    interval = explanation_interval(0, 1000);
    cr_assert(interval.low == 0 && interval.high < 0.01);
}

Test(explanation, a_row_of_errors)
{
    struct engine_event event = {
        .action = ENGINE_ROLLBACK,
        .trigger = "err_mod",
        .at_ms = 9800,
        .since_ms = 6200,
        .weight = 5,
        .candidate_n = 179,
        .candidate_x = 11,
        .baseline_n = 3419,
        .baseline_x = 4,
        .limit = 0.00198,
        .evidence = 8.3177,
        .threshold = 8.29405,
        .phi = 1,
        .confirm = NAN,
        .budget_per_hour = 0.00025,
        .top_bin = 17,
        .top_bin_n = 20,
        .top_bin_e = 3,
    };

    says(&event,
         (const char *const[]){ "rollback by err_mod: candidate green v3.1 at weight 5%",
                                "11 errors of 179 (6.145%, 99% interval 2.909%..12.516%)",
                                "baseline blue 4 of 3419 (0.117%)",
                                "at the allowed 0.198% one would expect 0.4", "since 3.6 s ago",
                                "evidence 8.32 >= 8.29", "budget 0.00025 per hour, dispersion 1.00",
                                "key 17: 3 of its last 20", NULL });
    event.baseline_n = event.baseline_x = 0;
    event.confirm = 27.6;
    says(&event, (const char *const[]){ "no baseline", "testimony 27.6", NULL });
    event.action = ENGINE_BLOCKED;
    says(&event, (const char *const[]){ "blocked by err_mod: rollback waits until blue", NULL });
    event.action = ENGINE_SHARED;
    says(&event, (const char *const[]){ "shared by err_mod: both slots suffer", NULL });
    event.action = ENGINE_ALERT;
    says(&event, (const char *const[]){ "automatic rollback is off or its time is over", NULL });
    event.action = ENGINE_CONCENTRATED;
    says(&event, (const char *const[]){ "the other keys are fine", NULL });
}

Test(explanation, a_row_of_latency)
{
    struct engine_event event = {
        .action = ENGINE_HOLD,
        .trigger = "lat50warn",
        .at_ms = 16600,
        .since_ms = 4000,
        .candidate_n = 1966,
        .candidate_x = 1318,
        .baseline_n = 1936,
        .baseline_x = 974,
        .limit = 0.50708,
        .evidence = 9.667,
        .threshold = 9.433,
        .confirm = NAN,
        .candidate_edge_us = 63488,
        .baseline_edge_us = 50176,
        .top_bin = -1,
        .weight = 50,
    };

    says(&event, (const char *const[]){ "hold by lat50warn",
                                        "1318 slow responses of 1966 slower than 63.5 ms (67.040%",
                                        "974 of 1936 slower than 50.2 ms (50.310%)",
                                        "one would expect 996.9", NULL });
}

Test(explanation, guards_alerts_and_probes)
{
    struct engine_event event = { .action = ENGINE_ROLLBACK,
                                  .trigger = "guard_error",
                                  .candidate_n = 1200,
                                  .candidate_x = 100,
                                  .baseline_n = 3000,
                                  .limit = 0.07,
                                  .confirm = NAN,
                                  .top_bin = -1,
                                  .at_ms = 17000,
                                  .value = 0.0833 };

    says(&event, (const char *const[]){ "100 errors of 1200 (8.333%", "limit 7.000%",
                                        "baseline blue 0 of 3000", NULL });
    strncpy(event.trigger, "guard_mean", sizeof event.trigger - 1);
    event.value = 5478000;
    event.limit = 5000000;
    says(&event, (const char *const[]){ "average response 5478.0 ms of 1200 requests, limit 5000.0",
                                        NULL });
    strncpy(event.trigger, "guard_slow", sizeof event.trigger - 1);
    event.value = 1.54;
    event.limit = 1.5;
    says(&event, (const char *const[]){ "1.54 times that of blue, limit 1.50", NULL });
    strncpy(event.trigger, "guard_spike", sizeof event.trigger - 1);
    event.value = 0.02;
    event.limit = 0.01;
    says(&event, (const char *const[]){ "2.000 points more than the baseline, limit 1.000", NULL });
    strncpy(event.trigger, "alert_errors", sizeof event.trigger - 1);
    event.action = ENGINE_CRITICAL;
    says(&event, (const char *const[]){ "critical by alert_errors", "limit 1.000%", NULL });
    strncpy(event.trigger, "health_fail", sizeof event.trigger - 1);
    event.action = ENGINE_ROLLBACK;
    event.since_ms = 5000;
    says(&event, (const char *const[]){ "unhealthy for 12.0 s while blue is fit", NULL });
    strncpy(event.trigger, "db_fail", sizeof event.trigger - 1);
    says(&event, (const char *const[]){ "its database is unreachable for 12.0 s", NULL });
    strncpy(event.trigger, "health_and_errors", sizeof event.trigger - 1);
    says(&event, (const char *const[]){ "100 of its last 1200 requests were errors", NULL });
    strncpy(event.trigger, "health_no_traffic", sizeof event.trigger - 1);
    says(&event, (const char *const[]){ "next to nothing", NULL });
    strncpy(event.trigger, "health", sizeof event.trigger - 1);
    event.action = ENGINE_SHARED;
    says(&event, (const char *const[]){ "it and blue are both unhealthy", NULL });
    strncpy(event.trigger, "rollback_did_not_help", sizeof event.trigger - 1);
    event.action = ENGINE_UNHELPED;
    event.baseline_x = 1800;
    event.limit = 0.3;
    says(&event, (const char *const[]){ "blue has 1800 errors of 3000 (60.000%)",
                                        "green had 30.000%", NULL });
}

/* Medians that were measured in simulations of the rule, in seconds: requests per second, weight, rate. */
struct median {
    double per_s, weight, rate, seconds;
};

Test(explanation, the_foretold_time_is_within_a_factor_of_three_of_what_is_measured)
{
    static const struct median medians[] = {
        { 1, 1, 1, 399 },        { 10, 5, 1, 11.9 },      { 100, 1, 1, 4.5 },
        { 1000, 5, 0.05, 4.7 },  { 1000, 1, 0.05, 15 },   { 100, 25, 0.05, 17 },
        { 1000, 5, 0.01, 51 },   { 1000, 50, 0.01, 13 },  { 100, 5, 0.01, 373 },
        { 1000, 5, 0.005, 232 }, { 1000, 50, 0.005, 58 }, { 10000, 5, 0.01, 4.9 },
    };
    struct settings settings;

    settings_default(&settings);
    for (size_t i = 0; i < sizeof medians / sizeof *medians; i++) {
        const struct median *at = &medians[i];
        struct explanation_traffic traffic = { .candidate_per_s = at->per_s * at->weight / 100,
                                               .baseline_per_s = at->per_s * (1 - at->weight / 100),
                                               .baseline_rate = 0.001,
                                               .phi = 1 };
        double foretold = explanation_time_s(&settings, &traffic, at->rate);

        cr_assert(foretold > at->seconds / 3 && foretold < at->seconds * 3,
                  "%g/s %g%% to %g: %g s, measured %g s", at->per_s, at->weight, at->rate, foretold,
                  at->seconds);
    }
}

Test(explanation, what_cannot_be_seen_is_said)
{
    struct explanation_traffic slow = {
        .candidate_per_s = 0.01, .baseline_per_s = 0.99, .baseline_rate = 0.001, .phi = 1
    };
    struct engine_view view = {
        .row_count = 2,
        .rows = { { .name = "err_mod", .evidence = -INFINITY },
                  { .name = "lat50", .evidence = 1.5, .threshold = 9.43, .is_active = true } }
    };
    struct settings settings;
    struct text text;

    settings_default(&settings);
    text_init(&text, 4096);
    explanation_add_quiet(&text, &view, &settings, &slow);
    cr_assert_not_null(strstr(text.bytes, "err_mod: nothing judged yet\n"));
    cr_assert_not_null(strstr(text.bytes, "lat50: evidence 1.50 of 9.43\n"));
    cr_assert_not_null(strstr(text.bytes, "a rise to 1% cannot be seen at this traffic"));
    cr_assert_not_null(strstr(text.bytes, "a rise to 100% would be seen within about"));
    cr_assert_eq(explanation_time_s(&settings, &slow, 0.001), INFINITY);
    text_fini(&text);
}
