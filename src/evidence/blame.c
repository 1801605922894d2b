/* Which endings are errors of a release: see evidence/blame.h. Asked by workers at the end of each request. */
#include "evidence/blame.h"

enum { FIRST_ERROR = 500 };

enum blame blame_of(enum fault fault, unsigned status)
{
    switch (fault) { /* no default: a new fault is to be thought about */
    case FAULT_NONE: return status < FIRST_ERROR ? BLAME_NOBODY : BLAME_RELEASE;

    case FAULT_CONNECT_REFUSED:
    case FAULT_CONNECT_TIMEOUT:
    case FAULT_CONNECT_FAILED:
    case FAULT_TARGET_TLS:
    case FAULT_TARGET_CERT:
    case FAULT_TARGET_STALE: /* as an ending: it was not tried again, the client got 502 */
    case FAULT_TARGET_CLOSED:
    case FAULT_TARGET_RESET:
    case FAULT_TARGET_TIMEOUT:
    case FAULT_TARGET_TRUNCATED:
    case FAULT_TARGET_STALLED:
    case FAULT_RESPONSE_BAD:
    case FAULT_RESPONSE_TOO_LARGE:
    case FAULT_RESPONSE_UPGRADE:
    case FAULT_TARGET_STATUS: return BLAME_RELEASE;

    case FAULT_CLIENT_GONE:
    case FAULT_CLIENT_SLOW_HEAD:
    case FAULT_CLIENT_SLOW_BODY:
    case FAULT_CLIENT_SLOW_READ:
    case FAULT_BAD_REQUEST_LINE:
    case FAULT_BAD_METHOD:
    case FAULT_BAD_TARGET:
    case FAULT_BAD_VERSION:
    case FAULT_BAD_FIELD:
    case FAULT_BAD_HOST:
    case FAULT_BAD_LENGTH:
    case FAULT_BAD_FRAMING:
    case FAULT_BAD_CODING:
    case FAULT_BAD_CHUNK:
    case FAULT_BAD_EXPECT:
    case FAULT_HEAD_TOO_LARGE:
    case FAULT_TOO_MANY_FIELDS:
    case FAULT_TARGET_TOO_LONG:
    case FAULT_BODY_TOO_LARGE:
    case FAULT_METHOD_REFUSED:
    case FAULT_UPGRADE_REFUSED:
    case FAULT_CLIENT_LIMITED:
    case FAULT_HTTPS_ONLY:
    case FAULT_MISDIRECTED:
    case FAULT_TLS_HANDSHAKE:
    case FAULT_TLS_TIMEOUT:
    case FAULT_TLS_GONE:
    case FAULT_TLS_REJECTED:
    case FAULT_TLS_VERSION:
    case FAULT_TLS_UNKNOWN_NAME:
    case FAULT_TLS_CLIENT_CERT:
    case FAULT_TLS_CLIENT_REVOKED:
    case FAULT_TLS_CLIENT_CRL:
    case FAULT_TLS_LIMITED:
    case FAULT_TLS_PLAIN:
    case FAULT_NO_FURTHER: return BLAME_CLIENT;

    case FAULT_NO_SERVICE:
    case FAULT_NO_TARGET:
    case FAULT_HELD:
    case FAULT_MAINTENANCE:
    case FAULT_SLOT_BUSY:
    case FAULT_TARGET_BUSY:
    case FAULT_OVERLOADED: /* our descriptors, not the target's */
    case FAULT_SHUTTING_DOWN:
    case FAULT_TARGET_EVICTED: /* an operator took it away with requests in it */
    case FAULT_TUNNEL_IDLE:    /* of a tunnel only its handshake counts */
    case FAULT_TUNNEL_DRAINED:
    case FAULT_PROBE_TIMEOUT: /* probes and commands are no requests */
    case FAULT_PROBE_STATUS:
    case FAULT_HEALTH_ASSERTION:
    case FAULT_MISDEPLOYED:
    case FAULT_MISROUTED:
    case FAULT_TARGET_EJECTED:
    case FAULT_NAME_UNKNOWN:
    case FAULT_USAGE:
    case FAULT_UNKNOWN_NAME:
    case FAULT_GATE_REFUSED:
    case FAULT_WAIT_TIMEOUT:
    case FAULT_CONFLICT:
    case FAULT_ROLLED_BACK:
    case FAULT_INCONCLUSIVE:
    case FAULT_UNCONFIRMED:
    case FAULT_ACTION_FAILED:
    case FAULT_SNAPSHOT_FAILED:
    case FAULT_NOT_DELIVERED:
    case FAULT_LOCKED:
    case FAULT_NOT_DURABLE:
    case FAULT_AUDIT_BROKEN:
    case FAULT_CONFIG_BAD:
    case FAULT_NOT_AUTHORISED:
    case FAULT_COUNT: return BLAME_US;
    }
    return BLAME_US;
}
