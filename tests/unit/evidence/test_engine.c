/* What an engine does beside its vectors: late ticks, silence, weights on the move, alerts, after a rollback. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "evidence/engine.h"
#include "unit/evidence/traffic.h"

static struct settings settings;
static struct engine_event events[ENGINE_EVENTS_MAX];

static struct engine *begin(void)
{
    settings_default(&settings);
    return engine_new(&settings);
}

/* Runs ticks until an event of this action, at most `most`; the index of the tick, or `most`. */
static unsigned run_until(struct engine *engine, struct made_traffic *traffic,
                          enum engine_action action, unsigned most)
{
    for (unsigned i = 0; i < most; i++) {
        struct engine_tick tick = traffic_tick(traffic, 100);
        unsigned count = engine_tick(engine, &tick, events);

        for (unsigned j = 0; j < count; j++) {
            if (events[j].action != action)
                continue;
            events[0] = events[j];
            return i;
        }
    }
    return most;
}

static struct engine_view look(const struct engine *engine)
{
    struct engine_view view;

    engine_look(engine, &view);
    return view;
}

Test(engine, a_late_tick_only_makes_a_longer_block)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(1, 1000, 25);
    bool is_rolled_back = false;

    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 100), 100);
    for (unsigned i = 0; i < 20; i++) {
        struct engine_tick tick = traffic_tick(&traffic, 5000);

        cr_assert_eq(engine_tick(engine, &tick, events), 0);
    }
    cr_assert_eq(look(engine).now_ms, 110000);
    traffic.candidate_rate = 1;
    for (unsigned i = 0; i < 4 && !is_rolled_back; i++) {
        struct engine_tick tick = traffic_tick(&traffic, 5000);
        unsigned count = engine_tick(engine, &tick, events);

        for (unsigned j = 0; j < count; j++)
            is_rolled_back = is_rolled_back || events[j].action == ENGINE_ROLLBACK;
    }
    cr_assert(is_rolled_back, "a total failure of twenty seconds was not seen");
    engine_free(engine);
}

Test(engine, an_hour_without_a_request_changes_nothing)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(2, 500, 25);
    struct engine_tick nothing = { .dt_ms = 100, .weight = 25 };
    struct engine_view before;
    struct engine_view after;

    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 300), 300);
    before = look(engine);
    for (unsigned i = 0; i < 36000; i++)
        cr_assert_eq(engine_tick(engine, &nothing, events), 0);
    after = look(engine);
    for (unsigned i = 0; i < after.row_count; i++)
        cr_assert_eq(after.rows[i].evidence, before.rows[i].evidence, "%s", after.rows[i].name);
    cr_assert_eq(after.baseline_rate, before.baseline_rate);
    cr_assert_eq(after.phi, before.phi);
    cr_assert_eq(after.safety[0], before.safety[0]);
    engine_free(engine);
}

Test(engine, a_rollback_comes_while_the_weight_is_on_the_move)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(3, 1000, 1);
    unsigned tick = 0;

    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 300), 300);
    traffic.candidate_rate = 0.5;
    for (; tick < 60; tick++) {
        traffic.weight = 1 + tick * 0.7;
        if (run_until(engine, &traffic, ENGINE_ROLLBACK, 1) == 0)
            break;
    }
    cr_assert_lt(tick, 60);
    cr_assert_gt(events[0].weight, 1);
    engine_free(engine);
}

/* Time comes from the ticks alone: two engines a thousand days of wall clock apart say the same; a copy goes on as
 * its original does. */
Test(engine, a_copy_has_the_same_future)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(4, 800, 50);
    struct engine *clone = NULL;
    struct engine_event others[ENGINE_EVENTS_MAX];
    struct engine_view views[2];

    traffic.has_latency = true;
    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 150), 150);
    clone = engine_clone(engine);
    traffic.candidate_rate = 0.02;
    for (unsigned i = 0; i < 300; i++) {
        struct engine_tick tick = traffic_tick(&traffic, 100);
        unsigned count = 0;

        memset(events, 0, sizeof events);
        memset(others, 0, sizeof others);
        count = engine_tick(engine, &tick, events);
        cr_assert_eq(engine_tick(clone, &tick, others), count);
        for (unsigned j = 0; j < count; j++) {
            cr_assert_eq(others[j].action, events[j].action);
            cr_assert_str_eq(others[j].trigger, events[j].trigger);
            cr_assert_eq(others[j].evidence, events[j].evidence);
        }
    }
    views[0] = look(engine);
    views[1] = look(clone);
    for (unsigned i = 0; i < views[0].row_count; i++)
        cr_assert_eq(views[0].rows[i].evidence, views[1].rows[i].evidence);
    cr_assert_eq(views[0].safety[1], views[1].safety[1]);
    engine_free(engine);
    engine_free(clone);
}

Test(engine, what_is_remembered_goes_over_a_restart)
{
    struct engine *engine = begin();
    struct engine *other = begin();
    struct made_traffic traffic = traffic_new(5, 1000, 0);
    struct memory memory;

    traffic.baseline_rate = 0.02;
    for (unsigned i = 0; i < 600; i++) {
        struct engine_tick tick = traffic_tick(&traffic, 100);

        engine_observe(engine, 100, tick.baseline);
    }
    engine_begin(engine);
    cr_assert_float_eq(look(engine).baseline_rate, 0.02, 0.003);
    cr_assert_eq(look(engine).now_ms, 0);
    engine_memory(engine, &memory);
    engine_remember(other, &memory);
    cr_assert_eq(look(other).baseline_rate, look(engine).baseline_rate);
    cr_assert_eq(look(other).phi, look(engine).phi);
    engine_free(engine);
    engine_free(other);
}

/* How many ticks after the errors are over an alert is cleared. */
static unsigned clear_after(double clear_ms)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(6, 2000, 50);
    unsigned at = 0;

    settings.auto_rollback = 0;
    settings.alert_clear_ms = clear_ms;
    engine_configure(engine, &settings);
    traffic.candidate_rate = traffic.baseline_rate = 0.007;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_WARNING, 400), 400);
    cr_assert_str_eq(events[0].trigger, "alert_errors");
    cr_assert_gt(events[0].value, 0.005);
    traffic.candidate_rate = traffic.baseline_rate = 0.05;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_CRITICAL, 400), 400);
    cr_assert_gt(events[0].value, 0.01);
    traffic.candidate_rate = traffic.baseline_rate = 0;
    at = run_until(engine, &traffic, ENGINE_CLEARED, 1500);
    cr_assert_lt(at, 1500);
    engine_free(engine);
    return at;
}

Test(engine, alerts_are_raised_at_their_levels_and_cleared_when_they_are_over_for_a_while)
{
    unsigned at_once = clear_after(0);
    unsigned later = clear_after(60000);

    cr_assert_gt(later, at_once + 400);
}

Test(engine, a_slow_average_alerts_too)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(7, 500, 50);

    traffic.has_latency = true;
    traffic.candidate_median_us = traffic.baseline_median_us = 200000;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_WARNING, 100), 100);
    cr_assert_str_eq(events[0].trigger, "alert_mean");
    cr_assert_gt(events[0].value, 200000);
    cr_assert_eq(events[0].limit, 200000);
    engine_free(engine);
}

Test(engine, a_rollback_that_did_not_help_is_said)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(8, 500, 50);

    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 100), 100);
    traffic.candidate_rate = 0.3;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_ROLLBACK, 100), 100);
    traffic.weight = 0;
    traffic.baseline_rate = 0.6;
    cr_assert_eq(run_until(engine, &traffic, ENGINE_UNHELPED, 400), 299);
    cr_assert_str_eq(events[0].trigger, "rollback_did_not_help");
    cr_assert_gt(events[0].value, events[0].limit);
    cr_assert_eq(run_until(engine, &traffic, ENGINE_UNHELPED, 400), 400, "said twice");
    engine_free(engine);
}

Test(engine, a_rollback_that_helped_is_not_questioned)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(9, 500, 50);

    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 100), 100);
    traffic.candidate_rate = 0.3;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_ROLLBACK, 100), 100);
    traffic.weight = 0;
    cr_assert_eq(run_until(engine, &traffic, ENGINE_UNHELPED, 400), 400);
    engine_free(engine);
}

Test(engine, only_the_rows_in_use_are_judged)
{
    static const char *const rows[] = { "err_gross", "lat50" };
    static const char *const wrong[] = { "err_gross", "speed" };
    struct engine *engine = begin();

    cr_assert_eq(engine_restrict(engine, wrong, 2), ERR_NOT_FOUND);
    cr_assert_eq(look(engine).row_count, ENGINE_ROWS_MAX);
    cr_assert_eq(engine_restrict(engine, rows, 2), 0);
    cr_assert_eq(look(engine).row_count, 2);
    engine_begin(engine);
    cr_assert_eq(look(engine).row_count, 2);
    cr_assert_str_eq(look(engine).rows[1].name, "lat50");
    engine_free(engine);
}

static enum engine_advice advise(struct engine *engine, double next, const char *words)
{
    const char *reason = NULL;
    enum engine_advice advice = engine_advise(engine, next, &reason);

    cr_assert_not_null(strstr(reason, words), "%s", reason);
    return advice;
}

Test(engine, a_step_without_proof_is_inconclusive_and_the_policy_decides)
{
    struct engine *engine = begin();
    struct engine_tick tick = { .dt_ms = 60000, .weight = 5 };

    for (unsigned i = 0; i < 9; i++)
        (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 0, "errors 0.0 of 3.0"), ENGINE_STAY);
    (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 25, "errors 0.0 of 3.0"), ENGINE_INCONCLUSIVE);
    cr_assert_eq(engine_resolve(&settings, ENGINE_INCONCLUSIVE), ENGINE_ADVANCE);
    settings.on_inconclusive = 0;
    cr_assert_eq(engine_resolve(&settings, ENGINE_INCONCLUSIVE), ENGINE_STAY);
    settings.on_inconclusive = 2;
    cr_assert_eq(engine_resolve(&settings, ENGINE_INCONCLUSIVE), ENGINE_ABORT_STEP);
    cr_assert_eq(engine_resolve(&settings, ENGINE_HOLD_STEP), ENGINE_HOLD_STEP);
    engine_free(engine);
}

Test(engine, evidence_for_one_step_is_none_for_a_larger_one)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(10, 500, 5);
    struct engine_tick tick;

    traffic.has_latency = true;
    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 400), 400);
    cr_assert_eq(advise(engine, 0, "proven for 25 %"), ENGINE_ADVANCE);
    cr_assert_eq(advise(engine, 20, "proven"), ENGINE_ADVANCE);
    cr_assert_eq(advise(engine, 50, "collected for 25 %"), ENGINE_STAY);
    tick = traffic_tick(&traffic, 100);
    tick.next_weight = 50;
    (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 50, "of 3.0"), ENGINE_STAY);
    engine_free(engine);
}

Test(engine, what_is_held_back_ends_the_schedule_below_all)
{
    struct engine *engine = begin();
    struct engine_tick tick = { .dt_ms = 100, .weight = 95 };

    settings.holdback_percent = 5;
    engine_configure(engine, &settings);
    (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 0, "no further step"), ENGINE_STAY);
    engine_free(engine);
}

Test(engine, an_unhealthy_candidate_holds)
{
    struct engine *engine = begin();
    struct engine_tick tick = { .dt_ms = 1000, .weight = 5, .candidate_probe = ENGINE_PROBE_FAIL };

    for (unsigned i = 0; i < 3; i++)
        (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 0, "unhealthy"), ENGINE_HOLD_STEP);
    tick.candidate_probe = ENGINE_PROBE_OK;
    (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 0, "unhealthy"), ENGINE_HOLD_STEP);
    (void)engine_tick(engine, &tick, events);
    cr_assert_eq(advise(engine, 0, "errors"), ENGINE_STAY);
    engine_free(engine);
}

/* A candidate with an error in most requests of one key only, then the key is back after its time. */
Test(engine, a_key_that_was_left_out_comes_back)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(11, 400, 50);
    unsigned concentrated = 0;

    settings.quarantine_ms = 20000;
    engine_configure(engine, &settings);
    for (unsigned i = 0; i < 900; i++) {
        struct engine_tick tick = traffic_tick(&traffic, 100);
        unsigned count = 0;

        for (unsigned key = 0; key < 20; key++)
            traffic.candidate.bins[key].n = (uint32_t)(traffic.candidate.n / 20);
        traffic.candidate.bins[3].e = i > 100 ? traffic.candidate.bins[3].n : 0;
        traffic.candidate.e = traffic.candidate.bins[3].e;
        count = engine_tick(engine, &tick, events);
        for (unsigned j = 0; j < count; j++) {
            if (events[j].action >= ENGINE_WARNING)
                continue;
            cr_assert_eq(events[j].action, ENGINE_CONCENTRATED);
            cr_assert_eq(events[j].top_bin, 3);
            concentrated++;
        }
    }
    cr_assert_geq(concentrated, 2, "the key did not come back");
    cr_assert_leq(concentrated, 5);
    engine_free(engine);
}

/* Two errors at a trickle are strong evidence by number alone; a row waits for the third. */
Test(engine, no_error_row_decides_on_two_errors)
{
    static struct counts candidate;
    static struct counts baseline;
    struct engine *engine = begin();
    struct engine_tick tick = {
        .dt_ms = 300000, .weight = 30, .candidate = &candidate, .baseline = &baseline
    };
    struct memory memory = { .n = 1e6, .e = 10, .spread = 400, .expected = 400 };
    unsigned at = 0;

    settings.false_rollback_per_hour = 0.2;
    engine_configure(engine, &settings);
    engine_begin(engine);
    engine_remember(engine, &memory);
    candidate.n = candidate.e = 1;
    baseline.n = 2000;
    while (at < 10 && engine_tick(engine, &tick, events) == 0)
        at++;
    cr_assert_eq(at, 2, "decided in tick %u", at);
    cr_assert_eq(events[0].action, ENGINE_ROLLBACK);
    cr_assert_eq(events[0].candidate_x, 3);
    settings.min_errors = 1;
    engine_configure(engine, &settings);
    engine_begin(engine);
    engine_remember(engine, &memory);
    for (at = 0; at < 10 && engine_tick(engine, &tick, events) == 0;)
        at++;
    cr_assert_lt(at, 2, "the evidence alone would have sufficed");
    engine_free(engine);
}

/* The window of automatic rollbacks is of the time at full weight, and goes on over a restart. */
Test(engine, the_window_runs_from_the_full_weight_on_and_over_a_restart)
{
    struct engine *engine = begin();
    struct made_traffic traffic = traffic_new(13, 200, 50);

    settings.auto_window_ms = 20000;
    engine_configure(engine, &settings);
    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 300), 300);
    cr_assert_eq(look(engine).window_left_ms, UINT64_MAX);
    traffic.weight = 96;
    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 100), 100);
    cr_assert_eq(look(engine).full_ms, 10000);
    cr_assert_eq(look(engine).window_left_ms, 10000);
    traffic.candidate_rate = 0.5;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_ROLLBACK, 60), 60);
    engine_begin(engine);
    engine_resume(engine, 15000);
    traffic.candidate_rate = 0.001;
    cr_assert_eq(run_until(engine, &traffic, ENGINE_ROLLBACK, 60), 60);
    cr_assert_eq(look(engine).full_ms, 21000);
    cr_assert_eq(look(engine).window_left_ms, 0);
    traffic.candidate_rate = 0.5;
    cr_assert_lt(run_until(engine, &traffic, ENGINE_ALERT, 60), 60);
    traffic.weight = 50;
    (void)run_until(engine, &traffic, ENGINE_ROLLBACK, 1);
    traffic.weight = 96;
    (void)run_until(engine, &traffic, ENGINE_ROLLBACK, 1);
    cr_assert_eq(look(engine).full_ms, 100, "it begins anew");
    engine_free(engine);
}

/* What is left out is left out of the baseline as well: a key that fails in both slots is nobody's release. */
Test(engine, a_key_that_is_left_out_counts_in_neither_slot)
{
    static struct counts candidate;
    static struct counts baseline;
    struct engine *engine = begin();
    struct engine_tick tick = {
        .dt_ms = 100, .weight = 50, .candidate = &candidate, .baseline = &baseline
    };
    double rate = 0;
    unsigned i = 0;

    candidate.n = baseline.n = 60;
    for (unsigned key = 0; key < 60; key++)
        candidate.bins[key].n = baseline.bins[key].n = 1;
    while (i++ < 200 && look(engine).rows[0].evidence < 8) {
        candidate.e = candidate.bins[3].e = 1;
        if (engine_tick(engine, &tick, events) > 0 && events[0].action == ENGINE_CONCENTRATED)
            break;
    }
    cr_assert_eq(events[0].action, ENGINE_CONCENTRATED);
    rate = look(engine).baseline_rate;
    baseline.e = baseline.bins[3].e = 1;
    for (i = 0; i < 200; i++)
        (void)engine_tick(engine, &tick, events);
    cr_assert_lt(look(engine).baseline_rate, rate);
    engine_free(engine);
}

/* A block that is open when the baseline goes, or comes back, is no block of either time. */
Test(engine, a_change_of_mode_drops_the_open_block)
{
    static struct counts one;
    struct engine *engine = begin();
    struct engine_tick tick = { .dt_ms = 4000, .weight = 100 };
    double prior = log(1000.0 / 3600000);
    unsigned err_abs = 2;

    one.n = 1;
    (void)engine_tick(engine, &tick, events); /* opens a block without a request */
    tick.weight = 50;
    tick.dt_ms = 1000;
    tick.candidate = tick.baseline = &one;
    (void)engine_tick(engine, &tick, events);
    cr_assert_str_eq(look(engine).rows[err_abs].name, "err_abs");
    cr_assert_leq(look(engine).rows[err_abs].evidence, prior, "the block is one second long");
    engine_free(engine);
}

/* The rows of the past are no witness without one; those that need none are not held up by it. */
Test(engine, without_a_past_it_says_so_and_looks_at_the_present)
{
    struct made_traffic traffic = traffic_new(5, 100, 100);
    struct engine *engine = NULL;
    unsigned at = 0;

    settings_default(&settings);
    settings.hist_least_requests = 100;
    engine = engine_new(&settings);
    traffic.candidate_rate = 1;
    at = run_until(engine, &traffic, ENGINE_ALERT, 100);
    cr_assert_lt(at, 100);
    cr_expect_str_eq(events[0].trigger, "hist_gross");
    at = run_until(engine, &traffic, ENGINE_ROLLBACK, 100);
    cr_assert_lt(at, 100);
    cr_expect_str_eq(events[0].trigger, "err_abs");
    engine_free(engine);
}
