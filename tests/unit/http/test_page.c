/* Our own pages: every fault fits, heads are exact, Accept decides the form. */
#include "http/page.h"

#include <criterion/criterion.h>
#include <string.h>

#include "head_case.h"

static char out[PAGE_SIZE_MAX + 1];

static const char *write_page(const struct page_request *page)
{
    size_t size = page_write(page, out);

    cr_assert_lt(size, sizeof out);
    out[size] = '\0';
    return out;
}

Test(page, json_byte_for_byte)
{
    struct page_request page = {
        .status = 503,
        .fault = FAULT_NO_TARGET,
        .is_json = true,
        .minor = 1,
        .retry_after_s = 5,
        .request_id = SLICE("abc-1"),
        .date_text = SLICE("Sat, 21 Nov 2026 09:00:00 GMT"),
    };

    cr_assert_str_eq(write_page(&page),
                     "HTTP/1.1 503 Service Unavailable\r\n"
                     "Date: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: 95\r\n"
                     "Cache-Control: no-store\r\n"
                     "Retry-After: 5\r\n"
                     "X-Request-Id: abc-1\r\n"
                     "\r\n"
                     "{\"status\":503,\"error\":\"no_target\",\"message\":\"no fit target in this "
                     "slot\",\"request_id\":\"abc-1\"}\n");
}

Test(page, fields)
{
    struct page_request page = { .status = 405,
                                 .fault = FAULT_METHOD_REFUSED,
                                 .allow = SLICE("GET, HEAD"),
                                 .minor = 1,
                                 .close = true };

    cr_assert_not_null(strstr(write_page(&page), "\r\nAllow: GET, HEAD\r\n"));
    cr_assert_not_null(strstr(out, "\r\nConnection: close\r\n"));
    cr_assert_null(strstr(out, "Retry-After"));
    cr_assert_null(strstr(out, "X-Request-Id"));
    cr_assert_null(strstr(out, "Date: "));
    page.close = false;
    cr_assert_null(strstr(write_page(&page), "Connection:"));
    page.minor = 0;
    cr_assert_not_null(strstr(write_page(&page), "\r\nConnection: keep-alive\r\n"));
}

Test(page, head_only)
{
    struct page_request page = { .status = 404, .fault = FAULT_NO_SERVICE, .minor = 1 };
    size_t whole = strlen(write_page(&page)), head_size = 0;
    struct head_case_head parsed;

    head_size = (size_t)(strstr(out, "\r\n\r\n") + 4 - out);
    page.is_head = true;
    cr_assert_eq(strlen(write_page(&page)), head_size);
    head_case_parse_good(head_case_response, out, &parsed);
    cr_assert_eq(parsed.head.length, whole - head_size);
}

/*
 * Every fault with every other field at its longest, in both forms: a good head, a matching body.
 */
Test(page, every_fault_fits)
{
    char id[128];

    memset(id, 'i', sizeof id);
    for (unsigned i = 0; i < 2 * FAULT_COUNT; i++) {
        enum fault fault = (enum fault)(i / 2);
        struct page_request page = {
            .status = fault_status(fault) > 0 ? fault_status(fault) : 500,
            .fault = fault,
            .is_json = i % 2 == 0,
            .close = true,
            .minor = 1,
            .retry_after_s = 4294967295u,
            .request_id = slice_of(id, sizeof id),
            .allow = SLICE("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE"),
            .date_text = SLICE("Sat, 21 Nov 2026 09:00:00 GMT"),
        };
        struct head_case_head parsed;
        size_t size = page_write(&page, out);

        out[size] = '\0';
        head_case_parse_good(head_case_response, out, &parsed);
        cr_assert_eq(parsed.head.status, page.status);
        cr_assert_eq(parsed.head.size + parsed.head.length, size);
        cr_assert_str_neq(page_reason(page.status), "Unknown", "%d", page.status);
        cr_assert_not_null(strstr(out + parsed.head.size, i % 2 == 0 ? "\"error\"" : "</html>"));
    }
}

/* Request ids that could break out of a field, of HTML or of JSON are not shown. */
Test(page, shows_plain_ids_only)
{
    static const char *const bad[] = { "a\r\nb", "<b>", "\"", "\\", "a b", "&amp;", "a'", "\xff" };

    for (size_t i = 0; i < 2 * sizeof bad / sizeof bad[0]; i++) {
        struct page_request page = { .status = 400,
                                     .fault = FAULT_BAD_FIELD,
                                     .is_json = i % 2 == 0,
                                     .request_id = slice_from(bad[i / 2]) };

        cr_assert_null(strstr(write_page(&page), "X-Request-Id"), "%s", bad[i / 2]);
        cr_assert_null(strstr(out, "request_id"));
        cr_assert_null(strstr(out, "Request <"));
    }
}

Test(page, reasons)
{
    cr_assert_str_eq(page_reason(400), "Bad Request");
    cr_assert_str_eq(page_reason(431), "Request Header Fields Too Large");
    cr_assert_str_eq(page_reason(505), "HTTP Version Not Supported");
    cr_assert_str_eq(page_reason(299), "Unknown");
    cr_assert_str_eq(page_reason(0), "Unknown");
}

struct accept_case {
    const char *accept;
    bool json;
};

Test(page, accept)
{
    static const struct accept_case cases[] = {
        { "", false },
        { "*/*", false },
        { "text/html", false },
        { "application/json", true },
        { "APPLICATION/JSON", true },
        { " application/json ; charset=utf-8 ", true },
        { "application/json;q=0", false },
        { "application/json;q=0.0", false },
        { "application/json;q=0.001", true },
        { "application/problem+json", true },
        { "application/+json", true },
        { "text/x+json", false },
        { "application/jsonp", false },
        { "application/json, text/plain, */*", true },
        { "application/json, text/html", false },
        { "text/html, application/json", false },
        { "text/html;q=0.9, application/json", true },
        { "text/html, application/json;q=0.9", false },
        { "text/html;q=0.5, application/json;q=0.50", false },
        { "text/html;q=0.500, application/json;Q=0.501", true },
        { "text/*, application/json", true },
        { "text/*;q=0.1, application/*;q=0.2", true },
        { "application/*, */*", true },
        { "application/*;q=0.5, */*", false },
        { "*/*, application/json;q=0", false },
        { "*/*;q=0.1, text/html;q=0", true },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false },
        { "application/json;q=2", false },
        { "application/json;q=1.001", false },
        { "application/json;q=x", false },
        { "application/json;q=0.5555", false },
        { "application/json;q=", false },
        { "application/json;v=1;q=0.3, text/html;q=0.2", true },
        { ",,application/json,,", true },
        { ";q=1", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(page_wants_json(slice_from(cases[i].accept)), cases[i].json, "%s",
                     cases[i].accept);
    cr_assert_not(page_wants_json(slice_of(NULL, 0)));
}

Test(page, location)
{
    struct page_request page = { .status = 308,
                                 .fault = FAULT_HTTPS_ONLY,
                                 .minor = 1,
                                 .https_host = SLICE("a.test"),
                                 .https_path = SLICE("/<x>\"") };

    cr_assert_not_null(strstr(write_page(&page), "\r\nLocation: https://a.test/<x>\"\r\n"));
    cr_assert_null(strstr(strstr(out, "\r\n\r\n"), "a.test"), "nothing of it in the page");
    page.https_query = SLICE("");
    cr_assert_not_null(strstr(write_page(&page), "\r\nLocation: https://a.test/<x>\"?\r\n"));
    page.https_query = SLICE("a=b?");
    cr_assert_not_null(strstr(write_page(&page), "/<x>\"?a=b?\r\n"));
    cr_assert_eq(page_bound(&page), PAGE_SIZE_MAX + 6 + 5 + 4);
    page.https_host.len = 0;
    cr_assert_null(strstr(write_page(&page), "Location"));
}

/* An operator's words: any bytes, shown as text. */
Test(page, a_message_is_escaped)
{
    struct page_request page = { .status = 503,
                                 .fault = FAULT_MAINTENANCE,
                                 .minor = 1,
                                 .message = SLICE("<b>\"it's\" & \\\x01\xc3\xa9</b>") };

    cr_assert_not_null(strstr(write_page(&page), "<p>&lt;b&gt;&quot;it&#39;s&quot; &amp; \\ "
                                                 "\xc3\xa9&lt;/b&gt;</p>"),
                       "%s", out);
    page.is_json = true;
    cr_assert_not_null(
        strstr(write_page(&page), "\"message\":\"<b>\\\"it's\\\" & \\\\ \xc3\xa9</b>\""), "%s",
        out);
    page.message = SLICE("caf\xe9");
    cr_assert_not_null(strstr(write_page(&page), "\"message\":\"caf?\""), "%s", out);
}

/* The longest message, of what grows most, fits; a cut one ends between characters. */
Test(page, a_long_message_is_cut)
{
    static char quotes[4 * PAGE_MESSAGE_MAX];
    static char letters[2 * PAGE_MESSAGE_MAX + 1];
    struct page_request page = { .status = 503,
                                 .fault = FAULT_MAINTENANCE,
                                 .retry_after_s = 4000000000u,
                                 .message = slice_of(quotes, sizeof quotes) };

    memset(quotes, '"', sizeof quotes);
    write_page(&page);
    page.is_json = true;
    write_page(&page);
    letters[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof letters; i += 2)
        memcpy(letters + i, "\xc3\xa9", 2);
    page.message = slice_of(letters, sizeof letters);
    cr_assert_not_null(strstr(write_page(&page), "\xc3\xa9\"}"), "%s", out);
    cr_assert_null(strchr(out, '?'), "%s", out);
}

Test(page, a_head_for_a_body_of_somebody_else)
{
    struct page_request page = { .status = 503, .minor = 1, .retry_after_s = 120 };

    out[page_write_head(&page, 262144, out)] = '\0';
    cr_assert_str_eq(out, "HTTP/1.1 503 Service Unavailable\r\n"
                          "Content-Type: text/html; charset=utf-8\r\n"
                          "Content-Length: 262144\r\n"
                          "Cache-Control: no-store\r\n"
                          "Retry-After: 120\r\n"
                          "\r\n");
}
