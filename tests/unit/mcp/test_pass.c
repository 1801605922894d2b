/* Tokens: once, for one purpose, a bounded number of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "mcp/pass_priv.h"

Test(pass, is_good_once_and_for_one_thing)
{
    struct passes *passes = passes_new();
    char token[PASS_SIZE];
    char other[PASS_SIZE];

    cr_assert_eq(passes_make(passes, "switch shop", token), 0);
    cr_assert_eq(passes_make(passes, "switch shop", other), 0);
    cr_expect_str_neq(token, other);
    cr_expect_eq(passes_use(passes, token, "rollback shop"), ERR_CONFLICT);
    cr_expect_eq(passes_use(passes, token, "switch shop"), 0);
    cr_expect_eq(passes_use(passes, token, "switch shop"), ERR_NOT_FOUND);
    cr_expect_eq(passes_use(passes, "", "switch shop"), ERR_NOT_FOUND);
    cr_expect_eq(passes_use(passes, other, "switch shop"), 0);
    passes_free(passes);
}

Test(pass, the_oldest_goes)
{
    struct passes *passes = passes_new();
    char name[PASS_SIZE];

    for (int i = 0; i <= PASSES_MAX; i++) {
        snprintf(name, sizeof name, "token-%d", i);
        passes_keep(passes, name, "a purpose");
    }
    cr_expect_eq(passes_use(passes, "token-0", "a purpose"), ERR_NOT_FOUND);
    cr_expect_eq(passes_use(passes, name, "a purpose"), 0);
    passes_free(passes);
}
