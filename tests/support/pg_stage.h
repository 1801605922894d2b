/*
 * A daemon with the usual stage that watches a database, and what it says of that. The slots name no database: what gates
 * make of one has tests of its own. Test thread.
 */
#ifndef SUPPORT_PG_STAGE_H
#define SUPPORT_PG_STAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "support/pg.h"
#include "support/stage.h"

/* A block for stage_options.more; lines are put into it behind the dsn. The caller frees. */
char *pg_stage_block(const char *name, const char *dsn, const char *lines);

/* The object of `db status NAME`; the caller deletes it. NULL: the daemon does not know it. */
cJSON *pg_stage_database(const struct daemon *daemon, const char *name);

/* A text or number of it; the text is valid until the next call, and "" where there is none; the number -1. */
const char *pg_stage_text(const struct daemon *daemon, const char *name, const char *key);
double pg_stage_number(const struct daemon *daemon, const char *name, const char *key);

/* Until its condition is that ("up"), 20 seconds at most. */
bool pg_stage_await(const struct daemon *daemon, const char *name, const char *condition);

/* Until a text of it has that part. */
bool pg_stage_await_text(const struct daemon *daemon, const char *name, const char *key,
                         const char *part);

#endif
