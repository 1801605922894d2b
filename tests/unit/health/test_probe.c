/* One probe against real sockets on 127.0.0.1: every way in which it can end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "health/probe_priv.h"
#include "health/probe_spec_priv.h"
#include "net/loop.h"
#include "net/timer.h"
#include "origin.h"

#define OK "HTTP/1.1 200 OK\r\n"

struct asked {
    struct loop *loop;
    unsigned count;
    struct probe_result result;
};

static void on_done(void *arg, const struct probe_result *result)
{
    struct asked *asked = arg;

    asked->count++;
    asked->result = *result;
    loop_stop(asked->loop);
}

static void on_late(void *arg)
{
    loop_stop(arg);
}

static struct target *make_target(const struct address *address)
{
    char name[ADDRESS_TEXT_SIZE];

    address_format(address, name);
    return target_new(NULL, name, address, 1);
}

/* Asks the target and waits for the result; the same result may not be told twice. */
static struct probe_result ask(struct target *target, const struct probe_spec *spec)
{
    struct probe_spec *copy = probe_spec_copy(spec);
    struct asked asked = { .loop = loop_new() };
    struct probe_order order = { target, copy, on_done, &asked, 0, NULL };
    struct timer *late = timer_new(asked.loop, on_late, asked.loop);

    cr_assert_not_null(probe_start(asked.loop, &order));
    cr_assert_eq(asked.count, 0, "told from inside probe_start");
    loop_run(asked.loop);
    cr_assert_eq(asked.count, 1);
    timer_arm(late, 5);
    loop_run(asked.loop);
    cr_assert_eq(asked.count, 1);
    timer_free(late);
    loop_free(asked.loop);
    probe_spec_free(copy);
    return asked.result;
}

static struct probe_result ask_at(const struct address *address, const struct probe_spec *spec)
{
    struct target *target = make_target(address);
    struct probe_result result = ask(target, spec);

    target_free(target);
    return result;
}

struct outcome_case {
    const char *name;
    struct origin_script script;
    enum fault fault;
    uint16_t status;
    const char *words;
};

static const struct outcome_case outcome_cases[] = {
    { "good", { .bytes = OK "Content-Length: 2\r\n\r\nok" }, FAULT_NONE, 200, "" },
    { "good, kept open",
      { .bytes = OK "Content-Length: 2\r\n\r\nok", .end = ORIGIN_HANG },
      FAULT_NONE,
      200,
      "" },
    { "good, byte by byte",
      { .bytes = OK "Content-Length: 2\r\n\r\nok", .drip_ms = 1 },
      FAULT_NONE,
      200,
      "" },
    { "good, without waiting for the request",
      { .bytes = OK "Content-Length: 0\r\n\r\n", .is_hasty = true, .end = ORIGIN_HANG },
      FAULT_NONE,
      200,
      "" },
    { "chunked",
      { .bytes = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", .end = ORIGIN_HANG },
      FAULT_NONE,
      200,
      "" },
    { "status",
      { .bytes = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" },
      FAULT_PROBE_STATUS,
      503,
      "status 503, expected 2xx" },
    { "a bad status needs no body",
      { .bytes = "HTTP/1.1 302 No\r\nContent-Length: 5\r\n\r\n", .end = ORIGIN_HANG },
      FAULT_PROBE_STATUS,
      302,
      "status 302, expected 2xx" },
    { "silence",
      { .end = ORIGIN_HANG },
      FAULT_PROBE_TIMEOUT,
      0,
      "timeout after 150ms waiting for the response head" },
    { "half a head",
      { .bytes = "HTTP/1.1 2", .end = ORIGIN_HANG },
      FAULT_PROBE_TIMEOUT,
      0,
      "timeout after 150ms reading the response head" },
    { "a slow head",
      { .bytes = OK "Content-Length: 0\r\n\r\n", .drip_ms = 20 },
      FAULT_PROBE_TIMEOUT,
      0,
      "timeout after 150ms reading the response head" },
    { "half an answer",
      { .bytes = OK "Content-Length: 9\r\n\r\nok", .end = ORIGIN_HANG },
      FAULT_PROBE_TIMEOUT,
      200,
      "timeout after 150ms reading the response body" },
    { "half an answer, closed",
      { .bytes = OK "Content-Length: 9\r\n\r\nok" },
      FAULT_TARGET_TRUNCATED,
      200,
      "closed by the target while reading the response body" },
    { "half a head, closed",
      { .bytes = "HTTP/1.1 2" },
      FAULT_TARGET_TRUNCATED,
      0,
      "closed by the target while reading the response head" },
    { "closed at once",
      { .bytes = NULL },
      FAULT_TARGET_CLOSED,
      0,
      "closed by the target while waiting for the response head" },
    { "reset",
      { .end = ORIGIN_RESET },
      FAULT_TARGET_RESET,
      0,
      "reset by the target while waiting for the response head" },
    { "bad bytes",
      { .bytes = "\x16\x03\x01\x02 no HTTP\r\n\r\n", .end = ORIGIN_HANG },
      FAULT_RESPONSE_BAD,
      0,
      "malformed response head" },
    { "a bad chunk",
      { .bytes = OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", .end = ORIGIN_HANG },
      FAULT_RESPONSE_BAD,
      200,
      "malformed response body" },
};

Test(probe, ends_in_every_way)
{
    struct probe_spec spec = { .enabled = true, .timeout_us = 150000 };

    for (size_t i = 0; i < sizeof outcome_cases / sizeof *outcome_cases; i++) {
        const struct outcome_case *c = &outcome_cases[i];
        struct origin *origin = origin_new(&c->script);
        struct address address = origin_address(origin);
        struct probe_result result = ask_at(&address, &spec);

        cr_expect_eq(result.fault, c->fault, "%s: %s", c->name, fault_name(result.fault));
        cr_expect_eq(result.status, c->status, "%s: %u", c->name, result.status);
        cr_expect_str_eq(result.words, c->words, "%s: %s", c->name, result.words);
        if (c->fault == FAULT_PROBE_TIMEOUT)
            cr_expect(result.duration_us >= 140000, "%s: %lu", c->name, /* not at once */
                      (unsigned long)result.duration_us);
        origin_free(origin);
    }
}

Test(probe, a_huge_head_is_refused)
{
    static char bytes[40000];
    struct origin_script script = { .bytes = bytes, .end = ORIGIN_HANG };
    struct origin *origin = NULL;
    struct probe_result result;
    struct address address;

    memset(bytes, 'v', sizeof bytes - 1);
    memcpy(bytes, OK "A: ", strlen(OK) + 3);
    origin = origin_new(&script);
    address = origin_address(origin);
    result = ask_at(&address, &(struct probe_spec){ .timeout_us = 2000000 });
    cr_assert_eq(result.fault, FAULT_RESPONSE_TOO_LARGE);
    cr_assert_str_eq(result.words, fault_words(FAULT_RESPONSE_TOO_LARGE));
    origin_free(origin);
}

Test(probe, a_refused_connection)
{
    int fd = -1;
    struct address address = origin_refusing(&fd);
    struct probe_result result = ask_at(&address, &(struct probe_spec){ 0 });

    cr_assert_eq(result.fault, FAULT_CONNECT_REFUSED);
    cr_assert_str_eq(result.words, "connect refused");
    close(fd);
}

Test(probe, a_connection_that_does_not_come)
{
    int fds[4];
    struct address address = origin_full(fds);
    struct probe_result result = ask_at(&address, &(struct probe_spec){ .timeout_us = 60000 });

    cr_assert_eq(result.fault, FAULT_CONNECT_TIMEOUT);
    cr_assert_str_eq(result.words, "timeout after 60ms connecting");
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

Test(probe, a_unix_socket_that_is_not_there)
{
    struct address address;
    struct probe_result result;

    cr_assert_eq(address_parse(SLICE("unix:/nonexistent/app.sock"), &address), 0);
    result = ask_at(&address, &(struct probe_spec){ 0 });
    cr_assert_eq(result.fault, FAULT_CONNECT_FAILED);
    cr_assert_str_eq(result.words, "connect failed: not found");
}

Test(probe, our_own_want_of_descriptors_is_not_the_target_s)
{
    int fd = -1;
    struct address address = origin_refusing(&fd);
    struct target *target = make_target(&address);
    struct probe_spec *spec = probe_spec_copy(&(struct probe_spec){ 0 });
    struct asked asked = { .loop = loop_new() };
    struct probe_order order = { target, spec, on_done, &asked, 0, NULL };
    struct rlimit was;
    struct rlimit none;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = 0;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    probe_start(asked.loop, &order);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
    loop_run(asked.loop);
    cr_assert_eq(asked.result.fault, FAULT_OVERLOADED);
    loop_free(asked.loop);
    probe_spec_free(spec);
    target_free(target);
    close(fd);
}

Test(probe, tcp_is_satisfied_with_a_connection)
{
    struct origin_script script = { .is_deaf = true };
    struct origin *origin = origin_new(&script);
    struct address address = origin_address(origin);
    struct probe_spec spec = { .kind = PROBE_TCP };
    struct probe_result result = ask_at(&address, &spec);
    int fd = -1;

    cr_assert_eq(result.fault, FAULT_NONE);
    cr_assert_eq(result.status, 0);
    origin_free(origin);
    address = origin_refusing(&fd);
    result = ask_at(&address, &spec);
    cr_assert_eq(result.fault, FAULT_CONNECT_REFUSED);
    close(fd);
}

Test(probe, sends_its_request_and_a_proxy_header)
{
    struct origin_script script = { .bytes = OK "Content-Length: 0\r\n\r\n" };
    struct origin *origin = origin_new(&script);
    struct address address = origin_address(origin);
    struct target *target = make_target(&address);
    struct probe_spec spec = { .path = "/health" };
    char want[400];

    cr_assert_eq(ask(target, &spec).fault, FAULT_NONE);
    snprintf(want, sizeof want,
             "GET /health HTTP/1.1\r\nHost: %s\r\nUser-Agent: switchyard-health\r\n"
             "Connection: close\r\n\r\n",
             target->name);
    cr_assert_str_eq(origin_request(origin), want);
    target->proxy_protocol = 1;
    cr_assert_eq(ask(target, &spec).fault, FAULT_NONE);
    cr_assert_eq(strncmp(origin_request(origin), "PROXY TCP4 127.0.0.1 127.0.0.1 ", 31), 0, "%s",
                 origin_request(origin));
    cr_assert_not_null(strstr(origin_request(origin), "\r\nGET /health HTTP/1.1\r\n"));
    target->proxy_protocol = 2;
    cr_assert_eq(ask(target, &spec).fault, FAULT_NONE);
    cr_assert_eq(memcmp(origin_request(origin), "\r\n\r\n\0\r\nQUIT\n", 12), 0);
    target_free(target);
    origin_free(origin);
}

Test(probe, cancelled_it_says_nothing)
{
    struct origin_script script = { .end = ORIGIN_HANG };
    struct origin *origin = origin_new(&script);
    struct address address = origin_address(origin);
    struct target *target = make_target(&address);
    struct probe_spec *spec = probe_spec_copy(&(struct probe_spec){ .timeout_us = 20000 });
    struct asked asked = { .loop = loop_new() };
    struct probe_order order = { target, spec, on_done, &asked, 0, NULL };
    struct timer *late = timer_new(asked.loop, on_late, asked.loop);

    probe_cancel(NULL);
    probe_cancel(probe_start(asked.loop, &order));
    timer_arm(late, 60);
    loop_run(asked.loop);
    cr_assert_eq(asked.count, 0);
    timer_free(late);
    loop_free(asked.loop);
    probe_spec_free(spec);
    target_free(target);
    origin_free(origin);
}

static const struct probe_range of_database = { 503, 503 };
static const char *const healthy = "status=healthy";
static const char *const blue = "blue";

struct body_case {
    const char *name;
    const char *bytes;
    enum fault fault;
    enum probe_database database;
    const char *words;
};

#define HEALTHY     "{\"status\":\"healthy\",\"db\":\"ok\",\"n\":7}"
#define SICK        "{\"status\":\"unhealthy\",\"db\":\"down\"}"
#define CHUNKED(of) "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n" of "0\r\n\r\n"

static const struct body_case body_cases[] = {
    { "good", OK "Content-Length: 36\r\n\r\n" HEALTHY, FAULT_NONE, PROBE_DATABASE_GOOD, "" },
    { "in chunks", OK CHUNKED("23\r\n\"status\":\"healthy\",\"db\":\"ok\",\"n\":7}\r\n"),
      FAULT_NONE, PROBE_DATABASE_GOOD, "" },
    { "to the end", OK "\r\n" HEALTHY, FAULT_NONE, PROBE_DATABASE_GOOD, "" },
    { "the field of the head", OK "X-DB: down\r\n\r\n" HEALTHY, FAULT_NONE, PROBE_DATABASE_BAD,
      "" },
    { "that is good", OK "X-DB: Connected\r\n\r\n" HEALTHY, FAULT_NONE, PROBE_DATABASE_GOOD, "" },
    { "alive without it", "HTTP/1.1 503 No\r\n\r\n" SICK, FAULT_NONE, PROBE_DATABASE_BAD, "" },
    { "another status", "HTTP/1.1 500 No\r\n\r\n" HEALTHY, FAULT_PROBE_STATUS,
      PROBE_DATABASE_UNKNOWN, "status 500, expected 2xx" },
    { "not healthy", OK "\r\n" SICK, FAULT_HEALTH_ASSERTION, PROBE_DATABASE_BAD,
      "status is \"unhealthy\", wanted is healthy" },
    { "no JSON", OK "Content-Length: 2\r\n\r\nok", FAULT_HEALTH_ASSERTION, PROBE_DATABASE_UNKNOWN,
      "the body is no JSON that can be read: malformed number" },
    { "nothing", OK "Content-Length: 0\r\n\r\n", FAULT_HEALTH_ASSERTION, PROBE_DATABASE_UNKNOWN,
      "the body is no JSON that can be read: empty" },
    { "cut short", OK "Content-Length: 99\r\n\r\n" HEALTHY, FAULT_TARGET_TRUNCATED,
      PROBE_DATABASE_UNKNOWN, "closed by the target while reading the response body" },
};

static struct probe_spec make_body_spec(void)
{
    return (struct probe_spec){ .body = { .assertion_count = 1,
                                          .assertions = &healthy,
                                          .database = "db",
                                          .database_header = "X-DB",
                                          .database_status_count = 1,
                                          .database_statuses = &of_database } };
}

Test(probe, judges_the_body)
{
    struct probe_spec spec = make_body_spec();

    for (size_t i = 0; i < sizeof body_cases / sizeof *body_cases; i++) {
        const struct body_case *c = &body_cases[i];
        struct origin_script script = { .bytes = c->bytes };
        struct origin *origin = origin_new(&script);
        struct address address = origin_address(origin);
        struct probe_result result = ask_at(&address, &spec);

        cr_assert_eq(result.fault, c->fault, "%s: %s", c->name, result.words);
        cr_assert_eq(result.database, c->database, "%s", c->name);
        cr_assert_str_eq(result.words, c->words, "%s", c->name);
        origin_free(origin);
    }
}

/* A whole answer of JSON with `size` bytes of body. */
static struct probe_result ask_for_size(size_t size)
{
    struct probe_spec spec = make_body_spec();
    char *bytes = mem_zalloc(size + 200);
    int head = snprintf(bytes, 200, OK "Content-Length: %zu\r\n\r\n" HEALTHY, size);
    struct origin_script script = { .bytes = bytes, .end = ORIGIN_HANG };
    struct origin *origin = NULL;
    struct address address;
    struct probe_result result;

    script.count = (size_t)head - (sizeof HEALTHY - 1) + size;
    memset(bytes + head, ' ', script.count - (size_t)head);
    origin = origin_new(&script);
    address = origin_address(origin);
    result = ask_at(&address, &spec);
    origin_free(origin);
    free(bytes);
    return result;
}

Test(probe, reads_64_KiB_of_a_body_and_no_more)
{
    struct probe_result result = ask_for_size(65536);

    cr_assert_eq(result.fault, FAULT_NONE, "%s", result.words);
    result = ask_for_size(65537);
    cr_assert_eq(result.fault, FAULT_HEALTH_ASSERTION);
    cr_assert_str_eq(result.words,
                     "the body is no JSON that can be read: it is larger than 64 KiB");
}

Test(probe, another_slot_shows_without_a_database_too)
{
    const char *const assertion = "slot=$slot";
    struct origin_script script = { .bytes = "HTTP/1.1 503 No\r\n\r\n{\"slot\":\"blue\"}" };
    struct origin *origin = origin_new(&script);
    struct address address = origin_address(origin);
    struct probe_spec spec = make_body_spec();

    spec.body.assertions = &assertion;
    spec.body.slot = "green";
    spec.body.rival_count = 1;
    spec.body.rivals = &blue;
    cr_assert_eq(ask_at(&address, &spec).fault, FAULT_MISDEPLOYED);
    origin_free(origin);
}
