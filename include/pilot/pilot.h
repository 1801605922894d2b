/*
 * Who watches what was decided: every 100 ms the pilot folds what the slots did, feeds the judgement (evidence room),
 * rolls back when it fires, moves rollouts on, and remembers why. It decides nothing by itself: whatever moves traffic is a
 * change that deploy judges and makes durable. Control thread.
 */
#ifndef PILOT_PILOT_H
#define PILOT_PILOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/check.h"
#include "deploy/change_result.h"
#include "evidence/engine.h"

struct casebook;
struct deploy;
struct deployments;
struct health;
struct loop;
struct pilot;
struct signals;
struct tls_dialer;

/* A listener, and the secret by which the workers know a request of ours (health/selfprobe.h). */
struct pilot_front {
    struct address address;
    struct tls_dialer *tls; /* it speaks TLS; lives as long as the pilot; NULL: plain */
    char host
        [256]; /* that its certificate is for, where a service has no hosts; "" : none is needed */
    uint8_t proxy_protocol; /* that it asks for; 0: none */
    const char *nonce;      /* lives as long as the workers */
};

struct pilot_options {
    struct loop *loop;
    struct deploy *deploy;
    struct health *health;
    unsigned worker_count;
    const char *state_dir; /* decisions/ is made there */

    /* Where clients of the service come in, for the probe through the front door. False: there is no such place. */
    bool (*front)(void *arg, unsigned service_index, struct pilot_front *out);
    void *arg;
};

/* Begins to watch. ERR_*: words say what is wrong with state_dir. */
MUST_CHECK int pilot_new(const struct pilot_options *options, char *words, unsigned words_size,
                         struct pilot **out);
void pilot_free(struct pilot *pilot);

/* What was decided, and what was told from outside; they live as long as the pilot. */
struct casebook *pilot_casebook(struct pilot *pilot);
struct signals *pilot_signals(struct pilot *pilot);
struct deployments *pilot_deployments(struct pilot *pilot);

/* The configuration was replaced; services are others. */
void pilot_reconfigure(struct pilot *pilot);

/* How the judgement of a service stands. */
struct pilot_trial {
    bool is_judged;    /* the service has evidence at all; else all is zero */
    bool is_watched;   /* there is a candidate, and it is judged */
    bool is_automatic; /* a rollback would be carried out, not only reported */
    uint64_t left_us;  /* of the automatic window; 0: it is over or not begun */
    bool is_blocked;   /* a rollback waits for the other side */
    const char
        *quarantined; /* version that may not be started; NULL: none; valid until the next look */
    struct engine_view engine;
};
void pilot_look(struct pilot *pilot, unsigned service_index, struct pilot_trial *out);

/* Whether a rollout may take its next step, by the evidence; of ENGINE_INCONCLUSIVE the rollout's policy makes the rest
 * (engine_resolve). reason lives until the next tick. */
enum engine_advice pilot_advise(struct pilot *pilot, unsigned service_index, double next_weight,
                                const char **reason);

/* What people should know: newest first; false behind the end. At most PILOT_ALERTS are kept. */
enum { PILOT_ALERTS = 256 };
enum pilot_severity { PILOT_INFO, PILOT_WARN, PILOT_CRITICAL, PILOT_SEVERITIES };
struct pilot_alert {
    uint64_t id;
    uint64_t wall_us;
    enum pilot_severity severity;
    char service[64];
    char trigger[32];
    char words[800];   /* an explanation and what was done */
    uint64_t decision; /* 0: none was stored */
};
bool pilot_alert_at(const struct pilot *pilot, unsigned index, struct pilot_alert *out);
const char *pilot_severity_name(enum pilot_severity severity); /* "info", "warn", "critical" */

/* Alerts of a service since the start. */
uint64_t pilot_alert_count(const struct pilot *pilot, unsigned service_index,
                           enum pilot_severity severity);

/* How often this trigger asked for a rollback of the service, and what became of it; false behind the end. */
enum { PILOT_ROLLBACKS_MAX = 256 };
struct pilot_rollbacks {
    char service[64];
    char trigger[32];
    enum outcome outcome;
    uint64_t count;
};
bool pilot_rollbacks_at(const struct pilot *pilot, unsigned index, struct pilot_rollbacks *out);

#endif
