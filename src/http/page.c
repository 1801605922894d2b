/*
 * Answers of our own: see http/page.h. All text is ours, apart from a request id that was checked
 * before and is checked here again, the Allow and Date fields, which the caller makes, the parts of a Location,
 * which the parser has let through, and an operator's message, which is escaped.
 */
#include "http/page.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "http/byte_class_priv.h"

#define BODY_SIZE_MAX   3072
#define REQUEST_ID_MAX  128
#define FIELD_VALUE_MAX 128

struct reason {
    int status;
    const char *text;
};

static const struct reason reasons[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 103, "Early Hints" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 423, "Locked" },
    { 425, "Too Early" },
    { 426, "Upgrade Required" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

const char *page_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}

/* A text of bounded size being made; what does not fit is a bug of ours. */
struct draft {
    char *bytes;
    size_t len;
    size_t capacity;
};

static void add(struct draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct draft *draft, const char *format, ...)
{
    size_t room = draft->capacity - draft->len;
    va_list args;
    int len = 0;

    va_start(args, format);
    len = vsnprintf(draft->bytes + draft->len, room, format, args);
    va_end(args);
    CHECK(len >= 0 && (size_t)len < room);
    draft->len += (size_t)len;
}

/* A request id that can stand in a field, in HTML and in JSON as it is; otherwise none is shown. */
static struct slice shown_id(struct slice id)
{
    bool is_plain = id.len <= REQUEST_ID_MAX;

    for (size_t i = 0; is_plain && i < id.len; i++)
        is_plain = byte_is(id.ptr[i], BYTE_TOKEN | BYTE_HOST) && id.ptr[i] != '&' &&
                   id.ptr[i] != '\'' && id.ptr[i] != '`';
    return is_plain && id.len > 0 ? id : slice_of("", 0);
}

/* A field value that was made by us and is no longer than any we make. */
static struct slice shown_value(struct slice value)
{
    CHECK(value.len <= FIELD_VALUE_MAX);
    return value.len > 0 ? value : slice_of("", 0);
}

static const char *escape_of(char c, bool is_json)
{
    if (is_json)
        return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* As much of a message as is shown, whole characters. */
static struct slice cut_message(struct slice message)
{
    size_t len = message.len < PAGE_MESSAGE_MAX ? message.len : PAGE_MESSAGE_MAX;

    for (unsigned i = 0; i < 3 && len < message.len && (message.ptr[len] & 0xc0) == 0x80; i++)
        len--;
    return slice_of(message.ptr, len);
}

/* A message of an operator as plain text: control bytes become spaces, what is no UTF-8 question marks. */
static void add_message(struct draft *body, struct slice message, bool is_json)
{
    struct slice shown = cut_message(message);
    bool is_utf8 = text_is_utf8(shown);

    for (size_t at = 0; at < shown.len; at++) {
        unsigned char byte = (unsigned char)shown.ptr[at];
        const char *escape = escape_of(shown.ptr[at], is_json);

        if (escape != NULL)
            add(body, "%s", escape);
        else if (byte < 0x20 || byte == 0x7f)
            add(body, " ");
        else
            add(body, "%c", byte < 0x80 || is_utf8 ? byte : '?');
    }
}

static void add_json_body(struct draft *body, const struct page_request *page, struct slice id)
{
    add(body, "{\"status\":%d,\"error\":\"%s\",\"message\":\"", page->status,
        page->fault == FAULT_NONE ? "none" : fault_name(page->fault));
    if (page->message.len > 0)
        add_message(body, page->message, true);
    else
        add(body, "%s",
            page->fault == FAULT_NONE ? page_reason(page->status) : fault_words(page->fault));
    add(body, "\"");
    if (id.len > 0)
        add(body, ",\"request_id\":\"%.*s\"", SLICE_ARG(id));
    add(body, "}\n");
}

static void add_html_body(struct draft *body, const struct page_request *page, struct slice id)
{
    const char *reason = page_reason(page->status);

    add(body,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%d %s</title>\n"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;"
        "padding:0 1em;color:#222;background:#fff}h1{font-size:1.5em}p{margin:.5em 0}"
        ".id{color:#666;font-size:.85em}"
        "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}</style>\n"
        "</head>\n<body>\n<h1>%d %s</h1>\n",
        page->status, reason, page->status, reason);
    if (page->message.len > 0) {
        add(body, "<p>");
        add_message(body, page->message, false);
        add(body, "</p>\n");
    } else if (page->fault != FAULT_NONE) {
        add(body, "<p>%s.</p>\n", fault_words(page->fault));
    }
    if (page->retry_after_s > 0)
        add(body, "<p>Please try again in a moment.</p>\n");
    if (id.len > 0)
        add(body, "<p class=\"id\">Request %.*s</p>\n", SLICE_ARG(id));
    add(body, "</body>\n</html>\n");
}

/* The parts were parsed as a target: visible ASCII. Anything else is a bug of the caller. */
static void add_location(struct draft *out, const struct page_request *page)
{
    struct slice query = page->https_query;
    const struct slice parts[] = { page->https_host, page->https_path, query };

    if (page->https_host.len == 0)
        return;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t at = 0; at < parts[i].len; at++)
            CHECK(parts[i].ptr[at] > 0x20 && parts[i].ptr[at] < 0x7f);
    add(out, "Location: https://%.*s%.*s%s%.*s\r\n", SLICE_ARG(page->https_host),
        SLICE_ARG(page->https_path), query.ptr != NULL ? "?" : "", (int)query.len,
        query.ptr != NULL ? query.ptr : "");
}

static void add_head(struct draft *out, const struct page_request *page, struct slice id,
                     size_t body_len)
{
    struct slice allow = shown_value(page->allow), date = shown_value(page->date_text);

    add(out, "HTTP/1.1 %d %s\r\n", page->status, page_reason(page->status));
    if (date.len > 0)
        add(out, "Date: %.*s\r\n", SLICE_ARG(date));
    add(out, "Content-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n",
        page->is_json ? "application/json" : "text/html; charset=utf-8", body_len);
    if (page->retry_after_s > 0)
        add(out, "Retry-After: %u\r\n", page->retry_after_s);
    if (allow.len > 0)
        add(out, "Allow: %.*s\r\n", SLICE_ARG(allow));
    add_location(out, page);
    if (id.len > 0)
        add(out, "X-Request-Id: %.*s\r\n", SLICE_ARG(id));
    if (page->close)
        add(out, "Connection: close\r\n");
    else if (page->minor == 0)
        add(out, "Connection: keep-alive\r\n");
    add(out, "\r\n");
}

size_t page_bound(const struct page_request *page)
{
    return PAGE_SIZE_MAX + page->https_host.len + page->https_path.len + page->https_query.len;
}

size_t page_write(const struct page_request *page, char *out)
{
    char body_bytes[BODY_SIZE_MAX];
    struct draft body = { body_bytes, 0, sizeof body_bytes };
    struct draft whole = { out, 0, page_bound(page) };
    struct slice id = shown_id(page->request_id);

    if (page->is_json)
        add_json_body(&body, page, id);
    else
        add_html_body(&body, page, id);
    add_head(&whole, page, id, body.len);
    if (!page->is_head)
        add(&whole, "%.*s", (int)body.len, body.bytes);
    return whole.len;
}

size_t page_write_head(const struct page_request *page, size_t body_len, char *out)
{
    struct draft whole = { out, 0, PAGE_SIZE_MAX };

    add_head(&whole, page, shown_id(page->request_id), body_len);
    return whole.len;
}
