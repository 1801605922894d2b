/* Rows in the SQL of a dump, however it is cut; connection strings; confirmations. src/backup/row_count.c, pg_dsn.c,
 * tickets.c */
#include "backup/row_count_priv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/pg_dsn_priv.h"
#include "backup/tickets.h"
#include "base/err.h"
#include "base/slice.h"

static const char dump[] = "--\n-- PostgreSQL database dump\n--\nSET x = 1;\n"
                           "COPY public.a (id, note) FROM stdin;\n1\tone\n2\ttwo\n\\.\n\n"
                           "COPY public.empty (id) FROM stdin;\n\\.\n"
                           "SELECT pg_catalog.setval('public.s', 3, true);\n"
                           "COPY public.\"B b\" (id) FROM stdin;\n\n\\.\n";

static struct snapshot_record count_in_pieces(const char *text, size_t piece)
{
    struct snapshot_record record = { .id = "" };
    struct row_count count;
    size_t len = strlen(text);

    row_count_init(&count, &record);
    for (size_t at = 0; at < len; at += piece)
        row_count_add(&count, text + at, len - at < piece ? len - at : piece);
    cr_expect_not(count.is_inside);
    return record;
}

Test(row_count, tables_are_counted_whatever_the_pieces_are)
{
    uint64_t mark = 0;

    for (size_t piece = 1; piece < sizeof dump; piece += piece < 40 ? 1 : 50) {
        struct snapshot_record record = count_in_pieces(dump, piece);

        cr_assert_eq(record.table_count, 3, "pieces of %zu", piece);
        cr_expect_str_eq(record.tables[0].source, "public.a (id, note)");
        cr_expect_eq(record.tables[0].rows, 2);
        cr_expect_eq(record.tables[1].rows, 0);
        cr_expect_str_eq(record.tables[2].source, "public.\"B b\" (id)");
        cr_expect_eq(record.tables[2].rows, 1, "an empty line is a row");
        cr_expect(piece == 1 || record.tables[0].mark == mark);
        mark = record.tables[0].mark;
        snapshot_record_fini(&record);
    }
}

static uint64_t mark_of(const char *rows)
{
    struct row_count count;

    row_count_init(&count, NULL);
    row_count_add(&count, rows, strlen(rows));
    return count.mark;
}

Test(row_count, the_mark_knows_contents_but_not_order)
{
    struct row_count count;

    cr_expect_eq(mark_of("1\tone\n2\ttwo\n"), mark_of("2\ttwo\n1\tone\n"));
    cr_expect_neq(mark_of("1\tone\n2\ttwo\n"), mark_of("1\ttwo\n2\tone\n"));
    cr_expect_neq(mark_of("1\n1\n"), mark_of("1\n"));
    row_count_init(&count, NULL);
    row_count_add(&count, "\\.\n", 3);
    cr_expect_eq(count.rows, 1, "plain rows have no end mark");
}

Test(row_count, a_dump_that_stops_in_a_table_is_seen)
{
    static const char text[] = "COPY public.a (id) FROM stdin;\n1\n2\n";
    struct snapshot_record record = { .id = "" };
    struct row_count count;

    row_count_init(&count, &record);
    row_count_add(&count, text, sizeof text - 1);
    cr_expect(count.is_inside);
    cr_expect_eq(record.table_count, 0);
}

Test(row_count, a_line_longer_than_any_head_begins_no_table)
{
    struct snapshot_record record = { .id = "" };
    struct row_count count;
    char *line = malloc(5000);

    memset(line, 'x', 5000);
    memcpy(line, "COPY ", 5);
    memcpy(line + 5000 - 13, " FROM stdin;\n", 13);
    row_count_init(&count, &record);
    row_count_add(&count, line, 5000);
    cr_expect_not(count.is_inside);
    free(line);
}

/* --- connection strings --- */

static bool is_dsn(const char *dsn, const char *name, const char *expected)
{
    char *got = pg_dsn_with_database(dsn, name);
    bool is_same = strcmp(got, expected) == 0;

    if (!is_same)
        fprintf(stderr, "%s\n", got);
    free(got);
    return is_same;
}

Test(pg_dsn, another_database_of_the_same_server)
{
    cr_expect(is_dsn("host=/tmp dbname=a", "b c'd", "host=/tmp dbname=a dbname='b c\\'d'"));
    cr_expect(is_dsn("postgresql://h/a", "b c", "postgresql://h/a?dbname=b%20c"));
    cr_expect(is_dsn("postgres://h/a?x=1", "b", "postgres://h/a?x=1&dbname=b"));
}

Test(pg_dsn, a_password_is_seen_in_both_forms)
{
    cr_expect(pg_dsn_has_password("host=h password=x"));
    cr_expect(pg_dsn_has_password("host=h PASSWORD = x"));
    cr_expect(pg_dsn_has_password("postgresql://me:secret@h/db"));
    cr_expect(pg_dsn_has_password("postgresql://h/db?password=x"));
    cr_expect_not(pg_dsn_has_password("postgresql://me@h:5432/db"));
    cr_expect_not(pg_dsn_has_password("host=h dbname=password"));
    cr_expect_not(pg_dsn_has_password("host=h sslpassword=x"));
}

Test(pg_dsn, names_are_quoted)
{
    char *name = pg_dsn_quote_name("a\"b");

    cr_expect_str_eq(name, "\"a\"\"b\"");
    free(name);
}

/* --- confirmations --- */

#define MINUTE ((uint64_t)60 * 1000000)

Test(tickets, a_token_is_for_one_piece_of_work_ten_minutes_and_one_use)
{
    struct tickets *tickets = tickets_new();
    char token[TICKET_SIZE];

    tickets_make(tickets, "restore a", 100 * MINUTE, token);
    cr_expect_eq(tickets_take(tickets, "restore b", token, 101 * MINUTE), ERR_INVALID);
    cr_expect_eq(tickets_take(tickets, "restore a", "12", 101 * MINUTE), ERR_INVALID);
    cr_expect_eq(tickets_take(tickets, "restore a", "12-34", 101 * MINUTE), ERR_INVALID);
    cr_expect_eq(tickets_take(tickets, "restore a", token, 111 * MINUTE), ERR_TIMEOUT);
    cr_expect_eq(tickets_take(tickets, "restore a", token, 99 * MINUTE), ERR_TIMEOUT);
    cr_expect_eq(tickets_take(tickets, "restore a", token, 110 * MINUTE), 0);
    cr_expect_eq(tickets_take(tickets, "restore a", token, 110 * MINUTE), ERR_EXISTS);
    tickets_free(tickets);
}

Test(tickets, somebody_else_agrees_for_a_time)
{
    struct tickets *tickets = tickets_new();
    const char *by = NULL;

    cr_expect_not(tickets_is_approved(tickets, "abc", "uid=1", MINUTE, NULL));
    cr_expect_eq(tickets_approve(tickets, "abc", "uid=2", MINUTE), 0);
    cr_expect(tickets_is_approved(tickets, "abc", "uid=1", 2 * MINUTE, &by));
    cr_expect_str_eq(by, "uid=2");
    cr_expect_not(tickets_is_approved(tickets, "abc", "uid=2", 2 * MINUTE, NULL), "not oneself");
    cr_expect_not(tickets_is_approved(tickets, "abd", "uid=1", 2 * MINUTE, NULL));
    cr_expect_eq(tickets_approve(tickets, "door", "uid=7(ann)", 2 * MINUTE), 0);
    cr_expect_not(tickets_is_approved(tickets, "door", "sub=ann", 2 * MINUTE, NULL), "nor so");
    cr_expect(tickets_is_approved(tickets, "door", "sub=bob", 2 * MINUTE, NULL));
    cr_expect_not(tickets_is_approved(tickets, "abc", "uid=1", 12 * MINUTE, NULL));
    cr_expect_eq(tickets_use(tickets, "abc", 3 * MINUTE), 0);
    cr_expect_eq(tickets_use(tickets, "abc", 3 * MINUTE), ERR_EXISTS);
    cr_expect_eq(tickets_approve(tickets, "abc", "uid=3", 3 * MINUTE), ERR_EXISTS);
    tickets_free(tickets);
}

Test(tickets, many_tokens_push_out_the_oldest_only)
{
    struct tickets *tickets = tickets_new();
    char token[TICKET_SIZE];

    for (unsigned i = 0; i < 300; i++) {
        snprintf(token, sizeof token, "t%u", i);
        cr_assert_eq(tickets_use(tickets, token, (i + 1) * MINUTE), 0);
    }
    cr_expect_eq(tickets_use(tickets, "t299", 301 * MINUTE), ERR_EXISTS);
    cr_expect_eq(tickets_use(tickets, "t295", 301 * MINUTE), ERR_EXISTS);
    cr_expect_eq(tickets_use(tickets, "t100", 301 * MINUTE), 0); /* older than ten minutes */
    tickets_free(tickets);
}

/* However many come after it: none that is used and good makes room. */
Test(tickets, a_used_one_is_not_pushed_out_while_it_is_good)
{
    struct tickets *tickets = tickets_new();
    char token[TICKET_SIZE];
    unsigned refused = 0;

    for (unsigned i = 0; i < 300; i++) {
        snprintf(token, sizeof token, "t%u", i);
        refused += tickets_use(tickets, token, MINUTE + i) == ERR_FULL;
    }
    cr_expect_eq(refused, 300 - 256);
    cr_expect_eq(tickets_use(tickets, "t0", 2 * MINUTE), ERR_EXISTS);
    cr_expect_eq(tickets_approve(tickets, "new", "uid=3", 2 * MINUTE), ERR_FULL);
    cr_expect_eq(tickets_use(tickets, "new", 20 * MINUTE), 0);
    tickets_free(tickets);
}

Test(tickets, a_mistyped_token_is_seen_as_such)
{
    static const char *const wrong[] = { "",
                                         "xx",
                                         "0123456789abcdef0123456789abcdef0123456",
                                         "0123456789abcdef0123456789abcdef0123456g",
                                         "0123456789abcdef0123456789abcdef012345678",
                                         "-0123456789abcdef0123456789abcdef",
                                         "12-0123456789abcdef0123456789abcde",
                                         "12-0123456789abcdef0123456789abcdef0" };
    struct tickets *tickets = tickets_new();
    char token[TICKET_SIZE];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(tickets_is_token(wrong[i]), "%s", wrong[i]);
    cr_expect(tickets_is_token("0123456789abcdef0123456789abcdef01234567"), "of db plan");
    tickets_make(tickets, "restore a", 1790000000000000, token);
    cr_expect(tickets_is_token(token), "%s", token);
    tickets_free(tickets);
}
