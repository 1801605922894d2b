/* Health with real probes: targets that say who they are, and targets that the errors of traffic take out. */
#include <criterion/criterion.h>

#include "net/loop.h"
#include "scene.h"

#define SAYS(of) "HTTP/1.1 200 OK\r\n\r\n{\"slot\":\"" of "\",\"depth\":7}"

static const struct origin_script says_blue = { .bytes = SAYS("blue") };
static const struct origin_script says_green = { .bytes = SAYS("green") };
static const char *const own_slot = "slot=$slot";
static const char *const green_rival = "green";
static const char *const depth_gauge = "depth";

static struct probe_spec make_slot_spec(void)
{
    struct probe_spec spec = scene_spec(20);

    spec.body = (struct probe_body_spec){ .assertion_count = 1,
                                          .assertions = &own_slot,
                                          .slot = "blue",
                                          .rival_count = 1,
                                          .rivals = &green_rival,
                                          .gauge_count = 1,
                                          .gauges = &depth_gauge };
    return spec;
}

static bool is_first_misdeployed(struct scene *s)
{
    return target_verdict(s->targets[0]) == VERDICT_MISDEPLOYED;
}

static bool is_first_known(struct scene *s)
{
    return target_verdict(s->targets[0]) != VERDICT_UNKNOWN;
}

Test(health_finding, who_names_another_slot_is_out_at_once_and_comes_back_by_rise)
{
    struct probe_spec spec = make_slot_spec();
    struct health_view view;
    struct health_gauge gauges[PROBE_GAUGES_MAX];

    scene_begin(1, &says_blue);
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    cr_assert_eq(health_gauges(scene.targets[0], gauges), 1);
    cr_assert_str_eq(gauges[0].name, "depth");
    cr_assert_float_eq(gauges[0].value, 7, 1e-9);

    origin_set(scene.origins[0], &says_green);
    scene_run_until(is_first_misdeployed);
    cr_assert_eq(scene.event_count, 2, "one answer is enough, whatever fall says");
    cr_assert_str_eq(scene.events[1].words,
                     "misdeployed: it says that it is green, and is a target of blue");
    health_view(scene.targets[0], &view);
    cr_assert_eq(view.verdict, VERDICT_MISDEPLOYED);
    cr_assert_not(view.is_passive);
    cr_assert_eq(view.changes, 2);

    /* an answer that tells nothing of the slot does not clear it of that */
    origin_set(scene.origins[0], &scene_sick);
    scene_run_until(scene_has_passed_60ms);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_MISDEPLOYED);

    origin_set(scene.origins[0], &says_blue);
    scene_run_until(scene_is_first_up);
    cr_assert_eq(scene.event_count, 4);
    cr_assert_eq(scene.events[2].is, VERDICT_DOWN, "it is right again, and proves itself");
    cr_assert_str_eq(scene.events[3].words, "probe succeeded (2 in a row)");
    scene_end();
}

Test(health_finding, misdeployed_from_the_first_answer_on_and_forgotten_when_off)
{
    struct probe_spec spec = make_slot_spec();
    struct health_gauge gauges[PROBE_GAUGES_MAX];

    scene_begin(1, &says_green);
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(is_first_known);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_MISDEPLOYED);
    spec.enabled = false;
    health_watch(scene.health, scene.targets[0], &spec);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UNKNOWN);
    cr_assert_eq(health_gauges(scene.targets[0], gauges), 0);
    scene_end();
}

static void report_errors(unsigned target, unsigned count)
{
    while (count-- > 0)
        target_report_answer(scene.targets[target], 0, false);
}

static bool is_any_down(struct scene *s)
{
    for (unsigned i = 0; i < s->target_count; i++)
        if (target_verdict(s->targets[i]) == VERDICT_DOWN)
            return true;
    return false;
}

static unsigned count_down(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < scene.target_count; i++)
        count += target_verdict(scene.targets[i]) == VERDICT_DOWN;
    return count;
}

static struct probe_spec make_eject_spec(void)
{
    struct probe_spec spec = scene_spec(20);

    spec.eject = (struct eject_spec){ .errors = 5, .time_us = 400 * MS, .most = 50 };
    return spec;
}

static void watch_all(const struct probe_spec *spec)
{
    static const enum order ready[] = { ORDER_READY, ORDER_READY, ORDER_READY, ORDER_READY };

    scene_publish(ready);
    for (unsigned i = 0; i < scene.target_count; i++)
        health_watch(scene.health, scene.targets[i], spec);
    scene_run_until(scene_is_known);
}

Test(health_finding, errors_of_traffic_eject_for_a_while)
{
    struct probe_spec spec = make_eject_spec();
    struct health_view view;

    scene_begin(2, &scene_good);
    watch_all(&spec);
    report_errors(0, 4);
    target_report_answer(scene.targets[0], 0, true); /* breaks the row */
    report_errors(0, 4);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(scene.event_count, 2, "too few in a row");
    report_errors(0, 1);
    scene_run_until(scene_is_first_down);
    cr_assert_str_eq(scene.events[2].words, "ejected for 400ms: 5 requests in a row failed");
    health_view(scene.targets[0], &view);
    cr_assert(view.is_ejected);
    cr_assert_eq(view.ejections, 1);
    cr_assert_eq(view.error_fault, FAULT_TARGET_EJECTED);
    cr_assert_str_eq(view.error_words, scene.events[2].words);
    cr_assert_gt(view.ejected_until_us, view.since_us);
    scene_run_until(scene_is_first_up); /* good probes alone do not bring it back earlier */
    cr_assert_geq(loop_now_us(scene.loop), view.ejected_until_us);
    cr_assert_str_eq(scene.events[3].words, "the time of its ejection is over");
    cr_assert_eq(scene.event_count, 4);
    health_view(scene.targets[0], &view);
    cr_assert_not(view.is_ejected);
    cr_assert_eq(view.changes, 3);
    scene_end();
}

Test(health_finding, ejection_leaves_half_of_the_slot)
{
    struct probe_spec spec = make_eject_spec();

    spec.eject.time_us = 60000 * MS;
    scene_begin(4, &scene_good);
    watch_all(&spec);
    for (unsigned i = 0; i < 4; i++)
        report_errors(i, 50);
    scene_run_until(is_any_down);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(count_down(), 2);
    scene_end();
}

Test(health_finding, ejection_leaves_the_last_fit_target)
{
    struct probe_spec spec = make_eject_spec();

    spec.eject.most = 100;
    spec.eject.time_us = 60000 * MS;
    scene_begin(2, &scene_good);
    watch_all(&spec);
    report_errors(0, 50);
    report_errors(1, 50);
    scene_run_until(is_any_down);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(count_down(), 1);
    scene_end();
}

Test(health_finding, without_the_option_nobody_is_ejected_and_who_was_comes_back)
{
    struct probe_spec spec = make_eject_spec();

    spec.eject.time_us = 60000 * MS;
    scene_begin(2, &scene_good);
    watch_all(&spec);
    report_errors(0, 5);
    scene_run_until(scene_is_first_down);
    spec.eject.errors = 0;
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    report_errors(0, 50);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UP);
    scene_end();
}
