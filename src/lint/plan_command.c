/* See lint/plan_command.h. The work is done in a child with limits, as the parser may abort on odd input. */
#include "lint/plan_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lint/lint_child_priv.h"
#include "lint/plan_priv.h"

enum { EXIT_USAGE = 2, OUTPUT_MAX = 1 << 28 };

static const char help[] =
    "usage: switchctl db plan (--database NAME | --dsn DSN) [options] [PATH...]\n"
    "\n"
    "  --database NAME         asks the daemon for dsn, passfile and folder of migrations\n"
    "  --dsn DSN               the database; --passfile FILE has its password\n"
    "  --environment NAME      whose versions count, where a table has several\n"
    "  --transaction MODE      auto, wrap or none, as for db lint\n"
    "  -r, --recursive         folders in folders\n"
    "  --advice, --json\n"
    "\n"
    "exit: 0, 3 the history is not in order, 1 something could not be read, 2 usage\n";

static int run(const struct lint_options *lint, struct lint_progress *progress)
{
    const struct step_options *options =
        container_of((struct lint_options *)(uintptr_t)lint, struct step_options, lint);
    struct plan plan;
    struct text words;
    struct text out;
    int code = 1;

    text_init(&words, 65536);
    text_init(&out, OUTPUT_MAX);
    if (plan_make(options, progress, &plan, &words) == 0) {
        code = plan_code(&plan);
        if (lint->format == LINT_JSON)
            plan_print_json(&plan, code, &out);
        else
            plan_print(&plan, &out);
    }
    if (words.len > 0)
        fprintf(stderr, "switchctl: %s", words.bytes);
    if (out.len > 0 && fwrite(out.bytes, 1, out.len, stdout) != out.len)
        code = 1;
    plan_fini(&plan);
    text_fini(&words);
    text_fini(&out);
    return code;
}

int plan_command(int count, char *const *words)
{
    const char **paths = mem_alloc(((size_t)count + 1) * sizeof *paths);
    struct step_options options;
    char problem[200] = "";
    int code = EXIT_USAGE;

    if (count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        fputs(help, stdout);
        code = 0;
    } else if (step_options_parse(&(struct step_words){ STEP_PLAN, count, words }, &options, paths,
                                  slice_of(problem, sizeof problem)) != 0) {
        fprintf(stderr, "switchctl: %s\n", problem);
    } else {
        if (options.passfile != NULL && options.passfile[0] != '\0')
            (void)setenv("PGPASSFILE", options.passfile, 1);
        code = lint_child_run(&options.lint, run);
    }
    free(paths);
    return code;
}
