/*
 * One rollout in the hands of the driver, and what is under way for it: a change, a hook, a probe. At most one at a time;
 * what was refused or failed rests before it is tried again. Control thread.
 */
#ifndef PILOT_COURSE_PRIV_H
#define PILOT_COURSE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "deploy/change.h"
#include "deploy/rollout.h"
#include "pilot/driver_priv.h"

struct child;
struct deployments;
struct config_rollout;
struct config_service;
struct selfprobe;

/* How an errand went. */
enum errand { ERRAND_NEW, ERRAND_OPEN, ERRAND_GOOD, ERRAND_BAD };

/* Owner: the driver. Ends with the rollout. */
struct course {
    TAILQ_ENTRY(course) link;
    struct driver *driver;
    struct deploy_rollout_view view; /* of this tick */
    unsigned service_index;          /* its first service */
    enum rollout_phase phase;        /* that the errands belong to */
    bool is_seen;
    bool has_change; /* under way */
    uint64_t rest_until_us;
    char refusal[128]; /* of the last change; "" : none */
    struct course_step {
        enum rollout_phase phase;
        uint32_t share;    /* before it */
        uint64_t decision; /* what was remembered of it; 0: nothing */
    } step;                /* that was asked for last: asked again it is the same decision */
    struct child *child;
    struct selfprobe *probe;
    enum errand hook;
    enum errand probing;
    unsigned probe_service; /* the next one, of the scope */
    unsigned probe_failures;
    char words[256]; /* how the last errand went */
};
TAILQ_HEAD(courses, course);

struct driver {
    struct driver_options options;
    struct timer *timer;
    struct courses courses;
    struct deployments *deployments;
    uint64_t now_us;
    uint64_t started_us; /* nothing was judged before */
};

/* errand.c: the hook of this moment; GOOD when none is configured. is_end: of one that has ended. */
enum errand errand_hook(struct course *course, const char *command);

/* The probe of every service of the rollout through the front door, one by one. */
enum errand errand_probe(struct course *course);

/* Ends what runs and forgets how it went. */
void errand_drop(struct course *course);

/* Of a group those of its first service. */
const struct config_rollout *course_settings(const struct course *course);
const struct config_service *course_configured(const struct course *course, unsigned service_index);
void course_alert(struct course *course, enum pilot_severity severity, const char *trigger,
                  const char *words);

/* The index of the n-th service of the rollout; false behind the last. */
bool course_service(const struct course *course, unsigned n, unsigned *index);

/* Whether all ready targets of the new slot are fit, in every service; else words. And whether anything is known of
 * them, which is not so right after a start. */
bool course_is_fit(const struct course *course, char *words, size_t size);
bool course_has_verdicts(const struct course *course);

/* The longest time of validation that a service asks for. */
uint64_t course_validation(const struct course *course);

/* The share behind this one that is not everybody; SPLIT_WHOLE: there is none. */
uint32_t course_next_share(const struct course *course, uint32_t share);

/* The most careful advice of all services. */
enum engine_advice course_advice(const struct course *course, uint32_t next, const char **reason);

/* Exchanges on that slot, in all services. */
uint64_t course_in_flight(const struct course *course, const char *slot_name);

#endif
