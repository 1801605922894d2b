/* Building a picture: what is refused, and that nothing of the input is kept. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "picture.h"

struct refusal {
    const char *name;
    const char *hosts_a[3];
    const char *paths_a[3];
    const char *own_a;
    const char *hosts_b[3];
    const char *paths_b[3];
    const char *own_b;
    int err;
    const char *host; /* of the clash */
    const char *path;
};

static const struct refusal refusals[] = {
    { "two for every host", { 0 }, { 0 }, NULL, { 0 }, { 0 }, NULL, ERR_EXISTS, "*", "/" },
    { "a star is every host", { "*" }, { 0 }, NULL, { 0 }, { 0 }, NULL, ERR_EXISTS, "*", "/" },
    { "case does not tell apart",
      { "A.b" },
      { 0 },
      NULL,
      { "a.B." },
      { 0 },
      NULL,
      ERR_EXISTS,
      "a.b",
      "/" },
    { "paths do", { "a.b" }, { 0 }, NULL, { "a.b" }, { "/x" }, NULL, 0, "", "" },
    { "a final slash does", { "a.b" }, { "/x" }, NULL, { "a.b" }, { "/x/" }, NULL, 0, "", "" },
    { "an empty path is the root",
      { "a" },
      { "" },
      NULL,
      { "a" },
      { "/" },
      NULL,
      ERR_EXISTS,
      "a",
      "/" },
    { "a wildcard is not its suffix", { "*.a.b" }, { 0 }, NULL, { "a.b" }, { 0 }, NULL, 0, "", "" },
    { "two wildcards",
      { "*.a.b" },
      { "/p" },
      NULL,
      { "x", "*.A.b" },
      { "/q", "/p" },
      NULL,
      ERR_EXISTS,
      "*.a.b",
      "/p" },
    { "said twice by one", { "a", "A" }, { "/", "/" }, NULL, { "b" }, { 0 }, NULL, 0, "", "" },
    { "a slot's own host",
      { "a" },
      { 0 },
      "blue",
      { "b" },
      { 0 },
      "blue",
      ERR_EXISTS,
      "blue",
      "/" },
    { "with other paths", { "a" }, { 0 }, "blue", { "b" }, { "/b" }, "blue", 0, "", "" },
    { "its service's host", { "a" }, { 0 }, "a", { "b" }, { 0 }, NULL, ERR_EXISTS, "a", "/" },
    { "a star inside", { "a.*.b" }, { 0 }, NULL, { "b" }, { 0 }, NULL, ERR_INVALID, "a.*.b", "/" },
    { "a star without a dot", { "*a" }, { 0 }, NULL, { "b" }, { 0 }, NULL, ERR_INVALID, "*a", "/" },
    { "two stars", { "*.*.b" }, { 0 }, NULL, { "b" }, { 0 }, NULL, ERR_INVALID, "*.*.b", "/" },
    { "a leading dot", { ".b" }, { 0 }, NULL, { "b" }, { 0 }, NULL, ERR_INVALID, "*.b", "/" },
    { "an empty host", { "" }, { 0 }, NULL, { "b" }, { 0 }, NULL, ERR_INVALID, "(empty)", "/" },
    { "a path without a slash",
      { "a" },
      { "x" },
      NULL,
      { "b" },
      { 0 },
      NULL,
      ERR_INVALID,
      "*",
      "x" },
};

static unsigned count_texts(const char *const *texts)
{
    unsigned count = 0;

    while (count < 3 && texts[count] != NULL)
        count++;
    return count;
}

static void set_texts(struct picture *picture, const char **hosts, const char **paths,
                      const char **own)
{
    picture->service.hosts = hosts;
    picture->service.host_count = count_texts(hosts);
    picture->service.paths = paths;
    picture->service.path_count = count_texts(paths);
    picture->slots[0].hosts = own;
    picture->slots[0].host_count = own[0] != NULL;
}

Test(snapshot, tells_clashes)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct refusal c = refusals[i];
        struct picture a;
        struct picture b;
        struct snapshot *snapshot = NULL;
        struct snapshot_clash clash;
        struct snapshot_service services[2];
        struct snapshot_input input = { .service_count = 2, .services = services };

        picture_init(&a, 0, 1);
        picture_init(&b, 0, 1);
        b.identity->name[0] = 'S';
        set_texts(&a, c.hosts_a, c.paths_a, &c.own_a);
        set_texts(&b, c.hosts_b, c.paths_b, &c.own_b);
        services[0] = a.service;
        services[1] = b.service;
        cr_expect_eq(snapshot_build(&input, &snapshot), c.err, "%s", c.name);
        cr_expect_eq(snapshot_check(&input, &clash), c.err, "%s", c.name);
        cr_expect_str_eq(clash.host, c.host, "%s: %s", c.name, clash.host);
        cr_expect_str_eq(clash.path, c.path, "%s: %s", c.name, clash.path);
        if (c.err != 0)
            cr_expect_str_eq(clash.first, "shop", "%s: %s", c.name, clash.first);
        snapshot_free(snapshot);
        picture_fini(&a);
        picture_fini(&b);
    }
}

Test(snapshot, refuses_what_cannot_be)
{
    struct picture picture;
    struct snapshot *snapshot = NULL;
    static struct pick picks[SNAPSHOT_PICKS_MAX + 1];
    static char long_host[300];
    const char *hosts[] = { long_host };
    struct snapshot_input input = { .service_count = 1 };

    picture_init(&picture, 1, 1);
    input.services = &picture.service;
    picture.service.active = 1;
    cr_assert_eq(snapshot_build(&input, &snapshot), ERR_INVALID);
    picture.service.active = 0;
    picture.service.slot_count = 0;
    cr_assert_eq(snapshot_build(&input, &snapshot), ERR_INVALID);
    picture.service.slot_count = 1;
    picture.picks[0].weight = SNAPSHOT_WEIGHT_MAX + 1;
    cr_assert_eq(snapshot_build(&input, &snapshot), ERR_RANGE);
    picture.picks[0].weight = SNAPSHOT_WEIGHT_MAX;
    for (unsigned i = 0; i <= SNAPSHOT_PICKS_MAX; i++)
        picks[i] = picture.picks[0];
    picture.slots[0].picks = picks;
    picture.slots[0].pick_count = SNAPSHOT_PICKS_MAX + 1;
    cr_assert_eq(snapshot_build(&input, &snapshot), ERR_RANGE);
    picture.slots[0].pick_count = SNAPSHOT_PICKS_MAX;
    memset(long_host, 'a', 256);
    picture.service.hosts = hosts;
    picture.service.host_count = 1;
    cr_assert_eq(snapshot_build(&input, &snapshot), ERR_INVALID);
    long_host[255] = '\0';
    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    snapshot_free(snapshot);
    picture_fini(&picture);
}

Test(snapshot, copies_all_it_is_given)
{
    struct picture picture;
    struct snapshot *snapshot = NULL;
    char host[] = "a.example";
    char own[] = "blue.example";
    char path[] = "/p";
    char cookie[] = "uid";
    const char *hosts[] = { host };
    const char *own_hosts[] = { own };
    const char *paths[] = { path };
    struct snapshot_input input = { .epoch = 9, .service_count = 1 };
    const struct snapshot_service *kept = NULL;

    picture_init(&picture, 2, 1);
    picture.service.hosts = hosts;
    picture.service.paths = paths;
    picture.slots[0].hosts = own_hosts;
    picture.service.host_count = picture.service.path_count = picture.slots[0].host_count = 1;
    picture.service.hash_name = cookie;
    picture.service.policy.head_bytes = 1000;
    input.services = &picture.service;
    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    memset(host, 'x', 3);
    memset(own, 'x', 3);
    memset(path, 'x', 2);
    memset(cookie, 'x', 3);
    memset(picture.picks, 0, sizeof picture.picks);
    memset(picture.slots, 0, sizeof picture.slots);
    hosts[0] = own_hosts[0] = paths[0] = NULL;

    kept = snapshot_service_at(snapshot, 0);
    cr_assert_eq(snapshot_epoch(snapshot), 9);
    cr_assert_eq(snapshot_service_count(snapshot), 1);
    cr_assert_str_eq(kept->hosts[0], "a.example");
    cr_assert_str_eq(kept->paths[0], "/p");
    cr_assert_str_eq(kept->hash_name, "uid");
    cr_assert_str_eq(kept->slots[0].hosts[0], "blue.example");
    cr_assert_eq(kept->slots[0].slot, picture.slot);
    cr_assert_eq(kept->slots[0].picks[1].target, picture.targets[1]);
    cr_assert_eq(kept->slots[0].picks[1].weight, 1);
    snapshot_free(snapshot);
    picture_fini(&picture);
}

Test(snapshot, the_widest_limits_count)
{
    struct picture a;
    struct picture b;
    struct snapshot *snapshot = NULL;
    struct snapshot_service services[2];
    struct snapshot_input input = { .service_count = 2, .services = services };
    const char *paths[] = { "/b" };

    picture_init(&a, 0, 1);
    picture_init(&b, 0, 1);
    a.service.policy = (struct policy){ .head_bytes = 100, .target_bytes = 20, .fields = 3 };
    b.service.policy = (struct policy){ .head_bytes = 50, .target_bytes = 40, .fields = 7 };
    b.service.paths = paths;
    b.service.path_count = 1;
    services[0] = a.service;
    services[1] = b.service;
    cr_assert_eq(snapshot_build(&input, &snapshot), 0);
    cr_assert_eq(snapshot_limits(snapshot).head_bytes, 100);
    cr_assert_eq(snapshot_limits(snapshot).target_bytes, 40);
    cr_assert_eq(snapshot_limits(snapshot).fields, 7);
    snapshot_free(snapshot);
    picture_fini(&a);
    picture_fini(&b);
}

Test(snapshot, publishing_returns_the_old_one)
{
    struct snapshot_input input = { .epoch = 1 };
    struct snapshot *first = NULL;
    struct snapshot *second = NULL;

    cr_assert_null(snapshot_current());
    cr_assert_eq(snapshot_build(&input, &first), 0);
    cr_assert_eq(snapshot_build(&input, &second), 0);
    cr_assert_null(snapshot_publish(first));
    cr_assert_eq(snapshot_current(), first);
    cr_assert_eq(snapshot_publish(second), first);
    cr_assert_eq(snapshot_publish(NULL), second);
    snapshot_free(first);
    snapshot_free(second);
}
