/* The list of errors and warnings: config/report.h. */
#include "config/report.h"

#include <criterion/criterion.h>
#include <string.h>

Test(report, prints_in_the_order_of_files_and_lines)
{
    struct report report;
    struct text out;

    report_init(&report);
    text_init(&out, 1000);
    report_error(&report, "b", 9, "nine");
    report_warning(&report, "a", 3, "three");
    report_error(&report, "b", 2, "two %d", 1);
    report_error(&report, "b", 2, "two %d", 2);
    report_error(&report, "b", 0, "whole");
    report_sort(&report);
    report_print(&report, &out);
    cr_expect_str_eq(out.bytes,
                     "b: whole\nb:2: two 1\nb:2: two 2\nb:9: nine\na:3: warning: three\n");
    cr_expect_eq(report.count, 5);
    cr_expect_eq(report.error_count, 4);
    text_fini(&out);
    report_fini(&report);
}

Test(report, prints_columns_where_they_are_known)
{
    struct report report;
    struct text out;

    report_init(&report);
    text_init(&out, 1000);
    report_error_at(&report, (struct report_place){ "a", 2, 9 }, "nine");
    report_error_at(&report, (struct report_place){ "a", 2, 0 }, "line");
    report_warning_at(&report, (struct report_place){ "a", 2, 3 }, "three %d", 1);
    report_error_at(&report, (struct report_place){ "a", 1, 11 }, "eleven");
    report_error_at(&report, (struct report_place){ "a", 0, 5 }, "whole");
    report_sort(&report);
    report_print(&report, &out);
    cr_expect_str_eq(out.bytes,
                     "a: whole\na:1:11: eleven\na:2: line\na:2:3: warning: three 1\na:2:9: nine\n");
    cr_expect_eq(report.error_count, 4);
    text_fini(&out);
    report_fini(&report);
}

Test(report, keeps_control_bytes_from_a_terminal)
{
    struct report report;

    report_init(&report);
    report_error(&report, "a\x1b", 1, "x\x1b[31m\ny");
    cr_expect_str_eq(report.entries[0].file, "a?");
    cr_expect_str_eq(report.entries[0].words, "x?[31m?y");
    report_fini(&report);
}

Test(report, has_a_bound_and_counts_beyond_it)
{
    struct report report;

    report_init(&report);
    for (unsigned i = 0; i < REPORT_ENTRIES_MAX + 7; i++)
        report_error(&report, "a", i, "x");
    cr_expect_eq(report.count, REPORT_ENTRIES_MAX);
    cr_expect_eq(report.dropped, 7);
    cr_expect_eq(report.error_count, REPORT_ENTRIES_MAX + 7);
    report_fini(&report);
}
