/* Answers that are written out as they come: src/ctl/outflow.c. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#include "ctl/outflow.h"

/* Fed in pieces of `piece` bytes; the exit code. */
static int feed(const char *answer, bool is_json, size_t piece)
{
    struct outflow outflow;
    size_t len = strlen(answer);

    outflow_init(&outflow, is_json);
    for (size_t at = 0; at < len; at += piece)
        outflow_add(&outflow, slice_of(answer + at, len - at < piece ? len - at : piece));
    return outflow_end(&outflow);
}

Test(outflow, lines_go_out_without_the_empty_one, .init = cr_redirect_stdout)
{
    cr_expect_eq(feed("a blue\nb green\n\n", false, 3), 0);
    cr_expect_eq(feed("\n", false, 1), 0);
    fflush(stdout);
    cr_assert_stdout_eq_str("a blue\nb green\n");
}

static void redirect(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
}

Test(outflow, failure_goes_to_standard_error, .init = redirect)
{
    cr_expect_eq(
        feed("error 7\nerror blue\na b\nerror 5 conflict (conflict): replaced\nremedy: x\n\n",
             false, 7),
        5, "a tenant may be called error");
    fflush(stdout);
    fflush(stderr);
    cr_assert_stdout_eq_str("error 7\nerror blue\na b\n");
    cr_assert_stderr_eq_str("error 5 conflict (conflict): replaced\nremedy: x\n");
}

Test(outflow, json_has_its_code_at_the_end, .init = cr_redirect_stdout)
{
    static char answer[60000];
    size_t len = 0;

    len = (size_t)snprintf(answer, sizeof answer, "{\"result\":{\"pins\":{");
    for (unsigned i = 0; i < 2500; i++)
        len += (size_t)snprintf(answer + len, sizeof answer - len, "\"ok:%u\":\"blue\",", i);
    snprintf(answer + len, sizeof answer - len,
             "\"z\":\"b\"}},\"ok\":false,\"code\":5,\"error\":{\"code\":\"conflict\"}}\n\n");
    cr_expect_eq(feed(answer, true, 4096), 5);
    cr_expect_eq(feed(answer, true, 50000), 5);
    cr_expect_eq(feed(answer, true, 1), 5);
    cr_expect_eq(feed("{\"ok\":true,\"code\":0,\"result\":null}\n\n", true, 8), 0);
    cr_expect_eq(feed("nonsense\n\n", true, 8), 1);
}
