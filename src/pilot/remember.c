/* See remember_priv.h. Called before anything is moved, so that the number is there when the change is submitted. */
#include "pilot/remember_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/dump.h"
#include "deploy/deploy.h"
#include "deploy/history_entry.h"
#include "deploy/rollout.h"
#include "evidence/record.h"
#include "pilot/casebook.h"
#include "pilot/pilot_priv.h"

/* No ring, no service: the disk is everybody's. */
static void on_trouble(void *arg, const char *words)
{
    struct pilot *pilot = arg;
    struct pilot_alert alert = { .wall_us = clock_wall_us(),
                                 .severity = PILOT_WARN,
                                 .trigger = "decisions" };

    snprintf(alert.words, sizeof alert.words, "a decision is not on disk: %.340s", words);
    (void)alert_log_add(&pilot->alerts, &alert, clock_monotonic_us());
}

/* Decisions that the history names keep their numbers, also when their files are gone. */
static uint64_t find_last(const struct deploy *deploy)
{
    struct history_entry entry;
    uint64_t last = 0;

    for (unsigned i = 0; deploy_history(deploy, i, &entry); i++)
        if (entry.decision > last)
            last = entry.decision;
    return last;
}

int remember_start(struct pilot *pilot, char *words, unsigned words_size)
{
    struct casebook_options options = { .loop = pilot->options.loop,
                                        .state_dir = pilot->options.state_dir,
                                        .above = find_last(pilot->options.deploy),
                                        .trouble = on_trouble,
                                        .arg = pilot };

    return casebook_new(&options, words, words_size, &pilot->casebook);
}

void remember_stop(struct pilot *pilot)
{
    casebook_free(pilot->casebook);
    pilot->casebook = NULL;
}

static void fill(struct pilot *pilot, unsigned service_index, struct decision *out)
{
    const struct lookout *lookout = &pilot->lookouts[service_index];
    const struct config *config = deploy_config(pilot->options.deploy);
    struct deploy_trial_view view;

    deploy_view_trial(pilot->options.deploy, service_index, &view);
    out->wall_us = clock_wall_us();
    out->monotonic_us = clock_monotonic_us();
    out->epoch = snapshot_epoch(snapshot_current());
    out->config_hash = dump_hash(config);
    memcpy(out->service, lookout->name, sizeof out->service);
    memcpy(out->baseline, view.baseline, sizeof out->baseline);
    if (view.kind == TRIAL_NONE)
        return;
    memcpy(out->candidate, view.candidate, sizeof out->candidate);
    memcpy(out->version, view.version, sizeof out->version);
}

static void fill_rows(const struct engine *engine, struct decision *out)
{
    struct engine_view *view = mem_zalloc(sizeof *view);

    engine_look(engine, view);
    out->row_count = view->row_count;
    for (unsigned i = 0; i < view->row_count; i++) {
        struct decision_row *row = &out->rows[i];

        snprintf(row->name, sizeof row->name, "%s", view->rows[i].name);
        row->is_active = view->rows[i].is_active;
        row->evidence = view->rows[i].evidence;
        row->threshold = view->rows[i].threshold;
        row->muted_ms = view->rows[i].muted_ms;
    }
    free(view);
}

/* The action of a case; false: it is none. */
static bool find_action(enum engine_action action, enum decision_action *out)
{
    switch (action) {
    case ENGINE_ROLLBACK: *out = DECISION_ROLLBACK; return true;
    case ENGINE_HOLD: *out = DECISION_HOLD; return true;
    case ENGINE_BLOCKED: *out = DECISION_BLOCKED; return true;
    case ENGINE_SHARED: *out = DECISION_SHARED; return true;
    case ENGINE_CONCENTRATED: *out = DECISION_CONCENTRATED; return true;
    case ENGINE_ALERT:
    case ENGINE_CRITICAL:
    case ENGINE_UNHELPED: *out = DECISION_ALERT; return true;
    case ENGINE_WARNING:
    case ENGINE_CLEARED: return false;
    }
    return false;
}

static void *take_record(const struct lookout *lookout, const struct decision *decision,
                         uint64_t *bytes)
{
    struct record_stamp stamp = { .wall_ms = decision->wall_us / 1000,
                                  .config_hash = decision->config_hash };
    struct text out;

    *bytes = 0;
    if (lookout->record == NULL)
        return NULL;
    text_init(&out, RECORD_BYTES_MAX);
    if (record_take(lookout->record, lookout->engine, stamp, &out) != 0 || text_is_cut(&out)) {
        text_fini(&out);
        return NULL;
    }
    *bytes = out.len;
    return text_take(&out);
}

uint64_t remember_event(struct pilot *pilot, unsigned service_index,
                        const struct engine_event *event, bool is_shared, const char *words)
{
    const struct lookout *lookout = &pilot->lookouts[service_index];
    struct decision decision = { .has_event = true, .event = *event };
    uint64_t bytes = 0;
    void *record = NULL;

    if (!find_action(event->action, &decision.action))
        return 0;
    if (is_shared)
        decision.action = DECISION_SHARED;
    fill(pilot, service_index, &decision);
    fill_rows(lookout->engine, &decision);
    memcpy(decision.trigger, event->trigger, sizeof decision.trigger);
    snprintf(decision.words, sizeof decision.words, "%s", words);
    record = take_record(lookout, &decision, &bytes);
    return casebook_add(pilot->casebook, &decision, record, bytes);
}

/* The sides of the rollout that takes the step. While it gives no traffic yet, what is on trial may be the slot that it
 * is going to replace; false: then nothing that is known is about the rollout's own slot. */
static bool fit_sides(const struct pilot *pilot, unsigned service_index, struct decision *out)
{
    struct deploy_rollout_view rollout;
    bool is_same = false;

    deploy_view_rollout(pilot->options.deploy, service_index, &rollout);
    if (rollout.id == 0 || !rollout_is_running(rollout.phase))
        return true;
    is_same = strcmp(out->candidate, rollout.to) == 0;
    memcpy(out->candidate, rollout.to, sizeof out->candidate);
    memcpy(out->baseline, rollout.from, sizeof out->baseline);
    if (!is_same)
        memcpy(out->version, rollout.version, sizeof out->version);
    return is_same;
}

uint64_t remember_step(struct pilot *pilot, unsigned service_index, enum decision_action action,
                       const char *trigger, const char *words)
{
    const struct lookout *lookout = &pilot->lookouts[service_index];
    struct decision decision = { .action = action };
    uint64_t bytes = 0;
    void *record = NULL;
    bool is_judged = false;

    fill(pilot, service_index, &decision);
    snprintf(decision.trigger, sizeof decision.trigger, "%s", trigger);
    snprintf(decision.words, sizeof decision.words, "%s", words);
    is_judged = fit_sides(pilot, service_index, &decision);
    if (is_judged && lookout->engine != NULL && lookout->trial != 0) {
        fill_rows(lookout->engine, &decision);
        record = take_record(lookout, &decision, &bytes);
    }
    return casebook_add(pilot->casebook, &decision, record, bytes);
}

uint64_t remember_case(struct pilot *pilot, unsigned service_index, enum decision_action action,
                       const char *trigger, const char *words)
{
    struct decision decision = { .action = action };

    fill(pilot, service_index, &decision);
    snprintf(decision.trigger, sizeof decision.trigger, "%s", trigger);
    snprintf(decision.words, sizeof decision.words, "%s", words);
    return casebook_add(pilot->casebook, &decision, NULL, 0);
}
