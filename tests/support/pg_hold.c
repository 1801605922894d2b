/* See pg_hold.h. The session sleeps behind its statement; that is how it is told that it is there, and who it is. */
#include "support/pg_hold.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/pg.h"
#include "support/scene.h"

enum { WAIT_MS = 60000 };

struct pg_hold {
    struct pg *pg;
    char *database;
    char *sql;
    pthread_t session;
    pthread_t watcher;
    bool has_watcher;
};

static bool says_true(struct pg_hold *hold, const char *question)
{
    char *answer = pg_psql(hold->pg, hold->database, question);
    bool is = answer != NULL && strcmp(answer, "t\n") == 0;

    free(answer);
    return is;
}

static bool is_held(void *arg)
{
    return says_true(arg, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
                          "AND datname = current_database()");
}

static bool is_wanted(void *arg)
{
    return says_true(arg, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted");
}

static void *hold_session(void *arg)
{
    struct pg_hold *hold = arg;

    free(pg_psql(hold->pg, hold->database, hold->sql)); /* ended from outside: an error */
    return NULL;
}

static void end_session(struct pg_hold *hold)
{
    free(pg_psql(hold->pg, hold->database,
                 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = "
                 "'PgSleep' AND datname = current_database()"));
}

static void *watch(void *arg)
{
    (void)scene_await(is_wanted, arg, WAIT_MS); /* nobody came: what waits for the end says it */
    end_session(arg);
    return NULL;
}

struct pg_hold *pg_hold(struct pg *pg, const char *database, const char *sql)
{
    struct pg_hold *hold = mem_zalloc(sizeof *hold);

    hold->pg = pg;
    hold->database = mem_text(database);
    hold->sql = mem_format("BEGIN; %s; SELECT pg_sleep(300)", sql);
    if (pthread_create(&hold->session, NULL, hold_session, hold) != 0)
        scene_fail("pg: no thread");
    if (!scene_await(is_held, hold, WAIT_MS))
        scene_fail("pg: \"%s\" did not come through", sql);
    return hold;
}

struct pg_hold *pg_hold_until_wanted(struct pg *pg, const char *database, const char *sql)
{
    struct pg_hold *hold = pg_hold(pg, database, sql);

    hold->has_watcher = pthread_create(&hold->watcher, NULL, watch, hold) == 0;
    if (!hold->has_watcher)
        scene_fail("pg: no thread");
    return hold;
}

void pg_hold_end(struct pg_hold *hold)
{
    if (hold->has_watcher)
        pthread_join(hold->watcher, NULL);
    end_session(hold);
    pthread_join(hold->session, NULL);
    free(hold->database);
    free(hold->sql);
    free(hold);
}
