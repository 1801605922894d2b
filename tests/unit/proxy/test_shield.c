/* A candidate that fails and the live slot that answers in its place; the budget of attempts: proxy/exchange_retry.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "proxy/exchange.h"
#include "proxy/exchange_state.h"
#include "route/service.h"
#include "route/slot.h"
#include "route/snapshot.h"

enum { BLUE, GREEN };

#define BUSY_503 "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"

/* Everybody belongs to the candidate. */
static const struct steering everybody = {
    .split = { .candidate = GREEN,
               .share = SPLIT_WHOLE,
               .salt = 1,
               .key_count = 1,
               .keys = { { .kind = SPLIT_CLIENT_IP } },
               .shield = true },
};

static void paint(struct snapshot_service *service)
{
    service->steering = &everybody;
}

static uint8_t retry_budget = 100;
static uint8_t attempts;

static void tune(struct policy *policy)
{
    policy->shield = true;
    policy->retry_budget = retry_budget;
    policy->attempts = attempts;
}

static struct front *start_canary(void)
{
    return front_start(&(struct front_options){ .candidate = true, .tune = tune, .shape = paint });
}

static uint64_t shielded(struct front *front)
{
    return atomic_load(&front_service(front)->counts.shielded);
}

/* The candidate gets the request and answers with a 503. */
static int fail_once(struct front *front, const char *line)
{
    int server = front_accept(front, GREEN);

    peer_request(server, line);
    peer_send(server, BUSY_503);
    return server;
}

Test(shield, the_client_sees_the_live_slots_answer)
{
    struct front *front = start_canary();
    int client = front_dial(front);
    int green = -1;
    int blue = -1;

    peer_send(client, GET);
    green = fail_once(front, GET_LINE);
    blue = front_accept(front, BLUE);
    peer_request(blue, GET_LINE);
    peer_send(blue, OK_2);
    peer_answer(client, 200, "ok");
    peer_end(green); /* its answer was not read to the end */
    close(client);
    front_await(&front_counts(front)->sessions, 0);
    cr_assert_eq(shielded(front), 1);
    cr_assert_eq(atomic_load(&front_slot(front, GREEN)->cells[0].shielded), 1);
    cr_assert_eq(slot_sum_requests(front_slot(front, GREEN), METHOD_GET, 503), 1);
    cr_assert_eq(slot_sum_faults(front_slot(front, GREEN), FAULT_TARGET_STATUS), 1);
    cr_assert_eq(slot_sum_requests(front_slot(front, BLUE), METHOD_GET, 200), 1);
    close(blue);
    front_stop(front);
}

Test(shield, a_candidate_that_cannot_be_reached)
{
    struct front *front = start_canary();
    int client = front_dial(front);
    int blue = -1;

    front_refuse(front, GREEN);
    peer_send(client, GET);
    blue = front_accept(front, BLUE);
    peer_request(blue, GET_LINE);
    peer_send(blue, OK_2);
    peer_answer(client, 200, "ok");
    cr_assert_eq(shielded(front), 1);
    cr_assert_eq(slot_sum_faults(front_slot(front, GREEN), FAULT_CONNECT_REFUSED), 1);
    cr_assert_eq(slot_sum_requests(front_slot(front, GREEN), METHOD_GET, 502), 1);
    close(client);
    close(blue);
    front_stop(front);
}

/* The whole body still lies with the head. */
Test(shield, a_body_goes_to_both)
{
    static const char request[] = PUT_LINE FIELDS "Content-Length: 4\r\n\r\nbody";
    struct front *front = start_canary();
    int client = front_dial(front);
    int green = -1;
    int blue = -1;

    peer_send(client, request);
    green = front_accept(front, GREEN);
    peer_request(green, PUT_LINE);
    peer_take(green, "body");
    peer_send(green, BUSY_503);
    blue = front_accept(front, BLUE);
    peer_request(blue, PUT_LINE);
    peer_take(blue, "body");
    peer_send(blue, OK_2);
    peer_answer(client, 200, "ok");
    close(client);
    close(green);
    close(blue);
    front_stop(front);
}

/* The live slot's own 503 is the answer; nobody is asked a third time. */
Test(shield, never_twice)
{
    struct front *front = start_canary();
    int client = front_dial(front);
    int green = -1;
    int blue = -1;

    peer_send(client, GET);
    green = fail_once(front, GET_LINE);
    blue = front_accept(front, BLUE);
    peer_request(blue, GET_LINE);
    peer_send(blue, BUSY_503);
    peer_answer(client, 503, "busy");
    cr_assert_eq(shielded(front), 1);
    close(client);
    close(green);
    close(blue);
    front_stop(front);
}

Test(shield, a_post_is_the_candidates_alone)
{
    struct front *front = start_canary();
    int client = front_dial(front);
    int green = -1;

    peer_send(client, POST_LINE FIELDS "Idempotency-Key: k\r\nContent-Length: 0\r\n\r\n");
    green = fail_once(front, POST_LINE);
    peer_answer(client, 503, "busy");
    cr_assert_eq(shielded(front), 0);
    front_await(&front_counts(front)->exchanges, 0); /* counted at its end, behind the answer */
    cr_assert_eq(slot_sum_requests(front_slot(front, GREEN), METHOD_POST, 503), 1);
    close(client);
    close(green);
    front_stop(front);
}

/* What was sent of an interim response cannot be taken back. */
Test(shield, not_behind_an_interim_response)
{
    struct front *front = start_canary();
    int client = front_dial(front);
    int green = -1;

    peer_send(client, GET);
    green = front_accept(front, GREEN);
    peer_request(green, GET_LINE);
    peer_send(green, "HTTP/1.1 103 Early Hints\r\n\r\n" BUSY_503);
    peer_take(client, "HTTP/1.1 103 Early Hints\r\n\r\n");
    peer_answer(client, 503, "busy");
    cr_assert_eq(shielded(front), 0);
    close(client);
    close(green);
    front_stop(front);
}

Test(shield, other_statuses_are_the_apps_own)
{
    struct front *front = start_canary();
    int client = front_dial(front);
    int green = -1;

    peer_send(client, GET);
    green = front_accept(front, GREEN);
    peer_request(green, GET_LINE);
    peer_send(green, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    peer_answer(client, 500, "");
    cr_assert_eq(shielded(front), 0);
    close(client);
    close(green);
    front_stop(front);
}

/* Beyond the floor of ten nothing is left without requests: the candidate's own answers go on. */
Test(shield, within_the_budget_only)
{
    struct front *front = NULL;
    int client = -1;
    int green = -1;
    int blue = -1;

    retry_budget = 0;
    front = start_canary();
    client = front_dial(front);
    for (int i = 0; i < 10; i++) {
        peer_send(client, GET);
        if (green >= 0)
            close(green);
        green = fail_once(front, GET_LINE);
        if (blue < 0)
            blue = front_accept(front, BLUE);
        peer_request(blue, GET_LINE);
        peer_send(blue, OK_2);
        peer_answer(client, 200, "ok");
    }
    close(green);
    peer_send(client, GET);
    green = fail_once(front, GET_LINE);
    peer_answer(client, 503, "busy");
    cr_assert_eq(shielded(front), 10);
    cr_assert_eq(atomic_load(&front_service(front)->counts.budget_spent), 1);
    close(client);
    close(green);
    close(blue);
    front_stop(front);
}

/* Without a canary: a retry that is not made, and the fault of the attempt that failed. */
Test(shield, a_spent_budget_ends_retries)
{
    struct front *front = NULL;
    int client = -1;

    retry_budget = 10;
    attempts = 1;
    front = front_start(&(struct front_options){ .tune = tune });
    front_refuse(front, 0);
    client = front_dial(front);
    for (int i = 0; i < 13; i++) {
        peer_send(client, GET);
        peer_answer(client, 502, NULL);
    }
    /* ten and a tenth of eleven */
    cr_assert_eq(atomic_load(&front_slot(front, 0)->cells[0].retries[SLOT_RETRY_CONNECT]), 11);
    cr_assert_eq(atomic_load(&front_service(front)->counts.budget_spent), 2);
    close(client);
    front_stop(front);
}

/* What is known of an exchange on the candidate when its attempt fails. */
struct attempt {
    enum fault fault;
    enum method method;
    enum rule rule;
    bool is_candidate;
    bool is_shielded;
    bool lost_input;
    bool is_off;
    bool is_allowed;
};

static const struct attempt table[] = {
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_CANARY, .is_candidate = true, .is_allowed = true },
    { FAULT_CONNECT_REFUSED, METHOD_HEAD, RULE_CANARY, .is_candidate = true, .is_allowed = true },
    { FAULT_CONNECT_TIMEOUT, METHOD_PUT, RULE_CANARY, .is_candidate = true, .is_allowed = true },
    { FAULT_CONNECT_FAILED, METHOD_DELETE, RULE_CANARY, .is_candidate = true, .is_allowed = true },
    { FAULT_TARGET_TLS, METHOD_GET, RULE_CANARY, .is_candidate = true, .is_allowed = true },
    { FAULT_TARGET_CERT, METHOD_GET, RULE_CANARY, .is_candidate = true, .is_allowed = true },
    { FAULT_TARGET_CERT, METHOD_POST, RULE_CANARY, .is_candidate = true },
    { FAULT_CONNECT_REFUSED, METHOD_POST, RULE_CANARY, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_PATCH, RULE_CANARY, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_OTHER, RULE_CANARY, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_CANARY, .is_candidate = true, .is_shielded = true },
    { FAULT_TARGET_STATUS, METHOD_PUT, RULE_CANARY, .is_candidate = true, .lost_input = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_CANARY, .is_candidate = true, .is_off = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_CANARY, .is_candidate = false },
    { FAULT_TARGET_CLOSED, METHOD_GET, RULE_CANARY, .is_candidate = true },
    { FAULT_TARGET_TIMEOUT, METHOD_GET, RULE_CANARY, .is_candidate = true },
    { FAULT_RESPONSE_BAD, METHOD_GET, RULE_CANARY, .is_candidate = true },
    /* who asked for the slot sees what it does */
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_PREVIEW, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_CHAIN, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_SLOT_HOST, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_TENANT, .is_candidate = true },
    { FAULT_TARGET_STATUS, METHOD_GET, RULE_ACTIVE, .is_candidate = false },
};

Test(shield, table)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct attempt *attempt = &table[i];
        static struct exchange exchange;
        char slot = 0; /* only that there is one matters */

        exchange = (struct exchange){ .route.rule = (uint8_t)attempt->rule,
                                      .route.is_candidate = attempt->is_candidate,
                                      .route.is_shielded = attempt->is_shielded };
        exchange.head.method = (uint8_t)attempt->method;
        exchange.request.lost_input = attempt->lost_input;
        exchange.policy.shield = !attempt->is_off;
        exchange.slot = (struct slot *)(void *)&slot;
        cr_assert_eq(exchange_shield_allowed(&exchange, attempt->fault), attempt->is_allowed,
                     "%zu: %s", i, fault_name(attempt->fault));
    }
}
