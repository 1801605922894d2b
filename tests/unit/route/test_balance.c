/* Who is chosen, and how often: balance.h. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "picture.h"

struct fitness_case {
    const char *name;
    const char *verdicts; /* u d m ? */
    const char *orders;   /* r d m */
    const char *weights;  /* digits */
    const char *avoid;    /* x: tried before */
    const char *lax;      /* x: may be picked */
    const char *strict;   /* the same with when_unfit = refuse */
};

static const struct fitness_case fitness_cases[] = {
    { "all up", "uuu", "rrr", "111", "---", "xxx", "xxx" },
    { "up before unknown", "u?u", "rrr", "111", "---", "x-x", "x-x" },
    { "unknown before down", "?dd", "rrr", "111", "---", "x--", "x--" },
    { "all unknown", "???", "rrr", "111", "---", "xxx", "xxx" },
    { "all down: fail-static", "ddd", "rrr", "111", "---", "xxx", "---" },
    { "drain and maint get nothing", "uuu", "dmr", "111", "---", "--x", "--x" },
    { "nor when nothing else is up", "uud", "dmr", "111", "---", "--x", "---" },
    { "nobody is ready", "uuu", "dmd", "111", "---", "---", "---" },
    { "tried before", "uuu", "rrr", "111", "x--", "-xx", "-xx" },
    { "two tried before", "uuu", "rrr", "111", "xx-", "--x", "--x" },
    { "an unknown one before a tried one", "u?d", "rrr", "111", "x--", "-x-", "-x-" },
    { "a tried one before a down one", "udd", "rrr", "111", "x--", "x--", "x--" },
    { "all tried", "uu", "rr", "11", "xx", "xx", "xx" },
    { "all down, one tried", "ddd", "rrr", "111", "-x-", "x-x", "---" },
    { "weight 0 rests", "uuu", "rrr", "011", "---", "-xx", "-xx" },
    { "weight 0 before a down one", "udd", "rrr", "011", "---", "x--", "x--" },
    { "weight 0 after an unknown one", "u??", "rrr", "011", "---", "-xx", "-xx" },
    { "weight 0 before a tried one", "uud", "rrr", "011", "-x-", "x--", "x--" },
    { "all weight 0", "uuu", "rrr", "000", "---", "xxx", "xxx" },
    { "all down, weight 0 last", "ddd", "rrr", "100", "---", "x--", "---" },
    { "one up", "u", "r", "1", "-", "x", "x" },
    { "one up, tried", "u", "r", "1", "x", "x", "x" },
    { "one up, weight 0", "u", "r", "0", "-", "x", "x" },
    { "one down", "d", "r", "1", "-", "x", "-" },
    { "one unknown", "?", "r", "1", "-", "x", "x" },
    { "misdeployed gets nothing", "um?", "rrr", "111", "---", "x--", "x--" },
    { "nor when all else is down", "mdm", "rrr", "111", "---", "-x-", "---" },
    { "nor when it is all there is", "mmm", "rrr", "111", "---", "---", "---" },
    { "one misdeployed", "m", "r", "1", "-", "-", "-" },
    { "one in maint", "u", "m", "1", "-", "-", "-" },
    { "no target", "", "", "", "", "", "" },
};

static void set_up_case(struct picture *picture, const struct fitness_case *c)
{
    unsigned avoided = 0;

    picture_init(picture, (unsigned)strlen(c->verdicts), 1);
    picture_judge(picture, c->verdicts);
    for (unsigned i = 0; c->orders[i] != '\0'; i++) {
        picture->picks[i].order = c->orders[i] == 'd'   ? ORDER_DRAIN
                                  : c->orders[i] == 'm' ? ORDER_MAINT
                                                        : ORDER_READY;
        picture->picks[i].weight = (uint32_t)(c->weights[i] - '0');
        if (c->avoid[i] == 'x')
            picture->query.avoid[avoided++] = picture->targets[i];
    }
}

static void check_picked(struct picture *picture, const struct fitness_case *c, const char *want)
{
    char got[PICTURE_TARGETS + 1] = "";
    uint64_t random = 1;

    memset(got, '-', strlen(want));
    for (unsigned i = 0; i < 200; i++) {
        int picked = 0;

        picture->query.random = hash_random(&random);
        picture->client.sa.in.sin_addr.s_addr = (uint32_t)hash_random(&random);
        picked = picture_pick(picture);
        if (picked < 0)
            cr_assert_null(strchr(want, 'x'), "%s: nothing was picked", c->name);
        else
            got[picked] = 'x';
    }
    cr_assert_str_eq(got, want, "%s (way %d): got %s", c->name, picture->service.balance, got);
}

Test(balance, picks_by_fitness_in_every_way)
{
    for (size_t i = 0; i < sizeof fitness_cases / sizeof *fitness_cases; i++) {
        for (enum balance way = BALANCE_ROUND_ROBIN; way <= BALANCE_HASH; way++) {
            struct picture picture;

            set_up_case(&picture, &fitness_cases[i]);
            picture.service.balance = way;
            check_picked(&picture, &fitness_cases[i], fitness_cases[i].lax);
            picture.service.refuse_unfit = true;
            check_picked(&picture, &fitness_cases[i], fitness_cases[i].strict);
            picture_fini(&picture);
        }
    }
}

Test(balance, counts_the_fit)
{
    struct picture picture;

    picture_init(&picture, 6, 1);
    picture_judge(&picture, "uu?m?u");
    picture.picks[1].order = ORDER_DRAIN;
    picture.picks[4].order = ORDER_MAINT;
    cr_assert_eq(balance_fit_count(picture.slots, false), 2);
    cr_assert_eq(balance_fit_count(picture.slots, true), 3);
    picture_fini(&picture);
}

Test(balance, shares_turns_exactly_by_weight)
{
    uint64_t random = 7;

    for (unsigned round = 0; round < 200; round++) {
        struct picture picture;
        unsigned count = 2 + (unsigned)(hash_random(&random) % 9);
        unsigned got[PICTURE_TARGETS] = { 0 };
        uint32_t total = 0;

        picture_init(&picture, count, 1);
        for (unsigned i = 0; i < count; i++) {
            picture.picks[i].weight = 1 + (uint32_t)(hash_random(&random) % 20);
            total += picture.picks[i].weight;
        }
        for (unsigned period = 1; period <= 3; period++) {
            for (uint32_t i = 0; i < total; i++)
                got[picture_pick(&picture)]++;
            for (unsigned i = 0; i < count; i++)
                cr_assert_eq(got[i], picture.picks[i].weight * period);
        }
        picture_fini(&picture);
    }
}

Test(balance, turns_are_smooth)
{
    struct picture picture;
    char got[8] = "";

    picture_init(&picture, 3, 1);
    picture.picks[0].weight = 5;
    for (unsigned i = 0; i < 7; i++)
        got[i] = (char)('a' + picture_pick(&picture));
    cr_assert_str_eq(got, "aabacaa");
    picture_fini(&picture);
}

Test(balance, each_worker_has_its_own_turns)
{
    struct picture picture;

    picture_init(&picture, 2, 3);
    for (unsigned worker = 0; worker < 3; worker++) {
        picture.query.worker = worker;
        cr_assert_eq(picture_pick(&picture), 0);
    }
    picture_fini(&picture);
}

Test(balance, forgets_what_old_weights_owed)
{
    struct picture picture;
    unsigned got[2] = { 0 };

    picture_init(&picture, 2, 1);
    picture.picks[0].weight = 60000;
    picture.picks[1].weight = 65535;
    for (unsigned i = 0; i < 3; i++)
        picture_pick(&picture);
    picture.picks[0].weight = picture.picks[1].weight = 1;
    for (unsigned i = 0; i < 100; i++)
        got[picture_pick(&picture)]++;
    cr_assert(got[0] >= 48 && got[0] <= 52, "%u to %u", got[0], got[1]);
    picture_fini(&picture);
}

Test(balance, a_target_that_comes_back_is_not_flooded)
{
    struct picture picture;
    unsigned got[3] = { 0 };

    picture_init(&picture, 3, 1);
    picture_judge(&picture, "uud");
    for (unsigned i = 0; i < 10000; i++)
        cr_assert_neq(picture_pick(&picture), 2);
    picture_judge(&picture, "uuu");
    for (unsigned i = 0; i < 30; i++)
        got[picture_pick(&picture)]++;
    for (unsigned i = 0; i < 3; i++)
        cr_assert(got[i] >= 9 && got[i] <= 11, "%u got %u", i, got[i]);
    picture_fini(&picture);
}

Test(balance, least_requests_levels_the_load)
{
    struct picture picture;

    picture_init(&picture, 3, 2);
    picture.service.balance = BALANCE_LEAST_REQUESTS;
    picture.picks[2].weight = 4;
    for (unsigned i = 0; i < 60; i++) {
        picture.query.worker = i % 2;
        target_pin(picture.targets[picture_pick(&picture)], i % 2);
    }
    cr_assert_eq(target_in_flight(picture.targets[0]), 10);
    cr_assert_eq(target_in_flight(picture.targets[1]), 10);
    cr_assert_eq(target_in_flight(picture.targets[2]), 40);
    for (unsigned i = 0; i < 5; i++)
        target_unpin(picture.targets[1], i % 2);
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(picture_pick(&picture), 1);
        target_pin(picture.targets[1], 0);
    }
    for (unsigned i = 0; i < 3; i++)
        for (unsigned worker = 0; worker < 2; worker++)
            while (picture.targets[i]->cells[worker].in_flight > 0)
                target_unpin(picture.targets[i], worker);
    picture_fini(&picture);
}

Test(balance, least_requests_shares_an_idle_slot_by_weight)
{
    struct picture picture;
    unsigned got[2] = { 0 };

    picture_init(&picture, 2, 1);
    picture.service.balance = BALANCE_LEAST_REQUESTS;
    picture.picks[1].weight = 3;
    for (unsigned i = 0; i < 400; i++)
        got[picture_pick(&picture)]++;
    cr_assert_eq(got[0], 100);
    cr_assert_eq(got[1], 300);
    picture_fini(&picture);
}

Test(balance, random_avoids_the_busier_of_two)
{
    struct picture picture;
    uint64_t random = 3;
    unsigned got[4] = { 0 };

    picture_init(&picture, 4, 1);
    picture.service.balance = BALANCE_RANDOM;
    target_pin(picture.targets[2], 0);
    for (unsigned i = 0; i < 12000; i++) {
        picture.query.random = hash_random(&random);
        got[picture_pick(&picture)]++;
    }
    cr_assert_eq(got[2], 0, "the busiest never wins against another");
    for (unsigned i = 0; i < 4; i++)
        cr_assert(i == 2 || abs((int)got[i] - 4000) < 1000, "%u got %u", i, got[i]);
    target_unpin(picture.targets[2], 0);
    picture_fini(&picture);
}

/* A key to a target, for many keys. */
static void map_keys(struct picture *picture, unsigned count, int *out)
{
    for (unsigned i = 0; i < count; i++) {
        picture->client.sa.in.sin_addr.s_addr = i * 2654435761u;
        out[i] = picture_pick(picture);
    }
}

enum { KEYS = 20000 };

static int keys_before[KEYS];
static int keys_after[KEYS];

Test(balance, a_key_moves_only_when_its_target_goes)
{
    static const char *const changes[] = { "uduuu", "uuuud", "duduu", "uuuuu" };
    struct picture picture;

    picture_init(&picture, 5, 1);
    picture.service.balance = BALANCE_HASH;
    picture.picks[1].weight = 3;
    picture_judge(&picture, "uuuuu");
    map_keys(&picture, KEYS, keys_before);
    for (unsigned c = 0; c < sizeof changes / sizeof *changes; c++) {
        picture_judge(&picture, changes[c]);
        map_keys(&picture, KEYS, keys_after);
        for (unsigned i = 0; i < KEYS; i++) {
            if (changes[c][keys_before[i]] == 'u')
                cr_assert_eq(keys_after[i], keys_before[i]);
            else
                cr_assert_eq(changes[c][keys_after[i]], 'u');
        }
    }
    picture_fini(&picture);
}

Test(balance, keys_are_shared_by_weight)
{
    static const uint32_t weights[] = { 1, 2, 3, 4, 10 };
    struct picture picture;
    unsigned got[5] = { 0 };

    picture_init(&picture, 5, 1);
    picture.service.balance = BALANCE_HASH;
    for (unsigned i = 0; i < 5; i++)
        picture.picks[i].weight = weights[i];
    map_keys(&picture, KEYS, keys_before);
    for (unsigned i = 0; i < KEYS; i++)
        got[keys_before[i]]++;
    for (unsigned i = 0; i < 5; i++) {
        double want = KEYS * weights[i] / 20.0;
        double off = got[i] - want;

        /* six standard deviations, and the keys are always the same */
        cr_assert(off * off < 36 * want, "%u got %u of %.0f", i, got[i], want);
    }
    picture_fini(&picture);
}

Test(balance, raising_a_weight_only_moves_keys_to_it)
{
    struct picture picture;
    unsigned moved = 0;

    picture_init(&picture, 4, 1);
    picture.service.balance = BALANCE_HASH;
    map_keys(&picture, KEYS, keys_before);
    picture.picks[2].weight = 3;
    map_keys(&picture, KEYS, keys_after);
    for (unsigned i = 0; i < KEYS; i++) {
        if (keys_after[i] == keys_before[i])
            continue;
        cr_assert_eq(keys_after[i], 2);
        moved++;
    }
    cr_assert(moved > KEYS / 8 && moved < KEYS / 3, "%u moved", moved);
    picture_fini(&picture);
}

Test(balance, the_order_of_targets_does_not_move_keys)
{
    struct picture picture;

    picture_init(&picture, 4, 1);
    picture.service.balance = BALANCE_HASH;
    map_keys(&picture, 1000, keys_before);
    for (unsigned i = 0; i < 2; i++) {
        struct pick pick = picture.picks[i];

        picture.picks[i] = picture.picks[3 - i];
        picture.picks[3 - i] = pick;
    }
    map_keys(&picture, 1000, keys_after);
    cr_assert_arr_eq(keys_before, keys_after, 1000 * sizeof *keys_before);
    picture_fini(&picture);
}

struct key_case {
    const char *name;
    enum hash_key kind;
    const char *hash_name;
    const char *client_a;
    const char *request_a;
    const char *client_b;
    const char *request_b;
    bool is_same;
};

#define PLAIN       "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define WITH(field) "GET / HTTP/1.1\r\nHost: a\r\n" field "\r\n\r\n"

static const struct key_case key_cases[] = {
    { "the port does not count", HASH_CLIENT_IP, NULL, "192.0.2.1:1", PLAIN, "192.0.2.1:9", PLAIN,
      true },
    { "the address does", HASH_CLIENT_IP, NULL, "192.0.2.1:1", PLAIN, "192.0.2.2:1", PLAIN, false },
    { "a mapped address is the same", HASH_CLIENT_IP, NULL, "192.0.2.1:1", PLAIN,
      "[::ffff:192.0.2.1]:1", PLAIN, true },
    { "IPv6", HASH_CLIENT_IP, NULL, "[2001:db8::1]:1", PLAIN, "[2001:db8::2]:1", PLAIN, false },
    { "a header", HASH_HEADER, "X-User", "192.0.2.1:1", WITH("x-user: ann"), "192.0.2.9:1",
      WITH("X-User: ann"), true },
    { "another header value", HASH_HEADER, "X-User", "192.0.2.1:1", WITH("X-User: ann"),
      "192.0.2.1:1", WITH("X-User: bob"), false },
    { "a cookie", HASH_COOKIE, "uid", "192.0.2.1:1", WITH("Cookie: a=1; uid=7"), "192.0.2.2:1",
      WITH("Cookie: uid=7; b=2"), true },
    { "another cookie value", HASH_COOKIE, "uid", "192.0.2.1:1", WITH("Cookie: uid=7"),
      "192.0.2.1:1", WITH("Cookie: uid=8"), false },
};

static int pick_key(struct picture *picture, const char *client, const char *request)
{
    cr_assert_eq(address_parse(slice_from(client), &picture->client), 0);
    picture_ask(picture, request);
    return picture_pick(picture);
}

Test(balance, keys_come_from_client_header_or_cookie)
{
    for (size_t i = 0; i < sizeof key_cases / sizeof *key_cases; i++) {
        const struct key_case *c = &key_cases[i];
        bool is_same = true;

        /* other names of targets draw otherwise: over 40 of them a difference must show */
        for (unsigned salt = 0; salt < 40; salt++) {
            struct picture picture;

            picture_init(&picture, 8, 1);
            for (unsigned t = 0; t < 8; t++)
                picture.targets[t]->key = hash_mix(picture.targets[t]->key + salt);
            picture.service.balance = BALANCE_HASH;
            picture.service.hash_key = c->kind;
            picture.service.hash_name = c->hash_name;
            is_same &= pick_key(&picture, c->client_a, c->request_a) ==
                       pick_key(&picture, c->client_b, c->request_b);
            picture_fini(&picture);
        }
        cr_assert_eq(is_same, c->is_same, "%s", c->name);
    }
}

Test(balance, without_a_key_it_is_a_turn)
{
    struct picture picture;

    picture_init(&picture, 3, 1);
    picture.service.balance = BALANCE_HASH;
    picture.service.hash_key = HASH_COOKIE;
    picture.service.hash_name = "uid";
    picture_ask(&picture, PLAIN);
    for (int i = 0; i < 9; i++)
        cr_assert_eq(picture_pick(&picture), i % 3);
    picture.service.hash_key = HASH_CLIENT_IP;
    cr_assert_eq(address_parse(SLICE("unix:/run/x"), &picture.client), 0);
    for (int i = 0; i < 9; i++)
        cr_assert_eq(picture_pick(&picture), i % 3);
    picture_fini(&picture);
}
