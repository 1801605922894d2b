/* How an origin reads requests, plays scripts and gives queued answers: see support/origin.h. On the
 * connection's own thread. The request reader is on purpose not the parser of the product. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "support/origin_priv.h"
#include "support/origin_tls_priv.h"

bool origin_line_pull(struct origin_line *line)
{
    char part[65536];
    ssize_t count = 0;

    do
        count = origin_tls_recv(line, part, sizeof part);
    while (count < 0 && errno == EINTR);
    if (count <= 0) {
        line->ended = true;
        return false;
    }
    atomic_fetch_add(&line->origin->received_bytes, (uint64_t)count);
    text_add_slice(&line->in, slice_of(part, (size_t)count));
    if (line->origin->records) {
        pthread_mutex_lock(&line->origin->lock);
        text_add_slice(&line->received, slice_of(part, (size_t)count));
        pthread_mutex_unlock(&line->origin->lock);
    }
    return true;
}

bool origin_line_send(struct origin_line *line, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t count = origin_tls_send(line, at, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

void origin_line_take(struct origin_line *line, size_t size)
{
    memmove(line->in.bytes, line->in.bytes + size, line->in.len - size);
    line->in.len -= size;
    line->in.bytes[line->in.len] = '\0';
}

void origin_line_reset(struct origin_line *line)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* Size of the head at the start of line->in, 0 at the end of the connection. */
static size_t await_head(struct origin_line *line)
{
    for (;;) {
        const char *end =
            line->in.len == 0 ? NULL : memmem(line->in.bytes, line->in.len, "\r\n\r\n", 4);

        if (end != NULL)
            return (size_t)(end - line->in.bytes) + 4;
        if (!origin_line_pull(line))
            return 0;
    }
}

/* The value of a field in a head, by a search without regard to case; len 0 when it is not there. */
static struct slice find_value(struct slice head, const char *name)
{
    size_t length = strlen(name);
    struct slice line;

    while (slice_next(&head, '\n', &line)) {
        if (line.len > length + 1 && line.ptr[length] == ':' &&
            slice_is_equal_nocase(slice_of(line.ptr, length), slice_from(name))) {
            struct slice value = slice_of(line.ptr + length + 1, line.len - length - 1);

            if (value.len > 0 && value.ptr[value.len - 1] == '\r')
                value.len--;
            return slice_trim(value);
        }
    }
    return (struct slice){ "", 0 };
}

/* Waits for a line that begins at offset `at` of line->in; its size with CRLF, 0 at the end. */
static size_t await_line(struct origin_line *line, size_t at)
{
    for (;;) {
        const char *end =
            line->in.len <= at ? NULL : memmem(line->in.bytes + at, line->in.len - at, "\r\n", 2);

        if (end != NULL)
            return (size_t)(end - line->in.bytes) + 2 - at;
        if (!origin_line_pull(line))
            return 0;
    }
}

/* The size of head and chunked body, 0 when it does not end or is malformed. */
static size_t await_chunks(struct origin_line *line, size_t at)
{
    uint64_t left = 1;

    while (left > 0) {
        size_t size = await_line(line, at);
        struct slice digits = slice_of(line->in.bytes + at, size < 2 ? 0 : size - 2);

        if (size == 0 || num_parse_hex(digits, (uint64_t)1 << 40, &left) < 0)
            return 0;
        at += size;
        while (left > 0 && line->in.len < at + left + 2) {
            if (!origin_line_pull(line))
                return 0;
        }
        at += left > 0 ? (size_t)left + 2 : 0;
    }
    for (;;) { /* trailer section */
        size_t size = await_line(line, at);

        at += size;
        if (size == 0 || size == 2)
            return size == 0 ? 0 : at;
    }
}

size_t origin_line_request(struct origin_line *line, size_t *body_at)
{
    size_t head = await_head(line);
    struct slice text = slice_of(line->in.bytes, head);
    uint64_t length = 0;

    if (head == 0)
        return 0;
    *body_at = head;
    if (find_value(text, "Transfer-Encoding").len > 0)
        return await_chunks(line, head);
    if (num_parse_u64(find_value(text, "Content-Length"), (uint64_t)1 << 40, &length) < 0)
        return head;
    while (line->in.len < head + length) {
        if (!origin_line_pull(line))
            return 0;
    }
    return head + (size_t)length;
}

/* Reads `size` bytes and drops them. */
static bool take_bytes(struct origin_line *line, size_t size)
{
    while (line->in.len < size) {
        if (!origin_line_pull(line))
            return false;
    }
    origin_line_take(line, size);
    return true;
}

static bool fill(struct origin_line *line, size_t size)
{
    char part[16384];

    memset(part, 'x', sizeof part);
    while (size > 0) {
        size_t now = size < sizeof part ? size : sizeof part;

        if (!origin_line_send(line, part, now))
            return false;
        size -= now;
    }
    return true;
}

static bool take_request(struct origin_line *line, bool head_only)
{
    size_t body_at = 0;
    size_t size = head_only ? await_head(line) : origin_line_request(line, &body_at);

    if (size == 0)
        return false;
    origin_record(line, slice_of(line->in.bytes, size));
    origin_line_take(line, size);
    return true;
}

static bool send_slowly(struct origin_line *line, const struct origin_act *act)
{
    for (size_t i = 0; i < act->size; i++) {
        if (!origin_line_send(line, act->bytes + i, 1))
            return false;
    }
    return true;
}

/* false: the script is over. */
static bool play_act(struct origin_line *line, const struct origin_act *act)
{
    switch (act->kind) {
    case ORIGIN_HEAD: return take_request(line, true);
    case ORIGIN_REQUEST: return take_request(line, false);
    case ORIGIN_BYTES: return take_bytes(line, act->size);
    case ORIGIN_EVERYTHING:
        while (origin_line_pull(line))
            text_clear(&line->in);
        return true;
    case ORIGIN_SEND: return origin_line_send(line, act->bytes, act->size);
    case ORIGIN_FILL: return fill(line, act->size);
    case ORIGIN_SLOWLY: return send_slowly(line, act);
    case ORIGIN_AWAIT: return origin_line_await(line, act->bytes);
    case ORIGIN_RAISE: origin_raise(line->origin, act->bytes); return true;
    case ORIGIN_SHUT:
        origin_tls_end(line);
        shutdown(line->fd, SHUT_WR);
        return true;
    case ORIGIN_RESET:
        line->cuts = true;
        origin_line_reset(line);
        return false;
    case ORIGIN_AGAIN: return true;
    case ORIGIN_END: return false;
    }
    return false;
}

static void play(struct origin_line *line, const struct origin_act *acts)
{
    const struct origin_act *act = acts;

    while (play_act(line, act))
        act = act->kind == ORIGIN_AGAIN ? acts : act + 1;
}

static const struct origin_act *next_script(struct origin *origin)
{
    const struct origin_act *acts = NULL;

    pthread_mutex_lock(&origin->lock);
    if (origin->script_count > 0) {
        acts = origin->scripts[origin->script_next];
        if (origin->script_next + 1 < origin->script_count)
            origin->script_next++;
    }
    pthread_mutex_unlock(&origin->lock);
    return acts;
}

static struct origin_answer next_answer(struct origin *origin)
{
    struct origin_answer answer = { NULL, 0, ORIGIN_KEEPS };

    pthread_mutex_lock(&origin->lock);
    if (origin->answer_next < origin->answer_count) {
        const struct origin_answer *kept = &origin->answers[origin->answer_next++];

        answer = *kept;
        answer.bytes = mem_text_of(kept->bytes, kept->size);
    }
    pthread_mutex_unlock(&origin->lock);
    return answer;
}

static bool is_target(struct slice request, const char *target)
{
    struct slice method;
    struct slice found;

    return slice_next(&request, ' ', &method) && slice_next(&request, ' ', &found) &&
           slice_is_equal(found, slice_from(target));
}

/* Answers one whole request; false: the connection is to be closed. */
static bool give_answer(struct origin_line *line, struct slice request)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char canary[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary";
    struct origin_answer answer;
    bool sent = false;

    if (is_target(request, "/canary"))
        return origin_line_send(line, canary, sizeof canary - 1);
    answer = next_answer(line->origin);
    if (answer.bytes == NULL)
        return origin_line_send(line, ok, sizeof ok - 1);
    sent = origin_line_send(line, answer.bytes, answer.size);
    free(answer.bytes);
    if (answer.after == ORIGIN_RESETS)
        origin_line_reset(line);
    return sent && answer.after == ORIGIN_KEEPS;
}

void origin_serve_scripts(struct origin_line *line, void *arg)
{
    const struct origin_act *acts = next_script(line->origin);
    size_t body_at = 0;
    size_t size = 0;

    (void)arg;
    if (acts != NULL) {
        play(line, acts);
        return;
    }
    while ((size = origin_line_request(line, &body_at)) > 0) {
        struct slice request = slice_of(line->in.bytes, size);

        origin_record(line, request);
        if (!give_answer(line, request))
            return;
        origin_line_take(line, size);
    }
}
