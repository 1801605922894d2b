/* See scene.h. */
#include "scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "net/timer.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/snapshot.h"

struct scene scene;

const struct origin_script scene_good = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
const struct origin_script scene_sick = { .bytes = "HTTP/1.1 500 No\r\n\r\n" };

static void on_verdict(void *arg, struct target *target, enum verdict was, enum verdict is,
                       const char *words)
{
    struct event *event = &scene.events[scene.event_count++ % EVENTS];

    cr_assert_eq(arg, &scene);
    cr_assert_eq(target_verdict(target), is);
    event->target = target;
    event->was = was;
    event->is = is;
    snprintf(event->words, sizeof event->words, "%s", words);
    if (scene.forgets)
        health_forget(scene.health, target);
}

static const struct health_ops ops = { .on_verdict = on_verdict };

static void on_poll(void *arg)
{
    (void)arg;
    scene.waited_ms = clock_monotonic_us() / 1000 - scene.began_ms;
    if (scene.waited_ms > 30000)
        cr_assert_fail("waited in vain");
    if (scene.is_over(&scene))
        loop_stop(scene.loop);
    else
        timer_arm(scene.poll, 1);
}

void scene_run_until(bool (*is_over)(struct scene *scene))
{
    scene.is_over = is_over;
    scene.began_ms = clock_monotonic_us() / 1000;
    timer_arm(scene.poll, 0);
    loop_run(scene.loop);
}

bool scene_has_passed_60ms(struct scene *s)
{
    return s->waited_ms >= 60;
}

bool scene_has_passed_250ms(struct scene *s)
{
    return s->waited_ms >= 250;
}

void scene_begin(unsigned target_count, const struct origin_script *script)
{
    memset(&scene, 0, sizeof scene);
    scene.loop = loop_new();
    scene.health = health_new(scene.loop, &ops, &scene);
    scene.poll = timer_new(scene.loop, on_poll, NULL);
    scene.service = service_new("shop");
    scene.slot = slot_new(scene.service, "blue", 1);
    scene.target_count = target_count;
    for (unsigned i = 0; i < target_count; i++) {
        struct address address;
        char name[ADDRESS_TEXT_SIZE];

        scene.origins[i] = origin_new(script);
        address = origin_address(scene.origins[i]);
        address_format(&address, name);
        scene.targets[i] = target_new(scene.slot, name, &address, 1);
    }
}

void scene_end(void)
{
    struct snapshot *snapshot = snapshot_publish(NULL);

    health_free(scene.health);
    timer_free(scene.poll);
    loop_free(scene.loop);
    snapshot_free(snapshot);
    for (unsigned i = 0; i < scene.target_count; i++) {
        target_free(scene.targets[i]);
        origin_free(scene.origins[i]);
    }
    slot_free(scene.slot);
    service_free(scene.service);
}

void scene_publish(const enum order *orders)
{
    struct pick picks[TARGETS];
    struct snapshot_slot slot = { .slot = scene.slot,
                                  .pick_count = scene.target_count,
                                  .picks = picks };
    struct snapshot_service service = { .service = scene.service, .slot_count = 1, .slots = &slot };
    struct snapshot_input input = { .epoch = 1, .service_count = 1, .services = &service };
    struct snapshot *snapshot = NULL;

    for (unsigned i = 0; i < scene.target_count; i++)
        picks[i] = (struct pick){ .target = scene.targets[i], .weight = 1, .order = orders[i] };
    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    snapshot_free(snapshot_publish(snapshot));
}

struct probe_spec scene_spec(uint64_t interval_ms)
{
    return (struct probe_spec){ .enabled = true,
                                .interval_us = interval_ms * MS,
                                .timeout_us = 500 * MS,
                                .rise = 2,
                                .fall = 3 };
}

bool scene_is_known(struct scene *s)
{
    return health_all_known(s->health);
}

bool scene_is_first_down(struct scene *s)
{
    return target_verdict(s->targets[0]) == VERDICT_DOWN;
}

bool scene_is_first_up(struct scene *s)
{
    return target_verdict(s->targets[0]) == VERDICT_UP;
}
