/* The self-probe against a made-up server: what it sends, whom it believes, every way in which it can end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "health/selfprobe.h"
#include "net/loop.h"
#include "net/timer.h"
#include "origin.h"

#define OK     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
#define GREEN  "X-Switchyard-Slot: green\r\nX-Switchyard-Version: v2\r\n"
#define SECOND 1000000

struct asked {
    struct loop *loop;
    unsigned count;
    struct selfprobe_result result;
};

static void on_done(void *arg, const struct selfprobe_result *result)
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

static struct selfprobe_result ask(const struct selfprobe_spec *spec)
{
    struct asked asked = { .loop = loop_new() };

    cr_assert_not_null(selfprobe_start(asked.loop, spec, on_done, &asked));
    cr_assert_eq(asked.count, 0);
    loop_run(asked.loop);
    cr_assert_eq(asked.count, 1);
    loop_free(asked.loop);
    return asked.result;
}

static struct selfprobe_spec make_spec(const struct origin *origin)
{
    return (struct selfprobe_spec){ .address = origin_address(origin),
                                    .host = "shop.example.com",
                                    .path = "/health",
                                    .nonce = "0123abcd",
                                    .slot = "green",
                                    .version = "v2" };
}

struct answer_case {
    const char *bytes;
    enum fault fault;
    const char *slot;
    const char *version;
    const char *words;
};

static const struct answer_case cases[] = {
    { OK GREEN "\r\n", FAULT_NONE, "green", "v2", "" },
    { OK "x-switchyard-slot: green\r\nX-SWITCHYARD-VERSION: v2\r\n\r\n", FAULT_NONE, "green", "v2",
      "" },
    { OK "X-Switchyard-Slot: blue\r\nX-Switchyard-Version: v1\r\n\r\n", FAULT_MISROUTED, "blue",
      "v1", "slot blue answered, expected green" },
    { OK "X-Switchyard-Slot: green\r\nX-Switchyard-Version: v1\r\n\r\n", FAULT_MISROUTED, "green",
      "v1", "version v1 answered, expected v2" },
    { OK "X-Switchyard-Slot: green\r\n\r\n", FAULT_MISROUTED, "green", "",
      "the answer names no version, expected v2" },
    { OK "\r\n", FAULT_MISROUTED, "", "", "the answer names no slot, expected green" },
    { "HTTP/1.1 503 No\r\n" GREEN "\r\n", FAULT_PROBE_STATUS, "green", "v2",
      "status 503, expected 2xx" },
    { "nonsense\r\n\r\n", FAULT_RESPONSE_BAD, "", "", "malformed response head" },
    { "", FAULT_TARGET_CLOSED, "", "", "closed by the target while waiting for the response head" },
};

Test(selfprobe, says_who_answered)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct answer_case *c = &cases[i];
        struct origin_script script = { .bytes = c->bytes };
        struct origin *origin = origin_new(&script);
        struct selfprobe_spec spec = make_spec(origin);
        struct selfprobe_result result = ask(&spec);

        cr_assert_eq(result.fault, c->fault, "case %zu: %s", i, result.words);
        cr_assert_str_eq(result.slot, c->slot, "case %zu", i);
        cr_assert_str_eq(result.version, c->version, "case %zu", i);
        cr_assert_str_eq(result.words, c->words, "case %zu", i);
        origin_free(origin);
    }
}

#define BODY                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n" GREEN                                              \
    "\r\n{\"slot\":\"green\",\"version\":\"v2\",\"queue\":7,\"ok\":true,   \"a\":0}"

/* Each assertion alone, right and changed a little. */
static const struct {
    const char *assertion;
    bool is_right;
} assertions[] = {
    { "slot=$slot", true },  { "slot!=$slot", false },       { "version=$version", true },
    { "version=v3", false }, { "version!=$version", false }, { "queue<8", true },
    { "queue<7", false },    { "queue<=7", true },           { "queue>7", false },
    { "ok=true", true },     { "ok=false", false },          { "queue?", true },
    { "missing?", false },   { "slot=gree", false },         { "slot=greens", false },
};

Test(selfprobe, what_is_asserted_of_the_body_must_hold)
{
    struct origin_script script = { .bytes = BODY };
    struct origin *origin = origin_new(&script);

    for (size_t i = 0; i < sizeof assertions / sizeof *assertions; i++) {
        struct selfprobe_spec spec = make_spec(origin);
        struct selfprobe_result result;

        spec.assertion_count = 1;
        spec.assertions = &assertions[i].assertion;
        result = ask(&spec);
        cr_expect_eq(result.fault == FAULT_NONE, assertions[i].is_right, "%s: %s",
                     assertions[i].assertion, result.words);
    }
    origin_free(origin);
}

#define PAGE                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Length: 17\r\nServer: app\r\nCache-Control: no-store\r\n" GREEN    \
    "\r\nWelcome, visitor!"

/* One claim about a field, or one pattern, alone; the answer is no JSON. */
static const struct {
    const char *field;
    const char *pattern;
    const char *words; /* NULL: it is right */
} claims[] = {
    { "Server", NULL, NULL },
    { "server=app", NULL, NULL },
    { "Server=App", NULL, "header Server is app, expected Server=App" },
    { "Server!=app", NULL, "header Server is app, expected Server!=app" },
    { "X-Other!=app", NULL, NULL },
    { "X-Other", NULL, "header X-Other is missing, expected X-Other" },
    { "Cache-Control~no-(store|cache)", NULL, NULL },
    { "Cache-Control~public", NULL, "expected Cache-Control~public" },
    { NULL, "^Welcome, [a-z]+!$", NULL },
    { NULL, "Goodbye", "the body has no \"Goodbye\"" },
    { NULL, "!Exception", NULL },
    { NULL, "!visitor", "the body has \"visitor\"" },
};

Test(selfprobe, what_is_claimed_of_head_and_body_must_hold)
{
    struct origin_script script = { .bytes = PAGE };
    struct origin *origin = origin_new(&script);

    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct selfprobe_spec spec = make_spec(origin);
        struct selfprobe_result result;

        spec.field_count = claims[i].field != NULL;
        spec.fields = &claims[i].field;
        spec.pattern_count = claims[i].pattern != NULL;
        spec.patterns = &claims[i].pattern;
        result = ask(&spec);
        cr_expect_eq(result.fault, claims[i].words == NULL ? FAULT_NONE : FAULT_HEALTH_ASSERTION,
                     "claim %zu: %s", i, result.words);
        if (claims[i].words != NULL)
            cr_expect(strstr(result.words, claims[i].words) != NULL, "claim %zu: %s", i,
                      result.words);
    }
    origin_free(origin);
}

Test(selfprobe, sends_the_nonce_as_a_stranger_would)
{
    struct origin_script script = { .bytes = OK GREEN "\r\n" };
    struct origin *origin = origin_new(&script);
    struct selfprobe_spec spec = make_spec(origin);

    cr_assert_eq(ask(&spec).fault, FAULT_NONE);
    cr_assert_str_eq(origin_request(origin),
                     "GET /health HTTP/1.1\r\nHost: shop.example.com\r\n"
                     "User-Agent: switchyard-health\r\nX-Switchyard-Probe: 0123abcd\r\n"
                     "Connection: close\r\n\r\n");
    spec.proxy_protocol = 1;
    cr_assert_eq(ask(&spec).fault, FAULT_NONE);
    cr_assert_eq(strncmp(origin_request(origin), "PROXY TCP4 ", 11), 0);
    origin_free(origin);
}

Test(selfprobe, any_slot_will_do_when_none_is_expected)
{
    struct origin_script script = { .bytes = "HTTP/1.1 404 No\r\n\r\n" };
    struct origin *origin = origin_new(&script);
    struct selfprobe_spec spec = make_spec(origin);
    struct probe_range range = { 404, 404 };

    spec.slot = spec.version = NULL;
    spec.status_count = 1;
    spec.statuses = &range;
    cr_assert_eq(ask(&spec).fault, FAULT_NONE);
    origin_free(origin);
}

Test(selfprobe, every_address_is_this_machine)
{
    struct origin_script script = { .bytes = OK GREEN "\r\n" };
    struct origin *origin = origin_new(&script);
    struct selfprobe_spec spec = make_spec(origin);

    spec.address.sa.in.sin_addr.s_addr = 0;
    cr_assert_eq(ask(&spec).fault, FAULT_NONE);
    origin_free(origin);
}

Test(selfprobe, has_a_deadline)
{
    struct origin_script script = { .end = ORIGIN_HANG };
    struct origin *origin = origin_new(&script);
    struct selfprobe_spec spec = make_spec(origin);
    struct selfprobe_result result;

    spec.timeout_us = 20000;
    result = ask(&spec);
    cr_assert_eq(result.fault, FAULT_PROBE_TIMEOUT);
    cr_assert_str_eq(result.words, "timeout after 20ms waiting for the response head");
    origin_free(origin);
}

Test(selfprobe, nobody_listens)
{
    int fd = -1;
    struct selfprobe_spec spec = {
        .address = origin_refusing(&fd), .host = "h", .nonce = "n", .timeout_us = SECOND
    };

    cr_assert_eq(ask(&spec).fault, FAULT_CONNECT_REFUSED);
    close(fd);
}

Test(selfprobe, cancelled_it_says_nothing)
{
    struct origin_script script = { .end = ORIGIN_HANG };
    struct origin *origin = origin_new(&script);
    struct selfprobe_spec spec = make_spec(origin);
    struct asked asked = { .loop = loop_new() };
    struct timer *late = timer_new(asked.loop, on_late, asked.loop);

    selfprobe_cancel(NULL);
    spec.timeout_us = 10000;
    selfprobe_cancel(selfprobe_start(asked.loop, &spec, on_done, &asked));
    timer_arm(late, 30);
    loop_run(asked.loop);
    cr_assert_eq(asked.count, 0);
    timer_free(late);
    loop_free(asked.loop);
    origin_free(origin);
}
