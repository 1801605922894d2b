/*
 * A database that crashes, hangs, is silent, has a name that is not resolved, or comes and goes: requests and commands do
 * not notice. R10 to R13, with PostgreSQL beside a load. The full forms take as long as the scenarios say.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/dial.h"
#include "support/load.h"
#include "support/pg_stage.h"
#include "support/scene.h"

#define FAST "interval = \"200ms\"\nconnect_timeout = \"300ms\"\nquery_timeout = \"300ms\""

/* A stage under load. */
struct bench {
    struct stage stage;
    struct load *load;
    bool is_green; /* the slot that is live */
};

/* Events of databases are written there by a hook; NULL: nobody is told. */
static const char *told_path;

static bool is_told(void *arg)
{
    char *text = scene_read(told_path, NULL);
    bool is_there = text != NULL && strstr(text, arg) != NULL;

    free(text);
    return is_there;
}

static char *make_block(const char *dsn)
{
    char *database = pg_stage_block("main", dsn, FAST);
    char *block = NULL;

    if (told_path == NULL)
        return database;
    block = mem_format("%s\nhook told { command = \"%s.sh\" events = { \"database\" } "
                       "every = \"0s\" }\n",
                       database, told_path);
    free(database);
    return block;
}

static void open_bench(struct bench *bench, const char *dsn, const char *const *wrapper)
{
    char *block = make_block(dsn);

    *bench = (struct bench){ .load = NULL };
    stage_open(&bench->stage, &(struct stage_options){
                                  .more = block, .wrapper = wrapper, .keeps_descriptors = true });
    bench->load = load_start(&(struct load_options){ .front = daemon_front(bench->stage.daemon),
                                                     .keep_alive = 8,
                                                     .one_shot = 2,
                                                     .post_percent = 10,
                                                     .post_bytes = 500,
                                                     .rate = 300,
                                                     .seed = 1310 });
    cr_assert(load_await_count(bench->load, 50, 20000), "the load did not get going");
    free(block);
}

static void close_bench(struct bench *bench)
{
    struct text summary;
    char *log = NULL;

    load_finish(bench->load);
    text_init(&summary, 65536);
    load_summary(bench->load, &summary);
    cr_expect_eq(load_failed(bench->load), 0, "%s", summary.bytes);
    text_fini(&summary);
    load_free(bench->load);
    log = daemon_log(bench->stage.daemon);
    cr_expect_eq(strstr(log, "WARNING"), NULL, "libpq speaks for itself: %s", log);
    free(log);
    STOP_STAGE(&bench->stage);
}

/* Switches there and rollbacks back, by turns; each of them must be done. */
static void move_around(struct bench *bench, unsigned count)
{
    struct ctl_line line;

    cr_assert(ctl_open(&line, bench->stage.daemon));
    for (unsigned i = 0; i < count; i++) {
        const char *words = bench->is_green ? "json rollback shop" : "json switch shop --to green";
        const char *answer = ctl_say(&line, words, 20000);

        cr_assert(answer != NULL && strstr(answer, "\"ok\":true") != NULL, "%s: %s", words,
                  answer != NULL ? answer : "no answer");
        bench->is_green = !bench->is_green;
        answer = ctl_say(&line, "status", 20000);
        cr_assert(answer != NULL && strstr(answer, "database main: ") != NULL);
    }
    ctl_close(&line);
}

/* More than what was sent so far gets through. */
static void expect_traffic(struct bench *bench)
{
    static uint64_t wanted;

    wanted = (uint64_t)daemon_metric(bench->stage.daemon, "switchyard_http_requests_total", "");
    cr_expect(load_await_count(bench->load, wanted + 100, 20000), "the load stalled");
}

Test(database_faults, r10_it_crashes_and_comes_back)
{
    static const char hook[] =
        "#!/bin/sh\necho \"$SWITCHYARD_EVENT_TITLE|$SWITCHYARD_EVENT_SEVERITY|"
        "$SWITCHYARD_EVENT_TEXT\" >>\"${0%.sh}\"\n";
    char down[] = "database main: down|warn|";
    char up[] = "database main: up|info|it was down";
    struct pg *pg = pg_start(NULL);
    struct bench bench;
    unsigned moves = (unsigned)scene_scale(6, 100);
    char folder[SCENE_PATH];
    char *path = NULL;
    char *script = NULL;

    scene_folder(folder);
    told_path = path = mem_format("%s/told", folder);
    script = mem_format("%s.sh", path);
    scene_write(script, hook, sizeof hook - 1);
    cr_assert_eq(chmod(script, 0700), 0);
    open_bench(&bench, pg_dsn(pg, NULL), NULL);
    cr_assert(pg_stage_await(bench.stage.daemon, "main", "up"));
    pg_crash(pg);
    cr_expect(pg_stage_await(bench.stage.daemon, "main", "down"));
    move_around(&bench, moves);
    expect_traffic(&bench);
    cr_expect(scene_await(is_told, down, 20000));
    cr_expect_str_eq(pg_stage_text(bench.stage.daemon, "main", "condition"), "down");
    cr_expect(pg_stage_number(bench.stage.daemon, "main", "look_age_seconds") > 0,
              "what was known is kept");
    pg_restart(pg);
    cr_expect(pg_stage_await(bench.stage.daemon, "main", "up"));
    move_around(&bench, 2);
    cr_expect(scene_await(is_told, up, 60000), "it is told when it is back");
    close_bench(&bench);
    cr_expect(pg_stop(pg));
    told_path = NULL;
    free(script);
    free(path);
    scene_remove(folder);
}

Test(database_faults, r11_it_is_stopped_in_the_middle)
{
    struct pg *pg = pg_start(NULL);
    uint64_t seconds = scene_scale(0, 60);
    uint64_t until = 0;
    struct bench bench;
    int code = 0;

    open_bench(&bench, pg_dsn(pg, NULL), NULL);
    cr_assert(pg_stage_await(bench.stage.daemon, "main", "up"));
    pg_signal(pg, SIGSTOP);
    cr_expect(pg_stage_await(bench.stage.daemon, "main", "unknown"));
    until = clock_monotonic_us() + seconds * 1000000;
    do {
        move_around(&bench, 4);
        expect_traffic(&bench);
        code = ctl_code(bench.stage.daemon, "db test main");
        cr_expect_eq(code, 1, "%d", code);
    } while (clock_monotonic_us() < until);
    cr_expect(strstr(pg_stage_text(bench.stage.daemon, "main", "words"), "within 300 ms") != NULL);
    pg_signal(pg, SIGCONT);
    cr_expect(pg_stage_await(bench.stage.daemon, "main", "up"));
    close_bench(&bench);
    cr_expect(pg_stop(pg));
}

static unsigned accept_all(int fd)
{
    unsigned count = 0;
    int taken = -1;

    while ((taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        close(taken);
        count++;
    }
    return count;
}

/* So many tries, and no more than two within a second. */
static void expect_pace(const struct bench *bench, uint64_t began_us, double tries)
{
    double seconds = 0;
    double connects = 0;

    do {
        connects = daemon_metric(bench->stage.daemon, "switchyard_db_connects_total", "main");
        seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
        cr_assert(connects <= 2 * seconds + 2, "%g tries in %g s", connects, seconds);
        scene_pause_us(50000);
    } while (connects < tries && seconds < 60);
    cr_expect(connects >= tries, "%g tries in %g s", connects, seconds);
}

Test(database_faults, r12_it_takes_connections_and_says_nothing)
{
    char address[DIAL_TEXT];
    int fd = dial_listen("127.0.0.1:0", 64, address);
    char *dsn = mem_format("host=127.0.0.1 port=%s user=app dbname=shop", strchr(address, ':') + 1);
    uint64_t began_us = clock_monotonic_us();
    struct bench bench;

    cr_assert(fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    open_bench(&bench, dsn, NULL);
    cr_expect(pg_stage_await_text(bench.stage.daemon, "main", "words", "no login within 300 ms"));
    cr_expect_str_eq(pg_stage_text(bench.stage.daemon, "main", "condition"), "unknown");
    move_around(&bench, 4);
    expect_pace(&bench, began_us, 4);
    cr_expect(accept_all(fd) >= 4);
    cr_expect_eq(ctl_code(bench.stage.daemon, "db test main"), 1);
    expect_traffic(&bench);
    close_bench(&bench);
    close(fd);
    free(dsn);
}

/* Its own resolv.conf: the folder of the configuration, $3, has it. Root stays root, so that it gets to the socket of a
 * server that somebody else runs. */
static const char *own_resolver[] = {
    "unshare",
    "-m",
    "sh",
    "-c",
    "echo 'nameserver 127.53.11.7' > \"$(dirname \"$3\")/resolv.conf\" && "
    "mount --bind \"$(dirname \"$3\")/resolv.conf\" /etc/resolv.conf && exec \"$@\"",
    "sh",
    NULL
};

/* A resolver that takes questions and answers none; -1: it cannot be had here. */
static int open_resolver(void)
{
    struct dial_address where;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && dial_parse("127.53.11.7:53", &where) &&
        bind(fd, &where.sa.any, where.len) == 0 &&
        system(geteuid() == 0
                   ? "unshare -m mount --bind /etc/hostname /etc/resolv.conf 2>/dev/null"
                   : "unshare -Urm mount --bind /etc/hostname /etc/resolv.conf 2>/dev/null") == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The other database, which has an address, is looked at all the while. */
Test(database_faults, r12_its_name_is_not_resolved)
{
    int resolver = open_resolver();
    char question[512];
    struct pg *pg = NULL;
    struct bench bench;
    char *dsn = NULL;

    if (resolver < 0) {
        scene_skip("database_faults::r12_its_name_is_not_resolved",
                   "no user namespaces, or no right to port 53");
        return;
    }
    if (geteuid() != 0)
        own_resolver[1] = "-Urm";
    pg = pg_start(NULL);
    dsn = mem_format("%s\" }\ndatabase other { dsn = \"%s", "host=db.example user=app dbname=shop",
                     pg_dsn(pg, NULL));
    open_bench(&bench, dsn, own_resolver);
    cr_expect(pg_stage_await_text(bench.stage.daemon, "main", "words", "the resolver did not"));
    cr_expect_str_eq(pg_stage_text(bench.stage.daemon, "main", "condition"), "unknown");
    cr_expect(pg_stage_await(bench.stage.daemon, "other", "up"));
    cr_expect(recv(resolver, question, sizeof question, MSG_DONTWAIT) > 0, "nobody was asked");
    move_around(&bench, 4);
    expect_traffic(&bench);
    cr_expect_str_eq(pg_stage_text(bench.stage.daemon, "other", "condition"), "up");
    cr_expect_eq(pg_stage_number(bench.stage.daemon, "other", "failures"), 0);
    cr_expect_eq(ctl_code(bench.stage.daemon, "db test main"), 1);
    close_bench(&bench);
    cr_expect(pg_stop(pg));
    close(resolver);
    free(dsn);
}

Test(database_faults, r13_it_restarts_again_and_again)
{
    struct pg *pg = pg_start(NULL);
    uint64_t began_us = clock_monotonic_us();
    unsigned rounds = (unsigned)scene_scale(3, 60);
    struct bench bench;
    long before_kib = 0;

    open_bench(&bench, pg_dsn(pg, NULL), NULL);
    cr_assert(pg_stage_await(bench.stage.daemon, "main", "up"));
    for (unsigned i = 0; i < rounds; i++) {
        pg_crash(pg);
        move_around(&bench, 2);
        pg_restart(pg);
        expect_pace(&bench, began_us, 1);
        if (i == rounds / 4)
            before_kib = scene_rss_kib(daemon_pid(bench.stage.daemon));
    }
    cr_expect(pg_stage_await(bench.stage.daemon, "main", "up"));
    if (!scene_is_sanitized())
        cr_expect(scene_rss_kib(daemon_pid(bench.stage.daemon)) < before_kib + 16384,
                  "memory grows: %ld KiB before", before_kib);
    expect_traffic(&bench);
    close_bench(&bench);
    cr_expect(pg_stop(pg));
}
