/* See step_options_priv.h. */
#include "lint/step_options_priv.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

enum { RETRIES_MAX = 100 };

static const uint64_t lock_timeout_max_us = 600 * 1000000ull;

enum kind { KIND_TEXT, KIND_FLAG, KIND_DURATION, KIND_COUNT };

static const struct step_option {
    const char *name;
    unsigned commands;
    enum kind kind;
    size_t offset;
} table[] = {
#define AT(member) offsetof(struct step_options, member)
#define EVERY      (STEP_PLAN | STEP_APPLY | STEP_PROVE)
    { "--dsn", EVERY, KIND_TEXT, AT(dsn) },
    { "--passfile", EVERY, KIND_TEXT, AT(passfile) },
    { "--environment", EVERY, KIND_TEXT, AT(environment) },
    { "--database", EVERY, KIND_TEXT, AT(database) },
    { "--folder", STEP_PLAN | STEP_PROVE, KIND_TEXT, AT(folder) },
    { "--epoch", STEP_PLAN | STEP_APPLY, KIND_TEXT, AT(epoch) },
    { "--no-snapshot", STEP_APPLY, KIND_TEXT, AT(snapshot_words) },
    { "--reason", STEP_APPLY, KIND_TEXT, AT(reason) },
    { "--token", STEP_APPLY, KIND_TEXT, AT(token) },
    { "--lock-timeout", STEP_APPLY, KIND_DURATION, AT(lock_timeout_us) },
    { "--retries", STEP_APPLY, KIND_COUNT, AT(retries) },
    { "--emergency", STEP_APPLY, KIND_FLAG, AT(is_emergency) },
    { "--yes", STEP_APPLY, KIND_FLAG, AT(is_confirmed) },
    { "--old-version", STEP_PROVE, KIND_TEXT, AT(old_version) },
    { "--corpus", STEP_PROVE, KIND_TEXT, AT(corpus) },
    { "--command", STEP_PROVE, KIND_TEXT, AT(command) },
    { "--cache", STEP_PROVE, KIND_TEXT, AT(cache) },
    { "--recursive", EVERY, KIND_FLAG, AT(lint.is_recursive) },
    { "-r", EVERY, KIND_FLAG, AT(lint.is_recursive) },
    { "--advice", STEP_PLAN, KIND_FLAG, AT(lint.shows_advice) },
#undef EVERY
#undef AT
};
enum { OPTION_COUNT = sizeof table / sizeof table[0] };

static int refuse(struct slice problem, const char *what, const char *about)
{
    snprintf((char *)(uintptr_t)problem.ptr, problem.len, "%s: %.80s", what, about);
    return ERR_INVALID;
}

static int take_transaction(struct lint_options *lint, const char *value)
{
    static const char *const names[] = { "auto", "wrap", "none" };

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            lint->wrap = (enum lint_wrap)i;
            return 0;
        }
    return ERR_INVALID;
}

static int store(const struct step_option *option, struct step_options *out, const char *value,
                 struct slice problem)
{
    void *at = (char *)out + option->offset;
    uint64_t number = 0;

    switch (option->kind) {
    case KIND_TEXT: *(const char **)at = value; return 0;
    case KIND_FLAG: *(bool *)at = true; return 0;
    case KIND_DURATION:
        if (num_parse_duration(slice_from(value), &number) != 0 || number < 1000 ||
            number > lock_timeout_max_us)
            return refuse(problem, "a duration such as 2s is expected", value);
        break;
    case KIND_COUNT:
        if (num_parse_u64(slice_from(value), RETRIES_MAX, &number) != 0)
            return refuse(problem, "a number up to 100 is expected", value);
        break;
    }
    *(uint64_t *)at = number;
    return 0;
}

static const struct step_option *find(enum step_command command, const char *word, size_t len)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (strlen(table[i].name) == len && strncmp(table[i].name, word, len) == 0 &&
            (table[i].commands & (unsigned)command) != 0)
            return &table[i];
    return NULL;
}

/* One option, with its value behind it or behind '='. */
static int take(const struct step_words *words, int *at, struct step_options *out,
                struct slice problem)
{
    const char *word = words->list[*at];
    size_t len = strcspn(word, "=");
    bool is_transaction = len == 13 && strncmp(word, "--transaction", 13) == 0;
    const struct step_option *option = find(words->command, word, len);
    const char *value = word[len] == '=' ? word + len + 1 : NULL;

    if (strcmp(word, "--json") == 0) {
        out->lint.format = LINT_JSON;
        return 0;
    }
    if (strcmp(word, "--no-color") == 0)
        return 0;
    if (option == NULL && !is_transaction)
        return refuse(problem, "unknown option", word);
    if (value == NULL && (is_transaction || option->kind != KIND_FLAG)) {
        if (*at + 1 >= words->count)
            return refuse(problem, "a value is missing", word);
        value = words->list[++*at];
    }
    if (!is_transaction)
        return store(option, out, value, problem);
    return take_transaction(&out->lint, value) == 0
               ? 0
               : refuse(problem, "--transaction is auto, wrap or none", value);
}

int step_options_parse(const struct step_words *words, struct step_options *out, const char **paths,
                       struct slice problem)
{
    *out = (struct step_options){
        .database = "", .epoch = "0", .lock_timeout_us = 2000000, .retries = 5
    };
    lint_options_init(&out->lint);
    for (int i = 0; i < words->count; i++) {
        if (words->list[i][0] != '-')
            paths[out->lint.path_count++] = words->list[i];
        else if (take(words, &i, out, problem) != 0)
            return ERR_INVALID;
    }
    out->lint.paths = paths;
    if (out->lint.path_count == 0 && out->folder != NULL)
        paths[out->lint.path_count++] = out->folder;
    if (out->dsn == NULL)
        return refuse(problem, "--dsn DSN or --database NAME says which database is meant", "");
    if (out->lint.path_count == 0)
        return refuse(problem, "a file or a folder of migrations is missing", "");
    return 0;
}
