/*
 * The database's word on a move between two slots: gates, each with an answer, its reason, its age and what to do; and
 * the light: whether a rollback would be safe now. Judged from looks, never by asking: it takes microseconds. What is
 * older than WORD_AGE_MAX_US is unknown. Pure, any thread.
 */
#ifndef STORE_WORD_H
#define STORE_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include "store/schema_range.h"

struct contract;
struct look;

enum {
    WORD_AGE_MAX_US = 5 * 1000 * 1000,
    WORD_ERROR_AGE_US = 30 * 1000 * 1000, /* a failed apply worker is tried again all the time */
    WORD_LINKS_MAX = 8,
};

enum word_answer { WORD_UNKNOWN, WORD_PASS, WORD_FAIL };

enum word_gate {
    WORD_GATE_DATABASE,
    WORD_GATE_SAME_DATABASE,
    WORD_GATE_VERSION,
    WORD_GATE_CONTRACT,
    WORD_GATE_REPLICATION,
    WORD_GATE_INTEGRITY,
    WORD_GATE_ASSERTIONS,
    WORD_GATE_LINT,
    WORD_GATE_SNAPSHOT,
    WORD_GATE_COUNT,
};

/* A slot and what is known of its database. Texts and looks belong to the caller. */
struct word_side {
    const char *slot;
    const char *version;               /* of the release in it; "": unknown */
    const char *database;              /* NULL: the slot names none */
    const struct schema_range *schema; /* NULL: nothing is asked for */
    const struct contract *contract;   /* NULL: there is none */
    const char *contract_trouble;      /* why a contract cannot be used; NULL: it can */
    const struct look *look;           /* NULL: there is none */
    uint64_t age_us;
    const char *trouble; /* why the database is not up; "" */
    const char *remedy;
};

/* A database that follows another one, with the looks at both. */
struct word_link {
    const char *follower;
    const char *publisher;
    const char *subscription;
    const char *source;               /* the database where traffic is; NULL: it is not asked */
    const struct look *follower_look; /* NULL: there is none */
    const struct look *publisher_look;
    uint64_t follower_age_us;
    uint64_t publisher_age_us;
    uint64_t lag_bytes_max; /* 0: any */
    uint64_t lag_us_max;
    bool has_heartbeat; /* it is to be measured by the heartbeat */
};

struct word_finding;

struct word_question {
    const struct word_side *to;
    const struct word_side *from; /* where traffic is, and would go back to; NULL: nowhere */
    bool is_same_database;        /* both must have the same one */
    bool is_strict;               /* versions must be equal, not just in range */
    bool is_back; /* to where traffic was: a migration that did not end is unknown */
    bool has_integrity;
    unsigned link_count;
    const struct word_link *links;
    const struct word_finding *lint;     /* of pending migrations; NULL: not asked */
    const struct word_finding *snapshot; /* likewise, of snapshots */
};

struct word_finding {
    bool is_asked;
    enum word_answer answer;
    uint64_t age_us;  /* of what it rests on; UINT64_MAX: of nothing */
    char words[384];  /* what was found, or why it is not known */
    char remedy[192]; /* "" */
};

struct word {
    struct word_finding gates[WORD_GATE_COUNT];
};

struct word_light {
    bool is_asked; /* false: no slot names a database */
    enum word_answer answer;
    uint64_t age_us;
    char words[448];
};

/* Before traffic goes forward: the new release must find what it needs, and so must the old one, or there is no way back. */
void word_judge(const struct word_question *question, struct word *out);

/* Whether traffic may go to question->to, the slot before, as things are now. */
void word_shine(const struct word_question *question, struct word_light *out);

/* The worse of two findings stands in into. */
void word_join(struct word_finding *into, const struct word_finding *other);

const char *word_gate_name(enum word_gate gate);
const char *word_answer_name(enum word_answer answer); /* "pass" … */

/* Whether one database follows the other closely. */
void word_judge_link(const struct word_link *link, struct word_finding *out);

/* How far behind the follower is; false: not known. */
bool word_lag_bytes(const struct word_link *link, uint64_t *out);
bool word_lag_us(const struct word_link *link, uint64_t *out);

#endif
