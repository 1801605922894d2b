/* See database.h. */
#include "ctl/database.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/talk.h"
#include "lint/apply_command.h"
#include "lint/plan_command.h"
#include "lint/prove_command.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 8,
    LINE_MAX_BYTES = 16384,
    ANSWER_MAX = 1 << 20,
    MORE_WORDS = 16,
};

/* One run. Owner: database_run. */
struct database {
    const struct options *options;
    const char *name;   /* --database */
    const char *reason; /* --reason, for the daemon */
    cJSON *described;   /* what the daemon says of it */
    char **words;       /* for the command */
    int count;
};

bool database_is_ours(const struct options *options)
{
    static const char *const verbs[] = { "plan", "apply", "prove" };

    if (options->word_count < 2 || strcmp(options->words[0], "db") != 0)
        return false;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(options->words[1], verbs[i]) == 0)
            return true;
    return false;
}

/* --- asking --- */

/* The parsed answer, which the caller deletes; *code is its own. NULL: words were printed. */
static cJSON *ask(const struct database *database, const char *const *words, int *code)
{
    struct talk talk = { .path = database->options->socket,
                         .timeout_us = database->options->timeout_us,
                         .payload = -1 };
    const cJSON *number = NULL;
    enum talk_fault fault = TALK_BROKEN;
    struct text line;
    struct text answer;
    cJSON *json = NULL;
    bool is_good = true;

    text_init(&line, LINE_MAX_BYTES);
    text_init(&answer, ANSWER_MAX);
    text_add(&line, "json");
    for (; *words != NULL; words++)
        is_good = options_add_word(&line, *words) == 0 && is_good;
    text_add(&line, "\n");
    talk.line = text_slice(&line);
    if (is_good && !text_is_cut(&line))
        fault = talk_ask(&talk, &answer);
    if (fault == TALK_DONE)
        json = cJSON_ParseWithLength(answer.bytes, answer.len);
    number = cJSON_GetObjectItemCaseSensitive(json, "code");
    *code = cJSON_IsNumber(number) ? number->valueint : EXIT_UNREACHABLE;
    if (json == NULL)
        fprintf(stderr,
                "switchctl: no answer of the daemon on %s: %s\nremedy: --dsn DSN works "
                "without it\n",
                database->options->socket, errno != 0 ? strerror(errno) : "the words do not fit");
    text_fini(&answer);
    text_fini(&line);
    return json;
}

static void print_refusal(const cJSON *json)
{
    const char *words = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "text"));

    fprintf(stderr, "%s", words != NULL ? words : "switchctl: the daemon refuses\n");
}

/* 0, or the exit code after words. */
static int ask_plainly(const struct database *database, const char *const *words)
{
    int code = 0;
    cJSON *json = ask(database, words, &code);

    if (json != NULL && code != 0)
        print_refusal(json);
    cJSON_Delete(json);
    return code;
}

static const char *described(const struct database *database, const char *member)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(database->described, "result");

    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, member));
}

/* --- the words of the command --- */

static void add(struct database *database, const char *word)
{
    database->words[database->count++] = (char *)(uintptr_t)word;
}

static void add_pair(struct database *database, const char *option, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    add(database, option);
    add(database, value);
}

/* What the daemon knows stands first, so that what is given goes before it. */
static void add_described(struct database *database)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(database->described, "result");
    const char *verb = database->options->words[1];
    bool is_apply = strcmp(verb, "apply") == 0;

    add_pair(database, "--dsn", described(database, "dsn"));
    add_pair(database, "--passfile", described(database, "passfile"));
    add_pair(database, "--environment", described(database, "environment"));
    if (strcmp(verb, "prove") != 0)
        add_pair(database, "--epoch", described(database, "epoch"));
    if (!is_apply)
        add_pair(database, "--folder", described(database, "migrations"));
    if (is_apply && !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "snapshot_fresh")))
        add_pair(database, "--no-snapshot", described(database, "snapshot_words"));
}

/* The value of an option that is given, behind it or behind '='; NULL: it is not. */
static const char *find_value(const struct options *options, const char *name)
{
    size_t len = strlen(name);

    for (int i = 2; i < options->word_count; i++) {
        const char *word = options->words[i];

        if (strncmp(word, name, len) != 0)
            continue;
        if (word[len] == '=')
            return word + len + 1;
        if (word[len] == '\0' && i + 1 < options->word_count)
            return options->words[i + 1];
    }
    return NULL;
}

static int describe(struct database *database)
{
    const char *const words[] = { "db", "describe", database->name, NULL };
    int code = 0;

    database->described = ask(database, words, &code);
    if (database->described != NULL && code != 0)
        print_refusal(database->described);
    return code;
}

/* --- what apply asks --- */

static int begin(void *arg, const char *token, const char *level, const char *file)
{
    const struct database *database = arg;
    const char *epoch = described(database, "epoch");
    const char *const words[] = { "db",       "begin",          database->name, token, level, file,
                                  "--reason", database->reason, "--if-epoch",   epoch, NULL };

    return ask_plainly(database, words);
}

static void finish(void *arg, const char *token, bool is_applied, const char *words)
{
    const struct database *database = arg;
    const char *const request[] = {
        "db", "finish", database->name, token, is_applied ? "done" : "failed", words, NULL
    };

    (void)ask_plainly(database, request); /* it is done; what cannot be told was printed */
}

static int run(struct database *database)
{
    const char *verb = database->options->words[1];
    struct apply_ops ops = { .begin = begin, .finish = finish, .arg = database };

    if (strcmp(verb, "plan") == 0)
        return plan_command(database->count, database->words);
    if (strcmp(verb, "prove") == 0)
        return prove_command(database->count, database->words);
    return apply_command(database->count, database->words, database->name != NULL ? &ops : NULL);
}

int database_run(const struct options *options)
{
    struct database database = { .options = options,
                                 .name = find_value(options, "--database"),
                                 .reason = find_value(options, "--reason") };
    int code = 0;

    if (database.name != NULL && find_value(options, "--dsn") != NULL) {
        fputs("switchctl: --database and --dsn exclude each other\n", stderr);
        return EXIT_USAGE;
    }
    database.words =
        mem_zalloc(((size_t)options->word_count + MORE_WORDS) * sizeof *database.words);
    if (database.name != NULL)
        code = describe(&database);
    if (code == 0) {
        if (database.name != NULL)
            add_described(&database);
        for (int i = 2; i < options->word_count; i++)
            add(&database, options->words[i]);
        if (options->is_json)
            add(&database, "--json");
        code = run(&database);
    }
    cJSON_Delete(database.described);
    free(database.words);
    return code;
}
