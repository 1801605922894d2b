/*
 * Snapshots of a real database through the daemon: taken, found damaged, restored beside the live one; children and the
 * daemon killed in the middle; what is kept. One server for all of it.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/pg.h"
#include "support/pg_hold.h"
#include "support/scene.h"

enum { WAIT_MS = 30000 };

struct world {
    struct pg *pg;
    struct daemon *daemon;
    char folder[SCENE_PATH]; /* of the snapshots */
    char place[SCENE_PATH];  /* for clusters that are restored */
};

static const char content[] =
    "CREATE TABLE customers (id int PRIMARY KEY, name text, born date, at timestamptz DEFAULT "
    "now(), share double precision, raw bytea, twice int GENERATED ALWAYS AS (id * 2) STORED);"
    "INSERT INTO customers SELECT g, 'n' || g || E'\\t\\\\\\n', '2000-01-01'::date + g, now(), "
    "g / 7.0, decode(md5(g::text), 'hex') FROM generate_series(1, 500) g;"
    "CREATE TABLE \"Order items\" (\"the id\" int, note text);"
    "INSERT INTO \"Order items\" SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 20000) "
    "g;"
    "CREATE TABLE nothing (id int); CREATE SEQUENCE s; SELECT nextval('s');"
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\nSELECT 1 -- COPY x FROM stdin;\n$$";

static char *config_of(const struct world *world)
{
    char *dsn = mem_text(pg_dsn(world->pg, "shop"));
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop { active = \"blue\"\n"
                              " slot blue { targets = { \"127.0.0.1:1\" } } }\n"
                              "database shop { dsn = \"%s\" interval = \"60s\"\n"
                              " snapshots { folder = \"%s\" keep = 3 max_age = \"1h\"\n"
                              "  restore_folder = \"%s\" server_user = \"%s\" } }\n"
                              "database bare { dsn = \"%s\" interval = \"60s\"\n"
                              " snapshots { folder = \"%s/bare\" } }\n",
                              dsn, world->folder, world->place, geteuid() == 0 ? "postgres" : "",
                              dsn, world->place);

    free(dsn);
    return config;
}

static void open_world(struct world *world)
{
    struct daemon_options options = { .keeps_descriptors = true };
    char *config = NULL;

    scene_folder(world->folder);
    scene_folder(world->place);
    (void)chmod(world->place, 0755);
    world->pg = pg_start(NULL);
    free(pg_psql(world->pg, NULL, "CREATE DATABASE shop"));
    free(pg_psql(world->pg, "shop", content));
    config = config_of(world);
    options.config = config;
    world->daemon = daemon_start(&options);
    free(config);
}

/* The text of a member of result, or NULL; the caller frees. */
static char *ask_text(const struct world *world, const char *words, const char *member, int wanted)
{
    int code = -1;
    cJSON *json = ctl_json(world->daemon, words, &code);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, member));
    char *copy = text != NULL ? mem_text(text) : NULL;
    char *all = cJSON_PrintUnformatted(json);

    cr_expect_eq(code, wanted, "%s: exit %d, %s", words, code, all);
    free(all);
    cJSON_Delete(json);
    return copy;
}

static void expect_words(const struct world *world, const char *words, int code, const char *part)
{
    struct ctl_result result = ctl_run(world->daemon, words);

    cr_expect_eq(result.code, code, "%s: %d %s%s", words, result.code, result.out, result.err);
    cr_expect(strstr(result.out, part) != NULL || strstr(result.err, part) != NULL,
              "%s: no \"%s\" in %s%s", words, part, result.out, result.err);
    ctl_free(&result);
}

static unsigned count_files(const struct world *world, const char *part)
{
    DIR *dir = opendir(world->folder);
    const struct dirent *entry = NULL;
    unsigned count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.' && strstr(entry->d_name, part) != NULL;
    if (dir != NULL)
        closedir(dir);
    return count;
}

/* Every name on the disk is one of the catalogue, and the other way round. */
static void expect_order(const struct world *world)
{
    cJSON *json = ctl_json(world->daemon, "db snapshots", NULL);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const cJSON *snapshots = cJSON_GetObjectItemCaseSensitive(result, "snapshots");

    cr_expect_eq((unsigned)cJSON_GetArraySize(snapshots), count_files(world, "shop-"));
    cr_expect_eq(count_files(world, ".part"), 0);
    cJSON_Delete(json);
}

static char *path_of(const struct world *world, const char *id)
{
    return mem_format("%s/%s.dump", world->folder, id);
}

/* --- taking and restoring --- */

static char *sums(const struct world *world, const char *database)
{
    return pg_psql(
        world->pg, database,
        "SELECT count(*), md5(string_agg(c::text, '|' ORDER BY id)) FROM customers c; "
        "SELECT count(*), md5(string_agg(o::text, '|' ORDER BY \"the id\")) FROM \"Order "
        "items\" o; SELECT count(*) FROM nothing; SELECT last_value FROM s; SELECT f()");
}

static void check_restore(struct world *world, const char *id)
{
    char *words = mem_format("db restore %s --to shop", id);
    char *token = NULL;
    char *with_token = NULL;
    char *name = NULL;
    char *before = sums(world, "shop");
    char *restored = NULL;

    free(pg_psql(world->pg, "shop", "INSERT INTO nothing VALUES (1)"));
    expect_words(world, words, 0, "loses everything written after");
    token = ask_text(world, words, "token", 0);
    cr_assert_not_null(token);
    expect_words(world, "db restore shop-none --to shop", 3, "there is no snapshot");
    with_token = mem_format("%s --token 1-00", words);
    expect_words(world, with_token, 5, "not for this");
    free(with_token);
    with_token = mem_format("%s --token %s", words, token);
    expect_words(world, with_token, 0, "each table compared");
    expect_words(world, with_token, 5, "was used already");
    name = pg_psql(world->pg, NULL,
                   "SELECT datname FROM pg_database WHERE datname LIKE 'shop_restore_%'");
    name[strcspn(name, "\n")] = '\0';
    restored = sums(world, name);
    cr_expect_str_eq(restored, before, "each table as it was");
    free(restored);
    restored = pg_psql(world->pg, "shop", "SELECT count(*) FROM nothing");
    cr_expect_str_eq(restored, "1\n", "the live one is not touched");
    free(token);
    token = ask_text(world, words, "token", 0);
    free(with_token);
    with_token = mem_format("%s --token %s", words, token);
    expect_words(world, with_token, 1, "already exists");
    free(token);
    free(with_token);
    free(restored);
    free(before);
    free(name);
    free(words);
}

static char *check_taking(struct world *world)
{
    char *id = NULL;
    char *words = NULL;
    char *path = NULL;

    expect_words(world, "db snapshots", 0, "there is no snapshot");
    cr_expect_eq(daemon_metric(world->daemon, "switchyard_snapshot_fresh", "shop"), 0);
    id = ask_text(world, "db snapshot shop", "id", 0);
    cr_assert_not_null(id);
    path = path_of(world, id);
    cr_expect(scene_exists(path), "%s", path);
    expect_order(world);
    expect_words(world, "db snapshots shop", 0, "verified, ");
    cr_expect_geq(daemon_metric(world->daemon, "switchyard_snapshot_age_seconds", "shop"), 0);
    cr_expect_gt(daemon_metric(world->daemon, "switchyard_snapshot_bytes", "shop"), 1000);
    cr_expect_eq(daemon_metric(world->daemon, "switchyard_snapshot_fresh", "shop"), 1);
    words = mem_format("db verify %s", id);
    expect_words(world, words, 0, "is whole");
    expect_words(world, "db verify shop-none", 3, "there is no snapshot");
    expect_words(world, "db snapshot none", 3, "there is no database");
    expect_words(world, "db snapshot shop --kind half", 2, "--kind is logical or physical");
    expect_words(world, "db restore x", 2, "--to DATABASE");
    free(words);
    words = mem_format("db forget %s", id);
    expect_words(world, words, 3, "only verified snapshot");
    cr_expect(scene_exists(path));
    free(words);
    free(path);
    return id;
}

/* --- damage --- */

/* The disk is looked at every second. */
static bool has_shrunk(void *arg)
{
    const struct world *world = arg;
    struct ctl_result result = ctl_run(world->daemon, "db snapshots");
    bool has = strstr(result.out, "on the disk instead of") != NULL;

    ctl_free(&result);
    return has;
}

static void check_damage(struct world *world, const char *id)
{
    char *path = path_of(world, id);
    char *verify = mem_format("db verify %s", id);
    char *forget = mem_format("db forget %s", id);
    struct stat status;

    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(truncate(path, status.st_size - status.st_size / 3), 0);
    cr_expect(scene_await(has_shrunk, world, WAIT_MS));
    expect_words(world, verify, 1, "could not read from input file");
    expect_words(world, "db snapshots", 0, "no snapshot is verified");
    cr_assert_eq(truncate(path, 0), 0);
    expect_words(world, verify, 1, "missing or empty");
    cr_expect_geq(daemon_metric(world->daemon, "switchyard_snapshot_failures_total", "shop"), 2);
    expect_words(world, forget, 0, "is gone");
    cr_expect_not(scene_exists(path));
    expect_order(world);
    free(forget);
    free(verify);
    free(path);
}

/* --- children that are killed --- */

/* A child of the daemon that is a program of PostgreSQL; 0: there is none. */
static pid_t find_child(const struct world *world)
{
    char *path = mem_format("/proc/%d/task", (int)daemon_pid(world->daemon));
    DIR *dir = opendir(path);
    const struct dirent *entry = NULL;
    pid_t found = 0;

    while (found == 0 && dir != NULL && (entry = readdir(dir)) != NULL) {
        char *children = mem_format("%s/%s/children", path, entry->d_name);
        char *text = entry->d_name[0] != '.' ? scene_read(children, NULL) : NULL;

        if (text != NULL)
            found = (pid_t)strtol(text, NULL, 10);
        free(text);
        free(children);
    }
    if (dir != NULL)
        closedir(dir);
    free(path);
    return found;
}

static bool has_child(void *arg)
{
    return find_child(arg) != 0;
}

static bool is_quiet(void *arg)
{
    const struct world *world = arg;
    cJSON *json = ctl_json(world->daemon, "db snapshots", NULL);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const cJSON *job = NULL;
    bool is_any = false;

    cJSON_ArrayForEach(job, cJSON_GetObjectItemCaseSensitive(result, "jobs"))
    {
        const char *phase = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(job, "phase"));

        is_any = is_any || phase == NULL || strcmp(phase, "ended") != 0;
    }
    cJSON_Delete(json);
    return !is_any;
}

static void check_killed_children(struct world *world)
{
    uint64_t seed = 42;
    unsigned killed = 0;

    for (unsigned i = 0; i < scene_scale(6, 60); i++) {
        expect_words(world, "db snapshot shop --timeout 0", 4, "goes on");
        if (i == 0)
            expect_words(world, "db snapshot shop", 5, "under way");
        (void)scene_await(has_child, world, WAIT_MS);
        scene_pause_us(hash_random(&seed) % 150000); /* which moment it is does not matter */
        if (find_child(world) != 0)
            killed += kill(find_child(world), SIGKILL) == 0;
        cr_assert(scene_await(is_quiet, world, WAIT_MS));
        expect_order(world);
    }
    cr_expect_gt(killed, 0);
}

/* A check that was ended from outside says nothing about the snapshot. */
static void check_killed_verification(struct world *world, const char *id)
{
    char *verify = mem_format("db verify %s --timeout 0", id);
    pid_t child = 0;

    expect_words(world, verify, 4, "goes on");
    cr_assert(scene_await(has_child, world, WAIT_MS));
    child = find_child(world);
    cr_assert(child > 0 && kill(child, SIGKILL) == 0);
    cr_assert(scene_await(is_quiet, world, WAIT_MS));
    expect_words(world, "db snapshots", 0, "ended by signal 9");
    expect_words(world, "db snapshots", 0, ", verified, ");
    free(verify);
}

/* --- the daemon that is killed --- */

static bool has_part(void *arg)
{
    return count_files(arg, ".part") > 0;
}

static bool is_swept(void *arg)
{
    return !has_part(arg);
}

/* Every snapshot has become enormous, and a line is torn. */
static void edit_catalogue(const struct world *world)
{
    char *path = mem_format("%s/state/snapshots.jsonl", daemon_folder(world->daemon));
    char *text = scene_read(path, NULL);
    char *fresh = mem_text("");
    char *at = NULL;

    cr_assert_not_null(text, "%s", path);
    for (char *rest = text; rest != NULL; rest = at != NULL ? at + strcspn(at, ",") : NULL) {
        char *grown = NULL;

        at = strstr(rest, "\"bytes\":");
        grown = mem_format("%s%.*s%s", fresh, (int)(at != NULL ? at - rest : (long)strlen(rest)),
                           rest, at != NULL ? "\"bytes\":900000000000000" : "{\"id\":\"torn\n");
        free(fresh);
        fresh = grown;
    }
    scene_write(path, fresh, strlen(fresh));
    free(fresh);
    free(text);
    free(path);
}

static void check_killed_daemon(struct world *world)
{
    static const char *const expected[] = { "snapshot", NULL };
    struct pg_hold *hold =
        pg_hold(world->pg, "shop", "DROP SEQUENCE s"); /* the dump reads it last */

    expect_words(world, "db snapshot shop --timeout 0", 4, "goes on");
    cr_assert(scene_await(has_part, world, WAIT_MS));
    daemon_kill(world->daemon);
    pg_hold_end(hold);
    daemon_expect_errors(world->daemon, expected);
    cr_expect_gt(count_files(world, ".part"), 0);
    edit_catalogue(world);
    daemon_restart(world->daemon);
    cr_expect(scene_await(is_swept, world, WAIT_MS));
    expect_order(world);
    expect_words(world, "db snapshots", 0, "1 damaged line");
    expect_words(world, "db snapshot shop", 1, "1.2 times the last snapshot");
}

/* --- a whole cluster, and what is kept --- */

/* The second step, with the token of the first one. */
static void expect_restore(const struct world *world, const char *words, int code, const char *part)
{
    char *token = ask_text(world, words, "token", 0);
    char *with_token = mem_format("%s --timeout 60s --token %s", words, token);

    cr_assert_not_null(token);
    expect_words(world, with_token, code, part);
    free(with_token);
    free(token);
}

/* What the report says behind that, up to the end of the line, as a command; NULL: it does not say it. */
static char *find_command(const char *said, const char *part)
{
    const char *at = strstr(said, part);

    return at != NULL ? mem_format("%.*s >/dev/null 2>&1", (int)strcspn(at + strlen(part), "\n"),
                                   at + strlen(part))
                      : NULL;
}

static void expect_started(const struct world *world, const char *said, const char *folder)
{
    char *start = find_command(said, "on a socket in its folder): ");
    char *stop = find_command(said, "stop it: ");
    char *ask = mem_format("test \"$(psql -X -A -t -h %s -p 5432 -U postgres -d shop -c "
                           "'SELECT count(*) FROM customers')\" = 500",
                           folder);

    (void)world;
    cr_assert(start != NULL && stop != NULL, "%s", said);
    cr_expect_eq(system(start), 0, "%s", start);
    cr_expect_eq(system(ask), 0, "%s", ask);
    cr_expect_eq(system(stop), 0, "%s", stop);
    free(ask);
    free(stop);
    free(start);
}

static void check_cluster(struct world *world, const char *id)
{
    char *words = mem_format("db restore %s --to shop", id);
    char *bare = mem_format("db restore %s --to bare", id);
    char *folder = mem_format("%s/%s", world->place, id);
    char *pid_file = mem_format("%s/postmaster.pid", folder);
    char *token = NULL;
    char *with_token = NULL;
    struct ctl_result result;

    if (geteuid() == 0)
        expect_words(world, bare, 1, "refuses to run as root");
    expect_words(world, words, 0, "a whole server");
    token = ask_text(world, words, "token", 0);
    cr_expect_not(scene_exists(folder), "the first step does nothing");
    with_token = mem_format("%s --timeout 60s --token %s", words, token);
    result = ctl_run(world->daemon, with_token);
    cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
    cr_expect_not_null(strstr(result.out, "it was started, read, and stopped"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "loses everything written after"), "%s", result.out);
    cr_expect_not(scene_exists(pid_file), "it does not run any more");
    expect_started(world, result.out, folder);
    expect_words(world, words, 1, "lies there already");
    cr_expect(scene_exists(folder), "and stays");
    ctl_free(&result);
    scene_remove(folder);
    free(with_token);
    free(token);
    free(pid_file);
    free(folder);
    free(bare);
    free(words);
}

/* The copy is not what was taken; a link would lead to the live server. Nothing is left of the attempt. */
static void check_bad_cluster(struct world *world, const char *id)
{
    char *words = mem_format("db restore %s --to shop", id);
    char *folder = mem_format("%s/%s", world->place, id);
    char *link = mem_format("%s/%s/pg_tblspc/99999", world->folder, id);

    expect_restore(world, words, 1, "PG_VERSION");
    cr_expect_not(scene_exists(folder));
    cr_assert_eq(symlink("/tmp", link), 0);
    expect_words(world, words, 1, "tablespaces or links");
    cr_assert_eq(unlink(link), 0);
    free(link);
    free(folder);
    free(words);
}

static void check_physical(struct world *world)
{
    char *id = ask_text(world, "db snapshot shop --kind physical --timeout 60s", "id", 0);
    char *verify = mem_format("db verify %s --timeout 60s", id);
    char *file = mem_format("%s/%s/PG_VERSION", world->folder, id);

    expect_order(world);
    expect_words(world, verify, 0, "is whole");
    check_cluster(world, id);
    scene_write(file, "16\n", 3);
    expect_words(world, verify, 1, "PG_VERSION");
    check_bad_cluster(world, id);
    free(file);
    free(verify);
    free(id);
}

static void check_retention(struct world *world)
{
    for (unsigned i = 0; i < 4; i++)
        free(ask_text(world, "db snapshot shop", "id", 0));
    cr_expect_eq(count_files(world, ".dump"), 3);
    expect_order(world);
}

Test(snapshot, of_a_real_database)
{
    struct world world = { .pg = NULL };
    char *id = NULL;

    open_world(&world);
    id = check_taking(&world);
    check_restore(&world, id);
    check_killed_verification(&world, id);
    check_damage(&world, id);
    check_killed_children(&world);
    check_retention(&world);
    check_physical(&world);
    check_killed_daemon(&world);
    STOP(world.daemon);
    cr_expect(pg_stop(world.pg));
    scene_remove(world.folder);
    scene_remove(world.place);
    free(id);
}
