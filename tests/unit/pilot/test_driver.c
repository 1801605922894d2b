/* The driver of rollouts over a real desk: pace by evidence, policies, times of days, and what is asked once more. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "deploy/deploy_view.h"
#include "deploy/rollout.h"
#include "pilot/driver_priv.h"
#include "unit/deploy/bench_desk.h"

#define SECOND_US (1000ULL * 1000)
#define HOUR_US   (3600 * SECOND_US)

static const char config_form[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  hosts = { \"shop.example\" }\n"
    "  health { enabled = %s }\n"
    "  canary { steps = { \"5%%\", \"25%%\" } }\n"
    "  %s\n"
    "  slot blue { targets = { \"127.0.0.1:5001\" } }\n"
    "  slot green { targets = { \"127.0.0.1:5002\" } version = \"v2\" }\n"
    "}\n";

static struct bench_desk desk;
static struct driver *driver;
static enum engine_advice advice;
static unsigned advised;
static unsigned alerts;
static char last_trigger[32];

static enum engine_advice on_advise(void *arg, unsigned service_index, double next_weight,
                                    const char **reason)
{
    cr_assert_eq(arg, &desk);
    cr_assert_eq(service_index, 0);
    cr_assert(next_weight == 5 || next_weight == 25 || next_weight == 100);
    advised++;
    *reason = "errors 1.2 of 3.0";
    return advice;
}

static void on_alert(void *arg, unsigned service_index, enum pilot_severity severity,
                     const struct act_cause *cause)
{
    (void)arg;
    (void)service_index;
    (void)severity;
    alerts++;
    snprintf(last_trigger, sizeof last_trigger, "%s", cause->trigger);
}

static unsigned remembered[DECISION_ACTION_COUNT];
static char remembered_triggers[200];

static uint64_t on_remember(void *arg, unsigned service_index, enum decision_action action,
                            const struct act_cause *cause)
{
    size_t len = strlen(remembered_triggers);

    cr_assert_eq(arg, &desk);
    cr_assert_eq(service_index, 0);
    remembered[action]++;
    snprintf(remembered_triggers + len, sizeof remembered_triggers - len, "%s ", cause->trigger);
    return 100 + remembered[DECISION_ADVANCE] + remembered[DECISION_CUTOVER];
}

static const struct driver_ops ops = { .advise = on_advise,
                                       .alert = on_alert,
                                       .remember = on_remember };

static void make_driver(void)
{
    struct driver_options options = {
        .loop = desk.loop, .deploy = desk.deploy, .ops = &ops, .arg = &desk
    };

    driver = driver_new(&options);
}

static void open_with(const char *lines, bool has_health)
{
    char *config = NULL;

    cr_assert_gt(asprintf(&config, config_form, has_health ? "true" : "false", lines), 0);
    bench_desk_init(&desk, config);
    free(config);
    bench_desk_must_start(&desk);
    make_driver();
    advice = ENGINE_ADVANCE;
    advised = alerts = 0;
    memset(remembered, 0, sizeof remembered);
    remembered_triggers[0] = '\0';
}

static void shut(void)
{
    driver_free(driver);
    bench_desk_fini(&desk);
}

static void restart(uint64_t away_us)
{
    driver_free(driver);
    bench_desk_stop(&desk);
    clock_shift(away_us);
    bench_desk_run_ms(&desk, 1); /* the loop keeps its time for a turn */
    bench_desk_must_start(&desk);
    make_driver();
}

/* So many ticks of the driver, each with time for its change. */
/* What was asked for is on the disk and published, however slow that is. */
static void settle(void)
{
    struct deploy_lock_view queue;
    unsigned turns = 0;

    do {
        bench_desk_run_ms(&desk, 8);
        deploy_view_lock(desk.deploy, &queue);
    } while ((queue.waiting > 0 || queue.running[0] != '\0') && turns++ < 1000);
}

static void tick(unsigned count)
{
    while (count-- > 0) {
        driver_tick(driver, clock_monotonic_us());
        settle();
    }
}

static void pass(uint64_t us)
{
    clock_shift(us);
    bench_desk_run_ms(&desk, 1);
}

static struct deploy_rollout_view view(void)
{
    struct deploy_rollout_view out;

    deploy_view_rollout(desk.deploy, 0, &out);
    return out;
}

static void start(enum rollout_plan plan)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_START, "shop", "green");
    struct change_result result;

    change.plan = plan;
    result = bench_desk_do(&desk, &change);
    cr_assert(result.changed, "%s", result.words);
}

static void tick_until(enum rollout_phase phase)
{
    for (int i = 0; i < 200 && view().phase != phase; i++)
        tick(1);
    cr_assert_eq(view().phase, phase, "%s: %s", rollout_phase_name(view().phase), view().waits_for);
}

Test(driver, goes_on_with_the_evidence)
{
    struct deploy_canary_view canary;

    open_with("", false);
    advice = ENGINE_STAY;
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_RAMPING);
    tick(3);
    cr_assert_str_eq(view().waits_for, "errors 1.2 of 3.0");
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert_eq(canary.share, 500, "without evidence it stays");
    advice = ENGINE_ADVANCE;
    tick_until(ROLLOUT_CUTOVER);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    tick_until(ROLLOUT_WATCHING);
    tick(5);
    cr_assert_str_eq(view().waits_for, "the watch");
    pass(31 * 60 * SECOND_US);
    tick_until(ROLLOUT_SETTLED);
    tick(3);
    cr_assert(view().is_final);
    cr_assert_eq(alerts, 0);
    shut();
}

Test(driver, every_step_is_one_share)
{
    struct history_entry entry;
    unsigned shares[8];
    unsigned count = 0;

    open_with("rollout { watch_minor = 0s }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_SETTLED);
    for (unsigned i = 0; deploy_history(desk.deploy, i, &entry) && count < 8; i++)
        if (entry.share != 0)
            shares[count++] = entry.share;
    cr_assert_eq(count, 2);
    cr_assert(shares[0] == 2500 && shares[1] == 500);
    shut();
}

/* The history names the decision behind each move of traffic. */
Test(driver, steps_and_the_cutover_are_decisions)
{
    struct history_entry entry;
    char found[200] = "";

    open_with("rollout { watch_minor = 0s }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_SETTLED);
    cr_assert_eq(remembered[DECISION_ADVANCE], 2);
    cr_assert_eq(remembered[DECISION_CUTOVER], 1);
    cr_assert_str_eq(remembered_triggers, "ready proven proven ");
    for (unsigned i = 0; deploy_history(desk.deploy, i, &entry); i++)
        if (entry.decision != 0) {
            size_t len = strlen(found);

            snprintf(found + len, sizeof found - len, "%llu ", (unsigned long long)entry.decision);
        }
    cr_assert_str_eq(found, "103 102 101 ");
    shut();
}

Test(driver, a_step_that_is_refused_is_one_decision)
{
    open_with("", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_READY);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_DOWN);
    for (int i = 0; i < 5; i++) {
        tick(2);
        pass(4 * SECOND_US);
    }
    cr_assert_eq(view().phase, ROLLOUT_READY);
    cr_assert_eq(remembered[DECISION_CUTOVER], 1);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    pass(4 * SECOND_US);
    tick_until(ROLLOUT_CUTOVER);
    cr_assert_eq(remembered[DECISION_CUTOVER], 1);
    shut();
}

Test(driver, inconclusive_is_held_by_default_and_goes_on_when_evidence_comes)
{
    open_with("rollout { phase_time = 10m }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_RAMPING);
    advice = ENGINE_STAY;
    pass(11 * 60 * SECOND_US);
    tick(3);
    cr_assert(view().is_held);
    cr_assert_eq(view().phase, ROLLOUT_RAMPING);
    cr_assert_eq(alerts, 1, "said once");
    cr_assert_str_eq(last_trigger, "rollout_held");
    advice = ENGINE_ADVANCE;
    tick_until(ROLLOUT_CUTOVER);
    cr_assert(!view().is_held);
    shut();
}

Test(driver, inconclusive_may_go_on_but_not_against_the_evidence)
{
    open_with("rollout { phase_time = 10m on_inconclusive = advance }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_RAMPING);
    advice = ENGINE_HOLD_STEP;
    pass(11 * 60 * SECOND_US);
    tick(3);
    cr_assert(view().is_held);
    advice = ENGINE_STAY;
    tick(2);
    cr_assert_lt(view().in_phase_us, 60 * SECOND_US, "the next step");
    pass(11 * 60 * SECOND_US);
    tick_until(ROLLOUT_CUTOVER);
    cr_assert_not_null(strstr(remembered_triggers, "inconclusive"));
    shut();
}

Test(driver, inconclusive_may_give_everybody_back)
{
    open_with("rollout { phase_time = 10m on_inconclusive = abort }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_RAMPING);
    advice = ENGINE_STAY;
    pass(11 * 60 * SECOND_US);
    tick_until(ROLLOUT_ABORTED);
    cr_assert_not_null(strstr(view().words, "inconclusive"));
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    shut();
}

Test(driver, an_overdue_phase_is_held_or_ended)
{
    open_with("gate { validation = 1h } rollout { phase_time = 10m }", true);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_PROVING);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_DOWN);
    pass(71 * 60 * SECOND_US);
    tick(1);
    cr_assert(view().is_held || view().in_phase_us < 60 * SECOND_US);
    shut();
    open_with("gate { validation = 1h } rollout { phase_time = 10m on_overdue = abort }", true);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_PROVING);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_DOWN);
    pass(71 * 60 * SECOND_US);
    tick_until(ROLLOUT_ABORTED);
    cr_assert_str_eq(last_trigger, "rollout_aborted");
    shut();
}

/* A target that was unfit for a moment makes the time of validation begin anew. */
Test(driver, validation_is_without_a_gap)
{
    open_with("gate { validation = 5m }", true);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_PROVING);
    pass(4 * 60 * SECOND_US);
    tick(2);
    cr_assert_str_eq(view().waits_for, "validation");
    bench_desk_verdict(&desk, "shop", "green", VERDICT_DOWN);
    tick(2);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    pass(2 * 60 * SECOND_US);
    tick(3);
    cr_assert_eq(view().phase, ROLLOUT_PROVING, "it was not five minutes in a row");
    pass(4 * 60 * SECOND_US);
    tick_until(ROLLOUT_READY);
    shut();
}

/* What is refused rests for three seconds. */
Test(driver, a_refusal_is_no_loop)
{
    struct deploy_durability before;
    struct history_entry entry;
    unsigned refused = 0;

    open_with("", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_READY);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_DOWN);
    deploy_view_durability(desk.deploy, &before);
    tick(20);
    for (unsigned i = 0; deploy_history(desk.deploy, i, &entry); i++)
        refused += entry.outcome == OUTCOME_REFUSED;
    cr_assert_eq(refused, 1);
    cr_assert_not_null(strstr(view().waits_for, "no fit target"), "%s", view().waits_for);
    bench_desk_verdict(&desk, "shop", "green", VERDICT_UP);
    tick(3);
    cr_assert_eq(view().phase, ROLLOUT_READY, "it rests");
    pass(4 * SECOND_US);
    tick_until(ROLLOUT_CUTOVER);
    shut();
}

Test(driver, paused_it_does_nothing)
{
    struct change change = bench_desk_change(CHANGE_ROLLOUT_PAUSE, "shop", "");

    open_with("", false);
    start(ROLLOUT_CANARY);
    bench_desk_do(&desk, &change);
    tick(10);
    cr_assert_eq(view().phase, ROLLOUT_STAGED);
    cr_assert_eq(advised, 0);
    change.kind = CHANGE_ROLLOUT_RESUME;
    bench_desk_do(&desk, &change);
    tick_until(ROLLOUT_CUTOVER);
    shut();
}

/* A watch of two days with three restarts in it. */
Test(driver, watches_for_two_days_across_three_restarts)
{
    open_with("rollout { watch_breaking = 48h default_profile = breaking }", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_WATCHING);
    for (int i = 0; i < 3; i++) {
        pass(7 * HOUR_US);
        tick(2);
        restart(8 * HOUR_US);
        tick(2);
        cr_assert_eq(view().phase, ROLLOUT_WATCHING, "%d", i);
    }
    pass(2 * HOUR_US);
    tick(2);
    cr_assert_eq(view().phase, ROLLOUT_WATCHING, "47 hours");
    pass(HOUR_US);
    tick_until(ROLLOUT_SETTLED);
    shut();
}

/* Nobody has seen what the step did while the daemon was away. */
Test(driver, time_without_the_daemon_is_no_step)
{
    struct deploy_canary_view canary;

    open_with("rollout { phase_time = 10m on_inconclusive = advance }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_RAMPING);
    advice = ENGINE_STAY;
    restart(HOUR_US);
    tick(3);
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert_eq(canary.share, 500);
    cr_assert_eq(view().phase, ROLLOUT_RAMPING);
    pass(9 * 60 * SECOND_US);
    tick(2);
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert_eq(canary.share, 500, "nine minutes were judged");
    pass(2 * 60 * SECOND_US);
    tick(2);
    deploy_view_canary(desk.deploy, 0, &canary);
    cr_assert_eq(canary.share, 2500);
    shut();
}

Test(driver, the_end_of_the_watch_is_watched)
{
    open_with("", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_WATCHING);
    restart(HOUR_US);
    tick(3);
    cr_assert_eq(view().phase, ROLLOUT_WATCHING, "the time is over, but nobody has looked");
    cr_assert_str_eq(view().waits_for, "the watch");
    pass(61 * SECOND_US);
    tick_until(ROLLOUT_SETTLED);
    shut();
}

/* The evidence at the end of the watch is asked once more. */
Test(driver, does_not_settle_against_the_evidence)
{
    open_with("", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_WATCHING);
    advice = ENGINE_HOLD_STEP;
    pass(31 * 60 * SECOND_US);
    tick(3);
    cr_assert_eq(view().phase, ROLLOUT_WATCHING);
    cr_assert(view().is_held);
    advice = ENGINE_STAY;
    tick_until(ROLLOUT_SETTLED);
    shut();
}

Test(driver, waits_for_people_and_counts_the_time)
{
    struct change change = bench_desk_change(CHANGE_APPROVE, "shop", "");

    open_with("gate { approvals = 1 approval_for = cutover }", false);
    start(ROLLOUT_CANARY);
    tick_until(ROLLOUT_RAMPING);
    for (int i = 0; i < 10 && strcmp(view().waits_for, "1 approval") != 0; i++)
        tick(1);
    cr_assert_str_eq(view().waits_for, "1 approval");
    pass(600 * SECOND_US);
    snprintf(change.actor, sizeof change.actor, "uid=7 pid=1");
    bench_desk_do(&desk, &change);
    tick_until(ROLLOUT_CUTOVER);
    cr_assert_geq(view().manual_us, 600 * SECOND_US);
    shut();
}

Test(driver, hooks_decide)
{
    open_with("rollout { hook_start = \"/bin/false\" }", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_REFUSED);
    cr_assert_not_null(strstr(view().words, "exit 1"), "%s", view().words);
    shut();
    open_with("rollout { hook_cutover = \"/bin/false now\" }", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_ROLLED_BACK);
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "blue");
    cr_assert_str_eq(last_trigger, "hook");
    shut();
    open_with("rollout { watch_minor = 0s hook_settled = \"/bin/false\" }", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_SETTLED);
    for (int i = 0; i < 60 && !view().is_final; i++)
        tick(1);
    cr_assert(view().is_final, "it is only told");
    cr_assert_str_eq(last_trigger, "hook");
    cr_assert_str_eq(bench_desk_active(&desk, "shop"), "green");
    shut();
}

/* A hook that was under way when the process ended is run once more; one that has ended and was noted is not. */
Test(driver, the_last_hook_is_run_once_over_a_restart)
{
    open_with("rollout { watch_minor = 0s hook_settled = \"/bin/sleep 1000\" }", false);
    start(ROLLOUT_SWITCH);
    tick_until(ROLLOUT_SETTLED);
    tick(3);
    cr_assert(!view().is_final);
    restart(0);
    cr_assert_eq(view().phase, ROLLOUT_SETTLED);
    cr_assert(!view().is_final);
    tick(2);
    shut();
}
