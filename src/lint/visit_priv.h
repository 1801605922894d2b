/*
 * Judging one statement: what the visitors of all kinds of statements share. A visitor reads the tree, asks the
 * catalog, notes locks and findings, and then tells the catalog what the statement does. Owner: the run. One thread.
 */
#ifndef LINT_VISIT_PRIV_H
#define LINT_VISIT_PRIV_H

#include "lint/catalog_priv.h"
#include "lint/lint.h"
#include "lint/place_priv.h"

/* A label that was added to an enum, and the transaction in which that was. */
struct enum_label {
    struct enum_label *next;
    const char *label;
    unsigned transaction;
};

struct visit {
    const struct lint_options *options;
    struct arena *arena;
    struct catalog *catalog;
    struct lint_file *file;
    unsigned file_number; /* 0: the baseline */
    struct lint_statement *statement;
    struct lint_finding **last_finding; /* of the statement */
    struct place place;
    const char *text;     /* of the statement, terminated */
    size_t base;          /* its place in the file */
    int location;         /* of what is looked at, in text; 0: the statement */
    const char *where;    /* words behind the message: inside a DO block; NULL */
    bool is_silent;       /* the baseline: facts only */
    bool is_inner;        /* in a DO block */
    unsigned transaction; /* number of the present one */
    bool is_explicit;     /* between BEGIN and COMMIT */
    size_t begun_at;
    bool has_lock_timeout; /* of the session */
    bool has_local_timeout;
    bool has_statement_timeout;
    bool is_lock_said;
    bool is_statement_said;
    bool has_concurrently;
    bool has_transactional;
    struct enum_label *labels;
    struct lint_finding spare; /* what a silent visit writes into */
};

/* The statement's node ({ "SelectStmt": .. }). */
void visit_statement(struct visit *visit, const cJSON *node);

/* A finding at visit->location; its lock and points may be set by the caller. Never NULL. Texts are copied. */
struct lint_finding *visit_find(struct visit *visit, enum lint_rule_id rule, const char *relation,
                                const char *name);

/* Whether PostgreSQL is in a transaction that the statement did not begin by itself. */
bool visit_in_transaction(const struct visit *visit);

/* The statement runs on its own only: a finding in a transaction or in a function; whether it is one. */
bool visit_needs_no_transaction(struct visit *visit, const char *what, bool is_concurrent);

/* The relation's entry, or NULL when it is unknown. */
struct entry *visit_relation(const struct visit *visit, struct sql_name name);

/* Whether it was made in the file that is judged: nobody else can see it. */
bool visit_is_new(const struct visit *visit, const struct entry *entry);
bool visit_is_new_column(const struct visit *visit, const struct column *column);

/* Notes the lock (nothing when the relation was made in this file) and the name for messages: "public.orders". */
const char *visit_lock(struct visit *visit, struct sql_name name, enum lint_lock lock);
const char *visit_lock_entry(struct visit *visit, const struct entry *entry, enum lint_lock lock);
const char *visit_name(const struct visit *visit, struct sql_name name);
void visit_rewrite(struct visit *visit, const struct entry *entry);

/* "IF NOT EXISTS" or "IF EXISTS" is missing where the file runs in no transaction. */
void visit_repeatable(struct visit *visit, bool is_guarded);

/* A default or expression that differs from row to row, as far as is known. */
bool visit_is_volatile(const cJSON *expression);

/* WHERE that keeps every row. */
bool visit_is_always_true(const cJSON *node);

/* Syntax that came with a later version than the server's: PostgreSQL will refuse it. */
void visit_newer(struct visit *visit, unsigned since, const char *what);

/* With strategy=parallel: what the other side cannot take over. */
void visit_parallel(struct visit *visit, const char *relation, const char *why);

/* Judges SQL that stands inside other code; where: words for the message. */
void visit_inner_sql(struct visit *visit, const char *sql, const char *where);

#endif
