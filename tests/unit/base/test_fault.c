/* The table of faults: every row by itself, and all of them together. */
#include "base/fault.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static const char *const upper_names[] = {
#define FAULT(name, side, status, retry, words) #name,
#include "base/fault.def"
#undef FAULT
};

Test(fault, names_are_the_table_in_lower_case_and_fit)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        const char *name = fault_name((enum fault)i);

        cr_assert_eq(strlen(name), strlen(upper_names[i]), "%s is cut", upper_names[i]);
        cr_assert_eq(strcasecmp(name, upper_names[i]), 0, "%s", name);
        cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name), "%s", name);
    }
}

Test(fault, names_and_words_are_distinct)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            cr_expect_str_neq(fault_name((enum fault)i), fault_name((enum fault)k));
            cr_expect_str_neq(fault_words((enum fault)i), fault_words((enum fault)k));
        }
    }
}

/* Words go into log lines and JSON between quotes, behind other words. */
Test(fault, words_are_one_plain_clause)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        const char *words = fault_words((enum fault)i);

        cr_expect_gt(strlen(words), 5, "%s", fault_name((enum fault)i));
        cr_expect_lt(strlen(words), 80, "%s", words);
        cr_expect_null(strpbrk(words, "\"\\\n%"), "%s", words);
        cr_expect_neq(words[strlen(words) - 1], '.', "%s", words);
    }
}

Test(fault, statuses_say_whose_doing_it_is)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        enum fault fault = (enum fault)i;
        int status = fault_status(fault);

        if (fault == FAULT_NO_FURTHER) /* the answers of ours that are no failure */
            cr_expect_eq(status, 200);
        else if (fault == FAULT_HTTPS_ONLY)
            cr_expect_eq(status, 308);
        else
            cr_expect(status == 0 || (status >= 400 && status <= 505), "%s", fault_name(fault));
        if (fault_side(fault) == SIDE_TARGET)
            cr_expect(status == 0 || status >= 502, "%s", fault_name(fault));
        if (fault_side(fault) == SIDE_NOBODY)
            cr_expect_eq(fault, FAULT_NONE);
    }
}

/* A retry repeats a request: only what the target did before it had one may allow it; and a refusal of the
 * candidate, whose request the live slot gets (only what is idempotent: exchange_shield_allowed). */
Test(fault, only_faults_before_the_request_allow_a_retry)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        enum fault fault = (enum fault)i;
        bool is_early = fault == FAULT_CONNECT_REFUSED || fault == FAULT_CONNECT_TIMEOUT ||
                        fault == FAULT_CONNECT_FAILED || fault == FAULT_TARGET_TLS ||
                        fault == FAULT_TARGET_CERT || fault == FAULT_TARGET_STALE ||
                        fault == FAULT_TARGET_STATUS;

        cr_expect_eq(fault_is_retryable(fault), is_early, "%s", fault_name(fault));
    }
}

Test(fault, rows_that_others_rely_on)
{
    cr_expect_eq(FAULT_NONE, 0);
    cr_expect_str_eq(fault_name(FAULT_NONE), "none");
    cr_expect_str_eq(fault_words(FAULT_NONE), "complete");
    cr_expect_eq(fault_status(FAULT_NONE), 0);
    cr_expect_str_eq(fault_name(FAULT_CONNECT_REFUSED), "connect_refused");
    cr_expect_eq(fault_status(FAULT_CONNECT_REFUSED), 502);
    cr_expect_eq(fault_status(FAULT_CONNECT_TIMEOUT), 504);
    cr_expect_eq(fault_status(FAULT_NO_TARGET), 503);
    cr_expect_eq(fault_status(FAULT_HEAD_TOO_LARGE), 431);
    cr_expect_eq(fault_status(FAULT_TARGET_TOO_LONG), 414);
    cr_expect_eq(fault_status(FAULT_BODY_TOO_LARGE), 413);
    cr_expect_eq(fault_status(FAULT_CLIENT_SLOW_HEAD), 408);
    cr_expect_eq(fault_side(FAULT_CLIENT_GONE), SIDE_CLIENT);
    cr_expect_eq(fault_side(FAULT_TARGET_RESET), SIDE_TARGET);
    cr_expect_eq(fault_side(FAULT_NO_SERVICE), SIDE_ROUTE);
}

Test(fault, a_number_outside_the_table_is_a_bug, .signal = SIGABRT)
{
    fault_name(FAULT_COUNT);
}
