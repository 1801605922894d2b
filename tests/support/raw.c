/* The runner of raw tables: see support/raw.h. */
#include "support/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/client.h"
#include "support/raw_priv.h"
#include "support/scene.h"

enum { REPLY_MS = 5000, END_MS = 5000, SHOWN = 1200 };

static const char canary[] = "GET /canary HTTP/1.1\r\nHost: canary.test\r\n\r\n";

void raw_start_config(struct raw_bench *bench, const char *config)
{
    const char *front = getenv("SWITCHYARD_FRONT");
    const char *address = getenv("SWITCHYARD_ORIGIN");
    struct text whole;
    struct daemon_options options = { 0 };

    *bench =
        (struct raw_bench){ .origin = origin_start(address != NULL ? address : "127.0.0.1:0") };
    if (front != NULL) {
        snprintf(bench->front, sizeof bench->front, "%s", front);
        return;
    }
    text_init(&whole, 65536);
    for (const char *at = config; *at != '\0'; at++) {
        bool is_mark = at[0] == '%' && at[1] == 's';

        text_add_slice(&whole,
                       is_mark ? slice_from(origin_address(bench->origin)) : slice_of(at, 1));
        at += is_mark;
    }
    options.config = whole.bytes;
    bench->daemon = daemon_start(&options);
    snprintf(bench->front, sizeof bench->front, "%s", daemon_front(bench->daemon));
    text_fini(&whole);
}

void raw_start(struct raw_bench *bench, const char *lines)
{
    char *config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                              "service shop {\n"
                              "    slot blue { targets = { \"%%s\" } }\n"
                              "    slot green { targets = { \"127.0.0.1:1\" } }\n"
                              "    health { enabled = false }\n"
                              "%s\n}\n",
                              lines != NULL ? lines : "");

    raw_start_config(bench, config);
    free(config);
}

char *raw_stop(struct raw_bench *bench)
{
    char *why = NULL;

    origin_drop_connections(bench->origin);
    if (bench->daemon != NULL)
        why = daemon_stop(bench->daemon);
    origin_stop(bench->origin);
    return why;
}

bool raw_is_picked(const struct raw_case *one)
{
    const char *wish = getenv("SWITCHYARD_CASE");

    return wish == NULL || strcmp(wish, one->name) == 0;
}

/* Bytes as they can be printed: CR and LF as \r \n and a line end. */
static void show(struct text *why, const char *title, struct slice bytes)
{
    text_add_format(why, "  %s:\n    ", title);
    for (size_t i = 0; i < bytes.len && i < SHOWN; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];

        if (c == '\r')
            text_add(why, "\\r");
        else if (c == '\n')
            text_add(why, i + 1 < bytes.len ? "\\n\n    " : "\\n");
        else if (c < 0x20 || c >= 0x7f)
            text_add_format(why, "\\x%02x", c);
        else
            text_add_slice(why, slice_of(bytes.ptr + i, 1));
    }
    text_add(why, bytes.len > SHOWN ? "…\n" : "\n");
}

static void compare_head(const struct reply *reply, const char *pattern, bool nocase,
                         struct text *why)
{
    struct text tidy;
    struct text wish;

    text_init(&tidy, 1 << 20);
    text_init(&wish, 1 << 20);
    raw_tidy(reply->head, pattern, &tidy);
    raw_tidy(slice_from(pattern), pattern, &wish);
    if (!raw_matches(text_slice(&tidy), wish.bytes, nocase)) {
        show(why, "wanted head", text_slice(&wish));
        show(why, "got head", text_slice(&tidy));
    }
    text_fini(&tidy);
    text_fini(&wish);
}

static void check_lines(const struct reply *reply, const struct raw_want *want, struct text *why)
{
    struct slice has = slice_from(want->has);
    struct slice lacks = slice_from(want->lacks);
    struct slice line;

    while (slice_next(&has, '\n', &line) && line.len > 0) {
        char *whole = mem_format("\r\n%.*s\r\n", SLICE_ARG(line));

        if (memmem(reply->head.ptr, reply->head.len, whole, strlen(whole)) == NULL) {
            text_add_format(why, "  response lacks \"%.*s\"\n", SLICE_ARG(line));
            show(why, "got head", reply->head);
        }
        free(whole);
    }
    while (slice_next(&lacks, '\n', &line) && line.len > 0) {
        char *name = mem_text_of(line.ptr, line.len);

        if (reply_count(reply, name) > 0)
            text_add_format(why, "  response has %s\n", name);
        free(name);
    }
}

static void check_reply(const struct reply *reply, const struct raw_want *want, bool nocase,
                        struct text *why)
{
    if (reply->status != want->status &&
        (reply->status != want->or_status || want->or_status == 0)) {
        text_add_format(why, "  wanted status %d, got %d\n", want->status, reply->status);
        return;
    }
    if (reply_count(reply, "Date") > 1 || reply_count(reply, "Content-Length") > 1 ||
        reply_count(reply, "Content-Length") + reply_count(reply, "Transfer-Encoding") > 1)
        show(why, "a field is there twice, or two framings", reply->head);
    if (reply->truncated != want->truncated)
        text_add_format(why, "  the response is %s\n", reply->truncated ? "cut short" : "whole");
    if (want->body != NULL && !slice_is_equal(slice_from(want->body), text_slice(&reply->body))) {
        show(why, "wanted body", slice_from(want->body));
        show(why, "got body", text_slice(&reply->body));
    }
    if (want->head != NULL)
        compare_head(reply, want->head, nocase, why);
    check_lines(reply, want, why);
}

/* Receives and judges what the table wants; false when the rest makes no sense any more. */
static bool check_replies(struct client *client, const struct raw_case *one, bool nocase,
                          struct text *why)
{
    struct reply reply = { 0 };

    for (int i = 0; i < RAW_PARTS && one->want[i].status != 0; i++) {
        size_t before = why->len;
        enum reply_state state = client_reply(client, one->want[i].to_head, REPLY_MS, &reply);

        if (state != REPLY_WHOLE) {
            text_add_format(why, "  response %d of status %d did not come (%s%s)\n", i + 1,
                            one->want[i].status, client->ended ? "connection ended " : "",
                            state == REPLY_BROKEN ? reply.why : "");
            show(why, "got",
                 slice_of(client->in.len > 0 ? client->in.bytes + client->taken : "",
                          client->in.len - client->taken));
        } else {
            check_reply(&reply, &one->want[i], nocase, why);
        }
        reply_fini(&reply);
        if (why->len > before)
            return false;
    }
    return true;
}

static void check_canary(struct client *client, const char *where, struct text *why)
{
    struct reply reply = { 0 };
    enum reply_state state = REPLY_BROKEN;

    if (client_send_text(client, canary))
        state = client_reply(client, false, REPLY_MS, &reply);
    if (state != REPLY_WHOLE || reply.status != 200 ||
        !slice_is_equal(text_slice(&reply.body), SLICE("canary"))) {
        text_add_format(why, "  the canary on %s connection got no answer of its own%s\n", where,
                        client->ended ? " (connection ended)" : "");
        show(why, "got", text_slice(&client->in));
    }
    reply_fini(&reply);
}

static void check_end(struct raw_bench *bench, struct client *client, const struct raw_case *one,
                      struct text *why)
{
    struct client fresh;

    if (one->end == RAW_KEEPS) {
        check_canary(client, "the same", why);
        return;
    }
    if (one->end == RAW_CLOSES && !client_await_end(client, END_MS)) {
        text_add(why, client->in.len > client->taken ? "  bytes came after the last response\n"
                                                     : "  the connection was not closed\n");
        show(why, "got",
             slice_of(client->in.bytes + client->taken, client->in.len - client->taken));
    }
    if (!client_try(&fresh, bench->front)) {
        text_add(why, "  a new connection was refused\n");
        return;
    }
    check_canary(&fresh, "a new", why);
    client_close(&fresh);
}

static bool is_canary(struct slice request)
{
    return slice_starts_with(request, SLICE("GET /canary HTTP/1.1\r\n"));
}

static void check_one_seen(const struct raw_bench *bench, struct slice request, const char *pattern,
                           struct text *why)
{
    struct text tidy;
    struct text wish;

    text_init(&tidy, 1 << 20);
    text_init(&wish, 1 << 20);
    raw_tidy(request, pattern, &tidy);
    raw_tidy(slice_from(pattern), pattern, &wish);
    if (!raw_matches(text_slice(&tidy), wish.bytes, bench->daemon == NULL)) {
        show(why, "upstream should see", text_slice(&wish));
        show(why, "upstream saw", text_slice(&tidy));
    }
    if (bench->daemon != NULL)
        raw_check_added(request, pattern, why);
    text_fini(&tidy);
    text_fini(&wish);
}

static void check_seen(struct raw_bench *bench, const struct raw_case *one, struct text *why)
{
    int seen = 0;

    for (unsigned i = 0; i < origin_requests(bench->origin); i++) {
        struct slice request = origin_request(bench->origin, i);

        if (is_canary(request))
            continue;
        if (seen >= RAW_PARTS || one->seen[seen] == NULL)
            show(why, "upstream saw a request too many", request);
        else
            check_one_seen(bench, request, one->seen[seen], why);
        seen++;
    }
    if (seen < RAW_PARTS && one->seen[seen] != NULL)
        text_add_format(why, "  upstream saw only %d requests\n", seen);
}

static void exchange_bytes(struct raw_bench *bench, const struct raw_case *one, struct text *why)
{
    struct client client;

    client_open(&client, bench->front);
    if (one->bytewise)
        client_send_bytewise(&client, one->request.ptr, one->request.len);
    else
        client_send(&client, one->request.ptr, one->request.len);
    if (one->half_close)
        client_half_close(&client);
    if (check_replies(&client, one, bench->daemon == NULL, why))
        check_end(bench, &client, one, why);
    client_close(&client);
}

char *raw_run(struct raw_bench *bench, const struct raw_case *one)
{
    struct text why;

    text_init(&why, 1 << 20);
    origin_clear(bench->origin);
    if (one->answer.len > 0)
        origin_answer(bench->origin, one->answer.ptr, one->answer.len, one->after);
    exchange_bytes(bench, one, &why);
    if (!one->unseen)
        check_seen(bench, one, &why);
    if (why.len > 0)
        return text_take(&why);
    text_fini(&why);
    return NULL;
}
