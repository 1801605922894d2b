/* Descriptors of others: net/fd_watch.h. */
#include "net/fd_watch.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "drive.h"

struct seen {
    struct fd_watch *watch;
    unsigned count;
    bool is_freeing;
};

static void on_ready(void *arg)
{
    struct seen *seen = arg;

    seen->count++;
    if (!seen->is_freeing)
        return;
    fd_watch_free(seen->watch);
    seen->watch = NULL;
}

static bool has_one(void *arg)
{
    const struct seen *seen = arg;

    return seen->count > 0;
}

Test(fd_watch, tells_of_reading_and_writing)
{
    struct loop *loop = loop_new();
    struct seen seen = { NULL, 0, false };
    int pair[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    seen.watch = fd_watch_new(loop, on_ready, &seen);
    cr_assert_eq(fd_watch_set(seen.watch, pair[0], false, true), ERR_OK);
    cr_assert(drive_until(loop, has_one, &seen));
    fd_watch_clear(seen.watch);
    seen.count = 0;
    cr_assert_eq(fd_watch_set(seen.watch, pair[0], true, false), ERR_OK);
    cr_assert_eq(write(pair[1], "x", 1), 1);
    cr_assert(drive_until(loop, has_one, &seen));
    cr_expect_eq(seen.count, 1u);
    fd_watch_free(seen.watch);
    fd_watch_free(NULL);
    close(pair[0]);
    close(pair[1]);
    loop_free(loop);
}

/* The number stays, the descriptor is another one. */
Test(fd_watch, a_descriptor_that_was_opened_again_is_watched_anew)
{
    struct loop *loop = loop_new();
    struct seen seen = { NULL, 0, true };
    int first[2];
    int second[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, first), 0);
    seen.watch = fd_watch_new(loop, on_ready, &seen);
    cr_assert_eq(fd_watch_set(seen.watch, first[0], true, false), ERR_OK);
    fd_watch_clear(seen.watch);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, second), 0);
    cr_assert_eq(dup2(second[0], first[0]), first[0]);
    cr_assert_eq(fd_watch_set(seen.watch, first[0], true, false), ERR_OK);
    cr_assert_eq(write(second[1], "x", 1), 1);
    cr_assert(drive_until(loop, has_one, &seen));
    cr_expect_null(seen.watch, "freed from its own callback");
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
    loop_free(loop);
}

Test(fd_watch, a_descriptor_that_is_none_is_an_error)
{
    struct loop *loop = loop_new();
    struct seen seen = { NULL, 0, false };
    int fd = dup(0);

    seen.watch = fd_watch_new(loop, on_ready, &seen);
    close(fd);
    cr_expect_eq(fd_watch_set(seen.watch, fd, true, false), ERR_IO);
    fd_watch_free(seen.watch);
    loop_free(loop);
}
