/*
 * The control thread's side: what was sent by the thread of the store, by name. State changes are logged here, and not
 * each of a database that comes and goes. See store/store.h.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/db_spec_priv.h"
#include "store/db_state_priv.h"
#include "store/look.h"
#include "store/store_test.h"
#include "store/store_thread_priv.h"

enum { LOG_REST_US = 5000000 };

/* One database. */
struct entry {
    uint64_t id; /* another one whenever the spec is another one */
    struct db_spec *spec;
    struct db_state state;
    enum store_condition logged; /* the last one that a line told */
    uint64_t logged_us;
    unsigned changes; /* since then */
};

/* A test that was asked for; it outlives its database. */
struct asked {
    struct asked *next;
    uint64_t id;
    store_test_fn *done;
    void *arg;
};

struct store {
    struct loop *loop;
    struct mailbox *mailbox;
    struct store_thread *thread; /* NULL until there is a database */
    struct entry *entries;
    size_t count;
    uint64_t next_id;
    struct asked *asked;
};

const char *store_condition_name(enum store_condition condition)
{
    switch (condition) {
    case STORE_UNKNOWN: return "unknown";
    case STORE_UP: return "up";
    case STORE_DOWN: return "down";
    }
    return "";
}

/* A line per change, and one for all that came in a short time. */
static void log_change(struct entry *entry)
{
    const struct db_state *state = &entry->state;
    const char *was = store_condition_name(entry->logged);
    const char *is = store_condition_name(state->condition);
    uint64_t now = clock_monotonic_us();

    if (state->condition == entry->logged ||
        (entry->logged_us > 0 && now - entry->logged_us < LOG_REST_US))
        return;
    if (state->condition == STORE_UP)
        LOG_INFO("database", "database=%s %s -> %s changes=%u", entry->spec->is.name, was, is,
                 entry->changes);
    else
        LOG_WARN("database", "database=%s %s -> %s changes=%u, because %s; %s",
                 entry->spec->is.name, was, is, entry->changes, state->fault.words,
                 state->fault.remedy);
    entry->logged = state->condition;
    entry->logged_us = now;
    entry->changes = 0;
}

static struct entry *find_id(struct store *store, uint64_t id)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->entries[i].id == id)
            return &store->entries[i];
    return NULL;
}

static void take_state(struct store *store, uint64_t id, struct db_state *state)
{
    struct entry *entry = find_id(store, id);

    if (entry == NULL) {
        look_share_drop(state->share);
    } else {
        if (state->condition != entry->state.condition)
            entry->changes++;
        look_share_drop(entry->state.share);
        entry->state = *state;
        log_change(entry);
    }
    free(state);
}

static struct asked **find_asked(struct store *store, uint64_t id)
{
    struct asked **at = &store->asked;

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static void take_test(struct store *store, uint64_t id, struct store_test *found)
{
    struct asked **at = find_asked(store, id);
    struct asked *asked = *at;

    if (asked != NULL) {
        *at = asked->next;
        asked->done(asked->arg, found);
    }
    free(asked);
    free(found);
}

static void on_letter(void *arg, const struct mail *mail)
{
    struct store *store = arg;

    switch ((enum store_letter)mail->kind) {
    case STORE_STATE: take_state(store, mail->number, mail->object); break;
    case STORE_TESTED: take_test(store, mail->number, mail->object); break;
    }
}

struct store *store_new(struct loop *loop)
{
    struct store *store = mem_zalloc(sizeof *store);

    store->loop = loop;
    store->mailbox = mailbox_new(loop, on_letter, store);
    store->next_id = 1;
    return store;
}

static void free_entry(struct entry *entry)
{
    look_share_drop(entry->state.share);
    db_spec_free(entry->spec);
}

static void end_tests(struct store *store)
{
    struct store_test found = { .words = "the daemon stops" };

    while (store->asked != NULL) {
        struct asked *asked = store->asked;

        store->asked = asked->next;
        asked->done(asked->arg, &found);
        free(asked);
    }
}

void store_free(struct store *store)
{
    bool has_ended = true;

    if (store == NULL)
        return;
    end_tests(store);
    if (store->thread != NULL)
        has_ended = store_thread_free(store->thread);
    if (has_ended) {
        mailbox_receive(store->mailbox); /* what was sent has memory of its own */
        mailbox_free(store->mailbox);
    } else {
        LOG_WARN("database", "the thread of the databases hangs and is left behind");
    }
    for (size_t i = 0; i < store->count; i++)
        free_entry(&store->entries[i]);
    free(store->entries);
    free(store);
}

static struct entry *find_entry(const struct store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->entries[i].spec != NULL && strcmp(store->entries[i].spec->is.name, name) == 0)
            return &store->entries[i];
    return NULL;
}

/* One that stays is moved over, with all that is known of it. */
static void fill_entry(struct store *store, const struct store_database *database,
                       struct entry *entry, struct store_wanted *wanted)
{
    struct entry *before = find_entry(store, database->name);

    if (before != NULL && db_spec_is_same(&before->spec->is, database)) {
        *entry = *before;
        *before = (struct entry){ .spec = NULL }; /* names are unique: it is not looked for again */
        *wanted = (struct store_wanted){ .id = entry->id };
        return;
    }
    *entry = (struct entry){ .id = store->next_id++, .spec = db_spec_new(database) };
    entry->state.since_us = clock_monotonic_us();
    *wanted = (struct store_wanted){ .id = entry->id, .spec = db_spec_new(database) };
}

void store_reconfigure(struct store *store, const struct store_database *databases, size_t count)
{
    struct entry *entries = mem_zalloc((count + 1) * sizeof *entries);
    struct store_wanted *wanted = mem_zalloc((count + 1) * sizeof *wanted);

    for (size_t i = 0; i < count; i++)
        fill_entry(store, &databases[i], &entries[i], &wanted[i]);
    for (size_t i = 0; i < store->count; i++)
        free_entry(&store->entries[i]);
    free(store->entries);
    store->entries = entries;
    store->count = count;
    if (store->thread == NULL && count > 0)
        store->thread = store_thread_new(store->mailbox);
    if (store->thread != NULL)
        store_thread_set(store->thread, wanted, count);
    free(wanted);
}

size_t store_count(const struct store *store)
{
    return store->count;
}

static void view_facts(const struct look *look, struct store_view *out)
{
    const struct look_facts *facts = look != NULL ? look_facts(look) : NULL;

    if (facts == NULL)
        return;
    memcpy(out->system_id, facts->system_id, sizeof out->system_id);
    memcpy(out->database, facts->database, sizeof out->database);
    out->server_version = facts->server_version;
    out->is_standby = facts->is_standby;
    out->is_read_only = facts->is_read_only;
}

static void view_entry(const struct entry *entry, struct store_view *out)
{
    const struct db_state *state = &entry->state;
    uint64_t now = clock_monotonic_us();

    *out = (struct store_view){
        .name = entry->spec->is.name,
        .condition = state->condition,
        .since_us = now > state->since_us ? now - state->since_us : 0,
        .look_age_us = UINT64_MAX,
        .look_begun_us = state->begun_us,
        .connect_us = state->connect_us,
        .query_us = state->query_us,
        .connects = state->connects,
        .failures = state->failures,
    };
    if (state->looked_us > 0) /* what was asked first is as old as the look's beginning */
        out->look_age_us = now > state->begun_us ? now - state->begun_us : 0;
    view_facts(look_share_look(state->share), out);
    if (state->condition == STORE_UP)
        return;
    snprintf(out->words, sizeof out->words, "%s",
             state->connects > 0 ? state->fault.words : "it was not asked yet");
    snprintf(out->remedy, sizeof out->remedy, "%s", state->fault.remedy);
    memcpy(out->sqlstate, state->fault.sqlstate, sizeof out->sqlstate);
}

void store_view_at(const struct store *store, size_t index, struct store_view *out)
{
    CHECK(index < store->count);
    view_entry(&store->entries[index], out);
}

bool store_view(const struct store *store, const char *name, struct store_view *out)
{
    const struct entry *entry = find_entry(store, name);

    if (entry != NULL)
        view_entry(entry, out);
    return entry != NULL;
}

const struct look *store_look_at(const struct store *store, const char *name)
{
    const struct entry *entry = find_entry(store, name);

    return entry != NULL ? look_share_look(entry->state.share) : NULL;
}

void store_hurry(struct store *store, const char *name)
{
    const struct entry *entry = find_entry(store, name);

    if (entry != NULL)
        store_thread_hurry(store->thread, entry->id);
}

int store_test(struct store *store, const char *name, store_test_fn *done, void *arg)
{
    const struct entry *entry = find_entry(store, name);
    struct asked *asked = NULL;

    if (entry == NULL)
        return ERR_NOT_FOUND;
    if (*find_asked(store, entry->id) != NULL)
        return ERR_AGAIN;
    asked = mem_zalloc(sizeof *asked);
    asked->id = entry->id;
    asked->done = done;
    asked->arg = arg;
    asked->next = store->asked;
    store->asked = asked;
    store_thread_test(store->thread, entry->id);
    return ERR_OK;
}
