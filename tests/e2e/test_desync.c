/*
 * R24: every request of the raw tables with a canary request pipelined right behind it in the same write. What the
 * app server parsed must be what the client was answered for: the counts agree, a canary's answer is only ever the
 * answer to a canary, and what went upstream has one framing and one Host.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "e2e/raw_forward.h"
#include "e2e/raw_framing.h"
#include "e2e/raw_syntax.h"
#include "support/client.h"

enum { WAIT_MS = 3000 };

static const char canary[] =
    "GET /canary HTTP/1.1\r\nHost: canary.test\r\nConnection: close\r\n\r\n";

struct tally {
    unsigned cases;
    unsigned refused;
    unsigned answered;
};

static unsigned count_lines(struct slice head, const char *name)
{
    unsigned count = 0;
    struct slice line;

    while (slice_next(&head, '\n', &line)) {
        size_t length = strlen(name);

        count += line.len > length && line.ptr[length] == ':' &&
                 slice_is_equal_nocase(slice_of(line.ptr, length), slice_from(name));
    }
    return count;
}

/* What went upstream must leave no room for another reading. */
static void check_strict(const struct raw_case *one, struct slice request)
{
    const char *end = memmem(request.ptr, request.len, "\r\n\r\n", 4);
    struct slice head = slice_of(request.ptr, end != NULL ? (size_t)(end - request.ptr) + 2 : 0);

    cr_expect(end != NULL, "%s: no head", one->name);
    cr_expect_eq(count_lines(head, "Host"), 1, "%s: %u Host fields", one->name,
                 count_lines(head, "Host"));
    cr_expect(count_lines(head, "Content-Length") + count_lines(head, "Transfer-Encoding") <= 1,
              "%s: two framings went upstream", one->name);
    cr_expect(memchr(head.ptr, '\0', head.len) == NULL, "%s: NUL went upstream", one->name);
    for (size_t i = 0; i < head.len; i++) {
        if (head.ptr[i] == '\n')
            cr_expect(i > 0 && head.ptr[i - 1] == '\r', "%s: a bare LF went upstream", one->name);
        if (head.ptr[i] == '\r')
            cr_expect(i + 1 < head.len && head.ptr[i + 1] == '\n', "%s: a bare CR went upstream",
                      one->name);
    }
}

static bool is_canary(struct slice request)
{
    return slice_starts_with(request, SLICE("GET /canary HTTP/1.1\r\n"));
}

static void run_one(struct raw_bench *bench, const struct raw_case *one, struct tally *tally)
{
    struct client client;
    struct reply reply = { 0 };
    char *bytes = mem_alloc(one->request.len + sizeof canary);
    unsigned good = 0;
    unsigned canaries = 0;
    unsigned seen_canaries = 0;
    bool after_canary = false;

    memcpy(bytes, one->request.ptr, one->request.len);
    memcpy(bytes + one->request.len, canary, sizeof canary - 1);
    origin_clear(bench->origin);
    client_open(&client, bench->front);
    client_send(&client, bytes, one->request.len + sizeof canary - 1);
    client_half_close(&client);
    while (client_reply(&client, false, WAIT_MS, &reply) == REPLY_WHOLE && reply.size > 0) {
        bool is_from_canary = slice_is_equal(text_slice(&reply.body), SLICE("canary"));

        cr_expect(!after_canary, "%s: something was answered after the canary", one->name);
        good += reply.status == 200;
        canaries += is_from_canary;
        after_canary = is_from_canary;
        tally->refused += reply.status >= 400;
    }
    reply_fini(&reply);
    client_close(&client);
    for (unsigned i = 0; i < origin_requests(bench->origin); i++) {
        struct slice request = origin_request(bench->origin, i);

        check_strict(one, request);
        seen_canaries += is_canary(request);
        cr_expect(memmem(request.ptr, 16, "/smuggled", 9) == NULL || one->want[0].status == 200 ||
                      one->want[1].status != 0 || one->end == RAW_EITHER,
                  "%s: a smuggled request reached the app server", one->name);
    }
    cr_expect_eq(origin_requests(bench->origin), good, "%s: upstream saw %u requests, %u answered",
                 one->name, origin_requests(bench->origin), good);
    cr_expect_eq(seen_canaries, canaries, "%s: %u canaries upstream, %u answered", one->name,
                 seen_canaries, canaries);
    tally->cases++;
    tally->answered += good;
    free(bytes);
}

/* Cases that are about the connection, not about one request, or answered by HEAD. */
static bool is_suitable(const struct raw_case *one)
{
    return !one->bytewise && !one->half_close;
}

#define RUN_TABLE(cases)                                                                           \
    for (size_t i_ = 0; i_ < COUNT_OF(cases); i_++) {                                              \
        if (is_suitable(&(cases)[i_]) && raw_is_picked(&(cases)[i_]))                              \
            run_one(&bench, &(cases)[i_], &tally);                                                 \
    }

Test(desync, r24_canary_behind_every_case)
{
    struct raw_bench bench;
    struct tally tally = { 0 };

    raw_start(&bench, NULL);
    RUN_TABLE(line_cases)
    RUN_TABLE(target_cases)
    RUN_TABLE(host_cases)
    RUN_TABLE(field_cases)
    RUN_TABLE(length_cases)
    RUN_TABLE(coding_cases)
    RUN_TABLE(chunk_cases)
    RUN_TABLE(bytewise_cases)
    RUN_TABLE(forward_cases)
    RUN_TABLE(persist_cases)
    fprintf(stderr, "R24: %u cases, %u answered, %u refused\n", tally.cases, tally.answered,
            tally.refused);
    cr_expect(tally.cases >= 120, "only %u cases", tally.cases);
    if (bench.daemon != NULL) {
        double counted =
            daemon_metric(bench.daemon, "switchyard_http_requests_total", "code=\"200\"");

        cr_expect_eq(counted, tally.answered,
                     "the proxy counted %g requests, clients were answered %u", counted,
                     tally.answered);
    }
    STOP_RAW(&bench);
}
