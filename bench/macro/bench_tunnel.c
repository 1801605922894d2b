/*
 * bench_tunnel: a closed-loop load of WebSocket echoes: N connections switch protocols (GET /ws), then each sends its
 * next message when the echo of the last one is whole. With --once they only wait. Prints JSON as bench_load does, with
 * the CPU time of --cpu-of in exactly the measured window. One thread, epoll. See --help.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "support/load_stats.h"

#define FRAME_HEAD  8 /* 16-bit length and a mask */
#define EVENT_COUNT 256
#define HEAD_BYTES  2048
#define OPEN_US     10000000u /* for one connection to be switched */

#define ASK                                                                                        \
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"         \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

struct settings {
    struct address address;
    uint64_t connections;
    uint64_t payload_bytes;
    uint64_t warmup_us;
    uint64_t window_us;
    uint64_t hold_us;
    uint64_t cpu_pid;
    uint64_t sources;
    bool is_once;
};

/* One tunnel. Lives as long as the program. */
struct client {
    int fd;
    size_t left; /* bytes of the present echo still to come */
    uint64_t sent_ns;
};

static struct settings settings;
static struct client *clients;
static struct load_stats stats;
static char *frame;
static size_t frame_bytes;
static int epoll_fd;
static bool is_measuring;
static uint64_t messages;
static uint64_t failures;
static volatile sig_atomic_t is_told_to_stop;

static void on_stop(int number)
{
    (void)number;
    is_told_to_stop = 1;
}

static void fail(struct client *client)
{
    failures++;
    close(client->fd);
    client->fd = -1;
}

/* The message fits into the socket: there is never more than one on its way. */
static void say(struct client *client)
{
    client->left = frame_bytes;
    client->sent_ns = load_stats_clock_ns();
    if (send(client->fd, frame, frame_bytes, MSG_NOSIGNAL) != (ssize_t)frame_bytes)
        fail(client);
}

static int dial(uint64_t index)
{
    int on = 1;
    int fd = socket(settings.address.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in source = { .sin_family = AF_INET };

    if (fd < 0)
        return -1;
    if (settings.sources > 0) {
        source.sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)(index % settings.sources));
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        (void)!bind(fd, (struct sockaddr *)&source, sizeof source);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &settings.address.sa.any, settings.address.len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The 101; nothing may come behind it yet. */
static bool take_switch(int fd)
{
    struct timeval patience = { .tv_sec = OPEN_US / 1000000u };
    char head[HEAD_BYTES];
    size_t at = 0;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (at < 4 || memcmp(head + at - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = at < sizeof head ? recv(fd, head + at, sizeof head - at, 0) : -1;

        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return at > 12 && memcmp(head, "HTTP/1.1 101", 12) == 0;
}

static void open_client(uint64_t index)
{
    struct client *client = &clients[index];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

    client->fd = dial(index);
    if (client->fd < 0) {
        failures++;
        return;
    }
    if (send(client->fd, ASK, sizeof ASK - 1, MSG_NOSIGNAL) != sizeof ASK - 1 ||
        !take_switch(client->fd) || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
        fail(client);
}

static void on_readable(struct client *client)
{
    static char bytes[65536];
    ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || (size_t)got > client->left) {
        fail(client);
        return;
    }
    client->left -= (size_t)got;
    if (client->left > 0)
        return;
    if (is_measuring) {
        messages++;
        load_stats_add(&stats, load_stats_clock_ns() - client->sent_ns);
    }
    say(client);
}

static void run_until(uint64_t until_us)
{
    struct epoll_event events[EVENT_COUNT];

    while (clock_monotonic_us() < until_us && is_told_to_stop == 0) {
        int count = epoll_wait(epoll_fd, events, EVENT_COUNT, 10);

        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;

            if (client->fd >= 0)
                on_readable(client);
        }
    }
}

static uint64_t count_open(void)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < settings.connections; i++)
        count += clients[i].fd >= 0;
    return count;
}

static void hold(void)
{
    printf("{\"holding\": %" PRIu64 ", \"failed\": %" PRIu64 "}\n", count_open(), failures);
    fflush(stdout);
    run_until(clock_monotonic_us() + settings.hold_us);
}

static void run_load(void)
{
    uint64_t cpu_ns = 0;
    uint64_t begun_ns = 0;
    double seconds = 0;
    double count = 1;

    for (uint64_t i = 0; i < settings.connections; i++)
        if (clients[i].fd >= 0)
            say(&clients[i]);
    run_until(clock_monotonic_us() + settings.warmup_us);
    is_measuring = true;
    cpu_ns = settings.cpu_pid > 0 ? load_stats_cpu_ns(settings.cpu_pid) : 0;
    begun_ns = load_stats_clock_ns();
    run_until(clock_monotonic_us() + settings.window_us);
    seconds = (double)(load_stats_clock_ns() - begun_ns) / 1e9;
    cpu_ns = settings.cpu_pid > 0 ? load_stats_cpu_ns(settings.cpu_pid) - cpu_ns : 0;
    count = messages > 0 ? (double)messages : 1;
    printf("{\"requests\": %" PRIu64 ", \"failed\": %" PRIu64
           ", \"failures\": {\"tunnel\": %" PRIu64
           "}, \"seconds\": %.3f, \"requests_per_s\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
           "\"cpu_us_per_request\": %.3f, \"cpu_share\": %.3f}\n",
           messages, failures, failures, seconds, (double)messages / seconds,
           load_stats_quantile_us(&stats, 0.50), load_stats_quantile_us(&stats, 0.99),
           (double)cpu_ns / 1000 / count, (double)cpu_ns / 1e9 / seconds);
}

enum option_code {
    OPTION_CONNECTIONS,
    OPTION_PAYLOAD,
    OPTION_WARMUP,
    OPTION_TIME,
    OPTION_HOLD,
    OPTION_CPU,
    OPTION_SOURCES,
    OPTION_ONCE
};

static int take_option(int code, struct slice text)
{
    switch ((enum option_code)code) {
    case OPTION_CONNECTIONS: return num_parse_u64(text, 1000000, &settings.connections);
    case OPTION_PAYLOAD: return num_parse_size(text, &settings.payload_bytes);
    case OPTION_WARMUP: return num_parse_duration(text, &settings.warmup_us);
    case OPTION_TIME: return num_parse_duration(text, &settings.window_us);
    case OPTION_HOLD: return num_parse_duration(text, &settings.hold_us);
    case OPTION_CPU: return num_parse_u64(text, INT64_MAX, &settings.cpu_pid);
    case OPTION_SOURCES: return num_parse_u64(text, 250, &settings.sources);
    case OPTION_ONCE: settings.is_once = true; return ERR_OK;
    }
    return ERR_INVALID;
}

static int take_arguments(int argc, char **argv)
{
    static const struct option rows[] = {
        { "connections", required_argument, NULL, OPTION_CONNECTIONS },
        { "payload", required_argument, NULL, OPTION_PAYLOAD },
        { "warmup", required_argument, NULL, OPTION_WARMUP },
        { "time", required_argument, NULL, OPTION_TIME },
        { "hold", required_argument, NULL, OPTION_HOLD },
        { "cpu-of", required_argument, NULL, OPTION_CPU },
        { "sources", required_argument, NULL, OPTION_SOURCES },
        { "once", no_argument, NULL, OPTION_ONCE },
        { NULL, 0, NULL, 0 },
    };
    int code = 0;

    while ((code = getopt_long(argc, argv, "", rows, NULL)) != -1)
        if (code == '?' || take_option(code, slice_from(optarg)) != ERR_OK)
            return ERR_INVALID;
    if (optind + 1 != argc || settings.connections == 0 || settings.payload_bytes < 126 ||
        settings.payload_bytes > 32768)
        return ERR_INVALID;
    return address_parse(slice_from(argv[optind]), &settings.address);
}

static void build_frame(void)
{
    const unsigned char head[FRAME_HEAD] = { 0x82,
                                             0xfe,
                                             (unsigned char)(settings.payload_bytes >> 8),
                                             (unsigned char)settings.payload_bytes,
                                             1,
                                             2,
                                             3,
                                             4 };

    frame_bytes = FRAME_HEAD + settings.payload_bytes;
    frame = mem_alloc(frame_bytes);
    memset(frame, 'y', frame_bytes);
    memcpy(frame, head, sizeof head);
}

int main(int argc, char **argv)
{
    struct rlimit limit = { 1048576, 1048576 };

    settings = (struct settings){
        .connections = 64, .payload_bytes = 1024, .window_us = 5000000, .hold_us = 10000000
    };
    if (take_arguments(argc, argv) != ERR_OK) {
        puts("usage: bench_tunnel [--connections N] [--payload 126..32k] [--warmup TIME] [--time "
             "TIME]\n"
             "       [--cpu-of PID] [--sources N] [--once --hold TIME] ADDRESS");
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)signal(SIGTERM, on_stop);
    (void)signal(SIGINT, on_stop);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll_fd >= 0);
    build_frame();
    clients = mem_zalloc(settings.connections * sizeof *clients);
    for (uint64_t i = 0; i < settings.connections; i++)
        open_client(i);
    if (settings.is_once) {
        hold();
        printf("{\"open_at_end\": %" PRIu64 "}\n", count_open());
    } else {
        run_load();
    }
    for (uint64_t i = 0; i < settings.connections; i++)
        if (clients[i].fd >= 0)
            close(clients[i].fd);
    free(clients);
    free(frame);
    return failures == 0 ? 0 : 1;
}
