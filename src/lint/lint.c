/* One run over all files: see lint/lint.h. */
#include "lint/lint.h"

#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lint/gather_priv.h"
#include "lint/history_check_priv.h"
#include "lint/judge_file_priv.h"
#include "lint/lint_priv.h"
#include "lint/server_priv.h"
#include "lint/visit_priv.h"

void lint_options_init(struct lint_options *options)
{
    *options = (struct lint_options){ .pg_version = 15,
                                      .fail_on = LINT_BLOCKS_WRITES,
                                      .max_level = LINT_MEDIUM,
                                      .input_max_bytes = LINT_INPUT_MAX,
                                      .memory_max_bytes = LINT_MEMORY_DEFAULT,
                                      .time_max_us = LINT_TIME_DEFAULT_S * 1000000ull };
}

static struct lint *lint_new(const struct lint_options *options)
{
    struct lint *lint = mem_zalloc(sizeof *lint);

    arena_init(&lint->arena, NULL, 0, SIZE_MAX);
    lint->options = options;
    lint->catalog = catalog_new(&lint->arena);
    lint->trouble = "";
    lint->visit = (struct visit){
        .options = options, .arena = &lint->arena, .catalog = lint->catalog, .text = ""
    };
    return lint;
}

/* A file that the run itself needs; NULL after lint->trouble was said. */
static struct lint_file *read_own(struct lint *lint, const char *what, const char *path)
{
    struct lint_file *file = catalog_alloc(&lint->arena, sizeof *file);

    file->path = path;
    file->next = lint->own_files;
    lint->own_files = file;
    gather_read(file, lint->options->input_max_bytes);
    switch (file->trouble) {
    case LINT_READABLE: return file;
    case LINT_UNREADABLE:
        lint->trouble = catalog_format(&lint->arena, "%s %s cannot be read: %s", what, path,
                                       strerror(file->error_number));
        break;
    case LINT_TOO_LARGE:
        lint->trouble = catalog_format(&lint->arena, "%s %s is larger than --max-size", what, path);
        break;
    }
    return NULL;
}

static void learn_baseline(struct lint *lint, struct slice text, const char *path)
{
    const char *problem = judge_baseline(&lint->visit, text);

    catalog_set_complete(lint->catalog);
    if (problem != NULL)
        lint->trouble = catalog_format(&lint->arena, "baseline %s: %s", path, problem);
}

/* The schema of a server, and how large its tables are. */
static void learn_server(struct lint *lint)
{
    const char *dsn = lint->options->baseline_dsn;
    struct text words;

    text_init(&lint->dump, LINT_INPUT_MAX);
    text_init(&words, 4096);
    if (server_dump(dsn, &lint->dump, &words) == 0)
        learn_baseline(lint, text_slice(&lint->dump), "of the server");
    if (words.len == 0 && server_learn_rows(dsn, lint->catalog, &words) == 0)
        text_clear(&words);
    if (words.len > 0)
        lint->trouble =
            catalog_format(&lint->arena, "--baseline-dsn: %.*s", (int)words.len - 1, words.bytes);
    text_fini(&words);
}

static void prepare(struct lint *lint)
{
    const struct lint_file *file = NULL;
    unsigned line = 0;

    if (lint->options->baseline != NULL) {
        file = read_own(lint, "baseline", lint->options->baseline);
        if (file != NULL)
            learn_baseline(lint, slice_of(file->bytes, file->length), file->path);
    } else if (lint->options->baseline_dsn != NULL) {
        learn_server(lint);
    }
    if (lint->options->applied == NULL || lint->trouble[0] != '\0')
        return;
    file = read_own(lint, "list of applied files", lint->options->applied);
    if (file != NULL &&
        !history_check_read(slice_of(file->bytes, file->length), &lint->applied, &line))
        lint->trouble =
            catalog_format(&lint->arena, "%s:%u: a line is VERSION [SHA256]", file->path, line);
}

static void judge_one(struct lint *lint, struct lint_file *file, struct lint_progress *progress)
{
    struct visit *visit = &lint->visit;

    visit->file = file;
    visit->file_number++;
    visit->statement = NULL;
    file->wrap = lint->options->wrap;
    judge_file(visit, progress);
    history_check_file(visit, lint->last_versioned,
                       lint->options->applied != NULL ? &lint->applied : NULL);
    judge_file_score(file);
    if (file->class == LINT_BREAKS_ROLLBACK) {
        history_check_class(visit);
        judge_file_rescore(file);
    }
    if (file->kind == LINT_VERSIONED && file->version[0] != '\0')
        lint->last_versioned = file;
}

static void add_to_report(struct lint *lint, const struct lint_file *file)
{
    struct lint_report *report = &lint->report;

    report->file_count++;
    report->finding_count += file->finding_count;
    report->trouble_count += file->trouble != LINT_READABLE;
    if (file->class > report->class)
        report->class = file->class;
    if (file->score > report->score)
        report->score = file->score;
    report->level = rule_level_of(report->score);
}

static void note_progress(struct lint_progress *progress, const char *path)
{
    if (progress == NULL)
        return;
    snprintf(progress->path, sizeof progress->path, "%s", path);
    progress->line = 0;
}

/* The next file knows nothing of those before it. */
static void begin_anew(struct lint *lint)
{
    catalog_free(lint->catalog);
    lint->catalog = lint->visit.catalog = catalog_new(&lint->arena);
    lint->last_versioned = NULL;
    if (lint->options->baseline != NULL || lint->options->baseline_dsn != NULL)
        learn_baseline(lint, lint_baseline_of(lint), "");
}

struct lint *lint_run(const struct lint_options *options, struct lint_progress *progress)
{
    struct lint *lint = lint_new(options);

    note_progress(progress, options->baseline != NULL ? options->baseline : "");
    prepare(lint);
    lint->report.files = lint->trouble[0] == '\0' ? gather_files(options, &lint->arena) : NULL;
    for (struct lint_file *file = lint->report.files; file != NULL; file = file->next) {
        note_progress(progress, file->path);
        if (file->trouble == LINT_READABLE)
            gather_read(file, options->input_max_bytes);
        if (options->is_independent && file != lint->report.files)
            begin_anew(lint);
        if (file->trouble == LINT_READABLE)
            judge_one(lint, file, progress);
        add_to_report(lint, file);
    }
    return lint;
}

struct lint *lint_run_text(const struct lint_options *options, const char *path,
                           struct slice baseline, struct slice text)
{
    struct lint *lint = lint_new(options);

    if (baseline.len > 0)
        learn_baseline(lint, baseline, "");
    lint->report.files = gather_text(&lint->arena, path, text);
    judge_one(lint, lint->report.files, NULL);
    add_to_report(lint, lint->report.files);
    return lint;
}

const struct lint_report *lint_report_of(const struct lint *lint)
{
    return &lint->report;
}

const struct lint_options *lint_options_of(const struct lint *lint)
{
    return lint->options;
}

struct slice lint_baseline_of(const struct lint *lint)
{
    if (lint->dump.len > 0)
        return text_slice(&lint->dump);
    for (const struct lint_file *file = lint->own_files; file != NULL; file = file->next)
        if (file->path == lint->options->baseline && file->bytes != NULL)
            return slice_of(file->bytes, file->length);
    return SLICE("");
}

const char *lint_trouble_of(const struct lint *lint)
{
    return lint->trouble;
}

int lint_code(const struct lint *lint)
{
    const struct lint_report *report = &lint->report;

    if (lint->trouble[0] != '\0' || report->trouble_count > 0)
        return 1;
    return report->class >= lint->options->fail_on || report->level > lint->options->max_level ? 3
                                                                                               : 0;
}

void lint_free(struct lint *lint)
{
    struct lint_file *lists[] = { lint->report.files, lint->own_files };

    for (size_t i = 0; i < 2; i++)
        for (struct lint_file *file = lists[i]; file != NULL; file = file->next)
            free(file->bytes);
    history_check_fini(&lint->applied);
    text_fini(&lint->dump);
    catalog_free(lint->catalog);
    arena_reset(&lint->arena);
    free(lint);
}
