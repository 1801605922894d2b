/*
 * The admin socket: lines in, answers out, on the control thread. See docs/admin-protocol.md for the
 * protocol. Waiting commands park their client. Thread: control.
 */
#ifndef CONTROL_ADMIN_H
#define CONTROL_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct admin;
struct actions;
struct audit_trail;
struct backup;
struct casebook;
struct charts;
struct config_admin;
struct control_stats;
struct deploy;
struct deployments;
struct health;
struct identity;
struct ledger;
struct loop;
struct news;
struct outbox;
struct signals;
struct pilot;
struct lag_totals;
struct store;
struct tls_cert_view;
struct tls_crl_view;
struct verbs;

typedef void listener_list_fn(void *arg, const char *listener, uint64_t connections);
typedef void tls_crl_fn(void *arg, const char *used_by, const struct tls_crl_view *crl);
typedef void tls_list_fn(void *arg, const char *listener, const struct tls_cert_view *cert);

/* What commands need; borrowed. */
struct control_room {
    struct loop *loop;
    struct deploy *deploy;
    struct health *health;
    struct pilot *pilot;
    struct casebook *casebook;       /* NULL: no decision is kept */
    struct signals *signals;         /* NULL: there are none */
    struct deployments *deployments; /* NULL: none is counted */
    struct news *news;               /* NULL: nobody is told of anything */
    struct charts *charts;           /* NULL: none are kept */
    struct actions *actions;         /* NULL: none can be run */
    struct backup *backup;           /* NULL: there are no snapshots */
    struct outbox *outbox;           /* NULL: nobody else is told */
    struct verbs *verbs;             /* NULL: commands are not counted */
    struct store *store;             /* NULL: no databases */
    struct identity *identity;       /* NULL: there is no API */
    struct audit_trail *audit;       /* NULL: nothing is written down */
    uint64_t audit_patience_us;      /* so long an answer waits for its record */
    uint64_t started_wall_us;
    void (*quit)(void *arg, bool now);                   /* the `shutdown` command */
    void (*stats)(void *arg, struct control_stats *out); /* of the workers, summed */

    /* What all workers have of ledger->slot (NULL: of all) is appended to the ledger, whose entries the asker frees
     * with free(); done comes on the control thread when every worker has answered, also while they end, and never
     * from inside. NULL: nobody can tell. */
    void (*list)(void *arg, struct ledger *ledger, void (*done)(void *done_arg), void *done_arg);

    /* Reads the certificates again, all or none: 0, or ERR_*; words in both cases. NULL with no listeners. */
    int (*tls_reload)(void *arg, char *words, unsigned words_size);

    /* Calls fn for each certificate of each listener. */
    void (*tls_list)(void *arg, tls_list_fn *fn, void *fn_arg);

    /* Calls fn for each list of revoked certificates, of "listener https" or "slot shop/blue". */
    void (*tls_crls)(void *arg, tls_crl_fn *fn, void *fn_arg);

    /* Calls fn for each listener with its open connections. NULL: only the sum is known. */
    void (*listeners)(void *arg, listener_list_fn *fn, void *fn_arg);

    /* How late the thread at that place was, and its name, which lives as long as the room; NULL: no thread there. */
    const char *(*lag)(void *arg, unsigned index, struct lag_totals *out);
    void *arg;
};

/* Listens on path; nothing of config is kept. ERR_* with words in errno's terms; a path too long is ERR_RANGE. */
MUST_CHECK int admin_new(const struct control_room *room, const char *path,
                         const struct config_admin *config, struct admin **out);

/* The same on a socket that listens already, whose file is somebody else's. Takes fd in any case. */
MUST_CHECK int admin_new_open(const struct control_room *room, int fd,
                              const struct config_admin *config, struct admin **out);
void admin_free(struct admin *admin);

#endif
