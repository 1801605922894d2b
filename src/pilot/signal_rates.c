/*
 * See signal_rates_priv.h. What a slot has counted is read by differences from a mark: a tally that is new counts from its
 * beginning, a new rule from what the tallies of that moment say.
 */
#include "pilot/signal_rates_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "config/config.h"
#include "deploy/deploy_view.h"
#include "pilot/pilot_priv.h"
#include "pilot/rate_window_priv.h"
#include "pilot/signals.h"
#include "route/snapshot.h"
#include "route/status_tally.h"

/* How far a slot's tally was read. */
struct rate_mark {
    const struct status_tally *tally; /* compared only */
    uint64_t count;
};

struct rate_rule {
    char service[64];
    unsigned service_index;
    const struct config_signal *signal;
    uint64_t print; /* of what is counted: another one begins anew */
    uint64_t trial; /* that is counted; 0: none */
    unsigned mark_count;
    struct rate_mark *marks; /* as the slots of the picture */
    struct rate_window window;
};

struct signal_rates {
    struct rate_rule *rules;
    unsigned count;
};

struct signal_rates *signal_rates_new(void)
{
    struct signal_rates *rates = mem_zalloc(sizeof *rates);

    return rates;
}

static void drop_rules(struct signal_rates *rates)
{
    for (unsigned i = 0; i < rates->count; i++)
        free(rates->rules[i].marks);
    free(rates->rules);
}

void signal_rates_free(struct signal_rates *rates)
{
    if (rates == NULL)
        return;
    drop_rules(rates);
    free(rates);
}

static struct rate_mark *find_mark(const struct rate_rule *rule, const struct status_tally *tally)
{
    for (unsigned i = 0; i < rule->mark_count; i++)
        if (rule->marks[i].tally == tally)
            return &rule->marks[i];
    return NULL;
}

/* What the slot has counted since it was read last; mark gets how far. */
static uint64_t read_slot(const struct rate_rule *rule, const struct slot *slot,
                          struct rate_mark *mark)
{
    const struct status_tally *tally = atomic_load_explicit(&slot->tally, memory_order_relaxed);
    const struct rate_mark *was = tally != NULL ? find_mark(rule, tally) : NULL;
    uint64_t before = was != NULL ? was->count : 0;

    *mark = (struct rate_mark){ .tally = tally };
    if (!status_tally_sum(tally, rule->signal->name, &mark->count))
        return 0;
    return mark->count >= before ? mark->count - before : mark->count;
}

static uint64_t print_of(const struct config_signal *signal)
{
    uint64_t print = hash_bytes(signal->per, signal->path != NULL ? signal->path : "",
                                signal->path != NULL ? strlen(signal->path) : 0);

    print = hash_bytes(print, signal->name, strlen(signal->name));
    print = hash_bytes(print, signal->status.items,
                       signal->status.count * sizeof *signal->status.items);
    return hash_bytes(print, &signal->of, sizeof signal->of);
}

/* True: it was there before. */
static bool take_old(struct signal_rates *rates, struct rate_rule *rule)
{
    for (unsigned i = 0; i < rates->count; i++) {
        struct rate_rule *old = &rates->rules[i];

        if (old->print != rule->print || strcmp(old->service, rule->service) != 0)
            continue;
        rule->trial = old->trial;
        rule->mark_count = old->mark_count;
        rule->marks = old->marks;
        rule->window = old->window;
        old->marks = NULL;
        old->print = 0;
        return true;
    }
    return false;
}

/* A new rule looks at the same counters as one that went before, from here on. */
static void begin(struct rate_rule *rule)
{
    const struct snapshot *snapshot = snapshot_current();
    const struct snapshot_service *service = NULL;

    if (snapshot == NULL || rule->service_index >= snapshot_service_count(snapshot))
        return;
    service = snapshot_service_at(snapshot, rule->service_index);
    rule->marks = mem_zalloc((service->slot_count + 1) * sizeof *rule->marks);
    for (unsigned i = 0; i < service->slot_count; i++)
        (void)read_slot(rule, service->slots[i].slot, &rule->marks[i]);
    rule->mark_count = service->slot_count;
}

static void make_rule(struct signal_rates *rates, struct rate_rule *rule,
                      const struct config_service *service, const struct config_signal *signal)
{
    rule->signal = signal;
    rule->print = print_of(signal);
    snprintf(rule->service, sizeof rule->service, "%s", service->name);
    rate_window_init(&rule->window, signal->per);
    if (!take_old(rates, rule))
        begin(rule);
}

void signal_rates_configure(struct signal_rates *rates, const struct config *config)
{
    struct rate_rule *rules = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < config->service_count; i++)
        for (size_t k = 0; k < config->services[i].signal_count; k++) {
            if (!config_signal_is_counted(&config->services[i].signals[k]))
                continue;
            rules = mem_grow(rules, count + 1, sizeof *rules);
            memset(&rules[count], 0, sizeof rules[count]);
            rules[count].service_index = (unsigned)i;
            make_rule(rates, &rules[count++], &config->services[i],
                      &config->services[i].signals[k]);
        }
    drop_rules(rates);
    rates->rules = rules;
    rates->count = count;
}

/* Of one candidate nothing follows for the next one. */
static void meet_trial(struct rate_rule *rule, const struct deploy_trial_view *trial)
{
    uint64_t id = trial->kind != TRIAL_NONE ? trial->id : 0;

    if (rule->signal->of != CONFIG_SIGNAL_OF_CANDIDATE || rule->trial == id)
        return;
    rule->trial = id;
    rate_window_init(&rule->window, rule->signal->per);
}

static bool is_meant(const struct rate_rule *rule, const struct slot *slot,
                     const struct deploy_trial_view *trial)
{
    if (rule->signal->of == CONFIG_SIGNAL_OF_SERVICE)
        return true;
    return trial->kind != TRIAL_NONE && strcmp(slot->name, trial->candidate) == 0;
}

static void tick_rule(struct rate_rule *rule, struct pilot *pilot, uint64_t now_us)
{
    const struct snapshot_service *service =
        snapshot_service_at(snapshot_current(), rule->service_index);
    struct rate_mark *marks = mem_zalloc((service->slot_count + 1) * sizeof *marks);
    struct deploy_trial_view trial;
    uint64_t count = 0;
    char value[24];

    deploy_view_trial(pilot->options.deploy, rule->service_index, &trial);
    meet_trial(rule, &trial);
    for (unsigned i = 0; i < service->slot_count; i++) {
        const struct slot *slot = service->slots[i].slot;
        uint64_t more = read_slot(rule, slot, &marks[i]);

        count += is_meant(rule, slot, &trial) ? more : 0;
    }
    free(rule->marks);
    rule->marks = marks;
    rule->mark_count = service->slot_count;
    snprintf(value, sizeof value, "%" PRIu64, rate_window_add(&rule->window, count, now_us));
    signals_set(pilot->signals, rule->service_index, rule->signal->name, value, now_us);
}

void signal_rates_tick(struct signal_rates *rates, struct pilot *pilot, uint64_t now_us)
{
    for (unsigned i = 0; i < rates->count; i++)
        tick_rule(&rates->rules[i], pilot, now_us);
}
