/* The HTTP side of the control plane, over real sockets: src/control/api.c, api_client.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "control/api.h"
#include "control/api_client_priv.h"
#include "unit/control/world.h"

static struct world world;
static struct api *api;
static struct text out;
static char path[128];

static void start(void)
{
    struct address address;
    char text[160];

    text_init(&out, 128 << 20);
    world_init(&world);
    snprintf(path, sizeof path, "%s/api.sock", world.folder);
    snprintf(text, sizeof text, "unix:%s", path);
    cr_assert_eq(address_parse(slice_from(text), &address), 0);
    cr_assert_eq(api_new(&world.room, &address, &api), 0);
}

static void stop(void)
{
    api_free(api);
    unlink(path);
    world_fini(&world);
    text_fini(&out);
}

TestSuite(api, .init = start, .fini = stop);

/* A request whose connection is closed by the api: the whole response. */
static const char *ask(const char *request)
{
    int fd = world_connect(path);

    cr_assert_geq(fd, 0);
    cr_assert(world_ask(&world, fd, request, NULL, &out), "%s", request);
    close(fd);
    return out.bytes != NULL ? out.bytes : "";
}

static bool begins(const char *start)
{
    return out.bytes != NULL && strncmp(out.bytes, start, strlen(start)) == 0;
}

static const char *body(void)
{
    const char *end = strstr(out.bytes, "\r\n\r\n");

    return end != NULL ? end + 4 : "(no body)";
}

#define CLOSING " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Test(api, serves_metrics)
{
    ask("GET /metrics" CLOSING);
    cr_expect(begins("HTTP/1.1 200 OK\r\nDate: "), "%s", out.bytes);
    cr_expect_not_null(strstr(out.bytes, "\r\nContent-Type: text/plain; version=0.0.4; "
                                         "charset=utf-8\r\n"));
    cr_expect_not_null(strstr(out.bytes, "\r\nCache-Control: no-store\r\n"));
    cr_expect_not_null(strstr(out.bytes, "\r\nConnection: close\r\n"));
    cr_expect_eq(strncmp(body(), "# HELP switchyard_", 18), 0);
    cr_expect_not_null(strstr(body(), "\nprocess_open_fds "));
}

Test(api, length_is_that_of_the_body_and_head_has_none)
{
    size_t length = 0;

    ask("GET /livez" CLOSING);
    cr_assert_eq(sscanf(strstr(out.bytes, "Content-Length: "), "Content-Length: %zu", &length), 1);
    cr_expect_eq(length, strlen(body()));
    cr_expect_str_eq(body(), "{\"live\":true}\n");
    ask("HEAD /livez" CLOSING);
    cr_expect(begins("HTTP/1.1 200 OK\r\n"));
    cr_expect_not_null(strstr(out.bytes, "Content-Length: 14\r\n"));
    cr_expect_str_eq(body(), "");
}

Test(api, is_ready_when_health_is_known_and_nothing_stops)
{
    ask("GET /readyz" CLOSING);
    cr_expect(begins("HTTP/1.1 200 "));
    cr_expect_str_eq(body(), "{\"ready\":true,\"reasons\":[]}\n");
    world_health_known = false;
    ask("GET /readyz" CLOSING);
    cr_expect(begins("HTTP/1.1 503 "));
    cr_expect_str_eq(body(),
                     "{\"ready\":false,\"reasons\":[\"the first health checks are not in\"]}\n");
    world.stats.is_stopping = true;
    ask("GET /readyz" CLOSING);
    cr_expect_str_eq(body(), "{\"ready\":false,\"reasons\":[\"the first health checks are not in\","
                             "\"stopping\"]}\n");
    ask("GET /livez" CLOSING);
    cr_expect(begins("HTTP/1.1 200 "), "alive while it stops");
}

Test(api, answers_what_it_cannot_serve)
{
    static const struct {
        const char *request;
        const char *start;
        const char *part;
    } cases[] = {
        { "GET /none" CLOSING, "HTTP/1.1 404 ", "Content-Type: application/json\r\n" },
        { "GET /metricsx" CLOSING, "HTTP/1.1 404 ", "" },
        { "GET /metrics?x=1" CLOSING, "HTTP/1.1 200 ", "" },
        { "POST /metrics" CLOSING, "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n" },
        { "DELETE /v1/signals" CLOSING, "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD, POST\r\n" },
        { "GET /v1/help HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 421 ",
          "\"misdirected\"" },
        { "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400 ",
          "\r\nConnection: close\r\n" },
        { "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 400 ", "\r\nConnection: close\r\n" },
        { "GET /livez HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "Host" },
        { "GET /livez HTTP/1.1\nHost: x\n\n", "HTTP/1.1 400 ", "" },
        { "nonsense\r\n\r\n", "HTTP/1.1 400 ", "" },
        { "GET /livez HTTP/3.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 ", "" },
        { "GET /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "\r\nConnection: close\r\n" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(cases[i].request);
        cr_expect(begins(cases[i].start), "%s: %s", cases[i].request, out.bytes);
        cr_expect_not_null(strstr(out.bytes, cases[i].part), "%s: %s", cases[i].request, out.bytes);
    }
}

Test(api, bounds_the_head)
{
    char *request = mem_zalloc(API_HEAD_BYTES + 200);

    snprintf(request, 100, "GET /livez HTTP/1.1\r\nHost: x\r\nX: ");
    memset(request + strlen(request), 'a', API_HEAD_BYTES);
    ask(request);
    cr_expect(begins("HTTP/1.1 431 "), "%s", out.bytes);
    free(request);
}

Test(api, keeps_the_connection_and_answers_in_order)
{
    int fd = world_connect(path);

    cr_assert(world_ask(&world, fd, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", "true}\n", &out));
    cr_expect_null(strstr(out.bytes, "Connection:"));
    cr_assert(
        world_ask(&world, fd,
                  "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /none" CLOSING,
                  NULL, &out));
    cr_expect_lt(strstr(out.bytes, "\"live\""), strstr(out.bytes, "\"ready\""));
    cr_expect_lt(strstr(out.bytes, "\"ready\""), strstr(out.bytes, "404"));
    close(fd);
    fd = world_connect(path);
    cr_assert(world_ask(&world, fd, "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                        "true}\n", &out));
    cr_expect_not_null(strstr(out.bytes, "\r\nConnection: keep-alive\r\n"));
    close(fd);
}

Test(api, takes_a_head_in_pieces)
{
    int fd = world_connect(path);
    static const char request[] = "GET /livez" CLOSING;

    for (size_t i = 0; i + 1 < sizeof request - 1; i++) {
        cr_assert_eq(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
        if (i % 7 == 0)
            world_turn(&world, 1);
    }
    cr_assert(world_ask(&world, fd, "\n", NULL, &out));
    cr_expect(begins("HTTP/1.1 200 "));
    close(fd);
}

Test(api, binds_port_0_and_says_which)
{
    struct address address;
    struct api *second = NULL;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:0"), &address), 0);
    cr_assert_eq(api_new(&world.room, &address, &second), 0);
    api_address(second, &address);
    cr_assert_gt(address_port(&address), 0);
    api_free(second);
}

/* Over TCP nobody is known, so closed metrics are for nobody. */
Test(api, metrics_can_be_closed)
{
    struct config config = { .api = { .open_metrics = false } };
    struct address address;
    struct api *second = NULL;
    int fd = -1;

    world.deploy.config = &config;
    cr_assert_eq(address_parse(SLICE("127.0.0.1:0"), &address), 0);
    cr_assert_eq(api_new(&world.room, &address, &second), 0);
    api_address(second, &address);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, &address.sa.any, address.len), 0);
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    cr_assert(world_ask(&world, fd, "GET /metrics" CLOSING, NULL, &out));
    cr_expect(begins("HTTP/1.1 4"), "%s", out.bytes);
    cr_expect_null(strstr(out.bytes, "switchyard_"));
    close(fd);
    ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    cr_expect(begins("HTTP/1.1 200 "), "the kernel knows us: %s", out.bytes);
    api_free(second);
}

Test(api, crowd_of_silent_clients_does_not_lock_out_a_new_one)
{
    int fds[70];

    for (unsigned i = 0; i < 70; i++) {
        fds[i] = world_connect(path);
        if (i == 50)
            world_turn(&world, 2); /* the queue of the socket holds 64 */
    }
    world_turn(&world, 300);
    ask("GET /livez" CLOSING);
    cr_expect(begins("HTTP/1.1 200 "));
    for (unsigned i = 0; i < 70; i++)
        close(fds[i]);
}

/* Clients with short times, without a listener. */
static struct api_client_list clients = TAILQ_HEAD_INITIALIZER(clients);
static unsigned closed;

static void on_close(void *arg, struct api_client *client)
{
    (void)arg;
    (void)client;
    closed++;
}

static void accept_head(void *arg, struct api_exchange *exchange)
{
    (void)arg;
    (void)exchange;
}

static void answer_much(void *arg, struct api_exchange *exchange)
{
    (void)arg;
    for (unsigned i = 0; i < 1u << 16; i++)
        text_add(&exchange->answer, "0123456789abcdef0123456789abcdef");
    api_exchange_answer(exchange, 200, "text/plain");
}

static int open_short_client(void)
{
    struct api_client_owner owner = { .loop = world.loop,
                                      .head_ms = 60,
                                      .request_ms = 60,
                                      .send_ms = 60,
                                      .answer_ms = 5000,
                                      .idle_ms = 200,
                                      .linger_ms = 60,
                                      .on_head = accept_head,
                                      .on_request = answer_much,
                                      .on_close = on_close };
    struct api_newcomer newcomer = { .fd = -1 };
    int pair[2];

    cr_assert_eq(address_parse(SLICE("unix:/x"), &newcomer.address), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    newcomer.fd = pair[0];
    cr_assert_eq(api_client_open(&owner, &newcomer, &clients), 0);
    return pair[1];
}

Test(api, silent_client_is_closed)
{
    int fd = open_short_client();

    cr_assert(world_is_closed(&world, fd, 2000));
    cr_assert_eq(closed, 1);
    close(fd);
}

Test(api, half_a_head_is_not_waited_for_long)
{
    int fd = open_short_client();

    cr_assert(world_ask(&world, fd, "GET /x HT", NULL, &out));
    cr_expect(begins("HTTP/1.1 408 "), "%s", out.bytes);
    close(fd);
}

Test(api, half_a_body_is_not_waited_for_long)
{
    int fd = open_short_client();

    cr_assert(world_ask(&world, fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
                        NULL, &out));
    cr_expect(begins("HTTP/1.1 408 "), "%s", out.bytes);
    close(fd);
}

Test(api, reader_that_stops_is_closed_and_a_slow_one_is_served)
{
    int fd = open_short_client();

    cr_assert_gt(send(fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 28, MSG_NOSIGNAL), 0);
    world_turn(&world, 300);
    cr_assert_eq(closed, 1);
    close(fd);
    fd = open_short_client();
    cr_assert(world_ask(&world, fd, "GET /x" CLOSING, NULL, &out));
    cr_expect_gt(out.len, 2u << 20);
    close(fd);
}
