/*
 * switchctl db lint as a program: exit codes, files and folders, formats, limits; and compared with a real PostgreSQL,
 * which runs every vector.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/pg.h"
#include "support/scene.h"

#define VECTORS SOURCE_DIR "/tests/unit/lint/vectors/"

enum { WORDS_MAX = 24 };

static char folder[SCENE_PATH];

static void make_folder(void)
{
    scene_folder(folder);
}

static void remove_folder(void)
{
    scene_remove(folder);
}

TestSuite(db_lint, .init = make_folder, .fini = remove_folder);

static void put(const char *name, const char *words)
{
    char *path = mem_format("%s/%s", folder, name);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    (void)mkdir(path, 0755);
    *slash = '/';
    scene_write(path, words, strlen(words));
    free(path);
}

/* `switchctl db lint` with words; every "@" becomes the folder. */
static struct ctl_result lint(const char *const *words)
{
    const char *all[WORDS_MAX] = { "db", "lint" };
    char *made[WORDS_MAX] = { NULL };
    struct ctl_result result;
    int count = 2;

    for (int i = 0; words[i] != NULL; i++) {
        const char *mark = strchr(words[i], '@');

        made[i] = mark != NULL
                      ? mem_format("%.*s%s%s", (int)(mark - words[i]), words[i], folder, mark + 1)
                      : mem_text(words[i]);
        all[count++] = made[i];
    }
    result = ctl_run_words(NULL, all);
    for (int i = 0; i < WORDS_MAX; i++)
        free(made[i]);
    return result;
}

#define LINT(...) lint((const char *const[]){ __VA_ARGS__, NULL })

#define EXPECT_CODE(wanted, ...)                                                                   \
    do {                                                                                           \
        struct ctl_result result_ = LINT(__VA_ARGS__);                                             \
                                                                                                   \
        cr_expect_eq(result_.code, wanted, "%d instead of %d: %s%s", result_.code, wanted,         \
                     result_.out, result_.err);                                                    \
        ctl_free(&result_);                                                                        \
    } while (0)

Test(db_lint, codes)
{
    put("good.sql", "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY);");
    put("caution.sql", "DELETE FROM t WHERE a = 1;");
    put("bad.sql", "DROP TABLE t;");
    put("wrong.sql", "SELEC 1;");
    EXPECT_CODE(0, "@/good.sql");
    EXPECT_CODE(0, "@/caution.sql");
    EXPECT_CODE(3, "--fail-on", "caution", "@/caution.sql");
    EXPECT_CODE(3, "--max-level", "low", "@/caution.sql");
    EXPECT_CODE(3, "@/bad.sql");
    EXPECT_CODE(0, "--fail-on=invalid", "--max-level=critical", "@/bad.sql");
    EXPECT_CODE(3, "@/wrong.sql");
    EXPECT_CODE(1, "@/missing.sql");
    EXPECT_CODE(1, "--baseline", "@/missing.sql", "@/good.sql");
    EXPECT_CODE(1, "--applied", "@/bad.sql", "@/good.sql");
    EXPECT_CODE(1, "--max-size", "8", "@/good.sql");
    EXPECT_CODE(2, "--unknown", "@/good.sql");
    EXPECT_CODE(2, "--advice");
    EXPECT_CODE(2, "--format", "sarif", "@/good.sql");
    EXPECT_CODE(0, "--help");
    EXPECT_CODE(0, "-"); /* standard input is empty */
}

static cJSON *parse(const struct ctl_result *result)
{
    cJSON *json = cJSON_Parse(result->out);

    cr_assert_not_null(json, "%s%s", result->out, result->err);
    return json;
}

/* The names of the files in the answer, in its order, with blanks between. */
static void expect_order(const char *const *words, const char *wanted)
{
    struct ctl_result result = lint(words);
    cJSON *json = parse(&result);
    const cJSON *file = NULL;
    struct text names;

    text_init(&names, 10000);
    cJSON_ArrayForEach(file, cJSON_GetObjectItem(json, "files"))
    {
        const char *path = cJSON_GetObjectItem(file, "path")->valuestring;

        text_add(&names, path + strlen(folder) + 1);
        text_add(&names, " ");
    }
    cr_expect_str_eq(names.bytes != NULL ? names.bytes : "", wanted, "%s", names.bytes);
    text_fini(&names);
    cJSON_Delete(json);
    ctl_free(&result);
}

Test(db_lint, folders_in_version_order)
{
    static const char *const names[] = {
        "V1.10__b.sql", "V1.9__a.sql", "R__z.sql",       "R__c.sql",
        "U1.9__a.sql",  "other.sql",   "B1__x.sql",      "V2__c.sql",
        "notes.txt",    ".hidden.sql", "deep/V3__d.sql", "20250101000000_init/migration.sql"
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        put(names[i], "SELECT 1;");
    expect_order((const char *const[]){ "--json", "@", NULL },
                 "B1__x.sql V1.9__a.sql V1.10__b.sql V2__c.sql "
                 "20250101000000_init/migration.sql R__c.sql R__z.sql other.sql U1.9__a.sql ");
    expect_order((const char *const[]){ "--json", "-r", "@", NULL },
                 "B1__x.sql V1.9__a.sql V1.10__b.sql V2__c.sql deep/V3__d.sql "
                 "20250101000000_init/migration.sql R__c.sql R__z.sql other.sql U1.9__a.sql ");
    expect_order((const char *const[]){ "--json", "@/V2__c.sql", "@/V1.9__a.sql", NULL },
                 "V2__c.sql V1.9__a.sql ");
}

static void expect_words(const struct ctl_result *result, const char *words, bool is_there)
{
    cr_expect_eq(strstr(result->out, words) != NULL, is_there, "%s: %s%s", words, result->out,
                 result->err);
}

Test(db_lint, files_build_on_each_other)
{
    struct ctl_result result;

    put("V1__a.sql", "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY, n varchar(10));");
    put("V2__b.sql", "ALTER TABLE t ALTER COLUMN n TYPE varchar(20);");
    put("V3__c.sql", "CREATE INDEX i ON t (n);");
    result = LINT("@");
    expect_words(&result, "[widen-column-type]", true);
    expect_words(&result, "[create-index-nonconcurrent]", true);
    expect_words(&result, "3 files: high (30), blocks-writes", true);
    cr_expect_eq(result.code, 3);
    ctl_free(&result);
}

Test(db_lint, history)
{
    struct ctl_result result;

    put("0001_a.sql", "SELECT 1;");
    put("0003_b.sql", "SELECT 1;");
    put("0003_c.sql", "SELECT 1;");
    put("applied", "1 0000000000000000000000000000000000000000000000000000000000000000\n9\n");
    result = LINT("@");
    expect_words(&result, "0003_b.sql:1:1: caution [bad-history]", true);
    expect_words(&result, "0003_c.sql:1:1: invalid [changed-after-apply]", true);
    cr_expect_eq(result.code, 3);
    ctl_free(&result);
    result = LINT("--applied", "@/applied", "@/0001_a.sql", "@/0003_b.sql");
    expect_words(&result, "0001_a.sql:1:1: invalid [changed-after-apply]", true);
    expect_words(&result, "A higher version has been applied already", true);
    ctl_free(&result);
}

Test(db_lint, formats)
{
    struct ctl_result result;
    cJSON *json = NULL;

    put("x.sql", "SELECT 1;\nDROP TABLE t;\n");
    result = LINT("--format=gcc", "@/x.sql");
    expect_words(&result, "x.sql:2:1: error: ", true);
    ctl_free(&result);
    result = LINT("@/x.sql");
    expect_words(&result,
                 "x.sql:2:1: breaks-rollback [drop-table] +80 ACCESS EXCLUSIVE on public.t", true);
    expect_words(&result, "instead: ", true);
    expect_words(&result, "non-idempotent", false);
    ctl_free(&result);
    result = LINT("--advice", "@/x.sql");
    expect_words(&result, "[non-idempotent]", true);
    ctl_free(&result);
    result = ctl_run(NULL, "--json db lint /missing.sql");
    json = parse(&result);
    cr_expect_eq(cJSON_GetObjectItem(json, "exit")->valueint, 1);
    cr_expect_eq(result.code, 1);
    cr_expect_not_null(strstr(result.err, "/missing.sql: cannot be read"), "%s", result.err);
    cJSON_Delete(json);
    ctl_free(&result);
}

/* A file that takes longer than it may: 4 MiB of comments that each look for their statement. */
Test(db_lint, limits)
{
    struct ctl_result result;
    struct text sql;

    text_init(&sql, 16 << 20);
    for (unsigned i = 0; i < 60000; i++)
        text_add(&sql, "-- switchyard:ignore drop-table -- x\nSELECT 1, 2, 3;\n");
    put("long.sql", sql.bytes);
    text_fini(&sql);
    result = LINT("--max-time", "1ms", "@/long.sql");
    cr_expect_eq(result.code, 1, "%d %s", result.code, result.err);
    cr_expect_not_null(strstr(result.err, "not over in time"), "%s", result.err);
    cr_expect_str_empty(result.out);
    ctl_free(&result);
    if (scene_is_sanitized()) /* which needs more addresses than any limit allows */
        return;
    text_init(&sql, 16 << 20);
    text_add(&sql, "INSERT INTO t VALUES (1)");
    for (unsigned i = 0; i < 200000; i++)
        text_add(&sql, ", (1)");
    put("wide.sql", sql.bytes);
    text_fini(&sql);
    result = LINT("--max-memory", "64m", "@/wide.sql");
    cr_expect_eq(result.code, 1, "%d", result.code);
    cr_expect_not_null(strstr(result.err, "--max-memory"), "%s", result.err);
    ctl_free(&result);
}

/* libpg_query exports two thousand names; one of ours among them would be called in its place. */
Test(db_lint, no_name_is_shared_with_the_parser)
{
    char *command = mem_format(
        "lib=$(ldd " BUILD_DIR
        "/switchctl | awk '/libpg_query/ { print $3 }'); [ -n \"$lib\" ] || exit 3; "
        "for f in \"$lib\" " BUILD_DIR
        "/switchctl; do nm -D --defined-only \"$f\" | awk '{ print $3 }' | "
        "sort -u; done > %s/names; nm -D --defined-only \"$lib\" | grep -q ' lappend$' || exit 4; "
        "[ -z \"$(sort %s/names | uniq -d)\" ]",
        folder, folder);

    cr_expect_eq(system(command), 0, "%s", command);
    free(command);
}

/* --- with a real server --- */

/* Data decides: the fixture has rows, and views that depend on its tables. */
static bool is_refused_for_its_rows(const char *id)
{
    return strcmp(id, "P03.sql") == 0 || strcmp(id, "X1.sql") == 0;
}

/* One file per vector; the transaction mode goes into its first line. */
static void put_vectors(const char *path)
{
    char *bytes = scene_read(path, NULL);
    cJSON *vectors = cJSON_Parse(bytes);
    const cJSON *vector = NULL;

    cr_assert_gt(cJSON_GetArraySize(vectors), 20, "%s", path);
    cJSON_ArrayForEach(vector, vectors)
    {
        const cJSON *options = cJSON_GetObjectItem(vector, "options");
        const cJSON *transaction = cJSON_GetObjectItem(options, "transaction");
        char *name = mem_format("%s.sql", cJSON_GetObjectItem(vector, "id")->valuestring);
        char *words = mem_format("-- switchyard:transaction=%s\n%s",
                                 transaction != NULL ? transaction->valuestring : "auto",
                                 cJSON_GetObjectItem(vector, "sql")->valuestring);

        if (!cJSON_IsFalse(cJSON_GetObjectItem(vector, "pg_run")))
            put(name, words);
        free(name);
        free(words);
    }
    cJSON_Delete(vectors);
    free(bytes);
}

/* Lines that say a difference; those that only say what was not run are none. */
static void check_differences(const char *words)
{
    struct slice rest = slice_from(words);
    struct slice line = { 0 };
    unsigned expected = 0;

    while (slice_next(&rest, '\n', &line)) {
        const char *colon = memchr(line.ptr, ':', line.len);
        char id[SCENE_PATH] = "";
        const char *name = NULL;

        if (memmem(line.ptr, line.len, ": not run", 9) != NULL || colon == NULL ||
            slice_starts_with(line, SLICE("switchctl: ")))
            continue;
        cr_assert(slice_copy(slice_of(line.ptr, (size_t)(colon - line.ptr)), id, sizeof id));
        name = strrchr(id, '/') + 1;
        cr_expect(is_refused_for_its_rows(name), "%.*s", SLICE_ARG(line));
        expected++;
    }
    cr_expect_eq(expected, 2, "%s", words);
}

static void check_vectors(struct pg *pg)
{
    struct ctl_result result;
    char *left = NULL;

    put_vectors(VECTORS "public.json");
    put_vectors(VECTORS "own.json");
    if (scene_scale(0, 1) == 1) /* many more, of which only the effects are known */
        put_vectors(VECTORS "server.json");
    result = LINT("--baseline", VECTORS "fixture.sql", "--independent", "--verify-with",
                  pg_dsn(pg, NULL), "@");
    cr_expect_eq(result.code, 3, "%d", result.code);
    cr_expect_not_null(strstr(result.err, "compared: 2 differences"), "%s", result.err);
    check_differences(result.err);
    expect_words(&result, scene_scale(0, 1) == 1 ? "265 files: critical" : "69 files: critical",
                 true);
    ctl_free(&result);
    left = pg_psql(pg, NULL, "SELECT count(*) FROM pg_database WHERE datname ~ 'switchyard'");
    cr_expect_str_eq(left, "0\n", "a scratch database stays: %s", left);
    free(left);
}

/* A linter that errs is found out: the server knows more than the file says. */
static void check_that_differences_are_found(struct pg *pg)
{
    struct ctl_result result;

    put("x.sql", "CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY);\nSELECT missing FROM t;\n"
                 "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';");
    put("y.sql", "ALTER TABLE t ADD COLUMN c int DEFAULT f(1);");
    result = LINT("--verify-with", pg_dsn(pg, NULL), "@/x.sql", "@/y.sql");
    cr_expect_eq(result.code, 3);
    cr_expect_not_null(
        strstr(result.err, "x.sql:2:1: PostgreSQL refuses: ERROR:  column \"missing\""), "%s",
        result.err);
    cr_expect_not_null(
        strstr(result.err, "y.sql:1:1: a rewrite was announced, PostgreSQL does none"), "%s",
        result.err);
    cr_expect_not_null(strstr(result.err, "2 differences"), "%s", result.err);
    ctl_free(&result);
    result = LINT("--verify-with", "host=/nowhere", "@/y.sql");
    cr_expect_eq(result.code, 1, "%d", result.code);
    cr_expect_not_null(strstr(result.err, "the server cannot be used"), "%s", result.err);
    ctl_free(&result);
}

static void check_baseline_of_a_server(struct pg *pg)
{
    struct ctl_result result;
    char *fixture = scene_read(VECTORS "fixture.sql", NULL);
    char *made = NULL;

    free(pg_psql(pg, NULL, "CREATE DATABASE shop"));
    made = pg_psql(pg, "shop", fixture);
    cr_assert_not_null(made);
    free(made);
    free(pg_psql(pg, "shop", "ANALYZE"));
    put("x.sql", "ALTER TABLE customers ALTER COLUMN phone TYPE varchar(40);\n"
                 "CREATE INDEX i ON orders (note);");
    result = LINT("--baseline-dsn", pg_dsn(pg, "shop"), "@/x.sql");
    expect_words(&result, "[widen-column-type]", true);
    expect_words(&result, "[create-index-nonconcurrent] +15", true); /* a small table */
    ctl_free(&result);
    result = LINT("--baseline-dsn", pg_dsn(pg, "missing"), "@/x.sql");
    cr_expect_eq(result.code, 1);
    cr_expect_not_null(strstr(result.err, "--baseline-dsn"), "%s", result.err);
    ctl_free(&result);
    free(fixture);
}

/* One server for all: starting it takes longest. */
Test(db_lint, with_a_real_server)
{
    struct pg *pg = pg_start(NULL);

    check_vectors(pg);
    check_that_differences_are_found(pg);
    check_baseline_of_a_server(pg);
    cr_expect(pg_stop(pg));
}
