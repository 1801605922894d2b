/*
 * The folders of migrations that databases name, judged by `switchctl db plan` in a child of ours: at the start, when a
 * file changes, and when other versions are applied; never while a change waits for it. Control thread.
 */
#ifndef DEPLOY_MIGRATION_WATCH_PRIV_H
#define DEPLOY_MIGRATION_WATCH_PRIV_H

#include <stdint.h>

#include "store/word.h"

struct config;
struct config_service;
struct deploy;
struct migration_watch;

/* Begins to watch what the deploy's configuration names. */
struct migration_watch *migration_watch_new(struct deploy *deploy);
void migration_watch_free(struct migration_watch *watch); /* ends its children; NULL is allowed */

/* Another configuration is in force: what is as before keeps what is known of it. */
void migration_watch_reload(struct migration_watch *watch);

/* The finding for a switch of the service from the last judgement, with its age: a file that has just changed is judged a
 * moment later. What could not be judged for half a minute is unknown; not asked where the database names no folder. */
void migration_watch_judge(const struct migration_watch *watch,
                           const struct config_service *service, const char *database,
                           struct word_finding *out);

#endif
