/*
 * What the daemon itself puts on record: its start and end, and what it does without a command. Opens the audit trail and
 * keeps the files for older tools. Thread: control.
 */
#ifndef APP_NOTARY_H
#define APP_NOTARY_H

#include "base/check.h"

struct audit_trail;
struct change;
struct change_result;
struct config;
struct deploy;
struct loop;
struct notary;

/* ERR_* and words on standard error's terms: the trail cannot be opened. */
MUST_CHECK int notary_new(struct loop *loop, const struct config *config, char *words,
                          unsigned words_size, struct notary **out);

/* Writes what waits; after whoever has calls or changes. NULL is fine. */
void notary_free(struct notary *notary);

struct audit_trail *notary_trail(const struct notary *notary);

void notary_started(struct notary *notary, const struct deploy *deploy);

/* signal 0: a command. */
void notary_stopping(struct notary *notary, int signal);

/* A change was answered; what no command has asked for gets its record, and a switch is told to older tools. */
void notary_settled(struct notary *notary, const struct deploy *deploy, const struct change *change,
                    const struct change_result *result);

#endif
