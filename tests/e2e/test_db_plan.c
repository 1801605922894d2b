/*
 * Migrations against a real database: what is pending and in which order, tokens, one file applied in an emergency and by
 * whom, the old version's statements on the new schema. One server for all of it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/pg.h"
#include "support/pg_hold.h"
#include "support/scene.h"

enum { WORDS_MAX = 24, WAIT_MS = 30000, OTHER_UID = 1 };

struct world {
    struct pg *pg;
    struct daemon *daemon;
    char folder[SCENE_PATH];
    char *dsn;
};

static void put(const struct world *world, const char *name, const char *text)
{
    char *path = mem_format("%s/%s", world->folder, name);

    scene_write(path, text, strlen(text));
    free(path);
}

static void take_away(const struct world *world, const char *name)
{
    char *path = mem_format("%s/%s", world->folder, name);

    cr_expect_eq(unlink(path), 0, "%s", path);
    free(path);
}

static struct ctl_result run(const struct world *world, const char *const *words)
{
    return ctl_run_words(world->daemon, words);
}

#define RUN(world, ...) run(world, (const char *const[]){ __VA_ARGS__, NULL })

/* Words are cut at blanks; @ stands for the folder, $ for the DSN. */
static struct ctl_result say(const struct world *world, const char *line)
{
    char *copy = mem_text(line);
    char *rest = copy;
    char *made[WORDS_MAX];
    const char *words[WORDS_MAX + 1] = { NULL };
    struct ctl_result result;
    unsigned count = 0;
    char *word = NULL;

    while (count < WORDS_MAX && (word = scene_cut(&rest, ' ')) != NULL) {
        if (word[0] == '@')
            made[count] = mem_format("%s%s", world->folder, word + 1);
        else
            made[count] = mem_text(strcmp(word, "$") == 0 ? world->dsn : word);
        words[count] = made[count];
        count++;
    }
    result = ctl_run_words(world->daemon, words);
    while (count > 0)
        free(made[--count]);
    free(copy);
    return result;
}

static void expect(const struct world *world, const char *line, int code, const char *part)
{
    struct ctl_result result = say(world, line);

    cr_expect_eq(result.code, code, "%s: %d, %s%s", line, result.code, result.out, result.err);
    cr_expect(strstr(result.out, part) != NULL || strstr(result.err, part) != NULL,
              "%s: no \"%s\" in %s%s", line, part, result.out, result.err);
    ctl_free(&result);
}

/* The last token that a call prints; the caller frees. */
static char *token_of(const struct world *world, const char *line)
{
    struct ctl_result result = say(world, line);
    const char *at = strstr(result.out, "token: ");
    char *token = at != NULL ? mem_text_of(at + 7, 40) : mem_text("none");

    cr_expect_not_null(at, "%s: %s%s", line, result.out, result.err);
    ctl_free(&result);
    return token;
}

static void expect_sql(const struct world *world, const char *sql, const char *expected)
{
    char *got = pg_psql(world->pg, "shop", sql);

    cr_expect(got != NULL && strcmp(got, expected) == 0, "%s: %s", sql, got);
    free(got);
}

/* --- plan --- */

static const char first[] =
    "CREATE TABLE migration_plans (id text PRIMARY KEY, title text NOT NULL, state text);\n"
    "CREATE TABLE deployments (id text PRIMARY KEY, plan_id text, environment text, at "
    "timestamp);\n"
    "CREATE TABLE schema_changes (id text PRIMARY KEY, deployment_id text, statement text);\n";
static const char second[] =
    "CREATE INDEX migration_plans_state ON migration_plans (state);\n"
    "CREATE INDEX migration_plans_title ON migration_plans (title);\n"
    "CREATE INDEX deployments_plan ON deployments (plan_id);\n"
    "CREATE INDEX deployments_environment ON deployments (environment);\n"
    "CREATE INDEX deployments_at ON deployments (at);\n"
    "CREATE INDEX schema_changes_deployment ON schema_changes (deployment_id);\n"
    "CREATE INDEX deployments_plan_at ON deployments (plan_id, at);\n"
    "CREATE INDEX schema_changes_statement ON schema_changes (statement);\n"
    "CREATE INDEX migration_plans_both ON migration_plans (state, title);\n";

static void check_order_and_token(struct world *world)
{
    char *whole = mem_format("%s%s", first, second);
    char *token = NULL;
    char *other = NULL;
    struct ctl_result result;

    put(world, "m/V1.0.0__tables.sql", whole);
    put(world, "m/V1.2.0__column.sql", "ALTER TABLE deployments ADD COLUMN note text;\n");
    put(world, "m/V1.10.0__retype.sql", "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;\n");
    result = say(world, "db plan --dsn $ @/m");
    cr_expect_eq(result.code, 0, "%s%s", result.out, result.err);
    cr_expect(strstr(result.out, "1. ") < strstr(result.out, "V1.0.0__tables") &&
                  strstr(result.out, "V1.2.0") < strstr(result.out, "V1.10.0"),
              "%s", result.out);
    cr_expect_not_null(strstr(result.out, "low (6), safe; confirmation: none"), "%s", result.out);
    cr_expect_not_null(
        strstr(result.out, "ACCESS EXCLUSIVE on public.orders (blocks reads+writes), "), "%s",
        result.out);
    cr_expect_not_null(strstr(result.out, " anew\n"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "3 pending, "), "%s", result.out);
    ctl_free(&result);
    token = token_of(world, "db plan --dsn $ @/m");
    other = token_of(world, "db plan --dsn $ @/m");
    cr_expect_str_eq(other, token, "the same question, the same token");
    free(other);
    put(world, "m/V1.2.0__column.sql", "ALTER TABLE deployments ADD COLUMN note text ;\n");
    other = token_of(world, "db plan --dsn $ @/m");
    cr_expect_str_neq(other, token, "a byte");
    free(other);
    put(world, "m/V1.2.0__column.sql", "ALTER TABLE deployments ADD COLUMN note text;\n");
    other = token_of(world, "db plan --database shop");
    cr_expect_str_neq(other, token, "another epoch");
    free(other);
    free(token);
    free(whole);
}

static void check_json(struct world *world)
{
    struct ctl_result result = say(world, "--json db plan --database shop");
    cJSON *json = cJSON_Parse(result.out);
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(json, "files");
    const cJSON *last = cJSON_GetArrayItem(files, 2);
    const cJSON *tables = cJSON_GetObjectItemCaseSensitive(last, "tables");

    cr_expect_eq(cJSON_GetArraySize(files), 3, "%s%s", result.out, result.err);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(last, "state")),
                     "pending");
    cr_expect_gt(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(last, "rewrite_bytes")),
                 8191);
    cr_expect_str_eq(cJSON_GetStringValue(
                         cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(tables, 0), "lock")),
                     "AccessExclusive");
    cJSON_Delete(json);
    ctl_free(&result);
}

static void check_history(struct world *world)
{
    free(
        pg_psql(world->pg, "shop",
                "CREATE TABLE flyway_schema_history (installed_rank int, version text, type text, "
                "script text, success bool); INSERT INTO flyway_schema_history VALUES (1, '1.0.0', "
                "'SQL', 'V1.0.0__tables.sql', true), (2, '1.5', 'SQL', 'x', true)"));
    expect(world, "db plan --dsn $ @/m", 0, "out of order: 1.5 is applied already");
    expect(world, "db plan --dsn $ @/m", 0, "2 pending");
    free(pg_psql(world->pg, "shop", "UPDATE flyway_schema_history SET success = false"));
    expect(world, "db plan --dsn $ @/m", 3, "1.0.0 has failed (flyway)");
    put(world, "m/V1_2__again.sql", "SELECT 1;\n");
    expect(world, "db plan --dsn $ @/m", 3, "duplicate");
    take_away(world, "m/V1_2__again.sql");
    free(pg_psql(world->pg, "shop",
                 "DROP TABLE flyway_schema_history; CREATE TABLE _prisma_migrations "
                 "(migration_name text, checksum text, started_at timestamptz DEFAULT now(), "
                 "finished_at timestamptz, rolled_back_at timestamptz); INSERT INTO "
                 "_prisma_migrations VALUES ('1_init', repeat('a', 64), now(), now())"));
    expect(world, "db plan --dsn $ @/m", 3, "it was aaaaaaaaaaaaaaaa... when it was applied");
    free(pg_psql(
        world->pg, "shop",
        "DROP TABLE _prisma_migrations; CREATE TABLE schema_versions (environment text "
        "PRIMARY KEY, version text); INSERT INTO schema_versions VALUES ('blue', '1.2.0')"));
    expect(world, "db plan --dsn $ @/m", 0, "1 pending");
    free(pg_psql(world->pg, "shop", "DROP TABLE schema_versions"));
    expect(world, "db plan --dsn $ @/none", 3, "unreadable");
    expect(world, "db plan --dsn host=/nonexistent @/m", 1, "the server cannot be used");
    expect(world, "db plan @/m", 2, "--dsn DSN or --database NAME");
    expect(world, "db plan --database none", 3, "there is no database none");
    expect(world, "db plan --dsn $ --nonsense @/m", 2, "unknown option");
}

/* --- apply --- */

static void check_levels(struct world *world)
{
    char *token = NULL;
    char *line = NULL;

    put(world, "low.sql",
        "CREATE TABLE low_one (id bigint PRIMARY KEY);\nCREATE TABLE low_two (id bigint PRIMARY "
        "KEY);\n");
    expect(world, "db apply --dsn $ --reason r @/low.sql", 2, "--emergency applies one file");
    expect(world, "db apply --emergency --dsn $ @/low.sql", 2, "--reason TEXT is missing");
    expect(world, "db apply --emergency --database shop --reason r @/low.sql", 0,
           "applied: 2 statements in one transaction");
    expect(world, "db apply --emergency --database shop --reason r @/low.sql", 3,
           "it is applied already");
    expect_sql(world,
               "SELECT version LIKE 'emergency-%', success, level, applied_by LIKE 'uid=%r' FROM "
               "switchyard_control.schema_versions",
               "t|t|low|t\n");
    put(world, "V2__medium.sql", "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;\n");
    expect(world, "db apply --emergency --database shop --reason r @/V2__medium.sql", 3,
           "level medium needs --yes");
    expect(world, "db apply --emergency --database shop --reason r --yes @/V2__medium.sql", 0,
           "applied: 1 statements");
    put(world, "V3__high.sql", "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;\n");
    line = mem_text("db apply --emergency --database shop --reason r @/V3__high.sql");
    expect(world, line, 3, "level high needs --token");
    token = token_of(world, line);
    free(line);
    put(world, "V3__high.sql", "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint ;\n");
    line = mem_format("db apply --emergency --database shop --reason r --token %s @/V3__high.sql",
                      token);
    expect(world, line, 5, "the token is of something else"); /* an edited file */
    put(world, "V3__high.sql", "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;\n");
    free(line);
    line = mem_format("db apply --emergency --database other --reason r --token %s @/V3__high.sql",
                      token);
    expect(world, line, 5, "the token is of something else"); /* another database */
    free(line);
    line = mem_format("db apply --emergency --database shop --reason r --token %s @/V3__high.sql",
                      token);
    expect(world, line, 0, "applied: 1 statements");
    expect(world, line, 3, "it is applied already"); /* the token once more */
    free(pg_psql(world->pg, "shop",
                 "DELETE FROM switchyard_control.schema_versions WHERE version = '3'"));
    expect(world, line, 5, ""); /* and once more where the database has forgotten it */
    expect_sql(world, "SELECT count(*) FROM switchyard_control.schema_versions WHERE version = '3'",
               "0\n");
    free(line);
    free(token);
}

/* As another user of this machine; the socket is opened for it by the test's own rights. */
static int approve_as_other(const struct world *world, const char *token)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        const char *program = getenv("SWITCHCTL_BIN");

        if (setgid(OTHER_UID) != 0 || setuid(OTHER_UID) != 0)
            _exit(99);
        execl(program != NULL ? program : BUILD_DIR "/switchctl", "switchctl", "-s",
              daemon_socket(world->daemon), "db", "approve", token, (char *)NULL);
        _exit(98);
    }
    while (waitpid(pid, &status, 0) < 0)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* To the socket, which lies in a private folder. */
static void let_others_in(const struct world *world)
{
    char *run_dir = mem_format("%s/run", daemon_folder(world->daemon));

    cr_expect_eq(chmod(daemon_folder(world->daemon), 0755), 0);
    cr_expect_eq(chmod(run_dir, 0755), 0);
    free(run_dir);
}

static void check_critical(struct world *world)
{
    char *token = NULL;
    char *line = NULL;
    char *approve = NULL;

    put(world, "V4__critical.sql", "DROP TABLE low_two;\n");
    expect(world, "db apply --emergency --dsn $ --reason r --token 1 @/V4__critical.sql", 5,
           "token");
    token = token_of(world, "db apply --emergency --database shop --reason r @/V4__critical.sql");
    line = mem_format(
        "db apply --emergency --database shop --reason r --token %s @/V4__critical.sql", token);
    expect(world, line, 3, "there is no snapshot");
    expect(world, "db snapshot shop", 0, "verified");
    expect(world, line, 3, "second person");
    approve = mem_format("db approve %s", token);
    expect(world, approve, 0, "agrees to");
    expect(world, line, 3, "second person"); /* oneself is none */
    if (geteuid() == 0) {
        let_others_in(world);
        cr_expect_eq(approve_as_other(world, token), 0);
        expect(world, line, 0, "applied: 1 statements");
        expect_sql(world, "SELECT to_regclass('low_two') IS NULL", "t\n");
        cr_expect(daemon_await_log(world->daemon, "db-apply", WAIT_MS));
        cr_expect(daemon_await_log(world->daemon, "database=shop done", WAIT_MS));
        cr_expect(daemon_await_log(world->daemon, "reason=\"r\"", WAIT_MS));
    }
    free(approve);
    free(line);
    free(token);
}

static void check_running(struct world *world)
{
    struct pg_hold *hold = NULL;

    put(world, "V5__one_by_one.sql",
        "CREATE TABLE five (id int);\nCREATE INDEX CONCURRENTLY five_id ON five (id);\n");
    expect(world, "db apply --emergency --dsn $ --reason r --yes @/V5__one_by_one.sql", 0,
           "2 statements one by one");
    put(world, "V6__fails.sql", "CREATE TABLE six (id int);\nINSERT INTO six VALUES (1 / 0);\n");
    expect(world, "db apply --emergency --dsn $ --reason r --yes @/V6__fails.sql", 1,
           "V6__fails.sql:2: ERROR:  division by zero");
    expect_sql(world, "SELECT to_regclass('six') IS NULL", "t\n");
    expect_sql(world, "SELECT success FROM switchyard_control.schema_versions WHERE version = '6'",
               "f\n");
    put(world, "V6__fails.sql", "CREATE TABLE six (id int);\n");
    expect(world, "db apply --emergency --dsn $ --reason r --yes @/V6__fails.sql", 0, "applied");
    put(world, "V7__psql.sql", "\\set x 1\nSELECT 1;\n");
    expect(world, "db apply --emergency --dsn $ --reason r --yes @/V7__psql.sql", 3, "psql");
    put(world, "V8__waits.sql", "ALTER TABLE orders ADD COLUMN eight int;\n");
    hold = pg_hold(world->pg, "shop", "LOCK TABLE orders IN SHARE MODE");
    expect(world,
           "db apply --emergency --dsn $ --reason r --yes --lock-timeout 10ms --retries 0 "
           "@/V8__waits.sql",
           4, "lock timeout");
    pg_hold_end(hold);
    hold = pg_hold_until_wanted(world->pg, "shop", "LOCK TABLE orders IN SHARE MODE");
    expect(world,
           "db apply --emergency --dsn $ --reason r --yes --lock-timeout 100ms --retries 50 "
           "@/V8__waits.sql",
           0, "applied: 1 statements in one transaction");
    pg_hold_end(hold);
}

/* What the first try leaves behind is invalid, and a second one would take it for the index. */
static void check_left_over(struct world *world)
{
    struct pg_hold *hold = NULL;

    put(world, "V9__index.sql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS nine ON orders (id);\n");
    hold = pg_hold(world->pg, "shop", "LOCK TABLE orders IN ROW EXCLUSIVE MODE");
    expect(world,
           "db apply --emergency --dsn $ --reason r --yes --lock-timeout 100ms --retries 50 "
           "@/V9__index.sql",
           4, "what is invalid now must be dropped");
    expect_sql(world, "SELECT success FROM switchyard_control.schema_versions WHERE version = '9'",
               "f\n");
    expect_sql(world, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'nine'::regclass", "f\n");
    pg_hold_end(hold);
    expect_sql(world, "DROP INDEX nine", "");
    expect(world, "db apply --emergency --dsn $ --reason r --yes @/V9__index.sql", 0, "applied");
}

/* --- prove --- */

static void expect_no_scratch(const struct world *world)
{
    expect_sql(world, "SELECT count(*) FROM pg_database WHERE datname LIKE 'switchyard\\_%'",
               "0\n");
}

static bool has_scratch(void *arg)
{
    const struct world *world = arg;
    char *name = pg_psql(world->pg, NULL,
                         "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'switchyard\\_prove%' "
                         "AND query LIKE '%pg_sleep%'");
    bool is = name != NULL && name[0] != '\0';

    free(name);
    return is;
}

static void check_signal(struct world *world)
{
    char *pattern = mem_format("%s/p", world->folder);
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        execl(BUILD_DIR "/switchctl", "switchctl", "db", "prove", "--dsn", world->dsn, "--command",
              "psql -X -d \"$DATABASE_URL\" -c 'SELECT pg_sleep(60)'", pattern, (char *)NULL);
        _exit(98);
    }
    cr_expect(scene_await(has_scratch, world, WAIT_MS));
    (void)kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0)
        continue;
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM, "%x", status);
    expect_no_scratch(world);
    free(pattern);
}

static void check_proof(struct world *world)
{
    static const char plan[] = "db prove --dsn $ --corpus @/old.sql --old-version 1.2 --cache "
                               "@/cache @/p";
    struct ctl_result result;

    put(world, "old.sql",
        "SELECT id, note FROM orders WHERE id = $1;\nUPDATE orders SET quantity "
        "= $1 WHERE id = $2;\n");
    put(world, "p/V20__drop.sql", "ALTER TABLE orders DROP COLUMN note;\n");
    expect(world, plan, 3, "SELECT id, note FROM orders");
    expect(world, plan, 3,
           "old.sql:1: works no more after the migrations: ERROR:  column \"note\"");
    put(world, "p/V20__drop.sql", "ALTER TABLE orders ADD COLUMN more text;\n");
    expect(world, plan, 0, "proved: 1 pending migrations, 2 statements");
    expect(world, plan, 0, "proved before");
    put(world, "old.sql", "SELECT nothing FROM orders;\n");
    expect(world, plan, 1, "does not work before the migrations either");
    result = RUN(world, "db", "prove", "--dsn", world->dsn, "--command",
                 "test -n \"$DATABASE_URL\" && psql -X -A -t -d \"$DATABASE_URL\" -c 'SELECT more "
                 "FROM orders'",
                 world->folder);
    ctl_free(&result);
    expect(world, "db prove --dsn $ --command false @/p", 3,
           "the command of the old version fails");
    expect(world, "db prove --dsn $ --command true @/p", 0, "and the command");
    expect(world, "db prove --dsn $ @/p", 2, "needs --corpus FILE or --command TEXT");
    put(world, "p/V21__bad.sql", "ALTER TABLE nowhere ADD COLUMN x int;\n");
    expect(world, "db prove --dsn $ --command true @/p", 3, "a migration does not run");
    put(world, "p/V21__bad.sql", "ALTER DATABASE shop SET work_mem = '7MB';\n");
    expect(world, "db prove --dsn $ --command true @/p", 3, "reaches beyond the database");
    expect_sql(world, "SELECT count(*) FROM pg_db_role_setting", "0\n");
    take_away(world, "p/V21__bad.sql");
    free(pg_psql(
        world->pg, "shop",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)"));
    expect_sql(world, "SELECT count(*) FROM pg_subscription", "1\n");
    expect(world, "db prove --dsn $ --command true @/p", 0, "and the command");
    free(pg_psql(world->pg, "shop",
                 "ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s"));
    expect_no_scratch(world);
}

static void open_world(struct world *world)
{
    struct daemon_options options = { .keeps_descriptors = true };
    char *folders[2];
    char *other = NULL;
    char *config = NULL;

    scene_folder(world->folder);
    (void)chmod(world->folder, 0755);
    for (int i = 0; i < 2; i++) {
        folders[i] = mem_format("%s/%s", world->folder, i == 0 ? "m" : "p");
        (void)mkdir(folders[i], 0755);
    }
    world->pg = pg_start(NULL);
    free(pg_psql(world->pg, NULL, "CREATE DATABASE shop"));
    free(pg_psql(world->pg, NULL, "CREATE DATABASE other"));
    free(pg_psql(world->pg, "shop",
                 "CREATE TABLE orders (id int PRIMARY KEY, quantity int, note text NOT NULL); "
                 "INSERT INTO orders SELECT g, g, 'x' FROM generate_series(1, 1000) g; ANALYZE"));
    free(pg_psql(world->pg, "other", "CREATE TABLE orders (id int, note text)"));
    other = mem_text(pg_dsn(world->pg, "other"));
    world->dsn = mem_text(pg_dsn(world->pg, "shop"));
    config = mem_format("admin { operators = \"daemon\" mode = \"0666\" }\n"
                        "listener http { bind = \"127.0.0.1:0\" }\n"
                        "service shop { active = \"blue\"\n"
                        " slot blue { targets = { \"127.0.0.1:1\" } } }\n"
                        "database shop { dsn = \"%s\" interval = \"60s\" migrations = \"%s\"\n"
                        " snapshots { folder = \"%s/snapshots\" } }\n"
                        "database other { dsn = \"%s\" interval = \"60s\" }\n",
                        world->dsn, folders[0], world->folder, other);
    options.config = config;
    world->daemon = daemon_start(&options);
    free(config);
    free(other);
    free(folders[0]);
    free(folders[1]);
}

static void close_world(struct world *world)
{
    STOP(world->daemon);
    cr_expect(pg_stop(world->pg));
    scene_remove(world->folder);
    free(world->dsn);
}

Test(db_plan, what_is_pending_and_what_one_file_does)
{
    struct world world = { .pg = NULL };

    open_world(&world);
    check_order_and_token(&world);
    check_json(&world);
    check_history(&world);
    check_levels(&world);
    check_critical(&world);
    check_running(&world);
    check_left_over(&world);
    close_world(&world);
}

Test(db_plan, what_the_old_version_can_do_afterwards)
{
    struct world world = { .pg = NULL };

    open_world(&world);
    check_proof(&world);
    check_signal(&world);
    close_world(&world);
}
