/*
 * The configuration again: read and resolved before its turn in the queue, then all or nothing. What was decided
 * at run time is kept wherever it still means something; a live slot cannot be configured away. Control thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/loader.h"
#include "deploy/canary_priv.h"
#include "deploy/confirm_priv.h"
#include "deploy/contracts_priv.h"
#include "deploy/deploy_priv.h"
#include "deploy/effective_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/group_fit_priv.h"
#include "deploy/names_priv.h"
#include "deploy/rollout_priv.h"
#include "deploy/transfer_priv.h"

/* The errors of a report in as many words as there is room for. */
static void print_report(const struct report *report, char *out, size_t size)
{
    struct text text;

    text_init(&text, 64 * 1024);
    report_print(report, &text);
    while (text.len > 0 && text.bytes[text.len - 1] == '\n')
        text.bytes[--text.len] = '\0';
    snprintf(out, size, "%.*s", SLICE_ARG(text_slice(&text)));
    text_fini(&text);
}

static void on_resolved(void *arg, struct names *names)
{
    (void)names;
    desk_prepared(arg);
}

bool reload_prepare(struct deploy *deploy, struct ticket *ticket)
{
    struct report report;
    char words[400];
    int err = 0;

    names_free(ticket->names);
    ticket->names = NULL;
    config_free(ticket->config);
    ticket->config = NULL;
    contracts_free(ticket->contracts);
    ticket->contracts = NULL;
    report_init(&report);
    ticket->read_us = clock_monotonic_us();
    err = loader_load_file(deploy->options.config_path, &report, &ticket->config);
    if (err != 0) {
        print_report(&report, words, sizeof words);
        judge_refuse(ticket, OUTCOME_REFUSED, FAULT_CONFIG_BAD, "config",
                     "the configuration is not valid, nothing was changed: %s", words);
        ticket->is_judged = true;
    }
    report_fini(&report);
    if (err == 0)
        ticket->contracts = contracts_read(ticket->config);
    if (err != 0 || deploy->options.resolver == NULL)
        return true;
    ticket->names = names_new();
    names_add_config(ticket->names, ticket->config);
    names_add_decisions(ticket->names, ticket->change.import != NULL
                                           ? &ticket->change.import->state->decisions
                                           : &deploy->state->decisions);
    names_resolve(ticket->names, deploy->options.resolver, on_resolved, ticket);
    return false;
}

static bool is_slot_of(const struct config_service *service, const char *name)
{
    return config_find_slot(service, slice_from(name)) != NULL;
}

static void fit_active(const struct config_service *configured, struct state_service *service,
                       struct report *report)
{
    const struct config_slot *slot = config_find_slot(configured, slice_from(service->active));

    if (slot != NULL && gate_is_switchable(slot))
        return;
    report_warning(report, "state.json", 0,
                   "service %s: the live slot %s %s; %s is live now, as the configuration says",
                   configured->name, service->active,
                   slot == NULL ? "is not configured any more" : "may not go live any more",
                   configured->active_name);
    snprintf(service->active, sizeof service->active, "%s", configured->active_name);
    service->previous[0] = '\0';
}

/* Decisions about targets that are there no more are dropped; added ones that were configured since are
 * ordinary from now on. */
static void fit_targets(const struct config_service *configured, struct state_service *service)
{
    struct state_target *target = TAILQ_FIRST(&service->targets);

    while (target != NULL) {
        struct state_target *next = TAILQ_NEXT(target, link);
        const struct config_slot *slot = config_find_slot(configured, slice_from(target->slot));
        bool is_configured = slot != NULL && effective_configured(slot, target->name) != NULL;

        if (is_configured)
            target->is_added = false;
        if (slot == NULL || (!target->is_added && !is_configured) ||
            (is_configured && !target->is_removed && !target->has_order && !target->has_weight))
            state_service_drop_target(service, target);
        target = next;
    }
}

static int compare_services(const void *a, const void *b)
{
    const struct state_service *const *first = a;
    const struct state_service *const *second = b;

    return strcmp((*first)->name, (*second)->name);
}

static int compare_name(const void *key, const void *item)
{
    const struct state_service *const *service = item;

    return strcmp(key, (*service)->name);
}

static void fit_service(const struct config_service *configured, const struct state_service *was,
                        struct decisions *out, struct report *report)
{
    size_t index = out->service_count;
    struct state_service *service = decisions_add(out, configured->name);
    const struct state_target *target = NULL;

    if (was == NULL) {
        snprintf(service->active, sizeof service->active, "%s", configured->active_name);
        return;
    }
    snprintf(service->active, sizeof service->active, "%s", was->active);
    snprintf(service->previous, sizeof service->previous, "%s", was->previous);
    memcpy(service->previous_version, was->previous_version, sizeof service->previous_version);
    service->is_previous_tried = was->is_previous_tried;
    service->is_rolled_back = was->is_rolled_back;
    service->switched_wall_us = was->switched_wall_us;
    service->switched_us = was->switched_us;
    service->trial_wall_us = was->trial_wall_us;
    service->switch_count = was->switch_count;
    service->book = was->book;
    service->pins = was->pins;
    TAILQ_FOREACH(target, &was->targets, link)
    {
        struct state_target *copy = state_service_add_target(service, target->slot, target->name);
        struct state_target links = *copy;

        *copy = *target;
        copy->link = links.link;
    }
    CHECK(out->services[index] == service);
    service->canary = was->canary;
    service->hold = was->hold;
    service->maint = was->maint;
    service->confirm = was->confirm;
    fit_active(configured, service, report);
    canary_fit(configured, service, report);
    fit_targets(configured, service);
    if (!is_slot_of(configured, service->previous))
        service->previous[0] = '\0';
    confirm_fit(service, report);
}

void reload_fit_decisions(const struct config *config, const struct decisions *was,
                          struct decisions *out, struct report *report)
{
    size_t count = was->service_count;
    struct state_service **sorted = mem_grow(NULL, count + 1, sizeof *sorted);
    const struct state_service **old = mem_grow(NULL, config->service_count + 1, sizeof *old);
    const struct state_lock *lock = NULL;

    if (count > 0)
        memcpy(sorted, was->services, count * sizeof *sorted);
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, compare_services);
    out->epoch = was->epoch;
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *configured = &config->services[i];
        struct state_service **found =
            count == 0 ? NULL
                       : bsearch(configured->name, sorted, count, sizeof *sorted, compare_name);

        old[i] = found != NULL ? *found : NULL;
        fit_service(configured, old[i], out, report);
    }
    group_fit(config, old, out, report);
    rollout_fit(config, was, out, report);
    free(old);
    free(sorted);
    TAILQ_FOREACH(lock, &was->locks, link)
    {
        struct state_lock *copy = decisions_add_lock(out, lock->name);
        struct state_lock links = *copy;

        *copy = *lock;
        copy->link = links.link;
    }
}

/* Added targets by name remember where they were found this time. */
static void note_addresses(struct decisions *decisions, const struct names *names)
{
    for (size_t i = 0; i < decisions->service_count; i++) {
        struct state_target *target = NULL;

        TAILQ_FOREACH(target, &decisions->services[i]->targets, link)
        {
            struct address address;
            const char *words = NULL;

            if (target->is_added && names_find(names, target->name, &address, &words) == 0)
                address_format(&address, target->address);
        }
    }
}

static enum judgement refuse_dead_active(struct ticket *ticket, const struct decisions *working)
{
    for (size_t i = 0; i < working->service_count; i++) {
        const struct state_service *service = working->services[i];
        const struct config_service *configured =
            config_find_service(ticket->config, slice_from(service->name));
        const struct config_slot *slot =
            configured != NULL ? config_find_slot(configured, slice_from(service->active)) : NULL;

        if (configured == NULL || (slot != NULL && gate_is_switchable(slot)))
            continue;
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_CONFIG_BAD, "active",
                            "service %s: slot %s is live, and the new configuration %s; switch "
                            "away from it first",
                            service->name, service->active,
                            slot == NULL ? "does not have it" : "does not let it be live");
    }
    return JUDGED_DONE;
}

enum judgement reload_judge(struct deploy *deploy, struct ticket *ticket)
{
    struct decisions fitted;
    struct report report;
    char words[200];
    char lost[300] = "";

    if (ticket->config == NULL)
        return judge_refuse(ticket, OUTCOME_FAILED, FAULT_CONFIG_BAD, "config",
                            "the configuration was not read");
    if (ticket->read_us < deploy->config_read_us)
        return judge_same(ticket, "a later reading of the configuration is in force already");
    if (ticket->change.import != NULL)
        return transfer_judge(deploy, ticket);
    if (refuse_dead_active(ticket, &deploy->working) != JUDGED_DONE)
        return JUDGED_REFUSED;
    decisions_init(&fitted);
    report_init(&report);
    reload_fit_decisions(ticket->config, &deploy->working, &fitted, &report);
    if (report.count > 0)
        snprintf(lost, sizeof lost, "; %.290s", report.entries[0].words);
    report_fini(&report);
    if (ticket->names != NULL)
        note_addresses(&fitted, ticket->names);
    if (tenants_fit(deploy, ticket->config, &fitted, words, sizeof words) != 0) {
        decisions_fini(&fitted);
        return judge_refuse(ticket, OUTCOME_REFUSED, FAULT_CONFIG_BAD, "tenant", "%s", words);
    }
    fitted.epoch++;
    decisions_move(&deploy->working, &fitted);
    return judge_done(ticket, "the configuration was loaded: %zu services, epoch %llu%s",
                      ticket->config->service_count, (unsigned long long)deploy->working.epoch,
                      lost);
}
