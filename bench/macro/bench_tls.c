/*
 * bench_tls: a closed-loop load generator for HTTP/1.1 inside of TLS: N connections that are kept, or one handshake for
 * each request (full, or resumed with the session of the connection's last one), or idle connections after one request.
 * Every answer's status and length are checked. Prints one JSON object like bench_load. One thread, epoll. See --help.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
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

enum { BUFFER_BYTES = 65536, EVENT_COUNT = 256, STALL_US = 3000000 };

struct settings {
    struct address address;
    const char *path;
    const char *host;
    const char *version; /* "1.2", or NULL: 1.3 */
    uint64_t connections;
    uint64_t warmup_us;
    uint64_t window_us;
    uint64_t hold_us;
    uint64_t expect_bytes;
    uint64_t sources;
    uint64_t cpu_pid;
    bool is_new_each;
    bool resumes;
    bool is_once;
};

/* One client connection; its socket comes and goes. */
struct client {
    int fd;
    SSL *ssl;
    SSL_SESSION *session;
    bool is_ready;
    bool is_waiting;
    struct answer_reader reader;
    uint64_t started_ns;
};

static struct settings settings;
static struct client *clients;
static SSL_CTX *ctx;
static int epoll_fd;
static char *head;
static char buffer[BUFFER_BYTES];
static struct load_stats stats;
static uint64_t requests, failed, answered, resumed, next_source, cpu_ns, began_us, ended_us;
static bool is_measuring, is_over;
static volatile sig_atomic_t is_told_to_stop;

static void close_client(struct client *client)
{
    SSL_free(client->ssl);
    client->ssl = NULL;
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->is_ready = client->is_waiting = false;
}

static void fail_client(struct client *client)
{
    failed++;
    close_client(client);
}

/* The newest ticket is the one that is used. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct client *client = SSL_get_app_data(ssl);

    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

static void make_ctx(void)
{
    int version = settings.version != NULL && strcmp(settings.version, "1.2") == 0 ? TLS1_2_VERSION
                                                                                   : TLS1_3_VERSION;

    ctx = SSL_CTX_new(TLS_client_method());
    CHECK(ctx != NULL);
    CHECK(SSL_CTX_set_min_proto_version(ctx, version) == 1);
    CHECK(SSL_CTX_set_max_proto_version(ctx, version) == 1);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, settings.resumes
                                            ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                            : SSL_SESS_CACHE_OFF);
    if (settings.resumes)
        SSL_CTX_sess_set_new_cb(ctx, on_session);
    CHECK(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1);
    CHECK(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256") == 1);
}

static void bind_source(int fd)
{
    struct address source;
    int on = 1;

    if (settings.sources == 0)
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

    client->started_ns = load_stats_clock_ns();
    client->is_waiting = true;
    answer_reader_reset(&client->reader);
    client->fd =
        socket(settings.address.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0) {
        fail_client(client);
        return;
    }
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_source(client->fd);
    client->ssl = SSL_new(ctx);
    SSL_set_app_data(client->ssl, client);
    (void)SSL_set_tlsext_host_name(client->ssl, settings.host);
    SSL_set_connect_state(client->ssl);
    if (client->session != NULL && SSL_SESSION_is_resumable(client->session))
        (void)SSL_set_session(client->ssl, client->session);
    (void)SSL_set_fd(client->ssl, client->fd);
    if ((connect(client->fd, &settings.address.sa.any, settings.address.len) != 0 &&
         errno != EINPROGRESS) ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
        fail_client(client);
}

static bool only_waits(const struct client *client, int result)
{
    int error = SSL_get_error(client->ssl, result);

    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void send_request(struct client *client)
{
    int result = SSL_write(client->ssl, head, (int)strlen(head));

    if (result <= 0)
        fail_client(client); /* so few bytes always fit */
}

static void finish_answer(struct client *client)
{
    if (client->reader.status != 200 || client->reader.body_bytes != settings.expect_bytes) {
        fail_client(client);
        return;
    }
    client->is_waiting = false;
    answered++;
    if (is_measuring) {
        requests++;
        resumed += SSL_session_reused(client->ssl) == 1;
        load_stats_add(&stats, load_stats_clock_ns() - client->started_ns);
    }
    if (settings.is_new_each) {
        SSL_set_quiet_shutdown(client->ssl, 1);
        (void)SSL_shutdown(client->ssl); /* the session stays good */
        close_client(client);
    } else if (!settings.is_once && !is_over) {
        client->started_ns = load_stats_clock_ns();
        client->is_waiting = true;
        answer_reader_reset(&client->reader);
        send_request(client);
    }
}

/* true while more may be there */
static bool read_some(struct client *client)
{
    size_t kept = client->reader.kept_bytes;
    int got = 0;

    memcpy(buffer, client->reader.kept, kept);
    ERR_clear_error();
    got = SSL_read(client->ssl, buffer + kept, (int)(sizeof buffer - kept));
    if (got <= 0) {
        if (!only_waits(client, got))
            fail_client(client);
        return false;
    }
    if (!client->is_waiting ||
        answer_reader_take(&client->reader, buffer, kept + (size_t)got) != ERR_OK) {
        fail_client(client);
        return false;
    }
    if (client->reader.state == ANSWER_DONE)
        finish_answer(client);
    return client->fd >= 0;
}

static void on_client_event(struct client *client)
{
    if (client->fd < 0)
        return;
    if (!client->is_ready) {
        int result = 0;

        ERR_clear_error();
        result = SSL_do_handshake(client->ssl);
        if (result != 1) {
            if (!only_waits(client, result))
                fail_client(client);
            return;
        }
        client->is_ready = true;
        send_request(client);
        if (client->fd < 0)
            return;
    }
    while (read_some(client))
        ;
}

static void wait_events(int timeout_ms)
{
    struct epoll_event events[EVENT_COUNT];
    int count = epoll_wait(epoll_fd, events, EVENT_COUNT, timeout_ms);

    for (int i = 0; i < count; i++)
        on_client_event(events[i].data.ptr);
    for (int i = 0; i < count && !is_over && !settings.is_once; i++) {
        struct client *client = events[i].data.ptr;

        if (client->fd < 0)
            connect_client(client);
    }
}

static void begin_window(void)
{
    began_us = clock_monotonic_us();
    cpu_ns = load_stats_cpu_ns(settings.cpu_pid);
    is_measuring = true;
}

static void end_window(void)
{
    cpu_ns = load_stats_cpu_ns(settings.cpu_pid) - cpu_ns;
    ended_us = clock_monotonic_us();
    is_over = true;
    is_measuring = false;
}

static void finish_open_requests(void)
{
    uint64_t until_us = clock_monotonic_us() + STALL_US;
    uint64_t waiting = 1;

    while (waiting > 0 && clock_monotonic_us() < until_us) {
        wait_events(10);
        waiting = 0;
        for (uint64_t i = 0; i < settings.connections; i++)
            waiting += clients[i].fd >= 0 && clients[i].is_waiting;
    }
    failed += waiting;
}

static void run_load(void)
{
    uint64_t start_us = clock_monotonic_us();

    for (uint64_t i = 0; i < settings.connections; i++)
        connect_client(&clients[i]);
    while (is_told_to_stop == 0) {
        uint64_t now_us = clock_monotonic_us();

        if (!is_measuring && now_us - start_us >= settings.warmup_us)
            begin_window();
        if (is_measuring && now_us - began_us >= settings.window_us)
            break;
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
    while (answered + failed < settings.connections && clock_monotonic_us() < until_us) {
        while (opened < settings.connections && opened - answered - failed < 64)
            connect_client(&clients[opened++]);
        wait_events(10);
    }
    end_window();
    printf("{\"holding\": %" PRIu64 ", \"failed\": %" PRIu64 "}\n", answered,
           settings.connections - answered);
    fflush(stdout);
    until_us = clock_monotonic_us() + settings.hold_us;
    while (clock_monotonic_us() < until_us && is_told_to_stop == 0)
        wait_events(100);
}

static void print_result(void)
{
    double seconds = (double)(ended_us - began_us) / 1e6;
    double count = requests > 0 ? (double)requests : 1;
    uint64_t open = 0;

    for (uint64_t i = 0; i < settings.connections; i++)
        open += clients[i].fd >= 0;
    printf("{\"requests\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"failures\": {\"any\": %" PRIu64
           "}, \"seconds\": %.3f, \"requests_per_s\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
           "\"resumed\": %" PRIu64 ", \"cpu_us_per_request\": %.3f, \"cpu_share\": %.3f, "
           "\"open_at_end\": %" PRIu64 "}\n",
           requests, failed, failed, seconds, (double)requests / seconds,
           load_stats_quantile_us(&stats, 0.50), load_stats_quantile_us(&stats, 0.99), resumed,
           (double)cpu_ns / 1000 / count, (double)cpu_ns / 1e9 / seconds, open);
}

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_TIME, OPTION_SIZE, OPTION_FLAG };

static const struct option_row {
    const char *name;
    enum option_kind kind;
    void *target;
    const char *help;
} option_rows[] = {
    { "path", OPTION_TEXT, &settings.path, "what to ask for (/)" },
    { "host", OPTION_TEXT, &settings.host, "the name of handshake and Host field (bench.test)" },
    { "tls", OPTION_TEXT, &settings.version, "1.2 or 1.3 (1.3)" },
    { "connections", OPTION_NUMBER, &settings.connections, "how many at a time (64)" },
    { "warmup", OPTION_TIME, &settings.warmup_us, "run so long before measuring (0)" },
    { "time", OPTION_TIME, &settings.window_us, "measure so long (5s)" },
    { "expect", OPTION_SIZE, &settings.expect_bytes, "the expected body length" },
    { "sources", OPTION_NUMBER, &settings.sources, "connect from 127.0.0.1 to 127.0.0.N" },
    { "cpu-of", OPTION_NUMBER, &settings.cpu_pid, "measure the CPU time of this process" },
    { "new", OPTION_FLAG, &settings.is_new_each, "a handshake for each request" },
    { "resume", OPTION_FLAG, &settings.resumes, "with --new: resume the last session" },
    { "once", OPTION_FLAG, &settings.is_once, "one request on each connection, then --hold" },
    { "hold", OPTION_TIME, &settings.hold_us, "keep them open so long (10s)" },
};

enum { OPTION_ROWS = sizeof option_rows / sizeof option_rows[0] };

static int take_option(const struct option_row *row, const char *value)
{
    switch (row->kind) {
    case OPTION_TEXT: *(const char **)row->target = value; return ERR_OK;
    case OPTION_NUMBER: return num_parse_u64(slice_from(value), INT64_MAX, row->target);
    case OPTION_TIME: return num_parse_duration(slice_from(value), row->target);
    case OPTION_SIZE: return num_parse_size(slice_from(value), row->target);
    case OPTION_FLAG: *(bool *)row->target = true; return ERR_OK;
    }
    return ERR_INVALID;
}

static int take_arguments(int argc, char **argv)
{
    struct option rows[OPTION_ROWS + 1] = { 0 };
    int code = 0;

    for (int i = 0; i < OPTION_ROWS; i++)
        rows[i] =
            (struct option){ .name = option_rows[i].name,
                             .has_arg = option_rows[i].kind == OPTION_FLAG ? no_argument
                                                                           : required_argument,
                             .val = i };
    while ((code = getopt_long(argc, argv, "", rows, NULL)) != -1)
        if (code == '?' || take_option(&option_rows[code], optarg) != ERR_OK)
            return ERR_INVALID;
    if (optind + 1 != argc || settings.connections == 0)
        return ERR_INVALID;
    return address_parse(slice_from(argv[optind]), &settings.address);
}

static void on_stop(int number)
{
    is_told_to_stop = number;
}

int main(int argc, char **argv)
{
    struct rlimit limit = { 1048576, 1048576 };

    settings = (struct settings){ .path = "/",
                                  .host = "bench.test",
                                  .connections = 64,
                                  .window_us = 5000000,
                                  .hold_us = 10000000 };
    if (take_arguments(argc, argv) != ERR_OK) {
        puts("usage: bench_tls [options] ADDRESS\n");
        for (int i = 0; i < OPTION_ROWS; i++)
            printf("  --%-12s %s\n", option_rows[i].name, option_rows[i].help);
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTERM, on_stop);
    (void)signal(SIGINT, on_stop);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll_fd >= 0);
    make_ctx();
    head = mem_format("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", settings.path, settings.host);
    clients = mem_zalloc(settings.connections * sizeof *clients);
    for (uint64_t i = 0; i < settings.connections; i++)
        clients[i].fd = -1;
    if (settings.is_once)
        run_once();
    else
        run_load();
    print_result();
    for (uint64_t i = 0; i < settings.connections; i++) {
        close_client(&clients[i]);
        SSL_SESSION_free(clients[i].session);
    }
    SSL_CTX_free(ctx);
    free(clients);
    free(head);
    return failed == 0 ? 0 : 1;
}
