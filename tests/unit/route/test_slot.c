/* What a slot counts, and that sums are over all workers. */
#include <criterion/criterion.h>
#include <string.h>

#include "http/head.h"
#include "http/header_rules.h"
#include "route/service.h"
#include "route/slot.h"

Test(slot, has_a_row_for_every_method)
{
    cr_assert_eq((int)SLOT_METHODS, (int)METHOD_COUNT);
}

Test(slot, pins_are_summed_over_workers)
{
    struct slot *slot = slot_new(NULL, "blue", 3);

    slot_pin(slot, 0);
    slot_pin(slot, 2);
    slot_pin(slot, 2);
    cr_assert_eq(slot_in_flight(slot), 3);
    slot_unpin(slot, 2);
    slot_unpin(slot, 0);
    cr_assert_eq(slot_in_flight(slot), 1);
    slot_unpin(slot, 2);
    slot_free(slot);
}

struct code_case {
    uint16_t counted;
    unsigned asked;
    uint64_t want;
};

static const struct code_case code_cases[] = {
    { 200, 200, 1 }, { 200, 201, 0 }, { 100, 100, 1 }, { 599, 599, 1 }, { 0, 0, 1 },
    { 600, 0, 1 },   { 42, 0, 1 },    { 999, 0, 1 },   { 88, 0, 1 },    { 89, 89, 1 },
};

Test(slot, counts_codes_within_bounds)
{
    for (size_t i = 0; i < sizeof code_cases / sizeof *code_cases; i++) {
        struct slot *slot = slot_new(NULL, "blue", 2);
        struct slot_sample sample = { .method = METHOD_PUT, .code = code_cases[i].counted };

        slot_count(slot, 1, &sample);
        cr_expect_eq(slot_sum_requests(slot, METHOD_PUT, code_cases[i].asked), code_cases[i].want,
                     "%u as %u", code_cases[i].counted, code_cases[i].asked);
        cr_expect_eq(slot_sum_requests(slot, METHOD_GET, code_cases[i].asked), 0);
        slot_free(slot);
    }
}

Test(slot, an_unknown_method_is_other)
{
    struct slot *slot = slot_new(NULL, "blue", 1);

    slot_count(slot, 0, &(struct slot_sample){ .method = 200, .code = 200 });
    cr_assert_eq(slot_sum_requests(slot, METHOD_OTHER, 200), 1);
    slot_free(slot);
}

Test(slot, counts_bytes_faults_and_times)
{
    struct slot *slot = slot_new(NULL, "blue", 2);
    struct slot_sample sample = { .code = 502,
                                  .fault = FAULT_CONNECT_REFUSED,
                                  .bytes_in = 10,
                                  .bytes_out = 3,
                                  .duration_us = 5000 };
    struct slot_totals totals;

    slot_count(slot, 0, &sample);
    sample.duration_us = 5001;
    sample.response_us = UINT32_MAX;
    sample.connect_us = 1;
    slot_count(slot, 1, &sample);
    cr_assert_eq(slot->cells[0].bytes_in + slot->cells[1].bytes_in, 20);
    cr_assert_eq(slot->cells[0].bytes_out + slot->cells[1].bytes_out, 6);
    cr_assert_eq(slot_sum_faults(slot, FAULT_CONNECT_REFUSED), 2);
    cr_assert_eq(slot_sum_faults(slot, FAULT_NONE), 0);
    slot_sum_histogram(slot, 0, &totals);
    cr_assert_eq(totals.buckets[0], 1, "an edge belongs to its bucket");
    cr_assert_eq(totals.buckets[1], 1);
    cr_assert_eq(totals.sum_us, 10001);
    slot_sum_histogram(slot, 1, &totals);
    cr_assert_eq(totals.buckets[SLOT_BUCKETS - 1], 1);
    cr_assert_eq(totals.sum_us, UINT32_MAX);
    slot_sum_histogram(slot, 2, &totals);
    cr_assert_eq(totals.buckets[0], 1);
    cr_assert_eq(totals.sum_us, 1);
    slot_free(slot);
}

Test(slot, names_are_cut_not_overrun)
{
    char name[200];
    struct slot *slot = NULL;
    struct service *service = NULL;

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    slot = slot_new(NULL, name, 1);
    service = service_new(name);
    cr_assert_eq(strlen(slot->name), sizeof slot->name - 1);
    cr_assert_eq(strlen(service->name), sizeof service->name - 1);
    slot_free(slot);
    service_free(service);
}

Test(slot, roles_have_names)
{
    cr_assert_str_eq(role_name(ROLE_LIVE), "live");
    cr_assert_str_eq(role_name(ROLE_STANDBY), "standby");
    cr_assert_str_eq(role_name(ROLE_CANDIDATE), "candidate");
    cr_assert_str_eq(role_name(ROLE_DRAINING), "draining");
    cr_assert_str_eq(role_name(ROLE_STAGING), "staging");
    cr_assert_str_eq(role_name(ROLE_OFF), "off");
}

Test(slot, sums_tunnels)
{
    struct slot *slot = slot_new(NULL, "blue", 2);

    atomic_store(&slot->cells[0].tunnels, 2);
    atomic_store(&slot->cells[1].tunnels, 3);
    cr_assert_eq(slot_tunnels(slot), 5);
    slot_free(slot);
}

static struct header_rules *make_rules(const char *text)
{
    struct header_rule_texts texts = { .set_count = 1, .set = &text };

    return header_rules_new(NULL, &texts);
}

static const struct header_rules *request_rules(const struct slot *slot)
{
    return atomic_load(&slot->request_rules);
}

/* Exchanges may still be writing with rules that were replaced: they live as long as the slot does. */
Test(slot, keeps_rules_that_were_replaced)
{
    struct slot *slot = slot_new(NULL, "blue", 1);
    const struct header_rules *first = NULL;

    cr_assert_null(request_rules(slot));
    slot_set_rules(slot, make_rules("X-A: 1"), NULL);
    first = request_rules(slot);
    cr_assert_not_null(first);
    cr_assert_null(atomic_load(&slot->response_rules));
    slot_set_rules(slot, make_rules("X-A: 1"), make_rules("X-B: 2"));
    cr_assert_eq(request_rules(slot), first, "equal rules change nothing");
    cr_assert_not_null(atomic_load(&slot->response_rules));
    slot_set_rules(slot, make_rules("X-A: 2"), NULL);
    cr_assert_neq(request_rules(slot), first);
    cr_assert_null(atomic_load(&slot->response_rules));
    cr_assert(header_rules_drops(first, SLICE("X-A")));
    slot_set_rules(slot, NULL, NULL);
    cr_assert_null(request_rules(slot));
    slot_free(slot);
}

Test(slot, a_retry_has_a_cause)
{
    cr_expect_eq(slot_retry_cause(FAULT_CONNECT_REFUSED), SLOT_RETRY_CONNECT);
    cr_expect_eq(slot_retry_cause(FAULT_CONNECT_TIMEOUT), SLOT_RETRY_CONNECT);
    cr_expect_eq(slot_retry_cause(FAULT_CONNECT_FAILED), SLOT_RETRY_CONNECT);
    cr_expect_eq(slot_retry_cause(FAULT_TARGET_TLS), SLOT_RETRY_TLS);
    cr_expect_eq(slot_retry_cause(FAULT_TARGET_CERT), SLOT_RETRY_TLS);
    cr_expect_eq(slot_retry_cause(FAULT_TARGET_STALE), SLOT_RETRY_STALE);
    cr_expect_eq(slot_retry_cause(FAULT_TARGET_STATUS), SLOT_RETRY_STATUS);
    cr_expect_str_eq(slot_retry_name(SLOT_RETRY_STALE), "stale");
}
