/*
 * What every change passes before its own judgement: stop, idempotency key, epoch, force, lock; and what several
 * judgements ask: which services a name means, and how fit a slot is. Control thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "deploy/canary_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/effective_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/pause_priv.h"
#include "deploy/quarantine_priv.h"
#include "deploy/rollout_priv.h"
#include "health/health.h"

bool gate_is_forced(const struct ticket *ticket)
{
    return ticket->change.force;
}

size_t gate_scope_at(const struct scope *scope, size_t i)
{
    return scope->services != NULL ? scope->services[i] : scope->single;
}

static const struct config_group *find_group(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->group_count; i++)
        if (strcmp(config->groups[i].name, name) == 0)
            return &config->groups[i];
    return NULL;
}

bool gate_look_up(const struct config *config, const char *name, struct scope *out)
{
    const struct config_group *group = find_group(config, name);
    const struct config_service *service = config_find_service(config, slice_from(name));

    if (group != NULL) {
        *out = (struct scope){
            .count = group->names.count,
            .services = group->services,
            .group = group,
        };
        return true;
    }
    if (service == NULL)
        return false;
    *out = (struct scope){ .count = 1, .single = (size_t)(service - config->services) };
    return true;
}

static bool has_service(const struct scope *scope, size_t index)
{
    for (size_t i = 0; i < scope->count; i++)
        if (gate_scope_at(scope, i) == index)
            return true;
    return false;
}

bool gate_is_overlapping(const struct scope *a, const struct scope *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (has_service(b, gate_scope_at(a, i)))
            return true;
    return false;
}

bool gate_find_scope(struct deploy *deploy, struct ticket *ticket, struct scope *out)
{
    if (gate_look_up(deploy->config, ticket->change.name, out))
        return true;
    judge_refuse(ticket, OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "",
                 "there is no service or group %s; see: switchctl status", ticket->change.name);
    return false;
}

size_t gate_active(const struct deploy *deploy, size_t service)
{
    const struct config_service *configured = &deploy->config->services[service];
    const char *name = deploy->working.services[service]->active;
    const struct config_slot *slot = config_find_slot(configured, slice_from(name));

    CHECK(slot != NULL);
    return (size_t)(slot - configured->slots);
}

bool gate_is_switchable(const struct config_slot *slot)
{
    return slot->role == CONFIG_ROLE_NONE ||
           (slot->role == CONFIG_ROLE_STAGING && slot->allow_live);
}

/* NULL: it is not there yet. */
static const struct target *find_target(const struct deploy *deploy, size_t service,
                                        const char *slot_name, const char *target_name)
{
    const struct reg_slot *slot = registry_find_slot(deploy->registry.by_index[service], slot_name);
    const struct reg_target *target = slot != NULL ? registry_find_target(slot, target_name) : NULL;

    return target != NULL ? target->target : NULL;
}

/* Somebody is there, though not well: the last check got an answer. */
static bool is_answering(const struct target *target)
{
    struct health_view view;

    return target != NULL && health_view(target, &view) && view.results > 0 &&
           view.last_status != 0;
}

static void note_misdeployed(struct gate_fit *out, const char *name)
{
    if (out->misdeployed++ == 0)
        snprintf(out->imposter, sizeof out->imposter, "%s", name);
}

void gate_count_fit(const struct deploy *deploy, size_t service, size_t slot, struct gate_fit *out)
{
    const struct config_slot *configured = &deploy->config->services[service].slots[slot];
    struct effective *list = NULL;
    size_t count = effective_targets(configured, deploy->working.services[service], &list);

    *out = (struct gate_fit){ 0 };
    for (size_t i = 0; i < count; i++) {
        const struct target *target = find_target(deploy, service, configured->name, list[i].name);
        enum verdict verdict = target != NULL ? target_verdict(target) : VERDICT_UNKNOWN;

        out->answering +=
            list[i].order == ORDER_READY && verdict == VERDICT_DOWN && is_answering(target);
        if (list[i].order != ORDER_READY)
            out->not_ready++;
        else if (verdict == VERDICT_UP)
            out->up++;
        else if (verdict == VERDICT_DOWN)
            out->down++;
        else if (verdict == VERDICT_MISDEPLOYED)
            note_misdeployed(out, list[i].name);
        else
            out->unknown++;
    }
    free(list);
}

/* Of what the change asks for, not of who asks or why. */
static uint64_t find_fingerprint(const struct change *change)
{
    char text[1024];
    int len = snprintf(
        text, sizeof text, "%d\n%s\n%s\n%s\n%u\n%d\n%u\n%" PRIu64 "\n%s\n%" PRIu64 "\n%d\n%s",
        (int)change->kind, change->name, change->slot, change->target, change->weight,
        change->force + 2 * change->emergency, change->share, change->max_us, change->message,
        change->confirm_us, (int)change->plan, change->profile);

    uint64_t hash = hash_bytes(0, text, (size_t)len);
    struct pins_cursor cursor = { 0 };
    struct pins_entry entry;

    if (change->tenant[0] != '\0')
        hash = hash_bytes(hash, change->tenant, strlen(change->tenant));
    /* In whatever order they come. */
    while (change->pins != NULL && pins_next(change->pins, &cursor, &entry)) {
        const char *slot = pins_name(change->pins, entry.name);

        hash += hash_bytes(hash_bytes(0, entry.tenant.ptr, entry.tenant.len), slot, strlen(slot));
    }
    return hash;
}

static enum judgement replay(struct ticket *ticket, const struct state_key *key,
                             uint64_t fingerprint)
{
    struct change_result *result = &ticket->result;

    if (key->fingerprint != fingerprint)
        return judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_CONFLICT, "key",
                            "the idempotency key %s was used for another change", key->key);
    judge_same(ticket, "this change was carried out before, under the same key, as epoch %llu",
               (unsigned long long)key->epoch);
    result->outcome = key->outcome;
    result->changed = key->changed;
    result->epoch_before = key->epoch_before;
    result->epoch = key->epoch;
    memcpy(result->from, key->from, sizeof result->from);
    memcpy(result->to, key->to, sizeof result->to);
    return JUDGED_SAME;
}

/* So that the same key gets the same answer; also for what was so already. */
static void keep_key(struct deploy *deploy, const struct ticket *ticket, uint64_t fingerprint)
{
    struct state_key *key = state_add_key(deploy->state, ticket->change.key);

    deploy->batch_keys++;
    key->fingerprint = fingerprint;
    key->outcome = ticket->result.outcome;
    key->changed = ticket->result.changed;
    key->epoch_before = ticket->result.epoch_before;
    key->epoch = ticket->result.epoch;
    memcpy(key->from, ticket->result.from, sizeof key->from);
    memcpy(key->to, ticket->result.to, sizeof key->to);
}

static enum judgement judge_kind(struct deploy *deploy, struct ticket *ticket)
{
    switch (ticket->change.kind) {
    case CHANGE_SWITCH: return switching_judge(deploy, ticket);
    case CHANGE_ROLLBACK: return switching_judge_back(deploy, ticket);
    case CHANGE_TARGET_READY:
    case CHANGE_TARGET_DRAIN:
    case CHANGE_TARGET_MAINT:
    case CHANGE_TARGET_WEIGHT:
    case CHANGE_TARGET_ADD:
    case CHANGE_TARGET_REMOVE: return targets_judge(deploy, ticket);
    case CHANGE_LOCK_ACQUIRE:
    case CHANGE_LOCK_RELEASE: return lock_judge(deploy, ticket);
    case CHANGE_RELOAD: return reload_judge(deploy, ticket);
    case CHANGE_TENANT_PIN:
    case CHANGE_TENANT_UNPIN:
    case CHANGE_TENANT_LOAD: return tenants_judge(deploy, ticket);
    case CHANGE_CANARY_START:
    case CHANGE_CANARY_SET:
    case CHANGE_CANARY_STEP:
    case CHANGE_CANARY_PAUSE:
    case CHANGE_CANARY_RESUME:
    case CHANGE_CANARY_ABORT: return canary_judge(deploy, ticket);
    case CHANGE_CANARY_PROMOTE: return switching_judge_promotion(deploy, ticket);
    case CHANGE_PAUSE:
    case CHANGE_RESUME:
    case CHANGE_MAINT_ON:
    case CHANGE_MAINT_OFF: return pause_judge(deploy, ticket);
    case CHANGE_ROLLOUT_START:
    case CHANGE_ROLLOUT_PAUSE:
    case CHANGE_ROLLOUT_RESUME:
    case CHANGE_ROLLOUT_ADVANCE:
    case CHANGE_ROLLOUT_ABORT:
    case CHANGE_ROLLOUT_PHASE:
    case CHANGE_CONFIRM:
    case CHANGE_APPROVE:
    case CHANGE_REJECT:
    case CHANGE_CHECK: return rollout_judge(deploy, ticket);
    case CHANGE_RELEASE: return quarantine_release(deploy, ticket);
    }
    CHECK(!"a change of a kind that is not known");
    return JUDGED_REFUSED;
}

/* What the daemon itself finds necessary to bring traffic back waits for nobody. */
static bool is_own_rescue(const struct ticket *ticket)
{
    enum change_kind kind = ticket->change.kind;

    return ticket->is_internal &&
           (kind == CHANGE_RESUME || kind == CHANGE_ROLLBACK || kind == CHANGE_CANARY_ABORT ||
            kind == CHANGE_ROLLOUT_ABORT || kind == CHANGE_TENANT_PIN);
}

/* It rests on evidence of now, which is stale when the lock is released: whoever asked looks again then. */
static bool is_own_step(const struct ticket *ticket)
{
    return ticket->is_internal && (ticket->change.kind == CHANGE_ROLLOUT_PHASE ||
                                   ticket->change.kind == CHANGE_CANARY_STEP);
}

/* A lock of somebody else: the change waits; a plan says so. */
static enum judgement check_lock(struct deploy *deploy, struct ticket *ticket)
{
    const struct state_lock *lock = NULL;

    if (ticket->change.force || is_own_rescue(ticket))
        return JUDGED_DONE;
    lock = lock_blocking(deploy, ticket);
    if (lock == NULL)
        return judge_gate(ticket, "lock", true, "no lock is in the way");
    if (ticket->change.emergency)
        return judge_gate(ticket, "lock", false, "%s holds the lock on %s (%s)", lock->owner,
                          lock->name[0] != '\0' ? lock->name : "everything", lock->reason);
    if (is_own_step(ticket))
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_LOCKED, "lock",
                            "%s holds the lock on %s (%s)", lock->owner,
                            lock->name[0] != '\0' ? lock->name : "everything", lock->reason);
    if (!ticket->change.plan_only)
        return JUDGED_WAIT;
    return judge_gate(ticket, "lock", false, "%s holds the lock on %s (%s): the change would wait",
                      lock->owner, lock->name[0] != '\0' ? lock->name : "everything", lock->reason);
}

enum judgement gate_pass(struct deploy *deploy, struct ticket *ticket)
{
    const struct change *change = &ticket->change;
    enum judgement judgement = JUDGED_REFUSED;

    if (change->if_epoch != 0 && change->if_epoch != deploy->working.epoch)
        return judge_refuse(ticket, OUTCOME_CONFLICT, FAULT_CONFLICT, "epoch",
                            "the epoch is %llu, not %llu: another change came first; look again",
                            (unsigned long long)deploy->working.epoch,
                            (unsigned long long)change->if_epoch);
    judge_gate(ticket, "epoch", true, "the epoch is %llu",
               (unsigned long long)deploy->working.epoch);
    if ((change->force || change->emergency) && change->reason[0] == '\0')
        return judge_refuse(ticket, OUTCOME_USAGE, FAULT_USAGE, "",
                            "%s needs a --reason; it is kept in the history",
                            change->emergency ? "--emergency" : "--force");
    judgement = check_lock(deploy, ticket);
    if (judgement != JUDGED_DONE)
        return judgement;
    judgement = rollout_guard(deploy, ticket, judge_kind);
    if (judgement == JUDGED_DONE)
        ticket->result.epoch = deploy->working.epoch;
    return judgement;
}

enum judgement gate_judge(struct deploy *deploy, struct ticket *ticket)
{
    const struct change *change = &ticket->change;
    const struct state_key *key = NULL;
    enum judgement judgement = JUDGED_REFUSED;
    /* Before the judgement: it takes the pins of a load. */
    uint64_t fingerprint = change->key[0] != '\0' ? find_fingerprint(change) : 0;

    ticket->result.epoch_before = ticket->result.epoch = deploy->working.epoch;
    if (deploy->is_stopped)
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_SHUTTING_DOWN, "", "%s",
                            fault_words(FAULT_SHUTTING_DOWN));
    if (change->plan_only)
        return forecast_judge(deploy, ticket);
    key = change->key[0] != '\0' ? state_find_key(deploy->state, change->key) : NULL;
    if (key != NULL)
        return replay(ticket, key, fingerprint);
    if (change->force || change->emergency)
        forecast_bypassed(deploy, ticket);
    judgement = gate_pass(deploy, ticket);
    if (change->key[0] != '\0' && (judgement == JUDGED_DONE || judgement == JUDGED_SAME))
        keep_key(deploy, ticket, fingerprint);
    return judgement;
}
