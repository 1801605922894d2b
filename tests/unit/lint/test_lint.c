/* A whole text through the linter: transactions, places, score, limits of the language: src/lint/lint.c and below. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint_check.h"

static const struct {
    const char *sql;
    const char *rule;   /* that must be there */
    const char *absent; /* that must not, or NULL */
} cases[] = {
    { "BEGIN; BEGIN; COMMIT;", "transaction-nesting", "uncommitted-transaction" },
    { "COMMIT;", "transaction-nesting", NULL },
    { "BEGIN; SELECT 1;", "uncommitted-transaction", NULL },
    { "BEGIN; DROP INDEX CONCURRENTLY i; COMMIT;", "concurrently-in-transaction",
      "drop-index-concurrently" },
    { "BEGIN; REINDEX (CONCURRENTLY) TABLE t; COMMIT;", "concurrently-in-transaction", NULL },
    { "REINDEX (CONCURRENTLY FALSE) TABLE t;", "reindex-nonconcurrent", NULL },
    { "BEGIN; ALTER SYSTEM SET work_mem='1MB'; COMMIT;", "nontransactional-in-transaction", NULL },
    { "BEGIN; CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot=false); COMMIT;",
      "replication-object", "nontransactional-in-transaction" },
    { "CREATE INDEX CONCURRENTLY i ON t (a); ALTER TABLE t ADD COLUMN b int;",
      "mixed-transactional", NULL },
    { "SET lock_timeout='1s'; CREATE INDEX CONCURRENTLY i ON t (a);", NULL, "mixed-transactional" },
    { "SET lock_timeout=0; ALTER TABLE t ADD COLUMN b int;", "missing-lock-timeout", NULL },
    { "SET LOCAL lock_timeout='1s'; ALTER TABLE t ADD COLUMN b int;", "missing-lock-timeout",
      NULL },
    { "BEGIN; SET LOCAL lock_timeout='1s'; ALTER TABLE t ADD COLUMN b int; COMMIT;", NULL,
      "missing-lock-timeout" },
    { "SELECT set_config('lock_timeout', '1s', false); ALTER TABLE t ADD COLUMN b int;", NULL,
      "missing-lock-timeout" },
    { "DELETE FROM t WHERE true;", "delete-without-where", "delete-where" },
    { "DELETE FROM t WHERE a = 1 OR 1 = 1;", "delete-without-where", NULL },
    { "DELETE FROM t WHERE a = 1 AND true;", "delete-where", NULL },
    { "DELETE FROM t WHERE 1 = 2;", "delete-where", NULL },
    { "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d;", "delete-without-where", NULL },
    { "UPDATE t SET a = 1, a = 2 WHERE b;", "duplicate-assignment", NULL },
    { "INSERT INTO t (a, a) VALUES (1, 2);", "duplicate-assignment", NULL },
    { "INSERT INTO t SELECT 1;", NULL, "insert-select" },
    { "INSERT INTO t SELECT * FROM u;", "insert-select", NULL },
    { "UPDATE pg_attribute SET attnotnull = true WHERE attname = 'x';", "system-catalog-write",
      NULL },
    { "CREATE TABLE t (a int PRIMARY KEY, a int);", "duplicate-column", NULL },
    { "ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ADD COLUMN a int;", "duplicate-column", NULL },
    { "ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;", NULL,
      "duplicate-column" },
    { "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT NULL;", "add-required-column", NULL },
    { "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 1;", NULL, "add-required-column" },
    { "ALTER TABLE t ADD COLUMN a int DEFAULT my_function();", "add-column-volatile-default",
      NULL },
    { "ALTER TABLE t ADD COLUMN a text DEFAULT lower('A');", NULL, "add-column-volatile-default" },
    { "CREATE TABLE t (a int PRIMARY KEY); ALTER TABLE t ADD COLUMN b int NOT NULL; DROP TABLE t;",
      NULL, "drop-table" },
    { "CREATE TABLE n (a int PRIMARY KEY); INSERT INTO n VALUES (1); TRUNCATE n;", NULL,
      "truncate" },
    { "ALTER TABLE t ADD COLUMN a int; ALTER TABLE t DROP COLUMN a;", NULL, "drop-column" },
    { "DO $$ BEGIN PERFORM f(); UPDATE t SET a = 1; END $$;", "update-without-where", NULL },
    { "DO LANGUAGE plpython3u 'pass';", "opaque-code", NULL },
    { "DO $$ BEGIN nonsense here; END $$;", "opaque-code", NULL },
    { "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT ' || 1 LOOP NULL; END LOOP; END $$;",
      "dynamic-sql", NULL },
    { "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$;", NULL,
      "drop-table" },
    { "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'VACUUM t';",
      "nontransactional-in-transaction", NULL },
    { "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;", NULL,
      "parse-error" },
    { "SELECT my_function();", "opaque-function-call", NULL },
    { "SELECT count(*), max(a), now() FROM t;", NULL, "opaque-function-call" },
    { "CALL p();", "opaque-function-call", NULL },
    { "LOAD 'x';", "unknown-statement", NULL },
    { "SET session_replication_role = replica;", "session-replication-role", NULL },
    { "CREATE TABLE a234567890123456789012345678901234567890123456789012345678901234 (a int "
      "PRIMARY KEY);",
      "identifier-too-long", NULL },
    { "SELECT 1; \\gexec\n", "psql-meta-command", NULL },
    { "SELECT 'DROP TABLE t' \\gexec\n", "dynamic-sql", NULL },
    { "ALTER TABLE t DISABLE TRIGGER switchyard_fence;", "disable-trigger", NULL },
    { "BEGIN; CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b'; SELECT 'b'; COMMIT;", NULL,
      "enum-value-used-in-transaction" },
    { "ALTER TYPE e ADD VALUE 'b'; UPDATE t SET a = 'b' WHERE c;", NULL,
      "enum-value-used-in-transaction" },
};

Test(lint, cases)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lint *lint = check_run("x.sql", cases[i].sql);

        if (cases[i].rule != NULL)
            cr_expect_not_null(check_find(lint, cases[i].rule), "%s: no %s", cases[i].sql,
                               cases[i].rule);
        if (cases[i].absent != NULL)
            cr_expect_null(check_find(lint, cases[i].absent), "%s: %s", cases[i].sql,
                           cases[i].absent);
        lint_free(lint);
    }
}

Test(lint, places)
{
    struct lint *lint =
        check_run("x.sql", "-- h\xc3\xa9\nSELECT 1;\n\n  SELECT '\xc3\xa9\xc3\xa9' x y;\n"
                           "ALTER TABLE t\n  ADD COLUMN a int,\n  ADD COLUMN b int NOT NULL;");
    const struct lint_finding *error = check_find(lint, "parse-error");
    const struct lint_finding *required = check_find(lint, "add-required-column");

    cr_assert_not_null(error);
    cr_expect_eq(error->line, 4);
    cr_expect_eq(error->column, 17, "%u", error->column);
    cr_assert_not_null(required);
    cr_expect_eq(required->line, 7);
    cr_expect_eq(required->column, 14, "%u", required->column);
    lint_free(lint);
}

Test(lint, one_bad_statement_hides_no_other)
{
    struct lint *lint = check_run("x.sql", "SELECT 1; SELEC 2; DROP TABLE t; SELECT FROM WHERE;");

    cr_expect_eq(check_count(lint, "parse-error"), 2);
    cr_expect_eq(check_count(lint, "drop-table"), 1);
    cr_expect_eq(check_file(lint)->class, LINT_INVALID);
    lint_free(lint);
}

Test(lint, bytes_that_are_no_text)
{
    static struct lint_options options;
    static const char with_nul[] = "SELECT 1;\n\0DROP TABLE t;";
    struct lint *lint = NULL;

    lint_options_init(&options);
    lint = lint_run_text(&options, "x.sql", SLICE(""), slice_of(with_nul, sizeof with_nul - 1));
    cr_expect_eq(check_count(lint, "parse-error"), 1);
    cr_expect_eq(check_find(lint, "parse-error")->line, 2);
    lint_free(lint);
    lint = check_run("x.sql", "SELECT 1;\nSELECT 2;\nSELECT '\xff';");
    cr_expect_eq(check_find(lint, "parse-error")->line, 3);
    lint_free(lint);
    lint = check_run("x.sql", "\xef\xbb\xbfSELECT 1;");
    cr_expect_eq(check_file(lint)->class, LINT_SAFE);
    cr_expect_null(check_find(lint, "parse-error"));
    lint_free(lint);
    lint = check_run("x.sql", "");
    cr_expect_eq(check_file(lint)->score, 0);
    cr_expect_null(check_file(lint)->statements);
    lint_free(lint);
}

Test(lint, too_deep_is_said)
{
    char *sql = calloc(1, 100000);
    struct lint *lint = NULL;

    memcpy(sql, "SELECT 1", 8);
    for (size_t i = 8; i < 90000; i += 2)
        memcpy(sql + i, "+1", 2);
    lint = check_run("x.sql", sql);
    cr_expect_eq(check_count(lint, "opaque-code"), 1);
    lint_free(lint);
    sql[8 + 2 * 2000] = '\0'; /* the parser takes it, reading its tree does not */
    lint = check_run("x.sql", sql);
    cr_expect_eq(check_count(lint, "opaque-code"), 1);
    lint_free(lint);
    free(sql);
}

Test(lint, advice_alone_stays_low)
{
    static char sql[64 * 1024];
    struct lint *lint = NULL;

    for (unsigned i = 0; i < 200; i++)
        snprintf(sql + strlen(sql), sizeof sql - strlen(sql),
                 "CREATE TABLE t%u (a serial PRIMARY KEY, b varchar(9), c timestamp);\n", i);
    lint = check_run("x.sql", sql);
    cr_expect_eq(check_file(lint)->class, LINT_SAFE);
    cr_expect_eq(check_file(lint)->level, LINT_LOW, "%u", check_file(lint)->score);
    lint_free(lint);
}

Test(lint, score_adds_a_tenth_of_the_rest)
{
    struct lint *lint =
        check_run("x.sql", "SET lock_timeout='1s'; BEGIN; DROP TABLE a; DROP TABLE b; COMMIT;");

    cr_expect_eq(check_file(lint)->score, 88, "%u", check_file(lint)->score);
    cr_expect_eq(check_file(lint)->level, LINT_CRITICAL);
    lint_free(lint);
}

Test(lint, parallel_databases)
{
    static const char *const statements[] = {
        "CREATE UNLOGGED TABLE t (a int PRIMARY KEY);",
        "ALTER TABLE t RENAME COLUMN a TO b;",
        "ALTER TYPE e ADD VALUE 'x';",
        "ALTER TABLE t ALTER COLUMN a TYPE bigint;",
        "CREATE TABLE t (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a) STORED);",
        "SELECT lo_create(0);",
    };
    struct lint_options options;

    lint_options_init(&options);
    options.is_parallel = true;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        struct lint *lint = check_run_with(&options, "x.sql", statements[i]);

        cr_expect_not_null(check_find(lint, "parallel-untranslatable"), "%s", statements[i]);
        lint_free(lint);
        lint = check_run("x.sql", statements[i]);
        cr_expect_null(check_find(lint, "parallel-untranslatable"), "%s", statements[i]);
        lint_free(lint);
    }
}

Test(lint, versions_of_the_server)
{
    static const char *const newer[] = {
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE;",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY;",
        "CREATE FUNCTION f() RETURNS int RETURN 1;",
    };
    struct lint_options options;
    struct lint *lint = NULL;

    lint_options_init(&options);
    for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++) {
        options.pg_version = 13;
        lint = check_run_with(&options, "x.sql", newer[i]);
        cr_expect_eq(check_count(lint, "parse-error"), 1, "%s", newer[i]);
        lint_free(lint);
        options.pg_version = 15;
        lint = check_run_with(&options, "x.sql", newer[i]);
        cr_expect_eq(check_count(lint, "parse-error"), 0, "%s", newer[i]);
        lint_free(lint);
    }
    options.pg_version = 17;
    lint = check_run_with(&options, "x.sql", "SELECT JSON_TABLE ( x;");
    cr_expect_not_null(strstr(check_find(lint, "parse-error")->message, "PostgreSQL 15"));
    lint_free(lint);
}

Test(lint, rules_that_are_off)
{
    struct lint_options options;
    struct lint *lint = NULL;

    lint_options_init(&options);
    lint = check_run_with(&options, "x.sql", "DROP TABLE t;");
    cr_expect_null(check_find(lint, "require-table-schema"));
    cr_expect_null(check_find(lint, "require-statement-timeout"));
    lint_free(lint);
    options.is_enabled[LINT_REQUIRE_TABLE_SCHEMA] = true;
    options.is_enabled[LINT_REQUIRE_STATEMENT_TIMEOUT] = true;
    lint = check_run_with(&options, "x.sql", "DROP TABLE t;");
    cr_expect_eq(check_count(lint, "require-table-schema"), 1);
    cr_expect_eq(check_count(lint, "require-statement-timeout"), 1);
    lint_free(lint);
    lint = check_run_with(&options, "x.sql", "SET statement_timeout = 9; DROP TABLE public.t;");
    cr_expect_null(check_find(lint, "require-table-schema"));
    cr_expect_null(check_find(lint, "require-statement-timeout"));
    lint_free(lint);
}

/* What pg_dump writes around the schema: commands of psql, an empty search_path, data. */
Test(lint, baseline_as_pg_dump_writes_it)
{
    static const char dump[] =
        "\\restrict x\nSET statement_timeout = 0;\n"
        "SELECT pg_catalog.set_config('search_path', '', false);\n"
        "CREATE TABLE public.t (\n    id bigint NOT NULL,\n    n character varying(10),\n"
        "    CONSTRAINT t_n CHECK ((n IS NOT NULL))\n);\nALTER TABLE public.t OWNER TO postgres;\n"
        "COPY public.t (id, n) FROM stdin;\n1\tx;y'\n\\.\n"
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n\\unrestrict x\n";
    struct lint_options options;
    struct lint *lint = NULL;

    lint_options_init(&options);
    lint = lint_run_text(&options, "x.sql", slice_from(dump),
                         SLICE("ALTER TABLE t ALTER COLUMN n TYPE varchar(20);"
                               "ALTER TABLE public.t ALTER COLUMN n SET NOT NULL;"
                               "ALTER TABLE t DROP CONSTRAINT t_pkey;"));
    cr_expect_str_empty(lint_trouble_of(lint), "%s", lint_trouble_of(lint));
    cr_expect_eq(check_count(lint, "widen-column-type"), 1);
    cr_expect_eq(check_count(lint, "set-not-null-validated"), 1);
    cr_expect_eq(check_count(lint, "drop-constraint-unique"), 1);
    lint_free(lint);
    lint = lint_run_text(&options, "x.sql", SLICE("SELECT 1;\nCREATE TABL x;"), SLICE("SELECT 1;"));
    cr_expect_not_null(strstr(lint_trouble_of(lint), "line 2"), "%s", lint_trouble_of(lint));
    cr_expect_eq(lint_code(lint), 1);
    lint_free(lint);
}

Test(lint, codes)
{
    struct lint_options options;
    struct lint *lint = NULL;

    lint_options_init(&options);
    lint = check_run_with(&options, "x.sql", "CREATE INDEX i ON t (a);");
    cr_expect_eq(lint_code(lint), 3);
    lint_free(lint);
    options.fail_on = LINT_BREAKS_ROLLBACK;
    options.max_level = LINT_HIGH;
    lint = check_run_with(&options, "x.sql", "CREATE INDEX i ON t (a);");
    cr_expect_eq(lint_code(lint), 0);
    lint_free(lint);
    options.max_level = LINT_LOW;
    lint = check_run_with(&options, "x.sql", "CREATE EXTENSION IF NOT EXISTS hstore;");
    cr_expect_eq(lint_code(lint), 3); /* a caution, but of a higher level */
    lint_free(lint);
}
