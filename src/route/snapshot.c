/*
 * The picture of all routing, drawn by the control thread and read by the workers: see route/snapshot.h.
 * Everything it points to but the services, slots and targets themselves lies in its own arena.
 */
#include "route/snapshot_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "route/steering_copy_priv.h"

enum { SNAPSHOT_MAGIC = 0x736e6170 };

static struct snapshot *_Atomic published;

void *snapshot_take(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    void *bytes = NULL;

    CHECK(!__builtin_mul_overflow(count, size, &total));
    bytes = arena_alloc(arena, total);
    CHECK(bytes != NULL);
    memset(bytes, 0, total);
    return bytes;
}

void *snapshot_copy_array(struct arena *arena, const void *from, size_t count, size_t size)
{
    void *copy = NULL;

    if (count == 0)
        return NULL;
    copy = snapshot_take(arena, count, size);
    memcpy(copy, from, count * size);
    return copy;
}

const char *snapshot_copy_text(struct arena *arena, const char *text)
{
    return text != NULL ? snapshot_copy_array(arena, text, strlen(text) + 1, 1) : NULL;
}

static const char **copy_texts(struct arena *arena, const char *const *texts, unsigned count)
{
    const char **copies = snapshot_copy_array(arena, texts, count, sizeof *copies);

    for (unsigned i = 0; i < count; i++)
        copies[i] = snapshot_copy_text(arena, texts[i]);
    return copies;
}

static void copy_traffic(struct arena *arena, struct traffic *traffic)
{
    traffic->message = snapshot_copy_text(arena, traffic->message);
    traffic->page = snapshot_copy_text(arena, traffic->page);
    traffic->pass = copy_texts(arena, traffic->pass, traffic->pass_count);
}

static void copy_service(struct arena *arena, struct snapshot_service *service)
{
    service->hosts = copy_texts(arena, service->hosts, service->host_count);
    service->paths = copy_texts(arena, service->paths, service->path_count);
    service->hash_name = snapshot_copy_text(arena, service->hash_name);
    service->evidence_key.name = snapshot_copy_text(arena, service->evidence_key.name);
    service->slots =
        snapshot_copy_array(arena, service->slots, service->slot_count, sizeof *service->slots);
    for (unsigned i = 0; i < service->slot_count; i++) {
        struct snapshot_slot *slot = &service->slots[i];

        slot->version = snapshot_copy_text(arena, slot->version);
        slot->hosts = copy_texts(arena, slot->hosts, slot->host_count);
        slot->picks =
            snapshot_copy_array(arena, slot->picks, slot->pick_count, sizeof *slot->picks);
    }
    copy_traffic(arena, &service->traffic);
    service->strip_prefix = snapshot_copy_text(arena, service->strip_prefix);
    service->steering = steering_copy_into(arena, service);
}

static int check_slot(const struct snapshot_slot *slot)
{
    if (slot->pick_count > SNAPSHOT_PICKS_MAX)
        return ERR_RANGE;
    for (unsigned i = 0; i < slot->pick_count; i++)
        if (slot->picks[i].weight > SNAPSHOT_WEIGHT_MAX)
            return ERR_RANGE;
    return 0;
}

static int check_strip(const char *prefix)
{
    if (prefix == NULL)
        return 0;
    if (prefix[0] != '/')
        return ERR_INVALID;
    return strlen(prefix) > UINT16_MAX ? ERR_RANGE : 0;
}

static int check_service(const struct snapshot_service *service)
{
    int err = check_strip(service->strip_prefix);

    if (service->slot_count == 0 || service->active >= service->slot_count)
        return ERR_INVALID;
    for (unsigned i = 0; i < service->slot_count && err == 0; i++)
        err = check_slot(&service->slots[i]);
    return err == 0 ? steering_copy_check(service) : err;
}

static void widen_limits(struct snapshot_limits *limits, const struct policy *policy)
{
    if (policy->head_bytes > limits->head_bytes)
        limits->head_bytes = policy->head_bytes;
    if (policy->target_bytes > limits->target_bytes)
        limits->target_bytes = policy->target_bytes;
    if (policy->fields > limits->fields)
        limits->fields = policy->fields;
}

static int fill(struct snapshot *snapshot, const struct snapshot_input *input,
                struct snapshot_clash *clash)
{
    snapshot->services = snapshot_copy_array(&snapshot->arena, input->services,
                                             input->service_count, sizeof *snapshot->services);
    for (unsigned i = 0; i < input->service_count; i++) {
        const struct snapshot_service *service = &input->services[i];
        int err = check_service(service);

        if (err != 0) {
            if (clash != NULL)
                memcpy(clash->first, service->service->name, sizeof clash->first);
            return err;
        }
        copy_service(&snapshot->arena, &snapshot->services[i]);
        snapshot->copied_count++;
        widen_limits(&snapshot->limits, &service->policy);
    }
    return host_index_build(&snapshot->index, &snapshot->arena, input, clash);
}

static int build(const struct snapshot_input *input, struct snapshot_clash *clash,
                 struct snapshot **out)
{
    struct snapshot *snapshot = mem_zalloc(sizeof *snapshot);
    int err = 0;

    snapshot->magic = SNAPSHOT_MAGIC;
    snapshot->epoch = input->epoch;
    snapshot->service_count = input->service_count;
    arena_init(&snapshot->arena, NULL, 0, SIZE_MAX);
    err = fill(snapshot, input, clash);
    if (err != 0) {
        snapshot_free(snapshot);
        return err;
    }
    *out = snapshot;
    return 0;
}

int snapshot_build(const struct snapshot_input *input, struct snapshot **out)
{
    return build(input, NULL, out);
}

int snapshot_check(const struct snapshot_input *input, struct snapshot_clash *out)
{
    struct snapshot *snapshot = NULL;
    int err = 0;

    memset(out, 0, sizeof *out);
    err = build(input, out, &snapshot);
    if (err == 0)
        snapshot_free(snapshot);
    return err;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    CHECK(snapshot->magic == SNAPSHOT_MAGIC);
    CHECK(snapshot != snapshot_current());
    snapshot->magic = 0;
    for (unsigned i = 0; i < snapshot->copied_count; i++)
        steering_copy_wipe(snapshot->services[i].steering);
    arena_reset(&snapshot->arena);
    free(snapshot);
}

uint64_t snapshot_epoch(const struct snapshot *snapshot)
{
    return snapshot->epoch;
}

unsigned snapshot_service_count(const struct snapshot *snapshot)
{
    return snapshot->service_count;
}

const struct snapshot_service *snapshot_service_at(const struct snapshot *snapshot, unsigned index)
{
    CHECK(index < snapshot->service_count);
    return &snapshot->services[index];
}

struct snapshot_limits snapshot_limits(const struct snapshot *snapshot)
{
    return snapshot->limits;
}

struct snapshot *snapshot_current(void)
{
    return atomic_load_explicit(&published, memory_order_acquire);
}

/* The order of this store before the grace period that follows is the grace period's own. */
struct snapshot *snapshot_publish(struct snapshot *snapshot)
{
    CHECK(snapshot == NULL || snapshot->magic == SNAPSHOT_MAGIC);
    return atomic_exchange_explicit(&published, snapshot, memory_order_seq_cst);
}
