/* What all visitors share: see visit_priv.h. */
#include "lint/visit_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lint/volatility_priv.h"

enum { MESSAGE_MAX = 4096, SMALL_ROWS = 10000, LARGE_ROWS = 10000000 };

static bool is_plain(const char *name)
{
    if (name[0] >= '0' && name[0] <= '9')
        return false;
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

static void add_identifier(struct text *text, const char *name)
{
    text_add_format(text, is_plain(name) ? "%s" : "\"%s\"", name);
}

/* $n where SQL is written: a name that needs quotes gets them around itself and the letters behind it ("$n_fk"). */
static const char *add_name(struct text *text, const char *template, const char *name)
{
    size_t suffix = strspn(template, "abcdefghijklmnopqrstuvwxyz_0123456789");
    bool is_quoted = text->len > 0 && text->bytes[text->len - 1] == '"';
    bool needs_quotes = !is_quoted && name[0] != '\0' && !is_plain(name);

    if (needs_quotes)
        text_add(text, "\"");
    text_add(text, name);
    text_add_slice(text, slice_of(template, suffix));
    if (needs_quotes)
        text_add(text, "\"");
    return template + suffix;
}

/* The template with $r and $n filled in, in the arena; is_sql: for what can be copied into a file. */
static const char *fill_in(struct visit *visit, const char *template, const char *const names[2],
                           bool is_sql)
{
    struct text text;
    const char *filled = "";

    text_init(&text, MESSAGE_MAX);
    while (*template != '\0') {
        if (template[0] == '$' && template[1] == 'n' && is_sql) {
            template = add_name(&text, template + 2, names[1]);
        } else if (template[0] == '$' && template[1] == 'n') {
            text_add(&text, names[1]);
            template += 2;
        } else if (template[0] == '$' && template[1] == 'r') {
            text_add(&text, names[0]);
            template += 2;
        } else {
            text_add_slice(&text, slice_of(template ++, 1));
        }
    }
    filled = catalog_text(visit->arena, text.bytes != NULL ? text.bytes : "");
    text_fini(&text);
    return filled;
}

/* How large the table is decides how long a lock lasts. */
static unsigned scale_points(const struct visit *visit, const struct lint_rule *rule,
                             const char *relation)
{
    const struct entry *entry = NULL;
    char schema[64] = "";
    const char *dot = strrchr(relation, '.');

    if (rule->class != LINT_BLOCKS_WRITES || dot == NULL ||
        !slice_copy(slice_of(relation, (size_t)(dot - relation)), schema, sizeof schema))
        return rule->points;
    entry = catalog_find(visit->catalog, SPACE_RELATION,
                         (struct sql_name){ .schema = schema, .name = dot + 1 });
    if (entry == NULL || entry->rows < 0)
        return rule->points;
    if (entry->rows < SMALL_ROWS)
        return rule->points / 2;
    return rule->points + (entry->rows > LARGE_ROWS ? 10 : 0);
}

struct lint_finding *visit_find(struct visit *visit, enum lint_rule_id id, const char *relation,
                                const char *name)
{
    const struct lint_rule *rule = rule_at(id);
    struct lint_finding *finding = &visit->spare;
    const char *const names[2] = { relation, name };
    size_t offset = visit->statement != NULL ? visit->statement->offset : 0;

    if (visit->is_silent)
        return finding;
    finding = catalog_alloc(visit->arena, sizeof *finding);
    *finding =
        (struct lint_finding){ .rule = id,
                               .class = rule->class,
                               .points = scale_points(visit, rule, relation),
                               .lock = rule->lock == LINT_LOCK_ANY ? LINT_LOCK_NONE : rule->lock,
                               .relation = catalog_text(visit->arena, relation),
                               .reason = "" };
    finding->message = fill_in(visit, rule->why, names, false);
    if (visit->where != NULL)
        finding->message =
            fill_in(visit, "$r $n", (const char *const[]){ finding->message, visit->where }, false);
    finding->instead = fill_in(visit, rule->instead, names, true);
    if (visit->location > 0 && visit->where == NULL)
        offset = visit->base + (size_t)visit->location;
    place_find(&visit->place, offset, &finding->line, &finding->column);
    *visit->last_finding = finding;
    visit->last_finding = &finding->next;
    return finding;
}

bool visit_in_transaction(const struct visit *visit)
{
    return visit->is_inner || visit->is_explicit || visit->file->wrap == LINT_WRAP;
}

bool visit_needs_no_transaction(struct visit *visit, const char *what, bool is_concurrent)
{
    visit->has_concurrently = visit->has_concurrently || !visit->is_inner;
    if (!visit_in_transaction(visit))
        return false;
    if (visit->is_inner && is_concurrent)
        visit_find(visit, LINT_CONCURRENTLY_IN_FUNCTION, "", what);
    else if (is_concurrent)
        visit_find(visit, LINT_CONCURRENTLY_IN_TRANSACTION, "", what);
    else
        visit_find(visit, LINT_NONTRANSACTIONAL_IN_TRANSACTION, "", what);
    return true;
}

struct entry *visit_relation(const struct visit *visit, struct sql_name name)
{
    return catalog_find(visit->catalog, SPACE_RELATION, name);
}

bool visit_is_new(const struct visit *visit, const struct entry *entry)
{
    return entry != NULL && entry->file == visit->file_number;
}

bool visit_is_new_column(const struct visit *visit, const struct column *column)
{
    return column != NULL && column->file == visit->file_number;
}

const char *visit_name(const struct visit *visit, struct sql_name name)
{
    struct text text;
    const char *result = "";

    text_init(&text, 2048);
    add_identifier(&text, name.schema[0] != '\0' ? name.schema : catalog_schema(visit->catalog));
    text_add(&text, ".");
    add_identifier(&text, name.name);
    result = catalog_text(visit->arena, text.bytes);
    text_fini(&text);
    return result;
}

/* Indexes and sequences are not what others wait for: their tables are. */
static void note_lock(struct visit *visit, const char *relation, enum lint_lock lock, bool is_new)
{
    struct lint_statement *statement = visit->statement;
    struct lint_touch *touch = statement->touches;

    while (touch != NULL && strcmp(touch->relation, relation) != 0)
        touch = touch->next;
    if (touch == NULL) {
        touch = catalog_alloc(visit->arena, sizeof *touch);
        touch->relation = relation;
        touch->is_new = is_new;
        touch->next = statement->touches;
        statement->touches = touch;
    }
    if (lock > touch->lock)
        touch->lock = lock;
    if (!is_new && lock > statement->lock)
        statement->lock = lock;
    if (!is_new && lock >= LINT_LOCK_SHARE && !visit->has_lock_timeout &&
        !visit->has_local_timeout && !visit->is_lock_said) {
        visit->is_lock_said = true;
        visit_find(visit, LINT_MISSING_LOCK_TIMEOUT, relation, "")->lock = lock;
    }
    if (!is_new && lock >= LINT_LOCK_SHARE && !visit->has_statement_timeout &&
        visit->options->is_enabled[LINT_REQUIRE_STATEMENT_TIMEOUT] && !visit->is_statement_said) {
        visit->is_statement_said = true;
        visit_find(visit, LINT_REQUIRE_STATEMENT_TIMEOUT, "", "");
    }
}

const char *visit_lock(struct visit *visit, struct sql_name name, enum lint_lock lock)
{
    const struct entry *entry = visit_relation(visit, name);
    const char *relation = visit_name(visit, name);

    if (visit->is_silent)
        return relation;
    if (name.schema[0] == '\0' && visit->options->is_enabled[LINT_REQUIRE_TABLE_SCHEMA])
        visit_find(visit, LINT_REQUIRE_TABLE_SCHEMA, name.name, "");
    note_lock(visit, relation, lock, visit_is_new(visit, entry));
    return relation;
}

const char *visit_lock_entry(struct visit *visit, const struct entry *entry, enum lint_lock lock)
{
    struct sql_name name = { .schema = entry->schema, .name = entry->name };

    return visit_lock(visit, name, lock);
}

void visit_rewrite(struct visit *visit, const struct entry *entry)
{
    if (!visit->is_silent && !visit_is_new(visit, entry))
        visit->statement->is_rewrite = true;
}

void visit_repeatable(struct visit *visit, bool is_guarded)
{
    if (!is_guarded && !visit_in_transaction(visit))
        visit_find(visit, LINT_NON_IDEMPOTENT, "", "");
}

void visit_newer(struct visit *visit, unsigned since, const char *what)
{
    if (visit->options->pg_version < since)
        visit_find(visit, LINT_PARSE_ERROR, "",
                   catalog_format(visit->arena, "%s came with PostgreSQL %u, the server has %u",
                                  what, since, visit->options->pg_version));
}

void visit_parallel(struct visit *visit, const char *relation, const char *why)
{
    if (visit->options->is_parallel)
        visit_find(visit, LINT_PARALLEL_UNTRANSLATABLE, relation, why);
}

static bool is_volatile_call(void *arg, const cJSON *body)
{
    struct sql_name name = sql_name_of_list(sql_get(body, "funcname"));

    (void)arg;
    return !volatility_is_stable(name);
}

static bool is_any(void *arg, const cJSON *body)
{
    (void)arg;
    (void)body;
    return true;
}

bool visit_is_volatile(const cJSON *expression)
{
    return sql_find(expression, "FuncCall", is_volatile_call, NULL) ||
           sql_find(expression, "NextValueExpr", is_any, NULL);
}

static bool is_equal_constant(const cJSON *expression)
{
    const cJSON *left = sql_get(sql_get(expression, "lexpr"), "A_Const");
    const cJSON *right = sql_get(sql_get(expression, "rexpr"), "A_Const");
    const cJSON *name = cJSON_GetArrayItem(sql_get(expression, "name"), 0);

    if (left == NULL || right == NULL || !sql_word(expression, "kind", "AEXPR_OP"))
        return false;
    if (strcmp(sql_string(name), "=") != 0 || left->child == NULL || right->child == NULL)
        return false;
    return cJSON_Compare(left->child, right->child, true) &&
           strcmp(left->child->string, right->child->string) == 0;
}

static bool is_every(const cJSON *list, bool wanted)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list)
    {
        if (visit_is_always_true(item) != wanted)
            return false;
    }
    return true;
}

bool visit_is_always_true(const cJSON *node)
{
    const cJSON *body = sql_body(node);

    if (sql_is(node, "A_Const"))
        return sql_flag(sql_get(body, "boolval"), "boolval");
    if (sql_is(node, "TypeCast")) {
        const cJSON *word = sql_get(sql_get(sql_get(body, "arg"), "A_Const"), "sval");

        return visit_is_always_true(sql_get(body, "arg")) || sql_word(word, "sval", "t") ||
               sql_word(word, "sval", "true");
    }
    if (sql_is(node, "A_Expr"))
        return is_equal_constant(body);
    if (!sql_is(node, "BoolExpr"))
        return false;
    if (sql_word(body, "boolop", "OR_EXPR"))
        return !is_every(sql_get(body, "args"), false);
    return sql_word(body, "boolop", "AND_EXPR") && is_every(sql_get(body, "args"), true);
}
