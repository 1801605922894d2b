/*
 * The first line of a head (RFC 9112 3 and 4). The usual line is taken by comparing words; everything
 * unusual, wrong or incomplete goes byte by byte through the slower functions, which also decide how
 * early a line that cannot become a request is refused.
 */
#include <string.h>

#include "parse_priv.h"

#define METHOD_LENGTH_MAX 64

static enum parse refuse(enum fault *fault, enum fault what)
{
    *fault = what;
    return PARSE_BAD;
}

static enum method find_method(struct slice text)
{
    for (enum method method = METHOD_GET; method < METHOD_OTHER; method++)
        if (slice_is_equal(text, slice_from(method_name(method))))
            return method;
    return METHOD_OTHER;
}

/* Any method: a token and a space. */
static enum parse read_any_method(struct scan_input *in, struct head *head, enum fault *fault)
{
    const char *at = in->at;
    size_t len = 0;

    while (at < in->end && at - in->at <= METHOD_LENGTH_MAX && scan_is(*at, SCAN_TOKEN))
        at++;
    len = (size_t)(at - in->at);
    if (len > METHOD_LENGTH_MAX)
        return refuse(fault, FAULT_BAD_METHOD);
    if (at == in->end)
        return PARSE_MORE;
    if (*at == '\r' || *at == '\n')
        return refuse(fault, FAULT_BAD_REQUEST_LINE);
    if (*at != ' ' || len == 0)
        return refuse(fault, FAULT_BAD_METHOD);
    head->method_text = slice_of(in->at, len);
    head->method = (uint8_t)find_method(head->method_text);
    in->at = at + 1;
    return PARSE_DONE;
}

static enum parse read_method(struct scan_input *in, struct head *head, enum fault *fault)
{
    if (in->end - in->at >= 4 && memcmp(in->at, "GET ", 4) == 0) {
        head->method = METHOD_GET;
        head->method_text = slice_of(in->at, 3);
        in->at += 4;
        return PARSE_DONE;
    }
    return read_any_method(in, head, fault);
}

/* "%00" somewhere in text. */
static bool has_encoded_nul(struct slice text)
{
    for (size_t i = 0; i + 2 < text.len; i++)
        if (text.ptr[i] == '%' && text.ptr[i + 1] == '0' && text.ptr[i + 2] == '0')
            return true;
    return false;
}

/*
 * Up to the first byte that no target contains; notes where the query begins on the way. What is wrong
 * first in the order of the bytes decides, so that the answer does not depend on how they arrived.
 */
static enum parse read_target(struct scan_input *in, uint32_t limit, struct head *head,
                              enum fault *fault)
{
    const char *at = in->at, *question = NULL;
    unsigned length = 16, shift = 0, percent = 0;
    size_t len = 0;

    while (length == 16) {
        const char *block = scan_block(in, at, &shift);
        unsigned marks = 0, below = 0;

        length = scan_length(scan_target(block), shift);
        below = (1u << length) - 1;
        marks = scan_byte(block, '?') >> shift & below;
        percent |= scan_byte(block, '%') >> shift & below;
        if (marks != 0 && question == NULL)
            question = at + __builtin_ctz(marks);
        at += length;
    }
    len = (size_t)(at - in->at);
    if (percent != 0 && has_encoded_nul(slice_of(in->at, len < limit ? len : limit)))
        return refuse(fault, FAULT_BAD_TARGET);
    if (len > limit)
        return refuse(fault, FAULT_TARGET_TOO_LONG);
    if (at == in->end)
        return PARSE_MORE;
    if (*at == '\r' || *at == '\n' || (*at == ' ' && len == 0))
        return refuse(fault, FAULT_BAD_REQUEST_LINE);
    if (*at != ' ')
        return refuse(fault, FAULT_BAD_TARGET);
    head->target = slice_of(in->at, len);
    if (question != NULL)
        head->query = slice_of(question + 1, (size_t)(at - question) - 1);
    in->at = at;
    return PARSE_DONE;
}

/* One byte each of "HTTP/D.D": `pattern` is that byte, or 'D' for any digit. */
static bool fits_version(char c, char pattern)
{
    return pattern == 'D' ? scan_is(c, SCAN_DIGIT) : c == pattern;
}

/*
 * A version and what follows it: all of `pattern` is compared before the version is judged, so that
 * "HTTP/2.0x" is a bad line, not another version. *major and *minor are the digits.
 */
static enum parse read_version(struct scan_input *in, const char *pattern, char *major, char *minor)
{
    size_t len = strlen(pattern);
    char digits[2] = { 0 };
    unsigned count = 0;

    for (size_t i = 0; i < len; i++) {
        if (in->at + i == in->end)
            return PARSE_MORE;
        if (!fits_version(in->at[i], pattern[i]))
            return PARSE_BAD;
        if (pattern[i] == 'D' && count < 2)
            digits[count++] = in->at[i];
    }
    *major = digits[0];
    *minor = digits[1];
    in->at += len;
    return PARSE_DONE;
}

static enum parse read_response_version(struct scan_input *in, struct head *head)
{
    char major = 0, minor = 0;
    enum parse result = PARSE_DONE;

    if (in->end - in->at >= 8 && memcmp(in->at, "HTTP/1.1", 8) == 0) {
        head->minor = 1;
        in->at += 8;
        return PARSE_DONE;
    }
    result = read_version(in, "HTTP/D.D", &major, &minor);
    head->minor = minor == '0' ? 0 : 1;
    return result == PARSE_DONE && major != '1' ? PARSE_BAD : result;
}

static enum parse read_request_version(struct scan_input *in, struct head *head, enum fault *fault)
{
    char major = 0, minor = 0;
    enum parse result = PARSE_DONE;

    if (in->end - in->at >= 11 && memcmp(in->at, " HTTP/1.1\r\n", 11) == 0) {
        head->minor = 1;
        in->at += 11;
        return PARSE_DONE;
    }
    result = read_version(in, " HTTP/D.D\r\n", &major, &minor);
    if (result == PARSE_BAD)
        return refuse(fault, FAULT_BAD_REQUEST_LINE);
    if (result == PARSE_MORE)
        return PARSE_MORE;
    if (major != '1')
        return refuse(fault, major == '0' ? FAULT_BAD_REQUEST_LINE : FAULT_BAD_VERSION);
    head->minor = minor == '0' ? 0 : 1;
    return PARSE_DONE;
}

enum parse parse_line_request(struct scan_input *in, uint32_t target_bytes, struct head *head,
                              enum fault *fault)
{
    struct scan_input line = *in;
    enum parse result = read_method(&line, head, fault);

    if (result == PARSE_DONE)
        result = read_target(&line, target_bytes, head, fault);
    if (result == PARSE_DONE)
        result = read_request_version(&line, head, fault);
    if (result == PARSE_DONE)
        in->at = line.at;
    return result;
}

/* " 200" into head->status; only 100 to 599 exist. */
static enum parse read_status(struct scan_input *in, struct head *head)
{
    unsigned status = 0;

    if (in->at == in->end)
        return PARSE_MORE;
    if (*in->at != ' ')
        return PARSE_BAD;
    for (size_t i = 1; i < 4; i++) {
        if (in->at + i == in->end)
            return PARSE_MORE;
        if (!scan_is(in->at[i], SCAN_DIGIT))
            return PARSE_BAD;
        status = status * 10 + (unsigned)(in->at[i] - '0');
    }
    if (status < 100 || status > 599)
        return PARSE_BAD;
    head->status = (uint16_t)status;
    in->at += 4;
    return PARSE_DONE;
}

/* " reason" or nothing, and CRLF. */
static enum parse read_reason(struct scan_input *in, struct head *head)
{
    const char *at = in->at;
    unsigned length = 16;

    if (at == in->end)
        return PARSE_MORE;
    if (*at != ' ' && *at != '\r')
        return PARSE_BAD;
    while (length == 16) {
        length = (unsigned)__builtin_ctz(SCAN_STOPS(scan_value, in, at));
        at += length;
    }
    if (at == in->end || (*at == '\r' && at + 1 == in->end))
        return PARSE_MORE;
    if (at[0] != '\r' || at[1] != '\n')
        return PARSE_BAD;
    if (at > in->at)
        head->reason = slice_of(in->at + 1, (size_t)(at - in->at) - 1);
    in->at = at + 2;
    return PARSE_DONE;
}

enum parse parse_line_status(struct scan_input *in, struct head *head, enum fault *fault)
{
    struct scan_input line = *in;
    enum parse result = read_response_version(&line, head);

    *fault = FAULT_RESPONSE_BAD;
    if (result == PARSE_DONE)
        result = read_status(&line, head);
    if (result == PARSE_DONE)
        result = read_reason(&line, head);
    if (result == PARSE_DONE)
        in->at = line.at;
    return result;
}
