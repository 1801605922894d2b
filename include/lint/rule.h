/*
 * What the linter knows by heart: the rules of rule.def as a table, and the words for classes, locks, durations and
 * levels as they stand in its answers. Constants only, any thread.
 */
#ifndef LINT_RULE_H
#define LINT_RULE_H

#include <stdbool.h>

#include "base/slice.h"

/* From harmless to worst; the class of a file is that of its worst finding. */
enum lint_class {
    LINT_SAFE,
    LINT_ADVICE,
    LINT_CAUTION,
    LINT_BLOCKS_WRITES,
    LINT_BREAKS_ROLLBACK,
    LINT_INVALID,
    LINT_CLASSES,
};

enum lint_level { LINT_LOW, LINT_MEDIUM, LINT_HIGH, LINT_CRITICAL, LINT_LEVELS };

/* Table locks of PostgreSQL, from weak to strong. LINT_LOCK_ANY: the finding says which. */
enum lint_lock {
    LINT_LOCK_NONE,
    LINT_LOCK_ACCESS_SHARE,
    LINT_LOCK_ROW_SHARE,
    LINT_LOCK_ROW_EXCLUSIVE,
    LINT_LOCK_SUE,
    LINT_LOCK_SHARE,
    LINT_LOCK_SRE,
    LINT_LOCK_EXCLUSIVE,
    LINT_LOCK_AE,
    LINT_LOCK_ANY,
};

enum lint_duration { LINT_INSTANT, LINT_SCAN, LINT_BUILD, LINT_REWRITE };
enum lint_compat { LINT_OK, LINT_CONDITIONAL, LINT_BREAKS_OLD, LINT_BREAKS_NEW };

/* What cannot be undone by the opposite statement: nothing, the step itself, or the data is gone. */
enum lint_loss { LINT_KEEPS, LINT_ONE_WAY, LINT_LOSES };

#define RULE(id, name, class_, points, lock, duration, compat, loss, why, instead) LINT_##id,
enum lint_rule_id {
#include "lint/rule.def"
    LINT_RULES,
};
#undef RULE

struct lint_rule {
    const char *name;
    enum lint_class class;
    unsigned points;
    enum lint_lock lock;
    enum lint_duration duration;
    enum lint_compat compat;
    enum lint_loss loss;
    const char *why;     /* $r the relation, $n the name */
    const char *instead; /* lines; may be empty */
};

const struct lint_rule *rule_at(enum lint_rule_id id);

/* LINT_RULES when there is none. */
enum lint_rule_id rule_find(struct slice name);

/* A rule of ours with the same meaning as squawk's, or LINT_RULES. */
enum lint_rule_id rule_find_squawk(struct slice name, unsigned nth);

const char *rule_class_name(enum lint_class class);
const char *rule_level_name(enum lint_level level);
const char *rule_lock_name(
    enum lint_lock lock); /* "AccessExclusive" as in pg_locks; "none" below RowExclusive */
const char *rule_lock_words(enum lint_lock lock);  /* "ACCESS EXCLUSIVE" */
const char *rule_lock_blocks(enum lint_lock lock); /* "none", "schema", "writes", "reads+writes" */
const char *rule_duration_name(enum lint_duration duration);
const char *rule_compat_name(enum lint_compat compat);
enum lint_level rule_level_of(unsigned score);

/* LINT_CLASSES or LINT_LEVELS when the word is none. */
enum lint_class rule_class_find(struct slice name);
enum lint_level rule_level_find(struct slice name);

#endif
