/*
 * Field lines (RFC 9112 5): a token, a colon at once behind it, a value of anything but control
 * bytes, CRLF. A line that begins with a space would continue the one before (obs-fold): its name is
 * no token, so it is refused like any other malformed name.
 */
#include <string.h>

#include "parse_priv.h"

/*
 * The end of the token at `at`, which is its colon if the line is well formed. A byte outside of
 * letters, digits and '-' that tokens may contain all the same is rare: it costs a second look.
 */
static const char *find_name_end(const struct scan_input *in, const char *at)
{
    for (;;) {
        unsigned length = (unsigned)__builtin_ctz(SCAN_STOPS(scan_name, in, at));

        at += length;
        if (length == 16)
            continue;
        if (at == in->end || *at == ':' || !scan_is(*at, SCAN_TOKEN))
            return at;
        at++;
    }
}

static const char *find_value_end(const struct scan_input *in, const char *at)
{
    unsigned length = 16;

    while (length == 16) {
        length = (unsigned)__builtin_ctz(SCAN_STOPS(scan_value, in, at));
        at += length;
    }
    return at;
}

static bool is_ows(char c)
{
    return c == ' ' || c == '\t';
}

/* One line with its CRLF into *field. */
static enum parse read_line(struct scan_input *in, const char *base, struct field *field)
{
    const char *name = in->at;
    const char *colon = find_name_end(in, name);
    const char *value = colon + 1, *stop = NULL, *last = NULL;

    if (colon == in->end)
        return PARSE_MORE;
    if (*colon != ':' || colon == name || colon - name > UINT16_MAX)
        return PARSE_BAD;
    while (value < in->end && is_ows(*value))
        value++;
    stop = find_value_end(in, value);
    if (stop == in->end || (*stop == '\r' && stop + 1 == in->end))
        return PARSE_MORE;
    if (stop[0] != '\r' || stop[1] != '\n')
        return PARSE_BAD;
    last = stop;
    while (last > value && is_ows(last[-1]))
        last--;
    field->name_at = (uint32_t)(name - base);
    field->value_at = (uint32_t)(value - base);
    field->value_len = (uint32_t)(last - value);
    field->name_len = (uint16_t)(colon - name);
    field->id = (uint8_t)field_find(name, field->name_len);
    field->named = 0;
    in->at = stop + 2;
    return PARSE_DONE;
}

enum parse parse_fields_read(struct scan_input *in, uint16_t limit, struct head *head,
                             uint64_t *repeated, enum fault *fault)
{
    struct scan_input rest = *in;
    uint16_t capacity = limit < head->field_capacity ? limit : head->field_capacity;
    struct field *field = head->fields, *behind = field + capacity;
    uint64_t seen = 0, twice = 0;

    *fault = FAULT_BAD_FIELD;
    for (; rest.at < rest.end && *rest.at != '\r'; field++) {
        enum parse result = PARSE_DONE;
        uint64_t bit = 0;

        if (field == behind) {
            *fault = FAULT_TOO_MANY_FIELDS;
            return PARSE_BAD;
        }
        result = read_line(&rest, head->base, field);
        if (result != PARSE_DONE)
            return result;
        bit = field_bit(field->id);
        twice |= seen & bit;
        seen |= bit;
    }
    in->at = rest.at;
    head->field_count = (uint16_t)(field - head->fields);
    head->seen = seen;
    *repeated = twice;
    return PARSE_DONE;
}

enum parse parse_fields_end(struct scan_input *in)
{
    if (in->at < in->end && *in->at != '\r')
        return PARSE_BAD;
    if (in->end - in->at < 2)
        return PARSE_MORE;
    if (in->at[1] != '\n')
        return PARSE_BAD;
    in->at += 2;
    return PARSE_DONE;
}
