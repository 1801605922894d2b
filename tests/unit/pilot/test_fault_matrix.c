/*
 * What fails, how much of the traffic the candidate has, and what is done about it: hundreds of deployments with random
 * rates, shares of errors and lengths, one after the other on a real desk in compressed time. Expected is one action in
 * all of them. SWITCHYARD_TEST_FULL=1: a thousand.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pilot/casebook.h"
#include "unit/pilot/bench_season.h"

enum { SECOND = 10, MINUTE = 60 * SECOND, WAYS = 3 };

static const unsigned ways[WAYS] = { 5, 25, 100 };

enum ill { ILL_CANDIDATE, ILL_BASELINE, ILL_BOTH, ILL_DATABASE, ILL_CHECKS };

/* So many deployments in each cell. */
static unsigned count_runs(void)
{
    return getenv("SWITCHYARD_TEST_FULL") != NULL ? 67 : 14;
}

static double draw_error_rate(struct season *season)
{
    return season_draw(season, 0, 1) < 0.3 ? 1 : season_draw(season, 0.25, 1);
}

/* By errors, by answers that take ten times as long and more, or by no answer at all. */
static void spoil_candidate(struct season *season)
{
    double by = season_draw(season, 0, 1);

    if (by < 0.7)
        season->green.error_rate = draw_error_rate(season);
    else if (by < 0.85)
        season->green.is_silent = true;
    else
        season->green.error_rate = 1;
}

static void spoil(struct season *season, enum ill ill)
{
    double rate = draw_error_rate(season);

    switch (ill) {
    case ILL_CANDIDATE: spoil_candidate(season); break;
    case ILL_BASELINE: season->blue.error_rate = rate; break;
    case ILL_BOTH:
        season->green.error_rate = season->blue.error_rate = rate;
        season->green.check = season->blue.check = SEASON_CHECK_FAIL;
        break;
    case ILL_DATABASE:
        season->green.error_rate = season->blue.error_rate = rate;
        season->green.check = season->blue.check = SEASON_CHECK_DATABASE;
        break;
    case ILL_CHECKS: season->green.check = SEASON_CHECK_FAIL; break;
    }
}

static bool is_to_be_moved(enum ill ill)
{
    return ill == ILL_CANDIDATE || ill == ILL_CHECKS;
}

/* One deployment: peace, trouble, and what comes after it. */
static void deploy_once(struct season *season, enum ill ill, unsigned percent)
{
    unsigned moves = season_moves(season);
    unsigned most = ill == ILL_CHECKS ? 3 * MINUTE : MINUTE;
    bool is_moved = false;

    season->traffic.per_s = exp(season_draw(season, log(100), log(1000)));
    season_heal(season);
    season_run(season, 200);
    season_begin(season, percent);
    season_run(season, (unsigned)season_draw(season, 20, 150));
    cr_assert_eq(season_moves(season), moves, "peace");
    spoil(season, ill);
    is_moved = season_run_until_moved(season, most);
    cr_assert_eq(is_moved, is_to_be_moved(ill), "%g/s, %u%%: %g and %g", season->traffic.per_s,
                 percent, season->green.error_rate, season->blue.error_rate);
    cr_assert_eq(season_is_tried(season), !is_moved);
    season->blue.error_rate = season_draw(season, 0, 1); /* what comes then is blue's alone */
    season_run(season, is_moved ? MINUTE / 2 : 1);
    cr_assert_eq(season_moves(season), moves + is_moved, "one move at most");
    season_heal(season);
    season_run(season, 100);
    season_end(season);
}

static void run_cell(enum ill ill, unsigned percent)
{
    struct season season;

    season_open(&season, &(struct season_options){ .seed = 1000 * (ill + 1) + percent });
    for (unsigned i = 0; i < count_runs(); i++)
        deploy_once(&season, ill, percent);
    season_close(&season);
}

static void run_row(enum ill ill)
{
    for (unsigned i = 0; i < WAYS; i++)
        run_cell(ill, ways[i]);
}

Test(fault_matrix, candidate_that_fails_alone_is_taken_back_once, .timeout = 600)
{
    run_row(ILL_CANDIDATE);
}

Test(fault_matrix, baseline_that_fails_alone_moves_nothing, .timeout = 600)
{
    run_row(ILL_BASELINE);
}

Test(fault_matrix, both_that_fail_move_nothing, .timeout = 600)
{
    run_row(ILL_BOTH);
}

Test(fault_matrix, database_that_both_share_moves_nothing, .timeout = 600)
{
    run_row(ILL_DATABASE);
}

Test(fault_matrix, candidate_whose_checks_fail_is_taken_back_after_two_minutes, .timeout = 600)
{
    run_row(ILL_CHECKS);
}

/* The way back is not fit: nothing moves until it is, and then at once. */
static void block(struct season *season, unsigned percent)
{
    unsigned moves = season_moves(season);
    struct pilot_trial trial;

    season_heal(season);
    season_run(season, 30 * SECOND);
    season_begin(season, percent);
    season->blue.check =
        season_draw(season, 0, 1) < 0.5 ? SEASON_CHECK_FAIL : SEASON_CHECK_DATABASE;
    season_run(season, 5 * SECOND);
    season->green.error_rate = draw_error_rate(season);
    cr_assert(!season_run_until_moved(season, (unsigned)season_draw(season, 10, 90) * SECOND),
              "%u%%", percent);
    pilot_look(season->bench.pilot, 0, &trial);
    cr_assert(trial.is_blocked, "%u%%", percent);
    season->blue.check = SEASON_CHECK_OK;
    cr_assert(season_run_until_moved(season, 15 * SECOND), "%u%%: not carried out", percent);
    season_run(season, MINUTE);
    cr_assert_eq(season_moves(season), moves + 1);
    season_end(season);
}

Test(fault_matrix, move_that_was_blocked_is_carried_out_when_the_other_side_recovers,
     .timeout = 600)
{
    struct season season;

    season_open(&season, &(struct season_options){ .seed = 77, .per_s = 300 });
    for (unsigned i = 0; i < count_runs() * WAYS; i++)
        block(&season, ways[i % WAYS]);
    season_close(&season);
}

/* What lasts is said again, not every second, and does not fill the disk with decisions. */
Test(fault_matrix, outage_of_both_that_lasts_is_said_now_and_then, .timeout = 600)
{
    struct season season;
    struct pilot_alert alert;
    unsigned count = 0;

    season_open(&season, &(struct season_options){ .seed = 78, .per_s = 300 });
    season_run(&season, MINUTE);
    season_begin(&season, 100);
    spoil(&season, ILL_DATABASE);
    season_run(&season, 20 * MINUTE);
    cr_expect_eq(season_moves(&season), 0);
    for (; pilot_alert_at(season.bench.pilot, count, &alert); count++)
        continue;
    cr_expect(count > 0 && count <= 50, "%u alerts", count);
    cr_expect_null(casebook_at(pilot_casebook(season.bench.pilot), 50), "too many decisions");
    season_close(&season);
}

/* One check that fails is one, however long it is until the next. */
Test(fault_matrix, single_failed_check_of_a_quiet_candidate_moves_nothing, .timeout = 600)
{
    struct season season;

    season_open(&season, &(struct season_options){ .check_s = 15, .seed = 79, .per_s = 0.5 });
    season_run(&season, MINUTE);
    season_begin(&season, 5);
    for (unsigned i = 0; i < 20; i++) {
        season.green.check = SEASON_CHECK_FAIL;
        season_run(&season, 15 * SECOND);
        season.green.check = SEASON_CHECK_OK;
        season_run(&season, 30 * SECOND);
    }
    cr_expect_eq(season_moves(&season), 0);
    season.green.check = SEASON_CHECK_FAIL;
    cr_expect(season_run_until_moved(&season, 2 * MINUTE), "three in a row");
    season_close(&season);
}

/* --- every rule in every state --- */

enum state { STATE_RUNNING, STATE_PAUSED, STATE_SWITCHED, STATE_UNCONFIRMED, STATES };
enum breach { BREACH_ERRORS, BREACH_SLOW, BREACH_SILENT, BREACH_CHECKS, BREACH_DATABASE, BREACHES };

static void enter_state(struct season *season, enum state state)
{
    struct change pause = bench_desk_change(CHANGE_CANARY_PAUSE, "shop", "");
    struct change to_green = bench_desk_change(CHANGE_SWITCH, "shop", "green");

    to_green.force = true;
    snprintf(to_green.reason, sizeof to_green.reason, "a test");
    to_green.confirm_us = 3600ull * 1000 * 1000;
    switch (state) {
    case STATE_RUNNING: season_begin(season, 25); break;
    case STATE_PAUSED:
        season_begin(season, 25);
        cr_assert_eq(bench_desk_do(&season->bench.desk, &pause).outcome, OUTCOME_DONE);
        break;
    case STATE_SWITCHED: season_begin(season, 100); break;
    case STATE_UNCONFIRMED:
        cr_assert_eq(bench_desk_do(&season->bench.desk, &to_green).outcome, OUTCOME_DONE);
        break;
    case STATES: break;
    }
}

static void breach(struct season *season, enum breach breach)
{
    switch (breach) {
    case BREACH_ERRORS: season->green.error_rate = 0.5; break;
    case BREACH_SLOW: season->green.slower = 150; break; /* beyond 5 s in the mean */
    case BREACH_SILENT: season->green.is_silent = true; break;
    case BREACH_CHECKS: season->green.check = SEASON_CHECK_FAIL; break;
    case BREACH_DATABASE: season->green.check = SEASON_CHECK_DATABASE; break;
    case BREACHES: break;
    }
}

Test(fault_matrix, guards_are_armed_in_every_state, .timeout = 600)
{
    struct season season;

    season_open(&season, &(struct season_options){ .seed = 80, .per_s = 60 });
    season.traffic.has_latency = true;
    for (unsigned i = 0; i < STATES * BREACHES; i++) {
        season_heal(&season);
        season_run(&season, 30 * SECOND);
        enter_state(&season, (enum state)(i / BREACHES));
        season_run(&season, 12 * SECOND);
        cr_assert(season_is_tried(&season), "state %u", i / BREACHES);
        breach(&season, (enum breach)(i % BREACHES));
        cr_expect(season_run_until_moved(&season, 3 * MINUTE), "state %u, breach %u", i / BREACHES,
                  i % BREACHES);
        season_heal(&season);
        season_end(&season);
    }
    season_close(&season);
}
