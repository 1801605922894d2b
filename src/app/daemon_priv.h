/* The body of the daemon, for the sources of room app. Thread: control. */
#ifndef APP_DAEMON_PRIV_H
#define APP_DAEMON_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct actions;
struct admin;
struct api;
struct backup;
struct charts;
struct config;
struct crew;
struct daemon_options;
struct deploy;
struct doors;
struct health;
struct heirloom;
struct identity;
struct loop;
struct news;
struct notary;
struct notify;
struct outbox;
struct pilot;
struct resolver;
struct ring;
struct scribe;
struct store;
struct timer;
struct trust;
struct vault;
struct verbs;
struct wheel;

/* Owner: daemon_run. */
struct daemon {
    const struct daemon_options *options;
    struct config *config; /* until deploy takes it */
    struct loop *loop;
    struct resolver *resolver;
    struct health *health;
    struct deploy *deploy;
    struct pilot *pilot;
    struct backup *backup;
    struct store *store;
    struct crew *crew;
    struct doors *doors;
    struct vault *vault;
    struct trust *trust;
    struct notary *notary;
    struct identity *identity;
    struct verbs *verbs;
    struct wheel *pulse; /* tells how late the control thread is */
    struct admin *admin;
    struct api *api;
    struct news *news;
    struct charts *charts;
    struct actions *actions;
    struct outbox *outbox;
    struct scribe *scribe;
    struct ring **rings;
    unsigned ring_count;
    struct notify *notify;
    struct heirloom *heirloom; /* NULL: the doors are open */
    struct timer *opening;     /* until the first verdicts */
    struct timer *limits;
    struct timer *draining;
    bool are_doors_open;
    bool is_ready; /* and the first verdicts are in */
    uint64_t started_us;
    uint64_t drain_until_us; /* 0: not stopping */
    bool is_ending_tunnels;  /* the last second of a shutdown */
    char *run_dir;
};

/* Lets what is under way finish for so long, then ends; 0, or a second time: ends now. */
void daemon_begin_shutdown(struct daemon *daemon, uint64_t drain_us);

#endif
