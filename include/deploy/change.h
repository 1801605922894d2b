/*
 * A change that an operator (or a rule) asks for, and what became of it. Values; control thread.
 */
#ifndef DEPLOY_CHANGE_H
#define DEPLOY_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/change_result.h"
#include "deploy/rollout.h"

enum change_kind {
    CHANGE_SWITCH,       /* name (service or group), slot ("" : the standby one) */
    CHANGE_ROLLBACK,     /* name: back to the slot before the last switch */
    CHANGE_TARGET_READY, /* name, slot, target */
    CHANGE_TARGET_DRAIN,
    CHANGE_TARGET_MAINT,
    CHANGE_TARGET_WEIGHT, /* + weight */
    CHANGE_TARGET_ADD,    /* + weight; the target's address in target */
    CHANGE_TARGET_REMOVE,
    CHANGE_LOCK_ACQUIRE, /* name "" : all; reason, ttl_us */
    CHANGE_LOCK_RELEASE,
    CHANGE_RELOAD,       /* the configuration file again */
    CHANGE_CANARY_START, /* name, slot ("": the standby one), share (0: the first step) */
    CHANGE_CANARY_SET,   /* name, share */
    CHANGE_CANARY_STEP,  /* name: the next configured step */
    CHANGE_CANARY_PAUSE, /* name: no step by time */
    CHANGE_CANARY_RESUME,
    CHANGE_CANARY_ABORT,   /* name: everybody back to the live slot */
    CHANGE_CANARY_PROMOTE, /* name: the candidate becomes the live slot */
    CHANGE_TENANT_PIN,     /* name, tenant, slot */
    CHANGE_TENANT_UNPIN,   /* name, tenant; "*": all of them */
    CHANGE_TENANT_LOAD,    /* name, pins: replaces all run-time pins of the scope at once */
    CHANGE_PAUSE,          /* name, max_us: new requests wait */
    CHANGE_RESUME,         /* name */
    CHANGE_MAINT_ON,       /* name, message */
    CHANGE_MAINT_OFF,      /* name */
    CHANGE_ROLLOUT_START,  /* name, slot ("": the standby one), plan, profile */
    CHANGE_ROLLOUT_PAUSE,  /* name: stays where it is; guards stay armed */
    CHANGE_ROLLOUT_RESUME,
    CHANGE_ROLLOUT_ADVANCE, /* name: the next phase or step now */
    CHANGE_ROLLOUT_ABORT,   /* name: everybody back, the rollout is over */
    CHANGE_ROLLOUT_PHASE, /* internal: the driver's step; name, rollout, phase, reason. RAMPING while ramping: the
                             * next step from share on; PROVING while proving: its time begins anew; an end that is
                             * reached: what follows it was done */
    CHANGE_CONFIRM, /* name: what was switched with a deadline stays */
    CHANGE_APPROVE, /* name, slot ("": where a switch would go) */
    CHANGE_REJECT,  /* name */
    CHANGE_CHECK,   /* name, slot, message: an item of the checklist is done */
    CHANGE_RELEASE, /* name: versions that were rolled back may be tried again, no cool-down */
};

struct pins;
struct transfer;

struct change {
    enum change_kind kind;
    char name[64];
    char slot[64];
    char target[136];
    uint32_t weight;
    bool force; /* gates may fail; needs a reason */
    bool
        emergency; /* ROLLBACK: before all others, past every gate but that somebody answers there; needs a reason */
    bool is_witnessed; /* whoever submits it writes the audit record */
    uint64_t if_epoch; /* 0: any; else refused with CONFLICT when it is not the present one */
    uint64_t ttl_us;   /* lock */
    char reason[256];
    char actor[96]; /* "uid=0 pid=123", kept in history */
    char key[64];   /* idempotency key; "" : none */
    bool
        plan_only; /* judge and say what would happen; nothing changes, nothing is remembered but the token */
    char tenant[72];
    uint32_t share;    /* of SPLIT_WHOLE (route/split.h) */
    uint64_t max_us;   /* PAUSE; 0: as configured */
    struct pins *pins; /* TENANT_LOAD: taken by deploy_submit in any case */
    struct transfer *
        import; /* RELOAD: decisions in place of those in force; taken by deploy_submit in any case */
    char message[256]; /* MAINT_ON, ROLLOUT_PHASE, CHECK */
    char from[64]; /* ROLLBACK: only while this slot is live or the candidate; "" : in any case */
    char trigger
        [32]; /* ROLLBACK: what asked for it: "err_mod", "confirm", "signal:cpu"; "" : a person */
    uint64_t decision; /* of the decision that this carries out, 0: none */
    uint64_t
        confirm_us; /* SWITCH, CANARY_PROMOTE, ROLLOUT_START: back by itself unless confirmed by then; 0: stays */
    enum rollout_plan plan;
    char profile[32]; /* ROLLOUT_START: "" : the configured one */
    unsigned phase;   /* ROLLOUT_PHASE: enum rollout_phase (deploy/rollout.h) */
    uint64_t rollout; /* ROLLOUT_*: only the one with this id; 0: whichever runs */
};

/* Called once, on the control thread, never from inside deploy_submit. */
typedef void change_done_fn(void *arg, const struct change_result *result);

const char *change_kind_name(enum change_kind kind); /* "switch", "rollback", "target-ready" … */
const char *outcome_name(enum outcome outcome);      /* "done", "refused" … */

#endif
