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

/* With strategy=parallel: what the other side cannot take over. */
void visit_parallel(struct visit *visit, const char *relation, const char *why);

/* visit_alter.c .. one function per kind of statement */
void visit_alter_table(struct visit *visit, const cJSON *body);
void visit_add_column(struct visit *visit, struct sql_name table, const cJSON *column);
void visit_add_constraint(struct visit *visit, struct sql_name table, const cJSON *constraint);
void visit_alter_type_object(struct visit *visit, const cJSON *body);
void visit_create_table(struct visit *visit, const cJSON *body);
void visit_create_table_as(struct visit *visit, const cJSON *body);
void visit_view(struct visit *visit, const cJSON *body);
void visit_index(struct visit *visit, const cJSON *body);
void visit_drop(struct visit *visit, const cJSON *body);
void visit_rename(struct visit *visit, const cJSON *body);
void visit_set_schema(struct visit *visit, const cJSON *body);
void visit_owner(struct visit *visit, const cJSON *body);
void visit_truncate(struct visit *visit, const cJSON *body);
void visit_update(struct visit *visit, const cJSON *body);
void visit_delete(struct visit *visit, const cJSON *body);
void visit_insert(struct visit *visit, const cJSON *body);
void visit_merge(struct visit *visit, const cJSON *body);
void visit_copy(struct visit *visit, const cJSON *body);
void visit_select(struct visit *visit, const cJSON *body);
void visit_call(struct visit *visit, const cJSON *body);
void visit_do(struct visit *visit, const cJSON *body);
void visit_function(struct visit *visit, const cJSON *body);
void visit_create_enum(struct visit *visit, const cJSON *body);
void visit_alter_enum(struct visit *visit, const cJSON *body);
void visit_create_type(struct visit *visit, const cJSON *body);
void visit_create_domain(struct visit *visit, const cJSON *body);
void visit_alter_domain(struct visit *visit, const cJSON *body);
void visit_transaction(struct visit *visit, const cJSON *body);
void visit_set(struct visit *visit, const cJSON *body);
void visit_reindex(struct visit *visit, const cJSON *body);
void visit_vacuum(struct visit *visit, const cJSON *body);
void visit_cluster(struct visit *visit, const cJSON *body);
void visit_refresh(struct visit *visit, const cJSON *body);
void visit_lock_table(struct visit *visit, const cJSON *body);
void visit_trigger(struct visit *visit, const cJSON *body);
void visit_rule(struct visit *visit, const cJSON *body);
void visit_policy(struct visit *visit, const cJSON *body);
void visit_grant(struct visit *visit, const cJSON *body);
void visit_comment(struct visit *visit, const cJSON *body);
void visit_sequence(struct visit *visit, const cJSON *body);
void visit_schema(struct visit *visit, const cJSON *body);

/* Judges SQL that stands inside other code; where: words for the message. */
void visit_inner_sql(struct visit *visit, const char *sql, const char *where);

#endif
