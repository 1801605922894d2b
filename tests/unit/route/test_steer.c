/* The rules one by one and in their order: which slot, by which rule, and what else the answer says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/seal.h"
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

TestSuite(steer, .init = set_up, .fini = tear_down);

static void expect(const char *host, const char *lines, unsigned slot, enum rule rule)
{
    cr_assert_eq(scene_ask(&scene, host, "/x", lines), FAULT_NONE, "%s", lines);
    cr_expect_eq(scene_slot(&scene), slot, "%s %s went to %u", host, lines, scene_slot(&scene));
    cr_expect_eq(scene.answer.rule, rule, "%s %s: %s", host, lines,
                 steering_rule_name(scene.answer.rule));
    cr_expect_eq(scene.answer.is_preview, rule == RULE_PREVIEW, "%s %s", host, lines);
    cr_expect_eq(scene.answer.place->slot, scene.answer.slot);
    cr_expect_eq(scene.answer.target, scene.targets[slot]);
    cr_expect_eq(scene.answer.epoch, 7);
}

Test(steer, without_rules_the_active_slot_serves)
{
    scene_build(&scene);
    expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
    cr_expect_null(scene.answer.tenant.ptr);
    cr_expect_str_eq(scene.answer.identity, "");
    cr_expect_not(scene.answer.is_candidate);
    cr_expect_eq(scene.answer.strip_bytes, 0);
}

Test(steer, without_steering_only_hosts_count)
{
    pins_free(scene.steering.pins);
    scene.steering.pins = NULL;
    scene.service.steering = NULL;
    scene_build(&scene);
    expect(SHOP, "X-Switchyard-Slot: green\r\n", SCENE_BLUE, RULE_ACTIVE);
    expect("green.internal", "", SCENE_GREEN, RULE_SLOT_HOST);
    expect("staging.internal", "", SCENE_STAGING, RULE_SLOT_HOST);
    expect("off.internal", "", SCENE_BLUE, RULE_ACTIVE);
    scene.query.live_only = true;
    expect("green.internal", "", SCENE_BLUE, RULE_SHIELD);
}

struct preview_case {
    const char *from;
    const char *lines;
    bool has_secret;
    bool has_from;
    unsigned slot;
    bool is_refused;
};

#define HEADER(value) "X-Switchyard-Slot: " value "\r\n"
#define COOKIE(value) "Cookie: a=1; preview=" value "; b=2\r\n"

static const struct preview_case preview_cases[] = {
    { "192.0.2.7:1", HEADER("green:s3cret"), true, false, SCENE_GREEN, false },
    { "192.0.2.7:1", COOKIE("green:s3cret"), true, false, SCENE_GREEN, false },
    { "192.0.2.7:1", HEADER("staging:s3cret"), true, false, SCENE_STAGING, false },
    { "192.0.2.7:1", HEADER("old:s3cret"), true, false, SCENE_OLD, false },
    { "192.0.2.7:1", HEADER("blue:s3cret"), true, false, SCENE_BLUE, false },
    { "192.0.2.7:1", HEADER("off:s3cret"), true, false, SCENE_SLOTS, false },
    { "192.0.2.7:1", HEADER("red:s3cret"), true, false, SCENE_SLOTS, false },
    { "192.0.2.7:1", HEADER("green:wrong!"), true, false, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER("green:s3cre"), true, false, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER("green:s3cret "), true, false, SCENE_GREEN, false },
    { "192.0.2.7:1", HEADER("green:s3cret:"), true, false, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER("green"), true, false, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER("green:"), true, false, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER(":s3cret"), true, false, SCENE_SLOTS, false },
    { "192.0.2.7:1", HEADER(""), true, false, SCENE_SLOTS, false },
    { "192.0.2.7:1", COOKIE("green"), true, false, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER("green:no") COOKIE("green:s3cret"), true, false, SCENE_GREEN, false },
    { "192.0.2.7:1", HEADER("green"), false, true, SCENE_SLOTS, true },
    { "10.1.2.3:1", HEADER("green"), false, true, SCENE_GREEN, false },
    { "10.1.2.3:1", HEADER("green:whatever"), false, true, SCENE_GREEN, false },
    { "10.1.2.3:1", COOKIE("staging"), false, true, SCENE_STAGING, false },
    { "10.1.2.3:1", HEADER("green"), true, true, SCENE_SLOTS, true },
    { "192.0.2.7:1", HEADER("green:s3cret"), true, true, SCENE_SLOTS, true },
    { "10.1.2.3:1", HEADER("green:s3cret"), true, true, SCENE_GREEN, false },
    { "unix:/run/x", HEADER("green"), false, true, SCENE_SLOTS, true },
    { "192.0.2.7:1", "", true, false, SCENE_SLOTS, false },
};

Test(steer, preview_asks_for_secret_and_net)
{
    for (size_t i = 0; i < COUNT(preview_cases); i++) {
        const struct preview_case *c = &preview_cases[i];
        bool is_granted = c->slot != SCENE_SLOTS;

        scene.steering.preview = (struct preview){ .header = "x-switchyard-slot",
                                                   .cookie = "preview",
                                                   .secret = c->has_secret ? "s3cret" : NULL,
                                                   .from = c->has_from ? scene.trusted : NULL,
                                                   .from_count = c->has_from };
        scene_build(&scene);
        scene_come_from(&scene, c->from);
        expect(SHOP, c->lines, is_granted ? c->slot : SCENE_BLUE,
               is_granted ? RULE_PREVIEW : RULE_ACTIVE);
        cr_expect_eq(scene.answer.is_preview_refused, c->is_refused, "case %zu", i);
    }
}

Test(steer, preview_is_by_what_is_configured_only)
{
    scene.steering.preview = (struct preview){ .cookie = "preview", .secret = "s" };
    scene_build(&scene);
    expect(SHOP, HEADER("green:s"), SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, COOKIE("green:s"), SCENE_GREEN, RULE_PREVIEW);
    scene.steering.preview = (struct preview){ .header = "X-Switchyard-Slot", .secret = "s" };
    scene_build(&scene);
    expect(SHOP, COOKIE("green:s"), SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, HEADER("green:s"), SCENE_GREEN, RULE_PREVIEW);
}

static const char *chain_line(const char *group, const char *slot, const char *secret)
{
    static char line[160];
    char value[100];
    struct chain chain = { .header = "H", .group = group, .secret = secret };

    cr_assert_gt(steering_chain_value(&chain, slot, value, sizeof value), 0);
    snprintf(line, sizeof line, "X-Switchyard-Slot: %s\r\n", value);
    return line;
}

Test(steer, chain_believes_a_seal)
{
    scene.steering.chain =
        (struct chain){ .header = "X-Switchyard-Slot", .group = "release", .secret = "k" };
    scene_build(&scene);
    expect(SHOP, chain_line("release", "green", "k"), SCENE_GREEN, RULE_CHAIN);
    expect(SHOP, chain_line("release", "staging", "k"), SCENE_STAGING, RULE_CHAIN);
    expect(SHOP, chain_line("release", "old", "k"), SCENE_OLD, RULE_CHAIN);
    expect(SHOP, chain_line("release", "off", "k"), SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, chain_line("release", "red", "k"), SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, chain_line("other", "green", "k"), SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, chain_line("release", "green", "K"), SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, "X-Switchyard-Slot: green\r\n", SCENE_BLUE, RULE_ACTIVE);
    scene_come_from(&scene, "10.0.0.1:1");
    expect(SHOP, "X-Switchyard-Slot: green\r\n", SCENE_BLUE, RULE_ACTIVE);
}

Test(steer, chain_believes_a_net)
{
    scene.steering.chain =
        (struct chain){ .header = "X-Switchyard-Slot", .from = scene.trusted, .from_count = 1 };
    scene_build(&scene);
    expect(SHOP, "X-Switchyard-Slot: green\r\n", SCENE_BLUE, RULE_ACTIVE);
    scene_come_from(&scene, "10.0.0.1:1");
    expect(SHOP, "X-Switchyard-Slot: green\r\n", SCENE_GREEN, RULE_CHAIN);
    expect(SHOP, "X-Switchyard-Slot: off\r\n", SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, chain_line("release", "green", "k"), SCENE_BLUE, RULE_ACTIVE);
}

/* Either proof is enough; and what the chain vouches for was no attempt at a preview with the same header. */
Test(steer, chain_and_preview_may_share_a_header)
{
    scene.steering.preview = (struct preview){ .header = "X-Switchyard-Slot", .secret = "s" };
    scene.steering.chain = (struct chain){ .header = "X-Switchyard-Slot",
                                           .group = "release",
                                           .secret = "k",
                                           .from = scene.trusted,
                                           .from_count = 1 };
    scene_build(&scene);
    expect(SHOP, chain_line("release", "green", "k"), SCENE_GREEN, RULE_CHAIN);
    cr_expect_not(scene.answer.is_preview_refused);
    expect(SHOP, HEADER("green:s"), SCENE_GREEN, RULE_PREVIEW);
    expect(SHOP, HEADER("green"), SCENE_BLUE, RULE_ACTIVE);
    cr_expect(scene.answer.is_preview_refused);
    scene_come_from(&scene, "10.0.0.1:1");
    expect(SHOP, HEADER("green"), SCENE_GREEN, RULE_CHAIN);
    cr_expect_not(scene.answer.is_preview_refused);
}

Test(steer, a_pin_leads_to_its_slot)
{
    static const char *const slots[] = { "green", "staging", "off", "old", "red" };

    for (size_t i = 0; i < COUNT(slots); i++)
        cr_assert_eq(pins_set(scene.steering.pins, slice_from(slots[i]), slots[i]), 0);
    scene_build(&scene);
    expect(SHOP, "X-Tenant: green\r\n", SCENE_GREEN, RULE_TENANT);
    cr_expect(slice_is_equal(scene.answer.tenant, SLICE("green")));
    expect(SHOP, "X-Tenant: staging\r\n", SCENE_STAGING, RULE_TENANT);
    expect(SHOP, "X-Tenant: old\r\n", SCENE_OLD, RULE_TENANT);
    expect(SHOP, "X-Tenant: off\r\n", SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, "X-Tenant: red\r\n", SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, "X-Tenant: nobody\r\n", SCENE_BLUE, RULE_ACTIVE);
    cr_expect(slice_is_equal(scene.answer.tenant, SLICE("nobody")));
    expect(SHOP, "X-Tenant: no id\r\n", SCENE_BLUE, RULE_ACTIVE);
    cr_expect_null(scene.answer.tenant.ptr);
}

/* A name of a slot that came after the picture was built leads nowhere until the next picture. */
Test(steer, a_pin_to_a_new_name_waits_for_the_next_picture)
{
    scene_build(&scene);
    cr_assert_eq(pins_set(scene.steering.pins, SLICE("acme"), "green"), 0);
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_BLUE, RULE_ACTIVE);
    scene_build(&scene);
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_GREEN, RULE_TENANT);
    cr_assert_eq(pins_set(scene.steering.pins, SLICE("zeta"), "green"), 0);
    expect(SHOP, "X-Tenant: zeta\r\n", SCENE_GREEN, RULE_TENANT);
}

static uint64_t count_requests(void)
{
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry = { .requests = 0 };

    cr_assert(pins_next(scene.steering.pins, &cursor, &entry));
    return entry.requests;
}

Test(steer, a_pinned_request_counts_once)
{
    cr_assert_eq(pins_set(scene.steering.pins, SLICE("acme"), "green"), 0);
    scene_build(&scene);
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_GREEN, RULE_TENANT);
    cr_expect_eq(count_requests(), 1);
    scene.query.is_repeat = true; /* tried again */
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_GREEN, RULE_TENANT);
    scene.query.is_repeat = false;
    scene.query.is_rehearsal = true;
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_GREEN, RULE_TENANT);
    scene.query.is_rehearsal = false;
    scene.query.live_only = true;
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_BLUE, RULE_SHIELD);
    cr_expect(slice_is_equal(scene.answer.tenant, SLICE("acme")));
    scene.query.live_only = false;
    scene.service.traffic.mode = TRAFFIC_HELD;
    scene_build(&scene);
    cr_expect_eq(scene_ask(&scene, SHOP, "/", "X-Tenant: acme\r\n"), FAULT_HELD);
    cr_expect_eq(scene_slot(&scene), SCENE_GREEN);
    cr_expect_eq(count_requests(), 1); /* not while it is held */
}

static void start_canary(uint32_t share, enum split_key_kind kind, const char *name)
{
    scene.steering.split = (struct split){ .candidate = SCENE_GREEN,
                                           .share = share,
                                           .salt = 12345,
                                           .key_count = 1,
                                           .keys = { { kind, name } },
                                           .own_cookie = "sy",
                                           .own_secret = "sealing" };
    scene_build(&scene);
}

Test(steer, canary_takes_who_has_a_key)
{
    start_canary(SPLIT_WHOLE, SPLIT_COOKIE, "uid");
    expect(SHOP, "Cookie: uid=7\r\n", SCENE_GREEN, RULE_CANARY);
    cr_expect(scene.answer.is_candidate);
    expect(SHOP, "Cookie: uid=\r\n", SCENE_BLUE, RULE_ACTIVE);
    expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
    cr_expect_not(scene.answer.is_candidate);
    start_canary(SPLIT_WHOLE, SPLIT_HEADER, "X-User");
    expect(SHOP, "X-User: ann\r\n", SCENE_GREEN, RULE_CANARY);
    expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
    start_canary(SPLIT_WHOLE, SPLIT_TENANT, NULL);
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_GREEN, RULE_CANARY);
    expect(SHOP, "X-Tenant: no id\r\n", SCENE_BLUE, RULE_ACTIVE);
    start_canary(SPLIT_WHOLE, SPLIT_CLIENT_IP, NULL);
    expect(SHOP, "", SCENE_GREEN, RULE_CANARY);
    scene_come_from(&scene, "[2001:db8::1]:1");
    expect(SHOP, "", SCENE_GREEN, RULE_CANARY);
    scene_come_from(&scene, "unix:/run/x");
    expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
}

/* Who was with the candidate while it was a canary is not held back, whatever its last share was. */
Test(steer, a_holdback_keeps_those_who_would_have_come_last)
{
    unsigned held = 0;

    for (unsigned i = 0; i < 2000; i++) {
        char lines[40];
        char key[16];
        bool was_moved = false;

        snprintf(key, sizeof key, "%u", i);
        snprintf(lines, sizeof lines, "Cookie: uid=%u\r\n", i);
        was_moved = split_takes(12345, slice_from(key), 9000);
        scene.steering.split.is_holdback = false;
        start_canary(1000, SPLIT_COOKIE, "uid");
        scene.steering.split.is_holdback = true;
        scene_build(&scene);
        expect(SHOP, lines, was_moved ? SCENE_BLUE : SCENE_GREEN,
               was_moved ? RULE_ACTIVE : RULE_CANARY);
        held += !was_moved;
    }
    cr_expect(held > 100 && held < 300, "%u", held);
    expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
    scene.query.live_only = true;
    for (unsigned i = 0; i < 50; i++) {
        char lines[40];

        snprintf(lines, sizeof lines, "Cookie: uid=%u\r\n", i);
        expect(SHOP, lines, SCENE_BLUE, RULE_SHIELD);
    }
}

Test(steer, nobody_is_held_back_on_a_slot_that_cannot_answer)
{
    start_canary(SPLIT_WHOLE, SPLIT_COOKIE, "uid");
    scene.steering.split.is_holdback = true;
    scene_build(&scene);
    expect(SHOP, "Cookie: uid=7\r\n", SCENE_GREEN, RULE_CANARY);
    target_set_verdict(scene.targets[SCENE_GREEN], VERDICT_DOWN);
    expect(SHOP, "Cookie: uid=7\r\n", SCENE_BLUE, RULE_ACTIVE);
    target_set_verdict(scene.targets[SCENE_GREEN], VERDICT_MISDEPLOYED);
    expect(SHOP, "Cookie: uid=7\r\n", SCENE_BLUE, RULE_ACTIVE);
    target_set_verdict(scene.targets[SCENE_GREEN], VERDICT_UP);
    scene.picks[SCENE_GREEN].order = ORDER_DRAIN;
    scene_build(&scene);
    expect(SHOP, "Cookie: uid=7\r\n", SCENE_BLUE, RULE_ACTIVE);
}

/* The same user by another way of writing the address, and by nothing but the key. */
Test(steer, canary_hashes_the_key_alone)
{
    for (unsigned i = 0; i < 200; i++) {
        char plain[40];
        char mapped[40];
        char lines[40];
        unsigned slot = 0;

        snprintf(plain, sizeof plain, "192.0.2.%u:%u", i, 1000 + i);
        snprintf(mapped, sizeof mapped, "[::ffff:192.0.2.%u]:9", i);
        start_canary(5000, SPLIT_CLIENT_IP, NULL);
        scene_come_from(&scene, plain);
        scene_ask(&scene, SHOP, "/x", "");
        slot = scene_slot(&scene);
        scene_come_from(&scene, mapped);
        scene.query.random = i;
        scene_ask(&scene, "Shop.example.com:80", "/other?y", "X-Tenant: acme\r\n");
        cr_assert_eq(scene_slot(&scene), slot);
        snprintf(lines, sizeof lines, "Cookie: uid=%u\r\n", i);
        start_canary(5000, SPLIT_COOKIE, "uid");
        scene_ask(&scene, SHOP, "/x", lines);
        snprintf(plain, sizeof plain, "%u", i);
        cr_assert_eq(scene_slot(&scene) == SCENE_GREEN,
                     split_takes(12345, slice_from(plain), 5000));
    }
}

Test(steer, canary_asks_its_keys_in_turn)
{
    struct split *split = &scene.steering.split;

    start_canary(5000, SPLIT_TENANT, NULL);
    split->key_count = 3;
    split->keys[1] = (struct split_key){ SPLIT_COOKIE, "uid" };
    split->keys[2] = (struct split_key){ SPLIT_OWN_COOKIE, NULL };
    scene_build(&scene);
    for (unsigned i = 0; i < 50; i++) {
        char lines[80];
        char key[16];
        bool is_taken = false;

        snprintf(key, sizeof key, "u%u", i);
        is_taken = split_takes(12345, slice_from(key), 5000);
        snprintf(lines, sizeof lines, "X-Tenant: %s\r\nCookie: uid=x\r\n", key);
        expect(SHOP, lines, is_taken ? SCENE_GREEN : SCENE_BLUE,
               is_taken ? RULE_CANARY : RULE_ACTIVE);
        cr_expect_str_eq(scene.answer.identity, "");
        snprintf(lines, sizeof lines, "X-Tenant: no id\r\nCookie: uid=%s\r\n", key);
        expect(SHOP, lines, is_taken ? SCENE_GREEN : SCENE_BLUE,
               is_taken ? RULE_CANARY : RULE_ACTIVE);
        cr_expect_not(scene.answer.is_new_identity);
    }
    cr_assert_eq(scene_ask(&scene, SHOP, "/", ""), FAULT_NONE);
    cr_expect(scene.answer.is_new_identity);
}

static void own_cookie(const char *id, const char *secret, char *out, size_t size)
{
    char tag[SEAL_TAG + 1];

    seal_make(slice_from(secret), slice_from(id), tag);
    snprintf(out, size, "Cookie: sy=%s.%s\r\n", id, tag);
}

Test(steer, own_cookie_is_believed_when_it_is_ours)
{
    static const char *const bad[] = { "0011223344556677", "00112233445566FF", "0011223344556",
                                       "00112233445566778", "" };
    char lines[120];

    start_canary(SPLIT_WHOLE, SPLIT_OWN_COOKIE, NULL);
    scene.query.random = 0xfedcba9876543210u;
    own_cookie("00aa11bb22cc33dd", "sealing", lines, sizeof lines);
    expect(SHOP, lines, SCENE_GREEN, RULE_CANARY);
    cr_expect_str_eq(scene.answer.identity, "00aa11bb22cc33dd");
    cr_expect_not(scene.answer.is_new_identity);
    expect(SHOP, "", SCENE_GREEN, RULE_CANARY);
    cr_expect_str_eq(scene.answer.identity, "fedcba9876543210");
    cr_expect(scene.answer.is_new_identity);
    for (size_t i = 0; i < COUNT(bad); i++) { /* the first is well made under another secret */
        own_cookie(bad[i], i == 0 ? "other" : "sealing", lines, sizeof lines);
        expect(SHOP, lines, SCENE_GREEN, RULE_CANARY);
        cr_expect_str_eq(scene.answer.identity, "fedcba9876543210", "%s", bad[i]);
        cr_expect(scene.answer.is_new_identity);
    }
    expect(SHOP, "Cookie: sy=00aa11bb22cc33dd\r\n", SCENE_GREEN, RULE_CANARY);
    cr_expect(scene.answer.is_new_identity);
}

/* The identity that was just made goes where it will go when it comes back as a cookie. */
Test(steer, a_new_identity_stays_where_it_was)
{
    start_canary(5000, SPLIT_OWN_COOKIE, NULL);
    for (uint64_t i = 1; i < 100; i++) {
        char lines[120];
        unsigned slot = 0;

        scene.query.random = i * 0x9e3779b97f4a7c15u;
        scene_ask(&scene, SHOP, "/", "");
        slot = scene_slot(&scene);
        own_cookie(scene.answer.identity, "sealing", lines, sizeof lines);
        scene.query.random = 0;
        scene_ask(&scene, SHOP, "/", lines);
        cr_assert_eq(scene_slot(&scene), slot);
        cr_assert_not(scene.answer.is_new_identity);
    }
}

/* A share of nothing makes no identities either. */
Test(steer, a_share_of_nothing_is_nobody)
{
    start_canary(0, SPLIT_OWN_COOKIE, NULL);
    expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
    cr_expect_not(scene.answer.is_new_identity);
    cr_expect_str_eq(scene.answer.identity, "");
    expect("green.internal", "", SCENE_GREEN, RULE_SLOT_HOST);
    cr_expect(scene.answer.is_candidate);
}

Test(steer, some_slots_are_never_a_candidate)
{
    static const unsigned slots[] = { SCENE_STAGING, SCENE_OFF, SCENE_OLD, SCENE_BLUE };

    for (size_t i = 0; i < COUNT(slots); i++) {
        start_canary(SPLIT_WHOLE, SPLIT_CLIENT_IP, NULL);
        scene.steering.split.candidate = slots[i];
        scene_build(&scene);
        expect(SHOP, "", SCENE_BLUE, RULE_ACTIVE);
        cr_expect_not(scene.answer.is_candidate);
    }
}

Test(steer, whoever_reaches_the_candidate_is_told_so)
{
    cr_assert_eq(pins_set(scene.steering.pins, SLICE("acme"), "green"), 0);
    scene.steering.preview = (struct preview){ .header = "P", .secret = "s" };
    start_canary(1, SPLIT_HEADER, "nobody");
    expect(SHOP, "P: green:s\r\n", SCENE_GREEN, RULE_PREVIEW);
    cr_expect(scene.answer.is_candidate);
    expect("green.internal", "", SCENE_GREEN, RULE_SLOT_HOST);
    cr_expect(scene.answer.is_candidate);
    expect(SHOP, "X-Tenant: acme\r\n", SCENE_GREEN, RULE_TENANT);
    cr_expect(scene.answer.is_candidate);
    expect("old.internal", "", SCENE_OLD, RULE_SLOT_HOST);
    cr_expect_not(scene.answer.is_candidate);
    scene.steering.split.candidate = SLOT_NONE;
    scene_build(&scene);
    expect("green.internal", "", SCENE_GREEN, RULE_SLOT_HOST);
    cr_expect_not(scene.answer.is_candidate);
}

/* Everything speaks at once, each for another slot; then the first is silent, and so on. */
Test(steer, rules_come_in_their_order)
{
    static const char *const preview = "P: old:s\r\n";
    const char *chain = NULL;
    char lines[400];

    cr_assert_eq(pins_set(scene.steering.pins, SLICE("acme"), "staging"), 0);
    scene.steering.preview = (struct preview){ .header = "P", .secret = "s" };
    scene.steering.chain =
        (struct chain){ .header = "X-Switchyard-Slot", .group = "g", .secret = "k" };
    start_canary(SPLIT_WHOLE, SPLIT_CLIENT_IP, NULL);
    chain = chain_line("g", "staging", "k");
    snprintf(lines, sizeof lines, "%s%sX-Tenant: acme\r\n", preview, chain);
    expect("blue.internal", lines, SCENE_OLD, RULE_PREVIEW);
    snprintf(lines, sizeof lines, "%sX-Tenant: acme\r\n", chain);
    expect("blue.internal", lines, SCENE_STAGING, RULE_CHAIN);
    expect("blue.internal", "X-Tenant: acme\r\n", SCENE_BLUE, RULE_SLOT_HOST);
    expect("off.internal", "X-Tenant: acme\r\n", SCENE_STAGING, RULE_TENANT);
    expect("off.internal", "", SCENE_GREEN, RULE_CANARY);
    scene_come_from(&scene, "unix:/run/x");
    expect("off.internal", "", SCENE_BLUE, RULE_ACTIVE);
    scene.query.live_only = true;
    snprintf(lines, sizeof lines, "%s%sX-Tenant: acme\r\n", preview, chain);
    expect("green.internal", lines, SCENE_BLUE, RULE_SHIELD);
    cr_expect_not(scene.answer.is_candidate);
}
