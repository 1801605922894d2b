/* One log file without its thread: time is given, disks are /dev/full, pipes and vanishing folders. */
#include "base/log_file_priv.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static char folder[64];
static char path[96];

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/switchyard-log-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/logs/access.log", folder);
}

static void run_shell(char *command)
{
    cr_assert_eq(system(command), 0, "%s", command);
    free(command);
}

static void tear_down(void)
{
    run_shell(mem_format("rm -rf '%s'", folder));
}

TestSuite(log_file, .init = set_up, .fini = tear_down);

static void add(struct log_file *file, const char *line, uint64_t now_us)
{
    size_t before = file->batch.len;

    text_add(&file->batch, line);
    log_file_end_line(file, before, now_us);
}

static void expect_content(const char *name, const char *content)
{
    char *bytes = mem_zalloc(1u << 20);
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
    cr_assert_geq(read(fd, bytes, (1u << 20) - 1), 0);
    close(fd);
    cr_assert_str_eq(bytes, content);
    free(bytes);
}

static void expect_counts(const struct log_file *file, uint64_t lines, uint64_t dropped,
                          uint64_t errors)
{
    cr_expect_eq(file->lines, lines, "lines %lu", (unsigned long)file->lines);
    cr_expect_eq(file->dropped, dropped, "dropped %lu", (unsigned long)file->dropped);
    cr_expect_eq(file->errors, errors, "errors %lu", (unsigned long)file->errors);
}

Test(log_file, makes_its_folder_and_appends)
{
    struct log_file file;
    struct stat st;

    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    add(&file, "one\n", 0);
    add(&file, "two\n", 0);
    expect_content(path, "");
    log_file_flush(&file, 0);
    expect_content(path, "one\ntwo\n");
    log_file_fini(&file);
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    add(&file, "three\n", 0);
    log_file_flush(&file, 0);
    expect_content(path, "one\ntwo\nthree\n");
    expect_counts(&file, 1, 0, 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 07, 0, "a log is not for everybody");
    log_file_fini(&file);
}

Test(log_file, a_path_without_its_parents_is_an_error)
{
    struct log_file file;

    snprintf(path, sizeof path, "%s/no/such/access.log", folder);
    errno = 0;
    cr_assert_eq(log_file_init(&file, path), ERR_IO);
    cr_assert_eq(errno, ENOENT);
}

Test(log_file, one_that_is_off_takes_nothing_and_counts_nothing)
{
    struct log_file file;

    cr_assert_eq(log_file_init(&file, ""), ERR_OK);
    cr_assert(log_file_is_off(&file));
    add(&file, "one\n", 0);
    log_file_flush(&file, 0);
    expect_counts(&file, 0, 0, 0);
    log_file_fini(&file);
}

Test(log_file, writes_when_the_batch_is_full)
{
    struct log_file file;
    char line[1025];
    struct stat st;

    memset(line, 'x', 1023);
    line[1023] = '\n';
    line[1024] = '\0';
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    for (int i = 0; i < LOG_FILE_BATCH_BYTES / 1024; i++) {
        cr_assert_eq(stat(path, &st), 0);
        cr_assert_eq(st.st_size, 0);
        add(&file, line, 0);
    }
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_size, LOG_FILE_BATCH_BYTES);
    cr_assert_eq(file.batch.len, 0);
    expect_counts(&file, LOG_FILE_BATCH_BYTES / 1024, 0, 0);
    log_file_fini(&file);
}

Test(log_file, a_line_of_a_whole_batch_fits_behind_others_and_a_longer_one_is_dropped)
{
    struct log_file file;
    size_t most = LOG_FILE_BATCH_BYTES;
    char *line = mem_alloc(3 * most);

    memset(line, 'x', 3 * most);
    line[most - 1] = '\n';
    line[most] = '\0';
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    add(&file, "short\n", 0);
    add(&file, line, 0);
    expect_counts(&file, 2, 0, 0);
    add(&file, "before\n", 0);
    line[most - 1] = 'x';
    line[most] = 'x';
    line[2 * most + 10] = '\0';
    add(&file, line, 0);
    add(&file, "after\n", 0);
    log_file_flush(&file, 0);
    expect_counts(&file, 4, 1, 0);
    free(line);
    log_file_fini(&file);
}

Test(log_file, a_full_disk_costs_lines_and_is_tried_once_a_second)
{
    struct log_file file;

    cr_assert_eq(log_file_init(&file, "/dev/full"), ERR_OK);
    add(&file, "one\n", 0);
    add(&file, "two\n", 0);
    log_file_flush(&file, 1000);
    expect_counts(&file, 0, 2, 1);
    cr_assert_eq(file.error, ENOSPC);
    add(&file, "three\n", 0);
    log_file_flush(&file, 1000 + LOG_FILE_RETRY_US - 1);
    expect_counts(&file, 0, 3, 1);
    add(&file, "four\n", 0);
    log_file_flush(&file, 1000 + LOG_FILE_RETRY_US);
    expect_counts(&file, 0, 4, 2);
    log_file_move(&file, path);
    add(&file, "five\n", 0);
    log_file_flush(&file, 1000 + LOG_FILE_RETRY_US + 1);
    expect_counts(&file, 1, 4, 2);
    cr_assert_eq(file.error, 0);
    expect_content(path, "five\n");
    log_file_fini(&file);
}

/* RLIMIT_FSIZE gives a short write and then EFBIG, as a disk does that fills up in the middle. */
Test(log_file, a_torn_line_does_not_spoil_the_next)
{
    struct rlimit limit = { 6, RLIM_INFINITY };
    struct log_file file;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(&file, "one\n", 0);
    add(&file, "two\n", 0);
    add(&file, "three\n", 0);
    log_file_flush(&file, 0);
    expect_counts(&file, 1, 2, 1);
    expect_content(path, "one\ntw");
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(&file, "four\n", 0);
    log_file_flush(&file, LOG_FILE_RETRY_US);
    expect_counts(&file, 2, 2, 1);
    expect_content(path, "one\ntw\nfour\n");
    log_file_fini(&file);
}

Test(log_file, a_torn_line_is_forgotten_in_a_new_file)
{
    struct rlimit limit = { 2, RLIM_INFINITY };
    struct log_file file;
    char other[96];

    signal(SIGXFSZ, SIG_IGN);
    snprintf(other, sizeof other, "%s/other.log", folder);
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(&file, "one\n", 0);
    log_file_flush(&file, 0);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_file_move(&file, other);
    add(&file, "two\n", 0);
    log_file_flush(&file, 1);
    expect_content(other, "two\n");
    log_file_fini(&file);
}

Test(log_file, a_vanished_folder_is_made_again)
{
    struct log_file file;

    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    add(&file, "one\n", 0);
    log_file_flush(&file, 0);
    run_shell(mem_format("rm -rf '%s/logs'", folder));
    add(&file, "two\n", 0);
    log_file_flush(&file, LOG_FILE_RETRY_US);
    expect_content(path, "two\n");
    expect_counts(&file, 2, 0, 0);
    log_file_fini(&file);
}

Test(log_file, lines_are_dropped_while_the_folder_cannot_be_made)
{
    struct log_file file;

    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    run_shell(mem_format("rm -rf '%s/logs' && touch '%s/logs'", folder, folder));
    add(&file, "one\n", 0);
    log_file_flush(&file, LOG_FILE_RETRY_US);
    expect_counts(&file, 0, 1, 1);
    cr_assert_eq(file.error, ENOTDIR);
    run_shell(mem_format("rm '%s/logs'", folder));
    add(&file, "two\n", 0);
    log_file_flush(&file, 3 * LOG_FILE_RETRY_US);
    expect_content(path, "two\n");
    expect_counts(&file, 1, 1, 1);
    cr_assert_eq(file.error, 0);
    log_file_fini(&file);
}

Test(log_file, reopens_after_a_rename)
{
    struct log_file file;
    char old[96];

    snprintf(old, sizeof old, "%s/old.log", folder);
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    add(&file, "one\n", 0);
    log_file_flush(&file, 0);
    cr_assert_eq(rename(path, old), 0);
    add(&file, "two\n", 0);
    log_file_flush(&file, 1);
    log_file_reopen(&file);
    add(&file, "three\n", 0);
    log_file_flush(&file, 2);
    expect_content(old, "one\ntwo\n");
    expect_content(path, "three\n");
    log_file_fini(&file);
}

Test(log_file, writes_on_in_the_old_file_while_a_reopen_fails)
{
    struct log_file file;
    char old[96];

    snprintf(old, sizeof old, "%s/old.log", folder);
    cr_assert_eq(log_file_init(&file, path), ERR_OK);
    run_shell(mem_format("mv '%s' '%s' && rmdir '%s/logs' && touch '%s/logs'", path, old, folder,
                         folder));
    log_file_reopen(&file);
    for (uint64_t now_us = 0; now_us < LOG_FILE_RETRY_US; now_us += LOG_FILE_RETRY_US / 4) {
        add(&file, "kept\n", now_us);
        log_file_flush(&file, now_us);
    }
    expect_counts(&file, 4, 0, 1);
    expect_content(old, "kept\nkept\nkept\nkept\n");
    cr_assert_eq(file.error, ENOTDIR);
    log_file_fini(&file);
}

Test(log_file, a_pipe_without_a_reader_does_not_hold_us)
{
    struct log_file file;

    cr_assert_eq(log_file_init(&file, ""), ERR_OK);
    log_file_move(&file, path);
    log_file_flush(&file, 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    log_file_reopen(&file);
    add(&file, "one\n", 1);
    log_file_flush(&file, 1);
    expect_counts(&file, 0, 1, 1);
    cr_assert_eq(file.error, ENXIO);
    log_file_fini(&file);
}
