/* A plan for people and for programs: see plan_priv.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lint/plan_priv.h"

static const uint64_t kib = 1024;

static void format_bytes(uint64_t bytes, char out[32])
{
    if (bytes >= kib * kib * kib)
        snprintf(out, 32, "%.1f GiB", (double)bytes / (double)(kib * kib * kib));
    else if (bytes >= kib * kib)
        snprintf(out, 32, "%.1f MiB", (double)bytes / (double)(kib * kib));
    else
        snprintf(out, 32, "%" PRIu64 " KiB", bytes / kib);
}

static bool is_pending(const struct plan_file *at)
{
    return at->judged != NULL;
}

/* The strongest lock that a file takes on a table that is there, once per table. */
static enum lint_lock lock_on(const struct lint_file *file, const char *relation)
{
    enum lint_lock lock = LINT_LOCK_NONE;

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_touch *touch = at->touches; touch != NULL; touch = touch->next)
            if (!touch->is_new && strcmp(touch->relation, relation) == 0 && touch->lock > lock)
                lock = touch->lock;
    return lock;
}

static bool is_first(const struct lint_file *file, const struct lint_touch *wanted)
{
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_touch *touch = at->touches; touch != NULL; touch = touch->next)
            if (strcmp(touch->relation, wanted->relation) == 0 && !touch->is_new)
                return touch == wanted;
    return false;
}

typedef void table_fn(const struct plan *plan, const char *relation, enum lint_lock lock,
                      struct text *out);

static void each_table(const struct plan *plan, const struct lint_file *file, table_fn *fn,
                       struct text *out)
{
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_touch *touch = at->touches; touch != NULL; touch = touch->next)
            if (!touch->is_new && is_first(file, touch))
                fn(plan, touch->relation, lock_on(file, touch->relation), out);
}

static void print_table(const struct plan *plan, const char *relation, enum lint_lock lock,
                        struct text *out)
{
    const struct table_size *table = server_facts_table(&plan->facts, relation);
    char bytes[32] = "";

    if (lock < LINT_LOCK_ROW_EXCLUSIVE)
        return;
    text_add_format(out, "     %s on %s (blocks %s)", rule_lock_words(lock), relation,
                    rule_lock_blocks(lock));
    if (table != NULL) {
        format_bytes(table->bytes, bytes);
        text_add_format(out, ", %s", bytes);
        if (table->rows >= 0)
            text_add_format(out, ", about %.0f rows", table->rows);
    }
    text_add(out, "\n");
}

static void print_findings(const struct lint_file *file, bool shows_advice, struct text *out)
{
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_finding *find = at->findings; find != NULL; find = find->next)
            if (!find->is_suppressed && (find->class != LINT_ADVICE || shows_advice))
                text_add_format(out, "     line %u: %s [%s]: %.*s\n", find->line,
                                rule_class_name(find->class), rule_at(find->rule)->name,
                                (int)strcspn(find->message, "\n"), find->message);
}

static void print_pending(const struct plan *plan, const struct plan_file *at, unsigned number,
                          struct text *out)
{
    const struct lint_file *file = at->judged;
    uint64_t rewrite = plan_rewrite_bytes(plan, file);
    char bytes[32];

    text_add_format(out, "%3u. %s\n     %s (%u), %s; confirmation: %s\n", number, at->file->path,
                    rule_level_name(file->level), file->score, rule_class_name(file->class),
                    plan_confirmation(file->level));
    if (at->state == PLAN_OUT_OF_ORDER)
        text_add_format(out, "     out of order: %s\n", at->words);
    if (file->contract_after != NULL)
        text_add_format(out, "     only after every slot has %s\n", file->contract_after);
    each_table(plan, file, print_table, out);
    format_bytes(rewrite, bytes);
    if (rewrite > 0)
        text_add_format(out, "     writes about %s anew\n", bytes);
    print_findings(file, plan->options->lint.shows_advice, out);
}

void plan_print(const struct plan *plan, struct text *out)
{
    unsigned number = 0;

    text_add_format(out, "database %s of system %s, %zu versions applied\n", plan->facts.database,
                    plan->facts.system_id, plan->facts.version_count);
    for (size_t i = 0; i < plan->count; i++)
        if (is_pending(&plan->files[i]))
            print_pending(plan, &plan->files[i], ++number, out);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_file *at = &plan->files[i];

        if (!is_pending(at) && at->state != PLAN_APPLIED && at->state != PLAN_IGNORED)
            text_add_format(out, "%s: %s: %s\n", at->file->path, plan_state_name(at->state),
                            at->words);
    }
    if (number == 0)
        text_add(out, "nothing is pending\n");
    else
        text_add_format(out, "%u pending, %s: %s\n", number, rule_level_name(plan->level),
                        plan_confirmation(plan->level));
    if (plan->is_blocked)
        text_add(out, "the history has to be put in order first\n");
    text_add_format(out, "token: %s\n", plan->token);
}

/* --- JSON --- */

static void add_string(struct text *out, const char *name, const char *value)
{
    text_add_format(out, "\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\",");
}

static void add_table(const struct plan *plan, const char *relation, enum lint_lock lock,
                      struct text *out)
{
    const struct table_size *table = server_facts_table(&plan->facts, relation);

    text_add(out, out->bytes[out->len - 1] == '[' ? "{" : ",{");
    add_string(out, "relation", relation);
    add_string(out, "lock", rule_lock_name(lock));
    add_string(out, "blocks", rule_lock_blocks(lock));
    if (table != NULL)
        text_add_format(out, "\"bytes\":%" PRIu64 ",\"rows\":%.0f}", table->bytes, table->rows);
    else
        text_add(out, "\"bytes\":null,\"rows\":null}");
}

/* The finding with the worst class, and most points of those. */
static const struct lint_finding *find_worst(const struct lint_file *file)
{
    const struct lint_finding *worst = NULL;

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_finding *find = at->findings; find != NULL; find = find->next)
            if (!find->is_suppressed &&
                (worst == NULL || find->class > worst->class ||
                 (find->class == worst->class && find->points > worst->points)))
                worst = find;
    return worst;
}

static void add_worst(const struct lint_finding *worst, struct text *out)
{
    if (worst == NULL) {
        text_add(out, "\"worst\":null,");
        return;
    }
    text_add(out, "\"worst\":{");
    add_string(out, "rule", rule_at(worst->rule)->name);
    add_string(out, "class", rule_class_name(worst->class));
    add_string(out, "message", worst->message);
    add_string(out, "instead", worst->instead);
    text_add_format(out, "\"line\":%u},", worst->line);
}

static void add_judged(const struct plan *plan, const struct lint_file *file, struct text *out)
{
    add_string(out, "class", rule_class_name(file->class));
    add_string(out, "level", rule_level_name(file->level));
    add_string(out, "confirmation", plan_confirmation(file->level));
    add_string(out, "contract_after", file->contract_after != NULL ? file->contract_after : "");
    add_worst(find_worst(file), out);
    text_add_format(out, "\"score\":%u,\"findings\":%u,\"rewrite_bytes\":%" PRIu64 ",", file->score,
                    file->finding_count, plan_rewrite_bytes(plan, file));
    text_add(out, "\"tables\":[");
    each_table(plan, file, add_table, out);
    text_add(out, "],");
}

static void add_file(const struct plan *plan, const struct plan_file *at, struct text *out)
{
    text_add(out, "{");
    add_string(out, "path", at->file->path);
    add_string(out, "version", at->file->version);
    add_string(out, "description", at->file->description);
    add_string(out, "sha256", at->file->sha256);
    if (at->judged != NULL)
        add_judged(plan, at->judged, out);
    add_string(out, "state", plan_state_name(at->state));
    text_add(out, "\"words\":\"");
    text_add_json(out, slice_from(at->words));
    text_add(out, "\"}");
}

void plan_print_json(const struct plan *plan, int code, struct text *out)
{
    text_add(out, "{\"tool\":\"switchctl db plan\",\"format\":1,");
    add_string(out, "database", plan->facts.database);
    add_string(out, "system_id", plan->facts.system_id);
    add_string(out, "epoch", plan->options->epoch);
    text_add_format(out, "\"applied\":%zu,\"pending\":%zu,\"blocked\":%s,",
                    plan->facts.version_count, plan->pending, plan->is_blocked ? "true" : "false");
    add_string(out, "level", rule_level_name(plan->level));
    add_string(out, "confirmation", plan_confirmation(plan->level));
    add_string(out, "token", plan->token);
    text_add(out, "\"files\":[");
    for (size_t i = 0; i < plan->count; i++) {
        text_add(out, i > 0 ? "," : "");
        add_file(plan, &plan->files[i], out);
    }
    text_add_format(out, "],\"exit\":%d}\n", code);
}
