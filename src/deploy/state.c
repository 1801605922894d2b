/*
 * The lists and copies of a state; encoding and decoding are in state_encode.c and state_decode.c.
 * Control thread (or whoever holds the only pointer).
 */
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void copy_name(char *out, size_t capacity, const char *name)
{
    CHECK(slice_copy(slice_from(name), out, capacity));
}

static struct state_service *make_service(const char *name)
{
    struct state_service *service = mem_zalloc(sizeof *service);

    service->refs = 1;
    copy_name(service->name, sizeof service->name, name);
    TAILQ_INIT(&service->targets);
    return service;
}

static void unref_service(struct state_service *service)
{
    struct state_target *target = NULL;

    if (--service->refs > 0)
        return;
    while ((target = TAILQ_FIRST(&service->targets)) != NULL) {
        TAILQ_REMOVE(&service->targets, target, link);
        free(target);
    }
    free(service);
}

static struct state_service *copy_service(const struct state_service *from)
{
    struct state_service *service = mem_alloc(sizeof *service);
    const struct state_target *target = NULL;

    *service = *from;
    service->refs = 1;
    TAILQ_INIT(&service->targets);
    TAILQ_FOREACH(target, &from->targets, link)
    {
        struct state_target *copy = mem_alloc(sizeof *copy);

        *copy = *target;
        TAILQ_INSERT_TAIL(&service->targets, copy, link);
    }
    return service;
}

void decisions_init(struct decisions *decisions)
{
    *decisions = (struct decisions){ 0 };
    TAILQ_INIT(&decisions->locks);
    state_book_init(&decisions->book);
}

void decisions_fini(struct decisions *decisions)
{
    struct state_lock *lock = NULL;

    for (size_t i = 0; i < decisions->service_count; i++)
        unref_service(decisions->services[i]);
    free(decisions->services);
    while ((lock = TAILQ_FIRST(&decisions->locks)) != NULL)
        decisions_drop_lock(decisions, lock);
    state_book_fini(&decisions->book);
    decisions_init(decisions);
}

void decisions_copy(struct decisions *to, const struct decisions *from)
{
    const struct state_lock *lock = NULL;

    to->epoch = from->epoch;
    to->service_count = from->service_count;
    to->services = mem_grow(NULL, from->service_count + 1, sizeof *to->services);
    for (size_t i = 0; i < from->service_count; i++) {
        to->services[i] = from->services[i];
        to->services[i]->refs++;
    }
    TAILQ_FOREACH(lock, &from->locks, link)
    {
        struct state_lock *copy = mem_alloc(sizeof *copy);

        *copy = *lock;
        TAILQ_INSERT_TAIL(&to->locks, copy, link);
    }
    state_book_copy(&to->book, &from->book);
}

void decisions_move(struct decisions *to, struct decisions *from)
{
    decisions_fini(to);
    to->epoch = from->epoch;
    to->services = from->services;
    to->service_count = from->service_count;
    TAILQ_CONCAT(&to->locks, &from->locks, link);
    state_book_move(&to->book, &from->book);
    decisions_init(from);
}

struct state_service *decisions_add(struct decisions *decisions, const char *name)
{
    size_t count = decisions->service_count + 1;

    /* Grown by doubling: a power of two is full. */
    if ((decisions->service_count & count) == 0 || decisions->services == NULL)
        decisions->services =
            mem_grow(decisions->services, count * 2 + 1, sizeof *decisions->services);
    decisions->services[count - 1] = make_service(name);
    decisions->service_count = count;
    return decisions->services[count - 1];
}

struct state_service *decisions_own(struct decisions *decisions, size_t index)
{
    struct state_service *service = decisions->services[index];

    if (service->refs > 1) {
        decisions->services[index] = copy_service(service);
        service->refs--;
    }
    return decisions->services[index];
}

struct state_service *decisions_find(const struct decisions *decisions, const char *name)
{
    for (size_t i = 0; i < decisions->service_count; i++)
        if (strcmp(decisions->services[i]->name, name) == 0)
            return decisions->services[i];
    return NULL;
}

struct state_lock *decisions_lock(const struct decisions *decisions, const char *name)
{
    struct state_lock *lock = NULL;

    TAILQ_FOREACH(lock, &decisions->locks, link)
    if (strcmp(lock->name, name) == 0)
        return lock;
    return NULL;
}

struct state_lock *decisions_add_lock(struct decisions *decisions, const char *name)
{
    struct state_lock *lock = mem_zalloc(sizeof *lock);

    copy_name(lock->name, sizeof lock->name, name);
    TAILQ_INSERT_TAIL(&decisions->locks, lock, link);
    return lock;
}

void decisions_drop_lock(struct decisions *decisions, struct state_lock *lock)
{
    TAILQ_REMOVE(&decisions->locks, lock, link);
    free(lock);
}

struct state_target *state_service_target(const struct state_service *service, const char *slot,
                                          const char *name)
{
    struct state_target *target = NULL;

    TAILQ_FOREACH(target, &service->targets, link)
    if (strcmp(target->slot, slot) == 0 && strcmp(target->name, name) == 0)
        return target;
    return NULL;
}

struct state_target *state_service_add_target(struct state_service *service, const char *slot,
                                              const char *name)
{
    struct state_target *target = mem_zalloc(sizeof *target);

    copy_name(target->slot, sizeof target->slot, slot);
    copy_name(target->name, sizeof target->name, name);
    TAILQ_INSERT_TAIL(&service->targets, target, link);
    service->target_count++;
    return target;
}

void state_service_drop_target(struct state_service *service, struct state_target *target)
{
    TAILQ_REMOVE(&service->targets, target, link);
    service->target_count--;
    free(target);
}

struct state_key *state_find_key(const struct state *state, const char *key)
{
    struct state_key *found = NULL;

    TAILQ_FOREACH_REVERSE(found, &state->keys, state_keys, link)
    if (strcmp(found->key, key) == 0)
        return found;
    return NULL;
}

struct state_key *state_add_key(struct state *state, const char *key)
{
    struct state_key *added = mem_zalloc(sizeof *added);

    copy_name(added->key, sizeof added->key, key);
    TAILQ_INSERT_TAIL(&state->keys, added, link);
    state->key_count++;
    return added;
}

struct state_entry *state_add_entry(struct state *state, const struct history_entry *entry)
{
    struct state_entry *added = mem_zalloc(sizeof *added);

    added->entry = *entry;
    TAILQ_INSERT_TAIL(&state->tail, added, link);
    state->tail_count++;
    return added;
}

static void drop_key(struct state *state, struct state_key *key)
{
    TAILQ_REMOVE(&state->keys, key, link);
    state->key_count--;
    free(key);
}

static void drop_entry(struct state *state, struct state_entry *entry)
{
    TAILQ_REMOVE(&state->tail, entry, link);
    state->tail_count--;
    free(entry);
}

void state_take_back(struct state *state, size_t key_count, uint64_t sequence)
{
    struct state_entry *entry = NULL;

    for (; key_count > 0 && state->key_count > 0; key_count--)
        drop_key(state, TAILQ_LAST(&state->keys, state_keys));
    while ((entry = TAILQ_LAST(&state->tail, state_tail)) != NULL &&
           entry->entry.sequence > sequence)
        drop_entry(state, entry);
}

void state_trim(struct state *state, uint64_t sequence)
{
    struct state_entry *entry = NULL;

    while (state->key_count > STATE_KEYS_MAX)
        drop_key(state, TAILQ_FIRST(&state->keys));
    while ((entry = TAILQ_FIRST(&state->tail)) != NULL &&
           (entry->entry.sequence <= sequence || state->tail_count > STATE_TAIL_MAX))
        drop_entry(state, entry);
}

struct state *state_new(void)
{
    struct state *state = mem_zalloc(sizeof *state);

    decisions_init(&state->decisions);
    TAILQ_INIT(&state->keys);
    TAILQ_INIT(&state->tail);
    return state;
}

void state_free(struct state *state)
{
    if (state == NULL)
        return;
    state_take_back(state, state->key_count, 0);
    while (!TAILQ_EMPTY(&state->tail)) /* one of sequence 0 is not taken back */
        drop_entry(state, TAILQ_FIRST(&state->tail));
    decisions_fini(&state->decisions);
    free(state);
}
