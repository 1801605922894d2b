/*
 * Rollouts, consents and confirmations as decisions: lists that are copied with the decisions, and their part of a
 * state file. Control thread; coding is pure.
 */
#ifndef DEPLOY_STATE_ROLLOUT_PRIV_H
#define DEPLOY_STATE_ROLLOUT_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/check.h"
#include "deploy/rollout.h"

struct cJSON;
struct decisions;
struct text;

enum { STATE_CONSENTS_MAX = 4096 };

/* What became of the last move that had to be confirmed; any later move forgets it. */
enum confirm_end { CONFIRM_NONE, CONFIRM_GIVEN, CONFIRM_REVERTED };

/* A switch goes back by itself at the end, unless it is confirmed. */
struct state_confirm {
    enum confirm_end end;   /* CONFIRM_NONE while it waits */
    uint64_t since_wall_us; /* 0: nothing is to be confirmed */
    uint64_t until_wall_us;
    uint64_t until_us; /* monotonic, not stored; set by confirm_start */
};

/* The last rollout of a service or group. */
struct state_rollout {
    TAILQ_ENTRY(state_rollout) link;
    char name[64];
    uint64_t id;
    enum rollout_plan plan;
    enum rollout_phase phase;
    char from[64];
    char to[64];
    char version[64];
    char profile[32];
    char starter[96]; /* the actor */
    char words[256];
    bool is_paused;
    bool is_final; /* what follows the end was done */
    uint64_t started_wall_us;
    uint64_t entered_wall_us;
    uint64_t ended_wall_us;
    uint64_t manual_us;
    uint64_t confirm_us;    /* so long after the cutover */
    uint64_t holdback;      /* of SPLIT_WHOLE; of a cutover that is not settled: stays on `from` */
    char holdback_salt[17]; /* sixteen digits; "": no holdback */

    /* Not stored. */
    int64_t entered_us; /* monotonic; may be before the machine was started */
    int64_t manual_since_us;
    bool is_manual; /* waits for people since then */
    bool is_held;
    char waits_for[160];
};
TAILQ_HEAD(state_rollouts, state_rollout);

/* Somebody agreed that traffic goes to a slot with a version, or an item of the checklist is done for it. */
struct state_consent {
    TAILQ_ENTRY(state_consent) link;
    char name[64]; /* service or group */
    char slot[64];
    char version[64];
    char who[96];
    char item[64]; /* "" : an approval */
    char note[256];
    uint64_t at_wall_us;
    int64_t at_us; /* monotonic, not stored */
};
TAILQ_HEAD(state_consents, state_consent);

/* All of it; part of struct decisions. */
struct state_book {
    uint64_t last_id; /* of rollouts */
    struct state_rollouts rollouts;
    struct state_consents consents;
};

void state_book_init(struct state_book *book);
void state_book_fini(struct state_book *book);
void state_book_copy(struct state_book *to, const struct state_book *from); /* to: empty */
void state_book_move(struct state_book *to, struct state_book *from);       /* likewise */

struct state_rollout *state_book_find(const struct state_book *book, const char *name);
struct state_rollout *state_book_add(struct state_book *book, const char *name);
void state_book_drop(struct state_book *book, struct state_rollout *rollout);
struct state_consent *state_book_add_consent(struct state_book *book, const char *name);
void state_book_drop_consent(struct state_book *book, struct state_consent *consent);

/* Whether a program that knows nothing of this part would lose something. */
bool state_book_is_used(const struct decisions *decisions);

/* Members ,"rollouts":{…} of the content and ,"confirm":{…} or ,"confirm_end":"…" of a service, where there is
 * something to write. */
void state_book_encode(const struct state_book *book, struct text *out);
void state_confirm_encode(const struct state_confirm *confirm, struct text *out);
MUST_CHECK int state_book_decode(const struct cJSON *content, struct state_book *book);
MUST_CHECK int state_confirm_decode(const struct cJSON *service, struct state_confirm *out);

#endif
