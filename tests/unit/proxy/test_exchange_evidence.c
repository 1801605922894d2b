/* Which requests a real worker counts, for which slot, as what, and in which bin: proxy/exchange_evidence.c. */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "front.h"
#include "route/cohort_cells.h"
#include "route/pins.h"
#include "route/rate.h"
#include "route/slot.h"
#include "route/slot_evidence.h"
#include "route/snapshot.h"

enum { BLUE, GREEN, SOON_US = 200000, LATER_US = 1000000, PATIENCE_MS = 5000 };

#define OK_500 "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno"

static void count(struct policy *policy)
{
    policy->evidence = true;
}

static void count_soon(struct policy *policy)
{
    policy->evidence = true;
    policy->inflight_error_us = SOON_US;
}

static void count_later(struct policy *policy)
{
    policy->evidence = true;
    policy->inflight_error_us = LATER_US;
}

static void count_once(struct policy *policy)
{
    policy->evidence = true;
    policy->attempts = 0;
}

static uint64_t n_of(struct front *front, unsigned slot)
{
    return slot_evidence_totals(front_slot(front, slot))->n;
}

static uint64_t e_of(struct front *front, unsigned slot)
{
    return slot_evidence_totals(front_slot(front, slot))->e;
}

static uint64_t stalled(struct front *front)
{
    return slot_evidence_totals(front_slot(front, BLUE))->stalled;
}

/* The worker counts after its answer is out. */
static void await_n(struct front *front, unsigned slot, uint64_t n)
{
    struct timespec pause = { .tv_nsec = 1000000 };

    for (int i = 0; i < PATIENCE_MS && n_of(front, slot) != n; i++)
        nanosleep(&pause, NULL);
    cr_assert_eq(n_of(front, slot), n);
}

static unsigned find_bin(struct front *front)
{
    const struct slot_evidence_totals *totals = slot_evidence_totals(front_slot(front, BLUE));

    for (unsigned i = 0; i < COUNTS_BINS; i++)
        if (totals->bins[i].n != 0)
            return i;
    return COUNTS_BINS;
}

static unsigned bin_of(const char *key)
{
    return (unsigned)(hash_bytes(0, key, strlen(key)) % COUNTS_BINS);
}

static unsigned bin_of_client(void)
{
    struct address address;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:1"), &address), 0);
    return (unsigned)(hash_mix(rate_client_key(&address)) % COUNTS_BINS);
}

/* One exchange over a new connection of the client and of the target. */
static void exchange(struct front *front, unsigned target, const char *request, const char *answer)
{
    int client = front_dial(front);
    int server = -1;
    char head[4096];

    peer_send(client, request);
    server = front_accept(front, target);
    peer_head(server, head, sizeof head);
    peer_send(server, answer);
    peer_head(client, head, sizeof head);
    close(client);
    close(server);
    front_await(&front_counts(front)->exchanges, 0);
}

Test(exchange_evidence, counts_successes_with_their_time_and_errors)
{
    struct front *front = front_start(&(struct front_options){ .tune = count });
    const struct slot_evidence_totals *totals = NULL;

    exchange(front, BLUE, GET, OK_2);
    exchange(front, BLUE, GET, OK_500);
    totals = slot_evidence_totals(front_slot(front, BLUE));
    cr_assert(totals->n == 2 && totals->e == 1 && totals->stalled == 0);
    cr_assert_gt(totals->sum_us, 0);
    cr_assert_eq(find_bin(front), bin_of_client());
    front_stop(front);
}

Test(exchange_evidence, nothing_unless_the_policy_says_so)
{
    struct front *front = front_start(&(struct front_options){ .targets = 1 });

    exchange(front, BLUE, GET, OK_2);
    cr_assert_eq(n_of(front, BLUE), 0);
    front_stop(front);
}

static struct evidence_key key;

static void shape_key(struct snapshot_service *service)
{
    service->evidence_key = key;
}

static const struct {
    struct evidence_key key;
    const char *request;
    const char *want; /* what is hashed; NULL: the client */
} key_cases[] = {
    { { EVIDENCE_HEADER, "X-User" }, "GET / HTTP/1.1\r\nHost: a\r\nx-user: ann\r\n\r\n", "ann" },
    { { EVIDENCE_HEADER, "X-User" }, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL },
    { { EVIDENCE_PATH, NULL }, "GET /cart/7?x=/y HTTP/1.1\r\nHost: a\r\n\r\n", "cart" },
    { { EVIDENCE_PATH, NULL }, "GET /cart HTTP/1.1\r\nHost: a\r\n\r\n", "cart" },
    { { EVIDENCE_PATH, NULL }, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "" },
    { { EVIDENCE_PATH, NULL }, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "" },
    { { EVIDENCE_TENANT, NULL }, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL },
};

Test(exchange_evidence, tells_keys_apart)
{
    for (size_t i = 0; i < sizeof key_cases / sizeof *key_cases; i++) {
        struct front *front = NULL;
        unsigned want = key_cases[i].want != NULL ? bin_of(key_cases[i].want) : bin_of_client();

        key = key_cases[i].key;
        front = front_start(&(struct front_options){ .tune = count, .shape = shape_key });
        exchange(front, BLUE, key_cases[i].request, OK_2);
        cr_expect_eq(find_bin(front), want, "case %zu", i);
        front_stop(front);
    }
}

/* Pinned tenants go to green and are counted one by one, everybody else goes to blue and is not. */
static struct pins *pins;
static const struct tenant_source by_header[] = { { .kind = TENANT_HEADER, .name = "X-Tenant" } };
static struct steering pinned = {
    .tenant_count = 1,
    .tenants = by_header,
    .split = { .candidate = SLOT_NONE },
};

static void shape_pins(struct snapshot_service *service)
{
    pinned.pins = pins;
    service->steering = &pinned;
    service->evidence_key = (struct evidence_key){ .kind = EVIDENCE_TENANT };
}

static void note(void *arg, const struct cohort_entry *entry)
{
    struct cohort_entry *last = arg;

    last->n += entry->n;
    last->e += entry->e;
    cr_assert(slice_is_equal(entry->tenant, SLICE("acme")));
}

Test(exchange_evidence, counts_pinned_tenants_one_by_one)
{
    struct front *front = NULL;
    struct cohort_mark marks[2] = { { .room = { 0 } }, { .room = { 0 } } };
    struct cohort_entry seen[2] = { { .n = 0 }, { .n = 0 } };

    pins = pins_new(1);
    cr_assert_eq(pins_set(pins, SLICE("acme"), "green"), 0);
    front = front_start(
        &(struct front_options){ .tune = count, .shape = shape_pins, .candidate = true });
    exchange(front, GREEN, "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: acme\r\n\r\n", OK_2);
    exchange(front, GREEN, "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: acme\r\n\r\n", OK_500);
    exchange(front, BLUE, "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: beta\r\n\r\n", OK_500);
    cohort_cells_fold(front_slot(front, GREEN), &marks[GREEN], note, &seen[GREEN]);
    cohort_cells_fold(front_slot(front, BLUE), &marks[BLUE], note, &seen[BLUE]);
    cr_assert(seen[GREEN].n == 2 && seen[GREEN].e == 1);
    cr_assert_eq(seen[BLUE].n, 0);
    cr_assert_eq(find_bin(front), bin_of("beta"));
    cr_assert(n_of(front, GREEN) == 2 && e_of(front, GREEN) == 1);
    cohort_mark_fini(&marks[GREEN]);
    cohort_mark_fini(&marks[BLUE]);
    front_stop(front);
    pins_free(pins);
}

Test(exchange_evidence, what_hangs_is_an_error_before_it_ends_and_only_once)
{
    struct front *front = front_start(&(struct front_options){ .tune = count_soon });
    int client = front_dial(front);
    int server = -1;

    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    await_n(front, BLUE, 1);
    cr_assert(e_of(front, BLUE) == 1 && stalled(front) == 1);
    cr_assert_eq(atomic_load(&front_counts(front)->exchanges), 1);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert(n_of(front, BLUE) == 1 && e_of(front, BLUE) == 1);
    /* the same memory, and the alarm has rung: it must be set again */
    peer_send(client, GET);
    peer_request(server, GET_LINE);
    await_n(front, BLUE, 2);
    cr_assert(e_of(front, BLUE) == 2 && stalled(front) == 2);
    close(client);
    close(server);
    front_stop(front);
}

/* An alarm of an earlier exchange must not be taken for one of this: it looks at the age. */
Test(exchange_evidence, a_quick_request_after_a_quick_one_does_not_hang)
{
    struct front *front = front_start(&(struct front_options){ .tune = count_later });
    struct timespec pause = { .tv_nsec = LATER_US / 10 * 1000 };
    int client = -1;
    int server = -1;

    front_open_kept(front, &client, &server);
    for (unsigned i = 0; i < 14; i++) {
        peer_send(client, GET);
        peer_request(server, GET_LINE);
        nanosleep(&pause,
                  NULL); /* pacing: a tenth of what would be too long, until the alarm has rung */
        peer_send(server, OK_2);
        peer_answer(client, 200, "ok");
    }
    await_n(front, BLUE, 15);
    cr_assert(stalled(front) == 0 && e_of(front, BLUE) == 0);
    close(client);
    close(server);
    front_stop(front);
}

/* A response that has begun takes what it takes; so does a client with its request. */
Test(exchange_evidence, neither_a_long_response_nor_a_long_request_hangs)
{
    struct front *front = front_start(&(struct front_options){ .tune = count_soon });
    struct timespec pause = { .tv_nsec = SOON_US * 3 / 2 * 1000 };
    char head[4096];
    int client = front_dial(front);
    int server = -1;

    peer_send(client, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh");
    server = front_accept(front, 0);
    peer_request(server, POST_LINE);
    nanosleep(&pause, NULL); /* longer than the limit, in which nothing may be counted */
    nanosleep(&pause, NULL);
    cr_assert_eq(n_of(front, BLUE), 0);
    peer_send(client, "i");
    peer_take(server, "hi");
    peer_send(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    peer_head(client, head, sizeof head);
    nanosleep(&pause, NULL);
    nanosleep(&pause, NULL);
    cr_assert_eq(n_of(front, BLUE), 0);
    peer_send(server, "k");
    peer_take(client, "ok");
    await_n(front, BLUE, 1);
    cr_assert(e_of(front, BLUE) == 0 && stalled(front) == 0);
    close(client);
    close(server);
    front_stop(front);
}

Test(exchange_evidence, a_connection_that_is_not_taken_hangs_too)
{
    struct front *front = front_start(&(struct front_options){ .tune = count_soon });
    int client = front_dial(front);

    front_hang(front, 0);
    peer_send(client, GET);
    await_n(front, BLUE, 1);
    cr_assert(e_of(front, BLUE) == 1 && stalled(front) == 1);
    close(client);
    front_stop(front);
}

/* Which slot is active, for the publishing in the middle of a request. */
static unsigned active;

static void shape_active(struct snapshot_service *service)
{
    service->active = active;
}

/* Connecting to blue is on its way when green becomes live; it fails, and green has the second attempt. */
Test(exchange_evidence, a_failed_attempt_stays_with_its_slot_when_the_next_goes_elsewhere)
{
    struct front *front = front_start(
        &(struct front_options){ .tune = count, .shape = shape_active, .candidate = true });
    int client = front_dial(front);
    int server = -1;

    active = BLUE;
    front_hang(front, BLUE);
    peer_send(client, GET);
    front_await(&front_target(front, BLUE)->cells[0].in_flight, 1);
    active = GREEN;
    front_publish(front);
    front_refuse(front, BLUE); /* what was waiting for it is refused when the kernel tries again */
    server = front_accept(front, GREEN);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert(n_of(front, BLUE) == 1 && e_of(front, BLUE) == 1);
    cr_assert_eq(n_of(front, GREEN), 0);
    close(client);
    close(server);
    front_stop(front);
}

/* Nothing has failed: it is as if the request had come now. */
Test(exchange_evidence, a_request_that_is_moved_on_counts_where_it_goes)
{
    struct front *front = front_start(
        &(struct front_options){ .tune = count, .shape = shape_active, .candidate = true });
    int client = front_dial(front);
    int server = -1;

    active = BLUE;
    front_hang(front, BLUE);
    peer_send(client, GET);
    front_await(&front_target(front, BLUE)->cells[0].in_flight, 1);
    active = GREEN;
    front_publish(front);
    front_evict(front, BLUE, true);
    server = front_accept(front, GREEN);
    peer_request(server, GET_LINE);
    peer_send(server, OK_2);
    peer_answer(client, 200, "ok");
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert_eq(n_of(front, BLUE), 0);
    cr_assert(n_of(front, GREEN) == 1 && e_of(front, GREEN) == 0);
    close(client);
    close(server);
    front_stop(front);
}

/* The first attempt is refused; for the second there is no target left: an answer of ours, and still blue's error. */
Test(exchange_evidence, an_answer_of_ours_does_not_hide_a_failed_attempt)
{
    struct front *front = front_start(&(struct front_options){ .tune = count });
    int client = front_dial(front);

    front_refuse(front, 0);
    peer_send(client, GET);
    peer_answer(client, 502, NULL);
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert(n_of(front, BLUE) == 1 && e_of(front, BLUE) == 1);
    front_publish_empty(front);
    peer_send(client, GET);
    peer_answer(client, 503, NULL);
    front_await(&front_counts(front)->exchanges, 0);
    cr_assert_eq(n_of(front, BLUE), 1, "no target was asked");
    close(client);
    front_stop(front);
}

/* A slow reader: the time is the target's. */
Test(exchange_evidence, the_time_ends_with_the_targets_last_byte)
{
    enum { BODY = 40000 };
    static char body[BODY + 1];
    struct front *front = front_start(
        &(struct front_options){ .tune = count_once, .send_buffer = 4096, .receive_buffer = 4096 });
    struct timespec pause = { .tv_nsec = 400000000 };
    struct slot_totals whole;
    int client = front_dial(front);
    int server = -1;
    char head[4096];

    memset(body, 'x', BODY);
    peer_send(client, GET);
    server = front_accept(front, 0);
    peer_request(server, GET_LINE);
    peer_send(server, "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n");
    peer_send(server, body);
    peer_head(client, head, sizeof head);
    nanosleep(&pause, NULL); /* what the client takes longer than the target */
    peer_take(client, body);
    await_n(front, BLUE, 1);
    front_await(&front_counts(front)->exchanges, 0);
    slot_sum_histogram(front_slot(front, BLUE), 0, &whole);
    cr_assert_gt(whole.sum_us, slot_evidence_totals(front_slot(front, BLUE))->sum_us + 200000);
    close(client);
    close(server);
    front_stop(front);
}
