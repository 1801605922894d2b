/* Tokens: once, for one purpose, a bounded number of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "mcp/ticket_priv.h"

Test(ticket, is_good_once_and_for_one_thing)
{
    struct tickets *tickets = tickets_new();
    char token[TICKET_SIZE];
    char other[TICKET_SIZE];

    cr_assert_eq(tickets_make(tickets, "switch shop", token), 0);
    cr_assert_eq(tickets_make(tickets, "switch shop", other), 0);
    cr_expect_str_neq(token, other);
    cr_expect_eq(tickets_use(tickets, token, "rollback shop"), ERR_CONFLICT);
    cr_expect_eq(tickets_use(tickets, token, "switch shop"), 0);
    cr_expect_eq(tickets_use(tickets, token, "switch shop"), ERR_NOT_FOUND);
    cr_expect_eq(tickets_use(tickets, "", "switch shop"), ERR_NOT_FOUND);
    cr_expect_eq(tickets_use(tickets, other, "switch shop"), 0);
    tickets_free(tickets);
}

Test(ticket, the_oldest_goes)
{
    struct tickets *tickets = tickets_new();
    char name[TICKET_SIZE];

    for (int i = 0; i <= TICKETS_MAX; i++) {
        snprintf(name, sizeof name, "token-%d", i);
        tickets_keep(tickets, name, "a purpose");
    }
    cr_expect_eq(tickets_use(tickets, "token-0", "a purpose"), ERR_NOT_FOUND);
    cr_expect_eq(tickets_use(tickets, name, "a purpose"), 0);
    tickets_free(tickets);
}
