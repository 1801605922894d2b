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
