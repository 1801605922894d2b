/* The report as JSON: see print_json_priv.h. */
#include "lint/print_json_priv.h"

#include <string.h>

static void add_string(struct text *out, const char *name, const char *value)
{
    text_add_format(out, "\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

static void add_bool(struct text *out, const char *name, bool value)
{
    text_add_format(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void add_instead(struct text *out, const char *lines)
{
    struct slice rest = slice_from(lines);
    struct slice line = { 0 };
    const char *comma = "";

    text_add(out, ",\"instead\":[");
    while (rest.len > 0 && slice_next(&rest, '\n', &line)) {
        text_add_format(out, "%s\"", comma);
        text_add_json(out, line);
        text_add(out, "\"");
        comma = ",";
    }
    text_add(out, "]");
}

static void add_finding(struct text *out, const struct lint_finding *finding)
{
    const struct lint_rule *rule = rule_at(finding->rule);

    text_add(out, "{");
    add_string(out, "rule", rule->name);
    text_add(out, ",");
    add_string(out, "class", rule_class_name(finding->class));
    text_add_format(out, ",\"points\":%u,", finding->points);
    add_string(out, "lock", rule_lock_name(finding->lock));
    text_add(out, ",");
    add_string(out, "blocks", rule_lock_blocks(finding->lock));
    text_add(out, ",");
    add_string(out, "duration", rule_duration_name(rule->duration));
    text_add(out, ",");
    add_string(out, "compat", rule_compat_name(rule->compat));
    add_bool(out, "data_loss", rule->loss == LINT_LOSES);
    add_bool(out, "reversible", rule->loss == LINT_KEEPS);
    text_add_format(out, ",\"line\":%u,\"column\":%u,", finding->line, finding->column);
    add_string(out, "relation", finding->relation);
    text_add(out, ",");
    add_string(out, "message", finding->message);
    add_instead(out, finding->instead);
    add_bool(out, "suppressed", finding->is_suppressed);
    text_add(out, ",");
    add_string(out, "reason", finding->reason);
    text_add(out, "}");
}

static void add_statement(struct text *out, const struct lint_statement *statement)
{
    const char *comma = "";

    text_add_format(out, "{\"index\":%u,\"line\":%u,\"column\":%u,\"offset\":%zu,\"length\":%zu,",
                    statement->index, statement->line, statement->column, statement->offset,
                    statement->length);
    add_string(out, "kind", statement->kind);
    text_add(out, ",");
    add_string(out, "fingerprint", statement->fingerprint);
    text_add(out, ",\"relations\":[");
    for (const struct lint_touch *touch = statement->touches; touch != NULL; touch = touch->next) {
        text_add_format(out, "%s\"", comma);
        text_add_json(out, slice_from(touch->relation));
        text_add(out, "\"");
        comma = ",";
    }
    text_add(out, "],");
    add_string(out, "lock", rule_lock_name(statement->lock));
    add_bool(out, "rewrite", statement->is_rewrite);
    text_add(out, ",\"findings\":[");
    comma = "";
    for (const struct lint_finding *at = statement->findings; at != NULL; at = at->next) {
        text_add(out, comma);
        add_finding(out, at);
        comma = ",";
    }
    text_add(out, "]}");
}

static const char *kind_name(enum lint_kind kind)
{
    switch (kind) {
    case LINT_VERSIONED: return "V";
    case LINT_REPEATABLE: return "R";
    case LINT_UNDO: return "U";
    case LINT_BASELINE: return "B";
    case LINT_OTHER: return "other";
    }
    return "";
}

static const char *wrap_name(enum lint_wrap wrap)
{
    switch (wrap) {
    case LINT_AUTO: return "auto";
    case LINT_WRAP: return "wrap";
    case LINT_NO_WRAP: return "none";
    }
    return "";
}

/* What went wrong with reading, or how the file was judged. */
static void add_verdict(struct text *out, const struct lint_file *file)
{
    enum lint_lock lock = LINT_LOCK_NONE;
    bool is_rewrite = false;

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        lock = at->lock > lock ? at->lock : lock;
        is_rewrite = is_rewrite || at->is_rewrite;
    }
    text_add(out, ",");
    add_string(out, "class", rule_class_name(file->class));
    text_add(out, ",");
    add_string(out, "level", rule_level_name(file->level));
    text_add_format(out, ",\"score\":%u,\"score_unsuppressed\":%u,", file->score,
                    file->score_unsuppressed);
    add_string(out, "lock", rule_lock_name(lock));
    add_bool(out, "rewrite", is_rewrite);
}

static void add_file(struct text *out, const struct lint_file *file)
{
    const char *comma = "";

    text_add(out, "{");
    add_string(out, "path", file->path);
    text_add(out, ",");
    add_string(out, "version", file->version);
    text_add(out, ",");
    add_string(out, "kind", kind_name(file->kind));
    text_add(out, ",");
    add_string(out, "description", file->description);
    text_add(out, ",");
    add_string(out, "sha256", file->sha256);
    text_add(out, ",");
    add_string(out, "transaction", wrap_name(file->wrap));
    text_add(out, ",\"contract_after\":");
    if (file->contract_after == NULL)
        text_add(out, "null");
    else {
        text_add(out, "\"");
        text_add_json(out, slice_from(file->contract_after));
        text_add(out, "\"");
    }
    if (file->trouble != LINT_READABLE) {
        text_add(out, ",");
        add_string(out, "error",
                   file->trouble == LINT_TOO_LARGE ? "too large" : strerror(file->error_number));
    }
    add_verdict(out, file);
    text_add(out, ",\"statements\":[");
    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        text_add(out, comma);
        add_statement(out, at);
        comma = ",";
    }
    text_add(out, "]}");
}

void print_json(const struct lint_report *report, const struct lint_options *options, int code,
                struct text *out)
{
    const char *comma = "";

    text_add(out, "{\"tool\":\"switchctl db lint\",\"format\":1,\"pg\":15,\"limit\":{");
    add_string(out, "fail_on", rule_class_name(options->fail_on));
    text_add(out, ",");
    add_string(out, "max_level", rule_level_name(options->max_level));
    text_add(out, "},\"files\":[");
    for (const struct lint_file *file = report->files; file != NULL; file = file->next) {
        text_add(out, comma);
        add_file(out, file);
        comma = ",";
    }
    text_add(out, "],\"summary\":{");
    add_string(out, "class", rule_class_name(report->class));
    text_add(out, ",");
    add_string(out, "level", rule_level_name(report->level));
    text_add_format(out, ",\"score\":%u,\"files\":%u,\"findings\":%u},\"exit\":%d}\n",
                    report->score, report->file_count, report->finding_count, code);
}
