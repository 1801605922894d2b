/* See fresh_look_priv.h. Called by measure.c. Databases are kept by name: a reload may take them away meanwhile. */
#include "deploy/fresh_look_priv.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "deploy/databases.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "net/timer.h"

enum {
    POLL_MS = 5,
    PATIENCE_US = 3 * 1000 * 1000, /* what is not seen by then is judged by what is known */
};

struct fresh_look {
    struct deploy *deploy;
    void (*done)(void *arg);
    void *arg;
    struct timer *timer;
    uint64_t since_us;
    size_t count;
    char (*names)[64];
};

static bool has_name(const struct fresh_look *fresh, const char *name)
{
    for (size_t i = 0; i < fresh->count; i++)
        if (strcmp(fresh->names[i], name) == 0)
            return true;
    return false;
}

/* The database and whoever it follows, and so on. */
static void add_database(struct fresh_look *fresh, const char *name)
{
    const struct config *config = fresh->deploy->config;

    while (name != NULL && !has_name(fresh, name)) {
        const struct config_database *database = config_find_database(config, slice_from(name));

        fresh->names = mem_grow(fresh->names, fresh->count + 1, sizeof *fresh->names);
        snprintf(fresh->names[fresh->count++], sizeof *fresh->names, "%s", name);
        name = database != NULL ? database->publisher : NULL;
    }
}

static void add_databases(struct fresh_look *fresh, const struct change *change)
{
    const struct config *config = fresh->deploy->config;
    struct scope scope;

    if (!gate_look_up(config, change->name, &scope))
        return;
    for (size_t i = 0; i < scope.count; i++) {
        const struct config_service *service = &config->services[gate_scope_at(&scope, i)];

        for (size_t j = 0; j < service->slot_count; j++)
            add_database(fresh, service->slots[j].database);
    }
}

static bool is_seen(const struct fresh_look *fresh, const char *name)
{
    const struct deploy_options *options = &fresh->deploy->options;
    struct deploy_database found = { 0 };

    return !options->databases->find(options->databases_arg, name, &found) ||
           found.trouble[0] != '\0' || found.begun_us >= fresh->since_us;
}

static void on_poll(void *arg)
{
    struct fresh_look *fresh = arg;
    bool is_late = clock_monotonic_us() - fresh->since_us > PATIENCE_US;

    for (size_t i = 0; i < fresh->count && !is_late; i++) {
        if (is_seen(fresh, fresh->names[i]))
            continue;
        timer_arm(fresh->timer, POLL_MS);
        return;
    }
    fresh->done(fresh->arg);
}

struct fresh_look *fresh_look_new(struct deploy *deploy, const struct change *change,
                                  void (*done)(void *arg), void *arg)
{
    struct fresh_look *fresh = NULL;

    if (deploy->options.databases == NULL)
        return NULL;
    fresh = mem_zalloc(sizeof *fresh);
    fresh->deploy = deploy;
    add_databases(fresh, change);
    if (fresh->count == 0) {
        free(fresh);
        return NULL;
    }
    fresh->done = done;
    fresh->arg = arg;
    fresh->since_us = clock_monotonic_us();
    fresh->timer = timer_new(deploy->options.loop, on_poll, fresh);
    for (size_t i = 0; i < fresh->count; i++)
        deploy->options.databases->hurry(deploy->options.databases_arg, fresh->names[i]);
    timer_arm(fresh->timer, POLL_MS);
    return fresh;
}

void fresh_look_free(struct fresh_look *fresh)
{
    if (fresh == NULL)
        return;
    timer_free(fresh->timer);
    free(fresh->names);
    free(fresh);
}
