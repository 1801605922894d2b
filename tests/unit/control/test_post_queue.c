/* The queue of a receiver in memory and on disk, and what becomes of a bad file. src/control/post_queue.c */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "control/post_queue_priv.h"

static char top[64];
static char folder[80];
static char path[96];
static char logged[4096];

static void keep_line(void *arg, const char *line, size_t len)
{
    size_t have = strlen(logged);

    (void)arg;
    snprintf(logged + have, sizeof logged - have, "%.*s", (int)len, line);
}

static void begin(void)
{
    snprintf(top, sizeof top, "/tmp/post_queue.XXXXXX");
    cr_assert_not_null(mkdtemp(top));
    snprintf(folder, sizeof folder, "%s/outbox", top);
    snprintf(path, sizeof path, "%s/w.jsonl", folder);
    log_set_sink(keep_line, NULL);
}

static void end(void)
{
    log_set_sink(NULL, NULL);
    unlink(path);
    (void)rmdir(folder);
    (void)rmdir(top);
}

TestSuite(post_queue, .init = begin, .fini = end);

static struct post_queue *reopen(struct post_queue *queue)
{
    post_queue_close(queue);
    return post_queue_open(folder, "w");
}

static void add(struct post_queue *queue, unsigned from, unsigned to)
{
    char id[16];
    char json[64];

    for (unsigned i = from; i <= to; i++) {
        snprintf(id, sizeof id, "%u", i);
        snprintf(json, sizeof json, "{\"kind\":\"x\",\"event\":{\"n\":%u}}", i);
        post_queue_add(queue, id, 1000 + i, i, slice_from(json));
    }
    post_queue_sync(queue);
}

static void expect_head(const struct post_queue *queue, const char *id)
{
    const struct post_item *head = post_queue_head(queue);

    cr_assert_not_null(head);
    cr_expect_str_eq(head->id, id);
}

static off_t size_of_file(void)
{
    struct stat st;

    cr_assert_eq(stat(path, &st), 0);
    return st.st_size;
}

Test(post_queue, is_the_same_after_a_restart)
{
    struct post_queue *queue = post_queue_open(folder, "w");
    struct stat st;

    add(queue, 1, 5);
    post_queue_add(queue, "3", 1, 1, SLICE("{}"));
    cr_expect_eq(post_queue_view(queue).count, 5, "an id is there once");
    post_queue_remove(queue, "1");
    post_queue_remove(queue, "4");
    post_queue_remove(queue, "nobody");
    queue = reopen(queue);
    cr_expect_eq(post_queue_view(queue).count, 3);
    cr_expect_eq(post_queue_view(queue).oldest_us, 1002);
    expect_head(queue, "2");
    cr_expect_str_eq(post_queue_head(queue)->json, "{\"kind\":\"x\",\"event\":{\"n\":2}}");
    cr_expect_eq(post_queue_head(queue)->count, 2);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    post_queue_remove(queue, "2");
    post_queue_remove(queue, "3");
    post_queue_remove(queue, "5");
    cr_expect_null(post_queue_head(queue));
    cr_expect_eq(size_of_file(), 0, "nothing is kept of what is done");
    post_queue_close(queue);
}

Test(post_queue, the_oldest_go_when_it_is_full)
{
    struct post_queue *queue = post_queue_open(folder, "w");

    post_queue_limit(queue, 3, UINT64_MAX);
    add(queue, 1, 10);
    cr_expect_eq(post_queue_view(queue).count, 3);
    cr_expect_eq(post_queue_view(queue).dropped, 7);
    expect_head(queue, "8");
    cr_expect_not_null(strstr(logged, "is full"));
    post_queue_limit(queue, 100, 1);
    cr_expect_eq(post_queue_view(queue).count, 1, "the newest one stays in any case");
    queue = reopen(queue);
    expect_head(queue, "10");
    post_queue_close(queue);
}

Test(post_queue, damaged_lines_are_named_and_left_out)
{
    static const char lines[] = "{\"id\":\"1\",\"at\":5,\"count\":1,\"event\":{\"kind\":\"x\"}}\n"
                                "garbage\n"
                                "{\"id\":\"2\",\"at\":5,\"count\":1}\n"
                                "{\"id\":\"3\",\"at\":6,\"count\":1,\"event\":{\"kind\":\"y\"}}\n"
                                "{\"id\":\"4\",\"at\":5,\"cou";
    struct post_queue *queue = NULL;
    FILE *file = NULL;

    cr_assert_eq(mkdir(folder, 0700), 0);
    file = fopen(path, "w");
    cr_assert(fwrite(lines, 1, sizeof lines - 1, file) == sizeof lines - 1);
    for (unsigned i = 0; i < 100000; i++) /* of a line without an end */
        fputc('x', file);
    fclose(file);
    queue = post_queue_open(folder, "w");
    cr_expect_eq(post_queue_view(queue).count, 2);
    cr_expect_eq(post_queue_view(queue).damaged, 3);
    cr_expect_not_null(strstr(logged, "line=2 is damaged"), "%s", logged);
    cr_expect_not_null(strstr(logged, "line=5 is damaged"), "%s", logged);
    expect_head(queue, "1");
    add(queue, 7, 7);
    queue = reopen(queue);
    cr_expect_eq(post_queue_view(queue).count, 3);
    cr_expect_eq(post_queue_view(queue).damaged, 0);
    post_queue_close(queue);
}

Test(post_queue, the_file_does_not_grow_with_what_is_done)
{
    struct post_queue *queue = post_queue_open(folder, "w");
    char id[16];

    add(queue, 1, 1);
    for (unsigned i = 2; i < 3000; i++) {
        add(queue, i, i);
        snprintf(id, sizeof id, "%u", i - 1);
        post_queue_remove(queue, id);
    }
    cr_expect_lt(size_of_file(), 100000);
    queue = reopen(queue);
    expect_head(queue, "2999");
    cr_expect_eq(post_queue_view(queue).count, 1);
    post_queue_close(queue);
}

/* A limit of file size stands for a full disk. */
Test(post_queue, a_full_disk_costs_nothing_but_the_file)
{
    struct post_queue *queue = post_queue_open(folder, "w");
    struct rlimit was;
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    add(queue, 1, 2);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = (struct rlimit){ (rlim_t)size_of_file() + 10, was.rlim_max };
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    add(queue, 3, 4);
    cr_expect_eq(post_queue_view(queue).count, 4, "they are still there to be sent");
    cr_expect_gt(post_queue_view(queue).unsaved, 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
    cr_expect_not_null(strstr(logged, "kept in memory"));
    add(queue, 5, 5);
    queue = reopen(queue);
    cr_expect_eq(post_queue_view(queue).count, 5, "all is written once there is room");
    cr_expect_eq(post_queue_view(queue).damaged, 0);
    expect_head(queue, "1");
    post_queue_close(queue);
}

Test(post_queue, without_a_folder_it_is_in_memory)
{
    struct post_queue *queue = post_queue_open("/proc/nowhere/outbox", "w");

    add(queue, 1, 2);
    expect_head(queue, "1");
    post_queue_remove(queue, "1");
    expect_head(queue, "2");
    cr_expect_not_null(strstr(logged, "kept in memory"));
    post_queue_close(queue);
}
