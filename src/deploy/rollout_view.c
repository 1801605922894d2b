/* How a rollout looks from outside: see deploy/rollout.h and deploy/rollout_view.h. Control thread. */
#include "deploy/rollout_view.h"

#include <stdio.h>
#include <string.h>

#include "deploy/consent_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/rollout.h"
#include "deploy/rollout_priv.h"
#include "net/loop.h"

static bool has_service(const struct deploy *deploy, const struct state_rollout *rollout,
                        size_t service_index)
{
    struct scope scope;

    if (!gate_look_up(deploy->config, rollout->name, &scope))
        return false;
    for (size_t i = 0; i < scope.count; i++)
        if (gate_scope_at(&scope, i) == service_index)
            return true;
    return false;
}

/* The one that goes on, else the latest. */
static struct state_rollout *find_last(const struct deploy *deploy, size_t service_index)
{
    struct state_rollout *found = NULL;
    struct state_rollout *rollout = NULL;

    TAILQ_FOREACH(rollout, &deploy->state->decisions.book.rollouts, link)
    {
        if (!has_service(deploy, rollout, service_index))
            continue;
        if (rollout_is_running(rollout->phase))
            return rollout;
        if (found == NULL || rollout->id > found->id)
            found = rollout;
    }
    return found;
}

/* Before the traffic moves it is asked for what is needed at its beginning, then for what the cutover needs. */
static void count_consents(const struct deploy *deploy, const struct state_rollout *rollout,
                           const struct scope *scope, struct consent_count *out)
{
    struct consent_ask ask = {
        .name = rollout->name,
        .slot = rollout->to,
        .actor = rollout->starter,
        .stage = rollout->phase == ROLLOUT_STAGED ? CONSENT_START : CONSENT_CUTOVER,
    };

    *out = (struct consent_count){ 0 };
    if (rollout_is_running(rollout->phase) && !rollout_has_moved(rollout))
        consent_count(deploy, &deploy->state->decisions, scope, &ask, out);
}

static void describe_wait(const struct state_rollout *rollout, const struct consent_count *count,
                          char *out, size_t size)
{
    unsigned open =
        count->approvals_needed > count->approvals ? count->approvals_needed - count->approvals : 0;

    if (!rollout_is_running(rollout->phase))
        out[0] = '\0';
    else if (rollout->is_paused)
        snprintf(out, size, "rollout resume");
    else if (rollout->phase == ROLLOUT_STAGED && open > 0)
        snprintf(out, size, "%u approval%s", open, open > 1 ? "s" : "");
    else if (count->missing[0] != '\0')
        snprintf(out, size, "checklist: %.140s", count->missing);
    else
        snprintf(out, size, "%s", rollout->waits_for);
}

static void fill(const struct deploy *deploy, const struct state_rollout *rollout,
                 struct deploy_rollout_view *out)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);
    struct consent_count count;
    struct scope scope;

    CHECK(gate_look_up(deploy->config, rollout->name, &scope));
    count_consents(deploy, rollout, &scope, &count);
    *out = (struct deploy_rollout_view){
        .id = rollout->id,
        .plan = rollout->plan,
        .phase = rollout->phase,
        .is_paused = rollout->is_paused,
        .is_held = rollout->is_held,
        .is_final = rollout->is_final,
        .started_wall_us = rollout->started_wall_us,
        .entered_wall_us = rollout->entered_wall_us,
        .ended_wall_us = rollout->ended_wall_us,
        .manual_us = rollout->manual_us,
        .approvals = count.approvals,
        .approvals_needed = count.approvals_needed,
        .checks = count.checks,
        .checks_needed = count.checks_needed,
        .holdback = (uint32_t)rollout->holdback,
    };
    if (now_us > rollout->entered_us)
        out->in_phase_us = (uint64_t)(now_us - rollout->entered_us);
    if (rollout->is_manual && now_us > rollout->manual_since_us)
        out->manual_us += (uint64_t)(now_us - rollout->manual_since_us);
    (void)config_find_watch(&deploy->config->services[gate_scope_at(&scope, 0)].rollout,
                            rollout->profile, &out->watch_us);
    memcpy(out->name, rollout->name, sizeof out->name);
    memcpy(out->from, rollout->from, sizeof out->from);
    memcpy(out->to, rollout->to, sizeof out->to);
    memcpy(out->version, rollout->version, sizeof out->version);
    memcpy(out->profile, rollout->profile, sizeof out->profile);
    memcpy(out->words, rollout->words, sizeof out->words);
    describe_wait(rollout, &count, out->waits_for, sizeof out->waits_for);
}

void deploy_view_rollout(const struct deploy *deploy, unsigned service_index,
                         struct deploy_rollout_view *out)
{
    const struct state_rollout *rollout = NULL;

    CHECK(service_index < deploy->config->service_count);
    rollout = find_last(deploy, service_index);
    if (rollout != NULL)
        fill(deploy, rollout, out);
    else
        *out = (struct deploy_rollout_view){ .id = 0 };
}

bool deploy_rollout_at(const struct deploy *deploy, unsigned index, unsigned *service_index,
                       struct deploy_rollout_view *out)
{
    const struct state_rollout *rollout = NULL;
    struct scope scope;

    TAILQ_FOREACH(rollout, &deploy->state->decisions.book.rollouts, link)
    if (index-- == 0)
        break;
    if (rollout == NULL)
        return false;
    CHECK(gate_look_up(deploy->config, rollout->name, &scope));
    if (service_index != NULL)
        *service_index = (unsigned)gate_scope_at(&scope, 0);
    fill(deploy, rollout, out);
    return true;
}

void deploy_note_rollout(struct deploy *deploy, uint64_t id, const struct deploy_rollout_note *note)
{
    int64_t now_us = (int64_t)loop_now_us(deploy->options.loop);
    struct state_rollout *rollout = NULL;

    TAILQ_FOREACH(rollout, &deploy->state->decisions.book.rollouts, link)
    if (rollout->id == id)
        break;
    if (rollout == NULL || !rollout_is_running(rollout->phase))
        return;
    snprintf(rollout->waits_for, sizeof rollout->waits_for, "%s",
             note->waits_for != NULL ? note->waits_for : "");
    rollout->is_held = note->is_held;
    if (rollout->is_manual == (note->is_manual || rollout->is_paused))
        return;
    if (rollout->is_manual && now_us > rollout->manual_since_us)
        rollout->manual_us += (uint64_t)(now_us - rollout->manual_since_us);
    rollout->is_manual = !rollout->is_manual;
    rollout->manual_since_us = now_us;
}

static const char *label_moving(const struct state_rollout *rollout)
{
    return rollout->phase == ROLLOUT_STAGED || rollout->phase == ROLLOUT_PROVING ? "DEPLOYING"
                                                                                 : "VALIDATING";
}

/* Whether it could take over: it may be live, and a target stands ready. */
static bool is_usable(const struct deploy *deploy, size_t service_index, const char *slot_name)
{
    const struct config_slot *slot =
        config_find_slot(&deploy->config->services[service_index], slice_from(slot_name));
    const struct reg_slot *found =
        registry_find_slot(deploy->registry.by_index[service_index], slot_name);
    const struct state_service *service = deploy->state->decisions.services[service_index];
    const struct state_target *target = NULL;

    if (slot == NULL || found == NULL || !gate_is_switchable(slot))
        return false;
    if (strcmp(service->previous, slot_name) == 0)
        return true;
    TAILQ_FOREACH(target, &service->targets, link)
    if (strcmp(target->slot, slot_name) == 0 && target->is_added)
        return true;
    return slot->targets.count > 0;
}

const char *deploy_slot_label(const struct deploy *deploy, unsigned service_index, const char *slot)
{
    const struct state_service *service = NULL;
    const struct state_rollout *rollout = NULL;

    CHECK(service_index < deploy->config->service_count);
    service = deploy->state->decisions.services[service_index];
    if (strcmp(service->active, slot) == 0)
        return "LIVE";
    rollout = find_last(deploy, service_index);
    if (rollout != NULL && rollout_is_running(rollout->phase) && strcmp(rollout->to, slot) == 0)
        return label_moving(rollout);
    if (strcmp(service->canary.candidate, slot) == 0)
        return "VALIDATING";
    return is_usable(deploy, service_index, slot) ? "STANDBY" : "IDLE";
}

bool deploy_view_consent(const struct deploy *deploy, unsigned service_index, unsigned index,
                         struct deploy_consent_view *out)
{
    const struct state_consent *consent = NULL;
    struct state_rollout key = { .id = 0 };

    TAILQ_FOREACH(consent, &deploy->state->decisions.book.consents, link)
    {
        memcpy(key.name, consent->name, sizeof key.name);
        if (has_service(deploy, &key, service_index) && index-- == 0)
            break;
    }
    if (consent == NULL)
        return false;
    *out = (struct deploy_consent_view){
        .is_approval = consent->item[0] == '\0',
        .counts = consent_counts(deploy, consent),
        .at_wall_us = consent->at_wall_us,
    };
    memcpy(out->who, consent->who, sizeof out->who);
    memcpy(out->item, consent->item, sizeof out->item);
    memcpy(out->slot, consent->slot, sizeof out->slot);
    memcpy(out->note, consent->note, sizeof out->note);
    return true;
}
