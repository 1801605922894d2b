/*
 * Is a target fit? Every watched target is probed for ever, whatever its slot's role, at its interval with
 * jitter, and faster (500 ms) while its verdict is unknown or about to change. From unknown the first result
 * decides; later a verdict changes after `rise` good or `fall` bad results in a row.
 *
 * Passive: three connect failures in a row, reported by workers (target_report_connect), take a target down
 * within 100 ms, but never the last fit one of its slot in the published snapshot; probes bring it back.
 * Where it is configured, errors of traffic eject a target for a while, in the same way but by themselves.
 *
 * At most HEALTH_FLIGHT_MAX probes run at a time; others wait their turn. Thread: the control loop's.
 */
#ifndef HEALTH_HEALTH_H
#define HEALTH_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "health/probe.h"
#include "route/target.h"

struct health;
struct loop;

enum { HEALTH_FLIGHT_MAX = 256, HEALTH_HISTORY = 64, HEALTH_PASSIVE_FAILURES = 3 };

struct health_ops {
    /* The verdict has changed, because of words. From the loop only, never from inside a function below. The
     * callee may call any of them but health_free, also health_forget for this target. May be NULL. */
    void (*on_verdict)(void *arg, struct target *target, enum verdict was, enum verdict is,
                       const char *words);
};

struct health *health_new(struct loop *loop, const struct health_ops *ops, void *arg);

/* Forgets all targets. */
void health_free(struct health *health);

/*
 * Watches a target, or changes how: the same spec again changes nothing; another one abandons the probe under
 * way, keeps verdict and history, and asks anew soon. The target must live until health_forget.
 */
void health_watch(struct health *health, struct target *target, const struct probe_spec *spec);
void health_forget(struct health *health, struct target *target); /* unwatched: nothing happens */

/* True when every watched target whose health is enabled has a verdict other than unknown. */
bool health_all_known(const struct health *health);

typedef void health_probed_fn(void *arg, const struct probe_result *result);

/*
 * One probe now, besides the schedule, as a gate; its result counts like others. done is called once, later,
 * from the loop. When the target is forgotten or its health switched off before, it is called from inside that
 * function with FAULT_TARGET_EVICTED. ERR_NOT_FOUND: not watched; ERR_DENIED: health is off for it.
 */
MUST_CHECK int health_probe_now(struct health *health, struct target *target,
                                health_probed_fn *done, void *arg);

/* Times are monotonic microseconds (loop_now_us), 0: never. */
struct health_view {
    enum probe_database database; /* what the newest good answer said of it */
    uint64_t database_since_us;   /* since when it says so */
    enum verdict verdict;
    bool is_enabled;
    bool is_passive; /* the last change was a passive finding */
    bool is_ejected; /* taken out by the errors of traffic, for a while */
    uint64_t ejected_until_us;
    uint64_t ejections;
    uint64_t since_us; /* of the verdict */
    uint64_t changes;  /* of the verdict, from the first result on */
    uint64_t results;
    uint64_t failures;
    uint64_t history;       /* bit 0 is the newest result, 1: good */
    unsigned history_count; /* up to HEALTH_HISTORY */
    unsigned run;           /* equal results in a row, up to now */
    uint64_t last_us;       /* the last result came */
    uint64_t last_duration_us;
    enum fault last_fault;
    uint16_t last_status;
    uint64_t error_us; /* the last bad result or passive finding */
    enum fault error_fault;
    char error_words[PROBE_WORDS_SIZE]; /* "" : none yet */
    uint64_t due_us; /* the next probe starts; 0: one is under way, or none will */
};

/* False, and *out is all zero, when the target is not watched. */
bool health_view(const struct target *target, struct health_view *out);

struct health_gauge {
    const char *
        name; /* its path in the body, as configured; lives until the target is watched differently */
    double value;
};

/* The numbers of the newest answer that had them; the count. */
unsigned health_gauges(const struct target *target, struct health_gauge out[PROBE_GAUGES_MAX]);

struct health_past {
    uint64_t at_us;
    uint32_t duration_us;
    uint16_t fault; /* enum fault */
    uint16_t status;
};

/* The results behind the history bits, newest first; the count. */
unsigned health_history(const struct target *target, struct health_past out[HEALTH_HISTORY]);

#endif
