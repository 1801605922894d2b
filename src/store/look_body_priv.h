/* The body of struct look, for the sources that ask, take and read. */
#ifndef STORE_LOOK_BODY_PRIV_H
#define STORE_LOOK_BODY_PRIV_H

#include "store/look_priv.h"

enum look_question {
    QUESTION_FACTS,
    QUESTION_PUBLISHER,
    QUESTION_SUBSCRIBER,
    QUESTION_BEAT_WRITE,
    QUESTION_BEAT_READ,
    QUESTION_INVALID_INDEXES,
    QUESTION_UNVALIDATED,
    QUESTION_WRITERS,
    QUESTION_SEQUENCES,
    QUESTION_HISTORY,
    QUESTION_COLUMNS,
    QUESTION_ENUMS,
    QUESTION_INDEXES,
    QUESTION_FUNCTIONS,
    QUESTION_ASSERTION, /* the first one; others follow */
};

enum { LOOK_ROWS_MAX = 200000 };

/* Owner: the session, then whoever it is handed to. Ends by look_free. */
struct look {
    struct look_wishes wishes; /* texts are ours */
    char nonce[24];
    unsigned question_count;
    unsigned questions[QUESTION_ASSERTION]; /* without the assertions */

    struct look_facts facts;
    enum look_history auto_history; /* NONE: no such table is there */
    bool is_own_on_path;
    struct look_publisher publisher;
    struct look_subscriber subscriber;
    struct look_beat written;
    struct look_beat seen;
    struct look_count invalid_indexes;
    struct look_count unvalidated;
    struct look_count writers;
    struct look_count sequences;
    struct look_note history_note;
    PGresult *history; /* environment, version, what is bad, contract_after */
    struct look_note shape;
    PGresult *columns;   /* schema, table, column, type, not null, default, generated, kind */
    PGresult *enums;     /* schema, type, label */
    PGresult *indexes;   /* schema, name, table, valid */
    PGresult *functions; /* schema, name, types of the arguments */
    struct look_assertion *assertions;
};

/* Which table of versions this look reads. */
enum look_history look_history_of(const struct look *look);

/* look_answer.c */
bool look_answer_take(struct look *look, unsigned question, const PGresult *result);

#endif
