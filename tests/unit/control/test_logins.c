/* Login names that are remembered for a while. src/control/logins.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "control/logins_priv.h"

Test(logins, names_and_numbers_without)
{
    static struct logins logins;

    cr_expect_str_eq(logins_find(&logins, 0, 1), "(root)");
    cr_expect_str_eq(logins_find(&logins, 4000000001u, 1), "");
    cr_expect_str_eq(logins_find(&logins, 0, 2), "(root)");
}

/* What is remembered is believed until its time is over, and not longer; what the file says comes then. */
Test(logins, are_read_again_in_time)
{
    static struct logins logins;
    const uint64_t then = 1000;

    cr_expect_str_eq(logins_find(&logins, 0, then), "(root)");
    for (unsigned i = 0; i < LOGINS_MAX; i++)
        if (logins.items[i].until_us != 0)
            snprintf(logins.items[i].text, LOGINS_TEXT, "(old)");
    cr_expect_str_eq(logins_find(&logins, 0, then + LOGINS_US - 1), "(old)");
    cr_expect_str_eq(logins_find(&logins, 0, then + LOGINS_US), "(root)");
    cr_expect_str_eq(logins_find(&logins, 0, then + 2 * (uint64_t)LOGINS_US), "(root)");
}

Test(logins, many_users_take_the_oldest_place)
{
    static struct logins logins;

    cr_expect_str_eq(logins_find(&logins, 0, 1), "(root)");
    for (unsigned i = 0; i < 3 * LOGINS_MAX; i++)
        cr_expect_str_eq(logins_find(&logins, 4000000000u + i, 2 + i), "");
    for (unsigned i = 0; i < LOGINS_MAX; i++)
        cr_expect_neq(logins.items[i].uid, 0, "root came first and went first");
    cr_expect_str_eq(logins_find(&logins, 0, 100), "(root)");
}
