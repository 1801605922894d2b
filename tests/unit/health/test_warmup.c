/* Warm-ups against real sockets: until good, until fast, failures, the end of the target. */
#include "health/warmup.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "health/watch_priv.h"
#include "net/loop.h"
#include "net/timer.h"
#include "origin.h"
#include "route/service.h"
#include "route/slot.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static const struct origin_script good = { .bytes = OK };
static const struct origin_script slow = { .bytes = OK, .drip_ms = 2 };
static const struct origin_script sick = { .bytes = "HTTP/1.1 503 No\r\n\r\n" };
static const struct origin_script hanging = { .end = ORIGIN_HANG };

struct scene {
    struct loop *loop;
    struct health *health;
    struct service *service;
    struct slot *slot;
    struct target *target;
    struct origin *origin;
    unsigned answers;
    struct warmup_result result;
};

static void begin(struct scene *scene, const struct origin_script *script)
{
    struct address address;
    const struct probe_spec spec = { .enabled = false };

    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    scene->health = health_new(scene->loop, NULL, NULL);
    scene->service = service_new("shop");
    scene->slot = slot_new(scene->service, "green", 1);
    scene->origin = origin_new(script);
    address = origin_address(scene->origin);
    scene->target = target_new(scene->slot, "green-1", &address, 1);
    health_watch(scene->health, scene->target, &spec);
}

static void end(struct scene *scene)
{
    health_free(scene->health);
    target_free(scene->target);
    slot_free(scene->slot);
    service_free(scene->service);
    origin_free(scene->origin);
    loop_free(scene->loop);
}

static void on_done(void *arg, const struct warmup_result *result)
{
    struct scene *scene = arg;

    scene->answers++;
    scene->result = *result;
    loop_stop(scene->loop);
}

static void start(struct scene *scene, const struct warmup_spec *spec)
{
    cr_assert_eq(health_warm(scene->health, scene->target, spec, on_done, scene), 0);
}

Test(warmup, is_warm_after_so_many_good_requests)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/warm?x=1",
        .host = "shop.test",
        .requests = 20,
        .concurrency = 1,
        .timeout_us = 20000000,
    };

    begin(&scene, &good);
    start(&scene, &spec);
    loop_run(scene.loop);
    cr_expect(scene.result.is_warm, "%s", scene.result.words);
    cr_expect_eq(scene.result.sent, 20);
    cr_expect_eq(scene.result.failed, 0);
    cr_expect_gt(scene.result.p95_us, 0);
    cr_expect_not_null(strstr(origin_request(scene.origin), "GET /warm?x=1 HTTP/1.1\r\n"));
    cr_expect_not_null(strstr(origin_request(scene.origin), "Host: shop.test\r\n"));
    cr_expect_eq(target_verdict(scene.target), VERDICT_UNKNOWN); /* no health finding */
    end(&scene);
}

static void heal(void *arg)
{
    struct scene *scene = arg;

    origin_set(scene->origin, &good);
}

Test(warmup, goes_on_until_the_last_ones_are_good)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/", .requests = 5, .concurrency = 2, .timeout_us = 20000000
    };
    struct timer *timer = NULL;

    begin(&scene, &sick);
    timer = timer_new(scene.loop, heal, &scene);
    timer_arm(timer, 120);
    start(&scene, &spec);
    loop_run(scene.loop);
    cr_expect(scene.result.is_warm, "%s", scene.result.words);
    cr_expect_gt(scene.result.failed, 0);
    cr_expect_geq(scene.result.sent, scene.result.failed + 5);
    timer_free(timer);
    end(&scene);
}

Test(warmup, refuses_what_stays_slow)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/", .requests = 2, .concurrency = 2, .p95_us = 1000, .timeout_us = 600000
    };

    begin(&scene, &slow);
    start(&scene, &spec);
    loop_run(scene.loop);
    cr_expect_not(scene.result.is_warm);
    cr_expect_not_null(strstr(scene.result.words, "p95 is"), "%s", scene.result.words);
    cr_expect_gt(scene.result.p95_us, 1000);
    end(&scene);
}

Test(warmup, refuses_what_fails)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/", .requests = 3, .concurrency = 1, .timeout_us = 300000
    };

    begin(&scene, &sick);
    start(&scene, &spec);
    loop_run(scene.loop);
    cr_expect_not(scene.result.is_warm);
    cr_expect_not_null(strstr(scene.result.words, "status 503"), "%s", scene.result.words);
    end(&scene);
}

Test(warmup, several_at_a_time)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/", .requests = 40, .concurrency = 4, .timeout_us = 20000000
    };

    begin(&scene, &good);
    start(&scene, &spec);
    loop_run(scene.loop);
    cr_expect(scene.result.is_warm, "%s", scene.result.words);
    cr_expect_eq(scene.result.sent, 40);
    cr_expect_geq(origin_accepted(scene.origin), 40);
    end(&scene);
}

Test(warmup, ends_with_its_target)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/", .requests = 3, .concurrency = 3, .timeout_us = 20000000
    };

    begin(&scene, &hanging);
    start(&scene, &spec);
    health_forget(scene.health, scene.target);
    cr_expect_eq(scene.answers, 1);
    cr_expect_not(scene.result.is_warm);
    end(&scene);
}

Test(warmup, cancelled_without_a_word)
{
    struct scene scene;
    const struct warmup_spec spec = {
        .path = "/", .requests = 3, .concurrency = 3, .timeout_us = 20000000
    };

    begin(&scene, &hanging);
    start(&scene, &spec);
    health_warm_cancel(scene.health, &scene);
    health_warm_cancel(scene.health, &scene);
    end(&scene);
    cr_expect_eq(scene.answers, 0);
}

Test(warmup, numbers_are_checked)
{
    struct scene scene;
    struct warmup_spec spec = { .path = "/", .requests = 3, .concurrency = 1, .timeout_us = 1 };

    begin(&scene, &good);
    spec.requests = 0;
    cr_expect_eq(health_warm(scene.health, scene.target, &spec, on_done, &scene), ERR_RANGE);
    spec.requests = WARMUP_REQUESTS_MAX + 1;
    cr_expect_eq(health_warm(scene.health, scene.target, &spec, on_done, &scene), ERR_RANGE);
    spec.requests = 1;
    spec.concurrency = 0;
    cr_expect_eq(health_warm(scene.health, scene.target, &spec, on_done, &scene), ERR_RANGE);
    health_forget(scene.health, scene.target);
    spec.concurrency = 1;
    cr_expect_eq(health_warm(scene.health, scene.target, &spec, on_done, &scene), ERR_NOT_FOUND);
    end(&scene);
}
