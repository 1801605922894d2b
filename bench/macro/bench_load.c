/*
 * bench_load: a closed-loop HTTP/1.1 load generator: N connections, each sends its next request when
 * the answer to the last one is complete. Every answer's status and body length are checked, every
 * failure has a class. Prints one JSON object; with --cpu-of also the CPU time that process used in
 * exactly the measured window. One thread, epoll. See --help.
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
#include "support/answer_reader.h"
#include "support/load_stats.h"

#define BUFFER_BYTES  65536
#define EVENT_COUNT   256
#define SENDING_BYTES 65536

#define FAILURES(X)                                                                                \
    X(CONNECT, "connect")     /* no connection */                                                  \
    X(REFUSED, "no_answer")   /* closed or reset before the first byte of an answer */             \
    X(TRUNCATED, "truncated") /* closed or reset inside an answer */                               \
    X(MALFORMED, "malformed") /* no HTTP, or no framing */                                         \
    X(STATUS, "status")       /* another status than expected */                                   \
    X(LENGTH, "length")       /* another body length than expected */                              \
    X(STALLED, "stalled")     /* unanswered, or not closed, --stall after the end */

enum failure {
#define ENUM_ROW(name, text) FAILURE_##name,
    FAILURES(ENUM_ROW)
#undef ENUM_ROW
        FAILURE_COUNT
};

static const char *const failure_names[] = {
#define NAME_ROW(name, text) text,
    FAILURES(NAME_ROW)
#undef NAME_ROW
};

struct settings {
    struct address address;
    const char *path;
    const char *method;
    const char *host;
    const char *count_by; /* a field whose values are counted; NULL: none */
    uint64_t body_bytes;
    uint64_t connections;
    uint64_t requests; /* 0: by time */
    uint64_t warmup_us;
    uint64_t window_us;
    uint64_t stall_us;
    uint64_t status;
    uint64_t expect_bytes;
    uint64_t sources; /* client addresses 127.0.0.1 to 127.0.0.N; 0: any */
    uint64_t cpu_pid;
    uint64_t hold_us;
    bool checks_length;
    bool is_new_each;
    bool is_once; /* one request on each connection, then hold */
};

/* One client connection. Lives as long as the program; its socket comes and goes. */
struct client {
    int fd;
    bool is_connected;
    bool is_waiting; /* a request is out */
    bool is_closing; /* answered: the far end is to close */
    struct answer_reader reader;
    uint64_t sent; /* of head and body */
    uint64_t started_ns;
};

struct tally {
    uint64_t started_us;
    uint64_t ended_us;
    uint64_t requests;
    uint64_t body_bytes;
    uint64_t failures[FAILURE_COUNT]; /* from the first connection on, not in the window only */
    uint64_t cpu_ns;
    struct load_stats stats;
    struct load_values values;
};

static struct settings settings;
static struct tally tally;
static struct client *clients;
static int epoll_fd;
static uint64_t next_source;
static char *head;
static size_t head_bytes;
static char buffer[BUFFER_BYTES];
static char sending[SENDING_BYTES];
static bool is_measuring;
static bool is_over;
static volatile sig_atomic_t is_told_to_stop;
static uint64_t answered_once;
static uint64_t total_failures;

static void close_client(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->is_connected = client->is_waiting = client->is_closing = false;
}

static void fail_client(struct client *client, enum failure failure)
{
    total_failures++;
    tally.failures[failure]++;
    close_client(client);
}

/* Sends what is left of the request. */
static int send_request(struct client *client)
{
    uint64_t total = head_bytes + settings.body_bytes;

    while (client->sent < total) {
        const char *bytes = head + client->sent;
        size_t count = head_bytes - (size_t)client->sent;
        uint64_t body_at = client->sent - head_bytes;
        if (client->sent >= head_bytes) {
            bytes = sending;
            count = settings.body_bytes - body_at < SENDING_BYTES
                        ? (size_t)(settings.body_bytes - body_at)
                        : SENDING_BYTES;
        }
        int more = client->sent + count < total ? MSG_MORE : 0;
        ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL | more);
        if (sent < 0)
            return errno == EAGAIN ? ERR_AGAIN : ERR_RESET;
        client->sent += (uint64_t)sent;
    }
    return ERR_OK;
}

/* A reset while sending is seen again, and classed, when the answer is read. */
static void start_request(struct client *client)
{
    if (!client->is_waiting)
        client->started_ns = load_stats_clock_ns();
    client->is_waiting = true;
    client->sent = 0;
    answer_reader_reset(&client->reader);
    (void)send_request(client);
}

static void bind_source(int fd)
{
    struct address source;
    int on = 1;

    if (settings.sources == 0 || settings.address.sa.any.sa_family != AF_INET)
        return;
    CHECK(address_parse(SLICE("127.0.0.1:0"), &source) == ERR_OK);
    source.sa.in.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + (uint32_t)(next_source++ % settings.sources));
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    (void)bind(fd, &source.sa.any, source.len);
}

static void connect_client(struct client *client)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = client };
    int on = 1;

    client->fd =
        socket(settings.address.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0) {
        fail_client(client, FAILURE_CONNECT);
        return;
    }
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_source(client->fd);
    client->started_ns = load_stats_clock_ns();
    client->is_waiting = true;
    if ((connect(client->fd, &settings.address.sa.any, settings.address.len) != 0 &&
         errno != EINPROGRESS) ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
        fail_client(client, FAILURE_CONNECT);
}

static void record_answer(struct client *client)
{
    uint64_t took_ns = load_stats_clock_ns() - client->started_ns;

    client->is_waiting = false;
    if (!is_measuring)
        return;
    tally.requests++;
    tally.body_bytes += client->reader.body_bytes;
    load_stats_add(&tally.stats, took_ns);
    if (settings.count_by != NULL)
        load_stats_count_value(&tally.values, client->reader.value);
}

static void finish_answer(struct client *client)
{
    if (client->reader.status != settings.status) {
        fail_client(client, FAILURE_STATUS);
        return;
    }
    if (settings.checks_length && client->reader.body_bytes != settings.expect_bytes) {
        fail_client(client, FAILURE_LENGTH);
        return;
    }
    record_answer(client);
    answered_once++;
    if (settings.is_new_each)
        client->is_closing = true;
    else if (!settings.is_once && !is_over)
        start_request(client);
}

static void on_end(struct client *client)
{
    if (client->is_closing)
        close_client(client);
    else if (!client->is_connected)
        fail_client(client, FAILURE_CONNECT);
    else if (client->is_waiting &&
             (client->reader.state != ANSWER_HEAD || client->reader.kept_bytes > 0))
        fail_client(client, FAILURE_TRUNCATED);
    else if (client->is_waiting)
        fail_client(client, FAILURE_REFUSED);
    else
        close_client(client); /* idle: a proxy may close it; --once sees it by the count */
}

/* Reads until the socket is empty; true while more may be there. */
static bool read_some(struct client *client)
{
    bool is_plain =
        client->is_waiting && client->reader.state == ANSWER_LENGTH && client->reader.left > 4096;
    size_t kept = client->reader.kept_bytes;
    size_t room = sizeof buffer - kept;
    ssize_t got = 0;

    if (is_plain) {
        room = (size_t)client->reader.left - 1; /* the last byte goes the ordinary way */
        got = recv(client->fd, NULL, room, MSG_TRUNC);
    } else {
        memcpy(buffer, client->reader.kept, kept);
        got = recv(client->fd, buffer + kept, room, 0);
    }
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        on_end(client);
        return false;
    }
    if (is_plain) {
        client->reader.left -= (uint64_t)got;
        client->reader.body_bytes += (uint64_t)got;
        return true;
    }
    if (!client->is_waiting ||
        answer_reader_take(&client->reader, buffer, kept + (size_t)got) != ERR_OK) {
        fail_client(client, FAILURE_MALFORMED);
        return false;
    }
    if (client->reader.state == ANSWER_DONE)
        finish_answer(client);
    return client->fd >= 0 && (size_t)got == room;
}

static void on_client_event(struct client *client, uint32_t events)
{
    if (client->fd < 0)
        return;
    if (!client->is_connected && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
        client->is_connected = true;
        start_request(client);
    } else if (client->is_waiting && (events & EPOLLOUT) != 0 && client->is_connected) {
        (void)send_request(client);
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0)
        return;
    while (read_some(client))
        ;
    if (client->fd >= 0 && (events & (EPOLLRDHUP | EPOLLHUP)) != 0)
        while (read_some(client))
            ;
}

/* Opens what is closed, so that N connections are always busy. */
static void connect_missing(void)
{
    for (uint64_t i = 0; i < settings.connections; i++)
        if (clients[i].fd < 0)
            connect_client(&clients[i]);
}

static void wait_events(int timeout_ms)
{
    struct epoll_event events[EVENT_COUNT];
    int count = epoll_wait(epoll_fd, events, EVENT_COUNT, timeout_ms);

    for (int i = 0; i < count; i++)
        on_client_event(events[i].data.ptr, events[i].events);
    for (int i = 0; i < count && !is_over && !settings.is_once; i++) {
        struct client *client = events[i].data.ptr;
        if (client->fd < 0)
            connect_client(client);
    }
}

static void begin_window(void)
{
    tally.started_us = clock_monotonic_us();
    tally.cpu_ns = load_stats_cpu_ns(settings.cpu_pid);
    is_measuring = true;
}

static void end_window(void)
{
    tally.cpu_ns = load_stats_cpu_ns(settings.cpu_pid) - tally.cpu_ns;
    tally.ended_us = clock_monotonic_us();
    is_over = true;
    is_measuring = false;
}

/* Requests that stay without an answer after the end of the window are failures, and so are
 * connections that were to be closed by the far end. */
static void finish_open_requests(void)
{
    uint64_t until_us = clock_monotonic_us() + settings.stall_us;
    uint64_t waiting = 1;

    while (waiting > 0 && clock_monotonic_us() < until_us) {
        wait_events(10);
        waiting = 0;
        for (uint64_t i = 0; i < settings.connections; i++)
            waiting += clients[i].is_waiting || clients[i].is_closing;
    }
    tally.failures[FAILURE_STALLED] += waiting;
    total_failures += waiting;
}

static void on_stop(int number)
{
    is_told_to_stop = number;
}

static void run_load(void)
{
    uint64_t begun_us = clock_monotonic_us();
    uint64_t checked_us = begun_us;

    connect_missing();
    for (;;) {
        if (!is_measuring && clock_monotonic_us() - begun_us >= settings.warmup_us)
            begin_window();
        uint64_t now_us = clock_monotonic_us();
        if (is_measuring && settings.requests > 0 && tally.requests >= settings.requests)
            break;
        if (is_measuring && settings.requests == 0 &&
            now_us - tally.started_us >= settings.window_us)
            break;
        if (is_told_to_stop != 0)
            break;
        if (settings.requests > 0 && now_us - begun_us > settings.warmup_us + settings.window_us)
            break; /* so many requests, but not for ever */
        if (now_us - checked_us > 100000) {
            checked_us = now_us;
            connect_missing();
        }
        wait_events(10);
    }
    end_window();
    finish_open_requests();
}

/* One answer on each connection, then all stay open until the time is over. */
static void run_once(void)
{
    uint64_t until_us = clock_monotonic_us() + settings.window_us;
    uint64_t opened = 0;

    begin_window();
    while (answered_once + total_failures < settings.connections &&
           clock_monotonic_us() < until_us) {
        for (int i = 0; i < 64 && opened < settings.connections; i++)
            if (opened - answered_once - total_failures < 64)
                connect_client(&clients[opened++]);
        wait_events(10);
    }
    end_window();
    printf("{\"holding\": %" PRIu64 ", \"failed\": %" PRIu64 "}\n", answered_once,
           settings.connections - answered_once);
    fflush(stdout);
    until_us = clock_monotonic_us() + settings.hold_us;
    while (clock_monotonic_us() < until_us && is_told_to_stop == 0)
        wait_events(100);
}

static uint64_t count_open(void)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < settings.connections; i++)
        count += clients[i].fd >= 0;
    return count;
}

static void print_result(void)
{
    double seconds = (double)(tally.ended_us - tally.started_us) / 1e6;
    double requests = tally.requests > 0 ? (double)tally.requests : 1;
    printf("{\"requests\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"failures\": {", tally.requests,
           total_failures);
    for (size_t i = 0; i < FAILURE_COUNT; i++)
        printf("%s\"%s\": %" PRIu64, i > 0 ? ", " : "", failure_names[i], tally.failures[i]);
    printf("}, \"seconds\": %.3f, \"requests_per_s\": %.1f, "
           "\"body_bytes\": %" PRIu64 ", \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
           seconds, (double)tally.requests / seconds, tally.body_bytes,
           load_stats_quantile_us(&tally.stats, 0.50), load_stats_quantile_us(&tally.stats, 0.99),
           (double)tally.stats.max_ns / 1000);
    if (settings.cpu_pid > 0)
        printf(", \"cpu_us_per_request\": %.3f, \"cpu_share\": %.3f",
               (double)tally.cpu_ns / 1000 / requests, (double)tally.cpu_ns / 1e9 / seconds);
    if (settings.count_by != NULL) {
        printf(", \"answers_by_value\": ");
        load_stats_print_values(&tally.values);
    }
    if (settings.is_once)
        printf(", \"open_at_end\": %" PRIu64, count_open());
    printf("}\n");
}

static void build_head(void)
{
    const char *connection = settings.is_new_each ? "Connection: close\r\n" : "";

    if (settings.body_bytes > 0)
        head = mem_format("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %" PRIu64 "\r\n%s\r\n",
                          settings.method, settings.path, settings.host, settings.body_bytes,
                          connection);
    else
        head = mem_format("%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", settings.method, settings.path,
                          settings.host, connection);
    head_bytes = strlen(head);
    memset(sending, 'y', sizeof sending);
}

enum option_kind { OPTION_TEXT, OPTION_COUNT_OF, OPTION_TIME, OPTION_SIZE, OPTION_FLAG };

struct option_row {
    const char *name;
    enum option_kind kind;
    void *target;
    const char *help;
};

static const struct option_row option_rows[] = {
    { "path", OPTION_TEXT, &settings.path, "what to ask for (/)" },
    { "method", OPTION_TEXT, &settings.method, "GET; POST with --body" },
    { "host", OPTION_TEXT, &settings.host, "the Host field (localhost)" },
    { "count-by", OPTION_TEXT, &settings.count_by, "count the answers by this header field" },
    { "body", OPTION_SIZE, &settings.body_bytes, "size of the request body, as 64k" },
    { "connections", OPTION_COUNT_OF, &settings.connections, "how many at a time (64)" },
    { "requests", OPTION_COUNT_OF, &settings.requests,
      "end after so many, at the latest at --time" },
    { "warmup", OPTION_TIME, &settings.warmup_us, "run so long before measuring (0)" },
    { "time", OPTION_TIME, &settings.window_us, "measure so long (5s)" },
    { "stall", OPTION_TIME, &settings.stall_us, "wait so long for the last answers (5s)" },
    { "status", OPTION_COUNT_OF, &settings.status, "the expected status (200)" },
    { "expect", OPTION_SIZE, &settings.expect_bytes, "the expected body length (any)" },
    { "sources", OPTION_COUNT_OF, &settings.sources, "connect from 127.0.0.1 to 127.0.0.N" },
    { "cpu-of", OPTION_COUNT_OF, &settings.cpu_pid, "measure the CPU time of this process" },
    { "new", OPTION_FLAG, &settings.is_new_each, "a new connection for each request" },
    { "once", OPTION_FLAG, &settings.is_once, "one request on each connection, then --hold" },
    { "hold", OPTION_TIME, &settings.hold_us, "keep them open so long (10s)" },
    { "help", OPTION_FLAG, NULL, "this text" },
};

#define OPTION_ROWS (sizeof option_rows / sizeof *option_rows)

static int take_option(const struct option_row *row, const char *value)
{
    struct slice text = slice_from(value);

    switch (row->kind) {
    case OPTION_TEXT: *(const char **)row->target = value; return ERR_OK;
    case OPTION_COUNT_OF: return num_parse_u64(text, INT64_MAX, row->target);
    case OPTION_TIME: return num_parse_duration(text, row->target);
    case OPTION_SIZE: return num_parse_size(text, row->target);
    case OPTION_FLAG: *(bool *)row->target = true; return ERR_OK;
    }
    return ERR_INVALID;
}

static void print_help(void)
{
    puts("usage: bench_load [options] ADDRESS\n");
    for (size_t i = 0; i < OPTION_ROWS; i++)
        printf("  --%-12s %s\n", option_rows[i].name, option_rows[i].help);
    puts("\nPrints one JSON object; SIGTERM ends the measuring early. Ends with 0\n"
         "when no request failed, 1 otherwise.");
}

static int take_arguments(int argc, char **argv)
{
    struct option rows[OPTION_ROWS + 1] = { 0 };
    int code = 0;

    for (size_t i = 0; i < OPTION_ROWS; i++)
        rows[i] = (struct option){
            .name = option_rows[i].name,
            .has_arg = option_rows[i].kind == OPTION_FLAG ? no_argument : required_argument,
            .val = (int)i,
        };
    while ((code = getopt_long(argc, argv, "", rows, NULL)) != -1) {
        if (code == '?' || option_rows[code].target == NULL)
            return ERR_INVALID;
        if (take_option(&option_rows[code], optarg) != ERR_OK) {
            fprintf(stderr, "bench_load: bad value for --%s\n", option_rows[code].name);
            return ERR_INVALID;
        }
        if (option_rows[code].target == &settings.expect_bytes)
            settings.checks_length = true;
    }
    if (optind + 1 != argc || settings.connections == 0)
        return ERR_INVALID;
    if (settings.body_bytes > 0 && strcmp(settings.method, "GET") == 0)
        settings.method = "POST";
    return address_parse(slice_from(argv[optind]), &settings.address);
}

int main(int argc, char **argv)
{
    struct rlimit limit = { 1048576, 1048576 };

    settings = (struct settings){
        .path = "/",
        .method = "GET",
        .host = "localhost",
        .connections = 64,
        .status = 200,
        .window_us = 5000000,
        .stall_us = 5000000,
        .hold_us = 10000000,
    };
    if (take_arguments(argc, argv) != ERR_OK) {
        print_help();
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll_fd >= 0);
    build_head();
    clients = mem_zalloc(settings.connections * sizeof *clients);
    for (uint64_t i = 0; i < settings.connections; i++) {
        clients[i].fd = -1;
        clients[i].reader.wanted = slice_from(settings.count_by);
    }
    (void)signal(SIGTERM, on_stop);
    (void)signal(SIGINT, on_stop);
    if (settings.is_once)
        run_once();
    else
        run_load();
    print_result();
    for (uint64_t i = 0; i < settings.connections; i++)
        close_client(&clients[i]);
    free(clients);
    free(head);
    return total_failures == 0 ? 0 : 1;
}
