/*
 * What steering promises, over a million random requests: a slot that is off gets nothing, staging only those who
 * name it, a share of nothing is nobody, users stay where they are while the share stands, and a greater share
 * only moves them to the candidate. A naive reading of the rules must agree with every answer.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/seal.h"
#include "scene.h"

enum { REQUESTS = 1000000, PICTURES = 200, USERS = 100000, TIMES = 20, WORDS = 8 };

static struct scene scene;

static void set_up(void)
{
    scene_init(&scene);
}

static void tear_down(void)
{
    scene_fini(&scene);
}

TestSuite(steer_property, .init = set_up, .fini = tear_down, .timeout = 120);

static const char *const names[] = { "blue", "green", "staging", "off", "old", "red" };

/* One request in words, from which both the head and the expectation are made. */
struct asked {
    unsigned host;    /* slot's own, or SCENE_SLOTS: the shop */
    unsigned preview; /* of names; 6: none */
    bool has_secret;
    unsigned chain; /* of names, 6: none */
    bool is_sealed;
    unsigned tenant; /* a number, 0: none */
    unsigned user;   /* cookie uid, 0: none */
};

static struct asked draw(uint64_t *random)
{
    uint64_t drawn = hash_random(random) >> 8;

    return (struct asked){ .host = drawn % 3 == 0 ? (unsigned)(drawn >> 2) % 6 : SCENE_SLOTS,
                           .preview = drawn >> 5 & 7 ? 6 : (unsigned)(drawn >> 8) % 6,
                           .has_secret = drawn >> 11 & 1,
                           .chain = drawn >> 12 & 7 ? 6 : (unsigned)(drawn >> 15) % 6,
                           .is_sealed = drawn >> 18 & 1,
                           .tenant = (unsigned)(drawn >> 19) % 50,
                           .user = (unsigned)(drawn >> 30) % 1000 };
}

static char seals[6][SEAL_TAG + 1];

static void write_lines(const struct asked *asked, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    if (asked->preview < 6)
        len += (size_t)snprintf(out + len, size - len, "P: %s:%s\r\n", names[asked->preview],
                                asked->has_secret ? "s3cret" : "guess");
    if (asked->chain < 6)
        len += (size_t)snprintf(out + len, size - len, "C: %s.%s\r\n", names[asked->chain],
                                asked->is_sealed ? seals[asked->chain] : seals[0] + 1);
    if (asked->tenant > 0)
        len += (size_t)snprintf(out + len, size - len, "X-Tenant: t%u\r\n", asked->tenant);
    if (asked->user > 0)
        snprintf(out + len, size - len, "Cookie: uid=u%u\r\n", asked->user);
}

/* Tenants 1 to 12 are pinned, to the slot of their number. */
static unsigned expect_slot(const struct asked *asked, enum rule *rule)
{
    char user[16];
    struct slice key = slice_of(user, (size_t)snprintf(user, sizeof user, "u%u", asked->user));

    *rule = RULE_PREVIEW;
    if (asked->preview < SCENE_SLOTS && asked->has_secret && asked->preview != SCENE_OFF)
        return asked->preview;
    *rule = RULE_CHAIN;
    if (asked->chain < SCENE_SLOTS && asked->is_sealed && asked->chain != SCENE_OFF)
        return asked->chain;
    *rule = RULE_SLOT_HOST;
    if (asked->host < SCENE_SLOTS && asked->host != SCENE_OFF)
        return asked->host;
    *rule = RULE_TENANT;
    if (asked->tenant > 0 && asked->tenant <= 12 && asked->tenant % 6 < SCENE_SLOTS &&
        asked->tenant % 6 != SCENE_OFF)
        return asked->tenant % 6;
    *rule = RULE_CANARY;
    if (asked->user > 0 && split_takes(scene.steering.split.salt, key, scene.steering.split.share))
        return SCENE_GREEN;
    *rule = RULE_ACTIVE;
    return SCENE_BLUE;
}

static void draw_picture(uint64_t *random)
{
    static const uint32_t shares[] = { 0, 0, 1, 100, 2500, 5000, 9999, SPLIT_WHOLE };

    scene.steering.split.share = shares[(hash_random(random) >> 32) % 8];
    scene.steering.split.salt = hash_random(random);
    scene_build(&scene);
}

static void set_up_rules(void)
{
    for (unsigned i = 0; i < 6; i++) {
        char text[40];

        snprintf(text, sizeof text, "release %s", names[i]);
        seal_make(SLICE("k"), slice_from(text), seals[i]);
    }
    for (unsigned i = 1; i <= 12; i++) {
        char id[8];

        snprintf(id, sizeof id, "t%u", i);
        cr_assert_eq(pins_set(scene.steering.pins, slice_from(id), names[i % 6]), 0);
    }
    scene.steering.preview = (struct preview){ .header = "P", .secret = "s3cret" };
    scene.steering.chain = (struct chain){ .header = "C", .group = "release", .secret = "k" };
    scene.steering.split = (struct split){ .candidate = SCENE_GREEN,
                                           .key_count = 1,
                                           .keys = { { SPLIT_COOKIE, "uid" } } };
}

static void check_one(const struct asked *asked)
{
    static const char *const hosts[] = { "blue.internal", "green.internal", "staging.internal",
                                         "off.internal",  "old.internal",   "shop.example.com" };
    struct route_answer found;
    enum rule rule = RULE_ACTIVE;
    unsigned slot = expect_slot(asked, &rule);
    char lines[300];

    write_lines(asked, lines, sizeof lines);
    cr_assert_eq(scene_ask(&scene, hosts[asked->host], "/", lines), FAULT_NONE);
    cr_assert_eq(scene_slot(&scene), slot, "%s\n%s%u", hosts[asked->host], lines,
                 scene_slot(&scene));
    cr_assert_eq(scene.answer.rule, rule);
    cr_assert_neq(scene.answer.place->role, ROLE_OFF);
    cr_assert(scene.answer.place->role != ROLE_STAGING ||
              (rule != RULE_CANARY && rule != RULE_ACTIVE));
    found = scene.answer;
    scene.query.is_rehearsal = true;
    cr_assert_eq(match_find(scene.snapshot, &scene.query, &scene.answer), FAULT_NONE);
    scene.query.is_rehearsal = false;
    cr_assert(scene.answer.slot == found.slot && scene.answer.rule == found.rule &&
              scene.answer.is_preview_refused == found.is_preview_refused &&
              scene.answer.is_candidate == found.is_candidate);
}

Test(steer_property, agrees_with_a_naive_reading_and_with_explain)
{
    uint64_t random = 2024;

    set_up_rules();
    for (unsigned picture = 0; picture < PICTURES; picture++) {
        draw_picture(&random);
        for (unsigned i = 0; i < REQUESTS / PICTURES; i++) {
            struct asked asked = draw(&random);

            check_one(&asked);
        }
    }
}

static bool is_candidate_for(const char *request_lines)
{
    cr_assert_eq(scene_ask(&scene, "shop.example.com", "/", request_lines), FAULT_NONE);
    return scene_slot(&scene) == SCENE_GREEN;
}

static void ask_share(uint32_t share)
{
    scene.steering.split.share = share;
    scene_build(&scene);
}

/* The heads of users are the same but for the cookie: only what routing reads is written, not a whole request. */
static void ask_as(struct head *head, struct field *field, char *cookie, unsigned user)
{
    int len = snprintf(cookie, 48, "Cookie: uid=%08x-%u", user * 2654435761u, user);

    *field = (struct field){
        .name_len = 6, .value_at = 8, .value_len = (uint32_t)len - 8, .id = FIELD_COOKIE
    };
    head->base = cookie;
}

Test(steer_property, users_stay_and_only_move_to_the_candidate)
{
    static const uint32_t shares[] = { 100, 500, 2500, 5000, SPLIT_WHOLE };
    static uint8_t sides[USERS];
    struct field field;
    char cookie[48];
    struct head head = { .fields = &field,
                         .field_count = 1,
                         .seen = UINT64_C(1) << FIELD_COOKIE,
                         .path = SLICE("/"),
                         .authority = SLICE("shop.example.com"),
                         .host_len = 16 };

    set_up_rules();
    scene.steering.split.salt = 4711;
    scene.query.head = &head;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        double p = (double)shares[i] / SPLIT_WHOLE;
        unsigned taken = 0;

        ask_share(shares[i]);
        for (unsigned user = 0; user < USERS; user++) {
            bool is_taken = false;

            ask_as(&head, &field, cookie, user);
            cr_assert_eq(match_find(scene.snapshot, &scene.query, &scene.answer), FAULT_NONE);
            is_taken = scene_slot(&scene) == SCENE_GREEN;
            cr_assert(is_taken || !sides[user], "user %u went back at %u", user, shares[i]);
            sides[user] = is_taken;
            taken += is_taken;
        }
        cr_assert_leq(fabs(taken - USERS * p), 3 * sqrt(USERS * p * (1 - p)), "%u: %u", shares[i],
                      taken);
    }
}

Test(steer_property, nobody_changes_sides_while_the_share_stands)
{
    static uint8_t sides[USERS];
    struct field field;
    char cookie[48];
    struct head head = { .fields = &field,
                         .field_count = 1,
                         .seen = UINT64_C(1) << FIELD_COOKIE,
                         .path = SLICE("/"),
                         .authority = SLICE("shop.example.com"),
                         .host_len = 16 };
    uint64_t random = 3;

    set_up_rules();
    scene.steering.split.salt = 1234567;
    scene.query.head = &head;
    ask_share(3333);
    for (unsigned time = 0; time < TIMES; time++) {
        if (time % 7 == 6)
            ask_share(3333); /* other pictures with the same share */
        for (unsigned user = 0; user < USERS; user++) {
            ask_as(&head, &field, cookie, user);
            scene.query.random = hash_random(&random);
            scene.client.sa.in.sin_addr.s_addr = (uint32_t)scene.query.random;
            cr_assert_eq(match_find(scene.snapshot, &scene.query, &scene.answer), FAULT_NONE);
            if (time == 0)
                sides[user] = scene_slot(&scene) == SCENE_GREEN;
            cr_assert_eq(sides[user], scene_slot(&scene) == SCENE_GREEN, "user %u", user);
        }
    }
}

Test(steer_property, a_share_of_nothing_is_nobody)
{
    set_up_rules();
    ask_share(0);
    for (unsigned user = 1; user < 20000; user++) {
        char lines[40];

        snprintf(lines, sizeof lines, "Cookie: uid=u%u\r\n", user);
        cr_assert_not(is_candidate_for(lines));
    }
}
