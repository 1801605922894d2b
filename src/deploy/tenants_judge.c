/*
 * One pin more, one less, or all of them anew: who may, and what becomes of the working decisions. Control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/deploy_priv.h"
#include "deploy/pins_log_priv.h"
#include "deploy/schema_gate_priv.h"
#include "deploy/tenants_priv.h"
#include "route/tenant.h"

/* A file is written anew when it has this many lines more than twice what it says. */
enum { DEAD_LINES_MIN = 4096 };

bool tenants_is_alone(const struct change *change)
{
    return change->kind == CHANGE_TENANT_LOAD ||
           (change->kind == CHANGE_TENANT_UNPIN && strcmp(change->tenant, "*") == 0);
}

/* The services that a name means here, and their scope; false: the result says why not. */
static bool find_place(struct deploy *deploy, struct ticket *ticket, struct scope *members,
                       struct tenant_scope **out)
{
    const struct config *config = deploy->config;
    bool has_tenants = false;

    if (!gate_find_scope(deploy, ticket, members))
        return false;
    if (members->group == NULL)
        tenants_scope_of(config, members->single, members);
    for (size_t i = 0; i < members->count; i++)
        has_tenants =
            has_tenants || config->services[gate_scope_at(members, i)].tenant.from.count > 0;
    *out = deploy->tenants->now.by_service[gate_scope_at(members, 0)];
    if (has_tenants && *out != NULL)
        return true;
    judge_refuse(ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "tenant",
                 "%s knows no tenants: say where their ids are with tenant { from = { "
                 "\"header:X-Tenant-Id\" } }, and reload",
                 ticket->change.name);
    return false;
}

static bool check_id(struct ticket *ticket)
{
    if (tenant_is_valid(slice_from(ticket->change.tenant)))
        return true;
    judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                 "'%.71s' is no tenant id: 1 to %d letters, digits and - . _ ~ @ : + =",
                 ticket->change.tenant, TENANT_BYTES_MAX);
    return false;
}

/* A pin must lead somewhere in every service of the scope. */
static bool check_slot(struct deploy *deploy, struct ticket *ticket, const struct scope *members,
                       const char *name)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct config_service *service = &deploy->config->services[gate_scope_at(members, i)];
        const struct config_slot *slot = config_find_slot(service, slice_from(name));

        if (slot != NULL && slot->role != CONFIG_ROLE_OFF)
            continue;
        judge_refuse(ticket, OUTCOME_REFUSED,
                     slot == NULL ? FAULT_UNKNOWN_NAME : FAULT_GATE_REFUSED,
                     slot == NULL ? "" : "role",
                     slot == NULL ? "service %s has no slot %s; see: switchctl slots %s"
                                  : "%s/%s is off by configuration; see: switchctl slots %s",
                     service->name, name, service->name);
        return false;
    }
    return true;
}

/* Whoever is pinned to a slot that is not live works with the database of that slot: the gates of it are those of a
 * canary, asked once for a slot however many tenants go there. */
static enum judgement check_databases(struct deploy *deploy, struct ticket *ticket,
                                      const struct scope *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++) {
        size_t index = gate_scope_at(members, i);
        const struct config_service *service = &deploy->config->services[index];
        const struct config_slot *slot = config_find_slot(service, slice_from(name));

        if (slot != NULL && schema_gate_check(deploy, ticket, index,
                                              (size_t)(slot - service->slots)) != JUDGED_DONE)
            return JUDGED_REFUSED;
    }
    return JUDGED_DONE;
}

static bool is_away(const struct deploy *deploy, const struct scope *members, const char *slot)
{
    for (size_t i = 0; i < members->count; i++)
        if (strcmp(deploy->state->decisions.services[gate_scope_at(members, i)]->active, slot) != 0)
            return true;
    return false;
}

bool tenants_leads_away(const struct deploy *deploy, const struct change *change)
{
    struct scope members;

    if (!gate_look_up(deploy->config, change->name, &members))
        return false;
    if (members.group == NULL)
        tenants_scope_of(deploy->config, members.single, &members);
    if (change->kind == CHANGE_TENANT_PIN)
        return is_away(deploy, &members, change->slot);
    for (unsigned i = 0; change->pins != NULL && i < pins_name_count(change->pins); i++)
        if (is_away(deploy, &members, pins_name(change->pins, (int)i)))
            return true;
    return false;
}

/* Where a tenant is pinned to when the batch has come so far; NULL: nowhere. */
static const char *find_pin(const struct tenant_scope *scope, const char *tenant)
{
    const struct tenant_step *step = NULL;

    TAILQ_FOREACH_REVERSE(step, &scope->steps, tenant_steps, link)
    if (strcmp(step->tenant, tenant) == 0)
        return step->op == TENANT_OP_PIN ? step->slot : NULL;
    return tenant_table_find(&scope->table, slice_from(tenant));
}

static bool is_mostly_dead(const struct tenant_scope *scope, const struct pins_stretch *added)
{
    size_t living = scope->table.decided + scope->table.hidden;

    return scope->first.records + added->records > 2 * living + DEAD_LINES_MIN;
}

/* The scope's file gets lines in this batch. */
static void open_write(struct deploy *deploy, struct tenant_scope *scope, struct state_pins *pins)
{
    if (scope->write != NULL)
        return;
    if (pins->file[0] == '\0' || scope->must_renew || is_mostly_dead(scope, &pins->added)) {
        tenants_renew(deploy->tenants, scope, pins);
        return;
    }
    scope->write = pins_write_new(scope, pins->file);
    scope->write->at = PINS_LOG_HEAD + scope->first.bytes + pins->added.bytes;
}

static void set_pins(struct deploy *deploy, const struct scope *members,
                     const struct state_pins *pins)
{
    for (size_t i = 0; i < members->count; i++)
        decisions_own(&deploy->working, gate_scope_at(members, i))->pins = *pins;
}

/* The step waits in the scope, its line is on the way to the file. Of a plan nothing is left behind. */
static void take_step(struct deploy *deploy, const struct ticket *ticket,
                      const struct scope *members, struct tenant_scope *scope, enum tenant_op op)
{
    struct state_pins pins = deploy->working.services[gate_scope_at(members, 0)]->pins;
    struct tenant_step *step = NULL;

    if (ticket->change.plan_only)
        return;
    step = mem_zalloc(sizeof *step);
    step->op = op;
    memcpy(step->tenant, ticket->change.tenant, sizeof step->tenant);
    memcpy(step->slot, ticket->change.slot, sizeof step->slot);
    TAILQ_INSERT_TAIL(&scope->steps, step, link);
    scope->step_count++;
    deploy->tenants->has_steps = true;
    open_write(deploy, scope, &pins);
    pins_log_add(&scope->write->lines, &pins.added, op, slice_from(step->tenant), step->slot);
    set_pins(deploy, members, &pins);
}

static void note_move(struct ticket *ticket, const char *from, const char *to)
{
    snprintf(ticket->result.from, sizeof ticket->result.from, "%s", from);
    snprintf(ticket->result.to, sizeof ticket->result.to, "%s", to);
}

static enum judgement judge_pin(struct deploy *deploy, struct ticket *ticket,
                                const struct scope *members, struct tenant_scope *scope)
{
    const struct change *change = &ticket->change;
    const struct tenant_table *table = &scope->table;
    const char *was = NULL;

    if (!check_id(ticket) || !check_slot(deploy, ticket, members, change->slot))
        return JUDGED_REFUSED;
    was = find_pin(scope, change->tenant);
    note_move(ticket, was != NULL ? was : "", change->slot);
    if (was != NULL && strcmp(was, change->slot) == 0)
        return judge_same(ticket, "%s: tenant %s is pinned to %s already", scope->name,
                          change->tenant, change->slot);
    if (table->decided + table->hidden + scope->step_count >= TENANTS_MAX)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                            "%s has %d pins that were decided at run time; write some into the "
                            "configuration",
                            scope->name, TENANTS_MAX);
    if (pins_number(table->live, change->slot) == PINS_NONE)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                            "%s: pins have named %d slots by now, which is all there is room for; "
                            "load the pins anew with switchctl tenant load",
                            scope->name, PINS_NAMES_MAX);
    if (check_databases(deploy, ticket, members, change->slot) != JUDGED_DONE)
        return JUDGED_REFUSED;
    take_step(deploy, ticket, members, scope, TENANT_OP_PIN);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: tenant %s is pinned to %s%s%s, epoch %llu", scope->name,
                      change->tenant, change->slot, was != NULL ? ", before to " : "",
                      ticket->result.from, (unsigned long long)deploy->working.epoch);
}

static enum judgement judge_unpin(struct deploy *deploy, struct ticket *ticket,
                                  const struct scope *members, struct tenant_scope *scope)
{
    const struct change *change = &ticket->change;
    struct slice tenant = slice_from(change->tenant);
    const char *was = NULL;

    if (!check_id(ticket))
        return JUDGED_REFUSED;
    was = find_pin(scope, change->tenant);
    if (was == NULL)
        return judge_same(ticket, "%s: tenant %s is not pinned", scope->name, change->tenant);
    note_move(ticket, was, "");
    take_step(deploy, ticket, members, scope, tenant_table_unpin(&scope->table, tenant));
    deploy->working.epoch++;
    return judge_done(ticket, "%s: tenant %s is not pinned any more, before to %s, epoch %llu",
                      scope->name, change->tenant, ticket->result.from,
                      (unsigned long long)deploy->working.epoch);
}

/* A scope in place of another one, from the next picture on; takes it. */
static void replace(struct deploy *deploy, const struct scope *members, struct tenant_scope *fresh)
{
    struct tenants *tenants = deploy->tenants;
    struct state_pins pins = { 0 };

    tenants_name_slots(deploy->config, members, fresh);
    if (fresh->table.decided + fresh->table.hidden > 0)
        tenants_renew(tenants, fresh, &pins);
    set_pins(deploy, members, &pins);
    tenant_scopes_init(&tenants->next, tenants->now.service_count);
    tenants->has_next = true;
    for (size_t i = 0; i < tenants->now.service_count; i++)
        tenant_scopes_set(&tenants->next, i, tenants->now.by_service[i]);
    for (size_t i = 0; i < members->count; i++)
        tenant_scopes_set(&tenants->next, gate_scope_at(members, i), fresh);
}

/* What is configured is hidden, tenant by tenant; everything else is forgotten. */
static void hide_all(struct deploy *deploy, const struct scope *members,
                     const struct tenant_scope *scope)
{
    struct tenant_scope *fresh = tenant_scope_new(scope->name);
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry;

    tenant_table_init(&fresh->table, deploy->tenants->worker_count);
    while (scope->table.base != NULL && pins_next(scope->table.base->pins, &cursor, &entry))
        CHECK(tenant_table_apply(&fresh->table, TENANT_OP_HIDE, entry.tenant, NULL) == 0);
    CHECK(tenant_table_rebase(&fresh->table, scope->table.base) == 0);
    replace(deploy, members, fresh);
}

static enum judgement judge_unpin_all(struct deploy *deploy, struct ticket *ticket,
                                      const struct scope *members, struct tenant_scope *scope)
{
    size_t count = pins_count(scope->table.live);

    if (count == 0)
        return judge_same(ticket, "%s: no tenant is pinned", scope->name);
    if (!ticket->change.plan_only)
        hide_all(deploy, members, scope);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: %zu tenants are not pinned any more, epoch %llu", scope->name,
                      count, (unsigned long long)deploy->working.epoch);
}

static enum judgement judge_load(struct deploy *deploy, struct ticket *ticket,
                                 const struct scope *members, struct tenant_scope *scope)
{
    struct pins *loaded = ticket->change.pins;
    size_t count = loaded != NULL ? pins_count(loaded) : 0;
    struct tenant_scope *fresh = NULL;

    if (loaded == NULL)
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "", "there are no pins to load");
    for (unsigned i = 0; i < pins_name_count(loaded); i++)
        if (!check_slot(deploy, ticket, members, pins_name(loaded, (int)i)) ||
            check_databases(deploy, ticket, members, pins_name(loaded, (int)i)) != JUDGED_DONE)
            return JUDGED_REFUSED;
    if (count > TENANTS_MAX)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                            "%zu pins are too many; %d are the most", count, TENANTS_MAX);
    fresh = tenant_scope_new(scope->name);
    fresh->table = (struct tenant_table){ .live = loaded, .decided = count };
    ticket->change.pins = NULL;
    if (tenant_table_rebase(&fresh->table, scope->table.base) != 0) {
        fresh->refs = 1;
        tenant_scope_unref(fresh);
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_OVERLOADED, "",
                            "%s: these pins and the configured ones name more than %d slots",
                            scope->name, PINS_NAMES_MAX);
    }
    replace(deploy, members, fresh);
    deploy->working.epoch++;
    return judge_done(ticket, "%s: %zu tenants are pinned as loaded, epoch %llu", scope->name,
                      count, (unsigned long long)deploy->working.epoch);
}

enum judgement tenants_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct scope members;
    struct tenant_scope *scope = NULL;

    if (!find_place(deploy, ticket, &members, &scope))
        return JUDGED_REFUSED;
    if (ticket->change.kind == CHANGE_TENANT_PIN)
        return judge_pin(deploy, ticket, &members, scope);
    if (ticket->change.kind == CHANGE_TENANT_LOAD)
        return judge_load(deploy, ticket, &members, scope);
    CHECK(ticket->change.kind == CHANGE_TENANT_UNPIN);
    return tenants_is_alone(&ticket->change) ? judge_unpin_all(deploy, ticket, &members, scope)
                                             : judge_unpin(deploy, ticket, &members, scope);
}
