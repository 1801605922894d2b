/* See lint/apply_command.h. */
#include "lint/apply_command.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "lint/apply_priv.h"
#include "lint/lint_child_priv.h"
#include "lint/plan_priv.h"
#include "lint/server_priv.h"

enum {
    EXIT_USAGE = 2,
    EXIT_REFUSED = 3,
    EXIT_TIMEOUT = 4,
    EXIT_CONFLICT = 5,
    OUTPUT_MAX = 1 << 28
};

static const char help[] =
    "usage: switchctl db apply --emergency (--database NAME | --dsn DSN) --reason TEXT FILE\n"
    "\n"
    "  --token TOKEN           of the plan that the first call printed\n"
    "  --yes                   is enough for a migration of level medium\n"
    "  --lock-timeout D        to wait for a lock (2s); --retries N tries after it (5)\n"
    "  --environment NAME      under which it is recorded (production)\n"
    "  --transaction MODE      auto, wrap or none, as for db lint\n"
    "  --json\n"
    "\n"
    "level low needs nothing, medium --yes or the token, high the token, critical the token and\n"
    "\"db approve TOKEN\" by another user, with a fresh snapshot\n"
    "exit: 0 applied, 1 failed, 2 usage, 3 refused, 4 a lock was not to be had, 5 the token is of\n"
    "something else\n";

/* One call. The child has a copy of it: what is asked of the daemon is asked from there. */
struct application {
    struct step_options options;
    const struct apply_ops *ops;
};

static const char *find_environment(const struct step_options *options)
{
    return options->environment != NULL ? options->environment : "production";
}

static char *make_actor(const struct step_options *options)
{
    const struct passwd *who = getpwuid(getuid());

    return mem_format("uid=%u(%s) %s", (unsigned)getuid(), who != NULL ? who->pw_name : "?",
                      options->reason);
}

/* --- may it be? --- */

static int refuse(int code, const char *words, const char *remedy)
{
    fprintf(stderr, "switchctl: %s; nothing has changed\nremedy: %s\n", words, remedy);
    return code;
}

/* Of the confirmations that a level asks for; 0: it has them. */
static int check_level(const struct application *application, const struct plan *plan)
{
    const struct step_options *options = &application->options;
    bool has_token = options->token != NULL;

    switch (plan->level) {
    case LINT_LOW: return 0;
    case LINT_MEDIUM:
        return has_token || options->is_confirmed
                   ? 0
                   : refuse(EXIT_REFUSED, "level medium needs --yes", "look at the plan above");
    case LINT_HIGH:
        return has_token ? 0
                         : refuse(EXIT_REFUSED, "level high needs --token",
                                  "look at the plan above; its token is the last line");
    case LINT_CRITICAL: break;
    case LINT_LEVELS: break;
    }
    if (!has_token)
        return refuse(EXIT_REFUSED, "level critical needs --token and a second person",
                      "another user says \"switchctl db approve TOKEN\" first");
    if (application->ops == NULL)
        return refuse(EXIT_REFUSED, "level critical needs the daemon, which knows who agreed",
                      "--database NAME instead of --dsn");
    if (options->snapshot_words != NULL)
        return refuse(EXIT_REFUSED, options->snapshot_words, "switchctl db snapshot NAME");
    return 0;
}

static int check(const struct application *application, const struct plan *plan)
{
    const struct step_options *options = &application->options;

    if (plan->is_blocked || plan->pending != 1)
        return refuse(plan->is_blocked && options->token != NULL ? EXIT_CONFLICT : EXIT_REFUSED,
                      plan->is_blocked ? plan->files[0].words : "it is applied already",
                      "switchctl db plan has the history");
    if (options->token != NULL && strcmp(options->token, plan->token) != 0)
        return refuse(EXIT_CONFLICT,
                      "the token is of something else: another file, database, epoch, or something "
                      "was applied since",
                      "call it without --token and look at the plan");
    if (lint_report_of(plan->lint)->class == LINT_INVALID)
        return refuse(EXIT_REFUSED, "PostgreSQL will not take it", "see the findings above");
    return check_level(application, plan);
}

/* --- doing it --- */

static int code_of(int err)
{
    if (err == 0)
        return 0;
    return err == ERR_TIMEOUT ? EXIT_TIMEOUT : err == ERR_INVALID ? EXIT_REFUSED : 1;
}

static void print_result(const struct step_options *options, const struct plan *plan, int code,
                         const struct apply_result *result)
{
    struct text out;

    text_init(&out, OUTPUT_MAX);
    if (options->lint.format == LINT_JSON) {
        text_add(&out, "{\"tool\":\"switchctl db apply\",\"format\":1,\"file\":\"");
        text_add_json(&out, slice_from(plan->files[0].file->path));
        text_add_format(&out,
                        "\",\"applied\":%u,\"statements\":%u,\"tries\":%u,\"transaction\":%s,"
                        "\"duration_us\":%" PRIu64 ",\"token\":\"%s\",\"words\":\"",
                        result->done, result->count, result->tries,
                        result->is_whole ? "true" : "false", result->duration_us, plan->token);
        text_add_json(&out, slice_from(result->words));
        text_add_format(&out, "\",\"exit\":%d}\n", code);
    } else if (code == 0) {
        text_add_format(&out, "applied: %u statements%s, %u tr%s, %" PRIu64 " ms\n", result->done,
                        result->is_whole ? " in one transaction" : " one by one", result->tries,
                        result->tries == 1 ? "y" : "ies", result->duration_us / 1000);
    }
    if (out.len > 0)
        (void)fwrite(out.bytes, 1, out.len, stdout);
    text_fini(&out);
    if (code != 0)
        fprintf(stderr, "switchctl: %s\n%u of %u statements stay applied\n", result->words,
                result->done, result->count);
}

/* By the session that the plan was made with: it is the server that was asked. 0, or the code after words. */
static int check_again(const struct step_options *options, const struct plan *plan,
                       struct apply_result *result)
{
    struct server_facts facts = { .system_id = NULL };
    struct text words;
    int code = 0;

    text_init(&words, 65536);
    if (server_facts_read(plan->server, options->environment, &facts, &words) != 0) {
        code = 1;
        snprintf(result->words, sizeof result->words, "nothing was done: %.400s",
                 words.bytes != NULL ? words.bytes : "");
    } else if (!slice_is_equal(text_slice(&facts.fingerprint),
                               text_slice(&plan->facts.fingerprint))) {
        code = EXIT_CONFLICT;
        snprintf(result->words, sizeof result->words,
                 "nothing was done: something was applied, or the server is another one, since the "
                 "plan was made");
    }
    if (code != 1)
        server_facts_fini(&facts);
    text_fini(&words);
    return code;
}

static int apply(const struct application *application, const struct plan *plan)
{
    const struct step_options *options = &application->options;
    const struct apply_ops *ops = application->ops;
    char *actor = make_actor(options);
    struct apply_order order = { .file = plan->files[0].judged,
                                 .environment = find_environment(options),
                                 .actor = actor,
                                 .lock_timeout_us = options->lock_timeout_us,
                                 .retries = options->retries };
    struct apply_result result = { .words = "" };
    int code = 0;

    if (ops != NULL)
        code = ops->begin(ops->arg, plan->token, rule_level_name(plan->level), order.file->path);
    if (ops == NULL || code == 0) {
        code = check_again(options, plan, &result);
        if (code == 0)
            code = code_of(apply_run(plan->server, &order, &result));
        print_result(options, plan, code, &result);
        if (ops != NULL)
            ops->finish(ops->arg, plan->token, code == 0, result.words);
    }
    free(actor);
    return code;
}

/* The plan is printed when it is not done yet; a plan for programs goes out then too. */
static void print_plan(const struct application *application, const struct plan *plan, int code)
{
    struct text out;

    text_init(&out, OUTPUT_MAX);
    if (application->options.lint.format == LINT_JSON)
        plan_print_json(plan, code, &out);
    else
        plan_print(plan, &out);
    if (out.len > 0)
        (void)fwrite(out.bytes, 1, out.len, stdout);
    (void)fflush(stdout);
    text_fini(&out);
}

static int run(const struct lint_options *lint, struct lint_progress *progress)
{
    const struct step_options *options =
        container_of((struct lint_options *)(uintptr_t)lint, struct step_options, lint);
    const struct application *application =
        container_of((struct step_options *)(uintptr_t)options, struct application, options);
    struct plan plan;
    struct text words;
    int code = 1;
    int err = 0;

    text_init(&words, 65536);
    err = plan_make(options, progress, &plan, &words);
    if (err != 0) {
        code = err == ERR_DENIED ? EXIT_REFUSED : 1;
        fprintf(stderr, "switchctl: %s", words.bytes != NULL ? words.bytes : "\n");
    } else {
        code = check(application, &plan);
        if (code != 0)
            print_plan(application, &plan, code);
        else
            code = apply(application, &plan);
    }
    plan_fini(&plan);
    text_fini(&words);
    return code;
}

static int say(const char *problem)
{
    fprintf(stderr, "switchctl: %s\n", problem);
    return EXIT_USAGE;
}

int apply_command(int count, char *const *words, const struct apply_ops *ops)
{
    const char **paths = mem_alloc(((size_t)count + 1) * sizeof *paths);
    struct application application = { .ops = ops };
    struct step_options *options = &application.options;
    char problem[200] = "";
    int code = EXIT_USAGE;

    if (count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        fputs(help, stdout);
        code = 0;
    } else if (step_options_parse(&(struct step_words){ STEP_APPLY, count, words }, options, paths,
                                  slice_of(problem, sizeof problem)) != 0) {
        code = say(problem);
    } else if (!options->is_emergency) {
        code = say("migrations in general are applied by your own tool; --emergency applies one "
                   "file");
    } else if (options->lint.path_count != 1) {
        code = say("db apply takes one file");
    } else if (options->reason == NULL || options->reason[0] == '\0') {
        code = say("--reason TEXT is missing: it is recorded");
    } else {
        if (options->passfile != NULL && options->passfile[0] != '\0')
            (void)setenv("PGPASSFILE", options->passfile, 1);
        options->lint.time_max_us = 24 * 3600 * 1000000ull; /* statements take their time */
        code = lint_child_run(&options->lint, run);
    }
    free(paths);
    return code;
}
