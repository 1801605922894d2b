/* A strict load generator: see support/load.h. Here its thread: connections, sending, receiving. */
#include "support/load.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "support/dial.h"
#include "support/load_priv.h"
#include "support/reply.h"
#include "support/scene.h"

enum { RECORDS_MAX = 4000000, TIMEOUT_MS = 10000, EVENTS = 128 };

enum line_state { LINE_WAITS, LINE_CONNECTS, LINE_SENDS, LINE_RECEIVES };

struct load_line {
    struct load *load;
    int fd;
    enum line_state state;
    bool is_one_shot;
    bool was_used;
    uint64_t next_us; /* when to begin, or the deadline of what is under way */
    struct text out;
    size_t sent;
    struct text in;
    struct load_record record;
};

struct load_runner {
    struct load *load;
    struct load_line *lines;
    unsigned line_count;
    int epoll_fd;
    uint64_t random;
    struct dial_address front;
    char *fill;
};

static void close_line(struct load_line *line)
{
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
    line->was_used = false;
}

static void watch(struct load_runner *runner, struct load_line *line, int action, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = line };

    if (epoll_ctl(runner->epoll_fd, action, line->fd, &event) < 0)
        scene_fail("load: epoll: %s", strerror(errno));
}

static void keep_record(struct load *load, const struct load_record *record)
{
    if (load->count == load->capacity) {
        load->capacity = load->capacity == 0 ? 65536 : load->capacity * 2;
        load->records = mem_grow(load->records, load->capacity, sizeof *load->records);
    }
    load->records[load->count++] = *record;
    atomic_store(&load->done, load->count);
}

/* The end of a request: records it and sets when the next one begins. */
static void end_request(struct load_runner *runner, struct load_line *line,
                        enum load_outcome outcome)
{
    const struct load_options *options = &runner->load->options;
    uint64_t now = clock_monotonic_us();
    uint64_t pause = 0;

    line->record.end_us = now;
    line->record.outcome = (uint8_t)outcome;
    keep_record(runner->load, &line->record);
    if (line->is_one_shot || outcome != LOAD_OK)
        close_line(line);
    line->was_used = line->fd >= 0;
    line->state = LINE_WAITS;
    if (options->think_max_us > 0)
        pause = hash_random(&runner->random) % options->think_max_us;
    line->next_us = now + pause;
    if (options->rate > 0) {
        uint64_t gap = (uint64_t)1000000 * runner->line_count / options->rate;

        line->next_us = line->record.start_us + gap / 2 + hash_random(&runner->random) % (gap + 1);
    }
}

static void build_request(struct load_runner *runner, struct load_line *line)
{
    const struct load_options *options = &runner->load->options;
    const char *target = options->target != NULL ? options->target : "/";
    const char *host = options->host != NULL ? options->host : "a.test";

    line->record = (struct load_record){ .id = runner->load->next_id++,
                                         .is_reused = line->was_used,
                                         .is_post = hash_random(&runner->random) % 100 <
                                                    options->post_percent };
    text_clear(&line->out);
    text_clear(&line->in);
    line->sent = 0;
    text_add_format(&line->out, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Id: %u\r\n",
                    line->record.is_post ? "POST" : "GET", target, host, line->record.id);
    if (line->is_one_shot)
        text_add(&line->out, "Connection: close\r\n");
    if (line->record.is_post)
        text_add_format(&line->out, "Content-Length: %u\r\n", options->post_bytes);
    text_add(&line->out, "\r\n");
    if (line->record.is_post)
        text_add_slice(&line->out, slice_of(runner->fill, options->post_bytes));
}

static void send_more(struct load_runner *runner, struct load_line *line)
{
    while (line->sent < line->out.len) {
        ssize_t count =
            send(line->fd, line->out.bytes + line->sent, line->out.len - line->sent, MSG_NOSIGNAL);

        if (count < 0 && errno == EAGAIN) {
            watch(runner, line, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        if (count < 0)
            break; /* what the peer said before it closed is read next */
        line->sent += (size_t)count;
    }
    watch(runner, line, EPOLL_CTL_MOD, EPOLLIN);
    line->state = LINE_RECEIVES;
}

static void connect_line(struct load_runner *runner, struct load_line *line)
{
    int on = 1;

    line->fd =
        socket(runner->front.sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (line->fd < 0)
        scene_fail("load: socket: %s", strerror(errno));
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    line->state = LINE_CONNECTS;
    if (connect(line->fd, &runner->front.sa.any, runner->front.len) < 0 && errno != EINPROGRESS) {
        end_request(runner, line, LOAD_REFUSED);
        return;
    }
    watch(runner, line, EPOLL_CTL_ADD, EPOLLOUT);
}

static void begin_request(struct load_runner *runner, struct load_line *line)
{
    const struct load_options *options = &runner->load->options;
    unsigned timeout = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;

    build_request(runner, line);
    line->record.start_us = clock_monotonic_us();
    line->next_us = line->record.start_us + (uint64_t)timeout * 1000;
    if (line->fd < 0) {
        connect_line(runner, line);
        return;
    }
    line->state = LINE_SENDS;
    send_more(runner, line);
}

static void end_connect(struct load_runner *runner, struct load_line *line)
{
    int err = 0;
    socklen_t len = sizeof err;

    if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err != 0) {
        end_request(runner, line, LOAD_REFUSED);
        return;
    }
    line->record.start_us = clock_monotonic_us();
    line->state = LINE_SENDS;
    send_more(runner, line);
}

static uint8_t slot_number(struct slice name)
{
    if (name.ptr == NULL)
        return LOAD_SLOT_NONE;
    if (slice_is_equal(name, SLICE("blue")))
        return LOAD_SLOT_BLUE;
    return slice_is_equal(name, SLICE("green")) ? LOAD_SLOT_GREEN : LOAD_SLOT_OTHER;
}

static enum load_outcome judge(struct load_line *line, const struct reply *reply)
{
    uint64_t id = 0;

    line->record.status = (uint16_t)reply->status;
    line->record.slot = slot_number(reply_value(reply, "X-Slot"));
    if (reply->truncated)
        return LOAD_RESET_WITHIN;
    if (reply->size != line->in.len)
        return LOAD_MIXED;
    if (reply->status >= 500)
        return line->record.slot == LOAD_SLOT_NONE ? LOAD_PROXY_5XX : LOAD_ORIGIN_5XX;
    if (reply->status != 200)
        return LOAD_OTHER;
    if (num_parse_u64(reply_value(reply, "X-Id"), UINT32_MAX, &id) < 0 || id != line->record.id)
        return LOAD_MIXED;
    return LOAD_OK;
}

static void receive(struct load_runner *runner, struct load_line *line)
{
    char part[65536];
    struct reply reply = { 0 };
    bool ended = false;
    enum reply_state state = REPLY_MORE;

    for (;;) {
        ssize_t count = recv(line->fd, part, sizeof part, 0);

        if (count < 0 && errno == EAGAIN)
            break;
        if (count <= 0) {
            ended = true;
            break;
        }
        text_add_slice(&line->in, slice_of(part, (size_t)count));
    }
    if (line->in.len == 0) {
        if (ended)
            end_request(runner, line, LOAD_RESET_BEFORE);
        return;
    }
    state = reply_parse(&reply, text_slice(&line->in), false, ended);
    if (state == REPLY_WHOLE)
        end_request(runner, line, judge(line, &reply));
    else if (state == REPLY_BROKEN)
        end_request(runner, line, ended ? LOAD_RESET_WITHIN : LOAD_OTHER);
    if (state == REPLY_WHOLE &&
        (ended || slice_is_equal_nocase(reply_value(&reply, "Connection"), SLICE("close"))))
        close_line(line);
    reply_fini(&reply);
}

static void on_event(struct load_runner *runner, struct load_line *line)
{
    switch (line->state) {
    case LINE_CONNECTS: end_connect(runner, line); break;
    case LINE_SENDS: send_more(runner, line); break;
    case LINE_RECEIVES: receive(runner, line); break;
    case LINE_WAITS: close_line(line); break; /* the peer ended an idle connection */
    }
}

/* Begins what is due and ends what is late; milliseconds until the next such moment. */
static int turn(struct load_runner *runner, bool *busy)
{
    uint64_t now = clock_monotonic_us();
    uint64_t nearest = now + 50000;
    bool stopping = atomic_load(&runner->load->is_stopping);

    *busy = false;
    for (unsigned i = 0; i < runner->line_count; i++) {
        struct load_line *line = &runner->lines[i];
        uint64_t max = runner->load->options.max_requests;
        bool no_more =
            stopping || (max > 0 && runner->load->next_id - runner->load->options.first_id >= max);

        if (line->state == LINE_WAITS && no_more)
            continue;
        if (line->state == LINE_WAITS && line->next_us <= now)
            begin_request(runner, line);
        else if (line->state != LINE_WAITS && line->next_us <= now)
            end_request(runner, line, LOAD_TIMEOUT);
        *busy = true;
        if (line->next_us < nearest)
            nearest = line->next_us;
    }
    return nearest > now ? (int)((nearest - now) / 1000) : 0;
}

static void *run(void *arg)
{
    struct load_runner *runner = arg;
    struct epoll_event events[EVENTS];
    bool busy = true;

    for (;;) {
        int wait = turn(runner, &busy);
        int count = 0;

        if (!busy)
            break;
        count = epoll_wait(runner->epoll_fd, events, EVENTS, wait);
        for (int i = 0; i < count; i++) {
            struct load_line *line = events[i].data.ptr;

            if (line->fd >= 0)
                on_event(runner, line);
        }
    }
    for (unsigned i = 0; i < runner->line_count; i++) {
        close_line(&runner->lines[i]);
        text_fini(&runner->lines[i].out);
        text_fini(&runner->lines[i].in);
    }
    close(runner->epoll_fd);
    free(runner->lines);
    free(runner->fill);
    atomic_store(&runner->load->has_ended, true);
    free(runner);
    return NULL;
}

struct load *load_start(const struct load_options *options)
{
    struct load *load = mem_zalloc(sizeof *load);
    struct load_runner *runner = mem_zalloc(sizeof *runner);

    load->options = *options;
    load->next_id = options->first_id;
    runner->load = load;
    runner->line_count = options->keep_alive + options->one_shot;
    runner->lines = mem_zalloc(runner->line_count * sizeof *runner->lines);
    runner->random = options->seed != 0 ? options->seed : 1;
    runner->fill = mem_zalloc(options->post_bytes + 1);
    memset(runner->fill, 'p', options->post_bytes);
    runner->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!dial_parse(options->front, &runner->front))
        scene_fail("load: bad address %s", options->front);
    for (unsigned i = 0; i < runner->line_count; i++) {
        struct load_line *line = &runner->lines[i];

        line->fd = -1;
        line->is_one_shot = i >= options->keep_alive;
        line->next_us = clock_monotonic_us() + hash_random(&runner->random) % 10000;
        text_init(&line->out, 64 << 20);
        text_init(&line->in, (size_t)1 << 30);
    }
    if (pthread_create(&load->thread, NULL, run, runner) != 0)
        scene_fail("load: no thread");
    return load;
}
