/* room: route */
/*
 * Requests through a picture in which every rule of steering is configured. The first three bytes of the input
 * choose the client, the share and the state of the traffic, the rest is a request head. Oracles: the answer names
 * a slot of the service that is not off; staging is reached by no share; a preview holds the secret; the strip lies
 * within the path; what explain says is what is done; and asking twice gives the same answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/parse_head.h"
#include "route/match.h"

#define FIELDS_MAX   24
#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_steering: %d: %s\n", __LINE__, #condition);                      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { SLOTS = 4, BLUE = 0, GREEN, STAGING, OFF };

static const char *const names[SLOTS] = { "blue", "green", "staging", "off" };
static const enum role roles[SLOTS] = { ROLE_LIVE, ROLE_CANDIDATE, ROLE_STAGING, ROLE_OFF };
static const char *hosts[SLOTS][1] = {
    { "blue.in" }, { "green.in" }, { "*.staging" }, { "off.in" }
};
static const struct tenant_source sources[] = {
    { .kind = TENANT_HEADER, .name = "X-T" },  { .kind = TENANT_COOKIE, .name = "t" },
    { .kind = TENANT_QUERY, .name = "t" },     { .kind = TENANT_PATH_SEGMENT, .index = 2 },
    { .kind = TENANT_HOST_LABEL, .index = 2 },
};

static struct slot *slots[SLOTS];
static struct snapshot_slot rows[SLOTS];
static struct pick picks[SLOTS];
static struct address_net trusted;
static struct steering steering;
static struct snapshot_service service;
static struct address clients[4];

static void make_slots(void)
{
    struct service *identity = service_new("shop");
    struct address address;

    REQUIRE(address_parse(SLICE("127.0.0.1:1"), &address) == 0);
    for (unsigned i = 0; i < SLOTS; i++) {
        slots[i] = slot_new(identity, names[i], 1);
        picks[i].target = target_new(slots[i], "127.0.0.1:1", &address, 1);
        picks[i].weight = 1;
        rows[i] = (struct snapshot_slot){ .slot = slots[i],
                                          .role = roles[i],
                                          .pick_count = 1,
                                          .picks = &picks[i],
                                          .host_count = 1,
                                          .hosts = hosts[i] };
    }
    service = (struct snapshot_service){ .service = identity,
                                         .slot_count = SLOTS,
                                         .slots = rows,
                                         .steering = &steering,
                                         .strip_prefix = "/shop" };
}

static void make_steering(void)
{
    REQUIRE(address_parse_net(SLICE("10.0.0.0/8"), &trusted) == 0);
    steering = (struct steering){
        .tenant_count = COUNT(sources),
        .tenants = sources,
        .pins = pins_new(1),
        .split = { .candidate = GREEN,
                   .salt = 7,
                   .key_count = 5,
                   .keys = { { SPLIT_TENANT, NULL },
                             { SPLIT_COOKIE, "uid" },
                             { SPLIT_HEADER, "X-User" },
                             { SPLIT_OWN_COOKIE, NULL },
                             { SPLIT_CLIENT_IP, NULL } },
                   .own_cookie = "sy",
                   .own_secret = "own" },
        .preview = { .header = "X-Slot", .cookie = "slot", .secret = "s3" },
        .chain = { .header = "X-Slot",
                   .group = "g",
                   .secret = "k",
                   .from_count = 1,
                   .from = &trusted },
    };
    for (unsigned i = 0; i < SLOTS; i++)
        REQUIRE(pins_set(steering.pins, slice_from(names[i]), names[i]) == 0);
    REQUIRE(pins_set(steering.pins, SLICE("lost"), "gone") == 0);
}

static void make_world(void)
{
    static const char *const from[] = { "192.0.2.1:1", "10.0.0.1:1", "[2001:db8::1]:1",
                                        "unix:/run/x" };

    if (slots[0] != NULL)
        return;
    make_slots();
    make_steering();
    for (unsigned i = 0; i < COUNT(from); i++)
        REQUIRE(address_parse(slice_from(from[i]), &clients[i]) == 0);
}

static struct snapshot *draw_picture(uint8_t share, uint8_t mode)
{
    static const char *pass[] = { "/health" };
    struct snapshot_input input = { .epoch = 1, .service_count = 1, .services = &service };
    struct snapshot *snapshot = NULL;

    steering.split.share = (uint32_t)share * SPLIT_WHOLE / UINT8_MAX;
    service.traffic = (struct traffic){ .mode = (enum traffic_mode)(mode % 3),
                                        .pass_safe = mode / 3 % 2,
                                        .pass_count = 1,
                                        .pass = pass };
    REQUIRE(snapshot_build(&input, &snapshot) == 0);
    return snapshot;
}

/* Whether "SLOT:s3" of that slot stands anywhere in the head. */
static bool has_secret(const struct head *head, const char *slot)
{
    char word[80];

    snprintf(word, sizeof word, "%s:s3", slot);
    return memmem(head->base, head->size, word, strlen(word)) != NULL;
}

static void check_answer(const struct head *head, const struct route_answer *answer)
{
    REQUIRE(answer->place >= answer->service->slots);
    REQUIRE(answer->place < answer->service->slots + SLOTS);
    REQUIRE(answer->place->role != ROLE_OFF);
    REQUIRE(answer->rule < RULE_COUNT);
    REQUIRE(answer->rule != RULE_CANARY || answer->slot == slots[GREEN]);
    REQUIRE(answer->rule != RULE_ACTIVE || answer->slot == slots[BLUE]);
    REQUIRE(answer->is_candidate == (answer->slot == slots[GREEN]));
    REQUIRE(answer->is_preview == (answer->rule == RULE_PREVIEW));
    REQUIRE(!answer->is_preview || has_secret(head, answer->slot->name));
    REQUIRE(answer->strip_bytes == 0 || answer->strip_bytes == 5);
    REQUIRE(answer->strip_bytes <= head->path.len);
    REQUIRE(answer->strip_bytes == head->path.len || answer->strip_bytes == 0 ||
            head->path.ptr[answer->strip_bytes] == '/');
    REQUIRE(answer->tenant.ptr == NULL || tenant_is_valid(answer->tenant));
    REQUIRE(strlen(answer->identity) == 0 || strlen(answer->identity) == 16);
    REQUIRE(!answer->is_new_identity || answer->identity[0] != '\0');
}

static bool is_same(const struct route_answer *a, const struct route_answer *b)
{
    return a->slot == b->slot && a->rule == b->rule && a->is_preview == b->is_preview &&
           a->is_preview_refused == b->is_preview_refused && a->is_candidate == b->is_candidate &&
           a->strip_bytes == b->strip_bytes && a->is_new_identity == b->is_new_identity &&
           a->tenant.ptr == b->tenant.ptr && a->tenant.len == b->tenant.len &&
           strcmp(a->identity, b->identity) == 0;
}

static void route(const struct snapshot *snapshot, const struct head *head,
                  const struct address *client)
{
    struct route_query query = { .head = head, .client = client, .random = 0x123456789abcdef0u };
    struct route_answer answer;
    struct route_answer again;
    enum fault fault = match_find(snapshot, &query, &answer);

    REQUIRE(fault == FAULT_NONE || fault == FAULT_HELD || fault == FAULT_MAINTENANCE);
    REQUIRE((fault == FAULT_NONE) == (answer.target != NULL));
    check_answer(head, &answer);
    REQUIRE(match_find(snapshot, &query, &again) == fault && is_same(&answer, &again));
    query.is_rehearsal = true;
    REQUIRE(match_find(snapshot, &query, &again) == fault && is_same(&answer, &again));
    query.live_only = true;
    match_find(snapshot, &query, &again);
    REQUIRE(again.slot == slots[BLUE] && again.rule == RULE_SHIELD && !again.is_candidate);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count)
{
    static const struct head_limits limits = { 4096, 1024, FIELDS_MAX };
    struct field fields[FIELDS_MAX];
    struct head head = { .fields = fields, .field_capacity = FIELDS_MAX };
    struct snapshot *snapshot = NULL;
    enum fault fault = FAULT_NONE;
    size_t searched = 0;
    char *bytes = NULL;

    if (count < 3)
        return 0;
    make_world();
    bytes = malloc(count);
    REQUIRE(bytes != NULL);
    memcpy(bytes, input + 3, count - 3);
    if (parse_head_request(bytes, count - 3, &searched, &limits, &head, &fault) == PARSE_DONE) {
        snapshot = draw_picture(input[1], input[2]);
        route(snapshot, &head, &clients[input[0] % COUNT(clients)]);
        snapshot_free(snapshot);
    }
    free(bytes);
    return 0;
}
