/*
 * A blue and a green app server behind a daemon, as in support/stage.h, with slots that work with databases of PostgreSQL
 * servers of the test's own. Test thread.
 */
#ifndef SUPPORT_DB_STAGE_H
#define SUPPORT_DB_STAGE_H

#include <stdbool.h>

#include "support/pg.h"
#include "support/stage.h"

struct db_stage {
    struct stage stage;
    struct pg *pg;    /* of the database "main"; the caller's own others are not ours */
    char folder[256]; /* for contracts */
};

struct db_stage_options {
    const char *blue; /* more of the slot: "version = \"v1.0\"" */
    const char *green;
    const char *lines;  /* more of the service */
    bool has_guard;     /* lines say what the guard does; otherwise it moves nothing by itself */
    const char *blocks; /* more blocks at the top level, other databases */
    const char *main;   /* more of the block of database "main" */
    const char *sql;    /* run in it before the daemon starts */
};

/* A file in the stage's folder before db_stage_open; make the folder first with db_stage_folder. */
void db_stage_folder(struct db_stage *stage);
char *db_stage_file(const struct db_stage *stage, const char *name, const char *content);

/* Both slots have the database "main" unless options give another; waits until the gate database passes. */
void db_stage_open(struct db_stage *stage, struct pg *pg, const struct db_stage_options *options);
char *
db_stage_close(struct db_stage *stage); /* NULL, or what was wrong; the caller frees. Ends pg */

/* The server and all of its sessions stop, or go on: it neither answers nor refuses. */
void db_stage_freeze(struct pg *pg, bool is_frozen);

/* Runs SQL there; a failure ends the test. */
void db_stage_sql(struct pg *pg, const char *database, const char *sql);

/* What switchctl says, with both of its outputs in one; the caller frees. */
char *db_stage_say(const struct db_stage *stage, const char *words, int *code);

/* Waits until the output has that part; false after ms. */
bool db_stage_await(const struct db_stage *stage, const char *words, const char *part, unsigned ms);

#endif
