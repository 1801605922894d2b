/*
 * How the targets of a service are judged, by probes and by what traffic finds. See config/config.h for the rules of
 * the tree.
 */
#ifndef CONFIG_CONFIG_HEALTH_H
#define CONFIG_CONFIG_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_value.h"

enum config_probe { CONFIG_PROBE_HTTP, CONFIG_PROBE_TCP };

/* Passive findings about single targets; off while errors and rate are 0. */
struct config_eject {
    uint64_t errors; /* in a row */
    uint64_t time;
    uint64_t rate; /* percent of successes that a target must reach */
    uint64_t most; /* percent of the slot's targets that may be out at a time */
};

struct config_health {
    bool enabled;
    enum config_probe type;
    char *path;
    char *host;    /* of the Host field; NULL: the target as written */
    uint64_t port; /* 0: the port of the target */
    char *method;
    struct config_texts headers; /* "Name: value" */
    uint64_t interval;
    uint64_t timeout;
    uint64_t rise;
    uint64_t fall;
    struct config_statuses status; /* what counts as healthy */
    uint64_t jitter;               /* percent of the interval, both ways */
    struct config_texts json;      /* assertions about the body */
    char *timestamp;               /* path of a time in the body; NULL: none */
    uint64_t timestamp_skew;       /* 0: any */
    char *database;                /* path of its state in the body; NULL: none */
    char *database_header;
    struct config_statuses database_status; /* alive, without its database */
    struct config_texts gauges;             /* paths of numbers in the body */
    struct config_eject eject;
};

#endif
