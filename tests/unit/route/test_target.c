/* One target: cells, connect failures, names. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "route/target.h"

static struct target *make_target(const char *name)
{
    struct address address;

    cr_assert_eq(address_parse(slice_from(name), &address), 0);
    return target_new(NULL, name, &address, 3);
}

Test(target, cells_lie_on_lines_of_their_own)
{
    struct target *target = make_target("127.0.0.1:5000");

    cr_assert_eq((uintptr_t)&target->cells[0] % 64, 0);
    cr_assert_eq((uintptr_t)&target->cells[1] % 64, 0);
    target_free(target);
}

Test(target, begins_unknown_and_keeps_its_verdict)
{
    struct target *target = make_target("127.0.0.1:5000");

    cr_assert_eq(target_verdict(target), VERDICT_UNKNOWN);
    target_set_verdict(target, VERDICT_DOWN);
    cr_assert_eq(target_verdict(target), VERDICT_DOWN);
    cr_assert_str_eq(verdict_name(VERDICT_UNKNOWN), "unknown");
    cr_assert_str_eq(verdict_name(VERDICT_UP), "up");
    cr_assert_str_eq(verdict_name(VERDICT_DOWN), "down");
    cr_assert_str_eq(order_name(ORDER_READY), "ready");
    cr_assert_str_eq(order_name(ORDER_DRAIN), "drain");
    cr_assert_str_eq(order_name(ORDER_MAINT), "maint");
    target_free(target);
}

Test(target, pins_are_summed_over_workers)
{
    struct target *target = make_target("[::1]:5000");

    target_pin(target, 0);
    target_pin(target, 1);
    target_pin(target, 1);
    cr_assert_eq(target_in_flight(target), 3);
    target_unpin(target, 1);
    target_unpin(target, 1);
    cr_assert_eq(target_in_flight(target), 1);
    target_unpin(target, 0);
    target_free(target);
}

Test(target, connect_failures_count_in_a_row)
{
    struct target *target = make_target("127.0.0.1:5000");

    target_report_connect(target, false);
    target_report_connect(target, false);
    cr_assert_eq(target->connect_failures, 2);
    target_report_connect(target, true);
    cr_assert_eq(target->connect_failures, 0);
    target_report_connect(target, false);
    cr_assert_eq(target->connect_failures, 1);
    target_free(target);
}

Test(target, is_named_and_addressed_for_probes)
{
    struct target *tcp = make_target("127.0.0.1:5000");
    struct target *local = make_target("unix:/run/app.sock");

    cr_assert_str_eq(tcp->name, "127.0.0.1:5000");
    cr_assert_str_eq(tcp->authority, "127.0.0.1:5000");
    cr_assert_str_eq(local->authority, "localhost");
    cr_assert_neq(tcp->key, local->key);
    target_free(tcp);
    target_free(local);
}

Test(target, sums_connections_and_knows_since_when_it_is_up)
{
    struct target *target = make_target("127.0.0.1:5000");

    cr_assert_eq(target_connections(target), 0);
    atomic_store(&target->cells[0].connections, 2);
    atomic_store(&target->cells[1].connections, 3);
    cr_assert_eq(target_connections(target), 5);
    cr_assert_eq(atomic_load(&target->up_since_us), 0);
    target_set_up_since(target, 77);
    cr_assert_eq(atomic_load(&target->up_since_us), 77);
    target_free(target);
}

Test(target, errors_count_in_a_row_and_in_all)
{
    struct address address;
    struct target *target = NULL;

    cr_assert_eq(address_parse(SLICE("127.0.0.1:5000"), &address), 0);
    target = target_new(NULL, "127.0.0.1:5000", &address, 2);
    target_report_answer(target, 0, true);
    target_report_answer(target, 0, false);
    target_report_answer(target, 1, false);
    cr_assert_eq(target->gateway_errors, 2);
    target_report_answer(target, 1, true);
    cr_assert_eq(target->gateway_errors, 0);
    target_report_answer(target, 1, false);
    cr_assert_eq(target->gateway_errors, 1);
    cr_assert_eq(target->cells[0].requests, 2);
    cr_assert_eq(target->cells[0].errors, 1);
    cr_assert_eq(target->cells[1].requests, 3);
    cr_assert_eq(target->cells[1].errors, 2);
    target_free(target);
}

Test(target, names_its_verdicts)
{
    cr_assert_str_eq(verdict_name(VERDICT_UNKNOWN), "unknown");
    cr_assert_str_eq(verdict_name(VERDICT_UP), "up");
    cr_assert_str_eq(verdict_name(VERDICT_DOWN), "down");
    cr_assert_str_eq(verdict_name(VERDICT_MISDEPLOYED), "misdeployed");
}
