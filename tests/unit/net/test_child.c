/* Programs that are run: their end, their output, their time. src/net/child.c */
#include "net/child.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/loop.h"

static struct loop *loop;
static struct child_result answer;
static unsigned answers;

static void begin(void)
{
    loop = loop_new();
    answers = 0;
}

static void end(void)
{
    loop_free(loop);
}

TestSuite(child, .init = begin, .fini = end);

static void on_done(void *arg, const struct child_result *result)
{
    cr_assert_eq(arg, &answer);
    answer = *result;
    answers++;
    loop_stop(loop);
}

static void run(const char *command, const char *const *more, uint64_t timeout_us)
{
    struct child_spec spec = { .command = command, .more = more, .timeout_us = timeout_us };

    cr_assert_not_null(child_start(loop, &spec, on_done, &answer));
    cr_assert_eq(answers, 0, "never from inside");
    loop_run(loop);
    cr_assert_eq(answers, 1);
}

#define LONG_US (60ULL * 1000000)

Test(child, says_how_it_ended)
{
    run("/bin/true", NULL, LONG_US);
    cr_expect_eq(answer.code, 0);
    cr_expect(!answer.is_timed_out && answer.signal == 0);
    cr_expect_not_null(strstr(answer.words, "exit 0"));
    answers = 0;
    run("/bin/false", NULL, LONG_US);
    cr_expect_eq(answer.code, 1);
}

/* A child whose end nobody keeps is neither waited for in vain nor taken for a good one. */
Test(child, ends_also_where_its_signal_is_ignored)
{
    signal(SIGCHLD, SIG_IGN);
    run("/bin/sleep 1000", NULL, 20 * 1000);
    signal(SIGCHLD, SIG_DFL);
    cr_expect(answer.is_timed_out);
    cr_expect_eq(answer.code, -1);
    cr_expect_eq(answer.signal, 0);
}

Test(child, words_are_cut_at_blanks_without_a_shell)
{
    run("/bin/echo  one $HOME  `two` ;three", NULL, LONG_US);
    cr_expect_str_eq(answer.output, "one $HOME `two` ;three\n");
}

Test(child, has_the_environment_that_is_given_and_little_else)
{
    static const char *const more[] = { "SWITCHYARD_SERVICE=shop", "SWITCHYARD_PHASE=cutover",
                                        NULL };

    setenv("OUR_SECRET", "hidden", 1);
    run("/usr/bin/env", more, LONG_US);
    cr_expect_not_null(strstr(answer.output, "SWITCHYARD_SERVICE=shop\n"));
    cr_expect_not_null(strstr(answer.output, "SWITCHYARD_PHASE=cutover\n"));
    cr_expect_not_null(strstr(answer.output, "PATH="));
    cr_expect_null(strstr(answer.output, "hidden"));
}

Test(child, has_nothing_of_ours_open)
{
    run("/bin/ls /proc/self/fd", NULL, LONG_US);
    cr_expect_str_eq(answer.output, "0\n1\n2\n3\n", "3 is the folder itself: %s", answer.output);
}

Test(child, only_the_beginning_of_its_output_is_kept_and_none_blocks_it)
{
    run("/usr/bin/head -c 1000000 /dev/zero", NULL, LONG_US);
    cr_expect_eq(answer.code, 0);
    cr_expect_eq(answer.output_len, CHILD_OUTPUT_MAX);
}

Test(child, what_cannot_be_started_is_told_later)
{
    run("/no/such/program", NULL, LONG_US);
    cr_expect_eq(answer.code, CHILD_NO_START);
    cr_expect_not_null(strstr(answer.words, "No such file"), "%s", answer.words);
    answers = 0;
    run("  ", NULL, LONG_US);
    cr_expect_eq(answer.code, CHILD_NO_START);
}

Test(child, whoever_takes_too_long_is_ended)
{
    run("/bin/sleep 1000", NULL, 20 * 1000);
    cr_expect(answer.is_timed_out);
    cr_expect_eq(answer.signal, SIGTERM);
    cr_expect_not_null(strstr(answer.words, "ended by us"));
}

Test(child, a_signal_is_told)
{
    static const char script[] = "#!/bin/sh\nkill -9 $$\n";
    char path[] = "/tmp/unit-net-child-XXXXXX";
    int fd = mkstemp(path);

    cr_assert_eq(write(fd, script, sizeof script - 1), (ssize_t)sizeof script - 1);
    cr_assert_eq(fchmod(fd, 0700), 0);
    close(fd);
    run(path, NULL, LONG_US);
    unlink(path);
    cr_expect_eq(answer.code, -1);
    cr_expect_eq(answer.signal, SIGKILL);
    cr_expect_not_null(strstr(answer.words, "ended by signal 9"));
}

Test(child, a_cancelled_one_is_gone_without_a_word)
{
    struct child_spec spec = { .command = "/bin/sleep 1000", .timeout_us = LONG_US };

    child_cancel(child_start(loop, &spec, on_done, &answer));
    child_cancel(NULL);
    run("/bin/true", NULL, LONG_US);
    cr_expect_eq(answers, 1);
}

struct pieces {
    size_t out_len;
    size_t err_len;
    char out[64];
    struct child *child;
};

static void on_bytes(void *arg, enum child_source source, const char *bytes, size_t len)
{
    struct pieces *pieces = arg;
    size_t room = sizeof pieces->out - 1 - pieces->out_len;

    if (source == CHILD_OUT && pieces->out_len < sizeof pieces->out - 1)
        memcpy(pieces->out + pieces->out_len, bytes, len < room ? len : room);
    if (source == CHILD_OUT)
        pieces->out_len += len;
    else
        pieces->err_len += len;
    if (pieces->child != NULL)
        child_stop(pieces->child);
}

Test(child, long_output_comes_in_pieces_and_errors_apart)
{
    static const char *const words[] = {
        "/bin/sh", "-c", "head -c 3000000 /dev/zero; head -c 200000 /dev/zero >&2; exit 4", NULL
    };
    struct pieces pieces = { .out_len = 0 };
    struct child_spec spec = {
        .words = words, .timeout_us = LONG_US, .on_bytes = on_bytes, .bytes_arg = &pieces
    };

    cr_assert_not_null(child_start(loop, &spec, on_done, &answer));
    loop_run(loop);
    cr_expect_eq(answer.code, 4);
    cr_expect_eq(pieces.out_len, 3000000);
    cr_expect_eq(pieces.err_len, 200000);
    cr_expect_eq(answer.output_len, CHILD_OUTPUT_MAX, "the first errors are kept");
}

Test(child, words_may_hold_blanks_and_a_priority_may_be_given)
{
    static const char *const words[] = { "/bin/sh", "-c",        "printf '%s ' \"$1\"; nice",
                                         "sh",      "two words", NULL };
    struct pieces pieces = { .out_len = 0 };
    struct child_spec spec = {
        .words = words, .timeout_us = LONG_US, .nice = 3, .on_bytes = on_bytes, .bytes_arg = &pieces
    };

    cr_assert_not_null(child_start(loop, &spec, on_done, &answer));
    loop_run(loop);
    cr_expect_eq(strncmp(pieces.out, "two words ", 10), 0, "%s", pieces.out);
    cr_expect_eq(answer.code, 0);
}

Test(child, one_that_is_stopped_says_so)
{
    static const char *const words[] = { "/bin/sh", "-c", "echo here; exec sleep 1000", NULL };
    struct pieces pieces = { .out_len = 0 };
    struct child_spec spec = {
        .words = words, .timeout_us = LONG_US, .on_bytes = on_bytes, .bytes_arg = &pieces
    };

    pieces.child = child_start(loop, &spec, on_done, &answer);
    loop_run(loop);
    cr_expect(answer.is_stopped && !answer.is_timed_out);
    cr_expect_eq(answer.signal, SIGTERM);
    cr_expect_not_null(strstr(answer.words, "stopped"));
}
