/* Settings by name, and rules that can never fire. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "evidence/settings.h"

static struct settings settings;
static char words[SETTINGS_WORDS];

static int set(const char *name, const char *value)
{
    words[0] = '\0';
    return settings_set(&settings, name, value, words);
}

static void refuses(const char *name, const char *value, int err, const char *said)
{
    cr_assert_eq(set(name, value), err, "%s = %s", name, value);
    cr_assert_not_null(strstr(words, said), "%s", words);
}

Test(settings, every_row_has_a_sentence_and_a_fallback_in_its_range)
{
#define SETTING(name, fallback, least, most, sentence)                                             \
    cr_assert_gt(strlen(sentence), 10, #name);                                                     \
    cr_assert((fallback) >= (least) && (fallback) <= (most), #name);
#include "evidence/settings.def"
#undef SETTING
    settings_default(&settings);
    cr_assert_eq(settings_check(&settings, words), 0, "%s", words);
}

Test(settings, numbers_and_words_are_taken)
{
    settings_default(&settings);
    cr_assert_eq(set("tick_ms", "20"), 0);
    cr_assert_eq(settings.tick_ms, 20);
    cr_assert_eq(set("error_margin", "1e-3"), 0);
    cr_assert_eq(settings.error_margin, 0.001);
    cr_assert_eq(set("error_margin", "0x1p-4"), 0);
    cr_assert_eq(settings.error_margin, 0.0625);
    cr_assert_eq(set("on_inconclusive", "abort"), 0);
    cr_assert_eq(settings.on_inconclusive, 2);
    cr_assert_eq(set("concentration", "off"), 0);
    cr_assert_eq(settings.concentration, 0);
    cr_assert_eq(set("auto_rollback", "off"), 0);
    cr_assert_eq(settings.auto_rollback, 0);
    cr_assert_eq(set("steps", "10,50.5,100"), 0);
    cr_assert_eq(settings.step_count, 3);
    cr_assert_eq(settings.steps[1], 50.5);
    cr_assert_eq(settings.steps[3], 0);
}

Test(settings, what_is_no_value_is_refused_and_changes_nothing)
{
    struct settings before;

    settings_default(&settings);
    before = settings;
    refuses("speed", "1", ERR_NOT_FOUND, "speed");
    refuses("tick_ms", "", ERR_INVALID, "tick_ms");
    refuses("tick_ms", "100ms", ERR_INVALID, "tick_ms");
    refuses("tick_ms", "nan", ERR_INVALID, "tick_ms");
    refuses("tick_ms", "inf", ERR_INVALID, "tick_ms");
    refuses("tick_ms", "advance", ERR_INVALID, "tick_ms");
    refuses("tick_ms", "1e400", ERR_INVALID, "tick_ms");
    refuses("tick_ms", "0", ERR_RANGE, "tick_ms");
    refuses("tick_ms", "-5", ERR_RANGE, "tick_ms");
    refuses("guard_error_rate", "1", ERR_RANGE, "guard_error_rate");
    refuses("false_rollback_per_hour", "0", ERR_RANGE, "false_rollback_per_hour");
    refuses("steps", "", ERR_INVALID, "steps");
    refuses("steps", "1,,5", ERR_INVALID, "steps");
    refuses("steps", "1,5,", ERR_INVALID, "steps");
    refuses("steps",
            "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,"
            "29,30,31,32,33",
            ERR_RANGE, "steps");
    cr_assert_arr_eq(&settings, &before, sizeof settings);
}

/* Each contradiction by its setting. */
static void contradicts(const char *name, const char *value, const char *said)
{
    settings_default(&settings);
    cr_assert_eq(set(name, value), 0, "%s", words);
    cr_assert_eq(settings_check(&settings, words), ERR_RANGE, "%s = %s", name, value);
    cr_assert_not_null(strstr(words, said), "%s", words);
}

Test(settings, rules_that_never_fire_or_contradict_each_other_are_named)
{
    contradicts("tick_ms", "600", "tick_ms");
    contradicts("gross_sustain_ms", "200", "tick_ms");
    contradicts("steps", "5,5,100", "steps");
    contradicts("steps", "50,25", "steps");
    contradicts("steps", "0,25", "steps");
    contradicts("steps", "50,101", "steps");
    contradicts("max_dwell_ms", "1000", "max_dwell_ms");
    contradicts("alert_error_crit", "0.001", "alert_error_crit");
    contradicts("alert_mean_crit_ms", "100", "alert_mean_crit_ms");
    contradicts("guard_error_window_ms", "500", "guard_error_window_ms");
    contradicts("guard_mean_window_ms", "601000", "guard_mean_window_ms");
    contradicts("guard_spike_window_ms", "601000", "guard_spike_window_ms");
    contradicts("guard_slow_window_ms", "10", "guard_slow_window_ms");
    contradicts("alert_window_ms", "10", "alert_window_ms");
    contradicts("error_ratio", "1000", "error_ratio");
    contradicts("gross_ratio", "950", "gross_ratio");
    contradicts("hist_ratio", "1000", "hist_ratio");
    contradicts("on_inconclusive", "0.5", "on_inconclusive");
    contradicts("guard_eval_ms", "10", "guard_eval_ms");
    contradicts("dispersion_window_ms", "10", "dispersion_window_ms");
}
