/* The rules as a table, and the linter's words: see rule.h. */
#include "lint/rule.h"

#include <stddef.h>
#include <string.h>

#define RULE(id, name, class_, points, lock, duration, compat, loss, why, instead)                 \
    { name,          LINT_##class_, points, LINT_LOCK_##lock, LINT_##duration,                     \
      LINT_##compat, LINT_##loss,   why,    instead },
static const struct lint_rule rules[] = {
#include "lint/rule.def"
};
#undef RULE

/* squawk's names for what some of our rules say; a name may stand for several of ours. */
static const struct {
    const char *theirs;
    enum lint_rule_id ours;
} squawk[] = {
    { "adding-field-with-default", LINT_ADD_COLUMN_VOLATILE_DEFAULT },
    { "adding-field-with-default", LINT_ADD_COLUMN_STORED_GENERATED },
    { "adding-foreign-key-constraint", LINT_ADD_FOREIGN_KEY },
    { "adding-not-nullable-field", LINT_SET_NOT_NULL },
    { "adding-required-field", LINT_ADD_REQUIRED_COLUMN },
    { "adding-serial-primary-key-field", LINT_ADD_PRIMARY_KEY },
    { "ban-char-field", LINT_BAN_CHAR },
    { "ban-create-domain-with-constraint", LINT_CREATE_DOMAIN_CONSTRAINT },
    { "ban-alter-domain-with-add-constraint", LINT_ALTER_DOMAIN_ADD_CONSTRAINT },
    { "ban-drop-column", LINT_DROP_COLUMN },
    { "ban-drop-table", LINT_DROP_TABLE },
    { "ban-drop-database", LINT_DROP_DATABASE },
    { "ban-drop-not-null", LINT_DROP_NOT_NULL },
    { "ban-truncate-cascade", LINT_TRUNCATE_CASCADE },
    { "changing-column-type", LINT_CHANGE_COLUMN_TYPE },
    { "changing-column-type", LINT_WIDEN_COLUMN_TYPE },
    { "constraint-missing-not-valid", LINT_ADD_CHECK_CONSTRAINT },
    { "constraint-missing-not-valid", LINT_ADD_FOREIGN_KEY },
    { "disallowed-unique-constraint", LINT_ADD_UNIQUE_CONSTRAINT },
    { "identifier-too-long", LINT_IDENTIFIER_TOO_LONG },
    { "prefer-big-int", LINT_PREFER_BIGINT },
    { "prefer-bigint-over-int", LINT_PREFER_BIGINT },
    { "prefer-bigint-over-smallint", LINT_PREFER_BIGINT },
    { "prefer-identity", LINT_PREFER_IDENTITY },
    { "prefer-text-field", LINT_PREFER_TEXT },
    { "prefer-timestamp-tz", LINT_PREFER_TIMESTAMPTZ },
    { "prefer-repack", LINT_VACUUM_FULL },
    { "prefer-repack", LINT_CLUSTER },
    { "prefer-robust-stmts", LINT_NON_IDEMPOTENT },
    { "renaming-column", LINT_RENAME_COLUMN },
    { "renaming-table", LINT_RENAME_TABLE },
    { "require-concurrent-index-creation", LINT_CREATE_INDEX_NONCONCURRENT },
    { "require-concurrent-index-deletion", LINT_DROP_INDEX },
    { "require-concurrent-partition-detach", LINT_DETACH_PARTITION },
    { "require-concurrent-reindex", LINT_REINDEX_NONCONCURRENT },
    { "require-lock-timeout", LINT_MISSING_LOCK_TIMEOUT },
    { "require-timeout-settings", LINT_MISSING_LOCK_TIMEOUT },
    { "require-statement-timeout", LINT_REQUIRE_STATEMENT_TIMEOUT },
    { "require-table-schema", LINT_REQUIRE_TABLE_SCHEMA },
    { "transaction-nesting", LINT_TRANSACTION_NESTING },
};

static const char *const classes[] = { "safe",          "advice",          "caution",
                                       "blocks-writes", "breaks-rollback", "invalid" };
static const char *const levels[] = { "low", "medium", "high", "critical" };

const struct lint_rule *rule_at(enum lint_rule_id id)
{
    return &rules[id];
}

enum lint_rule_id rule_find(struct slice name)
{
    for (unsigned i = 0; i < LINT_RULES; i++)
        if (slice_is_equal(name, slice_from(rules[i].name)))
            return (enum lint_rule_id)i;
    return LINT_RULES;
}

enum lint_rule_id rule_find_squawk(struct slice name, unsigned nth)
{
    for (size_t i = 0; i < sizeof squawk / sizeof squawk[0]; i++)
        if (slice_is_equal(name, slice_from(squawk[i].theirs)) && nth-- == 0)
            return squawk[i].ours;
    return LINT_RULES;
}

const char *rule_class_name(enum lint_class class)
{
    return class < LINT_CLASSES ? classes[class] : "";
}

const char *rule_level_name(enum lint_level level)
{
    return level < LINT_LEVELS ? levels[level] : "";
}

const char *rule_lock_name(enum lint_lock lock)
{
    switch (lock) {
    case LINT_LOCK_NONE:
    case LINT_LOCK_ACCESS_SHARE:
    case LINT_LOCK_ROW_SHARE: return "none";
    case LINT_LOCK_ROW_EXCLUSIVE: return "RowExclusive";
    case LINT_LOCK_SUE: return "ShareUpdateExclusive";
    case LINT_LOCK_SHARE: return "Share";
    case LINT_LOCK_SRE: return "ShareRowExclusive";
    case LINT_LOCK_EXCLUSIVE: return "Exclusive";
    case LINT_LOCK_AE: return "AccessExclusive";
    case LINT_LOCK_ANY: return "depends";
    }
    return "";
}

const char *rule_lock_words(enum lint_lock lock)
{
    switch (lock) {
    case LINT_LOCK_NONE:
    case LINT_LOCK_ACCESS_SHARE:
    case LINT_LOCK_ROW_SHARE: return "none";
    case LINT_LOCK_ROW_EXCLUSIVE: return "ROW EXCLUSIVE";
    case LINT_LOCK_SUE: return "SHARE UPDATE EXCLUSIVE";
    case LINT_LOCK_SHARE: return "SHARE";
    case LINT_LOCK_SRE: return "SHARE ROW EXCLUSIVE";
    case LINT_LOCK_EXCLUSIVE: return "EXCLUSIVE";
    case LINT_LOCK_AE: return "ACCESS EXCLUSIVE";
    case LINT_LOCK_ANY: return "depends";
    }
    return "";
}

const char *rule_lock_blocks(enum lint_lock lock)
{
    if (lock == LINT_LOCK_AE)
        return "reads+writes";
    if (lock >= LINT_LOCK_SHARE && lock < LINT_LOCK_AE)
        return "writes";
    return lock == LINT_LOCK_SUE ? "schema" : "none";
}

const char *rule_duration_name(enum lint_duration duration)
{
    switch (duration) {
    case LINT_INSTANT: return "instant";
    case LINT_SCAN: return "scan";
    case LINT_BUILD: return "build";
    case LINT_REWRITE: return "rewrite";
    }
    return "";
}

const char *rule_compat_name(enum lint_compat compat)
{
    switch (compat) {
    case LINT_OK: return "ok";
    case LINT_CONDITIONAL: return "conditional";
    case LINT_BREAKS_OLD: return "breaks-old";
    case LINT_BREAKS_NEW: return "breaks-new";
    }
    return "";
}

enum lint_level rule_level_of(unsigned score)
{
    if (score >= 70)
        return LINT_CRITICAL;
    if (score >= 30)
        return LINT_HIGH;
    return score >= 10 ? LINT_MEDIUM : LINT_LOW;
}

enum lint_class rule_class_find(struct slice name)
{
    unsigned at = 0;

    while (at < LINT_CLASSES && !slice_is_equal(name, slice_from(classes[at])))
        at++;
    return (enum lint_class)at;
}

enum lint_level rule_level_find(struct slice name)
{
    unsigned at = 0;

    while (at < LINT_LEVELS && !slice_is_equal(name, slice_from(levels[at])))
        at++;
    return (enum lint_level)at;
}
