/*
 * Start, end and views of the desk: the state is loaded, names are resolved, the first picture is written down and
 * published; then the desk runs (desk.c, batch.c). Control thread.
 */
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/dump.h"
#include "deploy/batch_priv.h"
#include "deploy/canary_priv.h"
#include "deploy/claims_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/contracts_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/history_filter.h"
#include "deploy/migration_watch_priv.h"
#include "deploy/names_priv.h"
#include "deploy/pause_priv.h"
#include "deploy/rollout_priv.h"
#include "net/loop.h"
#include "net/timer.h"

static const char state_name[] = "state.json";

/* The state on disk, or a new one at the very first start. */
static int load_state(struct deploy *deploy, struct report *report)
{
    char words[STATE_FILE_WORDS];
    int err = state_file_new(deploy->config->state_dir, NULL, &deploy->file, words);

    if (err == 0)
        err = state_file_load(deploy->file, &deploy->state, words);
    if (err == ERR_CORRUPT && deploy->options.accept_empty_state) {
        report_warning(report, state_name, 0, "%s", words);
        report_warning(report, state_name, 0, "the start is with an empty state, as asked");
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_NOT_FOUND) {
        deploy->state = state_new();
        return tenants_load(deploy, false, report);
    }
    if (err != 0)
        report_error(report, state_name, 0, "%s", words);
    else if (words[0] != '\0')
        report_warning(report, state_name, 0, "%s", words);
    /* Files that the state does not name may be wanted by whoever repairs a damaged one. */
    return err == 0 ? tenants_load(deploy, words[0] == '\0', report) : err;
}

static int fit_state(struct deploy *deploy, struct report *report)
{
    struct decisions fitted;
    char words[200];
    int err = 0;

    decisions_init(&fitted);
    reload_fit_decisions(deploy->config, &deploy->state->decisions, &fitted, report);
    fitted.epoch++;
    err = tenants_fit(deploy, deploy->config, &fitted, words, sizeof words);
    decisions_move(&deploy->state->decisions, &fitted);
    deploy->state->config_hash = dump_hash(deploy->config);
    lock_start(deploy);
    canary_start(deploy);
    trial_start(deploy);
    pause_start(deploy, report);
    confirm_start(deploy);
    rollout_start(deploy);
    if (err != 0)
        report_error(report, deploy->options.config_path, 0, "%s", words);
    return err;
}

static int plan_first(struct deploy *deploy, struct report *report)
{
    struct names *names = names_new();
    char words[400] = "";
    int err = 0;

    names_add_config(names, deploy->config);
    names_add_decisions(names, &deploy->state->decisions);
    names_resolve_now(names);
    deploy->plan = (struct plan){
        .config = deploy->config,
        .decisions = &deploy->state->decisions,
        .names = names,
        .tenants = deploy->tenants,
        .words = words,
        .words_size = sizeof words,
    };
    err = registry_plan(&deploy->registry, &deploy->plan);
    names_free(names);
    if (err != 0)
        report_error(report, deploy->options.config_path, 0, "%s", words);
    return err;
}

static void read_history(struct deploy *deploy, struct report *report)
{
    char words[300];

    deploy->history_path = mem_format("%s/history.jsonl", deploy->config->state_dir);
    history_load(&deploy->history, deploy->history_path, deploy->state, words, sizeof words);
    if (words[0] != '\0')
        report_warning(report, state_name, 0, "%s", words);
}

/* The first write of this run. A disk that takes nothing stops a first start; later it is a warning, because
 * serving matters more: memory is ahead of the disk until it takes something. */
static int write_first(struct deploy *deploy, bool is_first_start, struct report *report)
{
    struct writer_job *job = writer_job_new(WRITER_STATE);
    bool has_pins = false;
    int err = 0;

    deploy->generation = state_file_generation(deploy->file);
    desk_encode(deploy, &deploy->state->decisions, job);
    tenants_write(deploy->tenants, job);
    has_pins = !STAILQ_EMPTY(&job->pins);
    err = writer_write_state(deploy->file, job);
    tenants_written(job);
    if (err == 0) {
        deploy->writes++;
        deploy->durable_generation = job->generation;
        if (state_file_ensure_reserve(deploy->file, job->reserve_bytes) != 0)
            report_warning(report, state_name, 0,
                           "the reserve files cannot be made: with a full disk a rollback would "
                           "be volatile");
    } else if (is_first_start || has_pins) { /* what it would name is not there */
        report_error(report, state_name, 0, "%s", job->words);
    } else {
        report_warning(report, state_name, 0,
                       "%s; what is decided now is lost at a crash until the disk takes it",
                       job->words);
        deploy->write_errors++;
        snprintf(deploy->last_error, sizeof deploy->last_error, "%.150s", job->words);
        deploy->is_volatile = true;
        batch_arm_settle(deploy);
        err = 0;
    }
    writer_job_free(job);
    return err;
}

static void free_all(struct deploy *deploy)
{
    writer_free(deploy->writer);
    migration_watch_free(deploy->migrations);
    desk_fini(deploy);
    forecast_fini(deploy);
    registry_fini(&deploy->registry); /* probes that are asked for are answered by it */
    tenants_free(deploy->tenants);
    measure_fini(deploy);
    history_fini(&deploy->history);
    state_file_free(deploy->file);
    state_free(deploy->state);
    contracts_free(deploy->contracts);
    config_free(deploy->config);
    free(deploy->history_path);
    free(deploy);
}

static int start(struct deploy *deploy, struct report *report)
{
    bool is_first_start = false;
    int err = load_state(deploy, report);

    if (err != 0)
        return err;
    is_first_start = state_file_generation(deploy->file) == 0;
    err = fit_state(deploy, report);
    if (err == 0)
        err = plan_first(deploy, report);
    if (err != 0)
        return err;
    read_history(deploy, report);
    err = write_first(deploy, is_first_start, report);
    if (err != 0) {
        registry_abort(&deploy->registry, &deploy->plan);
        return err;
    }
    registry_commit(&deploy->registry, &deploy->plan);
    tenants_settle(deploy->tenants);
    deploy->config_read_us = clock_monotonic_us();
    deploy->writer = writer_new(
        deploy->options.loop, deploy->file,
        &(struct history_disk){ .path = deploy->history_path, .lines = deploy->history.file_lines },
        desk_on_written, deploy);
    deploy->migrations = migration_watch_new(deploy);
    lock_arm(deploy);
    due_arm(deploy);
    return 0;
}

int deploy_new(const struct deploy_options *options, struct config *config, struct report *report,
               struct deploy **out)
{
    struct deploy *deploy = mem_zalloc(sizeof *deploy);
    int err = 0;

    deploy->options = *options;
    deploy->config = config;
    deploy->contracts = contracts_read(config);
    deploy->tenants = tenants_new(options->worker_count);
    registry_init(&deploy->registry, options);
    history_init(&deploy->history);
    desk_init(deploy);
    err = start(deploy, report);
    if (err != 0) {
        free_all(deploy);
        return err;
    }
    *out = deploy;
    return 0;
}

/* The last chance of what is only in memory. */
static void settle_last(struct deploy *deploy)
{
    struct writer_job *job = writer_job_new(WRITER_STATE);

    desk_encode(deploy, &deploy->state->decisions, job);
    if (writer_write_state(deploy->file, job) != 0)
        LOG_ERROR("state_lost", "words=\"%s\"", job->words);
    writer_job_free(job);
}

void deploy_free(struct deploy *deploy)
{
    if (deploy == NULL)
        return;
    writer_free(deploy->writer);
    deploy->writer = NULL;
    if (deploy->has_plan)
        registry_abort(&deploy->registry, &deploy->plan);
    if (deploy->is_volatile || deploy->is_unsure)
        settle_last(deploy);
    free_all(deploy);
}

void deploy_use_backup(struct deploy *deploy, struct backup *backup)
{
    deploy->backup = backup;
    claims_tell(deploy, NULL);
}

const struct config *deploy_config(const struct deploy *deploy)
{
    return deploy->config;
}

void deploy_view_service(const struct deploy *deploy, unsigned service_index,
                         struct deploy_service_view *out)
{
    const struct config *config = deploy->config;
    const struct config_service *configured = NULL;
    const struct state_service *service = NULL;
    size_t group = 0;

    CHECK(service_index < config->service_count);
    configured = &config->services[service_index];
    service = deploy->state->decisions.services[service_index];
    group = config_group_of(config, configured);
    *out = (struct deploy_service_view){
        .group = group < config->group_count ? config->groups[group].name : "",
        .previous = service->is_rolled_back ? "" : service->previous,
        .switched_wall_us = service->switched_wall_us,
        .switch_count = service->switch_count,
    };
}

/* The lock on everything if there is one, else the first. */
static const struct state_lock *pick_lock(const struct deploy *deploy, uint64_t now_us)
{
    const struct state_lock *picked = NULL;
    const struct state_lock *lock = NULL;

    TAILQ_FOREACH(lock, &deploy->state->decisions.locks, link)
    {
        if (lock->until_us != 0 && now_us >= lock->until_us)
            continue;
        if (picked == NULL || lock->name[0] == '\0')
            picked = lock;
    }
    return picked;
}

void deploy_view_lock(const struct deploy *deploy, struct deploy_lock_view *out)
{
    uint64_t now_us = clock_monotonic_us();
    const struct state_lock *lock = pick_lock(deploy, now_us);
    const struct ticket *running = TAILQ_FIRST(&deploy->batch);

    memset(out, 0, sizeof *out);
    out->waiting = (unsigned)deploy->waiting;
    if (running != NULL)
        snprintf(out->running, sizeof out->running, "%s", change_kind_name(running->change.kind));
    if (lock == NULL)
        return;
    out->is_held = true;
    snprintf(out->name, sizeof out->name, "%s", lock->name);
    snprintf(out->owner, sizeof out->owner, "%s", lock->owner);
    snprintf(out->reason, sizeof out->reason, "%s", lock->reason);
    out->age_us = now_us > lock->since_us ? now_us - lock->since_us : 0;
    out->left_us = lock->until_us > now_us ? lock->until_us - now_us : 0;
}

void deploy_view_durability(const struct deploy *deploy, struct deploy_durability *out)
{
    *out = (struct deploy_durability){
        .generation = deploy->durable_generation,
        .write_errors = deploy->write_errors,
        .writes = deploy->writes,
        .is_volatile = deploy->is_volatile,
    };
    snprintf(out->last_error, sizeof out->last_error, "%s", deploy->last_error);
}

static uint64_t count_retired(const struct deploy *deploy, const struct slot *slot)
{
    const struct reg_target *target = NULL;
    uint64_t count = 0;

    TAILQ_FOREACH(target, &deploy->registry.retired, link)
    if (target->target->slot == slot)
        count += target_in_flight(target->target);
    return count;
}

/* Of a live slot only what is on targets that get nothing any more. */
static uint64_t count_slot(const struct deploy *deploy, const struct snapshot_service *service,
                           unsigned index)
{
    const struct snapshot_slot *slot = &service->slots[index];
    uint64_t count = 0;

    if (index != service->active)
        return slot_in_flight(slot->slot);
    for (unsigned i = 0; i < slot->pick_count; i++)
        if (slot->picks[i].order != ORDER_READY)
            count += target_in_flight(slot->picks[i].target);
    return count + count_retired(deploy, slot->slot);
}

uint64_t deploy_draining(const struct deploy *deploy, const struct slot *slot)
{
    const struct snapshot *snapshot = snapshot_current();
    const struct reg_slot *retired = NULL;
    uint64_t count = 0;

    for (unsigned i = 0; i < snapshot_service_count(snapshot); i++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot, i);

        for (unsigned j = 0; j < service->slot_count; j++)
            if (slot == NULL || service->slots[j].slot == slot)
                count += count_slot(deploy, service, j);
    }
    TAILQ_FOREACH(retired, &deploy->registry.retired_slots, link)
    if (slot == NULL || retired->slot == slot)
        count += slot_in_flight(retired->slot);
    return count;
}

bool deploy_history(const struct deploy *deploy, unsigned index, struct history_entry *out)
{
    const struct history_entry *entry = history_at(&deploy->history, index);

    if (entry != NULL)
        *out = *entry;
    return entry != NULL;
}

unsigned deploy_history_page(const struct deploy *deploy, const struct history_filter *filter,
                             unsigned limit, const struct history_entry **out, uint64_t *next)
{
    const struct history *history = &deploy->history;
    const struct history_entry *entry = NULL;
    unsigned index = history_find(history, filter->before); /* which may be *next */
    unsigned count = 0;

    *next = 0;
    for (; (entry = history_at(history, index)) != NULL; index++) {
        if (!history_filter_fits(filter, entry))
            continue;
        if (count == limit) {
            *next = out[count - 1]->sequence;
            break;
        }
        out[count++] = entry;
    }
    return count;
}
