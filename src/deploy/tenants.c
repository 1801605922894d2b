/* See tenants_priv.h: scopes, and the way of a batch. Judging is in tenants_judge.c, making in tenants_fit.c. */
#include "deploy/tenants_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/deploy_priv.h"
#include "deploy/deploy_view.h"
#include "deploy/pins_log_priv.h"
#include "deploy/writer_priv.h"

struct tenants *tenants_new(unsigned worker_count)
{
    struct tenants *tenants = mem_zalloc(sizeof *tenants);

    tenants->worker_count = worker_count;
    return tenants;
}

struct tenant_scope *tenant_scope_new(const char *name)
{
    struct tenant_scope *scope = mem_zalloc(sizeof *scope);

    CHECK(slice_copy(slice_from(name), scope->name, sizeof scope->name));
    TAILQ_INIT(&scope->steps);
    return scope;
}

static void drop_steps(struct tenant_scope *scope)
{
    struct tenant_step *step = NULL;

    while ((step = TAILQ_FIRST(&scope->steps)) != NULL) {
        TAILQ_REMOVE(&scope->steps, step, link);
        free(step);
    }
    scope->step_count = 0;
    pins_write_free(scope->write);
    scope->write = NULL;
}

void tenant_scope_unref(struct tenant_scope *scope)
{
    if (scope == NULL || --scope->refs > 0)
        return;
    drop_steps(scope);
    tenant_table_fini(&scope->table);
    free(scope);
}

void tenant_scopes_init(struct tenant_scopes *scopes, size_t service_count)
{
    scopes->service_count = service_count;
    scopes->by_service = mem_zalloc((service_count + 1) * sizeof *scopes->by_service);
}

void tenant_scopes_set(struct tenant_scopes *scopes, size_t service, struct tenant_scope *scope)
{
    if (scope != NULL)
        scope->refs++;
    tenant_scope_unref(scopes->by_service[service]);
    scopes->by_service[service] = scope;
}

static void fini_scopes(struct tenant_scopes *scopes)
{
    for (size_t i = 0; i < scopes->service_count; i++)
        tenant_scope_unref(scopes->by_service[i]);
    free(scopes->by_service);
    *scopes = (struct tenant_scopes){ 0 };
}

void tenants_free(struct tenants *tenants)
{
    if (tenants == NULL)
        return;
    fini_scopes(&tenants->now);
    fini_scopes(&tenants->next);
    free(tenants);
}

void tenants_scope_of(const struct config *config, size_t service, struct scope *out)
{
    size_t group = config_group_of(config, &config->services[service]);

    *out = (struct scope){ .count = 1, .single = service };
    if (group < config->group_count)
        *out = (struct scope){
            .count = config->groups[group].names.count,
            .services = config->groups[group].services,
            .group = &config->groups[group],
        };
}

void tenants_name_slots(const struct config *config, const struct scope *members,
                        struct tenant_scope *scope)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct config_service *service = &config->services[gate_scope_at(members, i)];

        /* One that has no room gets no number, and a pin to it is refused. */
        for (size_t j = 0; j < service->slot_count; j++)
            if (pins_add_name(scope->table.live, service->slots[j].name) == ERR_FULL)
                return;
    }
}

void tenants_renew(struct tenants *tenants, struct tenant_scope *scope, struct state_pins *out)
{
    *out = (struct state_pins){ 0 };
    CHECK(pins_log_name(scope->name, ++tenants->serial, out->file, sizeof out->file));
    pins_write_free(scope->write);
    scope->write = pins_write_new(scope, out->file);
    scope->write->is_new = true;
    scope->write->table = &scope->table;
}

struct pins *tenants_table(const struct tenants *tenants, size_t service)
{
    const struct tenant_scopes *scopes = tenants->has_next ? &tenants->next : &tenants->now;

    return service < scopes->service_count && scopes->by_service[service] != NULL
               ? scopes->by_service[service]->table.live
               : NULL;
}

const struct pins *deploy_pins(const struct deploy *deploy, unsigned service_index)
{
    const struct tenant_scopes *now = &deploy->tenants->now;

    return service_index < now->service_count && now->by_service[service_index] != NULL
               ? now->by_service[service_index]->table.live
               : NULL;
}

void tenants_write(struct tenants *tenants, struct writer_job *job)
{
    struct tenant_scopes *scopes = tenants->has_next ? &tenants->next : &tenants->now;

    for (size_t i = 0; (tenants->has_next || tenants->has_steps) && i < scopes->service_count;
         i++) {
        struct tenant_scope *scope = scopes->by_service[i];

        if (scope == NULL || scope->write == NULL)
            continue;
        STAILQ_INSERT_TAIL(&job->pins, scope->write, link);
        scope->write = NULL;
    }
}

void tenants_written(struct writer_job *job)
{
    struct pins_write *write = NULL;

    STAILQ_FOREACH(write, &job->pins, link)
    {
        struct tenant_scope *scope = write->scope;

        if (job->err == 0 && write->is_new) {
            memcpy(scope->file, write->file, sizeof scope->file);
            scope->first = write->first;
            scope->must_renew = false;
        }
        /* The state that counts the new lines may be on disk: other lines must not take their place. */
        if (write->is_spoilt || (job->err != 0 && job->unsure && !write->is_new))
            scope->must_renew = true;
    }
}

static void apply_scope(struct tenant_scope *scope)
{
    struct tenant_step *step = NULL;

    TAILQ_FOREACH(step, &scope->steps, link)
    CHECK(tenant_table_apply(&scope->table, step->op, slice_from(step->tenant), step->slot) == 0);
}

/* With single pins there is no `next`, and the other way round: see tenants_is_alone. */
void tenants_apply(struct tenants *tenants)
{
    for (size_t i = 0; tenants->has_steps && i < tenants->now.service_count; i++) {
        struct tenant_scope *scope = tenants->now.by_service[i];

        if (scope == NULL || scope->step_count == 0)
            continue;
        apply_scope(scope);
        scope->step_count =
            0; /* a scope of several services: once; the steps themselves go later */
    }
}

static void drop_all_steps(struct tenants *tenants, bool is_applied)
{
    for (size_t i = 0; tenants->has_steps && i < tenants->now.service_count; i++) {
        struct tenant_scope *scope = tenants->now.by_service[i];

        if (scope == NULL || TAILQ_EMPTY(&scope->steps))
            continue;
        drop_steps(scope);
        if (is_applied)
            tenant_table_reclaim(&scope->table);
    }
    tenants->has_steps = false;
}

void tenants_settle(struct tenants *tenants)
{
    struct tenant_scopes was = tenants->now;

    drop_all_steps(tenants, true);
    if (!tenants->has_next)
        return;
    tenants->now = tenants->next;
    tenants->next = (struct tenant_scopes){ 0 };
    tenants->has_next = false;
    fini_scopes(&was);
}

void tenants_abort(struct tenants *tenants)
{
    drop_all_steps(tenants, false);
    fini_scopes(&tenants->next);
    tenants->has_next = false;
}
