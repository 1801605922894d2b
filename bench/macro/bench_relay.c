/*
 * bench_relay: copies bytes between each client and its own upstream connection without reading them.
 * What it costs is the limit for any proxy that uses the same calls. One thread, edge-triggered,
 * sockets registered once, written at once. usage: bench_relay [--splice] LISTEN UPSTREAM
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/address.h"
#include "base/err.h"
#include "base/mem.h"
#include "support/listen_socket.h"

#define BUFFER_BYTES 65536
#define PIPE_BYTES   262144
#define EVENT_COUNT  256

struct pair;

/* One of the two sockets of a pair, and what waits to be written to it. */
struct side {
    struct pair *pair;
    struct side *other;
    int fd;
    char *kept; /* copying: bytes the socket would not take */
    size_t kept_at;
    size_t kept_bytes;
    int pipe[2]; /* splicing: bytes on their way to this side */
    size_t pipe_bytes;
    bool is_readable; /* by the last event, not yet read empty */
    bool is_ended;    /* nothing more to read from it */
    bool is_shut;     /* nothing more to write to it */
};

struct pair {
    struct side sides[2];
    struct pair *next_dead;
    bool is_dead;
};

struct relay {
    int epoll_fd;
    int listen_fd;
    struct address upstream;
    bool is_splicing;
    struct pair *dead; /* freed after the batch of events, which may name them again */
    char buffer[BUFFER_BYTES];
};

static struct relay relay;

static void kill_pair(struct pair *pair)
{
    if (pair->is_dead)
        return;
    pair->is_dead = true;
    for (size_t i = 0; i < 2; i++) {
        struct side *side = &pair->sides[i];
        if (side->fd >= 0)
            close(side->fd);
        if (side->pipe[0] >= 0)
            close(side->pipe[0]);
        if (side->pipe[1] >= 0)
            close(side->pipe[1]);
        free(side->kept);
        side->kept = NULL;
    }
    pair->next_dead = relay.dead;
    relay.dead = pair;
}

static void free_dead_pairs(void)
{
    while (relay.dead != NULL) {
        struct pair *pair = relay.dead;
        relay.dead = pair->next_dead;
        free(pair);
    }
}

static bool would_wait(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Keeps what `to` did not take; at most one buffer, because reading stops until it is gone. */
static void keep_bytes(struct side *to, const char *bytes, size_t count)
{
    to->kept = mem_alloc(count);
    memcpy(to->kept, bytes, count);
    to->kept_at = 0;
    to->kept_bytes = count;
}

/* ERR_AGAIN while bytes wait for `to`. */
static int flush_kept(struct side *to)
{
    while (to->kept_at < to->kept_bytes) {
        ssize_t sent =
            send(to->fd, to->kept + to->kept_at, to->kept_bytes - to->kept_at, MSG_NOSIGNAL);
        if (sent < 0)
            return would_wait() ? ERR_AGAIN : ERR_RESET;
        to->kept_at += (size_t)sent;
    }
    free(to->kept);
    to->kept = NULL;
    to->kept_at = to->kept_bytes = 0;
    return ERR_OK;
}

static int copy_once(struct side *from, struct side *to)
{
    ssize_t got = recv(from->fd, relay.buffer, BUFFER_BYTES, 0);

    if (got < 0) {
        from->is_readable = false;
        return would_wait() ? ERR_OK : ERR_RESET;
    }
    if (got == 0)
        from->is_ended = true;
    if (got < BUFFER_BYTES) /* short: the socket is empty, the next edge comes with new bytes */
        from->is_readable = false;
    if (got == 0)
        return ERR_OK;
    ssize_t sent = send(to->fd, relay.buffer, (size_t)got, MSG_NOSIGNAL);
    if (sent < 0 && !would_wait())
        return ERR_RESET;
    if (sent < 0)
        sent = 0;
    if (sent < got)
        keep_bytes(to, relay.buffer + sent, (size_t)(got - sent));
    return ERR_OK;
}

static int flush_pipe(struct side *to)
{
    while (to->pipe_bytes > 0) {
        ssize_t sent = splice(to->pipe[0], NULL, to->fd, NULL, to->pipe_bytes,
                              SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (sent < 0)
            return would_wait() ? ERR_AGAIN : ERR_RESET;
        to->pipe_bytes -= (size_t)sent;
    }
    return ERR_OK;
}

static int splice_once(struct side *from, struct side *to)
{
    ssize_t got =
        splice(from->fd, NULL, to->pipe[1], NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    if (got < 0) {
        from->is_readable = false;
        return would_wait() ? ERR_OK : ERR_RESET;
    }
    if (got == 0) {
        from->is_readable = false;
        from->is_ended = true;
    }
    to->pipe_bytes += (size_t)got;
    return ERR_OK;
}

static int flush_side(struct side *to)
{
    return relay.is_splicing ? flush_pipe(to) : flush_kept(to);
}

/* Moves all it can from one side to the other. */
static int pump(struct side *from, struct side *to)
{
    int err = flush_side(to);

    while (err == ERR_OK && from->is_readable && !from->is_ended) {
        err = relay.is_splicing ? splice_once(from, to) : copy_once(from, to);
        if (err == ERR_OK)
            err = flush_side(to);
    }
    if (err == ERR_OK && from->is_ended && !to->is_shut) {
        to->is_shut = true;
        (void)shutdown(to->fd, SHUT_WR);
    }
    return err;
}

static void on_side_event(struct side *side, uint32_t events)
{
    struct pair *pair = side->pair;
    int err = ERR_OK;

    if (pair->is_dead)
        return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        side->is_readable = true;
        err = pump(side, side->other);
        /* An end behind the last bytes gives no edge of its own. */
        if (err == ERR_OK && (events & EPOLLRDHUP) != 0 && !side->is_ended) {
            side->is_readable = true;
            err = pump(side, side->other);
        }
    }
    if ((err == ERR_OK || err == ERR_AGAIN) && (events & EPOLLOUT) != 0 &&
        (side->kept_bytes > 0 || side->pipe_bytes > 0))
        err = pump(side->other, side);
    if ((err != ERR_OK && err != ERR_AGAIN) || (side->is_shut && side->other->is_shut))
        kill_pair(pair);
}

static int add_side(struct side *side)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = side };

    if (relay.is_splicing) {
        if (pipe2(side->pipe, O_NONBLOCK | O_CLOEXEC) != 0)
            return ERR_NO_FD;
        (void)fcntl(side->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
    }
    return epoll_ctl(relay.epoll_fd, EPOLL_CTL_ADD, side->fd, &event) == 0 ? ERR_OK : ERR_IO;
}

static int connect_upstream(void)
{
    int on = 1;
    int fd = socket(relay.upstream.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return ERR_NO_FD;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &relay.upstream.sa.any, relay.upstream.len) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return ERR_UNREACHABLE;
}

static void start_pair(int client_fd)
{
    struct pair *pair = mem_zalloc(sizeof *pair);

    for (size_t i = 0; i < 2; i++) {
        pair->sides[i].pair = pair;
        pair->sides[i].other = &pair->sides[1 - i];
        pair->sides[i].fd = pair->sides[i].pipe[0] = pair->sides[i].pipe[1] = -1;
    }
    pair->sides[0].fd = client_fd;
    pair->sides[1].fd = connect_upstream();
    if (pair->sides[1].fd < 0 || add_side(&pair->sides[1]) != ERR_OK ||
        add_side(&pair->sides[0]) != ERR_OK)
        kill_pair(pair);
}

static void accept_all(void)
{
    int fd = -1;

    while ((fd = accept4(relay.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        start_pair(fd);
}

static int take_arguments(int argc, char **argv, struct address *listen_on)
{
    int at = 1;

    if (argc > 1 && strcmp(argv[1], "--splice") == 0) {
        relay.is_splicing = true;
        at++;
    }
    if (argc - at != 2)
        return ERR_INVALID;
    int err = address_parse(slice_from(argv[at]), listen_on);
    return err == ERR_OK ? address_parse(slice_from(argv[at + 1]), &relay.upstream) : err;
}

static void serve(void)
{
    struct epoll_event events[EVENT_COUNT];
    int count = 0;

    while ((count = epoll_wait(relay.epoll_fd, events, EVENT_COUNT, -1)) >= 0 || errno == EINTR) {
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_all();
            else
                on_side_event(events[i].data.ptr, events[i].events);
        }
        free_dead_pairs();
    }
}

int main(int argc, char **argv)
{
    struct address listen_on = { 0 };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    struct rlimit limit = { 1048576, 1048576 };

    if (take_arguments(argc, argv, &listen_on) != ERR_OK) {
        fprintf(stderr, "usage: bench_relay [--splice] LISTEN UPSTREAM\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* splice has no MSG_NOSIGNAL */
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    relay.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    relay.listen_fd = listen_socket_open(&listen_on);
    if (relay.epoll_fd < 0 || relay.listen_fd < 0 ||
        epoll_ctl(relay.epoll_fd, EPOLL_CTL_ADD, relay.listen_fd, &event) != 0) {
        perror("bench_relay");
        return 1;
    }
    serve();
    return 1;
}
