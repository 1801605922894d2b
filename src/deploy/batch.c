/*
 * See batch_priv.h. A switch whose state cannot be written is refused and changes nothing. A rescue (a rollback, the
 * end of a canary, of a pause, of maintenance) is carried out all the same: from the reserve file, else in memory
 * alone, and then the disk is tried every second.
 */
#include "deploy/batch_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/dump.h"
#include "deploy/claims_priv.h"
#include "deploy/contracts_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/migration_watch_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/transfer_priv.h"
#include "net/timer.h"

enum {
    SETTLE_MS = 1000,
    COMPACT_KEYS = 16, /* what a reserve file carries of the lists */
    COMPACT_TAIL = 8,
};

void batch_begin(struct deploy *deploy)
{
    decisions_fini(&deploy->working);
    decisions_copy(&deploy->working, &deploy->state->decisions);
    deploy->batch_keys = 0;
    deploy->kept_sequence = deploy->state->sequence;
}

static struct history_entry make_entry(struct deploy *deploy, const struct ticket *ticket)
{
    const struct change *change = &ticket->change;
    const struct change_result *result = &ticket->result;
    struct history_entry entry = {
        .sequence = ++deploy->state->sequence,
        .wall_us = clock_wall_us(),
        .epoch_before = result->epoch_before,
        .epoch = result->epoch,
        .duration_us = result->duration_us,
        .kind = change->kind,
        .outcome = result->outcome,
        .is_forced = change->force,
        .is_emergency = change->emergency,
        .share = result->share,
        .decision = change->decision,
    };

    snprintf(entry.name, sizeof entry.name, "%s", change->name);
    snprintf(entry.from, sizeof entry.from, "%s", result->from);
    snprintf(entry.to, sizeof entry.to, "%s", result->to[0] != '\0' ? result->to : change->slot);
    snprintf(entry.target, sizeof entry.target, "%s",
             change->tenant[0] != '\0' ? change->tenant : change->target);
    snprintf(entry.actor, sizeof entry.actor, "%s", change->actor);
    snprintf(entry.reason, sizeof entry.reason, "%s", change->reason);
    snprintf(entry.gate, sizeof entry.gate, "%s", result->gate);
    memcpy(entry.skipped, result->skipped, sizeof entry.skipped);
    snprintf(entry.trigger, sizeof entry.trigger, "%s", change->trigger);
    return entry;
}

void batch_note(struct deploy *deploy, struct ticket *ticket)
{
    struct history_entry entry = make_entry(deploy, ticket);

    state_add_entry(deploy->state, &entry);
    ticket->sequence = entry.sequence;
}

void desk_encode(struct deploy *deploy, const struct decisions *decisions, struct writer_job *job)
{
    bool is_compact = job->kind == WRITER_RESERVE;
    struct state_picture picture = {
        .state = deploy->state,
        .decisions = decisions,
        .generation = ++deploy->generation,
        .saved_wall_us = clock_wall_us(),
        .keys_max = is_compact ? COMPACT_KEYS : STATE_KEYS_MAX,
        .tail_max = is_compact ? COMPACT_TAIL : STATE_TAIL_MAX,
    };

    job->generation = picture.generation;
    state_encode(&picture, &job->bytes);
    pins_disk_names(decisions, &job->pins_files);
    /* Room for the lists that a reserve file carries, whatever is in them now. */
    job->reserve_bytes = is_compact ? 0 : job->bytes.len;
    if (job->reserve_bytes > 0 && deploy->state->key_count + deploy->state->tail_count > 0) {
        struct text compact;

        text_init(&compact, job->bytes.limit);
        picture.keys_max = COMPACT_KEYS;
        picture.tail_max = COMPACT_TAIL;
        state_encode(&picture, &compact);
        job->reserve_bytes = compact.len;
        text_fini(&compact);
    }
}

static void submit_state(struct deploy *deploy, enum writer_kind kind, enum desk_state desk,
                         const struct decisions *decisions)
{
    struct writer_job *job = writer_job_new(kind);

    desk_encode(deploy, decisions, job);
    if (desk == DESK_WRITING)
        tenants_write(deploy->tenants, job);
    deploy->desk = desk;
    writer_submit(deploy->writer, job);
}

void batch_arm_settle(struct deploy *deploy)
{
    if (!timer_is_armed(deploy->settle))
        timer_arm(deploy->settle, SETTLE_MS);
}

void batch_settle(struct deploy *deploy)
{
    if (deploy->is_volatile || deploy->is_unsure)
        submit_state(deploy, WRITER_STATE, DESK_SETTLING, &deploy->state->decisions);
}

/* What people want to find later; not usage errors, lost races and what was so already. */
static bool is_worth_history(const struct ticket *ticket)
{
    if (ticket->change.plan_only)
        return false;
    if (ticket->judgement == JUDGED_DONE)
        return true;
    switch (ticket->result.fault) {
    case FAULT_GATE_REFUSED:
    case FAULT_NOT_DURABLE:
    case FAULT_CONFIG_BAD:
    case FAULT_NAME_UNKNOWN: return true;
    default: return false;
    }
}

static struct state_entry *find_entry(struct deploy *deploy, uint64_t sequence)
{
    struct state_entry *entry = NULL;

    TAILQ_FOREACH_REVERSE(entry, &deploy->state->tail, state_tail, link)
    if (entry->entry.sequence == sequence)
        return entry;
    return NULL;
}

/* Into the ring, with what is known only now. */
static void add_to_history(struct deploy *deploy, struct ticket *ticket)
{
    struct state_entry *entry = NULL;

    if (!is_worth_history(ticket))
        return;
    if (ticket->sequence == 0)
        batch_note(deploy, ticket);
    entry = find_entry(deploy, ticket->sequence);
    if (entry == NULL)
        return;
    entry->entry.outcome = ticket->result.outcome;
    entry->entry.duration_us = ticket->result.duration_us;
    history_add(&deploy->history, &entry->entry);
}

static void log_answer(const struct ticket *ticket)
{
    const struct change_result *result = &ticket->result;
    char words[300];
    char actor[128];

    if (!is_worth_history(ticket))
        return;
    LOG_INFO("change", "kind=%s outcome=%s epoch=%llu duration_us=%llu actor=\"%s\" words=\"%s\"",
             change_kind_name(ticket->change.kind), outcome_name(result->outcome),
             (unsigned long long)result->epoch, (unsigned long long)result->duration_us,
             log_text(slice_from(ticket->change.actor), actor, sizeof actor),
             log_text(slice_from(result->words), words, sizeof words));
}

static void tell_settled(const struct deploy *deploy, const struct ticket *ticket)
{
    const struct deploy_ops *ops = deploy->options.ops;

    if (ops != NULL && ops->settled != NULL && is_worth_history(ticket))
        ops->settled(deploy->options.ops_arg, &ticket->change, &ticket->result);
}

static void append_history(struct deploy *deploy)
{
    struct writer_job *job = NULL;
    const struct state_entry *entry = NULL;

    if (deploy->is_appending)
        return;
    TAILQ_FOREACH(entry, &deploy->state->tail, link)
    {
        if (entry->entry.sequence <= deploy->history.written)
            continue;
        if (job == NULL)
            job = writer_job_new(WRITER_LINES);
        state_encode_entry(&entry->entry, &job->bytes);
        text_add(&job->bytes, "\n");
        job->sequence = entry->entry.sequence;
        job->lines++;
    }
    if (job == NULL)
        return;
    job->history_bytes = deploy->config->history_bytes;
    deploy->is_appending = true;
    writer_submit(deploy->writer, job);
}

/* All tickets of the batch are judged for good; whoever is called may submit the next change. */
static void answer_batch(struct deploy *deploy)
{
    struct tickets done = TAILQ_HEAD_INITIALIZER(done);
    struct ticket *ticket = NULL;
    uint64_t now_us = clock_monotonic_us();

    deploy->desk = DESK_IDLE;
    decisions_fini(&deploy->working);
    claims_tell(deploy, NULL);
    TAILQ_CONCAT(&done, &deploy->batch, link);
    TAILQ_FOREACH(ticket, &done, link)
    {
        ticket->result.duration_us = now_us - ticket->submitted_us;
        add_to_history(deploy, ticket);
        log_answer(ticket);
    }
    append_history(deploy);
    TAILQ_FOREACH(ticket, &done, link)
    {
        tell_settled(deploy, ticket);
    }
    while ((ticket = TAILQ_FIRST(&done)) != NULL) {
        TAILQ_REMOVE(&done, ticket, link);
        ticket->done(ticket->arg, &ticket->result);
        ticket_free(ticket);
    }
    if (deploy->is_volatile || deploy->is_unsure)
        batch_arm_settle(deploy);
    desk_wake(deploy);
}

static struct ticket *find_reload(struct deploy *deploy)
{
    struct ticket *ticket = TAILQ_FIRST(&deploy->batch);

    return ticket != NULL && ticket->change.kind == CHANGE_RELOAD &&
                   ticket->judgement == JUDGED_DONE
               ? ticket
               : NULL;
}

static void take_back(struct deploy *deploy)
{
    struct ticket *reload = find_reload(deploy);
    const struct deploy_ops *ops = deploy->options.ops;

    if (deploy->has_plan)
        registry_abort(&deploy->registry, &deploy->plan);
    deploy->has_plan = false;
    tenants_abort(deploy->tenants);
    if (reload != NULL && reload->is_prepared && ops != NULL && ops->cancel != NULL)
        ops->cancel(deploy->options.ops_arg);
    state_take_back(deploy->state, deploy->batch_keys, deploy->kept_sequence);
    deploy->batch_keys = 0;
    deploy->state->sequence = deploy->kept_sequence;
}

/* Accepted changes, and what was judged on the strength of them, did not happen. */
static void fail_rest(struct deploy *deploy, enum fault fault, const char *words)
{
    struct ticket *ticket = NULL;
    bool is_spoilt = false;

    TAILQ_FOREACH(ticket, &deploy->batch, link)
    {
        is_spoilt = is_spoilt || ticket->judgement == JUDGED_DONE;
        if (!is_spoilt)
            continue;
        ticket->sequence = 0;
        ticket->result.changed = false;
        ticket->result.from[0] = ticket->result.to[0] = ticket->result.token[0] = '\0';
        ticket->result.share = 0;
        ticket->result.epoch_before = ticket->result.epoch = deploy->state->decisions.epoch;
        ticket->judgement =
            judge_refuse(ticket, fault == FAULT_NOT_DURABLE ? OUTCOME_FAILED : OUTCOME_REFUSED,
                         fault, fault == FAULT_NOT_DURABLE ? "durable" : "config", "%s", words);
    }
}

static bool has_accepted(const struct deploy *deploy)
{
    const struct ticket *ticket = NULL;

    TAILQ_FOREACH(ticket, &deploy->batch, link)
    if (ticket->judgement == JUDGED_DONE)
        return true;
    return deploy->batch_keys > 0; /* a key to be kept is a change, too */
}

/* The picture of the working decisions; with a reload, of its configuration, and everybody agrees. */
static bool plan_batch(struct deploy *deploy)
{
    struct ticket *reload = find_reload(deploy);
    const struct config *config = reload != NULL ? reload->config : deploy->config;
    const struct deploy_ops *ops = deploy->options.ops;
    char words[400] = "";
    int err = 0;

    if (deploy->working.epoch == deploy->state->decisions.epoch)
        return true; /* locks and keys are in no picture */
    deploy->plan = (struct plan){
        .config = config,
        .decisions = &deploy->working,
        .names = reload != NULL ? reload->names : NULL,
        .tenants = deploy->tenants,
        .words = words,
        .words_size = sizeof words,
    };
    err = registry_plan(&deploy->registry, &deploy->plan);
    deploy->has_plan = err == 0;
    if (err == 0 && reload != NULL && ops != NULL && ops->prepare != NULL) {
        err = ops->prepare(deploy->options.ops_arg, config, words, sizeof words);
        reload->is_prepared = err == 0;
    }
    if (err == 0)
        return true;
    take_back(deploy);
    fail_rest(deploy, FAULT_CONFIG_BAD, words);
    return false;
}

void batch_write(struct deploy *deploy)
{
    if (!has_accepted(deploy) || !plan_batch(deploy)) {
        struct ticket *ticket = NULL;

        TAILQ_FOREACH(ticket, &deploy->batch, link)
        ticket->result.is_durable = !deploy->is_volatile;
        answer_batch(deploy);
        return;
    }
    lock_purge(deploy, &deploy->working);
    if (find_reload(deploy) == NULL) /* else its services are those of another configuration */
        claims_tell(deploy, &deploy->working);
    submit_state(deploy, WRITER_STATE, DESK_WRITING, &deploy->working);
}

static void take_config(struct deploy *deploy, struct ticket *reload)
{
    const struct deploy_ops *ops = deploy->options.ops;
    struct config *was = deploy->config;

    deploy->config = reload->config;
    deploy->config_read_us = reload->read_us;
    reload->config = NULL;
    contracts_free(deploy->contracts);
    deploy->contracts = reload->contracts;
    reload->contracts = NULL;
    migration_watch_reload(deploy->migrations);
    deploy->state->config_hash = dump_hash(deploy->config);
    if (ops != NULL && ops->commit != NULL)
        ops->commit(deploy->options.ops_arg, deploy->config);
    config_free(was);
}

static bool has_lock_change(const struct deploy *deploy)
{
    const struct ticket *ticket = NULL;

    TAILQ_FOREACH(ticket, &deploy->batch, link)
    if (ticket->judgement == JUDGED_DONE &&
        (ticket->change.kind == CHANGE_LOCK_ACQUIRE || ticket->change.kind == CHANGE_LOCK_RELEASE))
        return true;
    return false;
}

static void commit_batch(struct deploy *deploy, bool is_durable)
{
    struct ticket *reload = find_reload(deploy);
    struct ticket *ticket = NULL;
    bool is_unlocked = has_lock_change(deploy);

    decisions_move(&deploy->state->decisions, &deploy->working);
    tenants_apply(deploy->tenants);
    if (deploy->has_plan)
        registry_commit(&deploy->registry, &deploy->plan);
    deploy->has_plan = false;
    tenants_settle(deploy->tenants);
    if (reload != NULL)
        take_config(deploy, reload);
    if (reload != NULL && reload->change.import != NULL)
        transfer_commit(deploy, reload->change.import);
    deploy->is_volatile = !is_durable;
    TAILQ_FOREACH(ticket, &deploy->batch, link)
    {
        ticket->result.is_durable = is_durable;
        if (!is_durable && ticket->judgement == JUDGED_DONE)
            ticket->result.outcome = OUTCOME_VOLATILE;
    }
    state_trim(deploy->state, 0);
    if (is_unlocked)
        desk_unpark(deploy);
    lock_arm(deploy);
    due_arm(deploy);
    answer_batch(deploy);
}

static void note_error(struct deploy *deploy, const char *words)
{
    deploy->write_errors++;
    snprintf(deploy->last_error, sizeof deploy->last_error, "%.150s", words);
    LOG_ERROR("state_write", "words=\"%s\"", words);
}

/* What brings traffic back to where it was good must not wait for a disk. */
bool batch_is_rescue(enum change_kind kind)
{
    return kind == CHANGE_ROLLBACK || kind == CHANGE_CANARY_ABORT || kind == CHANGE_ROLLOUT_ABORT ||
           kind == CHANGE_RESUME || kind == CHANGE_MAINT_OFF;
}

static bool is_rescue(const struct ticket *ticket)
{
    return !ticket->change.plan_only && batch_is_rescue(ticket->change.kind);
}

/* Rescues leave the batch for a list of their own; everybody else is refused. */
static void split_rescues(struct deploy *deploy, const char *why, struct tickets *rescues)
{
    struct ticket *ticket = TAILQ_FIRST(&deploy->batch);
    char words[400];

    snprintf(words, sizeof words, "nothing was changed, because it could not be made durable: %s",
             why);
    fail_rest(deploy, FAULT_NOT_DURABLE, words);
    while (ticket != NULL) {
        struct ticket *next = TAILQ_NEXT(ticket, link);

        if (is_rescue(ticket) && ticket->result.fault == FAULT_NOT_DURABLE) {
            TAILQ_REMOVE(&deploy->batch, ticket, link);
            TAILQ_INSERT_TAIL(rescues, ticket, link);
        }
        ticket = next;
    }
}

/* Judged once more, on what is in force, and without the disk's consent. */
static void judge_rescues(struct deploy *deploy, struct tickets *rescues)
{
    struct ticket *ticket = NULL;

    while ((ticket = TAILQ_FIRST(rescues)) != NULL) {
        TAILQ_REMOVE(rescues, ticket, link);
        memset(&ticket->result, 0, sizeof ticket->result);
        ticket->judgement = gate_judge(deploy, ticket);
        if (ticket->judgement == JUDGED_WAIT) {
            TAILQ_INSERT_TAIL(&deploy->parked, ticket, link);
            deploy->waiting++;
            continue;
        }
        TAILQ_INSERT_TAIL(&deploy->batch, ticket, link);
        if (ticket->judgement == JUDGED_DONE)
            batch_note(deploy, ticket);
    }
}

static void on_write_failed(struct deploy *deploy, const struct writer_job *job)
{
    struct tickets rescues = TAILQ_HEAD_INITIALIZER(rescues);

    deploy->is_unsure = deploy->is_unsure || job->unsure;
    take_back(deploy);
    split_rescues(deploy, job->words, &rescues);
    batch_begin(deploy);
    judge_rescues(deploy, &rescues);
    if (!has_accepted(deploy) || !plan_batch(deploy))
        answer_batch(deploy);
    else
        submit_state(deploy, WRITER_RESERVE, DESK_RESERVE, &deploy->working);
}

static void on_lines(struct deploy *deploy, const struct writer_job *job)
{
    deploy->is_appending = false;
    deploy->history.is_failing = job->err != 0;
    if (job->err != 0) {
        note_error(deploy, job->words); /* tried again with the next change */
        return;
    }
    deploy->history.written = job->sequence;
    state_trim(deploy->state, job->synced);
    append_history(deploy);
}

static void on_settled(struct deploy *deploy, bool is_written)
{
    deploy->desk = DESK_IDLE;
    if (is_written) {
        deploy->is_volatile = false;
        append_history(deploy);
        LOG_INFO("state_settled", "generation=%llu",
                 (unsigned long long)deploy->durable_generation);
    } else {
        batch_arm_settle(deploy);
    }
    desk_wake(deploy);
}

static void note_state(struct deploy *deploy, const struct writer_job *job)
{
    if (job->err != 0) {
        note_error(deploy, job->words);
        return;
    }
    deploy->writes++;
    deploy->durable_generation = job->generation;
    if (job->kind == WRITER_STATE)
        deploy->is_unsure = false;
}

void desk_on_written(void *arg, struct writer_job *job)
{
    struct deploy *deploy = arg;

    if (job->kind == WRITER_LINES) {
        on_lines(deploy, job);
        writer_job_free(job);
        return;
    }
    tenants_written(job);
    note_state(deploy, job);
    switch (deploy->desk) {
    case DESK_WRITING:
        if (job->err == 0)
            commit_batch(deploy, true);
        else
            on_write_failed(deploy, job);
        break;
    case DESK_RESERVE: commit_batch(deploy, job->err == 0); break;
    case DESK_SETTLING: on_settled(deploy, job->err == 0); break;
    case DESK_IDLE: CHECK(!"a state was written that nobody asked for"); break;
    }
    writer_job_free(job);
}
