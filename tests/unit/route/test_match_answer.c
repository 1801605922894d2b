/* What match_find says besides the slot: held and maintenance, prefixes that are taken off, and circuit limits. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"

#define SHOP         "shop.example.com"
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static struct scene scene;

static void set_up(void)
{
    scene_init(&scene);
}

static void tear_down(void)
{
    scene_fini(&scene);
}

TestSuite(match_answer, .init = set_up, .fini = tear_down);

struct traffic_case {
    enum traffic_mode mode;
    bool pass_safe;
    const char *request;
    const char *lines;
    enum fault fault;
};

#define PREVIEW "P: green:s\r\n"

static const struct traffic_case traffic_cases[] = {
    { TRAFFIC_OPEN, false, "POST /", "", FAULT_NONE },
    { TRAFFIC_HELD, false, "GET /", "", FAULT_HELD },
    { TRAFFIC_HELD, false, "POST /", "", FAULT_HELD },
    { TRAFFIC_HELD, true, "GET /", "", FAULT_NONE },
    { TRAFFIC_HELD, true, "HEAD /", "", FAULT_NONE },
    { TRAFFIC_HELD, true, "PUT /", "", FAULT_HELD },
    { TRAFFIC_HELD, true, "BREW /", "", FAULT_HELD },
    { TRAFFIC_HELD, false, "GET /health", "", FAULT_HELD },
    { TRAFFIC_HELD, false, "GET /", PREVIEW, FAULT_HELD },
    { TRAFFIC_MAINT, false, "GET /", "", FAULT_MAINTENANCE },
    { TRAFFIC_MAINT, true, "GET /", "", FAULT_MAINTENANCE },
    { TRAFFIC_MAINT, false, "GET /health", "", FAULT_NONE },
    { TRAFFIC_MAINT, false, "GET /health?x=1", "", FAULT_NONE },
    { TRAFFIC_MAINT, false, "GET /health/", "", FAULT_MAINTENANCE },
    { TRAFFIC_MAINT, false, "GET /livez", "", FAULT_NONE },
    { TRAFFIC_MAINT, false, "POST /", PREVIEW, FAULT_NONE },
    { TRAFFIC_MAINT, false, "GET /", "P: green:no\r\n", FAULT_MAINTENANCE },
};

Test(match_answer, traffic_is_held_or_in_maintenance)
{
    const char *pass[] = { "/health", "/livez" };

    scene.steering.preview = (struct preview){ .header = "P", .secret = "s" };
    for (size_t i = 0; i < COUNT(traffic_cases); i++) {
        const struct traffic_case *c = &traffic_cases[i];
        enum fault fault = FAULT_NONE;

        scene.service.traffic = (struct traffic){
            .mode = c->mode, .pass_safe = c->pass_safe, .pass_count = 2, .pass = pass
        };
        scene_build(&scene);
        fault = scene_ask(&scene, SHOP, c->request, c->lines);
        cr_expect_eq(fault, c->fault, "case %zu: %s", i, fault_name(fault));
        cr_expect_eq(scene.answer.target == NULL, c->fault != FAULT_NONE, "case %zu", i);
        cr_expect_eq(scene.answer.service->service, scene.identity, "case %zu", i);
        cr_expect_not_null(scene.answer.slot, "case %zu", i);
        scene.query.is_rehearsal = true;
        cr_expect_eq(scene_ask(&scene, SHOP, c->request, c->lines), c->fault, "case %zu", i);
        scene.query.is_rehearsal = false;
    }
}

Test(match_answer, no_service_says_so)
{
    const char *hosts[] = { "other.example.com" };

    scene.service.hosts = hosts;
    scene.service.host_count = 1;
    scene_build(&scene);
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_NO_SERVICE);
    cr_expect_null(scene.answer.service);
    cr_expect_null(scene.answer.slot);
    cr_expect_eq(scene.answer.epoch, 7);
}

struct strip_case {
    const char *prefix;
    const char *path;
    unsigned strip;
};

static const struct strip_case strip_cases[] = {
    { NULL, "/shop/x", 0 },
    { "/shop", "/shop/x", 5 },
    { "/shop", "/shop/", 5 },
    { "/shop", "/shop", 5 }, /* nothing is left: the writer puts "/" there */
    { "/shop", "/shop?x=/shop", 5 },
    { "/shop", "/shopping", 0 },
    { "/shop", "/x/shop", 0 },
    { "/shop", "/", 0 },
    { "/shop", "/Shop/x", 0 },
    { "/shop/", "/shop/x", 5 },
    { "/shop/", "/shop", 5 },
    { "/", "/shop", 0 },
    { "/a/b", "/a/b//c", 4 },
    { "/a/b", "/a/b%2fc", 0 },
    { "/shop", "OPTIONS *", 0 },
    { "/shop", "GET http://shop.example.com/shop/x", 5 },
};

Test(match_answer, prefixes_end_at_segments)
{
    for (size_t i = 0; i < COUNT(strip_cases); i++) {
        scene.service.strip_prefix = strip_cases[i].prefix;
        scene_build(&scene);
        cr_assert_eq(scene_ask(&scene, SHOP, strip_cases[i].path, ""), FAULT_NONE);
        cr_expect_eq(scene.answer.strip_bytes, strip_cases[i].strip, "%s of %s: %u",
                     strip_cases[i].prefix, strip_cases[i].path, scene.answer.strip_bytes);
    }
}

Test(match_answer, a_slot_has_so_many_requests)
{
    scene.rows[SCENE_BLUE].circuit.max_requests = 2;
    scene_build(&scene);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_NONE);
        slot_pin(scene.slots[SCENE_BLUE], 0);
    }
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_SLOT_BUSY);
    cr_expect_eq(scene_slot(&scene), SCENE_BLUE);
    cr_expect_null(scene.answer.target);
    cr_assert_eq(scene_ask(&scene, "green.internal", "/", ""), FAULT_NONE);
    slot_unpin(scene.slots[SCENE_BLUE], 0);
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_NONE);
    slot_unpin(scene.slots[SCENE_BLUE], 0);
}

Test(match_answer, a_target_has_so_many_requests)
{
    scene.picks[SCENE_BLUE].max_requests = 1;
    scene_build(&scene);
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_NONE);
    target_pin(scene.targets[SCENE_BLUE], 0);
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_TARGET_BUSY);
    cr_expect_eq(scene_slot(&scene), SCENE_BLUE);
    scene.picks[SCENE_BLUE].order = ORDER_DRAIN;
    scene_build(&scene);
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_NO_TARGET);
    target_unpin(scene.targets[SCENE_BLUE], 0);
}
