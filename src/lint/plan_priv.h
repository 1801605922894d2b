/*
 * Which migrations a database does not have yet, in their order, each with what the linter says of it, the locks and
 * sizes of what it touches, and the confirmation that it needs. And a token over all of it: another byte in a file,
 * another database, another applied version makes another token. Owner: the caller. Ends by plan_fini. One thread.
 */
#ifndef LINT_PLAN_PRIV_H
#define LINT_PLAN_PRIV_H

#include "base/arena.h"
#include "base/text.h"
#include "lint/lint.h"
#include "lint/server_facts_priv.h"
#include "lint/step_options_priv.h"

enum { PLAN_TOKEN_SIZE = 41 };

enum plan_state {
    PLAN_PENDING,
    PLAN_APPLIED,
    PLAN_CHANGED,      /* applied, and another file by now */
    PLAN_OUT_OF_ORDER, /* pending, below the highest that is applied */
    PLAN_DUPLICATE,    /* the version of a file before it */
    PLAN_FAILED,       /* tried, and not finished */
    PLAN_IGNORED,      /* undo, baseline */
    PLAN_UNREADABLE,
};

struct plan_file {
    struct lint_file *file;         /* as it was found */
    const struct lint_file *judged; /* of a pending one; NULL: it was not judged */
    enum plan_state state;
    const char *words; /* "" or why it is what it is */
};

struct plan {
    const struct step_options *options;
    struct arena arena;
    struct lint_file *found;
    struct plan_file *files;
    size_t count;
    size_t pending;
    struct server_facts facts;
    struct pg_conn *server;      /* that said so, for an application; NULL: there is none */
    struct lint *lint;           /* NULL: nothing is pending */
    enum lint_level level;       /* the highest of what is pending */
    struct lint_options judging; /* of lint */
    const char **paths;
    char token[PLAN_TOKEN_SIZE];
    bool is_blocked; /* something is wrong with the history: nothing may be applied */
};

/* ERR_IO with words; ERR_DENIED: an application to a server that only reads. Runs the linter: in a process with limits. */
MUST_CHECK int plan_make(const struct step_options *options, struct lint_progress *progress,
                         struct plan *out, struct text *words);
void plan_fini(struct plan *plan);

const char *plan_state_name(enum plan_state state);
const char *plan_confirmation(enum lint_level level); /* "none", "--yes", … */

/* Of one file: the bytes that PostgreSQL will write anew. */
uint64_t plan_rewrite_bytes(const struct plan *plan, const struct lint_file *file);

void plan_print(const struct plan *plan, struct text *out);
void plan_print_json(const struct plan *plan, int code, struct text *out);

/* 0; 3: something in the history is wrong. */
int plan_code(const struct plan *plan);

#endif
