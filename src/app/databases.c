/* What is asked of each database follows from the slots that name it and from who follows it: see databases.h. */
#include "app/databases.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"
#include "config/config.h"
#include "deploy/databases.h"
#include "store/store.h"

enum { HISTORY_WORDS = 6 };

/* What is made for the store, which copies it. */
struct draft {
    const struct config *config;
    const char **environments;
    struct look_wish_assertion *assertions;
    char **names; /* of the assertions */
};

static void note_history(const char *versions, struct look_wishes *out)
{
    static const char *const words[HISTORY_WORDS] = { "none",        "auto",   "switchyard",
                                                      "environment", "flyway", "prisma" };
    static const enum look_history kinds[HISTORY_WORDS] = {
        LOOK_HISTORY_NONE,   LOOK_HISTORY_AUTO,   LOOK_HISTORY_OWN,
        LOOK_HISTORY_SOURCE, LOOK_HISTORY_FLYWAY, LOOK_HISTORY_PRISMA,
    };

    out->history = LOOK_HISTORY_SQL;
    out->history_sql = versions;
    for (unsigned i = 0; i < HISTORY_WORDS; i++) {
        if (strcmp(versions, words[i]) != 0)
            continue;
        out->history = kinds[i];
        out->history_sql = NULL;
    }
}

static size_t count_slots(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->service_count; i++)
        count += config->services[i].slot_count;
    return count;
}

static bool is_known(const struct look_wishes *wishes, const char *environment)
{
    for (size_t i = 0; i < wishes->environment_count; i++)
        if (strcmp(wishes->environments[i], environment) == 0)
            return true;
    return false;
}

/* Each slot that works with the database is an environment, unless the database has one of its own. */
static void note_slots(const struct draft *draft, const struct config_database *database,
                       struct look_wishes *out)
{
    out->environments = draft->environments;
    if (database->environment != NULL)
        draft->environments[out->environment_count++] = database->environment;
    for (size_t i = 0; i < draft->config->service_count; i++) {
        const struct config_service *service = &draft->config->services[i];

        for (size_t j = 0; j < service->slot_count; j++) {
            const struct config_slot *slot = &service->slots[j];

            if (slot->database == NULL || strcmp(slot->database, database->name) != 0)
                continue;
            out->has_shape = out->has_shape || slot->contract != NULL;
            if (database->environment == NULL && !is_known(out, slot->name))
                draft->environments[out->environment_count++] = slot->name;
        }
    }
}

/* The slot of the first one that follows this database. */
static void note_replication(const struct draft *draft, const struct config_database *database,
                             struct look_wishes *out)
{
    out->subscription = database->subscription;
    for (size_t i = 0; i < draft->config->database_count; i++) {
        const struct config_database *other = &draft->config->databases[i];

        if (other->publisher == NULL || strcmp(other->publisher, database->name) != 0)
            continue;
        out->replication_slot = other->slot != NULL ? other->slot : other->subscription;
        out->has_heartbeat = other->heartbeat;
        break;
    }
    out->has_heartbeat = out->has_heartbeat || database->heartbeat;
}

static size_t count_assertions(const struct config_database *database)
{
    return database->assertions.count + database->compared.count;
}

/* "NAME: SELECT …" was checked when the file was read. */
static void note_assertions(struct draft *draft, const struct config_database *database,
                            struct look_wishes *out)
{
    size_t count = count_assertions(database);

    draft->names = mem_zalloc((count + 1) * sizeof *draft->names);
    draft->assertions = mem_zalloc((count + 1) * sizeof *draft->assertions);
    for (size_t i = 0; i < count; i++) {
        bool is_compared = i >= database->assertions.count;
        const char *text = is_compared ? database->compared.items[i - database->assertions.count]
                                       : database->assertions.items[i];
        size_t len = strcspn(text, ":");

        draft->names[i] = mem_text_of(text, len);
        draft->assertions[i].name = draft->names[i];
        draft->assertions[i].is_compared = is_compared;
        draft->assertions[i].sql = text + len + strspn(text + len, ": ");
    }
    out->assertions = draft->assertions;
    out->assertion_count = count;
}

static void note_database(struct draft *draft, const struct config_database *database,
                          struct store_database *out)
{
    *out = (struct store_database){
        .name = database->name,
        .dsn = database->dsn,
        .passfile = database->passfile,
        .search_path = database->search_path,
        .interval_us = database->interval,
        .connect_timeout_us = database->connect_timeout,
        .query_timeout_us = database->query_timeout,
        .wishes = { .has_integrity = true },
    };
    draft->environments =
        mem_zalloc((count_slots(draft->config) + 1) * sizeof *draft->environments);
    note_history(database->versions, &out->wishes);
    note_slots(draft, database, &out->wishes);
    note_replication(draft, database, &out->wishes);
    note_assertions(draft, database, &out->wishes);
}

static void free_draft(struct draft *draft, size_t assertion_count)
{
    for (size_t i = 0; i < assertion_count; i++)
        free(draft->names[i]);
    free(draft->names);
    free(draft->assertions);
    free(draft->environments);
}

void databases_apply(struct store *store, const struct config *config)
{
    size_t count = config->database_count;
    struct store_database *databases = mem_zalloc((count + 1) * sizeof *databases);
    struct draft *drafts = mem_zalloc((count + 1) * sizeof *drafts);

    for (size_t i = 0; i < count; i++) {
        drafts[i].config = config;
        note_database(&drafts[i], &config->databases[i], &databases[i]);
    }
    store_reconfigure(store, databases, count);
    for (size_t i = 0; i < count; i++)
        free_draft(&drafts[i], count_assertions(&config->databases[i]));
    free(drafts);
    free(databases);
}

static bool find_database(void *arg, const char *name, struct deploy_database *out)
{
    struct store *store = arg;
    struct store_view view;

    if (!store_view(store, name, &view))
        return false;
    *out = (struct deploy_database){
        .look = store_look_at(store, name),
        .age_us = view.look_age_us,
        .begun_us = view.look_begun_us,
    };
    if (view.condition == STORE_UP)
        return true;
    memcpy(out->trouble, view.words, sizeof out->trouble);
    memcpy(out->remedy, view.remedy, sizeof out->remedy);
    return true;
}

static void hurry(void *arg, const char *name)
{
    struct store *store = arg;

    store_hurry(store, name);
}

const struct deploy_databases databases_for_deploy = {
    .find = find_database,
    .hurry = hurry,
};
