/* A client of /metrics and its like: see api_client_priv.h. */
#include "control/api_client_priv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "http/page.h"
#include "http/parse_head.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timer.h"

enum { MAGIC = 0x41504943, FIELDS_MAX = 100, REQUESTS_PER_TURN = 16 };

/* What the one timer waits for. */
enum watch { WATCH_NOTHING, WATCH_REQUEST, WATCH_HEAD, WATCH_SEND };

struct api_client {
    uint32_t magic;
    TAILQ_ENTRY(api_client) link;
    struct api_client_owner owner;
    struct api_client_list *list;
    struct stream stream;
    struct timer *timer;
    enum watch watch;
    uint64_t since_us; /* of the watch */
    size_t in_len;
    size_t searched;
    struct text head; /* of the response under way */
    struct text body;
    size_t sent; /* of both */
    bool wants_close;
    bool is_closed;
    char in[API_HEAD_BYTES];
};

static void free_client(void *arg)
{
    struct api_client *client = arg;

    text_fini(&client->head);
    text_fini(&client->body);
    client->magic = 0;
    free(client);
}

void api_client_close(struct api_client *client)
{
    if (client->is_closed)
        return;
    client->is_closed = true;
    timer_free(client->timer);
    client->timer = NULL;
    stream_close(&client->stream);
    TAILQ_REMOVE(client->list, client, link);
    loop_reap(client->owner.loop, free_client, client);
    client->owner.on_close(client->owner.arg);
}

static void on_timer(void *arg)
{
    api_client_close(arg);
}

static void watch_for(struct api_client *client, enum watch watch)
{
    const unsigned ms[] = {
        [WATCH_REQUEST] = client->owner.idle_ms,
        [WATCH_HEAD] = client->owner.head_ms,
        [WATCH_SEND] = client->owner.send_ms,
    };

    if (client->watch == watch)
        return;
    client->watch = watch;
    client->since_us = loop_now_us(client->owner.loop);
    if (watch == WATCH_NOTHING)
        timer_disarm(client->timer);
    else
        timer_arm(client->timer, ms[watch]);
}

/* RFC 9110 5.6.7; the C locale is never left, so names are English. */
static void add_date(struct text *head)
{
    time_t now = time(NULL);
    char line[64];
    struct tm utc;

    if (gmtime_r(&now, &utc) != NULL &&
        strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc) > 0)
        text_add(head, line);
}

/* The reply becomes the response under way; its body is taken. */
static void respond(struct api_client *client, struct api_reply *reply, bool is_head,
                    unsigned minor)
{
    struct text *head = &client->head;

    text_add_format(head, "HTTP/1.1 %d %s\r\n", reply->status, page_reason(reply->status));
    add_date(head);
    text_add_format(head, "Content-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n",
                    reply->type, reply->body.len);
    if (reply->status == 405)
        text_add(head, "Allow: GET, HEAD\r\n");
    if (client->wants_close)
        text_add(head, "Connection: close\r\n");
    else if (minor == 0)
        text_add(head, "Connection: keep-alive\r\n");
    text_add(head, "\r\n");
    text_fini(&client->body);
    client->body = reply->body;
    if (is_head)
        text_fini(&client->body);
}

static void refuse(struct api_client *client, int status, const char *words, bool is_head)
{
    struct api_reply reply = { .status = status, .type = "application/json" };

    text_init(&reply.body, 1024);
    text_add_format(&reply.body, "{\"error\":{\"status\":%d,\"message\":\"%s\"}}\n", status, words);
    respond(client, &reply, is_head, 1);
}

static void serve(struct api_client *client, const struct head *head)
{
    struct api_reply reply = { .status = 404, .type = "application/json" };
    bool is_head = head->method == METHOD_HEAD;
    bool has_body =
        head->framing == FRAMING_CHUNKED || (head->framing == FRAMING_LENGTH && head->length > 0);

    client->wants_close = head->close || has_body;
    if (head->method != METHOD_GET && !is_head) {
        refuse(client, 405, "only GET and HEAD are allowed here", false);
        return;
    }
    if (has_body) {
        refuse(client, 400, "a body is not expected here", is_head);
        return;
    }
    text_init(&reply.body, API_BODY_MAX);
    text_add(&reply.body, "{\"error\":{\"status\":404,\"message\":\"there is /metrics, /livez and "
                          "/readyz\"}}\n");
    client->owner.answer(client->owner.arg, head->path, &reply);
    respond(client, &reply, is_head, head->minor);
}

/* True when a head was complete or bad, so that there is something to send. */
static bool find_request(struct api_client *client)
{
    static const struct head_limits limits = { .head_bytes = API_HEAD_BYTES,
                                               .target_bytes = 2048,
                                               .fields = FIELDS_MAX };
    struct field fields[FIELDS_MAX];
    struct head head = { .fields = fields, .field_capacity = FIELDS_MAX };
    enum fault fault = FAULT_NONE;
    enum parse parsed = PARSE_MORE;
    size_t taken = 0;

    if (client->in_len > 0)
        parsed = parse_head_request(client->in, client->in_len, &client->searched, &limits, &head,
                                    &fault);
    if (parsed == PARSE_MORE && client->in_len < sizeof client->in)
        return false;
    if (parsed != PARSE_DONE) {
        client->wants_close = true;
        client->in_len = 0;
        if (parsed == PARSE_MORE)
            fault = FAULT_HEAD_TOO_LARGE;
        refuse(client, fault_status(fault) > 0 ? fault_status(fault) : 400, fault_words(fault),
               false);
        return true;
    }
    serve(client, &head);
    taken = head.size;
    memmove(client->in, client->in + taken, client->in_len - taken);
    client->in_len -= taken;
    client->searched = 0;
    return true;
}

/* Sends head and body: 0 all of it, ERR_AGAIN not yet, else the client is gone. */
static int flush(struct api_client *client)
{
    size_t total = client->head.len + client->body.len;

    while (client->sent < total) {
        size_t in_body = client->sent > client->head.len ? client->sent - client->head.len : 0;
        size_t in_head = client->sent < client->head.len ? client->sent : client->head.len;
        struct iovec parts[2] = {
            { .iov_base = client->head.bytes + in_head, .iov_len = client->head.len - in_head },
            { .iov_base = client->body.bytes + in_body, .iov_len = client->body.len - in_body },
        };
        int first = parts[0].iov_len == 0;
        int count = (parts[1].iov_len > 0 ? 2 : 1) - first;
        ssize_t sent = stream_send(&client->stream, parts + first, count, false);

        if (sent <= 0)
            return sent < 0 ? (int)sent : ERR_RESET;
        client->sent += (size_t)sent;
        watch_for(client, WATCH_NOTHING); /* progress: the time to send begins anew */
    }
    if (total > 0)
        watch_for(client, WATCH_NOTHING);
    client->sent = 0;
    text_clear(&client->head);
    text_fini(&client->body);
    return 0;
}

enum progress { PROGRESS_ON, PROGRESS_WAIT, PROGRESS_CLOSE };

static enum progress receive(struct api_client *client)
{
    ssize_t got = stream_recv(&client->stream, client->in + client->in_len,
                              sizeof client->in - client->in_len);

    if (got > 0) {
        client->in_len += (size_t)got;
        return PROGRESS_ON;
    }
    if (got != ERR_AGAIN)
        return PROGRESS_CLOSE;
    watch_for(client,
              client->in_len > 0 || client->watch == WATCH_HEAD ? WATCH_HEAD : WATCH_REQUEST);
    return PROGRESS_WAIT;
}

static enum progress advance(struct api_client *client, unsigned *requests)
{
    int err = flush(client);

    if (err == ERR_AGAIN) {
        watch_for(client, WATCH_SEND);
        return PROGRESS_WAIT;
    }
    if (err < 0 || client->wants_close)
        return PROGRESS_CLOSE;
    if (*requests == REQUESTS_PER_TURN) {
        stream_wake(&client->stream);
        return PROGRESS_WAIT;
    }
    if (find_request(client)) {
        ++*requests;
        return PROGRESS_ON;
    }
    return receive(client);
}

static void on_ready(struct stream *stream)
{
    struct api_client *client = container_of(stream, struct api_client, stream);
    enum progress progress = PROGRESS_ON;
    unsigned requests = 0;

    CHECK(client->magic == MAGIC);
    while (progress == PROGRESS_ON)
        progress = advance(client, &requests);
    if (progress == PROGRESS_CLOSE)
        api_client_close(client);
}

static const struct stream_ops api_stream_ops = { .on_ready = on_ready };

int api_client_open(const struct api_client_owner *owner, int fd, struct api_client_list *list)
{
    struct api_client *client = mem_zalloc(sizeof *client);

    client->magic = MAGIC;
    client->owner = *owner;
    client->list = list;
    if (stream_open(&client->stream, owner->loop, fd, &api_stream_ops) < 0) {
        free(client);
        return ERR_IO;
    }
    text_init(&client->head, 4096);
    text_init(&client->body, API_BODY_MAX);
    client->timer = timer_new(owner->loop, on_timer, client);
    watch_for(client, WATCH_HEAD); /* a new client has come to ask at once */
    TAILQ_INSERT_TAIL(list, client, link);
    stream_wake(&client->stream);
    return 0;
}

struct api_client *api_client_next(const struct api_client *client)
{
    return TAILQ_NEXT(client, link);
}

uint64_t api_client_idle_us(const struct api_client *client, uint64_t now_us)
{
    return client->watch == WATCH_NOTHING || now_us < client->since_us ? 0
                                                                       : now_us - client->since_us;
}
