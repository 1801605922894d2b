/* Names of changes and outcomes, for history, answers and tests. Pure. */
#include "deploy/change.h"

#include <stddef.h>

const char *change_kind_name(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_SWITCH: return "switch";
    case CHANGE_ROLLBACK: return "rollback";
    case CHANGE_TARGET_READY: return "target-ready";
    case CHANGE_TARGET_DRAIN: return "target-drain";
    case CHANGE_TARGET_MAINT: return "target-maint";
    case CHANGE_TARGET_WEIGHT: return "target-weight";
    case CHANGE_TARGET_ADD: return "target-add";
    case CHANGE_TARGET_REMOVE: return "target-remove";
    case CHANGE_LOCK_ACQUIRE: return "lock-acquire";
    case CHANGE_LOCK_RELEASE: return "lock-release";
    case CHANGE_RELOAD: return "reload";
    case CHANGE_CANARY_START: return "canary-start";
    case CHANGE_CANARY_SET: return "canary-set";
    case CHANGE_CANARY_STEP: return "canary-step";
    case CHANGE_CANARY_PAUSE: return "canary-pause";
    case CHANGE_CANARY_RESUME: return "canary-resume";
    case CHANGE_CANARY_ABORT: return "canary-abort";
    case CHANGE_CANARY_PROMOTE: return "canary-promote";
    case CHANGE_TENANT_PIN: return "tenant-pin";
    case CHANGE_TENANT_UNPIN: return "tenant-unpin";
    case CHANGE_TENANT_LOAD: return "tenant-load";
    case CHANGE_PAUSE: return "pause";
    case CHANGE_RESUME: return "resume";
    case CHANGE_MAINT_ON: return "maint-on";
    case CHANGE_MAINT_OFF: return "maint-off";
    case CHANGE_ROLLOUT_START: return "rollout-start";
    case CHANGE_ROLLOUT_PAUSE: return "rollout-pause";
    case CHANGE_ROLLOUT_RESUME: return "rollout-resume";
    case CHANGE_ROLLOUT_ADVANCE: return "rollout-advance";
    case CHANGE_ROLLOUT_ABORT: return "rollout-abort";
    case CHANGE_ROLLOUT_PHASE: return "rollout-phase";
    case CHANGE_CONFIRM: return "confirm";
    case CHANGE_APPROVE: return "approve";
    case CHANGE_REJECT: return "reject";
    case CHANGE_CHECK: return "check";
    case CHANGE_RELEASE: return "release";
    }
    return "unknown";
}

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_DONE: return "done";
    case OUTCOME_FAILED: return "failed";
    case OUTCOME_USAGE: return "usage";
    case OUTCOME_REFUSED: return "refused";
    case OUTCOME_TIMEOUT: return "timeout";
    case OUTCOME_CONFLICT: return "conflict";
    case OUTCOME_DENIED: return "denied";
    case OUTCOME_REVERTED: return "reverted";
    case OUTCOME_UNREACHABLE: return "unreachable";
    case OUTCOME_INCONCLUSIVE: return "inconclusive";
    case OUTCOME_VOLATILE: return "volatile";
    }
    return "unknown";
}
