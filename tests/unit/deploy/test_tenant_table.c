/* One scope's table: run-time pins over configured ones, and back to a list of decisions. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "deploy/tenant_table_priv.h"

static struct tenant_table table;

static void begin(void)
{
    struct tenant_base *base = tenant_base_new(1);

    cr_assert_eq(pins_set(base->pins, SLICE("pilot"), "green"), 0);
    cr_assert_eq(pins_set(base->pins, SLICE("other"), "blue"), 0);
    tenant_table_init(&table, 2);
    cr_assert_eq(tenant_table_rebase(&table, base), 0);
    tenant_base_unref(base);
}

static void end(void)
{
    tenant_table_fini(&table);
}

TestSuite(tenant_table, .init = begin, .fini = end);

static void pin(const char *tenant, const char *slot)
{
    cr_assert_eq(tenant_table_apply(&table, TENANT_OP_PIN, slice_from(tenant), slot), 0);
}

static void unpin(const char *tenant)
{
    struct slice id = slice_from(tenant);

    cr_assert_eq(tenant_table_apply(&table, tenant_table_unpin(&table, id), id, NULL), 0);
}

/* "+a=blue !b" in the order of the walk, which is any: so for one decision at a time. */
static bool has_decision(enum tenant_op op, const char *tenant)
{
    struct tenant_walk walk = { 0 };

    while (tenant_table_next(&table, &walk))
        if (walk.op == op && slice_is_equal(walk.tenant, slice_from(tenant)))
            return true;
    return false;
}

static void expect_counts(size_t live, size_t decided, size_t hidden)
{
    struct tenant_walk walk = { 0 };
    size_t count = 0;

    while (tenant_table_next(&table, &walk))
        count++;
    cr_expect_eq(pins_count(table.live), live);
    cr_expect_eq(table.decided, decided);
    cr_expect_eq(table.hidden, hidden);
    cr_expect_eq(count, decided + hidden);
}

Test(tenant_table, configured_pins_are_no_decisions)
{
    expect_counts(2, 0, 0);
    cr_expect_str_eq(tenant_table_find(&table, SLICE("pilot")), "green");
    cr_expect_null(tenant_table_find(&table, SLICE("nobody")));
}

Test(tenant_table, a_decision_wins_over_a_configured_pin)
{
    pin("pilot", "blue");
    cr_expect_str_eq(tenant_table_find(&table, SLICE("pilot")), "blue");
    expect_counts(2, 1, 0);
    unpin("pilot");
    cr_expect_null(tenant_table_find(&table, SLICE("pilot")));
    cr_expect(has_decision(TENANT_OP_HIDE, "pilot"));
    expect_counts(1, 0, 1);
    unpin("pilot");
    expect_counts(1, 0, 1);
    pin("pilot", "green");
    cr_expect(has_decision(TENANT_OP_PIN, "pilot"));
    expect_counts(2, 1, 0);
}

Test(tenant_table, what_is_not_configured_comes_and_goes)
{
    pin("acme", "blue");
    pin("acme", "green");
    expect_counts(3, 1, 0);
    unpin("acme");
    expect_counts(2, 0, 0);
    cr_expect_eq(tenant_table_unpin(&table, SLICE("acme")), TENANT_OP_UNPIN);
}

Test(tenant_table, decisions_are_taken_over_without_the_configured)
{
    struct tenant_table other;

    pin("acme", "blue");
    pin("pilot", "blue");
    unpin("other");
    tenant_table_init(&other, 2);
    cr_assert_eq(tenant_table_apply(&other, TENANT_OP_PIN, SLICE("acme"), "red"), 0);
    cr_assert_eq(tenant_table_extract(&table, &other), 0);
    cr_expect_str_eq(tenant_table_find(&other, SLICE("acme")), "red"); /* it knew that one */
    cr_expect_str_eq(tenant_table_find(&other, SLICE("pilot")), "blue");
    cr_expect_eq(other.decided, 2);
    cr_expect_eq(other.hidden, 1);
    cr_assert_eq(tenant_table_rebase(&other, table.base), 0);
    cr_expect_null(tenant_table_find(&other, SLICE("other")));
    cr_expect_eq(pins_count(other.live), 2);
    cr_expect_eq(other.decided, 2);
    tenant_table_fini(&other);
}

Test(tenant_table, what_cannot_be_is_refused)
{
    cr_expect_eq(tenant_table_apply(&table, TENANT_OP_PIN, SLICE("a b"), "blue"), ERR_INVALID);
    for (int i = 0; i < PINS_NAMES_MAX; i++) {
        char name[16];

        snprintf(name, sizeof name, "slot%d", i);
        cr_expect_eq(tenant_table_apply(&table, TENANT_OP_PIN, SLICE("acme"), name),
                     i < PINS_NAMES_MAX - 2 ? 0 : ERR_FULL, "%d", i);
    }
    expect_counts(3, 1, 0);
}
