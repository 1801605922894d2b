/* Names and history: see history_check_priv.h. */
#include "lint/history_check_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "lint/judge_file_priv.h"
#include "lint/migration_name_priv.h"

struct applied {
    struct version version;
    char sha256[65];
};

static struct slice next_word(struct slice *line)
{
    struct slice word = { 0 };

    while (line->len > 0 && strchr(" \t\r", line->ptr[0]) != NULL)
        *line = slice_of(line->ptr + 1, line->len - 1);
    word.ptr = line->ptr;
    while (line->len > 0 && strchr(" \t\r", line->ptr[0]) == NULL)
        *line = slice_of(line->ptr + 1, line->len - 1);
    word.len = (size_t)(line->ptr - word.ptr);
    return word;
}

static bool read_row(struct slice line, struct applied *out)
{
    struct slice version = next_word(&line);
    struct slice sha256 = next_word(&line);

    *out = (struct applied){ .sha256 = "" };
    if (version.len > 0 && version.ptr[0] == 'v')
        version = slice_of(version.ptr + 1, version.len - 1);
    return migration_name_parse_version(version, &out->version) &&
           (sha256.len == 0 || sha256.len == 64) &&
           slice_copy(sha256, out->sha256, sizeof out->sha256) && next_word(&line).len == 0;
}

bool history_check_read(struct slice text, struct applied_list *out, unsigned *line)
{
    struct slice row = { 0 };

    *out = (struct applied_list){ .rows = NULL };
    for (*line = 1; slice_next(&text, '\n', &row); ++*line) {
        struct slice trimmed = row;

        if (next_word(&trimmed).len == 0 || row.ptr[0] == '#')
            continue;
        if ((out->count & (out->count + 1)) == 0)
            out->rows = mem_grow(out->rows, (out->count + 1) * 2, sizeof *out->rows);
        if (!read_row(row, &out->rows[out->count]))
            return false;
        out->count++;
    }
    return true;
}

void history_check_fini(struct applied_list *list)
{
    free(list->rows);
    *list = (struct applied_list){ .rows = NULL };
}

static void find_aside(struct visit *visit, enum lint_rule_id rule, const char *words)
{
    visit->statement = NULL;
    judge_file_aside(visit, "File", 0, 0);
    visit_find(visit, rule, "", words);
}

/* With a list of what was applied: has the file been changed since, or does it come too late? */
static void check_applied(struct visit *visit, const struct version *version,
                          const struct applied_list *applied)
{
    const struct applied *highest = NULL;

    for (size_t i = 0; i < applied->count && applied->rows != NULL; i++) {
        const struct applied *row = &applied->rows[i];

        if (migration_name_compare_versions(&row->version, version) == 0) {
            if (row->sha256[0] != '\0' && strcasecmp(row->sha256, visit->file->sha256) != 0)
                find_aside(visit, LINT_CHANGED_AFTER_APPLY,
                           "The file was changed after it had been applied");
            return;
        }
        if (highest == NULL ||
            migration_name_compare_versions(&row->version, &highest->version) > 0)
            highest = row;
    }
    if (highest != NULL && migration_name_compare_versions(version, &highest->version) < 0)
        find_aside(visit, LINT_BAD_HISTORY,
                   "A higher version has been applied already, this one would come out of order");
}

static void check_order(struct visit *visit, const struct migration_name *name,
                        const struct lint_file *before)
{
    struct migration_name last = migration_name_of(visit->arena, before->path);
    int order = migration_name_compare_versions(&name->version, &last.version);

    if (last.form != name->form)
        return;
    if (order == 0)
        find_aside(visit, LINT_CHANGED_AFTER_APPLY,
                   catalog_format(visit->arena, "The version is that of %s too", before->path));
    else if (order < 0)
        find_aside(visit, LINT_BAD_HISTORY,
                   catalog_format(visit->arena, "The version is lower than that of %s before it",
                                  before->path));
    else if (name->form == FORM_NUMBERED && name->version.parts[0] > last.version.parts[0] + 1)
        find_aside(visit, LINT_BAD_HISTORY,
                   catalog_format(visit->arena, "Numbers are missing between %s and this file",
                                  before->path));
}

void history_check_file(struct visit *visit, const struct lint_file *before,
                        const struct applied_list *applied)
{
    struct migration_name name = migration_name_of(visit->arena, visit->file->path);

    if (name.problem != NULL)
        find_aside(visit, LINT_BAD_FILE_NAME,
                   catalog_format(visit->arena, "In the file's name %s", name.problem));
    if (name.kind != LINT_VERSIONED || name.version.count == 0)
        return;
    if (before != NULL)
        check_order(visit, &name, before);
    if (applied != NULL)
        check_applied(visit, &name.version, applied);
}

/* Only versions that are written like SemVer promise anything. */
void history_check_class(struct visit *visit)
{
    struct migration_name name = migration_name_of(visit->arena, visit->file->path);
    bool is_minor = name.version.parts[1] != 0;
    bool is_patch = name.version.parts[2] != 0;

    if (name.form != FORM_FLYWAY || name.kind != LINT_VERSIONED || name.version.count < 2 ||
        name.version.count > 3 || visit->file->class != LINT_BREAKS_ROLLBACK)
        return;
    if (is_patch)
        find_aside(visit, LINT_VERSION_CLASS_MISMATCH, "patch (a fix)");
    else if (is_minor)
        find_aside(visit, LINT_VERSION_CLASS_MISMATCH, "minor (a feature)");
}
