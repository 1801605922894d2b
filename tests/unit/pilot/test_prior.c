/* What the slot before did when it was left, held against what its successor does. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "evidence/counts.h"
#include "pilot/prior_priv.h"

static const uint64_t second_us = 1000 * 1000;

static struct prior left_with(uint64_t n, uint64_t e)
{
    struct counts counts = { .n = n, .e = e };
    struct prior prior = { 0 };

    prior_observe(&prior, &counts, 100);
    prior_begin(&prior, second_us);
    return prior;
}

static bool is_no_better(const struct prior *prior, const char *trigger, uint64_t n, uint64_t x)
{
    struct engine_event event = { .candidate_n = n, .candidate_x = x };
    struct settings settings;

    settings_default(&settings);
    snprintf(event.trigger, sizeof event.trigger, "%s", trigger);
    return prior_is_no_better(&prior[0], &settings, &event, 10 * second_us);
}

Test(prior, holds_a_move_back_to_what_failed_as_often)
{
    struct prior failing = left_with(100, 100);
    struct prior half = left_with(100, 50);
    struct prior well = left_with(100, 1);
    struct prior few = left_with(10, 10);

    cr_expect(is_no_better(&failing, "err_abs", 40, 40));
    cr_expect(is_no_better(&failing, "hist_gross", 40, 20));
    cr_expect(is_no_better(&failing, "guard_error", 40, 40));
    cr_expect(is_no_better(&half, "err_abs", 40, 30));
    cr_expect_not(is_no_better(&half, "err_abs", 40, 40), "twice as often is worse");
    cr_expect_not(is_no_better(&well, "err_abs", 40, 40));
    cr_expect_not(is_no_better(&few, "err_abs", 40, 40), "ten say nothing");
    cr_expect_not(is_no_better(&failing, "lat50x3", 40, 40), "another matter");
    cr_expect_not(is_no_better(&failing, "health_fail", 0, 0));
}

Test(prior, fades_and_is_forgotten)
{
    struct counts bad = { .n = 100, .e = 100 };
    struct counts good = { .n = 100 };
    struct engine_event event = { .trigger = "err_abs", .candidate_n = 40, .candidate_x = 40 };
    struct prior prior = { 0 };
    struct settings settings;

    settings_default(&settings);
    cr_expect_not(prior_is_no_better(&prior, &settings, &event, second_us), "no trial yet");
    prior_observe(&prior, &bad, 100);
    for (unsigned i = 0; i < 60; i++)
        prior_observe(&prior, &good, 1000);
    prior_begin(&prior, second_us);
    cr_expect_not(prior_is_no_better(&prior, &settings, &event, 2 * second_us), "long ago");
    prior_observe(&prior, &bad, 100);
    prior_begin(&prior, second_us);
    cr_expect(prior_is_no_better(&prior, &settings, &event, 2 * second_us));
    cr_expect_not(prior_is_no_better(&prior, &settings, &event, 400 * second_us),
                  "who knows how it is by now");
}
