/* Readiness, ends and breaks of one connection: net/stream.h. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "drive.h"
#include "net/listener.h"

static struct loop *loop;
static struct watch watch;

static void set_up(void)
{
    loop = loop_new();
    watch = (struct watch){ .stream = { .fd = -1 } };
}

static void tear_down(void)
{
    stream_close(&watch.stream);
    loop_free(loop);
}

TestSuite(stream, .init = set_up, .fini = tear_down);

static void put(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool is_readable(void *arg)
{
    return ((struct watch *)arg)->stream.readable;
}

static bool has_hung_up(void *arg)
{
    return ((struct watch *)arg)->stream.hung_up;
}

/* The result is asked once: the kernel forgets an error that it has told. */
static int connect_result;

static bool is_connected(void *arg)
{
    connect_result = stream_connect_result(&((struct watch *)arg)->stream);
    return connect_result != ERR_AGAIN;
}

/* A TCP connection of this process: the watch is one end, the answer the other. */
static int connect_pair(void)
{
    struct address address;
    int listening = -1;
    int peer = -1;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:0"), &address), 0);
    cr_assert_eq(listener_bind(&address, 8, 0, &listening), 0);
    address.len = sizeof address.sa;
    cr_assert_eq(getsockname(listening, &address.sa.any, &address.len), 0);
    cr_assert_eq(stream_connect(&watch.stream, loop, &address, &watch_ops), 0);
    cr_assert_eq(stream_connect_result(&watch.stream), ERR_AGAIN);
    cr_assert(drive_until(loop, is_connected, &watch));
    cr_assert_eq(connect_result, 0);
    peer = accept(listening, NULL, NULL);
    cr_assert(peer >= 0);
    close(listening);
    return peer;
}

static void reset(int fd)
{
    struct linger linger = { .l_onoff = 1 };

    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

Test(stream, reads_what_came_until_there_is_no_more)
{
    int peer = watch_open_pair(&watch, loop);
    char bytes[8];

    put(peer, "hello");
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert_eq(stream_recv(&watch.stream, bytes, 3), 3);
    cr_assert(watch.stream.readable);
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 2);
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), ERR_AGAIN);
    cr_assert_not(watch.stream.readable);
    close(peer);
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert(watch.stream.hung_up);
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 0);
}

Test(stream, settles_after_a_short_read)
{
    int peer = watch_open_pair(&watch, loop);
    char bytes[8];

    put(peer, "hello");
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 5);
    stream_settle(&watch.stream);
    cr_assert_not(watch.stream.readable);
    put(peer, "again");
    cr_assert(drive_until(loop, is_readable, &watch), "the next bytes have an edge of their own");
    close(peer);
}

/* Bytes that were told of after the short read must not be forgotten by settling. */
Test(stream, does_not_settle_over_news)
{
    int peer = watch_open_pair(&watch, loop);
    char bytes[8];
    unsigned calls = 0;

    put(peer, "hello");
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 5);
    calls = watch.calls;
    put(peer, "more");
    cr_assert(watch_await(&watch, calls));
    stream_settle(&watch.stream);
    cr_assert(watch.stream.readable);
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 4);
    close(peer);
}

Test(stream, does_not_settle_over_an_end)
{
    int peer = watch_open_pair(&watch, loop);
    char bytes[8];

    put(peer, "bye");
    close(peer);
    cr_assert(drive_until(loop, has_hung_up, &watch));
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 3);
    stream_settle(&watch.stream);
    cr_assert(watch.stream.readable);
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 0);
}

Test(stream, tells_when_it_may_write_again)
{
    static char many[65536];
    int peer = watch_open_pair(&watch, loop);
    struct iovec piece = { many, sizeof many };
    size_t total = 0;
    unsigned calls = 0;
    ssize_t sent = 0;

    cr_assert(watch_await(&watch, 0));
    while ((sent = stream_send(&watch.stream, &piece, 1, false)) > 0)
        total += (size_t)sent;
    cr_assert_eq(sent, ERR_AGAIN);
    cr_assert_not(watch.stream.writable);
    calls = watch.calls;
    while (total > 0) {
        ssize_t count = read(peer, many, sizeof many);

        cr_assert(count > 0);
        total -= (size_t)count;
    }
    cr_assert(watch_await(&watch, calls));
    cr_assert(watch.stream.writable);
    close(peer);
}

Test(stream, sends_pieces_in_order)
{
    int peer = watch_open_pair(&watch, loop);
    char ab[] = "ab";
    char cde[] = "cde";
    char bytes[8] = "";
    struct iovec pieces[] = { { ab, 2 }, { NULL, 0 }, { cde, 3 } };

    cr_assert_eq(stream_send(&watch.stream, pieces, 3, false), 5);
    cr_assert_eq(read(peer, bytes, sizeof bytes), 5);
    cr_assert_eq(memcmp(bytes, "abcde", 5), 0);
    close(peer);
}

/* The reset was told together with bytes that looked like all there is; writing finds it, reading must too. */
Test(stream, looks_again_after_a_failed_send)
{
    int peer = connect_pair();
    char byte[] = "x";
    char bytes[16];
    struct iovec piece = { byte, 1 };
    struct pollfd broken = { .fd = watch.stream.fd };

    put(peer, "answer");
    reset(peer);
    cr_assert_eq(poll(&broken, 1, 5000), 1);
    cr_assert(broken.revents & POLLERR);
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert_eq(stream_recv(&watch.stream, bytes, sizeof bytes), 6);
    stream_settle(&watch.stream);
    cr_assert(stream_send(&watch.stream, &piece, 1, false) < 0);
    cr_assert(watch.stream.readable, "no event will come any more");
    cr_assert(stream_recv(&watch.stream, bytes, sizeof bytes) != ERR_AGAIN);
}

Test(stream, connects_and_knows_both_addresses)
{
    int peer = connect_pair();
    struct address local;
    struct address remote;
    struct address theirs = { .len = sizeof theirs.sa };

    stream_local_address(&watch.stream, &local);
    stream_peer_address(&watch.stream, &remote);
    cr_assert_eq(getpeername(peer, &theirs.sa.any, &theirs.len), 0);
    cr_assert_eq(local.sa.in.sin_port, theirs.sa.in.sin_port);
    cr_assert_neq(remote.sa.in.sin_port, local.sa.in.sin_port);
    cr_assert_not(stream_is_stale(&watch.stream));
    cr_assert_eq(stream_error(&watch.stream), 0);
    close(peer);
}

Test(stream, refused_connection)
{
    struct address address;
    int err = 0;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:1"), &address), 0);
    err = stream_connect(&watch.stream, loop, &address, &watch_ops);
    if (err == 0) {
        cr_assert(drive_until(loop, is_connected, &watch));
        err = connect_result;
    }
    cr_assert_eq(err, ERR_REFUSED);
}

Test(stream, is_stale_with_bytes_or_end_or_reset)
{
    int peer = watch_open_pair(&watch, loop);

    cr_assert_not(stream_is_stale(&watch.stream));
    put(peer, "x");
    cr_assert(stream_is_stale(&watch.stream));
    stream_close(&watch.stream);
    close(peer);
    peer = connect_pair();
    close(peer);
    cr_assert(drive_until(loop, has_hung_up, &watch));
    cr_assert(stream_is_stale(&watch.stream));
    cr_assert_eq(stream_error(&watch.stream), 0, "an end is no break");
    stream_close(&watch.stream);
    peer = connect_pair();
    reset(peer);
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert_eq(stream_error(&watch.stream), ERR_RESET);
}

Test(stream, closes_twice_and_resets)
{
    int peer = connect_pair();
    char byte = 0;

    cr_assert(stream_is_open(&watch.stream));
    stream_reset(&watch.stream);
    stream_close(&watch.stream);
    cr_assert_not(stream_is_open(&watch.stream));
    cr_assert_eq(recv(peer, &byte, 1, 0), -1);
    cr_assert_eq(errno, ECONNRESET);
    close(peer);
}

Test(stream, shutdown_leaves_reading_open)
{
    int peer = watch_open_pair(&watch, loop);
    char byte = 0;

    stream_shutdown(&watch.stream);
    cr_assert_eq(read(peer, &byte, 1), 0);
    put(peer, "y");
    cr_assert(drive_until(loop, is_readable, &watch));
    cr_assert_eq(stream_recv(&watch.stream, &byte, 1), 1);
    cr_assert_eq(byte, 'y');
    close(peer);
}

static void wake_again(struct watch *self)
{
    if (self->calls < 10000)
        stream_wake(&self->stream);
}

static bool is_served(void *arg)
{
    return ((struct watch *)arg)->calls > 0;
}

Test(stream, wakes_once_in_the_next_turn)
{
    int peer = watch_open_pair(&watch, loop);
    unsigned calls = 0;

    cr_assert(watch_await(&watch, 0));
    calls = watch.calls;
    stream_wake(&watch.stream);
    stream_wake(&watch.stream);
    cr_assert(watch_await(&watch, calls));
    drive_for(loop, 20);
    cr_assert_eq(watch.calls, calls + 1);
    stream_wake(&watch.stream);
    stream_close(&watch.stream);
    drive_for(loop, 20);
    cr_assert_eq(watch.calls, calls + 1, "a closed stream is not called");
    close(peer);
}

/* One that goes on and on lets the others take their turns. */
Test(stream, waking_is_fair)
{
    int peer = watch_open_pair(&watch, loop);
    struct watch other = { .stream = { .fd = -1 } };
    int other_peer = -1;

    cr_assert(watch_await(&watch, 0));
    watch.then = wake_again;
    stream_wake(&watch.stream);
    other_peer = watch_open_pair(&other, loop);
    cr_assert(drive_until(loop, is_served, &other));
    cr_assert(watch.calls < 100, "%u calls before the other's first", watch.calls);
    stream_close(&other.stream);
    close(other_peer);
    close(peer);
}
