/* See scene.h. */
#include "scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/parse_head.h"

static const char *const slot_names[SCENE_SLOTS] = { "blue", "green", "staging", "off", "old" };
static const char *own_hosts[SCENE_SLOTS][1] = { { "blue.internal" },
                                                 { "green.internal" },
                                                 { "staging.internal" },
                                                 { "off.internal" },
                                                 { "old.internal" } };
static const enum role roles[SCENE_SLOTS] = { ROLE_LIVE, ROLE_CANDIDATE, ROLE_STAGING, ROLE_OFF,
                                              ROLE_DRAINING };

static void add_slot(struct scene *scene, unsigned at)
{
    struct address address;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:5000"), &address), 0);
    scene->slots[at] = slot_new(scene->identity, slot_names[at], 1);
    scene->targets[at] = target_new(scene->slots[at], "127.0.0.1:5000", &address, 1);
    scene->picks[at] =
        (struct pick){ .target = scene->targets[at], .weight = 1, .order = ORDER_READY };
    scene->rows[at] = (struct snapshot_slot){ .slot = scene->slots[at],
                                              .role = roles[at],
                                              .pick_count = 1,
                                              .picks = &scene->picks[at],
                                              .host_count = 1,
                                              .hosts = own_hosts[at] };
}

void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->identity = service_new("shop");
    for (unsigned i = 0; i < SCENE_SLOTS; i++)
        add_slot(scene, i);
    cr_assert_eq(address_parse_net(SLICE("10.0.0.0/8"), &scene->trusted[0]), 0);
    scene->tenants[0] = (struct tenant_source){ .kind = TENANT_HEADER, .name = "X-Tenant" };
    scene->steering = (struct steering){ .tenant_count = 1,
                                         .tenants = scene->tenants,
                                         .pins = pins_new(1),
                                         .split = { .candidate = SLOT_NONE } };
    scene->service = (struct snapshot_service){ .service = scene->identity,
                                                .slot_count = SCENE_SLOTS,
                                                .slots = scene->rows,
                                                .steering = &scene->steering };
    scene_come_from(scene, "192.0.2.7:1");
    scene->query = (struct route_query){ .head = &scene->head, .client = &scene->client };
}

void scene_fini(struct scene *scene)
{
    snapshot_free(scene->snapshot);
    pins_free(scene->steering.pins);
    for (unsigned i = 0; i < SCENE_SLOTS; i++) {
        target_free(scene->targets[i]);
        slot_free(scene->slots[i]);
    }
    service_free(scene->identity);
}

void scene_build(struct scene *scene)
{
    struct snapshot_input input = { .epoch = 7, .service_count = 1, .services = &scene->service };

    snapshot_free(scene->snapshot);
    scene->snapshot = NULL;
    cr_assert_eq(snapshot_build(&input, &scene->snapshot), 0);
}

enum fault scene_ask(struct scene *scene, const char *host, const char *path, const char *lines)
{
    static char request[4096];
    struct head_limits limits = { .head_bytes = 4096, .target_bytes = 1024, .fields = 24 };
    size_t searched = 0;
    enum fault fault = FAULT_NONE;
    const char *method = strchr(path, ' ') != NULL ? "" : "GET ";
    int len = snprintf(request, sizeof request, "%s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", method, path,
                       host, lines);

    memset(&scene->head, 0, sizeof scene->head);
    scene->head.fields = scene->fields;
    scene->head.field_capacity = 24;
    cr_assert_eq(parse_head_request(request, (size_t)len, &searched, &limits, &scene->head, &fault),
                 PARSE_DONE, "%s", request);
    memset(&scene->answer, 0xff, sizeof scene->answer); /* all of it is said anew */
    return match_find(scene->snapshot, &scene->query, &scene->answer);
}

unsigned scene_slot(const struct scene *scene)
{
    for (unsigned i = 0; i < SCENE_SLOTS; i++)
        if (scene->slots[i] == scene->answer.slot)
            return i;
    return SCENE_SLOTS;
}

void scene_come_from(struct scene *scene, const char *address)
{
    cr_assert_eq(address_parse(slice_from(address), &scene->client), 0);
}
