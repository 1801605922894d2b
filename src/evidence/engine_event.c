/* See evidence/engine_event.h. Any thread. */
#include "evidence/engine_event.h"

const char *engine_action_name(enum engine_action action)
{
    switch (action) {
    case ENGINE_ROLLBACK: return "rollback";
    case ENGINE_HOLD: return "hold";
    case ENGINE_ALERT: return "alert";
    case ENGINE_BLOCKED: return "blocked";
    case ENGINE_SHARED: return "shared";
    case ENGINE_CONCENTRATED: return "concentrated";
    case ENGINE_WARNING: return "warning";
    case ENGINE_CRITICAL: return "critical";
    case ENGINE_CLEARED: return "cleared";
    case ENGINE_UNHELPED: return "unhelped";
    }
    return "unknown";
}
