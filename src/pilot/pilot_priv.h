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
#include "evidence/counts.h"
#include "pilot/act_priv.h"
#include "pilot/alert_log_priv.h"
#include "pilot/cohorts_priv.h"
#include "pilot/front_check_priv.h"
#include "pilot/lookout_priv.h"
#include "pilot/pilot.h"

struct drill;
struct past;
struct signal_rates;

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
    uint64_t began_us;    /* monotonic */
    uint64_t reminded_us; /* when it was last looked whether somebody is to be reminded */
    struct drill *drill;  /* NULL: none goes on */
    struct signals *signals;
    struct signal_rates *signal_rates;
    struct timer *signal_timer; /* armed while there are signals */
};

#endif
