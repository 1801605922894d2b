/*
 * The event stream of the API: each event once and in order, also over a lost connection; the state each second; and a
 * crowd of clients that mean no good while somebody rolls back on the admin socket (more of it in test_admin_flood.c).
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "e2e/e2e.h"
#include "support/api_client.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"

enum { CROWD = 200 };

static const struct stage_options options = { .globals = api_client_globals };

static struct stage stage;

/* Opens a stream; last may be NULL. */
static void listen_to(struct client *client, const char *query, const char *last)
{
    char *request = mem_format("GET /v1/events%s HTTP/1.1\r\nHost: localhost\r\n%s%s%s\r\n", query,
                               last != NULL ? "Last-Event-ID: " : "", last != NULL ? last : "",
                               last != NULL ? "\r\n" : "");

    *client = (struct client){ .fd = -1 };
    client_open(client, daemon_api(stage.daemon));
    cr_assert(client_send_text(client, request));
    free(request);
}

/* Whether the part came on the stream, and where; NULL after ms. */
static const char *hear(struct client *client, const char *part, unsigned ms)
{
    uint64_t until_us = clock_monotonic_us() + ms * 1000ull;
    const char *found = NULL;

    while (found == NULL && clock_monotonic_us() < until_us) {
        if (client->in.bytes != NULL)
            found = strstr(client->in.bytes, part);
        if (found == NULL && (client->ended || !client_pull(client, 200)) && client->ended)
            break;
    }
    return found;
}

static unsigned count(const char *text, const char *part)
{
    unsigned sum = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        sum++;
    return sum;
}

Test(api_stream, events_come_once_also_over_a_lost_connection)
{
    struct client client;
    const char *id = NULL;
    char last[32] = "";

    stage_open(&stage, &options);
    listen_to(&client, "?status=false", NULL);
    cr_assert_not_null(hear(&client, "retry: 2000\nid: ", 5000));
    cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
    cr_assert_not_null(hear(&client, "\"change\":\"switch\"", 5000));
    cr_expect_not_null(strstr(client.in.bytes, "event: change\ndata: {"));
    cr_expect_null(strstr(client.in.bytes, "event: status"));
    id = strstr(strstr(client.in.bytes, "retry: 2000"), "\nid: ");
    for (const char *next = id; next != NULL; next = strstr(next + 1, "\nid: "))
        id = next;
    cr_assert(slice_copy(slice_of(id + 5, strspn(id + 5, "0123456789")), last, sizeof last));
    client_close(&client);
    cr_expect_eq(ctl_code(stage.daemon, "rollback shop"), 0);
    scene_pause_us(300000); /* it has been told to nobody */
    listen_to(&client, "?status=false", last);
    cr_assert_not_null(hear(&client, "\"change\":\"rollback\"", 5000));
    cr_expect_eq(count(client.in.bytes, "event: change"), 1, "%s", client.in.bytes);
    cr_expect_null(strstr(client.in.bytes, "event: missed"));
    client_close(&client);
    listen_to(&client, "?status=false", "5");
    cr_assert_not_null(hear(&client, "event: missed\ndata: {\"missed\":null}", 5000));
    client_close(&client);
    STOP_STAGE(&stage);
}

Test(api_stream, verdicts_reloads_and_the_state_are_told)
{
    struct client client;

    stage_open(&stage, &options);
    listen_to(&client, "", NULL);
    cr_assert_not_null(hear(&client, "event: status\ndata: {\"time\":", 5000));
    cr_expect_not_null(strstr(client.in.bytes, "Content-Type: text/event-stream\r\n"));
    cr_expect_not_null(hear(&client, "\"service\":\"shop\",\"active\":\"blue\"", 5000));
    cr_expect_not_null(hear(&client, "\"error_rate\":0.00000", 5000), "the second state has rates");
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_not_null(hear(&client, "event: reload", 5000));
    origin_auto_stop(stage.green);
    cr_expect_not_null(hear(&client, "event: verdict", 10000));
    cr_expect_not_null(hear(&client, "\"is\":\"down\"", 5000));
    client_close(&client);
    stage.green = origin_auto_start("127.0.0.1:0", "green", 0);
    STOP_STAGE(&stage);
}

Test(api_stream, there_are_so_many_and_no_more)
{
    struct client clients[9];
    struct reply reply = { 0 };

    stage_open(&stage, &options);
    for (unsigned i = 0; i < 8; i++) {
        listen_to(&clients[i], "", NULL);
        cr_assert_not_null(hear(&clients[i], "event: status", 5000));
    }
    listen_to(&clients[8], "", NULL);
    cr_assert_eq(client_reply(&clients[8], false, 5000, &reply), REPLY_WHOLE);
    cr_expect_eq(reply.status, 429);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 200);
    client_close(&clients[0]);
    for (unsigned i = 0; i < 100; i++) { /* its place is free once the daemon has noticed */
        client_close(&clients[8]);
        listen_to(&clients[8], "", NULL);
        if (hear(&clients[8], "event: status", 1000) != NULL)
            break;
    }
    cr_expect_not_null(hear(&clients[8], "event: status", 1000));
    for (unsigned i = 1; i < 9; i++)
        client_close(&clients[i]);
    reply_fini(&reply);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/events?status=7", NULL), 400);
    STOP_STAGE(&stage);
}

/* One of those who mean no good. */
static void annoy(struct client *client, unsigned kind)
{
    static const char *const requests[] = {
        "",                  /* silent */
        "GET /v1/status HT", /* half a head */
        "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2097152\r\n\r\n",
        "POST /v1/plan HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 500000\r\n\r\n{", /* half a body */
        "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bad\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n", /* never reads */
        "GET /v1/services/shop/slots/off/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };

    client_close(client);
    *client = (struct client){ .fd = -1 };
    if (client_try(client, daemon_api(stage.daemon)))
        (void)client_send_text(client, requests[kind % COUNT_OF(requests)]);
}

Test(api_stream, crowd_does_not_keep_a_rollback_waiting)
{
    static struct client crowd[CROWD];
    struct stage_options wish = options;
    unsigned rounds = (unsigned)scene_scale(8, 60);
    struct ctl_line line;

    wish.globals = NULL; /* the usual one: TCP */
    stage_open(&stage, &wish);
    cr_assert(ctl_open(&line, stage.daemon));
    for (unsigned i = 0; i < CROWD; i++) {
        crowd[i] = (struct client){ .fd = -1 };
        annoy(&crowd[i], i);
    }
    for (unsigned round = 0; round < rounds; round++) {
        const char *answer = NULL;

        for (unsigned i = round; i < CROWD; i += 4)
            annoy(&crowd[i], i + round);
        answer = ctl_say(&line, round % 2 == 0 ? "switch shop --to green" : "rollback shop", 5000);
        cr_expect(answer != NULL && strstr(answer, ", durable") != NULL, "round %u: %s", round,
                  answer != NULL ? answer : "no answer");
        cr_expect_neq(stage_probe(&stage), -1, "the data plane does not serve");
        scene_pause_us(200000);
    }
    for (unsigned i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    ctl_close(&line);
    cr_expect_eq(api_status(stage.daemon, "GET", "/v1/status", NULL), 200);
    STOP_STAGE(&stage);
}
