/* Connection strings that are changed as text: what libpq makes of them. src/backup/pg_dsn.c */
#include "backup/pg_dsn_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(char *made, const char *wanted)
{
    cr_expect_str_eq(made, wanted);
    free(made);
}

Test(pg_dsn, names_another_database)
{
    expect(pg_dsn_with_database("host=a dbname=shop", "it's"),
           "host=a dbname=shop dbname='it\\'s'");
    expect(pg_dsn_with_database("postgresql://u@a/shop", "a b"),
           "postgresql://u@a/shop?dbname=a%20b");
    expect(pg_dsn_with_database("postgres://u@a/shop?sslmode=require", "x"),
           "postgres://u@a/shop?sslmode=require&dbname=x");
}

/* The last one of a kind counts, so nothing of the live server is left. */
Test(pg_dsn, leads_to_a_socket_in_a_folder)
{
    char *keys = pg_dsn_with_socket("host=a,b port=1,2 hostaddr=10.0.0.1 user=u dbname=shop "
                                    "sslmode=verify-full channel_binding=require "
                                    "target_session_attrs=primary",
                                    "/var/it's here", 5432);
    char *uri = pg_dsn_with_socket("postgresql://u@a,b/shop?sslmode=require", "/var/x", 5432);

    cr_expect_not_null(strstr(keys, " host='/var/it\\'s here' port=5432 hostaddr='' "
                                    "sslmode=disable gssencmode=disable channel_binding=prefer "
                                    "target_session_attrs=any"),
                       "%s", keys);
    cr_expect_not_null(strstr(keys, "dbname=shop"), "%s", keys);
    cr_expect_not_null(strstr(uri, "shop?sslmode=require&host=%2Fvar%2Fx&port=5432&hostaddr=&"
                                   "sslmode=disable"),
                       "%s", uri);
    free(keys);
    free(uri);
}

Test(pg_dsn, finds_a_password)
{
    cr_expect(pg_dsn_has_password("host=a password = x"));
    cr_expect(pg_dsn_has_password("postgresql://u:x@a/shop"));
    cr_expect_not(pg_dsn_has_password("host=a user=password_reader passfile=/x"));
    cr_expect_not(pg_dsn_has_password("postgresql://u@a:5432/shop"));
}
