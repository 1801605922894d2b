/*
 * Writing heads anew: see http/write_head.h. Every field is taken from what was parsed; neighbours
 * that go on as they are and already look as we would write them are copied in one piece.
 */
#include "http/write_head.h"

#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "http/field_set_priv.h"
#include "http/header_rules.h"
#include "http/upgrade.h"

#define DIGITS_MAX 20
#define ADDED_BYTES_MAX                                                                            \
    1024 /* of all fields of ours in one head, without copies of the authority */

struct writer {
    char *at;
    char *end;
    bool is_full;
};

/* Which fields do not go on as they stand. */
struct filter {
    uint64_t dropped;
    bool drops_forwarded;             /* X-Forwarded-Anything too */
    const struct header_rules *rules; /* NULL: none */
    struct slice hidden_cookie;       /* empty: none */
};

static void put(struct writer *out, const char *bytes, size_t len)
{
    if ((size_t)(out->end - out->at) < len) {
        out->is_full = true;
        return;
    }
    memcpy(out->at, bytes, len);
    out->at += len;
}

#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

static void put_slice(struct writer *out, struct slice text)
{
    if (text.len > 0)
        put(out, text.ptr, text.len);
}

static void put_number(struct writer *out, uint64_t value)
{
    char digits[DIGITS_MAX];

    put(out, digits, num_format_u64(value, digits));
}

static long finish(const struct writer *out, const char *start)
{
    return out->is_full ? ERR_FULL : (long)(out->at - start);
}

static bool is_forwarded_name(const struct head *head, const struct field *field)
{
    const char *name = head->base + field->name_at;

    return (name[0] | 0x20) == 'x' && field->name_len > 12 &&
           slice_is_equal_nocase(slice_of(name, 12), SLICE("x-forwarded-"));
}

static bool is_dropped(const struct head *head, const struct field *field,
                       const struct filter *filter)
{
    return field->named || (filter->dropped >> field->id & 1) ||
           (filter->drops_forwarded && field->id == FIELD_OTHER &&
            is_forwarded_name(head, field)) ||
           (filter->rules != NULL &&
            header_rules_drops(filter->rules, head_field_name(head, field)));
}

/* A pair as head_cookie reads it: what has no '=' is no cookie of any name. */
static bool is_cookie_named(struct slice pair, struct slice name)
{
    struct slice value = pair, before = { NULL, 0 };

    return slice_next(&value, '=', &before) && value.ptr != NULL &&
           slice_is_equal(slice_trim(before), name);
}

static bool has_hidden_cookie(const struct head *head, const struct field *field,
                              struct slice hidden)
{
    struct slice rest = head_field_value(head, field), pair = { NULL, 0 };

    if (hidden.len == 0 || field->id != FIELD_COOKIE)
        return false;
    while (slice_next(&rest, ';', &pair))
        if (is_cookie_named(pair, hidden))
            return true;
    return false;
}

/* The other cookies of the field; nothing at all when there are none. */
static void put_other_cookies(struct writer *out, const struct head *head,
                              const struct field *field, struct slice hidden)
{
    struct slice rest = head_field_value(head, field), pair = { NULL, 0 };
    bool is_first = true;

    while (slice_next(&rest, ';', &pair)) {
        pair = slice_trim(pair);
        if (pair.len == 0 || is_cookie_named(pair, hidden))
            continue;
        put_slice(out, is_first ? head_field_name(head, field) : SLICE("; "));
        if (is_first)
            PUT(out, ": ");
        put_slice(out, pair);
        is_first = false;
    }
    if (!is_first)
        PUT(out, "\r\n");
}

/* Whether the line reads "Name: value\r\n" as it arrived; `line` is all of it then. */
static bool find_plain_line(const struct head *head, const struct field *field, struct slice *line)
{
    const char *name = head->base + field->name_at;
    const char *value = head->base + field->value_at;

    *line = slice_of(name, (size_t)field->name_len + 2 + field->value_len + 2);
    return value == name + field->name_len + 2 && value[-1] == ' ' &&
           value[field->value_len] == '\r';
}

static void put_field(struct writer *out, const struct head *head, const struct field *field)
{
    put_slice(out, head_field_name(head, field));
    PUT(out, ": ");
    put_slice(out, head_field_value(head, field));
    PUT(out, "\r\n");
}

static void put_fields(struct writer *out, const struct head *head, const struct filter *filter)
{
    struct slice run = { NULL, 0 }; /* plain lines, one behind the other, not yet copied */

    for (unsigned i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];
        struct slice line = { NULL, 0 };

        if (is_dropped(head, field, filter))
            continue;
        if (has_hidden_cookie(head, field, filter->hidden_cookie)) {
            put_slice(out, run);
            run.len = 0;
            put_other_cookies(out, head, field, filter->hidden_cookie);
        } else if (!find_plain_line(head, field, &line)) {
            put_slice(out, run);
            run.len = 0;
            put_field(out, head, field);
        } else if (run.len > 0 && run.ptr + run.len == line.ptr) {
            run.len += line.len;
        } else {
            put_slice(out, run);
            run = line;
        }
    }
    put_slice(out, run);
}

static void put_framing(struct writer *out, enum framing framing, uint64_t length)
{
    switch (framing) {
    case FRAMING_LENGTH:
        PUT(out, "Content-Length: ");
        put_number(out, length);
        PUT(out, "\r\n");
        break;
    case FRAMING_CHUNKED: PUT(out, "Transfer-Encoding: chunked\r\n"); break;
    case FRAMING_NONE:
    case FRAMING_CLOSE: break;
    }
}

/* OPTIONS for a whole server in absolute-form has neither path nor query (RFC 9112 3.2.4). */
static bool means_asterisk(const struct head *head)
{
    return head->is_absolute && head->method == METHOD_OPTIONS &&
           head->authority.ptr + head->authority.len == head->target.ptr + head->target.len;
}

/* How much of the path the app does not see. */
static size_t count_stripped(const struct head *head, const struct write_changes *changes)
{
    if (changes == NULL || head->is_asterisk || means_asterisk(head) ||
        changes->strip_bytes > head->path.len)
        return 0;
    return changes->strip_bytes;
}

static void put_target(struct writer *out, const struct head *head, size_t stripped)
{
    struct slice path = slice_of(head->path.ptr + stripped, head->path.len - stripped);

    if (!head->is_absolute && stripped == 0) {
        put_slice(out, head->target);
        return;
    }
    if (means_asterisk(head)) {
        PUT(out, "*");
        return;
    }
    if (path.len == 0 || path.ptr[0] != '/')
        PUT(out, "/");
    put_slice(out, path);
    if (head->query.ptr == NULL)
        return;
    PUT(out, "?");
    put_slice(out, head->query);
}

static void put_request_line(struct writer *out, const struct head *head, size_t stripped)
{
    put_slice(out, head->method_text);
    PUT(out, " ");
    put_target(out, head, stripped);
    PUT(out, " HTTP/1.1\r\n");
    if (head->is_absolute || !field_set_has(head->seen, FIELD_HOST)) {
        PUT(out, "Host: ");
        put_slice(out, head->authority);
        PUT(out, "\r\n");
    }
}

/* All values of a field in one list, and `last` behind them. */
static void put_list(struct writer *out, const struct head *head, enum field_id id,
                     struct slice last)
{
    const struct field *field = NULL;
    unsigned index = 0;

    put_slice(out, slice_from(field_name(id)));
    PUT(out, ": ");
    while ((field = head_find(head, id, &index)) != NULL) {
        put_slice(out, head_field_value(head, field));
        PUT(out, ", ");
    }
    put_slice(out, last);
    PUT(out, "\r\n");
}

static void put_line(struct writer *out, struct slice name_and_colon, struct slice value)
{
    put_slice(out, name_and_colon);
    put_slice(out, value);
    PUT(out, "\r\n");
}

/* What was taken off the path, so that it and what is left are the path again. */
static void put_prefix(struct writer *out, const struct head *head, size_t stripped)
{
    struct slice prefix = slice_of(head->path.ptr, stripped);

    if (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
        prefix.len--;
    if (prefix.len > 0)
        put_line(out, SLICE("X-Forwarded-Prefix: "), prefix);
}

static void put_forwarded(struct writer *out, const struct head *head,
                          const struct write_request *how)
{
    uint64_t kept = how->trusted ? head->seen : 0;

    if (how->client_host.len > 0 && field_set_has(kept, FIELD_X_FORWARDED_FOR))
        put_list(out, head, FIELD_X_FORWARDED_FOR, how->client_host);
    else if (how->client_host.len > 0)
        put_line(out, SLICE("X-Forwarded-For: "), how->client_host);
    if (how->proto.len > 0 && !field_set_has(kept, FIELD_X_FORWARDED_PROTO))
        put_line(out, SLICE("X-Forwarded-Proto: "), how->proto);
    if (head->authority.len > 0 && !field_set_has(kept, FIELD_X_FORWARDED_HOST))
        put_line(out, SLICE("X-Forwarded-Host: "), head->authority);
}

static bool accepts_trailers(const struct head *head)
{
    const struct field *field = NULL;
    unsigned index = 0;

    if (!field_set_has(head->seen, FIELD_TE) || head->minor == 0)
        return false;
    while ((field = head_find(head, FIELD_TE, &index)) != NULL) {
        struct slice rest = head_field_value(head, field), part = { NULL, 0 };

        while (slice_next(&rest, ',', &part))
            if (slice_is_equal_nocase(slice_trim(part), SLICE("trailers")))
                return true;
    }
    return false;
}

/* The protocols that may pass, in one line, which is never longer than the lines it stands for. */
static void put_upgrade(struct writer *out, const struct head *head)
{
    struct slice rest = { NULL, 0 };
    struct slice protocol = { NULL, 0 };
    unsigned index = 0;
    bool is_first = true;

    PUT(out, "Upgrade: ");
    while (upgrade_next(head, &index, &rest, &protocol)) {
        if (!is_first)
            PUT(out, ",");
        put_slice(out, protocol);
        is_first = false;
    }
    PUT(out, "\r\n");
}

static void put_connection(struct writer *out, const struct head *head,
                           const struct write_request *how)
{
    bool has_te = accepts_trailers(head);

    if (has_te)
        PUT(out, "TE: trailers\r\n");
    if (how->upgrade)
        put_upgrade(out, head);
    if (!has_te && !how->upgrade && !how->close)
        return;
    PUT(out, "Connection: ");
    if (how->close)
        PUT(out, "close");
    if (has_te)
        put_slice(out, how->close ? SLICE(", TE") : SLICE("TE"));
    if (how->upgrade)
        put_slice(out, how->close || has_te ? SLICE(", upgrade") : SLICE("upgrade"));
    PUT(out, "\r\n");
}

static bool counts_forwards(const struct head *head)
{
    return field_set_has(head->seen, FIELD_MAX_FORWARDS) &&
           (head->method == METHOD_OPTIONS || head->method == METHOD_TRACE);
}

/* One less (RFC 9110 7.6.2); a value that is no number goes on as it is. */
static void put_max_forwards(struct writer *out, const struct head *head)
{
    struct slice value = head_value(head, SLICE("Max-Forwards"));
    uint64_t count = 0;

    PUT(out, "Max-Forwards: ");
    if (num_parse_u64(value, UINT64_MAX, &count) == ERR_OK)
        put_number(out, count > 0 ? count - 1 : 0);
    else
        put_slice(out, value);
    PUT(out, "\r\n");
}

static struct filter find_request_filter(const struct head *head, const struct write_request *how)
{
    struct filter filter = { field_set_hop_by_hop | field_bit(FIELD_CONTENT_LENGTH) |
                                 field_bit(FIELD_EXPECT) | field_bit(FIELD_X_SWITCHYARD_EPOCH) |
                                 field_bit(FIELD_X_SWITCHYARD_SLOT) |
                                 field_bit(FIELD_X_SWITCHYARD_PROBE),
                             !how->trusted,
                             NULL,
                             { NULL, 0 } };

    if (how->changes != NULL) {
        filter.rules = how->changes->rules;
        filter.hidden_cookie = how->changes->hidden_cookie;
    }
    if (!how->trusted)
        filter.dropped |= field_bit(FIELD_X_FORWARDED_FOR) | field_bit(FIELD_X_FORWARDED_PROTO) |
                          field_bit(FIELD_X_FORWARDED_HOST) | field_bit(FIELD_FORWARDED);
    if (how->forwarded && how->client_host.len > 0)
        filter.dropped |= field_bit(FIELD_X_FORWARDED_FOR);
    if (how->request_id.len > 0)
        filter.dropped |= field_bit(FIELD_X_REQUEST_ID);
    if (head->is_absolute)
        filter.dropped |= field_bit(FIELD_HOST);
    if (counts_forwards(head))
        filter.dropped |= field_bit(FIELD_MAX_FORWARDS);
    return filter;
}

long write_head_request(const struct head *head, const struct write_request *how, char *out,
                        size_t capacity)
{
    struct writer writer = { out, out + capacity, false };
    struct filter filter = find_request_filter(head, how);
    size_t stripped = count_stripped(head, how->changes);

    put_request_line(&writer, head, stripped);
    put_fields(&writer, head, &filter);
    if (how->changes != NULL) {
        put_slice(&writer, header_rules_lines(how->changes->rules));
        put_slice(&writer, how->changes->line);
    }
    put_slice(&writer, how->client_lines);
    if (how->forwarded) {
        put_forwarded(&writer, head, how);
        put_prefix(&writer, head, stripped);
    }
    if (how->request_id.len > 0)
        put_line(&writer, SLICE("X-Request-Id: "), how->request_id);
    if (how->via)
        put_line(&writer, SLICE("Via: "),
                 head->minor == 0 ? SLICE("1.0 switchyard") : SLICE("1.1 switchyard"));
    if (counts_forwards(head))
        put_max_forwards(&writer, head);
    put_connection(&writer, head, how);
    put_framing(&writer, (enum framing)how->framing, how->length);
    PUT(&writer, "\r\n");
    return finish(&writer, out);
}

static void put_status_line(struct writer *out, const struct head *head)
{
    PUT(out, "HTTP/1.1 ");
    put_number(out, head->status);
    PUT(out, " ");
    put_slice(out, head->reason);
    PUT(out, "\r\n");
}

/* The end-to-end fields of a response; its framing and our own fields are written by the caller. */
static void put_response_fields(struct writer *out, const struct head *head,
                                const struct header_rules *rules)
{
    struct filter filter = { field_set_hop_by_hop | field_bit(FIELD_CONTENT_LENGTH) |
                                 field_bit(FIELD_X_SWITCHYARD_EPOCH),
                             false,
                             rules,
                             { NULL, 0 } };

    put_fields(out, head, &filter);
}

/* Interim responses and 204 never carry a length (RFC 9110 8.6). */
static bool may_keep_length(const struct head *head)
{
    return field_set_has(head->seen, FIELD_CONTENT_LENGTH) && head->status >= 200 &&
           head->status != 204;
}

long write_head_response(const struct head *head, const struct write_response *how, char *out,
                         size_t capacity)
{
    struct writer writer = { out, out + capacity, false };

    put_status_line(&writer, head);
    put_response_fields(&writer, head, how->rules);
    put_slice(&writer, header_rules_lines(how->rules));
    put_slice(&writer, how->line);
    if (how->date_text.len > 0 && !field_set_has(head->seen, FIELD_DATE))
        put_line(&writer, SLICE("Date: "), how->date_text);
    if (how->epoch > 0) {
        PUT(&writer, "X-Switchyard-Epoch: ");
        put_number(&writer, how->epoch);
        PUT(&writer, "\r\n");
    }
    if (how->upgrade) {
        put_upgrade(&writer, head);
        PUT(&writer, "Connection: upgrade\r\n");
    } else if (how->close)
        PUT(&writer, "Connection: close\r\n");
    else if (how->client_minor == 0)
        PUT(&writer, "Connection: keep-alive\r\n");
    if (how->framing == FRAMING_NONE && how->keep_length && may_keep_length(head))
        put_framing(&writer, FRAMING_LENGTH, head->length);
    else
        put_framing(&writer, (enum framing)how->framing, how->length);
    PUT(&writer, "\r\n");
    return finish(&writer, out);
}

long write_head_interim(const struct head *head, const struct header_rules *rules, char *out,
                        size_t capacity)
{
    struct writer writer = { out, out + capacity, false };

    put_status_line(&writer, head);
    put_response_fields(&writer, head, rules);
    PUT(&writer, "\r\n");
    return finish(&writer, out);
}

/* Fields that mean something before the body or steer its way: useless or harmful behind it. */
static bool is_refused_in_trailer(struct slice name)
{
    static const char *const refused[] = {
        "age",
        "authentication-info",
        "cache-control",
        "expires",
        "location",
        "pragma",
        "proxy-authentication-info",
        "range",
        "retry-after",
        "set-cookie",
        "upgrade-insecure-requests",
        "vary",
        "warning",
        "www-authenticate",
    };

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (slice_is_equal_nocase(name, slice_from(refused[i])))
            return true;
    return (name.len > 8 && slice_is_equal_nocase(slice_of(name.ptr, 8), SLICE("content-"))) ||
           (name.len > 3 && slice_is_equal_nocase(slice_of(name.ptr, 3), SLICE("if-"))) ||
           head_name_begins_like(name, SLICE("x-forwarded-")) ||
           head_name_begins_like(name, SLICE("x-ssl-client-")) ||
           head_name_begins_like(name, SLICE("x-switchyard-"));
}

long write_trailer(const struct head *head, char *out, size_t capacity)
{
    struct writer writer = { out, out + capacity, false };

    for (unsigned i = 0; i < head->field_count; i++)
        if (head->fields[i].id == FIELD_OTHER && !head->fields[i].named &&
            !is_refused_in_trailer(head_field_name(head, &head->fields[i])))
            put_field(&writer, head, &head->fields[i]);
    PUT(&writer, "\r\n");
    return finish(&writer, out);
}

size_t write_head_bound(const struct head *head)
{
    return head->size + head->field_count + 2 * head->authority.len + ADDED_BYTES_MAX;
}
