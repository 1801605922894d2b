/* Responses of every form, whole and byte by byte. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "health/probe_answer_priv.h"

struct answer_case {
    const char *name;
    const char *method;
    const char *bytes;
    bool is_cut; /* the peer ends behind the bytes */
    enum probe_answer_step want;
    enum fault fault;
    uint16_t status;
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct answer_case answer_cases[] = {
    { "a length", "GET", OK "Content-Length: 3\r\n\r\nabc", false, PROBE_ANSWER_DONE, 0, 200 },
    { "no body", "GET", OK "Content-Length: 0\r\n\r\n", false, PROBE_ANSWER_DONE, 0, 200 },
    { "204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, PROBE_ANSWER_DONE, 0, 204 },
    { "HEAD", "HEAD", OK "Content-Length: 99\r\n\r\n", false, PROBE_ANSWER_DONE, 0, 200 },
    { "half a body", "GET", OK "Content-Length: 9\r\n\r\nabc", false, PROBE_ANSWER_MORE, 0, 200 },
    { "half a body, closed", "GET", OK "Content-Length: 9\r\n\r\nabc", true, PROBE_ANSWER_BAD,
      FAULT_TARGET_TRUNCATED, 200 },
    { "chunks", "GET", OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false,
      PROBE_ANSWER_DONE, 0, 200 },
    { "chunks with a trailer", "GET",
      OK "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n", false,
      PROBE_ANSWER_DONE, 0, 200 },
    { "chunks without an end", "GET", OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true,
      PROBE_ANSWER_BAD, FAULT_TARGET_TRUNCATED, 200 },
    { "a bad chunk", "GET", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", false,
      PROBE_ANSWER_BAD, FAULT_RESPONSE_BAD, 200 },
    { "until close", "GET", OK "\r\nabc", false, PROBE_ANSWER_MORE, 0, 200 },
    { "until close, closed", "GET", OK "\r\nabc", true, PROBE_ANSWER_DONE, 0, 200 },
    { "HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\n\r\nabc", true, PROBE_ANSWER_DONE, 0, 200 },
    { "interim heads", "GET",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK
      "Content-Length: 1\r\n\r\nx",
      false, PROBE_ANSWER_DONE, 0, 200 },
    { "only an interim head", "GET", "HTTP/1.1 100 Continue\r\n\r\n", true, PROBE_ANSWER_BAD,
      FAULT_TARGET_CLOSED, 0 },
    { "another protocol", "GET",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", false,
      PROBE_ANSWER_DONE, 0, 101 },
    { "nothing", "GET", "", true, PROBE_ANSWER_BAD, FAULT_TARGET_CLOSED, 0 },
    { "half a head", "GET", OK "Content-Le", true, PROBE_ANSWER_BAD, FAULT_TARGET_TRUNCATED, 0 },
    { "no HTTP at all", "GET", "220 smtp.example ESMTP\r\n\r\n", false, PROBE_ANSWER_BAD,
      FAULT_RESPONSE_BAD, 0 },
    { "two lengths", "GET", OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", false,
      PROBE_ANSWER_BAD, FAULT_RESPONSE_BAD, 0 },
    { "a failure", "GET", "HTTP/1.1 503 Oops\r\nContent-Length: 0\r\n\r\n", false,
      PROBE_ANSWER_DONE, 0, 503 },
};

static enum probe_answer_step feed(struct probe_answer *answer, const char *bytes, size_t count)
{
    size_t size = 0;
    char *room = probe_answer_room(answer, &size);
    enum probe_answer_step step = PROBE_ANSWER_MORE;

    cr_assert_geq(size, count);
    memcpy(room, bytes, count);
    probe_answer_take(answer, count);
    step = probe_answer_read(answer);
    return step == PROBE_ANSWER_STATUS ? probe_answer_read(answer) : step;
}

static enum probe_answer_step play(struct probe_answer *answer, const struct answer_case *c,
                                   size_t step_bytes)
{
    size_t len = strlen(c->bytes);
    enum probe_answer_step step = PROBE_ANSWER_MORE;

    probe_answer_init(answer, c->method);
    for (size_t at = 0; at < len && step == PROBE_ANSWER_MORE; at += step_bytes)
        step = feed(answer, c->bytes + at, len - at < step_bytes ? len - at : step_bytes);
    if (step == PROBE_ANSWER_MORE && c->is_cut)
        step = probe_answer_end(answer);
    return step;
}

Test(probe_answer, reads_every_form_however_it_is_cut)
{
    struct probe_answer *answer = mem_alloc(sizeof *answer);

    for (size_t i = 0; i < sizeof answer_cases / sizeof *answer_cases; i++) {
        for (size_t step_bytes = 1; step_bytes <= 200; step_bytes += step_bytes < 8 ? 1 : 64) {
            const struct answer_case *c = &answer_cases[i];

            cr_expect_eq(play(answer, c, step_bytes), c->want, "%s by %zu", c->name, step_bytes);
            cr_expect_eq(answer->fault, c->fault, "%s by %zu: %s", c->name, step_bytes,
                         fault_name(answer->fault));
            cr_expect_eq(answer->status, c->status, "%s by %zu", c->name, step_bytes);
        }
    }
    free(answer);
}

/* Sends `line` again and again; the step that ended it, and how many lines it took. */
static enum probe_answer_step repeat(struct probe_answer *answer, const char *line, unsigned times)
{
    enum probe_answer_step step = PROBE_ANSWER_MORE;

    for (unsigned i = 0; i < times && step == PROBE_ANSWER_MORE; i++)
        step = feed(answer, line, strlen(line));
    return step;
}

Test(probe_answer, bounds_all_that_a_target_can_send)
{
    struct probe_answer *answer = mem_alloc(sizeof *answer);
    static char field[1000];

    memset(field, 'v', sizeof field - 3);
    memcpy(field, "A: ", 3);
    memcpy(field + sizeof field - 3, "\r\n", 3);

    probe_answer_init(answer, "GET");
    cr_assert_eq(feed(answer, OK, strlen(OK)), PROBE_ANSWER_MORE);
    cr_assert_eq(repeat(answer, field, 100), PROBE_ANSWER_BAD, "a huge head");
    cr_assert_eq(answer->fault, FAULT_RESPONSE_TOO_LARGE);

    probe_answer_init(answer, "GET");
    cr_assert_eq(repeat(answer, "HTTP/1.1 100 Continue\r\n\r\n", 100), PROBE_ANSWER_BAD,
                 "interim heads");
    cr_assert_eq(answer->fault, FAULT_RESPONSE_BAD);

    probe_answer_init(answer, "GET");
    cr_assert_eq(feed(answer, OK "\r\n", strlen(OK) + 2), PROBE_ANSWER_MORE);
    cr_assert_eq(repeat(answer, field, 100), PROBE_ANSWER_DONE, "a body without end");
    cr_assert_geq(answer->body_bytes, PROBE_ANSWER_BODY_MAX);

    probe_answer_init(answer, "GET");
    cr_assert_eq(feed(answer, OK "Content-Length: 99999999\r\n\r\n", strlen(OK) + 28),
                 PROBE_ANSWER_MORE);
    cr_assert_eq(repeat(answer, field, 100), PROBE_ANSWER_DONE, "a long body");

    probe_answer_init(answer, "GET");
    cr_assert_eq(feed(answer, OK "Transfer-Encoding: chunked\r\n\r\n", strlen(OK) + 30),
                 PROBE_ANSWER_MORE);
    cr_assert_eq(repeat(answer, "4\r\nabcd\r\n", 20000), PROBE_ANSWER_DONE, "chunks without end");
    free(answer);
}
