/*
 * The gates lint and snapshot with a real PostgreSQL: migrations that are delivered but not applied, changed after they
 * were, or too early; and a database whose snapshots are asked for.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e_db.h"
#include "support/db_stage.h"
#include "support/scene.h"

enum { JUDGED_MS = 20000 };

static const char shop_sql[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
    "CREATE SCHEMA switchyard_control;"
    "CREATE TABLE switchyard_control.schema_versions (environment text, version text, sha256 "
    "text, success boolean, contract_after text, applied_at timestamptz DEFAULT now(), PRIMARY KEY "
    "(environment, version))";

static const char rename_sql[] = "SET lock_timeout = '2s';\n"
                                 "ALTER TABLE orders RENAME COLUMN note TO remark;\n";
static const char trigger_sql[] =
    "SET lock_timeout = '2s';\n"
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
    "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();\n";
static const char expand_sql[] = "SET lock_timeout = '2s';\n"
                                 "ALTER TABLE orders ADD COLUMN IF NOT EXISTS remark text;\n";
static const char contract_sql[] = "-- switchyard:contract after=v2\n"
                                   "SET lock_timeout = '2s';\n"
                                   "DROP INDEX CONCURRENTLY IF EXISTS orders_old_idx;\n";

/* The folder of migrations is that of the stage. */
static void open_folder(struct db_stage *stage, const char *lines)
{
    char *main = NULL;

    db_stage_folder(stage);
    main = mem_format("    migrations = \"%s\"\n", stage->folder);
    db_stage_open(stage, pg_start(NULL),
                  &(struct db_stage_options){ .blue = "version = \"v1\"",
                                              .green = "version = \"v2\"",
                                              .lines = lines,
                                              .main = main,
                                              .sql = shop_sql });
    free(main);
}

static void deliver(const struct db_stage *stage, const char *name, const char *content)
{
    free(db_stage_file(stage, name, content));
}

static void withdraw(const struct db_stage *stage, const char *name)
{
    char *path = mem_format("%s/%s", stage->folder, name);

    cr_assert_eq(unlink(path), 0);
    free(path);
}

static void expect_check(const struct db_stage *stage, const char *part)
{
    bool is_said = db_stage_await(stage, "db check shop", part, JUDGED_MS);
    char *said = is_said ? NULL : db_stage_say(stage, "db check shop", NULL);

    cr_expect(is_said, "no \"%s\": %s", part, said);
    free(said);
}

/* A rename that is delivered stops what goes forward, with its line and what to do; never the way back. */
Test(database_migrations, what_is_pending_is_judged, .timeout = 180)
{
    struct db_stage stage;

    open_folder(&stage, "");
    expect_check(&stage, "has all of its migrations");
    db_expect_say(&stage, "switch shop --to green", 0, "green");
    deliver(&stage, "V2__remark.sql", rename_sql);
    expect_check(&stage, "V2__remark.sql:2: breaks-rollback, high, rename-column");
    db_expect_say(&stage, "switch shop --to blue", 3, "gate: lint");
    db_expect_say(&stage, "switch shop --to blue", 3, "instead: add a column with the new name");
    db_expect_say(&stage, "canary start shop", 3, "rename-column");
    cr_expect_eq(daemon_metric(stage.stage.daemon, "switchyard_gate_pass", "gate=\"lint\""), 0);
    db_expect_say(&stage, "rollback shop", 0, "blue");
    deliver(&stage, "V2__remark.sql", expand_sql);
    expect_check(&stage, "1 migrations of database main are pending");
    db_expect_say(&stage, "switch shop --to green", 0, "green");
    STOP_DB(&stage);
}

/* Above the level that is allowed; too early for a slot; another file than the one that was applied. */
Test(database_migrations, level_contraction_and_history, .timeout = 180)
{
    struct db_stage stage;

    open_folder(&stage, "    schema { lint_max_level = \"low\" }\n");
    expect_check(&stage, "has all of its migrations");
    deliver(&stage, "V2__trigger.sql", trigger_sql);
    expect_check(&stage, "V2__trigger.sql:3: caution, medium where at most low is allowed");
    db_expect_say(&stage, "switch shop --to green", 3, "gate: lint");
    withdraw(&stage, "V2__trigger.sql");
    deliver(&stage, "V3__index.sql", contract_sql);
    expect_check(&stage, "V3__index.sql is for when every slot runs v2, blue runs v1");
    db_expect_say(&stage, "switch shop --to green", 3, "gate: lint");
    withdraw(&stage, "V3__index.sql");
    deliver(&stage, "V1__remark.sql", expand_sql);
    db_stage_sql(stage.pg, NULL,
                 "INSERT INTO switchyard_control.schema_versions VALUES ('', '1', 'ab', true, "
                 "NULL)");
    expect_check(&stage, "V1__remark.sql: changed: it was ab");
    db_expect_say(&stage, "switch shop --to green", 3, "put the history in order");
    db_expect_say(&stage, "switch shop --to green --force --reason mine", 0, "not proven");
    STOP_DB(&stage);
}

/* What cannot be read is unknown, and unknown stops. */
Test(database_migrations, a_folder_that_is_gone_is_unknown, .timeout = 180)
{
    struct db_stage stage;

    memset(&stage, 0, sizeof stage);
    db_stage_open(&stage, pg_start(NULL),
                  &(struct db_stage_options){ .main = "    migrations = \"/nowhere/migrations\"\n",
                                              .sql = shop_sql });
    expect_check(&stage, "No such file or directory");
    db_expect_say(&stage, "switch shop --to green", 3, "unknown: the migrations of database main");
    STOP_DB(&stage);
}

/* `schema { snapshot_age }` without snapshots. */
Test(database_migrations, a_snapshot_is_asked_for, .timeout = 180)
{
    struct db_stage stage;

    memset(&stage, 0, sizeof stage);
    db_stage_open(&stage, pg_start(NULL),
                  &(struct db_stage_options){ .lines = "    schema { snapshot_age = \"1h\" }\n" });
    db_expect_say(&stage, "switch shop --to green", 3, "no snapshots of database main are kept");
    db_expect_say(&stage, "switch shop --to green", 3, "gate: snapshot");
    STOP_DB(&stage);
}
