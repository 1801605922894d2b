/* What servers say, in one line, and what to do about it. src/store/pg_fault.c */
#include "store/pg_fault_priv.h"

#include <criterion/criterion.h>
#include <string.h>

#include "rows.h"

struct words_case {
    const char *message;
    const char *words;
    const char *sqlstate;
    const char *remedy; /* a part of it */
};

#define AT "connection to server at \"db\", port 5432 failed: "

static const struct words_case cases[] = {
    { AT "Connection refused\n\tIs the server running on that host and accepting TCP/IP?\n",
      AT "Connection refused", "", "check that the server runs" },
    { AT "FATAL:  28P01: password authentication failed for user \"app\"\nLOCATION:  auth_failed, "
         "auth.c:335\n",
      AT "FATAL: password authentication failed for user \"app\"", "28P01", "passfile" },
    { AT "FATAL:  53300: too many connections\n" AT "FATAL:  53300: too many connections\n",
      AT "FATAL: too many connections", "53300", "max_connections" },
    { AT "FATAL:  3D000: database \"x\" does not exist\n",
      AT "FATAL: database \"x\" does not exist", "3D000", "dbname" },
    { AT "FATAL:  57P03: the database system is starting up\n",
      AT "FATAL: the database system is starting up", "57P03", "by itself" },
    { AT "Connection refused\n" AT "FATAL:  28000: no entry\n",
      AT "Connection refused; " AT "FATAL: no entry", "28000", "pg_hba.conf" },
    { AT "fe_sendauth: no password supplied\n", AT "fe_sendauth: no password supplied", "",
      "passfile" },
    { AT "SSL error: certificate verify failed\n", AT "SSL error: certificate verify failed", "",
      "sslrootcert" },
    { "FATAL:  28p01: not a state\n", "FATAL:  28p01: not a state", "", "" },
    { "FATAL:  28P0", "FATAL:  28P0", "", "" },
    { "a\x01"
      "b\x7f"
      "c\xff"
      "d\xc3\xa4",
      "a b c?d\xc3\xa4", "", "" },
    { "", "the server did not say why", "", "" },
    { NULL, "the server did not say why", "", "" },
    { "\n\n\tonly a hint\n", "the server did not say why", "", "" },
};

Test(pg_fault, words_of_libpq)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pg_fault fault;

        pg_fault_read(&fault, PG_FAULT_REFUSED, cases[i].message);
        cr_expect_str_eq(fault.words, cases[i].words, "case %zu: %s", i, fault.words);
        cr_expect_str_eq(fault.sqlstate, cases[i].sqlstate, "case %zu", i);
        cr_expect(strstr(fault.remedy, cases[i].remedy) != NULL, "case %zu: %s", i, fault.remedy);
    }
}

Test(pg_fault, long_words_are_cut_between_characters)
{
    struct pg_fault fault;
    char text[1000];
    char small[4];

    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[sizeof text - 2] = '\0';
    pg_fault_read(&fault, PG_FAULT_LOST, text);
    cr_expect(strlen(fault.words) < sizeof fault.words && strlen(fault.words) > 200);
    pg_fault_clean(text, small, sizeof small);
    cr_expect_str_eq(small, "\xc3\xa4");
    pg_fault_set(&fault, PG_FAULT_SILENT, "no answer\nwithin %d ms", 5);
    cr_expect_str_eq(fault.words, "no answer within 5 ms");
    cr_expect(strstr(fault.remedy, "firewall") != NULL);
}

Test(pg_fault, a_result_without_any_field)
{
    struct pg_fault fault;
    PGresult *result = rows_error();

    pg_fault_read_result(&fault, "facts", result);
    cr_expect_str_eq(fault.words, "facts: the server did not say why");
    cr_expect_str_eq(fault.sqlstate, "");
    pg_fault_read_result(&fault, "facts", NULL);
    cr_expect_str_eq(fault.words, "facts: the server did not say why");
    PQclear(result);
    cr_expect(pg_fault_is_end("57P01"));
    cr_expect_not(pg_fault_is_end("57014"));
    cr_expect_not(pg_fault_is_end(NULL));
}
