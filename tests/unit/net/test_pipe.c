/* Moving bytes through a kernel pipe, and its pool: net/stream.h. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "drive.h"

static struct loop *loop;
static struct watch from;
static struct watch to;
static int source;
static int sink;

static void set_up(void)
{
    loop = loop_new();
    source = watch_open_pair(&from, loop);
    sink = watch_open_pair(&to, loop);
}

static void tear_down(void)
{
    stream_close(&from.stream);
    stream_close(&to.stream);
    close(source);
    close(sink);
    loop_free(loop);
}

TestSuite(pipe, .init = set_up, .fini = tear_down);

Test(pipe, moves_bytes_in_order)
{
    struct pipe *pipe = pipe_lease(loop);
    char bytes[16] = "";

    cr_assert_not_null(pipe);
    cr_assert(pipe_capacity(pipe) >= 4096);
    from.stream.readable = true;
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 100), ERR_AGAIN);
    cr_assert_not(from.stream.readable);
    cr_assert_eq(write(source, "0123456789", 10), 10);
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 4), 4);
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 100), 6);
    cr_assert_eq(pipe_used(pipe), 10);
    cr_assert_eq(stream_splice_out(&to.stream, pipe, 3, false), 3);
    cr_assert_eq(stream_splice_out(&to.stream, pipe, pipe_used(pipe), false), 7);
    cr_assert_eq(pipe_used(pipe), 0);
    cr_assert_eq(read(sink, bytes, sizeof bytes), 10);
    cr_assert_str_eq(bytes, "0123456789");
    shutdown(source, SHUT_WR);
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 100), 0);
    pipe_return(loop, pipe);
}

/* An empty socket is not told apart from a full pipe while the pipe holds bytes: the socket stays readable. */
Test(pipe, with_bytes_inside_nothing_is_said_of_the_socket)
{
    struct pipe *pipe = pipe_lease(loop);

    cr_assert_eq(write(source, "x", 1), 1);
    from.stream.readable = true;
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 100), 1);
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 100), ERR_FULL);
    cr_assert(from.stream.readable);
    pipe_return(loop, pipe);
}

Test(pipe, bytes_of_one_user_never_reach_the_next)
{
    struct pipe *pipe = pipe_lease(loop);
    char bytes[8] = "";

    cr_assert_eq(write(source, "secret", 6), 6);
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 6), 6);
    pipe_return(loop, pipe);
    pipe = pipe_lease(loop);
    cr_assert_eq(pipe_used(pipe), 0);
    cr_assert_eq(write(source, "mine", 4), 4);
    cr_assert_eq(stream_splice_in(&from.stream, pipe, 4), 4);
    cr_assert_eq(stream_splice_out(&to.stream, pipe, 4, false), 4);
    cr_assert_eq(read(sink, bytes, sizeof bytes), 4);
    cr_assert_str_eq(bytes, "mine");
    pipe_return(loop, pipe);
}

Test(pipe, an_empty_one_is_used_again)
{
    struct pipe *pipe = pipe_lease(loop);
    struct pipe *other = pipe_lease(loop);

    cr_assert_neq(pipe, other);
    pipe_return(loop, pipe);
    cr_assert_eq(pipe_lease(loop), pipe);
    pipe_return(loop, pipe);
    pipe_return(loop, other);
}

Test(pipe, none_without_descriptors)
{
    struct rlimit before;
    struct rlimit few;
    struct pipe *pipe = NULL;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ .rlim_cur = 3, .rlim_max = before.rlim_max };
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    pipe = pipe_lease(loop);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_null(pipe);
}
