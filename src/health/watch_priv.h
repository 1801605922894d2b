/*
 * The bodies of health and of what it keeps for each target, for the sources of this room.
 */
#ifndef HEALTH_WATCH_PRIV_H
#define HEALTH_WATCH_PRIV_H

#include <sys/queue.h>

#include "health/eject_priv.h"
#include "health/health.h"
#include "health/probe_priv.h"
#include "health/window_priv.h"

struct timer;
struct warmup;
struct watch;

/* A probe besides the schedule, and who wants to know. Owner: its watch. */
struct ask {
    TAILQ_ENTRY(ask) link;
    struct watch *watch;
    struct probe *probe;
    health_probed_fn *done;
    void *arg;
};

/* One target's health. Owner: health. Ends by health_forget. */
struct watch {
    uint32_t magic;
    bool is_queued; /* due, but too many probes are under way */
    struct health *health;
    struct target *target;
    struct probe_spec *spec;
    struct probe *probe; /* of the schedule; NULL: none under way */
    struct timer *timer; /* armed while there is none */
    uint64_t due_us;
    struct window window;
    bool is_misdeployed; /* the last answer that says who it is said another slot */
    uint64_t told_us;    /* when the verdict that counts changed last; 0: it has not */
    uint64_t told_count;
    struct eject eject;
    uint16_t gauge_mask; /* of the newest answer that had a body */
    double gauges[PROBE_GAUGES_MAX];
    TAILQ_HEAD(ask_list, ask) asks;
    TAILQ_HEAD(warmup_list, warmup) warmups;
    TAILQ_ENTRY(watch) link;
    TAILQ_ENTRY(watch) queued;
};

struct health {
    uint32_t magic;
    unsigned in_flight; /* scheduled probes */
    struct loop *loop;
    const struct health_ops *ops;
    void *arg;
    struct timer *tick; /* for passive findings */
    uint64_t random;
    TAILQ_HEAD(watch_list, watch) watches;
    TAILQ_HEAD(watch_queue, watch) queue;
};

struct watch *watch_find(const struct target *target); /* NULL: not watched */

/* Ends the warm-ups of a watch that goes away, and tells who waits for them. */
void warmup_refuse_all(struct watch *watch);

/* What counts: the window's verdict, unless the target is misdeployed or ejected. */
enum verdict watch_verdict(const struct watch *watch);

/* Something else than a result may have changed the verdict from `was`: announces it when it did. */
void watch_overrule(struct watch *watch, enum verdict was, const char *words);

/* Makes the watch's verdict the target's and tells. The watch may be gone afterwards. */
void watch_announce(struct watch *watch, enum verdict was, const char *words);

/* Asks again within half a second, whatever the interval. */
void watch_hurry(struct watch *watch);

/* Looks for targets that workers cannot connect to, every HEALTH_TICK_MS. */
enum { HEALTH_TICK_MS = 100 };
void passive_on_tick(void *arg);

#endif
