/*
 * bench_origin: an HTTP/1.1 origin with fixed answers, as cheap as it can be, so that the proxy in
 * front of it is what limits. GET /100 /1k /64k /1m /chunked1k /chunked64k; POST (any path) reads a
 * body of either framing and answers 2 bytes; with "Upgrade: websocket" every byte after the 101 comes back, so that
 * frames do. One thread, epoll. usage: bench_origin LISTEN
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/address.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "support/listen_socket.h"

#define BUFFER_BYTES 65536
#define HEAD_BYTES   8192
#define EVENT_COUNT  256

struct answer {
    const char *path;
    size_t body_bytes;
    size_t chunk_bytes; /* 0: Content-Length */
    char *bytes;
    size_t count;
};

static struct answer answers[] = {
    { .path = "/100", .body_bytes = 100 },
    { .path = "/1k", .body_bytes = 1024 },
    { .path = "/64k", .body_bytes = 65536 },
    { .path = "/1m", .body_bytes = 1048576 },
    { .path = "/chunked1k", .body_bytes = 1024, .chunk_bytes = 256 },
    { .path = "/chunked64k", .body_bytes = 65536, .chunk_bytes = 4096 },
    { .path = NULL, .body_bytes = 2 }, /* POST */
};

#define ANSWER_COUNT (sizeof answers / sizeof *answers)

enum body_state {
    BODY_NONE,
    BODY_LENGTH,
    BODY_SIZE, /* in a chunk's size, or after it in its line */
    BODY_SIZE_LINE,
    BODY_DATA,
    BODY_DATA_LINE,
    BODY_TRAILER, /* at the start of a trailer line */
    BODY_TRAILER_LINE
};

/* One accepted connection. Ends by end_session. */
struct session {
    int fd;
    enum body_state body;
    uint64_t left;
    const struct answer *answer; /* being sent, or owed after the body */
    size_t sent;
    bool is_answering;
    bool is_readable;
    bool is_last; /* close after the answer */
    bool is_echo; /* switched */
    size_t kept_bytes;
    char kept[HEAD_BYTES]; /* a head not complete yet, or requests behind an unsent answer */
};

static int epoll_fd;
static char buffer[BUFFER_BYTES + HEAD_BYTES];

static void append(struct answer *answer, const char *bytes, size_t count)
{
    memcpy(answer->bytes + answer->count, bytes, count);
    answer->count += count;
}

static void build_answer(struct answer *answer)
{
    char *body = mem_alloc(answer->body_bytes);
    char line[128] = "";
    size_t chunk = answer->chunk_bytes;

    memset(body, 'x', answer->body_bytes);
    answer->bytes = mem_alloc(2 * answer->body_bytes + 512);
    int len = chunk == 0 ? snprintf(line, sizeof line, "Content-Length: %zu", answer->body_bytes)
                         : snprintf(line, sizeof line, "Transfer-Encoding: chunked");
    const char *start = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    append(answer, start, strlen(start));
    append(answer, line, (size_t)len);
    append(answer, "\r\n\r\n", 4);
    for (size_t at = 0; chunk > 0 && at < answer->body_bytes; at += chunk) {
        len = snprintf(line, sizeof line, "%zx\r\n", chunk);
        append(answer, line, (size_t)len);
        append(answer, body + at, chunk);
        append(answer, "\r\n", 2);
    }
    if (chunk > 0)
        append(answer, "0\r\n\r\n", 5);
    else
        append(answer, body, answer->body_bytes);
    free(body);
}

static void end_session(struct session *session)
{
    close(session->fd);
    free(session);
}

/* ERR_AGAIN when the socket is full; ERR_OK when the answer is gone, ERR_RESET when it was the last. */
static int send_answer(struct session *session)
{
    const struct answer *answer = session->answer;

    session->is_answering = true;
    while (session->sent < answer->count) {
        ssize_t sent = send(session->fd, answer->bytes + session->sent,
                            answer->count - session->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? ERR_AGAIN : ERR_RESET;
        session->sent += (size_t)sent;
    }
    session->is_answering = false;
    session->answer = NULL;
    session->sent = 0;
    return session->is_last ? ERR_RESET : ERR_OK;
}

static const struct answer *find_answer(struct slice path)
{
    for (size_t i = 0; i + 1 < ANSWER_COUNT; i++)
        if (slice_is_equal(path, slice_from(answers[i].path)))
            return &answers[i];
    return NULL;
}

static int take_body_framing(struct session *session, struct slice head)
{
    struct slice line = { 0 };

    while (slice_next(&head, '\n', &line)) {
        struct slice name = { 0 };
        if (!slice_next(&line, ':', &name) || line.ptr == NULL)
            continue;
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (slice_is_equal_nocase(name, SLICE("Content-Length"))) {
            if (num_parse_u64(slice_trim(line), INT64_MAX, &session->left) != ERR_OK)
                return ERR_INVALID;
            session->body = session->left > 0 ? BODY_LENGTH : BODY_NONE;
        } else if (slice_is_equal_nocase(name, SLICE("Transfer-Encoding"))) {
            session->body = BODY_SIZE;
            session->left = 0;
        }
    }
    return ERR_OK;
}

static int take_head(struct session *session, struct slice head)
{
    struct slice rest = head;
    struct slice method = { 0 };
    struct slice path = { 0 };

    if (!slice_next(&rest, ' ', &method) || !slice_next(&rest, ' ', &path))
        return ERR_INVALID;
    session->is_last = memmem(head.ptr, head.len, "Connection: close", 17) != NULL;
    if (slice_is_equal(method, SLICE("GET"))) {
        session->answer = find_answer(path);
        return session->answer != NULL ? ERR_OK : ERR_NOT_FOUND;
    }
    session->answer = &answers[ANSWER_COUNT - 1];
    return take_body_framing(session, head);
}

/* An echo larger than the socket takes is not this origin's business: it ends. */
static int echo(const struct session *session, const char *bytes, size_t count)
{
    return count == 0 || send(session->fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count
               ? ERR_OK
               : ERR_RESET;
}

static int switch_protocol(struct session *session)
{
    static const char head[] =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    session->is_echo = true;
    return echo(session, head, sizeof head - 1);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of chunk framing. */
static void take_framing_byte(struct session *session, char c)
{
    int value = session->body == BODY_SIZE ? hex_value(c) : -1;

    if (value >= 0)
        session->left = session->left << 4 | (uint64_t)value;
    else if (session->body == BODY_SIZE && c != '\n')
        session->body = BODY_SIZE_LINE;
    else if (session->body == BODY_SIZE || (session->body == BODY_SIZE_LINE && c == '\n'))
        session->body = session->left > 0 ? BODY_DATA : BODY_TRAILER;
    else if (session->body == BODY_DATA_LINE && c == '\n')
        session->body = BODY_SIZE;
    else if (session->body == BODY_TRAILER && c == '\n')
        session->body = BODY_NONE;
    else if (session->body == BODY_TRAILER && c != '\r')
        session->body = BODY_TRAILER_LINE;
    else if (session->body == BODY_TRAILER_LINE && c == '\n')
        session->body = BODY_TRAILER;
}

/* How many of the bytes belong to the body. */
static size_t take_body(struct session *session, const char *bytes, size_t count)
{
    size_t at = 0;

    while (at < count && session->body != BODY_NONE) {
        if (session->body != BODY_LENGTH && session->body != BODY_DATA) {
            take_framing_byte(session, bytes[at++]);
            continue;
        }
        size_t piece = count - at < session->left ? count - at : (size_t)session->left;
        session->left -= piece;
        at += piece;
        if (session->left == 0)
            session->body = session->body == BODY_LENGTH ? BODY_NONE : BODY_DATA_LINE;
    }
    return at;
}

/* Works on what was read; ERR_AGAIN when it waits for the socket to take more. */
static int take_bytes(struct session *session, const char *bytes, size_t count)
{
    int err = ERR_OK;

    session->kept_bytes = 0;
    while (err == ERR_OK && (count > 0 || session->answer != NULL)) {
        if (session->answer == NULL) {
            const char *end = memmem(bytes, count, "\r\n\r\n", 4);
            if (end == NULL)
                break;
            size_t head_bytes = (size_t)(end - bytes) + 4;
            if (memmem(bytes, head_bytes, "pgrade: websocket", 17) != NULL) {
                err = switch_protocol(session);
                return err == ERR_OK ? echo(session, bytes + head_bytes, count - head_bytes) : err;
            }
            err = take_head(session, slice_of(bytes, head_bytes));
            bytes += head_bytes;
            count -= head_bytes;
        }
        if (err == ERR_OK && session->body != BODY_NONE) {
            size_t taken = take_body(session, bytes, count);
            bytes += taken;
            count -= taken;
            if (session->body != BODY_NONE)
                return ERR_OK;
        }
        if (err == ERR_OK)
            err = send_answer(session);
    }
    if ((err != ERR_OK && err != ERR_AGAIN) || count > sizeof session->kept)
        return ERR_INVALID;
    memmove(session->kept, bytes, count);
    session->kept_bytes = count;
    return err;
}

/* A long body is thrown away inside the kernel. */
static int skip_body(struct session *session)
{
    ssize_t got = recv(session->fd, NULL, session->left, MSG_TRUNC);

    if (got <= 0)
        return got < 0 && errno == EAGAIN ? ERR_AGAIN : ERR_RESET;
    session->left -= (uint64_t)got;
    if (session->left == 0)
        session->body = BODY_NONE;
    return session->left > 0 ? ERR_OK : take_bytes(session, session->kept, 0);
}

static int read_some(struct session *session)
{
    if (session->body == BODY_LENGTH)
        return skip_body(session);
    memcpy(buffer, session->kept, session->kept_bytes);
    ssize_t got = recv(session->fd, buffer + session->kept_bytes, BUFFER_BYTES, 0);
    if (got < 0)
        return errno == EAGAIN ? ERR_AGAIN : ERR_RESET;
    if (got == 0)
        return ERR_RESET;
    if (got < BUFFER_BYTES)
        session->is_readable = false;
    if (session->is_echo)
        return echo(session, buffer, (size_t)got);
    return take_bytes(session, buffer, session->kept_bytes + (size_t)got);
}

static void on_session_event(struct session *session, uint32_t events)
{
    int err = ERR_OK;

    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        session->is_readable = true;
    if (session->is_answering) {
        err = send_answer(session);
        if (err == ERR_OK && session->kept_bytes > 0) {
            memcpy(buffer, session->kept, session->kept_bytes);
            err = take_bytes(session, buffer, session->kept_bytes);
        }
    }
    while (err == ERR_OK && session->is_readable) {
        err = read_some(session);
        if (err == ERR_AGAIN && !session->is_answering)
            session->is_readable = false;
    }
    /* An end that came with the last bytes gives no edge of its own. */
    if (err == ERR_OK && (events & EPOLLRDHUP) != 0)
        err = ERR_RESET;
    if (err != ERR_OK && err != ERR_AGAIN)
        end_session(session);
}

static void accept_all(int listen_fd)
{
    int fd = -1;

    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct session *session = mem_zalloc(sizeof *session);
        struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                     .data.ptr = session };
        session->fd = fd;
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            end_session(session);
    }
}

static void serve(int listen_fd)
{
    struct epoll_event events[EVENT_COUNT];
    int count = 0;

    while ((count = epoll_wait(epoll_fd, events, EVENT_COUNT, -1)) >= 0 || errno == EINTR) {
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(listen_fd);
            else
                on_session_event(events[i].data.ptr, events[i].events);
        }
    }
}

int main(int argc, char **argv)
{
    struct address address = { 0 };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    struct rlimit limit = { 1048576, 1048576 };

    if (argc != 2 || address_parse(slice_from(argv[1]), &address) != ERR_OK) {
        fprintf(stderr, "usage: bench_origin LISTEN\n");
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; i < ANSWER_COUNT; i++)
        build_answer(&answers[i]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listen_fd = listen_socket_open(&address);
    if (epoll_fd < 0 || listen_fd < 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) != 0) {
        perror("bench_origin");
        return 1;
    }
    serve(listen_fd);
    return 1;
}
