/*
 * Scopes for a configuration. What was decided at run time is kept whatever happens to groups: a scope takes over
 * the pins of all its services; where they disagree, the first service's count. A table is kept as it is unless
 * the services or the configured pins became others. At the start and with a reload. Control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "config/report.h"
#include "deploy/deploy_priv.h"
#include "deploy/state_disk_priv.h"
#include "deploy/tenants_priv.h"

static const char state_name[] = "state.json";

/* One scope on its way. */
struct fit {
    struct tenants *tenants;
    const struct config *config;
    struct decisions *decisions;
    struct scope members;
    const char *name;
    struct tenant_base *base;
    struct tenant_scope **sources; /* that its services had, with a file */
    size_t source_count;
};

static uint64_t hash_base(const struct config *config, const struct scope *members)
{
    uint64_t hash = 0;
    uint64_t last = 0;

    for (size_t i = 0; i < members->count; i++) {
        const struct config_pins *pins = &config->services[gate_scope_at(members, i)].tenant.pins;

        if (pins->count == 0 || pins->hash == last)
            continue;
        hash = hash_bytes(hash, &pins->hash, sizeof pins->hash);
        last = pins->hash;
    }
    return hash;
}

/* NULL: nothing is configured. ERR_FULL: too many slot names. */
static int make_base(const struct config *config, const struct scope *members,
                     struct tenant_base **out)
{
    struct tenant_base *base = tenant_base_new(hash_base(config, members));
    int err = 0;

    for (size_t i = 0; i < members->count; i++) {
        const struct config_pins *pins = &config->services[gate_scope_at(members, i)].tenant.pins;

        for (size_t j = 0; j < pins->count && err == 0; j++) {
            struct slice tenant = slice_from(pins->items[j].tenant);

            if (pins_find(base->pins, tenant) == PINS_NONE)
                err = pins_set(base->pins, tenant, pins->items[j].slot);
        }
    }
    *out = base;
    if (err == 0 && pins_count(base->pins) > 0)
        return 0;
    tenant_base_unref(base);
    *out = NULL;
    return err;
}

/* The scope that a file belongs to; first where the service was before. */
static struct tenant_scope *find_file(const struct tenants *tenants, size_t service,
                                      const char *file)
{
    const struct tenant_scopes *now = &tenants->now;

    if (service < now->service_count && now->by_service[service] != NULL &&
        strcmp(now->by_service[service]->file, file) == 0)
        return now->by_service[service];
    for (size_t i = 0; i < now->service_count; i++)
        if (now->by_service[i] != NULL && strcmp(now->by_service[i]->file, file) == 0)
            return now->by_service[i];
    return NULL;
}

static void find_sources(struct fit *fit)
{
    fit->sources = mem_grow(NULL, fit->members.count + 1, sizeof *fit->sources);
    for (size_t i = 0; i < fit->members.count; i++) {
        size_t index = gate_scope_at(&fit->members, i);
        const char *file = fit->decisions->services[index]->pins.file;
        struct tenant_scope *source = NULL;
        bool is_known = file[0] == '\0';

        for (size_t j = 0; j < fit->source_count && !is_known; j++)
            is_known = strcmp(fit->sources[j]->file, file) == 0;
        if (is_known)
            continue;
        source = find_file(fit->tenants, index, file);
        CHECK(source != NULL); /* tenants_load has read all that the state names */
        fit->sources[fit->source_count++] = source;
    }
}

static bool has_base(const struct tenant_scope *scope, uint64_t hash, bool is_configured)
{
    const struct tenant_base *base = scope->table.base;

    return is_configured ? base != NULL && base->hash == hash : base == NULL;
}

/* A scope of now that does as it is; NULL: none. */
static struct tenant_scope *find_kept(const struct fit *fit, uint64_t hash, bool is_configured)
{
    size_t index = gate_scope_at(&fit->members, 0);
    const struct tenant_scopes *now = &fit->tenants->now;
    struct tenant_scope *scope = fit->source_count == 1 ? fit->sources[0] : NULL;

    if (fit->source_count == 0 && index < now->service_count)
        scope = now->by_service[index];
    if (fit->source_count > 1 || scope == NULL || scope->is_taken ||
        strcmp(scope->name, fit->name) != 0 || !has_base(scope, hash, is_configured) ||
        (fit->source_count == 0 && scope->file[0] != '\0'))
        return NULL;
    return scope;
}

/* Just read from the disk, and no picture has it: it can be changed in place. */
static struct tenant_scope *find_unused(const struct fit *fit)
{
    struct tenant_scope *scope = fit->source_count == 1 ? fit->sources[0] : NULL;

    return scope != NULL && scope->name[0] == '\0' && !scope->is_taken ? scope : NULL;
}

/* A name that a file has used must be known to its table, or reading it again would fail some day. */
static int copy_names(const struct tenant_table *from, struct tenant_table *to)
{
    int err = 0;

    for (unsigned i = 0; i < pins_name_count(from->live) && err == 0; i++)
        err = pins_add_name(to->live, pins_name(from->live, (int)i));
    return err;
}

static int fill_table(const struct fit *fit, bool is_keeping_file, struct tenant_table *table)
{
    int err = is_keeping_file ? copy_names(&fit->sources[0]->table, table) : 0;

    for (size_t i = 0; i < fit->source_count && err == 0; i++)
        err = tenant_table_extract(&fit->sources[i]->table, table);
    return err == 0 ? tenant_table_rebase(table, fit->base) : err;
}

/* From its sources; *is_keeping: the first one's file goes on. ERR_FULL: too many slot names. */
static int make_scope(const struct fit *fit, bool *is_keeping, struct tenant_scope **out)
{
    struct tenant_scope *scope = tenant_scope_new(fit->name);
    int err = 0;

    *is_keeping = fit->source_count == 1 && !fit->sources[0]->is_taken;
    tenant_table_init(&scope->table, fit->tenants->worker_count);
    err = fill_table(fit, *is_keeping, &scope->table);
    if (err == ERR_FULL && *is_keeping) {
        *is_keeping = false;
        tenant_table_fini(&scope->table);
        tenant_table_init(&scope->table, fit->tenants->worker_count);
        err = fill_table(fit, false, &scope->table);
    }
    if (err != 0) {
        scope->refs = 1;
        tenant_scope_unref(scope);
        return err;
    }
    if (*is_keeping) {
        memcpy(scope->file, fit->sources[0]->file, sizeof scope->file);
        scope->first = fit->sources[0]->first;
        scope->must_renew = fit->sources[0]->must_renew;
    }
    *out = scope;
    return 0;
}

static void set_scope(struct fit *fit, struct tenant_scope *scope, const struct state_pins *pins)
{
    for (size_t i = 0; i < fit->members.count; i++) {
        size_t index = gate_scope_at(&fit->members, i);

        decisions_own(fit->decisions, index)->pins = *pins;
        tenant_scopes_set(&fit->tenants->next, index, scope);
    }
    tenants_name_slots(fit->config, &fit->members, scope);
    scope->is_taken = true;
}

/* Where the file of the first source stands. */
static struct state_pins find_pins(const struct fit *fit)
{
    for (size_t i = 0; i < fit->members.count; i++) {
        const struct state_pins *pins =
            &fit->decisions->services[gate_scope_at(&fit->members, i)]->pins;

        if (pins->file[0] != '\0')
            return *pins;
    }
    return (struct state_pins){ 0 };
}

static int fit_scope(struct fit *fit)
{
    uint64_t hash = hash_base(fit->config, &fit->members);
    bool is_configured = fit->base != NULL;
    struct tenant_scope *scope = find_kept(fit, hash, is_configured);
    struct state_pins pins = find_pins(fit);
    bool is_keeping = true;
    int err = 0;

    if (scope == NULL && (scope = find_unused(fit)) != NULL) {
        CHECK(slice_copy(slice_from(fit->name), scope->name, sizeof scope->name));
        err = tenant_table_rebase(&scope->table, fit->base);
    } else if (scope == NULL) {
        err = make_scope(fit, &is_keeping, &scope);
    }
    if (err != 0)
        return err;
    /* Its file goes on in one scope only. */
    if (fit->source_count > 0)
        fit->sources[0]->is_taken = fit->sources[0]->is_taken || is_keeping;
    if (!is_keeping)
        pins = (struct state_pins){ 0 };
    if (!is_keeping && scope->table.decided + scope->table.hidden > 0)
        tenants_renew(fit->tenants, scope, &pins);
    set_scope(fit, scope, &pins);
    return 0;
}

static bool is_wanted(const struct fit *fit)
{
    for (size_t i = 0; i < fit->members.count; i++) {
        size_t index = gate_scope_at(&fit->members, i);

        if (fit->config->services[index].tenant.from.count > 0 ||
            fit->decisions->services[index]->pins.file[0] != '\0')
            return true;
    }
    return false;
}

/* The scope of a service that is the first of its group, or in none. */
static int fit_service(struct tenants *tenants, const struct config *config,
                       struct decisions *decisions, size_t service)
{
    struct fit fit = { .tenants = tenants, .config = config, .decisions = decisions };
    int err = 0;

    tenants_scope_of(config, service, &fit.members);
    if (gate_scope_at(&fit.members, 0) != service || !is_wanted(&fit))
        return 0;
    fit.name = fit.members.group != NULL ? fit.members.group->name : config->services[service].name;
    err = make_base(config, &fit.members, &fit.base);
    if (err == 0) {
        find_sources(&fit);
        err = fit_scope(&fit);
    }
    tenant_base_unref(fit.base);
    free(fit.sources);
    return err;
}

int tenants_fit(struct deploy *deploy, const struct config *config, struct decisions *decisions,
                char *words, unsigned words_size)
{
    struct tenants *tenants = deploy->tenants;
    int err = 0;

    CHECK(!tenants->has_next && decisions->service_count == config->service_count);
    for (size_t i = 0; i < tenants->now.service_count; i++)
        if (tenants->now.by_service[i] != NULL)
            tenants->now.by_service[i]->is_taken = false;
    tenant_scopes_init(&tenants->next, config->service_count);
    tenants->has_next = true;
    for (size_t i = 0; i < config->service_count && err == 0; i++) {
        err = fit_service(tenants, config, decisions, i);
        if (err != 0)
            snprintf(words, words_size,
                     "the pins of service %s name more than %d slots; take some away",
                     config->services[i].name, PINS_NAMES_MAX);
    }
    if (err != 0)
        tenants_abort(tenants);
    return err;
}

/* Without these pins, as asked. */
static void forget_file(struct decisions *decisions, const char *name)
{
    char file[sizeof decisions->services[0]->pins.file];

    snprintf(file, sizeof file, "%s", name);
    for (size_t i = 0; i < decisions->service_count; i++)
        if (strcmp(decisions->services[i]->pins.file, file) == 0)
            decisions_own(decisions, i)->pins = (struct state_pins){ 0 };
}

static int fail_load(struct deploy *deploy, struct report *report, int err, const char *words,
                     const char *file)
{
    bool is_lost = err == ERR_CORRUPT || err == ERR_NOT_FOUND;

    if (is_lost && deploy->options.accept_empty_state) {
        report_warning(report, state_name, 0, "%s", words);
        report_warning(report, state_name, 0, "the start is without the pins of %s, as asked",
                       file);
        forget_file(&deploy->state->decisions, file);
        return 0;
    }
    report_error(report, state_name, 0, "%s%s", words,
                 !is_lost ? ""
                          : "; it has pins that were decided at run time: restore the file, or "
                            "start with --accept-empty-state to begin without them");
    return is_lost ? ERR_CORRUPT : err;
}

static int load_file(struct deploy *deploy, size_t service, struct report *report)
{
    struct state_pins pins = deploy->state->decisions.services[service]->pins;
    struct tenant_scope *scope = tenant_scope_new("");
    char words[STATE_FILE_WORDS];
    int err = 0;

    tenant_table_init(&scope->table, deploy->tenants->worker_count);
    memcpy(scope->file, pins.file, sizeof scope->file);
    err = pins_disk_read(deploy->file, &pins, &scope->table, &scope->first, words);
    if (err == 0) {
        tenant_scopes_set(&deploy->tenants->now, service, scope);
        return 0;
    }
    scope->refs = 1;
    tenant_scope_unref(scope);
    return fail_load(deploy, report, err, words, pins.file);
}

/* Two services that share a file must agree where it ends. */
static int share_file(struct deploy *deploy, size_t service, size_t other, struct report *report)
{
    struct state_service *const *services = deploy->state->decisions.services;
    const struct state_pins *a = &services[service]->pins;
    const struct state_pins *b = &services[other]->pins;
    char words[STATE_FILE_WORDS];

    if (a->added.records == b->added.records && a->added.bytes == b->added.bytes &&
        a->added.sum == b->added.sum) {
        tenant_scopes_set(&deploy->tenants->now, service, deploy->tenants->now.by_service[other]);
        return 0;
    }
    snprintf(words, sizeof words, "services %s and %s do not agree on %.96s",
             services[service]->name, services[other]->name, a->file);
    return fail_load(deploy, report, ERR_CORRUPT, words, a->file);
}

static int load_service(struct deploy *deploy, size_t service, struct report *report)
{
    struct state_service *const *services = deploy->state->decisions.services;
    const char *file = services[service]->pins.file;

    if (file[0] == '\0')
        return 0;
    for (size_t i = 0; i < service; i++)
        if (strcmp(services[i]->pins.file, file) == 0)
            return share_file(deploy, service, i, report);
    return load_file(deploy, service, report);
}

int tenants_load(struct deploy *deploy, bool is_sweeping, struct report *report)
{
    struct tenants *tenants = deploy->tenants;
    size_t count = deploy->state->decisions.service_count;
    int err = 0;

    tenant_scopes_init(&tenants->now, count);
    for (size_t i = 0; i < count && err == 0; i++)
        err = load_service(deploy, i, report);
    tenants->serial = pins_disk_scan(deploy->file, is_sweeping);
    return err;
}
