/*
 * A rollout: one deployment of a service or group from its start to verified or rolled back, as it is remembered and
 * shown. What the operator wants (paused) and what is (the phase) are two things. Values; control thread.
 */
#ifndef DEPLOY_ROLLOUT_H
#define DEPLOY_ROLLOUT_H

#include <stdbool.h>
#include <stdint.h>

/* How a rollout moves the traffic. */
enum rollout_plan { ROLLOUT_CANARY, ROLLOUT_SWITCH };

/* PHASE(name, word, what people call this part of a deployment, successors as bits) */
#define ROLLOUT_AFTER(name) (1u << ROLLOUT_##name)
#define ROLLOUT_ENDS        (ROLLOUT_AFTER(ROLLED_BACK) | ROLLOUT_AFTER(ABORTED) | ROLLOUT_AFTER(REFUSED))
#define ROLLOUT_PHASES(PHASE)                                                                      \
    PHASE(STAGED, "staged", "deployment", ROLLOUT_AFTER(PROVING) | ROLLOUT_ENDS)                   \
    PHASE(PROVING, "proving", "deployment", ROLLOUT_AFTER(READY) | ROLLOUT_ENDS)                   \
    PHASE(READY, "ready", "testing",                                                               \
          ROLLOUT_AFTER(RAMPING) | ROLLOUT_AFTER(CUTOVER) | ROLLOUT_ENDS)                          \
    PHASE(RAMPING, "ramping", "testing", ROLLOUT_AFTER(CUTOVER) | ROLLOUT_ENDS)                    \
    PHASE(CUTOVER, "cutover", "cutover", ROLLOUT_AFTER(WATCHING) | ROLLOUT_ENDS)                   \
    PHASE(WATCHING, "watching", "cutover", ROLLOUT_AFTER(SETTLED) | ROLLOUT_ENDS)                  \
    PHASE(SETTLED, "settled", "verified", 0)                                                       \
    PHASE(ROLLED_BACK, "rolled-back", "normal", 0)                                                 \
    PHASE(ABORTED, "aborted", "normal", 0)                                                         \
    PHASE(REFUSED, "refused", "normal", 0)

enum rollout_phase {
#define PHASE(name, word, people, next) ROLLOUT_##name,
    ROLLOUT_PHASES(PHASE)
#undef PHASE
        ROLLOUT_PHASE_COUNT
};

const char *rollout_phase_name(enum rollout_phase phase);   /* "ramping" */
const char *rollout_phase_people(enum rollout_phase phase); /* "testing" */

/* True while it goes on: no other rollout of the same services may start. */
bool rollout_is_running(enum rollout_phase phase);

/* Whether one phase may follow the other. */
bool rollout_may_follow(enum rollout_phase from, enum rollout_phase to);

/* The last rollout of a service or group. */
struct deploy_rollout_view {
    uint64_t id; /* 0: there was none; grows by one with every rollout */
    char name[64];
    char from[64]; /* slot */
    char to[64];
    char version[64];
    char profile[32];
    enum rollout_plan plan;
    enum rollout_phase phase;
    bool is_paused;
    uint64_t started_wall_us;
    uint64_t entered_wall_us; /* the phase, or the step of it */
    uint64_t in_phase_us;     /* since then */
    uint64_t watch_us;        /* so long it is watched after the cutover, by its profile */
    uint64_t ended_wall_us;   /* 0: it goes on */
    uint64_t manual_us;       /* waited for people so far */
    unsigned approvals;
    unsigned approvals_needed;
    unsigned checks; /* items of the checklist that are done */
    unsigned checks_needed;
    uint32_t holdback;   /* of SPLIT_WHOLE: that stays on `from` after the cutover; 0: none */
    bool is_held;        /* stays where it is until somebody looks: no evidence, or over its time */
    bool is_final;       /* what follows the end was done */
    char waits_for[160]; /* "1 approval", "evidence", "" : nothing */
    char words[256];     /* why it is where it is */
};

struct deploy;

/* Of the service at index, or of its group. id 0: none. */
void deploy_view_rollout(const struct deploy *deploy, unsigned service_index,
                         struct deploy_rollout_view *out);

/* The rollout at index of all that are remembered; false behind the end. *service_index (may be NULL) is its first
 * service. */
bool deploy_rollout_at(const struct deploy *deploy, unsigned index, unsigned *service_index,
                       struct deploy_rollout_view *out);

#endif
