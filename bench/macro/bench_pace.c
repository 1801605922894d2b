/*
 * bench_pace: an open-loop HTTP/1.1 load generator: requests come as a Poisson process of a given rate, each by a
 * user drawn at random (X-User), over as many connections as it takes. SIGUSR1 is the mark ("from now on the app
 * errs"): from there it counts, per slot (X-Slot), requests and errors, and when the last request was sent that
 * a slot answered. SIGTERM or the end of --duration prints one JSON object. One thread, epoll. See --help.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "support/answer_reader.h"
#include "support/load_stats.h"

enum { BUFFER_BYTES = 16384, EVENT_COUNT = 256, SLOTS = 4, BEHIND_MAX = 100000 };

/* One connection. Lives as long as the program; its socket comes and goes. */
struct client {
    int fd;
    bool is_connected;
    bool is_busy;
    uint64_t sent_us;
    struct answer_reader reader;
    struct client *next; /* of the idle ones */
    char head[256];
};

/* What one slot answered; the nameless one is the switch itself. */
struct slot_count {
    char name[ANSWER_VALUE_BYTES];
    uint64_t requests;
    uint64_t errors;       /* 5xx */
    uint64_t since;        /* sent after the mark */
    uint64_t since_errors; /* of those */
    uint64_t last_us;      /* when the last of them was sent, after the mark */
};

static struct {
    struct address address;
    const char *host;
    double rate;
    uint64_t users;
    uint64_t connections;
    uint64_t duration_us;
    uint64_t seed;
} settings = { .host = "bench.test", .rate = 100, .users = 100000, .connections = 512 };

static struct client *clients;
static struct client *idle;
static int epoll_fd;
static uint64_t random_state;
static struct slot_count slots[SLOTS];
static struct load_stats latency;
static uint64_t sent;
static uint64_t waiting; /* for a connection, at most at once */
static uint64_t failed;  /* no answer at all */
static uint64_t since_failed;
static uint64_t marked_us;
static volatile sig_atomic_t is_marked;
static volatile sig_atomic_t is_told_to_stop;

static void on_mark(int number)
{
    (void)number;
    is_marked = 1;
}

static void on_stop(int number)
{
    (void)number;
    is_told_to_stop = 1;
}

static double draw(void)
{
    return (double)(hash_random(&random_state) >> 11) / 9007199254740992.0;
}

static struct slot_count *find_slot(const char *name)
{
    for (unsigned i = 0; i < SLOTS - 1; i++) {
        if (slots[i].name[0] == '\0' && name[0] != '\0')
            snprintf(slots[i].name, sizeof slots[i].name, "%s", name);
        if (name[0] != '\0' && strcmp(slots[i].name, name) == 0)
            return &slots[i];
    }
    return &slots[SLOTS - 1];
}

static void count_answer(const struct client *client)
{
    struct slot_count *slot = find_slot(client->reader.value);
    bool is_error = client->reader.status >= 500;

    slot->requests++;
    slot->errors += is_error;
    load_stats_add(&latency, (clock_monotonic_us() - client->sent_us) * 1000);
    if (marked_us == 0 || client->sent_us < marked_us)
        return;
    slot->since++;
    slot->since_errors += is_error;
    if (client->sent_us - marked_us > slot->last_us)
        slot->last_us = client->sent_us - marked_us;
}

static void close_client(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    client->is_connected = false;
}

static void release(struct client *client)
{
    client->is_busy = false;
    client->next = idle;
    idle = client;
}

static void fail(struct client *client)
{
    if (client->fd >= 0)
        close_client(client);
    if (!client->is_busy)
        return;
    failed++;
    since_failed += marked_us != 0 && client->sent_us >= marked_us;
    release(client);
}

static void send_head(struct client *client)
{
    size_t len = strlen(client->head);

    if (send(client->fd, client->head, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail(client); /* a head of this size goes whole or not at all */
}

static bool open_client(struct client *client)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = client };
    int on = 1;

    client->fd =
        socket(settings.address.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        return false;
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return (connect(client->fd, &settings.address.sa.any, settings.address.len) == 0 ||
            errno == EINPROGRESS) &&
           epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) == 0;
}

/* False: all connections are busy. */
static bool start_request(void)
{
    struct client *client = idle;
    uint64_t user = 0;

    if (client == NULL)
        return false;
    idle = client->next;
    user = hash_random(&random_state) % settings.users;
    snprintf(client->head, sizeof client->head,
             "GET /p HTTP/1.1\r\nHost: %.100s\r\nX-User: u%" PRIu64 "\r\n\r\n", settings.host,
             user);
    client->is_busy = true;
    client->sent_us = clock_monotonic_us();
    answer_reader_reset(&client->reader);
    sent++;
    if (client->fd >= 0)
        send_head(client);
    else if (!open_client(client))
        fail(client);
    return true;
}

static void read_answer(struct client *client)
{
    char bytes[BUFFER_BYTES];
    size_t kept = client->reader.kept_bytes;
    ssize_t got = 0;

    memcpy(bytes, client->reader.kept, kept);
    got = recv(client->fd, bytes + kept, sizeof bytes - kept, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || !client->is_busy ||
        answer_reader_take(&client->reader, bytes, kept + (size_t)got) != ERR_OK) {
        fail(client);
        return;
    }
    if (client->reader.state != ANSWER_DONE)
        return;
    count_answer(client);
    release(client);
}

static void on_event(struct client *client, uint32_t events)
{
    if (client->fd < 0)
        return;
    if (!client->is_connected && (events & (EPOLLERR | EPOLLHUP)) == 0 &&
        (events & EPOLLOUT) != 0) {
        client->is_connected = true;
        send_head(client);
    }
    if (client->fd >= 0 && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        read_answer(client);
    if (client->fd >= 0 && (events & (EPOLLRDHUP | EPOLLHUP)) != 0)
        fail(client);
}

static void wait_events(int timeout_ms)
{
    struct epoll_event events[EVENT_COUNT];
    int count = epoll_wait(epoll_fd, events, EVENT_COUNT, timeout_ms);

    for (int i = 0; i < count; i++)
        on_event(events[i].data.ptr, events[i].events);
}

static void run(void)
{
    uint64_t end_us = clock_monotonic_us() + settings.duration_us;
    double due_us = (double)clock_monotonic_us();
    uint64_t behind = 0;

    while (!is_told_to_stop) {
        uint64_t now_us = clock_monotonic_us();

        if (settings.duration_us != 0 && now_us >= end_us)
            break;
        if (is_marked && marked_us == 0)
            marked_us = now_us;
        while (due_us <= (double)now_us) {
            due_us -= log(1 - draw()) * 1e6 / settings.rate;
            behind += behind < BEHIND_MAX;
        }
        while (behind > 0 && start_request())
            behind--;
        waiting = behind > waiting ? behind : waiting;
        wait_events(due_us - (double)now_us > 2000 ? 1 : 0);
    }
    /* what is out is waited for, a little */
    for (uint64_t end = clock_monotonic_us() + 2000000; clock_monotonic_us() < end;)
        wait_events(10);
}

static void print_slot(const struct slot_count *slot)
{
    printf("\"%s\": {\"requests\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"since\": %" PRIu64
           ", \"since_errors\": %" PRIu64 ", \"last_s\": %.3f}",
           slot->name[0] != '\0' ? slot->name : "switch", slot->requests, slot->errors, slot->since,
           slot->since_errors, (double)slot->last_us / 1e6);
}

static void print_result(void)
{
    const char *comma = "";

    printf("{\"sent\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"since_failed\": %" PRIu64
           ", \"waiting\": %" PRIu64 ", \"p50_us\": %.0f, \"p99_us\": %.0f, \"slots\": {",
           sent, failed, since_failed, waiting, load_stats_quantile_us(&latency, 0.5),
           load_stats_quantile_us(&latency, 0.99));
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].requests == 0)
            continue;
        printf("%s", comma);
        print_slot(&slots[i]);
        comma = ", ";
    }
    printf("}}\n");
}

static void die_usage(void)
{
    fputs("usage: bench_pace --to ADDRESS [--rate PER_SECOND] [--users N] [--connections N]\n"
          "                  [--host NAME] [--duration SECONDS] [--seed N]\n"
          "SIGUSR1 sets the mark; SIGTERM ends; prints one JSON object\n",
          stderr);
    exit(2);
}

static uint64_t read_number(const char *text)
{
    uint64_t value = 0;

    if (num_parse_u64(slice_from(text), 1000000000, &value) != ERR_OK)
        die_usage();
    return value;
}

static void read_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "to", required_argument, NULL, 't' },    { "rate", required_argument, NULL, 'r' },
        { "users", required_argument, NULL, 'u' }, { "connections", required_argument, NULL, 'c' },
        { "host", required_argument, NULL, 'h' },  { "duration", required_argument, NULL, 'd' },
        { "seed", required_argument, NULL, 's' },  { NULL, 0, NULL, 0 },
    };
    int option = 0;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 't':
            if (address_parse(slice_from(optarg), &settings.address) != ERR_OK)
                die_usage();
            break;
        case 'r': settings.rate = (double)read_number(optarg); break;
        case 'u': settings.users = read_number(optarg); break;
        case 'c': settings.connections = read_number(optarg); break;
        case 'h': settings.host = optarg; break;
        case 'd': settings.duration_us = read_number(optarg) * 1000000; break;
        case 's': settings.seed = read_number(optarg); break;
        default: die_usage();
        }
    }
    if (settings.address.len == 0 || settings.rate <= 0 || settings.users == 0 ||
        settings.connections == 0)
        die_usage();
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    random_state = settings.seed + 1;
    clients = mem_zalloc(settings.connections * sizeof *clients);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (uint64_t i = 0; i < settings.connections; i++) {
        clients[i].fd = -1;
        clients[i].reader.wanted = SLICE("X-Slot");
        release(&clients[i]);
    }
    signal(SIGUSR1, on_mark);
    signal(SIGTERM, on_stop);
    signal(SIGINT, on_stop);
    run();
    print_result();
    for (uint64_t i = 0; i < settings.connections; i++)
        if (clients[i].fd >= 0)
            close(clients[i].fd);
    close(epoll_fd);
    free(clients);
    return 0;
}
