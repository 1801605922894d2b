/*
 * The databases of the releases as the control thread sees them: what is known of each, how old it is, and what is wrong.
 * Everything that could wait for a server happens on a thread of the store; nothing here does. Thread: control.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "store/look_wishes.h"

struct look;
struct loop;
struct store;
struct store_test;

/* How one database is reached and what is asked of it. Texts are the caller's and are copied. */
struct store_database {
    const char *name;
    const char *dsn;      /* libpq's; checked when the configuration was read */
    const char *passfile; /* NULL: libpq's own */
    const char *search_path;
    uint64_t interval_us; /* between two looks */
    uint64_t connect_timeout_us;
    uint64_t query_timeout_us;
    struct look_wishes wishes;
};

/* UP: the newest look is of this session. DOWN: it answers that it will not, or nothing listens there. UNKNOWN: it does
 * not answer at all, its name is not resolved, or it was not asked yet. */
enum store_condition { STORE_UNKNOWN, STORE_UP, STORE_DOWN };

struct store_view {
    const char *name; /* valid until the next reconfiguration */
    enum store_condition condition;
    char words[240];        /* why it is not up; "" */
    char remedy[160];       /* what to do about it; "" */
    char sqlstate[6];       /* of the server that refused; "" */
    uint64_t since_us;      /* how long it has been so */
    uint64_t look_age_us;   /* of the newest look; UINT64_MAX: there is none */
    uint64_t look_begun_us; /* when that one was begun, on the monotonic clock; 0: there is none */
    char system_id[24];     /* from here on of the newest look; "" without one */
    char database[64];
    unsigned server_version; /* 150020 */
    bool is_standby;         /* in recovery */
    bool is_read_only;
    uint64_t connect_us; /* how long it took to connect, names included; 0: never */
    uint64_t query_us;   /* the first question of the newest look */
    uint64_t connects;   /* how often it was tried since the start */
    uint64_t failures;   /* how often that, or a session, failed */
};

/* Starts without a database; the thread begins with the first one. */
struct store *store_new(struct loop *loop);

/* Ends the thread and its sessions; open tests are answered, now. Waits a few seconds at the very most, also where a
 * server, a resolver or a disk hangs. NULL is allowed. */
void store_free(struct store *store);

/* What there is from now on. A database that is as before keeps its session and what is known of it. */
void store_reconfigure(struct store *store, const struct store_database *databases, size_t count);

size_t store_count(const struct store *store);
void store_view_at(const struct store *store, size_t index, struct store_view *out);

/* False: there is no such database. */
bool store_view(const struct store *store, const char *name, struct store_view *out);

/* The newest look at it, which may be old (look_age_us); NULL: there is none. Valid until the caller returns to the loop. */
const struct look *store_look_at(const struct store *store, const char *name);

/* The next look at it is begun at once, or right behind the one that is under way. Nothing for a database that is not there
 * or not connected. */
void store_hurry(struct store *store, const char *name);

const char *store_condition_name(enum store_condition condition);

/*
 * A connection of its own to the database, and what it finds there. done is called once, later, from the loop, within the
 * connect timeout, or by store_free. ERR_NOT_FOUND: no such database; ERR_AGAIN: one is under way.
 */
typedef void store_test_fn(void *arg, const struct store_test *test);
MUST_CHECK int store_test(struct store *store, const char *name, store_test_fn *done, void *arg);

#endif
