/* The report for people and for compilers' readers: see lint/print.h. */
#include "lint/print.h"

#include <stdio.h>
#include <string.h>

#include "lint/print_json_priv.h"

void print_trouble(const struct lint_file *file, const struct lint_options *options,
                   struct text *out)
{
    switch (file->trouble) {
    case LINT_READABLE: break;
    case LINT_UNREADABLE:
        text_add_format(out, "%s: cannot be read: %s\n", file->path, strerror(file->error_number));
        break;
    case LINT_TOO_LARGE:
        text_add_format(out, "%s: larger than %llu bytes; --max-size allows more\n", file->path,
                        (unsigned long long)options->input_max_bytes);
        break;
    }
}

/* Whether people see it: advice only when they ask, what is suppressed never. */
static bool is_shown(const struct lint_finding *finding, const struct lint_options *options)
{
    return !finding->is_suppressed && (finding->class != LINT_ADVICE || options->shows_advice);
}

static void add_lines(struct text *out, const char *prefix, const char *lines)
{
    struct slice rest = slice_from(lines);
    struct slice line = { 0 };

    while (rest.len > 0 && slice_next(&rest, '\n', &line)) {
        text_add(out, prefix);
        text_add_slice(out, line);
        text_add(out, "\n");
        prefix = "             ";
    }
}

static void add_finding(struct text *out, const struct lint_file *file,
                        const struct lint_finding *finding)
{
    const struct lint_rule *rule = rule_at(finding->rule);

    text_add_format(out, "%s:%u:%u: %s [%s] +%u", file->path, finding->line, finding->column,
                    rule_class_name(finding->class), rule->name, finding->points);
    if (finding->lock >= LINT_LOCK_ROW_EXCLUSIVE)
        text_add_format(out, " %s", rule_lock_words(finding->lock));
    if (finding->lock >= LINT_LOCK_ROW_EXCLUSIVE && finding->relation[0] != '\0')
        text_add_format(out, " on %s", finding->relation);
    if (finding->lock >= LINT_LOCK_SUE)
        text_add_format(out, " (%s)", rule_duration_name(rule->duration));
    text_add(out, "\n");
    add_lines(out, "    ", finding->message);
    add_lines(out, "    instead: ", finding->instead);
}

static void add_summary(struct text *out, const struct lint_file *file, bool shows_advice)
{
    text_add_format(out, "%s: %s (%u), %s, %u finding%s", file->path, rule_level_name(file->level),
                    file->score, rule_class_name(file->class), file->finding_count,
                    file->finding_count == 1 ? "" : "s");
    if (file->advice_count > 0)
        text_add_format(out, ", %u advice%s", file->advice_count,
                        shows_advice ? "" : " (show with --advice)");
    if (file->suppressed_count > 0)
        text_add_format(out, ", %u ignored (%u with them)", file->suppressed_count,
                        file->score_unsuppressed);
    if (file->contract_after != NULL)
        text_add_format(out, ", contract: only when every slot runs %s or later",
                        file->contract_after);
    text_add(out, "\n");
}

static void print_human(const struct lint_report *report, const struct lint_options *options,
                        struct text *out)
{
    for (const struct lint_file *file = report->files; file != NULL; file = file->next) {
        if (file->trouble != LINT_READABLE)
            continue;
        for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
            for (const struct lint_finding *finding = at->findings; finding != NULL;
                 finding = finding->next)
                if (is_shown(finding, options))
                    add_finding(out, file, finding);
        add_summary(out, file, options->shows_advice);
    }
    if (report->file_count > 1)
        text_add_format(out, "%u files: %s (%u), %s, %u finding%s\n", report->file_count,
                        rule_level_name(report->level), report->score,
                        rule_class_name(report->class), report->finding_count,
                        report->finding_count == 1 ? "" : "s");
}

/* file:line:column: error|warning|note: words [rule] */
static void print_gcc(const struct lint_report *report, const struct lint_options *options,
                      struct text *out)
{
    for (const struct lint_file *file = report->files; file != NULL; file = file->next)
        for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
            for (const struct lint_finding *finding = at->findings; finding != NULL;
                 finding = finding->next) {
                const char *kind = "warning";

                if (!is_shown(finding, options))
                    continue;
                if (finding->class == LINT_ADVICE)
                    kind = "note";
                else if (finding->class >= options->fail_on)
                    kind = "error";
                text_add_format(out, "%s:%u:%u: %s: %s [%s]\n", file->path, finding->line,
                                finding->column, kind, finding->message,
                                rule_at(finding->rule)->name);
            }
}

void print_report(const struct lint *lint, const struct lint_options *options, int code,
                  struct text *out)
{
    const struct lint_report *report = lint_report_of(lint);

    switch (options->format) {
    case LINT_HUMAN: print_human(report, options, out); break;
    case LINT_JSON: print_json(report, options, code, out); break;
    case LINT_GCC: print_gcc(report, options, out); break;
    }
}
