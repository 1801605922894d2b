/* Hooks and the probe through the front door, for the driver: see course_priv.h. Control thread. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "health/selfprobe.h"
#include "net/child.h"
#include "pilot/course_priv.h"
#include "pilot/front_door_priv.h"

enum { PROBE_TRIES = 3, PROBE_REST_US = 300 * 1000 };

static void on_hook(void *arg, const struct child_result *result)
{
    struct course *course = arg;
    char output[512];

    course->child = NULL;
    course->hook = result->code == 0 ? ERRAND_GOOD : ERRAND_BAD;
    snprintf(course->words, sizeof course->words, "hook: %s", result->words);
    log_text(slice_of(result->output, result->output_len), output, sizeof output);
    log_event(result->code == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "hook",
              "service=%s rollout=%llu phase=%s words=\"%s\" output=\"%s\"", course->view.name,
              (unsigned long long)course->view.id, rollout_phase_name(course->phase), result->words,
              output);
}

static void start_hook(struct course *course, const char *command)
{
    const struct deploy_rollout_view *view = &course->view;
    char texts[6][96];
    const char *env[] = { texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], NULL };
    struct child_spec spec = {
        .command = command,
        .more = env,
        .timeout_us = course_settings(course)->hook_time,
    };

    snprintf(texts[0], sizeof texts[0], "SWITCHYARD_SERVICE=%s", view->name);
    snprintf(texts[1], sizeof texts[1], "SWITCHYARD_FROM=%s", view->from);
    snprintf(texts[2], sizeof texts[2], "SWITCHYARD_TO=%s", view->to);
    snprintf(texts[3], sizeof texts[3], "SWITCHYARD_VERSION=%s", view->version);
    snprintf(texts[4], sizeof texts[4], "SWITCHYARD_PHASE=%s", rollout_phase_name(view->phase));
    snprintf(texts[5], sizeof texts[5], "SWITCHYARD_ROLLOUT=%llu", (unsigned long long)view->id);
    course->hook = ERRAND_OPEN;
    course->child = child_start(course->driver->options.loop, &spec, on_hook, course);
}

enum errand errand_hook(struct course *course, const char *command)
{
    if (command == NULL)
        return ERRAND_GOOD;
    if (course->hook == ERRAND_NEW)
        start_hook(course, command);
    return course->hook;
}

static void on_probed(void *arg, const struct selfprobe_result *result)
{
    struct course *course = arg;
    bool is_good = result->fault == FAULT_NONE;

    course->probe = NULL;
    course->probing = ERRAND_NEW; /* the next service, or once more */
    snprintf(course->words, sizeof course->words, "probe through the front door: %.200s",
             is_good ? "good" : result->words);
    if (is_good) {
        course->probe_service++;
        course->probe_failures = 0;
        return;
    }
    LOG_WARN("selfprobe", "service=%s rollout=%llu fault=%s words=\"%.200s\"", course->view.name,
             (unsigned long long)course->view.id, fault_name(result->fault), result->words);
    if (++course->probe_failures >= PROBE_TRIES)
        course->probing = ERRAND_BAD;
    else
        course->rest_until_us = course->driver->now_us + PROBE_REST_US;
}

/* What cannot be asked through the front door is not. */
static bool start_probe(struct course *course, unsigned service_index)
{
    const struct driver_options *options = &course->driver->options;
    struct front_door door = {
        .service = &deploy_config(options->deploy)->services[service_index],
        .slot = course->view.to,
    };

    if (options->ops->front == NULL ||
        !options->ops->front(options->arg, service_index, &door.front))
        return false;
    course->probe = front_door_ask(options->loop, &door, on_probed, course);
    if (course->probe != NULL)
        course->probing = ERRAND_OPEN;
    return course->probe != NULL;
}

/* While all requests wait or get the page of maintenance, nobody is there to answer. */
static bool is_closed(const struct course *course, unsigned service_index)
{
    struct deploy_traffic_view traffic;

    deploy_view_traffic(course->driver->options.deploy, service_index, &traffic);
    return traffic.is_held || traffic.is_maint;
}

enum errand errand_probe(struct course *course)
{
    unsigned service_index = 0;

    if (!course_settings(course)->selfprobe)
        return ERRAND_GOOD;
    while (course->probing == ERRAND_NEW) {
        if (!course_service(course, course->probe_service, &service_index))
            return ERRAND_GOOD;
        if (is_closed(course, service_index))
            return ERRAND_OPEN;
        if (!start_probe(course, service_index))
            course->probe_service++;
    }
    return course->probing;
}

void errand_drop(struct course *course)
{
    child_cancel(course->child);
    selfprobe_cancel(course->probe);
    course->child = NULL;
    course->probe = NULL;
    course->hook = course->probing = ERRAND_NEW;
    course->probe_service = course->probe_failures = 0;
    course->words[0] = '\0';
}
