/*
 * What databases say of themselves, with a real PostgreSQL: versions in every layout, which database it is, whether it is
 * sound.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e_db.h"
#include "support/db_stage.h"
#include "support/scene.h"

enum { SETTLE_MS = 10000 };

static const char shop_sql[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY DEFAULT 1, note text, status text);"
    "CREATE INDEX orders_status_idx ON orders (status)";

Test(database_facts, versions_of_every_layout_are_judged, .timeout = 120)
{
    struct db_stage stage;

    memset(&stage, 0, sizeof stage);
    db_stage_open(
        &stage, pg_start(NULL),
        &(struct db_stage_options){ .blue = "version = \"v1.2\" schema = \"1.2\"",
                                    .green = "version = \"v1.3\" schema = \">=1.3 <2\"" });
    db_expect_say(&stage, "switch shop --to green", 3, "schema-version");
    db_expect_say(&stage, "switch shop --to green", 3, "versions of database main are not known");

    db_stage_sql(
        stage.pg, NULL,
        "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version text, "
        "description text, type text, script text, success boolean);"
        "INSERT INTO flyway_schema_history VALUES (1, '1.2', 'a', 'SQL', 'V1_2__a.sql', "
        "true)");
    db_expect_say(&stage, "switch shop --to green", 3, "has version 1.2, green needs >=1.3 <2");
    cr_expect_eq(daemon_metric(stage.stage.daemon, "switchyard_slot_info",
                               "slot=\"green\",version=\"v1.3\",schema=\"1.2\""),
                 1);
    db_stage_sql(stage.pg, NULL,
                 "INSERT INTO flyway_schema_history VALUES (2, '1.3', 'b', 'SQL', "
                 "'V1_3__b.sql', false)");
    db_expect_say(&stage, "switch shop --to green", 3, "migration 1.3 of database main has failed");

    db_stage_sql(stage.pg, NULL,
                 "DROP TABLE flyway_schema_history; CREATE TABLE _prisma_migrations (id text, "
                 "migration_name text, started_at timestamptz, finished_at timestamptz, "
                 "rolled_back_at timestamptz);"
                 "INSERT INTO _prisma_migrations VALUES ('1', '1.3', now(), NULL, NULL)");
    db_expect_say(&stage, "switch shop --to green", 3,
                  "migration 1.3 of database main is not finished");
    db_stage_sql(stage.pg, NULL, "UPDATE _prisma_migrations SET rolled_back_at = now()");
    db_expect_say(&stage, "switch shop --to green", 3, "was rolled back");

    db_stage_sql(
        stage.pg, NULL,
        "DROP TABLE _prisma_migrations; CREATE TABLE schema_versions (version text PRIMARY "
        "KEY, environment text);"
        "INSERT INTO schema_versions VALUES ('v1.4.0', 'green')");
    db_expect_say(&stage, "switch shop --to green", 0, "green");

    db_stage_sql(
        stage.pg, NULL,
        "DROP TABLE schema_versions; CREATE SCHEMA switchyard_control; CREATE TABLE "
        "switchyard_control.schema_versions (environment text, version text, success "
        "boolean, contract_after text, PRIMARY KEY (environment, version));"
        "INSERT INTO switchyard_control.schema_versions VALUES ('blue', 'v1.4', true, NULL),"
        "('green', 'v1.4', true, 'v1.3')");
    cr_expect(db_stage_await(&stage, "status", "rollback safe: no", SETTLE_MS));
    db_expect_say(&stage, "rollback shop", 3,
                  "was contracted for releases from v1.3 on, blue is v1.2");
    STOP_DB(&stage);
}

Test(database_facts, the_same_database_is_known_by_any_name, .timeout = 120)
{
    struct pg *pg = pg_start(NULL);
    struct db_stage stage;
    char *blocks =
        mem_format("database alias { dsn = \"%s\" interval = \"200ms\" }\n", pg_dsn(pg, NULL));

    memset(&stage, 0, sizeof stage);
    db_stage_open(&stage, pg,
                  &(struct db_stage_options){ .green = "database = \"alias\"", .blocks = blocks });
    free(blocks);
    cr_expect(db_stage_await(&stage, "db check shop", "same-database  pass", SETTLE_MS));
    db_expect_say(&stage, "switch shop --to green", 0, "green");
    STOP_DB(&stage);
}

Test(database_facts, another_database_is_refused, .timeout = 120)
{
    struct pg *pg = pg_start(NULL);
    struct db_stage stage;
    char *blocks = NULL;

    db_stage_sql(pg, NULL, "CREATE DATABASE other");
    blocks =
        mem_format("database other { dsn = \"%s\" interval = \"200ms\" }\n", pg_dsn(pg, "other"));
    memset(&stage, 0, sizeof stage);
    db_stage_open(&stage, pg,
                  &(struct db_stage_options){ .green = "database = \"other\"", .blocks = blocks });
    free(blocks);
    db_expect_say(&stage, "switch shop --to green", 3, "is another database than blue");
    db_expect_say(&stage, "db check other", 3, "same-database");
    STOP_DB(&stage);
}

Test(database_facts, what_is_unsound_or_untrue_is_refused, .timeout = 120)
{
    struct db_stage stage;

    memset(&stage, 0, sizeof stage);
    db_stage_open(&stage, pg_start(NULL),
                  &(struct db_stage_options){
                      .main = "    assertions = { \"paid: SELECT count(*) FROM orders WHERE note = "
                              "'unpaid'\" }\n",
                      .sql = shop_sql });
    db_stage_sql(stage.pg, NULL, "INSERT INTO orders (note) VALUES ('unpaid')");
    db_expect_say(&stage, "switch shop --to green", 3,
                  "assertion paid of database main does not hold");
    db_stage_sql(
        stage.pg, NULL,
        "UPDATE orders SET note = 'x'; ALTER TABLE orders ADD CONSTRAINT positive CHECK (id "
        "> 0) NOT VALID");
    db_expect_say(&stage, "switch shop --to green", 3, "positive on public.orders");
    db_stage_sql(
        stage.pg, NULL,
        "ALTER TABLE orders VALIDATE CONSTRAINT positive; UPDATE pg_index SET indisvalid = "
        "false WHERE indexrelid = 'orders_status_idx'::regclass");
    db_expect_say(&stage, "switch shop --to green", 3, "orders_status_idx");
    db_stage_sql(stage.pg, NULL, "REINDEX INDEX orders_status_idx");
    db_expect_say(&stage, "switch shop --to green", 0, "green");
    STOP_DB(&stage);
}
