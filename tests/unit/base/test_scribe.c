/* The scribe's thread, seen through its files and counts. scribe_free writes what is there, so that no
 * test has to sleep; where something must have happened before, the test waits for the count. */
#include "base/scribe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/ring.h"

static char folder[64];
static char access_path[96];
static char log_path[96];
static char prefix[] = "> ";

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/switchyard-scribe-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(access_path, sizeof access_path, "%s/logs/access.log", folder);
    snprintf(log_path, sizeof log_path, "%s/switchyard.log", folder);
}

static void tear_down(void)
{
    char *command = mem_format("rm -rf '%s'", folder);

    cr_assert_eq(system(command), 0);
    free(command);
}

TestSuite(scribe, .init = set_up, .fini = tear_down);

static void format_line(void *arg, const void *record, size_t size, struct text *out)
{
    text_add(out, arg);
    text_add_slice(out, slice_of(record, size));
    text_add(out, "\n");
}

static struct scribe *start(const char *access, const char *log, struct ring **rings, size_t count)
{
    struct scribe_options options = { .access_path = access,
                                      .log_path = log,
                                      .format = format_line,
                                      .format_arg = prefix,
                                      .rings = rings,
                                      .ring_count = count };
    struct scribe *scribe = NULL;

    cr_assert_eq(scribe_new(&options, &scribe), ERR_OK, "%s", strerror(errno));
    return scribe;
}

static void put(struct ring *ring, const char *words)
{
    void *room = ring_reserve(ring, strlen(words));

    cr_assert_not_null(room);
    memcpy(room, words, strlen(words));
    ring_commit(ring, strlen(words));
}

static char *read_file(const char *name)
{
    char *bytes = mem_zalloc(1u << 22);
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
    cr_assert_geq(read(fd, bytes, (1u << 22) - 1), 0);
    close(fd);
    return bytes;
}

static void expect_content(const char *name, const char *content)
{
    char *bytes = read_file(name);

    cr_expect_str_eq(bytes, content);
    free(bytes);
}

/* Until lines + dropped is the number; ten seconds are a failure. */
static void wait_handled(struct scribe *scribe, uint64_t number)
{
    uint64_t end_us = clock_monotonic_us() + 10000000u;
    struct scribe_counts counts = scribe_counts(scribe);

    while (counts.lines + counts.dropped < number && clock_monotonic_us() < end_us) {
        sched_yield();
        counts = scribe_counts(scribe);
    }
    cr_assert_eq(counts.lines + counts.dropped, number, "%lu lines, %lu dropped",
                 (unsigned long)counts.lines, (unsigned long)counts.dropped);
}

static void wait_exists(const char *name)
{
    uint64_t end_us = clock_monotonic_us() + 10000000u;

    while (access(name, F_OK) != 0 && clock_monotonic_us() < end_us)
        sched_yield();
    cr_assert_eq(access(name, F_OK), 0, "%s", name);
}

Test(scribe, formats_all_rings_into_one_file)
{
    struct ring *rings[2] = { ring_new(4096), ring_new(4096) };
    struct scribe *scribe = NULL;

    put(rings[0], "a1");
    put(rings[0], "a2");
    put(rings[1], "b1");
    scribe = start(access_path, log_path, rings, 2);
    scribe_free(scribe);
    expect_content(access_path, "> a1\n> a2\n> b1\n");
    expect_content(log_path, "");
    ring_free(rings[0]);
    ring_free(rings[1]);
}

Test(scribe, writes_without_being_asked)
{
    struct ring *ring = ring_new(4096);
    struct scribe *scribe = start(access_path, log_path, &ring, 1);

    put(ring, "soon");
    wait_handled(scribe, 1);
    expect_content(access_path, "> soon\n");
    scribe_free(scribe);
    ring_free(ring);
}

Test(scribe, drops_records_without_an_access_log)
{
    struct ring *ring = ring_new(4096);
    struct scribe *scribe = start(NULL, log_path, &ring, 1);
    size_t size = 0;

    put(ring, "nobody wants it");
    scribe_free(scribe);
    cr_assert_null(ring_peek(ring, &size));
    ring_free(ring);
}

Test(scribe, is_a_sink_of_the_log)
{
    struct scribe *scribe = start(NULL, log_path, NULL, 0);
    char *bytes = NULL;

    log_set_sink(scribe_sink, scribe);
    LOG_WARN("low_disk", "left=%d", 7);
    log_set_sink(NULL, NULL);
    wait_handled(scribe, 1);
    scribe_free(scribe);
    bytes = read_file(log_path);
    cr_assert_not_null(strstr(bytes, "Z warn low_disk left=7\n"), "%s", bytes);
    free(bytes);
}

struct talker {
    pthread_t thread;
    struct scribe *scribe;
    char name;
};

enum { TALKERS = 4, WORDS_EACH = 2000 };

static void *run_talker(void *arg)
{
    struct talker *talker = arg;
    char line[32];

    for (int i = 0; i < WORDS_EACH; i++) {
        int len = snprintf(line, sizeof line, "%c%05d\n", talker->name, i);

        scribe_sink(talker->scribe, line, (size_t)len);
    }
    return NULL;
}

Test(scribe, many_threads_lose_nothing_silently)
{
    struct scribe *scribe = start(NULL, log_path, NULL, 0);
    struct talker talkers[TALKERS];
    struct scribe_counts counts;
    char *bytes = NULL;
    size_t lines = 0;

    for (int i = 0; i < TALKERS; i++) {
        talkers[i] = (struct talker){ .scribe = scribe, .name = (char)('a' + i) };
        cr_assert_eq(pthread_create(&talkers[i].thread, NULL, run_talker, &talkers[i]), 0);
    }
    for (int i = 0; i < TALKERS; i++)
        pthread_join(talkers[i].thread, NULL);
    wait_handled(scribe, TALKERS * WORDS_EACH);
    counts = scribe_counts(scribe);
    scribe_free(scribe);
    bytes = read_file(log_path);
    for (char *at = bytes; *at != '\0'; at += 7, lines++)
        cr_assert(at[0] >= 'a' && at[0] < 'a' + TALKERS && at[6] == '\n', "line %zu", lines);
    cr_assert_eq(lines, counts.lines);
    free(bytes);
}

Test(scribe, says_in_its_log_that_the_access_log_fails)
{
    struct ring *ring = ring_new(4096);
    struct scribe *scribe = start("/dev/full", log_path, &ring, 1);
    struct scribe_counts counts;
    char *bytes = NULL;

    put(ring, "lost");
    wait_handled(scribe, 2); /* one dropped, one line about it */
    counts = scribe_counts(scribe);
    cr_expect_eq(counts.dropped, 1);
    cr_expect_eq(counts.write_errors, 1);
    scribe_move(scribe, access_path, NULL);
    wait_exists(access_path);
    put(ring, "kept");
    wait_handled(scribe, 4); /* that one, and a line that says so */
    scribe_free(scribe);
    bytes = read_file(log_path);
    cr_expect_not_null(strstr(bytes, " error log_file_failed log=access path=\"/dev/full\""), "%s",
                       bytes);
    cr_expect_not_null(strstr(bytes, "No space left"), "%s", bytes);
    cr_expect_not_null(strstr(bytes, " warn log_file_restored log=access"), "%s", bytes);
    free(bytes);
    bytes = read_file(access_path);
    cr_expect_str_eq(bytes, "> kept\n");
    free(bytes);
    ring_free(ring);
}

Test(scribe, a_full_log_does_not_log_about_itself)
{
    struct scribe *scribe = start(NULL, "/dev/full", NULL, 0);
    struct scribe_counts counts;

    scribe_sink(scribe, "one\n", 4);
    wait_handled(scribe, 1);
    scribe_sink(scribe, "two\n", 4);
    wait_handled(scribe, 2);
    counts = scribe_counts(scribe);
    cr_assert_eq(counts.lines, 0);
    cr_assert_eq(counts.dropped, 2);
    cr_assert_leq(counts.write_errors, 2);
    scribe_free(scribe);
}

Test(scribe, reopens_on_request)
{
    struct ring *ring = ring_new(4096);
    struct scribe *scribe = start(access_path, log_path, &ring, 1);
    char old[96];

    snprintf(old, sizeof old, "%s/old.log", folder);
    put(ring, "one");
    wait_handled(scribe, 1);
    cr_assert_eq(rename(access_path, old), 0);
    scribe_reopen(scribe);
    wait_exists(access_path);
    put(ring, "two");
    scribe_free(scribe);
    expect_content(old, "> one\n");
    expect_content(access_path, "> two\n");
    ring_free(ring);
}

Test(scribe, moves_both_files)
{
    struct ring *ring = ring_new(4096);
    struct scribe *scribe = start(NULL, log_path, &ring, 1);
    char other[96];

    snprintf(other, sizeof other, "%s/other.log", folder);
    scribe_sink(scribe, "here\n", 5);
    wait_handled(scribe, 1);
    scribe_move(scribe, access_path, NULL);
    scribe_move(scribe, NULL, other);
    wait_exists(access_path);
    wait_exists(other);
    put(ring, "now");
    scribe_sink(scribe, "there\n", 6);
    scribe_free(scribe);
    expect_content(log_path, "here\n");
    expect_content(access_path, "> now\n");
    expect_content(other, "there\n");
    ring_free(ring);
}

Test(scribe, a_full_ring_counts_as_dropped)
{
    struct ring *ring = ring_new(64);
    struct scribe *scribe = NULL;

    put(ring, "12345678901234567890");
    put(ring, "12345678901234567890");
    cr_assert_null(ring_reserve(ring, 20));
    scribe = start(access_path, log_path, &ring, 1);
    wait_handled(scribe, 3);
    cr_assert_eq(scribe_counts(scribe).dropped, 1);
    scribe_free(scribe);
    ring_free(ring);
}

Test(scribe, refuses_a_path_it_cannot_open)
{
    char *path = mem_format("%s/no/such/file.log", folder);
    struct scribe_options options = { .access_path = path, .log_path = log_path };
    struct scribe *scribe = NULL;

    errno = 0;
    cr_assert_eq(scribe_new(&options, &scribe), ERR_IO);
    cr_assert_eq(errno, ENOENT);
    cr_assert_null(scribe);
    options.access_path = NULL;
    options.log_path = path;
    cr_assert_eq(scribe_new(&options, &scribe), ERR_IO);
    cr_assert_eq(errno, ENOENT);
    scribe_free(NULL);
    free(path);
}

Test(scribe, something_else_is_not_a_scribe, .signal = SIGABRT)
{
    char other[256] = { 0 };

    scribe_sink(other, "x\n", 2);
}
