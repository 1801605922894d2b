/*
 * Databases: names that must exist, options that need another one, the file with passwords, and what this version cannot
 * do. See crosscheck_priv.h.
 */
#include "config/crosscheck_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "config/option_table_priv.h"
#include "config/origin_priv.h"

static const char *suggest_database(const struct config *config, const char *name)
{
    const char *best = NULL;
    size_t nearest = 3;

    for (size_t i = 0; i < config->database_count; i++) {
        const char *candidate = config->databases[i].name;
        size_t distance = option_table_distance(slice_from(name), slice_from(candidate));

        if (distance < nearest) {
            nearest = distance;
            best = candidate;
        }
    }
    return best;
}

/* At the option that names it. */
static bool has_database(const struct config *config, char *const *name, const void *owner,
                         const struct origin *origin)
{
    const char *near = NULL;

    if (config_find_database(config, slice_from(*name)) != NULL)
        return true;
    near = suggest_database(config, *name);
    origin_error(origin, name, owner, "there is no database '%s'%s%s%s", *name,
                 near != NULL ? "; did you mean '"
                              : "; add a block database of that name at the top level, or remove "
                                "the name",
                 near != NULL ? near : "", near != NULL ? "'?" : "");
    return false;
}

static void check_slot(const struct config *config, const struct config_slot *slot,
                       const struct origin *origin)
{
    if (slot->database != NULL)
        has_database(config, &slot->database, slot, origin);
    if (slot->schema != NULL && slot->database == NULL)
        origin_error(origin, &slot->schema, slot,
                     "schema of slot '%s' has no effect without database; add database = \"NAME\"",
                     slot->name);
    if (slot->contract != NULL && slot->database == NULL)
        origin_error(origin, &slot->contract, slot,
                     "contract of slot '%s' has no effect without database; add database = "
                     "\"NAME\"",
                     slot->name);
}

static void check_schema(const struct config_service *service, const struct origin *origin)
{
    if (service->schema.strategy == CONFIG_STRATEGY_PARALLEL)
        origin_error(origin, &service->schema.strategy, service,
                     "schema: strategy 'parallel' is not available in this version: nothing would "
                     "turn the replication around; use 'shared', and same_database = false if the "
                     "slots have databases of their own");
}

/* libpq would ignore such a file, and say so on standard error only. */
static void check_passfile(const struct config_database *database, const struct origin *origin)
{
    struct stat st;

    if (stat(database->passfile, &st) != 0)
        origin_error(origin, &database->passfile, database, "passfile: '%s': %s",
                     database->passfile, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        origin_error(origin, &database->passfile, database, "passfile: '%s' is no plain file",
                     database->passfile);
    else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        origin_error(origin, &database->passfile, database,
                     "passfile: others than its owner may read '%s'; chmod 0600 it, and change "
                     "the passwords in it",
                     database->passfile);
}

static const char *slot_of(const struct config_database *database)
{
    return database->slot != NULL ? database->slot : database->subscription;
}

/* Of a publisher one replication slot is watched: the other follower would be judged by what this one does. */
static void check_only_follower(const struct config *config, const struct config_database *database,
                                const struct origin *origin)
{
    for (const struct config_database *other = config->databases; other < database; other++) {
        if (other->publisher == NULL || strcmp(other->publisher, database->publisher) != 0 ||
            slot_of(other) == NULL || slot_of(database) == NULL ||
            strcmp(slot_of(other), slot_of(database)) == 0)
            continue;
        origin_error(origin, &database->publisher, database,
                     "database '%s' is followed by '%s' already, by another replication slot: one "
                     "follower of a database can be watched",
                     database->publisher, other->name);
        return;
    }
}

static void check_replication(const struct config *config, const struct config_database *database,
                              const struct origin *origin)
{
    if (database->publisher == NULL) {
        if (database->subscription != NULL)
            origin_error(origin, &database->subscription, database,
                         "subscription has no effect without publisher; add publisher = \"NAME\"");
        if (database->slot != NULL)
            origin_error(origin, &database->slot, database,
                         "slot has no effect without publisher; add publisher = \"NAME\"");
        if (database->heartbeat)
            origin_error(origin, &database->heartbeat, database,
                         "heartbeat has no effect without publisher; add publisher = \"NAME\"");
        return;
    }
    if (strcmp(database->publisher, database->name) == 0)
        origin_error(origin, &database->publisher, database,
                     "database '%s' cannot follow itself; name the other one", database->name);
    else
        has_database(config, &database->publisher, database, origin);
    check_only_follower(config, database, origin);
    if (database->subscription == NULL)
        origin_error(origin, &database->publisher, database,
                     "publisher needs to know by which subscription; add subscription = \"NAME\"");
}

/* Up to the colon. */
static struct slice name_of(const char *assertion)
{
    return slice_of(assertion, strcspn(assertion, ":"));
}

static bool is_called(const struct config_texts *all, size_t count, const char *assertion)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is_equal(name_of(all->items[i]), name_of(assertion)))
            return true;
    return false;
}

/* Names are unique among both lists. */
static void check_assertions(const struct config_database *database, const struct origin *origin)
{
    const struct config_texts *const lists[] = { &database->assertions, &database->compared };

    for (size_t i = 0; i < lists[0]->count + lists[1]->count; i++) {
        bool is_second = i >= lists[0]->count;
        const struct config_texts *list = lists[is_second];
        size_t index = is_second ? i - lists[0]->count : i;

        if (is_called(list, index, list->items[index]) ||
            (is_second && is_called(lists[0], lists[0]->count, list->items[index])))
            origin_error(origin, &list->items[index], database,
                         "two assertions of database '%s' are called '%.*s'; rename one",
                         database->name, SLICE_ARG(name_of(list->items[index])));
    }
}

void crosscheck_database(const struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->database_count; i++) {
        const struct config_database *database = &config->databases[i];

        if (database->passfile != NULL)
            check_passfile(database, origin);
        check_replication(config, database, origin);
        check_assertions(database, origin);
    }
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];

        check_schema(service, origin);
        for (size_t j = 0; j < service->slot_count; j++)
            check_slot(config, &service->slots[j], origin);
    }
}
