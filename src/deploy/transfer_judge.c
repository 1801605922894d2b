/*
 * A document comes into force like a reload, whose decisions are those of the document: with the configuration read anew,
 * names asked for, one picture, one durable write. See transfer_priv.h. Control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/canary_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/pause_priv.h"
#include "deploy/rollout_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/transfer_priv.h"

enum {
    TAIL_ENTRIES = 1000
}; /* of the history that the state itself carries until they are on disk */

/* Locks that were held when it was written mean nothing to anybody; those of now stay. */
static void swap_locks(struct decisions *to, const struct decisions *now)
{
    const struct state_lock *lock = NULL;

    while (!TAILQ_EMPTY(&to->locks))
        decisions_drop_lock(to, TAILQ_FIRST(&to->locks));
    TAILQ_FOREACH(lock, &now->locks, link)
    {
        struct state_lock *copy = decisions_add_lock(to, lock->name);
        struct state_lock links = *copy;

        *copy = *lock;
        copy->link = links.link;
    }
}

static bool has_slot(const struct config *config, const struct scope *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct config_service *service = &config->services[gate_scope_at(members, i)];
        const struct config_slot *slot = config_find_slot(service, slice_from(name));

        if (slot == NULL || slot->role == CONFIG_ROLE_OFF)
            return false;
    }
    return true;
}

/* What the configuration still has of these pins; how many it has not. */
static int fill_scope(const struct config *config, const struct scope *members,
                      const struct tenant_table *from, struct tenant_table *to, size_t *left_out)
{
    struct tenant_walk walk = { 0 };
    int err = 0;

    while (err == 0 && tenant_table_next(from, &walk)) {
        if (walk.op == TENANT_OP_PIN && !has_slot(config, members, walk.slot))
            ++*left_out;
        else
            err = tenant_table_apply(to, walk.op, walk.tenant, walk.slot);
    }
    return err;
}

/* A scope of the next picture in place of the one that the configuration alone would have. */
static int set_pins(struct deploy *deploy, struct ticket *ticket, struct decisions *fitted,
                    const struct transfer_pins *pins, size_t *left_out)
{
    struct tenants *tenants = deploy->tenants;
    struct tenant_scope *fresh = NULL;
    const struct tenant_scope *was = NULL;
    struct state_pins place = { 0 };
    struct scope members;
    int err = 0;

    if (!gate_look_up(ticket->config, pins->name, &members)) {
        *left_out += pins->table.decided + pins->table.hidden;
        return 0;
    }
    was = tenants->next.by_service[gate_scope_at(&members, 0)];
    fresh = tenant_scope_new(pins->name);
    tenant_table_init(&fresh->table, tenants->worker_count);
    err = fill_scope(ticket->config, &members, &pins->table, &fresh->table, left_out);
    if (err == 0)
        err = tenant_table_rebase(&fresh->table, was != NULL ? was->table.base : NULL);
    fresh->refs = 1;
    if (err == 0) {
        tenants_name_slots(ticket->config, &members, fresh);
        if (fresh->table.decided + fresh->table.hidden > 0)
            tenants_renew(tenants, fresh, &place);
        for (size_t i = 0; i < members.count; i++) {
            decisions_own(fitted, gate_scope_at(&members, i))->pins = place;
            tenant_scopes_set(&tenants->next, gate_scope_at(&members, i), fresh);
        }
    }
    tenant_scope_unref(fresh);
    return err;
}

static int fit_pins(struct deploy *deploy, struct ticket *ticket, struct decisions *fitted,
                    size_t *left_out)
{
    const struct transfer *transfer = ticket->change.import;
    char words[200];
    int err = 0;

    for (size_t i = 0; i < fitted->service_count; i++)
        decisions_own(fitted, i)->pins = (struct state_pins){ 0 }; /* files of another folder */
    err = tenants_fit(deploy, ticket->config, fitted, words, sizeof words);
    for (size_t i = 0; err == 0 && i < transfer->pins_count; i++) {
        err = set_pins(deploy, ticket, fitted, &transfer->pins[i], left_out);
        if (err != 0)
            tenants_abort(deploy->tenants);
    }
    return err;
}

/* The newest come with the state, and are on disk with it. */
static void take_history(struct deploy *deploy, const struct transfer *transfer)
{
    struct state *state = deploy->state;
    size_t from = transfer->entry_count > TAIL_ENTRIES ? transfer->entry_count - TAIL_ENTRIES : 0;

    if (transfer->state->sequence > state->sequence)
        state->sequence = transfer->state->sequence;
    for (size_t i = from; i < transfer->entry_count; i++)
        state_add_entry(state, &transfer->entries[i]);
}

static enum judgement refuse_history(struct ticket *ticket)
{
    return judge_refuse(
        ticket, OUTCOME_REFUSED, FAULT_GATE_REFUSED, "empty",
        "this daemon has a history of its own; start it with an empty state_dir, or "
        "--force --reason to put the decisions of the document in place of its own "
        "and keep its history");
}

enum judgement transfer_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct transfer *transfer = ticket->change.import;
    bool is_empty = deploy->history.count == 0;
    struct decisions fitted;
    struct report report;
    size_t left_out = 0;
    char lost[300] = "";
    int err = 0;

    if (!is_empty && !gate_is_forced(ticket))
        return refuse_history(ticket);
    swap_locks(&transfer->state->decisions, &deploy->working);
    decisions_init(&fitted);
    report_init(&report);
    reload_fit_decisions(ticket->config, &transfer->state->decisions, &fitted, &report);
    if (report.count > 0)
        snprintf(lost, sizeof lost, "; %.290s", report.entries[0].words);
    report_fini(&report);
    err = fit_pins(deploy, ticket, &fitted, &left_out);
    if (err != 0) {
        decisions_fini(&fitted);
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_CONFIG_BAD, "tenant",
                            "the pins of the document name too many slots");
    }
    if (fitted.epoch < deploy->working.epoch)
        fitted.epoch = deploy->working.epoch;
    fitted.epoch++;
    decisions_move(&deploy->working, &fitted);
    transfer->takes_history = is_empty;
    if (is_empty)
        take_history(deploy, transfer);
    if (left_out > 0)
        snprintf(lost + strlen(lost), sizeof lost - strlen(lost),
                 "; %zu pins lead nowhere in this configuration and were left out", left_out);
    return judge_done(ticket,
                      "%zu services as in the document, %zu entries of history%s, epoch %llu%s",
                      deploy->working.service_count, is_empty ? transfer->entry_count : 0,
                      is_empty ? "" : " (this daemon keeps its own)",
                      (unsigned long long)deploy->working.epoch, lost);
}

/* Those that the state does not carry go to the file before all others. */
static void write_older(struct deploy *deploy, const struct transfer *transfer)
{
    size_t count = transfer->entry_count > TAIL_ENTRIES ? transfer->entry_count - TAIL_ENTRIES : 0;
    struct writer_job *job = NULL;

    if (count == 0 || deploy->is_appending)
        return;
    job = writer_job_new(WRITER_LINES);
    for (size_t i = 0; i < count; i++) {
        state_encode_entry(&transfer->entries[i], &job->bytes);
        text_add(&job->bytes, "\n");
    }
    job->sequence = transfer->entries[count - 1].sequence;
    job->lines = (unsigned)count;
    job->history_bytes = deploy->config->history_bytes;
    deploy->is_appending = true;
    writer_submit(deploy->writer, job);
}

void transfer_commit(struct deploy *deploy, const struct transfer *transfer)
{
    struct report report;

    report_init(&report);
    canary_start(deploy);
    trial_start(deploy);
    pause_start(deploy, &report);
    confirm_start(deploy);
    rollout_start(deploy);
    report_fini(&report);
    if (!transfer->takes_history)
        return;
    for (size_t i = 0; i < transfer->entry_count; i++)
        history_add(&deploy->history, &transfer->entries[i]);
    write_older(deploy, transfer);
}
