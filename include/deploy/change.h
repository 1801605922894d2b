/*
 * A change that an operator (or a rule) asks for, and what became of it. Values; control thread.
 */
#ifndef DEPLOY_CHANGE_H
#define DEPLOY_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

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
};

struct pins;

struct change {
    enum change_kind kind;
    char name[64];
    char slot[64];
    char target[136];
    uint32_t weight;
    bool force;        /* gates may fail; needs a reason */
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
    char message[256]; /* MAINT_ON */
};

/* Exit codes of switchctl; the answer carries them. */
enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_FAILED = 1,
    OUTCOME_USAGE = 2,
    OUTCOME_REFUSED = 3,
    OUTCOME_TIMEOUT = 4,
    OUTCOME_CONFLICT = 5,
    OUTCOME_DENIED = 6,
    OUTCOME_REVERTED = 7,
    OUTCOME_UNREACHABLE = 8,
    OUTCOME_INCONCLUSIVE = 9,
    OUTCOME_VOLATILE =
        10, /* done in memory, but not on disk: a rollback while the disk cannot be written */
};

struct change_result {
    enum outcome outcome;
    enum fault fault; /* FAULT_NONE when done */
    char gate[32];    /* which gate refused; "" : none */
    char words[512];  /* for people: what happened or why not, and the remedy */
    uint64_t epoch_before;
    uint64_t epoch;       /* in force when this was answered */
    uint64_t duration_us; /* from submit to effect */
    bool changed;         /* false: it was so already */
    bool is_durable;
    char from[64]; /* slot before, for switch and rollback */
    char to[64];
    uint32_t share;      /* canary: in force now */
    char token[40];      /* plan_only: for deploy_apply; "" : refused */
    unsigned gate_count; /* plan_only: what was looked at, in order */
    struct change_gate {
        char name[32];
        bool is_passed;
        char words[160];
    } gates[12];
};

/* Called once, on the control thread, never from inside deploy_submit. */
typedef void change_done_fn(void *arg, const struct change_result *result);

const char *change_kind_name(enum change_kind kind); /* "switch", "rollback", "target-ready" … */
const char *outcome_name(enum outcome outcome);      /* "done", "refused" … */

#endif
