/*
 * See measure_priv.h. Places are slots of services; subjects are their ready targets, kept by name, because a target
 * may go while something else is asked. A measure outlives its ticket as long as answers are on their way.
 */
#include "deploy/measure_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deploy/deploy_priv.h"
#include "deploy/effective_priv.h"
#include "deploy/fresh_look_priv.h"
#include "deploy/gate_priv.h"
#include "deploy/move_priv.h"
#include "deploy/rollout_priv.h"
#include "health/health.h"
#include "health/warmup.h"

/* Owner: the measure. */
struct subject {
    struct measure *measure;
    size_t place;
    char target[136];
    bool is_asked;   /* the answer of this step is on its way */
    bool is_warming; /* by health_warm */
    bool is_out;     /* found unfit: later steps leave it alone */
};

struct place {
    char service[64];
    char slot[64];
    unsigned probed;
    unsigned good; /* probes */
    unsigned warmed;
    unsigned cold;
    char probe_words[272]; /* of the last bad one */
    char warm_words[464];
};

/* Owner: deploy->measures. Ends by measure_drop, or by the last answer after it. */
struct measure {
    TAILQ_ENTRY(measure) link;
    struct deploy *deploy;
    struct ticket *ticket;    /* NULL: withdrawn */
    size_t step;              /* the next one */
    unsigned open;            /* answers that are waited for */
    struct fresh_look *looks; /* at databases; NULL: none is waited for */
    struct place *places;
    size_t place_count;
    struct subject *subjects;
    size_t subject_count;
};

bool measure_is_wanted(enum change_kind kind)
{
    return kind == CHANGE_SWITCH || kind == CHANGE_CANARY_START || kind == CHANGE_CANARY_PROMOTE ||
           kind == CHANGE_ROLLOUT_ADVANCE || kind == CHANGE_ROLLOUT_PHASE;
}

/* No target is asked: a pin must lead somewhere, and may lead to where nobody answers yet. */
static bool is_pinning(enum change_kind kind)
{
    return kind == CHANGE_TENANT_PIN || kind == CHANGE_TENANT_LOAD;
}

static bool is_exempt(const struct deploy *deploy, const struct ticket *ticket)
{
    bool has_eyes = deploy->options.health != NULL || deploy->options.databases != NULL;
    enum change_kind kind = ticket->change.kind;

    return (!measure_is_wanted(kind) && !is_pinning(kind)) || !has_eyes || deploy->is_stopped ||
           gate_is_forced(ticket) ||
           (ticket->is_internal && ticket->change.kind != CHANGE_ROLLOUT_PHASE);
}

static struct measure *make_measure(struct deploy *deploy)
{
    struct measure *measure = mem_zalloc(sizeof *measure);

    measure->deploy = deploy;
    TAILQ_INSERT_TAIL(&deploy->measures, measure, link);
    return measure;
}

static void free_measure(struct measure *measure)
{
    TAILQ_REMOVE(&measure->deploy->measures, measure, link);
    fresh_look_free(measure->looks);
    free(measure->places);
    free(measure->subjects);
    free(measure);
}

static bool has_warmup(const struct config_service *service)
{
    return service->warmup.connections > 0 ||
           (service->warmup.path != NULL && service->warmup.requests > 0);
}

static void add_subjects(struct measure *measure, const struct config_slot *slot,
                         const struct state_service *decided)
{
    struct effective *list = NULL;
    size_t count = effective_targets(slot, decided, &list);

    for (size_t i = 0; i < count; i++) {
        struct subject *subject = NULL;

        if (list[i].order != ORDER_READY)
            continue;
        measure->subjects =
            mem_grow(measure->subjects, measure->subject_count + 1, sizeof *measure->subjects);
        subject = &measure->subjects[measure->subject_count++];
        *subject = (struct subject){ .measure = measure, .place = measure->place_count };
        snprintf(subject->target, sizeof subject->target, "%s", list[i].name);
    }
    free(list);
}

/* Nothing for a slot that it cannot go to, or is on already. */
static void add_place(struct measure *measure, const struct ticket *ticket,
                      const struct config_service *service, const struct state_service *decided,
                      const char *slot_name)
{
    const struct config_slot *slot = NULL;
    struct place *place = NULL;

    if (slot_name == NULL || strcmp(decided->active, slot_name) == 0)
        return;
    slot = config_find_slot(service, slice_from(slot_name));
    if (slot == NULL || !gate_is_switchable(slot) ||
        !(service->health.enabled || (has_warmup(service) && !ticket->change.plan_only)))
        return;
    measure->places = mem_grow(measure->places, measure->place_count + 1, sizeof *measure->places);
    place = &measure->places[measure->place_count];
    *place = (struct place){ 0 };
    snprintf(place->service, sizeof place->service, "%s", service->name);
    snprintf(place->slot, sizeof place->slot, "%s", slot->name);
    add_subjects(measure, slot, decided);
    measure->place_count++;
}

/* The slot that the whole scope is promoted to; NULL: there is no canary. */
static const char *find_candidate(const struct decisions *decisions, const struct scope *scope)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct state_service *service = decisions->services[gate_scope_at(scope, i)];

        if (service->canary.candidate[0] != '\0')
            return service->canary.candidate;
    }
    return NULL;
}

/* Where the change would go, by these decisions. */
static void find_places(const struct deploy *deploy, const struct ticket *ticket,
                        const struct decisions *decisions, struct measure *measure)
{
    const struct change *change = &ticket->change;
    struct scope scope;

    if (is_pinning(change->kind) || !gate_look_up(deploy->config, change->name, &scope))
        return;
    for (size_t i = 0; i < scope.count; i++) {
        size_t index = gate_scope_at(&scope, i);
        const struct config_service *service = &deploy->config->services[index];
        const struct state_service *decided = decisions->services[index];
        const char *slot = change->slot;

        if (change->kind == CHANGE_CANARY_PROMOTE)
            slot = find_candidate(decisions, &scope);
        else if (change->kind == CHANGE_ROLLOUT_ADVANCE || change->kind == CHANGE_ROLLOUT_PHASE)
            slot = rollout_destination(deploy, decisions, change);
        else if (change->slot[0] == '\0')
            slot = move_default(service, decided);
        add_place(measure, ticket, service, decided, slot);
    }
}

static struct place *find_place(const struct measure *measure, const char *service,
                                const char *slot)
{
    for (size_t i = 0; i < measure->place_count; i++)
        if (strcmp(measure->places[i].service, service) == 0 &&
            strcmp(measure->places[i].slot, slot) == 0)
            return &measure->places[i];
    return NULL;
}

/* The service of a subject and its target as they are now; NULL: it is there no more. */
static struct target *find_target(const struct subject *subject,
                                  const struct config_service **service)
{
    const struct deploy *deploy = subject->measure->deploy;
    const struct place *place = &subject->measure->places[subject->place];
    const struct reg_slot *slot = NULL;
    const struct reg_target *target = NULL;

    *service = config_find_service(deploy->config, slice_from(place->service));
    if (*service == NULL)
        return NULL;
    slot = registry_find_slot(deploy->registry.by_index[*service - deploy->config->services],
                              place->slot);
    target = slot != NULL ? registry_find_target(slot, subject->target) : NULL;
    return target != NULL ? target->target : NULL;
}

static void advance(struct measure *measure);

static void take_answer(struct subject *subject)
{
    subject->is_asked = subject->is_warming = false;
    subject->measure->open--;
    advance(subject->measure);
}

static void ask(struct subject *subject)
{
    subject->is_asked = true;
    subject->measure->open++;
}

static void on_probed(void *arg, const struct probe_result *result)
{
    struct subject *subject = arg;
    struct place *place = &subject->measure->places[subject->place];

    subject->is_out = result->fault != FAULT_NONE;
    place->good += !subject->is_out;
    if (subject->is_out)
        snprintf(place->probe_words, sizeof place->probe_words, "%s: %s", subject->target,
                 result->words[0] != '\0' ? result->words : fault_words(result->fault));
    take_answer(subject);
}

static void start_probe(struct subject *subject, struct target *target,
                        const struct config_service *service)
{
    if (!service->health.enabled || subject->measure->deploy->options.health == NULL ||
        health_probe_now(subject->measure->deploy->options.health, target, on_probed, subject) != 0)
        return;
    subject->measure->places[subject->place].probed++;
    ask(subject);
}

/* How many are open is no gate: the requests and the traffic open what is missing. */
static void on_connected(void *arg, unsigned open)
{
    (void)open;
    take_answer(arg);
}

static void start_connections(struct subject *subject, struct target *target,
                              const struct config_service *service)
{
    const struct deploy_options *options = &subject->measure->deploy->options;

    if (service->warmup.connections == 0 || subject->measure->ticket->change.plan_only ||
        options->ops == NULL || options->ops->warm == NULL)
        return;
    ask(subject);
    options->ops->warm(options->ops_arg, target, (unsigned)service->warmup.connections,
                       on_connected, subject);
}

static void note_warmth(struct subject *subject, bool is_warm, const char *words)
{
    struct place *place = &subject->measure->places[subject->place];

    place->warmed += is_warm;
    place->cold += !is_warm;
    if (!is_warm || place->cold == 0)
        snprintf(place->warm_words, sizeof place->warm_words, "%s: %s", subject->target, words);
}

static void on_warmed(void *arg, const struct warmup_result *result)
{
    note_warmth(arg, result->is_warm, result->words);
    take_answer(arg);
}

static void start_requests(struct subject *subject, struct target *target,
                           const struct config_service *service)
{
    const struct config_warmup *warmup = &service->warmup;
    struct warmup_spec spec = {
        .path = warmup->path,
        .host = service->health.host,
        .requests = (unsigned)warmup->requests,
        .concurrency = (unsigned)warmup->concurrency,
        .p95_us = warmup->p95,
        .timeout_us = warmup->timeout,
    };

    if (warmup->path == NULL || warmup->requests == 0 ||
        subject->measure->ticket->change.plan_only ||
        subject->measure->deploy->options.health == NULL)
        return;
    if (health_warm(subject->measure->deploy->options.health, target, &spec, on_warmed, subject) !=
        0) {
        note_warmth(subject, false, "it cannot be asked");
        return;
    }
    subject->is_warming = true;
    ask(subject);
}

/* In this order; each asks one subject, and raises `open` when an answer will come. */
typedef void step_fn(struct subject *subject, struct target *target,
                     const struct config_service *service);
static step_fn *const steps[] = { start_probe, start_connections, start_requests };

/* With a place where nobody answers there is nothing to go on with. */
static bool has_failed(const struct measure *measure)
{
    for (size_t i = 0; i < measure->place_count; i++)
        if (measure->places[i].probed > 0 && measure->places[i].good == 0)
            return true;
    return false;
}

static void start_step(struct measure *measure, step_fn *start)
{
    measure->open++; /* not to be over before all are asked */
    for (size_t i = 0; i < measure->subject_count; i++) {
        struct subject *subject = &measure->subjects[i];
        const struct config_service *service = NULL;
        struct target *target = subject->is_out ? NULL : find_target(subject, &service);

        if (target != NULL)
            start(subject, target, service);
    }
    measure->open--;
}

/* On to the next step when all answers are there; at the end the ticket goes on. */
static void advance(struct measure *measure)
{
    size_t count = sizeof steps / sizeof steps[0];

    while (measure->open == 0 && measure->ticket != NULL && measure->ticket->done != NULL &&
           measure->step < count && !has_failed(measure))
        start_step(measure, steps[measure->step++]);
    if (measure->open > 0)
        return;
    if (measure->ticket == NULL)
        free_measure(measure);
    else
        desk_prepared(measure->ticket);
}

static void on_looked(void *arg)
{
    struct measure *measure = arg;

    fresh_look_free(measure->looks);
    measure->looks = NULL;
    measure->open--;
    advance(measure);
}

/* First of all: what was migrated a moment ago must have been seen. */
static void start_looks(struct measure *measure, const struct change *change)
{
    if (is_pinning(change->kind) && !tenants_leads_away(measure->deploy, change))
        return;
    measure->looks = fresh_look_new(measure->deploy, change, on_looked, measure);
    measure->open += measure->looks != NULL;
}

bool measure_prepare(struct deploy *deploy, struct ticket *ticket)
{
    measure_drop(ticket->measure);
    ticket->measure = NULL;
    if (is_exempt(deploy, ticket))
        return true;
    ticket->measure = make_measure(deploy);
    find_places(deploy, ticket, &deploy->state->decisions, ticket->measure);
    start_looks(ticket->measure, &ticket->change);
    if (ticket->measure->place_count == 0 && ticket->measure->looks == NULL)
        return true;
    ticket->measure->ticket = ticket;
    ticket->measure_count++;
    advance(ticket->measure);
    return false;
}

bool measure_is_stale(const struct deploy *deploy, const struct ticket *ticket)
{
    struct measure now = { 0 };
    bool is_stale = false;

    if (is_exempt(deploy, ticket))
        return false;
    find_places(deploy, ticket, &deploy->working, &now);
    for (size_t i = 0; i < now.place_count && !is_stale; i++)
        is_stale = ticket->measure == NULL ||
                   find_place(ticket->measure, now.places[i].service, now.places[i].slot) == NULL;
    free(now.places);
    free(now.subjects);
    return is_stale;
}

static enum judgement check_probes(struct ticket *ticket, const struct place *place)
{
    if (place->probed > 0 && place->good == 0)
        return judge_gate(ticket, "probe", false,
                          "%s/%s: none of %u ready targets answers a probe now (%s); see switchctl "
                          "targets %s, or --force --reason",
                          place->service, place->slot, place->probed, place->probe_words,
                          place->service);
    if (place->probed == 0)
        return JUDGED_DONE;
    return judge_gate(ticket, "probe", true, "%s/%s: %u of %u targets answer now", place->service,
                      place->slot, place->good, place->probed);
}

enum judgement measure_check(struct ticket *ticket, const char *service, const char *slot)
{
    const struct place *place =
        ticket->measure != NULL ? find_place(ticket->measure, service, slot) : NULL;

    if (place == NULL)
        return JUDGED_DONE;
    if (check_probes(ticket, place) != JUDGED_DONE)
        return JUDGED_REFUSED;
    if (place->warmed + place->cold == 0)
        return JUDGED_DONE;
    return judge_gate(ticket, "warmup", place->cold == 0, "%s/%s: %s", service, slot,
                      place->warm_words);
}

void measure_drop(struct measure *measure)
{
    if (measure == NULL)
        return;
    measure->ticket = NULL;
    for (size_t i = 0; i < measure->subject_count; i++) {
        struct subject *subject = &measure->subjects[i];

        if (!subject->is_warming)
            continue;
        health_warm_cancel(measure->deploy->options.health, subject);
        measure->open--;
    }
    if (measure->looks != NULL) {
        fresh_look_free(measure->looks);
        measure->looks = NULL;
        measure->open--;
    }
    if (measure->open == 0)
        free_measure(measure);
}

void measure_fini(struct deploy *deploy)
{
    while (!TAILQ_EMPTY(&deploy->measures))
        free_measure(TAILQ_FIRST(&deploy->measures));
}
