/* Rules on statuses and paths: what counts for which, sums over workers, other rules. src/route/status_tally.c */
#include <criterion/criterion.h>
#include <string.h>

#include "route/service.h"
#include "route/slot.h"
#include "route/status_tally.h"

static const struct status_range unauthorized[] = { { 401, 401 }, { 403, 403 } };
static const struct status_range failures[] = { { 500, 599 } };
static const struct status_rule rules[] = {
    { "logins", "/login", 2, unauthorized },
    { "failures", "", 1, failures },
    { "area", "/area/", 1, failures },
};

static uint64_t sum_of(const struct status_tally *tally, const char *name)
{
    uint64_t sum = 0;

    cr_assert(status_tally_sum(tally, name, &sum), "%s", name);
    return sum;
}

Test(status_tally, counts_what_a_rule_names)
{
    static const struct {
        unsigned status;
        const char *path;
        unsigned logins;
        unsigned failures;
        unsigned area;
    } rows[] = {
        { 401, "/login", 1, 0, 0 },   { 403, "/login/form", 1, 0, 0 }, { 402, "/login", 0, 0, 0 },
        { 401, "/logins", 0, 0, 0 },  { 401, "/", 0, 0, 0 },           { 200, "/login", 0, 0, 0 },
        { 500, "/login", 0, 1, 0 },   { 599, "/", 0, 1, 0 },           { 503, "/area/51", 0, 1, 1 },
        { 503, "/area", 0, 1, 0 },    { 0, "/login", 0, 0, 0 },        { 1000, "/login", 0, 0, 0 },
        { 65535, "/login", 0, 0, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct status_tally *tally = status_tally_new(rules, 3, 1);

        status_tally_count(tally, 0, rows[i].status, slice_from(rows[i].path));
        cr_expect_eq(sum_of(tally, "logins"), rows[i].logins, "row %zu", i);
        cr_expect_eq(sum_of(tally, "failures"), rows[i].failures, "row %zu", i);
        cr_expect_eq(sum_of(tally, "area"), rows[i].area, "row %zu", i);
        status_tally_free(tally);
    }
}

Test(status_tally, sums_what_workers_counted)
{
    struct status_tally *tally = status_tally_new(rules, 3, 4);
    uint64_t none = 7;

    for (unsigned worker = 0; worker < 4; worker++)
        for (unsigned i = 0; i <= worker; i++)
            status_tally_count(tally, worker, 401, slice_from("/login"));
    cr_expect_eq(sum_of(tally, "logins"), 10);
    cr_expect_eq(sum_of(tally, "failures"), 0);
    cr_expect(!status_tally_sum(tally, "other", &none));
    cr_expect(!status_tally_sum(NULL, "logins", &none));
    cr_expect_eq(none, 7);
    status_tally_free(tally);
}

Test(status_tally, equal_rules_go_on_counting_and_others_begin_anew)
{
    struct service *service = service_new("shop");
    struct slot *slot = slot_new(service, "blue", 1);

    status_tally_put(slot, NULL);
    cr_expect_null(slot->tally);
    status_tally_put(slot, status_tally_new(rules, 2, 1));
    status_tally_count(slot->tally, 0, 401, slice_from("/login"));
    status_tally_put(slot, status_tally_new(rules, 2, 1));
    cr_expect_eq(sum_of(slot->tally, "logins"), 1);
    status_tally_put(slot, status_tally_new(rules, 3, 1));
    cr_expect_eq(sum_of(slot->tally, "logins"), 0);
    status_tally_put(slot, status_tally_new(rules, 0, 1));
    cr_expect_null(slot->tally);
    slot_free(slot);
    service_free(service);
}

Test(status_tally, are_equal_when_they_count_the_same)
{
    static const struct status_range other_range[] = { { 500, 598 } };
    const struct status_rule other[] = {
        { "failures", "", 1, other_range },
        { "failures", "/x", 1, failures },
        { "others", "", 1, failures },
        { "failures", "", 2, unauthorized },
    };
    struct status_tally *tally = status_tally_new(&rules[1], 1, 1);

    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct status_tally *another = status_tally_new(&other[i], 1, 1);

        cr_expect(!status_tally_is_equal(tally, another), "%zu", i);
        status_tally_free(another);
    }
    cr_expect(status_tally_is_equal(tally, tally));
    cr_expect(!status_tally_is_equal(tally, NULL));
    cr_expect(status_tally_is_equal(NULL, NULL));
    status_tally_free(tally);
}
