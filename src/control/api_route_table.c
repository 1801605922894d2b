/* The table of routes: see api_route_priv.h. */
#include "control/api_route_priv.h"

#include <stddef.h>

#define G(pattern, command, words)                                                                 \
    {                                                                                              \
        METHOD_GET, pattern, API_COMMAND, command, words, NULL                                     \
    }
#define P(pattern, command, words)                                                                 \
    {                                                                                              \
        METHOD_POST, pattern, API_COMMAND, command, words, NULL                                    \
    }

#define SERVICE "/v1/services/{name}"
#define SLOT    SERVICE "/slots/{slot}"
#define TARGET  SLOT "/targets/{target}"

static const struct api_route routes[] = {
    { METHOD_GET, "/", API_PAGE, "", "", "the page for people" },
    { METHOD_GET, "/dashboard/{file}", API_PAGE, "", "", "a file of that page" },
    { METHOD_GET, "/metrics", API_METRICS, "", "", "measurements in the Prometheus text form" },
    { METHOD_GET, "/livez", API_LIVE, "", "", "whether the daemon answers" },
    { METHOD_GET, "/readyz", API_READY, "", "", "whether it is ready to serve" },
    { METHOD_GET, "/v1/openapi.json", API_OPENAPI, "", "", "this document" },
    { METHOD_GET, "/v1/events", API_EVENTS, "", "",
      "what happens, and the state each second, as an event stream" },
    { METHOD_GET, "/v1/operations/{id}", API_OPERATION, "", "",
      "what became of a command that was not waited for" },
    { METHOD_POST, "/v1/commands", API_ANY, "", "", "runs any command by its name" },
    { METHOD_POST, "/v1/plan", API_PLAN, "plan", "",
      "what a change would do and which gates it would meet; nothing changes" },
    P("/v1/apply", "apply", "{token}"),
    G("/v1/status", "status", "{name?}"),
    G("/v1/list", "list", ""),
    G("/v1/services", "show services", ""),
    G(SERVICE, "status", "{name}"),
    G("/v1/slots", "show slots", ""),
    G(SERVICE "/slots", "show slots", "{name}"),
    G("/v1/targets", "show targets", ""),
    G(SERVICE "/targets", "show targets", "{name}"),
    G(SLOT "/targets", "show targets", "{name}/{slot}"),
    G("/v1/info", "show info", ""),
    G("/v1/version", "show version", ""),
    G("/v1/config", "show config", ""),
    G("/v1/errors", "show errors", ""),
    G("/v1/connections", "show conns", ""),
    G("/v1/drain", "show drain", ""),
    G(SERVICE "/drain", "show drain", "{name}"),
    G(SLOT "/drain", "show drain", "{name}/{slot}"),
    G("/v1/load", "show load", ""),
    G(SERVICE "/load", "show load", "{name}"),
    G(SERVICE "/charts", "show charts", "{name}"),
    G(SLOT "/charts", "show charts", "{name}/{slot}"),
    G("/v1/whoami", "whoami", ""),
    G("/v1/db", "db status", ""),
    G("/v1/db/{database}", "db status", "{database}"),
    G("/v1/db/{database}/check", "db check", "{database}"),
    G(SERVICE "/db", "db check", "{name}"),
    G(SLOT "/db", "db check", "{name}/{slot}"),
    G(SLOT "/contract", "db contract", "{name}/{slot}"),
    P("/v1/db/{database}/test", "db test", "{database}"),
    G("/v1/audit", "audit show", "{count?}"),
    G("/v1/audit/verify", "audit verify", ""),
    G("/v1/audit/export", "audit export", ""),
    G("/v1/state", "state export", ""),
    P("/v1/state/import", "state import", "{file}"),
    G("/v1/migrations", "db migrations", ""),
    G("/v1/db/{database}/migrations", "db migrations", "{database}"),
    G("/v1/db/{database}/describe", "db describe", "{database}"),
    P("/v1/db/{database}/snapshots", "db snapshot", "{database}"),
    G("/v1/db/{database}/snapshots", "db snapshots", "{database}"),
    G("/v1/snapshots", "db snapshots", ""),
    P("/v1/snapshots/{id}/verify", "db verify", "{id}"),
    P("/v1/snapshots/{id}/restore", "db restore", "{id}"),
    P("/v1/snapshots/{id}/forget", "db forget", "{id}"),
    P("/v1/migrations/approve", "db approve", "{token}"),
    G("/v1/evidence", "show evidence", ""),
    G(SERVICE "/evidence", "show evidence", "{name}"),
    G("/v1/rules", "show rules", ""),
    G(SERVICE "/rules", "show rules", "{name}"),
    G("/v1/alerts", "show alerts", "{count?}"),
    G("/v1/history", "show history", ""),
    G(SERVICE "/history", "show history", "{name}"),
    G("/v1/decisions", "decisions", ""),
    G("/v1/decisions/{id}", "explain-decision", "{id}"),
    G("/v1/decisions/{id}/replay", "replay", "{id}"),
    G(SERVICE "/decisions", "decisions", "{name}"),
    G("/v1/signals", "show signals", ""),
    G(SERVICE "/signals", "show signals", "{name}"),
    P("/v1/signals", "signal", "{values*}"),
    G("/v1/explain", "explain", ""),
    G("/v1/help", "help", "{command*}"),
    G("/v1/tls", "tls list", ""),
    P("/v1/tls/reload", "tls reload", ""),
    P("/v1/reload", "reload", ""),
    P("/v1/shutdown", "shutdown", "{now!}"),
    P(SERVICE "/switch", "switch", "{name}"),
    P(SERVICE "/rollback", "rollback", "{name}"),
    P(SERVICE "/release", "release", "{name}"),
    P(SERVICE "/confirm", "confirm", "{name}"),
    P(SERVICE "/approve", "approve", "{name}"),
    P(SERVICE "/reject", "reject", "{name}"),
    P(SERVICE "/drill", "drill", "{name}"),
    P(SERVICE "/pause", "pause", "{name}"),
    P(SERVICE "/resume", "resume", "{name}"),
    P(SERVICE "/check", "check", "{name} {item}"),
    P(SERVICE "/maintenance/on", "maint on", "{name}"),
    P(SERVICE "/maintenance/off", "maint off", "{name}"),
    G("/v1/canary", "canary status", ""),
    G(SERVICE "/canary", "canary status", "{name}"),
    P(SERVICE "/canary/start", "canary start", "{name} {share?}"),
    P(SERVICE "/canary/set", "canary set", "{name} {share}"),
    P(SERVICE "/canary/step", "canary step", "{name}"),
    P(SERVICE "/canary/pause", "canary pause", "{name}"),
    P(SERVICE "/canary/resume", "canary resume", "{name}"),
    P(SERVICE "/canary/abort", "canary abort", "{name}"),
    P(SERVICE "/canary/promote", "canary promote", "{name}"),
    G("/v1/rollouts", "rollout status", ""),
    G(SERVICE "/rollout", "rollout status", "{name}"),
    G(SERVICE "/rollout/wait", "rollout wait", "{name}"),
    P(SERVICE "/rollout/start", "rollout start", "{name}"),
    P(SERVICE "/rollout/pause", "rollout pause", "{name}"),
    P(SERVICE "/rollout/resume", "rollout resume", "{name}"),
    P(SERVICE "/rollout/advance", "rollout advance", "{name}"),
    P(SERVICE "/rollout/abort", "rollout abort", "{name}"),
    G("/v1/tenants", "tenant list", ""),
    G("/v1/tenants/export", "tenant export", ""),
    G(SERVICE "/tenants", "tenant list", "{name}"),
    G(SERVICE "/tenants/export", "tenant export", "{name}"),
    P(SERVICE "/tenants/load", "tenant load", "{name}"),
    P(SERVICE "/tenants/{tenant}/pin", "tenant pin", "{tenant} {slot} {name}"),
    P(SERVICE "/tenants/{tenant}/unpin", "tenant unpin", "{tenant} {name}"),
    P(SLOT "/targets", "target add", "{name}/{slot} {target} weight={weight?}"),
    P(TARGET "/order", "target set", "{name}/{slot}/{target} {order} {weight?}"),
    P(TARGET "/remove", "target remove", "{name}/{slot}/{target}"),
    P(SLOT "/drain", "drain", "{name}/{slot}"),
    G(SERVICE "/healthy", "wait healthy", "{name}"),
    G(SLOT "/healthy", "wait healthy", "{name}/{slot}"),
    G(SLOT "/drained", "wait drained", "{name}/{slot}"),
    G("/v1/locks", "lock show", ""),
    P("/v1/locks/acquire", "lock acquire", "{name?}"),
    P("/v1/locks/release", "lock release", "{name?}"),
    G("/v1/webhooks", "webhook list", ""),
    P("/v1/webhooks/{webhook}/test", "webhook test", "{webhook}"),
    G("/v1/actions", "action list", ""),
    P("/v1/actions/{action}/run", "action run", "{action}"),
    G("/v1/actions/{action}/test", "action test", "{action}"),
    G("/api/deployment/status", "status", ""),
    G("/api/deployment/health", "show targets", ""),
    G("/api/deployment/migration-plans", "db migrations", ""),
    { METHOD_POST, "/api/deployment/deploy-{action}", API_COMMAND, "action run", "{action}",
      "runs an action of kind deploy" },
    P("/api/deployment/test-connection", "db test", "{database}"),
    P("/api/deployment/rollback", "rollback", "{service}"),
    { METHOD_POST, "/api/emergency/apply-{action}", API_COMMAND, "action run", "{action}",
      "runs an action of kind apply, with its token" },
    { METHOD_POST, "/api/emergency/fix-{action}", API_COMMAND, "action run", "{action}",
      "runs an action of kind fix, with its token" },
    G("/api/emergency/test-{action}", "action test", "{action}"),
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

static const char *const of_socket[] = { "prompt", "quit", "db begin", "db finish" };

const struct api_route *api_route_at(unsigned index)
{
    return index < ROUTE_COUNT ? &routes[index] : NULL;
}

bool api_route_is_of_socket(const char *command)
{
    for (size_t i = 0; i < sizeof of_socket / sizeof of_socket[0]; i++)
        if (slice_is_equal(slice_from(command), slice_from(of_socket[i])))
            return true;
    return false;
}
