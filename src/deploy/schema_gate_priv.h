/*
 * The databases' word on moves of traffic: before it goes forward every gate must pass; on the way back only what is
 * known to be impossible stands in the way. Control thread.
 */
#ifndef DEPLOY_SCHEMA_GATE_PRIV_H
#define DEPLOY_SCHEMA_GATE_PRIV_H

#include <stddef.h>

#include "deploy/databases.h"
#include "deploy/ticket_priv.h"
#include "store/word.h"

struct config_database;
struct decisions;
struct deploy;

/* A question with all that it points to. Good until the caller returns to the loop. */
struct schema_question {
    struct word_question question;
    struct word_side to;
    struct word_side from;
    struct word_link link;
    struct word_finding lint;
    struct word_finding snapshot;
    struct deploy_database databases[4]; /* of to, from, and both ends of the link */
};

/* About a move of the service from one slot to another; from may be NULL. Slots are those of the configuration. */
void schema_gate_ask(const struct deploy *deploy, size_t service, size_t to, const size_t *from,
                     struct schema_question *out);

/* What is known of a database that follows another one. */
void schema_gate_link(const struct deploy *deploy, const struct config_database *follower,
                      struct deploy_database found[2], struct word_link *out);

/* The gates of a move of the service to the slot. JUDGED_DONE: passed, or nothing is asked. */
enum judgement schema_gate_check(struct deploy *deploy, struct ticket *ticket, size_t service,
                                 size_t slot);

#endif
