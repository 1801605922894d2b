/*
 * How long a body is (RFC 9112 6): the place where request smuggling begins, so there is one rule and
 * no repair. A request has one Content-Length, or the transfer coding "chunked", or no body.
 */
#include "base/err.h"
#include "base/num.h"
#include "parse_priv.h"

/* What the Transfer-Encoding fields of a message amount to. */
enum coding {
    CODING_CHUNKED, /* "chunked" and nothing else */
    CODING_UNKNOWN, /* a well-formed list with another coding, "chunked" at most at its end */
    CODING_MALFORMED,
};

static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!scan_is(text.ptr[i], SCAN_TOKEN))
            return false;
    return text.len > 0;
}

static enum coding find_coding(const struct head *head)
{
    const struct field *field = NULL;
    unsigned index = 0;
    bool chunked = false, other = false;

    while ((field = head_find(head, FIELD_TRANSFER_ENCODING, &index)) != NULL) {
        struct slice rest = head_field_value(head, field), part = { NULL, 0 };

        while (slice_next(&rest, ',', &part)) {
            part = slice_trim(part);
            if (!is_token(part) || chunked)
                return CODING_MALFORMED;
            chunked = slice_is_equal_nocase(part, SLICE("chunked"));
            other = other || !chunked;
        }
    }
    return other ? CODING_UNKNOWN : CODING_CHUNKED;
}

/* 1*DIGIT up to 2^63-1; up to 18 digits cannot overflow. */
static int parse_length(struct slice text, uint64_t *length)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 18)
        return num_parse_u64(text, INT64_MAX, length);
    for (size_t i = 0; i < text.len; i++) {
        if (!scan_is(text.ptr[i], SCAN_DIGIT))
            return ERR_INVALID;
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *length = value;
    return ERR_OK;
}

static struct slice first_value(const struct head *head, enum field_id id)
{
    unsigned index = 0;
    const struct field *field = head_find(head, id, &index);

    return head_field_value(head, field);
}

enum fault framing_check_request(struct head *head, uint64_t repeated)
{
    if (field_set_has(head->seen, FIELD_TRANSFER_ENCODING)) {
        enum coding coding = find_coding(head);

        if (head->minor == 0 || field_set_has(head->seen, FIELD_CONTENT_LENGTH) ||
            coding == CODING_MALFORMED)
            return FAULT_BAD_FRAMING;
        if (coding == CODING_UNKNOWN)
            return FAULT_BAD_CODING;
        head->framing = FRAMING_CHUNKED;
        return FAULT_NONE;
    }
    head->framing = FRAMING_NONE;
    if (!field_set_has(head->seen, FIELD_CONTENT_LENGTH))
        return FAULT_NONE;
    if (field_set_has(repeated, FIELD_CONTENT_LENGTH) ||
        parse_length(first_value(head, FIELD_CONTENT_LENGTH), &head->length) != ERR_OK)
        return FAULT_BAD_LENGTH;
    head->framing = FRAMING_LENGTH;
    return FAULT_NONE;
}

/* A length, or a list of them that are all the same (RFC 9110 8.6). */
static int parse_lengths(struct slice text, uint64_t *length)
{
    struct slice part = { NULL, 0 };
    uint64_t other = 0;

    if (parse_length(text, length) == ERR_OK)
        return ERR_OK;
    if (!slice_next(&text, ',', &part) || parse_length(slice_trim(part), length) != ERR_OK)
        return ERR_INVALID;
    while (slice_next(&text, ',', &part))
        if (parse_length(slice_trim(part), &other) != ERR_OK || other != *length)
            return ERR_INVALID;
    return ERR_OK;
}

/* The one length of a response, however often it is said. */
static enum fault find_response_length(struct head *head)
{
    unsigned index = 0;
    const struct field *field = head_find(head, FIELD_CONTENT_LENGTH, &index);
    uint64_t other = 0;

    if (parse_lengths(head_field_value(head, field), &head->length) != ERR_OK)
        return FAULT_RESPONSE_BAD;
    while ((field = head_find(head, FIELD_CONTENT_LENGTH, &index)) != NULL)
        if (parse_lengths(head_field_value(head, field), &other) != ERR_OK || other != head->length)
            return FAULT_RESPONSE_BAD;
    return FAULT_NONE;
}

static bool has_no_body(const struct head *head, enum method method)
{
    return method == METHOD_HEAD || head->status < 200 || head->status == 204 ||
           head->status == 304;
}

enum fault framing_check_response(struct head *head, enum method method)
{
    bool has_coding = field_set_has(head->seen, FIELD_TRANSFER_ENCODING);
    bool has_length = field_set_has(head->seen, FIELD_CONTENT_LENGTH);

    if (has_coding && (has_length || head->minor == 0 || find_coding(head) != CODING_CHUNKED))
        return FAULT_RESPONSE_BAD;
    if (has_length && find_response_length(head) != FAULT_NONE)
        return FAULT_RESPONSE_BAD;
    if (has_no_body(head, method))
        head->framing = FRAMING_NONE;
    else if (has_coding)
        head->framing = FRAMING_CHUNKED;
    else
        head->framing = has_length ? FRAMING_LENGTH : FRAMING_CLOSE;
    if (head->framing == FRAMING_CLOSE)
        head->close = true;
    return FAULT_NONE;
}
