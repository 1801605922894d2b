/* What of steering a picture refuses, and that it keeps nothing of what it was given. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/seal.h"
#include "scene.h"

static struct scene scene;

static void set_up(void)
{
    scene_init(&scene);
}

static void tear_down(void)
{
    scene_fini(&scene);
}

TestSuite(steering_copy, .init = set_up, .fini = tear_down);

/* What build answers now; the steering is a blank one again afterwards. */
static int try_build(void)
{
    struct snapshot_input input = { .epoch = 1, .service_count = 1, .services = &scene.service };
    struct snapshot_clash clash;
    struct snapshot *snapshot = NULL;
    struct pins *pins = scene.steering.pins;
    int err = snapshot_build(&input, &snapshot);

    if (err == 0)
        snapshot_free(snapshot);
    cr_expect_eq(snapshot_check(&input, &clash), err);
    cr_expect_str_eq(clash.first, err != 0 ? "shop" : "");
    scene.steering = (struct steering){ .pins = pins, .split.candidate = SLOT_NONE };
    scene.service.strip_prefix = NULL;
    return err;
}

#define TRY(member, ...) (scene.steering.member = (__VA_ARGS__), try_build())

Test(steering_copy, checks_the_split)
{
    cr_expect_eq(TRY(split.share, SPLIT_WHOLE), 0);
    cr_expect_eq(TRY(split.share, SPLIT_WHOLE + 1), ERR_RANGE);
    cr_expect_eq(TRY(split.candidate, SCENE_SLOTS - 1), 0);
    cr_expect_eq(TRY(split.candidate, SCENE_SLOTS), ERR_INVALID);
    cr_expect_eq(TRY(split.key_count, SPLIT_KEYS_MAX), 0);
    cr_expect_eq(TRY(split.key_count, SPLIT_KEYS_MAX + 1), ERR_RANGE);
    scene.steering.split.key_count = 1;
    cr_expect_eq(TRY(split.keys[0].kind, SPLIT_COOKIE), ERR_INVALID);
    scene.steering.split.key_count = 1;
    cr_expect_eq(TRY(split.keys[0], (struct split_key){ SPLIT_HEADER, "" }), ERR_INVALID);
    scene.steering.split.key_count = 1;
    cr_expect_eq(TRY(split.keys[0], (struct split_key){ SPLIT_HEADER, "X" }), 0);
    scene.steering.split.key_count = 1;
    cr_expect_eq(TRY(split.keys[0].kind, SPLIT_OWN_COOKIE), ERR_INVALID);
    scene.steering.split =
        (struct split){ .candidate = 1, .key_count = 1, .keys = { { SPLIT_OWN_COOKIE, NULL } } };
    scene.steering.split.own_secret = "";
    cr_expect_eq(TRY(split.own_cookie, "sy"), ERR_INVALID);
}

Test(steering_copy, wants_a_guard_for_preview_and_chain)
{
    cr_expect_eq(TRY(preview.header, "P"), ERR_INVALID);
    cr_expect_eq(TRY(preview.cookie, "p"), ERR_INVALID);
    cr_expect_eq(TRY(preview, (struct preview){ .header = "P", .secret = "" }), ERR_INVALID);
    cr_expect_eq(TRY(preview, (struct preview){ .header = "P", .secret = "s" }), 0);
    cr_expect_eq(
        TRY(preview, (struct preview){ .cookie = "p", .from_count = 1, .from = scene.trusted }), 0);
    cr_expect_eq(TRY(chain.header, "C"), ERR_INVALID);
    cr_expect_eq(TRY(chain, (struct chain){ .header = "C", .secret = "" }), ERR_INVALID);
    cr_expect_eq(TRY(chain, (struct chain){ .header = "C", .secret = "s" }), ERR_INVALID);
    cr_expect_eq(TRY(chain, (struct chain){ .header = "", .secret = "s", .group = "g" }),
                 ERR_INVALID);
    cr_expect_eq(TRY(chain, (struct chain){ .header = "C", .secret = "s", .group = "g" }), 0);
    cr_expect_eq(
        TRY(chain, (struct chain){ .header = "C", .from_count = 1, .from = scene.trusted }), 0);
}

Test(steering_copy, refuses_a_chain_whose_text_is_too_long)
{
    static char group[CHAIN_TEXT_MAX + 1];

    memset(group, 'g', CHAIN_TEXT_MAX);
    cr_expect_eq(TRY(chain, (struct chain){ .header = "C", .secret = "s", .group = group }),
                 ERR_RANGE);
}

Test(steering_copy, checks_tenants)
{
    static struct tenant_source sources[TENANT_SOURCES_MAX + 1];

    for (unsigned i = 0; i <= TENANT_SOURCES_MAX; i++)
        sources[i] = (struct tenant_source){ .kind = TENANT_QUERY, .name = "t" };
    scene.steering.tenants = sources;
    cr_expect_eq(TRY(tenant_count, TENANT_SOURCES_MAX), 0);
    scene.steering.tenants = sources;
    cr_expect_eq(TRY(tenant_count, TENANT_SOURCES_MAX + 1), ERR_RANGE);
    scene.steering.tenants = sources;
    sources[1].name = NULL;
    cr_expect_eq(TRY(tenant_count, 2), ERR_INVALID);
    scene.steering.tenants = sources;
    sources[1].kind = TENANT_HOST_LABEL;
    cr_expect_eq(TRY(tenant_count, 2), ERR_INVALID);
    scene.steering.tenants = sources;
    sources[1].index = 1;
    cr_expect_eq(TRY(tenant_count, 2), 0);
}

Test(steering_copy, checks_the_prefix_that_is_taken_off)
{
    static char prefix[UINT16_MAX + 2];

    scene.service.strip_prefix = "shop";
    cr_expect_eq(try_build(), ERR_INVALID);
    scene.service.strip_prefix = "";
    cr_expect_eq(try_build(), ERR_INVALID);
    memset(prefix, '/', sizeof prefix - 1);
    scene.service.strip_prefix = prefix;
    cr_expect_eq(try_build(), ERR_RANGE);
    prefix[UINT16_MAX] = '\0';
    scene.service.strip_prefix = prefix;
    cr_expect_eq(try_build(), 0);
}

static char *texts[32];
static unsigned text_count;

static char *own(const char *text)
{
    texts[text_count] = strdup(text);
    return texts[text_count++];
}

/* All that was given is overwritten and freed before the picture is asked. */
static void give_everything(void)
{
    struct steering *steering = &scene.steering;
    const char **pass = malloc(sizeof *pass);

    scene.tenants[0].name = own("X-Tenant");
    steering->split =
        (struct split){ .candidate = SCENE_GREEN,
                        .share = SPLIT_WHOLE,
                        .key_count = 2,
                        .keys = { { SPLIT_COOKIE, own("uid") }, { SPLIT_OWN_COOKIE, NULL } },
                        .own_cookie = own("sy"),
                        .own_secret = own("sealing") };
    steering->preview = (struct preview){ .header = own("P"),
                                          .cookie = own("p"),
                                          .secret = own("s"),
                                          .from_count = 1,
                                          .from = scene.trusted };
    steering->chain = (struct chain){
        .header = own("C"), .group = own("g"), .secret = own("k"), .from = scene.trusted
    };
    pass[0] = own("/health");
    scene.service.strip_prefix = own("/shop");
    scene.service.traffic = (struct traffic){ .mode = TRAFFIC_MAINT,
                                              .message = own("soon"),
                                              .page = own("<p>soon"),
                                              .pass_count = 1,
                                              .pass = pass };
    scene_build(&scene);
    for (unsigned i = 0; i < text_count; i++) {
        memset(texts[i], '!', strlen(texts[i]));
        free(texts[i]);
    }
    pass[0] = NULL;
    free(pass);
    memset(&scene.trusted, 0, sizeof scene.trusted);
    memset(&scene.tenants, 0, sizeof scene.tenants);
    memset(&scene.service.traffic, 0, sizeof scene.service.traffic);
    scene.service.strip_prefix = NULL;
}

Test(steering_copy, keeps_copies_of_all)
{
    struct chain chain = { .header = "C", .group = "g", .secret = "k" };
    char value[64];
    char lines[160];
    const struct traffic *traffic = NULL;

    cr_assert_eq(pins_set(scene.steering.pins, SLICE("acme"), "staging"), 0);
    give_everything();
    scene_come_from(&scene, "10.0.0.1:1");
    cr_assert_eq(scene_ask(&scene, "x", "/shop/health", "P: old:s\r\n"), FAULT_NONE);
    cr_expect_eq(scene_slot(&scene), SCENE_OLD);
    cr_expect_eq(scene.answer.strip_bytes, 5);
    traffic = &scene.answer.service->traffic;
    cr_expect_str_eq(traffic->message, "soon");
    cr_expect_str_eq(traffic->page, "<p>soon");
    cr_expect_eq(scene_ask(&scene, "x", "/health", "Cookie: p=old:s\r\n"), FAULT_NONE);
    cr_expect_eq(scene.answer.rule, RULE_PREVIEW);
    cr_assert_gt(steering_chain_value(&chain, "staging", value, sizeof value), 0);
    snprintf(lines, sizeof lines, "C: %s\r\n", value);
    cr_expect_eq(scene_ask(&scene, "x", "/health", lines), FAULT_NONE);
    cr_expect_eq(scene.answer.rule, RULE_CHAIN);
    cr_expect_eq(scene_ask(&scene, "x", "/health", "X-Tenant: acme\r\n"), FAULT_NONE);
    cr_expect_eq(scene.answer.rule, RULE_TENANT);
    cr_expect_eq(scene_ask(&scene, "x", "/health", "Cookie: uid=1\r\n"), FAULT_NONE);
    cr_expect_eq(scene.answer.rule, RULE_CANARY);
    cr_expect_eq(scene_ask(&scene, "x", "/health", ""), FAULT_NONE);
    cr_expect(scene.answer.is_new_identity);
    cr_expect_eq(scene_ask(&scene, "x", "/shop/health2", ""), FAULT_MAINTENANCE);
}

/* What goes out is what comes in, without making a tag for each request. */
Test(steering_copy, makes_the_values_of_the_chain)
{
    const struct chain *chain = NULL;
    struct chain plain = { .header = "C", .group = "g", .secret = "k" };

    scene.steering.chain = plain;
    scene_build(&scene);
    chain = &snapshot_service_at(scene.snapshot, 0)->steering->chain;
    cr_assert_eq(chain->value_count, SCENE_SLOTS);
    for (unsigned i = 0; i < SCENE_SLOTS; i++) {
        char made[64];
        char fresh[64];

        cr_assert_gt(steering_chain_value(chain, scene.slots[i]->name, made, sizeof made), 0);
        cr_assert_gt(steering_chain_value(&plain, scene.slots[i]->name, fresh, sizeof fresh), 0);
        cr_expect_str_eq(made, fresh);
        cr_expect_str_eq(chain->values[i], fresh);
    }
}
