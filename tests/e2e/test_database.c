/*
 * Databases that are watched, with a real PostgreSQL: what `db status`, `db test`, `status` and the metrics say while
 * roles, passwords, limits and sessions change under the daemon, and what a reload keeps.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/pg_stage.h"
#include "support/scene.h"

#define FAST "interval = \"200ms\""

static void run_sql(struct pg *pg, const char *sql)
{
    char *printed = pg_psql(pg, NULL, sql);

    cr_assert(printed != NULL, "%s", sql);
    free(printed);
}

static void open_stage(struct stage *stage, const char *blocks)
{
    stage_open(stage,
               &(struct stage_options){
                   .more = blocks, .lines = "", .is_sick = true, .keeps_descriptors = true });
}

/* One database "main" that is watched by the role that owns the server. */
static void open_with(struct stage *stage, const char *dsn, const char *lines)
{
    char *block = pg_stage_block("main", dsn, lines);

    open_stage(stage, block);
    free(block);
}

static cJSON *test_database(const struct stage *stage, const char *name, int *code, cJSON **whole)
{
    char *words = mem_format("db test %s", name);

    *whole = ctl_json(stage->daemon, words, code);
    free(words);
    return cJSON_GetObjectItem(cJSON_GetObjectItem(*whole, "result"), "test");
}

static void expect_test_fails(const struct stage *stage, const char *name, const char *state,
                              const char *words)
{
    int code = 0;
    cJSON *whole = NULL;
    cJSON *test = test_database(stage, name, &code, &whole);
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItem(test, "words"));
    const char *sqlstate = cJSON_GetStringValue(cJSON_GetObjectItem(test, "sqlstate"));

    cr_expect_eq(code, 1);
    cr_expect(said != NULL && strstr(said, words) != NULL, "%s: %s", name, said);
    cr_expect_str_eq(sqlstate != NULL ? sqlstate : "", state);
    cJSON_Delete(whole);
}

static void expect_good_test(const struct stage *stage)
{
    int code = 1;
    cJSON *whole = NULL;
    cJSON *test = test_database(stage, "main", &code, &whole);

    cr_expect_eq(code, 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(test, "user")), "postgres");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(test, "name")), "postgres");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(test, "tls")), "none");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(test, "wal_level")), "replica");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(test, "superuser")));
    cr_expect(cJSON_GetObjectItem(test, "connect_us")->valuedouble > 0);
    cr_expect(cJSON_GetObjectItem(test, "query_us")->valuedouble > 0);
    cr_expect_eq(cJSON_GetObjectItem(test, "slots_free")->valuedouble, 10);
    cr_expect(cJSON_GetObjectItem(test, "connections_free")->valuedouble > 0);
    cJSON_Delete(whole);
}

static void expect_in(const struct daemon *daemon, const char *words, const char *part)
{
    struct ctl_result result = ctl_run(daemon, words);

    cr_expect(strstr(result.out, part) != NULL, "%s: %s", words, result.out);
    ctl_free(&result);
}

static void expect_facts(struct pg *pg, const struct stage *stage)
{
    char *id = pg_psql(pg, NULL, "SELECT system_identifier FROM pg_control_system()");

    id[strcspn(id, "\n")] = '\0';
    cr_expect_str_eq(pg_stage_text(stage->daemon, "main", "system_id"), id);
    cr_expect_str_eq(pg_stage_text(stage->daemon, "main", "name"), "postgres");
    cr_expect_str_eq(pg_stage_text(stage->daemon, "main", "mode"), "read-write");
    cr_expect(strncmp(pg_stage_text(stage->daemon, "main", "server"), "15.", 3) == 0);
    cr_expect_eq(pg_stage_number(stage->daemon, "main", "connects"), 1);
    expect_in(stage->daemon, "status", "database main: up, looked at ");
    cr_expect_eq(daemon_metric(stage->daemon, "switchyard_db_up", "database=\"main\""), 1);
    cr_expect_eq(daemon_metric(stage->daemon, "switchyard_db_connects_total", "main"), 1);
    cr_expect(daemon_metric(stage->daemon, "switchyard_db_look_age_seconds", "main") >= 0);
    cr_expect(daemon_metric(stage->daemon, "switchyard_db_connect_seconds", "main") > 0);
    free(id);
}

Test(database, what_is_known_of_a_good_one)
{
    struct pg *pg = pg_start(NULL);
    struct stage stage;

    open_with(&stage, pg_dsn(pg, NULL), FAST);
    cr_assert(pg_stage_await(stage.daemon, "main", "up"));
    expect_facts(pg, &stage);
    expect_good_test(&stage);
    cr_expect_eq(ctl_code(stage.daemon, "db status mian"), 3);
    cr_expect_eq(ctl_code(stage.daemon, "db test mian"), 3);
    cr_expect_eq(ctl_code(stage.daemon, "db test"), 2);
    run_sql(pg, "ALTER SYSTEM SET default_transaction_read_only = on");
    run_sql(pg, "SELECT pg_reload_conf()");
    cr_expect(pg_stage_await_text(stage.daemon, "main", "mode", "read-only"));
    expect_in(stage.daemon, "status", "read-only");
    STOP_STAGE(&stage);
    cr_expect(pg_stop(pg));
}

Test(database, none_is_said_to_be_none)
{
    struct stage stage;

    stage_open(&stage, &(struct stage_options){ .body = 0 });
    expect_in(stage.daemon, "db status", "the configuration has no database");
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_db_up", ""), -1);
    cr_expect_eq(ctl_code(stage.daemon, "db test main"), 3);
    STOP_STAGE(&stage);
}

static void end_sessions(struct pg *pg)
{
    run_sql(pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
}

static void write_passfile(const char *path, const char *password)
{
    char *line = mem_format("*:*:*:app:%s\n", password);

    scene_write(path, line, strlen(line));
    cr_assert_eq(chmod(path, 0600), 0);
    free(line);
}

/* A role with a password, which only the passfile knows. */
static void make_role(struct pg *pg)
{
    static const char rules[] = "local all app scram-sha-256\nlocal all all trust\n";
    char *path = mem_format("%s/data/pg_hba.conf", pg_folder(pg));

    run_sql(pg, "CREATE ROLE app LOGIN PASSWORD 'right'");
    scene_write(path, rules, strlen(rules));
    run_sql(pg, "SELECT pg_reload_conf()");
    free(path);
}

static void live_through_refusals(struct pg *pg, const struct stage *stage, const char *passfile)
{
    const struct daemon *daemon = stage->daemon;

    cr_assert(pg_stage_await(daemon, "main", "down"));
    cr_expect_str_eq(pg_stage_text(daemon, "main", "sqlstate"), "28P01");
    cr_expect(strstr(pg_stage_text(daemon, "main", "remedy"), "passfile") != NULL);
    expect_test_fails(stage, "main", "28P01", "password authentication failed");
    expect_in(daemon, "status", "database main: down for ");
    write_passfile(passfile, "right");
    cr_assert(pg_stage_await(daemon, "main", "up"), "a new password needs no reload");
    run_sql(pg, "ALTER ROLE app CONNECTION LIMIT 0");
    end_sessions(pg);
    cr_assert(pg_stage_await_text(daemon, "main", "sqlstate", "53300"));
    expect_test_fails(stage, "main", "53300", "too many connections");
    run_sql(pg, "ALTER ROLE app CONNECTION LIMIT -1");
    cr_assert(pg_stage_await(daemon, "main", "up"));
    cr_assert_eq(chmod(passfile, 0644), 0);
    end_sessions(pg);
    cr_assert(pg_stage_await_text(daemon, "main", "words", "its owner alone may read"));
    cr_assert_eq(chmod(passfile, 0600), 0);
    cr_assert(pg_stage_await(daemon, "main", "up"));
    end_sessions(pg);
    cr_assert(pg_stage_await_text(daemon, "main", "condition", "up"));
    cr_expect(pg_stage_number(daemon, "main", "failures") >= 3);
}

/* Wrong password, no connection left, a passfile that others may read, sessions that are ended. */
Test(database, what_the_server_refuses)
{
    struct pg *pg = pg_start(NULL);
    char folder[SCENE_PATH];
    char *passfile = NULL;
    char *dsn = NULL;
    char *lines = NULL;
    char *log = NULL;
    struct stage stage;

    scene_folder(folder);
    passfile = mem_format("%s/passfile", folder);
    dsn = mem_format("host=%s port=5432 user=app dbname=postgres", pg_folder(pg));
    lines = mem_format(FAST "\npassfile = \"%s\"", passfile);
    make_role(pg);
    write_passfile(passfile, "wrong");
    open_with(&stage, dsn, lines);
    live_through_refusals(pg, &stage, passfile);
    log = daemon_log(stage.daemon);
    cr_expect(strstr(log, "database=main") != NULL);
    cr_expect_eq(strstr(log, "wrong"), NULL, "a password in the log");
    cr_expect_eq(strstr(log, "WARNING"), NULL, "libpq speaks for itself: %s", log);
    free(log);
    STOP_STAGE(&stage);
    cr_expect(pg_stop(pg));
    scene_remove(folder);
    free(lines);
    free(dsn);
    free(passfile);
}

/* libpq closes the socket of the first host and opens another one with the same number. */
Test(database, the_second_host_of_a_dsn)
{
    struct pg *pg = pg_start(NULL);
    char *dsn =
        mem_format("host=127.0.0.1,%s port=1,5432 user=postgres dbname=postgres", pg_folder(pg));
    char *named =
        mem_format("host=localhost,%s port=1,5432 user=postgres dbname=postgres", pg_folder(pg));
    char *main_block = pg_stage_block("main", dsn, FAST);
    char *named_block = pg_stage_block("named", named, FAST);
    char *blocks = mem_format("%s%s", main_block, named_block);
    struct stage stage;

    open_stage(&stage, blocks);
    cr_expect(pg_stage_await(stage.daemon, "main", "up"));
    cr_expect(pg_stage_await(stage.daemon, "named", "up"));
    cr_expect_eq(pg_stage_number(stage.daemon, "main", "failures"), 0);
    expect_good_test(&stage);
    STOP_STAGE(&stage);
    cr_expect(pg_stop(pg));
    free(blocks);
    free(named_block);
    free(main_block);
    free(named);
    free(dsn);
}

static void reload_with(struct stage *stage, const char *was, const char *is)
{
    char *config = mem_text(stage->config);
    char *at = strstr(config, was);
    char *changed = NULL;

    cr_assert(at != NULL, "%s", config);
    changed = mem_format("%.*s%s%s", (int)(at - config), config, is, at + strlen(was));
    daemon_set_config(stage->daemon, changed);
    cr_expect_eq(ctl_code(stage->daemon, "reload"), 0);
    free(stage->config);
    stage->config = changed;
    free(config);
}

/* What is as before keeps its session; what is not is connected to anew, comes or goes. */
Test(database, a_reload_keeps_what_is_as_before)
{
    struct pg *pg = pg_start(NULL);
    char *kept = pg_stage_block("kept", pg_dsn(pg, NULL), FAST);
    char *changed = pg_stage_block("changed", pg_dsn(pg, NULL), FAST);
    char *later = pg_stage_block("later", pg_dsn(pg, NULL), FAST " search_path = \"a, b\"");
    char *blocks = mem_format("%s%s", kept, changed);
    struct stage stage;

    open_stage(&stage, blocks);
    cr_assert(pg_stage_await(stage.daemon, "kept", "up"));
    cr_assert(pg_stage_await(stage.daemon, "changed", "up"));
    reload_with(&stage, changed, later);
    cr_expect(pg_stage_await(stage.daemon, "later", "up"));
    cr_expect_eq(ctl_code(stage.daemon, "db status changed"), 3);
    cr_expect_eq(pg_stage_number(stage.daemon, "kept", "connects"), 1);
    reload_with(&stage, "a, b", "a, c");
    cr_expect(pg_stage_await(stage.daemon, "later", "up"));
    cr_expect_eq(pg_stage_number(stage.daemon, "kept", "connects"), 1);
    reload_with(&stage, kept, "");
    reload_with(&stage, "a, c", "a,,c");
    cr_expect(pg_stage_await_text(stage.daemon, "later", "words", "settings of the session"));
    STOP_STAGE(&stage);
    cr_expect(pg_stop(pg));
    free(blocks);
    free(later);
    free(changed);
    free(kept);
}
