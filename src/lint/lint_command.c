/* The command line of db lint: see lint/lint_command.h. */
#include "lint/lint_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "lint/lint_child_priv.h"
#include "lint/print.h"
#include "lint/verify.h"

enum { EXIT_USAGE = 2, EXIT_REFUSED = 3, PG_LOWEST = 12, PG_HIGHEST = 18 };

static const size_t output_max = (size_t)1 << 30;

/* What is being read, and where words about a mistake go. */
struct reading {
    struct lint_options *options;
    struct slice problem; /* room for words */
    const char **paths;
};

typedef int (*take_value)(struct reading *reading, const char *value);

static int refuse(struct reading *reading, const char *what, const char *value)
{
    char *room = (char *)(uintptr_t)reading->problem.ptr;

    snprintf(room, reading->problem.len, "%s: %.80s", what, value);
    return ERR_INVALID;
}

static int take_format(struct reading *reading, const char *value)
{
    if (strcmp(value, "human") == 0)
        reading->options->format = LINT_HUMAN;
    else if (strcmp(value, "json") == 0)
        reading->options->format = LINT_JSON;
    else if (strcmp(value, "gcc") == 0)
        reading->options->format = LINT_GCC;
    else
        return refuse(reading, "--format is human, json or gcc", value);
    return 0;
}

static int take_fail_on(struct reading *reading, const char *value)
{
    reading->options->fail_on = rule_class_find(slice_from(value));
    if (reading->options->fail_on == LINT_CLASSES || reading->options->fail_on < LINT_CAUTION)
        return refuse(reading, "--fail-on is caution, blocks-writes, breaks-rollback or invalid",
                      value);
    return 0;
}

static int take_max_level(struct reading *reading, const char *value)
{
    reading->options->max_level = rule_level_find(slice_from(value));
    if (reading->options->max_level == LINT_LEVELS)
        return refuse(reading, "--max-level is low, medium, high or critical", value);
    return 0;
}

static int take_transaction(struct reading *reading, const char *value)
{
    if (strcmp(value, "auto") == 0)
        reading->options->wrap = LINT_AUTO;
    else if (strcmp(value, "wrap") == 0)
        reading->options->wrap = LINT_WRAP;
    else if (strcmp(value, "none") == 0)
        reading->options->wrap = LINT_NO_WRAP;
    else
        return refuse(reading, "--transaction is auto, wrap or none", value);
    return 0;
}

static int take_strategy(struct reading *reading, const char *value)
{
    if (strcmp(value, "shared") != 0 && strcmp(value, "parallel") != 0)
        return refuse(reading, "--strategy is shared or parallel", value);
    reading->options->is_parallel = strcmp(value, "parallel") == 0;
    return 0;
}

static int take_baseline(struct reading *reading, const char *value)
{
    reading->options->baseline = value;
    return 0;
}

static int take_applied(struct reading *reading, const char *value)
{
    reading->options->applied = value;
    return 0;
}

static int take_pg_version(struct reading *reading, const char *value)
{
    uint64_t number = 0;

    if (num_parse_u64(slice_from(value), PG_HIGHEST, &number) != 0 || number < PG_LOWEST)
        return refuse(reading, "--pg-version is 12 to 18", value);
    reading->options->pg_version = (unsigned)number;
    return 0;
}

static int take_max_size(struct reading *reading, const char *value)
{
    if (num_parse_size(slice_from(value), &reading->options->input_max_bytes) != 0 ||
        reading->options->input_max_bytes == 0 || reading->options->input_max_bytes > 1 << 30)
        return refuse(reading, "--max-size is a size such as 16m, at most 1g", value);
    return 0;
}

static int take_max_memory(struct reading *reading, const char *value)
{
    if (num_parse_size(slice_from(value), &reading->options->memory_max_bytes) != 0 ||
        reading->options->memory_max_bytes < 64 << 20)
        return refuse(reading, "--max-memory is a size such as 2g, at least 64m", value);
    return 0;
}

static int take_max_time(struct reading *reading, const char *value)
{
    if (num_parse_duration(slice_from(value), &reading->options->time_max_us) != 0 ||
        reading->options->time_max_us == 0 || reading->options->time_max_us > 86400 * 1000000ull)
        return refuse(reading, "--max-time is a duration such as 60s", value);
    return 0;
}

static int take_enable(struct reading *reading, const char *value)
{
    struct slice rest = slice_from(value);
    struct slice name = { 0 };

    while (slice_next(&rest, ',', &name)) {
        enum lint_rule_id rule = rule_find(name);

        if (rule != LINT_REQUIRE_STATEMENT_TIMEOUT && rule != LINT_REQUIRE_TABLE_SCHEMA)
            return refuse(reading,
                          "--enable knows require-statement-timeout and require-table-schema",
                          value);
        reading->options->is_enabled[rule] = true;
    }
    return 0;
}

static int take_baseline_dsn(struct reading *reading, const char *value)
{
    reading->options->baseline_dsn = value;
    return 0;
}

static int take_verify_with(struct reading *reading, const char *value)
{
    reading->options->verify_dsn = value;
    return 0;
}

static const struct {
    const char *name;
    take_value take;
} valued[] = {
    { "--format", take_format },
    { "--fail-on", take_fail_on },
    { "--max-level", take_max_level },
    { "--transaction", take_transaction },
    { "--strategy", take_strategy },
    { "--baseline", take_baseline },
    { "--applied", take_applied },
    { "--pg-version", take_pg_version },
    { "--max-size", take_max_size },
    { "--max-memory", take_max_memory },
    { "--max-time", take_max_time },
    { "--enable", take_enable },
    { "--baseline-dsn", take_baseline_dsn },
    { "--verify-with", take_verify_with },
};

/* An option without a value; false: it is none. */
static bool take_flag(struct lint_options *options, const char *word)
{
    if (strcmp(word, "-r") == 0 || strcmp(word, "--recursive") == 0)
        options->is_recursive = true;
    else if (strcmp(word, "--independent") == 0)
        options->is_independent = true;
    else if (strcmp(word, "--advice") == 0)
        options->shows_advice = true;
    else if (strcmp(word, "--no-reason") == 0)
        options->is_reason_optional = true;
    else if (strcmp(word, "--json") == 0)
        options->format = LINT_JSON;
    else
        return strcmp(word, "--no-color") == 0; /* nothing here has colours */
    return true;
}

/* An option with a value, behind it or behind '='; *at is moved over what was taken. */
static int take_valued(struct reading *reading, int count, char *const *words, int *at)
{
    const char *word = words[*at];
    size_t len = strcspn(word, "=");

    for (size_t i = 0; i < sizeof valued / sizeof valued[0]; i++) {
        if (strlen(valued[i].name) != len || strncmp(valued[i].name, word, len) != 0)
            continue;
        if (word[len] == '=')
            return valued[i].take(reading, word + len + 1);
        if (*at + 1 >= count)
            return refuse(reading, "a value is missing", word);
        return valued[i].take(reading, words[++*at]);
    }
    return refuse(reading, "unknown option of db lint", word);
}

int lint_command_parse(int count, char *const *words, struct lint_options *options,
                       const char **paths, struct slice problem)
{
    struct reading reading = { .options = options, .problem = problem, .paths = paths };
    bool is_plain = false;

    lint_options_init(options);
    for (int i = 0; i < count; i++) {
        const char *word = words[i];

        if (!is_plain && strcmp(word, "--") == 0)
            is_plain = true;
        else if (is_plain || word[0] != '-' || word[1] == '\0')
            paths[options->path_count++] = word;
        else if (!take_flag(options, word) && take_valued(&reading, count, words, &i) != 0)
            return ERR_INVALID;
    }
    options->paths = paths;
    if (options->baseline != NULL && options->baseline_dsn != NULL)
        return refuse(&reading, "--baseline and --baseline-dsn exclude each other", "");
    if (options->baseline == NULL && options->baseline_dsn == NULL)
        options->baseline_dsn = options->verify_dsn; /* what is there is what the files meet */
    if (options->path_count == 0)
        return refuse(&reading, "db lint needs a file or a folder, or - for standard input", "");
    return 0;
}

/* 1: the server cannot be used; 3: it says something else than the linter; 0. */
static int compare(const struct lint *lint, const struct lint_options *options)
{
    struct text out;
    unsigned differences = 0;
    int err = 0;

    text_init(&out, output_max);
    err = verify_run(lint, options->verify_dsn, lint_baseline_of(lint), &out, &differences);
    if (out.len > 0)
        fprintf(stderr, "%s", out.bytes);
    fprintf(stderr, "switchctl: %s: %u difference%s between the linter and the server\n",
            err != 0 ? "not compared to the end" : "compared", differences,
            differences == 1 ? "" : "s");
    text_fini(&out);
    if (err != 0)
        return 1;
    return differences > 0 ? EXIT_REFUSED : 0;
}

static int run(const struct lint_options *options, struct lint_progress *progress)
{
    struct lint *lint = lint_run(options, progress);
    struct text out;
    struct text trouble;
    int code = lint_code(lint);

    text_init(&out, output_max);
    text_init(&trouble, output_max);
    for (const struct lint_file *file = lint_report_of(lint)->files; file != NULL;
         file = file->next)
        print_trouble(file, options, &trouble);
    if (lint_trouble_of(lint)[0] != '\0')
        text_add_format(&trouble, "%s\n", lint_trouble_of(lint));
    if (trouble.len > 0)
        fprintf(stderr, "switchctl: %s", trouble.bytes);
    if (options->verify_dsn != NULL && lint_trouble_of(lint)[0] == '\0') {
        int compared = compare(lint, options);

        code = code == 1 || compared == 0 ? code : compared;
    }
    print_report(lint, options, code, &out);
    if (out.len > 0 && fwrite(out.bytes, 1, out.len, stdout) != out.len)
        code = 1;
    text_fini(&trouble);
    text_fini(&out);
    lint_free(lint);
    return code;
}

int lint_command(int count, char *const *words)
{
    const char **paths = mem_alloc(((size_t)count + 1) * sizeof *paths);
    struct lint_options options;
    char problem[200] = "";
    int code = EXIT_USAGE;

    if (count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        lint_command_help();
        code = 0;
    } else if (lint_command_parse(count, words, &options, paths,
                                  slice_of(problem, sizeof problem)) != 0) {
        fprintf(stderr, "switchctl: %s\n", problem);
    } else {
        code = lint_child_run(&options, run);
    }
    free(paths);
    return code;
}

void lint_command_help(void)
{
    fputs(
        "usage: switchctl db lint [options] PATH...    (PATH: a file, a folder, or - )\n"
        "\n"
        "  --baseline FILE         DDL of the schema as it is (pg_dump -s); without it the worst "
        "is assumed\n"
        "  --baseline-dsn DSN      the same from a server, with the sizes of tables (needs "
        "pg_dump)\n"
        "  --verify-with DSN       also runs everything in a scratch database there and compares\n"
        "  --transaction MODE      auto: statements stand alone; wrap: the runner wraps each "
        "file; none\n"
        "  --strategy S            shared (one database, the default) or parallel\n"
        "  --applied FILE          lines VERSION [SHA256] of what has been applied\n"
        "  --pg-version N          the server's; the grammar is that of 15\n"
        "  --fail-on CLASS         caution, blocks-writes (default), breaks-rollback, invalid\n"
        "  --max-level LEVEL       low, medium (default), high, critical\n"
        "  --advice                show advice too\n"
        "  --enable RULE,RULE      require-statement-timeout, require-table-schema\n"
        "  --no-reason             suppressions need no reason\n"
        "  -r, --recursive         folders in folders\n"
        "  --independent           files do not build on each other\n"
        "  --format F              human (default), json (or --json), gcc\n"
        "  --max-size S            of one file (16m)      --max-time D    of all (60s)\n"
        "  --max-memory S          of the analysis (2047m)\n"
        "\n"
        "exit: 0 within the limits, 3 refused, 1 something could not be read or analysed, 2 "
        "usage\n",
        stdout);
}
