/*
 * Two PostgreSQL servers, one of which follows the other: each fault of replication stops a switch by its own name, and a
 * follower that has caught up is let pass.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e_db.h"
#include "support/scene.h"

enum { SETTLE_MS = 30000 };

static const char *const settings[] = { "wal_level=logical", "wal_retrieve_retry_interval=100ms",
                                        NULL };

static const char tables[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
    "CREATE SCHEMA switchyard; CREATE TABLE switchyard.heartbeat (id int PRIMARY KEY CHECK (id = "
    "1), "
    "generation bigint NOT NULL, nonce bigint NOT NULL, at timestamptz NOT NULL)";

static void follow(struct pg *publisher, struct pg *follower)
{
    char *sql = mem_format("CREATE SUBSCRIPTION shop_sub CONNECTION '%s' PUBLICATION shop_pub",
                           pg_dsn(publisher, NULL));

    db_stage_sql(publisher, NULL, tables);
    db_stage_sql(publisher, NULL,
                 "CREATE PUBLICATION shop_pub FOR TABLE orders, switchyard.heartbeat");
    db_stage_sql(follower, NULL, tables);
    db_stage_sql(follower, NULL, sql);
    free(sql);
}

/* The process that applies, on the following side. */
static pid_t find_worker(struct pg *follower)
{
    char *text =
        pg_psql(follower, NULL, "SELECT pid FROM pg_stat_subscription WHERE relid IS NULL");
    pid_t pid = text != NULL ? (pid_t)strtol(text, NULL, 10) : 0;

    free(text);
    cr_assert_gt(pid, 1);
    return pid;
}

static void open_two(struct db_stage *stage, struct pg *publisher, struct pg *follower,
                     const char *lines)
{
    char *blocks = mem_format("database next {\n    dsn = \"%s\"\n    interval = \"200ms\"\n"
                              "    publisher = \"main\"\n    subscription = \"shop_sub\"\n"
                              "    %s\n    lag_bytes = 64k\n}\n",
                              pg_dsn(follower, NULL), lines);

    memset(stage, 0, sizeof *stage);
    db_stage_open(stage, publisher,
                  &(struct db_stage_options){ .green = "database = \"next\"",
                                              .lines = "    schema { same_database = false }\n",
                                              .blocks = blocks });
    free(blocks);
}

#define AWAIT(stage, part)                                                                         \
    cr_expect(db_stage_await(stage, "--json db check shop/green", part, SETTLE_MS), part)
#define PASSES "\"gate\":\"replication\",\"result\":\"pass\""
#define FAILS  "\"gate\":\"replication\",\"result\":\"fail\""

static void stop_applying(struct db_stage *stage, struct pg *follower)
{
    pid_t worker = find_worker(follower);

    cr_assert_eq(kill(worker, SIGSTOP), 0);
    db_stage_sql(stage->pg, NULL,
                 "INSERT INTO orders SELECT g, repeat('x', 1000) FROM generate_series(1, 300) g");
    AWAIT(stage, FAILS);
    db_expect_say(stage, "switch shop --to green", 3, "bytes");
    db_expect_say(stage, "switch shop --to green", 3, "behind");
    cr_expect_gt(daemon_metric(stage->stage.daemon, "switchyard_db_replication_lag_bytes", "next"),
                 65536);
    cr_assert_eq(kill(worker, SIGCONT), 0);
    AWAIT(stage, PASSES);
}

static void disable(struct db_stage *stage, struct pg *follower)
{
    db_stage_sql(follower, NULL, "ALTER SUBSCRIPTION shop_sub DISABLE");
    db_expect_say(stage, "switch shop --to green", 3, "subscription shop_sub is disabled");
    db_stage_sql(follower, NULL, "ALTER SUBSCRIPTION shop_sub ENABLE");
    AWAIT(stage, PASSES);
}

static void fail_to_apply(struct db_stage *stage, struct pg *follower)
{
    db_stage_sql(follower, NULL, "INSERT INTO orders VALUES (1000, 'mine')");
    db_stage_sql(stage->pg, NULL, "INSERT INTO orders VALUES (1000, 'yours')");
    AWAIT(stage, "subscription shop_sub fails to apply");
    db_expect_say(stage, "switch shop --to green", 3, "shop_sub fails to apply");
    cr_expect_gt(daemon_metric(stage->stage.daemon, "switchyard_db_apply_errors_total", "next"), 0);
}

Test(database_replication, each_fault_is_named, .timeout = 180)
{
    struct pg *publisher = pg_start(settings);
    struct pg *follower = pg_start(settings);
    struct db_stage stage;

    follow(publisher, follower);
    open_two(&stage, publisher, follower, "heartbeat = true");
    AWAIT(&stage, PASSES);
    cr_expect_geq(
        daemon_metric(stage.stage.daemon, "switchyard_db_replication_lag_seconds", "next"), 0);
    db_expect_say(&stage, "switch shop --to green", 0, "green");
    /* Nothing brings what is written now to the one before. */
    cr_expect(db_stage_await(&stage, "status", "rollback safe: unknown (to blue)", SETTLE_MS));
    db_expect_say(&stage, "status", 0, "it is not known whether what is written to database next");
    db_expect_say(&stage, "rollback shop", 0, "not proven for the database");
    AWAIT(&stage, PASSES);
    stop_applying(&stage, follower);
    disable(&stage, follower);
    fail_to_apply(&stage, follower);
    db_stage_sql(follower, NULL, "ALTER SUBSCRIPTION shop_sub DISABLE");
    STOP_DB(&stage);
    cr_expect(pg_stop(follower));
}

/* Nothing is behind, and nothing proves it: the server tells no time of a link that is idle. */
Test(database_replication, an_idle_link_without_a_heartbeat_is_unknown, .timeout = 180)
{
    struct pg *publisher = pg_start(settings);
    struct pg *follower = pg_start(settings);
    struct db_stage stage;

    follow(publisher, follower);
    open_two(&stage, publisher, follower, "");
    AWAIT(&stage, "bytes behind, the time is not known");
    db_expect_say(&stage, "switch shop --to green", 3, "measure it with heartbeat = true");
    db_stage_sql(follower, NULL, "ALTER SUBSCRIPTION shop_sub DISABLE");
    STOP_DB(&stage);
    cr_expect(pg_stop(follower));
}
