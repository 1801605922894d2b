/* Field lines: names, values, line ends, limits. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "head_case.h"

#define L "GET / HTTP/1.1\r\nHost: a\r\n"

Test(parse_fields, names)
{
    static const struct head_case cases[] = {
        GOOD(L "A: b\r\n\r\n"),
        GOOD(L "a:b\r\n\r\n"),
        GOOD(L "X_y: b\r\n\r\n"),
        GOOD(L "X.y~z|1: b\r\n\r\n"),
        GOOD(L "!#$%&'*+-.^_`|~: b\r\n\r\n"),
        GOOD(L "An-Extraordinarily-Long-Field-Name-Of-Several-Blocks: b\r\n\r\n"),
        GOOD(L "An_Extraordinarily_Long_Field_Name_Of_Several_Blocks: b\r\n\r\n"),
        GOOD(L "0: b\r\n\r\n"),
        BAD(L ": b\r\n\r\n", BAD_FIELD),
        BAD(L ":\r\n\r\n", BAD_FIELD),
        BAD(L "A : b\r\n\r\n", BAD_FIELD),
        BAD(L "A\t: b\r\n\r\n", BAD_FIELD),
        BAD(L " A: b\r\n\r\n", BAD_FIELD),
        BAD(L "\tA: b\r\n\r\n", BAD_FIELD),
        BAD(L "A b: c\r\n\r\n", BAD_FIELD),
        BAD(L "A\0: b\r\n\r\n", BAD_FIELD),
        BAD(L "A\x01: b\r\n\r\n", BAD_FIELD),
        BAD(L "A\x7f: b\r\n\r\n", BAD_FIELD),
        BAD(L "A\x80: b\r\n\r\n", BAD_FIELD),
        BAD(L "A\xc3\xa9: b\r\n\r\n", BAD_FIELD),
        BAD(L "A(: b\r\n\r\n", BAD_FIELD),
        BAD(L "A/b: c\r\n\r\n", BAD_FIELD),
        BAD(L "A[: b\r\n\r\n", BAD_FIELD),
        BAD(L "A@: b\r\n\r\n", BAD_FIELD),
        BAD(L "A=: b\r\n\r\n", BAD_FIELD),
        BAD(L "\"A\": b\r\n\r\n", BAD_FIELD),
        BAD(L "{A}: b\r\n\r\n", BAD_FIELD),
        BAD(L "A,B: c\r\n\r\n", BAD_FIELD),
        BAD(L "A;b: c\r\n\r\n", BAD_FIELD),
        BAD(L "A?: c\r\n\r\n", BAD_FIELD),
        BAD(L "A\\: c\r\n\r\n", BAD_FIELD),
        BAD(L "A\r\n\r\n", BAD_FIELD),
        BAD(L "A b\r\n\r\n", BAD_FIELD),
        BAD(L "GET / HTTP/1.1\r\n\r\n", BAD_FIELD),
        BAD("GET / HTTP/1.1\r\n Host: a\r\n\r\n", BAD_FIELD),
        BAD("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", BAD_FIELD),
        BAD("GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", BAD_FIELD),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_fields, values)
{
    static const struct head_case cases[] = {
        GOOD(L "A:\r\n\r\n"),
        GOOD(L "A: \r\n\r\n"),
        GOOD(L "A: \t \t\r\n\r\n"),
        GOOD(L "A:  b  \r\n\r\n"),
        GOOD(L "A:\tb\t\r\n\r\n"),
        GOOD(L "A: b\tc d\r\n\r\n"),
        GOOD(L "A: \x80\xff\r\n\r\n"),
        GOOD(L "A: caf\xc3\xa9\r\n\r\n"),
        GOOD(L "A: :b:\r\n\r\n"),
        GOOD(L "A: \"b\\\"c\"\r\n\r\n"),
        GOOD(L "A: #%00?\r\n\r\n"),
        GOOD(L "A: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n\r\n"),
        BAD(L "A: b\0c\r\n\r\n", BAD_FIELD),
        BAD(L "A: \0\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x01\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x08\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x0b\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x0c\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x1f\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x1b[31m\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\x7f\r\n\r\n", BAD_FIELD),
        BAD(L "A: 0123456789abcdef0123456789abcdef\x0b\r\n\r\n", BAD_FIELD),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_fields, line_ends)
{
    static const struct head_case cases[] = {
        BAD(L "A: b\n\r\n", BAD_FIELD),
        BAD(L "A: b\r\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\rC: d\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\nC: d\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\n\n", BAD_FIELD),
        BAD(L "A: b\r\n\n", BAD_FIELD),
        BAD(L "A: b\r\n\r\r\n", BAD_FIELD),
        BAD(L "A: b\r\n\rX", BAD_FIELD),
        BAD(L "\n", BAD_FIELD),
        BAD(L "\nContent-Length: 5\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\r\n c\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\r\n\tc\r\n\r\n", BAD_FIELD),
        BAD(L "A: b\r\n \r\n\r\n", BAD_FIELD),
        BAD(L "A:\r\n b\r\n\r\n", BAD_FIELD),
        BAD(L "Content-Length: \r\n 5\r\n\r\n", BAD_FIELD),
        BAD("GET / HTTP/1.1\r\n\nHost: a\r\n\r\n", BAD_FIELD),
        BAD("GET / HTTP/1.1\r\nHost: a\n\n", BAD_FIELD),
        MORE(L),
        MORE(L "\r"),
        MORE(L "A"),
        MORE(L "A:"),
        MORE(L "A: b"),
        MORE(L "A: b\r"),
        MORE(L "A: b\r\n"),
        MORE(L "A: b\r\n\r"),
        MORE(L "A b\r\nC: d\r\n"),
        MORE(L "Host: b\r\nContent-Length: x\r\n"),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_fields, keeps_offsets)
{
    struct head_case_head parsed;
    const struct head *head = &parsed.head;

    head_case_parse_good(head_case_request,
                         "\r\nGET / HTTP/1.1\r\nHost:a\r\nX_Long-Name_With.Bits:  b c \t\r\nE:\r\n"
                         "cOOKIE: k=v\r\n\r\n",
                         &parsed);
    cr_assert_eq(head->field_count, 4);
    head_case_equal(head_field_name(head, &head->fields[0]), "Host");
    head_case_equal(head_field_value(head, &head->fields[0]), "a");
    head_case_equal(head_field_name(head, &head->fields[1]), "X_Long-Name_With.Bits");
    head_case_equal(head_field_value(head, &head->fields[1]), "b c");
    head_case_equal(head_field_name(head, &head->fields[2]), "E");
    head_case_equal(head_field_value(head, &head->fields[2]), "");
    cr_assert_eq(head->fields[0].id, FIELD_HOST);
    cr_assert_eq(head->fields[1].id, FIELD_OTHER);
    cr_assert_eq(head->fields[3].id, FIELD_COOKIE);
    cr_assert_eq(head->seen, (uint64_t)1 << FIELD_HOST | (uint64_t)1 << FIELD_COOKIE | 1);
}

/* A head of `count` fields beside Host. */
static size_t make_fields(char *text, size_t count)
{
    size_t size = (size_t)snprintf(text, 64, L);

    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, 16, "F%zu: v\r\n", i);
    return size + (size_t)snprintf(text + size, 3, "\r\n");
}

/* The field limit of the cases is 20. */
Test(parse_fields, field_limit)
{
    char text[4096];
    struct head_case one = { text, 0, FAULT_NONE };

    one.size = make_fields(text, 19);
    head_case_check(head_case_request, &one, 1);
    one.size = make_fields(text, 20);
    one.fault = FAULT_TOO_MANY_FIELDS;
    head_case_check(head_case_request, &one, 1);
    one.size -= 2;
    one.fault = HEAD_CASE_MORE;
    head_case_check(head_case_request, &one, 1);
}

/* A value that makes the head `size` bytes long, without its end if cut. */
static struct head_case make_long(char *text, size_t size, size_t cut)
{
    size_t start = (size_t)snprintf(text, 64, L "A: ");

    memset(text + start, 'v', size - 4 - start);
    memcpy(text + size - 4, "\r\n\r\n", 4);
    return (struct head_case){ text, size - cut, FAULT_NONE };
}

/* The head limit of the cases is 4096 bytes; what is over it is noticed before it has arrived. */
Test(parse_fields, head_limit)
{
    char text[8192];
    struct head_case one = make_long(text, 4096, 0);

    head_case_check(head_case_request, &one, 1);
    one = make_long(text, 4096, 1);
    one.fault = HEAD_CASE_MORE;
    head_case_check(head_case_request, &one, 1);
    one = make_long(text, 4097, 0);
    one.fault = FAULT_HEAD_TOO_LARGE;
    head_case_check(head_case_request, &one, 1);
    one = make_long(text, 6000, 1900);
    one.fault = FAULT_HEAD_TOO_LARGE;
    head_case_check(head_case_request, &one, 1);
    memcpy(text + 30, "\r\nX y\r\n", 7);
    one.fault = FAULT_BAD_FIELD;
    head_case_check(head_case_request, &one, 1);
}

/* A name so long that its length does not fit where it is kept (HAProxy's CVE-2021-40346). */
Test(parse_fields, name_of_65536_bytes)
{
    static char text[70000];
    static struct field fields[10];
    struct head_limits wide = { sizeof text, 256, 10 };
    size_t searched = 0;

    for (size_t len = 65535; len <= 65536 + 14; len++) {
        struct head head = { .fields = fields, .field_capacity = 10 };
        size_t start = (size_t)snprintf(text, 64, L "Content-Length");
        enum fault fault = FAULT_NONE;
        enum parse result = PARSE_MORE;

        memset(text + start, 'n', len - 14);
        memcpy(text + start + len - 14, ": 5\r\n\r\n", 7);
        searched = 0;
        result = parse_head_request(text, start + len - 14 + 7, &searched, &wide, &head, &fault);
        cr_assert_eq(result, len == 65535 ? PARSE_DONE : PARSE_BAD);
        cr_assert_eq(fault, len == 65535 ? FAULT_NONE : FAULT_BAD_FIELD);
        cr_assert_eq(head.framing, FRAMING_NONE);
    }
}

/* However slowly a head comes, what was searched once is not searched again. */
Test(parse_fields, searches_every_byte_once)
{
    char text[4096];
    struct head_case one = make_long(text, 4000, 0);
    struct field fields[20];
    size_t searched = 0;

    for (size_t size = sizeof L; size < one.size; size++) {
        struct head head = { .fields = fields, .field_capacity = 20 };
        enum fault fault = FAULT_NONE;

        cr_assert_eq(head_case_request(text, size, &searched, &head, &fault), PARSE_MORE);
        cr_assert_geq(searched, size - 1, "%zu of %zu", searched, size);
    }
}
