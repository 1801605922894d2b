/* The answers of a service in maintenance: proxy/maintenance.h. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "front.h"
#include "route/service.h"
#include "route/snapshot.h"

enum { LARGE_PAGE = 256 * 1024 };

static struct traffic traffic = { .mode = TRAFFIC_MAINT, .retry_after_s = 120 };
static const char *health[] = { "/health" };

static void paint(struct snapshot_service *service)
{
    service->traffic = traffic;
}

static struct front *start_maintenance(void)
{
    return front_start(&(struct front_options){ .shape = paint });
}

/* The whole answer to a request; the body is the caller's. */
static char *ask(int client, const char *request, char *head)
{
    char *length = NULL;
    char *body = NULL;
    size_t size = 0;
    size_t at = 0;

    peer_send(client, request);
    peer_head(client, head, 4096);
    length = strcasestr(head, "\r\nContent-Length: ");
    cr_assert_not_null(length, "%s", head);
    size = strncmp(request, "HEAD", 4) == 0 ? 0 : strtoul(length + 18, NULL, 10);
    body = mem_zalloc(size + 1);
    while (at < size) {
        ssize_t count = recv(client, body + at, size - at, 0);

        cr_assert(count > 0);
        at += (size_t)count;
    }
    return body;
}

Test(maintenance, the_message_on_our_page)
{
    struct front *front = NULL;
    char head[4096];
    char *body = NULL;
    int client = -1;

    traffic.message = "Back at <noon> & \"sharp\"";
    front = start_maintenance();
    client = front_dial(front);
    body = ask(client, GET, head);
    cr_assert_eq(atol(head + 9), 503);
    cr_assert_not_null(strcasestr(head, "\r\nRetry-After: 120\r\n"), "%s", head);
    cr_assert_null(strcasestr(head, "\r\nConnection: close\r\n"));
    cr_assert_not_null(strstr(body, "<p>Back at &lt;noon&gt; &amp; &quot;sharp&quot;</p>"), "%s",
                       body);
    free(body);
    body = ask(client, GET_LINE FIELDS "Accept: application/json\r\n\r\n", head);
    cr_assert_not_null(strstr(body, "\"error\":\"maintenance\""), "%s", body);
    cr_assert_not_null(strstr(body, "\"message\":\"Back at <noon> & \\\"sharp\\\"\""), "%s", body);
    free(body);
    cr_assert_eq(atomic_load(&front_service(front)->counts.maintenance), 2);
    cr_assert_not(front_has_dialled(front, 0));
    close(client);
    front_stop(front);
}

Test(maintenance, an_operators_own_page)
{
    struct front *front = NULL;
    char head[4096];
    char *page = mem_zalloc(LARGE_PAGE + 1);
    char *body = NULL;
    int client = -1;

    for (size_t i = 0; i < LARGE_PAGE; i++)
        page[i] = (char)('a' + i / 1000 % 26);
    traffic.page = page;
    traffic.message = "for JSON";
    front = start_maintenance();
    client = front_dial(front);
    for (int i = 0; i < 3; i++) {
        body = ask(client, GET, head);
        cr_assert_eq(atol(head + 9), 503);
        cr_assert_not_null(strcasestr(head, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
        cr_assert_str_eq(body, page);
        free(body);
    }
    free(ask(client, "HEAD /a HTTP/1.1" FIELDS "\r\n", head));
    cr_assert_not_null(strcasestr(head, "\r\nContent-Length: 262144\r\n"), "%s", head);
    body = ask(client, GET_LINE FIELDS "Accept: application/json\r\n\r\n", head);
    cr_assert_not_null(strstr(body, "\"message\":\"for JSON\""), "%s", body);
    free(body);
    close(client);
    front_stop(front);
    free(page);
}

/* One picture's page goes out whole although the next picture has another, or none. */
Test(maintenance, a_slow_reader_gets_the_page_it_began)
{
    struct front *front = NULL;
    char head[4096];
    char *page = mem_zalloc(LARGE_PAGE + 1);
    char *got = mem_zalloc(LARGE_PAGE + 1);
    int client = -1;

    memset(page, 'x', LARGE_PAGE);
    traffic.page = page;
    front = start_maintenance();
    client = front_dial(front);
    for (int i = 0; i < 30; i++) /* more than the sockets hold */
        peer_send(client, GET);
    front_await(&front_counts(front)->exchanges, 1);
    peer_head(client, head, sizeof head);
    traffic.page = "new";
    front_publish(front);
    worker_kick(front_worker(front));
    for (size_t at = 0; at < LARGE_PAGE;) {
        ssize_t count = recv(client, got + at, LARGE_PAGE - at, 0);

        cr_assert(count > 0);
        at += (size_t)count;
    }
    cr_assert_str_eq(got, page);
    close(client);
    front_stop(front);
    free(got);
    free(page);
}

Test(maintenance, health_paths_and_the_end_of_it)
{
    struct front *front = NULL;
    char head[4096];
    int client = -1;
    int server = -1;

    traffic.pass = health;
    traffic.pass_count = 1;
    front = start_maintenance();
    client = front_dial(front);
    peer_send(client, "GET /health HTTP/1.1\r\nHost: a.test\r\n\r\n");
    server = front_accept(front, 0);
    peer_request(server, "GET /health HTTP/1.1");
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    free(ask(client, GET, head));
    cr_assert_eq(atol(head + 9), 503);
    traffic.mode = TRAFFIC_OPEN;
    front_publish(front);
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    close(server);
    front_stop(front);
}
