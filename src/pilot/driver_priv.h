/*
 * The driver: moves rollouts on by itself, phase by phase. It decides when, by time, evidence, hooks and the probe through
 * the front door; whether, deploy judges. Everything that must survive is deploy's; what the driver remembers beside it is
 * asked anew after a restart. Control thread.
 */
#ifndef PILOT_DRIVER_PRIV_H
#define PILOT_DRIVER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/rollout.h"
#include "evidence/engine.h"
#include "pilot/act_priv.h"
#include "pilot/decision.h"
#include "pilot/pilot.h"

struct deploy;
struct deployments;
struct driver;
struct loop;

/* What the driver asks of the pilot; each may be NULL: no evidence, nobody to tell, nobody who remembers, no front
 * door. */
struct driver_ops {
    enum engine_advice (*advise)(void *arg, unsigned service_index, double next_weight,
                                 const char **reason);
    void (*alert)(void *arg, unsigned service_index, enum pilot_severity severity,
                  const struct act_cause *cause);
    uint64_t (*remember)(void *arg, unsigned service_index, enum decision_action action,
                         const struct act_cause *cause);
    bool (*front)(void *arg, unsigned service_index, struct pilot_front *out);
};

struct driver_options {
    struct loop *loop;
    struct deploy *deploy;
    const struct driver_ops *ops;
    void *arg;
    uint64_t tick_ms; /* 0: it does not tick by itself */
};

enum { DRIVER_TICK_MS = 100, DRIVER_REST_US = 3 * 1000 * 1000 };

struct driver *driver_new(const struct driver_options *options);

/* Looks at every rollout; now_us: monotonic. */
void driver_tick(struct driver *driver, uint64_t now_us);

/* The ones that have ended. */
struct deployments *driver_deployments(struct driver *driver);

/* Before deploy_free. Hooks that still run are ended. NULL: nothing. */
void driver_free(struct driver *driver);

#endif
