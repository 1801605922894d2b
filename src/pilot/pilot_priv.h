/*
 * The body of struct pilot and the inner borders of the room: lookout.c is one service's tick, act.c moves and speaks,
 * alert_log.c remembers what was said. Control thread.
 */
#ifndef PILOT_PILOT_PRIV_H
#define PILOT_PILOT_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/text.h"
#include "deploy/change.h"
#include "deploy/deploy_view.h"
#include "evidence/counts.h"
#include "evidence/engine.h"
#include "evidence/settings.h"
#include "pilot/act_priv.h"
#include "pilot/alert_log_priv.h"
#include "pilot/cohorts_priv.h"
#include "pilot/comparison_priv.h"
#include "pilot/front_check_priv.h"
#include "pilot/pilot.h"
#include "pilot/second_look_priv.h"
#include "route/slot_evidence.h"

struct cohorts;
struct config_service;
struct drill;
struct past;
struct record;
struct snapshot_service;

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
};

/* A change on its way. Owner: the pilot. Ends by its answer. */
struct move {
    TAILQ_ENTRY(move) link;
    struct pilot *pilot;
    char service[64];
    uint64_t trial;
    char words[sizeof((struct pilot_alert *)0)->words]; /* the whole explanation */
    struct change change;
};
TAILQ_HEAD(moves, move);

struct pilot {
    struct pilot_options options;
    struct timer *timer;
    uint64_t tick_ms; /* 0: nothing to watch */
    struct lookout *lookouts;
    unsigned lookout_count;
    struct moves moves;
    struct pinnings pinnings;
    struct driver *driver;
    struct front_checks front_checks;
    struct alert_log alerts;
    struct pilot_rollbacks *rollbacks; /* PILOT_ROLLBACKS_MAX */
    unsigned rollback_count;
    struct counts candidate, baseline, scratch;
    struct casebook *casebook;
    struct past *past;
    uint64_t began_us;   /* monotonic */
    struct drill *drill; /* NULL: none goes on */
    struct signals *signals;
    struct signal_rates *signal_rates;
    struct timer *signal_timer; /* armed while there are signals */
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
