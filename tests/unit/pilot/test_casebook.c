/* The casebook: ids over restarts, bounds, files that are torn, foreign or cannot be written, records that are read. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/timer.h"
#include "pilot/casebook.h"
#include "pilot/casebook_disk_priv.h"

static char state_dir[64];
static struct loop *loop;
static struct casebook *casebook;
static struct casebook_options options;
static unsigned troubles;
static unsigned skipped;

static void on_trouble(void *arg, const char *words)
{
    (void)arg;
    cr_assert_gt(strlen(words), 0);
    troubles++;
}

static void on_line(void *arg, const char *line, size_t len)
{
    (void)arg;
    skipped += memmem(line, len, "decision_skipped", 16) != NULL;
}

static void open_book(void)
{
    char words[300];

    cr_assert_eq(casebook_new(&options, words, sizeof words, &casebook), 0, "%s", words);
}

static void reopen(void)
{
    casebook_free(casebook);
    skipped = 0;
    open_book();
}

static int remove_item(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void begin(void)
{
    snprintf(state_dir, sizeof state_dir, "/tmp/unit-pilot-XXXXXX");
    cr_assert_not_null(mkdtemp(state_dir));
    log_set_sink(on_line, NULL);
    loop = loop_new();
    options =
        (struct casebook_options){ .loop = loop, .state_dir = state_dir, .trouble = on_trouble };
    open_book();
}

static void end(void)
{
    casebook_free(casebook);
    loop_free(loop);
    nftw(state_dir, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(casebook, .init = begin, .fini = end);

static uint64_t add(const char *record)
{
    struct decision decision = {
        .service = "shop", .trigger = "err_mod", .action = DECISION_ROLLBACK, .words = "because"
    };

    return casebook_add(casebook, &decision, record != NULL ? mem_text(record) : NULL,
                        record != NULL ? strlen(record) : 0);
}

static void path_of(uint64_t id, char out[256])
{
    char folder[100];

    snprintf(folder, sizeof folder, "%s/decisions", state_dir);
    casebook_disk_path(folder, id, out, 256);
}

static bool exists(uint64_t id)
{
    char path[256];

    path_of(id, path);
    return access(path, F_OK) == 0;
}

static void on_time(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* Until is_true, at most 10 s. */
static void turn_until(bool (*is_true)(void))
{
    struct timer *timer = timer_new(loop, on_time, NULL);

    for (int i = 0; i < 2000 && !is_true(); i++) {
        timer_arm(timer, 5);
        loop_run(loop);
    }
    timer_free(timer);
    cr_assert(is_true());
}

Test(casebook, gives_ids_that_grow_over_restarts)
{
    struct stat status;
    char path[256];

    cr_assert_eq(add("record one"), 1);
    cr_assert_eq(add(NULL), 2);
    cr_assert_str_eq(casebook_at(casebook, 0)->trigger, "err_mod");
    cr_assert_eq(casebook_at(casebook, 0)->id, 2);
    cr_assert_null(casebook_at(casebook, 2));
    reopen();
    cr_assert_eq(skipped, 0);
    cr_assert_eq(casebook_at(casebook, 0)->id, 2);
    cr_assert_eq(casebook_at(casebook, 1)->id, 1);
    cr_assert_eq(casebook_find(casebook, 1)->record_bytes, 10);
    cr_assert_eq(casebook_find(casebook, 2)->record_bytes, 0);
    cr_assert_str_eq(casebook_find(casebook, 2)->words, "because");
    cr_assert_null(casebook_find(casebook, 3));
    cr_assert_eq(add(NULL), 3);
    path_of(1, path);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    *strrchr(path, '/') = '\0';
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0700);
    options.above = 100; /* the history knows of more */
    reopen();
    cr_assert_eq(add(NULL), 101);
}

Test(casebook, keeps_so_many_and_drops_the_oldest)
{
    options.files_max = 5;
    reopen();
    for (uint64_t i = 1; i <= 12; i++)
        cr_assert_eq(add("x"), i);
    cr_assert_null(casebook_find(casebook, 7));
    reopen();
    for (uint64_t i = 1; i <= 12; i++)
        cr_expect_eq(exists(i), i > 7, "%llu", (unsigned long long)i);
    cr_assert_eq(casebook_at(casebook, 4)->id, 8);
    options.files_max = 2; /* fewer than are there */
    reopen();
    reopen();
    cr_assert(!exists(10));
    cr_assert(exists(11));
    cr_assert_eq(add(NULL), 13);
}

Test(casebook, keeps_so_many_bytes)
{
    char big[4001];

    memset(big, 'r', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    options.bytes_max = 20000;
    reopen();
    for (int i = 0; i < 10; i++)
        add(big);
    casebook_free(casebook);
    open_book();
    reopen(); /* what was too much is gone from the disk, too */
    {
        struct casebook_stats stats;

        casebook_stats(casebook, &stats);
        cr_assert_leq(stats.bytes, 20000);
        cr_assert_geq(stats.files, 3);
        cr_assert_lt(stats.files, 6);
    }
    cr_assert(exists(10));
    cr_assert(!exists(1));
}

Test(casebook, drops_a_record_that_is_too_large_but_not_the_decision)
{
    options.bytes_max = 4096;
    reopen();
    add("a small one");
    {
        struct decision decision = { .service = "shop" };
        char *record = mem_zalloc(3000);

        cr_assert_eq(casebook_add(casebook, &decision, record, 3000), 2);
    }
    cr_assert_eq(casebook_find(casebook, 2)->record_bytes, 0);
    cr_assert_eq(casebook_find(casebook, 1)->record_bytes, 11);
}

static void spoil(uint64_t id, off_t at, char byte)
{
    char path[256];
    int fd = -1;

    path_of(id, path);
    fd = open(path, O_WRONLY);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

Test(casebook, leaves_torn_and_foreign_files_alone)
{
    char path[256];
    char other[256];

    for (int i = 0; i < 6; i++)
        add("record");
    casebook_free(casebook);
    path_of(2, path);
    cr_assert_eq(truncate(path, 150), 0);
    spoil(3, 120, '~'); /* in the head */
    spoil(4, 0, '#');
    path_of(5, path);
    path_of(9, other);
    cr_assert_eq(rename(path, other), 0);
    snprintf(other, sizeof other, "%s/decisions/notes.txt", state_dir);
    fclose(fopen(other, "w"));
    snprintf(other, sizeof other, "%s/decisions/000123.decision.fresh", state_dir);
    fclose(fopen(other, "w"));
    skipped = 0;
    open_book();
    cr_expect_eq(skipped, 5);
    cr_expect_eq(casebook_at(casebook, 0)->id, 6);
    cr_expect_eq(casebook_at(casebook, 1)->id, 1);
    cr_expect_null(casebook_at(casebook, 2));
    cr_expect(exists(2) && exists(3) && exists(4) && exists(9));
    cr_expect_eq(access(other, F_OK), -1, "a file that was never finished is still there");
    cr_expect_eq(add(NULL), 10); /* 9 may have been given out */
}

static bool has_failed(void)
{
    struct casebook_stats stats;

    casebook_stats(casebook, &stats);
    return stats.write_errors >= 3;
}

static bool is_written(void)
{
    return exists(4);
}

/* A limit on file sizes stands for the full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(casebook, survives_a_full_disk_and_says_so_once)
{
    limit_files(10);
    for (int i = 0; i < 3; i++)
        add("record");
    turn_until(has_failed);
    limit_files(RLIM_INFINITY);
    cr_assert_eq(troubles, 1);
    cr_assert_not_null(casebook_find(casebook, 2)); /* in memory it is there */
    cr_assert_eq(add("record"), 4);
    turn_until(is_written);
    reopen();
    cr_assert_null(casebook_find(casebook, 3));
    cr_assert_not_null(casebook_find(casebook, 4));
    cr_assert_eq(skipped, 0);
}

static bool are_written(void)
{
    struct casebook_stats stats;

    casebook_stats(casebook, &stats);
    return stats.files == 32;
}

/* As long as the loop does not turn no write is known to be over, as when the folder hangs. */
Test(casebook, keeps_in_memory_what_the_folder_does_not_keep_up_with)
{
    struct casebook_stats stats;

    for (uint64_t i = 1; i <= 40; i++)
        cr_assert_eq(add("record"), i);
    casebook_stats(casebook, &stats);
    cr_expect_eq(stats.write_errors, 8);
    cr_expect_eq(troubles, 1, "it is said once");
    cr_expect_eq(casebook_find(casebook, 32)->record_bytes, 6);
    cr_expect_eq(casebook_find(casebook, 33)->record_bytes, 0);
    cr_expect_str_eq(casebook_find(casebook, 40)->words, "because");
    turn_until(are_written);
    cr_expect_eq(add("record"), 41);
    options.files_max = 2;
    reopen();
    cr_expect_eq(casebook_at(casebook, 0)->id, 41);
    cr_expect_eq(casebook_at(casebook, 1)->id, 32);
    cr_expect_not(exists(40));
}

Test(casebook, refuses_a_folder_that_is_none)
{
    char words[300] = "";
    struct casebook *other = NULL;
    char path[256];

    snprintf(path, sizeof path, "%s/file", state_dir);
    fclose(fopen(path, "w"));
    options.state_dir = path;
    cr_assert_lt(casebook_new(&options, words, sizeof words, &other), 0);
    cr_assert_not_null(strstr(words, "/file/decisions"), "%s", words);
    options.state_dir = state_dir;
}

static char studied[64];
static char failure[400];
static unsigned studies;

static void run_study(void *arg, struct slice record, const _Atomic bool *is_cut)
{
    (void)arg;
    (void)is_cut;
    (void)slice_copy(record, studied, sizeof studied);
}

static void on_studied(void *arg, const char *why)
{
    (void)arg;
    snprintf(failure, sizeof failure, "%s", why != NULL ? why : "");
    studies++;
}

static bool is_studied(void)
{
    return studies > 0;
}

static const struct casebook_study study = { .run = run_study, .done = on_studied };

Test(casebook, lends_a_record_to_whoever_studies_it)
{
    add("what happened");
    reopen();
    casebook_study(casebook, 1, &study);
    cr_assert_eq(studies, 0);
    turn_until(is_studied);
    cr_assert_str_eq(studied, "what happened");
    cr_assert_str_eq(failure, "");
}

Test(casebook, says_why_a_record_cannot_be_read)
{
    struct stat status;
    char path[256];

    add("what happened");
    reopen();
    path_of(1, path);
    cr_assert_eq(stat(path, &status), 0);
    spoil(1, status.st_size - 1, 'D');
    casebook_study(casebook, 1, &study);
    turn_until(is_studied);
    cr_assert_not_null(strstr(failure, "torn"), "%s", failure);
    cr_assert_str_eq(studied, "");
    studies = 0;
    casebook_study(casebook, 77, &study);
    turn_until(is_studied);
    cr_assert_not_null(strstr(failure, "cannot open"), "%s", failure);
}

Test(casebook, answers_every_study_also_at_the_end)
{
    add("a");
    for (int i = 0; i < 20; i++)
        casebook_study(casebook, 1, &study);
    reopen();
    cr_assert_eq(studies, 20);
}
