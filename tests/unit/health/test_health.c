/* The schedule with real probes: verdicts, passive findings, gates, changes on the way. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/loop.h"
#include "net/timer.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/snapshot.h"
#include "scene.h"

static const struct origin_script slowly_sick = { .bytes = "HTTP/1.1 500 No\r\n\r\n",
                                                  .drip_ms = 4 };
static const struct origin_script hanging = { .end = ORIGIN_HANG };

Test(health, the_first_results_decide)
{
    struct probe_spec spec = scene_spec(10000);
    struct health_view view;

    scene_begin(2, &scene_good);
    origin_set(scene.origins[1], &scene_sick);
    cr_assert(health_all_known(scene.health), "nothing is watched yet");
    health_watch(scene.health, scene.targets[0], &spec);
    health_watch(scene.health, scene.targets[1], &spec);
    cr_assert_not(health_all_known(scene.health));
    scene_run_until(scene_is_known);
    cr_assert_eq(scene.event_count, 2);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UP);
    cr_assert_eq(target_verdict(scene.targets[1]), VERDICT_DOWN);
    cr_assert_neq(scene.targets[0]->up_since_us, 0);
    for (unsigned i = 0; i < 2; i++) {
        const struct event *event = &scene.events[i];

        cr_assert_eq(event->was, VERDICT_UNKNOWN);
        cr_assert_str_eq(event->words, event->target == scene.targets[0]
                                           ? "probe succeeded"
                                           : "status 500, expected 2xx");
    }
    cr_assert(health_view(scene.targets[1], &view));
    cr_assert(view.is_enabled);
    cr_assert_eq(view.verdict, VERDICT_DOWN);
    cr_assert_eq(view.last_status, 500);
    cr_assert_eq(view.last_fault, FAULT_PROBE_STATUS);
    cr_assert_str_eq(view.error_words, "status 500, expected 2xx");
    cr_assert_eq(view.error_us, view.last_us);
    cr_assert_eq(view.history_count, 1);
    scene_end();
}

Test(health, falls_and_rises)
{
    struct probe_spec spec = scene_spec(5);
    struct health_view view;

    scene_begin(1, &scene_good);
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    origin_set(scene.origins[0], &scene_sick);
    scene_run_until(scene_is_first_down);
    cr_assert_eq(scene.targets[0]->up_since_us, 0);
    cr_assert(health_view(scene.targets[0], &view));
    cr_assert_eq(view.history & 15, 8, "three bad after a good one");
    cr_assert_str_eq(scene.events[1].words, "status 500, expected 2xx (3 in a row)");
    origin_set(scene.origins[0], &scene_good);
    scene_run_until(scene_is_first_up);
    cr_assert(health_view(scene.targets[0], &view));
    cr_assert_eq(view.history & 7, 3, "two good after a bad one");
    cr_assert_str_eq(scene.events[2].words, "probe succeeded (2 in a row)");
    cr_assert_eq(view.changes, 3);
    scene_end();
}

static bool has_two_results(struct scene *s)
{
    struct health_view view;

    return health_view(s->targets[0], &view) && view.results == 2;
}

Test(health, keeps_its_interval_and_hurries_when_in_doubt)
{
    struct probe_spec spec = scene_spec(2000);
    struct health_view view;
    uint64_t started_us = 0;

    scene_begin(1, &scene_good);
    spec.jitter = 10;
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    health_view(scene.targets[0], &view);
    started_us = view.last_us - view.last_duration_us;
    cr_assert_geq(view.due_us, started_us + 1790 * MS);
    cr_assert_leq(view.due_us, started_us + 2210 * MS);

    /* a bad result after a good one, and the time it took is part of the interval */
    origin_set(scene.origins[0], &slowly_sick);
    spec.jitter = 0;
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(has_two_results);
    health_view(scene.targets[0], &view);
    cr_assert_geq(view.last_duration_us, 60 * MS);
    started_us = view.last_us - view.last_duration_us;
    cr_assert_geq(view.due_us, started_us + 490 * MS);
    cr_assert_leq(view.due_us, started_us + 510 * MS);
    scene_end();
}

static bool has_error_words(struct scene *s)
{
    struct health_view view;

    return health_view(s->targets[0], &view) && view.error_us > 0;
}

Test(health, our_own_want_of_descriptors_judges_nobody)
{
    struct probe_spec spec = scene_spec(100);
    struct health_view view;
    struct rlimit was;
    struct rlimit none;

    scene_begin(1, &scene_good);
    health_watch(scene.health, scene.targets[0], &spec);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = 0;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    scene_run_until(has_error_words);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
    health_view(scene.targets[0], &view);
    cr_assert_eq(view.error_fault, FAULT_OVERLOADED);
    cr_assert_str_eq(view.error_words, "no descriptor was left for a probe");
    cr_assert_eq(view.verdict, VERDICT_UNKNOWN);
    cr_assert_eq(view.results, 0);
    scene_run_until(scene_is_first_up);
    scene_end();
}

Test(health, the_same_spec_again_changes_nothing)
{
    struct probe_spec spec = scene_spec(10000);
    struct health_view before;
    struct health_view after;

    scene_begin(1, &scene_good);
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    health_view(scene.targets[0], &before);
    health_watch(scene.health, scene.targets[0], &spec);
    health_view(scene.targets[0], &after);
    cr_assert_eq(before.due_us, after.due_us);
    cr_assert_gt(after.due_us, 0);
    scene_end();
}

Test(health, off_means_off)
{
    struct probe_spec spec = scene_spec(5);
    struct health_view view;

    scene_begin(1, &scene_sick);
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_down);
    spec.enabled = false;
    health_watch(scene.health, scene.targets[0], &spec);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UNKNOWN);
    cr_assert(health_all_known(scene.health));
    cr_assert_eq(health_probe_now(scene.health, scene.targets[0], NULL, NULL), ERR_DENIED);
    cr_assert(health_view(scene.targets[0], &view));
    cr_assert_not(view.is_enabled);
    cr_assert_eq(view.due_us, 0);
    scene_run_until(scene_has_passed_60ms);
    cr_assert_eq(scene.event_count, 1);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UNKNOWN);
    spec.enabled = true;
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_down);
    scene_end();
}

static void report_failures(unsigned target, unsigned count)
{
    while (count-- > 0)
        target_report_connect(scene.targets[target], false);
}

Test(health, workers_findings_take_a_target_out_and_probes_bring_it_back)
{
    static const enum order ready[] = { ORDER_READY, ORDER_READY };
    struct probe_spec spec = scene_spec(3000);
    struct health_view view;

    spec.timeout_us = 2500 * MS;
    scene_begin(2, &scene_good);
    scene_publish(ready);
    health_watch(scene.health, scene.targets[0], &spec);
    health_watch(scene.health, scene.targets[1], &spec);
    scene_run_until(scene_is_known);
    report_failures(0, HEALTH_PASSIVE_FAILURES - 1);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(scene.event_count, 2, "too few failures");
    report_failures(0, 1);
    scene_run_until(scene_is_first_down);
    cr_assert_eq(scene.event_count, 3);
    cr_assert_str_eq(scene.events[2].words, "workers failed to connect 3 times in a row");
    health_view(scene.targets[0], &view);
    cr_assert(view.is_passive);
    cr_assert_eq(view.error_fault, FAULT_CONNECT_FAILED);

    /* now the other one is the last */
    report_failures(1, 10);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(target_verdict(scene.targets[1]), VERDICT_UP);
    cr_assert_eq(scene.event_count, 3);

    target_report_connect(scene.targets[1], true);
    scene_run_until(scene_is_first_up);
    cr_assert_eq(scene.targets[0]->connect_failures, 0, "a good probe clears them");
    scene_end();
}

static void expect_stays(const enum order *orders, const char *name)
{
    struct probe_spec spec = scene_spec(10000);

    spec.timeout_us = 5000 * MS; /* only the workers' findings are to speak here */
    scene_begin(2, &scene_good);
    if (orders != NULL)
        scene_publish(orders);
    health_watch(scene.health, scene.targets[0], &spec);
    health_watch(scene.health, scene.targets[1], &spec);
    scene_run_until(scene_is_known);
    report_failures(0, 5);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UP, "%s", name);
    scene_end();
}

Test(health, the_last_fit_target_stays)
{
    static const enum order maint[] = { ORDER_READY, ORDER_MAINT };
    static const enum order drain[] = { ORDER_READY, ORDER_DRAIN };

    expect_stays(maint, "the other is in maint");
    expect_stays(drain, "the other drains");
    expect_stays(NULL, "no picture is published");
}

Test(health, workers_findings_do_not_count_when_health_is_off)
{
    static const enum order ready[] = { ORDER_READY, ORDER_READY };
    struct probe_spec spec = scene_spec(10000);

    scene_begin(2, &scene_good);
    scene_publish(ready);
    spec.enabled = false;
    health_watch(scene.health, scene.targets[0], &spec);
    health_watch(scene.health, scene.targets[1], &spec);
    report_failures(0, 5);
    scene_run_until(scene_has_passed_250ms);
    cr_assert_eq(target_verdict(scene.targets[0]), VERDICT_UNKNOWN);
    cr_assert_eq(scene.event_count, 0);
    scene_end();
}

static void on_answer(void *arg, const struct probe_result *result)
{
    cr_assert_eq(arg, &scene);
    scene.answers++;
    scene.answer = *result;
}

static bool is_answered(struct scene *s)
{
    return s->answers > 0;
}

Test(health, a_gate_gets_a_fresh_result)
{
    struct probe_spec spec = scene_spec(10000);
    struct health_view view;

    scene_begin(1, &scene_good);
    cr_assert_eq(health_probe_now(scene.health, scene.targets[0], on_answer, &scene),
                 ERR_NOT_FOUND);
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    origin_set(scene.origins[0], &scene_sick);
    cr_assert_eq(health_probe_now(scene.health, scene.targets[0], on_answer, &scene), 0);
    cr_assert_eq(scene.answers, 0);
    scene_run_until(is_answered);
    cr_assert_eq(scene.answer.fault, FAULT_PROBE_STATUS);
    cr_assert_eq(scene.answer.status, 500);
    health_view(scene.targets[0], &view);
    cr_assert_eq(view.results, 2, "it counts like others");
    cr_assert_eq(view.verdict, VERDICT_UP);
    scene_run_until(scene_has_passed_60ms);
    cr_assert_eq(scene.answers, 1);
    scene_end();
}

Test(health, a_gate_is_told_when_its_target_goes)
{
    struct probe_spec spec = scene_spec(10000);

    scene_begin(3, &hanging);
    for (unsigned i = 0; i < 3; i++) {
        health_watch(scene.health, scene.targets[i], &spec);
        cr_assert_eq(health_probe_now(scene.health, scene.targets[i], on_answer, &scene), 0);
    }
    scene_run_until(scene_has_passed_60ms);
    health_forget(scene.health, scene.targets[0]);
    health_forget(scene.health, scene.targets[0]);
    cr_assert_eq(scene.answers, 1);
    cr_assert_eq(scene.answer.fault, FAULT_TARGET_EVICTED);
    spec.enabled = false;
    health_watch(scene.health, scene.targets[1], &spec);
    cr_assert_eq(scene.answers, 2);
    cr_assert_eq(scene.answer.fault, FAULT_TARGET_EVICTED);
    scene_end();
    cr_assert_eq(scene.answers, 3);
    cr_assert_eq(scene.event_count, 0);
}

static bool has_passed_1s(struct scene *s)
{
    return s->waited_ms >= 1000;
}

Test(health, another_spec_abandons_what_is_under_way)
{
    struct probe_spec spec = scene_spec(10000);
    struct address other;

    scene_begin(2, &scene_good);
    origin_set(scene.origins[0], &hanging);
    spec.timeout_us = 1000 * MS;
    spec.fall = 1;
    health_watch(scene.health, scene.targets[0], &spec);
    cr_assert_eq(health_probe_now(scene.health, scene.targets[0], on_answer, &scene), 0);
    scene_run_until(scene_has_passed_60ms);
    other = origin_address(scene.origins[1]);
    spec.port = address_port(&other);
    spec.path = "/other";
    health_watch(scene.health, scene.targets[0], &spec);
    scene_run_until(scene_is_first_up);
    scene_run_until(has_passed_1s);
    cr_assert_eq(scene.event_count, 1, "the old probe's timeout was heard");
    cr_assert_eq(scene.answers, 1);
    cr_assert_eq(scene.answer.fault, FAULT_NONE, "the gate was asked again in the new way");
    cr_assert_eq(strncmp(origin_request(scene.origins[1]), "GET /other ", 11), 0);
    scene_end();
}

static void on_refused(void *arg, const struct probe_result *result)
{
    cr_assert_eq(result->fault, FAULT_TARGET_EVICTED);
    scene.answers++;
    health_forget(scene.health, arg);
}

Test(health, a_target_may_be_forgotten_when_its_gate_is_refused)
{
    struct probe_spec spec = scene_spec(10000);

    scene_begin(1, &hanging);
    health_watch(scene.health, scene.targets[0], &spec);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(health_probe_now(scene.health, scene.targets[0], on_refused, scene.targets[0]),
                     0);
    spec.enabled = false;
    health_watch(scene.health, scene.targets[0], &spec);
    cr_assert_eq(scene.answers, 3);
    cr_assert_null(scene.targets[0]->probe);
    scene_end();
}

static bool has_two_events(struct scene *s)
{
    return s->event_count == 2;
}

Test(health, a_target_may_be_forgotten_when_its_verdict_is_told)
{
    struct probe_spec spec = scene_spec(5);
    struct health_view view;

    scene_begin(2, &scene_good);
    scene.forgets = true;
    health_watch(scene.health, scene.targets[0], &spec);
    health_watch(scene.health, scene.targets[1], &spec);
    cr_assert_eq(health_probe_now(scene.health, scene.targets[1], on_answer, &scene), 0);
    scene_run_until(has_two_events);
    scene_run_until(scene_has_passed_60ms);
    cr_assert_eq(scene.event_count, 2);
    cr_assert_eq(scene.answers, 1);
    cr_assert_not(health_view(scene.targets[0], &view));
    cr_assert_eq(view.results, 0);
    scene_end();
}

enum { MANY = 300 };

static unsigned most_in_flight;

static bool are_many_known(struct scene *s)
{
    if (s->health->in_flight > most_in_flight)
        most_in_flight = s->health->in_flight;
    return health_all_known(s->health);
}

Test(health, bounds_the_probes_under_way)
{
    static struct target *many[MANY];
    struct probe_spec spec = scene_spec(60000);
    struct address address;

    scene_begin(1, &hanging);
    address = origin_address(scene.origins[0]);
    spec.timeout_us = 300 * MS;
    for (unsigned i = 0; i < MANY; i++) {
        many[i] = target_new(scene.slot, "many", &address, 1);
        health_watch(scene.health, many[i], &spec);
    }
    scene_run_until(are_many_known);
    cr_assert_eq(most_in_flight, HEALTH_FLIGHT_MAX);
    cr_assert_eq(scene.event_count, MANY);
    cr_assert_eq(scene.health->in_flight, 0);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(target_verdict(many[i]), VERDICT_DOWN);
        health_forget(scene.health, many[i]);
        target_free(many[i]);
    }
    scene_end();
}
