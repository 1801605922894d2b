/* Guards and rules: defaults as settings, every limit off, and what can never fire. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "config/config.h"
#include "config/judgement.h"
#include "unit/config/expect_load.h"

#define IN_SERVICE(text)                                                                           \
    "listener l { bind = \"127.0.0.1:1\" }\nservice s {\n" text                                    \
    "\nslot blue { targets = { \"127.0.0.1:2\" } } slot green { targets = { \"127.0.0.1:3\" } } "  \
    "}\n"

static const struct load_case bad[] = {
    { IN_SERVICE("guard { error_rate = 5 }"), "t.conf:3: error_rate: '5' is no share" },
    { IN_SERVICE("guard { error_rate = \"100%\" }"), "out of range" },
    { IN_SERVICE("guard { error_increase = \"1%\" }"), "'1%' is no difference in points" },
    { IN_SERVICE("guard { latency_increase = \"x0.9\" }"), "t.conf:3: guard: latency_increase" },
    { IN_SERVICE("guard { latency_increase = \"1.5\" }"), "'1.5' is no ratio" },
    { IN_SERVICE("guard { error_rat = \"5%\" }"), "unknown 'error_rat' in guard" },
    { IN_SERVICE("guard { error_window = \"1500ms\" }"), "error_window of service 's' must be" },
    { IN_SERVICE("guard { error_errors = 200 }"), "error_errors of service 's' is more than" },
    { IN_SERVICE("guard { mean_window = \"1s\"\nmean_requests = 1000000000 }"),
      "t.conf:4: guard: mean_requests of service 's' is more than mean_window can hold" },
    { IN_SERVICE("guard { warn_errors = \"2%\" }"), "warn_errors of service 's' is above" },
    { IN_SERVICE("guard { warn_latency = \"1s\" }"), "warn_latency of service 's' is above" },
    { IN_SERVICE("guard { window = 5 }"), "'5' has no unit" },
    { IN_SERVICE("evidence { tick = \"600ms\" }"), "tick of service 's' is more than a third" },
    { IN_SERVICE("evidence { gross_sustain = \"200ms\" }"),
      "t.conf:3: evidence: tick of service 's' is more than a third of gross_sustain" },
    { IN_SERVICE("evidence { min_dwell = \"1h\" }"), "max_dwell of service 's' is below" },
    { IN_SERVICE("evidence { latency_tolerance = \"300%\" }"), "latency_gross_tolerance of" },
    { IN_SERVICE("evidence { false_rollback_per_hour = 0 }"), "out of range" },
    { IN_SERVICE("evidence { hist_from = \"101%\" }"), "out of range" },
};

Test(crosscheck_judgement, refuses_what_can_never_fire)
{
    expect_cases(bad, sizeof bad / sizeof bad[0]);
}

/* The shipped defaults are those of the rule, except for what the configuration turns on. */
Test(crosscheck_judgement, defaults_are_those_of_the_rule)
{
    struct config *config = expect_config(IN_SERVICE(""));
    struct settings is;
    struct settings should;

    settings_default(&should);
    should.guard_slow_ratio = 1.5;
    should.guard_slow_least_ms = 10;
    should.latency_least_ms = 1;
    should.hist_least_requests = should.prior_requests;
    should.guard_slow_errors = 0;
    should.on_inconclusive = 0;
    judgement_settings(&config->services[0], &is);
    cr_expect_eq(memcmp(&is, &should, sizeof is), 0);
    config_free(config);
}

Test(crosscheck_judgement, every_limit_can_be_off)
{
    struct config *config =
        expect_config(IN_SERVICE("guard { error_rate = \"0%\" mean_latency = \"0s\" unhealthy_for "
                                 "= \"0s\" error_increase = \"0pp\" latency_increase = \"off\" "
                                 "database_for = \"0s\" window = \"0s\" auto = false }"));
    struct settings settings;
    char words[SETTINGS_WORDS];

    judgement_settings(&config->services[0], &settings);
    cr_expect_eq(settings.guard_error_rate, 0);
    cr_expect_eq(settings.guard_mean_ms, 0);
    cr_expect_eq(settings.guard_spike, 0);
    cr_expect_eq(settings.guard_slow_ratio, 0);
    cr_expect_eq(settings.health_fail_ms, 1e12);
    cr_expect_eq(settings.db_fail_ms, 1e12);
    cr_expect_eq(settings.auto_rollback, 0);
    cr_expect_eq(settings_check(&settings, words), 0, "%s", words);
    config_free(config);
}

Test(crosscheck_judgement, what_is_written_is_what_counts)
{
    struct config *config = expect_config(IN_SERVICE(
        "guard { error_rate = \"2.5%\" window = \"5m\" error_requests = 50 cooldown = "
        "\"1m\" } evidence { latency_tolerance = \"50%\" gross_sustain = \"500ms\" "
        "confirm = 2.5 concentration = false } canary { steps = { \"10%\", \"100%\" } }"));
    struct settings settings;

    judgement_settings(&config->services[0], &settings);
    cr_expect_float_eq(settings.guard_error_rate, 0.025, 1e-12);
    cr_expect_float_eq(settings.error_absolute, 0.025, 1e-12);
    cr_expect_eq(settings.auto_window_ms, 300000);
    cr_expect_eq(settings.guard_error_min_requests, 50);
    cr_expect_eq(settings.cooldown_ms, 60000);
    cr_expect_float_eq(settings.latency_tolerance, 0.5, 1e-12);
    cr_expect_eq(settings.gross_sustain_ms, 500);
    cr_expect_float_eq(settings.confirm_nats, 2.5, 1e-12);
    cr_expect_eq(settings.concentration, 0);
    cr_expect_eq(settings.step_count, 2);
    cr_expect_eq(settings.steps[0], 10);
    cr_expect_eq(settings.steps[1], 100);
    config_free(config);
}

/* Everybody comes behind the last share, and evidence is collected for that. */
Test(crosscheck_judgement, the_last_step_is_everybody)
{
    struct config *config = expect_config(IN_SERVICE("canary { steps = { \"10%\", \"50%\" } }"));
    struct settings settings;

    judgement_settings(&config->services[0], &settings);
    cr_expect_eq(settings.step_count, 3);
    cr_expect_eq(settings.steps[1], 50);
    cr_expect_eq(settings.steps[2], 100);
    config_free(config);
}
