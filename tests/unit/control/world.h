/*
 * A small world for the tests of room control: a published picture with one service `shop` (slots blue and green)
 * and one `api` in the group `release`, and in place of the rooms deploy and health stand-ins whose answers the
 * test decides. Everything runs on one thread; a client of a socket is driven together with the loop.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "control/admin.h"
#include "control/stats.h"
#include "deploy/behind.h"
#include "deploy/deploy.h"
#include "deploy/deploy_view.h"
#include "deploy/drill_view.h"
#include "deploy/migrations_view.h"
#include "deploy/rollout_view.h"
#include "deploy/word_view.h"
#include "health/health.h"
#include "pilot/pilot.h"
#include "route/snapshot.h"
#include "route/tunnel_drain.h"

enum { WORLD_SERVICES = 2, WORLD_SLOTS = 2, WORLD_TARGETS = 2, WORLD_HISTORY = 64 };

struct pins;

struct deploy {                               /* the stand-in */
    struct deploy_migrations_view migrations; /* database NULL: none are watched */
    struct loop *loop;
    struct change submitted[64];
    unsigned submitted_count;
    struct change_result result; /* of every change */
    bool holds;                  /* no result until deploy_release_held */
    bool is_under_way;           /* what is held cannot be withdrawn */
    unsigned cancelled;
    unsigned delay_ms;
    uint64_t draining;
    struct deploy_lock_view lock;
    struct deploy_behind_view behind; /* of the first service */
    struct deploy_durability durability;
    struct history_entry history[WORLD_HISTORY]; /* newest first */
    unsigned history_count;
    struct pending_change *pending;
    const struct config *config;
    struct deploy_canary_view canary[WORLD_SERVICES];
    struct deploy_trial_view trial[WORLD_SERVICES];
    struct deploy_book_view book[WORLD_SERVICES];
    struct deploy_drill_view drill[WORLD_SERVICES];
    struct deploy_traffic_view traffic[WORLD_SERVICES];
    struct deploy_rollout_view rollout[WORLD_SERVICES]; /* id 0: none */
    struct deploy_confirm_view confirm[WORLD_SERVICES];
    struct deploy_consent_view consent[WORLD_SERVICES]; /* who "" : none */
    struct deploy_light_view light[WORLD_SERVICES];
    struct deploy_word_view word[WORLD_SERVICES]; /* whichever slot is asked for */
    struct word_finding contract[WORLD_SERVICES];
    char schema[96];                   /* deploy_view_schema of the first service */
    const char *missing;               /* lines of deploy_view_contract */
    struct deploy_link_view link;      /* without a database: none */
    struct pins *pins[WORLD_SERVICES]; /* deploy_pins; freed by world_fini */
    struct pins *loaded;               /* of the last CHANGE_TENANT_LOAD; likewise */
    char planned[64];                  /* what every token of a plan is for; "" : there is none */
    char token[40];                    /* of the last deploy_apply */
    char token_actor[96];
};

enum { WORLD_ALERTS = 4 };

struct pilot { /* the stand-in; room.pilot is NULL until a test sets it */
    struct pilot_trial trials[WORLD_SERVICES];
    struct pilot_alert alerts[WORLD_ALERTS]; /* newest first */
    unsigned alert_count;
    struct pilot_rollbacks rollbacks[WORLD_ALERTS];
    unsigned rollback_count;
};

struct world {
    struct loop *loop;
    struct deploy deploy;
    struct pilot pilot;
    struct control_room room;
    struct service *services[WORLD_SERVICES];
    struct slot *slots[WORLD_SERVICES][WORLD_SLOTS];
    struct target *targets[WORLD_SERVICES][WORLD_SLOTS][WORLD_TARGETS];
    struct health_view views[WORLD_SERVICES][WORLD_SLOTS][WORLD_TARGETS];
    struct pick picks[WORLD_SERVICES][WORLD_SLOTS][WORLD_TARGETS];
    struct snapshot_slot slot_rows[WORLD_SERVICES][WORLD_SLOTS];
    struct snapshot_service service_rows[WORLD_SERVICES];
    struct control_stats stats;
    struct steering steering[WORLD_SERVICES]; /* of shop and api, once world_add_tenants */
    struct tenant_source tenant_source;
    struct ledger_entry ledger[8]; /* what the workers answer, when asked */
    size_t ledger_count;
    size_t ledger_left_out;
    bool holds_ledger;              /* they do not, until world_give_ledger */
    const struct slot *ledger_slot; /* of the last question */
    struct ledger_question *question;
    unsigned quits;
    bool quit_now;
    char folder[64];
    char path[96]; /* for a socket in folder */
};

void world_init(struct world *world);
void world_fini(struct world *world);
/* Tenants by the header X-Tenant for the first `count` services, with an empty table of pins each; published. */
void world_add_tenants(struct world *world, unsigned count);
void world_give_ledger(struct world *world);
void world_publish(struct world *world, uint64_t epoch); /* after the rows were changed */

/* What the stand-in of health answers to health_all_known. */
extern bool world_health_known;

/* Runs the loop until is_true(arg), or ms are over: false then. */
bool world_run(struct world *world, bool (*is_true)(void *arg), void *arg, unsigned ms);

/* Turns the loop for so long. */
void world_turn(struct world *world, unsigned ms);

/* A client: a non-blocking descriptor connected to a unix socket, or -1. */
int world_connect(const char *path);

/* Sends bytes and turns the loop until `end` ends what came back, or the peer closed. Out: what came. True when
 * it came to an end within 5 s. */
bool world_ask(struct world *world, int fd, const char *bytes, const char *end, struct text *out);

/* True when the peer closes within ms; what it still says is dropped. */
bool world_is_closed(struct world *world, int fd, unsigned ms);

void deploy_release_held(struct deploy *deploy);

#endif
