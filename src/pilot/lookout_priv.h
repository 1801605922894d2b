/*
 * One service as the pilot watches it: what was counted, the engine that judges it, and what waits for an answer. See
 * lookout.c. Control thread.
 */
#ifndef PILOT_LOOKOUT_PRIV_H
#define PILOT_LOOKOUT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/deploy_view.h"
#include "evidence/engine.h"
#include "evidence/settings.h"
#include "pilot/comparison_priv.h"
#include "pilot/pilot.h"
#include "pilot/prior_priv.h"
#include "pilot/second_look_priv.h"
#include "route/slot_evidence.h"

struct cohorts;
struct config_service;
struct record;
struct slot;

/* How far the counters of a slot were read. */
struct seat {
    const struct slot *slot; /* NULL: not yet */
    struct slot_evidence_mark mark;
};

/* Which of a slot's checks the engine has been told of. */
struct heard {
    uint64_t at_us;     /* when; 0: of none yet */
    uint64_t result_us; /* the newest result then */
};

/* One service under judgement. Owner: the pilot. Ends with the configuration that has it. */
struct lookout {
    char name[64];
    struct engine *engine;    /* NULL: the service is not judged */
    struct settings settings; /* as the engine has them */
    struct seat *seats;       /* as the slots of the picture */
    unsigned seat_count;
    uint64_t last_us; /* of the last tick, monotonic; 0: none yet */
    struct heard candidate_heard, baseline_heard;
    uint64_t trial;          /* its id; 0: none */
    uint64_t moved;          /* the trial that was taken back by itself; 0: none */
    uint64_t after_until_us; /* so long it is looked whether that helped */
    char left[64];           /* the slot that was left then */
    uint64_t blocked_until_us;
    uint64_t unfit_until_us; /* the other side had no target lately: no move before */
    unsigned open_moves;     /* submitted, not answered */
    uint64_t alerts[PILOT_SEVERITIES];
    struct record *record;   /* of the trial; NULL: there is none */
    struct cohorts *cohorts; /* NULL: no tenant is pinned */
    struct comparison_marks marks;
    char quarantined[64];          /* what pilot_look showed last */
    struct deploy_trial_view view; /* of the last tick */
    struct second_look second_look;
    struct prior prior;
    uint64_t reminded_us; /* of the switch that was reminded of; 0: none */
};

void lookout_fini(struct pilot *pilot, struct lookout *lookout);

/* For this service of the configuration: memory and marks stay, an engine comes, goes or gets its new settings. */
void lookout_configure(struct pilot *pilot, struct lookout *lookout,
                       const struct config_service *configured);
void lookout_tick(struct pilot *pilot, unsigned service_index, uint64_t now_us);

/* Whether a rollback of the service would be carried out, not only reported, by what is decided now. left_us: of the
 * window. */
bool lookout_is_automatic(const struct pilot *pilot, unsigned service_index,
                          const struct deploy_trial_view *view, uint64_t *left_us);
/* The rows begin anew; what is known of the baseline stays. */
void lookout_rearm(struct lookout *lookout);
struct lookout *lookout_find(struct pilot *pilot, const char *name);

#endif
