/*
 * The search for the end of an incomplete head, so that every byte is looked at once however slowly
 * a head arrives. It knows one thing only: a control byte in a head is HTAB or half of a CRLF.
 */
#include "http/parse_priv.h"

static int is_crlf(const char *at)
{
    return at[0] == '\r' && at[1] == '\n';
}

/* The next control byte at or behind `from`, or `count`. */
static size_t find_control(const char *bytes, size_t from, size_t count)
{
    unsigned length = 16;

    for (; length == 16 && count - from >= 16; from += length)
        length = block_length(block_value(bytes + from), 0);
    if (length < 16)
        return from;
    while (from < count && ((unsigned char)bytes[from] >= 0x20 || bytes[from] == '\t') &&
           bytes[from] != 0x7f)
        from++;
    return from;
}

enum parse head_end_find(const char *bytes, size_t from, size_t count, size_t *searched)
{
    for (size_t at = find_control(bytes, from, count); at < count;
         at = find_control(bytes, at + 2, count)) {
        if (bytes[at] == '\r' && at + 1 == count) {
            *searched = at;
            return PARSE_MORE;
        }
        if (!is_crlf(bytes + at))
            return PARSE_BAD;
        if (at >= 2 && is_crlf(bytes + at - 2)) {
            *searched = at;
            return PARSE_DONE;
        }
    }
    *searched = count;
    return PARSE_MORE;
}
