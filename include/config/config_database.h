/*
 * Databases of releases, and what a service asks of them before its traffic moves, as configured. See config/config.h for
 * the rules of the tree.
 */
#ifndef CONFIG_CONFIG_DATABASE_H
#define CONFIG_CONFIG_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_value.h"

enum config_backup_kind { CONFIG_BACKUP_LOGICAL, CONFIG_BACKUP_PHYSICAL };

/* Copies of a database; without a folder: none. */
struct config_snapshots {
    char *folder;
    char *restore_folder; /* NULL: below folder */
    char *server_user;    /* NULL: the daemon's own */
    uint64_t keep;        /* the newest so many */
    uint64_t daily;
    uint64_t weekly;
    uint64_t max_age; /* us; 0: any */
    enum config_backup_kind kind;
};

struct config_database {
    char *name;
    char *dsn; /* a URI or "key=value …" that libpq understands; never with a password in it */
    char *passfile; /* NULL: libpq's own */
    uint64_t interval;
    uint64_t connect_timeout;
    uint64_t query_timeout;
    char *versions;    /* a word ("auto", "none", …) or a statement that begins with SELECT */
    char *environment; /* NULL: the name of the slot */
    char *migrations;  /* folder; NULL: none */
    char *search_path;
    struct config_texts assertions; /* "NAME: SELECT …", names are unique */
    struct config_texts compared;   /* the same; their values must be alike on both sides */
    char *publisher;                /* name of the database that this one follows; NULL: none */
    char *subscription;             /* given with publisher */
    char *slot;     /* replication slot on the publisher; NULL: named as the subscription */
    bool heartbeat; /* with publisher */
    uint64_t lag_bytes;
    uint64_t lag_time;
    struct config_snapshots snapshots;
};

enum config_strategy { CONFIG_STRATEGY_SHARED, CONFIG_STRATEGY_PARALLEL };

/* Of the linter's files and statements. */
enum config_lint_level {
    CONFIG_LINT_LOW,
    CONFIG_LINT_MEDIUM,
    CONFIG_LINT_HIGH,
    CONFIG_LINT_CRITICAL
};

enum config_unknown { CONFIG_UNKNOWN_REFUSE, CONFIG_UNKNOWN_ALLOW };

/* What is asked of the databases of a service's slots; nothing while no slot names one. */
struct config_schema {
    enum config_strategy strategy;
    bool same_database;
    bool exact_version;
    bool integrity;
    enum config_lint_level lint_max_level;
    uint64_t snapshot_age; /* us; 0: not asked for */
    enum config_unknown on_unknown;
};

#endif
