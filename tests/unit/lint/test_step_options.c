/* The options of plan, apply and prove, and what is made of them. src/lint/step_options.c, plan.c, prove.c, prove_cache.c */
#include "lint/step_options_priv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "lint/plan_priv.h"
#include "lint/prove_cache_priv.h"
#include "lint/prove_priv.h"

enum { WORDS = 16 };

static struct step_options options;
static const char *paths[WORDS + 1];
static char problem[200];

static int parse(enum step_command command, const char *line)
{
    static char copy[500];
    char *words[WORDS];
    char *rest = copy;
    char *word = NULL;
    int count = 0;

    snprintf(copy, sizeof copy, "%s", line);
    while (count < WORDS && (word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0')
            words[count++] = word;
    problem[0] = '\0';
    return step_options_parse(&(struct step_words){ command, count, words }, &options, paths,
                              slice_of(problem, sizeof problem));
}

Test(step_options, take_values_behind_and_behind_an_equals_sign)
{
    cr_assert_eq(parse(STEP_APPLY, "--dsn=d --reason r --lock-timeout 500ms --retries=7 --yes "
                                   "--emergency --json --transaction wrap f.sql"),
                 0, "%s", problem);
    cr_expect_str_eq(options.dsn, "d");
    cr_expect_str_eq(options.reason, "r");
    cr_expect_eq(options.lock_timeout_us, 500000);
    cr_expect_eq(options.retries, 7);
    cr_expect(options.is_confirmed && options.is_emergency);
    cr_expect_eq(options.lint.format, LINT_JSON);
    cr_expect_eq(options.lint.wrap, LINT_WRAP);
    cr_expect_eq(options.lint.path_count, 1);
    cr_expect_str_eq(options.lint.paths[0], "f.sql");
}

Test(step_options, a_folder_counts_when_no_path_is_given)
{
    cr_assert_eq(parse(STEP_PLAN, "--dsn d --folder m"), 0);
    cr_expect_str_eq(options.lint.paths[0], "m");
    cr_assert_eq(parse(STEP_PLAN, "--dsn d --folder m x y"), 0);
    cr_expect_eq(options.lint.path_count, 2);
    cr_expect_str_eq(options.lint.paths[0], "x");
}

Test(step_options, what_is_wrong_is_said)
{
    static const struct {
        enum step_command command;
        const char *line;
        const char *words;
    } cases[] = {
        { STEP_PLAN, "x", "--dsn DSN or --database NAME" },
        { STEP_PLAN, "--dsn d", "a file or a folder" },
        { STEP_PLAN, "--dsn", "a value is missing" },
        { STEP_PLAN, "--dsn d --token t x", "unknown option" },
        { STEP_PROVE, "--dsn d --emergency x", "unknown option" },
        { STEP_APPLY, "--dsn d --retries many x", "a number" },
        { STEP_APPLY, "--dsn d --retries 101 x", "a number" },
        { STEP_APPLY, "--dsn d --lock-timeout 0 x", "a duration" },
        { STEP_APPLY, "--dsn d --lock-timeout 11m x", "a duration" },
        { STEP_APPLY, "--dsn d --transaction half x", "--transaction is" },
        { STEP_APPLY, "--dsn d x --transaction", "a value is missing" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(parse(cases[i].command, cases[i].line), ERR_INVALID, "%s", cases[i].line);
        cr_expect_not_null(strstr(problem, cases[i].words), "%s: %s", cases[i].line, problem);
    }
}

Test(step_options, each_level_has_its_confirmation)
{
    cr_expect_str_eq(plan_confirmation(LINT_LOW), "none");
    cr_expect_str_eq(plan_confirmation(LINT_MEDIUM), "--yes");
    cr_expect_str_eq(plan_confirmation(LINT_HIGH), "token");
    cr_expect_str_eq(plan_confirmation(LINT_CRITICAL), "token and a second person");
}

Test(prove, the_address_names_the_scratch_database)
{
    char *url = prove_url("host=/run/pg port=5433 user='a b' dbname=live", "scratch_1");

    cr_assert_not_null(url);
    cr_expect_eq(strncmp(url, "postgresql:///scratch_1?", 24), 0, "%s", url);
    cr_expect_not_null(strstr(url, "host=%2Frun%2Fpg"), "%s", url);
    cr_expect_not_null(strstr(url, "user=a%20b"), "%s", url);
    cr_expect_null(strstr(url, "live"), "%s", url);
    free(url);
    cr_expect_null(prove_url("no such thing", "x"));
}

Test(prove_cache, what_was_proved_is_known_by_its_sum)
{
    char folder[] = "/tmp/unit-prove-XXXXXX";
    char key[PROVE_CACHE_SUM];
    char other[PROVE_CACHE_SUM];
    char *path = NULL;

    cr_assert_not_null(mkdtemp(folder));
    prove_cache_sum(SLICE("abc"), key);
    prove_cache_sum(SLICE("abd"), other);
    cr_expect_str_eq(key, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_expect_not(prove_cache_has(folder, key));
    cr_expect(prove_cache_add(folder, key, "words\n"));
    cr_expect(prove_cache_has(folder, key));
    cr_expect_not(prove_cache_has(folder, other));
    path = mem_format("%s/%s.ok", folder, key);
    unlink(path);
    rmdir(folder);
    free(path);
    cr_expect_not(prove_cache_add("/proc/nowhere", key, ""));
}
