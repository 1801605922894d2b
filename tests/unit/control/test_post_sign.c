/* Signatures and waits. src/control/post_sign.c */
#include <criterion/criterion.h>

#include "control/post_sign_priv.h"

Test(post_sign, is_what_others_compute)
{
    char out[POST_SIGN_SIZE];

    post_sign(SLICE("0123456789abcdef"), 1700000000, SLICE("{\"a\":1}"), out);
    cr_expect_str_eq(
        out, "t=1700000000,v1=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23",
        "%s", out);
}

Test(post_sign, waits_grow_up_to_ten_minutes)
{
    for (unsigned attempt = 1; attempt < 100; attempt++) {
        uint64_t most = attempt < 11 ? 1000000ull << (attempt - 1) : POST_SIGN_MOST_US;

        most = most > POST_SIGN_MOST_US ? POST_SIGN_MOST_US : most;
        cr_expect_eq(post_sign_wait_us(attempt, most, 0), most, "attempt %u", attempt);
        cr_expect_eq(post_sign_wait_us(attempt, 0, 0), POST_SIGN_LEAST_US);
        cr_expect_leq(post_sign_wait_us(attempt, UINT64_MAX - attempt, 0), most);
    }
    cr_expect_eq(post_sign_wait_us(0, 1000000, 0), 1000000);
}

Test(post_sign, receivers_may_ask_for_more_within_bounds)
{
    cr_expect_eq(post_sign_wait_us(1, 0, 7), 7000000);
    cr_expect_eq(post_sign_wait_us(9, 200000000, 7), 200000000);
    cr_expect_eq(post_sign_wait_us(1, 0, 86400), POST_SIGN_MOST_US);
    cr_expect_eq(post_sign_wait_us(1, 0, UINT64_MAX), POST_SIGN_MOST_US);
}
