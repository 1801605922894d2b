/*
 * Who is told of what happens: receivers of webhooks, and programs, as configured. See config/config.h for the rules of the
 * tree. Files are named here and read where they are used.
 */
#ifndef CONFIG_CONFIG_EVENT_H
#define CONFIG_CONFIG_EVENT_H

#include <stdint.h>

#include "config/config_value.h"

enum config_severity { CONFIG_SEVERITY_INFO, CONFIG_SEVERITY_WARN, CONFIG_SEVERITY_CRITICAL };

/* Which events are meant. */
struct config_event_choice {
    struct config_texts events;        /* of config_event_words; one of them may be "all" */
    struct config_texts services;      /* or groups; none: all, and what belongs to none */
    enum config_severity min_severity; /* of alerts */
};

/* Where events are sent by HTTP. */
struct config_webhook {
    char *name;
    char *url; /* a secret: whoever knows it can post there */
    struct config_event_choice choice;
    char *template; /* "json", "slack", or an absolute path */
    char *secret_file;
    char *authorization;
    struct config_texts headers; /* "Name: value" */
    char *ca;                    /* NULL: the authorities of the system */
    uint64_t timeout;            /* us */
    uint64_t attempts;           /* 0: as many as fit into give_up_after */
    uint64_t give_up_after;      /* us */
    uint64_t repeat; /* us; equal alerts within it are told once more, with their number */
    uint64_t queue;  /* events */
    uint64_t queue_bytes;
};

/* A program that is run for each event. */
struct config_hook {
    char *name;
    char *command; /* a program and its words, cut at blanks */
    struct config_event_choice choice;
    uint64_t timeout;       /* us */
    uint64_t every;         /* us: not more often than this */
    uint64_t attempts;      /* 0: as many as fit into give_up_after */
    uint64_t give_up_after; /* us */
    uint64_t repeat;
    uint64_t queue;
};

/* The words that `events` may have, NULL at the end. */
extern const char *const config_event_words[];

#endif
