/* The first line of a request: method, target, version. */
#include <criterion/criterion.h>
#include <string.h>

#include "head_case.h"

#define H "Host: a\r\n\r\n"

Test(parse_line, methods)
{
    static const struct head_case cases[] = {
        GOOD("GET / HTTP/1.1\r\n" H),
        GOOD("HEAD / HTTP/1.1\r\n" H),
        GOOD("POST / HTTP/1.1\r\n" H),
        GOOD("PUT / HTTP/1.1\r\n" H),
        GOOD("DELETE / HTTP/1.1\r\n" H),
        GOOD("PATCH / HTTP/1.1\r\n" H),
        GOOD("OPTIONS / HTTP/1.1\r\n" H),
        GOOD("TRACE / HTTP/1.1\r\n" H),
        GOOD("PROPFIND / HTTP/1.1\r\n" H),
        GOOD("get / HTTP/1.1\r\n" H),
        GOOD("X / HTTP/1.1\r\n" H),
        GOOD("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n" H),
        GOOD("GETX / HTTP/1.1\r\n" H),
        GOOD("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa / HTTP/1.1\r\n" H),
        BAD("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa / HTTP/1.1\r\n" H,
            BAD_METHOD),
        BAD("CONNECT a:443 HTTP/1.1\r\n" H, METHOD_REFUSED),
        BAD("CONNECT / HTTP/1.1\r\n" H, METHOD_REFUSED),
        BAD(" GET / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("\tGET / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("G\tET / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("GE(T / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("GE:T / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("GET\0 / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("G\x80T / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("G\x7fT / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("\"GET\" / HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("GET/ HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", BAD_METHOD),
        BAD("{\"a\":1}", BAD_METHOD),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_line, versions)
{
    static const struct head_case cases[] = {
        GOOD("GET / HTTP/1.0\r\n\r\n"),
        GOOD("GET / HTTP/1.0\r\n" H),
        GOOD("GET / HTTP/1.2\r\n" H),
        GOOD("GET / HTTP/1.9\r\n" H),
        BAD("GET / HTTP/2.0\r\n" H, BAD_VERSION),
        BAD("GET / HTTP/3.0\r\n" H, BAD_VERSION),
        BAD("GET / HTTP/9.9\r\n" H, BAD_VERSION),
        BAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD_VERSION),
        BAD("GET / HTTP/0.9\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.10\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/11.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/01.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1x\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/2.0x\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1,1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/a.b\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/-1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / http/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP /1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/ 1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTPS/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / SIP/2.0\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1 \r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1\t\r\n" H, BAD_REQUEST_LINE),
        BAD("GET /  HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1 HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / x HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / \r\n" H, BAD_REQUEST_LINE),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_line, line_ends)
{
    static const struct head_case cases[] = {
        BAD("GET /\r\n", BAD_REQUEST_LINE),
        BAD("GET\r\n", BAD_REQUEST_LINE),
        BAD("GET \r\n", BAD_REQUEST_LINE),
        BAD("GET  / HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1\r" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1\r\r\n" H, BAD_REQUEST_LINE),
        BAD("GET / HTTP/1.1\0\r\n" H, BAD_REQUEST_LINE),
        BAD("GET /\nHost: a\n\n", BAD_REQUEST_LINE),
        BAD("\nGET / HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("\r GET / HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("\r\n\nGET / HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        GOOD("\r\nGET / HTTP/1.1\r\n" H),
        GOOD("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" H),
        BAD("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" H, BAD_REQUEST_LINE),
        BAD("\r\n\r\n\r\n\r\n\r\n", BAD_REQUEST_LINE),
        BAD("\r\n \r\nGET / HTTP/1.1\r\n" H, BAD_METHOD),
        MORE(""),
        MORE("\r"),
        MORE("\r\n"),
        MORE("\r\n\r\n\r\n\r\n"),
        MORE("G"),
        MORE("GET"),
        MORE("GET "),
        MORE("GET /abc"),
        MORE("GET / HTTP/1.1"),
        MORE("GET / HTTP/1.1\r"),
        MORE("GET / HTTP/1.1\r\n"),
        MORE("GET / HTTP/2"),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_line, origin_targets)
{
    static const struct head_case cases[] = {
        GOOD("GET /index.html HTTP/1.1\r\n" H),
        GOOD("GET /a/../b/./c//d HTTP/1.1\r\n" H),
        GOOD("GET //evil.example/x HTTP/1.1\r\n" H),
        GOOD("GET /?a=b&c=d?e HTTP/1.1\r\n" H),
        GOOD("GET /%2e%2e/%2F HTTP/1.1\r\n" H),
        GOOD("GET /%zz% HTTP/1.1\r\n" H),
        GOOD("GET /%0 HTTP/1.1\r\n" H),
        GOOD("GET /%01%0a%0d HTTP/1.1\r\n" H),
        GOOD("GET /\"<>\\^`{|}~[]@!$&'()*+,;=: HTTP/1.1\r\n" H),
        GOOD("GET /http://other/ HTTP/1.1\r\n" H),
        BAD("GET /%00 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /a?b=%00c HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /%%00 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /0123456789012345678901234567890%00 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /a#b HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /?a#b HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET # HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\x80 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /caf\xc3\xa9 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\xff HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\0 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\x01 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\t HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET\t/ HTTP/1.1\r\n" H, BAD_METHOD),
        BAD("GET /\x0b HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\x7f HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET /\tHTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET index.html HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET ?a=b HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET a:80 HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET a HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET \\ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET %2F HTTP/1.1\r\n" H, BAD_TARGET),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

Test(parse_line, other_targets)
{
    static const struct head_case cases[] = {
        GOOD("OPTIONS * HTTP/1.1\r\n" H),
        BAD("GET * HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("OPTIONS ** HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("OPTIONS *?a HTTP/1.1\r\n" H, BAD_TARGET),
        GOOD("GET http://a HTTP/1.1\r\n" H),
        GOOD("GET http://a/ HTTP/1.1\r\n" H),
        GOOD("GET http://A/b HTTP/1.1\r\n" H),
        GOOD("GET HTTP://a/ HTTP/1.1\r\n" H),
        GOOD("GET hTTpS://a/ HTTP/1.1\r\n" H),
        GOOD("GET http://a?x HTTP/1.1\r\n" H),
        GOOD("GET http://a/?x/y HTTP/1.1\r\n" H),
        GOOD("OPTIONS http://a HTTP/1.1\r\n" H),
        GOOD("GET http://a:80/ HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        GOOD("GET http://[::1]:80/ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
        GOOD("GET http://a/ HTTP/1.0\r\n\r\n"),
        BAD("GET http://a/ HTTP/1.1\r\n\r\n", BAD_HOST),
        BAD("GET http://b/ HTTP/1.1\r\n" H, BAD_HOST),
        BAD("GET http://a:80/ HTTP/1.1\r\n" H, BAD_HOST),
        BAD("GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n", BAD_HOST),
        BAD("GET http://a./ HTTP/1.1\r\n" H, BAD_HOST),
        BAD("GET http://b/ HTTP/1.0\r\n" H, BAD_HOST),
        BAD("GET http:///x HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http:// HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http:/a/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http:a HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://?x HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://:80/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://u@a/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://u:p@a/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://a,b/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://a\\b/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://a:x/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET http://[::1/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET ftp://a/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET ws://a/ HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET file:///etc/passwd HTTP/1.1\r\n" H, BAD_TARGET),
        BAD("GET xhttp://a/ HTTP/1.1\r\n" H, BAD_TARGET),
    };

    HEAD_CASE_CHECK(head_case_request, cases);
}

static void check_line(const char *text, const char *path, const char *query, const char *authority)
{
    struct head_case_head parsed;

    head_case_parse_good(head_case_request, text, &parsed);
    head_case_equal(parsed.head.path, path);
    cr_assert_eq(parsed.head.query.ptr == NULL, query == NULL);
    if (query != NULL)
        head_case_equal(parsed.head.query, query);
    head_case_equal(parsed.head.authority, authority);
}

Test(parse_line, splits_targets)
{
    check_line("GET /a HTTP/1.1\r\n" H, "/a", NULL, "a");
    check_line("GET /a? HTTP/1.1\r\n" H, "/a", "", "a");
    check_line("GET /a?b?c HTTP/1.1\r\n" H, "/a", "b?c", "a");
    check_line("GET /0123456789abcdef0123456789abcdef?q=1 HTTP/1.1\r\n" H,
               "/0123456789abcdef0123456789abcdef", "q=1", "a");
    check_line("GET http://A HTTP/1.1\r\n" H, "/", NULL, "A");
    check_line("GET http://a?b HTTP/1.1\r\n" H, "/", "b", "a");
    check_line("GET http://a/b/c?d HTTP/1.1\r\n" H, "/b/c", "d", "a");
    check_line("GET http://a/b HTTP/1.0\r\n\r\n", "/b", NULL, "a");
    check_line("OPTIONS * HTTP/1.1\r\n" H, "/", NULL, "a");
    check_line("GET / HTTP/1.0\r\n\r\n", "/", NULL, "");
}

Test(parse_line, says_what_it_read)
{
    struct head_case_head parsed;

    head_case_parse_good(head_case_request, "\r\nPUT http://a/b HTTP/1.0\r\n" H, &parsed);
    head_case_equal(parsed.head.method_text, "PUT");
    head_case_equal(parsed.head.target, "http://a/b");
    cr_assert_eq(parsed.head.method, METHOD_PUT);
    cr_assert_eq(parsed.head.minor, 0);
    cr_assert(parsed.head.is_absolute);
    cr_assert_not(parsed.head.is_asterisk);
    head_case_parse_good(head_case_request, "OPTIONS * HTTP/1.7\r\n" H, &parsed);
    cr_assert_eq(parsed.head.method, METHOD_OPTIONS);
    cr_assert_eq(parsed.head.minor, 1);
    cr_assert(parsed.head.is_asterisk);
    head_case_parse_good(head_case_request, "PURGE / HTTP/1.1\r\n" H, &parsed);
    cr_assert_eq(parsed.head.method, METHOD_OTHER);
    head_case_equal(parsed.head.method_text, "PURGE");
}

/* The target limit of the cases is 256. */
Test(parse_line, target_limit)
{
    static const char *const tails[] = { " HTTP/1.1\r\n" H, "\x01 HTTP/1.1\r\n" H, "" };

    for (size_t len = 250; len < 300; len++) {
        char text[512];
        struct head_case one = { text, 0, FAULT_NONE };

        for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
            memset(text, 'a', sizeof text);
            memcpy(text, "GET /", 5);
            memcpy(text + 4 + len, tails[i], strlen(tails[i]));
            one.size = 4 + len + strlen(tails[i]);
            one.fault = i == 0 ? FAULT_NONE : i == 1 ? (int)FAULT_BAD_TARGET : HEAD_CASE_MORE;
            if (len > 256)
                one.fault = FAULT_TARGET_TOO_LONG;
            head_case_check(head_case_request, &one, 1);
        }
    }
}
