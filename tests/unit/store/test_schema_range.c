/* Versions and their ranges. */
#include <criterion/criterion.h>

#include "base/err.h"
#include "store/schema_range.h"

Test(schema_range, orders_versions_by_number)
{
    static const struct {
        const char *older;
        const char *newer;
    } cases[] = {
        { "1.9", "1.10" },
        { "v1.2.9", "1.3" },
        { "1.3-rc1", "1.3" },
        { "1.3-rc1", "1.3-rc2" },
        { "20240101120000_init", "20240102000000_more" },
        { "99999999999999999999998", "99999999999999999999999" },
        { "7", "18446744073709551617" },
        { "2_9", "2_10" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_lt(schema_version_compare(cases[i].older, cases[i].newer), 0, "%s < %s",
                     cases[i].older, cases[i].newer);
        cr_expect_gt(schema_version_compare(cases[i].newer, cases[i].older), 0);
    }
}

Test(schema_range, takes_equal_versions_for_equal)
{
    cr_expect_eq(schema_version_compare("v1.3.0", "1.3"), 0);
    cr_expect_eq(schema_version_compare("01.003", "1.3"), 0);
    cr_expect_eq(schema_version_compare("20240101", "20240101_init"), 0);
    cr_expect_eq(schema_version_compare("first", "first"), 0);
    cr_expect_neq(schema_version_compare("20240101_a", "20240101_b"), 0);
}

Test(schema_range, holds_what_lies_inside)
{
    static const struct {
        const char *range;
        const char *version;
        bool is_inside;
        bool is_inside_strictly;
    } cases[] = {
        { "*", "0.1", true, true },           { "1.3.0", "1.3", true, true },
        { "1.3", "1.4", true, false },        { "1.3", "1.2.9", false, false },
        { ">=1.3 <2", "1.9.9", true, false }, { ">=1.3 <2", "2.0", false, false },
        { "=1.3", "1.3.1", false, false },    { ">1.3 <=1.5", "1.3", false, false },
        { ">1.3 <=1.5", "1.5", true, true },  { "=v1.3", "1.3.0", true, true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct schema_range range;
        const char *why = NULL;

        cr_assert_eq(schema_range_parse(cases[i].range, &range, &why), 0, "%s: %s", cases[i].range,
                     why);
        cr_expect_eq(schema_range_has(&range, cases[i].version, false), cases[i].is_inside,
                     "%s in %s", cases[i].version, cases[i].range);
        cr_expect_eq(schema_range_has(&range, cases[i].version, true), cases[i].is_inside_strictly,
                     "%s in %s, strictly", cases[i].version, cases[i].range);
    }
}

Test(schema_range, refuses_what_is_no_range)
{
    static const char *const bad[] = { "", "  ", "new", ">= 1.3", ">=", "1 2 3 4 5", "vv1", "<x" };
    struct schema_range range;
    const char *why = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why = NULL;
        cr_expect_eq(schema_range_parse(bad[i], &range, &why), ERR_INVALID, "'%s'", bad[i]);
        cr_expect_not_null(why);
    }
}
