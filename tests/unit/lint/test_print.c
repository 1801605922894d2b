/* The formats: src/lint/print.c, src/lint/print_json.c. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <string.h>

#include "lint/print.h"
#include "lint_check.h"

static struct lint_options options;

static char *print_with(enum lint_format format, const char *sql)
{
    struct lint *lint = NULL;
    struct text out;
    char *bytes = NULL;

    options.format = format;
    lint = check_run_with(&options, "V1.4.0__o.sql", sql);
    text_init(&out, 1 << 20);
    print_report(lint, &options, lint_code(lint), &out);
    bytes = text_take(&out);
    text_fini(&out);
    lint_free(lint);
    return bytes;
}

#define SQL "SET lock_timeout = '1s';\n\nCREATE INDEX i ON orders (status);\n"

Test(print, for_people)
{
    char *words = NULL;

    lint_options_init(&options);
    words = print_with(LINT_HUMAN, SQL);
    cr_expect_not_null(strstr(words,
                              "V1.4.0__o.sql:3:1: blocks-writes [create-index-nonconcurrent] "
                              "+30 SHARE on public.orders (build)\n"),
                       "%s", words);
    cr_expect_not_null(strstr(words, "    instead: CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON "
                                     "public.orders"),
                       "%s", words);
    cr_expect_not_null(strstr(words, "V1.4.0__o.sql: high (30), blocks-writes, 1 finding, 1 advice "
                                     "(show with --advice)\n"),
                       "%s", words);
    cr_expect_null(strstr(words, "non-idempotent"));
    free(words);
    options.shows_advice = true;
    words = print_with(LINT_HUMAN, SQL);
    cr_expect_not_null(strstr(words, "advice [non-idempotent] +3"), "%s", words);
    free(words);
}

/* What can be copied into a file is right SQL; where nothing is better, nothing is said. */
Test(print, names_that_need_quotes)
{
    char *words = NULL;

    lint_options_init(&options);
    options.shows_advice = true;
    words = print_with(LINT_HUMAN, "ALTER TABLE \"T\" ALTER COLUMN \"a b\" SET NOT NULL;"
                                   "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x';");
    cr_expect_not_null(strstr(words,
                              "ALTER TABLE public.\"T\" ADD CONSTRAINT \"a b_present\" CHECK "
                              "(\"a b\" IS NOT NULL) NOT VALID;"),
                       "%s", words);
    cr_expect_not_null(strstr(words, "may still write NULL into \"a b\" of public.\"T\""), "%s",
                       words);
    cr_expect_null(strstr(words, "instead: \n"), "%s", words);
    free(words);
}

Test(print, for_compilers_readers)
{
    char *words = NULL;

    lint_options_init(&options);
    words = print_with(LINT_GCC, SQL "CREATE EXTENSION IF NOT EXISTS x;");
    cr_expect_eq(strncmp(words, "V1.4.0__o.sql:3:1: error: ", 26), 0, "%s", words);
    cr_expect_not_null(strstr(words, "[create-index-nonconcurrent]\n"));
    cr_expect_not_null(strstr(words, "V1.4.0__o.sql:4:1: warning: "), "%s", words);
    free(words);
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "(none)";
}

Test(print, as_json)
{
    static const char *const of_finding[] = { "rule",    "class",      "points",     "lock",
                                              "blocks",  "duration",   "compat",     "data_loss",
                                              "line",    "column",     "reversible", "message",
                                              "instead", "suppressed", "reason" };
    char *words = NULL;
    cJSON *json = NULL;
    const cJSON *file = NULL;
    const cJSON *statement = NULL;
    const cJSON *finding = NULL;

    lint_options_init(&options);
    words = print_with(LINT_JSON, SQL "SELECT '\\\"\x01';");
    json = cJSON_Parse(words);
    cr_assert_not_null(json, "%s", words);
    cr_expect_str_eq(text(json, "tool"), "switchctl db lint");
    cr_expect_eq(cJSON_GetObjectItem(json, "exit")->valueint, 3);
    file = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "files"), 0);
    cr_expect_str_eq(text(file, "version"), "1.4.0");
    cr_expect_str_eq(text(file, "kind"), "V");
    cr_expect_eq(strlen(text(file, "sha256")), 64);
    statement = cJSON_GetArrayItem(cJSON_GetObjectItem(file, "statements"), 1);
    cr_expect_str_eq(text(statement, "kind"), "IndexStmt");
    cr_expect_str_eq(text(statement, "lock"), "Share");
    cr_expect_eq(strlen(text(statement, "fingerprint")), 16);
    finding = cJSON_GetArrayItem(cJSON_GetObjectItem(statement, "findings"), 0);
    for (size_t i = 0; i < sizeof of_finding / sizeof of_finding[0]; i++)
        cr_expect(cJSON_HasObjectItem(finding, of_finding[i]), "%s", of_finding[i]);
    cr_expect_str_eq(text(finding, "blocks"), "writes");
    cr_expect_str_eq(text(cJSON_GetObjectItem(json, "summary"), "class"), "blocks-writes");
    cJSON_Delete(json);
    free(words);
}
