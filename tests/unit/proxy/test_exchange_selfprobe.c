/* Requests of our own, through a real worker: who is believed, what the answer says, that nothing counts. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "proxy/worker.h"
#include "route/rate.h"
#include "route/slot.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"

#define NONCE "0123456789abcdef"
#define ASK   "GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n"
#define OURS  "X-Switchyard-Probe: " NONCE "\r\n"

enum { HEAD_SIZE = 2048, METHOD_OF_GET = 0 };

static void set_nonce(struct worker_options *options)
{
    options->nonce = NONCE;
}

static void count_evidence(struct policy *policy)
{
    policy->evidence = true;
}

static void shape_versions(struct snapshot_service *service)
{
    service->slots[0].version = "v3.1";
}

/* One request on a connection of its own; the head that the app got, and the head of the response. */
static void pass(struct front *front, const char *request, char *seen, char *answer)
{
    int client = front_dial(front);
    int server = -1;

    peer_send(client, request);
    server = front_accept(front, 0);
    peer_head(server, seen, HEAD_SIZE);
    peer_send(server, "HTTP/1.1 200 OK\r\nX-Switchyard-Slot: liar\r\nx-switchyard-version: v0\r\n"
                      "Content-Length: 2\r\n\r\nok");
    peer_head(client, answer, HEAD_SIZE);
    peer_take(client, "ok");
    peer_end(client);
    close(server);
}

static uint64_t count_requests(struct front *front)
{
    return slot_sum_requests(front_slot(front, 0), METHOD_OF_GET, 200);
}

Test(exchange_selfprobe, the_right_nonce_is_answered_with_slot_and_version)
{
    struct front *front = front_start(&(struct front_options){
        .set = set_nonce, .shape = shape_versions, .tune = count_evidence });
    char seen[HEAD_SIZE], answer[HEAD_SIZE];

    pass(front, ASK OURS "\r\n", seen, answer);
    cr_assert_null(strcasestr(seen, "X-Switchyard"), "%s", seen);
    cr_assert_not_null(strstr(answer, "\r\nX-Switchyard-Slot: blue\r\n"), "%s", answer);
    cr_assert_not_null(strstr(answer, "\r\nX-Switchyard-Version: v3.1\r\n"), "%s", answer);
    cr_assert_null(strstr(answer, "liar"), "%s", answer);
    cr_assert_null(strstr(answer, "v0"), "%s", answer);
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert_eq(count_requests(front), 0, "it counts nowhere");
    cr_assert_eq(slot_evidence_totals(front_slot(front, 0))->n, 0, "and is no evidence");
    cr_assert_eq(slot_sum_faults(front_slot(front, 0), FAULT_NONE), 0);
    front_stop(front);
}

static const char *const forged[] = {
    "X-Switchyard-Probe: 0123456789abcdee\r\n",  "X-Switchyard-Probe: 0123456789abcde\r\n",
    "X-Switchyard-Probe: 0123456789abcdef0\r\n", "X-Switchyard-Probe:\r\n",
    "X-Switchyard-Probe: wrong\r\n" OURS,
};

Test(exchange_selfprobe, a_forged_one_is_a_request_like_others)
{
    struct front *front = front_start(&(struct front_options){
        .set = set_nonce, .shape = shape_versions, .tune = count_evidence });

    for (unsigned i = 0; i < sizeof forged / sizeof *forged; i++) {
        char seen[HEAD_SIZE], answer[HEAD_SIZE], request[HEAD_SIZE];

        snprintf(request, sizeof request, ASK "%s\r\n", forged[i]);
        pass(front, request, seen, answer);
        cr_assert_null(strcasestr(seen, "X-Switchyard-Probe"), "%s", seen);
        cr_assert_not_null(strstr(answer, "X-Switchyard-Slot: liar"), "%s", answer);
        cr_assert_null(strstr(answer, "v3.1"), "%s", answer);
        front_await(&front_counts(front)->exchanges, 0);
        cr_assert_eq(count_requests(front), i + 1);
        cr_assert_eq(slot_evidence_totals(front_slot(front, 0))->n, i + 1);
    }
    front_stop(front);
}

Test(exchange_selfprobe, without_a_nonce_none_is_right)
{
    struct front *front = front_start(&(struct front_options){ .shape = shape_versions });
    char seen[HEAD_SIZE], answer[HEAD_SIZE];

    pass(front, ASK OURS "\r\n", seen, answer);
    cr_assert_null(strcasestr(seen, "X-Switchyard-Probe"), "%s", seen);
    cr_assert_null(strstr(answer, "v3.1"), "%s", answer);
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert_eq(count_requests(front), 1);
    front_stop(front);
}
