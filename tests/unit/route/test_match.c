/* From host and path to service and slot: match.h, against a table and against a naive matcher. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/hash.h"
#include "picture.h"

enum { SERVICES = 24, NAMES = 4, NAME_SIZE = 80 };

/* A little world of services, each with slots blue (active) and green. */
struct world {
    unsigned count;
    struct service *services[SERVICES];
    struct slot *slots[SERVICES][2];
    struct snapshot_slot slot_rows[SERVICES][2];
    struct snapshot_service rows[SERVICES];
    char *hosts[SERVICES][NAMES];
    char *paths[SERVICES][NAMES];
    char *own_hosts[SERVICES][2][NAMES];
};

static void add_name(char **list, unsigned *count, const char *name)
{
    cr_assert_lt(*count, NAMES);
    list[(*count)++] = strdup(name);
}

static unsigned add_service(struct world *world)
{
    static const char *const slot_names[] = { "blue", "green" };
    unsigned at = world->count++;
    char name[16];

    snprintf(name, sizeof name, "s%u", at);
    world->services[at] = service_new(name);
    for (unsigned i = 0; i < 2; i++) {
        world->slots[at][i] = slot_new(world->services[at], slot_names[i], 1);
        world->slot_rows[at][i].slot = world->slots[at][i];
    }
    world->rows[at].service = world->services[at];
    world->rows[at].slot_count = 2;
    return at;
}

static void add_host(struct world *world, unsigned at, const char *host)
{
    add_name(world->hosts[at], &world->rows[at].host_count, host);
}

static void add_path(struct world *world, unsigned at, const char *path)
{
    add_name(world->paths[at], &world->rows[at].path_count, path);
}

static void add_own_host(struct world *world, unsigned at, unsigned slot, const char *host)
{
    add_name(world->own_hosts[at][slot], &world->slot_rows[at][slot].host_count, host);
}

/* Names are handed over as const; the world keeps what it frees. */
static int build_world(struct world *world, struct snapshot **out, struct snapshot_clash *clash)
{
    struct snapshot_input input = { .epoch = 5, .service_count = world->count };
    static const char *names[SERVICES][4][NAMES];
    int err = 0;

    for (unsigned at = 0; at < world->count; at++) {
        memcpy(names[at][0], world->hosts[at], sizeof names[at][0]);
        memcpy(names[at][1], world->paths[at], sizeof names[at][1]);
        world->rows[at].hosts = names[at][0];
        world->rows[at].paths = names[at][1];
        world->rows[at].slots = world->slot_rows[at];
        for (unsigned slot = 0; slot < 2; slot++) {
            memcpy(names[at][2 + slot], world->own_hosts[at][slot], sizeof names[at][2]);
            world->slot_rows[at][slot].hosts = names[at][2 + slot];
        }
    }
    input.services = world->rows;
    err = snapshot_build(&input, out);
    cr_assert_eq(snapshot_check(&input, clash), err);
    return err;
}

static void free_world(struct world *world)
{
    for (unsigned at = 0; at < world->count; at++) {
        for (unsigned i = 0; i < NAMES; i++) {
            free(world->hosts[at][i]);
            free(world->paths[at][i]);
            free(world->own_hosts[at][0][i]);
            free(world->own_hosts[at][1][i]);
        }
        slot_free(world->slots[at][0]);
        slot_free(world->slots[at][1]);
        service_free(world->services[at]);
    }
    memset(world, 0, sizeof *world);
}

static void find(const struct snapshot *snapshot, const char *host, const char *path, char *out)
{
    const struct snapshot_service *service = NULL;
    unsigned slot = 0;

    if (match_slot(snapshot, slice_from(host), slice_from(path), &service, &slot) != FAULT_NONE)
        snprintf(out, NAME_SIZE, "-");
    else
        snprintf(out, NAME_SIZE, "%.9s/%.9s", service->service->name,
                 service->slots[slot].slot->name);
}

static struct world world;

/* s0 exact, s1 wildcard, s2 api under both, s3 any host under /any, s4 another exact */
static struct snapshot *build_example(void)
{
    struct snapshot *snapshot = NULL;
    struct snapshot_clash clash;

    for (unsigned i = 0; i < 5; i++)
        add_service(&world);
    add_host(&world, 0, "Shop.Example.com");
    add_host(&world, 1, "*.example.com.");
    add_host(&world, 2, "shop.example.com");
    add_host(&world, 2, "*.example.com");
    add_path(&world, 2, "/api");
    add_path(&world, 2, "/api/v2/");
    add_path(&world, 2, "/api/v2/x");
    add_path(&world, 3, "/any");
    add_host(&world, 4, "only.org");
    add_path(&world, 4, "/here");
    add_own_host(&world, 0, 0, "blue.internal");
    add_own_host(&world, 0, 1, "GREEN.internal");
    add_own_host(&world, 2, 1, "green.internal");
    add_own_host(&world, 4, 1, "*.green.internal");
    world.rows[1].active = 1;
    cr_assert_eq(build_world(&world, &snapshot, &clash), 0);
    return snapshot;
}

struct lookup {
    const char *host;
    const char *path;
    const char *want;
};

static const struct lookup lookups[] = {
    { "shop.example.com", "/", "s0/blue" },
    { "SHOP.example.COM", "/x", "s0/blue" },
    { "shop.example.com.", "/x", "s0/blue" },
    { "shop.example.com..", "/x", "-" },
    { "www.example.com", "/", "s1/green" },
    { "a.b.c.example.com", "/", "s1/green" },
    { "example.com", "/", "-" },
    { ".example.com", "/", "-" },
    { "..example.com", "/", "s1/green" },
    { "example.com.evil.org", "/", "-" },
    { "xexample.com", "/", "-" },
    { "shop.example.com", "/api", "s2/blue" },
    { "shop.example.com", "/api/", "s2/blue" },
    { "shop.example.com", "/apix", "s0/blue" },
    { "shop.example.com", "/API", "s0/blue" },
    { "shop.example.com", "/api/v2/x/y", "s2/blue" },
    { "www.example.com", "/api/v2", "s2/blue" },
    { "www.example.com", "/apix", "s1/green" },
    { "nobody.org", "/any/x", "s3/blue" },
    { "nobody.org", "/anyx", "-" },
    { "", "/any", "s3/blue" },
    { "[::1]", "/any", "s3/blue" },
    { "shop.example.com", "/any", "s0/blue" },
    { "only.org", "/here", "s4/blue" },
    { "only.org", "/any", "s3/blue" }, /* a host without a matching path hides nothing */
    { "only.org", "/there", "-" },
    { "blue.internal", "/", "s0/blue" },
    { "green.internal", "/", "s0/green" },
    { "green.internal", "/api", "s2/green" },
    { "a.green.internal", "/here", "s4/green" },
    { "a.green.internal", "/", "-" },
    { "shop.example.com", "*", "s0/blue" },
    { "shop.example.com", "", "s0/blue" },
};

Test(match, finds_by_host_then_path)
{
    struct snapshot *snapshot = build_example();

    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++) {
        char got[NAME_SIZE];

        find(snapshot, lookups[i].host, lookups[i].path, got);
        cr_expect_str_eq(got, lookups[i].want, "%s%s: got %s, not %s", lookups[i].host,
                         lookups[i].path, got, lookups[i].want);
    }
    snapshot_free(snapshot);
    free_world(&world);
}

Test(match, a_very_long_host_is_only_any_host)
{
    struct snapshot *snapshot = build_example();
    static char host[20001];
    char got[NAME_SIZE];

    for (unsigned i = 0; i < 20000; i++)
        host[i] = i % 2 ? '.' : 'a';
    memcpy(host + 20000 - 12, ".example.com", 12);
    find(snapshot, host, "/", got);
    cr_assert_str_eq(got, "-");
    find(snapshot, host, "/any", got);
    cr_assert_str_eq(got, "s3/blue");
    find(snapshot, host + 20000 - 255, "/", got);
    cr_assert_str_eq(got, "s1/green");
    find(snapshot, host + 20000 - 256, "/", got);
    cr_assert_str_eq(got, "-");
    snapshot_free(snapshot);
    free_world(&world);
}

Test(match, an_empty_picture_has_no_service)
{
    struct snapshot *snapshot = NULL;
    struct snapshot_clash clash;
    char got[NAME_SIZE];

    cr_assert_eq(build_world(&world, &snapshot, &clash), 0);
    find(snapshot, "a", "/", got);
    cr_assert_str_eq(got, "-");
    snapshot_free(snapshot);
}

Test(match, fills_the_answer)
{
    struct picture picture;
    struct route_answer answer = { 0 };
    struct snapshot *snapshot = NULL;
    struct snapshot_input input = { .epoch = 77, .service_count = 1 };
    const char *hosts[] = { "a.example" };

    picture_init(&picture, 2, 1);
    picture.service.host_count = 1;
    picture.service.hosts = hosts;
    picture.service.refuse_unfit = true;
    input.services = &picture.service;
    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    picture_ask(&picture, "GET /x?y HTTP/1.1\r\nHost: A.example:8080\r\n\r\n");
    cr_assert_eq(match_find(snapshot, &picture.query, &answer), FAULT_NONE);
    cr_assert_eq(answer.slot, picture.slot);
    cr_assert_eq(answer.target, picture.targets[0]);
    cr_assert_eq(answer.epoch, 77);
    cr_assert_eq(answer.service->service, picture.identity);

    picture_judge(&picture, "dd");
    answer = (struct route_answer){ 0 };
    cr_assert_eq(match_find(snapshot, &picture.query, &answer), FAULT_NO_TARGET);
    cr_assert_eq(answer.slot, picture.slot);
    cr_assert_null(answer.target);

    picture_ask(&picture, "GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n");
    cr_assert_eq(match_find(snapshot, &picture.query, &answer), FAULT_NO_SERVICE);
    snapshot_free(snapshot);
    picture_fini(&picture);
}

/* The naive matcher: every claim is looked at, the most specific host wins, then the longest prefix. */
struct model_answer {
    int service;
    int slot;
    size_t host_rank;
    size_t prefix_len;
    bool is_clash; /* two different claims of the same rank */
};

static size_t rank_host(const char *pattern, const char *host)
{
    size_t pattern_len = strlen(pattern);
    size_t host_len = strlen(host);

    if (strcmp(pattern, "*") == 0)
        return 1;
    if (pattern[0] != '*')
        return strcasecmp(pattern, host) == 0 ? 1000 : 0;
    if (host_len < pattern_len || strcasecmp(host + host_len - (pattern_len - 1), pattern + 1) != 0)
        return 0;
    return 1 + pattern_len;
}

static bool is_prefix(const char *prefix, const char *path)
{
    size_t len = strlen(prefix);

    return strncmp(prefix, path, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || prefix[len - 1] == '/');
}

/* What is looked up, and the best claim so far. */
struct model {
    const char *host;
    const char *path;
    struct model_answer best;
};

static void model_claim(struct model *model, const char *pattern, const char *prefix, int service,
                        int slot)
{
    struct model_answer *best = &model->best;
    size_t rank = rank_host(pattern, model->host);
    size_t len = strlen(prefix);

    if (rank == 0 || !is_prefix(prefix, model->path) || rank < best->host_rank ||
        (rank == best->host_rank && len < best->prefix_len))
        return;
    if (rank == best->host_rank && len == best->prefix_len &&
        (best->service != service || best->slot != slot))
        best->is_clash = true;
    *best = (struct model_answer){ service, slot, rank, len, best->is_clash };
}

static void model_service(struct model *model, unsigned s, const char *prefix)
{
    const struct snapshot_service *row = &world.rows[s];

    if (row->host_count == 0)
        model_claim(model, "*", prefix, (int)s, -1);
    for (unsigned h = 0; h < row->host_count; h++)
        model_claim(model, world.hosts[s][h], prefix, (int)s, -1);
    for (unsigned slot = 0; slot < 2; slot++)
        for (unsigned h = 0; h < row->slots[slot].host_count; h++)
            model_claim(model, world.own_hosts[s][slot][h], prefix, (int)s, (int)slot);
}

static struct model_answer model_find(const char *host, const char *path)
{
    struct model model = { host, path, { -1, -1, 0, 0, false } };

    for (unsigned s = 0; s < world.count; s++) {
        const struct snapshot_service *row = &world.rows[s];

        if (row->path_count == 0)
            model_service(&model, s, "/");
        for (unsigned p = 0; p < row->path_count; p++)
            model_service(&model, s, world.paths[s][p]);
    }
    return model.best;
}

static uint64_t dice = 11;

static unsigned roll(unsigned sides)
{
    return (unsigned)(hash_random(&dice) >> 20) % sides;
}

static void add_text(char *out, const char *text)
{
    size_t len = strlen(out);

    cr_assert_eq(slice_copy(slice_from(text), out + len, NAME_SIZE - len), true);
}

static void make_host(char *out, bool is_pattern)
{
    static const char *const labels[] = { "a", "b", "C", "Ab", "example" };
    unsigned depth = 1 + roll(4);

    out[0] = '\0';
    if (is_pattern && roll(3) == 0)
        add_text(out, "*.");
    while (depth-- > 0) {
        add_text(out, labels[roll(5)]);
        if (depth > 0)
            add_text(out, ".");
    }
}

static void make_path(char *out)
{
    static const char *const segments[] = { "/a", "/b", "/ab", "/a-", "/", "/a0" };
    unsigned depth = roll(4);

    out[0] = '\0';
    add_text(out, depth == 0 ? "/" : "");
    while (depth-- > 0)
        add_text(out, segments[roll(6)]);
}

static void make_world(void)
{
    unsigned count = 1 + roll(SERVICES - 1);
    char name[NAME_SIZE];

    for (unsigned i = 0; i < count; i++) {
        unsigned at = add_service(&world);

        world.rows[at].active = roll(2);
        for (unsigned n = roll(NAMES); n > 0; n--) {
            make_host(name, true);
            add_host(&world, at, name);
        }
        for (unsigned n = roll(NAMES); n > 0; n--) {
            make_path(name);
            add_path(&world, at, name);
        }
        if (roll(3) == 0) {
            make_host(name, true);
            add_own_host(&world, at, roll(2), name);
        }
    }
}

static void compare_lookup(const struct snapshot *snapshot)
{
    struct model_answer want;
    char host[NAME_SIZE];
    char path[NAME_SIZE];
    char got[NAME_SIZE];
    char expected[NAME_SIZE] = "-";

    make_host(host, false);
    make_path(path);
    want = model_find(host, path);
    cr_assert_not(want.is_clash, "the builder missed a clash at %s%s", host, path);
    if (want.service >= 0)
        snprintf(expected, sizeof expected, "s%d/%s", want.service,
                 (want.slot >= 0 ? want.slot : (int)world.rows[want.service].active) == 0
                     ? "blue"
                     : "green");
    find(snapshot, host, path, got);
    cr_assert_str_eq(got, expected, "%s%s: got %s, not %s", host, path, got, expected);
}

/* A clash that is told of must be one: asked at that very place, the model meets both. */
static void check_clash(const struct snapshot_clash *clash)
{
    char host[300];

    snprintf(host, sizeof host, "%s%s", clash->host[0] == '*' ? "zz" : "",
             clash->host[0] == '*' ? clash->host + 1 : clash->host);
    cr_assert(model_find(host, clash->path).is_clash, "%s%s is no clash of %s and %s", clash->host,
              clash->path, clash->first, clash->second);
}

Test(match, agrees_with_a_naive_matcher)
{
    unsigned built = 0;
    unsigned clashed = 0;

    for (unsigned round = 0; built < 200; round++) {
        struct snapshot *snapshot = NULL;
        struct snapshot_clash clash;

        make_world();
        if (build_world(&world, &snapshot, &clash) == 0) {
            for (unsigned i = 0; i < 500; i++)
                compare_lookup(snapshot);
            snapshot_free(snapshot);
            built++;
        } else {
            check_clash(&clash);
            clashed++;
        }
        free_world(&world);
        cr_assert_lt(round, 100000);
    }
    cr_assert_gt(clashed, 10, "the worlds are too empty to test anything");
}
