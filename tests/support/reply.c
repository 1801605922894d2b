/* A strict response parser for tests: see support/reply.h. */
#include "support/reply.h"

#include <string.h>

#include "base/num.h"

enum { BODY_MAX = 1 << 28 };

void reply_fini(struct reply *reply)
{
    text_fini(&reply->body);
    *reply = (struct reply){ 0 };
}

static enum reply_state break_off(struct reply *reply, const char *why)
{
    reply->why = why;
    return REPLY_BROKEN;
}

struct slice reply_value(const struct reply *reply, const char *name)
{
    for (unsigned i = 0; i < reply->field_count; i++) {
        if (slice_is_equal_nocase(reply->fields[i].name, slice_from(name)))
            return reply->fields[i].value;
    }
    return (struct slice){ NULL, 0 };
}

unsigned reply_count(const struct reply *reply, const char *name)
{
    unsigned count = 0;

    for (unsigned i = 0; i < reply->field_count; i++)
        count += slice_is_equal_nocase(reply->fields[i].name, slice_from(name));
    return count;
}

/* Cuts a line off *rest; false when there is no CRLF. */
static bool next_line(struct slice *rest, struct slice *line)
{
    const char *end = rest->len > 0 ? memmem(rest->ptr, rest->len, "\r\n", 2) : NULL;

    if (end == NULL)
        return false;
    *line = slice_of(rest->ptr, (size_t)(end - rest->ptr));
    rest->ptr = end + 2;
    rest->len -= line->len + 2;
    return true;
}

static bool is_clean(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static const char *parse_status_line(struct reply *reply, struct slice line)
{
    const char *at = line.ptr;

    if (line.len < 13 || memcmp(at, "HTTP/1.", 7) != 0 || at[8] != ' ' || at[12] != ' ')
        return "status line";
    if (at[7] != '0' && at[7] != '1')
        return "version";
    for (int i = 9; i < 12; i++) {
        if (at[i] < '0' || at[i] > '9')
            return "status code";
    }
    reply->minor = at[7] - '0';
    reply->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    reply->reason = slice_of(at + 13, line.len - 13);
    return is_clean(line) ? NULL : "control byte in the status line";
}

static const char *parse_field(struct reply *reply, struct slice line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    struct reply_field *field = &reply->fields[reply->field_count];

    if (colon == NULL || colon == line.ptr)
        return "field line without a name";
    if (reply->field_count == REPLY_FIELDS)
        return "too many fields";
    field->name = slice_of(line.ptr, (size_t)(colon - line.ptr));
    field->value = slice_trim(slice_of(colon + 1, line.len - field->name.len - 1));
    if (memchr(field->name.ptr, ' ', field->name.len) != NULL || !is_clean(line))
        return "field line with bad bytes";
    reply->field_count++;
    return NULL;
}

static enum reply_state parse_head(struct reply *reply, struct slice bytes)
{
    const char *end = bytes.len > 0 ? memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4) : NULL;
    struct slice rest = bytes;
    struct slice line;

    if (bytes.len > 0 && memcmp(bytes.ptr, "HTTP/1.", bytes.len < 7 ? bytes.len : 7) != 0)
        return break_off(reply, "not a response");
    if (end == NULL)
        return REPLY_MORE;
    reply->head = slice_of(bytes.ptr, (size_t)(end - bytes.ptr) + 4);
    rest.len = reply->head.len - 2;
    for (bool is_first = true; next_line(&rest, &line); is_first = false) {
        const char *why = is_first ? parse_status_line(reply, line) : parse_field(reply, line);

        if (why != NULL)
            return break_off(reply, why);
    }
    return REPLY_WHOLE;
}

/* The chunked body at rest; its size in *size. */
static enum reply_state parse_chunks(struct reply *reply, struct slice rest, size_t *size)
{
    const char *start = rest.ptr;
    struct slice line;
    uint64_t left = 0;

    do {
        if (!next_line(&rest, &line))
            return REPLY_MORE;
        if (num_parse_hex(line, BODY_MAX, &left) < 0)
            return break_off(reply, "chunk size");
        if (left == 0)
            break;
        text_add_slice(&reply->body, slice_of(rest.ptr, left < rest.len ? left : rest.len));
        if (rest.len < left + 2)
            return REPLY_MORE;
        if (memcmp(rest.ptr + left, "\r\n", 2) != 0)
            return break_off(reply, "chunk end");
        rest = slice_of(rest.ptr + left + 2, rest.len - (size_t)left - 2);
    } while (true);
    reply->trailer = slice_of(rest.ptr, 0);
    while (next_line(&rest, &line)) {
        if (line.len == 0) {
            *size = (size_t)(rest.ptr - start);
            return REPLY_WHOLE;
        }
        reply->trailer.len += line.len + 2;
    }
    return REPLY_MORE;
}

static enum reply_state parse_body(struct reply *reply, struct slice rest, bool ended, size_t *size)
{
    struct slice length = reply_value(reply, "Content-Length");
    struct slice coding = reply_value(reply, "Transfer-Encoding");
    uint64_t want = 0;

    if (coding.ptr != NULL && length.ptr != NULL)
        return break_off(reply, "two framings");
    if (coding.ptr != NULL) {
        if (!slice_is_equal_nocase(coding, SLICE("chunked")) || reply->minor == 0)
            return break_off(reply, "transfer coding");
        reply->is_chunked = true;
        return parse_chunks(reply, rest, size);
    }
    if (length.ptr != NULL) {
        if (reply_count(reply, "Content-Length") != 1 || num_parse_u64(length, BODY_MAX, &want) < 0)
            return break_off(reply, "content length");
        *size = want < rest.len ? (size_t)want : rest.len;
        text_add_slice(&reply->body, slice_of(rest.ptr, *size));
        return rest.len >= want ? REPLY_WHOLE : REPLY_MORE;
    }
    reply->is_close_delimited = true;
    *size = rest.len;
    text_add_slice(&reply->body, rest);
    return ended ? REPLY_WHOLE : REPLY_MORE;
}

enum reply_state reply_parse(struct reply *reply, struct slice bytes, bool to_head, bool ended)
{
    enum reply_state state = REPLY_MORE;
    size_t size = 0;

    reply_fini(reply);
    text_init(&reply->body, BODY_MAX);
    state = parse_head(reply, bytes);
    if (state == REPLY_WHOLE && !to_head && reply->status >= 200 && reply->status != 204 &&
        reply->status != 304) {
        struct slice rest = slice_of(bytes.ptr + reply->head.len, bytes.len - reply->head.len);

        state = parse_body(reply, rest, ended, &size);
    }
    reply->size = reply->head.len + size;
    if (state == REPLY_MORE && ended && bytes.len > 0) {
        reply->truncated = true;
        reply->size = bytes.len;
        return reply->head.len > 0 ? REPLY_WHOLE : break_off(reply, "head cut short");
    }
    return state;
}
