/*
 * What was found in one pass over a database: a value that is handed over whole and never changes. Every question has a
 * note of its own: it was not asked, it was answered, or it is unknown and why, in the words of the server. What is
 * unknown is never taken for good. Made on the store's thread, read on any.
 */
#ifndef STORE_LOOK_H
#define STORE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/look_wishes.h"

struct look;

struct look_note {
    bool is_asked;
    bool is_known;
    char words[240]; /* why it is unknown */
};

/* Something that is counted, and the first of it by name. */
struct look_count {
    struct look_note note;
    uint64_t count;
    char words[240]; /* "public.orders_idx", "pid 71 of app, 12 s" */
};

struct look_facts {
    struct look_note note;
    char system_id[24]; /* of the cluster */
    char database[64];
    unsigned server_version; /* 150020 */
    unsigned timeline;
    bool is_standby; /* in recovery: it can only be read */
    bool is_read_only;
    int64_t clock_us; /* of the server, since 1970 */
};

struct look_publisher {
    struct look_note note;
    bool is_active;
    char state[16];      /* "streaming" */
    char wal_status[16]; /* "reserved" */
    int64_t
        apply_bytes; /* from where the log is now to what the other side has applied; -1: unknown */
    int64_t flush_bytes;
    int64_t retained_bytes;
    int64_t replay_us; /* as the server says; -1: it does not */
};

struct look_subscriber {
    struct look_note note;
    bool is_enabled;
    bool is_running;
    uint64_t apply_errors;
    uint64_t sync_errors;
    uint64_t tables_not_ready;
    bool is_followed; /* there was a look before, so that growth would have been seen */
    uint64_t
        error_age_us; /* since the counters grew; UINT64_MAX: they did not while we looked on */
};

/* The heartbeat row: written on the publishing side, read on the other one. */
struct look_beat {
    struct look_note note;
    uint64_t nonce;
    int64_t at_us; /* by the clock of the publishing server */
};

/* Of the versions that are recorded there. */
struct look_versions {
    struct look_note note;
    bool is_kept;            /* they are recorded somewhere, readable or not */
    bool is_found;           /* there is at least one */
    char version[96];        /* the newest that was applied */
    char contract_after[96]; /* the highest that an applied contraction asks for; "": none */
    uint64_t bad_count;      /* failed, unfinished or rolled back */
    char bad[96];            /* the first of them */
    char bad_words[64];      /* "has failed", "is not finished" */
};

struct look_assertion {
    struct look_note note;
    const char *name;
    bool is_compared; /* its value counts only beside that of the other side */
    bool is_true;
    char value[96];
};

const struct look_facts *look_facts(const struct look *look);
const struct look_publisher *look_publisher(const struct look *look);
const struct look_subscriber *look_subscriber(const struct look *look);
const struct look_beat *look_beat_written(const struct look *look);
const struct look_beat *look_beat_seen(const struct look *look);
const struct look_count *look_invalid_indexes(const struct look *look);
const struct look_count *look_unvalidated(const struct look *look);
const struct look_count *look_writers(const struct look *look);
const struct look_count *look_sequences(const struct look *look);
const struct look_note *look_shape(const struct look *look); /* whether the catalog was read */
size_t look_assertion_count(const struct look *look);
const struct look_assertion *look_assertion_at(const struct look *look, size_t index);

/* environment "": of the database, which is what stands for any of the wished environments, or in none. An environment
 * of which nothing is recorded has the versions of the database. */
void look_versions(const struct look *look, const char *environment, struct look_versions *out);

#endif
