/* Questions to a parsed head. */
#include "http/head.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "head_case.h"

#define G "GET / HTTP/1.1\r\nHost: a\r\n"

Test(head, finds_fields_in_order)
{
    struct head_case_head parsed;
    unsigned index = 0;

    head_case_parse_good(head_case_request,
                         G "Cookie: a=1\r\nX: y\r\nCookie: b=2\r\nx: z\r\nEmpty:\r\n\r\n", &parsed);
    head_case_equal(head_field_value(&parsed.head, head_find(&parsed.head, FIELD_COOKIE, &index)),
                    "a=1");
    head_case_equal(head_field_value(&parsed.head, head_find(&parsed.head, FIELD_COOKIE, &index)),
                    "b=2");
    cr_assert_null(head_find(&parsed.head, FIELD_COOKIE, &index));
    cr_assert_null(head_find(&parsed.head, FIELD_COOKIE, &index));
    head_case_equal(head_value(&parsed.head, SLICE("x")), "y");
    head_case_equal(head_value(&parsed.head, SLICE("HOST")), "a");
    head_case_equal(head_value(&parsed.head, SLICE("cookie")), "a=1");
    head_case_equal(head_value(&parsed.head, SLICE("empty")), "");
    cr_assert_not_null(head_value(&parsed.head, SLICE("empty")).ptr);
    cr_assert_null(head_value(&parsed.head, SLICE("Via")).ptr);
    cr_assert_null(head_value(&parsed.head, SLICE("missing")).ptr);
    cr_assert_null(head_value(&parsed.head, SLICE("")).ptr);
}

Test(head, finds_cookies)
{
    struct head_case_head parsed;

    head_case_parse_good(head_case_request,
                         G "Cookie: a=1; bb=2=3;c= x ;d;e=\r\nCookie: a=9; f=\"q\"\r\n\r\n",
                         &parsed);
    head_case_equal(head_cookie(&parsed.head, SLICE("a")), "1");
    head_case_equal(head_cookie(&parsed.head, SLICE("bb")), "2=3");
    head_case_equal(head_cookie(&parsed.head, SLICE("c")), "x");
    head_case_equal(head_cookie(&parsed.head, SLICE("e")), "");
    cr_assert_not_null(head_cookie(&parsed.head, SLICE("e")).ptr);
    head_case_equal(head_cookie(&parsed.head, SLICE("f")), "\"q\"");
    cr_assert_null(head_cookie(&parsed.head, SLICE("b")).ptr);
    cr_assert_null(head_cookie(&parsed.head, SLICE("d")).ptr);
    cr_assert_null(head_cookie(&parsed.head, SLICE("A")).ptr);
    head_case_parse_good(head_case_request, G "\r\n", &parsed);
    cr_assert_null(head_cookie(&parsed.head, SLICE("a")).ptr);
}

struct method_case {
    const char *text;
    enum method method;
    bool safe;
    bool idempotent;
};

Test(head, methods)
{
    static const struct method_case cases[] = {
        { "GET", METHOD_GET, true, true },         { "HEAD", METHOD_HEAD, true, true },
        { "POST", METHOD_POST, false, false },     { "PUT", METHOD_PUT, false, true },
        { "DELETE", METHOD_DELETE, false, true },  { "PATCH", METHOD_PATCH, false, false },
        { "OPTIONS", METHOD_OPTIONS, true, true }, { "TRACE", METHOD_TRACE, true, true },
        { "OTHER", METHOD_OTHER, false, false },   { "REPORT", METHOD_OTHER, false, false },
        { "get", METHOD_OTHER, false, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head_case_head parsed;
        char text[64];

        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].text);
        head_case_parse_good(head_case_request, text, &parsed);
        cr_assert_eq(parsed.head.method, cases[i].method, "%s", cases[i].text);
        cr_assert_eq(head_is_safe(&parsed.head), cases[i].safe, "%s", cases[i].text);
        cr_assert_eq(head_is_idempotent(&parsed.head), cases[i].idempotent, "%s", cases[i].text);
    }
    cr_assert_str_eq(method_name(METHOD_DELETE), "DELETE");
    cr_assert_str_eq(method_name(METHOD_OTHER), "OTHER");
}
