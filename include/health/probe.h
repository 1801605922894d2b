/*
 * How a target is asked whether it is fit, and what came of one such question. Values; the control thread.
 *
 * An HTTP probe is one request on a connection of its own, with "Connection: close". It is good when the whole
 * response (head and body, the first 64 KiB of it) came within the timeout and its status is an expected one.
 * A TCP probe is good when the connection stands. A target that wants a PROXY header gets one, either way.
 */
#ifndef HEALTH_PROBE_H
#define HEALTH_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

enum probe_kind { PROBE_HTTP, PROBE_TCP };

struct probe_range { /* of statuses, inclusive */
    uint16_t from;
    uint16_t to;
};

/* What is asked of an answer beyond its status. The grammar of assertions and paths is in base/assertion.h. */
struct probe_body_spec {
    unsigned assertion_count;
    const char *const *assertions;
    const char *slot;    /* the target's, for $slot; NULL: "" */
    const char *version; /* for $version */
    unsigned rival_count;
    const char *const
        *rivals; /* the service's other slots: who says to be one of them is misdeployed */
    const char *timestamp;
    uint64_t skew_us;     /* 0: the timestamp is not compared */
    const char *database; /* path of its state */
    const char *database_header;
    unsigned database_status_count; /* alive, with a bad database */
    const struct probe_range *database_statuses;
    unsigned gauge_count; /* up to PROBE_GAUGES_MAX */
    const char *const *gauges;
    unsigned pattern_count; /* base/pattern.h; each must be found, with '!' in front it must not */
    const char *const *patterns;
};

/* When traffic takes a target out for a while; errors and rate 0: never. */
struct eject_spec {
    unsigned errors;  /* in a row */
    unsigned rate;    /* percent of successes that must be reached */
    unsigned most;    /* percent of the slot's targets that may be out; 50 */
    uint64_t time_us; /* 30 s; doubled while it repeats, up to ten times */
};

/* Texts and arrays are borrowed; health copies what it keeps. Zero and NULL mean the default. */
struct probe_spec {
    bool enabled; /* false: neither active nor passive findings count, the verdict is unknown */
    enum probe_kind kind;
    uint64_t interval_us; /* 2 s; from the start of one probe to the start of the next */
    uint64_t timeout_us;  /* 1 s; for the whole probe */
    unsigned rise;        /* 2; good results in a row that make a target up */
    unsigned fall;        /* 3; bad results in a row that make it down */
    unsigned jitter;      /* percent of the interval, both ways; 0: none */
    uint16_t port;        /* the target's */
    const char *method;   /* GET */
    const char *path;     /* "/" */
    const char *host;     /* for the Host field; the target as written */
    unsigned header_count;
    const char *const *headers; /* "Name: value" */
    unsigned status_count;
    const struct probe_range *statuses; /* 200 to 299 */
    struct probe_body_spec body;
    struct eject_spec eject;
};

enum { PROBE_WORDS_SIZE = 128, PROBE_GAUGES_MAX = 16 };

/* What an answer says of the app's database; an app that is alive without it is alive. */
enum probe_database { PROBE_DATABASE_UNKNOWN, PROBE_DATABASE_GOOD, PROBE_DATABASE_BAD };
const char *probe_database_name(enum probe_database database); /* "unknown", "good", "bad" */

struct probe_result {
    enum fault fault; /* FAULT_NONE: good. OVERLOADED, TARGET_EVICTED: nothing was learned */
    uint16_t status;  /* 0: no response head came */
    uint64_t duration_us;
    enum probe_database database;
    uint16_t gauge_mask; /* bit i: the body has the i-th number that was asked for */
    double gauges[PROBE_GAUGES_MAX];
    char words[PROBE_WORDS_SIZE]; /* "status 503, expected 2xx"; "" when good */
};

#endif
